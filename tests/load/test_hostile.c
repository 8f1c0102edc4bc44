/* Hostile files: whatever the bytes, reading ends soon, with findings, without touching what it must not (run with
 * sanitizers by `make asan`). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "load/generate.h"
#include "load/load.h"
#include "model/topology.h"
#include "quick.h"

#define ROUNDS_MAX 4000
#define TIME_MAX   (20 * NANOSECONDS_PER_SECOND)

/* Reads the bytes; a topology without errors must survive its dump. */
static void survive(const char *text, size_t length)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO seen = STR_INIT;
    STR_AUTO dump = STR_INIT;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *topology = NULL, *again = NULL;
    findings_init(&findings, arena);
    int result = load_topology_text("hostile", text, length, sources, &findings, &topology);
    assert_int_equal(result, findings.errors > 0 ? -1 : 0);
    findings_sort(&findings);
    findings_print(&findings, sources, true, &seen);
    if (result == 0) {
        dump_topology(topology, &dump);
        if (load_topology_text("dump", str_text(&dump), dump.length, sources, &findings, &again) != 0) {
            str_clear(&seen);
            findings_print(&findings, sources, false, &seen);
            fail_msg("%.*s\nis dumped as\n%s\nwhich says\n%s", (int)length, text, str_text(&dump), str_text(&seen));
        }
        topology_free(again);
    }
    topology_free(topology);
}

/* Changes a few bytes: flips, repetitions, cuts, pieces moved. */
static void mutate(struct random *random, struct str *text)
{
    static const char bytes[] = "{}[]:,-#&*!|>'\"%@`?\n\t ~<0x\xff\xc3";
    unsigned changes = below(random, 5) + 1;
    for (unsigned i = 0; i < changes && text->length > 10; i++) {
        size_t at = below(random, (unsigned)text->length - 5), other = below(random, (unsigned)text->length - 5);
        switch (below(random, 5)) {
        case 0:
            text->data[at] = bytes[below(random, sizeof bytes - 1)];
            break;
        case 1:
            text->data[at] ^= (char)(1u << below(random, 8));
            break;
        case 2:
            text->length = at + 1; /* the rest is lost */
            text->data[text->length] = '\0';
            break;
        case 3:
            memmove(text->data + at, text->data + other, 5);
            break;
        default:
            memmove(text->data + at, text->data + at + 3, text->length - at - 2);
            text->length -= 3;
        }
    }
}

static void mutated_files_are_survived(void **state)
{
    (void)state;
    struct random random = {.state = 42};
    glob_t files = {0};
    int64_t end = clock_monotonic() + TIME_MAX;
    assert_int_equal(chdir(LABCTL_SOURCE "/topologies"), 0);
    assert_int_equal(glob("*.yaml", 0, NULL, &files), 0);
    assert_int_equal(glob("../tests/bad/*.yaml", GLOB_APPEND, NULL, &files), 0);
    for (unsigned round = 0; round < ROUNDS_MAX && clock_monotonic() < end; round++) {
        STR_AUTO text = STR_INIT;
        if (round % 4 == 0)
            generate_topology(round, &text);
        else
            assert_int_equal(
                file_read(AT_FDCWD, files.gl_pathv[below(&random, (unsigned)files.gl_pathc)], &text, 1 << 20), 0);
        mutate(&random, &text);
        survive(str_text(&text), text.length);
    }
    globfree(&files);
}

/* Ends within a second or so. */
static void survive_soon(const struct str *text)
{
    long long start = processor_time();
    survive(str_text(text), text->length);
    if (times_count())
        assert_true(processor_time() - start < 15 * NANOSECONDS_PER_SECOND); /* well below 1 s on a quiet machine */
}

static void many_aliases_are_survived(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    str_append(&text, "lab: x\na0: &a0 [x, x]\n");
    for (int i = 1; i < 2000; i++)
        str_printf(&text, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    survive_soon(&text);
    str_clear(&text);
    str_append(&text, "lab: x\nbridges: { b: {} }\nnodes:\n  n: &n { bridge: b, labels: { a: b } }\n");
    for (int i = 1; i < 200000; i++)
        str_printf(&text, "  n%d: *n\n", i);
    survive_soon(&text);
    str_clear(&text);
    str_append(&text, "lab: x\nnodes:\n  n: &n { ");
    for (int i = 0; i < 3000; i++)
        str_printf(&text, "k%d: 1, ", i);
    str_append(&text, "z: 1 }\n");
    for (int i = 1; i < 300; i++)
        str_printf(&text, "  n%d: { <<: *n }\n", i);
    survive_soon(&text);
}

static void long_things_are_survived(void **state)
{
    (void)state;
    static const char *const pieces[] = {"[",      "{",    "- ", "? ", "a: ", "\"",     "&a ", "*a ",
                                         "!!str ", "|\n ", "#",  "\n", "x",   "k: v\n", "{a: "};
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        STR_AUTO text = STR_INIT;
        str_append(&text, "lab: x\nnodes: ");
        for (int k = 0; k < 100000; k++)
            str_append(&text, pieces[i]);
        survive_soon(&text);
    }
}

/* Errors without end are all reported, and in time. */
static void many_mistakes_are_survived(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    str_append(&text, "lab: x\nvpcs: { m: { cidr: 10.0.0.0/16, subnets: { s: { cidr: 10.0.0.0/24 } } } }\nnodes:\n");
    for (int i = 0; i < 5000; i++)
        str_printf(&text, "  node-%d: { subnet: m/t, brigde: x }\n", i);
    str_append(&text, "checks:\n");
    for (int i = 0; i < 200; i++)
        str_printf(&text, "  - { from: node%d, ping: nod-%d }\n", i, i);
    survive_soon(&text);
    str_clear(&text);
    str_append(&text, "lab: x\nnodes:\n");
    for (int i = 0; i < 5000; i++)
        str_printf(&text, "  n%d: { link: l%d }\n", i, i);
    survive_soon(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_files_are_survived),
        cmocka_unit_test(many_aliases_are_survived),
        cmocka_unit_test(long_things_are_survived),
        cmocka_unit_test(many_mistakes_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
