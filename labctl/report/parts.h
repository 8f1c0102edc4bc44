/* What the texts of a report, of a status and of a briefing are made of: members of JSON objects, and how they are
 * written.  Private to report/. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"
#include "report/report.h"

#define POINTS_TEXT 32

#define BOLD  "\033[1m"
#define DIM   "\033[2m"
#define GREEN "\033[32m"
#define RED   "\033[31m"
#define PLAIN "\033[0m"

static inline const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

static inline long long number(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

/* Points may have halves. */
static inline const char *points_text(const json_t *object, const char *key, char out[static POINTS_TEXT])
{
    snprintf(out, POINTS_TEXT, "%.10g", json_number_value(json_object_get(object, key)));
    return out;
}

static inline bool truth(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static inline void clock_member(const json_t *object, const char *key, struct str *out)
{
    report_clock(json_number_value(json_object_get(object, key)), out);
}

static inline void paint(struct str *out, bool color, const char *code, const char *words)
{
    str_printf(out, "%s%s%s", color ? code : "", words, color ? PLAIN : "");
}

/* "s" where it is not one. */
static inline const char *plural(long long count)
{
    return count == 1 ? "" : "s";
}

static inline void write_percent(const json_t *points, struct str *out)
{
    double percent = json_number_value(json_object_get(points, "percent"));
    long hundredths = (long)(percent * 100 + 0.5);
    str_printf(out, "%ld", hundredths / 100);
    if (hundredths % 100)
        str_printf(out, ".%02ld", hundredths % 100);
    str_append(out, "%");
}
