/* Inside of the room: what a check asks. */
#pragma once

#include "load/loader.h"

/* Reads the value of the check's kind into it. */
void read_check_kind(struct loader *loader, struct check *check, const struct value *value);
void read_matrix(struct loader *loader, struct check_matrix *matrix, const struct value *value);

/* "db", "node/db", "db/eth1" or an address; false where it is none (reported). */
bool read_target_text(struct loader *loader, const char *key, const char *text, struct mark mark,
                      struct check_target *out);
/* A URL that can be asked: http://HOST[:PORT][/PATH]. */
bool read_url(struct loader *loader, const struct value *value, const char **out);
/* A word, kept in capitals. */
field_decode decode_capitals;
