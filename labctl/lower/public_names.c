/* The name servers of the internet have a namespace of their own, "internet/names", behind one port of the core.
 *
 * All their addresses are its own, each a /32 on lo; which server has which, and what it says, is
 * service/public_names.c. VPC resolvers reach the public resolver over a veth of their own, whatever the VPC's
 * gateways: only what the router itself sends may go that way (a rule for "iif lo"), and only to that address.  Each
 * comes from a link-local address, as VPCs may have the same networks. */
#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "lower/lowering.h"
#include "model/public_names.h"

#define NAME           "internet/names"
#define PRIORITY_NAMES 50
#define WAYS           (64u << 8) /* 169.254.64.0/18 */
static const struct addr first_way = {4, {169, 254, 64, 0}};

void lower_names_namespace(struct lowering *l)
{
    if (!topology_uses_names(l->topology))
        return;
    l->names = add_namespace(l, NAMESPACE_CLOUD, NAME, NAME);
    l->names_mac = lower_mac(NAME);
}

static void own_address(struct lowering *l, const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];
    const char *key = arena_printf(l->scratch, NAME " %s", addr_format(addr, text));
    if (map_get(l->numbers, key))
        return; /* of several zones */
    map_set(l->numbers, key, l);
    add_address(l, l->names, "lo", prefix_of_addr(*addr), NAME);
    struct prefix around = prefix_network((struct prefix){*addr, 24});
    struct plan_route *route = add_unicast(l, l->internet, prefix_of_addr(*addr), 0, &cloud_next_hop, "names", NAME);
    route->onlink = true;
    route->source = prefix_contains(&around, &public_resolver) ? prefix_host(&around, 1) : (struct addr){0};
}

void lower_names(struct lowering *l)
{
    if (l->names == UINT32_MAX)
        return;
    add_link(l, (struct plan_link_end){.ns = l->names, .name = "internet", .mac = l->names_mac},
             (struct plan_link_end){.ns = l->internet, .name = "names", .mac = l->internet_mac}, lower_mtu(l, MTU_WIRE),
             NAME);
    add_neighbour(l, l->names, "internet", cloud_next_hop, l->internet_mac, NAME);
    add_neighbour(l, l->internet, "names", cloud_next_hop, l->names_mac, NAME);
    cloud_port(l, l->internet, "names", false, NAME);
    lower_internet_delay(l, "names", NAME);
    add_sysctl(l, l->names, "net/ipv4/conf/all/rp_filter", "0", NAME);
    cloud_port(l, l->names, "internet", false, NAME);
    struct plan_route *route = add_unicast(l, l->names, prefix_any(4), 0, &cloud_next_hop, "internet", NAME);
    route->onlink = true;
    route->source = public_resolver;
    own_address(l, &public_resolver);
    const struct name_tree *tree = name_tree_build(l->topology, l->scratch);
    for (size_t i = 0; i < tree->zone_count; i++)
        for (size_t a = 0; !tree->zones[i]->delegated && a < tree->zones[i]->address_count; a++)
            own_address(l, &tree->zones[i]->addresses[a]);
}

/* A link-local address for the VPC, a function of its name. */
static struct addr way_address(struct lowering *l, const char *origin)
{
    char text[ADDR_TEXT_MAX];
    uint32_t place = (uint32_t)(lower_hash(origin) % (WAYS - 2)) + 1;
    for (;;) {
        struct addr addr = addr_from_ipv4(addr_ipv4(&first_way) + place);
        const char *key = arena_printf(l->scratch, NAME " %s", addr_format(&addr, text));
        if (!map_get(l->numbers, key)) {
            map_set(l->numbers, key, l);
            return addr;
        }
        place = place % (WAYS - 2) + 1;
    }
}

void lower_names_way(struct lowering *l, const struct router *router)
{
    struct addr own = way_address(l, router->origin);
    struct prefix resolver = prefix_of_addr(public_resolver);
    const char *far = lower_device(l, l->names, arena_printf(l->scratch, "vpc-%s", router->vpc->name));
    uint32_t table = lower_number(l, arena_printf(l->scratch, "%s/names", router->origin));
    add_link(l, (struct plan_link_end){.ns = router->ns, .name = "names", .mac = router->mac},
             (struct plan_link_end){.ns = l->names, .name = far, .mac = l->names_mac}, lower_mtu(l, MTU_WIRE),
             router->origin);
    add_neighbour(l, router->ns, "names", cloud_next_hop, l->names_mac, router->origin);
    add_neighbour(l, l->names, far, cloud_next_hop, router->mac, router->origin);
    add_address(l, router->ns, "names", prefix_of_addr(own), router->origin);
    cloud_port(l, router->ns, "names", false, router->origin);
    cloud_port(l, l->names, far, false, router->origin);
    struct plan_route *out = add_unicast(l, router->ns, resolver, table, &cloud_next_hop, "names", router->origin);
    out->onlink = true;
    out->source = own;
    add_rule(l, router->ns, PRIORITY_NAMES, 0, &resolver, table, router->origin)->input_interface = "lo";
    add_unicast(l, l->names, prefix_of_addr(own), 0, &cloud_next_hop, far, router->origin)->onlink = true;
}
