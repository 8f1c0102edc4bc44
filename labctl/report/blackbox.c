/* One measurement as metrics, by the names of Prometheus' blackbox exporter, so that rules and dashboards made for that
 * one fit.  What was not measured is left out. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "facts/facts.h"
#include "model/check.h"
#include "report/metrics.h"

static const struct metric success = {"probe_success", METRIC_GAUGE, "Whether what was measured is what was expected."};
static const struct metric duration = {"probe_duration_seconds", METRIC_GAUGE,
                                       "How long the measurement took, with all its attempts."};
static const struct metric ip_protocol = {"probe_ip_protocol", METRIC_GAUGE,
                                          "Whether the target was reached by IP version 4 or 6."};
static const struct metric lookup_time = {"probe_dns_lookup_time_seconds", METRIC_GAUGE,
                                          "How long it took to resolve the target's name."};
static const struct metric icmp_duration = {"probe_icmp_duration_seconds", METRIC_GAUGE,
                                            "Median of the round trips, by phase."};
static const struct metric icmp_sent = {"probe_icmp_requests", METRIC_GAUGE, "Echo requests that were sent."};
static const struct metric icmp_received = {"probe_icmp_replies", METRIC_GAUGE, "Echo replies that came back."};
static const struct metric http_status = {"probe_http_status_code", METRIC_GAUGE, "The status of the answer."};
static const struct metric http_version = {"probe_http_version", METRIC_GAUGE, "The version of HTTP of the answer."};
static const struct metric http_ssl = {"probe_http_ssl", METRIC_GAUGE, "Whether the request went over TLS."};
static const struct metric http_redirects = {"probe_http_redirects", METRIC_GAUGE, "Redirects that were followed."};
static const struct metric http_content = {"probe_http_content_length", METRIC_GAUGE,
                                           "The length that the answer declares, or -1."};
static const struct metric http_body = {"probe_http_uncompressed_body_length", METRIC_GAUGE,
                                        "How much of the body was read."};
static const struct metric http_duration = {"probe_http_duration_seconds", METRIC_GAUGE,
                                            "How long the request took, by phase, with its redirects."};
static const struct metric regex = {"probe_failed_due_to_regex", METRIC_GAUGE,
                                    "Whether the body does not contain what was expected."};
static const struct metric dns_succeeded = {"probe_dns_query_succeeded", METRIC_GAUGE,
                                            "Whether an answer came, whatever it says."};
static const struct metric dns_answers = {"probe_dns_answer_rrs", METRIC_GAUGE, "Records in the section answer."};
static const struct metric dns_authority = {"probe_dns_authority_rrs", METRIC_GAUGE,
                                            "Records in the section authority."};
static const struct metric dns_additional = {"probe_dns_additional_rrs", METRIC_GAUGE,
                                             "Records in the section additional."};
static const struct metric dns_duration = {"probe_dns_duration_seconds", METRIC_GAUGE,
                                           "How long the question took, by phase."};

const struct metric *const probe_metrics[] = {
    &success,     &duration,      &ip_protocol, &lookup_time,    &icmp_duration,  &icmp_sent,    &icmp_received,
    &http_status, &http_version,  &http_ssl,    &http_redirects, &http_content,   &http_body,    &http_duration,
    &regex,       &dns_succeeded, &dns_answers, &dns_authority,  &dns_additional, &dns_duration,
};
const size_t probe_metric_count = ARRAY_SIZE(probe_metrics);

static void count(json_t *metrics, const struct metric *metric, json_int_t value)
{
    metrics_add(metrics, metric, NULL, json_integer(value));
}

static double seconds(int64_t nanoseconds)
{
    return (double)nanoseconds / (double)NANOSECONDS_PER_SECOND;
}

static void phase(json_t *metrics, const struct metric *metric, const char *name, int64_t nanoseconds)
{
    metrics_add(metrics, metric, json_pack("{s:s}", "phase", name), json_real(seconds(nanoseconds)));
}

static void tell_ping(json_t *metrics, const struct check *check, const struct fact *fact)
{
    (void)check;
    if (fact->received > 0)
        phase(metrics, &icmp_duration, "rtt", fact->rtt_median);
    count(metrics, &icmp_sent, fact->sent);
    count(metrics, &icmp_received, fact->received);
}

/* What the header says, or -1. */
static json_int_t content_length(const struct fact *fact)
{
    static const char name[] = "Content-Length:";
    for (size_t i = 0; i < fact->header_count; i++)
        if (strncasecmp(fact->headers[i], name, strlen(name)) == 0)
            return strtoll(fact->headers[i] + strlen(name), NULL, 10);
    return -1;
}

static void tell_http(json_t *metrics, const struct check *check, const struct fact *fact)
{
    static const char *const phases[] = {[HTTP_RESOLVE] = "resolve",
                                         [HTTP_CONNECT] = "connect",
                                         [HTTP_TLS] = "tls",
                                         [HTTP_PROCESSING] = "processing",
                                         [HTTP_TRANSFER] = "transfer"};
    _Static_assert(ARRAY_SIZE(phases) == HTTP_PHASE_COUNT, "every phase has a name");
    static const double versions[] = {[HTTP_1_0] = 1.0, [HTTP_1_1] = 1.1, [HTTP_2] = 2.0};
    _Static_assert(ARRAY_SIZE(versions) == HTTP_VERSION_COUNT, "every version has a number");
    const struct check_http *http = &check->http;
    const char *body = http->body_contains;
    count(metrics, &http_status, fact->status);
    metrics_add(metrics, &lookup_time, NULL, json_real(seconds(fact->phases[HTTP_RESOLVE])));
    for (size_t i = 0; i < HTTP_PHASE_COUNT; i++)
        phase(metrics, &http_duration, phases[i], fact->phases[i]);
    if (fact->outcome != OUTCOME_ANSWERED)
        return;
    metrics_add(metrics, &http_version, NULL, json_real(versions[fact->http_version]));
    count(metrics, &http_ssl, str_starts(http->url, "https:"));
    count(metrics, &http_redirects, fact->redirects);
    count(metrics, &http_content, content_length(fact));
    count(metrics, &http_body, (json_int_t)fact->body_length);
    count(metrics, &regex, body && (!fact->body || !memmem(fact->body, fact->body_length, body, strlen(body))));
}

static void tell_dns(json_t *metrics, const struct check *check, const struct fact *fact)
{
    (void)check;
    bool answered = fact->outcome == OUTCOME_ANSWERED;
    count(metrics, &dns_succeeded, answered);
    phase(metrics, &dns_duration, "request", fact->duration);
    count(metrics, &dns_answers, fact->records[0]);
    count(metrics, &dns_authority, fact->records[1]);
    count(metrics, &dns_additional, fact->records[2]);
}

json_t *probe_metrics_of(const struct check *check, const struct fact *fact, bool passed, int64_t took)
{
    static void (*const tell[CHECK_KIND_COUNT])(json_t *, const struct check *, const struct fact *) = {
        [CHECK_PING] = tell_ping, [CHECK_HTTP] = tell_http, [CHECK_DNS] = tell_dns};
    json_t *metrics = json_object();
    count(metrics, &success, passed);
    metrics_add(metrics, &duration, NULL, json_real(seconds(took)));
    if (addr_is_set(&fact->target))
        count(metrics, &ip_protocol, fact->target.family);
    if (tell[check->kind])
        tell[check->kind](metrics, check, fact);
    return metrics;
}
