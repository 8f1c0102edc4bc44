/* Errors: made where they happen, wrapped on the way out, cut where they are too long. */
#include "base/error.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/table.h"

#define CONTEXT_MAX 600 /* bytes that one wrap may take, so that the reason behind it stays readable */

static const struct {
    const char *name;
    int exit_status;
} kinds[] = {
    [ERR_NONE] = {"none", 0},     [ERR_USAGE] = {"usage", 2},
    [ERR_FILE] = {"file", 2},     [ERR_CAPABILITY] = {"capability", 3},
    [ERR_ABSENT] = {"absent", 4}, [ERR_BUSY] = {"busy", 4},
    [ERR_PROBE] = {"probe", 5},   [ERR_SYSTEM] = {"system", 3},
};
_Static_assert(ARRAY_SIZE(kinds) == ERR_KIND_COUNT, "every kind has a row");

/* Formats into text[0..size); what does not fit ends in "…", cut between characters.  size must be at least 4. */
__attribute__((format(printf, 3, 0))) static void format_cut(char *text, size_t size, const char *format, va_list args)
{
    static const char ellipsis[] = "…";
    int length = vsnprintf(text, size, format, args);
    if (length < 0)
        text[0] = '\0';
    if (length < 0 || (size_t)length < size)
        return;
    size_t cut = size - sizeof ellipsis;
    while (cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80)
        cut--;
    memcpy(text + cut, ellipsis, sizeof ellipsis);
}

/* Formats as format_cut does; a function of its own for callers without a va_list. */
__attribute__((format(printf, 3, 4))) static void print_cut(char *text, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    format_cut(text, size, format, args);
    va_end(args);
}

/* Drops newlines at the end: the caller prints one. */
static void trim(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
}

int error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
    if (err == NULL)
        return -1;
    assert(err->kind == ERR_NONE);
    va_list args;
    va_start(args, format);
    format_cut(err->text, sizeof err->text, format, args);
    va_end(args);
    trim(err->text);
    err->kind = kind;
    err->number = 0;
    return -1;
}

int error_set_errno(struct error *err, int number, const char *format, ...)
{
    if (err == NULL)
        return -1;
    assert(err->kind == ERR_NONE);
    const char *reason = strerror(number);
    size_t room = sizeof err->text - strlen(reason) - strlen(": ");
    va_list args;
    va_start(args, format);
    format_cut(err->text, room, format, args); /* a long operation is cut, never the reason */
    va_end(args);
    size_t length = strlen(err->text);
    print_cut(err->text + length, sizeof err->text - length, ": %s", reason);
    err->kind = ERR_SYSTEM;
    err->number = number;
    return -1;
}

int error_wrap(struct error *err, const char *format, ...)
{
    if (err == NULL)
        return -1;
    assert(err->kind != ERR_NONE);
    char context[CONTEXT_MAX], reason[sizeof err->text];
    va_list args;
    va_start(args, format);
    format_cut(context, sizeof context, format, args);
    va_end(args);
    memcpy(reason, err->text, sizeof reason);
    print_cut(err->text, sizeof err->text, "%s: %s", context, reason);
    return -1;
}

void error_clear(struct error *err)
{
    if (err == NULL)
        return;
    err->kind = ERR_NONE;
    err->number = 0;
    err->text[0] = '\0';
}

int error_exit_status(const struct error *err)
{
    return kinds[err->kind].exit_status;
}

const char *error_kind_name(enum error_kind kind)
{
    return kinds[kind].name;
}

enum error_kind error_kind_from_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return (enum error_kind)i;
    return ERR_NONE;
}
