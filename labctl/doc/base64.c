/* Base64 (RFC 4648, section 4) for !!binary: the content of files that is no text. */
#include <string.h>

#include "base/arena.h"
#include "doc/parse.h"

static int sextet(char c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

bool base64_decode(struct arena *arena, struct value *value)
{
    char *out = arena_alloc(arena, value->length / 4 * 3 + 4);
    size_t length = 0, characters = 0, padding = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < value->length; i++) {
        char c = value->text[i];
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r')
            continue;
        int six = c == '=' ? 0 : sextet(c);
        if (six < 0 || (c != '=' && padding > 0))
            return false;
        padding += c == '=';
        bits = bits << 6 | (uint32_t)six;
        if (++characters % 4 != 0)
            continue;
        for (int shift = 16; shift >= 0; shift -= 8)
            out[length++] = (char)(bits >> shift & 0xff);
    }
    if (characters % 4 != 0 || padding > 2)
        return false;
    length -= padding;
    out[length] = '\0';
    value->text = out;
    value->length = length;
    value->quoted = true;
    return true;
}
