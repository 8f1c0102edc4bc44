/* The matrix check: exactly these ordered pairs answer, nothing else. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/check_kinds.h"

/* The nodes that a value names: one, or a list; a group's name stands for all of its nodes. */
struct nodes {
    const struct node **items;
    size_t count;
};

struct matrix_groups {
    struct matrix_group {
        const char *name;
        struct nodes nodes;
    } * items;
    size_t count;
};

static const struct nodes *find_group(const struct loader *loader, const struct value *value)
{
    for (size_t i = 0; loader->groups != NULL && value->kind == VALUE_TEXT && i < loader->groups->count; i++)
        if (strcmp(loader->groups->items[i].name, value->text) == 0)
            return &loader->groups->items[i].nodes;
    return NULL;
}

/* Adds a node that is not there yet. */
static void add_node(struct arena *arena, struct nodes *out, const struct node *node)
{
    for (size_t i = 0; i < out->count; i++)
        if (out->items[i] == node)
            return;
    *ARENA_PUSH(arena, out->items, out->count) = node;
}

static void read_nodes(struct decoder *decoder, const char *key, const struct value *value, struct nodes *out)
{
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        const struct nodes *group = find_group(LOADER(decoder), item);
        for (size_t k = 0; group != NULL && k < group->count; k++)
            add_node(decoder->arena, out, group->items[k]);
        if (group != NULL)
            continue;
        const struct node *node = load_node_reference(LOADER(decoder)->topology, decoder, key, item);
        if (node != NULL)
            add_node(decoder->arena, out, node);
    }
}

/* Groups and ports are read before everything else in the mapping, which uses them: see read_matrix. */
static void decode_before(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)decoder, (void)field, (void)value, (void)target;
}

static void read_groups(struct loader *loader, const struct value *value, struct matrix_groups *groups)
{
    struct decoder *decoder = &loader->decoder;
    if (value == NULL || !decode_map(decoder, "groups", value))
        return;
    for (size_t i = 0; value->kind == VALUE_MAP && i < value->entry_count; i++) {
        struct matrix_group group = {.name = value->entries[i].key};
        read_nodes(decoder, "groups", value->entries[i].value, &group.nodes);
        *ARENA_PUSH(decoder->arena, groups->items, groups->count) = group;
    }
}

/* 80, "tcp/80", icmp: 0 stands for the last. */
static bool read_port(struct decoder *decoder, const char *key, const struct value *value, uint16_t *out)
{
    const char *text;
    char *end;
    if (!decode_scalar(decoder, key, value, &text))
        return false;
    if (str_equal(text, "icmp")) {
        *out = 0;
        return true;
    }
    unsigned long port = strtoul(str_starts(text, "tcp/") ? text + strlen("tcp/") : text, &end, 10);
    if (*end == '\0' && port >= 1 && port <= 65535) {
        *out = (uint16_t)port;
        return true;
    }
    decode_bad(decoder, key, "a TCP port such as 80 or tcp/80, or icmp", value);
    return false;
}

static void read_ports_of(struct decoder *decoder, const struct value *value, struct check_matrix *matrix)
{
    uint16_t *ports = NULL, port;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    if (count > MATRIX_PORTS_MAX) {
        findings_add(decoder->findings, FINDING_ERROR, "out-of-range", value->mark, "'ports' wants at most %d ports",
                     MATRIX_PORTS_MAX);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (read_port(decoder, "ports", value->kind == VALUE_LIST ? value->items[i] : value, &port))
            *ARENA_PUSH(decoder->arena, ports, matrix->port_count) = port;
    matrix->ports = ports;
}

static void decode_matrix_nodes(struct decoder *decoder, const struct field *field, const struct value *value,
                                void *target)
{
    struct check_matrix *matrix = target;
    struct nodes nodes = {0};
    read_nodes(decoder, field->key, value, &nodes);
    matrix->nodes = nodes.items;
    matrix->node_count = nodes.count;
}

/* One entry of pairs: each of `from` reaches each of `to`. */
struct pair_target {
    struct nodes from, to;
    uint64_t layers;
};

/* A pair's ports are some of the matrix's. */
static void decode_pair_ports(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    struct pair_target *pair = target;
    const struct check_matrix *matrix = LOADER(decoder)->matrix;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        uint16_t port;
        bool found = false;
        if (!read_port(decoder, field->key, item, &port))
            continue;
        for (size_t k = 0; k < matrix->port_count; k++)
            if (matrix->ports[k] == port) {
                pair->layers |= UINT64_C(1) << k;
                found = true;
            }
        if (!found)
            decode_bad(decoder, field->key, "a port that the matrix looks at ('ports')", item);
    }
}

static void decode_side(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    read_nodes(decoder, field->key, value, (struct nodes *)(void *)((char *)target + field->offset));
}

#define PORTS_JSON "{\"type\": [\"integer\", \"string\", \"array\"]}"
#define SIDE(word, member, text)                                                                                       \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, FIELD_AT(struct pair_target, member), .required = true,                   \
        .decode = decode_side, .wants = "a node, or a list of nodes",                                                  \
        .json = "{\"type\": [\"string\", \"array\"], \"items\": {\"type\": \"string\"}}", .doc = (text)                \
    }

static const struct field pair_fields[] = {
    SIDE("from", from, "The nodes that ask."),
    SIDE("to", to, "The nodes that answer each of them."),
    {.key = "ports",
     .type = FIELD_CUSTOM,
     .decode = decode_pair_ports,
     .wants = "a port, or a list of them",
     .json = PORTS_JSON,
     .fallback = "all of the matrix's",
     .doc = "On which of the matrix's ports."},
};
const struct schema matrix_pair_schema = SCHEMA("matrix pair", pair_fields);

#define PAIRS_MAX 1000000

/* Adds every pair of the two sides but those of a node with itself. */
static void add_pairs(struct decoder *decoder, struct check_matrix *matrix, const struct pair_target *target,
                      const struct value *value)
{
    if (target->from.count * target->to.count > PAIRS_MAX - matrix->pair_count) {
        findings_add(decoder->findings, FINDING_ERROR, "out-of-range", value->mark, "'pairs' wants at most %d pairs",
                     PAIRS_MAX);
        return;
    }
    for (size_t i = 0; i < target->from.count; i++)
        for (size_t k = 0; k < target->to.count; k++)
            if (target->from.items[i] != target->to.items[k])
                *ARENA_PUSH(decoder->arena, matrix->pairs, matrix->pair_count) =
                    (struct matrix_pair){target->from.items[i], target->to.items[k], target->layers, value->mark};
}

/* { from: …, to: … }, or [from, to]. */
static void decode_pairs(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    if (!decode_list(decoder, field->key, value))
        return;
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++) {
        const struct value *item = value->items[i];
        struct pair_target pair = {0};
        if (item->kind == VALUE_LIST && item->item_count == 2) {
            read_nodes(decoder, field->key, item->items[0], &pair.from);
            read_nodes(decoder, field->key, item->items[1], &pair.to);
        } else if (item->kind == VALUE_MAP) {
            schema_decode(decoder, &matrix_pair_schema, NULL, item->mark, item, &pair);
        } else {
            decode_wrong(decoder, field->key, "{ from: NODE, to: NODE } or [NODE, NODE]", item);
        }
        add_pairs(decoder, target, &pair, item);
    }
}

static const char *const expect_words[] = {"all", "none"};

static void decode_expect(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check_matrix *matrix = target;
    int word;
    if (decode_word(decoder, field->key, value, expect_words, ARRAY_SIZE(expect_words), &word))
        matrix->all = word == 0;
}

static const struct field matrix_fields[] = {
    {.key = "groups",
     .type = FIELD_CUSTOM,
     .decode = decode_before,
     .wants = "lists of nodes by name",
     .json = "{\"type\": \"object\", \"additionalProperties\": {\"type\": [\"array\", \"string\"]}}",
     .doc = "Nodes that belong together; the name of a group stands for all of them in nodes and pairs."},
    {.key = "nodes",
     .type = FIELD_CUSTOM,
     .decode = decode_matrix_nodes,
     .wants = "a list of nodes",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .fallback = "those of the groups, else all nodes with an address",
     .doc = "The nodes that are looked at."},
    {.key = "tcp",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_matrix, port),
     .least = 1,
     .most = 65535,
     .fallback = "ping",
     .doc = "The TCP port that is tried."},
    {.key = "ports",
     .type = FIELD_CUSTOM,
     .decode = decode_before,
     .wants = "a port, or a list of them",
     .json = PORTS_JSON,
     .fallback = "ping",
     .doc = "The TCP ports that are tried, one after the other: 80, tcp/443; icmp for ping."},
    {.key = "expect",
     .type = FIELD_CUSTOM,
     .decode = decode_expect,
     .wants = "all or none",
     .json = "{\"enum\": [\"all\", \"none\"]}",
     .fallback = "all where no pairs are given",
     .doc = "Whether every ordered pair answers, or none but those under pairs."},
    {.key = "pairs",
     .type = FIELD_CUSTOM,
     .schema = &matrix_pair_schema,
     .decode = decode_pairs,
     .wants = "a list of pairs",
     .json = "{\"type\": \"array\"}",
     .doc = "The pairs that answer, exactly these: { from: NODE, to: NODE }, either a list as well, or [NODE, NODE]."},
};
const struct schema matrix_schema = SCHEMA("matrix check", matrix_fields);

void read_matrix(struct loader *loader, struct check *check, const struct value *value)
{
    struct check_matrix *matrix = &check->matrix;
    struct decoder *decoder = &loader->decoder;
    if (value->kind == VALUE_TEXT) {
        const struct field field = {.key = "matrix"};
        decode_expect(decoder, &field, value, matrix);
        return;
    }
    struct matrix_groups groups = {0};
    const struct value *ports = value_get(value, "ports"), *tcp = value_get(value, "tcp");
    read_groups(loader, value_get(value, "groups"), &groups);
    if (ports != NULL)
        read_ports_of(decoder, ports, matrix);
    loader->groups = &groups;
    loader->matrix = matrix;
    if (ports != NULL && tcp != NULL)
        findings_add(decoder->findings, FINDING_ERROR, "misplaced-key", tcp->mark, "'tcp' does not go with 'ports'");
    bool decoded = schema_decode(decoder, &matrix_schema, NULL, value->mark, value, matrix);
    loader->groups = NULL;
    loader->matrix = NULL;
    if (!decoded)
        return;
    struct nodes all = {0};
    for (size_t i = 0; matrix->node_count == 0 && i < groups.count; i++)
        for (size_t k = 0; k < groups.items[i].nodes.count; k++)
            add_node(decoder->arena, &all, groups.items[i].nodes.items[k]);
    if (all.count > 0) {
        matrix->nodes = all.items;
        matrix->node_count = all.count;
    }
    const struct value *expect = value_get(value, "expect"), *pairs = value_get(value, "pairs");
    if (expect == NULL && pairs == NULL)
        matrix->all = true;
    if (matrix->all && pairs != NULL) {
        struct finding *finding = findings_add(decoder->findings, FINDING_ERROR, "misplaced-key", pairs->mark,
                                               "'pairs' do not go with 'expect: all'");
        finding->other = expect->mark;
        finding->other_text = "it stands here";
    }
}
