/* Kubernetes-like policies: a table in each node that some policy selects.
 *
 * `inet policies` filters what the node itself gets and sends, not what it forwards.  In a direction that no policy of
 * the node speaks of it has no chain.  The rules of all its policies add up; what belongs to a flow that was let
 * through passes, and so does what IPv6 cannot live without: neighbour discovery, as ARP passes by all of it.  Nodes
 * that a rule names by labels stand there by their addresses.
 *
 * What may not go out must not be dropped in the node: its own programs would be told ("Operation not permitted"),
 * where a cluster is silent.  It gets a mark, and at the interface a destination that no machine has: it dies on the
 * wire. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/groups.h"
#include "model/policy.h"

#define REFUSED     "0x706f6c69"        /* the mark: "poli" */
#define NOBODYS_MAC "02:00:00:00:00:00" /* the loader gives it to nobody who has not asked for it */

static const struct hook_side {
    const char *chain, *device, *address;
} sides[] = {{"input", "iifname", "saddr"}, {"output", "oifname", "daddr"}};

/* "tcp dport { 80, 443 } ", "meta l4proto icmp " */
static void write_protocol(struct str *out, struct lowering *l, const struct policy_rule *rule)
{
    enum protocol protocol = (enum protocol)rule->protocol;
    if (rule->port_count > 0) {
        str_printf(out, "%s dport ", protocol_name(protocol));
        write_port_set(out, l->scratch, rule->ports, rule->port_count);
        str_append_char(out, ' ');
    } else if (protocol != PROTOCOL_ALL) {
        str_printf(out, "meta l4proto %s ", protocol == PROTOCOL_ICMPV6 ? "ipv6-icmp" : protocol_name(protocol));
    }
}

/* The addresses of the nodes that a peer means, of one family: "{ 10.0.0.1, 10.0.0.2 }"; false where there is none. */
static bool write_nodes(struct str *out, const struct topology *topology, const struct policy_peer *peer,
                        unsigned family)
{
    char text[ADDR_TEXT_MAX];
    size_t count = 0;
    for (size_t i = 0; i < topology->node_count; i++) {
        const struct node *node = topology->nodes[i];
        for (size_t k = 0; labels_match(peer->labels, peer->label_count, node) && k < node->interface_count; k++)
            for (size_t a = 0; a < node->interfaces[k]->address_count; a++)
                if (node->interfaces[k]->addresses[a].addr.family == family)
                    str_printf(out, "%s%s", count++ ? ", " : "{ ",
                               addr_format(&node->interfaces[k]->addresses[a].addr, text));
    }
    if (count > 0)
        str_append(out, " }");
    return count > 0;
}

static void write_peer(struct str *out, struct lowering *l, const struct hook_side *side,
                       const struct policy_rule *rule, const struct policy_peer *peer)
{
    char text[ADDR_TEXT_MAX];
    for (unsigned family = 4; family <= 6; family += 2) {
        STR_AUTO far = STR_INIT;
        bool meant = peer->kind == POLICY_NODES    ? write_nodes(&far, l->topology, peer, family)
                     : peer->kind == POLICY_PREFIX ? peer->prefix.addr.family == family
                                                   : peer->family == 0 || peer->family == family;
        if (!meant)
            continue;
        if (peer->kind == POLICY_PREFIX)
            str_append(&far, prefix_format(&peer->prefix, text));
        if (far.length > 0)
            str_printf(out, "\t\t%s %s %s ", family == 6 ? "ip6" : "ip", side->address, str_text(&far));
        else
            str_printf(out, "\t\tmeta nfproto ipv%u ", family);
        write_protocol(out, l, rule);
        str_append(out, "accept\n");
    }
}

static void write_rules(struct str *out, struct lowering *l, const struct hook_side *side,
                        const struct policy_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < rules[i].peer_count; k++)
            write_peer(out, l, side, &rules[i], &rules[i].peers[k]);
        if (rules[i].peer_count > 0)
            continue;
        str_append(out, "\t\t");
        write_protocol(out, l, &rules[i]);
        str_append(out, "accept\n");
    }
}

/* Returns whether some policy isolates the node in that direction. */
static bool write_chain(struct str *body, struct lowering *l, const struct node *node, bool egress)
{
    const struct hook_side *side = &sides[egress];
    STR_AUTO rules = STR_INIT;
    bool isolated = false;
    for (size_t i = 0; i < l->topology->policy_count; i++) {
        const struct policy *policy = l->topology->policies[i];
        if (!policy_selects(policy, node) || !(egress ? policy->egress_declared : policy->ingress_declared))
            continue;
        isolated = true;
        write_rules(&rules, l, side, egress ? policy->egress : policy->ingress,
                    egress ? policy->egress_count : policy->ingress_count);
    }
    if (isolated)
        str_printf(body,
                   "\tchain %s {\n\t\ttype filter hook %s priority filter; policy accept;\n\t\t%s \"lo\" accept\n"
                   "\t\tct state established,related accept\n"
                   "\t\ticmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } "
                   "accept\n%s\t\t%s\n\t}\n",
                   side->chain, side->chain, side->device, str_text(&rules),
                   egress ? "meta mark set " REFUSED : "drop");
    return isolated;
}

/* One chain for each interface, where refused packets lose their way. */
static void lower_refused(struct lowering *l, const struct node *node, uint32_t ns)
{
    STR_AUTO body = STR_INIT;
    for (size_t i = 0; i < node->interface_count; i++)
        if (node->interfaces[i]->attachment != ATTACH_NONE)
            str_printf(&body,
                       "\tchain port-%zu {\n\t\ttype filter hook egress device \"%s\" priority filter; policy accept;\n"
                       "\t\tmeta mark " REFUSED " ether daddr set " NOBODYS_MAC "\n\t}\n",
                       i, node->interfaces[i]->name);
    if (body.length > 0)
        add_nft(l, ns, "netdev", "policies", &body, l->plan->namespaces[ns].origin);
}

void lower_policies(struct lowering *l, const struct node *node, uint32_t ns)
{
    STR_AUTO body = STR_INIT;
    write_chain(&body, l, node, false);
    if (write_chain(&body, l, node, true))
        lower_refused(l, node, ns);
    if (body.length > 0)
        add_nft(l, ns, "inet", "policies", &body, l->plan->namespaces[ns].origin);
}
