/* Look-ups by name. */
#include "model/topology.h"

#include <string.h>

#include "base/map.h"
#include "base/table.h"
#include "model/public_names.h"

struct node *topology_node(const struct topology *topology, const char *name)
{
    return topology->node_by_name != NULL ? map_get(topology->node_by_name, name) : NULL;
}

struct vpc *topology_vpc(const struct topology *topology, const char *name)
{
    return topology->vpc_by_name != NULL ? map_get(topology->vpc_by_name, name) : NULL;
}

struct bridge *topology_bridge(const struct topology *topology, const char *name)
{
    return topology->bridge_by_name != NULL ? map_get(topology->bridge_by_name, name) : NULL;
}

struct link *topology_link(const struct topology *topology, const char *name)
{
    return topology->link_by_name != NULL ? map_get(topology->link_by_name, name) : NULL;
}

/* The thing of that name in a short array of pointers to things. */
#define FIND(array, count, wanted)                                                                                     \
    do {                                                                                                               \
        for (size_t i = 0; i < (count); i++)                                                                           \
            if (strcmp((array)[i]->name, (wanted)) == 0)                                                               \
                return (array)[i];                                                                                     \
        return NULL;                                                                                                   \
    } while (0)

struct interface *node_interface(const struct node *node, const char *name)
{
    FIND(node->interfaces, node->interface_count, name);
}

bool node_declares_default(const struct node *node, unsigned family)
{
    for (size_t i = 0; i < node->route_count; i++) {
        const struct node_route *route = &node->routes[i];
        if (route->destination.length == 0 && route->destination.addr.family == family &&
            (route->table == 0 || route->table == 254 /* main */))
            return true;
    }
    for (size_t i = 0; i < node->interface_count; i++)
        if (node->interfaces[i]->gateway.family == family && node->interfaces[i]->gateway_mark.line != 0)
            return true;
    return false;
}

struct service *node_service(const struct node *node, const char *name)
{
    FIND(node->services, node->service_count, name);
}

struct subnet *vpc_subnet(const struct vpc *vpc, const char *name)
{
    FIND(vpc->subnets, vpc->subnet_count, name);
}

struct route_table *vpc_route_table(const struct vpc *vpc, const char *name)
{
    FIND(vpc->route_tables, vpc->route_table_count, name);
}

struct nat_gateway *vpc_nat_gateway(const struct vpc *vpc, const char *name)
{
    FIND(vpc->nat_gateways, vpc->nat_gateway_count, name);
}

struct security_group *vpc_security_group(const struct vpc *vpc, const char *name)
{
    FIND(vpc->security_groups, vpc->security_group_count, name);
}

struct network_acl *vpc_network_acl(const struct vpc *vpc, const char *name)
{
    FIND(vpc->network_acls, vpc->network_acl_count, name);
}

struct prefix_list *vpc_prefix_list(const struct vpc *vpc, const char *name)
{
    FIND(vpc->prefix_lists, vpc->prefix_list_count, name);
}

const struct addr internet_ipv6_core = {
    6,
    {0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, [15] = 1}}; /* 2001:db8:ffff::1 (RFC 3849) */

struct addr interface_ipv6_router(const struct interface *interface)
{
    bool has = false;
    for (size_t i = 0; i < interface->address_count; i++)
        has = has || interface->addresses[i].addr.family == 6;
    if (has && interface->attachment == ATTACH_INTERNET)
        return internet_ipv6_core;
    if (has && interface->attachment == ATTACH_SUBNET && addr_is_set(&interface->subnet->ipv6_cidr.addr))
        return prefix_host(&interface->subnet->ipv6_cidr, 1);
    return (struct addr){0};
}

uint32_t gateway_metric(unsigned family, uint32_t n)
{
    uint32_t standby = 100 + (family == 6 ? IPV6_METRIC : 0);
    return n == 0 ? 0 : standby + n - 1;
}

bool vpc_has_ipv6(const struct vpc *vpc)
{
    return addr_is_set(&vpc->ipv6_cidr.addr);
}

enum route_target_kind subnet_ipv6_gateway(const struct subnet *subnet)
{
    enum route_target_kind found = TARGET_BLACKHOLE;
    const struct route_table *table = subnet->route_table;
    for (size_t i = 0; table && i < table->route_count; i++) {
        const struct vpc_route *route = &table->routes[i];
        if (route->destination.addr.family != 6 ||
            (route->target != TARGET_INTERNET_GATEWAY && route->target != TARGET_EGRESS_ONLY_GATEWAY))
            continue;
        if (found == TARGET_BLACKHOLE || route->destination.length == 0)
            found = route->target;
    }
    if (found == TARGET_INTERNET_GATEWAY ? !subnet->vpc->internet_gateway : !subnet->vpc->egress_only_gateway)
        return TARGET_BLACKHOLE;
    return found;
}

size_t vpc_network_count(const struct vpc *vpc)
{
    return 1 + vpc->cidr_count + (vpc_has_ipv6(vpc) ? 1 : 0);
}

struct prefix vpc_network(const struct vpc *vpc, size_t i)
{
    if (i == 0)
        return vpc->cidr;
    return i <= vpc->cidr_count ? vpc->cidrs[i - 1] : vpc->ipv6_cidr;
}

struct mark vpc_network_mark(const struct vpc *vpc, size_t i)
{
    if (i == 0)
        return vpc->cidr_mark;
    if (i <= vpc->cidr_count)
        return vpc->cidr_marks[i - 1];
    return vpc->ipv6_mark.line ? vpc->ipv6_mark : vpc->mark;
}

bool vpc_covers(const struct vpc *vpc, const struct prefix *network)
{
    for (size_t i = 0; i < vpc_network_count(vpc); i++) {
        struct prefix own = vpc_network(vpc, i);
        if (own.addr.family != 0 && prefix_covers(&own, network))
            return true;
    }
    return false;
}

bool vpc_has(const struct vpc *vpc, const struct addr *addr)
{
    struct prefix whole = prefix_of_addr(*addr);
    return vpc_covers(vpc, &whole);
}

const char *node_congestion_control(const struct topology *topology, const struct node *node)
{
    for (size_t i = 0; i < node->sysctl_count; i++)
        if (strcmp(node->sysctls[i].key, "net.ipv4.tcp_congestion_control") == 0)
            return node->sysctls[i].value;
    return topology->defaults.congestion_control ? topology->defaults.congestion_control : "cubic";
}

uint32_t default_mtu(const struct defaults *defaults, enum mtu_scope scope)
{
    static const uint16_t mtus[] = {[MTU_WIRE] = 1500, [MTU_VPC] = 9001, [MTU_TRANSIT_GATEWAY] = 8500};
    _Static_assert(ARRAY_SIZE(mtus) == MTU_SCOPE_COUNT, "an MTU for each scope");
    return defaults->mtu ? defaults->mtu : mtus[scope];
}

uint32_t interface_mtu(const struct topology *topology, const struct interface *interface)
{
    uint32_t mtu = interface->mtu;
    if (mtu == 0 && interface->parent != NULL)
        return interface_mtu(topology, interface->parent);
    if (mtu == 0 && interface->attachment == ATTACH_BRIDGE && interface->bridge != NULL && interface->bridge->vxlan)
        return vxlan_mtu(topology, interface->bridge);
    if (mtu == 0 && interface->attachment == ATTACH_BRIDGE && interface->bridge != NULL)
        mtu = interface->bridge->mtu;
    if (mtu == 0 && interface->attachment == ATTACH_LINK && interface->link != NULL)
        mtu = interface->link->mtu;
    return mtu ? mtu : default_mtu(&topology->defaults, interface->attachment == ATTACH_SUBNET ? MTU_VPC : MTU_WIRE);
}

bool topology_uses_ipv6(const struct topology *topology)
{
    for (size_t i = 0; i < topology->vpc_count; i++)
        if (vpc_has_ipv6(topology->vpcs[i]))
            return true;
    return false;
}

bool topology_uses_internet(const struct topology *topology)
{
    if (topology_uses_names(topology))
        return true;
    for (size_t i = 0; i < topology->vpc_count; i++)
        if (topology->vpcs[i]->internet_gateway || topology->vpcs[i]->egress_only_gateway)
            return true;
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t j = 0; j < topology->nodes[i]->interface_count; j++)
            if (topology->nodes[i]->interfaces[j]->attachment == ATTACH_INTERNET)
                return true;
    return false;
}
