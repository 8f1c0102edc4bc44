/* Measurements between namespaces of the test's own: every way in which they can end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "base/str.h"
#include "base/table.h"
#include "kernel/nft.h"
#include "lan.h"
#include "sandbox.h"

static struct lan *lan;

struct record {
    struct fact fact;
    uint32_t attempts;
    int64_t duration;
    char first_answer[100], output[200], servers[100];
};
static struct record records[64];
static size_t satisfied_after[64]; /* the n-th fact is what is wanted; 0: any */
static size_t looked[64];

static bool on_satisfied(void *context, size_t index, const struct fact *fact)
{
    (void)context, (void)fact;
    return ++looked[index] >= satisfied_after[index];
}

static void on_result(void *context, size_t index, const struct fact *fact, uint32_t attempts, int64_t duration)
{
    (void)context;
    struct record *record = &records[index];
    *record = (struct record){.fact = *fact, .attempts = attempts, .duration = duration};
    snprintf(record->first_answer, sizeof record->first_answer, "%s", fact->answer_count ? fact->answers[0] : "");
    for (size_t i = 0, length = 0; i < fact->server_count && length < sizeof record->servers; i++)
        length += (size_t)snprintf(record->servers + length, sizeof record->servers - length, "%s%s %u", i ? ", " : "",
                                   fact->servers[i].name, fact->servers[i].answers);
    snprintf(record->output, sizeof record->output, "%s", fact->output ? fact->output : fact->body ? fact->body : "");
}

static void run(const struct check *const *checks, size_t count, bool single)
{
    struct error err = ERROR_INIT;
    struct probe_world world = lan_world(lan);
    struct probe_options options = {.single_attempt = single, .satisfied = on_satisfied, .result = on_result};
    memset(looked, 0, sizeof looked);
    if (probe_checks(&world, checks, count, &options, &err) != 0)
        fail_msg("%s", err.text);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
}

static struct record measure(const struct check *check)
{
    run(&check, 1, true);
    return records[0];
}

/* What is answered is answered long before PATIENT, however busy the machine is; what is not is BRIEF. */
#define PATIENT (5 * NANOSECONDS_PER_SECOND)
#define BRIEF   INT64_C(300000000)

static struct check ping(const char *from, const char *to)
{
    struct check check = {
        .id = "p", .kind = CHECK_PING, .from = topology_node(lan->topology, from), .timeout = PATIENT};
    check.ping =
        (struct check_ping){.to = {.node = topology_node(lan->topology, to), .text = to}, .count = 1, .size = 56};
    return check;
}

static struct check tcp(const char *from, const char *to, uint16_t port)
{
    struct check check = ping(from, to);
    struct check_target target = check.ping.to;
    check.kind = CHECK_TCP;
    check.tcp = (struct check_tcp){.to = target, .port = port, .expect = TCP_CLOSED};
    return check;
}

static void assert_outcome(enum fact_outcome wanted, const struct record *record)
{
    if (record->fact.outcome != wanted)
        fail_msg("wanted %s, got %s: %s", fact_outcome_name(wanted), fact_outcome_name(record->fact.outcome),
                 record->fact.detail);
}

static void assert_says(const struct record *record, const char *words)
{
    if (!strstr(record->fact.detail, words))
        fail_msg("'%s' does not say '%s'", record->fact.detail, words);
}

/* Returns when its port is free again. */
static void end_server(pid_t server)
{
    kill(server, SIGKILL);
    while (waitpid(server, NULL, 0) < 0 && errno == EINTR)
        continue;
}

static int listener(const char *node, uint16_t port, uint32_t address)
{
    int fd = netns_socket(lan_netns(lan, node), AF_INET, SOCK_STREAM, 0, NULL), on = 1;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(fd, 100), 0);
    return fd;
}

static void nft(const char *node, const char *text)
{
    struct error err = ERROR_INIT;
    if (nft_load(lan_netns(lan, node), "test", text, &err) != 0)
        fail_msg("%s", err.text);
}

/* ---- ping ---------------------------------------------------------------------------------------------------------
 */

static void ping_is_answered(void **state)
{
    (void)state;
    struct check check = ping("n1", "n2");
    check.ping.count = 5;
    struct record record = measure(&check);
    assert_outcome(OUTCOME_ANSWERED, &record);
    assert_int_equal(record.fact.sent, 5);
    assert_int_equal(record.fact.received, 5);
    assert_true(record.fact.rtt_median > 0 && record.fact.rtt_median < 100000000);
    assert_true(record.fact.rtt_min <= record.fact.rtt_median && record.fact.rtt_median <= record.fact.rtt_max);
    assert_says(&record, "5 of 5 echo requests answered by 10.0.0.2");
}

static void ping_meets_silence_icmp_and_no_route(void **state)
{
    (void)state;
    struct check silent = ping("n1", "n2"), far = ping("n1", "n2"), refused = ping("n1", "n3");
    assert_true(addr_parse("192.0.2.1", &far.ping.to.addr));
    far.ping.to.node = NULL;
    silent.timeout = BRIEF;
    nft("n2", "table ip t { chain in { type filter hook input priority 0; icmp type echo-request drop; }; }");
    nft("n3", "table ip t { chain in { type filter hook input priority 0;\n"
              "icmp type echo-request reject with icmp type host-prohibited; }; }");
    const struct check *set[] = {&silent, &far, &refused};
    run(set, 3, true);
    nft("n2", "delete table ip t");
    nft("n3", "delete table ip t");
    assert_outcome(OUTCOME_SILENT, &records[0]);
    assert_string_equal(records[0].fact.detail, "no answer in 300 ms from 10.0.0.2 (1 echo request sent, 0 replies)");
    assert_outcome(OUTCOME_UNREACHABLE, &records[1]);
    assert_says(&records[1], "Network is unreachable");
    assert_outcome(OUTCOME_UNREACHABLE, &records[2]);
    assert_says(&records[2], "ICMP host prohibited from 10.0.0.3");
    assert_true(records[2].duration < PATIENT); /* the answer is not waited for any longer */
}

static void ping_counts_loss(void **state)
{
    (void)state;
    nft("n2", "table ip t { chain in { type filter hook input priority 0;\n"
              "icmp type echo-request numgen inc mod 10 0 drop; }; }");
    struct check check = ping("n1", "n2");
    check.ping.count = 200;
    check.timeout = NANOSECONDS_PER_SECOND; /* for the answers that do not come */
    struct record record = measure(&check);
    nft("n2", "delete table ip t");
    assert_outcome(OUTCOME_ANSWERED, &record);
    assert_int_equal(record.fact.sent, 200);
    assert_int_equal(record.fact.received, 180);
}

static void ping_knows_what_does_not_fit(void **state)
{
    (void)state;
    struct check fits = ping("n1", "n2"), big = ping("n1", "n2"), pieces = ping("n1", "n2");
    fits.ping.size = 1472;
    big.ping.size = 1473;
    pieces.ping.size = 4000;
    fits.ping.dont_fragment = big.ping.dont_fragment = true;
    const struct check *set[] = {&fits, &big, &pieces};
    run(set, 3, true);
    assert_outcome(OUTCOME_ANSWERED, &records[0]);
    assert_outcome(OUTCOME_UNREACHABLE, &records[1]);
    assert_says(&records[1], "larger than the path MTU 1500");
    assert_outcome(OUTCOME_ANSWERED, &records[2]);
}

static void ping_from_a_source(void **state)
{
    (void)state;
    struct check own = ping("n1", "n2"), foreign = ping("n1", "n2");
    addr_parse("10.0.0.1", &own.ping.source);
    addr_parse("10.0.0.77", &foreign.ping.source);
    const struct check *set[] = {&own, &foreign};
    run(set, 2, true);
    assert_outcome(OUTCOME_ANSWERED, &records[0]);
    assert_outcome(OUTCOME_UNREACHABLE, &records[1]);
    assert_says(&records[1], "no address 10.0.0.77");
}

/* ---- tcp ----------------------------------------------------------------------------------------------------------
 */

static void tcp_ends_in_five_ways(void **state)
{
    (void)state;
    int any = listener("n2", 80, INADDR_ANY), blocked = listener("n2", 81, INADDR_ANY),
        local = listener("n2", 82, INADDR_LOOPBACK);
    nft("n2", "table ip t { chain in { type filter hook input priority 0;\n"
              "tcp dport 81 drop\n tcp dport 84 reject\n tcp dport 85 reject with icmp type admin-prohibited; }; }");
    struct check open = tcp("n1", "n2", 80), silent = tcp("n1", "n2", 81), looped = tcp("n1", "n2", 82),
                 closed = tcp("n1", "n2", 83), icmp = tcp("n1", "n2", 84), prohibited = tcp("n1", "n2", 85);
    silent.timeout = BRIEF;
    const struct check *set[] = {&open, &silent, &looped, &closed, &icmp, &prohibited};
    run(set, 6, true);
    nft("n2", "delete table ip t");
    close(any), close(blocked), close(local);
    assert_outcome(OUTCOME_ANSWERED, &records[0]);
    assert_int_equal(records[0].fact.listener, LISTENER_YES);
    assert_outcome(OUTCOME_SILENT, &records[1]);
    assert_string_equal(records[1].fact.detail, "no answer in 300 ms (1 SYN sent, no reply) from 10.0.0.2:81");
    assert_int_equal(records[1].fact.listener, LISTENER_YES);
    assert_outcome(OUTCOME_REFUSED, &records[2]);
    assert_int_equal(records[2].fact.listener, LISTENER_NO); /* loopback alone is nobody */
    assert_outcome(OUTCOME_REFUSED, &records[3]);
    assert_int_equal(records[3].fact.listener, LISTENER_NO);
    assert_string_equal(records[3].fact.detail, "refused (RST) by 10.0.0.2:83");
    assert_outcome(OUTCOME_UNREACHABLE, &records[4]); /* an ICMP error is no RST */
    assert_says(&records[4], "ICMP port unreachable from 10.0.0.2");
    assert_outcome(OUTCOME_UNREACHABLE, &records[5]);
    assert_says(&records[5], "ICMP administratively prohibited from 10.0.0.2");
    assert_true(records[5].duration < 200000000);
}

/* A UDP socket that listens there. */
static int receiver(const char *node, uint16_t port, uint32_t address)
{
    int fd = netns_socket(lan_netns(lan, node), AF_INET, SOCK_DGRAM, 0, NULL);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    return fd;
}

/* Echoes one datagram on each socket, from a process of its own. */
static pid_t echo(const int *fds, size_t count)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct pollfd watched[4];
    for (size_t i = 0; i < count; i++)
        watched[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    while (poll(watched, count, 10000) > 0)
        for (size_t i = 0; i < count; i++) {
            char data[2000];
            struct sockaddr_storage from;
            socklen_t length = sizeof from;
            ssize_t size = watched[i].revents ? recvfrom(fds[i], data, sizeof data, 0, (void *)&from, &length) : -1;
            if (size >= 0)
                sendto(fds[i], data, (size_t)size, 0, (void *)&from, length);
        }
    _exit(0);
}

static struct check udp(const char *from, const char *to, uint16_t port, const char *payload)
{
    struct check check = ping(from, to);
    struct check_target target = check.ping.to;
    check.kind = CHECK_UDP;
    check.udp = (struct check_udp){.to = target, .port = port, .payload = payload, .expect = UDP_SILENT};
    return check;
}

static void udp_ends_in_five_ways(void **state)
{
    (void)state;
    int fds[] = {receiver("n2", 70, INADDR_ANY), receiver("n2", 71, INADDR_ANY), receiver("n2", 74, INADDR_LOOPBACK)};
    pid_t server = echo(fds, 2);
    nft("n2", "table ip t { chain in { type filter hook input priority 0;\n"
              "udp dport 71 drop\n udp dport 73 reject with icmp type admin-prohibited; }; }");
    struct check answered = udp("n1", "n2", 70, "hello"), empty = udp("n1", "n2", 70, NULL),
                 silent = udp("n1", "n2", 71, "x"), refused = udp("n1", "n2", 72, "x"),
                 prohibited = udp("n1", "n2", 73, "x"), looped = udp("n1", "n2", 74, "x"),
                 far = udp("n1", "n2", 70, "x");
    assert_true(addr_parse("192.0.2.1", &far.udp.to.addr));
    far.udp.to.node = NULL;
    silent.timeout = BRIEF;
    const struct check *set[] = {&answered, &empty, &silent, &refused, &prohibited, &looped, &far};
    run(set, 7, true);
    nft("n2", "delete table ip t");
    end_server(server);
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);
    assert_outcome(OUTCOME_ANSWERED, &records[0]);
    assert_string_equal(records[0].fact.detail, "answered by 10.0.0.2:70 with 5 bytes");
    assert_int_equal(records[0].fact.listener, LISTENER_YES);
    assert_outcome(OUTCOME_ANSWERED, &records[1]);
    assert_outcome(OUTCOME_SILENT, &records[2]);
    assert_string_equal(records[2].fact.detail, "no answer in 300 ms (3 datagrams sent) from 10.0.0.2:71");
    assert_int_equal(records[2].fact.listener, LISTENER_YES);
    assert_outcome(OUTCOME_REFUSED, &records[3]);
    assert_int_equal(records[3].fact.listener, LISTENER_NO);
    assert_says(&records[3], "refused by 10.0.0.2:72: ICMP port unreachable from 10.0.0.2");
    assert_outcome(OUTCOME_UNREACHABLE, &records[4]);
    assert_outcome(OUTCOME_REFUSED, &records[5]);
    assert_int_equal(records[5].fact.listener, LISTENER_NO); /* loopback alone is nobody */
    assert_outcome(OUTCOME_UNREACHABLE, &records[6]);
    assert_says(&records[6], "no way from n1 to 192.0.2.1:70");
}

/* Whoever is root in n1 lets it answer for n2: neither what should be open nor what should be closed is shown so. */
static void a_node_that_answers_for_another_proves_nothing(void **state)
{
    (void)state;
    struct check reached = ping("n1", "n2"), open = tcp("n1", "n2", 80), closed = tcp("n1", "n2", 81);
    struct check own = ping("n1", "n1"), other = ping("n3", "n2");
    const struct check *set[] = {&reached, &open, &closed, &own, &other};
    int impostor = listener("n1", 80, INADDR_ANY);
    struct prefix address = {addr_from_ipv4(0x0a000002u), 32};
    BATCH_AUTO claim = BATCH_INIT, release = BATCH_INIT;
    address_put(&claim, 1, VERB_ADD, 1, &address);
    lan_commit(lan_netns(lan, "n1"), &claim);
    run(set, 5, true);
    for (size_t i = 0; i < 3; i++) {
        assert_outcome(OUTCOME_FAILED, &records[i]);
        assert_string_equal(records[i].fact.detail,
                            "n1 itself answers for 10.0.0.2 (its route there is local), which is the address of n2");
    }
    assert_outcome(OUTCOME_ANSWERED, &records[3]);
    assert_outcome(OUTCOME_ANSWERED, &records[4]);
    address_put(&release, 1, VERB_DELETE, 1, &address);
    lan_commit(lan_netns(lan, "n1"), &release);
    close(impostor);
    run(set, 1, true);
    assert_outcome(OUTCOME_ANSWERED, &records[0]);
}

static void tcp_counts_its_syns(void **state)
{
    (void)state;
    nft("n2", "table ip t { chain in { type filter hook input priority 0; tcp dport 81 drop; }; }");
    struct check check = tcp("n1", "n2", 81);
    check.timeout = 1500000000;
    struct record record = measure(&check);
    nft("n2", "delete table ip t");
    assert_outcome(OUTCOME_SILENT, &record);
    assert_says(&record, "no answer in 1500 ms (2 SYNs sent, no reply)");
}

static void a_node_that_does_not_run_is_an_error(void **state)
{
    (void)state;
    struct node ghost = {.name = "ghost"};
    struct check check = ping("n1", "n2");
    check.from = &ghost;
    struct record record = measure(&check);
    assert_outcome(OUTCOME_UNREACHABLE, &record); /* nobody knows it: somebody has taken it out of the lab */
    assert_true(record.fact.gone);
    map_set(lan->topology->node_by_name, ghost.name, &ghost);
    record = measure(&check);
    map_remove(lan->topology->node_by_name, ghost.name);
    assert_outcome(OUTCOME_ERROR, &record);
    assert_int_equal(record.attempts, 4); /* retried three times */
}

static void who_is_asked_may_be_gone(void **state)
{
    (void)state;
    struct node ghost = {.name = "ghost"};
    struct check checks[] = {ping("n1", "n2"), tcp("n1", "n2", 7), {.id = "m", .kind = CHECK_MATRIX}};
    const struct node *nodes[] = {lan->topology->nodes[0], &ghost};
    checks[0].ping.to.node = checks[1].tcp.to.node = &ghost;
    checks[1].tcp.expect = TCP_CLOSED;
    checks[2].matrix = (struct check_matrix){.nodes = nodes, .node_count = 2};
    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        struct record record = measure(&checks[i]);
        assert_true(record.fact.gone);
        assert_says(&record, "node ghost is not in the lab any more");
    }
}

/* ---- repeating ----------------------------------------------------------------------------------------------------
 */

static void within_repeats_until_green(void **state)
{
    (void)state;
    struct check check = ping("n1", "n2");
    const struct check *set[] = {&check};
    check.within = 5 * NANOSECONDS_PER_SECOND;
    satisfied_after[0] = 3;
    run(set, 1, false);
    assert_int_equal(records[0].attempts, 3);
    assert_in_range(records[0].duration, 250000000, PATIENT); /* 100 + 200 ms */
    check.within = 0;
    run(set, 1, false);
    assert_int_equal(records[0].attempts, 1);
    satisfied_after[0] = 100;
    check.within = 400000000;
    run(set, 1, false);
    assert_in_range(records[0].duration, 400000000, PATIENT);
    satisfied_after[0] = 0;
}

static void stable_for_and_repeat_last(void **state)
{
    (void)state;
    struct check check = ping("n1", "n2");
    const struct check *set[] = {&check};
    check.stable_for = 350000000;
    run(set, 1, false);
    assert_in_range(records[0].duration, 350000000, PATIENT);
    check.stable_for = 0;
    check.repeat = 3;
    run(set, 1, false);
    assert_int_equal(records[0].attempts, 3);
}

static void thirty_checks_last_as_long_as_the_slowest(void **state)
{
    (void)state;
    nft("n2", "table ip t { chain in { type filter hook input priority 0; tcp dport 81 drop; }; }");
    struct check checks[30];
    const struct check *set[30];
    for (size_t i = 0; i < 30; i++) {
        checks[i] = tcp("n1", "n2", 81);
        checks[i].timeout = BRIEF;
        set[i] = &checks[i];
    }
    int64_t from = clock_monotonic();
    run(set, 30, true);
    int64_t took = clock_monotonic() - from;
    nft("n2", "delete table ip t");
    for (size_t i = 0; i < 30; i++)
        assert_outcome(OUTCOME_SILENT, &records[i]);
    assert_in_range(took, BRIEF, 30 / 2 * BRIEF); /* one after another they would take 30 times as long */
}

/* ---- command, http ------------------------------------------------------------------------------------------------
 */

static void command_is_run_and_limited(void **state)
{
    (void)state;
    struct check said = ping("n1", "n2"), slow = ping("n1", "n2"), signalled = ping("n1", "n2"),
                 left = ping("n1", "n2");
    said.kind = slow.kind = signalled.kind = left.kind = CHECK_COMMAND;
    said.command = (struct check_command){.run = "ip -br address show eth0 | tr -s ' '; exit 3"};
    slow.command = (struct check_command){.run = "exec cat /dev/zero >/dev/null"};
    signalled.command = (struct check_command){.run = "kill -9 $$"};
    left.command = (struct check_command){.run = "echo done; sleep 4 & exit 0"}; /* holds the pipe open */
    slow.timeout = BRIEF;
    const struct check *set[] = {&said, &slow, &signalled, &left};
    run(set, 4, true);
    assert_outcome(OUTCOME_ANSWERED, &records[0]);
    assert_int_equal(records[0].fact.exit_status, 3);
    assert_non_null(strstr(records[0].output, "10.0.0.1/24"));
    assert_outcome(OUTCOME_SILENT, &records[1]);
    assert_string_equal(records[1].fact.detail, "still running after 300 ms in n1");
    assert_outcome(OUTCOME_ANSWERED, &records[2]);
    assert_int_equal(records[2].fact.exit_status, 128 + 9);
    assert_outcome(OUTCOME_ANSWERED, &records[3]);
    assert_string_equal(records[3].output, "done\n");
    assert_true(records[3].duration < 3 * NANOSECONDS_PER_SECOND);
}

/* A server of one answer. */
/* Answers with the first and the second text in turn. */
static pid_t serve_in_turn(const char *node, uint16_t port, const char *answer, const char *next)
{
    int fd = listener(node, port, INADDR_ANY);
    pid_t child = fork();
    if (child == 0) {
        for (;;) {
            char data[2000];
            int connection = accept(fd, NULL, NULL);
            (void)!read(connection, data, sizeof data);
            (void)!write(connection, answer, strlen(answer));
            if (!*answer)
                continue; /* accepted, read, and never a word */
            const char *done = answer;
            answer = next;
            next = done;
            shutdown(connection, SHUT_WR);
            while (read(connection, data, sizeof data) > 0)
                continue;
            close(connection);
        }
    }
    close(fd);
    return child;
}

static pid_t serve_http(const char *node, uint16_t port, const char *answer)
{
    return serve_in_turn(node, port, answer, answer);
}

static struct check http(const char *from, const char *url)
{
    struct check check = ping(from, "n2");
    check.kind = CHECK_HTTP;
    check.http = (struct check_http){.url = url, .method = "GET", .requests = 1};
    return check;
}

static void http_ends_in_many_ways(void **state)
{
    (void)state;
    pid_t good =
        serve_http("n2", 80, "HTTP/1.1 302 Found\r\nLocation: /x\r\nX-Who: n2\r\nContent-Length: 5\r\n\r\nhello");
    pid_t mute = serve_http("n2", 81, ""), odd = serve_http("n2", 82, "SSH-2.0-lab\r\n");
    nft("n2", "table ip t { chain in { type filter hook input priority 0; tcp dport 84 drop; }; }");
    struct check found = http("n1", "http://10.0.0.2/"), silent = http("n1", "http://10.0.0.2:81/"),
                 broken = http("n1", "http://10.0.0.2:82/"), refused = http("n1", "http://10.0.0.2:83/"),
                 dropped = http("n1", "http://10.0.0.2:84/"), nowhere = http("n1", "http://192.0.2.1/"),
                 named = http("n1", "http://no-such-name.invalid/"), local = http("n2", "http://localhost/");
    silent.timeout = dropped.timeout = BRIEF;
    const struct check *set[] = {&found, &silent, &broken, &refused, &dropped, &nowhere, &named, &local};
    run(set, 8, true);
    nft("n2", "delete table ip t");
    end_server(good), end_server(mute), end_server(odd);
    assert_outcome(OUTCOME_ANSWERED, &records[0]);
    assert_int_equal(records[0].fact.status, 302);
    assert_string_equal(records[0].output, "hello");
    assert_outcome(OUTCOME_SILENT, &records[1]);
    assert_says(&records[1], "connected to 10.0.0.2:81, but no answer in 300 ms");
    assert_outcome(OUTCOME_FAILED, &records[2]);
    assert_outcome(OUTCOME_REFUSED, &records[3]);
    assert_outcome(OUTCOME_SILENT, &records[4]);
    assert_says(&records[4], "no connection");
    assert_outcome(OUTCOME_UNREACHABLE, &records[5]);
    assert_says(&records[5], "Network is unreachable");
    assert_outcome(OUTCOME_NO_NAME, &records[6]);
    assert_says(&records[6], "'no-such-name.invalid' does not resolve in n1");
    assert_outcome(OUTCOME_ANSWERED, &records[7]); /* resolved and reached in n2 itself */
}

static void http_follows_redirects_as_far_as_asked(void **state)
{
    (void)state;
    pid_t first =
        serve_http("n2", 80, "HTTP/1.1 302 Found\r\nLocation: http://10.0.0.3/x\r\nContent-Length: 0\r\n\r\n");
    pid_t second = serve_http("n3", 80, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nthere");
    struct check asked = http("n1", "http://10.0.0.2/"), followed = asked, looped = http("n1", "http://10.0.0.2/");
    followed.http.redirects = 1;
    looped.http.redirects = 3;
    const struct check *set[] = {&asked, &followed, &looped};
    run(set, 3, true);
    end_server(first), end_server(second);
    assert_int_equal(records[0].fact.status, 302);
    assert_string_equal(records[0].servers, "n2 1");
    assert_int_equal(records[1].fact.status, 200);
    assert_string_equal(records[1].servers, "n3 1");
    assert_string_equal(records[1].output, "there");
    assert_int_equal(records[1].fact.http_version, HTTP_1_0);
    assert_int_equal(records[2].fact.status, 200);
}

static void http_counts_who_answers(void **state)
{
    (void)state;
    pid_t balanced = serve_in_turn("n2", 80, "HTTP/1.1 200 OK\r\nX-Served-By: web-1\r\nContent-Length: 0\r\n\r\n",
                                   "HTTP/1.1 200 OK\r\nX-Served-By: web-2\r\nContent-Length: 0\r\n\r\n");
    pid_t failing = serve_in_turn("n3", 80, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                                  "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    struct check counted = http("n1", "http://10.0.0.2/"), half = http("n1", "http://10.0.0.3/"),
                 slow = http("n1", "http://10.0.0.4/");
    counted.http.requests = 50;
    half.http.requests = 50;
    slow.http.requests = 50;
    slow.timeout = BRIEF;
    nft("n4", "table ip t { chain in { type filter hook input priority 0; tcp dport 80 drop; }; }");
    const struct check *set[] = {&counted, &half, &slow};
    run(set, 3, true);
    nft("n4", "delete table ip t");
    end_server(balanced), end_server(failing);
    assert_string_equal(records[0].servers, "web-1 25, web-2 25");
    assert_says(&records[0], "status 200, 50 requests answered (web-1 25, web-2 25)");
    assert_true(records[0].fact.slowest > 0);
    assert_int_equal(records[1].fact.status, 503); /* the first one that is not as it should be */
    assert_string_equal(records[1].servers, "n3 2");
    assert_outcome(OUTCOME_SILENT, &records[2]);
    assert_in_range(records[2].duration, BRIEF - BRIEF / 30, 25 * BRIEF); /* not for each request anew */
}

/* ---- matrix -------------------------------------------------------------------------------------------------------
 */

static struct check matrix(uint16_t port)
{
    struct check check = {.id = "m", .kind = CHECK_MATRIX, .timeout = PATIENT};
    check.matrix = (struct check_matrix){
        .nodes = (const struct node **)lan->topology->nodes, .node_count = lan->topology->node_count, .port = port};
    return check;
}

static struct record measure_matrix(uint16_t port)
{
    struct check check = matrix(port);
    return measure(&check);
}

static void matrix_of_everybody(void **state)
{
    (void)state;
    struct record record = measure_matrix(0);
    assert_outcome(OUTCOME_ANSWERED, &record);
    char all[80];
    size_t pairs = lan->count * (lan->count - 1);
    snprintf(all, sizeof all, "%zu of %zu ordered pairs answered", pairs, pairs);
    assert_string_equal(record.fact.detail, all);
}

static void matrix_of_tcp(void **state)
{
    (void)state;
    int fds[LAN_MAX];
    for (size_t i = 0; i + 1 < lan->count; i++)
        fds[i] = listener(lan->topology->nodes[i]->name, 7777, INADDR_ANY);
    struct record record = measure_matrix(7777);
    for (size_t i = 0; i + 1 < lan->count; i++)
        close(fds[i]);
    assert_outcome(OUTCOME_ANSWERED, &record);
    char most[80];
    size_t pairs = lan->count * (lan->count - 1);
    snprintf(most, sizeof most, "%zu of %zu ordered pairs answered", pairs - (lan->count - 1), pairs);
    assert_string_equal(record.fact.detail, most);
}

static void matrix_sees_who_is_deaf(void **state)
{
    (void)state;
    nft("n2", "table ip t { chain in { type filter hook input priority 0; icmp type echo-request drop; }; }");
    struct check check = matrix(0);
    check.timeout = NANOSECONDS_PER_SECOND;
    struct record record = measure(&check);
    nft("n2", "delete table ip t");
    char some[80];
    size_t pairs = lan->count * (lan->count - 1);
    snprintf(some, sizeof some, "%zu of %zu ordered pairs answered", pairs - (lan->count - 1), pairs);
    assert_string_equal(record.fact.detail, some);
    assert_true(record.duration < PATIENT); /* all pairs at once */
}

static size_t neighbours_of(size_t index)
{
    int status;
    char data[65536];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        setns(lan->netns[index], CLONE_NEWNET);
        dup2(ends[1], 1);
        execlp("ip", "ip", "neigh", "show", "nud", "permanent", NULL);
        _exit(127);
    }
    close(ends[1]);
    size_t lines = 0;
    ssize_t size;
    while ((size = read(ends[0], data, sizeof data)) > 0)
        for (ssize_t i = 0; i < size; i++)
            lines += data[i] == '\n';
    close(ends[0]);
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    return lines;
}

static size_t while_measuring;
static void count_neighbours(void *context, size_t index, const struct fact *fact, uint32_t attempts, int64_t duration)
{
    (void)context, (void)index, (void)fact, (void)attempts, (void)duration;
    while_measuring = neighbours_of(0);
}

/* A large segment gets permanent entries for the pairs that are measured, and only while they are. */
static void neighbours_come_and_go(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct probe_world world = lan_world(lan);
    struct check check = ping("n1", "n2");
    const struct check *set[] = {&check};
    struct probe_options options = {.single_attempt = true, .satisfied = on_satisfied, .result = count_neighbours};
    assert_int_equal(neighbours_of(0), 0);
    assert_int_equal(probe_checks(&world, set, 1, &options, &err), 0);
    assert_int_equal(while_measuring, 1);
    assert_int_equal(neighbours_of(0), 0);
    struct record record = measure_matrix(0);
    assert_outcome(OUTCOME_ANSWERED, &record);
    assert_int_equal(neighbours_of(0), 0);
}

static int setup(void **state)
{
    (void)state;
    if (sandbox_enter() != 0) {
        print_message("[  SKIPPED ] probe: no user namespaces here\n");
        exit(0);
    }
    lan = lan_new(40);
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
        cmocka_unit_test(neighbours_come_and_go),
        cmocka_unit_test(ping_is_answered),
        cmocka_unit_test(ping_meets_silence_icmp_and_no_route),
        cmocka_unit_test(ping_counts_loss),
        cmocka_unit_test(ping_knows_what_does_not_fit),
        cmocka_unit_test(ping_from_a_source),
        cmocka_unit_test(tcp_ends_in_five_ways),
        cmocka_unit_test(udp_ends_in_five_ways),
        cmocka_unit_test(a_node_that_answers_for_another_proves_nothing),
        cmocka_unit_test(tcp_counts_its_syns),
        cmocka_unit_test(a_node_that_does_not_run_is_an_error),
        cmocka_unit_test(who_is_asked_may_be_gone),
        cmocka_unit_test(within_repeats_until_green),
        cmocka_unit_test(stable_for_and_repeat_last),
        cmocka_unit_test(thirty_checks_last_as_long_as_the_slowest),
        cmocka_unit_test(command_is_run_and_limited),
        cmocka_unit_test(http_ends_in_many_ways),
        cmocka_unit_test(http_follows_redirects_as_far_as_asked),
        cmocka_unit_test(http_counts_who_answers),
        cmocka_unit_test(matrix_of_everybody),
        cmocka_unit_test(matrix_of_tcp),
        cmocka_unit_test(matrix_sees_who_is_deaf),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
