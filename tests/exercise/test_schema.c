/* Reports against the shipped schema: those named on the command line (the scripts hand over real ones), else one that
 * is right and ways in which it can be wrong. */
#include "exercise/fixture.h"
#include "exercise/schema.h"

#define REPORT_SCHEMA LABCTL_SOURCE "/man/report.schema.json"

static int problems(const json_t *value, struct str *out)
{
    json_t *schema = json_load_file(REPORT_SCHEMA, 0, NULL);
    struct schema_check check = {.root = schema, .problems = STR_INIT};
    assert_non_null(schema);
    schema_check_value(&check, schema, value, "$");
    str_append(out, str_text(&check.problems));
    int wrong = check.problems.length > 0;
    str_free(&check.problems);
    json_decref(schema);
    return wrong;
}

static json_t *report(struct fixture *f)
{
    open_fixture(f, "scenario: s\npass: 70%\ncontrol: true\ndiagnosis: { points: 5 }\n"
                    "topology:\n  lab: shop\n  bridges: { lan: {} }\n  nodes:\n"
                    "    web: { bridge: lan, address: 10.0.0.1/24 }\n    db: { bridge: lan, address: 10.0.0.2/24 }\n"
                    "guards: [ { id: g, from: web, ping: db, penalty: 1 } ]\n");
    begin(f, SESSION_PRACTICE);
    claim(f, NULL, NULL);
    MUST(f, session_stop(&f->session, SESSION_SUBMITTED, NOW(f)));
    score(f, "g+");
    return result_make(&f->session, NULL);
}

static void a_right_report_is_right(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    STR_AUTO said = STR_INIT;
    json_t *value = report(&f);
    if (problems(value, &said))
        fail_msg("%s", str_text(&said));
    assert_string_equal(text_of(get(value, "diagnosis"), "why"),
                        "5 points x credit 1 (half for where, half for what) = 5");
    json_decref(value);
}

/* Sets a member of a copy, and the schema must say what is wrong. */
static void assert_wrong(const json_t *right, const char *inside, const char *key, json_t *member, const char *words)
{
    STR_AUTO said = STR_INIT;
    json_t *value = json_deep_copy(right), *object = inside ? get(value, inside) : value;
    if (json_is_array(object))
        object = at(object, 0);
    if (member)
        json_object_set_new(object, key, member);
    else
        json_object_del(object, key);
    assert_true(problems(value, &said));
    if (!strstr(str_text(&said), words))
        fail_msg("'%s' is not in: %s", words, str_text(&said));
    json_decref(value);
}

static void a_wrong_one_is_wrong(void **state)
{
    (void)state;
    FIXTURE_AUTO f;
    json_t *right = report(&f);
    assert_wrong(right, NULL, "version", json_integer(1), "$.version: not the constant");
    assert_wrong(right, NULL, "points", NULL, "'points' is missing");
    assert_wrong(right, NULL, "more", json_true(), "$.more: not in the schema");
    assert_wrong(right, NULL, "mode", json_string("fun"), "$.mode: none of the words");
    assert_wrong(right, "points", "total", json_string("5"), "$.points.total: wrong type");
    assert_wrong(right, "guards", "lost", json_integer(-1), "$.guards[0].lost: below the minimum");
    assert_wrong(right, "guards", "why", NULL, "$.guards[0]: 'why' is missing");
    assert_wrong(right, "diagnosis", "counted", json_true(), "$.diagnosis: of none of the shapes");
    json_decref(right);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_report_is_right),
        cmocka_unit_test(a_wrong_one_is_wrong),
    };
    int wrong = 0;
    for (int i = 1; i < argc; i++) {
        STR_AUTO said = STR_INIT;
        json_t *value = json_load_file(argv[i], 0, NULL);
        if (!value || problems(value, &said)) {
            printf("%s: %s\n", argv[i], value ? str_text(&said) : "no JSON");
            wrong = 1;
        }
        json_decref(value);
    }
    return argc > 1 ? wrong : cmocka_run_group_tests(tests, NULL, NULL);
}
