/* The ways of packets and their size, over routers of the test's own: n1 reaches 10.9.0.2, which is n2's, by n3 and n4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>

#include "base/table.h"
#include "kernel/nft.h"
#include "kernel/sysctl.h"
#include "lan.h"
#include "sandbox.h"
#include "score/verdict.h"

static struct lan *lan;
static struct fact fact;
static char there[100], back[100];
static struct judgement judgement;

/* Runs `ip …` in a node. */
static void ip(const char *node, const char *arguments)
{
    char line[300];
    int status;
    snprintf(line, sizeof line, "exec ip %s", arguments);
    pid_t child = fork();
    if (child == 0) {
        setns(lan_netns(lan, node), CLONE_NEWNET);
        execl("/bin/sh", "sh", "-c", line, NULL);
        _exit(127);
    }
    waitpid(child, &status, 0);
    if (status != 0)
        fail_msg("%s: ip %s", node, arguments);
}

static void nft(const char *node, const char *text)
{
    struct error err = ERROR_INIT;
    if (nft_load(lan_netns(lan, node), "test", text, &err) != 0)
        fail_msg("%s", err.text);
}

static void set(const char *node, const char *key, const char *value)
{
    struct error err = ERROR_INIT;
    if (sysctl_write(lan_netns(lan, node), key, value, &err) != 0)
        fail_msg("%s", err.text);
}

static void join(char *out, size_t size, const char *const *names, size_t count)
{
    *out = '\0';
    for (size_t i = 0; i < count; i++)
        snprintf(out + strlen(out), size - strlen(out), "%s%s", i ? " " : "", names[i]);
}

static void on_result(void *context, size_t index, const struct fact *seen, uint32_t attempts, int64_t duration)
{
    (void)index, (void)attempts, (void)duration;
    fact = *seen;
    join(there, sizeof there, seen->there, seen->there_count);
    join(back, sizeof back, seen->back, seen->back_count);
    judgement = verdict_of(context, seen, NULL);
}

static void measure(const struct check *check, enum verdict wanted)
{
    struct error err = ERROR_INIT;
    struct probe_world world = lan_world(lan);
    struct probe_options options = {.single_attempt = true, .result = on_result, .context = (void *)(uintptr_t)check};
    if (probe_checks(&world, &check, 1, &options, &err) != 0)
        fail_msg("%s", err.text);
    if (judgement.verdict != wanted)
        fail_msg("wanted %s, got %s: expected %s, seen %s", verdict_name(wanted), verdict_name(judgement.verdict),
                 judgement.expected, judgement.seen);
}

static struct check_target target_of(const char *text)
{
    struct check_target target = {.text = text, .node = topology_node(lan->topology, text)};
    if (!target.node)
        assert_true(addr_parse(text, &target.addr));
    return target;
}

static struct check path_to(const char *text, enum path_protocol protocol)
{
    struct check check = {.id = "p",
                          .kind = CHECK_PATH,
                          .from = topology_node(lan->topology, "n1"),
                          .timeout = 5 * NANOSECONDS_PER_SECOND};
    check.path = (struct check_path){.to = target_of(text), .protocol = protocol};
    return check;
}

static void hops_are_counted_by_every_protocol(void **state)
{
    (void)state;
    for (int protocol = 0; protocol < PATH_PROTOCOL_COUNT; protocol++) {
        struct check check = path_to("10.9.0.2", (enum path_protocol)protocol);
        check.path.hops = 3;
        measure(&check, VERDICT_PASS);
        assert_string_equal(fact.detail, "3 hops: 10.0.0.3 (n3), 10.0.0.4 (n4), 10.9.0.2 (n2)");
        check.path.hops = 2;
        measure(&check, VERDICT_FAIL);
        assert_true(fact.duration < check.timeout); /* no answer is waited for in vain */
    }
    struct check near = path_to("n2", PATH_ICMP);
    near.path.hops = 1;
    measure(&near, VERDICT_PASS);
}

static void who_passes_it_on_is_seen(void **state)
{
    (void)state;
    struct check_target n3 = target_of("n3"), n4 = target_of("10.0.0.4"), n5 = target_of("n5"), n2 = target_of("n2");
    struct check_target both[] = {n4, n3};
    for (int protocol = 0; protocol < PATH_PROTOCOL_COUNT; protocol++) {
        struct check check = path_to("10.9.0.2", (enum path_protocol)protocol);
        check.path.via = both;
        check.path.via_count = 2;
        check.path.not_via = &n5;
        check.path.not_via_count = 1;
        measure(&check, VERDICT_PASS);
        assert_string_equal(there, "n3 n4");
        assert_string_equal(back, "n4 n3");
        check.path.not_via = &n3;
        measure(&check, VERDICT_FAIL);
        check.path.not_via_count = 0;
        check.path.via = &n5;
        check.path.via_count = 1;
        measure(&check, VERDICT_FAIL);
        check.path.via = &n2; /* the target passes nothing on */
        measure(&check, VERDICT_FAIL);
    }
}

/* A router that sends no ICMP is no hop that answers, but it passes packets on all the same. */
static void a_silent_router_is_seen_all_the_same(void **state)
{
    (void)state;
    struct check_target n4 = target_of("n4");
    nft("n4", "table ip t { chain o { type filter hook output priority 0; icmp type time-exceeded drop; }; }");
    struct check check = path_to("10.9.0.2", PATH_ICMP);
    check.path.hops = 3;
    check.path.via = &n4;
    check.path.via_count = 1;
    measure(&check, VERDICT_PASS);
    assert_non_null(strstr(fact.detail, "10.0.0.3 (n3), *, 10.9.0.2 (n2)"));
    check.path.via_count = 0;
    check.path.not_via = &n4;
    check.path.not_via_count = 1;
    measure(&check, VERDICT_FAIL);
    nft("n4", "delete table ip t");
}

static void the_way_back_is_seen(void **state)
{
    (void)state;
    for (int protocol = 0; protocol < PATH_PROTOCOL_COUNT; protocol++) {
        struct check check = path_to("10.9.0.2", (enum path_protocol)protocol);
        check.path.has_symmetric = check.path.symmetric = true;
        measure(&check, VERDICT_PASS);
        check.path.symmetric = false;
        measure(&check, VERDICT_FAIL);
        ip("n2", "route replace 10.0.0.1/32 via 10.0.0.5 src 10.9.0.2");
        measure(&check, VERDICT_PASS);
        assert_string_equal(there, "n3 n4");
        assert_string_equal(back, "n5");
        check.path.symmetric = true;
        measure(&check, VERDICT_FAIL);
        assert_non_null(strstr(judgement.seen, "another way back"));
        ip("n2", "route replace 10.0.0.1/32 via 10.0.0.4 src 10.9.0.2");
    }
}

static void what_is_not_reached_fails(void **state)
{
    (void)state;
    struct check_target n5 = target_of("n5");
    struct check check = path_to("10.9.0.2", PATH_ICMP);
    check.path.not_via = &n5;
    check.path.not_via_count = 1;
    check.timeout = NANOSECONDS_PER_SECOND;
    nft("n4", "table ip t { chain f { type filter hook forward priority 0; drop; }; }");
    measure(&check, VERDICT_FAIL);
    nft("n4", "delete table ip t");
    assert_int_equal(fact.outcome, OUTCOME_SILENT);
    assert_string_equal(fact.detail, "no answer in 1 s from 10.9.0.2: 10.0.0.3 (n3), 10.0.0.4 (n4)");
    ip("n4", "route replace prohibit 10.9.0.2/32");
    measure(&check, VERDICT_FAIL);
    ip("n4", "route delete prohibit 10.9.0.2/32");
    assert_int_equal(fact.outcome, OUTCOME_UNREACHABLE);
    assert_non_null(strstr(fact.detail, "ICMP administratively prohibited from 10.0.0.4 at 10.9.0.2"));
}

/* ---- mtu ----------------------------------------------------------------------------------------------------------
 */

static struct check mtu_to(const char *text)
{
    struct check check = {
        .id = "m", .kind = CHECK_MTU, .from = topology_node(lan->topology, "n1"), .timeout = NANOSECONDS_PER_SECOND};
    check.mtu.to = target_of(text);
    return check;
}

static void a_whole_path_has_the_mtu_of_its_first_link(void **state)
{
    (void)state;
    struct check check = mtu_to("10.9.0.2");
    check.mtu.at_least = 1500;
    check.mtu.discovery = true;
    measure(&check, VERDICT_PASS);
    assert_int_equal(fact.mtu, 1500);
    assert_int_equal(fact.discovery, DISCOVERY_UNNEEDED);
    check.mtu.at_least = 1501;
    measure(&check, VERDICT_FAIL);
}

static void a_smaller_path_is_told_or_swallowed(void **state)
{
    (void)state;
    struct check check = mtu_to("10.9.0.2");
    check.mtu.discovery = true;
    check.mtu.at_least = 1300;
    ip("n4", "route replace 10.9.0.2/32 dev eth0 mtu lock 1300");
    measure(&check, VERDICT_PASS);
    assert_int_equal(fact.mtu, 1300);
    assert_int_equal(fact.discovery, DISCOVERY_WORKS);
    measure(&check, VERDICT_PASS); /* nothing was learned that would hide it */
    assert_int_equal(fact.discovery, DISCOVERY_WORKS);
    check.mtu.at_least = 1301;
    measure(&check, VERDICT_FAIL);
    check.mtu.at_least = 1300;
    nft("n4",
        "table ip t { chain o { type filter hook output priority 0; icmp type destination-unreachable drop; }; }");
    measure(&check, VERDICT_FAIL);
    assert_int_equal(fact.mtu, 1300);
    assert_int_equal(fact.discovery, DISCOVERY_BROKEN);
    assert_non_null(strstr(judgement.seen, "path MTU discovery is broken"));
    check.mtu.discovery = false;
    measure(&check, VERDICT_PASS);
    nft("n4", "delete table ip t");
    /* two routers, each smaller than the one before */
    ip("n3", "route replace 10.9.0.2/32 via 10.0.0.4 mtu lock 1400");
    check.mtu.discovery = true;
    measure(&check, VERDICT_PASS);
    assert_int_equal(fact.mtu, 1300);
    ip("n3", "route replace 10.9.0.2/32 via 10.0.0.4");
    ip("n4", "route delete 10.9.0.2/32 dev eth0");
}

static void a_target_that_answers_nothing_has_no_mtu(void **state)
{
    (void)state;
    struct check check = mtu_to("10.9.0.2");
    nft("n2", "table ip t { chain i { type filter hook input priority 0; icmp type echo-request drop; }; }");
    measure(&check, VERDICT_FAIL);
    nft("n2", "delete table ip t");
    assert_int_equal(fact.outcome, OUTCOME_SILENT);
}

static int setup(void **state)
{
    (void)state;
    if (sandbox_enter() != 0) {
        print_message("[  SKIPPED ] probe: no user namespaces here\n");
        exit(0);
    }
    lan = lan_new(5);
    static const char *const routers[] = {"n3", "n4", "n5"};
    set("n2", "net/ipv4/icmp_ratelimit", "0"); /* there is much to ask at once */
    for (size_t i = 0; i < ARRAY_SIZE(routers); i++) {
        struct node *router = (struct node *)(uintptr_t)topology_node(lan->topology, routers[i]);
        router->forwarding = true;
        set(routers[i], "net/ipv4/ip_forward", "1");
        set(routers[i], "net/ipv4/icmp_ratelimit", "0");
        set(routers[i], "net/ipv4/conf/all/send_redirects", "0");
        set(routers[i], "net/ipv4/conf/eth0/send_redirects", "0");
    }
    struct interface *far = lan->topology->nodes[1]->interfaces[0];
    struct prefix addresses[] = {far->addresses[0], {addr_from_ipv4(0x0a090002u), 32}};
    far->addresses = arena_copy(lan->topology->arena, addresses, sizeof addresses);
    far->address_count = 2;
    ip("n2", "address add 10.9.0.2/32 dev eth0");
    ip("n1", "route add 10.9.0.2/32 via 10.0.0.3");
    ip("n3", "route add 10.9.0.2/32 via 10.0.0.4");
    ip("n4", "route add 10.9.0.2/32 via 10.0.0.2 metric 7");
    ip("n2", "route add 10.0.0.1/32 via 10.0.0.4 src 10.9.0.2");
    ip("n4", "route add 10.0.0.1/32 via 10.0.0.3");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lan_free(lan);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hops_are_counted_by_every_protocol),
        cmocka_unit_test(who_passes_it_on_is_seen),
        cmocka_unit_test(a_silent_router_is_seen_all_the_same),
        cmocka_unit_test(the_way_back_is_seen),
        cmocka_unit_test(what_is_not_reached_fails),
        cmocka_unit_test(a_whole_path_has_the_mtu_of_its_first_link),
        cmocka_unit_test(a_smaller_path_is_told_or_swallowed),
        cmocka_unit_test(a_target_that_answers_nothing_has_no_mtu),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
