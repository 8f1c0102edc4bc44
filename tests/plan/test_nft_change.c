/* The commands between two nft tables: which pieces they touch, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/str.h"
#include "plan/nft_change.h"
#include "plan/plan.h"

#define SETS                                                                                                           \
    "\tset seen {\n\t\ttype ipv4_addr\n\t\tsize 10\n\t\tflags dynamic,timeout\n\t\ttimeout 10m\n\t}\n"                 \
    "\tset members {\n\t\ttype ipv4_addr\n\t\telements = { 10.0.0.1,\n\t\t\t     10.0.0.2 }\n\t}\n"
#define CHAINS                                                                                                         \
    "\tchain in-a {\n\t\tip saddr @members accept\n\t}\n"                                                              \
    "\tchain in-b {\n\t\tdrop\n\t}\n"
#define HOOK(elements)                                                                                                 \
    "\tmap ports {\n\t\ttype ifname : verdict\n" elements "\t}\n"                                                      \
    "\tchain hook {\n\t\ttype filter hook forward priority -5; policy accept;\n\t\toifname vmap @ports\n\t}\n"
#define BODY SETS CHAINS HOOK("\t\telements = { \"x\" : goto in-a,\n\t\t\t     \"y\" : goto in-b }\n")

static bool change(const char *before, const char *after, struct str *out)
{
    struct plan_nft old = {.family = "ip", .table = "t", .body = before},
                    new = {.family = "ip", .table = "t", .body = after};
    return nft_change(&old, &new, out);
}

static void expect(const char *before, const char *after, const char *commands)
{
    STR_AUTO out = STR_INIT;
    assert_true(change(before, after, &out));
    assert_string_equal(str_text(&out), commands);
}

static void what_is_the_same_is_not_touched(void **state)
{
    (void)state;
    expect(BODY, BODY, "");
}

static void a_chain_is_filled_anew(void **state)
{
    (void)state;
    expect(BODY,
           SETS "\tchain in-a {\n\t\taccept\n\t}\n\tchain in-b {\n\t\tdrop\n\t}\n" HOOK(
               "\t\telements = { \"x\" : goto in-a,\n\t\t\t     \"y\" : goto in-b }\n"),
           "flush chain ip t in-a\ntable ip t {\n\tchain in-a {\n\t\taccept\n\t}\n}\n");
}

static void elements_come_and_go_one_by_one(void **state)
{
    (void)state;
    expect(BODY, SETS CHAINS HOOK("\t\telements = { \"z\" : goto in-a,\n\t\t\t     \"y\" : goto in-b }\n"),
           "delete element ip t ports { \"x\" : goto in-a }\nadd element ip t ports { \"z\" : goto in-a }\n");
    expect(BODY, SETS CHAINS HOOK(""), "delete element ip t ports { \"x\" : goto in-a,\n\t\"y\" : goto in-b }\n");
}

/* What leads somewhere goes before it, and comes after it. */
static void the_order_is_that_of_references(void **state)
{
    (void)state;
    expect(BODY,
           SETS "\tchain in-a {\n\t\tip saddr @members accept\n\t}\n\tchain in-c {\n\t\tjump in-a\n\t}\n" HOOK(
               "\t\telements = { \"x\" : goto in-a,\n\t\t\t     \"y\" : goto in-c }\n"),
           "add chain ip t in-c\n"
           "flush chain ip t in-b\n"
           "delete element ip t ports { \"y\" : goto in-b }\n"
           "table ip t {\n\tchain in-c {\n\t\tjump in-a\n\t}\n}\n"
           "add element ip t ports { \"y\" : goto in-c }\n"
           "delete chain ip t in-b\n");
}

static void ranges_are_written_anew(void **state)
{
    (void)state;
    expect("\tmap m {\n\t\ttype ipv4_addr : verdict\n\t\tflags interval\n\t\telements = { 10.0.0.0-10.0.0.9 : accept,\n"
           "\t\t\t     10.0.0.20-10.0.0.29 : drop }\n\t}\n",
           "\tmap m {\n\t\ttype ipv4_addr : verdict\n\t\tflags interval\n\t\telements = { 10.0.0.0-10.0.0.29 : accept "
           "}\n\t}\n",
           "flush map ip t m\nadd element ip t m { 10.0.0.0-10.0.0.29 : accept }\n");
}

static void what_it_does_not_know_is_for_the_whole_table(void **state)
{
    static const char *const others[] = {
        "\tset seen {\n\t\ttype ipv6_addr\n\t}\n" CHAINS,
        "\tchain a { accept; }; chain b { drop; }\n",
        "\tct timeout idle {\n\t\tprotocol tcp\n\t}\n",
        "nonsense",
    };
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        STR_AUTO out = STR_INIT;
        assert_false(change(BODY, others[i], &out));
        assert_int_equal(out.length, 0);
    }
}

static void the_order_of_pieces_means_nothing(void **state)
{
    static const char set[] = "\tset s {\n\t\ttype ifname\n\t\telements = { \"a\",\n\t\t\t     \"b\" }\n\t}\n\n";
    static const char chain[] = "\tchain c {\n\t\taccept\n\t\tdrop\n\t}\n";
    static const char turned[] = "\tchain c {\n\t\tdrop\n\t\taccept\n\t}\n";
    STR_AUTO one = STR_INIT;
    STR_AUTO other = STR_INIT;
    STR_AUTO third = STR_INIT;
    (void)state;
    str_printf(&one, "table ip t {\n%s%s}\n", set, chain);
    str_printf(&other, "table ip t {\n%s\n%s}\n", chain, set);
    str_printf(&third, "table ip t {\n%s%s}\n", set, turned);
    assert_true(nft_same(str_text(&one), str_text(&other)));
    assert_false(nft_same(str_text(&one), str_text(&third))); /* that of rules means much */
    str_clear(&other);
    str_printf(&other, "table ip t {\n%s}\n", chain);
    assert_false(nft_same(str_text(&one), str_text(&other)));
    assert_false(nft_same(str_text(&one), ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_the_same_is_not_touched),
        cmocka_unit_test(a_chain_is_filled_anew),
        cmocka_unit_test(elements_come_and_go_one_by_one),
        cmocka_unit_test(the_order_is_that_of_references),
        cmocka_unit_test(ranges_are_written_anew),
        cmocka_unit_test(what_it_does_not_know_is_for_the_whole_table),
        cmocka_unit_test(the_order_of_pieces_means_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
