/* Lowering of VPCs: the router, its tables and groups, the gateways, the resolver; rows of the cloud's semantics. */
#include "lower/lowered.h"

static const char shop[] =
    "lab: shop\n"
    "vpcs:\n"
    "  main:\n"
    "    cidr: 10.0.0.0/16\n"
    "    dns: { zone: shop.internal }\n"
    "    internet_gateway: true\n"
    "    subnets:\n"
    "      public: { cidr: 10.0.1.0/24, route_table: public, public_ips: true }\n"
    "      private: { cidr: 10.0.2.0/24, route_table: private }\n"
    "      alone: { cidr: 10.0.3.0/24 }\n"
    "    route_tables:\n"
    "      public: [ { destination: 0.0.0.0/0, target: internet_gateway } ]\n"
    "      private:\n"
    "        - { destination: 0.0.0.0/0, target: nat_gateway/nat }\n"
    "        - { destination: 10.0.1.0/24, target: node/fw }\n"
    "        - { destination: 10.66.0.0/16, target: blackhole }\n"
    "    nat_gateways: { nat: { subnet: public, ports: 2000-2009 } }\n"
    "    security_groups:\n"
    "      web:\n"
    "        ingress: [ { protocol: tcp, ports: [80, 443, 440-450], from: any4 } ]\n"
    "      db:\n"
    "        ingress: [ { protocol: tcp, ports: 5432, from: security_group/web } ]\n"
    "        egress: []\n"
    "nodes:\n"
    "  web: { subnet: main/public, address: 10.0.1.10, security_groups: [web] }\n"
    "  db: { subnet: main/private, address: 10.0.2.10, security_groups: [db] }\n"
    "  fw: { subnet: main/private, address: 10.0.2.20, forwarding: true, source_dest_check: false, "
    "security_groups: [db, web] }\n"
    "  lone: { subnet: main/alone }\n";

static uint32_t table_of_port(const struct plan *plan, const char *port)
{
    const char *body = find_nft(plan, "vpc/main", "route_tables")->body;
    const char *at = strstr(body, port);
    unsigned number = 0;
    if (at)
        sscanf(at + strlen(port), "\" : 0x%x", &number);
    return number;
}

static void router(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(shop);
    assert_int_equal(plan->namespaces[ns_of(plan, "vpc/main")].kind, NAMESPACE_CLOUD);
    assert_non_null(find_route(plan, "vpc/main", 254, "10.0.1.10/32 dev web.eth0"));
    assert_non_null(find_route(plan, "vpc/main", 254, "blackhole 10.0.0.0/16"));
    assert_string_equal(find_sysctl(plan, "vpc/main", "net/ipv4/conf/all/proxy_arp"), "1");
    assert_string_equal(find_sysctl(plan, "vpc/main", "net/ipv4/neigh/web.eth0/proxy_delay"), "0");
    assert_memory_equal(&find_link(plan, "web", "eth0")->end[1].mac, &find_link(plan, "db", "eth0")->end[1].mac, 6);
    assert_memory_equal(&find_neighbour(plan, "web", "10.0.1.1")->mac, &find_link(plan, "web", "eth0")->end[1].mac, 6);
    assert_non_null(find_route(plan, "web", 254, "default via 10.0.1.1 dev eth0"));
    assert_contains(find_nft(plan, "vpc/main", "hop")->body, "chain ttl_64 { ip ttl set 65; }\n");
}

static void row_03_local_route_wins(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(shop);
    uint32_t vpc = ns_of(plan, "vpc/main"), private = table_of_port(plan, "db.eth0");
    uint32_t local = 0, override = 0, marked = 0;
    for (size_t i = 0; i < plan->rule_count; i++) {
        const struct plan_rule *rule = &plan->rules[i];
        if (rule->ns != vpc)
            continue;
        if (rule->table == 254)
            local = rule->priority;
        if (rule->table == private && rule->to.length == 24)
            override = rule->priority;
        if (rule->table == private && rule->to.addr.family == 0)
            marked = rule->priority;
    }
    assert_true(0 < override && override < local && local < marked);
    assert_non_null(find_route(plan, "vpc/main", private, "10.0.1.0/24 via 10.0.2.20 dev fw.eth0"));
    assert_non_null(find_route(plan, "vpc/main", private, "blackhole 10.66.0.0/16"));
}

static void row_04_no_table_is_local_only(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(shop);
    assert_int_equal(table_of_port(plan, "lone.eth0"), 0);
    assert_int_not_equal(table_of_port(plan, "web.eth0"), 0);
    assert_int_not_equal(table_of_port(plan, "web.eth0"), table_of_port(plan, "db.eth0"));
}

static void row_06_security_groups(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(shop);
    const char *body = find_nft(plan, "vpc/main", "security_groups")->body;
    assert_contains(
        body,
        "chain in-web {\n\t\ttcp dport { 80, 440-450 } goto allow-in comment \"vpc/main/security_group/web\"\n\t}");
    assert_contains(body, "chain out-web {\n\t\tgoto allow-out\n\t}"); /* no egress declared */
    assert_contains(body, "chain out-db {\n\t}");                      /* egress: [] */
    assert_contains(body, "jump in-db\n\t\tjump in-web\n\t\tgoto refuse-in");
    assert_contains(
        body, "priority -5; policy accept;\n\t\tct state related accept\n"
              "\t\tct state established ct direction original ct mark and 0x2 != 0 accept\n"
              "\t\tct state established ct direction reply ct mark and 0x1 != 0 accept\n"
              "\t\tct state invalid tcp flags rst ip daddr . ip saddr . tcp dport . tcp sport @accepted-tcp accept\n"
              "\t\toifname vmap @in_ports");
    assert_contains(
        body, "priority -15; policy accept;\n\t\tct state related accept\n"
              "\t\tct state established ct direction original ct mark and 0x1 != 0 accept\n"
              "\t\tct state established ct direction reply ct mark and 0x2 != 0 accept\n"
              "\t\tct state invalid tcp flags rst ip daddr . ip saddr . tcp dport . tcp sport @accepted-tcp accept\n"
              "\t\tiifname vmap @out_ports");
}

static const char clouds[] =
    "lab: t\n"
    "vpcs:\n"
    "  main:\n"
    "    cidr: 10.0.0.0/16\n"
    "    cidrs: [10.7.0.0/16]\n"
    "    internet_gateway: true\n"
    "    subnets:\n"
    "      a: { cidr: 10.0.1.0/24, network_acl: n }\n"
    "      b: { cidr: 10.7.2.0/24 }\n"
    "    nat_gateways: { nat: { subnet: a } }\n"
    "    prefix_lists: { office: [198.51.100.0/24, 203.0.113.7] }\n"
    "    route_tables:\n"
    "      main:\n"
    "        - { destination: prefix_list/office, target: internet_gateway }\n"
    "        - { destination: 10.7.2.0/24, target: node/checked }\n"
    "    security_groups:\n"
    "      open: { ingress: [ { protocol: tcp, ports: [80, 443], from: any }, { protocol: tcp, ports: 22, from: "
    "prefix_list/office }, { protocol: icmp, icmp_type: 3, icmp_code: 4, from: any4 } ] }\n"
    "      bound: { ingress: [ { protocol: tcp, ports: 80, from: any4 } ], egress: [ { protocol: udp, to: any4 } ] }\n"
    "    network_acls:\n"
    "      n: { ingress: [ { rule: 20, action: allow, protocol: tcp, from: 10.0.0.0/8 }, { rule: 10, action: deny, "
    "protocol: tcp, ports: 22, from: any4 } ] }\n"
    "nodes:\n"
    "  x: { subnet: main/a, address: 10.0.1.10, security_groups: [open] }\n"
    "  y: { subnet: main/b, address: 10.7.2.10, security_groups: [bound], source_dest_check: false }\n"
    "  checked: { subnet: main/b, address: 10.7.2.20, security_groups: [bound], forwarding: true }\n";

static const char *sysctl_of(const struct plan *plan, const char *ns, const char *key)
{
    for (size_t i = 0; i < plan->sysctl_count; i++)
        if (plan->sysctls[i].ns == ns_of(plan, ns) && strcmp(plan->sysctls[i].key, key) == 0)
            return plan->sysctls[i].value;
    return "";
}

static void row_09_tracked_and_not(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(clouds);
    const char *body = find_nft(plan, "vpc/main", "security_groups")->body;
    /* what any address may, while all goes out, asks the rules packet by packet */
    assert_contains(body, "{\n\t\ttcp dport { 80, 443 } accept\n\t\tjump in-open\n\t\tgoto refuse-in\n\t}");
    /* with a bound way out it is tracked */
    assert_contains(body, "{\n\t\tjump in-bound\n\t\tgoto refuse-in\n\t}");
    assert_contains(body, "chain allow-in {\n\t\tct state new ct mark set ct mark or 0x2\n\t\taccept\n\t}");
    assert_contains(body, "ip saddr 198.51.100.0/24 tcp dport { 22 } goto allow-in");
    assert_contains(body, "ip saddr 203.0.113.7/32 tcp dport { 22 } goto allow-in");
    assert_contains(body, "icmp type 3 icmp code 4 goto allow-in");
}

static void row_10_network_acls(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(clouds);
    const char *body = find_nft(plan, "vpc/main", "network_acls")->body;
    assert_contains(body, "chain in-n.tcp.0 {\n\t\ttcp dport { 0-21, 23-65535 } goto pass-in\n\t\tgoto refuse-in\n\t}");
    assert_contains(body, "elements = { 10.0.0.0-10.255.255.255 : goto in-n.tcp.0 }");
    assert_contains(body, "chain in-n {\n\t\tmeta l4proto tcp ip saddr vmap @in-n.tcp\n\t\tgoto refuse-in\n\t}");
    assert_contains(body, "chain in_a {\n\t\tiifname @ports_a accept\n\t\tgoto in-n\n\t}");
    assert_contains(body, "set ports_a {\n\t\ttype ifname\n\t\telements = { \"x.eth0\",\n\t\t\t     \"ngw-nat\" }");
    assert_contains(body, "type filter hook forward priority -8; policy accept;\n\t\tct mark and 0xffffff04 == 0x");
    assert_contains(body, "ct direction reply ct state established accept\n\t\toifname vmap @in_ports");
    assert_contains(body, "set middleboxes {\n\t\ttype ifname\n\t\telements = { \"y.eth0\" }");
    assert_null(strstr(body, "chain out-n")); /* not declared: everything passes */
}

static void rows_01_and_19(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(clouds);
    assert_non_null(find_route(plan, "vpc/main", 254, "blackhole 10.0.0.0/16"));
    assert_non_null(find_route(plan, "vpc/main", 254, "blackhole 10.7.0.0/16"));
    assert_non_null(find_route(plan, "vpc/main/internet_gateway", 254, "10.7.0.0/16 via 169.254.0.1 dev vpc"));
    assert_contains(find_nft(plan, "vpc/main/nat_gateway/nat", "nat_gateway")->body, "{ 10.0.0.0/16, 10.7.0.0/16 }");
    assert_string_equal(sysctl_of(plan, "vpc/main", "net/ipv4/conf/x.eth0/rp_filter"), "1");
    assert_string_equal(sysctl_of(plan, "vpc/main", "net/ipv4/conf/y.eth0/rp_filter"), "0");
    uint32_t main = table_of_port(plan, "x.eth0");
    assert_non_null(find_route(plan, "vpc/main", main, "blackhole 10.7.2.0/24"));
    assert_non_null(find_route(plan, "vpc/main", main, "10.7.2.20/32 dev checked.eth0"));
    assert_non_null(find_route(plan, "vpc/main", main, "203.0.113.7/32 via 169.254.0.1 dev igw"));
}

static void row_25_ipv6(void **state)
{
    static const char six[] =
        "lab: t\n"
        "vpcs:\n"
        "  main:\n"
        "    cidr: 10.0.0.0/16\n"
        "    ipv6_cidr: \"2001:db8:12:3400::/56\"\n"
        "    internet_gateway: true\n"
        "    egress_only_gateway: true\n"
        "    subnets:\n"
        "      a: { cidr: 10.0.1.0/24, ipv6_cidr: \"2001:db8:12:3401::/64\", route_table: out }\n"
        "      b: { cidr: 10.0.2.0/24, ipv6_cidr: \"2001:db8:12:3402::/64\", route_table: once }\n"
        "      c: { cidr: 10.0.3.0/24, ipv6_cidr: \"2001:db8:12:3403::/64\" }\n"
        "    route_tables:\n"
        "      out: [ { destination: any6, target: internet_gateway } ]\n"
        "      once: [ { destination: any6, target: egress_only_gateway } ]\n"
        "nodes:\n"
        "  x: { subnet: main/a, address: 10.0.1.10 }\n"
        "  y: { subnet: main/b, address: 10.0.2.10, addresses: [\"2001:db8:12:3402::77\"] }\n"
        "  out: { internet: 203.0.113.200 }\n";
    (void)state;
    PLAN_AUTO plan = lowered(six);
    /* the address is that of IPv4 in the subnet's /64, and stands alone */
    assert_non_null(find_route(plan, "vpc/main", 254, "2001:db8:12:3401::a00:10a/128 dev x.eth0"));
    assert_non_null(find_route(plan, "vpc/main", 254, "2001:db8:12:3402::77/128 dev y.eth0"));
    assert_non_null(find_route(plan, "vpc/main", 254, "blackhole 2001:db8:12:3400::/56"));
    assert_non_null(find_route(plan, "x", 254, "default via 2001:db8:12:3401::1 dev eth0"));
    assert_non_null(find_neighbour(plan, "x", "2001:db8:12:3401::1"));
    assert_non_null(find_route(plan, "out", 254, "default via 2001:db8:ffff::1 dev eth0"));
    /* the internet sends back to the gateway that a subnet's table leads to, and nothing to others */
    assert_non_null(find_route(plan, "internet", 254, "2001:db8:12:3401::/64 via fe80::1 dev vpc-main"));
    assert_non_null(find_route(plan, "internet", 254, "2001:db8:12:3402::/64 via fe80::1 dev eigw-main"));
    assert_null(find_route(plan, "internet", 254, "2001:db8:12:3403::/64 via fe80::1 dev vpc-main"));
    assert_contains(find_nft(plan, "vpc/main/egress_only_gateway", "egress_only_gateway")->body,
                    "ct state established,related accept");
    assert_null(strstr(find_nft(plan, "vpc/main/egress_only_gateway", "egress_only_gateway")->body, "snat"));
}

static void row_07_default_group(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(shop);
    const char *body = find_nft(plan, "vpc/main", "security_groups")->body;
    assert_contains(body, "ip saddr @members-default goto allow-in");
}

static void row_08_references(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(shop);
    const char *body = find_nft(plan, "vpc/main", "security_groups")->body;
    assert_contains(body, "set members-web {\n\t\ttype ipv4_addr\n\t\telements = { 10.0.1.10,\n\t\t\t     10.0.2.20 }");
    assert_contains(body, "ip saddr @members-web tcp dport { 5432 } goto allow-in");
}

static void row_12_internet_gateway(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(shop);
    const char *body = find_nft(plan, "vpc/main/internet_gateway", "internet_gateway")->body;
    assert_contains(body, " : 10.0.1.10");
    assert_contains(body, "10.0.1.10 : ");
    assert_lacks(body, "10.0.2.10"); /* private only */
    uint32_t public = table_of_port(plan, "web.eth0");
    assert_non_null(find_route(plan, "vpc/main", public, "default via 169.254.0.1 dev igw"));
    assert_true(find_route(plan, "vpc/main", public, "default via 169.254.0.1 dev igw")->onlink);
}

static void row_14_nat_gateway(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(shop);
    const char *body = find_nft(plan, "vpc/main/nat_gateway/nat", "nat_gateway")->body;
    assert_contains(body, "meta l4proto { tcp, udp } snat to ");
    assert_contains(body, ":2000-2009\n");
    assert_int_equal(table_of_port(plan, "ngw-nat"), table_of_port(plan, "web.eth0")); /* that of ITS subnet */
}

static void resolver(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(shop);
    assert_int_equal(plan->process_count, 1);
    const struct plan_process *process = &plan->processes[0];
    assert_string_equal(process->name, "vpc/main/resolver");
    assert_contains(process->configuration, "listen-address=10.0.0.2,169.254.169.253\n");
    assert_contains(process->configuration, "host-record=web.shop.internal,web,ip-10-0-1-10.shop.internal,10.0.1.10\n");
    assert_string_equal(find_file(plan, "db", "/etc/resolv.conf")->content,
                        "nameserver 10.0.0.2\nsearch shop.internal\n");
    PLAN_AUTO silent = lowered("lab: t\nvpcs: { v: { cidr: 10.0.0.0/16, dns: { support: false },"
                               " subnets: { s: { cidr: 10.0.0.0/24 } } } }\nnodes: { a: { subnet: v/s } }\n");
    assert_int_equal(silent->process_count, 0);
    assert_null(find_file(silent, "a", "/etc/resolv.conf"));
}

static void row_20_missing_target(void **state)
{
    (void)state;
    PLAN_AUTO plan =
        lowered("lab: t\nvpcs: { main: { cidr: 10.0.0.0/16, subnets: { s: { cidr: 10.0.0.0/24, route_table: r } },"
                " route_tables: { r: [ { destination: 0.0.0.0/0, target: nat_gateway/gone } ] } } }\n"
                "nodes: { a: { subnet: main/s } }\n");
    assert_non_null(find_route(plan, "vpc/main", table_of_port(plan, "a.eth0"), "blackhole default"));
}

static void two_vpcs_of_one_cidr(void **state)
{
    (void)state;
    PLAN_AUTO plan =
        lowered("lab: t\nvpcs:\n  a: { cidr: 10.0.0.0/16, subnets: { s: { cidr: 10.0.0.0/24 } } }\n"
                "  b: { cidr: 10.0.0.0/16, subnets: { s: { cidr: 10.0.0.0/24 } } }\n"
                "nodes:\n  x: { subnet: a/s, address: 10.0.0.10 }\n  y: { subnet: b/s, address: 10.0.0.10 }\n");
    assert_non_null(find_route(plan, "vpc/a", 254, "10.0.0.10/32 dev x.eth0"));
    assert_non_null(find_route(plan, "vpc/b", 254, "10.0.0.10/32 dev y.eth0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(router),
        cmocka_unit_test(row_03_local_route_wins),
        cmocka_unit_test(row_04_no_table_is_local_only),
        cmocka_unit_test(row_06_security_groups),
        cmocka_unit_test(row_07_default_group),
        cmocka_unit_test(row_09_tracked_and_not),
        cmocka_unit_test(row_10_network_acls),
        cmocka_unit_test(rows_01_and_19),
        cmocka_unit_test(row_25_ipv6),
        cmocka_unit_test(row_08_references),
        cmocka_unit_test(row_12_internet_gateway),
        cmocka_unit_test(row_14_nat_gateway),
        cmocka_unit_test(resolver),
        cmocka_unit_test(row_20_missing_target),
        cmocka_unit_test(two_vpcs_of_one_cidr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
