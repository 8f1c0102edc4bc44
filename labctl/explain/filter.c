/* What filters: security groups (rules that allow, added up over the groups of an interface, and a memory of flows)
 * and network ACLs (the first rule that matches, and no memory). */
#include <string.h>

#include "base/str.h"
#include "explain/walk.h"

/* Who is compared: the addresses of the packet's far side, and the VPC behind the peering that it comes by. */
struct far {
    const struct addr *addr;
    const struct vpc *vpc, *peer;
};

static bool in_group(const struct walk *w, const struct security_group *group, const struct far *far)
{
    if (group->vpc != far->vpc && group->vpc != far->peer)
        return false;
    const struct addr *addr = far->addr;
    const struct owner *owner = owner_of(w->explainer, group->vpc, addr);
    for (size_t i = 0; owner && owner->interface && i < owner->interface->security_group_count; i++)
        if (owner->interface->security_groups[i] == group)
            return true;
    return false;
}

static bool peer_matches(const struct walk *w, const struct peer *peer, const struct far *far)
{
    switch (peer->kind) {
    case PEER_PREFIX:
        return prefix_contains(&peer->prefix, far->addr);
    case PEER_ANY4:
        return far->addr->family == 4;
    case PEER_ANY6:
        return far->addr->family == 6;
    case PEER_ANY:
        return true;
    case PEER_GROUP:
        return peer->group && in_group(w, peer->group, far);
    case PEER_KIND_COUNT:
        break;
    }
    return false;
}

static bool ports_match(const struct port_range *ranges, size_t count, uint16_t port)
{
    for (size_t i = 0; i < count; i++)
        if (port >= ranges[i].first && port <= ranges[i].last)
            return true;
    return count == 0;
}

static bool rule_matches(const struct walk *w, const struct security_rule *rule, const struct far *far)
{
    enum protocol protocol = packet_protocol(&w->packet);
    if (rule->protocol != PROTOCOL_ALL && rule->protocol != protocol)
        return false;
    bool ports = rule->protocol == PROTOCOL_TCP || rule->protocol == PROTOCOL_UDP;
    if (ports && !ports_match(rule->ports, rule->port_count, w->packet.tuple.port))
        return false;
    bool icmp = rule->protocol == PROTOCOL_ICMP || rule->protocol == PROTOCOL_ICMPV6;
    if (icmp && ((rule->icmp.has_type && rule->icmp.type != w->packet.icmp_type) ||
                 (rule->icmp.has_code && rule->icmp.code != w->packet.icmp_code)))
        return false;
    for (size_t i = 0; i < rule->peer_count; i++)
        if (peer_matches(w, &rule->peers[i], far))
            return true;
    return false;
}

/* The rule of a group that allows the packet, as its number from 1; 0: none; SIZE_MAX: everything may leave. */
static size_t allowing(const struct walk *w, const struct security_group *group, enum side direction,
                       const struct far *far)
{
    const struct security_rule *rules = direction == INGRESS ? group->ingress : group->egress;
    size_t count = direction == INGRESS ? group->ingress_count : group->egress_count;
    if (direction == EGRESS && !group->egress_declared)
        return SIZE_MAX;
    for (size_t i = 0; i < count; i++)
        if (rule_matches(w, &rules[i], far))
            return i + 1;
    return 0;
}

/* What the VPC knows of the flow whose packet this is, one way, or whose answer, the other; NULL: nothing. */
static struct tracked *tracked_of(struct walk *w, const struct vpc *vpc)
{
    struct tuple request = w->way == WAY_RETURN ? mirrored(&w->packet.tuple) : w->packet.tuple;
    for (size_t i = 0; i < w->tracked_count; i++)
        if (w->tracked[i].vpc == vpc && tuple_equal(&w->tracked[i].tuple, &request))
            return &w->tracked[i];
    return NULL;
}

/* The answer to a tracked flow passes, whatever the rules say, and by whichever interface: an answer comes in where
 * the request may have gone out.  An ICMP error passes that is about a flow of which anything is known. */
static bool is_tracked(struct walk *w, const struct interface *interface, enum side direction)
{
    const struct tracked *flow = w->way == WAY_RETURN ? tracked_of(w, interface->subnet->vpc) : NULL;
    return flow && (w->packet.error || flow->sides[direction == INGRESS ? EGRESS : INGRESS]);
}

static const char *direction_name(enum side direction)
{
    return direction == INGRESS ? "ingress" : "egress";
}

static const char *group_name(const struct walk *w, const struct security_group *group)
{
    return vpc_part(w, group->vpc, "security_group", group->name);
}

/* "no ingress rule of web, ssh allows tcp/443 from 10.0.0.4" */
static void refuse(struct walk *w, const struct interface *interface, enum side direction, const struct addr *far)
{
    STR_AUTO names = STR_INIT;
    size_t rules = 0;
    const struct security_group *first = interface->security_group_count ? interface->security_groups[0] : NULL;
    for (size_t i = 0; i < interface->security_group_count; i++) {
        const struct security_group *group = interface->security_groups[i];
        rules += direction == INGRESS ? group->ingress_count : group->egress_count;
        if (w->arena)
            str_printf(&names, "%s%s", i ? ", " : "", group->name);
    }
    enum explain_code code = by_way(w, rules ? CODE_GROUP_MISMATCH : CODE_GROUP_EMPTY, CODE_REPLY_GROUP_MISMATCH);
    STOP(w, code, DROP_SILENT, first ? group_name(w, first) : interface_name(w, interface),
         first ? first->mark : interface->mark, "no %s rule of %s at %s/%s allows %s", direction_name(direction),
         str_text(&names), interface->node ? interface->node->name : "", interface->name,
         packet_text(w, far, direction == INGRESS ? "from" : "to"));
}

/* The groups have let the first packet of a flow pass. */
static void track(struct walk *w, const struct interface *interface, enum side direction)
{
    const struct packet *packet = &w->packet;
    struct tracked *flow = w->way == WAY_FORWARD ? tracked_of(w, interface->subnet->vpc) : NULL;
    if (w->way == WAY_FORWARD && !flow && w->tracked_count < TRACKED_MAX) {
        flow = &w->tracked[w->tracked_count++];
        *flow = (struct tracked){.vpc = interface->subnet->vpc, .tuple = packet->tuple};
    }
    if (flow && groups_track(interface->security_groups, interface->security_group_count, direction,
                             packet_protocol(packet), packet->tuple.destination.family, packet->tuple.port))
        flow->sides[direction] = true;
}

static const struct addr *far_side(const struct walk *w, enum side direction)
{
    return direction == INGRESS ? packet_source(&w->packet) : &w->packet.tuple.destination;
}

void judge_groups(struct walk *w, const struct interface *interface, enum side direction, const struct vpc *peer)
{
    struct far far = {far_side(w, direction), interface->subnet->vpc, peer};
    if (interface->security_group_count == 0)
        return; /* a load balancer's */
    if (is_tracked(w, interface, direction)) {
        if (interface->security_group_count)
            PASS(w, group_name(w, interface->security_groups[0]), interface->security_groups[0]->mark,
                 "%s at %s: belongs to a flow that was let through", direction_name(direction), interface->name);
        return;
    }
    for (size_t i = 0; i < interface->security_group_count; i++) {
        const struct security_group *group = interface->security_groups[i];
        size_t rule = allowing(w, group, direction, &far);
        if (rule == 0)
            continue;
        const struct security_rule *rules = direction == INGRESS ? group->ingress : group->egress;
        track(w, interface, direction);
        if (rule == SIZE_MAX)
            PASS(w, group_name(w, group), group->mark, "declares no egress: everything may leave");
        else
            PASS(w, group_name(w, group), rules[rule - 1].mark, "%s rule %zu allows %s", direction_name(direction),
                 rule, packet_text(w, far.addr, direction == INGRESS ? "from" : "to"));
        return;
    }
    track(w, interface, direction); /* were it let through: its answers are no further cause */
    refuse(w, interface, direction, far.addr);
}

void judge_acl(struct walk *w, const struct subnet *subnet, enum side direction)
{
    const struct network_acl *acl = subnet->network_acl;
    if (!acl || !(direction == INGRESS ? acl->ingress_declared : acl->egress_declared))
        return;
    const struct acl_rule *rules = direction == INGRESS ? acl->ingress : acl->egress;
    size_t count = direction == INGRESS ? acl->ingress_count : acl->egress_count;
    const char *name = w->arena ? vpc_part(w, acl->vpc, "network_acl", acl->name) : NULL;
    struct far far = {.addr = far_side(w, direction)};
    enum explain_code code = by_way(w, CODE_ACL_REQUEST, CODE_ACL_REPLY);
    for (size_t i = 0; i < count; i++) {
        if (!rule_matches(w, &rules[i].match, &far))
            continue;
        if (rules[i].action == ACL_ALLOW)
            PASS(w, name, rules[i].match.mark, "%s rule %u allows %s", direction_name(direction), rules[i].number,
                 packet_text(w, far.addr, direction == INGRESS ? "from" : "to"));
        else
            STOP(w, code, DROP_SILENT, name, rules[i].match.mark, "%s rule %u denies %s", direction_name(direction),
                 rules[i].number, packet_text(w, far.addr, direction == INGRESS ? "from" : "to"));
        return;
    }
    STOP(w, code, DROP_SILENT, name, acl->mark, "no %s rule allows %s", direction_name(direction),
         packet_text(w, far.addr, direction == INGRESS ? "from" : "to"));
}
