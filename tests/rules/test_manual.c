/* Every rule of a topology is in the manual page, with what holds. */
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
#include "rules/rules.h"

/* A text as the page writes it. */
static const char *as_written(const char *text, struct str *out)
{
    for (; *text != '\0'; text++)
        str_append(out, *text == '-' ? "\\-" : *text == '`' ? "\\(aq" : (char[]){*text, '\0'});
    return str_text(out);
}

static void every_rule_is_in_the_manual_page(void **state)
{
    (void)state;
    STR_AUTO page = STR_INIT;
    assert_int_equal(file_read(AT_FDCWD, LABCTL_SOURCE "/man/labctl-topology.5", &page, 1 << 20), 0);
    for (size_t i = 0; i < rules_count; i++) {
        ARENA_AUTO arena = arena_new();
        STR_AUTO name = STR_INIT;
        STR_AUTO doc = STR_INIT;
        const char *level = rules_table[i].level == FINDING_WARNING ? " (a warning)" : "";
        const char *entry = arena_printf(arena, "\n.TP\n\\fB%s\\fR%s\n%s\n", as_written(rules_table[i].name, &name),
                                         level, as_written(rules_table[i].doc, &doc));
        if (strstr(str_text(&page), entry) == NULL)
            fail_msg("labctl-topology(5) lacks:%s", entry);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_rule_is_in_the_manual_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
