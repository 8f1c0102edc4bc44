/* Canonical YAML of policies. */
#include "base/str.h"
#include "load/dump.h"

static void dump_labels_of(struct yaml *yaml, const struct label *labels, size_t count)
{
    yaml_map(yaml);
    for (size_t i = 0; i < count; i++) {
        yaml_key(yaml, labels[i].key);
        yaml_scalar(yaml, labels[i].value);
    }
    yaml_map_end(yaml);
}

static void dump_policy_peer(struct yaml *yaml, const struct policy_peer *peer)
{
    char text[ADDR_TEXT_MAX];
    if (peer->kind == POLICY_NODES)
        dump_labels_of(yaml, peer->labels, peer->label_count);
    else if (peer->kind == POLICY_PREFIX)
        yaml_text(yaml, prefix_format(&peer->prefix, text));
    else
        yaml_text(yaml, peer->family == 4 ? "any4" : peer->family == 6 ? "any6" : "any");
}

static void dump_policy_rules(struct yaml *yaml, const char *key, const char *peer_key, const struct policy_rule *rules,
                              size_t count)
{
    yaml_key(yaml, key);
    yaml_list(yaml);
    for (size_t i = 0; i < count; i++) {
        yaml_map(yaml);
        if (rules[i].peer_count > 0) {
            yaml_key(yaml, peer_key);
            yaml_list(yaml);
            for (size_t k = 0; k < rules[i].peer_count; k++)
                dump_policy_peer(yaml, &rules[i].peers[k]);
            yaml_list_end(yaml);
        }
        if (rules[i].protocol_declared)
            yaml_text_member(yaml, "protocol", protocol_name((enum protocol)rules[i].protocol));
        dump_ports(yaml, "ports", rules[i].ports, rules[i].port_count);
        yaml_map_end(yaml);
    }
    yaml_list_end(yaml);
}

void dump_policies(struct yaml *yaml, const struct topology *topology)
{
    if (topology->policy_count == 0)
        return;
    yaml_key(yaml, "policies");
    yaml_map(yaml);
    for (size_t i = 0; i < topology->policy_count; i++) {
        const struct policy *policy = topology->policies[i];
        yaml_key(yaml, policy->name);
        yaml_map(yaml);
        yaml_key(yaml, "select");
        dump_labels_of(yaml, policy->select, policy->select_count);
        if (policy->ingress_declared)
            dump_policy_rules(yaml, "ingress", "from", policy->ingress, policy->ingress_count);
        if (policy->egress_declared)
            dump_policy_rules(yaml, "egress", "to", policy->egress, policy->egress_count);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}
