/* Which flows a cloud tracks.
 *
 * Theory of operation (Amazon EC2 User Guide, "Security group connection tracking").  A flow that is tracked at an
 * interface goes on whatever becomes of the rule that let it begin.  A flow of TCP or UDP that a rule for any address
 * allows, while the other direction allows everything to any address, is not tracked there: each of its packets asks
 * the rules, and a rule that goes cuts it at once.  ICMP is always tracked. */
#include "model/vpc.h"

/* Whether the peer is every address of the family. */
static bool is_any(const struct peer *peer, unsigned family)
{
    return peer->kind == PEER_ANY || (peer->kind == PEER_ANY4 && family == 4) ||
           (peer->kind == PEER_ANY6 && family == 6) ||
           (peer->kind == PEER_PREFIX && peer->prefix.addr.family == family && peer->prefix.length == 0);
}

bool security_rule_is_for_any(const struct security_rule *rule, enum protocol protocol, unsigned family)
{
    if (rule->protocol != PROTOCOL_ALL && rule->protocol != protocol)
        return false;
    for (size_t i = 0; i < rule->peer_count; i++)
        if (is_any(&rule->peers[i], family))
            return true;
    return false;
}

static const struct security_rule *rules_of(const struct security_group *group, enum side side, size_t *count)
{
    *count = side == INGRESS ? group->ingress_count : group->egress_count;
    return side == INGRESS ? group->ingress : group->egress;
}

bool groups_allow_everything(struct security_group *const *groups, size_t group_count, enum side side,
                             enum protocol protocol, unsigned family)
{
    for (size_t g = 0; g < group_count; g++) {
        size_t count;
        const struct security_rule *rules = rules_of(groups[g], side, &count);
        if (side == EGRESS && !groups[g]->egress_declared)
            return true;
        for (size_t i = 0; i < count; i++)
            if (rules[i].port_count == 0 && security_rule_is_for_any(&rules[i], protocol, family))
                return true;
    }
    return false;
}

static bool opens(const struct security_rule *rule, uint16_t port)
{
    for (size_t i = 0; i < rule->port_count; i++)
        if (port >= rule->ports[i].first && port <= rule->ports[i].last)
            return true;
    return false;
}

bool groups_track(struct security_group *const *groups, size_t group_count, enum side side, enum protocol protocol,
                  unsigned family, uint16_t port)
{
    enum side other = side == INGRESS ? EGRESS : INGRESS;
    if ((protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP) ||
        !groups_allow_everything(groups, group_count, other, protocol, family))
        return true;
    if (groups_allow_everything(groups, group_count, side, protocol, family))
        return false;
    for (size_t g = 0; g < group_count; g++) {
        size_t count;
        const struct security_rule *rules = rules_of(groups[g], side, &count);
        for (size_t i = 0; i < count; i++)
            if (security_rule_is_for_any(&rules[i], protocol, family) && opens(&rules[i], port))
                return false;
    }
    return true;
}
