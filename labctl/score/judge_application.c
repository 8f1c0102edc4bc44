/* Judges of what services answer: dns, http, tls, command. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "base/str.h"
#include "base/units.h"
#include "facts/facts.h"
#include "model/check.h"
#include "model/topology.h"
#include "score/judging.h"

/* Names compare without case and final dot, texts as they are. */
static bool same_answer(const char *a, const char *b)
{
    size_t left = strlen(a), right = strlen(b);
    left -= left > 1 && a[left - 1] == '.';
    right -= right > 1 && b[right - 1] == '.';
    if (left == right && strncasecmp(a, b, left) == 0)
        return true;
    struct addr x, y;
    return addr_parse(a, &x) && addr_parse(b, &y) && addr_equal(&x, &y);
}

static bool same_answers(const struct check_dns *dns, const struct fact *fact)
{
    if (dns->answer_count != fact->answer_count)
        return false;
    for (size_t i = 0; i < dns->answer_count; i++) {
        size_t wanted = 0, found = 0;
        for (size_t j = 0; j < dns->answer_count; j++) {
            wanted += same_answer(dns->answers[j], dns->answers[i]);
            found += same_answer(fact->answers[j], dns->answers[i]);
        }
        if (wanted != found)
            return false;
    }
    return true;
}

static void expect_dns(const struct check_dns *dns, struct judgement *out)
{
    char text[UNITS_TEXT_MAX];
    const char *separator = "";
    if (dns->rcode) {
        EXPECT(out, "%s", dns->rcode);
        separator = ", ";
    }
    for (size_t i = 0; i < dns->answer_count; i++, separator = ", ")
        EXPECT(out, "%s%s", separator, dns->answers[i]);
    if (!*out->expected)
        EXPECT(out, "an answer");
    if (dns->has_ttl_below)
        EXPECT(out, ", TTL below %u", dns->ttl_below);
    if (dns->has_authoritative)
        EXPECT(out, ", %sauthoritative", dns->authoritative ? "" : "not ");
    if (dns->time_below)
        EXPECT(out, ", within %s", duration_format(dns->time_below, text));
}

static void judge_time(int64_t limit, int64_t took, struct judgement *out)
{
    char text[UNITS_TEXT_MAX];
    if (limit && took >= limit)
        judging_fail(out, "took %.1f ms, limit %s", (double)took / 1e6, duration_format(limit, text));
}

void judge_dns(const struct check *check, const struct fact *fact, const struct verdict_context *context,
               struct judgement *out)
{
    (void)context;
    const struct check_dns *dns = &check->dns;
    expect_dns(dns, out);
    if (fact->outcome != OUTCOME_ANSWERED) {
        out->verdict = VERDICT_FAIL;
        return;
    }
    if (strcasecmp(fact->rcode, dns->rcode ? dns->rcode : "NOERROR") != 0)
        judging_fail(out, "%s", fact->rcode);
    else if (dns->answer_count ? !same_answers(dns, fact) : !dns->rcode && !fact->answer_count)
        out->verdict = VERDICT_FAIL;
    else if (dns->has_ttl_below && fact->ttl >= dns->ttl_below)
        judging_fail(out, "TTL %u, limit %u", fact->ttl, dns->ttl_below);
    else if (dns->has_authoritative && fact->authoritative != dns->authoritative)
        judging_fail(out, "%sauthoritative", fact->authoritative ? "" : "not ");
    else
        judge_time(dns->time_below, fact->duration, out);
}

static bool has_header(const struct check_http *http, const struct fact *fact)
{
    size_t length = strlen(http->header_name);
    for (size_t i = 0; i < fact->header_count; i++) {
        const char *line = fact->headers[i];
        if (strncasecmp(line, http->header_name, length) != 0 || line[length] != ':')
            continue;
        const char *value = line + length + 1;
        value += strspn(value, " \t");
        if (!http->header_value || str_equal(value, http->header_value))
            return true;
    }
    return false;
}

static void expect_http(const struct check_http *http, struct judgement *out)
{
    char text[UNITS_TEXT_MAX];
    if (http->status)
        EXPECT(out, "status %u", http->status);
    else if (http->status_class)
        EXPECT(out, "a status %uxx", http->status_class);
    else
        EXPECT(out, "a status below 400");
    if (http->requests > 1)
        EXPECT(out, ", %u times", http->requests);
    if (http->version)
        EXPECT(out, ", HTTP/%s", http_version_name(http->version));
    if (http->body_contains)
        EXPECT(out, ", a body with '%s'", http->body_contains);
    if (http->header_name)
        EXPECT(out, ", header %s%s%s", http->header_name, http->header_value ? ": " : "",
               http->header_value ? http->header_value : "");
    if (http->served_by)
        EXPECT(out, ", served by %s", http->served_by->name);
    for (size_t i = 0; i < http->share_count; i++)
        EXPECT(out, ", %s by %s", share_format(http->shares[i].share, text), http->shares[i].node->name);
    if (http->time_below)
        EXPECT(out, ", within %s", duration_format(http->time_below, text));
}

static uint32_t answers_of(const struct fact *fact, const char *node)
{
    for (size_t i = 0; i < fact->server_count; i++)
        if (str_equal(fact->servers[i].name, node))
            return fact->servers[i].answers;
    return 0;
}

/* Who answered: shares are those that chance allows for. */
static void judge_servers(const struct check_http *http, const struct fact *fact, struct judgement *out)
{
    uint32_t total = 0, named = 0, rest = SHARE_WHOLE;
    for (size_t i = 0; i < fact->server_count; i++)
        total += fact->servers[i].answers;
    if (http->served_by && answers_of(fact, http->served_by->name) != total) {
        const char *other = str_equal(fact->servers[0].name, http->served_by->name) && fact->server_count > 1
                                ? fact->servers[1].name
                                : fact->servers[0].name;
        judging_fail(out, "served by %s", other);
    }
    for (size_t i = 0; i < http->share_count; i++) {
        uint32_t answers = answers_of(fact, http->shares[i].node->name);
        named += answers;
        rest -= http->shares[i].share;
        if (judging_differs(answers, total, http->shares[i].share))
            judging_fail(out, "%u of %u answers are by %s", answers, total, http->shares[i].node->name);
    }
    if (http->share_count && judging_differs(total - named, total, rest))
        judging_fail(out, "%u of %u answers are by others", total - named, total);
}

void judge_http(const struct check *check, const struct fact *fact, const struct verdict_context *context,
                struct judgement *out)
{
    (void)context;
    const struct check_http *http = &check->http;
    expect_http(http, out);
    if (fact->outcome != OUTCOME_ANSWERED) {
        out->verdict = VERDICT_FAIL;
        return;
    }
    if (http->status         ? fact->status != http->status
        : http->status_class ? fact->status / 100 != http->status_class
                             : fact->status >= 400)
        out->verdict = VERDICT_FAIL;
    else if (http->version && fact->http_version != (unsigned)http->version)
        judging_fail(out, "HTTP/%s", http_version_name((enum http_version)fact->http_version));
    else if (http->body_contains &&
             (!fact->body || !memmem(fact->body, fact->body_length, http->body_contains, strlen(http->body_contains))))
        judging_fail(out, "the body does not contain '%s' but begins '%.*s'", http->body_contains,
                     (int)strcspn(fact->body ? fact->body : "", "\r\n"), fact->body ? fact->body : "");
    else if (http->header_name && !has_header(http, fact))
        judging_fail(out, "no such header");
    else
        judge_servers(http, fact, out);
    judge_time(http->time_below, http->requests > 1 ? fact->slowest : fact->duration, out);
}

static void expect_tls(const struct check_tls *tls, bool valid, struct judgement *out)
{
    if (valid)
        EXPECT(out, "a valid certificate");
    else if (tls->reason == TLS_NO_VERSION || tls->reason == TLS_REFUSED)
        EXPECT(out, "a refused handshake (%s)", tls_reason_name(tls->reason));
    else
        EXPECT(out, "an invalid certificate%s%s%s", tls->reason ? " (" : "",
               tls->reason ? tls_reason_name(tls->reason) : "", tls->reason ? ")" : "");
    if (tls->version)
        EXPECT(out, ", TLS %s", tls_version_name(tls->version));
    if (tls->min_version)
        EXPECT(out, ", nothing older than TLS %s", tls_version_name(tls->min_version));
    if (tls->alpn)
        EXPECT(out, ", protocol %s", tls->alpn);
    if (tls->has_days_left_above)
        EXPECT(out, ", more than %u days left", tls->days_left_above);
}

/* Is that reason among the problems?  A certificate that came alone may be that of any authority. */
static bool has_problem(const struct fact *fact, enum tls_reason reason)
{
    uint32_t wanted = 1u << reason;
    if (reason == TLS_UNKNOWN_AUTHORITY)
        wanted |= 1u << TLS_MISSING_INTERMEDIATE;
    return (fact->tls_problems & wanted) != 0;
}

void judge_tls(const struct check *check, const struct fact *fact, const struct verdict_context *context,
               struct judgement *out)
{
    (void)context;
    const struct check_tls *tls = &check->tls;
    bool valid = tls->has_valid ? tls->valid : tls->reason == TLS_NONE;
    bool refusal = tls->reason == TLS_NO_VERSION || tls->reason == TLS_REFUSED;
    expect_tls(tls, valid, out);
    if (fact->outcome != (refusal ? OUTCOME_FAILED : OUTCOME_ANSWERED))
        out->verdict = VERDICT_FAIL;
    else if (valid ? fact->tls_problems != 0 : !fact->tls_problems)
        out->verdict = VERDICT_FAIL;
    else if (tls->reason && !has_problem(fact, tls->reason))
        out->verdict = VERDICT_FAIL;
    else if (fact->outcome != OUTCOME_ANSWERED)
        return; /* there is nothing more to look at */
    else if (tls->min_version && fact->tls_version < (unsigned)tls->min_version)
        judging_fail(out, "TLS %s", tls_version_name((enum tls_version)fact->tls_version));
    else if (tls->min_version && fact->tls_older == TLS_OLDER_ACCEPTED)
        judging_fail(out, "a version older than TLS %s is accepted", tls_version_name(tls->min_version));
    else if (tls->alpn && !str_equal(fact->alpn, tls->alpn))
        judging_fail(out, "protocol %s", *fact->alpn ? fact->alpn : "not agreed on");
    else if (tls->has_days_left_above && fact->days_left <= (int64_t)tls->days_left_above)
        judging_fail(out, "%d days left", fact->days_left);
}

void judge_command(const struct check *check, const struct fact *fact, const struct verdict_context *context,
                   struct judgement *out)
{
    (void)context;
    const struct check_command *command = &check->command;
    EXPECT(out, "exit status %d", command->status);
    if (command->stdout_contains)
        EXPECT(out, ", output with '%s'", command->stdout_contains);
    if (fact->outcome != OUTCOME_ANSWERED || fact->exit_status != command->status)
        out->verdict = VERDICT_FAIL;
    else if (command->stdout_contains && !(fact->output && strstr(fact->output, command->stdout_contains)))
        judging_fail(out, "the output does not contain '%s' but begins '%.*s'", command->stdout_contains,
                     (int)strcspn(fact->output ? fact->output : "", "\r\n"), fact->output ? fact->output : "");
}
