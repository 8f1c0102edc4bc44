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

/* P(X < count) of a binomial count with `total` trials of that share.  Terms are made one from the other, from that of
 * 0 on: with a share of at most one half the first one is at least 2^-total, which a long double holds for 10,000. */
static double below(uint32_t count, uint32_t total, double share)
{
    long double term = 1, sum = 0;
    if (count > total)
        return 1;
    if (share > 0.5) /* seen from the other side: fewer than count hits are more than total - count misses */
        return 1 - below(total - count + 1, total, 1 - share);
    for (uint32_t i = 0; i < total; i++)
        term *= 1 - share;
    for (uint32_t i = 0; i < count; i++) {
        sum += term;
        term *= (long double)(total - i) / (i + 1) * share / (1 - share);
    }
    return (double)sum;
}

bool judging_exceeds(uint32_t count, uint32_t total, uint32_t limit)
{
    return count && 1 - below(count, total, (double)limit / SHARE_WHOLE) < 0.05;
}

bool judging_differs(uint32_t count, uint32_t total, uint32_t share)
{
    double expected = (double)share / SHARE_WHOLE;
    return total && (below(count + 1, total, expected) < 0.005 || 1 - below(count, total, expected) < 0.005);
}
