/* The firewall check: packets that are sent, and what shall become of them at the node. */
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "load/check_kinds.h"

static const char *const protocols[] = {"icmp", "udp", "tcp"};
_Static_assert(ARRAY_SIZE(protocols) == PATH_PROTOCOL_COUNT, "a word for each protocol");

static void decode_from(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    const struct node **from = (const struct node **)(void *)((char *)target + field->offset);
    *from = load_node_reference(LOADER(decoder)->topology, decoder, field->key, value);
}

static void decode_packet_to(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct firewall_packet *packet = target;
    const char *text;
    if (decode_text(decoder, field->key, value, &text))
        packet->has_to = read_target_text(LOADER(decoder), field->key, text, value->mark, &packet->to);
}

#define FROM_FIELD(type_name, text)                                                                                    \
    {                                                                                                                  \
        .key = "from", .type = FIELD_CUSTOM, FIELD_AT(type_name, from), .decode = decode_from, .wants = "a node",      \
        .json = "{\"type\": \"string\"}", .fallback = "a neighbour", .doc = (text)                                     \
    }

static const struct field packet_fields[] = {
    FROM_FIELD(struct firewall_packet, "The node that sends it; the node itself: its output rules are looked at."),
    {.key = "to",
     .type = FIELD_CUSTOM,
     .decode = decode_packet_to,
     .wants = TARGET_WANTS,
     .json = "{\"type\": \"string\"}",
     .fallback = "the node itself",
     .doc = "Where it goes: through the node, whose forward rules are looked at."},
    {.key = "protocol",
     .type = FIELD_WORD,
     FIELD_AT(struct firewall_packet, protocol),
     .words = protocols,
     .word_count = ARRAY_SIZE(protocols),
     .fallback = "tcp with a port, else icmp",
     .doc = "What it is: an echo request, a datagram, a SYN."},
    {.key = "port",
     .type = FIELD_INTEGER,
     FIELD_AT(struct firewall_packet, port),
     .least = 1,
     .most = 65535,
     .doc = "The port that it goes to."},
};
const struct schema firewall_packet_schema = SCHEMA("firewall packet", packet_fields);

static void add_packet(struct decoder *decoder, const struct field *field, const struct value *value, void *target,
                       bool accepted)
{
    struct check_firewall *firewall = target;
    struct firewall_packet packet = {.accepted = accepted, .mark = value->mark};
    if (!schema_decode(decoder, &firewall_packet_schema, NULL, value->mark, value, &packet))
        return;
    if (value_get(value, "protocol") == NULL)
        packet.protocol = packet.port != 0 ? PATH_TCP : PATH_ICMP;
    if (packet.protocol != PATH_ICMP && packet.port == 0)
        findings_add(decoder->findings, FINDING_ERROR, "missing-key", value->mark, "'%s' needs the key 'port'",
                     field->key);
    if (packet.protocol == PATH_ICMP && packet.port != 0)
        findings_add(decoder->findings, FINDING_ERROR, "misplaced-key", value->mark, "ICMP has no ports");
    *ARENA_PUSH(decoder->arena, firewall->packets, firewall->packet_count) = packet;
}

/* One packet, or a list of them. */
static void decode_packets(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    bool accepted = strcmp(field->key, "accepts") == 0;
    if (value->kind != VALUE_LIST)
        add_packet(decoder, field, value, target, accepted);
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++)
        add_packet(decoder, field, value->items[i], target, accepted);
}

static const char *const policies[] = {"accept", "drop"};

static void decode_policy(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_firewall *firewall = target;
    int word;
    if (decode_word(decoder, field->key, value, policies, ARRAY_SIZE(policies), &word))
        firewall->policy = word == 0 ? POLICY_ACCEPT : POLICY_DROP;
}

static void decode_policy_to(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct check_firewall *firewall = target;
    const char *text;
    if (decode_text(decoder, field->key, value, &text))
        firewall->has_to = read_target_text(LOADER(decoder), field->key, text, value->mark, &firewall->to);
}

#define PACKETS_FIELD(word, text)                                                                                      \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, .schema = &firewall_packet_schema, .decode = decode_packets,              \
        .wants = "a packet, or a list of them", .json = "{\"type\": [\"object\", \"array\"]}", .doc = (text)           \
    }

static const struct field firewall_fields[] = {
    {.key = "policy",
     .type = FIELD_CUSTOM,
     .decode = decode_policy,
     .wants = "accept or drop",
     .json = "{\"enum\": [\"accept\", \"drop\"]}",
     .doc = "What becomes of packets that no rule is for: one of TCP and one of UDP to ports that nobody uses."},
    FROM_FIELD(struct check_firewall, "The node that sends these."),
    {.key = "to",
     .type = FIELD_CUSTOM,
     .decode = decode_policy_to,
     .wants = TARGET_WANTS,
     .json = "{\"type\": \"string\"}",
     .fallback = "the node itself",
     .doc = "Where these go: through the node, whose forward policy is looked at."},
    PACKETS_FIELD("accepts", "Packets that pass: { from:, to:, protocol:, port: }."),
    PACKETS_FIELD("drops", "Packets that do not: dropped, or rejected."),
};
const struct schema firewall_schema = SCHEMA("firewall check", firewall_fields);

/* The policy's own packets stand behind those that the author gave. */
static void add_policy(struct arena *arena, struct check_firewall *firewall)
{
    static const enum path_protocol tried[] = {PATH_TCP, PATH_UDP};
    for (size_t i = 0; firewall->policy != POLICY_NONE && i < ARRAY_SIZE(tried); i++)
        *ARENA_PUSH(arena, firewall->packets, firewall->packet_count) =
            (struct firewall_packet){.from = firewall->from,
                                     .has_to = firewall->has_to,
                                     .to = firewall->to,
                                     .protocol = tried[i],
                                     .accepted = firewall->policy == POLICY_ACCEPT};
}

void read_firewall(struct loader *loader, struct check *check, const struct value *value)
{
    struct check_firewall *firewall = &check->firewall;
    struct decoder *decoder = &loader->decoder;
    size_t before = decoder->findings->errors;
    if (value->kind == VALUE_TEXT) {
        const struct field field = {.key = "firewall"};
        decode_policy(decoder, &field, value, firewall);
    } else if (!schema_decode(decoder, &firewall_schema, NULL, value->mark, value, firewall)) {
        return;
    }
    for (size_t i = 0; i < firewall->packet_count; i++)
        if (firewall->packets[i].from != NULL && firewall->packets[i].from == check->from &&
            !firewall->packets[i].has_to)
            findings_add(decoder->findings, FINDING_ERROR, "missing-key", firewall->packets[i].mark,
                         "a packet that '%s' itself sends needs the key 'to'", check->from->name);
    add_policy(decoder->arena, firewall);
    if (firewall->packet_count == 0 && decoder->findings->errors == before)
        findings_add(decoder->findings, FINDING_ERROR, "missing-key", value->mark,
                     "the firewall check needs 'policy', 'accepts' or 'drops'");
}
