/* A briefing is filled to a width, and what its author laid out stays. */
#include "report/briefing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

static const char status_text[] =
    "{'scenario': 's', 'title': 'T', 'level': 2, 'mode': 'practice', 'note': 'self-study, unverified',"
    " 'briefing': 'One line\\nand the next of the same paragraph, which is long.\\n\\n- a point that is longer than "
    "the "
    "window is wide\\n- b\\n\\n    ip route   get 1.1.1.1\\n',"
    " 'time_allowed_s': 5400, 'points': {'maximum': 30, 'pass_mark': '70%'}, 'hints_left': 1, 'phase': 'two',"
    " 'phases': [{'id': 'one', 'time_allowed_s': 60}, {'id': 'two', 'time_allowed_s': 120}],"
    " 'tickets': [{'id': 'dns', 'phase': 'two', 'restrict': 'hands off'},"
    "             {'id': 'asymmetric', 'phase': 'two', 'title': 'No replies'}],"
    " 'tasks': [{'id': 'a', 'phase': 'one', 'maximum': 1}, {'id': 'b', 'title': 'grün', 'phase': 'two', 'maximum': "
    "29}],"
    " 'questions': [{'id': 'q', 'ask': 'Why?', 'points': 5, 'choices': ['x', 'y']},"
    "               {'id': 'r', 'ask': 'How?', 'points': 5, 'answered': 'so'}],"
    " 'diagnosis_points': 10, 'articulate': {'prompt': 'Say it.', 'words_wanted': 50, 'words': 0, 'points': 5}}";

static json_t *status(void)
{
    char text[sizeof status_text];
    memcpy(text, status_text, sizeof text);
    for (char *at = text; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *value = json_loads(text, 0, NULL);
    assert_non_null(value);
    return value;
}

static size_t widest(const char *text)
{
    size_t most = 0, column = 0;
    for (; *text; text++) {
        if (*text == '\n')
            column = 0;
        else if (((unsigned char)*text & 0xc0) != 0x80 && ++column > most)
            most = column;
    }
    return most;
}

static void test_filled(void **state)
{
    (void)state;
    json_t *value = status();
    for (unsigned width = 40; width < 120; width += 13) {
        STR_AUTO text = STR_INIT;
        briefing_write(value, width, false, &text);
        assert_in_range(widest(str_text(&text)), 30, width);
        assert_non_null(strstr(str_text(&text), "\n- a point that"));
        assert_non_null(strstr(str_text(&text), "\n- b\n"));
        assert_non_null(strstr(str_text(&text), "\n    ip route   get 1.1.1.1\n"));
        assert_null(strchr(str_text(&text), '\033'));
    }
    json_decref(value);
}

static void test_phase(void **state)
{
    (void)state;
    json_t *value = status();
    STR_AUTO text = STR_INIT;
    briefing_phase(value, 0, true, &text);
    assert_non_null(strstr(str_text(&text), "\033[1mPhase two (2 min)\033[0m\n"));
    assert_non_null(strstr(str_text(&text), "Ticket dns\n"));
    assert_non_null(strstr(str_text(&text), "Restriction: hands off"));
    assert_non_null(strstr(str_text(&text), "Ticket: No replies\n"));
    assert_null(strstr(str_text(&text), "asymmetric"));
    assert_non_null(strstr(str_text(&text), "b: grün (29 points)"));
    assert_null(strstr(str_text(&text), "a: "));
    assert_non_null(strstr(str_text(&text), "q: Why? (5 points)\n      - x\n      - y\n"));
    assert_null(strstr(str_text(&text), "How?")); /* it was answered */
    assert_non_null(strstr(str_text(&text), "About 50 words"));
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_filled), cmocka_unit_test(test_phase)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
