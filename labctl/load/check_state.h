/* Inside of the room: what a check of a node's own state may say, as tables; the schema rows, the short forms and the
 * canonical YAML come from them. */
#pragma once

#include "load/check_kinds.h"

enum word_type {
    WORD_TEXT,
    WORD_ADDRESS,     /* 10.0.0.1 */
    WORD_OWN_ADDRESS, /* 10.0.0.1/24, or without the length */
    WORD_DESTINATION, /* a prefix, an address, default */
    WORD_MAC,
    WORD_NUMBER, /* 0 to 4294967295 */
    WORD_PORT,
    WORD_TABLE, /* a number, main, local, default */
    WORD_CHOICE,
    WORD_SYSCTL, /* net.ipv4.ip_forward */
    WORD_VALUE,  /* words with one space between */
    WORD_SOCKET, /* tcp/443 */
    WORD_TYPE_COUNT
};

struct word_row {
    const char *key;  /* in the file: "servers" */
    const char *word; /* in the check and in the facts: "server" */
    enum word_type type;
    bool plain; /* names the thing: shown without its key */
    bool many;  /* one, or a list: each is wanted */
    const char *const *choices;
    size_t choice_count;
    bool bare;            /* short form: a choice may stand without the key ("eth0 up") */
    const char *fallback; /* where it is not given, unless the thing shall be absent; or NULL */
};

struct state_shape {
    enum check_kind kind;
    const struct word_row *rows; /* the first one is the first word of the short form */
    size_t count;
};

/* The shape of a kind of check; NULL where it is not one of a node's own state, or a file. */
const struct state_shape *state_shape_of(enum check_kind kind);
/* The keys of its mapping. */
const struct schema *state_schema_of(enum check_kind kind);

/* A mapping while it is read: the check, and the words that stand with every value of the first row. */
struct state_reading {
    struct check_state state;
    const struct state_shape *shape;
    struct words common;
    bool only;
};
field_decode decode_state, decode_state_count;

/* Reads the value of such a kind. */
void read_state(struct loader *loader, struct check *check, const struct value *value);
void read_file_check(struct loader *loader, struct check *check, const struct value *value);
