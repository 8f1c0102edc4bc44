/* Rules of IPv6 in the cloud and on the internet. */
#include "base/arena.h"
#include "rules/check.h"

#define VPC_LENGTH    56
#define SUBNET_LENGTH 64
#define RESERVED      4 /* the first addresses of a subnet; and the last one */

static bool is_set(const struct prefix *prefix)
{
    return prefix->addr.family == 6;
}

static struct mark ipv6_mark(const struct vpc *vpc)
{
    return vpc->ipv6_mark.line ? vpc->ipv6_mark : vpc->mark;
}

/* ---- networks -----------------------------------------------------------------------------------------------------
 */

static void networks_of_vpcs(struct rules *rules)
{
    char first[ADDR_TEXT_MAX], second[ADDR_TEXT_MAX];
    const struct topology *topology = rules->topology;
    for (size_t i = 0; i < topology->vpc_count; i++) {
        const struct vpc *late = topology->vpcs[i];
        if (!is_set(&late->ipv6_cidr))
            continue;
        if (late->ipv6_cidr.length != VPC_LENGTH)
            broken(rules, ipv6_mark(late), "the IPv6 network of VPC '%s' is %s: it is a /%d", late->name,
                   prefix_format(&late->ipv6_cidr, first), VPC_LENGTH);
        for (size_t k = 0; k < i; k++) {
            const struct vpc *early = topology->vpcs[k];
            if (!is_set(&early->ipv6_cidr) || !prefix_overlaps(&early->ipv6_cidr, &late->ipv6_cidr))
                continue;
            elsewhere(broken(rules, ipv6_mark(late),
                             "%s of VPC '%s' overlaps %s of VPC '%s': IPv6 addresses are public",
                             prefix_format(&late->ipv6_cidr, first), late->name,
                             prefix_format(&early->ipv6_cidr, second), early->name),
                      ipv6_mark(early), "the other VPC's");
            break;
        }
    }
}

static void networks_of_subnets(struct rules *rules, const struct vpc *vpc)
{
    char inner[ADDR_TEXT_MAX], outer[ADDR_TEXT_MAX];
    for (size_t i = 0; i < vpc->subnet_count; i++) {
        const struct subnet *subnet = vpc->subnets[i];
        if (!is_set(&subnet->ipv6_cidr) || subnet->ipv6_mark.line == 0)
            continue;
        prefix_format(&subnet->ipv6_cidr, inner);
        if (subnet->ipv6_cidr.length != SUBNET_LENGTH)
            broken(rules, subnet->ipv6_mark, "the IPv6 network of subnet '%s' is %s: it is a /%d", subnet->name, inner,
                   SUBNET_LENGTH);
        else if (!is_set(&vpc->ipv6_cidr))
            remedy(rules,
                   broken(rules, subnet->ipv6_mark, "subnet '%s' has IPv6 (%s), but VPC '%s' has not", subnet->name,
                          inner, vpc->name),
                   "give the VPC an 'ipv6_cidr'");
        else if (!prefix_covers(&vpc->ipv6_cidr, &subnet->ipv6_cidr))
            elsewhere(broken(rules, subnet->ipv6_mark, "%s of subnet '%s' does not lie in %s of VPC '%s'", inner,
                             subnet->name, prefix_format(&vpc->ipv6_cidr, outer), vpc->name),
                      ipv6_mark(vpc), "the VPC's IPv6 network");
        for (size_t k = 0; k < i; k++)
            if (is_set(&vpc->subnets[k]->ipv6_cidr) && prefix_overlaps(&vpc->subnets[k]->ipv6_cidr, &subnet->ipv6_cidr))
                elsewhere(broken(rules, subnet->ipv6_mark, "%s of subnet '%s' overlaps that of subnet '%s'", inner,
                                 subnet->name, vpc->subnets[k]->name),
                          vpc->subnets[k]->ipv6_mark.line ? vpc->subnets[k]->ipv6_mark : vpc->subnets[k]->mark,
                          "the other subnet");
    }
}

/* ---- addresses and routes -----------------------------------------------------------------------------------------
 */

/* Whether it is one of the first addresses of the /64, or its last. */
static bool is_reserved(const struct prefix *network, const struct addr *addr)
{
    struct addr last = prefix_last(network);
    for (uint32_t i = 0; i < RESERVED; i++) {
        struct addr own = prefix_host(network, i);
        if (addr_equal(&own, addr))
            return true;
    }
    return addr_equal(&last, addr);
}

static void interface_ipv6(struct rules *rules, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX], cidr[ADDR_TEXT_MAX];
    const struct subnet *subnet = interface->attachment == ATTACH_SUBNET ? interface->subnet : NULL;
    for (size_t i = 0; subnet && i < interface->address_count; i++) {
        const struct addr *addr = &interface->addresses[i].addr;
        if (addr->family != 6)
            continue;
        addr_format(addr, text);
        if (!is_set(&subnet->ipv6_cidr))
            remedy(rules, broken(rules, address_mark(interface, i), "%s: subnet '%s' has no IPv6", text, subnet->name),
                   is_set(&subnet->vpc->ipv6_cidr) ? "its 'ipv6_cidr' is false" : "give the VPC an 'ipv6_cidr'");
        else if (!prefix_contains(&subnet->ipv6_cidr, addr))
            broken(rules, address_mark(interface, i), "%s is not in subnet '%s' (%s)", text, subnet->name,
                   prefix_format(&subnet->ipv6_cidr, cidr));
        else if (is_reserved(&subnet->ipv6_cidr, addr))
            remedy(rules,
                   broken(rules, address_mark(interface, i), "%s is reserved in subnet '%s'", text, subnet->name),
                   "the first four addresses of a subnet and the last are reserved");
    }
}

static void one_route(struct rules *rules, const struct vpc *vpc, const struct vpc_route *route)
{
    char text[ADDR_TEXT_MAX];
    prefix_format(&route->destination, text);
    if (route->destination.addr.family != 6) {
        if (route->target == TARGET_EGRESS_ONLY_GATEWAY)
            remedy(rules, broken(rules, route->mark, "an egress-only gateway is for IPv6, not for %s", text),
                   "IPv4 goes out by a NAT gateway");
        return;
    }
    if (!is_set(&vpc->ipv6_cidr) && vpc->unread)
        return;
    if (!is_set(&vpc->ipv6_cidr))
        remedy(rules, broken(rules, route->mark, "a route to %s, but VPC '%s' has no IPv6", text, vpc->name),
               "give the VPC an 'ipv6_cidr'");
    else if (route->target == TARGET_NAT_GATEWAY)
        remedy(rules, broken(rules, route->mark, "a NAT gateway translates IPv4, not %s", text),
               "IPv6 goes out by an egress_only_gateway, or by the internet_gateway");
}

static void ipv6_of_vpc(struct rules *rules, const struct vpc *vpc)
{
    networks_of_subnets(rules, vpc);
    for (size_t t = 0; t < vpc->route_table_count; t++)
        for (size_t i = 0; i < vpc->route_tables[t]->route_count; i++)
            one_route(rules, vpc, &vpc->route_tables[t]->routes[i]);
}

void check_vpc_ipv6(struct rules *rules)
{
    networks_of_vpcs(rules);
    each_vpc(rules, ipv6_of_vpc);
    each_interface(rules, interface_ipv6);
}

/* ---- the internet -------------------------------------------------------------------------------------------------
 */

void internet_ipv6_address(struct rules *rules, const struct addr *addr, struct mark mark)
{
    static const struct prefix documentation = {{6, {0x20, 0x01, 0x0d, 0xb8}}, 32}; /* RFC 3849 */
    static const struct addr core = {6, {0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, [15] = 1}};
    char text[ADDR_TEXT_MAX];
    addr_format(addr, text);
    if (!prefix_contains(&documentation, addr))
        remedy(rules, broken(rules, mark, "%s is not in a public prefix of the internet", text),
               "the public prefix of IPv6 is 2001:db8::/32");
    else if (addr_equal(addr, &core))
        broken(rules, mark, "%s is taken: it is the gateway of machines on the internet", text);
    for (size_t i = 0; i < rules->topology->vpc_count; i++) {
        const struct vpc *vpc = rules->topology->vpcs[i];
        if (is_set(&vpc->ipv6_cidr) && prefix_contains(&vpc->ipv6_cidr, addr))
            elsewhere(broken(rules, mark, "%s is in VPC '%s'", text, vpc->name), ipv6_mark(vpc), "its IPv6 network");
    }
}
