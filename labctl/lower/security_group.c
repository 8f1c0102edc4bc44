/* Security groups.
 *
 * Two base chains in the router's forward hook: what leaves an interface (by the port in) and what enters one (by the
 * port out); an `accept` ends only its own.  Each begins with the flows that are tracked (tracking.c).  A group is a
 * chain for each direction that accepts or returns; the groups of an interface add up, so a chain for each set of
 * groups that some interface has jumps to them and drops at its end, and a verdict map leads from the port to it.  A
 * group that rules refer to is a set of the private addresses of its interfaces; one of a peer counts for what comes
 * from the peering, or goes there, and nothing else.  Ports without an entry (the gateways) have no group.  What is
 * refused is kept for a while by interface and flow, for `labctl flow-logs`; a packet that passes costs nothing more,
 * but the first one of a TCP flow.  The chain "accounting" hangs nowhere: that some rule asks for bytes makes the
 * kernel count those of each flow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "lower/groups.h"

#define COMMENT_MAX 127 /* nft's limit */

/* A TCP flow that the other end resets is not tracked any more: its first packet is kept. */
static void write_flow_sets(struct str *out, const struct ip_words *ip)
{
    char type[96];
    snprintf(type, sizeof type, "%s . %s . inet_service . inet_service", ip->address, ip->address);
    write_refused_sets(out, ip);
    write_kept_set(out, "accepted-tcp", type);
    str_printf(out,
               "\tchain accounting {\n\t\tct bytes > 0 return\n\t}\n"
               "\tchain accepted {\n\t\ttype filter hook forward priority 0; policy accept;\n"
               "\t\tct state new meta l4proto tcp update @accepted-tcp "
               "{ %s saddr . %s daddr . tcp sport . tcp dport counter }\n\t}\n",
               ip->name, ip->name);
}

static const struct {
    const char *chain, *by, *far, *peer, *hook; /* far: the port of the far side */
} sides[] = {
    [INGRESS] = {"in", "oifname", "iifname", "saddr",
                 "\tchain ingress {\n\t\ttype filter hook forward priority -5; policy accept;\n"},
    [EGRESS] = {"out", "iifname", "oifname", "daddr",
                "\tchain egress {\n\t\ttype filter hook forward priority -15; policy accept;\n"},
};

struct group_use {
    struct port **members;
    size_t member_count;
    bool referenced;
};

struct groups {
    struct lowering *l;
    struct router *router;
    const struct ip_words *ip;
    struct pointers *uses; /* struct security_group → struct group_use */
    struct str *body;
};

/* NULL: a group of a VPC that is not peered. */
static struct group_use *use_of(const struct groups *groups, const struct security_group *group)
{
    return pointers_get(groups->uses, group);
}

/* The set of a group's addresses: "members-web", of a peer "members-dev/web". */
static const char *set_name(const struct groups *groups, const struct security_group *group)
{
    return group->vpc == groups->router->vpc
               ? arena_printf(groups->l->scratch, "members-%s", group->name)
               : arena_printf(groups->l->scratch, "members-%s/%s", group->vpc->name, group->name);
}

static const struct peering_port *port_to(const struct router *router, const struct vpc *vpc)
{
    for (size_t i = 0; i < router->peering_count; i++)
        if (router->peerings[i].far->vpc == vpc)
            return &router->peerings[i];
    return NULL;
}

/* "tcp dport { 80, 443 } ", "icmp type 8 ". */
static void write_match(struct groups *groups, const struct security_rule *rule)
{
    struct str *out = groups->body;
    bool ports = rule->protocol == PROTOCOL_TCP || rule->protocol == PROTOCOL_UDP;
    if (rule->protocol == PROTOCOL_ALL)
        return;
    if (ports && rule->port_count > 0) {
        str_printf(out, "%s dport ", protocol_name(rule->protocol));
        write_port_set(out, groups->l->scratch, rule->ports, rule->port_count);
        str_append_char(out, ' ');
    } else if (!ports && rule->icmp.has_type) {
        str_printf(out, "%s type %u ", protocol_name(rule->protocol), rule->icmp.type);
        if (rule->icmp.has_code)
            str_printf(out, "%s code %u ", protocol_name(rule->protocol), rule->icmp.code);
    } else {
        str_printf(out, "meta l4proto %s ",
                   rule->protocol == PROTOCOL_ICMPV6 ? "ipv6-icmp" : protocol_name(rule->protocol));
    }
}

/* One nft rule for one far side; nothing where the far side cannot exist in this VPC. */
static void write_rule(struct groups *groups, enum side side, const struct security_rule *rule, const struct peer *peer,
                       const char *comment)
{
    char text[ADDR_TEXT_MAX];
    struct str *out = groups->body;
    const struct ip_words *ip = groups->ip;
    if ((peer->kind == PEER_ANY6 && ip->family == 4) || (peer->kind == PEER_ANY4 && ip->family == 6) ||
        (peer->kind == PEER_PREFIX && peer->prefix.addr.family != ip->family) ||
        rule->protocol == (ip->family == 4 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP))
        return;
    if (peer->kind == PEER_GROUP && (!peer->group || !use_of(groups, peer->group)))
        return;
    str_append(out, "\t\t");
    if (peer->kind == PEER_PREFIX && peer->prefix.length > 0)
        str_printf(out, "%s %s %s ", ip->name, sides[side].peer, prefix_format(&peer->prefix, text));
    if (peer->kind == PEER_GROUP) {
        const struct peering_port *far = port_to(groups->router, peer->group->vpc);
        if (far)
            str_printf(out, "%s \"%s\" ", sides[side].far, far->name);
        str_printf(out, "%s %s @%s ", ip->name, sides[side].peer, set_name(groups, peer->group));
    }
    write_match(groups, rule);
    str_printf(out, "goto allow-%s", sides[side].chain);
    if (strlen(comment) <= COMMENT_MAX)
        str_printf(out, " comment \"%s\"", comment);
    str_append(out, "\n");
}

static void write_group(struct groups *groups, const struct security_group *group, enum side side)
{
    const char *comment = arena_printf(groups->l->scratch, "%s/security_group/%s", groups->router->origin, group->name);
    const struct security_rule *rules = side == INGRESS ? group->ingress : group->egress;
    size_t count = side == INGRESS ? group->ingress_count : group->egress_count;
    str_printf(groups->body, "\tchain %s-%s {\n", sides[side].chain, group->name);
    if (side == EGRESS && !group->egress_declared)
        str_printf(groups->body, "\t\tgoto allow-%s\n", sides[side].chain);
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < rules[i].peer_count; p++)
            write_rule(groups, side, &rules[i], &rules[i].peers[p], comment);
    str_append(groups->body, "\t}\n");
}

static void note_references(const struct groups *groups, const struct security_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < rules[i].peer_count; p++)
            if (rules[i].peers[p].kind == PEER_GROUP && rules[i].peers[p].group) {
                struct group_use *use = use_of(groups, rules[i].peers[p].group);
                if (use)
                    use->referenced = true;
            }
}

/* The groups of one VPC and their members. */
static void note_groups(struct groups *groups, const struct router *router)
{
    struct lowering *l = groups->l;
    const struct vpc *vpc = router->vpc;
    for (size_t i = 0; i < vpc->security_group_count; i++)
        pointers_set(groups->uses, vpc->security_groups[i], ARENA_NEW(l->scratch, struct group_use));
    for (size_t i = 0; i < router->port_count; i++) {
        struct port *port = router->ports[i];
        for (size_t g = 0; g < port->interface->security_group_count; g++) {
            struct group_use *use = use_of(groups, port->interface->security_groups[g]);
            if (use)
                *ARENA_PUSH(l->scratch, use->members, use->member_count) = port;
        }
    }
}

static void note_uses(struct groups *groups)
{
    const struct router *router = groups->router;
    const struct vpc *vpc = router->vpc;
    size_t count = vpc->security_group_count;
    for (size_t i = 0; i < router->peering_count; i++)
        count += router->peerings[i].far->vpc->security_group_count;
    groups->uses = pointers_new(groups->l->scratch, count);
    note_groups(groups, router);
    for (size_t i = 0; i < router->peering_count; i++)
        note_groups(groups, router->peerings[i].far);
    for (size_t i = 0; i < vpc->security_group_count; i++) {
        note_references(groups, vpc->security_groups[i]->ingress, vpc->security_groups[i]->ingress_count);
        note_references(groups, vpc->security_groups[i]->egress, vpc->security_groups[i]->egress_count);
    }
}

static void write_members(struct groups *groups, const struct security_group *group)
{
    char text[ADDR_TEXT_MAX];
    const struct group_use *use = use_of(groups, group);
    struct elements set = {.out = groups->body};
    str_printf(groups->body, "\tset %s {\n\t\ttype %s\n", set_name(groups, group), groups->ip->address);
    for (size_t i = 0; i < use->member_count; i++) {
        const struct interface *interface = use->members[i]->interface;
        for (size_t a = 0; a < interface->address_count; a++)
            if (interface->addresses[a].addr.family == groups->ip->family)
                element(&set, "%s", addr_format(&interface->addresses[a].addr, text));
    }
    elements_end(&set);
    str_append(groups->body, "\t}\n");
}

/* The sets of the groups of a VPC that rules refer to. */
static void write_referenced(struct groups *groups, const struct vpc *vpc)
{
    for (size_t i = 0; i < vpc->security_group_count; i++)
        if (use_of(groups, vpc->security_groups[i])->referenced)
            write_members(groups, vpc->security_groups[i]);
}

static int compare_groups(const void *a, const void *b)
{
    return strcmp((*(struct security_group *const *)a)->name, (*(struct security_group *const *)b)->name);
}

/* The groups of an interface, each once, as a text: "db,web". */
static const char *set_key(struct groups *groups, const struct interface *interface, struct group_set *set)
{
    STR_AUTO key = STR_INIT;
    size_t n = interface->security_group_count;
    struct security_group **copy = arena_copy(groups->l->scratch, interface->security_groups, n * sizeof *copy);
    qsort(copy, n, sizeof *copy, compare_groups);
    *set = (struct group_set){copy, 0};
    for (size_t i = 0; i < n; i++)
        if (set->count == 0 || copy[i] != copy[set->count - 1]) {
            copy[set->count++] = copy[i];
            str_printf(&key, "%s%s", set->count > 1 ? "," : "", copy[set->count - 1]->name);
        }
    return arena_strdup(groups->l->scratch, str_text(&key));
}

/* The chains of the sets of groups; returns, port by port, the name of its set, NULL where it has no group. */
static const char **write_sets(struct groups *groups)
{
    struct lowering *l = groups->l;
    struct map *names = map_new(l->scratch), *taken = map_new(l->scratch);
    const char **of_port = arena_alloc(l->scratch, groups->router->port_count * sizeof *of_port);
    for (size_t i = 0; i < groups->router->port_count; i++) {
        if (groups->router->ports[i]->interface->security_group_count == 0)
            continue;
        struct group_set set;
        const char *key = set_key(groups, groups->router->ports[i]->interface, &set);
        char *name = map_get(names, key);
        if (!name) {
            uint64_t hash = lower_hash(key);
            do
                name = arena_printf(l->scratch, "%08x", (unsigned)hash++);
            while (map_get(taken, name));
            map_set(taken, name, name);
            map_set(names, key, name);
            for (enum side side = INGRESS; side <= EGRESS; side++) {
                str_printf(groups->body, "\tchain %s_%s {\n", sides[side].chain, name);
                write_untracked(groups->body, l->scratch, &set, side, groups->ip->family);
                for (size_t g = 0; g < set.count; g++)
                    str_printf(groups->body, "\t\tjump %s-%s\n", sides[side].chain, set.groups[g]->name);
                str_printf(groups->body, "\t\tgoto refuse-%s\n\t}\n", sides[side].chain);
            }
        }
        of_port[i] = name;
    }
    return of_port;
}

/* A RST that answers a flow which was let pass is let pass: the kernel forgets the flow when it sees it for the first
 * time (and judges it like any answer), and a middlebox on the way back sends it through the router once more. */
static void write_reset(struct groups *groups, const struct ip_words *ip)
{
    str_printf(groups->body,
               "\t\tct state invalid tcp flags rst %s daddr . %s saddr . tcp dport . tcp sport @accepted-tcp accept\n",
               ip->name, ip->name);
}

static void write_hook(struct groups *groups, enum side side, const char **set_of_port)
{
    struct elements map = {.out = groups->body};
    str_printf(groups->body, "\tmap %s_ports {\n\t\ttype ifname : verdict\n", sides[side].chain);
    for (size_t i = 0; i < groups->router->port_count; i++)
        if (set_of_port[i])
            element(&map, "\"%s\" : goto %s_%s", groups->router->ports[i]->far_name, sides[side].chain, set_of_port[i]);
    elements_end(&map);
    str_printf(groups->body, "\t}\n%s", sides[side].hook);
    write_tracked(groups->body, side);
    write_reset(groups, groups->ip);
    str_printf(groups->body, "\t\t%s vmap @%s_ports\n\t}\n", sides[side].by, sides[side].chain);
}

void lower_security_groups(struct lowering *l, struct router *router, const struct ip_words *ip)
{
    STR_AUTO body = STR_INIT;
    const struct vpc *vpc = router->vpc;
    struct groups groups = {.l = l, .router = router, .ip = ip, .body = &body};
    note_uses(&groups);
    write_flow_sets(&body, ip);
    for (enum side side = INGRESS; side <= EGRESS; side++) {
        write_refusal(&body, ip, sides[side].chain, sides[side].by);
        write_allow(&body, side);
    }
    write_referenced(&groups, vpc);
    for (size_t i = 0; i < router->peering_count; i++)
        write_referenced(&groups, router->peerings[i].far->vpc);
    for (size_t i = 0; i < vpc->security_group_count; i++)
        if (use_of(&groups, vpc->security_groups[i])->member_count > 0)
            for (enum side side = INGRESS; side <= EGRESS; side++)
                write_group(&groups, vpc->security_groups[i], side);
    const char **set_of_port = write_sets(&groups);
    for (enum side side = INGRESS; side <= EGRESS; side++)
        write_hook(&groups, side, set_of_port);
    add_nft(l, router->ns, ip->name, "security_groups", &body, router->origin);
}
