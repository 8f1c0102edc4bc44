/* The texts of a judgement. */
#include "score/judging.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void judging_add(char *out, size_t size, const char *format, ...)
{
    size_t length = strlen(out);
    va_list args;
    va_start(args, format);
    vsnprintf(out + length, size - length, format, args);
    va_end(args);
}

void judging_fail(struct judgement *judgement, const char *format, ...)
{
    if (judgement->verdict == VERDICT_FAIL)
        return;
    judgement->verdict = VERDICT_FAIL;
    char reason[sizeof judgement->seen], before[sizeof judgement->seen];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    memcpy(before, judgement->seen, sizeof before);
    judgement->seen[0] = '\0';
    SEEN(judgement, "%s%s%s", reason, *before ? ": " : "", before);
}
