/* Every rule of scenarios and faults has a bad file, tests/bad/scenario/RULE.yaml, and beside it the exact messages of
 * everything that is wrong there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "doc/doc.h"
#include "fault/fault.h"
#include "load/scenario.h"
#include "model/scenario.h"

#define DIRECTORY LABCTL_SOURCE "/tests/bad/scenario"

static void examine(const char *name)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO seen = STR_INIT;
    STR_AUTO expected = STR_INIT;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct scenario *scenario = NULL;
    findings_init(&findings, arena);
    load_scenario(name, sources, &findings, &scenario);
    if (scenario && scenario->topology)
        fault_validate_all(scenario->topology, scenario->faults, scenario->fault_count, &findings);
    if (scenario && !findings.errors)
        scenario_warnings(scenario, &findings);
    findings_sort(&findings);
    findings_print(&findings, sources, false, &seen);
    scenario_free(scenario);
    const char *rule = arena_strndup(arena, name, strlen(name) - strlen(".yaml"));
    if (file_read(AT_FDCWD, arena_printf(arena, "%s.txt", rule), &expected, 1 << 20))
        fail_msg("no file %s/%s.txt", DIRECTORY, rule);
    if (!str_equal(str_text(&seen), str_text(&expected)))
        fail_msg("%s says:\n%s\nnot:\n%s", name, str_text(&seen), str_text(&expected));
    if (!strstr(str_text(&seen), arena_printf(arena, "[%s]", rule)))
        fail_msg("%s does not break its rule", name);
}

static void every_bad_file_says_what_is_wrong(void **state)
{
    (void)state;
    glob_t files = {0};
    assert_int_equal(chdir(DIRECTORY), 0);
    assert_int_equal(glob("*.yaml", 0, NULL, &files), 0);
    assert_true(files.gl_pathc > 20);
    for (size_t i = 0; i < files.gl_pathc; i++)
        examine(files.gl_pathv[i]);
    globfree(&files);
}

static void every_rule_has_its_file(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    assert_int_equal(chdir(DIRECTORY), 0);
    for (size_t i = 0; i < scenario_rule_count; i++)
        if (access(arena_printf(arena, "%s.yaml", scenario_rules[i].name), R_OK))
            fail_msg("rule %s has no bad file", scenario_rules[i].name);
    for (size_t i = 0; i < fault_kind_count; i++)
        if (fault_kinds[i]->validate && !str_starts(fault_kinds[i]->name, "dns-server") &&
            access(arena_printf(arena, "%s.yaml", fault_kinds[i]->name), R_OK))
            fail_msg("fault %s has no bad file", fault_kinds[i]->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_bad_file_says_what_is_wrong),
                                       cmocka_unit_test(every_rule_has_its_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
