/* bgp and ospf services: with whom a router talks, what it tells, what it takes. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"
#include "load/service_fields.h"

#define AS_MAX INT64_C(4294967294) /* RFC 7300 */

static const char *const redistribute_words[] = {"connected", "static", "bgp", "ospf"};
_Static_assert(ARRAY_SIZE(redistribute_words) == REDISTRIBUTE_COUNT, "a word for each");

struct routing *new_routing(struct arena *arena)
{
    struct routing *routing = ARENA_NEW(arena, struct routing);
    routing->bgp.hold = 9;
    routing->ospf.hello = 1;
    routing->ospf.dead = 4;
    return routing;
}

static struct routing *routing_of(void *target)
{
    return ((struct service *)target)->routing;
}

/* ---- what both have ---- */

static void decode_router_id(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct addr *id = &routing_of(target)->router_id;
    if (decode_address(decoder, field->key, value, id) && id->family != 4)
        decode_bad(decoder, field->key, "a number that is written like an IPv4 address", value);
}

static void decode_redistribute(struct decoder *decoder, const struct field *field, const struct value *value,
                                void *target)
{
    int word;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++)
        if (decode_word(decoder, field->key, value->kind == VALUE_LIST ? value->items[i] : value, redistribute_words,
                        ARRAY_SIZE(redistribute_words), &word))
            routing_of(target)->redistribute[word] = true;
}

static void read_prefixes(struct decoder *decoder, const char *key, const struct value *value, struct prefixes *out)
{
    struct prefix prefix;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++)
        if (read_destination(LOADER(decoder), key, value->kind == VALUE_LIST ? value->items[i] : value, &prefix))
            *ARENA_PUSH(decoder->arena, out->items, out->count) = prefix;
}

static void decode_interval(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    int64_t seconds;
    struct routing *routing = routing_of(target);
    uint32_t *out = str_equal(field->key, "hold")    ? &routing->bgp.hold
                    : str_equal(field->key, "hello") ? &routing->ospf.hello
                                                     : &routing->ospf.dead;
    if (decode_seconds(decoder, field->key, value, field->least, 65535, &seconds))
        *out = (uint32_t)seconds;
}

#define NETWORKS_JSON "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}"
#define ROUTER_ID_FIELD                                                                                                \
    {                                                                                                                  \
        .key = "router_id", .type = FIELD_CUSTOM, .decode = decode_router_id,                                          \
        .wants = "a number that is written like an IPv4 address", .json = "{\"type\": \"string\"}",                    \
        .fallback = "the node's first IPv4 address",                                                                   \
        .doc = "What the router calls itself; one for all of a node's services."                                       \
    }
#define REDISTRIBUTE_FIELD                                                                                             \
    {                                                                                                                  \
        .key = "redistribute", .type = FIELD_CUSTOM, .decode = decode_redistribute,                                    \
        .wants = "connected, static, bgp, ospf, or a list of these",                                                   \
        .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",                              \
        .doc = "What it tells of beside what the protocol itself has: connected networks, the kernel's other routes "  \
               "(static), what it has by the other protocol."                                                          \
    }

/* ---- BGP ---- */

static void decode_as(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    int64_t as;
    struct bgp *bgp = &routing_of(target)->bgp;
    bgp->as_mark = value->mark;
    if (decode_integer(decoder, field->key, value, 1, AS_MAX, &as))
        bgp->as = (uint32_t)as;
}

static void decode_peer_as(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    int64_t as;
    struct bgp_neighbour *neighbour = target;
    neighbour->as_mark = value->mark;
    if (decode_integer(decoder, field->key, value, 1, AS_MAX, &as))
        neighbour->as = (uint32_t)as;
}

static void decode_filter(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct bgp_neighbour *neighbour = target;
    bool in = str_equal(field->key, "import");
    *(in ? &neighbour->has_import : &neighbour->has_export) = true;
    read_prefixes(decoder, field->key, value, in ? &neighbour->import : &neighbour->export);
}

static void decode_bgp_networks(struct decoder *decoder, const struct field *field, const struct value *value,
                                void *target)
{
    read_prefixes(decoder, field->key, value, &routing_of(target)->bgp.networks);
}

#define AS_JSON "{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 4294967294}"

static const struct field bgp_neighbour_fields[] = {
    {.key = "as",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_peer_as,
     .wants = "the number of an autonomous system",
     .json = AS_JSON,
     .doc = "The neighbour's autonomous system; the own one for a session inside of it (iBGP)."},
    {.key = "import",
     .type = FIELD_CUSTOM,
     .decode = decode_filter,
     .wants = "a list of networks",
     .json = NETWORKS_JSON,
     .fallback = "everything",
     .doc = "What is taken from it: these networks and what lies in them."},
    {.key = "export",
     .type = FIELD_CUSTOM,
     .decode = decode_filter,
     .wants = "a list of networks",
     .json = NETWORKS_JSON,
     .fallback = "everything",
     .doc = "What it is told, of what the router announces at all: these networks and what lies in them."},
    {.key = "preference",
     .type = FIELD_INTEGER,
     FIELD_AT(struct bgp_neighbour, preference),
     .least = 1,
     .most = 4294967295,
     .fallback = "100",
     .doc = "How much what it tells is preferred to what others tell (LOCAL_PREF)."},
    {.key = "prepend",
     .type = FIELD_INTEGER,
     FIELD_AT(struct bgp_neighbour, prepend),
     .least = 0,
     .most = 10,
     .fallback = "0",
     .doc =
         "How many times more the own AS stands in the path that it is told, so that others take another way first."},
};
const struct schema bgp_neighbour_schema = SCHEMA("bgp neighbour", bgp_neighbour_fields);

static void one_neighbour(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct bgp *bgp = &loader->service->routing->bgp;
    struct bgp_neighbour neighbour = {.name = name, .mark = mark};
    if (schema_decode(&loader->decoder, &bgp_neighbour_schema, name, mark, value, &neighbour))
        *ARENA_PUSH(loader->decoder.arena, bgp->neighbours, bgp->neighbour_count) = neighbour;
}

static void decode_neighbours(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    LOADER(decoder)->service = target;
    each_named(LOADER(decoder), field->key, value, "neighbour", 0, one_neighbour);
}

static const struct field bgp_fields[] = {
    KIND_FIELD,
    {.key = "as",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_as,
     .wants = "the number of an autonomous system",
     .json = AS_JSON,
     .doc = "The autonomous system that the router is in."},
    {.key = "neighbours",
     .type = FIELD_NAMED,
     .schema = &bgp_neighbour_schema,
     .decode = decode_neighbours,
     .doc = "With whom it talks: a node or NODE/INTERFACE on one of its wires, or an address."},
    {.key = "networks",
     .type = FIELD_CUSTOM,
     .decode = decode_bgp_networks,
     .wants = "a list of networks",
     .json = NETWORKS_JSON,
     .doc = "Networks that it announces as its own, connected or not; default for the default route."},
    ROUTER_ID_FIELD,
    REDISTRIBUTE_FIELD,
    {.key = "hold",
     .type = FIELD_CUSTOM,
     .decode = decode_interval,
     .least = 3,
     .wants = "a duration",
     .json = "{\"type\": [\"integer\", \"string\"]}",
     .fallback = "9s",
     .doc = "How long a silent neighbour counts as there; a third of it lies between two signs of life."},
};
const struct schema bgp_service_schema = SCHEMA("bgp service", bgp_fields);

/* ---- OSPF ---- */

static const struct field ospf_interface_fields[] = {
    {.key = "cost",
     .type = FIELD_INTEGER,
     FIELD_AT(struct ospf_interface, cost),
     .least = 1,
     .most = 65535,
     .fallback = "10",
     .doc = "What a way by it costs."},
    {.key = "passive",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct ospf_interface, passive),
     .fallback = "false",
     .doc = "Whether its network is told of, and nobody talked with there."},
};
const struct schema ospf_interface_schema = SCHEMA("ospf interface", ospf_interface_fields);

static void one_ospf_interface(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct ospf_interface interface = {.name = name, .mark = mark};
    if (!value || schema_decode(&loader->decoder, &ospf_interface_schema, name, mark, value, &interface))
        *ARENA_PUSH(loader->decoder.arena, loader->area->interfaces, loader->area->interface_count) = interface;
}

/* A list of names, or a mapping from names to what is said of them. */
static void decode_ospf_interfaces(struct decoder *decoder, const struct field *field, const struct value *value,
                                   void *target)
{
    const char *name;
    LOADER(decoder)->area = target;
    if (value->kind != VALUE_LIST) {
        each_named(LOADER(decoder), field->key, value, "interface", 0, one_ospf_interface);
        return;
    }
    for (size_t i = 0; i < value->item_count; i++)
        if (decode_text(decoder, field->key, value->items[i], &name))
            one_ospf_interface(LOADER(decoder), name, value->items[i]->mark, NULL);
}

static const struct field ospf_area_fields[] = {
    {.key = "interfaces",
     .type = FIELD_CUSTOM,
     .required = true,
     .schema = &ospf_interface_schema,
     .decode = decode_ospf_interfaces,
     .wants = "a list of interfaces, or a mapping from their names",
     .json = "{\"type\": [\"array\", \"object\"]}",
     .doc = "The node's interfaces in this area: a list of their names, or a mapping from them to cost and passive."},
    {.key = "stub",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct ospf_area, stub),
     .fallback = "false",
     .doc = "Whether it is a stub area: routes from outside of OSPF do not reach it, a default route does."},
};
const struct schema ospf_area_schema = SCHEMA("ospf area", ospf_area_fields);

/* An area is a number, or is written like an IPv4 address. */
static bool read_area(const char *name, uint32_t *out)
{
    struct addr addr;
    uint64_t number = 0;
    if (addr_parse(name, &addr) && addr.family == 4) {
        *out = addr_ipv4(&addr);
        return true;
    }
    if (*name == '\0' || strlen(name) > 10 || strspn(name, "0123456789") != strlen(name))
        return false;
    for (const char *c = name; *c; c++)
        number = number * 10 + (uint64_t)(*c - '0');
    *out = (uint32_t)number;
    return number <= UINT32_MAX;
}

static void one_area(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct ospf *ospf = &loader->service->routing->ospf;
    struct ospf_area area = {.mark = mark};
    if (!read_area(name, &area.id))
        findings_add(loader->decoder.findings, FINDING_ERROR, "bad-value", mark,
                     "an area is a number such as 0, or written like 0.0.0.1, not '%.80s'", name);
    if (schema_decode(&loader->decoder, &ospf_area_schema, name, mark, value, &area))
        *ARENA_PUSH(loader->decoder.arena, ospf->areas, ospf->area_count) = area;
}

static void decode_areas(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    LOADER(decoder)->service = target;
    each_named(LOADER(decoder), field->key, value, "area", 0, one_area);
}

static const struct field ospf_fields[] = {
    KIND_FIELD,
    {.key = "areas",
     .type = FIELD_NAMED,
     .required = true,
     .schema = &ospf_area_schema,
     .decode = decode_areas,
     .doc = "Areas that the router is in, by number; area 0 is the backbone that all others touch."},
    ROUTER_ID_FIELD,
    REDISTRIBUTE_FIELD,
    {.key = "hello",
     .type = FIELD_CUSTOM,
     .decode = decode_interval,
     .least = 1,
     .wants = "a duration",
     .json = "{\"type\": [\"integer\", \"string\"]}",
     .fallback = "1s",
     .doc = "The time between two signs of life; neighbours must agree on it."},
    {.key = "dead",
     .type = FIELD_CUSTOM,
     .decode = decode_interval,
     .least = 2,
     .wants = "a duration",
     .json = "{\"type\": [\"integer\", \"string\"]}",
     .fallback = "4s",
     .doc = "How long a silent neighbour counts as there; neighbours must agree on it."},
};
const struct schema ospf_service_schema = SCHEMA("ospf service", ospf_fields);
