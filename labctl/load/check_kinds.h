/* Inside of the room: what a check asks. */
#pragma once

#include "load/loader.h"

/* Reads the value of the check's kind into it. */
void read_check_kind(struct loader *loader, struct check *check, const struct value *value);
void read_firewall(struct loader *loader, struct check *check, const struct value *value);
void read_matrix(struct loader *loader, struct check *check, const struct value *value);
/* The mapping that a text alone stands for; NULL where it stands for none (reported).  Not for kinds whose short form
 * is whole: it stands for no mapping that could have more keys.  has_port: the port is given elsewhere. */
struct value *check_short_form(struct decoder *decoder, enum check_kind kind, const struct value *value, bool has_port);
bool check_short_form_is_whole(enum check_kind kind);
void check_add_key(struct arena *arena, struct value *map, const char *key, struct value *value);

/* "db", "node/db", "db/eth1" or an address; false where it is none (reported). */
bool read_target_text(struct loader *loader, const char *key, const char *text, struct mark mark,
                      struct check_target *out);
#define TARGET_WANTS "a node, a node's interface, or an address"
field_decode decode_target;
#define TARGET_FIELD(type_name, text)                                                                                  \
    {                                                                                                                  \
        .key = "to", .type = FIELD_CUSTOM, FIELD_AT(type_name, to), .required = true, .decode = decode_target,         \
        .wants = TARGET_WANTS, .json = "{\"type\": \"string\"}", .doc = (text)                                         \
    }
/* A URL that can be asked: http://HOST[:PORT][/PATH]. */
bool read_url(struct loader *loader, const struct value *value, const char **out);
/* A version out of a list of words: 1.2 and "1.2" are the same. */
bool decode_version_word(struct decoder *decoder, const char *key, const struct value *value, const char *const *words,
                         size_t count, int *out);
/* A word, kept in capitals. */
field_decode decode_capitals;
