/* Addresses from the wire: what the server is told, what a client is, and what lowering leaves to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "load/load.h"
#include "lower/lower.h"
#include "plan/plan.h"
#include "rules/rules.h"
#include "service/service.h"

struct lab {
    struct arena *arena;
    struct topology *topology;
    struct plan *plan;
};

static struct lab lab_new(const char *text)
{
    struct lab lab = {.arena = arena_new()};
    struct sources *sources = sources_new(lab.arena);
    struct findings findings;
    struct error err = ERROR_INIT;
    STR_AUTO said = STR_INIT;
    findings_init(&findings, lab.arena);
    if (load_topology_text("lab.yaml", text, strlen(text), sources, &findings, &lab.topology) == 0)
        rules_check(lab.topology, &findings);
    findings_print(&findings, sources, false, &said);
    if (findings.count > 0)
        fail_msg("%s", str_text(&said));
    if (lower_topology(lab.topology, &lab.plan, &err) != 0 || service_lower(lab.topology, lab.plan, &err) != 0)
        fail_msg("%s", err.text);
    return lab;
}

static void lab_free(struct lab *lab)
{
    plan_free(lab->plan);
    topology_free(lab->topology);
    arena_free(lab->arena);
}

static const struct plan_process *process(const struct lab *lab, const char *name)
{
    for (size_t i = 0; i < lab->plan->process_count; i++)
        if (str_equal(lab->plan->processes[i].name, name))
            return &lab->plan->processes[i];
    fail_msg("no process %s", name);
    return NULL;
}

#define WIRE                                                                                                           \
    "lab: wire\nbridges: { lan: {} }\nnodes:\n"                                                                        \
    "  client: { bridge: lan, dhcp: true, slaac: true, mac: \"02:00:00:00:00:07\" }\n"                                 \
    "  router:\n    bridge: lan\n    forwarding: true\n    address: 10.0.0.1/24\n"                                     \
    "    addresses: [ \"2001:db8::1/64\" ]\n    mac: \"02:00:00:00:00:01\"\n    services:\n"

static void the_server_is_configured_by_its_keys(void **state)
{
    (void)state;
    struct lab lab = lab_new(WIRE "      dhcp: { range: [ 10.0.0.10-10.0.0.20 ], lease: 5m, domain: a.test,\n"
                                  "              reservations: { client: 10.0.0.7, 02:00:00:00:00:09: 10.0.0.9 },\n"
                                  "              router_advertisements: true }\n"
                                  "      dns: {}\n");
    const char *text = process(&lab, "router/dhcp")->configuration;
    assert_non_null(strstr(text, "dhcp-range=set:eth0,10.0.0.10,10.0.0.20,255.255.255.0,300\n"));
    assert_non_null(strstr(text, "option:router,10.0.0.1\n"));
    assert_non_null(strstr(text, "option:dns-server,10.0.0.1\n"));
    assert_non_null(strstr(text, "option:domain-name,a.test\n"));
    assert_non_null(strstr(text, "dhcp-host=02:00:00:00:00:07,10.0.0.7\ndhcp-host=02:00:00:00:00:09,10.0.0.9\n"));
    assert_non_null(strstr(text, "enable-ra\n"));
    assert_non_null(strstr(text, "dhcp-range=2001:db8::,ra-only,64,300\n"));
    assert_int_equal(process(&lab, "router/dhcp")->ready, READY_UDP_BOUND);
    lab_free(&lab);
}

static void what_is_not_told_is_not_sent(void **state)
{
    (void)state;
    struct lab lab = lab_new("lab: wire\nbridges: { lan: {} }\nnodes:\n"
                             "  client: { bridge: lan, dhcp: true }\n"
                             "  server: { bridge: lan, address: 10.0.0.1/24, services: { dhcp: { reservations: "
                             "{ client: 10.0.0.7 } } } }\n");
    const char *text = process(&lab, "server/dhcp")->configuration;
    assert_non_null(strstr(text, "dhcp-range=set:eth0,10.0.0.0,static,255.255.255.0,3600\n"));
    assert_non_null(strstr(text, "option:router\n")); /* it does not forward */
    assert_non_null(strstr(text, "option:dns-server\n"));
    assert_null(strstr(text, "enable-ra"));
    lab_free(&lab);
}

static size_t addresses_of(const struct lab *lab, const char *node, const char *wanted)
{
    char text[ADDR_TEXT_MAX];
    size_t count = 0;
    uint32_t ns = plan_find_namespace(lab->plan, node);
    for (size_t i = 0; i < lab->plan->address_count; i++)
        count += lab->plan->addresses[i].ns == ns &&
                 str_equal(prefix_format(&lab->plan->addresses[i].address, text), wanted);
    return count;
}

static void a_client_has_what_the_wire_gives(void **state)
{
    (void)state;
    char text[ADDR_TEXT_MAX];
    struct lab lab = lab_new(WIRE "      dhcp: { reservations: { client: 10.0.0.7 }, router_advertisements: true }\n");
    const struct interface *client = topology_node(lab.topology, "client")->interfaces[0];
    assert_int_equal(client->address_count, 2); /* those that it will have */
    assert_string_equal(prefix_format(&client->addresses[0], text), "10.0.0.7/24");
    assert_string_equal(prefix_format(&client->addresses[1], text), "2001:db8::ff:fe00:7/64");
    assert_string_equal(addr_format(&client->gateway, text), "10.0.0.1");
    assert_int_equal(addresses_of(&lab, "client", "10.0.0.7/24"), 0); /* nobody but the wire puts them there */
    assert_int_equal(addresses_of(&lab, "client", "2001:db8::ff:fe00:7/64"), 0);
    assert_int_equal(addresses_of(&lab, "client", "fe80::ff:fe00:7/64"), 1);
    assert_int_equal(addresses_of(&lab, "router", "fe80::ff:fe00:1/64"), 1);
    for (size_t i = 0; i < lab.plan->route_count; i++)
        assert_false(lab.plan->routes[i].ns == plan_find_namespace(lab.plan, "client") &&
                     lab.plan->routes[i].destination.length == 0);
    const struct plan_process *asks = process(&lab, "client/dhcp-eth0");
    assert_int_equal(asks->ready, READY_ADDRESS);
    assert_true(asks->ready_hoped);
    lab_free(&lab);
}

/* A client asks anew when what it is told changes, and only then. */
static void a_change_reaches_whom_it_concerns(void **state)
{
    (void)state;
    static const char *const services[] = {
        "      dhcp: { range: 10.0.0.10-10.0.0.20 }\n",
        "      dhcp: { range: 10.0.0.10-10.0.0.20, router: 10.0.0.254 }\n",
        "      dhcp: { range: 10.0.0.10-10.0.0.20, reservations: { 02:00:00:00:00:09: 10.0.0.9 } }\n",
    };
    const char *seen[3];
    ARENA_AUTO arena = arena_new();
    for (size_t i = 0; i < 3; i++) {
        struct lab lab = lab_new(arena_printf(arena,
                                              "lab: wire\nbridges: { lan: {} }\nnodes:\n"
                                              "  client: { bridge: lan, dhcp: true }\n"
                                              "  router:\n    bridge: lan\n    address: 10.0.0.1/24\n"
                                              "    services:\n%s",
                                              services[i]));
        seen[i] = arena_strdup(arena, process(&lab, "client/dhcp-eth0")->configuration);
        lab_free(&lab);
    }
    assert_string_not_equal(seen[0], seen[1]);
    assert_string_equal(seen[0], seen[2]);
}

#define ROUTERS                                                                                                        \
    "lab: routers\nnodes:\n"                                                                                           \
    "  a:\n    forwarding: true\n    interfaces: { b0: { link: ab, address: 10.0.0.1/30 }, l0: { link: l, address: "   \
    "10.1.0.1/24 } }\n    services:\n"                                                                                 \
    "      bgp: { as: 65001, networks: [10.1.0.0/24], redistribute: ospf, neighbours: { b: { as: 65002, preference: "  \
    "200, prepend: 1, import: [10.0.0.0/8] } } }\n"                                                                    \
    "      ospf: { areas: { 0.0.0.1: { stub: true, interfaces: { l0: { passive: true, cost: 5 } } } } }\n"             \
    "  l: { link: l, address: 10.1.0.2/24 }\n"                                                                         \
    "  b: { forwarding: true, link: ab, address: 10.0.0.2/30, services: { bgp: { as: %s, neighbours: { a: { as: "      \
    "65001 "                                                                                                           \
    "} } } } }\n"

/* One BIRD for both services of a node; it waits for what both ends are configured for. */
static void a_router_is_bird(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct lab lab = lab_new(arena_printf(arena, ROUTERS, "65002"));
    const struct plan_process *bird = process(&lab, "a/bgp");
    assert_int_equal(lab.plan->process_count, 2);
    assert_int_equal(bird->ready, READY_SESSIONS);
    assert_int_equal(bird->ready_session_count, 1);
    assert_string_equal(bird->ready_sessions[0], "to_b");
    static const char *const parts[] = {
        "router id 10.0.0.1;",
        "route 10.1.0.0/24 unreachable;",
        "local 10.0.0.1 as 65001;\n    neighbor 10.0.0.2 as 65002;\n    direct;",
        "if net !~ [ 10.0.0.0/8+ ] then reject;\n            bgp_local_pref = 200;",
        "bgp_path.prepend(65001);\n            if net ~ [ 10.1.0.0/24 ] && source",
        "if source ~ [ RTS_OSPF, RTS_OSPF_IA, RTS_OSPF_EXT1, RTS_OSPF_EXT2 ] then accept;",
        "area 1 {\n        stub;\n        interface \"l0\" {\n            cost 5;\n            stub;",
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strstr(bird->configuration, parts[i]))
            fail_msg("no '%s' in\n%s", parts[i], bird->configuration);
    lab_free(&lab);
}

static void a_session_that_cannot_stand_is_not_waited_for(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *topology;
    const char *text = arena_printf(arena, ROUTERS, "65003");
    findings_init(&findings, arena);
    assert_int_equal(load_topology_text("lab.yaml", text, strlen(text), sources, &findings, &topology), 0);
    const struct service *service = node_service_of(topology_node(topology, "a"), SERVICE_BGP);
    assert_false(bgp_agreed(service, &service->routing->bgp.neighbours[0]));
    topology_free(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_is_configured_by_its_keys),
        cmocka_unit_test(what_is_not_told_is_not_sent),
        cmocka_unit_test(a_client_has_what_the_wire_gives),
        cmocka_unit_test(a_change_reaches_whom_it_concerns),
        cmocka_unit_test(a_router_is_bird),
        cmocka_unit_test(a_session_that_cannot_stand_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
