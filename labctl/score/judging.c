/* The texts of a judgement, and its statistics. */
#include "score/judging.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

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

/* (p - limit)^2 n > z^2 limit (1 - limit): p lies further from the limit than z standard errors at the limit. */
static bool is_beyond(double share, double limit, uint32_t total, double z_squared)
{
    return (share - limit) * (share - limit) * total > z_squared * limit * (1 - limit);
}

bool judging_exceeds(uint32_t count, uint32_t total, uint32_t limit)
{
    double bound = (double)limit / SHARE_WHOLE, share = total ? (double)count / total : 0;
    return total && share > bound && is_beyond(share, bound, total, 2.706); /* z = 1.645 */
}

bool judging_differs(uint32_t count, uint32_t total, uint32_t share)
{
    return total && is_beyond((double)count / total, (double)share / SHARE_WHOLE, total, 6.635); /* z = 2.576 */
}
