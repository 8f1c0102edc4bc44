/* Rates: the difference of two readings, its order, and what has no rate. */
#include <string.h>

#include <jansson.h>

#include "base/str.h"
#include "report/metrics.h"
#include "report/top.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void add(json_t *metrics, const char *group, const char *name, const char *node, const char *device,
                json_int_t value)
{
    const struct node_metric *metric = node_metric_find(group, name);
    assert_non_null(metric); /* the table of metrics has every counter that this asks for */
    metrics_add(metrics, &metric->metric, json_pack("{s:s, s:s, s:s}", "lab", "l", "node", node, "device", device),
                json_integer(value));
}

static void interface(json_t *metrics, const char *node, const char *device, bool up, json_int_t received,
                      json_int_t sent)
{
    add(metrics, "link", "up", node, device, up);
    add(metrics, "receive", "bytes", node, device, received * 100);
    add(metrics, "receive", "packets", node, device, received);
    add(metrics, "transmit", "bytes", node, device, sent * 100);
    add(metrics, "transmit", "packets", node, device, sent);
}

static const char *text(const json_t *rates, size_t index, const char *key)
{
    return json_string_value(json_object_get(json_array_get(rates, index), key));
}

static double rate(const json_t *rates, size_t index, const char *key)
{
    return json_real_value(json_object_get(json_array_get(rates, index), key));
}

static void the_busiest_stands_first(void **state)
{
    (void)state;
    json_t *then = json_object(), *now = json_object();
    interface(then, "a", "eth0", true, 10, 10);
    interface(then, "b", "eth0", true, 10, 10);
    interface(then, "b", "eth1", false, 10, 10);
    interface(now, "a", "eth0", true, 20, 10);
    interface(now, "b", "eth0", true, 10, 50);
    interface(now, "b", "eth1", false, 10, 10);
    json_t *rates = top_rates(then, now, 2);
    assert_int_equal(json_array_size(rates), 3);
    assert_string_equal(text(rates, 0, "node"), "b");
    assert_true(rate(rates, 0, "transmit_bits") == 40 * 100 * 8 / 2.0);
    assert_true(rate(rates, 0, "transmit_packets") == 20);
    assert_true(rate(rates, 0, "receive_bits") == 0);
    assert_string_equal(text(rates, 1, "node"), "a");
    assert_true(rate(rates, 1, "receive_packets") == 5);
    assert_string_equal(text(rates, 2, "interface"), "eth1");
    assert_true(json_is_false(json_object_get(json_array_get(rates, 2), "up")));
    json_decref(rates), json_decref(then), json_decref(now);
}

static void drops_and_errors_of_both_ways_add_up(void **state)
{
    static const char *const groups[] = {"receive", "transmit"}, *const names[] = {"drop", "errs"};
    (void)state;
    json_t *then = json_object(), *now = json_object();
    interface(then, "a", "eth0", true, 0, 0);
    interface(now, "a", "eth0", true, 0, 0);
    for (json_int_t i = 0; i < 4; i++) {
        add(then, groups[i / 2], names[i % 2], "a", "eth0", 7);
        add(now, groups[i / 2], names[i % 2], "a", "eth0", 7 + (1 << i));
    }
    json_t *rates = top_rates(then, now, 1);
    assert_true(rate(rates, 0, "dropped") == 15);
    json_decref(rates), json_decref(then), json_decref(now);
}

/* A counter that begins anew, an interface that was not there, one that is gone: no rate, and no row of what is gone.
 */
static void what_was_made_anew_has_no_traffic(void **state)
{
    (void)state;
    json_t *then = json_object(), *now = json_object();
    interface(then, "a", "eth0", true, 1000, 1000);
    interface(then, "gone", "eth0", true, 1000, 1000);
    interface(now, "a", "eth0", true, 3, 3);
    interface(now, "new", "eth0", true, 500, 500);
    json_t *rates = top_rates(then, now, 1);
    assert_int_equal(json_array_size(rates), 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(rate(rates, i, "receive_bits") + rate(rates, i, "transmit_bits") == 0);
    json_decref(rates), json_decref(then), json_decref(now);
}

static void figures_are_short_and_lines_are_whole(void **state)
{
    (void)state;
    STR_AUTO out = STR_INIT;
    json_t *then = json_object(), *now = json_object();
    interface(then, "a", "eth0", false, 0, 0);
    interface(now, "a", "eth0", false, 1500, 2);
    json_t *rates = top_rates(then, now, 1);
    top_write(rates, &out);
    assert_string_equal(
        str_text(&out),
        "NODE             INTERFACE         IN bit/s     pack/s  OUT bit/s     pack/s  dropped/s\n"
        "a                eth0                  1.2m       1.5k       1.6k          2          0  down\n");
    json_decref(rates), json_decref(then), json_decref(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_busiest_stands_first),
        cmocka_unit_test(drops_and_errors_of_both_ways_add_up),
        cmocka_unit_test(what_was_made_anew_has_no_traffic),
        cmocka_unit_test(figures_are_short_and_lines_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
