/* Judges of the network's ways: path, mtu, throughput, firewall. */
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/str.h"
#include "base/units.h"
#include "facts/facts.h"
#include "model/check.h"
#include "model/topology.h"
#include "score/judging.h"

static bool among(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(names[i], name))
            return true;
    return false;
}

/* Does the place pass the packet on?  A node is seen to, or answers as a hop; an address answers as one.  The target
 * itself passes nothing on. */
static bool passes(const struct fact *fact, const struct check_target *place)
{
    if (place->node && among(fact->there, fact->there_count, place->node->name))
        return true;
    for (size_t i = 0; !place->node && i < fact->passed_count; i++)
        if (addr_equal(&fact->passed[i], &place->addr))
            return true;
    for (size_t i = 0; i + 1 < fact->hop_count; i++) {
        const struct fact_hop *hop = &fact->hops[i];
        if (place->node ? hop->node && str_equal(hop->node, place->node->name) : addr_equal(&hop->addr, &place->addr))
            return true;
    }
    return false;
}

static bool is_symmetric(const struct fact *fact)
{
    if (fact->there_count != fact->back_count)
        return false;
    for (size_t i = 0; i < fact->there_count; i++)
        if (!str_equal(fact->there[i], fact->back[fact->back_count - 1 - i]))
            return false;
    return true;
}

static void expect_path(const struct check_path *path, struct judgement *out)
{
    EXPECT(out, "reached");
    if (path->hops)
        EXPECT(out, " in %u hop%s", path->hops, path->hops == 1 ? "" : "s");
    for (size_t i = 0; i < path->via_count; i++)
        EXPECT(out, "%s%s", i ? ", " : " via ", path->via[i].text);
    for (size_t i = 0; i < path->not_via_count; i++)
        EXPECT(out, "%s%s", i ? ", " : " not via ", path->not_via[i].text);
    if (path->has_symmetric)
        EXPECT(out, ", %s", path->symmetric ? "and back the same way" : "and back another way");
}

void judge_path(const struct check *check, const struct fact *fact, const struct verdict_context *context,
                struct judgement *out)
{
    (void)context;
    const struct check_path *path = &check->path;
    expect_path(path, out);
    if (fact->outcome != OUTCOME_ANSWERED) {
        out->verdict = VERDICT_FAIL;
        return;
    }
    if (path->hops && fact->hop_count != path->hops)
        judging_fail(out, "%zu hop%s", fact->hop_count, fact->hop_count == 1 ? "" : "s");
    for (size_t i = 0; i < path->via_count; i++)
        if (!passes(fact, &path->via[i]))
            judging_fail(out, "not via %s", path->via[i].text);
    for (size_t i = 0; i < path->not_via_count; i++)
        if (passes(fact, &path->not_via[i]))
            judging_fail(out, "via %s", path->not_via[i].text);
    if (path->has_symmetric && !fact->ways_known)
        judging_fail(out, "the way back was not seen");
    else if (path->has_symmetric && is_symmetric(fact) != path->symmetric)
        judging_fail(out, "%s", path->symmetric ? "another way back" : "the same way back");
}

void judge_mtu(const struct check *check, const struct fact *fact, const struct verdict_context *context,
               struct judgement *out)
{
    (void)context;
    const struct check_mtu *mtu = &check->mtu;
    if (mtu->at_least)
        EXPECT(out, "packets of %u bytes get through", mtu->at_least);
    else
        EXPECT(out, "packets get through");
    if (mtu->discovery)
        EXPECT(out, ", path MTU discovery works");
    if (fact->outcome != OUTCOME_ANSWERED)
        out->verdict = VERDICT_FAIL;
    else if (fact->mtu < mtu->at_least)
        judging_fail(out, "no more than %u bytes", fact->mtu);
    else if (mtu->discovery && fact->discovery == DISCOVERY_BROKEN)
        judging_fail(out, "path MTU discovery is broken");
}

void judge_throughput(const struct check *check, const struct fact *fact, const struct verdict_context *context,
                      struct judgement *out)
{
    (void)context;
    const struct check_throughput *throughput = &check->throughput;
    char rate[UNITS_TEXT_MAX];
    EXPECT(out, "data gets through");
    if (throughput->above)
        EXPECT(out, ", more than %s", rate_format(throughput->above, rate));
    if (throughput->below)
        EXPECT(out, ", less than %s", rate_format(throughput->below, rate));
    if (throughput->has_retransmits_below)
        EXPECT(out, ", fewer than %u retransmits", throughput->retransmits_below);
    if (fact->outcome != OUTCOME_ANSWERED)
        out->verdict = VERDICT_FAIL;
    else if (throughput->above && fact->rate <= throughput->above)
        judging_fail(out, "no more than that");
    else if (throughput->below && fact->rate >= throughput->below)
        judging_fail(out, "no less than that");
    else if (throughput->has_retransmits_below && fact->retransmits >= throughput->retransmits_below)
        judging_fail(out, "%u retransmits", fact->retransmits);
}

void judge_firewall(const struct check *check, const struct fact *fact, const struct verdict_context *context,
                    struct judgement *out)
{
    (void)context;
    const struct check_firewall *firewall = &check->firewall;
    size_t accepted = 0;
    for (size_t i = 0; i < firewall->packet_count; i++)
        accepted += firewall->packets[i].accepted;
    if (firewall->policy)
        EXPECT(out, "policy %s, ", firewall->policy == POLICY_DROP ? "drop" : "accept");
    EXPECT(out, "%zu packet%s accepted, %zu dropped", accepted, accepted == 1 ? "" : "s",
           firewall->packet_count - accepted);
    if (fact->outcome != OUTCOME_ANSWERED || fact->packet_count != firewall->packet_count)
        out->verdict = VERDICT_FAIL;
    for (size_t i = 0; i < fact->packet_count && i < firewall->packet_count; i++) {
        const struct fact_packet *packet = &fact->packets[i];
        if (!packet->arrived)
            judging_fail(out, "%s never came to the door, so it proves nothing", packet->text);
        else if (packet->passed != firewall->packets[i].accepted)
            judging_fail(out, "%s is %s", packet->text, packet->passed ? "accepted" : "dropped");
    }
}
