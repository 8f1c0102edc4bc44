/* Answers of every form: what is right, what is wrong, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/units.h"
#include "model/scenario.h"
#include "score/question.h"

static const char *choices[] = {"a", "b", "c"};
static const struct question choice = {.id = "why", .form = QUESTION_CHOICE, .choices = {choices, 3}, .answer = "b"};

static struct question number(const char *written, double value, uint32_t percent)
{
    return (struct question){.id = "rtt",
                             .form = QUESTION_NUMBER,
                             .answer = written,
                             .number = value,
                             .tolerance = percent * (SHARE_WHOLE / 100)};
}

static void a_choice_is_the_choice(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    assert_true(question_correct(&choice, "b"));
    assert_false(question_correct(&choice, "a"));
    assert_int_equal(question_admits(&choice, "c", &err), 0);
    assert_int_equal(question_admits(&choice, "d", &err), -1);
    assert_int_equal(err.kind, ERR_USAGE);
    assert_non_null(strstr(err.text, "a, b, c"));
    error_clear(&err);
    assert_int_equal(question_admits(&choice, "  ", &err), -1);
}

static void what_is_no_plain_text_is_no_answer(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    static char long_text[ANSWER_MAX + 2];
    const struct question word = {.id = "word", .form = QUESTION_TEXT, .answer = "main"};
    assert_int_equal(question_admits(&word, "the\tmain\ntable é", &err), 0);
    assert_int_equal(question_admits(&word, "\033[2Jmain", &err), -1);
    assert_int_equal(err.kind, ERR_USAGE);
    error_clear(&err);
    assert_int_equal(question_admits(&word, "a\177", &err), -1);
    error_clear(&err);
    assert_int_equal(question_admits(&word, "\xc2\x9b", &err), -1);
    error_clear(&err);
    memset(long_text, 'x', ANSWER_MAX);
    assert_int_equal(question_admits(&word, long_text, &err), 0);
    long_text[ANSWER_MAX] = 'x';
    assert_int_equal(question_admits(&word, long_text, &err), -1);
}

static void a_number_is_compared_in_decimal(void **state)
{
    (void)state;
    struct question forty = number("40", 40, 10);
    assert_true(question_correct(&forty, "40"));
    assert_true(question_correct(&forty, "36"));
    assert_true(question_correct(&forty, "44.000"));
    assert_false(question_correct(&forty, "35.999999999"));
    assert_false(question_correct(&forty, "44.000000001"));
    assert_true(question_correct(&forty, " +40. "));
    struct question tenth = number("0.1", 0.1, 10); /* 0.1 and 0.11 have no exact binary form */
    assert_true(question_correct(&tenth, "0.11"));
    assert_true(question_correct(&tenth, ".09"));
    assert_false(question_correct(&tenth, "0.110000001"));
    struct question exact = number("1500", 1500, 0);
    assert_true(question_correct(&exact, "1500.0"));
    assert_false(question_correct(&exact, "1500.1"));
    struct question negative = number("-60", -60, 5);
    assert_true(question_correct(&negative, "-63"));
    assert_false(question_correct(&negative, "60"));
    struct question large = number(NULL, 123456789012, 1);
    assert_true(question_correct(&large, "123456789013"));
    struct question bare = number(NULL, 2.5, 0); /* where only the value was kept */
    assert_true(question_correct(&bare, "2.5"));
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"40ms", "forty", "1e3", "4 0", "", "0x28", "1.0000000001", "--4", "."};
    struct question forty = number("40", 40, 10);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error err = ERROR_INIT;
        assert_int_equal(question_admits(&forty, bad[i], &err), -1);
        assert_int_equal(err.kind, ERR_USAGE);
    }
}

static void a_pattern_matches_the_whole(void **state)
{
    (void)state;
    struct question question = {.id = "cmd", .form = QUESTION_PATTERN, .pattern = "ip route get .*"};
    assert_true(question_correct(&question, "ip route get 10.0.0.1"));
    assert_true(question_correct(&question, " ip route get 10.0.0.1\n"));
    assert_false(question_correct(&question, "sudo ip route get 10.0.0.1"));
    question.pattern = "^ip r(oute)? get .*";
    assert_true(question_correct(&question, "ip r get 10.0.0.1"));
    question.pattern = "a|ab"; /* the longer one is the whole */
    assert_true(question_correct(&question, "ab"));
    assert_false(question_correct(&question, "abc"));
    question.pattern = "ss|netstat";
    assert_false(question_correct(&question, "ss -lnt"));
}

static void a_text_is_equal_but_for_case_and_spaces(void **state)
{
    (void)state;
    struct question question = {.id = "who", .form = QUESTION_TEXT, .answer = "Path MTU discovery"};
    assert_true(question_correct(&question, "  path   mtu Discovery\n"));
    assert_false(question_correct(&question, "path mtu"));
    assert_false(question_correct(&question, "pathmtu discovery"));
    assert_false(question_correct(&question, "path mtu discovery!"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_choice_is_the_choice),          cmocka_unit_test(what_is_no_plain_text_is_no_answer),
        cmocka_unit_test(a_number_is_compared_in_decimal), cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(a_pattern_matches_the_whole),     cmocka_unit_test(a_text_is_equal_but_for_case_and_spaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
