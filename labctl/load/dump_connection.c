/* Canonical YAML of what connects VPCs. */
#include "load/dump.h"

static const char *vpc_name(const struct vpc *vpc)
{
    return vpc != NULL ? vpc->name : "?";
}

static void dump_peerings(struct yaml *yaml, const struct topology *topology)
{
    if (topology->peering_count == 0)
        return;
    yaml_key(yaml, "peerings");
    yaml_map(yaml);
    for (size_t i = 0; i < topology->peering_count; i++) {
        const struct peering *peering = topology->peerings[i];
        yaml_key(yaml, peering->name);
        yaml_map(yaml);
        yaml_key(yaml, "between");
        yaml_flow_list(yaml);
        for (size_t k = 0; k < 2; k++)
            yaml_text(yaml, vpc_name(peering->vpcs[k]));
        yaml_list_end(yaml);
        if (peering->dns)
            yaml_boolean_member(yaml, "dns", true);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_attachments(struct yaml *yaml, const char *key, const struct transit_attachment *attachments,
                             size_t count)
{
    yaml_key(yaml, key);
    yaml_flow_list(yaml);
    for (size_t i = 0; i < count; i++)
        yaml_text(yaml, vpc_name(attachments[i].vpc));
    yaml_list_end(yaml);
}

/* "blackhole" alone is no VPC of that name. */
static void dump_transit_target(struct yaml *yaml, const struct transit_route *route)
{
    yaml_key(yaml, "target");
    if (route->vpc == NULL)
        yaml_text(yaml, "blackhole");
    else
        yaml_plain(yaml, "vpc/%s", route->vpc->name);
}

static void dump_transit_table(struct yaml *yaml, const struct transit_table *table)
{
    yaml_key(yaml, table->name);
    yaml_map(yaml);
    if (table->association_count > 0)
        dump_attachments(yaml, "associations", table->associations, table->association_count);
    if (table->propagation_count > 0)
        dump_attachments(yaml, "propagations", table->propagations, table->propagation_count);
    if (table->route_count > 0) {
        yaml_key(yaml, "routes");
        yaml_list(yaml);
        for (size_t i = 0; i < table->route_count; i++) {
            yaml_map(yaml);
            dump_prefix(yaml, "destination", &table->routes[i].destination);
            dump_transit_target(yaml, &table->routes[i]);
            yaml_map_end(yaml);
        }
        yaml_list_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_transit_gateways(struct yaml *yaml, const struct topology *topology)
{
    if (topology->transit_gateway_count == 0)
        return;
    yaml_key(yaml, "transit_gateways");
    yaml_map(yaml);
    for (size_t i = 0; i < topology->transit_gateway_count; i++) {
        const struct transit_gateway *gateway = topology->transit_gateways[i];
        yaml_key(yaml, gateway->name);
        yaml_map(yaml);
        dump_attachments(yaml, "attachments", gateway->attachments, gateway->attachment_count);
        if (gateway->tables_declared) {
            yaml_key(yaml, "route_tables");
            yaml_map(yaml);
            for (size_t t = 0; t < gateway->route_table_count; t++)
                dump_transit_table(yaml, gateway->route_tables[t]);
            yaml_map_end(yaml);
        }
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

/* "lb", or "lb/eth1" where it is not the one that the node's name would mean. */
static void dump_service_node(struct yaml *yaml, const struct interface *interface)
{
    const struct node *node = interface->node;
    if (node->interface_count > 1)
        yaml_plain(yaml, "%s/%s", node->name, interface->name);
    else
        yaml_text(yaml, node->name);
}

static void dump_cloud_services(struct yaml *yaml, const struct topology *topology)
{
    if (topology->cloud_service_count == 0)
        return;
    yaml_key(yaml, "services");
    yaml_map(yaml);
    for (size_t i = 0; i < topology->cloud_service_count; i++) {
        const struct cloud_service *service = topology->cloud_services[i];
        yaml_key(yaml, service->name);
        yaml_map(yaml);
        yaml_key(yaml, "nodes");
        yaml_flow_list(yaml);
        for (size_t k = 0; k < service->target_count; k++)
            if (service->targets[k].interface != NULL)
                dump_service_node(yaml, service->targets[k].interface);
        yaml_list_end(yaml);
        dump_number(yaml, "port", service->port);
        dump_text(yaml, "private_dns_name", service->private_dns_name);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_endpoint(struct yaml *yaml, const struct endpoint *endpoint)
{
    yaml_text_member(yaml, "type", endpoint_type_name(endpoint->type));
    dump_text(yaml, "service", endpoint->service != NULL ? endpoint->service->name : NULL);
    yaml_key(yaml, endpoint->type == ENDPOINT_GATEWAY ? "route_tables" : "subnets");
    yaml_flow_list(yaml);
    for (size_t i = 0; i < endpoint->route_table_count; i++)
        yaml_text(yaml, endpoint->route_tables[i]->name);
    for (size_t i = 0; i < endpoint->interface_count; i++)
        yaml_text(yaml, endpoint->interfaces[i]->subnet->name);
    yaml_list_end(yaml);
    if (endpoint->security_groups_declared) {
        yaml_key(yaml, "security_groups");
        yaml_flow_list(yaml);
        for (size_t i = 0; i < endpoint->security_group_count; i++)
            yaml_text(yaml, endpoint->security_groups[i]->name);
        yaml_list_end(yaml);
    }
    if (endpoint->private_dns)
        yaml_boolean_member(yaml, "private_dns", true);
}

void dump_endpoints(struct yaml *yaml, const struct vpc *vpc)
{
    if (vpc->endpoint_count == 0)
        return;
    yaml_key(yaml, "endpoints");
    yaml_map(yaml);
    for (size_t i = 0; i < vpc->endpoint_count; i++) {
        yaml_key(yaml, vpc->endpoints[i]->name);
        yaml_map(yaml);
        dump_endpoint(yaml, vpc->endpoints[i]);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

void dump_connections(struct yaml *yaml, const struct topology *topology)
{
    dump_peerings(yaml, topology);
    dump_transit_gateways(yaml, topology);
    dump_cloud_services(yaml, topology);
}
