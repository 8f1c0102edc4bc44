/* Kubernetes-like policies at the node that sends or gets a packet: the rules of all that select it add up, and what
 * answers a flow that was let through passes. */
#include "explain/walk.h"
#include "model/policy.h"

static bool peer_means(const struct topology *topology, const struct policy_peer *peer, const struct addr *far)
{
    if (peer->kind == POLICY_PREFIX)
        return prefix_contains(&peer->prefix, far);
    if (peer->kind == POLICY_ANY)
        return peer->family == 0 || peer->family == far->family;
    for (size_t i = 0; i < topology->node_count; i++)
        if (labels_match(peer->labels, peer->label_count, topology->nodes[i]) && node_owner(topology->nodes[i], far))
            return true;
    return false;
}

static bool rule_allows(const struct walk *w, const struct policy_rule *rule, const struct addr *far)
{
    uint16_t port = w->packet.tuple.port;
    bool meant = rule->port_count == 0;
    if (rule->protocol != PROTOCOL_ALL && rule->protocol != packet_protocol(&w->packet))
        return false;
    for (size_t i = 0; i < rule->port_count && !meant; i++)
        meant = port >= rule->ports[i].first && port <= rule->ports[i].last;
    if (!meant || rule->peer_count == 0)
        return meant;
    for (size_t i = 0; i < rule->peer_count; i++)
        if (peer_means(w->explainer->topology, &rule->peers[i], far))
            return true;
    return false;
}

void judge_policies(struct walk *w, const struct node *node, enum side direction)
{
    const struct topology *topology = w->explainer->topology;
    const struct policy *first = NULL;
    const struct addr *far = direction == INGRESS ? packet_source(&w->packet) : &w->packet.tuple.destination;
    if (w->way == WAY_RETURN)
        return;
    for (size_t i = 0; i < topology->policy_count; i++) {
        const struct policy *policy = topology->policies[i];
        const struct policy_rule *rules = direction == INGRESS ? policy->ingress : policy->egress;
        size_t count = direction == INGRESS ? policy->ingress_count : policy->egress_count;
        if (!(direction == INGRESS ? policy->ingress_declared : policy->egress_declared) ||
            !policy_selects(policy, node))
            continue;
        first = first ? first : policy;
        for (size_t k = 0; k < count; k++)
            if (rule_allows(w, &rules[k], far)) {
                PASS(w, arena_printf(w->arena, "policy/%s", policy->name), rules[k].mark, "%s rule %zu allows %s",
                     direction == INGRESS ? "ingress" : "egress", k + 1,
                     packet_text(w, far, direction == INGRESS ? "from" : "to"));
                return;
            }
    }
    if (first)
        STOP(w, direction == INGRESS ? CODE_POLICY_INGRESS : CODE_POLICY_EGRESS, DROP_SILENT,
             arena_printf(w->arena, "policy/%s", first->name), first->mark, "selects %s, and no %s rule allows %s",
             node->name, direction == INGRESS ? "ingress" : "egress",
             packet_text(w, far, direction == INGRESS ? "from" : "to"));
}
