/* Judges of what packets do: ping, tcp, udp. */
#include <stdio.h>

#include "base/units.h"
#include "facts/facts.h"
#include "model/check.h"
#include "score/judging.h"

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
    else if (context->listened_healthy == LISTENED_YES &&
             (fact->listener == LISTENER_NO || fact->listener == LISTENER_NOBODY))
        judging_fail(judgement, "the service is broken: nobody listens there any more");
    else if (context->listened_healthy == LISTENED_YES && fact->listener == LISTENER_DOWN)
        judging_fail(judgement, "the service is broken: the interface that it is reached by is switched off");
    else if (context->left_healthy == SIGHT_YES && fact->left == SIGHT_NO)
        judging_fail(judgement,
                     "the prober's node keeps it back: nothing of it goes out on the wire, as it did when all "
                     "was healthy, so this proves nothing");
    else if (context->returned_healthy == SIGHT_NO && fact->returned == SIGHT_YES)
        judging_fail(judgement, "it is open: an answer came back, which the prober's node does not let in");
}

/* ---- kinds ------------------------------------------------------------------------------------------------------ */

void judge_ping(const struct check *check, const struct fact *fact, const struct verdict_context *context,
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
    if (ping->has_loss_below && judging_exceeds(lost, fact->sent, ping->loss_below))
        judging_fail(out, "loss %.4g%%, limit %s", 100.0 * lost / fact->sent, share_format(ping->loss_below, text));
    if (ping->rtt_below && fact->rtt_median >= ping->rtt_below)
        judging_fail(out, "round trip %.1f ms, limit %s", (double)fact->rtt_median / 1e6,
                     duration_format(ping->rtt_below, other));
    if (ping->jitter_below && fact->rtt_jitter >= ping->jitter_below)
        judging_fail(out, "jitter %.1f ms, limit %s", (double)fact->rtt_jitter / 1e6,
                     duration_format(ping->jitter_below, other));
}

void judge_tcp(const struct check *check, const struct fact *fact, const struct verdict_context *context,
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

void judge_udp(const struct check *check, const struct fact *fact, const struct verdict_context *context,
               struct judgement *out)
{
    bool silent = fact->outcome == OUTCOME_SILENT || fact->outcome == OUTCOME_UNREACHABLE;
    bool good = false;
    EXPECT(out, "%s", udp_expect_name(check->udp.expect));
    switch (check->udp.expect) {
    case UDP_ANSWERED:
        good = fact->outcome == OUTCOME_ANSWERED;
        break;
    case UDP_REFUSED:
        good = fact->outcome == OUTCOME_REFUSED;
        break;
    case UDP_SILENT:
        good = silent;
        break;
    case UDP_EXPECT_COUNT:
        break;
    }
    if (!good)
        out->verdict = VERDICT_FAIL;
    else if (check->udp.expect != UDP_ANSWERED)
        judge_silence(out, fact, context);
}
