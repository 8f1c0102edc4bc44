/* Growing text, nearest words, UTF-8. */
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/table.h"

#define CAPACITY_MIN 64
#define NEAREST_MAX  128 /* bytes; longer words have no near ones worth proposing */

/* Makes room for `more` bytes and the terminator. */
static void str_reserve(struct str *text, size_t more)
{
    size_t needed;
    if (__builtin_add_overflow(text->length + 1, more, &needed) || needed > SIZE_MAX / 2)
        arena_exhausted();
    if (needed <= text->capacity)
        return;
    size_t capacity = text->capacity < CAPACITY_MIN ? CAPACITY_MIN : text->capacity;
    while (capacity < needed)
        capacity *= 2;
    char *data = realloc(text->data, capacity);
    if (data == NULL)
        arena_exhausted();
    text->data = data;
    text->capacity = capacity;
}

void str_free(struct str *text)
{
    free(text->data);
    *text = (struct str)STR_INIT;
}

void str_clear(struct str *text)
{
    text->length = 0;
    if (text->data != NULL)
        text->data[0] = '\0';
}

void str_append(struct str *text, const char *more)
{
    str_append_bytes(text, more, strlen(more));
}

void str_append_bytes(struct str *text, const void *bytes, size_t length)
{
    str_reserve(text, length);
    if (length > 0)
        memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void str_append_char(struct str *text, char c)
{
    str_append_bytes(text, &c, 1);
}

void str_printf(struct str *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    str_vprintf(text, format, args);
    va_end(args);
}

void str_vprintf(struct str *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    str_reserve(text, CAPACITY_MIN); /* most texts are short: they need not be formatted twice */
    int length = vsnprintf(text->data + text->length, text->capacity - text->length, format, args);
    if (length < 0) /* only where the text would pass INT_MAX bytes */
        arena_exhausted();
    if ((size_t)length >= text->capacity - text->length) {
        str_reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
    }
    va_end(again);
    text->length += (size_t)length;
}

const char *str_text(const struct str *text)
{
    return text->data != NULL ? text->data : "";
}

char *str_steal(struct str *text)
{
    str_reserve(text, 0);
    text->data[text->length] = '\0';
    char *data = text->data;
    *text = (struct str)STR_INIT;
    return data;
}

bool str_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}

bool str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
    size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && memcmp(text + length - tail, suffix, tail) == 0;
}

/* The smallest of the ways to reach a cell: delete, insert, replace (free where the bytes agree). */
static unsigned step(unsigned above, unsigned left, unsigned diagonal, bool same)
{
    unsigned best = (above < left ? above : left) + 1, replaced = diagonal + !same;
    return best < replaced ? best : replaced;
}

/* Restricted Damerau-Levenshtein distance (insert, delete, replace, swap neighbours) of a[0..m) and b[0..n), both at
 * most NEAREST_MAX long. */
static unsigned distance(const char *a, size_t m, const char *b, size_t n)
{
    unsigned rows[3][NEAREST_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= n; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= m; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= n; j++) {
            row[j] = step(last[j], row[j - 1], last[j - 1], a[i - 1] == b[j - 1]);
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        unsigned *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[n];
}

const char *str_nearest(const char *word, const char *const *words, size_t count)
{
    size_t length = strlen(word), limit = length / 3 > 1 ? length / 3 : 1;
    const char *nearest = NULL;
    if (length > NEAREST_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(words[i]), longer = other > length ? other : length;
        if (other > NEAREST_MAX || longer - length > limit || longer - other > limit)
            continue;
        unsigned away = distance(word, length, words[i], other);
        if (away > limit || away >= longer || (nearest != NULL && away == limit)) /* >= longer: nothing in common */
            continue;
        nearest = words[i];
        limit = away; /* from here on only what is nearer, so the first of equals wins */
    }
    return nearest;
}

/* The well-formed sequences of Unicode 15, table 3-7: the second byte's range depends on the first. */
static const struct {
    unsigned char first_low, first_high, second_low, second_high, length;
} sequences[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
    {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

size_t str_utf8_length(const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (length == 0)
        return 0;
    if (bytes[0] < 0x80)
        return 1;
    for (size_t i = 0; i < ARRAY_SIZE(sequences); i++) {
        if (bytes[0] < sequences[i].first_low || bytes[0] > sequences[i].first_high)
            continue;
        if (length < sequences[i].length || bytes[1] < sequences[i].second_low || bytes[1] > sequences[i].second_high)
            return 0;
        for (size_t k = 2; k < sequences[i].length; k++)
            if ((bytes[k] & 0xc0) != 0x80)
                return 0;
        return sequences[i].length;
    }
    return 0;
}

bool str_is_utf8(const char *text, size_t length)
{
    for (size_t at = 0, bytes; at < length; at += bytes) {
        bytes = str_utf8_length(text + at, length - at);
        if (bytes == 0)
            return false;
    }
    return true;
}
