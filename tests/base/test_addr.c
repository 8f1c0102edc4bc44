/* Addresses: what is taken, what is refused, canonical text, arithmetic at the edges. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/addr.h"
#include "base/table.h"

/* The address of a text that must parse. */
static struct addr A(const char *text) {
    struct addr addr = {0};
    if (!addr_parse(text, &addr))
        fail_msg("%s does not parse", text);
    return addr;
}

/* The prefix of a text that must parse. */
static struct prefix
P(const char *text) {
    struct prefix prefix = {0};
    if (!prefix_parse(text, &prefix))
        fail_msg("%s does not parse", text);
    return prefix;
}

static void
assert_addr(struct addr addr, const char *text)
{
    char out[ADDR_TEXT_MAX];
    assert_string_equal(addr_format(&addr, out), text);
}

static void assert_prefix(struct prefix prefix, const char *text)
{
    char out[ADDR_TEXT_MAX];
    assert_string_equal(prefix_format(&prefix, out), text);
}

static void addresses_have_one_canonical_text(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"0.0.0.0", "0.0.0.0"},
        {"10.0.0.1", "10.0.0.1"},
        {"255.255.255.255", "255.255.255.255"},
        {"::", "::"},
        {"::1", "::1"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"},
        {"fe80::0001", "fe80::1"},
        {"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        assert_addr(A(pairs[i][0]), pairs[i][1]);
}

static void malformed_addresses_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "10",
        "10.0.0",
        "10.0.0.",
        ".10.0.0",
        "10..0.0",
        "10.0.0.0.0",
        "10.0.0.01",
        "010.0.0.1",
        "00.0.0.0",
        "256.0.0.1",
        "1.2.3.999",
        "1.2.3.-1",
        "1.2.3.+1",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4/8",
        "0x1.2.3.4",
        "1.2.3.a",
        "a.b.c.d",
        "99999999999.0.0.1",
        ":",
        ":::",
        "1::2::3",
        "12345::",
        "g::",
        "fe80::1%eth0",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "::1 ",
        "[::1]",
        "::1/64",
        "::01.2.3.4",
        "::1.2.3",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct addr addr = {.family = 9};
        if (addr_parse(bad[i], &addr))
            fail_msg("'%s' is taken", bad[i]);
        assert_int_equal(addr.family, 9); /* left alone */
    }
}

static void prefixes_need_a_length_and_keep_host_bits(void **state)
{
    (void)state;
    assert_prefix(P("10.0.0.0/8"), "10.0.0.0/8");
    assert_prefix(P("10.1.2.3/8"), "10.1.2.3/8");
    assert_prefix(P("0.0.0.0/0"), "0.0.0.0/0");
    assert_prefix(P("10.0.0.1/32"), "10.0.0.1/32");
    assert_prefix(P("FD00::/48"), "fd00::/48");
    assert_prefix(P("::/128"), "::/128");
    assert_prefix(P("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128"),
                  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
    static const char *const bad[] = {
        "",
        "/",
        "/8",
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/08",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/ 8",
        "10.0.0.0/8 ",
        "10.0.0.0/8/8",
        "10.0.0.0 /8",
        "10.0.0/8",
        "::/129",
        "::/00",
        "::",
        "10.0.0.0/x",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/4294967304",
        "1111111111111111111111111111111111111111111111111111111111111/8",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct prefix prefix;
        if (prefix_parse(bad[i], &prefix))
            fail_msg("'%s' is taken", bad[i]);
    }
}

static void macs(void **state)
{
    (void)state;
    struct mac mac;
    char out[ADDR_TEXT_MAX];
    assert_true(mac_parse("02:00:00:00:00:01", &mac));
    assert_string_equal(mac_format(&mac, out), "02:00:00:00:00:01");
    assert_true(mac_parse("AB:cd:EF:09:90:ff", &mac));
    assert_string_equal(mac_format(&mac, out), "ab:cd:ef:09:90:ff");
    static const char *const bad[] = {
        "",
        "02",
        "02:00:00:00:00",
        "02:00:00:00:00:",
        "02:00:00:00:00:0",
        "02:00:00:00:00:001",
        "02:00:00:00:00:01:",
        "02-00-00-00-00-01",
        "2:0:0:0:0:1",
        "0g:00:00:00:00:01",
        " 02:00:00:00:00:01",
        "02:00:00:00:00:01 ",
        "020000000001",
        "02:00:00:00:00:01:02",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (mac_parse(bad[i], &mac))
            fail_msg("'%s' is taken", bad[i]);
}

static void nothing_is_an_address_too(void **state)
{
    (void)state;
    struct addr none = {0}, some = A("10.0.0.1");
    assert_false(addr_is_set(&none));
    assert_true(addr_is_set(&some));
    assert_int_equal(addr_bits(&none), 0);
    assert_addr(none, "none");
    assert_prefix((struct prefix){0}, "none");
    assert_true(addr_equal(&none, &(struct addr){0}));
    assert_false(addr_equal(&none, &some));
    assert_false(prefix_contains(&(struct prefix){0}, &none));
    assert_addr(addr_add(none, 5), "none");
}

static void addresses_are_ordered_by_family_and_bytes(void **state)
{
    (void)state;
    static const char *const ordered[] = {"0.0.0.0", "9.255.255.255", "10.0.0.1", "255.0.0.0", "::", "::1", "fd00::"};
    for (size_t i = 0; i < ARRAY_SIZE(ordered); i++)
        for (size_t k = 0; k < ARRAY_SIZE(ordered); k++) {
            struct addr a = A(ordered[i]), b = A(ordered[k]);
            assert_int_equal(addr_compare(&a, &b), (i > k) - (i < k));
            assert_int_equal(addr_equal(&a, &b), i == k);
        }
    static const char *const prefixes[] = {"10.0.0.0/8", "10.0.0.0/16", "10.0.0.1/8", "::/0"};
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        for (size_t k = 0; k < ARRAY_SIZE(prefixes); k++) {
            struct prefix a = P(prefixes[i]), b = P(prefixes[k]);
            assert_int_equal(prefix_compare(&a, &b), (i > k) - (i < k));
            assert_int_equal(prefix_equal(&a, &b), i == k);
        }
}

static void bytes_behind_an_ipv4_address_do_not_count(void **state)
{
    (void)state;
    struct addr a = A("10.0.0.1"), b = a;
    b.bytes[15] = 1;
    assert_true(addr_equal(&a, &b));
}

static void ipv4_converts_to_host_order_and_back(void **state)
{
    (void)state;
    struct addr addr = A("10.1.2.250");
    assert_int_equal(addr_ipv4(&addr), 0x0a0102fa);
    assert_addr(addr_from_ipv4(0x0a0102fa), "10.1.2.250");
    assert_addr(addr_from_ipv4(0xffffffff), "255.255.255.255");
    assert_int_equal(addr_bits(&addr), 32);
}

static void adding_carries_and_wraps(void **state)
{
    (void)state;
    assert_addr(addr_add(A("10.0.0.255"), 1), "10.0.1.0");
    assert_addr(addr_add(A("10.255.255.255"), 2), "11.0.0.1");
    assert_addr(addr_add(A("255.255.255.255"), 1), "0.0.0.0");
    assert_addr(addr_add(A("10.0.0.0"), UINT64_C(1) << 32), "10.0.0.0");
    assert_addr(addr_add(A("::ffff:ffff:ffff:ffff"), 1), "0:0:0:1::");
    assert_addr(addr_add(A("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 1), "::");
    assert_addr(addr_add(A("fd00::"), UINT64_MAX), "fd00::ffff:ffff:ffff:ffff");
    assert_addr(addr_add(A("::1"), 0), "::1");
}

static void networks(void **state)
{
    (void)state;
    assert_prefix(prefix_network(P("10.1.2.3/8")), "10.0.0.0/8");
    assert_prefix(prefix_network(P("10.1.2.255/25")), "10.1.2.128/25");
    assert_prefix(prefix_network(P("10.1.2.3/0")), "0.0.0.0/0");
    assert_prefix(prefix_network(P("10.1.2.3/32")), "10.1.2.3/32");
    assert_prefix(prefix_network(P("fd00::ffff:1/113")), "fd00::ffff:0/113");
    assert_true(prefix_has_host_bits(&(struct prefix){A("10.0.0.1"), 31}));
    assert_false(prefix_has_host_bits(&(struct prefix){A("10.0.0.1"), 32}));
    assert_false(prefix_has_host_bits(&(struct prefix){A("::"), 0}));
    struct prefix wide = P("10.20.30.40/12"), six = P("fd00::5/64"), host = P("10.0.0.7/32");
    assert_addr(prefix_last(&wide), "10.31.255.255");
    assert_addr(prefix_last(&six), "fd00::ffff:ffff:ffff:ffff");
    assert_addr(prefix_last(&host), "10.0.0.7");
    assert_addr(prefix_host(&wide, 1), "10.16.0.1");
    assert_addr(prefix_host(&six, 0x10), "fd00::10");
    assert_prefix(prefix_any(4), "0.0.0.0/0");
    assert_prefix(prefix_any(6), "::/0");
    assert_prefix(prefix_of_addr(A("10.0.0.1")), "10.0.0.1/32");
    assert_prefix(prefix_of_addr(A("::1")), "::1/128");
}

static void containing_covering_overlapping(void **state)
{
    (void)state;
    struct prefix net = P("10.1.0.0/23"), interface = P("10.1.0.77/23"), part = P("10.1.1.0/24"), any = P("0.0.0.0/0");
    struct prefix other = P("10.1.2.0/24"), six = P("::/0"), half = P("fd00::/65"), upper = P("fd00:0:0:0:8000::/65");
    struct addr in = A("10.1.1.255"), out = A("10.1.2.0"), in6 = A("fd00::1");
    assert_true(prefix_contains(&net, &in));
    assert_true(prefix_contains(&interface, &in)); /* host bits of the network do not matter */
    assert_false(prefix_contains(&net, &out));
    assert_true(prefix_contains(&any, &out));
    assert_false(prefix_contains(&any, &in6));
    assert_false(prefix_contains(&six, &in));
    assert_true(prefix_contains(&half, &in6));
    assert_false(prefix_contains(&upper, &in6));
    assert_true(prefix_covers(&net, &part));
    assert_true(prefix_covers(&net, &net));
    assert_true(prefix_covers(&net, &interface));
    assert_false(prefix_covers(&part, &net));
    assert_false(prefix_covers(&any, &six));
    assert_true(prefix_overlaps(&part, &net));
    assert_true(prefix_overlaps(&net, &part));
    assert_false(prefix_overlaps(&part, &other));
    assert_false(prefix_overlaps(&half, &upper));
    assert_false(prefix_overlaps(&six, &any));
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        uint64_t size;
    } cases[] = {
        {"10.0.0.0/32", 1},   {"10.0.0.0/24", 256},         {"0.0.0.0/0", UINT64_C(1) << 32},
        {"::/128", 1},        {"::/65", UINT64_C(1) << 63}, {"::/64", UINT64_MAX},
        {"::/0", UINT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct prefix prefix = P(cases[i].prefix);
        assert_true(prefix_size(&prefix) == cases[i].size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_have_one_canonical_text),
        cmocka_unit_test(malformed_addresses_are_refused),
        cmocka_unit_test(prefixes_need_a_length_and_keep_host_bits),
        cmocka_unit_test(macs),
        cmocka_unit_test(nothing_is_an_address_too),
        cmocka_unit_test(addresses_are_ordered_by_family_and_bytes),
        cmocka_unit_test(bytes_behind_an_ipv4_address_do_not_count),
        cmocka_unit_test(ipv4_converts_to_host_order_and_back),
        cmocka_unit_test(adding_carries_and_wraps),
        cmocka_unit_test(networks),
        cmocka_unit_test(containing_covering_overlapping),
        cmocka_unit_test(sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
