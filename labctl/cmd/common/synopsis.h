/* What may stand where in a command line, read from the command's synopsis:
 * "fault list|show KIND|inject KIND --at THING [KEY=VALUE…]|clear [ID]|status". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Appends the words that may stand first, one a line: "list", "show" and so on.  False where the first operand is
 * something else. */
bool synopsis_words(const char *synopsis, struct str *out);
/* Appends the name of what stands after the operands that are given: "KIND", "NODE" (of "NODE[/IF]"), "KEY" (of
 * "KEY=VALUE…", any number of times).  False where nothing does. */
bool synopsis_operand(const char *synopsis, const char *const *given, size_t count, struct str *out);
/* Appends the words of "--as ascii|dot|svg", one a line.  False where the option has none. */
bool synopsis_values(const char *synopsis, const char *option, struct str *out);
