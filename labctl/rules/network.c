/* Rules of Docker-like networks. */
#include "base/arena.h"
#include "base/str.h"
#include "rules/check.h"

static bool holds(const struct node *node, const struct network *network)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (interface_network(node->interfaces[i]) == network)
            return true;
    return false;
}

/* A node that is in both, be it their host: it could not tell them apart. */
static const struct node *common_node(const struct topology *topology, const struct network *a, const struct network *b)
{
    for (size_t i = 0; i < topology->node_count; i++)
        if (holds(topology->nodes[i], a) && holds(topology->nodes[i], b))
            return topology->nodes[i];
    return NULL;
}

void check_network_overlap(struct rules *rules)
{
    char text[ADDR_TEXT_MAX], other[ADDR_TEXT_MAX];
    const struct topology *topology = rules->topology;
    for (size_t i = 0; i < topology->network_count && !size_of_topology(topology).what; i++)
        for (size_t k = 0; k < i; k++) {
            const struct network *late = topology->networks[i], *early = topology->networks[k];
            if (late->cidr.addr.family != 4 || early->cidr.addr.family != 4 ||
                !prefix_overlaps(&late->cidr, &early->cidr))
                continue;
            const struct node *node = common_node(topology, late, early);
            if (!node)
                continue;
            elsewhere(broken(rules, late->cidr_mark,
                             "network '%s' (%s) overlaps network '%s' (%s), and node '%s' is in both", late->name,
                             prefix_format(&late->cidr, text), early->name, prefix_format(&early->cidr, other),
                             node->name),
                      early->cidr_mark, "the other network");
        }
}

static void network_address(struct rules *rules, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX], cidr[ADDR_TEXT_MAX];
    const struct network *network = interface_network(interface);
    for (size_t i = 0; network && network->cidr.addr.family == 4 && i < interface->address_count; i++) {
        const struct addr *addr = &interface->addresses[i].addr;
        if (addr->family == 4 && !prefix_contains(&network->cidr, addr))
            broken(rules, address_mark(interface, i), "address %s of '%s/%s' is outside network '%s' (%s)",
                   addr_format(addr, text), interface->node->name, interface->name, network->name,
                   prefix_format(&network->cidr, cidr));
    }
}

void check_network_address(struct rules *rules)
{
    each_interface(rules, network_address);
}

/* ---- published ports -------------------------------------------------------------------------------------------- */

static void published_address(struct rules *rules, const struct node *node)
{
    static const struct prefix loopback = {{4, {127}}, 8};
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < node->published_count; i++) {
        const struct addr *addr = &node->published[i].address;
        bool own = !addr_is_set(addr) || prefix_contains(&loopback, addr);
        for (size_t k = 0; k < node->interface_count && !own; k++)
            for (size_t a = 0; a < node->interfaces[k]->address_count && !own; a++)
                own = addr_equal(&node->interfaces[k]->addresses[a].addr, addr);
        if (!own)
            broken(rules, node->published[i].mark, "port %u is published at %s, which is not an address of node '%s'",
                   node->published[i].port, addr_format(addr, text), node->name);
    }
}

void check_published_address(struct rules *rules)
{
    each_node(rules, published_address);
}

static bool meet(const struct addr *a, const struct addr *b)
{
    return !addr_is_set(a) || !addr_is_set(b) || addr_equal(a, b);
}

/* Against earlier ones, services of the node, ports that its `nat` forwards. */
static void published_once(struct rules *rules, const struct node *node, const struct published *published)
{
    static const char format[] = "port %s/%u of node '%s' is taken by %s";
    const char *protocol = protocol_name(published->protocol);
    for (const struct published *early = node->published; early < published; early++)
        if (early->protocol == published->protocol && early->port == published->port &&
            meet(&early->address, &published->address)) {
            elsewhere(broken(rules, published->mark, format, protocol, published->port, node->name,
                             "a port that is published already"),
                      early->mark, "the other one");
            return;
        }
    for (size_t i = 0; i < node->service_count; i++) {
        const struct service *service = node->services[i];
        bool listens = published->protocol == PROTOCOL_TCP ? service_listens_tcp(service->kind)
                                                           : service_listens_udp(service->kind);
        if (listens && service->port == published->port && meet(&service->bind, &published->address))
            elsewhere(broken(rules, published->mark, format, protocol, published->port, node->name,
                             arena_printf(rules->scratch, "service '%s'", service->name)),
                      service->mark, "the service");
    }
    for (size_t i = 0; i < node->nat.forward_count; i++)
        if (node->nat.forwards[i].protocol == published->protocol && node->nat.forwards[i].port == published->port)
            elsewhere(broken(rules, published->mark, format, protocol, published->port, node->name,
                             "a port that 'nat' forwards"),
                      node->nat.forwards[i].mark, "the forward");
}

static void published_twice(struct rules *rules, const struct node *node)
{
    for (size_t i = 0; i < node->published_count; i++)
        published_once(rules, node, &node->published[i]);
}

void check_published_twice(struct rules *rules)
{
    each_node(rules, published_twice);
}
