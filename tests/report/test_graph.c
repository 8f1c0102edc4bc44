/* Graphs: what is drawn is compared with files (graph/NAME.FORMAT; LABCTL_GOLDEN=1 writes them anew), and every shipped
 * topology gives text that a terminal and the drawing programs can take. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "doc/doc.h"
#include "load/load.h"
#include "report/block.h"
#include "report/graph.h"

static struct topology *load(const char *path, struct arena *arena)
{
    struct findings findings;
    struct topology *topology = NULL;
    findings_init(&findings, arena);
    if (load_topology(path, sources_new(arena), &findings, &topology) != 0)
        fail_msg("%s: %s", path, findings.items[0].text);
    return topology;
}

static void draw(const char *path, enum graph_format format, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    struct topology *topology = load(path, arena);
    graph_write(topology, format, out);
    topology_free(topology);
}

static void compare(const char *name)
{
    for (int format = 0; format < GRAPH_FORMAT_COUNT; format++) {
        char source[512], golden[512];
        STR_AUTO drawn = STR_INIT;
        STR_AUTO expected = STR_INIT;
        snprintf(source, sizeof source, LABCTL_SOURCE "/tests/report/graph/%s.yaml", name);
        snprintf(golden, sizeof golden, LABCTL_SOURCE "/tests/report/graph/%s.%s", name, graph_format_names[format]);
        draw(source, format, &drawn);
        if (getenv("LABCTL_GOLDEN"))
            assert_int_equal(file_replace(AT_FDCWD, golden, str_text(&drawn), drawn.length, 0644), 0);
        if (file_read(AT_FDCWD, golden, &expected, 1 << 20) != 0)
            fail_msg("%s cannot be read", golden);
        assert_string_equal(str_text(&drawn), str_text(&expected));
    }
}

static void a_shop_with_everything(void **state)
{
    (void)state;
    compare("shop");
}

static void many_alike_and_some_not(void **state)
{
    (void)state;
    compare("many");
}

static void vpcs_that_are_connected(void **state)
{
    (void)state;
    compare("connected");
}

/* ---- every shipped topology ---------------------------------------------------------------------------------- */

static void for_each_topology(void (*check)(const char *path))
{
    glob_t found;
    assert_int_equal(glob(LABCTL_SOURCE "/topologies/*.yaml", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 5);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check(found.gl_pathv[i]);
    globfree(&found);
}

static void fits_a_terminal(const char *path)
{
    STR_AUTO text = STR_INIT;
    draw(path, GRAPH_ASCII, &text);
    const char *line = strchr(str_text(&text), '\n') + 1; /* the title is the author's */
    while (*line) {
        size_t length = strcspn(line, "\n");
        if (length > 120 || (length > 0 && line[length - 1] == ' '))
            fail_msg("%s: a line of %zu columns, or a space at its end: %.*s", path, length, (int)length, line);
        for (size_t i = 0; i < length; i++)
            assert_true(line[i] >= ' ' && line[i] <= '~');
        line += length + (line[length] == '\n');
    }
}

static void ascii_fits_a_terminal(void **state)
{
    (void)state;
    for_each_topology(fits_a_terminal);
}

/* Outside of quoted strings braces are balanced, and every string ends on its line. */
static void is_balanced(const char *path)
{
    STR_AUTO text = STR_INIT;
    draw(path, GRAPH_DOT, &text);
    int depth = 0;
    bool quoted = false;
    for (const char *p = str_text(&text); *p; p++) {
        if (quoted && *p == '\\') {
            p++;
        } else if (*p == '"') {
            quoted = !quoted;
        } else if (*p == '\n') {
            assert_false(quoted);
        } else if (!quoted) {
            depth += (*p == '{') - (*p == '}');
            assert_true(depth >= 0);
        }
    }
    assert_int_equal(depth, 0);
    assert_false(quoted);
}

static void dot_is_balanced(void **state)
{
    (void)state;
    for_each_topology(is_balanced);
}

static void is_the_same_twice(const char *path)
{
    for (int format = 0; format < GRAPH_FORMAT_COUNT; format++) {
        STR_AUTO first = STR_INIT;
        STR_AUTO second = STR_INIT;
        draw(path, format, &first);
        draw(path, format, &second);
        assert_string_equal(str_text(&first), str_text(&second));
        assert_true(first.length > 40);
    }
}

static void drawing_twice_gives_the_same(void **state)
{
    (void)state;
    for_each_topology(is_the_same_twice);
}

/* A hundred nodes alike take a few lines, not a hundred. */
static void a_hundred_nodes_stay_small(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    size_t lines = 0;
    draw(LABCTL_SOURCE "/topologies/star-100.yaml", GRAPH_ASCII, &text);
    for (const char *p = str_text(&text); *p; p++)
        lines += *p == '\n';
    assert_true(lines < 40);
}

/* ---- blocks -------------------------------------------------------------------------------------------------- */

static void frames_of_a_row_are_equally_high(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    STR_AUTO out = STR_INIT;
    struct block *one = block_new(arena), *two = block_new(arena);
    block_add(one, "ü");
    block_add(two, "first");
    block_add(two, "second");
    struct block *boxes[] = {block_frame(one, "a title", 0), block_frame(two, NULL, 0), block_frame(one, NULL, 9)};
    block_write(block_flow(arena, boxes, 3, 26), &out);
    assert_string_equal(str_text(&out), "+- a title -+  +--------+\n"
                                        "| ü         |  | first  |\n"
                                        "|           |  | second |\n"
                                        "+-----------+  +--------+\n"
                                        "+-------+\n"
                                        "| ü     |\n"
                                        "+-------+\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shop_with_everything),
        cmocka_unit_test(many_alike_and_some_not),
        cmocka_unit_test(vpcs_that_are_connected),
        cmocka_unit_test(ascii_fits_a_terminal),
        cmocka_unit_test(dot_is_balanced),
        cmocka_unit_test(drawing_twice_gives_the_same),
        cmocka_unit_test(a_hundred_nodes_stay_small),
        cmocka_unit_test(frames_of_a_row_are_equally_high),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
