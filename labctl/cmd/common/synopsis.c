/* Reading a synopsis.  Forms stand beside each other with a '|' between; what is in brackets is one word, which may be
 * left out. */
#include "cmd/common/synopsis.h"

#include <string.h>

#define SMALL   "abcdefghijklmnopqrstuvwxyz"
#define CAPITAL "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* How far it is to one of `ends` (or to the end of all) outside of brackets. */
static size_t span(const char *text, const char *ends)
{
    size_t length = 0;
    for (int depth = 0; text[length] && (depth || !strchr(ends, text[length])); length++)
        depth += text[length] == '[' ? 1 : text[length] == ']' ? -1 : 0;
    return length;
}

/* Behind the command's own name. */
static const char *operands(const char *synopsis)
{
    size_t name = strcspn(synopsis, " ");
    return synopsis + name + strspn(synopsis + name, " ");
}

static const char *next_form(const char *form)
{
    form += span(form, "|");
    return *form ? form + 1 + strspn(form + 1, " ") : NULL;
}

/* The length of the word with which a form begins, if that stands for itself; else 0. */
static size_t literal(const char *form)
{
    size_t length = span(form, " |");
    return strspn(form, SMALL) == length ? length : 0;
}

bool synopsis_words(const char *synopsis, struct str *out)
{
    size_t before = out->length;
    for (const char *form = operands(synopsis); form; form = next_form(form))
        if (literal(form))
            str_printf(out, "%.*s\n", (int)literal(form), form);
    return out->length > before;
}

/* The next word of the form that is no option and no option's value; NULL at the end.  *at moves behind it. */
static const char *next_operand(const char **at, const char *end, size_t *length)
{
    while (*at < end) {
        const char *word = *at;
        *length = span(word, " |");
        *at = word + *length + strspn(word + *length, " ");
        if (*length == 0)
            return NULL;
        if (strncmp(word, "[-", 2) == 0)
            continue;
        if (*word != '-')
            return word;
        *at += span(*at, " |"); /* "--at THING" */
        *at += strspn(*at, " ");
    }
    return NULL;
}

static bool repeats(const char *word, size_t length)
{
    const char *many = strstr(word, "…"), *dots = strstr(word, "...");
    return (many && many < word + length) || (dots && dots < word + length);
}

static const char *form_of(const char *synopsis, const char *first)
{
    const char *form = operands(synopsis);
    if (!first || !literal(form))
        return form;
    for (; form; form = next_form(form))
        if (literal(form) == strlen(first) && strncmp(form, first, strlen(first)) == 0)
            return form;
    return NULL;
}

bool synopsis_operand(const char *synopsis, const char *const *given, size_t count, struct str *out)
{
    const char *form = form_of(synopsis, count ? given[0] : NULL);
    const char *end = form ? form + span(form, "|") : NULL, *word = NULL;
    size_t length = 0;
    for (size_t i = 0; form && i <= count; i++) {
        word = next_operand(&form, end, &length);
        if (!word || repeats(word, length))
            break;
    }
    if (!word)
        return false;
    word += *word == '[';
    str_append_bytes(out, word, strspn(word, CAPITAL));
    return strspn(word, CAPITAL) > 0;
}

bool synopsis_values(const char *synopsis, const char *option, struct str *out)
{
    const char *found = strstr(synopsis, option);
    if (!found || found[strlen(option)] != ' ')
        return false;
    const char *word = found + strlen(option) + 1;
    size_t length = strcspn(word, " ]");
    if (!memchr(word, '|', length) || strspn(word, SMALL "|") < length)
        return false;
    for (const char *end = word + length; word < end; word += strcspn(word, "| ]") + 1)
        str_printf(out, "%.*s\n", (int)strcspn(word, "| ]"), word);
    return true;
}
