/* What becomes of packets at n2, whose rules are of every kind: n1 sends to it, and through it to 10.9.0.3, which is
 * n3's.
 */
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
#include "kernel/sysctl.h"
#include "lan.h"
#include "sandbox.h"
#include "score/verdict.h"

static struct lan *lan;
static struct fact fact;
static struct judgement judgement;

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

static void on_result(void *context, size_t index, const struct fact *seen, uint32_t attempts, int64_t duration)
{
    (void)index, (void)attempts, (void)duration;
    fact = *seen;
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

static struct check firewall(struct firewall_packet *packets, size_t count)
{
    struct check check = {.id = "f",
                          .kind = CHECK_FIREWALL,
                          .from = topology_node(lan->topology, "n2"),
                          .timeout = NANOSECONDS_PER_SECOND};
    check.firewall.packets = packets;
    check.firewall.packet_count = count;
    return check;
}

static struct check_target far(void)
{
    struct check_target target = {.text = "10.9.0.3"};
    assert_true(addr_parse(target.text, &target.addr));
    return target;
}

/* One packet, judged as accepted and as dropped. */
static void expect(struct firewall_packet packet, bool accepted)
{
    packet.accepted = accepted;
    struct check check = firewall(&packet, 1);
    measure(&check, VERDICT_PASS);
    packet.accepted = !accepted;
    measure(&check, VERDICT_FAIL);
    assert_non_null(strstr(judgement.seen, accepted ? "is accepted" : "is dropped"));
}

static void input_rules_are_seen_by_their_effect(void **state)
{
    (void)state;
    const struct node *n1 = topology_node(lan->topology, "n1"), *n4 = topology_node(lan->topology, "n4");
    nft("n2", "table ip t { chain in { type filter hook input priority 0; policy drop;\n"
              "tcp dport 80 accept; udp dport 53 ip saddr 10.0.0.4 accept; tcp dport 22 reject with tcp reset;\n"
              "icmp type echo-request accept; }; }");
    expect((struct firewall_packet){.from = n1, .protocol = PATH_TCP, .port = 80}, true); /* though nobody listens */
    expect((struct firewall_packet){.from = n1, .protocol = PATH_TCP, .port = 81}, false);
    expect((struct firewall_packet){.from = n1, .protocol = PATH_TCP, .port = 22}, false);
    expect((struct firewall_packet){.from = n1, .protocol = PATH_UDP, .port = 53}, false);
    expect((struct firewall_packet){.from = n4, .protocol = PATH_UDP, .port = 53}, true);
    expect((struct firewall_packet){.from = n1, .protocol = PATH_ICMP}, true);
    nft("n2", "delete table ip t");
    expect((struct firewall_packet){.from = n1, .protocol = PATH_TCP, .port = 81}, true);
    /* before the input hook, in any way */
    nft("n2", "table ip t { chain p { type filter hook prerouting priority -300; tcp dport 81 drop; }; }");
    expect((struct firewall_packet){.from = n1, .protocol = PATH_TCP, .port = 81}, false);
    nft("n2", "delete table ip t");
}

static void forward_and_output_rules_are_seen(void **state)
{
    (void)state;
    const struct node *n1 = topology_node(lan->topology, "n1"), *n2 = topology_node(lan->topology, "n2");
    nft("n2", "table ip t { chain f { type filter hook forward priority 0; tcp dport 80 drop; };\n"
              "chain o { type filter hook output priority 0; udp dport 53 drop; }; }");
    struct firewall_packet through = {.from = n1, .has_to = true, .to = far(), .protocol = PATH_TCP, .port = 80};
    expect(through, false);
    through.port = 81;
    expect(through, true);
    through.protocol = PATH_ICMP;
    expect(through, true);
    through.protocol = PATH_UDP;
    through.port = 53;
    expect(through, true);
    through.from = n2; /* its own */
    expect(through, false);
    through.port = 54;
    expect(through, true);
    nft("n2", "delete table ip t");
}

static void a_policy_is_what_becomes_of_the_rest(void **state)
{
    (void)state;
    struct firewall_packet packets[] = {{.protocol = PATH_TCP}, {.protocol = PATH_UDP}};
    struct check check = firewall(packets, 2);
    check.firewall.policy = POLICY_DROP;
    measure(&check, VERDICT_FAIL); /* everything is accepted */
    nft("n2", "table ip t { chain in { type filter hook input priority 0; policy drop; tcp dport 1-1000 accept; }; }");
    measure(&check, VERDICT_PASS);
    assert_non_null(strstr(judgement.expected, "policy drop"));
    nft("n2", "delete table ip t");
    /* a policy in words may be a last rule */
    nft("n2", "table ip t { chain in { type filter hook input priority 0; tcp dport 1-1000 accept; drop; }; }");
    measure(&check, VERDICT_PASS);
    nft("n2", "delete table ip t");
    packets[0].accepted = packets[1].accepted = true;
    check.firewall.policy = POLICY_ACCEPT;
    measure(&check, VERDICT_PASS);
}

/* What never came to the door was dropped by nobody there. */
static void a_packet_that_does_not_arrive_proves_nothing(void **state)
{
    (void)state;
    struct firewall_packet packet = {
        .from = topology_node(lan->topology, "n1"), .protocol = PATH_TCP, .port = 80, .accepted = false};
    struct check check = firewall(&packet, 1);
    nft("n1", "table ip t { chain o { type filter hook output priority 0; tcp dport 80 drop; }; }");
    measure(&check, VERDICT_FAIL);
    nft("n1", "delete table ip t");
    assert_non_null(strstr(judgement.seen, "never came to the door"));
}

static int setup(void **state)
{
    (void)state;
    if (sandbox_enter() != 0) {
        print_message("[  SKIPPED ] probe: no user namespaces here\n");
        exit(0);
    }
    lan = lan_new(4);
    struct error err = ERROR_INIT;
    assert_int_equal(sysctl_write(lan->netns[1], "net/ipv4/ip_forward", "1", &err), 0);
    assert_int_equal(sysctl_write(lan->netns[1], "net/ipv4/conf/all/send_redirects", "0", &err), 0);
    assert_int_equal(sysctl_write(lan->netns[1], "net/ipv4/conf/eth0/send_redirects", "0", &err), 0);
    ip("n3", "address add 10.9.0.3/32 dev eth0");
    ip("n1", "route add 10.9.0.3/32 via 10.0.0.2");
    ip("n2", "route add 10.9.0.3/32 via 10.0.0.3");
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
        cmocka_unit_test(input_rules_are_seen_by_their_effect),
        cmocka_unit_test(forward_and_output_rules_are_seen),
        cmocka_unit_test(a_policy_is_what_becomes_of_the_rest),
        cmocka_unit_test(a_packet_that_does_not_arrive_proves_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
