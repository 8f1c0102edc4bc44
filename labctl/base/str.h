/* Growing text, and the few string helpers that libc lacks. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* A growing, always NUL-terminated text.  STR_INIT is valid for every function; `data` may be NULL while empty. */
struct str {
    char *data;
    size_t length, capacity;
};
#define STR_INIT                                                                                                       \
    {                                                                                                                  \
        0                                                                                                              \
    }
#define STR_AUTO __attribute__((cleanup(str_free))) struct str

void str_free(struct str *text); /* takes an empty one */
void str_clear(struct str *text);
void str_append(struct str *text, const char *more);
void str_append_bytes(struct str *text, const void *bytes, size_t length);
void str_append_char(struct str *text, char c);
void str_printf(struct str *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_vprintf(struct str *text, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
const char *str_text(const struct str *text); /* never NULL */
char *str_steal(struct str *text);            /* the caller frees; never NULL */

bool str_equal(const char *a, const char *b); /* NULL equals only NULL */
bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);

/* The word of `words` nearest to `word` (Damerau-Levenshtein, at most a third of its length away), or NULL. */
const char *str_nearest(const char *word, const char *const *words, size_t count);

/* Bytes of the UTF-8 sequence at the start of text[0..length), or 0 where it is not valid UTF-8. */
size_t str_utf8_length(const char *text, size_t length);
bool str_is_utf8(const char *text, size_t length);
