/* How much passes, and what becomes of a measurement that fails or hangs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>

#include "base/table.h"
#include "kernel/nft.h"
#include "lan.h"
#include "sandbox.h"
#include "score/verdict.h"

#define ENDS INT64_C(20000000000) /* it does not hang, however busy the machine is */

static struct lan *lan;
static struct fact fact;
static struct judgement judgement;
static const struct check *current;

static void nft(const char *node, const char *text)
{
    struct error err = ERROR_INIT;
    if (nft_load(lan_netns(lan, node), "test", text, &err) != 0)
        fail_msg("%s", err.text);
}

static struct check throughput(uint16_t port)
{
    struct check check = {.id = "t",
                          .kind = CHECK_THROUGHPUT,
                          .from = topology_node(lan->topology, "n1"),
                          .timeout = NANOSECONDS_PER_SECOND};
    check.throughput.to = (struct check_target){.text = "n2", .node = topology_node(lan->topology, "n2")};
    check.throughput.port = port;
    check.throughput.duration = check.throughput.streams = 1;
    return check;
}

static void on_result(void *context, size_t index, const struct fact *seen, uint32_t attempts, int64_t duration)
{
    (void)context, (void)index, (void)attempts, (void)duration;
    fact = *seen;
    judgement = verdict_of(current, seen, NULL);
}

static void measure(const struct check *check, enum verdict wanted)
{
    struct error err = ERROR_INIT;
    struct probe_world world = lan_world(lan);
    struct probe_options options = {.single_attempt = true, .result = on_result};
    current = check;
    if (probe_checks(&world, &check, 1, &options, &err) != 0)
        fail_msg("%s", err.text);
    if (judgement.verdict != wanted)
        fail_msg("wanted %s, got %s: expected %s, seen %s", verdict_name(wanted), verdict_name(judgement.verdict),
                 judgement.expected, judgement.seen);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
}

static void data_gets_through_by_tcp(void **state)
{
    (void)state;
    struct check check = throughput(5201);
    check.throughput.above = 50000000;
    measure(&check, VERDICT_PASS);
    assert_non_null(strstr(fact.detail, "by tcp to 10.0.0.2:5201 in 1 s"));
    check.throughput.above = 0;
    check.throughput.below = 50000000;
    measure(&check, VERDICT_FAIL);
    assert_true(fact.duration < ENDS);
}

static void what_arrives_by_udp_counts(void **state)
{
    (void)state;
    struct check check = throughput(5202);
    check.throughput.udp = true;
    check.throughput.rate = 8000000;
    check.throughput.above = 7000000;
    check.throughput.below = 9000000;
    measure(&check, VERDICT_PASS);
    nft("n2", "table ip t { chain in { type filter hook input priority 0; udp dport 5202 numgen inc mod 2 == 1 "
              "drop; }; }");
    measure(&check, VERDICT_FAIL);
    nft("n2", "delete table ip t");
    if (fact.rate < 3000000 || fact.rate > 5000000)
        fail_msg("%s", fact.detail);
}

/* The first datagram of a test must not be lost, or the library waits for ever: it is tried again. */
static void a_lost_first_datagram_is_made_up_for(void **state)
{
    (void)state;
    struct check check = throughput(5209);
    check.throughput.udp = true;
    check.throughput.rate = 1000000;
    nft("n2",
        "table ip t { chain in { type filter hook input priority 0; udp dport 5209 numgen inc mod 1000 < 1 drop; }; }");
    measure(&check, VERDICT_PASS);
    nft("n2", "delete table ip t");
    assert_in_range(fact.duration, INT64_C(3500000000), ENDS);
}

/* Every twentieth of the packets that are full: none of those in which the two ends agree on the test. */
static void loss_shows_in_retransmits(void **state)
{
    (void)state;
    struct check check = throughput(5203);
    check.throughput.has_retransmits_below = true;
    check.throughput.retransmits_below = 20;
    nft("n2", "table ip t { chain in { type filter hook input priority 0; tcp dport 5203 meta length > 1000 "
              "numgen inc mod 20 == 0 drop; }; }");
    measure(&check, VERDICT_FAIL);
    nft("n2", "delete table ip t");
    assert_true(fact.retransmits >= 20);
}

static void what_is_closed_or_hangs_ends(void **state)
{
    (void)state;
    struct check closed = throughput(5204), hangs = throughput(5205), refused = throughput(5206);
    nft("n2", "table ip t { chain in { type filter hook input priority 0; tcp dport 5204 drop;\n"
              "tcp dport 5205 quota over 1 mbytes drop; tcp dport 5206 reject with tcp reset; }; }");
    measure(&closed, VERDICT_FAIL);
    assert_int_equal(fact.outcome, OUTCOME_SILENT);
    assert_true(fact.duration < ENDS);
    measure(&hangs, VERDICT_FAIL);
    assert_int_equal(fact.outcome, OUTCOME_SILENT);
    assert_string_equal(fact.detail, "the measurement with 10.0.0.2:5205 did not end in 3 s");
    assert_in_range(fact.duration, INT64_C(2900000000), ENDS);
    measure(&refused, VERDICT_FAIL);
    assert_int_equal(fact.outcome, OUTCOME_REFUSED);
    nft("n2", "delete table ip t");
}

/* ---- alone --------------------------------------------------------------------------------------------------------
 */

static struct {
    size_t index;
    int64_t began, ended;
} order[4];
static size_t ordered;

static void note_order(void *context, size_t index, const struct fact *seen, uint32_t attempts, int64_t duration)
{
    (void)context, (void)attempts;
    assert_int_equal(seen->outcome, OUTCOME_ANSWERED);
    order[ordered].index = index;
    order[ordered].ended = clock_monotonic();
    order[ordered].began = order[ordered].ended - duration;
    ordered++;
}

static void it_runs_when_all_others_are_done(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct check first = throughput(5207), second = throughput(5208), ping = first, other;
    ping.kind = CHECK_PING;
    ping.ping = (struct check_ping){.to = first.throughput.to, .count = 50, .size = 56};
    other = ping;
    const struct check *set[] = {&first, &ping, &second, &other};
    struct probe_world world = lan_world(lan);
    struct probe_options options = {.single_attempt = true, .result = note_order};
    assert_int_equal(probe_checks(&world, set, 4, &options, &err), 0);
    assert_int_equal(ordered, 4);
    assert_int_equal(order[0].index + order[1].index, 4); /* the pings */
    assert_int_equal(order[2].index, 0);
    assert_int_equal(order[3].index, 2);
    assert_true(order[2].began >= order[1].ended);
    assert_true(order[3].began >= order[2].ended);
}

static int setup(void **state)
{
    (void)state;
    if (sandbox_enter() != 0) {
        print_message("[  SKIPPED ] probe: no user namespaces here\n");
        exit(0);
    }
    lan = lan_new(2);
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
        cmocka_unit_test(data_gets_through_by_tcp),
        cmocka_unit_test(what_arrives_by_udp_counts),
        cmocka_unit_test(a_lost_first_datagram_is_made_up_for),
        cmocka_unit_test(loss_shows_in_retransmits),
        cmocka_unit_test(what_is_closed_or_hangs_ends),
        cmocka_unit_test(it_runs_when_all_others_are_done),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
