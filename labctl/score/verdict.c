/* Expectation over facts.
 *
 * A positive check passes where what it asks for was seen.  A negative one (ping unreachable; tcp refused, blocked,
 * closed) passes where it was not, and only if that means something: a prober that is cut off from everything proves
 * nothing, and neither does a closed port of a service that no longer runs.  A limit on loss is broken where the count
 * speaks against it beyond chance, not where it is above it by a hair. */
#include "score/verdict.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "facts/facts.h"
#include "model/check.h"
#include "model/topology.h"
#include "score/judging.h"

static const char *const verdict_names[] = {
    [VERDICT_PASS] = "pass",
    [VERDICT_FAIL] = "fail",
    [VERDICT_ERROR] = "error",
    [VERDICT_UNSUPPORTED] = "unsupported",
};
_Static_assert(ARRAY_SIZE(verdict_names) == VERDICT_COUNT, "every verdict has a name");

const char *verdict_name(enum verdict verdict)
{
    return verdict_names[verdict];
}

enum verdict verdict_from_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(verdict_names); i++)
        if (str_equal(name, verdict_names[i]))
            return (enum verdict)i;
    return VERDICT_ERROR; /* an unknown word never counts for or against anybody */
}

/* ---- negative checks -------------------------------------------------------------------------------------------- */

/* What did not come through means something only where the prober lives and the service does. */
static void judge_silence(struct judgement *judgement, const struct fact *fact, const struct verdict_context *context)
{
    if (!context)
        return;
    /* Somebody answered with a refusal: the prober is not cut off. */
    if (context->positive_control == CONTROL_DEAD && fact->outcome != OUTCOME_REFUSED)
        judging_fail(judgement,
                     "the prober is cut off: it reaches nothing at all, not even its gateway, so this proves nothing");
    else if (context->listened_healthy == LISTENED_YES && fact->listener == LISTENER_NO)
        judging_fail(judgement, "the service is broken: nobody listens there any more");
}

/* ---- kinds ------------------------------------------------------------------------------------------------------ */

/* One-sided score test (Wilson) at 95 %: is a loss of `lost` in `sent` too much for a true share below the limit?
 * z = 1.645; z^2 = 2.706. */
static bool loss_exceeds(uint32_t lost, uint32_t sent, uint32_t limit_parts)
{
    double limit = (double)limit_parts / SHARE_WHOLE, share = (double)lost / sent;
    return share > limit && (share - limit) * (share - limit) * sent > 2.706 * limit * (1 - limit);
}

static void judge_ping(const struct check *check, const struct fact *fact, const struct verdict_context *context,
                       struct judgement *out)
{
    const struct check_ping *ping = &check->ping;
    char text[UNITS_TEXT_MAX], other[UNITS_TEXT_MAX];
    EXPECT(out, "%s", ping->expect == PING_REACHABLE ? "reachable" : "unreachable");
    if (ping->expect == PING_UNREACHABLE) {
        if (fact->outcome == OUTCOME_ANSWERED || fact->outcome == OUTCOME_FAILED)
            judging_fail(out, "reachable");
        else
            judge_silence(out, fact, context);
        return;
    }
    if (ping->has_loss_below)
        EXPECT(out, ", loss below %s", share_format(ping->loss_below, text));
    if (ping->rtt_below)
        EXPECT(out, ", round trip below %s", duration_format(ping->rtt_below, text));
    if (ping->jitter_below)
        EXPECT(out, ", jitter below %s", duration_format(ping->jitter_below, text));
    if (fact->outcome != OUTCOME_ANSWERED || !fact->sent) {
        out->verdict = VERDICT_FAIL;
        return;
    }
    uint32_t lost = fact->sent > fact->received ? fact->sent - fact->received : 0;
    if (ping->has_loss_below && loss_exceeds(lost, fact->sent, ping->loss_below))
        judging_fail(out, "loss %.4g%%, limit %s", 100.0 * lost / fact->sent, share_format(ping->loss_below, text));
    if (ping->rtt_below && fact->rtt_mean >= ping->rtt_below)
        judging_fail(out, "round trip %s, limit %s", duration_format(fact->rtt_mean / 1000 * 1000, text),
                     duration_format(ping->rtt_below, other));
    if (ping->jitter_below && fact->rtt_jitter >= ping->jitter_below)
        judging_fail(out, "jitter %s, limit %s", duration_format(fact->rtt_jitter / 1000 * 1000, text),
                     duration_format(ping->jitter_below, other));
}

static void judge_tcp(const struct check *check, const struct fact *fact, const struct verdict_context *context,
                      struct judgement *out)
{
    bool refused = fact->outcome == OUTCOME_REFUSED;
    bool blocked = fact->outcome == OUTCOME_SILENT || fact->outcome == OUTCOME_UNREACHABLE;
    EXPECT(out, "%s", tcp_expect_name(check->tcp.expect));
    bool good = false;
    switch (check->tcp.expect) {
    case TCP_OPEN:
        good = fact->outcome == OUTCOME_ANSWERED;
        break;
    case TCP_REFUSED:
        good = refused;
        break;
    case TCP_BLOCKED:
        good = blocked;
        break;
    case TCP_CLOSED:
        good = refused || blocked;
        break;
    case TCP_EXPECT_COUNT:
        break;
    }
    if (!good)
        out->verdict = VERDICT_FAIL;
    else if (check->tcp.expect != TCP_OPEN)
        judge_silence(out, fact, context);
}

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

static void judge_time(int64_t limit, const struct fact *fact, struct judgement *out)
{
    char text[UNITS_TEXT_MAX];
    if (limit && fact->duration >= limit)
        judging_fail(out, "took %.3g ms, limit %s", (double)fact->duration / 1e6, duration_format(limit, text));
}

static void judge_dns(const struct check *check, const struct fact *fact, const struct verdict_context *context,
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
        judge_time(dns->time_below, fact, out);
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

static void judge_http(const struct check *check, const struct fact *fact, const struct verdict_context *context,
                       struct judgement *out)
{
    (void)context;
    const struct check_http *http = &check->http;
    char text[UNITS_TEXT_MAX];
    if (http->status)
        EXPECT(out, "status %u", http->status);
    else
        EXPECT(out, "a status below 400");
    if (http->body_contains)
        EXPECT(out, ", a body with '%s'", http->body_contains);
    if (http->header_name)
        EXPECT(out, ", header %s%s%s", http->header_name, http->header_value ? ": " : "",
               http->header_value ? http->header_value : "");
    if (http->time_below)
        EXPECT(out, ", within %s", duration_format(http->time_below, text));
    if (fact->outcome != OUTCOME_ANSWERED) {
        out->verdict = VERDICT_FAIL;
        return;
    }
    if (http->status ? fact->status != http->status : fact->status >= 400)
        out->verdict = VERDICT_FAIL;
    else if (http->body_contains &&
             (!fact->body || !memmem(fact->body, fact->body_length, http->body_contains, strlen(http->body_contains))))
        judging_fail(out, "the body does not contain '%s' but begins '%.*s'", http->body_contains,
                     (int)strcspn(fact->body ? fact->body : "", "\r\n"), fact->body ? fact->body : "");
    else if (http->header_name && !has_header(http, fact))
        judging_fail(out, "no such header");
    else
        judge_time(http->time_below, fact, out);
}

/* Which ordered pairs shall answer, row-major, in the arena. */
static bool *wanted_pairs(const struct check_matrix *matrix, struct arena *arena)
{
    size_t count = matrix->node_count;
    bool *wanted = arena_alloc(arena, count * count);
    struct map *indices = map_new(arena);
    for (size_t i = 0; i < count; i++)
        map_set(indices, matrix->nodes[i]->name, (void *)(uintptr_t)(i + 1));
    for (size_t i = 0; i < matrix->pair_count; i++) {
        size_t from = (size_t)(uintptr_t)map_get(indices, matrix->pairs[i].from->name);
        size_t to = (size_t)(uintptr_t)map_get(indices, matrix->pairs[i].to->name);
        if (from && to)
            wanted[(from - 1) * count + to - 1] = true;
    }
    memset(wanted, matrix->all, matrix->all ? count * count : 0);
    return wanted;
}

static void judge_matrix(const struct check *check, const struct fact *fact, const struct verdict_context *context,
                         struct judgement *out)
{
    (void)context;
    enum { NAMED_MAX = 5 };
    const struct check_matrix *matrix = &check->matrix;
    size_t wrong = 0, count = matrix->node_count;
    char named[300] = "";
    if (matrix->all)
        EXPECT(out, "every pair of %zu nodes", count);
    else
        EXPECT(out, "exactly %zu pairs of %zu nodes", matrix->pair_count, count);
    if (fact->outcome != OUTCOME_ANSWERED || fact->matrix_size != count) {
        out->verdict = VERDICT_FAIL;
        return;
    }
    ARENA_AUTO arena = arena_new();
    const bool *wanted = wanted_pairs(matrix, arena);
    for (size_t i = 0; i < count * count; i++) {
        size_t from = i / count, to = i % count;
        bool answered = fact->matrix[i] == OUTCOME_ANSWERED;
        if (from == to || answered == wanted[i])
            continue;
        if (wrong++ < NAMED_MAX)
            judging_add(named, sizeof named, "%s%s %s %s (%s)", wrong > 1 ? ", " : "", matrix->nodes[from]->name,
                        answered ? "reaches" : "does not reach", matrix->nodes[to]->name,
                        fact_outcome_name(fact->matrix[i]));
    }
    if (wrong)
        judging_fail(out, "%s%s", named, wrong > NAMED_MAX ? ", …" : "");
}

static void judge_command(const struct check *check, const struct fact *fact, const struct verdict_context *context,
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

static judge *const judges[] = {
    [CHECK_PING] = judge_ping, [CHECK_TCP] = judge_tcp,       [CHECK_DNS] = judge_dns,
    [CHECK_HTTP] = judge_http, [CHECK_MATRIX] = judge_matrix, [CHECK_COMMAND] = judge_command,
};
_Static_assert(ARRAY_SIZE(judges) == CHECK_KIND_COUNT, "every kind of check is judged");

struct judgement verdict_of(const struct check *check, const struct fact *fact, const struct verdict_context *context)
{
    struct judgement out = {.verdict = VERDICT_PASS};
    SEEN(&out, "%s", fact->detail);
    judges[check->kind](check, fact, context, &out);
    if (fact->outcome == OUTCOME_ERROR || fact->outcome == OUTCOME_NONE) {
        out.verdict = VERDICT_ERROR;
        snprintf(out.seen, sizeof out.seen, "%s", *fact->detail ? fact->detail : "nothing was measured");
    }
    return out;
}
