/* Readers of values that several parts of the language share. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

/* "80" or "1024-65535". */
static bool parse_range(const char *text, struct port_range *out)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    unsigned long first = strtoul(text, &end, 10), last = first;
    if (*end == '-' && end[1] >= '0' && end[1] <= '9')
        last = strtoul(end + 1, &end, 10);
    if (*end != '\0' || first < 1 || last > 65535 || first > last)
        return false;
    *out = (struct port_range){(uint16_t)first, (uint16_t)last};
    return true;
}

/* One port or range. */
static bool read_range(struct loader *loader, const char *key, const struct value *value, struct port_range *out)
{
    static const char wants[] = "a port from 1 to 65535, a range such as 1024-65535, or a list of them";
    bool scalar = value->kind == VALUE_INTEGER || value->kind == VALUE_TEXT;
    if (scalar && strlen(value->text) == value->length && parse_range(value->text, out))
        return true;
    if (scalar)
        decode_bad(&loader->decoder, key, wants, value);
    else
        decode_wrong(&loader->decoder, key, wants, value);
    return false;
}

bool read_ports(struct loader *loader, const char *key, const struct value *value, struct port_range **out,
                size_t *out_count)
{
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++) {
        struct port_range range;
        if (!read_range(loader, key, value->kind == VALUE_LIST ? value->items[i] : value, &range))
            return false;
        *ARENA_PUSH(loader->decoder.arena, *out, *out_count) = range;
    }
    if (count == 0)
        decode_bad(&loader->decoder, key, "at least one port", value);
    return count > 0;
}

/* Whether a text is a domain name: labels of letters, digits, dashes and underscores, at most 253 characters. */
static bool is_domain(const char *text)
{
    size_t length = strlen(text), label = 0;
    if (length == 0 || length > 253)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (c == '.' && label > 0)
            label = 0;
        else if (!letter || ++label > LABEL_MAX)
            return false;
    }
    return true;
}

bool read_domain(struct loader *loader, const char *key, const struct value *value, const char **out)
{
    const char *text;
    if (!decode_text(&loader->decoder, key, value, &text))
        return false;
    if (is_domain(text)) {
        *out = text;
        return true;
    }
    decode_bad(&loader->decoder, key, "a domain name such as shop.internal", value);
    return false;
}

bool read_destination(struct loader *loader, const char *key, const struct value *value, struct prefix *out)
{
    struct addr addr;
    if (value->kind == VALUE_TEXT && (str_equal(value->text, "default") || str_equal(value->text, "any4"))) {
        *out = prefix_any(4);
        return true;
    }
    if (value->kind == VALUE_TEXT && str_equal(value->text, "any6")) {
        *out = prefix_any(6);
        return true;
    }
    if (value->kind == VALUE_TEXT && addr_parse(value->text, &addr)) {
        *out = prefix_of_addr(addr);
        return true;
    }
    if (value->kind == VALUE_TEXT && *value->text != '\0' && strpbrk(value->text, ".:/") == NULL) { /* a word */
        static const char *const words[] = {"default", "any4", "any6"};
        decode_bad(&loader->decoder, key, "a network such as 10.0.0.0/16, default, any4 or any6", value)->hint =
            decode_hint(&loader->decoder, value->text, words, ARRAY_SIZE(words));
        return false;
    }
    return decode_network(&loader->decoder, key, value, out);
}

const char *name_in_vpc(const struct vpc *vpc, const char *kind, const char *text)
{
    size_t length = strlen(vpc->name), kind_length = strlen(kind);
    if (str_starts(text, "vpc/") && strncmp(text + 4, vpc->name, length) == 0 && text[4 + length] == '/')
        text += 4 + length + 1;
    if (strncmp(text, kind, kind_length) == 0 && text[kind_length] == '/')
        text += kind_length + 1;
    return text;
}
