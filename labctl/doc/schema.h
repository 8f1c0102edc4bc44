/* Schema rows: one counted table for each mapping of the language.  Decoding, messages, the man page's test and the
 * JSON Schema come from it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mark.h"
#include "base/table.h"

struct arena;
struct str;
struct value;
struct schema;
struct field;

/* Carried through a decoding; a loader puts it first in its own struct. */
struct decoder {
    struct arena *arena; /* for what is decoded */
    struct findings *findings;
};

enum field_type {
    FIELD_TEXT,     /* const char *, without NUL bytes; numbers and booleans are refused: `fits` takes any scalar */
    FIELD_SCALAR,   /* const char *: any scalar but null, as written */
    FIELD_TEXTS,    /* struct { const char **items; size_t count; }: a list of texts, or one text */
    FIELD_BOOLEAN,  /* bool */
    FIELD_INTEGER,  /* unsigned of 1, 2, 4 or 8 bytes, from least to most */
    FIELD_DURATION, /* int64_t nanoseconds */
    FIELD_SECONDS,  /* uint32_t: a whole number of seconds, or a duration that is one */
    FIELD_SHARE,    /* uint32_t parts per 10^9 */
    FIELD_RATE,     /* uint64_t bits per second */
    FIELD_ADDRESS,  /* struct addr */
    FIELD_NETWORK,  /* struct prefix without host bits */
    FIELD_WORD,     /* an enum (int): index into words */
    FIELD_MAPPING,  /* a mapping by `schema` into the struct at the offset, unless `decode` is given */
    FIELD_LIST,     /* a list of mappings by `schema`; decode */
    FIELD_NAMED,    /* a mapping from names to mappings by `schema`; decode */
    FIELD_CUSTOM,   /* decode; `wants` and `json` tell what */
    FIELD_TYPE_COUNT
};

typedef void field_decode(struct decoder *decoder, const struct field *field, const struct value *value, void *target);

struct field {
    const char *key;
    enum field_type type;
    const char *doc;      /* one sentence, with the dot */
    size_t offset, size;  /* FIELD_AT(struct, member) */
    int64_t least, most;  /* FIELD_INTEGER; of a FIELD_DURATION `most`, in nanoseconds, where it has an end */
    const char *fallback; /* the default, in words for the reader; NULL where there is none to tell */
    const char *unit;
    bool required;
    const char *const *words; /* FIELD_WORD */
    size_t word_count;
    const struct schema *schema;
    field_decode *decode;
    const char *wants; /* FIELD_CUSTOM: "an address, or a list of them" */
    const char *json;  /* FIELD_CUSTOM: its JSON Schema; "#/$defs/NAME" refers to a schema by name */
};

struct schema {
    const char *name; /* of one such mapping, in messages: "node", "security group rule" */
    const struct field *fields;
    size_t count;
    const struct schema *also; /* keys that stand in the same mapping but are decoded elsewhere, or NULL */
    bool open;                 /* keys of another table stand there as well (the parameters of a fault) */
};

#define FIELD_AT(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define SCHEMA(title, table)                                                                                           \
    {                                                                                                                  \
        .name = (title), .fields = (table), .count = ARRAY_SIZE(table)                                                 \
    }

const struct field *schema_field(const struct schema *schema, const char *key); /* NULL where unknown */

/* Decodes a mapping (null counts as an empty one) by its rows into target.  `name` is the thing's own name for
 * messages, or NULL; `mark` is where a missing key is reported.  False where value is not a mapping (reported). */
bool schema_decode(struct decoder *decoder, const struct schema *schema, const char *name, struct mark mark,
                   const struct value *value, void *target);
/* The parts of it, for mappings with more than one target: decode one row; report an unknown key; report missing ones.
 */
void field_read(struct decoder *decoder, const struct field *field, const struct value *value, void *target);
void schema_unknown(struct decoder *decoder, const struct schema *schema, const char *name, const char *key,
                    struct mark mark);
void schema_missing(struct decoder *decoder, const struct schema *schema, const char *name, struct mark mark,
                    const struct value *value);

/* Readers for custom fields.  `key` names the value in messages.  All report what is wrong and return false then. */
bool decode_map(struct decoder *decoder, const char *key, const struct value *value);  /* a mapping or null */
bool decode_list(struct decoder *decoder, const char *key, const struct value *value); /* a list or null */
bool decode_text(struct decoder *decoder, const char *key, const struct value *value, const char **out);
bool decode_scalar(struct decoder *decoder, const char *key, const struct value *value, const char **out);
bool decode_boolean(struct decoder *decoder, const char *key, const struct value *value, bool *out);
bool decode_integer(struct decoder *decoder, const char *key, const struct value *value, int64_t least, int64_t most,
                    int64_t *out);
bool decode_duration(struct decoder *decoder, const char *key, const struct value *value, int64_t *out);
bool decode_seconds(struct decoder *decoder, const char *key, const struct value *value, int64_t least, int64_t most,
                    int64_t *out); /* 60, or 1m */
bool decode_share(struct decoder *decoder, const char *key, const struct value *value, uint32_t *out);
bool decode_rate(struct decoder *decoder, const char *key, const struct value *value, uint64_t *out);
struct addr;
struct prefix;
bool decode_address(struct decoder *decoder, const char *key, const struct value *value, struct addr *out);
bool decode_network(struct decoder *decoder, const char *key, const struct value *value, struct prefix *out);
bool decode_word(struct decoder *decoder, const char *key, const struct value *value, const char *const *words,
                 size_t count, int *out);
/* Names: DNS labels of up to `most` characters (63; interfaces 15). `what`: "node". */
bool decode_name(struct decoder *decoder, const char *what, const char *name, struct mark mark, size_t most);
/* Findings with hints: a file with more mistakes is not helped by near words, and looking for them takes time. */
#define DECODE_HINTS_MAX 1000
/* Reports the wrong type: "'KEY' wants WANTS, got …". */
void decode_wrong(struct decoder *decoder, const char *key, const char *wants, const struct value *value);
/* Reports a value of the right type that does not do (rule bad-value): "'KEY' wants WANTS, got …". */
struct finding *decode_bad(struct decoder *decoder, const char *key, const char *wants, const struct value *value);
/* "did you mean 'x'?" in the arena where one of the words is near, else NULL; words may be NULL after the last hint. */
const char *decode_hint(struct decoder *decoder, const char *word, const char *const *words, size_t count);

/* The JSON Schema (draft 2020-12) of documents whose root mapping is `root`; all of `schemas` become definitions.
 * variables: a text with "${NAME}" may stand for any value. */
void schema_json(const struct schema *root, const struct schema *const *schemas, size_t count, const char *title,
                 bool variables, struct str *out);
