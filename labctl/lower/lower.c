/* The run of lowering: namespaces first, then what connects them, then what is in them.
 *
 * Every thing of the topology is visited a constant number of times.  The places of interfaces and the members of
 * segments are noted on the way (struct port, struct segment), so that what concerns a whole wire (permanent
 * neighbours, security groups, address translation) is made after all nodes, from those lists. */
#include "lower/lower.h"

#include "base/arena.h"
#include "base/map.h"
#include "lower/lowering.h"

uint32_t lower_mtu(const struct lowering *l, enum mtu_scope scope)
{
    return default_mtu(&l->topology->defaults, scope);
}

struct router *router_of(const struct lowering *l, const struct vpc *vpc)
{
    return pointers_get(l->vpcs, vpc);
}

static size_t interface_total(const struct topology *topology)
{
    size_t total = 0;
    for (size_t i = 0; i < topology->node_count; i++)
        total += topology->nodes[i]->interface_count;
    return total;
}

static void namespaces(struct lowering *l)
{
    const struct topology *topology = l->topology;
    lower_internet_namespace(l);
    lower_names_namespace(l);
    lower_vpc_namespaces(l);
    lower_peering_ports(l);
    lower_transit_namespaces(l);
    lower_endpoint_namespaces(l);
    lower_gateway_endpoint_ports(l);
    l->first_node = (uint32_t)l->plan->namespace_count;
    for (size_t i = 0; i < topology->node_count; i++) {
        const char *name = topology->nodes[i]->name;
        add_namespace(l, NAMESPACE_NODE, name, arena_printf(l->scratch, "node/%s", name));
    }
}

static void lower_all(struct lowering *l)
{
    const struct topology *topology = l->topology;
    namespaces(l);
    lower_segments(l);
    lower_bridges(l);
    lower_links(l);
    for (size_t i = 0; i < topology->node_count; i++)
        lower_interfaces(l, topology->nodes[i], l->first_node + (uint32_t)i);
    for (size_t i = 0; i < topology->node_count; i++)
        lower_node(l, topology->nodes[i], l->first_node + (uint32_t)i);
    lower_endpoints(l);
    lower_link_impairments(l);
    lower_neighbours(l);
    lower_hosts(l);
    for (size_t i = 0; i < topology->vpc_count; i++)
        lower_vpc(l, &l->routers[i]);
    lower_peerings(l);
    lower_transit_gateways(l);
    lower_gateway_endpoints(l);
    lower_internet(l);
    lower_names(l);
}

int lower_topology(const struct topology *topology, struct plan **out, struct error *err)
{
    ARENA_AUTO scratch = arena_new();
    struct lowering l = {
        .topology = topology, .scratch = scratch, .internet = UINT32_MAX, .names = UINT32_MAX, .err = err};
    l.plan = plan_new(topology->name);
    l.arena = l.plan->arena;
    l.ports = pointers_new(scratch, interface_total(topology));
    l.vpcs = pointers_new(scratch, topology->vpc_count);
    l.devices = map_new(scratch);
    l.numbers = map_new(scratch);
    lower_all(&l);
    *out = l.plan;
    return 0;
}
