/* Docker-like networks and policies, lowered: what stands in the hosts, members and nodes. */
#include "lower/lowered.h"

#define NETWORKS                                                                                                       \
    "lab: t\nnetworks:\n  app: { cidr: 172.18.0.0/24 }\n  data: { cidr: 172.19.0.0/24, internal: true }\nnodes:\n"     \
    "  host: { internet: 203.0.113.9, publish: [\"8080:web:80\", \"127.0.0.1:53:web:53/udp\"] }\n"                     \
    "  web: { network: app, address: 172.18.0.7 }\n"                                                                   \
    "  db: { interfaces: { a: { network: data, address: 172.19.0.8 }, b: { network: app, address: 172.18.0.8 } } }\n"

static const char *table_of(const struct plan *plan, const char *node, const char *family, const char *table)
{
    uint32_t ns = ns_of(plan, node);
    for (size_t i = 0; i < plan->nft_count; i++)
        if (plan->nfts[i].ns == ns && !strcmp(plan->nfts[i].family, family) && !strcmp(plan->nfts[i].table, table))
            return plan->nfts[i].body;
    return NULL;
}

static void has(const char *body, const char *line)
{
    if (!body || !strstr(body, line))
        fail_msg("no '%s' in:\n%s", line, body ? body : "(nothing)");
}

static const struct plan_process *names_of(const struct plan *plan, const char *process)
{
    for (size_t i = 0; i < plan->process_count; i++)
        if (!strcmp(plan->processes[i].name, process))
            return &plan->processes[i];
    return NULL;
}

static void a_host_translates_and_isolates(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(NETWORKS);
    const char *body = table_of(plan, "host", "ip", "networks");
    has(body, "fib daddr type local tcp dport 8080 dnat to 172.18.0.7:80\n");
    has(body, "ip daddr 127.0.0.1 udp dport 53 dnat to 172.18.0.7:53\n");
    has(body, "ip saddr 172.18.0.0/24 oifname != \"br-app\" masquerade\n");
    has(body, "oifname \"br-app\" drop\n");
    has(body, "iifname \"br-data\" drop\n");
    assert_null(strstr(body, "ip saddr 172.19.0.0/24 oifname != ")); /* internal: nothing leaves it */
    assert_null(table_of(plan, "web", "ip", "networks"));
}

static void members_have_addresses_gateways_and_names(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(NETWORKS);
    const struct plan_process *web = names_of(plan, "web/127.0.0.11"), *db = names_of(plan, "db/127.0.0.11");
    assert_non_null(web);
    assert_non_null(db);
    assert_null(names_of(plan, "host/127.0.0.11"));
    has(web->configuration, "host-record=db,172.18.0.8\n");
    assert_null(strstr(web->configuration, "172.19.0.8"));
    assert_null(strstr(web->configuration, "host-record=host"));
    has(db->configuration, "host-record=web,172.18.0.7\n");
    has(db->configuration, "host-record=db,172.19.0.8\n");
    STR_AUTO text = STR_INIT;
    size_t defaults = 0;
    for (size_t i = 0; i < plan->route_count; i++) {
        route_text(&plan->routes[i], &text);
        if (plan->routes[i].ns == ns_of(plan, "web") && !strcmp(str_text(&text), "default via 172.18.0.1 dev eth0"))
            defaults++;
        if (plan->routes[i].ns == ns_of(plan, "db") && !strcmp(str_text(&text), "default via 172.18.0.1 dev b"))
            defaults++; /* the first network is internal: it leads nowhere */
    }
    assert_int_equal(defaults, 2);
}

#define PODS(policies)                                                                                                 \
    "lab: t\nbridges: { pods: {} }\npolicies:\n" policies "nodes:\n"                                                   \
    "  api: { bridge: pods, address: 10.0.0.2/24, addresses: [\"fd00::2/64\"], labels: { tier: api } }\n"              \
    "  db: { bridge: pods, address: 10.0.0.3/24, labels: { tier: db } }\n"

static void policies_add_up(void **state)
{
    (void)state;
    PLAN_AUTO plan =
        lowered(PODS("  none: { select: {} }\n"
                     "  db: { select: { tier: db }, ingress: [ { from: { tier: api }, ports: [80, 81] } ] }\n"
                     "  out: { select: { tier: db }, egress: [ { to: any4, protocol: icmp }, { ports: 53 } ] }\n"));
    const char *db = table_of(plan, "db", "inet", "policies"), *api = table_of(plan, "api", "inet", "policies");
    has(db, "ip saddr { 10.0.0.2 } tcp dport { 80, 81 } accept\n");
    has(db, "ip6 saddr { fd00::2 } tcp dport { 80, 81 } accept\n");
    has(db, "meta nfproto ipv4 meta l4proto icmp accept\n");
    has(db, "\t\ttcp dport { 53 } accept\n");
    has(db, "chain output");
    has(table_of(plan, "db", "netdev", "policies"), "device \"eth0\"");
    has(api, "chain input");
    assert_null(strstr(api, "chain output")); /* no policy speaks of that direction */
    assert_null(table_of(plan, "api", "netdev", "policies"));
}

static void who_is_not_selected_has_no_table(void **state)
{
    (void)state;
    PLAN_AUTO plan = lowered(PODS("  db: { select: { tier: db }, ingress: [] }\n"));
    assert_null(table_of(plan, "api", "inet", "policies"));
    assert_non_null(table_of(plan, "db", "inet", "policies"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_translates_and_isolates),
        cmocka_unit_test(members_have_addresses_gateways_and_names),
        cmocka_unit_test(policies_add_up),
        cmocka_unit_test(who_is_not_selected_has_no_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
