/* Every rule of reading has a bad file, tests/bad/RULE.yaml (more of them: RULE.WHAT.yaml), and beside it the exact
 * messages of everything that is wrong there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "load/load.h"

#define DIRECTORY LABCTL_SOURCE "/tests/bad"

/* Compares what is said about a file with the text beside it. */
static void examine(const char *rule, const char *name)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO seen = STR_INIT;
    STR_AUTO expected = STR_INIT;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *topology = NULL;
    findings_init(&findings, arena);
    load_topology(name, sources, &findings, &topology);
    findings_sort(&findings);
    findings_print(&findings, sources, false, &seen);
    topology_free(topology);
    const char *path = arena_printf(arena, "%.*s.txt", (int)(strlen(name) - strlen(".yaml")), name);
    if (file_read(AT_FDCWD, path, &expected, 1 << 20) != 0)
        fail_msg("no file %s/%s", DIRECTORY, path);
    if (!str_equal(str_text(&seen), str_text(&expected)))
        fail_msg("%s says:\n%s\nnot:\n%s", name, str_text(&seen), str_text(&expected));
    if (strstr(str_text(&seen), arena_printf(arena, "[%s]", rule)) == NULL)
        fail_msg("%s does not break its rule", name);
}

static void examine_rules(const struct rule_name *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ARENA_AUTO arena = arena_new();
        glob_t files = {0};
        examine(rules[i].name, arena_printf(arena, "%s.yaml", rules[i].name));
        if (glob(arena_printf(arena, "%s.*.yaml", rules[i].name), 0, NULL, &files) == 0)
            for (size_t k = 0; k < files.gl_pathc; k++)
                examine(rules[i].name, files.gl_pathv[k]);
        globfree(&files);
    }
}

static void every_rule_has_its_file(void **state)
{
    (void)state;
    assert_int_equal(chdir(DIRECTORY), 0);
    examine_rules(doc_rules, doc_rule_count);
    examine_rules(load_rules, load_rule_count);
}

static void every_rule_says_what_holds(void **state)
{
    (void)state;
    assert_true(doc_rule_count + load_rule_count > 30);
    for (size_t i = 0; i < doc_rule_count + load_rule_count; i++) {
        const struct rule_name *rule = i < doc_rule_count ? &doc_rules[i] : &load_rules[i - doc_rule_count];
        assert_true(strlen(rule->name) > 0 && strlen(rule->doc) > 10);
        assert_true(str_ends(rule->doc, "."));
    }
}

static void a_vanished_file_is_one_clear_error(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    STR_AUTO seen = STR_INIT;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *topology = NULL;
    findings_init(&findings, arena);
    assert_int_equal(load_topology("no/such/file.yaml", sources, &findings, &topology), -1);
    assert_null(topology);
    findings_print(&findings, sources, false, &seen);
    assert_string_equal(str_text(&seen), "no/such/file.yaml: error: cannot read 'no/such/file.yaml': "
                                         "No such file or directory [unreadable-file]\n");
}

static void a_huge_file_is_refused(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    size_t length = DOCUMENT_BYTES_MAX + 1;
    char *text = arena_alloc(arena, length);
    memset(text, '#', length);
    struct findings findings;
    struct topology *topology = NULL;
    findings_init(&findings, arena);
    assert_int_equal(load_topology_text("huge", text, length, sources_new(arena), &findings, &topology), -1);
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.items[0].rule, "too-large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_its_file),
        cmocka_unit_test(every_rule_says_what_holds),
        cmocka_unit_test(a_vanished_file_is_one_clear_error),
        cmocka_unit_test(a_huge_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
