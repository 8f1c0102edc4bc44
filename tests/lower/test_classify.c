/* The look-ups that a network ACL becomes decide as its rules do, one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "load/generate.h"
#include "lower/classify.h"
#include "model/topology.h"

#define RULES_MAX 40

/* Few networks and few ports, so that rules overlap, nest and touch. */
static struct prefix random_prefix(struct random *random)
{
    struct prefix prefix = {.addr.family = below(random, 4) ? 4 : 6, .length = (uint8_t)(below(random, 10))};
    prefix.addr.bytes[0] = (uint8_t)below(random, 256);
    if (below(random, 3) == 0)
        prefix.length = prefix.addr.family == 4 ? 32 : 128;
    if (below(random, 8) == 0)
        memset(prefix.addr.bytes, 0xff, prefix.addr.family == 4 ? 4 : 16); /* up to the last address of all */
    return prefix_network(prefix);
}

static struct acl_rule random_rule(struct random *random, struct arena *arena, uint16_t number)
{
    struct acl_rule rule = {.number = number, .action = below(random, 2) ? ACL_ALLOW : ACL_DENY};
    struct security_rule *match = &rule.match;
    match->protocol = below(random, PROTOCOL_COUNT);
    for (unsigned i = below(random, 3) + 1; i > 0; i--) {
        struct peer peer = {.kind = below(random, 4) ? PEER_PREFIX : PEER_ANY4 + below(random, 3)};
        if (peer.kind == PEER_PREFIX)
            peer.prefix = random_prefix(random);
        *ARENA_PUSH(arena, match->peers, match->peer_count) = peer;
    }
    bool ports = match->protocol == PROTOCOL_TCP || match->protocol == PROTOCOL_UDP;
    for (unsigned i = ports ? below(random, 3) : 0; i > 0; i--) {
        static const uint16_t bounds[] = {1, 22, 63, 64, 65, 80, 127, 128, 443, 1023, 1024, 65534, 65535};
        uint16_t a = bounds[below(random, 13)], b = bounds[below(random, 13)];
        *ARENA_PUSH(arena, match->ports, match->port_count) = (struct port_range){a < b ? a : b, a < b ? b : a};
    }
    bool icmp = match->protocol == PROTOCOL_ICMP || match->protocol == PROTOCOL_ICMPV6;
    if (icmp && below(random, 2)) {
        match->icmp = (struct icmp_match){true, below(random, 2), (uint8_t)below(random, 4), (uint8_t)below(random, 4)};
        match->icmp.code = match->icmp.has_code ? match->icmp.code : 0;
    }
    return rule;
}

/* The definition: the first rule that matches decides. */
static bool by_rules(const struct acl_rule *rules, size_t count, const struct addr *addr, enum traffic traffic,
                     unsigned value)
{
    for (size_t i = 0; i < count; i++) {
        const struct security_rule *match = &rules[i].match;
        bool here = false, fits = match->port_count == 0;
        for (size_t p = 0; p < match->peer_count; p++) {
            const struct peer *peer = &match->peers[p];
            here = here || (peer->kind == PEER_PREFIX
                                ? prefix_contains(&peer->prefix, addr)
                                : peer->kind == PEER_ANY || (peer->kind == PEER_ANY4) == (addr->family == 4));
        }
        for (size_t p = 0; p < match->port_count; p++)
            fits = fits || (match->ports[p].first <= value && value <= match->ports[p].last);
        if (match->icmp.has_type)
            fits = match->icmp.type == value >> 8 && (!match->icmp.has_code || match->icmp.code == (value & 0xff));
        enum protocol own = traffic == TRAFFIC_TCP     ? PROTOCOL_TCP
                            : traffic == TRAFFIC_UDP   ? PROTOCOL_UDP
                            : traffic == TRAFFIC_OTHER ? PROTOCOL_COUNT
                            : addr->family == 4        ? PROTOCOL_ICMP
                                                       : PROTOCOL_ICMPV6;
        if (here && fits && (match->protocol == PROTOCOL_ALL || match->protocol == own))
            return rules[i].action == ACL_ALLOW;
    }
    return false;
}

static bool by_classification(const struct classification *c, const struct addr *addr, unsigned value)
{
    for (size_t i = 0; i < c->range_count; i++) {
        const struct allowance *allowance = &c->allowances[c->ranges[i].allowance];
        if (addr_compare(&c->ranges[i].first, addr) > 0 || addr_compare(addr, &c->ranges[i].last) > 0)
            continue;
        for (size_t r = 0; r < allowance->count; r++)
            if (allowance->ranges[r].first <= value && value <= allowance->ranges[r].last)
                return true;
    }
    return false;
}

static struct addr random_addr(struct random *random, unsigned family)
{
    struct addr addr = {.family = (uint8_t)family};
    addr.bytes[0] = (uint8_t)below(random, 256);
    if (below(random, 2))
        memset(addr.bytes + 1, below(random, 2) ? 0xff : 0, family == 4 ? 3 : 15);
    else
        addr.bytes[family == 4 ? 3 : 15] = (uint8_t)below(random, 256);
    return addr;
}

/* Ascending, with gaps, each allowance once. */
static void assert_normal(const struct classification *c)
{
    for (size_t i = 0; i < c->range_count; i++) {
        assert_true(addr_compare(&c->ranges[i].first, &c->ranges[i].last) <= 0);
        assert_true(c->ranges[i].allowance < c->allowance_count);
        if (i > 0)
            assert_true(addr_compare(&c->ranges[i - 1].last, &c->ranges[i].first) < 0);
    }
    for (size_t a = 0; a < c->allowance_count; a++) {
        assert_true(c->allowances[a].count > 0);
        for (size_t r = 1; r < c->allowances[a].count; r++)
            assert_true(c->allowances[a].ranges[r - 1].last + 1 < c->allowances[a].ranges[r].first);
    }
}

static void look_ups_decide_as_rules(void **state)
{
    size_t allowed = 0, denied = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        ARENA_AUTO arena = arena_new();
        struct random random = {seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
        struct acl_rule rules[RULES_MAX];
        size_t count = below(&random, RULES_MAX);
        for (size_t i = 0; i < count; i++)
            rules[i] = random_rule(&random, arena, (uint16_t)(i + 1));
        for (unsigned family = 4; family <= 6; family += 2)
            for (enum traffic traffic = 0; traffic < TRAFFIC_COUNT; traffic++) {
                struct classification c = classify(arena, rules, count, family, traffic);
                assert_normal(&c);
                for (unsigned i = 0; i < 200; i++) {
                    static const unsigned near[] = {0,   1,   2,   21,   22,   23,   62,   63,    64,    65,
                                                    66,  79,  80,  81,   126,  127,  128,  129,   256,   257,
                                                    512, 513, 770, 1022, 1023, 1024, 1025, 65533, 65534, 65535};
                    struct addr addr = random_addr(&random, family);
                    unsigned value = near[below(&random, 30)];
                    bool wanted = by_rules(rules, count, &addr, traffic, value);
                    if (by_classification(&c, &addr, value) != wanted)
                        fail_msg("seed %llu, IPv%u, traffic %d, value %u: rules say %d", (unsigned long long)seed,
                                 family, traffic, value, wanted);
                    *(wanted ? &allowed : &denied) += 1;
                }
            }
    }
    assert_true(allowed > 20000 && denied > 20000); /* the sample is no one-sided one */
}

/* One rule for each of many machines: a range for each, all with one way to the ports. */
static void many_rules_are_one_look_up(void **state)
{
    ARENA_AUTO arena = arena_new();
    struct acl_rule rules[500];
    struct port_range port = {443, 443};
    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        struct peer *peer = ARENA_NEW(arena, struct peer);
        *peer =
            (struct peer){.kind = PEER_PREFIX, .prefix = {{4, {10, (uint8_t)(i / 200), (uint8_t)(i % 200), 2}}, 32}};
        rules[i] = (struct acl_rule){
            .match = {.protocol = PROTOCOL_TCP, .ports = &port, .port_count = 1, .peers = peer, .peer_count = 1},
            .number = (uint16_t)(i + 1)};
    }
    struct classification c = classify(arena, rules, 500, 4, TRAFFIC_TCP);
    assert_int_equal(c.range_count, 500);
    assert_int_equal(c.allowance_count, 1);
    assert_int_equal(c.allowances[0].count, 1);
    assert_int_equal(classify(arena, rules, 500, 4, TRAFFIC_UDP).range_count, 0);
    assert_int_equal(classify(arena, rules, 500, 6, TRAFFIC_TCP).range_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(look_ups_decide_as_rules),
        cmocka_unit_test(many_rules_are_one_look_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
