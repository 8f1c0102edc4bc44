/* VLANs and tunnels, from the file to the plan: what each port carries, what stands on what, who knows whom, what may
 * be written and reads back; and what a change of them is. */
#include "lower/lowered.h"

#include "plan/difference.h"

static const char vlans[] = "lab: v\n"
                            "bridges: { lan: { vlan_filtering: true } }\n"
                            "nodes:\n"
                            "  a: { bridge: lan, vlan: 10, address: 10.0.0.1/24 }\n"
                            "  b: { bridge: lan, vlan: 10, address: 10.0.0.2/24 }\n"
                            "  other: { bridge: lan, vlan: 20, address: 10.0.0.3/24 }\n"
                            "  plain: { bridge: lan, address: 10.0.0.4/24 }\n"
                            "  r:\n"
                            "    interfaces:\n"
                            "      eth0: { bridge: lan, vlan: { tagged: [20, 10], native: 1 }, mtu: 1400 }\n"
                            "      eth0.10: { parent: eth0, vlan: 10, address: 10.0.0.9/24 }\n";

static const struct plan_link_end *port_of(const struct plan *plan, const char *node)
{
    for (size_t i = 0; i < plan->link_count; i++)
        if (plan->links[i].end[0].ns == ns_of(plan, node))
            return &plan->links[i].end[1];
    fail_msg("no link of %s", node);
    return NULL;
}

static bool knows(const struct plan *plan, const char *node, const char *address)
{
    struct addr addr;
    assert_true(addr_parse(address, &addr));
    for (size_t i = 0; i < plan->neighbour_count; i++)
        if (plan->neighbours[i].ns == ns_of(plan, node) && addr_equal(&plan->neighbours[i].addr, &addr))
            return true;
    return false;
}

static void ports_carry_their_vlans(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(vlans);
    assert_int_equal(plan->bridge_count, 1);
    assert_true(plan->bridges[0].vlan_filtering);
    const struct plan_link_end *access = port_of(plan, "a"), *plain = port_of(plan, "plain"),
                               *trunk = port_of(plan, "r");
    assert_int_equal(access->vlan_count, 1);
    assert_true(access->vlans[0].id == 10 && access->vlans[0].untagged);
    assert_true(plain->vlan_count == 1 && plain->vlans[0].id == 1 && plain->vlans[0].untagged);
    assert_int_equal(trunk->vlan_count, 3);
    assert_true(trunk->vlans[0].id == 1 && trunk->vlans[0].untagged);
    assert_true(trunk->vlans[1].id == 10 && !trunk->vlans[1].untagged);
    assert_true(trunk->vlans[2].id == 20 && !trunk->vlans[2].untagged);
    assert_string_equal(trunk->master, plan->bridges[0].name);
}

static void a_tagged_interface_is_a_device_on_another(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(vlans);
    assert_int_equal(plan->device_count, 1);
    const struct plan_device *device = &plan->devices[0];
    assert_int_equal(device->kind, PLAN_DEVICE_VLAN);
    assert_int_equal(device->id, 10);
    assert_string_equal(device->parent, "eth0");
    assert_int_equal(device->mtu, 1400);
    assert_int_equal(device->ns, ns_of(plan, "r"));
}

static void who_is_in_one_vlan_knows_each_other(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(vlans);
    assert_true(knows(plan, "a", "10.0.0.2") && knows(plan, "a", "10.0.0.9") && knows(plan, "r", "10.0.0.1"));
    assert_false(knows(plan, "a", "10.0.0.3") || knows(plan, "a", "10.0.0.4") || knows(plan, "other", "10.0.0.1"));
}

static void a_link_carries_every_tag(void **state)
{
    (void)state;
    PLAN_AUTO plan =
        lowered("lab: v\nnodes:\n"
                "  a: { interfaces: { eth0: { link: up }, v7: { parent: eth0, vlan: 7, address: 10.7.0.1/24 },"
                " v8: { parent: eth0, vlan: 8, address: 10.8.0.1/24 } } }\n"
                "  b: { interfaces: { eth0: { link: up }, v7: { parent: eth0, vlan: 7, address: 10.7.0.2/24 },"
                " v8: { parent: eth0, vlan: 9, address: 10.8.0.2/24 } } }\n");
    assert_int_equal(plan->device_count, 4);
    assert_true(knows(plan, "a", "10.7.0.2") && knows(plan, "b", "10.7.0.1"));
    assert_false(knows(plan, "a", "10.8.0.2"));
    assert_int_equal(port_of(plan, "a")->vlan_count, 0);
}

#define TUNNEL(id, rest)                                                                                               \
    "lab: v\nbridges: { lan: { mtu: 1400 }, over: { vxlan: { id: " id ", between: [a, b]" rest " } } }\nnodes:\n"      \
    "  a: { interfaces: { x: { internet: 203.0.113.7 }, eth0: { bridge: lan, address: 10.0.0.1/24 },"                  \
    " t: { bridge: over, address: 192.168.0.1/24 } } }\n"                                                              \
    "  b: { interfaces: { eth0: { bridge: lan, address: 10.0.0.2/24 },"                                                \
    " t: { bridge: over, address: 192.168.0.2/24 } } }\n"

static void a_tunnel_is_a_device_at_each_end(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(TUNNEL("42", ", port: 8472"));
    struct addr near, far;
    assert_true(addr_parse("10.0.0.1", &near) && addr_parse("10.0.0.2", &far));
    assert_int_equal(plan->bridge_count, 1); /* of lan: the tunnel has none */
    assert_int_equal(plan->device_count, 2);
    const struct plan_device *device = &plan->devices[0];
    assert_int_equal(device->kind, PLAN_DEVICE_VXLAN);
    assert_int_equal(device->id, 42);
    assert_int_equal(device->port, 8472);
    assert_int_equal(device->mtu, 1350);
    assert_true(addr_equal(&device->local, &near) && addr_equal(&device->remote, &far)); /* the wire that both share */
    assert_true(addr_equal(&plan->devices[1].local, &far) && addr_equal(&plan->devices[1].remote, &near));
    assert_true(knows(plan, "a", "192.168.0.2"));
}

static size_t count(const struct plan_operation *operations, size_t all, enum plan_action action, enum plan_item item)
{
    size_t found = 0;
    for (size_t i = 0; i < all; i++)
        found += operations[i].action == action && operations[i].item == item;
    return found;
}

static void another_number_is_another_device_with_all_that_is_on_it(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    PLAN_AUTO before = lowered(TUNNEL("42", ""));
    PLAN_AUTO after = lowered(TUNNEL("43", ""));
    size_t all;
    struct plan_operation *operations = plan_difference(before, after, arena, &all);
    assert_int_equal(count(operations, all, ACTION_REMOVE, ITEM_DEVICE), 2);
    assert_int_equal(count(operations, all, ACTION_ADD, ITEM_DEVICE), 2);
    assert_int_equal(count(operations, all, ACTION_ADD, ITEM_ADDRESS), 2);
    assert_int_equal(count(operations, all, ACTION_REMOVE, ITEM_ADDRESS), 0); /* they went with the device */
    assert_int_equal(count(operations, all, ACTION_ADD, ITEM_LINK), 0);
    assert_int_equal(operations[0].action, ACTION_REMOVE);
}

static void a_port_changes_its_vlans_in_place(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    char changed[sizeof vlans];
    memcpy(changed, vlans, sizeof vlans);
    memcpy(strstr(changed, "tagged: [20, 10]"), "tagged: [10]    ", strlen("tagged: [20, 10]"));
    PLAN_AUTO before = lowered(vlans);
    PLAN_AUTO after = lowered(changed);
    size_t all;
    struct plan_operation *operations = plan_difference(before, after, arena, &all);
    assert_int_equal(all, 1);
    assert_true(operations[0].action == ACTION_CHANGE && operations[0].item == ITEM_LINK && operations[0].in_place);
    STR_AUTO text = STR_INIT;
    plan_operation_describe(before, after, &operations[0], &text);
    assert_non_null(strstr(str_text(&text), "vlan 1 untagged, 10 tagged mtu 1400 (was "));
}

static void what_stands_on_a_lost_wire_comes_back_with_it(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    PLAN_AUTO before = lowered("lab: v\nbridges: { lan: {} }\nnodes: { a: { interfaces: { eth0: { bridge: lan },"
                               " v7: { parent: eth0, vlan: 7, address: 10.7.0.1/24 } } } }\n");
    PLAN_AUTO after = lowered("lab: v\nnodes: { a: { interfaces: { eth0: { internet: true },"
                              " v8: { internet: true } } } }\n");
    size_t all;
    struct plan_operation *operations = plan_difference(before, after, arena, &all);
    assert_int_equal(count(operations, all, ACTION_REMOVE, ITEM_LINK), 1);
    assert_int_equal(count(operations, all, ACTION_REMOVE, ITEM_DEVICE), 0); /* it went with the link */
    assert_int_equal(count(operations, all, ACTION_REMOVE, ITEM_ADDRESS), 0);
}

/* load(dump(t)) is t, and nothing that says something is left out. */
static void what_is_written_reads_back(void **state)
{
    (void)state;
    static const char *const texts[] = {vlans, TUNNEL("42", ", port: 8472"), TUNNEL("7", "")};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ARENA_AUTO arena = arena_new();
        STR_AUTO first = STR_INIT, second = STR_INIT;
        struct sources *sources = sources_new(arena);
        struct findings findings;
        struct topology *one = NULL, *other = NULL;
        findings_init(&findings, arena);
        assert_int_equal(load_topology_text("a.yaml", texts[i], strlen(texts[i]), sources, &findings, &one), 0);
        dump_topology(one, &first);
        assert_int_equal(load_topology_text("b.yaml", str_text(&first), first.length, sources, &findings, &other), 0);
        dump_topology(other, &second);
        assert_string_equal(str_text(&first), str_text(&second));
        PLAN_AUTO before = lowered(texts[i]);
        PLAN_AUTO after = lowered(str_text(&first));
        size_t all;
        plan_difference(before, after, arena, &all);
        assert_int_equal(all, 0);
        topology_free(one);
        topology_free(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_carry_their_vlans),
        cmocka_unit_test(a_tagged_interface_is_a_device_on_another),
        cmocka_unit_test(who_is_in_one_vlan_knows_each_other),
        cmocka_unit_test(a_link_carries_every_tag),
        cmocka_unit_test(a_tunnel_is_a_device_at_each_end),
        cmocka_unit_test(another_number_is_another_device_with_all_that_is_on_it),
        cmocka_unit_test(a_port_changes_its_vlans_in_place),
        cmocka_unit_test(what_stands_on_a_lost_wire_comes_back_with_it),
        cmocka_unit_test(what_is_written_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
