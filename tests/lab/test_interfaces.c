/* The indices that interfaces are made with: chosen beforehand, and so that kernels take them that look for the index
 * of a pair's second end in the wrong namespace. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "lab/internal.h"
#include "plan/plan.h"

enum { FABRIC, ROUTER, ONE, TWO };

static void add_namespace(struct plan *plan, const char *name, enum namespace_kind kind)
{
    *ARENA_PUSH(plan->arena, plan->namespaces, plan->namespace_count) =
        (struct plan_namespace){.name = name, .kind = kind};
}

static void add_link(struct plan *plan, uint32_t near, const char *name, uint32_t far, const char *far_name)
{
    *ARENA_PUSH(plan->arena, plan->links, plan->link_count) =
        (struct plan_link){.end = {{.ns = near, .name = name}, {.ns = far, .name = far_name}}};
}

/* Two nodes on a switch in the fabric, and each at a router of the cloud: that end is asked for in the fabric, and
 * stands elsewhere. */
static struct plan *mixed(void)
{
    struct plan *plan = plan_new("mixed");
    plan->namespace_count = 0;
    add_namespace(plan, "fabric", NAMESPACE_FABRIC);
    add_namespace(plan, "vpc/main", NAMESPACE_CLOUD);
    add_namespace(plan, "one", NAMESPACE_NODE);
    add_namespace(plan, "two", NAMESPACE_NODE);
    *ARENA_PUSH(plan->arena, plan->bridges, plan->bridge_count) = (struct plan_bridge){.name = "lan"};
    add_link(plan, ONE, "eth1", ROUTER, "one.eth1");
    add_link(plan, ONE, "eth0", FABRIC, "one.eth0");
    add_link(plan, TWO, "eth0", FABRIC, "two.eth0");
    add_link(plan, TWO, "eth1", ROUTER, "two.eth1");
    return plan;
}

static void what_stands_elsewhere_has_an_index_of_nothing_in_the_fabric(void **state)
{
    (void)state;
    static const char *const fabric[] = {"lo", "lan", "one.eth0", "two.eth0"};
    static const char *const router[] = {"one.eth1", "two.eth1"};
    struct plan *plan = mixed();
    struct interfaces *table = interfaces_new(plan, plan->arena);
    for (size_t r = 0; r < 2; r++)
        for (size_t f = 0; f < 4; f++)
            assert_int_not_equal(interfaces_index(table, ROUTER, router[r]),
                                 interfaces_index(table, FABRIC, fabric[f]));
    assert_int_not_equal(interfaces_index(table, ROUTER, "one.eth1"), interfaces_index(table, ROUTER, "two.eth1"));
    plan_free(plan);
}

static void each_namespace_counts_for_itself(void **state)
{
    (void)state;
    struct plan *plan = mixed();
    struct interfaces *table = interfaces_new(plan, plan->arena);
    assert_int_equal(interfaces_index(table, TWO, "lo"), 1);
    assert_int_equal(interfaces_index(table, FABRIC, "lan"), 2);
    assert_int_equal(interfaces_index(table, ONE, "eth1"), 2);
    assert_int_equal(interfaces_index(table, ONE, "eth0"), 3);
    assert_int_equal(interfaces_index(table, ONE, "eth2"), 0);
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_elsewhere_has_an_index_of_nothing_in_the_fabric),
        cmocka_unit_test(each_namespace_counts_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
