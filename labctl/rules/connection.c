/* Rules of what connects VPCs: peerings and transit gateways. */
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "rules/check.h"

/* ---- peerings ------------------------------------------------------------------------------------------------ */

static bool is_whole(const struct peering *peering)
{
    return peering->vpcs[0] && peering->vpcs[1];
}

void check_peering_ends(struct rules *rules)
{
    const struct topology *topology = rules->topology;
    for (size_t i = 0; i < topology->peering_count && !size_of_topology(topology).what; i++) {
        const struct peering *peering = topology->peerings[i];
        if (!is_whole(peering))
            continue;
        if (peering->vpcs[0] == peering->vpcs[1]) {
            broken(rules, peering->vpc_marks[1], "peering '%s' is of VPC '%s' with itself", peering->name,
                   peering->vpcs[0]->name);
            continue;
        }
        const struct peering *first = topology_peering_between(topology, peering->vpcs[0], peering->vpcs[1]);
        if (first != peering)
            elsewhere(broken(rules, peering->mark, "VPCs '%s' and '%s' are peered already, by '%s'",
                             peering->vpcs[0]->name, peering->vpcs[1]->name, first->name),
                      first->mark, "the first peering");
    }
}

void check_peering_overlap(struct rules *rules)
{
    char first[ADDR_TEXT_MAX], second[ADDR_TEXT_MAX];
    for (size_t i = 0; i < rules->topology->peering_count; i++) {
        const struct peering *peering = rules->topology->peerings[i];
        const struct vpc *a = peering->vpcs[0], *b = peering->vpcs[1];
        size_t of_a, of_b;
        if (!is_whole(peering) || a == b || !vpcs_overlap(a, b, &of_a, &of_b))
            continue;
        struct prefix x = vpc_network(a, of_a), y = vpc_network(b, of_b);
        elsewhere(broken(rules, vpc_network_mark(b, of_b),
                         "VPC '%s' (%s) overlaps VPC '%s' (%s): they cannot be peered by '%s'", b->name,
                         prefix_format(&y, first), a->name, prefix_format(&x, second), peering->name),
                  vpc_network_mark(a, of_a), "the other VPC's addresses");
    }
}

/* ---- routes towards them ------------------------------------------------------------------------------------- */

typedef void route_check(struct rules *rules, const struct vpc *vpc, const struct vpc_route *route);

static void each_vpc_route(struct rules *rules, route_check *check)
{
    if (size_of_topology(rules->topology).what)
        return;
    for (size_t i = 0; i < rules->topology->vpc_count; i++) {
        const struct vpc *vpc = rules->topology->vpcs[i];
        if (size_of_vpc(vpc).what)
            continue;
        for (size_t t = 0; t < vpc->route_table_count; t++)
            for (size_t k = 0; k < vpc->route_tables[t]->route_count; k++)
                check(rules, vpc, &vpc->route_tables[t]->routes[k]);
    }
}

static const char *names_of_attached(struct rules *rules, const struct transit_gateway *gateway)
{
    const char *names = "";
    for (size_t i = 0; i < gateway->attachment_count; i++)
        if (gateway->attachments[i].vpc)
            names =
                arena_printf(rules->scratch, "%s%s%s", names, *names ? ", " : "", gateway->attachments[i].vpc->name);
    return *names ? names : "none";
}

static void foreign_target(struct rules *rules, const struct vpc *vpc, const struct vpc_route *route)
{
    const struct peering *peering = route->target == TARGET_PEERING ? route->peering : NULL;
    const struct transit_gateway *gateway = route->target == TARGET_TRANSIT_GATEWAY ? route->transit_gateway : NULL;
    if (peering && is_whole(peering) && peering->vpcs[0] != vpc && peering->vpcs[1] != vpc)
        elsewhere(broken(rules, route->mark, "peering '%s' is between '%s' and '%s', not of VPC '%s'", peering->name,
                         peering->vpcs[0]->name, peering->vpcs[1]->name, vpc->name),
                  peering->mark, "the peering");
    if (!gateway || transit_gateway_attaches(gateway, vpc))
        return;
    struct finding *finding =
        broken(rules, route->mark, "VPC '%s' is not attached to transit gateway '%s'", vpc->name, gateway->name);
    elsewhere(finding, gateway->mark, "the gateway");
    remedy(rules, finding, "add '%s' to its attachments (%s)", vpc->name, names_of_attached(rules, gateway));
}

void check_foreign_target(struct rules *rules)
{
    each_vpc_route(rules, foreign_target);
}

static bool leads_into(const struct prefix *destination, const struct vpc *vpc)
{
    for (size_t i = 0; i < vpc_network_count(vpc); i++) {
        struct prefix network = vpc_network(vpc, i);
        if (network.addr.family == 0 || prefix_overlaps(destination, &network))
            return true;
    }
    return false;
}

/* A peering carries what is for the peer and nothing else: a route past it is a mistake that a cloud allows. */
static void peering_route(struct rules *rules, const struct vpc *vpc, const struct vpc_route *route)
{
    char to[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX];
    if (route->target != TARGET_PEERING || !is_whole(route->peering) ||
        (route->peering->vpcs[0] != vpc && route->peering->vpcs[1] != vpc))
        return;
    const struct vpc *peer = route->peering->vpcs[route->peering->vpcs[0] == vpc];
    if (leads_into(&route->destination, peer))
        return;
    struct finding *finding = broken(
        rules, route->mark, "nothing of %s is in VPC '%s' (%s): peering '%s' drops what goes there",
        prefix_format(&route->destination, to), peer->name, prefix_format(&peer->cidr, text), route->peering->name);
    elsewhere(finding, peer->cidr_mark, "the peer's addresses");
    remedy(rules, finding, "a peering is not transitive: what lies behind the peer needs a peering of its own");
}

void check_peering_route(struct rules *rules)
{
    each_vpc_route(rules, peering_route);
}

/* ---- references to groups ------------------------------------------------------------------------------------ */

static void foreign_groups(struct rules *rules, const struct security_group *group, const struct security_rule *list,
                           size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < list[i].peer_count; p++) {
            const struct peer *peer = &list[i].peers[p];
            if (peer->kind != PEER_GROUP || !peer->group || peer->group->vpc == group->vpc ||
                topology_peering_between(rules->topology, peer->group->vpc, group->vpc))
                continue;
            struct finding *finding =
                broken(rules, peer->mark, "security group '%s' is of VPC '%s', which is not peered with VPC '%s'",
                       peer->group->name, peer->group->vpc->name, group->vpc->name);
            elsewhere(finding, peer->group->mark, "the group");
            remedy(rules, finding, "peer the two VPCs, or name the addresses");
        }
}

static void unpeered_group(struct rules *rules, const struct vpc *vpc)
{
    for (size_t i = 0; i < vpc->security_group_count; i++) {
        const struct security_group *group = vpc->security_groups[i];
        foreign_groups(rules, group, group->ingress, group->ingress_count);
        foreign_groups(rules, group, group->egress, group->egress_count);
    }
}

void check_unpeered_group(struct rules *rules)
{
    if (!size_of_topology(rules->topology).what)
        each_vpc(rules, unpeered_group);
}

/* ---- transit gateways ---------------------------------------------------------------------------------------- */

typedef void transit_check(struct rules *rules, const struct transit_gateway *gateway);

static void each_transit_gateway(struct rules *rules, transit_check *check)
{
    for (size_t i = 0; i < rules->topology->transit_gateway_count && !size_of_topology(rules->topology).what; i++)
        if (!size_of_transit_gateway(rules->topology->transit_gateways[i]).what)
            check(rules, rules->topology->transit_gateways[i]);
}

/* Each VPC of a list is attached, and stands in it once. */
static void listed_once(struct rules *rules, const struct transit_gateway *gateway, const char *what,
                        const struct transit_attachment *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!list[i].vpc)
            continue;
        for (size_t k = 0; k < i; k++)
            if (list[k].vpc == list[i].vpc) {
                elsewhere(broken(rules, list[i].mark, "VPC '%s' %s twice", list[i].vpc->name, what), list[k].mark,
                          "the first time");
                break;
            }
        if (!transit_gateway_attaches(gateway, list[i].vpc)) {
            struct finding *finding = broken(rules, list[i].mark, "VPC '%s' is not attached to transit gateway '%s'",
                                             list[i].vpc->name, gateway->name);
            elsewhere(finding, gateway->mark, "the gateway");
            remedy(rules, finding, "attached are: %s", names_of_attached(rules, gateway));
        }
    }
}

/* An attachment has one route table. */
static void associated_once(struct rules *rules, const struct transit_gateway *gateway)
{
    for (size_t t = 0; t < gateway->route_table_count; t++) {
        const struct transit_table *table = gateway->route_tables[t];
        for (size_t i = 0; i < table->association_count; i++) {
            const struct vpc *vpc = table->associations[i].vpc;
            const struct transit_table *first = vpc ? transit_gateway_table_of(gateway, vpc) : table;
            if (first == table)
                continue;
            elsewhere(broken(rules, table->associations[i].mark,
                             "VPC '%s' is associated with route table '%s' already: an attachment has one", vpc->name,
                             first->name),
                      first->mark, "the other table");
        }
    }
}

static void transit_attachment(struct rules *rules, const struct transit_gateway *gateway)
{
    listed_once(rules, gateway, "is attached", gateway->attachments, gateway->attachment_count);
    if (!gateway->tables_declared)
        return;
    for (size_t t = 0; t < gateway->route_table_count; t++) {
        const struct transit_table *table = gateway->route_tables[t];
        listed_once(rules, gateway, "is associated", table->associations, table->association_count);
        listed_once(rules, gateway, "propagates", table->propagations, table->propagation_count);
        for (size_t i = 0; i < table->route_count; i++) {
            struct transit_attachment to = {table->routes[i].vpc, table->routes[i].mark};
            listed_once(rules, gateway, "", &to, 1);
        }
    }
    associated_once(rules, gateway);
}

void check_transit_attachment(struct rules *rules)
{
    each_transit_gateway(rules, transit_attachment);
}

static void transit_association(struct rules *rules, const struct transit_gateway *gateway)
{
    for (size_t i = 0; i < gateway->attachment_count; i++) {
        const struct vpc *vpc = gateway->attachments[i].vpc;
        if (vpc && !transit_gateway_table_of(gateway, vpc))
            remedy(rules,
                   broken(rules, gateway->attachments[i].mark,
                          "VPC '%s' is associated with no route table of transit gateway '%s': what it sends there is "
                          "dropped",
                          vpc->name, gateway->name),
                   "add it to the associations of one");
    }
}

void check_transit_association(struct rules *rules)
{
    each_transit_gateway(rules, transit_association);
}

/* As in a cloud: both may be attached, and the second does not propagate. */
static void transit_overlap(struct rules *rules, const struct transit_gateway *gateway)
{
    char first[ADDR_TEXT_MAX], second[ADDR_TEXT_MAX];
    for (size_t i = 0; i < gateway->attachment_count; i++)
        for (size_t k = 0; k < i; k++) {
            const struct vpc *late = gateway->attachments[i].vpc, *early = gateway->attachments[k].vpc;
            size_t of_late, of_early;
            if (!late || !early || late == early || !vpcs_overlap(late, early, &of_late, &of_early))
                continue;
            struct prefix x = vpc_network(late, of_late), y = vpc_network(early, of_early);
            elsewhere(broken(rules, gateway->attachments[i].mark,
                             "VPC '%s' (%s) overlaps VPC '%s' (%s), attached before it: its addresses do not propagate",
                             late->name, prefix_format(&x, first), early->name, prefix_format(&y, second)),
                      gateway->attachments[k].mark, "the first");
            break;
        }
}

void check_transit_overlap(struct rules *rules)
{
    each_transit_gateway(rules, transit_overlap);
}

static void transit_route(struct rules *rules, const struct transit_gateway *gateway)
{
    char text[ADDR_TEXT_MAX];
    for (size_t t = 0; t < gateway->route_table_count; t++) {
        const struct transit_table *table = gateway->route_tables[t];
        for (size_t i = 0; i < table->route_count; i++)
            for (size_t k = 0; k < i; k++)
                if (prefix_equal(&table->routes[i].destination, &table->routes[k].destination)) {
                    elsewhere(broken(rules, table->routes[i].mark, "route table '%s' has two routes to %s", table->name,
                                     prefix_format(&table->routes[i].destination, text)),
                              table->routes[k].mark, "the first");
                    break;
                }
    }
}

void check_transit_route(struct rules *rules)
{
    each_transit_gateway(rules, transit_route);
}
