/* The writers: everything of a result is in them, nothing in it can break out of the format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/str.h"
#include "report/report.h"

#define RESULT LABCTL_SOURCE "/tests/report/result.json"

static json_t *result;

static int read_result(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    if (file_read(AT_FDCWD, RESULT, &text, 1 << 20))
        return -1;
    result = json_loads(str_text(&text), 0, NULL);
    return result ? 0 : -1;
}

static int free_result(void **state)
{
    (void)state;
    json_decref(result);
    return 0;
}

static void write_as(const char *format, const json_t *what, struct str *out)
{
    const struct report_writer *writer = report_writer_find(format);
    assert_non_null(writer);
    writer->write(what, false, out);
}

static void holds(const struct str *text, const char *part)
{
    if (!strstr(str_text(text), part))
        fail_msg("'%s' is not in:\n%s", part, str_text(text));
}

/* Every opening tag has its end, in order; void elements of HTML have none. */
static void is_balanced(const char *text)
{
    static const char *const empty[] = {"meta", "br"};
    char open[64][32];
    size_t depth = 0;
    for (const char *c = strchr(text, '<'); c; c = strchr(c + 1, '<')) {
        char name[32] = "";
        bool end = c[1] == '/', alone = false;
        if (c[1] == '!' || c[1] == '?')
            continue;
        sscanf(c + 1 + end, "%31[a-z0-9]", name);
        assert_true(*name);
        const char *close = strchr(c, '>');
        assert_non_null(close);
        alone = close[-1] == '/';
        for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
            alone = alone || str_equal(name, empty[i]);
        if (end) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], name);
        } else if (!alone) {
            assert_true(depth < 64);
            strcpy(open[depth++], name);
        }
        if (!end && (str_equal(name, "style") || str_equal(name, "script")))
            c = strstr(c, "</") - 1;
    }
    assert_int_equal(depth, 0);
}

static void html_is_whole_and_safe(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    write_as("html", result, &text);
    is_balanced(str_text(&text));
    assert_null(strstr(str_text(&text), "<script"));
    assert_null(strstr(str_text(&text), "http-equiv"));
    assert_null(strstr(str_text(&text), "src="));
    holds(&text, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more");
    holds(&text, "77.50% passed");
    holds(&text, "15.5 of 20 points; pass mark 70%");
    holds(&text, "where: 1/2, what: 1 of 1");
    holds(&text, "<rect x=");
    holds(&text, "vertex node broken");
    holds(&text, "class=\"edge changed\"");
    holds(&text, "seen as");
    holds(&text, "office → web:80");
    holds(&text, "set vpc/main/cidr");
    holds(&text, "deadbeef");
    holds(&text, "−3");
}

static void markdown_escapes_its_own_signs(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    write_as("markdown", result, &text);
    holds(&text, "**15.5 of 20 points, 77.50%: passed**");
    holds(&text, "\\<script\\>alert(1)\\</script\\>");
    holds(&text, "a \\| b");
    holds(&text, "- fixed: office → web:80");
    holds(&text, "- diagnose: never");
    holds(&text, "## Hints taken\n\n- 0:30, reach, cost 2: Look \\<there\\>\n");
    holds(&text, "- 1:00: loss at node/web; 3.5 points.  where: 1/2, what: 1 of 1\n");
    assert_null(strstr(str_text(&text), "<script>"));
}

static void text_explains_every_point(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    write_as("text", result, &text);
    holds(&text, "  5 of 5  why: Why?\n      answered: loss\n");
    holds(&text, "      right: 5 of 5 points\n      because\n");
    holds(&text, "  at 1:00: loss at node/web; 3.5 points\n      where: 1/2, what: 1 of 1\n  half of it\n");
    holds(&text, "  fixed         office -> web:80\n  preserved     12 pairs\n");
    holds(&text, "detect 0:10, localise 1:00, diagnose never, mitigate 9:50\n  programs were not restored\n");
    holds(&text, "tasks 10 + questions 5\n15.5 of 20 points, 77.50%; pass mark 70%: passed\n");
}

static void junit_counts(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    write_as("junit", result, &text);
    is_balanced(str_text(&text));
    holds(&text, "<testsuites name=\"drill\" tests=\"6\" failures=\"3\" errors=\"1\"");
    holds(&text, "<testsuite name=\"reach\" tests=\"3\" failures=\"1\" errors=\"1\">");
    holds(&text, "&lt;script&gt;");
}

static void csv_is_two_lines_with_as_many_fields(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    write_as("csv", result, &text);
    const char *first = str_text(&text), *second = strstr(first, "\r\n");
    assert_non_null(second);
    size_t columns = 0, fields = 0;
    for (const char *c = first; c < second; c++)
        columns += *c == ',';
    bool quoted = false;
    for (const char *c = second + 2; *c && *c != '\r'; c++) {
        quoted = quoted != (*c == '"');
        fields += *c == ',' && !quoted;
    }
    assert_int_equal(columns, fields);
    holds(&text, "\"'=1+1, \"\"Ann\"\"\",\"drill\",\"7\",\"exam\"");
    holds(&text, ",15.5,20,77.5,\"70%\",true,");
}

/* A file of an older version lacks most members: no writer may fall over that. */
static void a_poor_result_is_written_all_the_same(void **state)
{
    (void)state;
    json_t *poor = json_pack("{s:i, s:s}", "version", 1, "scenario", "old");
    for (size_t i = 0; i < report_writer_count; i++) {
        STR_AUTO text = STR_INIT;
        report_writers[i].write(poor, true, &text);
        holds(&text, "old");
    }
    json_decref(poor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_is_whole_and_safe),
        cmocka_unit_test(markdown_escapes_its_own_signs),
        cmocka_unit_test(text_explains_every_point),
        cmocka_unit_test(junit_counts),
        cmocka_unit_test(csv_is_two_lines_with_as_many_fields),
        cmocka_unit_test(a_poor_result_is_written_all_the_same),
    };
    return cmocka_run_group_tests(tests, read_result, free_result);
}
