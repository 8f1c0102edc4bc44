/* Lowering of bridges, links, nodes and the internet. */
#include "lower/lowered.h"

static void bridges(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered("lab: t\n"
                             "bridges: { lan: { mtu: 1400 }, a-very-long-bridge-name: { stp: true } }\n"
                             "nodes:\n"
                             "  a: { bridge: lan, address: 10.0.0.1/24, mac: 02:00:00:00:00:0a }\n"
                             "  b: { bridge: lan, address: 10.0.0.2/24 }\n"
                             "  a-node-with-a-long-name: { bridge: a-very-long-bridge-name, address: 10.0.0.1/24 }\n");
    assert_int_equal(plan->bridge_count, 2);
    assert_string_equal(plan->bridges[0].name, "br-lan");
    assert_int_equal(plan->bridges[0].mtu, 1400);
    assert_true(plan->bridges[1].stp);
    assert_true(strlen(plan->bridges[1].name) <= 15);
    const struct plan_link *link = find_link(plan, "a", "eth0");
    assert_non_null(link);
    assert_string_equal(link->end[1].name, "a.eth0");
    assert_string_equal(link->end[1].master, "br-lan");
    assert_int_equal(link->mtu, 1400);
    assert_int_equal(link->end[0].mac.bytes[5], 0x0a);
    link = find_link(plan, "a-node-with-a-long-name", "eth0");
    assert_true(strlen(link->end[1].name) <= 15);
    assert_string_equal(link->end[1].master, plan->bridges[1].name);
    assert_memory_equal(&find_neighbour(plan, "b", "10.0.0.1")->mac, "\x02\0\0\0\0\x0a", 6);
    assert_null(find_neighbour(plan, "b", "10.0.0.2"));
    assert_true(find_route(plan, "a", 254, "10.0.0.0/24 dev eth0")->connected);
}

static void dynamic_arp(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered("lab: t\nbridges: { lan: { arp: dynamic } }\n"
                             "nodes:\n  a: { bridge: lan, address: 10.0.0.1/24 }\n"
                             "  b: { bridge: lan, address: 10.0.0.2/24, gateway: 10.0.0.1 }\n");
    assert_int_equal(plan->neighbour_count, 0);
    assert_string_equal(find_route(plan, "b", 254, "default via 10.0.0.1 dev eth0")->congestion_control, "cubic");
}

/* In a segment of more than 32 only routers and their clients know each other. */
static void large_segment(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    str_append(&text,
               "lab: t\nbridges: { lan: {} }\nnodes:\n  gw: { bridge: lan, address: 10.0.0.1/24, forwarding: true }\n");
    for (int i = 0; i < 40; i++)
        str_printf(&text, "  h%d: { bridge: lan, address: 10.0.0.%d/24, gateway: 10.0.0.1 }\n", i, 10 + i);
    PLAN_AUTO plan = lowered(str_text(&text));
    assert_int_equal(plan->neighbour_count, 80);
    assert_non_null(find_neighbour(plan, "h3", "10.0.0.1"));
    assert_non_null(find_neighbour(plan, "gw", "10.0.0.13"));
    assert_null(find_neighbour(plan, "h3", "10.0.0.14"));
    assert_string_equal(find_sysctl(plan, "gw", "net/ipv4/ip_forward"), "1");
    assert_null(find_sysctl(plan, "h3", "net/ipv4/ip_forward"));
}

static void links_and_loss(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered("lab: t\n"
                             "links:\n  wire: [ { loss: 1%, mtu: 1300 }, { from: node/b, loss: 0.5% } ]\n"
                             "nodes:\n"
                             "  a: { interfaces: { x: { link: wire, address: 10.0.0.1/30 } } }\n"
                             "  b: { interfaces: { y: { link: wire, address: 10.0.0.2/30, up: false } } }\n");
    assert_string_equal(plan->bridges[0].name, "ln-wire");
    assert_int_equal(find_link(plan, "a", "x")->mtu, 1300);
    assert_int_equal(plan->impairment_count, 2);
    assert_string_equal(plan->impairments[0].interface, "b.y"); /* what a sends is lost on its way to b */
    assert_int_equal(plan->impairments[0].direction, PLAN_RECEIVED);
    assert_int_equal(plan->impairments[0].is.loss, 10000000);
    assert_string_equal(plan->impairments[1].interface, "a.x");
    assert_int_equal(plan->impairments[1].is.loss, 5000000);
    assert_true(find_link(plan, "b", "y")->end[0].down);
    assert_null(find_route(plan, "b", 254, "10.0.0.0/30 dev y"));
    assert_null(find_neighbour(plan, "b", "10.0.0.1"));
    assert_non_null(find_neighbour(plan, "a", "10.0.0.2"));
}

static void routes(void **state)
{
    (void)state;
    PLAN_AUTO plan =
        lowered("lab: t\nbridges: { lan: {}, side: {} }\nnodes:\n  r:\n    forwarding: true\n    interfaces:\n"
                "      e0: { bridge: lan, address: 10.0.0.1/24, gateway: 10.0.0.254 }\n"
                "      e1: { bridge: side, addresses: [10.1.0.1/24, \"fd00::1/64\"] }\n"
                "    routes:\n"
                "      - { destination: 10.5.0.0/16, via: 10.7.0.1 }\n"
                "      - { destination: 10.7.0.0/24, dev: e1 }\n"
                "      - { destination: 10.6.0.0/16, type: blackhole, metric: 5 }\n"
                "      - { destination: 10.8.0.0/16, via: 10.0.0.9, weight: 1 }\n"
                "      - { destination: 10.8.0.0/16, via: 10.1.0.9, weight: 2 }\n"
                "      - { destination: default, via: 10.1.0.254, table: 100 }\n"
                "    rules: [ { priority: 100, from: 10.0.0.0/24, table: 100 } ]\n"
                "    sysctls: { net.ipv4.conf.e1.rp_filter: 1 }\n"
                "    run: [ \"true\" ]\n");
    const struct plan_route *on_link = find_route(plan, "r", 254, "10.7.0.0/24 dev e1");
    const struct plan_route *beyond = find_route(plan, "r", 254, "10.5.0.0/16 via 10.7.0.1");
    assert_non_null(on_link);
    assert_true(on_link < beyond); /* the next hop must be reachable already */
    assert_non_null(find_route(plan, "r", 254, "blackhole 10.6.0.0/16 metric 5"));
    assert_non_null(find_route(plan, "r", 254, "10.8.0.0/16 via 10.0.0.9 weight 1 via 10.1.0.9 weight 2"));
    assert_non_null(find_route(plan, "r", 254, "default via 10.0.0.254 dev e0"));
    assert_non_null(find_route(plan, "r", 100, "default via 10.1.0.254"));
    assert_int_equal(plan->rule_count, 1);
    assert_int_equal(plan->rules[0].table, 100);
    assert_string_equal(find_sysctl(plan, "r", "net/ipv4/conf/e1/rp_filter"), "1");
    assert_string_equal(find_sysctl(plan, "r", "net/ipv6/conf/all/forwarding"), "1");
    assert_true(plan->namespaces[ns_of(plan, "r")].ipv6);
    assert_string_equal(plan->runs[0].command, "true");
}

static void nat(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(
        "lab: t\nbridges: { lan: {}, wan: {} }\nnodes:\n  r:\n    forwarding: true\n    interfaces:\n"
        "      in0: { bridge: lan, address: 192.168.1.1/24 }\n      out0: { bridge: wan, address: 100.64.0.2/24 }\n"
        "    nat: { masquerade: [out0], forward: [ { protocol: tcp, port: 8080, to: \"192.168.1.20:80\" } ] }\n"
        "    nftables: \"table inet house { }\\n\"\n");
    const char *body = find_nft(plan, "r", "nat")->body;
    assert_string_equal(body,
                        "\tchain prerouting {\n"
                        "\t\ttype nat hook prerouting priority dstnat; policy accept;\n"
                        "\t\tiifname { \"out0\" } tcp dport 8080 dnat to 192.168.1.20:80\n"
                        "\t\tip daddr { 100.64.0.2 } tcp dport 8080 dnat to 192.168.1.20:80\n"
                        "\t}\n"
                        "\tchain postrouting {\n"
                        "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
                        "\t\tip saddr 192.168.1.0/24 ip daddr 192.168.1.20 tcp dport 80 ct status dnat masquerade\n"
                        "\t\toifname { \"out0\" } masquerade\n"
                        "\t}\n");
    assert_true(find_nft(plan, "r", "nftables")->verbatim);
    assert_string_equal(find_nft(plan, "r", "nftables")->body, "table inet house { }\n");
}

static void files(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered("lab: t\nbridges: { lan: {} }\nnodes:\n  a:\n    bridge: lan\n    address: 10.0.0.1/24\n"
                             "    resolver: { servers: [10.0.0.9], search: [x.test, y.test], options: [\"ndots:2\"] }\n"
                             "    files: { /etc/motd: { content: \"hi\\n\", mode: \"0600\" } }\n"
                             "  b: { bridge: lan, address: 10.0.0.2/24 }\n");
    assert_string_equal(find_file(plan, "a", "/etc/resolv.conf")->content,
                        "nameserver 10.0.0.9\nsearch x.test y.test\noptions ndots:2\n");
    assert_int_equal(find_file(plan, "a", "/etc/motd")->mode, 0600);
    assert_null(find_file(plan, "b", "/etc/resolv.conf"));
}

static const char *view_of(const struct plan *plan, const char *node)
{
    return plan->hosts_views[plan->namespaces[ns_of(plan, node)].hosts_view].content;
}

static void hosts(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered("lab: t\nbridges: { lan: {}, side: {} }\nnodes:\n"
                             "  a: { bridge: lan, address: 10.0.0.1/24 }\n"
                             "  b: { bridge: lan, address: 10.0.0.2/24 }\n"
                             "  c: { bridge: side, address: 10.1.0.1/24, hosts: { extra.test: 10.9.9.9 } }\n"
                             "  r: { forwarding: true, interfaces: { e0: { bridge: side, address: 10.1.0.254/24 },"
                             " e1: { bridge: lan, address: 10.0.0.254/24 } } }\n");
    assert_contains(view_of(plan, "a"), "127.0.0.1\tlocalhost\n");
    assert_contains(view_of(plan, "a"), "10.0.0.254\tr\n"); /* the address on the shared wire */
    assert_contains(view_of(plan, "c"), "10.1.0.254\tr\n");
    assert_contains(view_of(plan, "c"), "10.9.9.9\textra.test\n");
    assert_contains(view_of(plan, "c"), "10.0.0.1\ta\n");
    assert_contains(view_of(plan, "r"), "10.1.0.1\tc\n");
    assert_lacks(view_of(plan, "a"), "extra");
    assert_ptr_equal(view_of(plan, "a"), view_of(plan, "b"));
}

static void internet(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered("lab: t\nnodes:\n  a: { internet: 203.0.113.200 }\n  b: { internet: true }\n");
    uint32_t core = ns_of(plan, "internet");
    assert_int_equal(plan->namespaces[core].kind, NAMESPACE_CLOUD);
    assert_non_null(find_route(plan, "internet", 254, "203.0.113.200/32 dev a.eth0"));
    assert_non_null(find_route(plan, "internet", 254, "blackhole default"));
    assert_non_null(find_route(plan, "a", 254, "default via 203.0.113.1 dev eth0"));
    assert_memory_equal(&find_neighbour(plan, "a", "203.0.113.1")->mac, &find_link(plan, "a", "eth0")->end[1].mac, 6);
    assert_contains(find_nft(plan, "internet", "internet")->body, "192.168.0.0/16");
    PLAN_AUTO without = lowered("lab: t\nbridges: { lan: {} }\nnodes: { a: { bridge: lan, address: 10.0.0.1/24 } }\n");
    assert_int_equal(plan_find_namespace(without, "internet"), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bridges),        cmocka_unit_test(dynamic_arp), cmocka_unit_test(large_segment),
        cmocka_unit_test(links_and_loss), cmocka_unit_test(routes),      cmocka_unit_test(nat),
        cmocka_unit_test(files),          cmocka_unit_test(hosts),       cmocka_unit_test(internet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
