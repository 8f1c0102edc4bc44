/* Judging a node's own state: present, absent, exact, for each kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "facts/facts.h"
#include "model/check.h"
#include "score/verdict.h"

/* "destination=10.0.0.0/8 via=10.0.1.1; destination=…": things of words. */
static struct words *things(struct arena *arena, const char *text, size_t *count)
{
    struct words *out = NULL;
    char *rest, *copy = arena_strdup(arena, text);
    *count = 0;
    for (char *thing = strtok_r(copy, ";", &rest); thing; thing = strtok_r(NULL, ";", &rest)) {
        struct words *words = ARENA_PUSH(arena, out, *count);
        char *more;
        for (char *word = strtok_r(thing, " ", &more); word; word = strtok_r(NULL, " ", &more)) {
            char *equals = strchr(word, '=');
            *equals = '\0';
            words_add(arena, words, words->count ? WORD_KEYED : WORD_BARE, word, equals + 1);
        }
    }
    return out;
}

#define ROUTES                                                                                                         \
    "destination=10.0.0.0/8 via=10.0.1.1 dev=eth0 table=main type=unicast;"                                            \
    "destination=10.0.0.0/8 via=10.0.1.2 dev=eth0 metric=5 table=main type=unicast;"                                   \
    "destination=10.9.0.0/16 via=10.0.1.1 dev=eth0 table=main type=unicast;"                                           \
    "destination=10.9.0.0/16 via=10.0.1.3 dev=eth0 table=100 type=unicast"
#define ADDRESSES                                                                                                      \
    "address=127.0.0.1/8 dev=lo ip=127.0.0.1 scope=own;address=10.0.0.5/24 dev=eth0 ip=10.0.0.5 scope=global;"         \
    "address=10.0.1.5/24 dev=eth1 ip=10.0.1.5 scope=global;address=fe80::1/64 dev=eth0 ip=fe80::1 scope=own"
#define SOCKETS   "socket=tcp/80 protocol=tcp;socket=tcp/443 protocol=tcp;socket=udp/53 protocol=udp"
#define SERVERS   "server=10.0.0.2;server=10.0.0.3;search=home.test"
#define PROCESSES "name=init user=root;name=nginx user=root;name=nginx user=www"
#define FLOWS     "protocol=tcp from=10.0.0.1 to=10.0.0.5 port=80;protocol=udp from=10.0.0.1 to=10.0.0.2 port=53"

static const struct {
    enum check_kind kind;
    enum state_expect expect;
    const char *wanted, *seen;
    bool passes;
    const char *says;
} rows[] = {
    {CHECK_ROUTE, STATE_PRESENT, "destination=10.0.0.0/8 via=10.0.1.1 table=main", ROUTES, true, "via 10.0.1.1"},
    {CHECK_ROUTE, STATE_PRESENT, "destination=10.0.0.0/8 via=10.0.1.9 table=main", ROUTES, false, "10.0.0.0/8 via"},
    {CHECK_ROUTE, STATE_PRESENT, "destination=10.7.0.0/16 table=main", ROUTES, false, "nothing of the kind at web"},
    {CHECK_ROUTE, STATE_ABSENT, "destination=10.7.0.0/16 table=main", ROUTES, true, "nothing of the kind"},
    {CHECK_ROUTE, STATE_ABSENT, "destination=10.9.0.0/16 table=100", ROUTES, false, "10.9.0.0/16 via 10.0.1.3"},
    {CHECK_ROUTE, STATE_EXACT, "destination=10.9.0.0/16 via=10.0.1.1 table=main", ROUTES, true, "via 10.0.1.1"},
    {CHECK_ROUTE, STATE_EXACT, "destination=10.0.0.0/8 via=10.0.1.1 table=main", ROUTES, false, "10.0.1.2 dev eth0"},
    {CHECK_ROUTE, STATE_EXACT, "destination=10.0.0.0/8 dev=eth0 table=main", ROUTES, false, "metric 5 table main"},
    {CHECK_NEIGHBOUR, STATE_PRESENT, "address=10.0.0.1", "address=10.0.0.1 mac=02:00 dev=eth0 state=stale", true,
     "02:"},
    {CHECK_NEIGHBOUR, STATE_PRESENT, "address=10.0.0.1", "address=10.0.0.1 dev=eth0 state=failed", false, "failed"},
    {CHECK_NEIGHBOUR, STATE_PRESENT, "address=10.0.0.1 state=failed", "address=10.0.0.1 state=failed", true, "failed"},
    {CHECK_ADDRESS, STATE_PRESENT, "ip=10.0.0.5", ADDRESSES, true, "10.0.0.5/24"},
    {CHECK_ADDRESS, STATE_PRESENT, "address=10.0.0.5/16", ADDRESSES, false, "10.0.0.5/24"},
    {CHECK_ADDRESS, STATE_EXACT, "address=10.0.0.5/24 dev=eth0", ADDRESSES, true, "10.0.0.5/24"},
    {CHECK_ADDRESS, STATE_EXACT, "address=10.0.0.5/24", ADDRESSES, false, "10.0.1.5/24"},
    {CHECK_ADDRESS, STATE_EXACT, "address=10.0.0.5/24;address=10.0.1.5/24", ADDRESSES, true, "10.0.1.5/24"},
    {CHECK_ADDRESS, STATE_ABSENT, "dev=eth1", ADDRESSES, false, "10.0.1.5/24"},
    {CHECK_SOCKET, STATE_PRESENT, "socket=tcp/80;socket=udp/53", SOCKETS, true, "tcp/80"},
    {CHECK_SOCKET, STATE_EXACT, "socket=udp/53 protocol=udp", SOCKETS, true, "udp/53"},
    {CHECK_SOCKET, STATE_EXACT, "socket=tcp/80 protocol=tcp", SOCKETS, false, "tcp/443"},
    {CHECK_SOCKET, STATE_ABSENT, "socket=tcp/23", SOCKETS, true, "nothing"},
    {CHECK_RESOLVER, STATE_PRESENT, "server=10.0.0.3", SERVERS, true, "10.0.0.3"},
    {CHECK_RESOLVER, STATE_EXACT, "server=10.0.0.2;server=10.0.0.3", SERVERS, true, "10.0.0.2"},
    {CHECK_RESOLVER, STATE_EXACT, "server=10.0.0.3;server=10.0.0.2", SERVERS, false, "10.0.0.2, 10.0.0.3"},
    {CHECK_RESOLVER, STATE_EXACT, "server=10.0.0.2", SERVERS, false, "10.0.0.3"},
    {CHECK_PROCESS, STATE_PRESENT, "name=nginx", PROCESSES, true, "nginx user root"},
    {CHECK_PROCESS, STATE_EXACT, "name=nginx user=www", PROCESSES, true, "nginx user www"},
    {CHECK_PROCESS, STATE_EXACT, "name=nginx", PROCESSES, false, "nginx user www"},
    {CHECK_PROCESS, STATE_ABSENT, "name=sshd", PROCESSES, true, "nothing"},
    {CHECK_CONNTRACK, STATE_PRESENT, "protocol=tcp port=80", FLOWS, true, "to 10.0.0.5"},
    {CHECK_CONNTRACK, STATE_EXACT, "from=10.0.0.1", FLOWS, false, "to 10.0.0.2"},
    {CHECK_SYSCTL, STATE_PRESENT, "key=net.ipv4.ip_forward value=1", "key=net.ipv4.ip_forward value=0", false,
     "value 0"},
    {CHECK_SYSCTL, STATE_ABSENT, "key=net.ipv4.ip_forward value=1", "key=net.ipv4.ip_forward value=0", true, "nothing"},
    {CHECK_LINK, STATE_PRESENT, "dev=eth0 mtu=1400", "dev=eth0 state=up mtu=1500 scope=global", false, "mtu 1500"},
    {CHECK_LINK, STATE_EXACT, "dev=eth0", "dev=lo scope=own;dev=eth0 scope=global;dev=br9 scope=global", false, "br9"},
};

static struct fact fact_at(struct arena *arena, const char *seen)
{
    struct fact fact = {.outcome = OUTCOME_ANSWERED};
    snprintf(fact.detail, sizeof fact.detail, "at web");
    fact.entries = things(arena, seen, &fact.entry_count);
    return fact;
}

static void present_absent_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        ARENA_AUTO arena = arena_new();
        struct check check = {.kind = rows[i].kind, .state.expect = rows[i].expect};
        check.state.wanted = things(arena, rows[i].wanted, &check.state.wanted_count);
        struct fact fact = fact_at(arena, rows[i].seen);
        struct judgement got = verdict_of(&check, &fact, NULL);
        if (got.verdict != (rows[i].passes ? VERDICT_PASS : VERDICT_FAIL) || !strstr(got.seen, rows[i].says))
            fail_msg("row %zu: %s, expected %s, seen %s", i, verdict_name(got.verdict), got.expected, got.seen);
        if (!strstr(got.seen, "at web"))
            fail_msg("row %zu does not say where: %s", i, got.seen);
    }
}

static void numbers_decide(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct fact fact = fact_at(arena, PROCESSES);
    struct check check = {.kind = CHECK_PROCESS, .state.has_count = true, .state.count = 2};
    check.state.wanted = things(arena, "name=nginx", &check.state.wanted_count);
    assert_int_equal(verdict_of(&check, &fact, NULL).verdict, VERDICT_PASS);
    check.state.count = 0;
    assert_int_equal(verdict_of(&check, &fact, NULL).verdict, VERDICT_FAIL);
    struct check sockets = {.kind = CHECK_SOCKET, .state.has_time_wait_below = true, .state.time_wait_below = 3};
    struct fact waits = fact_at(arena, SOCKETS);
    waits.time_wait = 2;
    assert_int_equal(verdict_of(&sockets, &waits, NULL).verdict, VERDICT_PASS);
    waits.time_wait = 3;
    struct judgement got = verdict_of(&sockets, &waits, NULL);
    assert_int_equal(got.verdict, VERDICT_FAIL);
    assert_non_null(strstr(got.seen, "3 connections in TIME-WAIT"));
}

static void files_are_compared(void **state)
{
    (void)state;
    ARENA_AUTO arena = arena_new();
    struct fact fact = fact_at(arena, "path=/etc/motd type=file mode=0644"), none = fact_at(arena, "");
    fact.body = (char *)"hello\nworld\n";
    fact.body_length = strlen(fact.body);
    const char *world = "world", *moon = "moon";
    struct check checks[] = {
        {.file = {.path = "/etc/motd"}},
        {.file = {.path = "/etc/motd", .content = "hello\nworld\n", .has_mode = true, .mode = 0644}},
        {.file = {.path = "/etc/motd", .contains = &world, .contains_count = 1, .lacks = &moon, .lacks_count = 1}},
        {.file = {.path = "/etc/motd", .expect = STATE_ABSENT}},
        {.file = {.path = "/etc/motd", .content = "hello\n"}},
        {.file = {.path = "/etc/motd", .contains = &moon, .contains_count = 1}},
        {.file = {.path = "/etc/motd", .lacks = &world, .lacks_count = 1}},
        {.file = {.path = "/etc/motd", .has_mode = true, .mode = 0600}},
        {.file = {.path = "/etc/motd", .type = "directory"}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        checks[i].kind = CHECK_FILE;
        struct judgement there = verdict_of(&checks[i], &fact, NULL), gone = verdict_of(&checks[i], &none, NULL);
        if (there.verdict != (i < 3 ? VERDICT_PASS : VERDICT_FAIL))
            fail_msg("row %zu: %s (%s)", i, verdict_name(there.verdict), there.seen);
        if (gone.verdict != (i == 3 ? VERDICT_PASS : VERDICT_FAIL))
            fail_msg("row %zu without the file: %s (%s)", i, verdict_name(gone.verdict), gone.seen);
    }
}

static void what_cannot_be_measured_is_unsupported(void **state)
{
    (void)state;
    struct fact fact = {.outcome = OUTCOME_UNSUPPORTED, .detail = "no ctnetlink"};
    struct check absent = {.kind = CHECK_CONNTRACK, .state.expect = STATE_ABSENT};
    struct judgement got = verdict_of(&absent, &fact, NULL);
    assert_int_equal(got.verdict, VERDICT_UNSUPPORTED);
    assert_string_equal(got.seen, "no ctnetlink");
    fact.outcome = OUTCOME_ERROR;
    assert_int_equal(verdict_of(&absent, &fact, NULL).verdict, VERDICT_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(present_absent_exact),
        cmocka_unit_test(numbers_decide),
        cmocka_unit_test(files_are_compared),
        cmocka_unit_test(what_cannot_be_measured_is_unsupported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
