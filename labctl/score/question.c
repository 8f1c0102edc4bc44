/* Numbers are compared as written: a decimal is a whole number of units of 10^-n, so no rounding enters. */
#include "score/question.h"

#include <ctype.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "base/units.h"
#include "model/scenario.h"

/* ---- decimals ---- */

#define PLACES_MAX 9  /* after the point */
#define DIGITS_MAX 18 /* before it */

static const char *skip_spaces(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

/* "40", "-3.5", ".25", "1e3" is none; false where it is no such number, or one too long to be compared exactly. */
static bool read_decimal(const char *text, __int128 *units)
{
    unsigned digits = 0, places = 0; /* before the point, after it */
    bool point = false, negative = false;
    __int128 value = 0;
    text = skip_spaces(text);
    if (*text == '-' || *text == '+')
        negative = *text++ == '-';
    for (; isdigit((unsigned char)*text) || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        if ((point ? ++places : ++digits) > (point ? PLACES_MAX : DIGITS_MAX))
            return false;
        value = value * 10 + (*text - '0');
    }
    bool any = digits + places > 0;
    for (; places < PLACES_MAX; places++)
        value *= 10;
    *units = negative ? -value : value;
    return any && !*skip_spaces(text);
}

/* The number that is right, as it was written. */
static bool right_number(const struct question *question, __int128 *units)
{
    char text[64];
    if (question->answer && read_decimal(question->answer, units))
        return true;
    snprintf(text, sizeof text, "%.*f", PLACES_MAX, question->number);
    return read_decimal(text, units);
}

static bool number_correct(const struct question *question, const char *answer)
{
    __int128 given, right;
    if (!read_decimal(answer, &given) || !right_number(question, &right))
        return false;
    __int128 off = given > right ? given - right : right - given, size = right < 0 ? -right : right;
    return off * SHARE_WHOLE <= size * question->tolerance;
}

/* ---- texts ---- */

/* Spaces around the answer do not matter. */
static bool matches_whole(const char *pattern, const char *answer)
{
    regex_t compiled;
    regmatch_t match;
    STR_AUTO text = STR_INIT;
    str_append(&text, skip_spaces(answer));
    while (text.length && isspace((unsigned char)text.data[text.length - 1]))
        text.data[--text.length] = 0;
    if (regcomp(&compiled, pattern, REG_EXTENDED))
        return false;
    /* The leftmost longest match is the whole text if any match is. */
    bool whole =
        !regexec(&compiled, str_text(&text), 1, &match, 0) && match.rm_so == 0 && (size_t)match.rm_eo == text.length;
    regfree(&compiled);
    return whole;
}

/* Equal but for case, and for how many spaces stand where. */
static bool texts_equal(const char *a, const char *b)
{
    a = skip_spaces(a);
    b = skip_spaces(b);
    for (;;) {
        bool space_a = isspace((unsigned char)*a), space_b = isspace((unsigned char)*b);
        if (space_a)
            a = skip_spaces(a);
        if (space_b)
            b = skip_spaces(b);
        if (!*a || !*b)
            return !*a && !*b;
        if (space_a != space_b || tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        a++;
        b++;
    }
}

static bool is_choice(const struct question *question, const char *answer)
{
    for (size_t i = 0; i < question->choices.count; i++)
        if (str_equal(question->choices.items[i], answer))
            return true;
    return false;
}

/* ---- both ---- */

/* Who reads the report on a terminal is not to be played tricks upon by an answer in it. */
static bool is_written(const char *answer)
{
    for (const unsigned char *c = (const unsigned char *)answer; *c; c++)
        if ((iscntrl(*c) && !strchr("\t\n", *c)) || (*c == 0xc2 && c[1] < 0xa0))
            return false;
    return true;
}

int question_admits(const struct question *question, const char *answer, struct error *err)
{
    __int128 units;
    if (strlen(answer) > ANSWER_MAX)
        return error_set(err, ERR_USAGE, "an answer to '%s' has at most %d bytes, not %zu", question->id, ANSWER_MAX,
                         strlen(answer));
    if (!is_written(answer))
        return error_set(err, ERR_USAGE, "the answer to '%s' holds a control character; write it as plain text",
                         question->id);
    if (!*skip_spaces(answer))
        return error_set(err, ERR_USAGE, "an answer to '%s' is wanted, not an empty text", question->id);
    if (question->form == QUESTION_NUMBER && !read_decimal(answer, &units))
        return error_set(err, ERR_USAGE,
                         "'%s' is no answer to '%s': a plain number is wanted, such as 40 or 3.5, without a unit",
                         answer, question->id);
    if (question->form != QUESTION_CHOICE || is_choice(question, answer))
        return 0;
    STR_AUTO list = STR_INIT;
    for (size_t i = 0; i < question->choices.count; i++)
        str_printf(&list, "%s%s", i ? ", " : "", question->choices.items[i]);
    return error_set(err, ERR_USAGE, "'%s' is no answer to '%s': one of these is wanted: %s", answer, question->id,
                     str_text(&list));
}

bool question_correct(const struct question *question, const char *answer)
{
    switch (question->form) {
    case QUESTION_CHOICE:
        return str_equal(question->answer, answer);
    case QUESTION_NUMBER:
        return number_correct(question, answer);
    case QUESTION_PATTERN:
        return question->pattern && matches_whole(question->pattern, answer);
    default:
        return question->answer && texts_equal(question->answer, answer);
    }
}
