/* Numbers with units.  All four vocabularies are tables of suffix and multiplier, read and written by one pair of
 * functions in whole numbers: no value is ever rounded.  A fraction ("1.5s") is taken where it comes out even. */
#include "base/units.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/table.h"

#define FRACTION_DIGITS 18 /* 10^18 is the largest power of ten that leaves room to multiply in 128 bits */

struct unit {
    const char *suffix;
    uint64_t multiplier;
};

/* Smallest unit first: it can write every value. */
static const struct unit duration_units[] = {
    {"ns", 1},
    {"us", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"m", UINT64_C(60000000000)},
    {"h", UINT64_C(3600000000000)},
};
static const struct unit rate_units[] = {
    {"bit", 1},
    {"kbit", 1000},
    {"mbit", 1000000},
    {"gbit", 1000000000},
};
static const struct unit size_units[] = {
    {"b", 1},
    {"k", UINT64_C(1) << 10},
    {"m", UINT64_C(1) << 20},
    {"g", UINT64_C(1) << 30},
};
static const struct unit share_units[] = {
    {"%", SHARE_WHOLE / 100},
};

enum outcome { TAKEN, MALFORMED, UNEVEN, TOO_LARGE };

/* An ASCII digit, in any locale. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The unit of exactly that suffix, or NULL. */
static const struct unit *unit_by_suffix(const struct unit *units, size_t count, const char *suffix)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(units[i].suffix, suffix) == 0)
            return &units[i];
    return NULL;
}

/* Reads DIGITS[.DIGITS]SUFFIX into smallest units, at most `max`. */
static enum outcome read_number(const char *text, const struct unit *units, size_t count, uint64_t max, uint64_t *out)
{
    uint64_t whole = 0, fraction = 0, scale = 1;
    bool large = false, fine = false;
    if (!is_digit(*text))
        return MALFORMED;
    for (; is_digit(*text); text++)
        large |=
            __builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, (unsigned)(*text - '0'), &whole);
    if (*text == '.' && !is_digit(*++text))
        return MALFORMED;
    for (unsigned digits = 0; is_digit(*text); text++, digits++) {
        if (digits >= FRACTION_DIGITS) {
            fine |= *text != '0';
            continue;
        }
        fraction = fraction * 10 + (unsigned)(*text - '0');
        scale *= 10;
    }
    const struct unit *unit = unit_by_suffix(units, count, text);
    if (unit == NULL)
        return MALFORMED;
    if (large)
        return TOO_LARGE;
    unsigned __int128 part = (unsigned __int128)fraction * unit->multiplier;
    if (fine || part % scale != 0)
        return UNEVEN;
    unsigned __int128 value = (unsigned __int128)whole * unit->multiplier + part / scale;
    if (value > max)
        return TOO_LARGE;
    *out = (uint64_t)value;
    return TAKEN;
}

/* Writes rest / multiplier as decimals ("" for 0, ".25"); false where they do not end within FRACTION_DIGITS. */
static bool write_fraction(uint64_t rest, uint64_t multiplier, char out[static FRACTION_DIGITS + 2])
{
    size_t length = 0;
    out[length] = '\0';
    if (rest == 0)
        return true;
    out[length++] = '.';
    for (; rest != 0 && length <= FRACTION_DIGITS; length++) {
        uint64_t tenfold = rest * 10; /* rest < multiplier < 2^42 */
        out[length] = (char)('0' + tenfold / multiplier);
        rest = tenfold % multiplier;
    }
    out[length] = '\0';
    return rest == 0;
}

/* Writes the shortest form; forms like "0.1s" are for the smallest unit only, and of two as short the one of the
 * smaller unit, with fewer decimals, stays. */
static const char *write_number(uint64_t value, const struct unit *units, size_t count, char out[static UNITS_TEXT_MAX])
{
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char fraction[FRACTION_DIGITS + 2], text[UNITS_TEXT_MAX];
        uint64_t whole = value / units[i].multiplier;
        if ((whole == 0 && i > 0) || !write_fraction(value % units[i].multiplier, units[i].multiplier, fraction))
            continue;
        snprintf(text, sizeof text, "%llu%s%s", (unsigned long long)whole, fraction, units[i].suffix);
        if (out[0] == '\0' || strlen(text) < strlen(out))
            memcpy(out, text, sizeof text);
    }
    return out;
}

const char *duration_parse(const char *text, int64_t *out_nanoseconds)
{
    uint64_t value = 0;
    if (strcmp(text, "0") == 0) { /* nothing is nothing in every unit */
        *out_nanoseconds = 0;
        return NULL;
    }
    switch (read_number(text, duration_units, ARRAY_SIZE(duration_units), INT64_MAX, &value)) {
    case MALFORMED:
        return "a duration such as 250ms, 2s, 5m or 3h";
    case UNEVEN:
        return "a duration of whole nanoseconds";
    case TOO_LARGE:
        return "a duration below 292 years";
    case TAKEN:
        break;
    }
    *out_nanoseconds = (int64_t)value;
    return NULL;
}

const char *rate_parse(const char *text, uint64_t *out_bits_per_second)
{
    switch (read_number(text, rate_units, ARRAY_SIZE(rate_units), UINT64_MAX, out_bits_per_second)) {
    case MALFORMED:
        return "a rate such as 64kbit, 10mbit or 1gbit";
    case UNEVEN:
        return "a rate of whole bits per second";
    case TOO_LARGE:
        return "a rate below 18446744073 gbit";
    case TAKEN:
        break;
    }
    return NULL;
}

const char *size_parse(const char *text, uint64_t *out_bytes)
{
    switch (read_number(text, size_units, ARRAY_SIZE(size_units), UINT64_MAX, out_bytes)) {
    case MALFORMED:
        return "a size such as 1500b, 64k or 1m";
    case UNEVEN:
        return "a size of whole bytes";
    case TOO_LARGE:
        return "a size below 17179869184g";
    case TAKEN:
        break;
    }
    return NULL;
}

const char *share_parse(const char *text, uint32_t *out_parts)
{
    uint64_t value = 0;
    switch (read_number(text, share_units, ARRAY_SIZE(share_units), SHARE_WHOLE, &value)) {
    case MALFORMED:
        return "a share such as 0.5% or 100%";
    case UNEVEN:
        return "a share with at most seven decimals";
    case TOO_LARGE:
        return "a share from 0% to 100%";
    case TAKEN:
        break;
    }
    *out_parts = (uint32_t)value;
    return NULL;
}

/* A difference of times may be negative: it is written with a sign, though no file may say it. */
const char *duration_format(int64_t nanoseconds, char out[static UNITS_TEXT_MAX])
{
    char text[UNITS_TEXT_MAX];
    uint64_t magnitude = nanoseconds < 0 ? -(uint64_t)nanoseconds : (uint64_t)nanoseconds;
    if (magnitude == 0)
        snprintf(out, UNITS_TEXT_MAX, "0");
    else
        snprintf(out, UNITS_TEXT_MAX, "%s%.40s", nanoseconds < 0 ? "-" : "",
                 write_number(magnitude, duration_units, ARRAY_SIZE(duration_units), text));
    return out;
}

const char *rate_format(uint64_t bits_per_second, char out[static UNITS_TEXT_MAX])
{
    return write_number(bits_per_second, rate_units, ARRAY_SIZE(rate_units), out);
}

const char *size_format(uint64_t bytes, char out[static UNITS_TEXT_MAX])
{
    return write_number(bytes, size_units, ARRAY_SIZE(size_units), out);
}

const char *share_format(uint32_t parts, char out[static UNITS_TEXT_MAX])
{
    return write_number(parts, share_units, ARRAY_SIZE(share_units), out);
}
