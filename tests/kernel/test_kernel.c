/* The kernel room, in a user and network namespace of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "kernel/dump.h"
#include "kernel/link.h"
#include "kernel/namespace.h"
#include "kernel/netlink.h"
#include "kernel/nft.h"
#include "kernel/route.h"
#include "kernel/sysctl.h"
#include "sandbox.h"
#include "values.h"

static void commit(int netns, struct batch *batch)
{
    struct error err = ERROR_INIT;
    NETLINK_AUTO netlink = NETLINK_INIT;
    if (netlink_open(netns, &netlink, &err) != 0 || netlink_commit(&netlink, batch, &err) != 0)
        fail_msg("%s", err.text);
    if (batch->failure_count)
        fail_msg("tag %llu: %s %s", (unsigned long long)batch->failures[0].tag, strerror(batch->failures[0].number),
                 batch->failures[0].text);
}

/* Two namespaces: a node with eth0 (index 2), a fabric with the bridge lan (2) and the port (10). */
struct pair {
    int fabric, node;
};

static struct pair make_pair(void)
{
    struct error err = ERROR_INIT;
    struct pair pair = {netns_new(&err), netns_new(&err)};
    if (pair.fabric < 0 || pair.node < 0)
        fail_msg("%s", err.text);
    BATCH_AUTO batch = BATCH_INIT;
    link_bridge(&batch, 1, 2, "lan", 1500, false);
    struct link_veth_end port = {
        .netns = pair.fabric, .index = 10, .name = "n-web", .master = 2, .mac = {{2, 0, 0, 0, 0, 1}}, .up = true};
    struct link_veth_end eth = {.netns = pair.node, .index = 2, .name = "eth0", .mac = {{2, 0, 0, 0, 0, 2}}};
    link_veth(&batch, 2, &port, &eth, 1400);
    link_up(&batch, 3, 2, true);
    commit(pair.fabric, &batch);
    link_up(&batch, 4, 1, true);
    link_quiet_ipv6(&batch, 5, 2);
    link_up(&batch, 6, 2, true);
    struct prefix address = prefix("10.0.0.2/24");
    address_put(&batch, 7, VERB_ADD, 2, &address);
    commit(pair.node, &batch);
    return pair;
}

static void end_pair(struct pair *pair)
{
    fd_close(&pair->fabric);
    fd_close(&pair->node);
}

static void veth_in_one_message(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct pair pair = make_pair();
    struct observation *o;
    assert_int_equal(observe(pair.node, &o, &err), 0);
    const struct observed_link *eth = observed_link_by_name(o, "eth0");
    assert_non_null(eth);
    assert_int_equal(eth->index, 2);
    assert_int_equal(eth->mtu, 1400);
    assert_true(eth->up && eth->carrier);
    assert_string_equal(eth->kind, "veth");
    assert_int_equal(eth->mac.bytes[5], 2);
    assert_int_equal(o->address_count, 3); /* 127.0.0.1, ::1 of lo, and ours: no link-local one */
    for (size_t i = 0; i < o->address_count; i++)
        assert_false(o->addresses[i].linklocal);
    observation_free(o);
    assert_int_equal(observe(pair.fabric, &o, &err), 0);
    const struct observed_link *port = observed_link_by_name(o, "n-web");
    assert_non_null(port);
    assert_int_equal(port->master, 2);
    assert_true(port->up);
    assert_string_equal(observed_name(o, port->master), "lan");
    observation_free(o);
    end_pair(&pair);
}

static void failures_carry_tags_and_words(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct pair pair = make_pair();
    NETLINK_AUTO netlink = NETLINK_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    assert_int_equal(netlink_open(pair.node, &netlink, &err), 0);
    struct route_nexthop bad = {.via = addr("172.16.0.1")}, good = {.via = addr("10.0.0.1"), .interface = 2};
    struct route_spec route = {
        .destination = prefix("10.1.0.0/16"), .table = 254, .type = RTN_UNICAST, .nexthops = &bad, .nexthop_count = 1};
    struct prefix again = prefix("10.0.0.2/24");
    route_put(&batch, 100, VERB_ADD, &route);
    route.nexthops = &good;
    route_put(&batch, 101, VERB_ADD, &route);
    address_put(&batch, 102, VERB_ADD, 2, &again);
    assert_int_equal(netlink_commit(&netlink, &batch, &err), 0);
    assert_int_equal(batch.failure_count, 2);
    assert_int_equal(batch.failures[0].tag, 100);
    assert_int_equal(batch.failures[0].number, ENETUNREACH);
    assert_string_equal(batch.failures[0].text, "Nexthop has invalid gateway");
    assert_int_equal(batch.failures[1].tag, 102);
    assert_int_equal(batch.failures[1].number, EEXIST);
    netlink_failure_error(&batch.failures[0], &err, "add route in web");
    assert_string_equal(err.text, "add route in web: Network is unreachable (Nexthop has invalid gateway)");
    end_pair(&pair);
}

/* Three pairs, of which two go; one number is nobody's. */
static void devices_go_together(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    FD_AUTO netns = netns_new(&err);
    BATCH_AUTO batch = BATCH_INIT;
    for (uint32_t i = 0; i < 3; i++) {
        char names[2][16];
        struct link_veth_end ends[2];
        for (uint32_t e = 0; e < 2; e++) {
            snprintf(names[e], sizeof names[e], "%c%u", 'a' + (int)e, i);
            ends[e] = (struct link_veth_end){.netns = netns,
                                             .index = 10 + 2 * i + e,
                                             .name = names[e],
                                             .mac = {{2, 0, 0, 0, 0, (uint8_t)(2 * i + e)}}};
        }
        link_veth(&batch, i, &ends[0], &ends[1], 1500);
    }
    commit(netns, &batch);
    NETLINK_AUTO netlink = NETLINK_INIT;
    assert_int_equal(netlink_open(netns, &netlink, &err), 0);
    for (int times = 1; times <= 2; times++) {
        link_delete_all(&batch, 7, (const uint32_t[]){10, 15, 99}, 3);
        assert_int_equal(netlink_commit(&netlink, &batch, &err), 0);
        assert_int_equal(batch.failure_count, times == 1 ? 1 : 4); /* 99, then all and the removal itself */
        for (size_t f = 0; f < batch.failure_count; f++)
            assert_int_equal(batch.failures[f].number, ENODEV);
        struct observed_link seen;
        assert_int_equal(observe_link(netns, "a0", &seen, &err), 0);
        assert_int_equal(observe_link(netns, "b0", &seen, &err), 0);
        assert_int_equal(observe_link(netns, "a2", &seen, &err), 0);
        assert_int_equal(observe_link(netns, "a1", &seen, &err), 1);
        assert_int_equal(observe_link(netns, "b1", &seen, &err), 1);
    }
}

static const struct observed_route *find_route(const struct observation *o, const char *destination, uint32_t table)
{
    struct prefix wanted = prefix(destination);
    for (size_t i = 0; i < o->route_count; i++)
        if (o->routes[i].table == table && prefix_equal(&o->routes[i].destination, &wanted))
            return &o->routes[i];
    return NULL;
}

static void routes_rules_neighbours(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct pair pair = make_pair();
    BATCH_AUTO batch = BATCH_INIT;
    struct route_nexthop hops[] = {{.via = addr("10.0.0.1"), .weight = 1},
                                   {.via = addr("10.0.0.3"), .interface = 2, .weight = 3}};
    struct route_spec many = {
        .destination = prefix("10.1.0.0/16"), .table = 254, .type = RTN_UNICAST, .nexthops = hops, .nexthop_count = 2};
    struct route_spec hole = {.destination = prefix("10.2.0.0/16"), .table = 500, .metric = 7, .type = RTN_BLACKHOLE};
    struct route_spec plain = {.destination = prefix("0.0.0.0/0"),
                               .table = 254,
                               .type = RTN_UNICAST,
                               .nexthops = hops,
                               .nexthop_count = 1,
                               .source = addr("10.0.0.2"),
                               .congestion_control = "reno"};
    struct rule_spec rule = {
        .family = 4, .priority = 100, .from = prefix("10.0.0.0/30"), .mark_value = 5, .mark_mask = 0xff, .table = 500};
    struct addr gateway = addr("10.0.0.1"), proxied = addr("10.0.0.77");
    struct mac mac = {{2, 0, 0, 0, 0, 9}};
    route_put(&batch, 1, VERB_ADD, &many);
    route_put(&batch, 2, VERB_ADD, &hole);
    route_put(&batch, 3, VERB_ADD, &plain);
    rule_put(&batch, 4, VERB_ADD, &rule);
    neighbour_put(&batch, 5, VERB_REPLACE, 2, &gateway, &mac);
    neighbour_proxy_put(&batch, 6, VERB_REPLACE, 2, &proxied);
    commit(pair.node, &batch);
    struct observation *o;
    assert_int_equal(observe(pair.node, &o, &err), 0);
    const struct observed_route *route = find_route(o, "10.1.0.0/16", 254);
    assert_non_null(route);
    assert_int_equal(route->nexthop_count, 2);
    assert_int_equal(route->nexthops[1].weight, 3);
    route = find_route(o, "10.2.0.0/16", 500);
    assert_non_null(route);
    assert_int_equal(route->type, RTN_BLACKHOLE);
    assert_int_equal(route->metric, 7);
    route = find_route(o, "0.0.0.0/0", 254);
    assert_non_null(route);
    assert_string_equal(route->congestion_control, "reno");
    assert_true(addr_equal(&route->source, &plain.source));
    bool found_rule = false, found_neighbour = false, found_proxy = false;
    for (size_t i = 0; i < o->rule_count; i++)
        found_rule |= o->rules[i].priority == 100 && o->rules[i].table == 500 && o->rules[i].mark_mask == 0xff;
    for (size_t i = 0; i < o->neighbour_count; i++) {
        found_neighbour |= o->neighbours[i].state == NUD_PERMANENT && addr_equal(&o->neighbours[i].addr, &gateway);
        found_proxy |= o->neighbours[i].proxy && addr_equal(&o->neighbours[i].addr, &proxied);
    }
    assert_true(found_rule && found_neighbour && found_proxy);
    observation_free(o);
    end_pair(&pair);
}

/* A message of a dump makes the same thing again. */
static void dumps_can_be_sent_back(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct pair pair = make_pair();
    BATCH_AUTO batch = BATCH_INIT;
    struct route_nexthop hop = {.via = addr("10.0.0.1")};
    struct route_spec route = {.destination = prefix("10.1.0.0/16"),
                               .table = 254,
                               .metric = 3,
                               .type = RTN_UNICAST,
                               .nexthops = &hop,
                               .nexthop_count = 1};
    route_put(&batch, 1, VERB_ADD, &route);
    commit(pair.node, &batch);
    struct observation *o;
    assert_int_equal(observe(pair.node, &o, &err), 0);
    const struct observed_route *found = find_route(o, "10.1.0.0/16", 254);
    assert_non_null(found);
    route_put(&batch, 2, VERB_DELETE, &route);
    batch_copy(&batch, 3, found->message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
    commit(pair.node, &batch);
    observation_free(o);
    assert_int_equal(observe(pair.node, &o, &err), 0);
    assert_non_null(find_route(o, "10.1.0.0/16", 254));
    observation_free(o);
    end_pair(&pair);
}

static void big_batches_are_split(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct pair pair = make_pair();
    BATCH_AUTO batch = BATCH_INIT;
    struct route_nexthop hop = {.via = addr("10.0.0.1")};
    for (uint32_t i = 0; i < 5000; i++) {
        struct route_spec route = {.destination = prefix_of_addr(addr_from_ipv4(0x0b000000u + i)),
                                   .table = 254,
                                   .type = RTN_UNICAST,
                                   .nexthops = &hop,
                                   .nexthop_count = 1};
        route_put(&batch, i, VERB_ADD, &route);
    }
    commit(pair.node, &batch);
    struct observation *o;
    assert_int_equal(observe(pair.node, &o, &err), 0);
    assert_true(o->route_count >= 5000);
    observation_free(o);
    end_pair(&pair);
}

static void sysctls(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct pair pair = make_pair();
    STR_AUTO value = STR_INIT;
    assert_int_equal(sysctl_write(pair.node, "net/ipv4/ip_forward", "1", &err), 0);
    assert_int_equal(sysctl_read(pair.node, "net/ipv4/ip_forward", &value, &err), 0);
    assert_string_equal(str_text(&value), "1");
    str_clear(&value);
    assert_int_equal(sysctl_read(pair.fabric, "net/ipv4/ip_forward", &value, &err), 0);
    assert_string_equal(str_text(&value), "0");
    str_clear(&value);
    assert_int_equal(sysctl_default("net/ipv4/conf/eth0/proxy_arp", &value, &err), 0);
    assert_string_equal(str_text(&value), "0");
    assert_int_equal(sysctl_write(pair.node, "kernel/panic", "1", &err), -1);
    error_clear(&err);
    assert_int_equal(sysctl_write(pair.node, "net/ipv4/nonsense", "1", &err), -1);
    assert_string_equal(err.text, "set sysctl net/ipv4/nonsense to '1': No such file or directory");
    end_pair(&pair);
}

static void nft_tables(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct pair pair = make_pair();
    STR_AUTO text = STR_INIT;
    assert_int_equal(
        nft_load(pair.node, "t", "table inet t9 {\n chain c {\n  tcp dport 22 counter drop\n }\n}\n", &err), 0);
    assert_int_equal(nft_list_tables(pair.node, &text, &err), 0);
    assert_string_equal(str_text(&text), "inet t9\n");
    assert_int_equal(nft_replace(pair.node, "t", "inet", "t9", "chain c {\n tcp dport 23 drop\n}", &err), 0);
    str_clear(&text);
    assert_int_equal(nft_list(pair.node, "inet", "t9", true, &text, &err), 0);
    assert_non_null(strstr(str_text(&text), "tcp dport 23 drop"));
    assert_null(strstr(str_text(&text), "tcp dport 22"));
    assert_int_equal(nft_load(pair.node, "nftables of node web",
                              "table inet a {\n chain c {\n  tcp dport nonsense drop\n }\n}\n", &err),
                     -1);
    assert_true(str_starts(err.text, "nftables of node web:3:13-20: Error: "));
    error_clear(&err);
    assert_int_equal(nft_list(pair.node, "inet", "b", true, &text, &err), -1);
    assert_int_equal(err.number, ENOENT);
    error_clear(&err);
    assert_int_equal(nft_load(pair.node, "t", "delete table inet t9\n", &err), 0);
    str_clear(&text);
    assert_int_equal(nft_list_tables(pair.node, &text, &err), 0);
    assert_string_equal(str_text(&text), "");
    end_pair(&pair);
}

static size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* Contexts that deleted something are closed late; not too many wait for that, and none is forgotten. */
static void nft_contexts_are_closed_in_the_end(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct pair pair = make_pair();
    size_t before = open_descriptors(), most = 0;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(nft_load(pair.node, "t", "table inet t {\n}\ndelete table inet t\n", &err), 0);
        size_t now = open_descriptors();
        most = now > most ? now : most;
    }
    assert_true(most - before <= 70);
    int64_t deadline = clock_monotonic() + 10 * NANOSECONDS_PER_SECOND;
    while (open_descriptors() > before && clock_monotonic() < deadline)
        poll(NULL, 0, 1);
    assert_true(open_descriptors() <= before); /* less: those of the case before have gone too */
    end_pair(&pair);
}

static void sockets_of_a_namespace(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct pair pair = make_pair();
    FD_AUTO sock = netns_socket(pair.node, AF_INET, SOCK_DGRAM, 0, &err);
    assert_true(sock >= 0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000002)};
    assert_int_equal(bind(sock, (struct sockaddr *)&here, sizeof here), 0);
    BATCH_AUTO batch = BATCH_INIT;
    link_up(&batch, 1, 1, true); /* without a local table the kernel lets one bind to anything */
    commit(pair.fabric, &batch);
    FD_AUTO other = netns_socket(pair.fabric, AF_INET, SOCK_DGRAM, 0, &err);
    assert_int_equal(bind(other, (struct sockaddr *)&here, sizeof here), -1);
    assert_int_equal(errno, EADDRNOTAVAIL);
    end_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(veth_in_one_message),
        cmocka_unit_test(failures_carry_tags_and_words),
        cmocka_unit_test(devices_go_together),
        cmocka_unit_test(routes_rules_neighbours),
        cmocka_unit_test(dumps_can_be_sent_back),
        cmocka_unit_test(big_batches_are_split),
        cmocka_unit_test(sysctls),
        cmocka_unit_test(nft_tables),
        cmocka_unit_test(nft_contexts_are_closed_in_the_end),
        cmocka_unit_test(sockets_of_a_namespace),
    };
    if (sandbox_enter() != 0) {
        print_message("[  SKIPPED ] kernel: this machine allows no user namespaces\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
