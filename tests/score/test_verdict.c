/* Verdicts: every kind of check against every outcome, and what decides beyond the outcome. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/table.h"
#include "base/units.h"
#include "facts/facts.h"
#include "model/check.h"
#include "model/topology.h"
#include "score/verdict.h"

static struct fact fact_of(enum fact_outcome outcome)
{
    struct fact fact = {.outcome = outcome, .sent = 1, .received = outcome == OUTCOME_ANSWERED, .status = 200};
    snprintf(fact.detail, sizeof fact.detail, "seen so");
    snprintf(fact.rcode, sizeof fact.rcode, "NOERROR");
    return fact;
}

static struct judgement judge(const struct check *check, const struct fact *fact)
{
    return verdict_of(check, fact, NULL);
}

static void assert_verdict(enum verdict wanted, struct judgement got)
{
    if (got.verdict != wanted)
        fail_msg("wanted %s, got %s: expected %s, seen %s", verdict_name(wanted), verdict_name(got.verdict),
                 got.expected, got.seen);
}

/* P pass, F fail, E error; in the order of enum fact_outcome: none answered refused silent unreachable no-name failed
 * error unsupported */
static void every_outcome_is_judged(void **state)
{
    (void)state;
    static char *answer[] = {(char *)"10.0.0.1"};
    struct check ping = {.kind = CHECK_PING}, deaf = {.kind = CHECK_PING, .ping.expect = PING_UNREACHABLE};
    struct check open = {.kind = CHECK_TCP}, refused = {.kind = CHECK_TCP, .tcp.expect = TCP_REFUSED},
                 blocked = {.kind = CHECK_TCP, .tcp.expect = TCP_BLOCKED},
                 closed = {.kind = CHECK_TCP, .tcp.expect = TCP_CLOSED};
    struct check answered = {.kind = CHECK_UDP}, rejected = {.kind = CHECK_UDP, .udp.expect = UDP_REFUSED},
                 silent = {.kind = CHECK_UDP, .udp.expect = UDP_SILENT};
    struct check dns = {.kind = CHECK_DNS, .dns = {.name = "a", .type = "A"}};
    struct check path = {.kind = CHECK_PATH}, mtu = {.kind = CHECK_MTU}, throughput = {.kind = CHECK_THROUGHPUT};
    struct firewall_packet passing = {.accepted = true};
    struct check firewall = {.kind = CHECK_FIREWALL, .firewall = {.packets = &passing, .packet_count = 1}};
    struct check tls = {.kind = CHECK_TLS}, unsafe = {.kind = CHECK_TLS, .tls.has_valid = true};
    struct check http = {.kind = CHECK_HTTP, .http = {.url = "http://a/"}};
    const struct node a = {.name = "a"}, b = {.name = "b"}, *two[] = {&a, &b};
    struct check matrix = {.kind = CHECK_MATRIX, .matrix = {.all = true, .nodes = two, .node_count = 2}};
    uint8_t both[] = {OUTCOME_NONE, OUTCOME_ANSWERED, OUTCOME_ANSWERED, OUTCOME_NONE};
    struct check command = {.kind = CHECK_COMMAND, .command.run = "true"};
    const struct {
        const struct check *check;
        const char *verdicts;
    } rows[] = {
        {&ping, "EPFFFFFEU"},     {&path, "EPFFFFFEU"},    {&mtu, "EPFFFFFEU"},      {&throughput, "EPFFFFFEU"},
        {&firewall, "EPFFFFFEU"}, {&deaf, "EFPPPPFEU"},    {&open, "EPFFFFFEU"},     {&refused, "EFPFFFFEU"},
        {&blocked, "EFFPPFFEU"},  {&closed, "EFPPPFFEU"},  {&dns, "EPFFFFFEU"},      {&http, "EPFFFFFEU"},
        {&matrix, "EPFFFFFEU"},   {&command, "EPFFFFFEU"}, {&answered, "EPFFFFFEU"}, {&rejected, "EFPFFFFEU"},
        {&silent, "EFFPPFFEU"},   {&tls, "EPFFFFFEU"},     {&unsafe, "EFFFFFFEU"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(strlen(rows[i].verdicts), OUTCOME_COUNT);
        for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
            struct fact fact = fact_of(outcome);
            fact.answers = answer;
            fact.answer_count = 1;
            fact.matrix = both;
            fact.matrix_size = 2;
            struct fact_packet seen = {true, outcome == OUTCOME_ANSWERED, "tcp"};
            fact.packets = &seen;
            fact.packet_count = 1;
            struct judgement got = judge(rows[i].check, &fact);
            char letter = "PFEU"[got.verdict];
            if (letter != rows[i].verdicts[outcome])
                fail_msg("row %zu, %s: wanted %c, got %c (%s)", i, fact_outcome_name(outcome),
                         rows[i].verdicts[outcome], letter, got.seen);
            assert_true(*got.expected && *got.seen);
        }
    }
}

static void names_go_both_ways(void **state)
{
    (void)state;
    for (int i = 0; i < VERDICT_COUNT; i++)
        assert_int_equal(verdict_from_name(verdict_name(i)), i);
    assert_int_equal(verdict_from_name("nonsense"), VERDICT_ERROR);
    assert_int_equal(verdict_from_name(NULL), VERDICT_ERROR);
}

static void seen_is_what_the_prober_says(void **state)
{
    (void)state;
    struct check check = {.kind = CHECK_TCP};
    struct fact fact = fact_of(OUTCOME_SILENT);
    snprintf(fact.detail, sizeof fact.detail, "no answer in 1 s (2 SYNs sent, no reply)");
    struct judgement got = judge(&check, &fact);
    assert_string_equal(got.expected, "open");
    assert_string_equal(got.seen, "no answer in 1 s (2 SYNs sent, no reply)");
}

/* ---- negative checks ----------------------------------------------------------------------------------------------
 */

static void a_dead_prober_proves_nothing(void **state)
{
    (void)state;
    struct check check = {.kind = CHECK_TCP, .tcp.expect = TCP_CLOSED};
    struct fact silent = fact_of(OUTCOME_SILENT), refused = fact_of(OUTCOME_REFUSED);
    struct verdict_context context = {.positive_control = CONTROL_DEAD};
    struct judgement got = verdict_of(&check, &silent, &context);
    assert_verdict(VERDICT_FAIL, got);
    assert_non_null(strstr(got.seen, "the prober is cut off"));
    assert_non_null(strstr(got.seen, "seen so"));
    assert_verdict(VERDICT_PASS, verdict_of(&check, &refused, &context)); /* somebody answered */
    context.positive_control = CONTROL_ALIVE;
    assert_verdict(VERDICT_PASS, verdict_of(&check, &silent, &context));
    check = (struct check){.kind = CHECK_PING, .ping.expect = PING_UNREACHABLE};
    context.positive_control = CONTROL_DEAD;
    assert_verdict(VERDICT_FAIL, verdict_of(&check, &silent, &context));
    struct fact error = fact_of(OUTCOME_ERROR);
    assert_verdict(VERDICT_ERROR, verdict_of(&check, &error, &context));
}

static void a_broken_service_is_not_a_closed_port(void **state)
{
    (void)state;
    static const struct {
        int listened, listener;
        enum verdict verdict;
    } rows[] = {
        {LISTENED_YES, LISTENER_NO, VERDICT_FAIL},      {LISTENED_YES, LISTENER_YES, VERDICT_PASS},
        {LISTENED_YES, LISTENER_UNKNOWN, VERDICT_PASS}, {LISTENED_NO, LISTENER_NO, VERDICT_PASS},
        {LISTENED_UNKNOWN, LISTENER_NO, VERDICT_PASS},  {LISTENED_YES, LISTENER_DOWN, VERDICT_FAIL},
        {LISTENED_NO, LISTENER_DOWN, VERDICT_PASS},
    };
    struct check tcp = {.kind = CHECK_TCP, .tcp.expect = TCP_BLOCKED},
                 udp = {.kind = CHECK_UDP, .udp.expect = UDP_SILENT};
    for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
        struct check check = i < ARRAY_SIZE(rows) ? tcp : udp;
        struct fact fact = fact_of(OUTCOME_SILENT);
        fact.listener = rows[i % ARRAY_SIZE(rows)].listener;
        struct verdict_context context = {.listened_healthy = rows[i % ARRAY_SIZE(rows)].listened};
        struct judgement got = verdict_of(&check, &fact, &context);
        assert_verdict(rows[i % ARRAY_SIZE(rows)].verdict, got);
        assert_int_equal(rows[i % ARRAY_SIZE(rows)].verdict == VERDICT_FAIL,
                         strstr(got.seen, "the service is broken") != NULL);
    }
}

static void who_answered_is_judged(void **state)
{
    (void)state;
    struct node a = {.name = "a"}, b = {.name = "b"};
    struct http_share shares[] = {{&a, SHARE_WHOLE / 2}, {&b, SHARE_WHOLE / 2}};
    struct check check = {.kind = CHECK_HTTP, .http = {.url = "http://a/", .requests = 100}};
    static const struct {
        uint32_t a, b, c;
        enum verdict half, only_a, served_by_a;
    } rows[] = {
        {50, 50, 0, VERDICT_PASS, VERDICT_FAIL, VERDICT_FAIL}, {38, 62, 0, VERDICT_PASS, VERDICT_FAIL, VERDICT_FAIL},
        {36, 64, 0, VERDICT_FAIL, VERDICT_FAIL, VERDICT_FAIL}, {100, 0, 0, VERDICT_FAIL, VERDICT_PASS, VERDICT_PASS},
        {50, 49, 1, VERDICT_FAIL, VERDICT_FAIL, VERDICT_FAIL}, {99, 0, 1, VERDICT_FAIL, VERDICT_FAIL, VERDICT_FAIL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct fact_server servers[] = {{"a", rows[i].a}, {"b", rows[i].b}, {"c", rows[i].c}};
        struct fact fact = fact_of(OUTCOME_ANSWERED);
        fact.servers = servers;
        fact.server_count = 3;
        check.http.served_by = NULL;
        check.http.shares = shares;
        check.http.share_count = 2;
        shares[0].share = SHARE_WHOLE / 2;
        assert_verdict(rows[i].half, judge(&check, &fact));
        check.http.share_count = 1;
        shares[0].share = SHARE_WHOLE;
        assert_verdict(rows[i].only_a, judge(&check, &fact));
        check.http.share_count = 0;
        check.http.served_by = &a;
        assert_verdict(rows[i].served_by_a, judge(&check, &fact));
    }
}

static void statuses_are_judged(void **state)
{
    (void)state;
    static const struct {
        uint32_t status;
        enum verdict any, two_hundred, class_of_two, class_of_four;
    } rows[] = {
        {200, VERDICT_PASS, VERDICT_PASS, VERDICT_PASS, VERDICT_FAIL},
        {204, VERDICT_PASS, VERDICT_FAIL, VERDICT_PASS, VERDICT_FAIL},
        {301, VERDICT_PASS, VERDICT_FAIL, VERDICT_FAIL, VERDICT_FAIL},
        {404, VERDICT_FAIL, VERDICT_FAIL, VERDICT_FAIL, VERDICT_PASS},
    };
    struct check check = {.kind = CHECK_HTTP, .http = {.url = "http://a/", .requests = 1}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct fact fact = fact_of(OUTCOME_ANSWERED);
        fact.status = rows[i].status;
        check.http.status = check.http.status_class = 0;
        assert_verdict(rows[i].any, judge(&check, &fact));
        check.http.status_class = 2;
        assert_verdict(rows[i].class_of_two, judge(&check, &fact));
        check.http.status_class = 4;
        assert_verdict(rows[i].class_of_four, judge(&check, &fact));
        check.http.status_class = 0;
        check.http.status = 200;
        assert_verdict(rows[i].two_hundred, judge(&check, &fact));
    }
}

static void ways_are_judged(void **state)
{
    (void)state;
    static const struct {
        const char *there[3], *back[3];
        bool known;
        enum verdict same, other;
    } rows[] = {
        {{"a", "b"}, {"b", "a"}, true, VERDICT_PASS, VERDICT_FAIL},
        {{"a", "b"}, {"a", "b"}, true, VERDICT_FAIL, VERDICT_PASS},
        {{"a"}, {NULL}, true, VERDICT_FAIL, VERDICT_PASS},
        {{NULL}, {NULL}, true, VERDICT_PASS, VERDICT_FAIL},
        {{"a"}, {"a"}, false, VERDICT_FAIL, VERDICT_FAIL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct fact fact = fact_of(OUTCOME_ANSWERED);
        struct check check = {.kind = CHECK_PATH, .path = {.has_symmetric = true, .symmetric = true}};
        fact.there = (const char **)(uintptr_t)rows[i].there;
        fact.back = (const char **)(uintptr_t)rows[i].back;
        while (rows[i].there[fact.there_count])
            fact.there_count++;
        while (rows[i].back[fact.back_count])
            fact.back_count++;
        fact.ways_known = rows[i].known;
        assert_verdict(rows[i].same, judge(&check, &fact));
        check.path.symmetric = false;
        assert_verdict(rows[i].other, judge(&check, &fact));
    }
}

static void a_matrix_of_ports_wants_exactly_its_pairs(void **state)
{
    (void)state;
    struct node a = {.name = "a"}, b = {.name = "b"};
    const struct node *nodes[] = {&a, &b};
    static const uint16_t ports[] = {22, 0};
    struct matrix_pair pairs[] = {{.from = &a, .to = &b, .layers = 1}, {.from = &b, .to = &a}};
    struct check check = {
        .kind = CHECK_MATRIX,
        .matrix = {.nodes = nodes, .node_count = 2, .ports = ports, .port_count = 2, .pairs = pairs, .pair_count = 2}};
    const uint8_t yes = OUTCOME_ANSWERED, no = OUTCOME_REFUSED;
    uint8_t cells[] = {0, yes, yes, 0, 0, no, yes, 0};
    struct fact fact = fact_of(OUTCOME_ANSWERED);
    fact.matrix = cells;
    fact.matrix_size = 2;
    assert_verdict(VERDICT_PASS, judge(&check, &fact));
    cells[5] = yes;
    struct judgement got = judge(&check, &fact);
    assert_verdict(VERDICT_FAIL, got);
    assert_non_null(strstr(got.seen, "a reaches b by icmp (answered)"));
    cells[5] = no;
    cells[1] = no;
    got = judge(&check, &fact);
    assert_verdict(VERDICT_FAIL, got);
    assert_non_null(strstr(got.seen, "a does not reach b on tcp/22 (refused)"));
    cells[1] = yes;
    cells[5] = OUTCOME_NONE; /* which would be as expected */
    got = judge(&check, &fact);
    assert_verdict(VERDICT_ERROR, got);
    assert_non_null(strstr(got.seen, "a to b by icmp was not measured"));
}

/* What was taken out of the lab fails, also a check that wants silence; and a service that nobody has is broken. */
static void what_is_gone_fails(void **state)
{
    (void)state;
    struct node a = {.name = "a"};
    const struct check checks[] = {
        {.kind = CHECK_TCP, .from = &a, .tcp = {.port = 22, .expect = TCP_CLOSED}},
        {.kind = CHECK_PING, .from = &a, .ping = {.count = 1, .expect = PING_UNREACHABLE}},
        {.kind = CHECK_HTTP, .from = &a, .http = {.url = "http://a/"}},
        {.kind = CHECK_PROCESS, .from = &a, .state = {.expect = STATE_ABSENT}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        struct fact fact = fact_of(OUTCOME_UNREACHABLE);
        fact.gone = true;
        struct judgement got = judge(&checks[i], &fact);
        assert_verdict(VERDICT_FAIL, got);
        assert_string_equal(got.seen, fact.detail);
    }
    const struct verdict_context healthy = {.positive_control = CONTROL_ALIVE, .listened_healthy = LISTENED_YES};
    struct fact fact = fact_of(OUTCOME_SILENT);
    fact.listener = LISTENER_NOBODY;
    assert_verdict(VERDICT_FAIL, verdict_of(&checks[0], &fact, &healthy));
    fact.listener = LISTENER_YES;
    assert_verdict(VERDICT_PASS, verdict_of(&checks[0], &fact, &healthy));
}

/* ---- figures ------------------------------------------------------------------------------------------------------
 */

static enum verdict loss(uint32_t sent, uint32_t lost, const char *limit)
{
    struct check check = {.kind = CHECK_PING, .ping = {.count = sent, .has_loss_below = true}};
    assert_null(share_parse(limit, &check.ping.loss_below));
    struct fact fact = fact_of(OUTCOME_ANSWERED);
    fact.sent = sent;
    fact.received = sent - lost;
    return judge(&check, &fact).verdict;
}

static void loss_is_judged_beyond_chance(void **state)
{
    (void)state;
    assert_int_equal(loss(1000, 0, "5%"), VERDICT_PASS);
    assert_int_equal(loss(1000, 54, "5%"), VERDICT_PASS); /* 5.4 % of 1,000 is chance */
    assert_int_equal(loss(1000, 62, "5%"), VERDICT_PASS); /* P(62 or more of 1,000 at 5 %) = 0.051 */
    assert_int_equal(loss(1000, 63, "5%"), VERDICT_FAIL); /* 0.038 */
    assert_int_equal(loss(100, 10, "1%"), VERDICT_FAIL);
    assert_int_equal(loss(20, 1, "1%"), VERDICT_PASS); /* 0.18 */
    assert_int_equal(loss(20, 2, "1%"), VERDICT_FAIL); /* 0.017 */
    assert_int_equal(loss(10000, 9950, "99%"), VERDICT_FAIL);
    assert_int_equal(loss(10000, 9902, "99%"), VERDICT_PASS);
    assert_int_equal(loss(10, 1, "5%"), VERDICT_PASS);
    assert_int_equal(loss(10, 3, "5%"), VERDICT_FAIL);
    assert_int_equal(loss(1000, 1, "0%"), VERDICT_FAIL);
    assert_int_equal(loss(1000, 0, "0%"), VERDICT_PASS);
}

/* How often the test would fail a link of exactly `percent`, and find one of twice that: from the binomial law itself.
 */
static double failing_probability(unsigned sent, double share, const char *limit)
{
    double term = 1, sum = 0;
    for (unsigned i = 0; i < sent; i++)
        term *= 1 - share;
    for (unsigned lost = 0; lost <= sent; lost++) {
        if (lost < sent && loss(sent, lost, limit) == VERDICT_FAIL)
            sum += term;
        if (lost < sent)
            term *= (double)(sent - lost) / (lost + 1) * share / (1 - share);
    }
    return sum;
}

static void the_test_has_its_level_and_power(void **state)
{
    (void)state;
    assert_true(failing_probability(200, 0.05, "5%") < 0.05);
    assert_true(failing_probability(200, 0.01, "5%") < 1e-6);
    assert_true(failing_probability(200, 0.10, "5%") > 0.85);
    assert_true(failing_probability(100, 0.05, "1%") > 0.7);
}

static void ping_limits(void **state)
{
    (void)state;
    struct check check = {.kind = CHECK_PING, .ping = {.count = 3, .rtt_below = 10000000}};
    struct fact fact = fact_of(OUTCOME_ANSWERED);
    fact.rtt_median = 9999999;
    assert_verdict(VERDICT_PASS, judge(&check, &fact));
    fact.rtt_median = 12000000;
    struct judgement got = judge(&check, &fact);
    assert_verdict(VERDICT_FAIL, got);
    assert_string_equal(got.expected, "reachable, round trip below 10ms");
    assert_string_equal(got.seen, "round trip 12.0 ms, limit 10ms: seen so");
    check.ping.rtt_below = 0;
    check.ping.jitter_below = 1000000;
    fact.rtt_jitter = 1000000;
    assert_verdict(VERDICT_FAIL, judge(&check, &fact));
}

/* ---- dns ----------------------------------------------------------------------------------------------------------
 */

static enum verdict dns(const char *const *wanted, size_t wanted_count, char **got, size_t got_count)
{
    struct check check = {
        .kind = CHECK_DNS,
        .dns = {.name = "a", .type = "A", .answers = (const char **)wanted, .answer_count = wanted_count}};
    struct fact fact = fact_of(OUTCOME_ANSWERED);
    fact.answers = got;
    fact.answer_count = got_count;
    return judge(&check, &fact).verdict;
}

static void dns_answers_are_a_set(void **state)
{
    (void)state;
    const char *two[] = {"10.0.0.1", "10.0.0.2"}, *name[] = {"Web.home.test."}, *six[] = {"2001:db8:0::1"};
    char *turned[] = {(char *)"10.0.0.2", (char *)"10.0.0.1"}, *twice[] = {(char *)"10.0.0.1", (char *)"10.0.0.1"};
    char *lower[] = {(char *)"web.home.test"}, *canonical[] = {(char *)"2001:db8::1"};
    assert_int_equal(dns(two, 2, turned, 2), VERDICT_PASS);
    assert_int_equal(dns(two, 2, turned, 1), VERDICT_FAIL);
    assert_int_equal(dns(two, 1, turned, 2), VERDICT_FAIL);
    assert_int_equal(dns(two, 2, twice, 2), VERDICT_FAIL);
    assert_int_equal(dns(name, 1, lower, 1), VERDICT_PASS);
    assert_int_equal(dns(six, 1, canonical, 1), VERDICT_PASS);
    assert_int_equal(dns(NULL, 0, lower, 1), VERDICT_PASS);
    assert_int_equal(dns(NULL, 0, NULL, 0), VERDICT_FAIL);
}

static void dns_codes_and_limits(void **state)
{
    (void)state;
    struct check check = {.kind = CHECK_DNS, .dns = {.name = "a", .type = "A", .rcode = "NXDOMAIN"}};
    struct fact fact = fact_of(OUTCOME_ANSWERED);
    assert_verdict(VERDICT_FAIL, judge(&check, &fact));
    snprintf(fact.rcode, sizeof fact.rcode, "NXDOMAIN");
    assert_verdict(VERDICT_PASS, judge(&check, &fact));
    check.dns.rcode = NULL;
    assert_verdict(VERDICT_FAIL, judge(&check, &fact));
    char *answers[] = {(char *)"10.0.0.1"};
    fact = fact_of(OUTCOME_ANSWERED);
    fact.answers = answers;
    fact.answer_count = 1;
    fact.ttl = 60;
    check.dns.has_ttl_below = true;
    check.dns.ttl_below = 60;
    assert_verdict(VERDICT_FAIL, judge(&check, &fact));
    check.dns.ttl_below = 61;
    assert_verdict(VERDICT_PASS, judge(&check, &fact));
    check.dns.has_authoritative = check.dns.authoritative = true;
    assert_verdict(VERDICT_FAIL, judge(&check, &fact));
    fact.authoritative = true;
    assert_verdict(VERDICT_PASS, judge(&check, &fact));
    check.dns.time_below = 1000000;
    fact.duration = 1000000;
    assert_verdict(VERDICT_FAIL, judge(&check, &fact));
    fact.duration = 1500 * (int64_t)1000000;
    assert_non_null(strstr(judge(&check, &fact).seen, "took 1500.0 ms, limit 1ms"));
}

/* ---- http, command, matrix ----------------------------------------------------------------------------------------
 */

static void http_expectations(void **state)
{
    (void)state;
    char body[] = "hello from web\n", header[] = "X-Served-By:  web-1";
    char *headers[] = {header};
    struct check check = {.kind = CHECK_HTTP, .http = {.url = "http://a/"}};
    struct fact fact = fact_of(OUTCOME_ANSWERED);
    fact.body = body;
    fact.body_length = strlen(body);
    fact.headers = headers;
    fact.header_count = 1;
    fact.status = 399;
    assert_verdict(VERDICT_PASS, judge(&check, &fact));
    fact.status = 404;
    assert_verdict(VERDICT_FAIL, judge(&check, &fact));
    check.http.status = 404;
    assert_verdict(VERDICT_PASS, judge(&check, &fact));
    check.http.body_contains = "from web";
    assert_verdict(VERDICT_PASS, judge(&check, &fact));
    check.http.body_contains = "from db";
    struct judgement got = judge(&check, &fact);
    assert_verdict(VERDICT_FAIL, got);
    assert_non_null(strstr(got.seen, "begins 'hello from web'"));
    check.http.body_contains = NULL;
    check.http.header_name = "x-served-by";
    assert_verdict(VERDICT_PASS, judge(&check, &fact));
    check.http.header_value = "web-1";
    assert_verdict(VERDICT_PASS, judge(&check, &fact));
    check.http.header_value = "web-2";
    assert_verdict(VERDICT_FAIL, judge(&check, &fact));
}

static void command_expectations(void **state)
{
    (void)state;
    struct check check = {.kind = CHECK_COMMAND, .command = {.run = "x", .status = 3, .stdout_contains = "yes"}};
    struct fact fact = fact_of(OUTCOME_ANSWERED);
    fact.output = (char *)"oh yes\n";
    fact.exit_status = 3;
    assert_verdict(VERDICT_PASS, judge(&check, &fact));
    fact.exit_status = 0;
    assert_verdict(VERDICT_FAIL, judge(&check, &fact));
    fact.exit_status = 3;
    fact.output = (char *)"oh no\n";
    assert_verdict(VERDICT_FAIL, judge(&check, &fact));
    fact.output = NULL;
    assert_verdict(VERDICT_FAIL, judge(&check, &fact));
}

static void matrix_wants_exactly_its_pairs(void **state)
{
    (void)state;
    struct node a = {.name = "a"}, b = {.name = "b"};
    const struct node *nodes[] = {&a, &b};
    struct matrix_pair pair = {.from = &a, .to = &b};
    struct check check = {.kind = CHECK_MATRIX,
                          .matrix = {.nodes = nodes, .node_count = 2, .pairs = &pair, .pair_count = 1}};
    uint8_t one_way[] = {OUTCOME_NONE, OUTCOME_ANSWERED, OUTCOME_SILENT, OUTCOME_NONE};
    uint8_t both[] = {OUTCOME_NONE, OUTCOME_ANSWERED, OUTCOME_ANSWERED, OUTCOME_NONE};
    uint8_t none[] = {OUTCOME_NONE, OUTCOME_REFUSED, OUTCOME_SILENT, OUTCOME_NONE};
    struct fact fact = fact_of(OUTCOME_ANSWERED);
    fact.matrix_size = 2;
    fact.matrix = one_way;
    assert_verdict(VERDICT_PASS, judge(&check, &fact));
    fact.matrix = both;
    struct judgement got = judge(&check, &fact);
    assert_verdict(VERDICT_FAIL, got);
    assert_string_equal(got.seen, "b reaches a (answered): seen so");
    fact.matrix = none;
    assert_string_equal(judge(&check, &fact).seen, "a does not reach b (refused): seen so");
    check.matrix.all = true;
    check.matrix.pair_count = 0;
    assert_verdict(VERDICT_FAIL, judge(&check, &fact));
    fact.matrix = both;
    assert_verdict(VERDICT_PASS, judge(&check, &fact));
    for (size_t nodes_left = 2; nodes_left-- > 0;) { /* no pair at all is no pass */
        check.matrix.node_count = fact.matrix_size = nodes_left;
        assert_verdict(VERDICT_ERROR, judge(&check, &fact));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_outcome_is_judged),
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(seen_is_what_the_prober_says),
        cmocka_unit_test(a_dead_prober_proves_nothing),
        cmocka_unit_test(who_answered_is_judged),
        cmocka_unit_test(statuses_are_judged),
        cmocka_unit_test(ways_are_judged),
        cmocka_unit_test(a_matrix_of_ports_wants_exactly_its_pairs),
        cmocka_unit_test(a_broken_service_is_not_a_closed_port),
        cmocka_unit_test(loss_is_judged_beyond_chance),
        cmocka_unit_test(the_test_has_its_level_and_power),
        cmocka_unit_test(ping_limits),
        cmocka_unit_test(dns_answers_are_a_set),
        cmocka_unit_test(dns_codes_and_limits),
        cmocka_unit_test(http_expectations),
        cmocka_unit_test(command_expectations),
        cmocka_unit_test(matrix_wants_exactly_its_pairs),
        cmocka_unit_test(what_is_gone_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
