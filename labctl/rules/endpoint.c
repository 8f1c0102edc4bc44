/* Rules of endpoints and the services that they lead to. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "rules/check.h"

typedef void endpoint_check(struct rules *rules, const struct endpoint *endpoint);

static void each_endpoint(struct rules *rules, endpoint_check *check)
{
    for (size_t i = 0; i < rules->topology->vpc_count; i++) {
        const struct vpc *vpc = rules->topology->vpcs[i];
        for (size_t k = 0; !size_of_vpc(vpc).what && k < vpc->endpoint_count; k++)
            if (!size_of_endpoint(vpc->endpoints[k]).what)
                check(rules, vpc->endpoints[k]);
    }
}

/* A gateway endpoint leads to public addresses: to machines on the internet. */
static void endpoint_service(struct rules *rules, const struct endpoint *endpoint)
{
    const struct cloud_service *service = endpoint->service;
    for (size_t i = 0; endpoint->type == ENDPOINT_GATEWAY && service && i < service->target_count; i++) {
        const struct interface *target = service->targets[i].interface;
        if (!target || target->attachment == ATTACH_INTERNET)
            continue;
        struct finding *finding =
            broken(rules, endpoint->service_mark,
                   "a gateway endpoint leads to machines on the internet, and node '%s' of service '%s' is in VPC '%s'",
                   target->node->name, service->name, target->subnet->vpc->name);
        elsewhere(finding, service->targets[i].mark, "the node");
        remedy(rules, finding, "a private link to a VPC is an endpoint of 'type: interface'");
        return;
    }
}

void check_endpoint_service(struct rules *rules)
{
    each_endpoint(rules, endpoint_service);
}

/* An interface in each subnet, and in one subnet of a zone. */
static void endpoint_subnets(struct rules *rules, const struct endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->interface_count; i++)
        for (size_t k = 0; k < i; k++) {
            const struct interface *late = endpoint->interfaces[i], *early = endpoint->interfaces[k];
            const char *zone = late->subnet->zone;
            bool same = late->subnet == early->subnet;
            if (!same && !(zone && str_equal(zone, early->subnet->zone)))
                continue;
            struct finding *finding =
                same ? broken(rules, late->mark, "endpoint '%s' has subnet '%s' twice", endpoint->name,
                              late->subnet->name)
                     : broken(rules, late->mark,
                              "endpoint '%s' has two subnets in zone %s, '%s' and '%s': one is allowed", endpoint->name,
                              zone, early->subnet->name, late->subnet->name);
            elsewhere(finding, early->mark, "the first");
            break;
        }
}

void check_endpoint_subnets(struct rules *rules)
{
    each_endpoint(rules, endpoint_subnets);
}

/* One table has one way to a service. */
static void endpoint_table(struct rules *rules, const struct endpoint *endpoint)
{
    const struct vpc *vpc = endpoint->vpc;
    for (size_t i = 0; vpc->endpoints[i] != endpoint; i++) {
        const struct endpoint *first = vpc->endpoints[i];
        for (size_t t = 0; first->service == endpoint->service && t < endpoint->route_table_count; t++)
            for (size_t k = 0; k < first->route_table_count; k++) {
                if (first->route_tables[k] != endpoint->route_tables[t])
                    continue;
                elsewhere(broken(rules, endpoint->mark,
                                 "route table '%s' leads to service '%s' by endpoint '%s' already",
                                 first->route_tables[k]->name, endpoint->service->name, first->name),
                          first->mark, "the other endpoint");
                return;
            }
    }
}

void check_endpoint_table(struct rules *rules)
{
    each_endpoint(rules, endpoint_table);
}

static const char *private_name(const struct endpoint *endpoint)
{
    if (!endpoint->private_dns || !endpoint->service)
        return NULL;
    return endpoint->service->private_dns_name ? endpoint->service->private_dns_name : endpoint->service->name;
}

/* A name has one answer in a VPC, and a resolver to give it. */
static void endpoint_dns(struct rules *rules, const struct endpoint *endpoint)
{
    const struct vpc *vpc = endpoint->vpc;
    const char *name = private_name(endpoint);
    if (!name)
        return;
    if (!vpc->dns_support)
        elsewhere(broken(rules, endpoint->mark, "endpoint '%s' has private DNS, and VPC '%s' has no resolver",
                         endpoint->name, vpc->name),
                  vpc->mark, "the VPC");
    for (size_t i = 0; vpc->endpoints[i] != endpoint; i++) {
        const struct endpoint *first = vpc->endpoints[i];
        if (!private_name(first) || !str_equal(private_name(first), name))
            continue;
        elsewhere(broken(rules, endpoint->mark, "endpoint '%s' takes over '%s', as '%s' does", endpoint->name, name,
                         first->name),
                  first->mark, "the other endpoint");
        return;
    }
}

void check_endpoint_dns(struct rules *rules)
{
    each_endpoint(rules, endpoint_dns);
}
