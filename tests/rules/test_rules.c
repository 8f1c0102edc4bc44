/* Each rule has one bad file, tests/bad/RULE.yaml, and beside it the exact message of everything that is wrong there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "doc/doc.h"
#include "load/load.h"
#include "rules/rules.h"

#include <fcntl.h>

#define DIRECTORY LABCTL_SOURCE "/tests/bad/"

/* The messages about a file of this directory, and whether the rule is among them. */
static void examine(const char *rule, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO text = STR_INIT;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *topology = NULL;
    const char *name = arena_printf(arena, "%s.yaml", rule), *path = arena_printf(arena, DIRECTORY "%s", name);
    findings_init(&findings, arena);
    if (file_read(AT_FDCWD, path, &text, 1 << 20) != 0)
        fail_msg("no file %s", path);
    load_topology_text(name, text.data, text.length, sources, &findings, &topology);
    assert_non_null(topology);
    rules_check(topology, &findings);
    findings_sort(&findings);
    findings_print(&findings, sources, false, out);
    topology_free(topology);
}

static void every_rule_has_its_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < rules_count; i++) {
        STR_AUTO seen = STR_INIT;
        STR_AUTO expected = STR_INIT;
        ARENA_AUTO arena = arena_new();
        const char *name = rules_table[i].name;
        examine(name, &seen);
        if (file_read(AT_FDCWD, arena_printf(arena, DIRECTORY "%s.txt", name), &expected, 1 << 20) != 0)
            fail_msg("no file %s%s.txt", DIRECTORY, name);
        assert_string_equal(str_text(&seen), str_text(&expected));
        const char *level = rules_table[i].level == FINDING_ERROR ? "error" : "warning";
        if (!strstr(str_text(&seen), arena_printf(arena, "[%s]", name)) || !strstr(str_text(&seen), level))
            fail_msg("%s.yaml does not break its rule", name);
    }
}

static void the_table_is_well_formed(void **state)
{
    (void)state;
    assert_true(rules_count > 30);
    for (size_t i = 0; i < rules_count; i++) {
        assert_non_null(rules_table[i].check);
        assert_true(str_ends(rules_table[i].doc, "."));
        if (i > 0)
            assert_true(strcmp(rules_table[i - 1].name, rules_table[i].name) < 0);
    }
}

/* What the project ships breaks no rule. */
static void shipped_topologies(void **state)
{
    (void)state;
    static const char *const names[] = {"home-lan", "homelab-bastion", "load-balancers", "star-100",
                                        "tls-lab",  "two-routers",     "two-tier-vpc"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ARENA_AUTO arena = arena_new();
        STR_AUTO out = STR_INIT;
        struct sources *sources = sources_new(arena);
        struct findings findings;
        struct topology *topology = NULL;
        findings_init(&findings, arena);
        load_topology(arena_printf(arena, LABCTL_SOURCE "/topologies/%s.yaml", names[i]), sources, &findings,
                      &topology);
        assert_non_null(topology);
        rules_check(topology, &findings);
        findings_print(&findings, sources, false, &out);
        assert_string_equal(str_text(&out), "");
        topology_free(topology);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_its_file),
        cmocka_unit_test(the_table_is_well_formed),
        cmocka_unit_test(shipped_topologies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
