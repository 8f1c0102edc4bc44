/* What connects VPCs, as `labctl inspect` shows it (shape: labctl(1)). */
#include "base/addr.h"
#include "base/arena.h"
#include "base/str.h"
#include "director/internal.h"
#include "model/topology.h"

static json_t *address_or_null(const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];
    return addr_is_set(addr) ? json_string(addr_format(addr, text)) : json_null();
}

static json_t *first_address(const struct interface *interface)
{
    return interface->address_count > 0 ? address_or_null(&interface->addresses[0].addr) : json_null();
}

json_t *endpoints_json(const struct vpc *vpc)
{
    json_t *endpoints = json_array();
    for (size_t i = 0; i < vpc->endpoint_count; i++) {
        const struct endpoint *endpoint = vpc->endpoints[i];
        json_t *tables = json_array(), *interfaces = json_array();
        for (size_t k = 0; k < endpoint->route_table_count; k++)
            json_array_append_new(tables, json_string(endpoint->route_tables[k]->name));
        for (size_t k = 0; k < endpoint->interface_count; k++)
            json_array_append_new(interfaces, json_pack("{s:s, s:o}", "subnet", endpoint->interfaces[k]->subnet->name,
                                                        "address", first_address(endpoint->interfaces[k])));
        json_array_append_new(endpoints, json_pack("{s:s, s:s, s:s, s:o, s:o, s:b}", "name", endpoint->name, "type",
                                                   endpoint_type_name(endpoint->type), "service",
                                                   endpoint->service->name, "route_tables", tables, "interfaces",
                                                   interfaces, "private_dns", endpoint->private_dns));
    }
    return endpoints;
}

static json_t *peerings_json(const struct topology *topology)
{
    json_t *peerings = json_array();
    for (size_t i = 0; i < topology->peering_count; i++) {
        const struct peering *peering = topology->peerings[i];
        json_array_append_new(peerings, json_pack("{s:s, s:[s,s], s:b}", "name", peering->name, "between",
                                                  peering->vpcs[0]->name, peering->vpcs[1]->name, "dns", peering->dns));
    }
    return peerings;
}

static json_t *attachments_json(const struct transit_attachment *attachments, size_t count)
{
    json_t *names = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(names, json_string(attachments[i].vpc->name));
    return names;
}

/* The routes in force, propagated ones as well. */
static json_t *transit_table_json(const struct transit_table *table)
{
    ARENA_AUTO arena = arena_new();
    char text[ADDR_TEXT_MAX];
    json_t *list = json_array();
    struct transit_route *routes;
    size_t count = transit_table_routes(table, arena, &routes);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:b}", "destination", prefix_format(&routes[i].destination, text), "target",
                            routes[i].vpc ? arena_printf(arena, "vpc/%s", routes[i].vpc->name) : "blackhole",
                            "propagated", i >= table->route_count));
    return json_pack("{s:s, s:o, s:o, s:o}", "name", table->name, "associations",
                     attachments_json(table->associations, table->association_count), "propagations",
                     attachments_json(table->propagations, table->propagation_count), "routes", list);
}

static json_t *transit_gateways_json(const struct topology *topology)
{
    json_t *gateways = json_array();
    for (size_t i = 0; i < topology->transit_gateway_count; i++) {
        const struct transit_gateway *gateway = topology->transit_gateways[i];
        json_t *tables = json_array();
        for (size_t t = 0; t < gateway->route_table_count; t++)
            json_array_append_new(tables, transit_table_json(gateway->route_tables[t]));
        json_array_append_new(gateways, json_pack("{s:s, s:o, s:o}", "name", gateway->name, "attachments",
                                                  attachments_json(gateway->attachments, gateway->attachment_count),
                                                  "route_tables", tables));
    }
    return gateways;
}

static json_t *cloud_services_json(const struct topology *topology)
{
    json_t *services = json_array();
    for (size_t i = 0; i < topology->cloud_service_count; i++) {
        const struct cloud_service *service = topology->cloud_services[i];
        json_t *nodes = json_array(), *addresses = json_array();
        for (size_t k = 0; k < service->target_count; k++)
            json_array_append_new(nodes, json_string(service->targets[k].interface->node->name));
        for (size_t k = 0; k < service->interface_count; k++)
            json_array_append_new(addresses, first_address(service->interfaces[k]));
        json_array_append_new(services, json_pack("{s:s, s:i, s:o, s:o}", "name", service->name, "port", service->port,
                                                  "nodes", nodes, "addresses", addresses));
    }
    return services;
}

void inspect_connections(const struct topology *topology, json_t *reply)
{
    json_object_set_new(reply, "peerings", peerings_json(topology));
    json_object_set_new(reply, "transit_gateways", transit_gateways_json(topology));
    json_object_set_new(reply, "services", cloud_services_json(topology));
}
