/* The difference of two plans: what it says of single changes, and that executing it on a model of a lab gives the new
 * plan, for random pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "plan/difference.h"
#include "plan/index.h"
#include "plan/plan.h"
#include "values.h"

static uint32_t add_node(struct plan *plan, const char *name)
{
    struct plan_namespace *ns = ARENA_PUSH(plan->arena, plan->namespaces, plan->namespace_count);
    *ns = (struct plan_namespace){.name = arena_strdup(plan->arena, name), .kind = NAMESPACE_NODE, .origin = "node"};
    return (uint32_t)plan->namespace_count - 1;
}

static void add_link(struct plan *plan, uint32_t ns, const char *name, const char *port, const char *bridge)
{
    struct plan_link *link = ARENA_PUSH(plan->arena, plan->links, plan->link_count);
    *link = (struct plan_link){.end = {{.ns = ns, .name = arena_strdup(plan->arena, name), .mac = {{2, 0, 0, 0, 0, 1}}},
                                       {.ns = 0, .name = arena_strdup(plan->arena, port), .master = bridge}}};
}

static void add_address(struct plan *plan, uint32_t ns, const char *interface, const char *text)
{
    struct plan_address *address = ARENA_PUSH(plan->arena, plan->addresses, plan->address_count);
    *address = (struct plan_address){.ns = ns, .interface = interface, .address = prefix(text)};
}

static struct plan_route *add_route(struct plan *plan, uint32_t ns, const char *destination, const char *via)
{
    struct plan_route *route = ARENA_PUSH(plan->arena, plan->routes, plan->route_count);
    *route = (struct plan_route){.ns = ns, .destination = prefix(destination), .table = 254};
    struct plan_nexthop *hop = ARENA_PUSH(plan->arena, route->nexthops, route->nexthop_count);
    hop->via = addr(via);
    return route;
}

/* Two nodes on a bridge; web has a default route. */
static struct plan *small(void)
{
    struct plan *plan = plan_new("small");
    struct plan_bridge *bridge = ARENA_PUSH(plan->arena, plan->bridges, plan->bridge_count);
    *bridge = (struct plan_bridge){.ns = 0, .name = "lan", .origin = "bridge/lan"};
    uint32_t web = add_node(plan, "web"), db = add_node(plan, "db");
    add_link(plan, web, "eth0", "web-eth0", "lan");
    add_link(plan, db, "eth0", "db-eth0", "lan");
    add_address(plan, web, "eth0", "10.0.0.2/24");
    add_address(plan, db, "eth0", "10.0.0.3/24");
    add_route(plan, web, "0.0.0.0/0", "10.0.0.3");
    return plan;
}

static void describe(const struct plan *before, const struct plan *after, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    size_t count;
    struct plan_operation *operations = plan_difference(before, after, arena, &count);
    for (size_t i = 0; i < count; i++) {
        plan_operation_describe(before, after, &operations[i], out);
        str_append_char(out, '\n');
    }
}

static void expect(struct plan *before, struct plan *after, const char *text)
{
    STR_AUTO out = STR_INIT;
    describe(before, after, &out);
    assert_string_equal(str_text(&out), text);
    plan_free(before);
    plan_free(after);
}

static void identity_gives_none(void **state)
{
    (void)state;
    expect(small(), small(), "");
}

static void route_changes_in_place(void **state)
{
    (void)state;
    struct plan *after = small();
    after->routes[0].nexthops[0].via = addr("10.0.0.9");
    expect(small(), after, "~ route default via 10.0.0.9 in web (was route default via 10.0.0.3)\n");
}

/* A program that is stopped goes on where it was; one that is started otherwise is another one. */
static void process_is_stopped_in_place(void **state)
{
    (void)state;
    for (int other = 0; other < 2; other++) {
        ARENA_AUTO arena = arena_new();
        struct plan *plans[2] = {small(), small()};
        for (int i = 0; i < 2; i++)
            *ARENA_PUSH(plans[i]->arena, plans[i]->processes, plans[i]->process_count) = (struct plan_process){
                .ns = 1, .name = "web/http", .stopped = i == 1, .open_files = other && i ? 16 : 0};
        size_t count;
        const struct plan_operation *operations = plan_difference(plans[0], plans[1], arena, &count);
        assert_int_equal(count, 1);
        assert_int_equal(operations[0].item, ITEM_PROCESS);
        assert_int_equal(operations[0].action, ACTION_CHANGE);
        assert_int_equal(operations[0].in_place, !other);
        plan_free(plans[0]);
        plan_free(plans[1]);
    }
}

static void removed_node_takes_everything_along(void **state)
{
    (void)state;
    struct plan *after = plan_new("small");
    struct plan_bridge *bridge = ARENA_PUSH(after->arena, after->bridges, after->bridge_count);
    *bridge = (struct plan_bridge){.ns = 0, .name = "lan"};
    uint32_t db = add_node(after, "db"); /* another index than before */
    add_link(after, db, "eth0", "db-eth0", "lan");
    add_address(after, db, "eth0", "10.0.0.3/24");
    expect(small(), after, "- node web\n");
}

static void moved_link_brings_its_items_again(void **state)
{
    (void)state;
    struct plan *after = small();
    after->links[0].end[1].name = "other";
    expect(small(), after,
           "- link web/eth0 02:00:00:00:00:01 -- fabric/web-eth0 00:00:00:00:00:00 in lan mtu 1500\n"
           "+ link web/eth0 02:00:00:00:00:01 -- fabric/other 00:00:00:00:00:00 in lan mtu 1500\n"
           "+ address 10.0.0.2/24 dev eth0 in web\n"
           "+ route default via 10.0.0.3 in web\n");
}

static void connected_route_goes_with_its_address(void **state)
{
    (void)state;
    struct plan *before = small(), *after = small();
    add_route(before, 1, "10.0.0.0/24", "10.0.0.2")->connected = true;
    expect(before, after, "- route 10.0.0.0/24 via 10.0.0.2 (connected) in web\n");
    before = small();
    add_route(before, 1, "10.0.0.0/24", "10.0.0.2")->connected = true;
    after = small();
    after->addresses[0].address = prefix("10.0.1.2/24");
    expect(before, after, "- address 10.0.0.2/24 dev eth0 in web\n+ address 10.0.1.2/24 dev eth0 in web\n");
}

static void runs_are_only_added(void **state)
{
    (void)state;
    struct plan *before = small(), *after = small();
    *ARENA_PUSH(before->arena, before->runs, before->run_count) = (struct plan_run){1, "one", NULL};
    *ARENA_PUSH(before->arena, before->runs, before->run_count) = (struct plan_run){1, "two", NULL};
    *ARENA_PUSH(after->arena, after->runs, after->run_count) = (struct plan_run){1, "two", NULL};
    *ARENA_PUSH(after->arena, after->runs, after->run_count) = (struct plan_run){1, "two", NULL};
    expect(before, after, "+ run two in web\n");
}

static void hosts_view_changes_in_place(void **state)
{
    (void)state;
    struct plan *before = small(), *after = small();
    ARENA_PUSH(before->arena, before->hosts_views, before->hosts_view_count)->content = "a\n";
    ARENA_PUSH(after->arena, after->hosts_views, after->hosts_view_count)->content = "b\n";
    expect(before, after, "~ hosts view 0\n");
}

/* ---- random pairs ------------------------------------------------------------------------------------------------ */

static uint64_t random_state;

static uint32_t pick(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % below;
}

static const char *const interfaces[] = {"eth0", "eth1", "eth2"};
static const char *const names[] = {"a", "b", "c", "d", "e", "f"};

static void random_items(struct plan *plan, uint32_t ns)
{
    for (uint32_t e = 0; e < 3; e++) {
        char port[16], text[32];
        if (!pick(3))
            continue;
        snprintf(port, sizeof port, "p%u-%s-%u", pick(2), plan->namespaces[ns].name, e);
        add_link(plan, ns, interfaces[e], port, "lan");
        plan->links[plan->link_count - 1].mtu = pick(2) ? 1400 : 0;
        snprintf(text, sizeof text, "10.%u.0.%u/24", e, 2 + pick(2));
        add_address(plan, ns, interfaces[e], text);
        if (pick(2)) {
            struct plan_sysctl *sysctl = ARENA_PUSH(plan->arena, plan->sysctls, plan->sysctl_count);
            *sysctl = (struct plan_sysctl){ns, arena_printf(plan->arena, "net/ipv4/conf/%s/rp_filter", interfaces[e]),
                                           pick(2) ? "1" : "2", NULL};
        }
        if (pick(2)) {
            struct plan_neighbour *neighbour = ARENA_PUSH(plan->arena, plan->neighbours, plan->neighbour_count);
            *neighbour = (struct plan_neighbour){
                .ns = ns, .interface = interfaces[e], .mac = {{2, 0, 0, 0, 0, (uint8_t)pick(2)}}};
            snprintf(text, sizeof text, "10.%u.0.9", e);
            neighbour->addr = addr(text);
        }
        if (pick(2)) {
            char destination[32];
            snprintf(text, sizeof text, "10.%u.0.%u", e, 9 + pick(2));
            snprintf(destination, sizeof destination, "10.%u.0.0/16", 100 + e);
            struct plan_route *route = add_route(plan, ns, destination, text);
            if (pick(2))
                route->nexthops[0].interface = interfaces[e];
        }
    }
    if (pick(2)) {
        struct plan_file *file = ARENA_PUSH(plan->arena, plan->files, plan->file_count);
        *file = (struct plan_file){
            .ns = ns, .path = "/etc/motd", .content = pick(2) ? "x" : "y", .length = 1, .mode = 0644};
    }
    if (pick(2)) {
        struct plan_nft *nft = ARENA_PUSH(plan->arena, plan->nfts, plan->nft_count);
        *nft = (struct plan_nft){ns, "inet", "t", pick(2) ? "chain a { }" : "chain b { }", false, NULL, NULL};
    }
    if (pick(3) == 0) {
        struct plan_rule *rule = ARENA_PUSH(plan->arena, plan->rules, plan->rule_count);
        *rule = (struct plan_rule){
            .ns = ns, .family = 4, .priority = 100 + pick(2), .mark_value = pick(2), .table = 500 + pick(2)};
    }
    if (pick(3) == 0) {
        struct plan_process *process = ARENA_PUSH(plan->arena, plan->processes, plan->process_count);
        *process = (struct plan_process){.ns = ns,
                                         .name = arena_printf(plan->arena, "%s/p", plan->namespaces[ns].name),
                                         .ready_port = (uint16_t)pick(2),
                                         .ready = READY_TCP};
    }
}

static struct plan *random_plan(void)
{
    struct plan *plan = plan_new("random");
    struct plan_bridge *bridge = ARENA_PUSH(plan->arena, plan->bridges, plan->bridge_count);
    *bridge = (struct plan_bridge){.ns = 0, .name = "lan", .mtu = pick(2) ? 9000 : 0};
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
        if (pick(3))
            random_items(plan, add_node(plan, names[n]));
    return plan;
}

/* A model of a running lab: things as texts, each with where it lies. */
struct thing {
    enum plan_item item;
    char key[200], place[64], device[64], content[300];
};
struct model {
    struct thing *things;
    size_t count;
};

static void thing_of(const struct plan *plan, enum plan_item item, size_t i, struct thing *out)
{
    STR_AUTO text = STR_INIT;
    uint32_t ns = plan_item_namespace(plan, item, i);
    memset(out, 0, sizeof *out);
    out->item = item;
    plan_item_describe(plan, item, i, &text);
    snprintf(out->place, sizeof out->place, "%s", plan->namespaces[ns].name);
    snprintf(out->content, sizeof out->content, "%s", str_text(&text));
    snprintf(out->key, sizeof out->key, "%d %s ", (int)item, out->place);
    char *key = out->key + strlen(out->key);
    size_t left = sizeof out->key - strlen(out->key);
    char name[ADDR_TEXT_MAX];
    switch (item) {
    case ITEM_NAMESPACE:
        break;
    case ITEM_BRIDGE:
        snprintf(key, left, "%s", plan->bridges[i].name);
        break;
    case ITEM_LINK:
        snprintf(key, left, "%s %s", plan->links[i].end[0].name, plan->links[i].end[1].name);
        snprintf(out->device, sizeof out->device, "%s", plan->links[i].end[0].name);
        break;
    case ITEM_SYSCTL:
        snprintf(key, left, "%s", plan->sysctls[i].key);
        snprintf(out->device, sizeof out->device, "%.4s", plan->sysctls[i].key + strlen("net/ipv4/conf/"));
        break;
    case ITEM_ADDRESS:
        snprintf(key, left, "%s", str_text(&text));
        snprintf(out->device, sizeof out->device, "%s", plan->addresses[i].interface);
        break;
    case ITEM_NEIGHBOUR:
        snprintf(key, left, "%s", addr_format(&plan->neighbours[i].addr, name));
        snprintf(out->device, sizeof out->device, "%s", plan->neighbours[i].interface);
        break;
    case ITEM_ROUTE:
        snprintf(key, left, "%s", prefix_format(&plan->routes[i].destination, name));
        snprintf(out->device, sizeof out->device, "eth%d", plan->routes[i].destination.addr.bytes[1] - 100);
        break;
    case ITEM_RULE:
        snprintf(key, left, "%u %u", plan->rules[i].priority, plan->rules[i].mark_value);
        break;
    case ITEM_NFT:
        snprintf(key, left, "t");
        snprintf(out->content, sizeof out->content, "%s", plan->nfts[i].body);
        break;
    case ITEM_FILE:
        snprintf(key, left, "%s", plan->files[i].path);
        snprintf(out->content, sizeof out->content, "%s", plan->files[i].content);
        break;
    default:
        snprintf(key, left, "%s", plan->processes[i].name);
        break;
    }
}

static struct model model_of(const struct plan *plan)
{
    struct model model = {NULL, 0};
    size_t total = 0;
    for (int item = 0; item < ITEM_COUNT; item++)
        total += plan_item_count(plan, item);
    model.things = calloc(total * 2 + 1000, sizeof *model.things);
    for (int item = 0; item < ITEM_COUNT; item++)
        for (size_t i = 0; i < plan_item_count(plan, item); i++)
            thing_of(plan, item, i, &model.things[model.count++]);
    return model;
}

static struct thing *model_find(struct model *model, const char *key)
{
    for (size_t i = 0; i < model->count; i++)
        if (strcmp(model->things[i].key, key) == 0)
            return &model->things[i];
    return NULL;
}

/* Removing a namespace or a link removes what lies in or on it. */
static void model_remove(struct model *model, const struct thing *thing)
{
    assert_non_null(model_find(model, thing->key));
    for (size_t i = model->count; i-- > 0;) {
        const struct thing *other = &model->things[i];
        bool gone = strcmp(other->key, thing->key) == 0;
        if (thing->item == ITEM_NAMESPACE)
            gone = strcmp(other->place, thing->place) == 0;
        else if (thing->item == ITEM_LINK && strcmp(other->place, thing->place) == 0 &&
                 strcmp(other->device, thing->device) == 0)
            gone = true;
        if (gone)
            model->things[i] = model->things[--model->count];
    }
}

/* What an item needs must be there when it is added. */
static void model_add(struct model *model, const struct thing *thing)
{
    bool place = thing->item == ITEM_NAMESPACE, device = !thing->device[0] || thing->item == ITEM_LINK;
    assert_null(model_find(model, thing->key));
    for (size_t i = 0; i < model->count; i++) {
        const struct thing *other = &model->things[i];
        if (other->item == ITEM_NAMESPACE && strcmp(other->place, thing->place) == 0)
            place = true;
        if (other->item == ITEM_LINK && strcmp(other->place, thing->place) == 0 &&
            strcmp(other->device, thing->device) == 0)
            device = true;
    }
    assert_true(place && device);
    model->things[model->count++] = *thing;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct thing *)a)->key, ((const struct thing *)b)->key);
}

static void assert_models_equal(struct model *a, struct model *b)
{
    assert_int_equal(a->count, b->count);
    qsort(a->things, a->count, sizeof *a->things, by_key);
    qsort(b->things, b->count, sizeof *b->things, by_key);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->things[i].key, b->things[i].key);
        assert_string_equal(a->things[i].content, b->things[i].content);
    }
}

static void check_pair(const struct plan *before, const struct plan *after)
{
    ARENA_AUTO arena = arena_new();
    size_t count;
    struct plan_operation *operations = plan_difference(before, after, arena, &count);
    struct model model = model_of(before), goal = model_of(after);
    for (size_t i = 0; i < count; i++) {
        const struct plan_operation *o = &operations[i];
        struct thing old, new;
        if (o->action != ACTION_ADD)
            thing_of(before, o->item, o->before, &old);
        if (o->action != ACTION_REMOVE)
            thing_of(after, o->item, o->after, &new);
        if (o->action == ACTION_REMOVE) {
            model_remove(&model, &old);
        } else if (o->action == ACTION_ADD) {
            model_add(&model, &new);
        } else {
            assert_string_equal(old.key, new.key);
            struct thing *present = model_find(&model, old.key);
            assert_non_null(present);
            *present = new;
        }
    }
    assert_models_equal(&model, &goal);
    free(model.things);
    free(goal.things);
}

static void executing_gives_the_new_plan(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        random_state = seed * UINT64_C(0x9e3779b97f4a7c15);
        struct plan *before = random_plan(), *after = random_plan();
        check_pair(before, after);
        check_pair(before, before);
        plan_free(before);
        plan_free(after);
    }
}

/* Twice the size must not take four times as long: counted in items, so without a clock. */
static void large_plans(void **state)
{
    (void)state;
    struct plan *plans[2];
    for (int p = 0; p < 2; p++) {
        plans[p] = plan_new("large");
        struct plan_bridge *bridge = ARENA_PUSH(plans[p]->arena, plans[p]->bridges, plans[p]->bridge_count);
        *bridge = (struct plan_bridge){.ns = 0, .name = "lan"};
        for (uint32_t n = 0; n < 20000; n++) {
            char name[16], port[16], address[32];
            snprintf(name, sizeof name, "h%u", n);
            snprintf(port, sizeof port, "h%u-eth0", n);
            snprintf(address, sizeof address, "10.%u.%u.2/24", n / 250, n % 250);
            uint32_t ns = add_node(plans[p], name);
            add_link(plans[p], ns, "eth0", port, "lan");
            add_address(plans[p], ns, "eth0", address);
            add_route(plans[p], ns, "0.0.0.0/0", "10.0.0.1");
        }
    }
    plans[1]->routes[12345].nexthops[0].via = addr("10.0.0.2");
    STR_AUTO out = STR_INIT;
    describe(plans[0], plans[1], &out);
    assert_string_equal(str_text(&out), "~ route default via 10.0.0.2 in h12345 (was route default via 10.0.0.1)\n");
    plan_free(plans[0]);
    plan_free(plans[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_gives_none),
        cmocka_unit_test(route_changes_in_place),
        cmocka_unit_test(process_is_stopped_in_place),
        cmocka_unit_test(removed_node_takes_everything_along),
        cmocka_unit_test(moved_link_brings_its_items_again),
        cmocka_unit_test(connected_route_goes_with_its_address),
        cmocka_unit_test(runs_are_only_added),
        cmocka_unit_test(hosts_view_changes_in_place),
        cmocka_unit_test(executing_gives_the_new_plan),
        cmocka_unit_test(large_plans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
