/* Network ACLs.
 *
 * Two base chains in the router's forward hook, between those of the security groups: what leaves a subnet (by the port
 * in) and what enters one (by the port out).  A verdict map leads from the port to the chain of its subnet, which lets
 * pass what stays inside, and on to the chain of the ACL.  The rules of an ACL stand there as look-ups (classify.c): by
 * protocol, by address range, by port; so their number costs nothing.  A direction that lets everything pass has no
 * chain.
 *
 * An ACL is stateless: what it says of a packet follows from addresses, protocol and ports alone, which are the same
 * for all packets of one direction of a flow.  So where the kernel knows a flow of TCP or UDP, it is noted there, for
 * each direction and stage, that an ACL let a packet pass, and by which state of all ACLs and routes (a number made of
 * their text): the next packet need not ask, and a change makes all notes void at once.  Through a middlebox a packet
 * comes by more than once; what its ports see is never noted.
 *
 * What is addressed to the router itself, and what it says, meets no ACL: the resolver. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/classify.h"
#include "lower/groups.h"

static const struct {
    const char *chain, *by, *other, *peer, *hook;
    int priority;
} sides[] = {
    [INGRESS] = {"in", "oifname", "iifname", "saddr", "ingress", -8},
    [EGRESS] = {"out", "iifname", "oifname", "daddr", "egress", -12},
};

static const char *const traffic_words[TRAFFIC_COUNT] = {"tcp", "udp", "icmp", "other"};

struct acls {
    struct lowering *l;
    const struct router *router;
    const struct ip_words *ip;
    struct str *body;
    bool middleboxes; /* there is a port without source/destination check */
};

/* Bits of the mark of a flow: those of the groups (tracking.c), a note for each direction and stage, the number. */
#define GROUP_BITS        0x00000003u
#define NUMBER_BITS       0xffffff00u
#define NOTE(side, reply) (1u << (2 + (side) + 2 * (reply)))

static bool filters(const struct network_acl *acl, enum side side)
{
    return acl && (side == INGRESS ? acl->ingress_declared : acl->egress_declared);
}

static void write_ranges(struct str *out, const struct allowance *allowance)
{
    for (size_t i = 0; i < allowance->count; i++) {
        const struct value_range *range = &allowance->ranges[i];
        str_printf(out, "%s%u", i == 0 ? "" : i % 8 == 0 ? ",\n\t\t\t" : ", ", range->first);
        if (range->last != range->first)
            str_printf(out, "-%u", range->last);
    }
}

static bool allows_all(const struct allowance *allowance)
{
    return allowance->count == 1 && allowance->ranges[0].first == 0 && allowance->ranges[0].last == UINT16_MAX;
}

/* The way out, or that to the ports: "goto NAME.tcp.0". */
static void write_verdict(struct str *out, const struct classification *c, size_t i, enum side side, const char *name)
{
    if (allows_all(&c->allowances[i]))
        str_printf(out, "goto pass-%s", sides[side].chain);
    else
        str_printf(out, "goto %s.%zu", name, i);
}

static void write_allowances(const struct acls *acls, enum side side, const char *name, const struct classification *c,
                             enum traffic traffic)
{
    static const char *const values[TRAFFIC_COUNT] = {
        [TRAFFIC_TCP] = "tcp dport", [TRAFFIC_UDP] = "udp dport", [TRAFFIC_ICMP] = "@th,0,16"};
    for (size_t i = 0; i < c->allowance_count; i++) {
        if (allows_all(&c->allowances[i]))
            continue;
        str_printf(acls->body, "\tchain %s.%zu {\n\t\t%s { ", name, i, values[traffic]);
        write_ranges(acls->body, &c->allowances[i]);
        str_printf(acls->body, " } goto pass-%s\n\t\tgoto refuse-%s\n\t}\n", sides[side].chain, sides[side].chain);
    }
}

static void write_map(const struct acls *acls, enum side side, const char *name, const struct classification *c)
{
    char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
    struct elements map = {.out = acls->body};
    str_printf(acls->body, "\tmap %s {\n\t\ttype %s : verdict\n\t\tflags interval\n", name, acls->ip->address);
    for (size_t i = 0; i < c->range_count; i++) {
        STR_AUTO verdict = STR_INIT;
        write_verdict(&verdict, c, c->ranges[i].allowance, side, name);
        element(&map, "%s-%s : %s", addr_format(&c->ranges[i].first, first), addr_format(&c->ranges[i].last, last),
                str_text(&verdict));
    }
    elements_end(&map);
    str_append(acls->body, "\t}\n");
}

/* Whether it is the same from everywhere. */
static bool is_uniform(const struct classification *c, unsigned family)
{
    struct prefix whole = prefix_any(family);
    struct addr last = prefix_last(&whole);
    return c->range_count == 1 && addr_equal(&c->ranges[0].first, &whole.addr) && addr_equal(&c->ranges[0].last, &last);
}

/* One kind of traffic: its chains and map, and the rule that leads there. */
static void write_traffic(const struct acls *acls, enum side side, const char *name, const struct classification *c,
                          enum traffic traffic, struct str *chain)
{
    if (c->range_count == 0)
        return;
    write_allowances(acls, side, name, c, traffic);
    if (traffic == TRAFFIC_OTHER)
        str_printf(chain, "\t\tmeta l4proto != { tcp, udp, %s } ", acls->ip->icmp_protocol);
    else
        str_printf(chain, "\t\tmeta l4proto %s ",
                   traffic == TRAFFIC_ICMP ? acls->ip->icmp_protocol : traffic_words[traffic]);
    if (is_uniform(c, acls->ip->family)) {
        write_verdict(chain, c, 0, side, name);
    } else {
        write_map(acls, side, name, c);
        str_printf(chain, "%s %s vmap @%s", acls->ip->name, sides[side].peer, name);
    }
    str_append(chain, "\n");
}

static void write_acl(const struct acls *acls, const struct network_acl *acl, enum side side)
{
    struct arena *arena = acls->l->scratch;
    const struct acl_rule *rules = side == INGRESS ? acl->ingress : acl->egress;
    size_t count = side == INGRESS ? acl->ingress_count : acl->egress_count;
    STR_AUTO chain = STR_INIT;
    const char *name = arena_printf(arena, "%s-%s", sides[side].chain, acl->name);
    for (enum traffic traffic = 0; traffic < TRAFFIC_COUNT; traffic++) {
        struct classification c = classify(arena, rules, count, acls->ip->family, traffic);
        write_traffic(acls, side, arena_printf(arena, "%s.%s", name, traffic_words[traffic]), &c, traffic, &chain);
    }
    str_printf(acls->body, "\tchain %s {\n%s\t\tgoto refuse-%s\n\t}\n", name, str_text(&chain), sides[side].chain);
}

/* The chain of a subnet: what stays inside does not pass its border. */
static void write_subnet(const struct acls *acls, const struct subnet *subnet, enum side side)
{
    str_printf(acls->body, "\tchain %s_%s {\n\t\t%s @ports_%s accept\n\t\tgoto %s-%s\n\t}\n", sides[side].chain,
               subnet->name, sides[side].other, subnet->name, sides[side].chain, subnet->network_acl->name);
}

static void write_ports(const struct acls *acls, const struct subnet *subnet)
{
    struct elements set = {.out = acls->body};
    str_printf(acls->body, "\tset ports_%s {\n\t\ttype ifname\n", subnet->name);
    for (size_t i = 0; i < acls->router->edge_count; i++)
        if (acls->router->edges[i].subnet == subnet)
            element(&set, "\"%s\"", acls->router->edges[i].port);
    elements_end(&set);
    str_append(acls->body, "\t}\n");
}

static void write_ports_map(const struct acls *acls, enum side side)
{
    struct elements map = {.out = acls->body};
    str_printf(acls->body, "\tmap %s_ports {\n\t\ttype ifname : verdict\n", sides[side].chain);
    for (size_t i = 0; i < acls->router->edge_count; i++) {
        const struct edge *edge = &acls->router->edges[i];
        if (filters(edge->subnet->network_acl, side))
            element(&map, "\"%s\" : goto %s_%s", edge->port, sides[side].chain, edge->subnet->name);
    }
    elements_end(&map);
    str_append(acls->body, "\t}\n");
}

static void write_middleboxes(struct acls *acls)
{
    struct elements set = {.out = acls->body};
    for (size_t i = 0; i < acls->router->port_count; i++)
        acls->middleboxes = acls->middleboxes || !acls->router->ports[i]->interface->source_dest_check;
    if (!acls->middleboxes)
        return;
    str_append(acls->body, "\tset middleboxes {\n\t\ttype ifname\n");
    for (size_t i = 0; i < acls->router->port_count; i++)
        if (!acls->router->ports[i]->interface->source_dest_check)
            element(&set, "\"%s\"", acls->router->ports[i]->far_name);
    elements_end(&set);
    str_append(acls->body, "\t}\n");
}

/* The number of this state of the ACLs, the ports and the routes. */
static uint32_t number_of(const struct acls *acls)
{
    char text[ADDR_TEXT_MAX];
    STR_AUTO all = STR_INIT;
    const struct vpc *vpc = acls->router->vpc;
    str_append(&all, str_text(acls->body));
    for (size_t t = 0; t < vpc->route_table_count; t++)
        for (size_t i = 0; i < vpc->route_tables[t]->route_count; i++)
            str_printf(&all, "%s %s\n", prefix_format(&vpc->route_tables[t]->routes[i].destination, text),
                       vpc->route_tables[t]->routes[i].target_text);
    uint64_t hash = lower_hash(str_text(&all));
    return ((uint32_t)(hash ^ hash >> 32) & NUMBER_BITS) | 1u << 31; /* never that of a flow without notes */
}

/* What an ACL let pass, with a note on its flow. */
static void write_pass(const struct acls *acls, enum side side, uint32_t number)
{
    struct str *out = acls->body;
    str_printf(out, "\tchain pass-%s {\n\t\tct state != established accept\n\t\tmeta l4proto != { tcp, udp } accept\n",
               sides[side].chain);
    if (acls->middleboxes)
        str_append(out, "\t\tiifname @middleboxes accept\n\t\toifname @middleboxes accept\n");
    str_printf(out,
               "\t\tct mark and 0x%x != 0x%x ct mark set ct mark and 0x%x or 0x%x\n"
               "\t\tct direction original ct mark set ct mark or 0x%x\n"
               "\t\tct direction reply ct mark set ct mark or 0x%x\n"
               "\t\taccept\n\t}\n",
               NUMBER_BITS, number, GROUP_BITS, number, NOTE(side, 0), NOTE(side, 1));
}

static void write_hook(const struct acls *acls, enum side side, uint32_t number)
{
    struct str *out = acls->body;
    str_printf(out, "\tchain %s {\n\t\ttype filter hook forward priority %d; policy accept;\n", sides[side].hook,
               sides[side].priority);
    for (unsigned reply = 0; reply < 2; reply++)
        str_printf(out, "\t\tct mark and 0x%x == 0x%x ct direction %s ct state established accept\n",
                   NUMBER_BITS | NOTE(side, reply), number | NOTE(side, reply), reply ? "reply" : "original");
    str_printf(out, "\t\t%s vmap @%s_ports\n\t}\n", sides[side].by, sides[side].chain);
}

static void write_subnets(const struct acls *acls)
{
    const struct vpc *vpc = acls->router->vpc;
    for (size_t i = 0; i < vpc->subnet_count; i++) {
        const struct subnet *subnet = vpc->subnets[i];
        if (filters(subnet->network_acl, INGRESS) || filters(subnet->network_acl, EGRESS))
            write_ports(acls, subnet);
        for (enum side side = INGRESS; side <= EGRESS; side++)
            if (filters(subnet->network_acl, side))
                write_subnet(acls, subnet, side);
    }
}

void lower_network_acls(struct lowering *l, struct router *router, const struct ip_words *ip)
{
    STR_AUTO body = STR_INIT;
    const struct vpc *vpc = router->vpc;
    struct acls acls = {l, router, ip, &body, false};
    bool any = false;
    for (size_t i = 0; i < vpc->subnet_count; i++)
        any = any || filters(vpc->subnets[i]->network_acl, INGRESS) || filters(vpc->subnets[i]->network_acl, EGRESS);
    if (!any)
        return;
    write_refused_sets(&body, ip);
    for (enum side side = INGRESS; side <= EGRESS; side++)
        write_refusal(&body, ip, sides[side].chain, sides[side].by);
    for (size_t i = 0; i < vpc->network_acl_count; i++)
        for (enum side side = INGRESS; side <= EGRESS; side++)
            if (filters(vpc->network_acls[i], side))
                write_acl(&acls, vpc->network_acls[i], side);
    write_subnets(&acls);
    write_middleboxes(&acls);
    for (enum side side = INGRESS; side <= EGRESS; side++)
        write_ports_map(&acls, side);
    uint32_t number = number_of(&acls);
    for (enum side side = INGRESS; side <= EGRESS; side++) {
        write_pass(&acls, side, number);
        write_hook(&acls, side, number);
    }
    add_nft(l, router->ns, ip->name, "network_acls", &body, router->origin);
}
