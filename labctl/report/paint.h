/* Words for a terminal.  Inside the room only. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

#define BOLD  "\033[1m"
#define GREEN "\033[32m"
#define RED   "\033[31m"
#define PLAIN "\033[0m"

static inline void paint(struct str *out, bool color, const char *code, const char *words)
{
    str_printf(out, "%s%s%s", color ? code : "", words, color ? PLAIN : "");
}

/* "s" where it is not one. */
static inline const char *plural(long long count)
{
    return count == 1 ? "" : "s";
}
