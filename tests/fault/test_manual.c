/* labctl-scenario(5) says what the tables say: every key, default, rule, kind of fault and parameter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "doc/doc.h"
#include "fault/fault.h"
#include "load/scenario.h"

#define PAGE LABCTL_SOURCE "/man/labctl-scenario.5"

/* The page without its escapes. */
static char *page;

static int read_page(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    STR_AUTO plain = STR_INIT;
    if (file_read(AT_FDCWD, PAGE, &text, 1 << 20))
        return -1;
    for (const char *c = str_text(&text); *c; c++) {
        if (*c != '\\')
            str_append_char(&plain, *c);
        else if (c[1] == 'f')
            c += 2;
        else if (c[1] == '-')
            str_append_char(&plain, *++c);
        else if (c[1] == '(')
            str_append_char(&plain, '\''), c += 3;
    }
    page = str_steal(&plain);
    return 0;
}

static int free_page(void **state)
{
    (void)state;
    STR_AUTO text = {.data = page};
    return 0;
}

static const char *section(const char *heading, const char **end)
{
    const char *start = strstr(page, heading);
    if (!start)
        fail_msg("labctl-scenario(5) has no section %s", heading);
    *end = strstr(start + 1, "\n.S");
    return start;
}

static void stands(const char *start, const char *end, const char *what)
{
    const char *at = strstr(start, what);
    if (!at || (end && at > end))
        fail_msg("labctl-scenario(5) does not say: %s", what);
}

static void every_key(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    size_t seen = 0;
    for (size_t s = 0; s < scenario_schema_count; s++)
        for (size_t i = 0; i < scenario_schemas[s]->count; i++) {
            const struct field *field = &scenario_schemas[s]->fields[i];
            const char *end, *start;
            seen++;
            start = section(arena_printf(arena, ".SS \"Keys: %s\"\n", scenario_schemas[s]->name), &end);
            stands(start, end, arena_printf(arena, "\n.TP\n%s (", field->key));
            stands(start, end, arena_printf(arena, "\n%s\n", field->doc));
            if (field->fallback && !strchr(field->fallback, '\xe2'))
                stands(start, end, arena_printf(arena, "Default: %s.\n", field->fallback));
        }
    assert_true(seen > 40);
}

static void every_rule(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    for (size_t i = 0; i < scenario_rule_count; i++)
        stands(page, NULL, arena_printf(arena, "\n.TP\n%s\n%s\n", scenario_rules[i].name, scenario_rules[i].doc));
}

static void every_fault(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    for (size_t i = 0; i < fault_kind_count; i++) {
        const struct fault_kind *kind = fault_kinds[i];
        const char *end, *start = section(arena_printf(arena, ".SS \"Fault: %s\"\n", kind->name), &end);
        stands(start, end, kind->summary + 1);
        stands(start, end, arena_printf(arena, "Seen as: %s.", kind->symptom));
        stands(start, end, arena_printf(arena, "Found with: %s.", kind->tools));
        for (size_t p = 0; p < kind->parameter_count; p++) {
            const struct fault_parameter_row *row = &kind->parameters[p];
            stands(start, end, arena_printf(arena, "\n.TP\n%s (", row->key));
            stands(start, end, row->doc + 1);
            if (row->fallback)
                stands(start, end, arena_printf(arena, "Default: %s.\n", row->fallback));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_key), cmocka_unit_test(every_rule),
                                       cmocka_unit_test(every_fault)};
    return cmocka_run_group_tests(tests, read_page, free_page);
}
