/* Adding a thing changes nothing of the others; a large plan is made quickly. */
#include <stdio.h>

#include "base/map.h"
#include "lower/lowered.h"
#include "plan/difference.h"
#include "quick.h"

static void add_nodes(struct str *text, int first, int count)
{
    for (int i = first; i < first + count; i++)
        str_printf(text,
                   "  node-with-a-long-name-%d: { subnet: main/s }\n  n%d: { bridge: lan, address: 10.%d.%d.%d/8 }\n",
                   i, i, 1 + i / 60000, i / 250 % 250, 1 + i % 250);
}

static void head(struct str *text)
{
    str_append(
        text,
        "lab: t\nbridges: { lan: {} }\nvpcs: { main: { cidr: 10.0.0.0/16, subnets: { s: { cidr: 10.0.0.0/17 } } } }\n"
        "nodes:\n");
}

/* Every operation from the smaller plan to the larger one is about the new node, or about what lists all nodes. */
static void adding_a_node(void **state)
{
    (void)state;
    STR_AUTO small = STR_INIT;
    STR_AUTO large = STR_INIT;
    STR_AUTO line = STR_INIT;
    head(&small), add_nodes(&small, 0, 40);
    head(&large), str_append(&large, "  added: { subnet: main/s }\n"), add_nodes(&large, 0, 40);
    PLAN_AUTO before = lowered(str_text(&small));
    PLAN_AUTO after = lowered(str_text(&large));
    ARENA_AUTO arena = arena_new();
    size_t count;
    const struct plan_operation *operations = plan_difference(before, after, arena, &count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        str_clear(&line);
        plan_operation_describe(before, after, &operations[i], &line);
        if (operations[i].action == ACTION_ADD && strstr(str_text(&line), "added"))
            continue;
        if (operations[i].action == ACTION_CHANGE &&
            (operations[i].item == ITEM_NFT || operations[i].item == ITEM_HOSTS_VIEW ||
             operations[i].item == ITEM_PROCESS))
            continue;
        if (operations[i].action == ACTION_ADD && operations[i].item != ITEM_LINK)
            continue; /* in the router, by the port */
        fail_msg("unexpected: %s", str_text(&line));
    }
}

static void same_twice(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    head(&text), add_nodes(&text, 0, 50);
    PLAN_AUTO one = lowered(str_text(&text));
    PLAN_AUTO two = lowered(str_text(&text));
    STR_AUTO first = STR_INIT;
    STR_AUTO second = STR_INIT;
    plan_print(one, &first);
    plan_print(two, &second);
    assert_true(first.length > 1000);
    assert_string_equal(str_text(&first), str_text(&second));
}

/* Device names of a namespace differ, and fit. */
static void device_names(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    head(&text), add_nodes(&text, 0, 2000);
    PLAN_AUTO plan = lowered(str_text(&text));
    ARENA_AUTO arena = arena_new();
    struct map *seen = map_new(arena);
    for (size_t i = 0; i < plan->link_count; i++)
        for (unsigned e = 0; e < 2; e++) {
            const struct plan_link_end *end = &plan->links[i].end[e];
            assert_true(strlen(end->name) <= 15);
            assert_null(map_set(seen, arena_printf(arena, "%u %s", end->ns, end->name), seen));
        }
}

static void ten_thousand_nodes(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    head(&text), add_nodes(&text, 0, 5000);
    ARENA_AUTO arena = arena_new();
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *topology = NULL;
    struct plan *plan = NULL;
    struct error err = ERROR_INIT;
    findings_init(&findings, arena);
    assert_int_equal(load_topology_text("large.yaml", text.data, text.length, sources, &findings, &topology), 0);
    int64_t best = INT64_MAX, best_rules = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        int64_t begin = processor_time();
        rules_check(topology, &findings);
        int64_t middle = processor_time();
        assert_int_equal(lower_topology(topology, &plan, &err), 0);
        int64_t took = processor_time() - middle;
        if (took < best)
            best = took;
        if (middle - begin < best_rules)
            best_rules = middle - begin;
        plan_free(plan);
    }
    print_message("rules %ld ms, plan %ld ms\n", (long)(best_rules / 1000000), (long)(best / 1000000));
    if (times_count())
        assert_true(best < 300 * 1000000); /* 150 ms on a quiet machine */
    topology_free(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adding_a_node),
        cmocka_unit_test(same_twice),
        cmocka_unit_test(device_names),
        cmocka_unit_test(ten_thousand_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
