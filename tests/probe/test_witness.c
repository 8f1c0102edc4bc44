/* The second witness: what left the prober's node, what reached the target, what came back. */
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
#include "lan.h"
#include "sandbox.h"

static struct lan *lan;
static struct fact facts[8];

static bool on_satisfied(void *context, size_t index, const struct fact *fact)
{
    (void)context, (void)index, (void)fact;
    return true;
}

static void on_result(void *context, size_t index, const struct fact *fact, uint32_t attempts, int64_t duration)
{
    (void)context, (void)attempts, (void)duration;
    facts[index] = *fact;
}

static void run(const struct check *const *checks, size_t count)
{
    struct error err = ERROR_INIT;
    struct probe_world world = lan_world(lan);
    struct probe_options options = {.single_attempt = true, .satisfied = on_satisfied, .result = on_result};
    if (probe_checks(&world, checks, count, &options, &err) != 0)
        fail_msg("%s", err.text);
}

static struct check check_of(enum check_kind kind, const char *from, const char *to)
{
    struct check check = {
        .id = "c", .kind = kind, .from = topology_node(lan->topology, from), .timeout = 300000000, .repeat = 1};
    struct check_target target = {.node = topology_node(lan->topology, to), .text = to};
    if (kind == CHECK_PING)
        check.ping = (struct check_ping){.to = target, .count = 3, .size = 56};
    else
        check.tcp = (struct check_tcp){.to = target, .port = 80, .expect = TCP_CLOSED};
    return check;
}

static void nft(const char *node, const char *text)
{
    struct error err = ERROR_INIT;
    if (nft_load(lan_netns(lan, node), "test", text, &err) != 0)
        fail_msg("%s", err.text);
}

static int listener(const char *node)
{
    int fd = netns_socket(lan_netns(lan, node), AF_INET, SOCK_STREAM, 0, NULL), on = 1;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(80)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(fd, 100), 0);
    return fd;
}

static void assert_fact(const struct fact *fact, enum fact_outcome outcome, int left, int arrived, int returned)
{
    if (fact->outcome != outcome || (int)fact->left != left || fact->arrived != arrived || fact->returned != returned)
        fail_msg("%s, left %d, arrived %d, returned %d: %s", fact_outcome_name(fact->outcome), (int)fact->left,
                 fact->arrived, fact->returned, fact->detail);
}

static void what_is_honest_is_seen(void **state)
{
    (void)state;
    int fd = listener("n2");
    struct check ping = check_of(CHECK_PING, "n1", "n2"), tcp = check_of(CHECK_TCP, "n1", "n2");
    run((const struct check *[]){&ping, &tcp}, 2);
    assert_fact(&facts[0], OUTCOME_ANSWERED, SIGHT_YES, SIGHT_YES, SIGHT_YES);
    assert_fact(&facts[1], OUTCOME_ANSWERED, SIGHT_YES, SIGHT_YES, SIGHT_YES);
    close(fd);
}

/* Even while an honest prober speaks to the same target. */
static void a_redirect_is_seen_through(void **state)
{
    (void)state;
    int target = listener("n2"), own = listener("n1");
    nft("n1", "table ip t { chain o { type nat hook output priority -100; ip daddr 10.0.0.2 redirect; }; }");
    struct check ping = check_of(CHECK_PING, "n1", "n2"), tcp = check_of(CHECK_TCP, "n1", "n2"),
                 honest = check_of(CHECK_TCP, "n3", "n2");
    run((const struct check *[]){&ping, &tcp, &honest}, 3);
    assert_fact(&facts[0], OUTCOME_FAILED, SIGHT_NO, SIGHT_NO, SIGHT_NO);
    assert_fact(&facts[1], OUTCOME_FAILED, SIGHT_NO, SIGHT_NO, SIGHT_NO);
    assert_fact(&facts[2], OUTCOME_ANSWERED, SIGHT_YES, SIGHT_YES, SIGHT_YES);
    assert_non_null(strstr(facts[1].detail, "in the place of n2"));
    nft("n1", "delete table ip t");
    close(target);
    close(own);
}

static void what_is_kept_back_or_not_let_in_is_seen(void **state)
{
    (void)state;
    int fd = listener("n2");
    struct check tcp = check_of(CHECK_TCP, "n1", "n2"), other = check_of(CHECK_TCP, "n3", "n2");
    nft("n1", "table ip t { chain o { type filter hook output priority 0; tcp dport 80 drop; }; }");
    nft("n3", "table ip t { chain i { type filter hook input priority 0; tcp sport 80 drop; }; }");
    run((const struct check *[]){&tcp, &other}, 2);
    assert_fact(&facts[0], OUTCOME_SILENT, SIGHT_NO, SIGHT_NO, SIGHT_NO);
    assert_fact(&facts[1], OUTCOME_SILENT, SIGHT_YES, SIGHT_YES, SIGHT_YES);
    nft("n1", "delete table ip t");
    nft("n3", "delete table ip t");
    close(fd);
}

/* From now on every connection of the node has this port, as the kernel may choose it at any time. */
static void one_port(const char *node, const char *range)
{
    pid_t child = fork();
    if (child == 0) {
        int fd =
            setns(lan_netns(lan, node), CLONE_NEWNET) ? -1 : open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY);
        _exit(fd < 0 || write(fd, range, strlen(range)) < 0);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Two measurements of a node with one port of their own: each has its own answers. */
static void a_shared_port_confuses_nobody(void **state)
{
    (void)state;
    int fd = listener("n2");
    struct check open = check_of(CHECK_TCP, "n1", "n2"), closed = check_of(CHECK_TCP, "n1", "n2");
    closed.tcp.port = 81;
    nft("n2", "table ip t { chain i { type filter hook input priority 0; tcp dport 81 drop; }; }");
    one_port("n1", "40000 40000");
    run((const struct check *[]){&closed, &open}, 2);
    assert_fact(&facts[0], OUTCOME_SILENT, SIGHT_YES, SIGHT_NO, SIGHT_NO);
    assert_fact(&facts[1], OUTCOME_ANSWERED, SIGHT_YES, SIGHT_YES, SIGHT_YES);
    one_port("n1", "32768 60999");
    nft("n2", "delete table ip t");
    close(fd);
}

static void a_matrix_is_watched(void **state)
{
    (void)state;
    int target = listener("n2"), own = listener("n1");
    nft("n1", "table ip t { chain o { type nat hook output priority -100; ip daddr 10.0.0.2 redirect; }; }");
    const struct node *nodes[] = {topology_node(lan->topology, "n1"), topology_node(lan->topology, "n2"),
                                  topology_node(lan->topology, "n3")};
    struct check icmp = {.id = "m", .kind = CHECK_MATRIX, .timeout = 200000000, .repeat = 1};
    icmp.matrix = (struct check_matrix){.nodes = nodes, .node_count = 3, .all = true};
    struct check tcp = icmp;
    tcp.matrix.port = 80;
    /* Alone, where less is looked at, and side by side. */
    const struct check *const sets[][2] = {{&icmp, NULL}, {&tcp, NULL}, {&icmp, &tcp}};
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        run(sets[i], sets[i][1] ? 2 : 1);
        bool icmp_first = sets[i][0] == &icmp;
        const char *wanted =
            icmp_first ? "5 of 6 ordered pairs answered, for 1 more" : "3 of 6 ordered pairs answered, for 1 more";
        if (!strstr(facts[0].detail, wanted))
            fail_msg("set %zu: %s", i, facts[0].detail);
        if (sets[i][1] && !strstr(facts[1].detail, "3 of 6 ordered pairs answered, for 1 more"))
            fail_msg("set %zu: %s", i, facts[1].detail);
    }
    nft("n1", "delete table ip t");
    close(target);
    close(own);
}

static int set_up(void **state)
{
    (void)state;
    lan = lan_new(3);
    /* The bridge takes a moment until it forwards. */
    const struct check pings[] = {check_of(CHECK_PING, "n1", "n2"), check_of(CHECK_PING, "n3", "n2")};
    int64_t deadline = clock_monotonic() + 5 * NANOSECONDS_PER_SECOND;
    do
        run((const struct check *[]){&pings[0], &pings[1]}, 2);
    while ((facts[0].received < 3 || facts[1].received < 3) && clock_monotonic() < deadline);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lan_free(lan);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_honest_is_seen),
        cmocka_unit_test(a_redirect_is_seen_through),
        cmocka_unit_test(what_is_kept_back_or_not_let_in_is_seen),
        cmocka_unit_test(a_shared_port_confuses_nobody),
        cmocka_unit_test(a_matrix_is_watched),
    };
    if (sandbox_enter() != 0) {
        print_message("[  SKIPPED ] witness: no user namespaces here\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
