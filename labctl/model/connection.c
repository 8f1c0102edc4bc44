/* What connects VPCs: look-ups, and the routes of a transit gateway. */
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "model/topology.h"

static const char *const endpoint_types[] = {"gateway", "interface"};
_Static_assert(ARRAY_SIZE(endpoint_types) == ENDPOINT_TYPE_COUNT, "a word for each type");

const char *endpoint_type_name(enum endpoint_type type)
{
    return (size_t)type < ARRAY_SIZE(endpoint_types) ? endpoint_types[type] : "?";
}

/* The thing of that name in a short array of pointers to things. */
#define FIND(array, count, wanted)                                                                                     \
    do {                                                                                                               \
        for (size_t i = 0; i < (count); i++)                                                                           \
            if (strcmp((array)[i]->name, (wanted)) == 0)                                                               \
                return (array)[i];                                                                                     \
        return NULL;                                                                                                   \
    } while (0)

struct peering *topology_peering(const struct topology *topology, const char *name)
{
    FIND(topology->peerings, topology->peering_count, name);
}

struct transit_gateway *topology_transit_gateway(const struct topology *topology, const char *name)
{
    FIND(topology->transit_gateways, topology->transit_gateway_count, name);
}

struct cloud_service *topology_cloud_service(const struct topology *topology, const char *name)
{
    FIND(topology->cloud_services, topology->cloud_service_count, name);
}

struct transit_table *transit_gateway_table(const struct transit_gateway *gateway, const char *name)
{
    FIND(gateway->route_tables, gateway->route_table_count, name);
}

struct endpoint *vpc_endpoint(const struct vpc *vpc, const char *name)
{
    FIND(vpc->endpoints, vpc->endpoint_count, name);
}

const struct peering *topology_peering_between(const struct topology *topology, const struct vpc *a,
                                               const struct vpc *b)
{
    for (size_t i = 0; i < topology->peering_count; i++) {
        const struct peering *peering = topology->peerings[i];
        if ((peering->vpcs[0] == a && peering->vpcs[1] == b) || (peering->vpcs[0] == b && peering->vpcs[1] == a))
            return peering;
    }
    return NULL;
}

bool vpc_resolves_privately(const struct topology *topology, const struct vpc *asker, const struct vpc *owner)
{
    const struct peering *peering = topology_peering_between(topology, asker, owner);
    return asker == owner || (peering && peering->dns);
}

bool vpcs_overlap(const struct vpc *a, const struct vpc *b, size_t *of_a, size_t *of_b)
{
    for (size_t i = 0; i < vpc_network_count(a); i++)
        for (size_t k = 0; k < vpc_network_count(b); k++) {
            struct prefix x = vpc_network(a, i), y = vpc_network(b, k);
            if (x.addr.family == 0 || y.addr.family == 0 || !prefix_overlaps(&x, &y))
                continue;
            if (of_a)
                *of_a = i;
            if (of_b)
                *of_b = k;
            return true;
        }
    return false;
}

static bool holds(const struct transit_attachment *attachments, size_t count, const struct vpc *vpc)
{
    for (size_t i = 0; i < count; i++)
        if (attachments[i].vpc == vpc)
            return true;
    return false;
}

bool transit_gateway_attaches(const struct transit_gateway *gateway, const struct vpc *vpc)
{
    /* One that could not be read may be the one: it is NULL, and was reported. */
    return holds(gateway->attachments, gateway->attachment_count, vpc) ||
           holds(gateway->attachments, gateway->attachment_count, NULL);
}

const struct transit_table *transit_gateway_table_of(const struct transit_gateway *gateway, const struct vpc *vpc)
{
    for (size_t i = 0; i < gateway->route_table_count; i++)
        if (holds(gateway->route_tables[i]->associations, gateway->route_tables[i]->association_count, vpc))
            return gateway->route_tables[i];
    return NULL;
}

static bool is_static(const struct transit_table *table, const struct prefix *destination)
{
    for (size_t i = 0; i < table->route_count; i++)
        if (prefix_equal(&table->routes[i].destination, destination))
            return true;
    return false;
}

/* Whether one attached earlier, which propagates to the table as well, has some of the VPC's addresses. */
static bool is_late(const struct transit_table *table, const struct vpc *vpc)
{
    const struct transit_gateway *gateway = table->gateway;
    for (size_t i = 0; i < gateway->attachment_count && gateway->attachments[i].vpc != vpc; i++) {
        const struct vpc *early = gateway->attachments[i].vpc;
        if (early && holds(table->propagations, table->propagation_count, early) &&
            vpcs_overlap(early, vpc, NULL, NULL))
            return true;
    }
    return false;
}

static size_t network_total(const struct transit_gateway *gateway)
{
    size_t total = 0;
    for (size_t i = 0; i < gateway->attachment_count; i++)
        total += gateway->attachments[i].vpc ? vpc_network_count(gateway->attachments[i].vpc) : 0;
    return total;
}

size_t transit_table_routes(const struct transit_table *table, struct arena *arena, struct transit_route **out)
{
    const struct transit_gateway *gateway = table->gateway;
    size_t count = 0;
    *out = arena_alloc(arena, (table->route_count + network_total(gateway) + 1) * sizeof **out);
    for (size_t i = 0; i < table->route_count; i++)
        (*out)[count++] = table->routes[i];
    for (size_t i = 0; i < gateway->attachment_count; i++) {
        struct vpc *vpc = gateway->attachments[i].vpc;
        if (!vpc || !holds(table->propagations, table->propagation_count, vpc) || is_late(table, vpc))
            continue;
        for (size_t n = 0; n < vpc_network_count(vpc); n++) {
            struct prefix network = vpc_network(vpc, n);
            if (network.addr.family != 0 && !is_static(table, &network))
                (*out)[count++] =
                    (struct transit_route){.destination = network, .vpc = vpc, .mark = vpc_network_mark(vpc, n)};
        }
    }
    return count;
}
