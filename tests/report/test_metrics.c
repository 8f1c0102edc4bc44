/* Metrics: the text format, the tables' own order, what is told of a measurement, and that the manual names all. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/fd.h"
#include "base/map.h"
#include "base/str.h"
#include "facts/facts.h"
#include "model/check.h"
#include "report/metrics.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct metric sample = {"lab_things_total", METRIC_COUNTER, "Things: a \\ and\na line."};
static const struct metric other = {"lab_level", METRIC_GAUGE, "A level."};

static void the_text_is_what_the_format_says(void **state)
{
    (void)state;
    STR_AUTO text = STR_INIT;
    json_t *metrics = json_object();
    metrics_add(metrics, &sample, json_pack("{s:s, s:s}", "node", "we\"b\\\n", "device", "eth0"), json_integer(7));
    metrics_add(metrics, &other, NULL, json_real(0.25));
    metrics_add(metrics, &sample, json_pack("{s:s}", "node", "db"), json_integer(1234567890123456789));
    metrics_write(metrics, &text);
    json_decref(metrics);
    assert_string_equal(str_text(&text), "# HELP lab_things_total Things: a \\\\ and\\na line.\n"
                                         "# TYPE lab_things_total counter\n"
                                         "lab_things_total{node=\"we\\\"b\\\\\\n\",device=\"eth0\"} 7\n"
                                         "lab_things_total{node=\"db\"} 1234567890123456789\n"
                                         "# HELP lab_level A level.\n"
                                         "# TYPE lab_level gauge\n"
                                         "lab_level 0.25\n");
}

/* As promtool wants names: lower case, counters end in _total and nothing else does. */
static void well_named(const struct metric *metric)
{
    size_t length = strlen(metric->name);
    assert_true(metric->type < METRIC_TYPE_COUNT);
    assert_int_equal(strspn(metric->name, "abcdefghijklmnopqrstuvwxyz_0123456789"), length);
    assert_int_equal(str_ends(metric->name, "_total"), metric->type == METRIC_COUNTER);
    assert_true(strlen(metric->help) > 1 && str_ends(metric->help, "."));
}

static void every_name_stands_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < node_metric_count; i++) {
        well_named(&node_metrics[i].metric);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(node_metrics[i].metric.name, node_metrics[k].metric.name);
        assert_ptr_equal(node_metric_find(node_metrics[i].group, node_metrics[i].name), &node_metrics[i]);
    }
    for (size_t i = 0; i < probe_metric_count; i++) {
        well_named(probe_metrics[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(probe_metrics[i]->name, probe_metrics[k]->name);
    }
    assert_null(node_metric_find("Tcp", "Nothing"));
}

static void the_manual_names_all(void **state)
{
    (void)state;
    STR_AUTO page = STR_INIT;
    assert_int_equal(file_read(AT_FDCWD, LABCTL_SOURCE "/man/labctl.1", &page, 1 << 20), 0);
    assert_true(node_metric_count > 40 && probe_metric_count > 15);
    for (size_t i = 0; i < node_metric_count + probe_metric_count; i++) {
        const char *name =
            i < node_metric_count ? node_metrics[i].metric.name : probe_metrics[i - node_metric_count]->name;
        if (!strstr(str_text(&page), name))
            fail_msg("%s is not in labctl(1)", name);
    }
}

static double value_of(const json_t *metrics, const char *name, const char *phase)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(json_object_get(metrics, name), "samples"), i, one)
    {
        const char *label = json_string_value(json_object_get(json_object_get(one, "labels"), "phase"));
        if (!phase || str_equal(label, phase))
            return json_number_value(json_object_get(one, "value"));
    }
    return -99;
}

static void a_ping_tells_its_round_trip(void **state)
{
    (void)state;
    struct check check = {.kind = CHECK_PING};
    struct fact fact = {
        .outcome = OUTCOME_ANSWERED, .target = {.family = 4}, .sent = 4, .received = 3, .rtt_median = 2500000};
    json_t *metrics = probe_metrics_of(&check, &fact, true, 1500000000);
    assert_true(value_of(metrics, "probe_success", NULL) == 1);
    assert_true(value_of(metrics, "probe_duration_seconds", NULL) == 1.5);
    assert_true(value_of(metrics, "probe_ip_protocol", NULL) == 4);
    assert_true(value_of(metrics, "probe_icmp_duration_seconds", "rtt") == 0.0025);
    assert_true(value_of(metrics, "probe_icmp_replies", NULL) == 3);
    json_decref(metrics);
    fact = (struct fact){.outcome = OUTCOME_SILENT, .sent = 1};
    metrics = probe_metrics_of(&check, &fact, false, 1000000000);
    assert_true(value_of(metrics, "probe_success", NULL) == 0);
    assert_null(json_object_get(metrics, "probe_icmp_duration_seconds")); /* there was none */
    assert_null(json_object_get(metrics, "probe_ip_protocol"));
    json_decref(metrics);
}

static void a_request_tells_its_phases(void **state)
{
    (void)state;
    char *headers[] = {"Server: x", "content-length: 12"};
    struct check check = {.kind = CHECK_HTTP, .http = {.url = "https://web/", .body_contains = "hello"}};
    struct fact fact = {.outcome = OUTCOME_ANSWERED,
                        .status = 404,
                        .http_version = HTTP_2,
                        .redirects = 2,
                        .headers = headers,
                        .header_count = 2,
                        .body = "not found...",
                        .body_length = 12,
                        .phases = {[HTTP_TLS] = 250000000}};
    json_t *metrics = probe_metrics_of(&check, &fact, false, 1);
    assert_true(value_of(metrics, "probe_http_status_code", NULL) == 404);
    assert_true(value_of(metrics, "probe_http_version", NULL) == 2);
    assert_true(value_of(metrics, "probe_http_ssl", NULL) == 1);
    assert_true(value_of(metrics, "probe_http_redirects", NULL) == 2);
    assert_true(value_of(metrics, "probe_http_content_length", NULL) == 12);
    assert_true(value_of(metrics, "probe_http_duration_seconds", "tls") == 0.25);
    assert_true(value_of(metrics, "probe_http_duration_seconds", "connect") == 0);
    assert_true(value_of(metrics, "probe_failed_due_to_regex", NULL) == 1);
    json_decref(metrics);
    fact.body = "hello, world";
    fact.header_count = 1;
    metrics = probe_metrics_of(&check, &fact, true, 1);
    assert_true(value_of(metrics, "probe_failed_due_to_regex", NULL) == 0);
    assert_true(value_of(metrics, "probe_http_content_length", NULL) == -1);
    json_decref(metrics);
}

static void a_question_tells_its_records(void **state)
{
    (void)state;
    struct check check = {.kind = CHECK_DNS};
    struct fact fact = {.outcome = OUTCOME_ANSWERED, .records = {1, 2, 3}, .duration = 4000000};
    json_t *metrics = probe_metrics_of(&check, &fact, true, 1);
    assert_true(value_of(metrics, "probe_dns_query_succeeded", NULL) == 1);
    assert_true(value_of(metrics, "probe_dns_answer_rrs", NULL) == 1);
    assert_true(value_of(metrics, "probe_dns_authority_rrs", NULL) == 2);
    assert_true(value_of(metrics, "probe_dns_additional_rrs", NULL) == 3);
    assert_true(value_of(metrics, "probe_dns_duration_seconds", "request") == 0.004);
    json_decref(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_what_the_format_says),
        cmocka_unit_test(every_name_stands_once),
        cmocka_unit_test(the_manual_names_all),
        cmocka_unit_test(a_ping_tells_its_round_trip),
        cmocka_unit_test(a_request_tells_its_phases),
        cmocka_unit_test(a_question_tells_its_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
