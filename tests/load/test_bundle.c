/* A scenario in one text: whatever files it names are in it, and every variant of it is that of the files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "doc/doc.h"
#include "load/load.h"
#include "load/scenario.h"
#include "model/scenario.h"

#define NODES                                                                                                          \
    "bridges: { lan: {} }, nodes: { web: { bridge: lan, address: 10.0.0.1/24, files: { /etc/motd: { source: motd, "    \
    "mode: \"0600\" }, /etc/raw: { source: raw } } }, db: { bridge: lan, address: 10.0.0.2/24 }, "                     \
    "a: { link: radio, address: 10.1.0.1/24 }, b: { link: radio, address: 10.1.0.2/24 }, "                             \
    "c: { link: hall, address: 10.2.0.1/24 }, d: { link: hall, address: 10.2.0.2/24 } }, "                             \
    "links: { radio: { trace: { source: line } }, "                                                                    \
    "hall: [ { from: node/c, delay: 5ms, jitter: 1ms, distribution_table: { source: line } } ] }"
#define REST                                                                                                           \
    "vars: { victim: { choose: [web, db] }, only: { range: [1, 9] } }\n"                                               \
    "faults: [ { kind: loss, at: \"node/${victim}/eth0\", loss: 5% } ]\n"                                              \
    "tasks: [ { id: t, checks: [ { id: c, from: \"${victim}\", ping: web, points: 10 } ] } ]\n"                        \
    "solution: [ { at: db, run: \"echo ${only}\" } ]\n"

static char directory[] = "/tmp/labctl-bundle-XXXXXX";

static void put(const char *name, const char *text, size_t length)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(file_replace(AT_FDCWD, path, text, length, 0600), 0);
}

static int make(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(directory));
    put("motd", "${HOME} and $${x}\n", 18);
    put("line", "# recorded\n0\n4\n9\n", 18);
    put("raw", "\xff\x00${y}", 6);
    put("net.yaml", "{ lab: shop, " NODES " }\n", strlen("{ lab: shop, " NODES " }\n"));
    return 0;
}

static int take_away(void **state)
{
    static const char *const names[] = {"motd", "line", "raw", "net.yaml"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    return rmdir(directory);
}

static struct document *parse(struct arena *arena, const char *name, const char *text, struct findings *findings)
{
    char path[64];
    findings_init(findings, arena);
    snprintf(path, sizeof path, "%s/%s", name ? directory : "/nowhere", name ? name : "sealed");
    return document_parse(arena, sources_new(arena), path, text, strlen(text), findings);
}

/* The drawn scenario and its topology as text. */
static void write_drawn(struct document *document, const struct scenario *scenario, struct str *out)
{
    assert_non_null(scenario);
    for (size_t i = 0; i < document->findings->count; i++)
        print_message("%s\n", document->findings->items[i].text);
    assert_int_equal(document->findings->errors, 0);
    scenario_strip(document, out);
    dump_topology(scenario->topology, out);
}

static void same_variants(const char *text)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    struct error err = ERROR_INIT;
    STR_AUTO bundle = STR_INIT;
    if (scenario_bundle(parse(arena, "drill.yaml", text, &findings), &bundle, &err))
        fail_msg("%s", err.text);
    assert_null(strstr(str_text(&bundle), "echo"));
    assert_null(strstr(str_text(&bundle), "source"));
    for (int seed = 0; seed < 4; seed++) {
        char digits[12];
        snprintf(digits, sizeof digits, "%d", seed);
        const struct variant variant = {.seed = digits, .learner = "ada"};
        STR_AUTO wanted = STR_INIT;
        STR_AUTO drawn = STR_INIT;
        struct scenario *scenario = NULL;
        struct document *document = parse(arena, "drill.yaml", text, &findings);
        load_scenario_document(document, &variant, &scenario);
        write_drawn(document, scenario, &wanted);
        document = parse(arena, NULL, str_text(&bundle), &findings);
        load_scenario_bundle(document, &variant, &scenario);
        write_drawn(document, scenario, &drawn);
        assert_non_null(strstr(str_text(&drawn), "trace: \"0,4,9\""));
        assert_string_equal(str_text(&wanted), str_text(&drawn));
    }
}

static void test_beside(void **state)
{
    (void)state;
    same_variants("scenario: drill\ntitle: A drill\ntopology: net.yaml\n" REST);
}

static void test_in_place(void **state)
{
    (void)state;
    same_variants("scenario: drill\ntitle: A drill\ntopology: { lab: \"shop-${only}\", " NODES " }\n" REST);
}

static void refused(const char *text, const char *says)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    struct error err = ERROR_INIT;
    STR_AUTO bundle = STR_INIT;
    assert_int_equal(scenario_bundle(parse(arena, "drill.yaml", text, &findings), &bundle, &err), -1);
    if (!strstr(err.text, says))
        fail_msg("'%s' is not \"%s\"", err.text, says);
    assert_int_equal(bundle.length, 0);
}

static void test_refused(void **state)
{
    (void)state;
    refused("scenario: a\ntopology: \"${x}.yaml\"\n", "'${x}.yaml', depends on what is drawn");
    refused("scenario: a\ntopology: { nodes: { web: { files: { /a: { source: \"${x}\" } } } } }\n", "depends on what");
    refused("scenario: a\ntopology: { nodes: { web: { files: { /a: { source: gone } } } } }\n", "read 'gone'");
    refused("scenario: a\ntopology: gone.yaml\n", "'gone.yaml' is not valid");
    refused("scenario: a\n", "no topology");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beside),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, make, take_away);
}
