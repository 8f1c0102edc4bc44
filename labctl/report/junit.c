/* JUnit XML, as build servers read it: a suite for each task, one for the guards, one for the answers. */
#include "base/str.h"
#include "report/drawing.h"
#include "report/member.h"
#include "report/writers.h"

struct counts {
    size_t tests, failures, errors;
};

static void count(struct counts *counts, const json_t *check)
{
    const char *verdict = member_text(check, "verdict");
    counts->tests++;
    counts->failures += str_equal(verdict, "fail");
    counts->errors += str_equal(verdict, "error") || str_equal(verdict, "unsupported");
}

static void write_name(const char *key, const char *value, struct str *out)
{
    str_printf(out, " %s=\"", key);
    xml_text(out, value);
    str_append_char(out, '"');
}

static void write_case(const char *suite, const json_t *check, struct str *out)
{
    const char *verdict = member_text(check, "verdict");
    bool failed = str_equal(verdict, "fail");
    str_append(out, "    <testcase");
    write_name("classname", suite, out);
    write_name("name", member_text(check, "id"), out);
    str_printf(out, " time=\"%.3f\"", member_number(check, "duration_ms") / 1000);
    if (str_equal(verdict, "pass")) {
        str_append(out, "/>\n");
        return;
    }
    str_printf(out, ">\n      <%s", failed ? "failure" : "error");
    write_name("message", member_text(check, "seen"), out);
    str_append(out, ">");
    xml_text(out, member_text(check, "asked"));
    str_append(out, ": expected ");
    xml_text(out, member_text(check, "expected"));
    str_append(out, ", saw ");
    xml_text(out, member_text(check, "seen"));
    str_printf(out, "</%s>\n    </testcase>\n", failed ? "failure" : "error");
}

static void write_suite(const char *name, const json_t *checks, struct counts *all, struct str *out)
{
    struct counts counts = {0};
    size_t i;
    const json_t *check;
    json_array_foreach(checks, i, check) count(&counts, check);
    if (!counts.tests)
        return;
    str_append(out, "  <testsuite");
    write_name("name", name, out);
    str_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n", counts.tests, counts.failures, counts.errors);
    json_array_foreach(checks, i, check) write_case(name, check, out);
    str_append(out, "  </testsuite>\n");
    all->tests += counts.tests;
    all->failures += counts.failures;
    all->errors += counts.errors;
}

/* A question or the diagnosis, as a check. */
static json_t *as_check(const char *id, bool right, const char *why)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "verdict", right ? "pass" : "fail", "asked", id, "expected",
                     "the right answer", "seen", why);
}

static json_t *answers(const json_t *result)
{
    size_t i;
    const json_t *question, *diagnosis = json_object_get(result, "diagnosis");
    json_t *checks = json_array();
    json_array_foreach(member_list(result, "questions"), i, question) json_array_append_new(
        checks, as_check(member_text(question, "id"), member_truth(question, "correct"), member_text(question, "why")));
    if (json_is_object(diagnosis))
        json_array_append_new(checks, as_check("diagnosis",
                                               member_number(diagnosis, "earned") == member_number(diagnosis, "points"),
                                               member_text(diagnosis, "why")));
    return checks;
}

void report_junit(const json_t *result, bool color, struct str *out)
{
    STR_AUTO suites = STR_INIT;
    struct counts all = {0};
    size_t i;
    const json_t *task;
    (void)color;
    json_array_foreach(member_list(result, "tasks"), i, task)
        write_suite(member_text(task, "id"), member_list(task, "checks"), &all, &suites);
    write_suite("guards", member_list(result, "guards"), &all, &suites);
    json_t *answered = answers(result);
    write_suite("answers", answered, &all, &suites);
    json_decref(answered);
    str_append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    write_name("name", member_text(result, "scenario"), out);
    str_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%.3f\">\n%s</testsuites>\n", all.tests,
               all.failures, all.errors, member_number(result, "time_used_s"), str_text(&suites));
}
