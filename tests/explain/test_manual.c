/* The codes: well formed, and each in the manual page with what it means and what helps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "explain/explain.h"

/* A text as the page writes it. */
static const char *as_written(const char *text, struct str *out)
{
    for (; *text != '\0'; text++)
        str_append(out, *text == '-' ? "\\-" : *text == '`' ? "\\(aq" : (char[]){*text, '\0'});
    return str_text(out);
}

static void every_code_is_in_the_manual_page(void **state)
{
    (void)state;
    STR_AUTO page = STR_INIT;
    assert_int_equal(file_read(AT_FDCWD, LABCTL_SOURCE "/man/labctl.1", &page, 1 << 20), 0);
    for (size_t i = CODE_NONE + 1; i < CODE_COUNT; i++) {
        ARENA_AUTO arena = arena_new();
        STR_AUTO meaning = STR_INIT;
        STR_AUTO remedy = STR_INIT;
        const struct explain_code_row *row = &explain_codes[i];
        const char *level = row->level == LEVEL_DOUBT     ? " (ambiguous)"
                            : row->level == LEVEL_UNKNOWN ? " (undetermined)"
                                                          : "";
        const char *entry = arena_printf(arena, "\n.TP\n\\fB%s\\fR%s\n%s\n%s\n", row->name, level,
                                         as_written(row->meaning, &meaning), as_written(row->remedy, &remedy));
        if (strstr(str_text(&page), entry) == NULL)
            fail_msg("labctl(1) lacks:%s", entry);
    }
}

static void codes_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < CODE_COUNT; i++) {
        const struct explain_code_row *row = &explain_codes[i];
        assert_non_null(row->name);
        assert_int_equal(strspn(row->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), strlen(row->name));
        assert_true(row->level < LEVEL_COUNT);
        assert_true(str_ends(row->meaning, ".") && str_ends(row->remedy, "."));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(row->name, explain_codes[j].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_well_formed),
        cmocka_unit_test(every_code_is_in_the_manual_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
