/* Rules of policies: who is meant is there. */
#include "model/policy.h"

#include "base/arena.h"
#include "base/str.h"
#include "rules/check.h"

static bool means_somebody(const struct topology *topology, const struct label *labels, size_t count)
{
    for (size_t i = 0; i < topology->node_count; i++)
        if (labels_match(labels, count, topology->nodes[i]))
            return true;
    return false;
}

/* "tier: web, app: shop" */
static const char *labels_text(struct rules *rules, const struct label *labels, size_t count)
{
    STR_AUTO text = STR_INIT;
    for (size_t i = 0; i < count; i++)
        str_printf(&text, "%s%.40s: %.40s", i ? ", " : "", labels[i].key, labels[i].value);
    return arena_strdup(rules->scratch, str_text(&text));
}

static void check_peers(struct rules *rules, const struct policy_rule *policy_rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < policy_rules[i].peer_count; k++) {
            const struct policy_peer *peer = &policy_rules[i].peers[k];
            if (peer->kind == POLICY_NODES && !means_somebody(rules->topology, peer->labels, peer->label_count))
                broken(rules, peer->mark, "no node has the labels %s: the rule allows nobody",
                       labels_text(rules, peer->labels, peer->label_count));
        }
}

void check_policy_labels(struct rules *rules)
{
    for (size_t i = 0; i < rules->topology->policy_count && !size_of_topology(rules->topology).what; i++) {
        const struct policy *policy = rules->topology->policies[i];
        if (!means_somebody(rules->topology, policy->select, policy->select_count))
            broken(rules, policy->mark, "policy '%s' selects nobody: no node has the labels %s", policy->name,
                   labels_text(rules, policy->select, policy->select_count));
        check_peers(rules, policy->ingress, policy->ingress_count);
        check_peers(rules, policy->egress, policy->egress_count);
    }
}
