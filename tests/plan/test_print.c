/* A plan in words and in JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "base/table.h"
#include "plan/difference.h"
#include "plan/index.h"
#include "plan/plan.h"
#include "values.h"

static struct plan_nexthop hops[] = {{.weight = 1}, {.interface = "eth1", .weight = 3}}, *hop = &hops[0], single;
static const char *arguments[] = {"httpd", "--port", "80", "@configuration@"};

/* One of each. */
static struct plan *full(void)
{
    struct plan *p = plan_new("demo");
    struct arena *a = p->arena;
    hop->via = addr("10.0.0.1");
    hops[1].via = addr("10.0.1.1");
    single.via = addr("10.0.0.1");
    *ARENA_PUSH(a, p->namespaces, p->namespace_count) =
        (struct plan_namespace){"vpc/main", NAMESPACE_CLOUD, "vpc/main", false, 0};
    *ARENA_PUSH(a, p->namespaces, p->namespace_count) =
        (struct plan_namespace){"web", NAMESPACE_NODE, "node/web", true, 0};
    ARENA_PUSH(a, p->hosts_views, p->hosts_view_count)->content = "10.0.0.2 web\n";
    *ARENA_PUSH(a, p->bridges, p->bridge_count) =
        (struct plan_bridge){.name = "lan", .origin = "bridge/lan", .stp = true, .mtu = 1400};
    *ARENA_PUSH(a, p->links, p->link_count) =
        (struct plan_link){.end = {{2, "eth0", NULL, {{2, 0, 0, 0, 0, 1}}, false, NULL, 0},
                                   {0, "web-eth0", "lan", {{2, 0, 0, 0, 0, 2}}, true, NULL, 0}},
                           .mtu = 1400,
                           .origin = "node/web/eth0"};
    *ARENA_PUSH(a, p->sysctls, p->sysctl_count) = (struct plan_sysctl){2, "net/ipv4/ip_forward", "1", "node/web"};
    *ARENA_PUSH(a, p->addresses, p->address_count) =
        (struct plan_address){2, "eth0", prefix("10.0.0.2/24"), "node/web/eth0"};
    *ARENA_PUSH(a, p->neighbours, p->neighbour_count) =
        (struct plan_neighbour){2, "eth0", addr("10.0.0.1"), {{2, 0, 0, 0, 0, 9}}, false, NULL};
    *ARENA_PUSH(a, p->neighbours, p->neighbour_count) =
        (struct plan_neighbour){.ns = 1, .interface = "p1", .addr = addr("10.0.0.1"), .proxy = true};
    *ARENA_PUSH(a, p->routes, p->route_count) = (struct plan_route){.ns = 2,
                                                                    .destination = prefix("0.0.0.0/0"),
                                                                    .table = 254,
                                                                    .nexthops = &single,
                                                                    .nexthop_count = 1,
                                                                    .congestion_control = "reno",
                                                                    .source = addr("10.0.0.2"),
                                                                    .origin = "node/web/eth0"};
    *ARENA_PUSH(a, p->routes, p->route_count) = (struct plan_route){
        .ns = 2, .destination = prefix("10.1.0.0/16"), .table = 500, .metric = 7, .nexthops = hops, .nexthop_count = 2};
    *ARENA_PUSH(a, p->routes, p->route_count) =
        (struct plan_route){.ns = 1, .destination = prefix("10.9.0.0/16"), .table = 254, .type = PLAN_ROUTE_BLACKHOLE};
    *ARENA_PUSH(a, p->rules, p->rule_count) = (struct plan_rule){.ns = 2,
                                                                 .family = 4,
                                                                 .priority = 100,
                                                                 .from = prefix("10.0.0.0/30"),
                                                                 .input_interface = "eth0",
                                                                 .mark_value = 5,
                                                                 .mark_mask = 0xff,
                                                                 .table = 500};
    *ARENA_PUSH(a, p->nfts, p->nft_count) =
        (struct plan_nft){1, "inet", "groups", "chain c {\n    accept\n}", false, NULL, "vpc/main"};
    *ARENA_PUSH(a, p->files, p->file_count) = (struct plan_file){2, "/etc/motd", "hello\n", 6, 0644, "node/web"};
    *ARENA_PUSH(a, p->processes, p->process_count) = (struct plan_process){.ns = 2,
                                                                           .name = "web/http",
                                                                           .embedded = true,
                                                                           .argv = arguments,
                                                                           .argc = 4,
                                                                           .configuration = "body hello\n",
                                                                           .ready = READY_TCP,
                                                                           .ready_port = 80,
                                                                           .restart = true,
                                                                           .origin = "node/web/service/http"};
    *ARENA_PUSH(a, p->runs, p->run_count) = (struct plan_run){2, "ip link set eth0 alias outside", "node/web"};
    return p;
}

static void golden(void **state)
{
    (void)state;
    struct plan *plan = full();
    STR_AUTO out = STR_INIT;
    plan_print(plan, &out);
    assert_string_equal(
        str_text(&out),
        "lab demo\n"
        "\n"
        "fabric\n"
        "    bridge lan stp mtu 1400\n"
        "\n"
        "cloud vpc/main\n"
        "    neighbour proxy 10.0.0.1 dev p1\n"
        "    route blackhole 10.9.0.0/16\n"
        "    nft table inet groups\n"
        "        chain c {\n"
        "            accept\n"
        "        }\n"
        "\n"
        "node web (with IPv6)\n"
        "    link web/eth0 02:00:00:00:00:01 -- fabric/web-eth0 02:00:00:00:00:02 in lan down mtu 1400\n"
        "    sysctl net/ipv4/ip_forward = 1\n"
        "    address 10.0.0.2/24 dev eth0\n"
        "    neighbour 10.0.0.1 dev eth0 lladdr 02:00:00:00:00:09\n"
        "    route default via 10.0.0.1 src 10.0.0.2 congctl reno\n"
        "    route 10.1.0.0/16 nexthop via 10.0.0.1 weight 1 nexthop via 10.0.1.1 dev eth1 weight 3 table 500 metric "
        "7\n"
        "    rule 100: from 10.0.0.0/30 iif eth0 fwmark 0x5/0xff lookup 500\n"
        "    file /etc/motd (6 bytes, mode 0644)\n"
        "    process web/http: httpd --port 80 @configuration@ (ready on tcp/80)\n"
        "        body hello\n"
        "    run ip link set eth0 alias outside\n"
        "\n"
        "hosts view 0\n"
        "        10.0.0.2 web\n");
    plan_free(plan);
}

/* Well-formed, complete, and with what the text has not: where each thing comes from. */
static void as_json(void **state)
{
    (void)state;
    struct plan *plan = full();
    STR_AUTO out = STR_INIT;
    struct json json;
    json_init(&json, &out, true);
    plan_json(plan, &json);
    json_t *root = json_loads(str_text(&out), 0, NULL);
    assert_non_null(root);
    json_t *namespaces = json_object_get(root, "namespaces"), *web = json_array_get(namespaces, 2);
    assert_int_equal(json_array_size(namespaces), 3);
    assert_string_equal(json_string_value(json_object_get(web, "kind")), "node");
    json_t *link = json_array_get(json_object_get(web, "links"), 0),
           *route = json_array_get(json_object_get(web, "routes"), 0);
    assert_string_equal(json_string_value(json_object_get(link, "origin")), "node/web/eth0");
    assert_int_equal(json_array_size(json_object_get(link, "ends")), 2);
    assert_string_equal(json_string_value(json_object_get(route, "destination")), "0.0.0.0/0");
    json_t *file = json_array_get(json_object_get(web, "files"), 0);
    assert_string_equal(json_string_value(json_object_get(file, "mode")), "0644");
    assert_string_equal(json_string_value(json_object_get(file, "content")), "hello\n");
    json_decref(root);
    plan_free(plan);
}

static void every_item_has_a_name(void **state)
{
    (void)state;
    for (int a = 0; a < ITEM_COUNT; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(plan_item_name(a), plan_item_name(b));
}

static void groups_by_namespace(void **state)
{
    (void)state;
    struct plan *plan = full();
    ARENA_AUTO arena = arena_new();
    struct plan_index *index = plan_index_new(plan, arena);
    assert_int_equal(plan_index_group(index, 2, ITEM_ROUTE).count, 2);
    assert_int_equal(plan_index_group(index, 1, ITEM_ROUTE).count, 1);
    assert_int_equal(plan_index_group(index, 1, ITEM_ROUTE).items[0], 2);
    assert_int_equal(plan_index_group(index, 0, ITEM_LINK).items[0], 1); /* its far end */
    assert_int_equal(plan_index_group(index, 2, ITEM_LINK).items[0], 0);
    assert_int_equal(plan_index_group(index, 7, ITEM_LINK).count, 0);
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(as_json),
        cmocka_unit_test(every_item_has_a_name),
        cmocka_unit_test(groups_by_namespace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
