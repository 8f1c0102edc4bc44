/* Rules of the cloud: sizes, subnets, route tables, gateways. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "rules/check.h"

#define LENGTH_LEAST 16
#define LENGTH_MOST  28

static bool size_fits(const struct prefix *cidr)
{
    return cidr->addr.family == 0 || (cidr->length >= LENGTH_LEAST && cidr->length <= LENGTH_MOST);
}

static void vpc_size(struct rules *rules, const struct vpc *vpc)
{
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i <= vpc->cidr_count; i++) {
        struct prefix network = vpc_network(vpc, i);
        if (!size_fits(&network))
            broken(rules, vpc_network_mark(vpc, i), "VPC '%s' is %s: a VPC is /16 to /28", vpc->name,
                   prefix_format(&network, text));
    }
}

void check_vpc_size(struct rules *rules)
{
    each_vpc(rules, vpc_size);
}

static void network_overlap(struct rules *rules, const struct vpc *vpc)
{
    char first[ADDR_TEXT_MAX], second[ADDR_TEXT_MAX];
    for (size_t late = 1; late <= vpc->cidr_count; late++)
        for (size_t early = 0; early < late; early++) {
            struct prefix a = vpc_network(vpc, early), b = vpc_network(vpc, late);
            if (a.addr.family == 0 || b.addr.family == 0 || !prefix_overlaps(&a, &b))
                continue;
            elsewhere(broken(rules, vpc_network_mark(vpc, late), "%s overlaps %s of the same VPC '%s'",
                             prefix_format(&b, second), prefix_format(&a, first), vpc->name),
                      vpc_network_mark(vpc, early), "the other network");
            break;
        }
}

void check_vpc_networks(struct rules *rules)
{
    each_vpc(rules, network_overlap);
}

static void subnet_size(struct rules *rules, const struct vpc *vpc)
{
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < vpc->subnet_count; i++)
        if (!size_fits(&vpc->subnets[i]->cidr))
            broken(rules, vpc->subnets[i]->cidr_mark, "subnet '%s' is %s: a subnet is /16 to /28",
                   vpc->subnets[i]->name, prefix_format(&vpc->subnets[i]->cidr, text));
}

void check_subnet_size(struct rules *rules)
{
    each_vpc(rules, subnet_size);
}

static void subnet_outside(struct rules *rules, const struct vpc *vpc)
{
    char inner[ADDR_TEXT_MAX], outer[ADDR_TEXT_MAX];
    for (size_t i = 0; i < vpc->subnet_count; i++) {
        const struct subnet *subnet = vpc->subnets[i];
        if (subnet->cidr.addr.family == 0 || vpc->cidr.addr.family == 0 || vpc_covers(vpc, &subnet->cidr))
            continue;
        elsewhere(broken(rules, subnet->cidr_mark, "subnet '%s' (%s) does not lie in VPC '%s' (%s%s)", subnet->name,
                         prefix_format(&subnet->cidr, inner), vpc->name, prefix_format(&vpc->cidr, outer),
                         vpc->cidr_count ? " and its secondary networks" : ""),
                  vpc->cidr_mark, "the VPC's addresses");
    }
}

void check_subnet_outside(struct rules *rules)
{
    each_vpc(rules, subnet_outside);
}

static int by_address(const void *a, const void *b)
{
    const struct subnet *x = *(const struct subnet *const *)a, *y = *(const struct subnet *const *)b;
    int order = prefix_compare(&x->cidr, &y->cidr);
    return order != 0 ? order : mark_compare(x->mark, y->mark);
}

/* Sorted by address, a subnet can only overlap the one before it that reaches furthest. */
static void subnet_overlap(struct rules *rules, const struct vpc *vpc)
{
    char first[ADDR_TEXT_MAX], second[ADDR_TEXT_MAX];
    const struct subnet **sorted = arena_copy(rules->scratch, vpc->subnets, vpc->subnet_count * sizeof *sorted);
    const struct subnet *furthest = NULL;
    if (vpc->subnet_count > 1)
        qsort(sorted, vpc->subnet_count, sizeof *sorted, by_address);
    for (size_t i = 0; i < vpc->subnet_count; i++) {
        const struct subnet *subnet = sorted[i];
        if (subnet->cidr.addr.family == 0)
            continue;
        if (furthest && prefix_overlaps(&furthest->cidr, &subnet->cidr)) {
            bool in_order = mark_compare(furthest->cidr_mark, subnet->cidr_mark) < 0;
            const struct subnet *early = in_order ? furthest : subnet, *late = in_order ? subnet : furthest;
            elsewhere(broken(rules, late->cidr_mark, "subnet '%s' (%s) overlaps subnet '%s' (%s)", late->name,
                             prefix_format(&late->cidr, first), early->name, prefix_format(&early->cidr, second)),
                      early->cidr_mark, "the other subnet");
            continue; /* the one before covers this one, or is it */
        }
        furthest = subnet;
    }
}

void check_subnet_overlap(struct rules *rules)
{
    each_vpc(rules, subnet_overlap);
}

static bool is_whole_subnet(const struct vpc *vpc, const struct prefix *destination)
{
    for (size_t i = 0; i < vpc->subnet_count; i++)
        if (prefix_equal(&vpc->subnets[i]->cidr, destination) || prefix_equal(&vpc->subnets[i]->ipv6_cidr, destination))
            return true;
    return false;
}

/* The network of the VPC that a route leads into; family 0 where it leads out. */
static struct prefix own_network(const struct vpc *vpc, const struct prefix *destination, struct mark *mark)
{
    for (size_t i = 0; i < vpc_network_count(vpc); i++) {
        struct prefix network = vpc_network(vpc, i);
        *mark = vpc_network_mark(vpc, i);
        if (network.addr.family != 0 && prefix_covers(&network, destination))
            return network;
    }
    return (struct prefix){0};
}

static void one_local_route(struct rules *rules, const struct vpc *vpc, const struct vpc_route *route)
{
    char text[ADDR_TEXT_MAX], local[ADDR_TEXT_MAX];
    struct mark mark;
    struct finding *finding;
    struct prefix network = own_network(vpc, &route->destination, &mark);
    if (route->target == TARGET_LOCAL || network.addr.family == 0)
        return;
    prefix_format(&network, local);
    prefix_format(&route->destination, text);
    if (prefix_equal(&network, &route->destination))
        finding =
            broken(rules, route->mark, "%s is the local route of VPC '%s', which every table has and nothing replaces",
                   text, vpc->name);
    else if (!is_whole_subnet(vpc, &route->destination))
        finding = broken(rules, route->mark, "%s is inside the local route %s but is not the CIDR of a whole subnet",
                         text, local);
    else if (route->target != TARGET_NODE && route->target != TARGET_MISSING)
        finding = broken(rules, route->mark, "%s is inside the local route %s and can lead only to a node, not to '%s'",
                         text, local, route->target_text);
    else
        return;
    elsewhere(finding, mark, "the VPC's addresses");
}

static void local_route(struct rules *rules, const struct vpc *vpc)
{
    for (size_t t = 0; t < vpc->route_table_count; t++)
        for (size_t i = 0; i < vpc->route_tables[t]->route_count; i++)
            one_local_route(rules, vpc, &vpc->route_tables[t]->routes[i]);
}

void check_local_route(struct rules *rules)
{
    each_vpc(rules, local_route);
}

static bool is_own_network(const struct vpc *vpc, const struct prefix *destination)
{
    struct mark mark;
    struct prefix network = own_network(vpc, destination, &mark);
    return prefix_equal(&network, destination);
}

static int by_destination(const void *a, const void *b)
{
    const struct vpc_route *x = *(const struct vpc_route *const *)a, *y = *(const struct vpc_route *const *)b;
    int order = prefix_compare(&x->destination, &y->destination);
    return order != 0 ? order : mark_compare(x->mark, y->mark);
}

static void table_routes(struct rules *rules, const struct vpc *vpc, const struct route_table *table)
{
    char text[ADDR_TEXT_MAX];
    const struct vpc_route **sorted = arena_alloc(rules->scratch, (table->route_count + 1) * sizeof *sorted);
    for (size_t i = 0; i < table->route_count; i++) {
        const struct vpc_route *route = sorted[i] = &table->routes[i];
        prefix_format(&route->destination, text);
        if (route->target == TARGET_LOCAL && !is_own_network(vpc, &route->destination))
            broken(rules, route->mark, "'local' leads to the VPC's own addresses, not to %s", text);
    }
    qsort(sorted, table->route_count, sizeof *sorted, by_destination);
    for (size_t i = 1; i < table->route_count; i++)
        if (sorted[i]->destination.addr.family && prefix_equal(&sorted[i - 1]->destination, &sorted[i]->destination))
            elsewhere(broken(rules, sorted[i]->mark, "route table '%s' has two routes to %s", table->name,
                             prefix_format(&sorted[i]->destination, text)),
                      sorted[i - 1]->mark, "the first");
}

static void vpc_routes(struct rules *rules, const struct vpc *vpc)
{
    for (size_t t = 0; t < vpc->route_table_count; t++)
        table_routes(rules, vpc, vpc->route_tables[t]);
}

void check_vpc_route(struct rules *rules)
{
    each_vpc(rules, vpc_routes);
}

static void nat_gateway_subnet(struct rules *rules, const struct vpc *vpc)
{
    for (size_t i = 0; i < vpc->nat_gateway_count; i++) {
        const struct nat_gateway *gateway = vpc->nat_gateways[i];
        if (!gateway->subnet || leads_to_internet(gateway->subnet))
            continue;
        remedy(rules,
               broken(rules, gateway->mark,
                      "NAT gateway '%s' stands in subnet '%s', whose route table does not lead to the internet gateway",
                      gateway->name, gateway->subnet->name),
               "a NAT gateway follows the route table of its own subnet: put it into a public one");
    }
}

void check_nat_gateway_subnet(struct rules *rules)
{
    each_vpc(rules, nat_gateway_subnet);
}

static void public_ip_route(struct rules *rules, const struct interface *interface)
{
    const struct subnet *subnet = interface->attachment == ATTACH_SUBNET ? interface->subnet : NULL;
    bool asked = interface->public_ip_mode == PUBLIC_IP_YES || interface->public_ip_mode == PUBLIC_IP_ADDRESS;
    if (!subnet || !asked || leads_to_internet(subnet))
        return;
    struct mark mark = interface->public_ip_mark.line ? interface->public_ip_mark : interface->mark;
    broken(rules, mark,
           "node '%s' has a public address, but the route table of subnet '%s' does not lead to the internet gateway",
           interface->node->name, subnet->name);
}

void check_public_ip_route(struct rules *rules)
{
    each_interface(rules, public_ip_route);
}

static void target_forwarding(struct rules *rules, const struct vpc *vpc)
{
    for (size_t t = 0; t < vpc->route_table_count; t++)
        for (size_t i = 0; i < vpc->route_tables[t]->route_count; i++) {
            const struct vpc_route *route = &vpc->route_tables[t]->routes[i];
            if (route->target != TARGET_NODE || !route->interface || route->interface->node->forwarding)
                continue;
            remedy(rules,
                   broken(rules, route->mark, "node '%s' gets packets for others and does not forward them",
                          route->interface->node->name),
                   "set 'forwarding: true' at the node");
        }
}

void check_target_forwarding(struct rules *rules)
{
    each_vpc(rules, target_forwarding);
}

static void target_check(struct rules *rules, const struct vpc *vpc)
{
    for (size_t t = 0; t < vpc->route_table_count; t++)
        for (size_t i = 0; i < vpc->route_tables[t]->route_count; i++) {
            const struct vpc_route *route = &vpc->route_tables[t]->routes[i];
            if (route->target != TARGET_NODE || !route->interface || !route->interface->source_dest_check)
                continue;
            struct finding *finding = broken(
                rules, route->mark, "node '%s' gets packets for others, and its source/destination check drops them",
                route->interface->node->name);
            elsewhere(finding, route->interface->mark, "the interface");
            remedy(rules, finding, "set 'source_dest_check: false' at the interface");
        }
}

void check_target_check(struct rules *rules)
{
    each_vpc(rules, target_check);
}
