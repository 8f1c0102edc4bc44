/* A thing as words. */
#include "base/words.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"

void words_add(struct arena *arena, struct words *words, enum word_manner manner, const char *key, const char *value)
{
    *ARENA_PUSH(arena, words->items, words->count) = (struct word){key, value, manner};
}

const char *words_get(const struct words *words, const char *key)
{
    for (size_t i = 0; i < words->count; i++)
        if (str_equal(words->items[i].key, key))
            return words->items[i].value;
    return NULL;
}

bool words_match(const struct words *wanted, const struct words *seen)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (!str_equal(wanted->items[i].value, words_get(seen, wanted->items[i].key)))
            return false;
    return true;
}

const char *words_format(const struct words *words, char *out, size_t size)
{
    size_t length = 0;
    out[0] = '\0';
    for (size_t i = 0; i < words->count && length < size; i++) {
        const struct word *word = &words->items[i];
        bool keyed = word->manner == WORD_KEYED;
        if (word->manner == WORD_QUIET)
            continue;
        int more = snprintf(out + length, size - length, "%s%s%s%s", length ? " " : "", keyed ? word->key : "",
                            keyed ? " " : "", word->value);
        length += more > 0 ? (size_t)more : 0;
    }
    return out;
}
