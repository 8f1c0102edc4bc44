/* Every step is made in 128 bits and brought to lowest terms. */
#include "score/ratio.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef __int128 wide;

static wide common(wide a, wide b)
{
    while (b) {
        wide rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

static struct ratio lowest(wide above, wide below)
{
    wide divisor = common(above, below);
    if (divisor > 1) {
        above /= divisor;
        below /= divisor;
    }
    return (struct ratio){(int64_t)above, (int64_t)below};
}

struct ratio ratio_of(int64_t above, int64_t below)
{
    return lowest(above, below);
}

struct ratio ratio_add(struct ratio a, struct ratio b)
{
    return lowest((wide)a.above * b.below + (wide)b.above * a.below, (wide)a.below * b.below);
}

struct ratio ratio_subtract(struct ratio a, struct ratio b)
{
    return ratio_add(a, (struct ratio){-b.above, b.below});
}

struct ratio ratio_multiply(struct ratio a, struct ratio b)
{
    return lowest((wide)a.above * b.above, (wide)a.below * b.below);
}

int ratio_compare(struct ratio a, struct ratio b)
{
    wide left = (wide)a.above * b.below, right = (wide)b.above * a.below;
    return left < right ? -1 : left > right;
}

const char *ratio_format(struct ratio a, char out[static RATIO_TEXT_MAX])
{
    const char *sign = a.above < 0 ? "-" : "";
    uint64_t above = a.above < 0 ? 0 - (uint64_t)a.above : (uint64_t)a.above, below = (uint64_t)a.below;
    unsigned thousandths = (unsigned)((unsigned __int128)(above % below) * 1000 / below);
    int length = snprintf(out, RATIO_TEXT_MAX, "%s%" PRIu64, sign, above / below);
    if (thousandths) {
        length += snprintf(out + length, RATIO_TEXT_MAX - (size_t)length, ".%03u", thousandths);
        while (out[length - 1] == '0')
            out[--length] = 0;
    }
    return out;
}

const char *ratio_exact(struct ratio a, char out[static RATIO_TEXT_MAX])
{
    if (a.below == 1)
        snprintf(out, RATIO_TEXT_MAX, "%" PRId64, a.above);
    else
        snprintf(out, RATIO_TEXT_MAX, "%" PRId64 "/%" PRId64, a.above, a.below);
    return out;
}
