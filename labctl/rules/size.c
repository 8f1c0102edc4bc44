/* How much a thing may hold.  Far above what a lab needs; it bounds the work of the rules on hostile files. */
#include "base/table.h"
#include "rules/check.h"

static struct excess first_excess(const struct excess *sizes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sizes[i].count > sizes[i].most)
            return sizes[i];
    return (struct excess){0};
}

struct excess size_of_node(const struct node *node)
{
    const struct excess sizes[] = {
        {"interfaces", node->interface_count, 1000},
        {"routes", node->route_count, 2000},
        {"rules", node->rule_count, 2000},
        {"sysctls", node->sysctl_count, 1000},
        {"forwarded ports", node->nat.forward_count, 2000},
        {"masqueraded interfaces", node->nat.masquerade.count, 1000},
        {"services", node->service_count, 1000},
        {"published ports", node->published_count, 1000},
    };
    return first_excess(sizes, ARRAY_SIZE(sizes));
}

/* A cloud allows some hundred subnets and a thousand routes of a table. */
struct excess size_of_vpc(const struct vpc *vpc)
{
    const struct excess sizes[] = {{"subnets", vpc->subnet_count, 1000},
                                   {"route tables", vpc->route_table_count, 1000},
                                   {"endpoints", vpc->endpoint_count, 100}};
    struct excess excess = first_excess(sizes, ARRAY_SIZE(sizes));
    for (size_t i = 0; i < vpc->route_table_count && !excess.what; i++) {
        struct excess routes = {"routes in a table", vpc->route_tables[i]->route_count, 1000};
        excess = first_excess(&routes, 1);
    }
    for (size_t i = 0; i < vpc->network_acl_count && !excess.what; i++) {
        const struct network_acl *acl = vpc->network_acls[i];
        struct excess rules = {"rules in a network ACL", acl->ingress_count + acl->egress_count, 1000};
        excess = first_excess(&rules, 1);
    }
    return excess;
}

struct excess size_of_transit_gateway(const struct transit_gateway *gateway)
{
    const struct excess sizes[] = {{"attachments", gateway->attachment_count, 1000},
                                   {"route tables", gateway->route_table_count, 100}};
    struct excess excess = first_excess(sizes, ARRAY_SIZE(sizes));
    for (size_t i = 0; i < gateway->route_table_count && !excess.what; i++) {
        const struct transit_table *table = gateway->route_tables[i];
        const struct excess of_table[] = {{"associations with a table", table->association_count, 1000},
                                          {"propagations to a table", table->propagation_count, 1000},
                                          {"routes in a table", table->route_count, 1000}};
        excess = first_excess(of_table, ARRAY_SIZE(of_table));
    }
    return excess;
}

struct excess size_of_endpoint(const struct endpoint *endpoint)
{
    const struct excess sizes[] = {{"subnets", endpoint->interface_count, 100},
                                   {"route tables", endpoint->route_table_count, 100}};
    return first_excess(sizes, ARRAY_SIZE(sizes));
}

struct excess size_of_topology(const struct topology *topology)
{
    const struct excess sizes[] = {{"peerings", topology->peering_count, 1000},
                                   {"transit gateways", topology->transit_gateway_count, 100},
                                   {"services", topology->cloud_service_count, 1000},
                                   {"networks", topology->network_count, 250},
                                   {"policies", topology->policy_count, 1000}};
    return first_excess(sizes, ARRAY_SIZE(sizes));
}

bool vpc_is_too_large(const struct interface *interface)
{
    return interface->attachment == ATTACH_SUBNET && interface->subnet && size_of_vpc(interface->subnet->vpc).what;
}

void check_too_many(struct rules *rules)
{
    for (size_t i = 0; i < rules->topology->node_count; i++) {
        const struct node *node = rules->topology->nodes[i];
        struct excess excess = size_of_node(node);
        if (excess.what)
            broken(rules, node->mark, "node '%s' has %zu %s: at most %zu", node->name, excess.count, excess.what,
                   excess.most);
    }
    for (size_t i = 0; i < rules->topology->vpc_count; i++) {
        const struct vpc *vpc = rules->topology->vpcs[i];
        struct excess excess = size_of_vpc(vpc);
        for (size_t k = 0; k < vpc->endpoint_count && !excess.what; k++) {
            struct excess of_endpoint = size_of_endpoint(vpc->endpoints[k]);
            if (of_endpoint.what)
                broken(rules, vpc->endpoints[k]->mark, "endpoint '%s' has %zu %s: at most %zu", vpc->endpoints[k]->name,
                       of_endpoint.count, of_endpoint.what, of_endpoint.most);
        }
        if (excess.what)
            broken(rules, vpc->mark, "VPC '%s' has %zu %s: at most %zu", vpc->name, excess.count, excess.what,
                   excess.most);
    }
    for (size_t i = 0; i < rules->topology->transit_gateway_count; i++) {
        const struct transit_gateway *gateway = rules->topology->transit_gateways[i];
        struct excess excess = size_of_transit_gateway(gateway);
        if (excess.what)
            broken(rules, gateway->mark, "transit gateway '%s' has %zu %s: at most %zu", gateway->name, excess.count,
                   excess.what, excess.most);
    }
    struct excess excess = size_of_topology(rules->topology);
    if (excess.what)
        broken(rules, rules->topology->name_mark, "a topology has at most %zu %s, not %zu", excess.most, excess.what,
               excess.count);
}
