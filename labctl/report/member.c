/* Members of a result, as writers want them. */
#include "report/member.h"

#include "base/str.h"
#include "report/report.h"

const char *member_text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

double member_number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

long long member_integer(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

bool member_truth(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

const json_t *member_list(const json_t *object, const char *key)
{
    const json_t *list = json_object_get(object, key);
    return json_is_array(list) ? list : NULL; /* jansson takes NULL for an empty one */
}

bool member_is_null(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return !value || json_is_null(value);
}

void member_points(const json_t *object, const char *key, struct str *out)
{
    str_printf(out, "%.10g", member_number(object, key));
}

void member_clock(const json_t *object, const char *key, struct str *out)
{
    report_clock(member_number(object, key), out);
}

void member_percent(const json_t *points, struct str *out)
{
    long hundredths = (long)(member_number(points, "percent") * 100 + 0.5);
    str_printf(out, hundredths % 100 ? "%ld.%02ld%%" : "%ld%%", hundredths / 100, hundredths % 100);
}

void member_words(const json_t *list, struct str *out)
{
    size_t count = json_array_size(list);
    for (size_t i = 0; i < count; i++) {
        const char *word = json_string_value(json_array_get(list, i));
        str_printf(out, "%s%s", i == 0 ? "" : i + 1 == count ? " and " : ", ", word ? word : "?");
    }
}
