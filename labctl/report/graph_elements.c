/* A topology as vertices, clusters and edges. */
#include "report/graph_elements.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "report/graph_members.h"

/* While collecting: where things have become vertices and clusters.  Maps hold index + 1. */
struct collector {
    struct elements *out;
    struct map *vertices, *clusters;
};

static size_t add_vertex(struct collector *collector, const char *id, const char *label, enum vertex_shape shape,
                         size_t cluster)
{
    struct elements *out = collector->out;
    *ARENA_PUSH(out->arena, out->vertices, out->vertex_count) = (struct vertex){id, label, shape, cluster};
    map_set(collector->vertices, id, (void *)(uintptr_t)out->vertex_count);
    return out->vertex_count - 1;
}

static size_t add_cluster(struct collector *collector, const char *id, const char *label, size_t parent)
{
    struct elements *out = collector->out;
    *ARENA_PUSH(out->arena, out->clusters, out->cluster_count) = (struct cluster){id, label, parent};
    map_set(collector->clusters, id, (void *)(uintptr_t)out->cluster_count);
    return out->cluster_count - 1;
}

static void add_edge(struct collector *collector, size_t from, size_t to, const char *label)
{
    struct elements *out = collector->out;
    *ARENA_PUSH(out->arena, out->edges, out->edge_count) = (struct edge){NULL, from, to, label, "", ""};
}

static size_t index_of(const struct map *map, const char *id)
{
    return (size_t)(uintptr_t)map_get(map, id) - 1; /* CLUSTER_NONE where absent */
}

static const char *subnet_id(const struct subnet *subnet, struct arena *arena)
{
    return arena_printf(arena, "vpc/%s/subnet/%s", subnet->vpc->name, subnet->name);
}

static void add_vpc(struct collector *collector, const struct vpc *vpc)
{
    struct arena *arena = collector->out->arena;
    char address[ADDR_TEXT_MAX], public[ADDR_TEXT_MAX];
    const char *id = arena_printf(arena, "vpc/%s", vpc->name);
    size_t outer = add_cluster(
        collector, id, arena_printf(arena, "vpc %s %s", vpc->name, prefix_format(&vpc->cidr, address)), CLUSTER_NONE);
    size_t gateway = CLUSTER_NONE;
    if (vpc->internet_gateway) {
        gateway = add_vertex(collector, arena_printf(arena, "%s/internet_gateway", id), "internet gateway",
                             VERTEX_GATEWAY, outer);
        add_edge(collector, index_of(collector->vertices, "internet"), gateway, "");
    }
    for (size_t i = 0; i < vpc->subnet_count; i++)
        add_cluster(collector, subnet_id(vpc->subnets[i], arena), graph_subnet_title(vpc->subnets[i], arena), outer);
    for (size_t i = 0; i < vpc->nat_gateway_count; i++) {
        const struct nat_gateway *nat = vpc->nat_gateways[i];
        const char *label = arena_printf(arena, "nat gateway %s\n%s", nat->name, addr_format(&nat->address, address));
        if (addr_is_set(&nat->public_ip))
            label = arena_printf(arena, "%s = %s", label, addr_format(&nat->public_ip, public));
        size_t home = nat->subnet ? index_of(collector->clusters, subnet_id(nat->subnet, arena)) : outer;
        size_t vertex =
            add_vertex(collector, arena_printf(arena, "%s/nat_gateway/%s", id, nat->name), label, VERTEX_GATEWAY, home);
        if (gateway != CLUSTER_NONE)
            add_edge(collector, vertex, gateway, "");
    }
}

/* The point at which a VPC is connected with others. */
static size_t vpc_vertex(struct collector *collector, const struct vpc *vpc)
{
    const char *id = arena_printf(collector->out->arena, "vpc/%s", vpc->name);
    size_t vertex = index_of(collector->vertices, id);
    return vertex != CLUSTER_NONE ? vertex
                                  : add_vertex(collector, id, "", VERTEX_ATTACHMENT, index_of(collector->clusters, id));
}

static void add_connections(struct collector *collector, const struct topology *topology)
{
    struct arena *arena = collector->out->arena;
    for (size_t i = 0; i < topology->peering_count; i++) {
        const struct peering *peering = topology->peerings[i];
        if (!peering->vpcs[0] || !peering->vpcs[1])
            continue;
        add_edge(collector, vpc_vertex(collector, peering->vpcs[0]), vpc_vertex(collector, peering->vpcs[1]),
                 arena_printf(arena, "peering %s", peering->name));
        collector->out->edges[collector->out->edge_count - 1].id = arena_printf(arena, "peering/%s", peering->name);
    }
    for (size_t i = 0; i < topology->transit_gateway_count; i++) {
        const struct transit_gateway *gateway = topology->transit_gateways[i];
        size_t vertex =
            add_vertex(collector, arena_printf(arena, "transit_gateway/%s", gateway->name),
                       arena_printf(arena, "transit gateway %s", gateway->name), VERTEX_GATEWAY, CLUSTER_NONE);
        for (size_t k = 0; k < gateway->attachment_count; k++) {
            const struct vpc *vpc = gateway->attachments[k].vpc;
            const struct transit_table *table = vpc ? transit_gateway_table_of(gateway, vpc) : NULL;
            if (vpc)
                add_edge(collector, vpc_vertex(collector, vpc), vertex,
                         table && gateway->tables_declared ? arena_printf(arena, "route table %s", table->name) : "");
        }
    }
}

/* An interface endpoint stands in each of its subnets, a gateway endpoint in the VPC. */
static void add_endpoint(struct collector *collector, const struct endpoint *endpoint)
{
    struct arena *arena = collector->out->arena;
    const char *vpc = arena_printf(arena, "vpc/%s", endpoint->vpc->name);
    if (!endpoint->service)
        return;
    size_t service = index_of(collector->vertices, arena_printf(arena, "service/%s", endpoint->service->name));
    if (endpoint->type == ENDPOINT_GATEWAY)
        add_edge(collector,
                 add_vertex(collector, arena_printf(arena, "%s/endpoint/%s", vpc, endpoint->name),
                            arena_printf(arena, "endpoint %s", endpoint->name), VERTEX_GATEWAY,
                            index_of(collector->clusters, vpc)),
                 service, "");
    for (size_t i = 0; i < endpoint->interface_count; i++) {
        const struct interface *interface = endpoint->interfaces[i];
        add_edge(collector,
                 add_vertex(collector, interface->name,
                            arena_printf(arena, "endpoint %s\n%s", endpoint->name, graph_addresses(interface, arena)),
                            VERTEX_GATEWAY, index_of(collector->clusters, subnet_id(interface->subnet, arena))),
                 service, "");
    }
}

static void add_cloud_services(struct collector *collector, const struct topology *topology)
{
    struct arena *arena = collector->out->arena;
    for (size_t i = 0; i < topology->cloud_service_count; i++) {
        const struct cloud_service *service = topology->cloud_services[i];
        size_t vertex = add_vertex(collector, arena_printf(arena, "service/%s", service->name),
                                   arena_printf(arena, "service %s:%u", service->name, service->port), VERTEX_GATEWAY,
                                   CLUSTER_NONE);
        for (size_t k = 0; k < service->target_count; k++)
            if (service->targets[k].interface)
                add_edge(collector, vertex,
                         index_of(collector->vertices,
                                  arena_printf(arena, "node/%s", service->targets[k].interface->node->name)),
                         "");
    }
    for (size_t i = 0; i < topology->vpc_count; i++)
        for (size_t k = 0; k < topology->vpcs[i]->endpoint_count; k++)
            add_endpoint(collector, topology->vpcs[i]->endpoints[k]);
}

/* A node stands in the first subnet that it is attached to. */
static const struct interface *home_of(const struct node *node)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (node->interfaces[i]->attachment == ATTACH_SUBNET)
            return node->interfaces[i];
    return NULL;
}

static void add_node(struct collector *collector, const struct node *node)
{
    struct arena *arena = collector->out->arena;
    const struct interface *home = home_of(node);
    const char *label = node->name, *services = graph_services(node, arena);
    if (home)
        label = arena_printf(arena, "%s\n%s", label, graph_addresses(home, arena));
    if (*services)
        label = arena_printf(arena, "%s\n%s", label, services);
    for (size_t i = 0; i < node->published_count; i++)
        label = arena_printf(arena, "%s\n%s", label, graph_published(&node->published[i], arena));
    add_vertex(collector, arena_printf(arena, "node/%s", node->name), label,
               node->forwarding ? VERTEX_ROUTER : VERTEX_NODE,
               home ? index_of(collector->clusters, subnet_id(home->subnet, arena)) : CLUSTER_NONE);
}

static const char *bridge_id(const struct bridge *bridge, struct arena *arena)
{
    return arena_printf(arena, "%s/%s", bridge_kind(bridge), bridge->name);
}

static void add_bridge(struct collector *collector, const struct bridge *bridge)
{
    struct arena *arena = collector->out->arena;
    char text[ADDR_TEXT_MAX];
    const char *label = bridge->network == NULL ? arena_printf(arena, "bridge %s%s", bridge->name,
                                                               bridge->vxlan            ? "\nVXLAN"
                                                               : bridge->vlan_filtering ? "\nVLANs"
                                                                                        : "")
                                                : arena_printf(arena, "network %s\n%s%s", bridge->name,
                                                               prefix_format(&bridge->network->cidr, text),
                                                               bridge->network->internal ? ", internal" : "");
    add_vertex(collector, bridge_id(bridge, arena), label, VERTEX_BRIDGE, CLUSTER_NONE);
}

/* The vertex by which a segment is reached: for a second subnet of a node, a point in the subnet's cluster. */
static size_t segment_vertex(struct collector *collector, const struct interface *interface)
{
    struct arena *arena = collector->out->arena;
    if (interface->attachment == ATTACH_INTERNET)
        return index_of(collector->vertices, "internet");
    if (interface->attachment == ATTACH_BRIDGE)
        return index_of(collector->vertices, bridge_id(interface->bridge, arena));
    const char *id = subnet_id(interface->subnet, arena);
    size_t vertex = index_of(collector->vertices, id);
    return vertex != CLUSTER_NONE ? vertex
                                  : add_vertex(collector, id, "", VERTEX_ANCHOR, index_of(collector->clusters, id));
}

static void add_attachments(struct collector *collector, const struct node *node)
{
    struct arena *arena = collector->out->arena;
    const struct interface *home = home_of(node);
    size_t vertex = index_of(collector->vertices, arena_printf(arena, "node/%s", node->name));
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        if (interface == home || interface->attachment == ATTACH_NONE || interface->attachment == ATTACH_LINK ||
            (interface->attachment == ATTACH_BRIDGE && interface->bridge->vlan_of_link)) /* drawn with the link */
            continue;
        const char *label = graph_addresses(interface, arena);
        if (node->interface_count > 1)
            label = arena_printf(arena, "%s %s", interface->name, label);
        add_edge(collector, vertex, segment_vertex(collector, interface), label);
    }
}

static void add_link(struct collector *collector, const struct link *link)
{
    struct arena *arena = collector->out->arena;
    if (link->end_count < 2)
        return;
    const char *properties = graph_link_properties(link, arena);
    size_t ends[2];
    for (size_t i = 0; i < 2; i++)
        ends[i] = index_of(collector->vertices, arena_printf(arena, "node/%s", link->ends[i]->node->name));
    add_edge(collector, ends[0], ends[1],
             *properties ? arena_printf(arena, "%s\n%s", link->name, properties) : arena_strdup(arena, link->name));
    struct edge *edge = &collector->out->edges[collector->out->edge_count - 1];
    edge->id = arena_printf(arena, "link/%s", link->name);
    edge->from_label = graph_addresses(link->ends[0], arena);
    edge->to_label = graph_addresses(link->ends[1], arena);
}

void elements_of(const struct topology *topology, struct elements *out, struct arena *arena)
{
    *out = (struct elements){.arena = arena};
    struct collector collector = {.out = out, .vertices = map_new(arena), .clusters = map_new(arena)};
    if (topology_uses_internet(topology))
        add_vertex(&collector, "internet", "internet", VERTEX_INTERNET, CLUSTER_NONE);
    for (size_t i = 0; i < topology->vpc_count; i++)
        add_vpc(&collector, topology->vpcs[i]);
    for (size_t i = 0; i < topology->bridge_count; i++)
        add_bridge(&collector, topology->bridges[i]);
    for (size_t i = 0; i < topology->node_count; i++)
        add_node(&collector, topology->nodes[i]);
    for (size_t i = 0; i < topology->node_count; i++)
        add_attachments(&collector, topology->nodes[i]);
    for (size_t i = 0; i < topology->link_count; i++)
        add_link(&collector, topology->links[i]);
    add_connections(&collector, topology);
    add_cloud_services(&collector, topology);
}

void elements_indent(struct str *out, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        str_append(out, "  ");
}

/* What stands in one cluster: vertices first, then the clusters in it. */
static void write_inside(const struct elements *elements, size_t cluster, unsigned depth,
                         const struct element_writer *writer, struct str *out)
{
    for (size_t i = 0; i < elements->vertex_count; i++) {
        if (elements->vertices[i].cluster != cluster)
            continue;
        elements_indent(out, depth);
        writer->vertex(elements, i, out);
    }
    for (size_t i = 0; i < elements->cluster_count; i++) {
        if (elements->clusters[i].parent != cluster)
            continue;
        elements_indent(out, depth);
        writer->open(elements, i, depth, out);
        write_inside(elements, i, depth + 1, writer, out);
        elements_indent(out, depth);
        str_append(out, writer->close);
    }
}

void elements_write(const struct elements *elements, const struct element_writer *writer, struct str *out)
{
    write_inside(elements, CLUSTER_NONE, 1, writer, out);
}
