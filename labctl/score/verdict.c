/* Expectation over facts.
 *
 * A positive check passes where what it asks for was seen.  A negative one (ping unreachable; tcp refused, blocked,
 * closed) passes where it was not, and only if that means something: a prober that is cut off from everything proves
 * nothing, and neither does a closed port of a service that no longer runs.  A limit on loss is broken where the count
 * speaks against it beyond chance, not where it is above it by a hair. */
#include "score/verdict.h"

#include <stdio.h>

#include "base/str.h"
#include "base/table.h"
#include "facts/facts.h"
#include "model/check.h"
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

static judge *const judges[] = {
    [CHECK_PING] = judge_ping,
    [CHECK_TCP] = judge_tcp,
    [CHECK_UDP] = judge_udp,
    [CHECK_DNS] = judge_dns,
    [CHECK_HTTP] = judge_http,
    [CHECK_TLS] = judge_tls,
    [CHECK_PATH] = judge_path,
    [CHECK_MTU] = judge_mtu,
    [CHECK_THROUGHPUT] = judge_throughput,
    [CHECK_FIREWALL] = judge_firewall,
    [CHECK_MATRIX] = judge_matrix,
    [CHECK_COMMAND] = judge_command,
    /* a node's own state */
    [CHECK_SOCKET] = judge_state,
    [CHECK_ROUTE] = judge_state,
    [CHECK_NEIGHBOUR] = judge_state,
    [CHECK_ADDRESS] = judge_state,
    [CHECK_LINK] = judge_state,
    [CHECK_SYSCTL] = judge_state,
    [CHECK_CONNTRACK] = judge_state,
    [CHECK_RESOLVER] = judge_state,
    [CHECK_FILE] = judge_file,
    [CHECK_PROCESS] = judge_state,
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
    } else if (fact->gone) { /* whatever was expected: the silence of what was taken away shows nothing */
        out.verdict = VERDICT_FAIL;
        snprintf(out.seen, sizeof out.seen, "%s", fact->detail);
    } else if (fact->outcome == OUTCOME_UNSUPPORTED) {
        out.verdict = VERDICT_UNSUPPORTED;
        snprintf(out.seen, sizeof out.seen, "%s", fact->detail);
    }
    return out;
}
