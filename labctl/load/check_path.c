/* The path and mtu checks: which way packets go, and how large they may be. */
#include "base/arena.h"
#include "base/table.h"
#include "load/check_kinds.h"

static const char *const protocols[] = {"icmp", "udp", "tcp"};
_Static_assert(ARRAY_SIZE(protocols) == PATH_PROTOCOL_COUNT, "a word for each protocol");

/* What `via` and `not_via` decode into. */
struct places {
    struct check_target *items;
    size_t count;
};

/* One place, or a list of them. */
static void read_places(struct decoder *decoder, const char *key, const struct value *value, struct places *out)
{
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        struct check_target place;
        const char *text;
        if (decode_text(decoder, key, item, &text) && read_target_text(LOADER(decoder), key, text, item->mark, &place))
            *ARENA_PUSH(decoder->arena, out->items, out->count) = place;
    }
}

static void decode_via(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_path *path = target;
    struct places places = {0};
    read_places(decoder, field->key, value, &places);
    path->via = places.items;
    path->via_count = places.count;
}

static void decode_not_via(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_path *path = target;
    struct places places = {0};
    read_places(decoder, field->key, value, &places);
    path->not_via = places.items;
    path->not_via_count = places.count;
}

static void decode_symmetric(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct check_path *path = target;
    path->has_symmetric = decode_boolean(decoder, field->key, value, &path->symmetric);
}

#define PLACES_WANTS "nodes, nodes' interfaces or addresses"
#define PLACES_JSON  "{\"type\": [\"string\", \"array\"], \"items\": {\"type\": \"string\"}}"

static const struct field path_fields[] = {
    TARGET_FIELD(struct check_path, "Where packets are sent: a node, a node's interface (db/eth1), or an address."),
    {.key = "protocol",
     .type = FIELD_WORD,
     FIELD_AT(struct check_path, protocol),
     .words = protocols,
     .word_count = ARRAY_SIZE(protocols),
     .fallback = "icmp",
     .doc = "What is sent: echo requests, datagrams, or SYNs."},
    {.key = "port",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_path, port),
     .least = 1,
     .most = 65535,
     .fallback = "33434 for udp, 80 for tcp",
     .doc = "The port that datagrams and SYNs are sent to; a closed one answers as well."},
    {.key = "hops",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_path, hops),
     .least = 1,
     .most = 64,
     .doc = "How many there are, as traceroute counts: routers that lower the TTL, and the target."},
    {.key = "via",
     .type = FIELD_CUSTOM,
     .decode = decode_via,
     .wants = PLACES_WANTS,
     .json = PLACES_JSON,
     .doc = "All of these pass the packets on."},
    {.key = "not_via",
     .type = FIELD_CUSTOM,
     .decode = decode_not_via,
     .wants = PLACES_WANTS,
     .json = PLACES_JSON,
     .doc = "None of these does."},
    {.key = "symmetric",
     .type = FIELD_CUSTOM,
     .decode = decode_symmetric,
     .wants = "true or false",
     .json = "{\"type\": \"boolean\"}",
     .doc = "Whether the answer comes back through the same nodes in reverse: seen inside the nodes."},
};
const struct schema path_schema = SCHEMA("path check", path_fields);

static const char *const discoveries[] = {"any", "works"};

static void decode_discovery(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct check_mtu *mtu = target;
    int word;
    if (decode_word(decoder, field->key, value, discoveries, ARRAY_SIZE(discoveries), &word))
        mtu->discovery = word == 1;
}

static const struct field mtu_fields[] = {
    TARGET_FIELD(struct check_mtu, "Where packets are sent: a node, a node's interface (db/eth1), or an address."),
    {.key = "at_least",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_mtu, at_least),
     .least = 68,
     .most = 65535,
     .unit = "bytes",
     .doc = "Packets of this size, with the IP header, get there without being fragmented."},
    {.key = "discovery",
     .type = FIELD_CUSTOM,
     .decode = decode_discovery,
     .wants = "works or any",
     .json = "{\"enum\": [\"any\", \"works\"]}",
     .fallback = "any",
     .doc = "works: where a packet is too large for the path, a router says so and names the size that fits."},
};
const struct schema mtu_schema = SCHEMA("mtu check", mtu_fields);
