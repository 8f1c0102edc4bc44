/* Checks of a node's own state: what is written becomes words, and the words are written the same again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/dump.h"
#include "load/load.h"
#include "model/check.h"
#include "model/topology.h"

static struct topology *load(const char *check)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO text = STR_INIT;
    STR_AUTO seen = STR_INIT;
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *topology = NULL;
    findings_init(&findings, arena);
    str_printf(&text, "lab: t\nnodes: { web: { internet: true } }\nchecks:\n  - { at: web, %s }\n", check);
    load_topology_text("test.yaml", text.data, text.length, sources, &findings, &topology);
    findings_print(&findings, sources, false, &seen);
    if (findings.count > 0)
        fail_msg("%s", str_text(&seen));
    return topology;
}

/* What is written, and what it asks. */
static const struct {
    const char *written, *asked;
} rows[] = {
    {"route: 10.0.0.0/8 via 10.0.1.1", "route at web: 10.0.0.0/8 via 10.0.1.1"},
    {"route: { destination: 10.0.0.0/8, via: 10.0.1.1 }", "route at web: 10.0.0.0/8 via 10.0.1.1"},
    {"route: default dev eth0 table 100 metric 5", "route at web: 0.0.0.0/0 dev eth0 table 100 metric 5"},
    {"route: \"default via fe80::1\"", "route at web: ::/0 via fe80::1"},
    {"route: default table 254", "route at web: 0.0.0.0/0"},
    {"route: blackhole 10.66.0.0/16", "route at web: blackhole 10.66.0.0/16"},
    {"route: { destination: 10.66.0.1, expect: absent }", "route at web: no 10.66.0.1/32"},
    {"route: { destination: [10.1.0.0/16, 10.2.0.0/16], via: 10.0.0.9, expect: exact }",
     "route at web: exactly 10.1.0.0/16 via 10.0.0.9, 10.2.0.0/16 via 10.0.0.9"},
    {"neighbour: 10.0.0.1", "neighbour at web: 10.0.0.1"},
    {"neighbour: \"10.0.0.1 mac 02:00:00:00:00:0a dev eth0 permanent\"",
     "neighbour at web: 10.0.0.1 mac 02:00:00:00:00:0a dev eth0 permanent"},
    {"neighbour: \"2001:DB8::0:1\"", "neighbour at web: 2001:db8::1"},
    {"address: 10.0.0.5/24", "address at web: 10.0.0.5/24"},
    {"address: [10.0.0.5, 10.0.0.6/24]", "address at web: 10.0.0.5, 10.0.0.6/24"},
    {"address: { dev: eth0, expect: absent }", "address at web: no dev eth0"},
    {"link: eth0 up mtu 1500", "link at web: eth0 up mtu 1500"},
    {"link: { dev: eth1, expect: absent }", "link at web: no eth1"},
    {"sysctl: net.ipv4.ip_forward=1", "sysctl at web: net.ipv4.ip_forward value 1"},
    {"sysctl: { key: net.ipv4.tcp_rmem, value: \"4096  131072\t6291456\" }",
     "sysctl at web: net.ipv4.tcp_rmem value 4096 131072 6291456"},
    {"conntrack: tcp to 10.0.0.5 port 80 established", "conntrack at web: tcp to 10.0.0.5 port 80 established"},
    {"conntrack: { count: 0 }", "conntrack at web: any (0)"},
    {"resolver: 10.0.0.2", "resolver at web: 10.0.0.2"},
    {"resolver: { servers: [10.0.0.2, 10.0.0.3], search: home.test, expect: exact }",
     "resolver at web: exactly 10.0.0.2, 10.0.0.3, search home.test"},
    {"socket: tcp/443", "socket at web: tcp/443"},
    {"socket: { listening: [tcp/80, udp/53], only: true }", "socket at web: exactly tcp/80, udp/53"},
    {"socket: { time_wait_below: 10 }", "socket at web: TIME-WAIT"},
    {"process: nginx", "process at web: nginx"},
    {"process: { name: nginx, user: 33, count: 2 }", "process at web: nginx uid 33 (2)"},
    {"file: /etc/motd", "file at web: /etc/motd"},
    {"file: { path: /etc/motd, expect: absent }", "file at web: no /etc/motd"},
    {"file: { path: /a, content: \"x\\n\", contains: [a, b], lacks: c, mode: \"0600\", type: file }",
     "file at web: /a"},
};

static void what_is_written_is_asked(void **state)
{
    (void)state;
    char text[400];
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct topology *topology = load(rows[i].written);
        const struct check *check = topology->checks[0];
        assert_string_equal(check_describe(check, text, sizeof text), rows[i].asked);
        assert_true(check_is_local(check->kind) && !check_is_negative(check));
        topology_free(topology);
    }
}

/* The part of a dump behind "checks:". */
static char *checks_of(const struct topology *topology)
{
    STR_AUTO out = STR_INIT;
    dump_topology(topology, &out);
    const char *checks = strstr(str_text(&out), "\nchecks:");
    assert_non_null(checks);
    return strdup(checks);
}

static void a_dump_asks_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct topology *a = load(rows[i].written), *b = NULL;
        ARENA_AUTO arena = arena_new();
        STR_AUTO text = STR_INIT;
        struct sources *sources = sources_new(arena);
        struct findings findings;
        findings_init(&findings, arena);
        dump_topology(a, &text);
        load_topology_text("dump.yaml", text.data, text.length, sources, &findings, &b);
        if (findings.count > 0)
            fail_msg("%s is dumped as:\n%s", rows[i].written, text.data);
        char *before = checks_of(a), *after = checks_of(b);
        assert_string_equal(before, after);
        free(before);
        free(after);
        topology_free(a);
        topology_free(b);
    }
}

/* An address in a check may be a node, a node's interface or an IP. */
static void a_source_may_be_a_node_or_its_interface(void **state)
{
    (void)state;
    static const char *const sources[] = {"web", "node/web", "web/eth0"};
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
        STR_AUTO check = STR_INIT;
        str_printf(&check, "ping: { to: 203.0.113.53, source: %s }", sources[i]);
        struct topology *topology = load(str_text(&check));
        const struct prefix *own = &topology->nodes[0]->interfaces[0]->addresses[0];
        assert_memory_equal(&topology->checks[0]->ping.source, &own->addr, sizeof own->addr);
        topology_free(topology);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_may_be_a_node_or_its_interface),
        cmocka_unit_test(what_is_written_is_asked),
        cmocka_unit_test(a_dump_asks_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
