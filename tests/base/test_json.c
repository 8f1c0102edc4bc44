/* JSON writer: shape, escapes, numbers, and misuse that is asserted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/table.h"

/* Writes a value that has every shape in it. */
static void write_sample(struct json *json)
{
    json_put_object(json);
    json_put_string_member(json, "name", "h1");
    json_put_key(json, "links");
    json_put_array(json);
    json_put_integer(json, 1);
    json_put_object(json);
    json_put_object_end(json);
    json_put_array(json);
    json_put_array_end(json);
    json_put_null(json);
    json_put_array_end(json);
    json_put_key(json, "at");
    json_put_object(json);
    json_put_boolean_member(json, "up", true);
    json_put_boolean_member(json, "down", false);
    json_put_object_end(json);
    json_put_integer_member(json, "mtu", 1500);
    json_put_number_member(json, "loss", 0.5);
    json_put_string_member(json, "note", NULL);
    json_put_object_end(json);
}

static void one_line(void **state)
{
    (void)state;
    STR_AUTO out = STR_INIT;
    struct json json;
    json_init(&json, &out, false);
    write_sample(&json);
    assert_string_equal(str_text(&out), "{\"name\":\"h1\",\"links\":[1,{},[],null],\"at\":{\"up\":true,\"down\":false},"
                                        "\"mtu\":1500,\"loss\":0.5,\"note\":null}");
}

static void pretty(void **state)
{
    (void)state;
    STR_AUTO out = STR_INIT;
    struct json json;
    json_init(&json, &out, true);
    write_sample(&json);
    assert_string_equal(str_text(&out), "{\n"
                                        "  \"name\": \"h1\",\n"
                                        "  \"links\": [\n"
                                        "    1,\n"
                                        "    {},\n"
                                        "    [],\n"
                                        "    null\n"
                                        "  ],\n"
                                        "  \"at\": {\n"
                                        "    \"up\": true,\n"
                                        "    \"down\": false\n"
                                        "  },\n"
                                        "  \"mtu\": 1500,\n"
                                        "  \"loss\": 0.5,\n"
                                        "  \"note\": null\n"
                                        "}");
}

static void values_at_the_top_stand_one_a_line(void **state)
{
    (void)state;
    STR_AUTO out = STR_INIT;
    struct json json;
    str_append(&out, "before ");
    json_init(&json, &out, false);
    json_put_integer(&json, 1);
    json_put_array(&json);
    json_put_string(&json, "x");
    json_put_array_end(&json);
    json_put_null(&json);
    assert_string_equal(str_text(&out), "before 1\n[\"x\"]\nnull");
}

/* Writes one string at the top and compares. */
static void assert_string_written(const char *text, const char *expected)
{
    STR_AUTO out = STR_INIT;
    struct json json;
    json_init(&json, &out, false);
    json_put_string(&json, text);
    assert_string_equal(str_text(&out), expected);
}

static void strings_are_escaped(void **state)
{
    (void)state;
    assert_string_written("", "\"\"");
    assert_string_written("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
    assert_string_written("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
    assert_string_written("\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"");
    assert_string_written("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80",
                          "\"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

#define REPLACED "\xef\xbf\xbd"

static void broken_utf8_is_replaced(void **state)
{
    (void)state;
    assert_string_written("a\xff"
                          "b",
                          "\"a" REPLACED "b\"");
    assert_string_written("\xc3", "\"" REPLACED "\"");
    assert_string_written("\xc3\"", "\"" REPLACED "\\\"\"");
    assert_string_written("\xed\xa0\x80", "\"" REPLACED REPLACED REPLACED "\"");
    assert_string_written("\xe2\x82\n", "\"" REPLACED REPLACED "\\n\"");
}

static void keys_are_escaped_too(void **state)
{
    (void)state;
    STR_AUTO out = STR_INIT;
    struct json json;
    json_init(&json, &out, false);
    json_put_object(&json);
    json_put_integer_member(&json, "a\"\n", INT64_MIN);
    json_put_integer_member(&json, "", INT64_MAX);
    json_put_object_end(&json);
    assert_string_equal(str_text(&out), "{\"a\\\"\\n\":-9223372036854775808,\"\":9223372036854775807}");
}

static void numbers_are_short_and_exact(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {3, "3"},
        {-1.25, "-1.25"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {1e300, "1e+300"},
        {5e-324, NULL},
        {0.1 + 0.2, "0.30000000000000004"},
        {123456789012, "123456789012"},
        {NAN, "null"},
        {INFINITY, "null"},
        {-INFINITY, "null"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        STR_AUTO out = STR_INIT;
        struct json json;
        json_init(&json, &out, false);
        json_put_number(&json, cases[i].value);
        if (cases[i].text != NULL)
            assert_string_equal(str_text(&out), cases[i].text);
        if (isfinite(cases[i].value))
            assert_true(strtod(str_text(&out), NULL) == cases[i].value);
    }
}

static void the_deepest_level_is_usable(void **state)
{
    (void)state;
    STR_AUTO out = STR_INIT;
    struct json json;
    json_init(&json, &out, false);
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        json_put_array(&json);
    json_put_integer(&json, 1);
    json_put_integer(&json, 2);
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        json_put_array_end(&json);
    assert_int_equal(out.length, 2 * JSON_DEPTH_MAX + 3);
}

/* Whether `misuse` of a writer ends its process by abort(). */
static bool aborts(void (*misuse)(struct json *json))
{
    pid_t child = fork();
    if (child == 0) {
        STR_AUTO out = STR_INIT;
        struct json json;
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        json_init(&json, &out, false);
        misuse(&json);
        _exit(0);
    }
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void value_without_key(struct json *json)
{
    json_put_object(json);
    json_put_integer(json, 1);
}

static void key_in_array(struct json *json)
{
    json_put_array(json);
    json_put_key(json, "a");
}

static void key_without_value(struct json *json)
{
    json_put_object(json);
    json_put_key(json, "a");
    json_put_object_end(json);
}

static void wrong_end(struct json *json)
{
    json_put_object(json);
    json_put_array_end(json);
}

static void end_of_nothing(struct json *json)
{
    json_put_object_end(json);
}

static void too_deep(struct json *json)
{
    for (int i = 0; i <= JSON_DEPTH_MAX; i++)
        json_put_array(json);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_true(aborts(value_without_key));
    assert_true(aborts(key_in_array));
    assert_true(aborts(key_without_value));
    assert_true(aborts(wrong_end));
    assert_true(aborts(end_of_nothing));
    assert_true(aborts(too_deep));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line),
        cmocka_unit_test(pretty),
        cmocka_unit_test(values_at_the_top_stand_one_a_line),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(broken_utf8_is_replaced),
        cmocka_unit_test(keys_are_escaped_too),
        cmocka_unit_test(numbers_are_short_and_exact),
        cmocka_unit_test(the_deepest_level_is_usable),
        cmocka_unit_test(misuse_is_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
