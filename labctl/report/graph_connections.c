/* What connects VPCs, as lines and boxes. */
#include "report/graph_connections.h"

#include "base/arena.h"
#include "base/str.h"
#include "report/block.h"
#include "report/graph_members.h"

static void add_peerings(struct block *block, const struct topology *topology, const struct vpc *vpc)
{
    for (size_t i = 0; i < topology->peering_count; i++) {
        const struct peering *peering = topology->peerings[i];
        bool first = peering->vpcs[0] == vpc;
        if ((first || peering->vpcs[1] == vpc) && peering->vpcs[first])
            block_add(block, "(peering %s)  with vpc %s", peering->name, peering->vpcs[first]->name);
    }
}

void graph_vpc_connections(struct block *block, const struct topology *topology, const struct vpc *vpc)
{
    add_peerings(block, topology, vpc);
    for (size_t i = 0; i < topology->transit_gateway_count; i++)
        if (transit_gateway_attaches(topology->transit_gateways[i], vpc))
            block_add(block, "(transit gateway %s)", topology->transit_gateways[i]->name);
    for (size_t i = 0; i < vpc->endpoint_count; i++) {
        const struct endpoint *endpoint = vpc->endpoints[i];
        if (endpoint->type != ENDPOINT_GATEWAY || !endpoint->service)
            continue;
        STR_AUTO tables = STR_INIT;
        for (size_t k = 0; k < endpoint->route_table_count; k++)
            str_printf(&tables, "%s%s", k > 0 ? ", " : "", endpoint->route_tables[k]->name);
        block_add(block, "(endpoint %s)  to service %s by route table %s", endpoint->name, endpoint->service->name,
                  tables.length > 0 ? str_text(&tables) : "none");
    }
}

void graph_subnet_endpoints(struct block *block, const struct topology *topology, const struct subnet *subnet)
{
    for (size_t i = 0; i < subnet->vpc->endpoint_count; i++) {
        const struct endpoint *endpoint = subnet->vpc->endpoints[i];
        for (size_t k = 0; endpoint->service && k < endpoint->interface_count; k++)
            if (endpoint->interfaces[k]->subnet == subnet)
                block_add(block, "(endpoint %s)  %s  to service %s", endpoint->name,
                          graph_addresses(endpoint->interfaces[k], block->arena), endpoint->service->name);
    }
    for (size_t i = 0; i < topology->cloud_service_count; i++) {
        const struct cloud_service *service = topology->cloud_services[i];
        for (size_t k = 0; k < service->interface_count; k++)
            if (service->interfaces[k]->subnet == subnet)
                block_add(block, "(service %s)  %s", service->name,
                          graph_addresses(service->interfaces[k], block->arena));
    }
}

struct block *graph_transit_gateway(const struct transit_gateway *gateway, struct arena *arena)
{
    struct block *inside = block_new(arena);
    char text[ADDR_TEXT_MAX];
    for (size_t t = 0; t < gateway->route_table_count; t++) {
        const struct transit_table *table = gateway->route_tables[t];
        struct transit_route *routes;
        size_t count = transit_table_routes(table, arena, &routes);
        STR_AUTO from = STR_INIT;
        for (size_t i = 0; i < table->association_count; i++)
            str_printf(&from, "%s%s", i > 0 ? ", " : "",
                       table->associations[i].vpc ? table->associations[i].vpc->name : "?");
        block_add(inside, "route table %s, from %s", table->name, from.length > 0 ? str_text(&from) : "nobody");
        for (size_t i = 0; i < count; i++)
            block_add(inside, "  %s -> %s%s", prefix_format(&routes[i].destination, text),
                      routes[i].vpc ? arena_printf(arena, "vpc %s", routes[i].vpc->name) : "blackhole",
                      i < table->route_count ? " (static)" : "");
    }
    return block_frame(inside, arena_printf(arena, "transit gateway %s", gateway->name), 0);
}

struct block *graph_cloud_services(const struct topology *topology, struct arena *arena)
{
    struct block *inside = block_new(arena);
    for (size_t i = 0; i < topology->cloud_service_count; i++) {
        const struct cloud_service *service = topology->cloud_services[i];
        STR_AUTO nodes = STR_INIT;
        for (size_t k = 0; k < service->target_count; k++)
            if (service->targets[k].interface)
                str_printf(&nodes, "%s%s", nodes.length > 0 ? ", " : "",
                           graph_interface_name(service->targets[k].interface, arena));
        block_add(inside, "%s:%u  by %s", service->name, service->port, nodes.length > 0 ? str_text(&nodes) : "nobody");
    }
    return block_frame(inside, "services", 0);
}
