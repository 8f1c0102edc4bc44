/* A thing as words: "destination 10.0.0.0/8", "via 10.0.1.1".
 *
 * What a check asks of a node's own state and what is seen there have this one form, so that they compare.  Values are
 * canonical texts (as addr_format, prefix_format and mac_format write them).  Keys are constants. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* How it is shown to a person; it compares all the same. */
enum word_manner {
    WORD_KEYED, /* "via 10.0.1.1" */
    WORD_BARE,  /* "10.0.0.0/8" */
    WORD_QUIET  /* goes without saying */
};
struct word {
    const char *key, *value;
    enum word_manner manner;
};
struct words {
    struct word *items;
    size_t count;
};

void words_add(struct arena *arena, struct words *words, enum word_manner manner, const char *key, const char *value);
const char *words_get(const struct words *words, const char *key); /* NULL where there is none */
/* Has `seen` every word of `wanted`? */
bool words_match(const struct words *wanted, const struct words *seen);
/* "10.0.0.0/8 via 10.0.1.1 dev eth0".  In the given buffer, cut where it is too small. */
const char *words_format(const struct words *words, char *out, size_t size);
