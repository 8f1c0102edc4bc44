/* The matrix check: exactly these ordered pairs answer, nothing else. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/check_kinds.h"

/* The nodes that a value names: one, or a list. */
struct nodes {
    const struct node **items;
    size_t count;
};

static void read_nodes(struct decoder *decoder, const char *key, const struct value *value, struct nodes *out)
{
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct node *node = load_node_reference(LOADER(decoder)->topology, decoder, key,
                                                      value->kind == VALUE_LIST ? value->items[i] : value);
        if (node != NULL)
            *ARENA_PUSH(decoder->arena, out->items, out->count) = node;
    }
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
};

static void decode_side(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    read_nodes(decoder, field->key, value, (struct nodes *)(void *)((char *)target + field->offset));
}

#define SIDE(word, member, text)                                                                                       \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, FIELD_AT(struct pair_target, member), .required = true,                   \
        .decode = decode_side, .wants = "a node, or a list of nodes",                                                  \
        .json = "{\"type\": [\"string\", \"array\"], \"items\": {\"type\": \"string\"}}", .doc = (text)                \
    }

static const struct field pair_fields[] = {
    SIDE("from", from, "The nodes that ask."),
    SIDE("to", to, "The nodes that answer each of them."),
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
                    (struct matrix_pair){target->from.items[i], target->to.items[k], value->mark};
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
    {.key = "nodes",
     .type = FIELD_CUSTOM,
     .decode = decode_matrix_nodes,
     .wants = "a list of nodes",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .fallback = "all nodes with an address",
     .doc = "The nodes that are looked at."},
    {.key = "tcp",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check_matrix, port),
     .least = 1,
     .most = 65535,
     .fallback = "ping",
     .doc = "The TCP port that is tried."},
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
    if (!schema_decode(decoder, &matrix_schema, NULL, value->mark, value, matrix))
        return;
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
