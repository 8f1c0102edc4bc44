/* Every relation is looked at from the side that holds the reference; who asks tries both sides. */
#include "model/adjacent.h"

/* What a thing is, as one pointer. */
static const void *identity(const struct thing *thing)
{
    switch (thing->kind) {
    case THING_NODE:
        return thing->node;
    case THING_INTERFACE:
        return thing->interface;
    case THING_SERVICE:
        return thing->service;
    case THING_VPC:
    case THING_INTERNET_GATEWAY:
    case THING_EGRESS_ONLY_GATEWAY:
        return thing->vpc;
    case THING_SUBNET:
        return thing->subnet;
    case THING_ROUTE_TABLE:
        return thing->route_table;
    case THING_NAT_GATEWAY:
        return thing->nat_gateway;
    case THING_SECURITY_GROUP:
        return thing->security_group;
    case THING_NETWORK_ACL:
        return thing->network_acl;
    case THING_PREFIX_LIST:
        return thing->prefix_list;
    case THING_ENDPOINT:
        return thing->endpoint;
    case THING_ZONE:
        return thing->zone;
    case THING_PEERING:
        return thing->peering;
    case THING_TRANSIT_GATEWAY:
        return thing->transit_gateway;
    case THING_TRANSIT_TABLE:
        return thing->transit_table;
    case THING_CLOUD_SERVICE:
        return thing->cloud_service;
    case THING_BRIDGE:
        return thing->bridge;
    case THING_LINK:
        return thing->link;
    default:
        return NULL;
    }
}

static bool same(const struct thing *a, const struct thing *b)
{
    return a->kind == b->kind && a->kind != THING_NONE && identity(a) == identity(b);
}

static bool is(const struct thing *thing, enum thing_kind kind, const void *what)
{
    return what && thing->kind == kind && identity(thing) == what;
}

/* The other end of an interface's link, or NULL. */
static const struct interface *far_end(const struct interface *interface)
{
    const struct link *link = interface->attachment == ATTACH_LINK ? interface->link : NULL;
    if (!link || link->end_count < 2)
        return NULL;
    return link->ends[0] == interface ? link->ends[1] : link->ends[0];
}

static bool carries(const struct interface *interface, const struct thing *group)
{
    for (size_t i = 0; i < interface->security_group_count; i++)
        if (is(group, THING_SECURITY_GROUP, interface->security_groups[i]))
            return true;
    return false;
}

/* What an interface is attached to, and carries. */
static bool reaches(const struct interface *interface, const struct thing *other)
{
    switch (interface->attachment) {
    case ATTACH_SUBNET:
        return is(other, THING_SUBNET, interface->subnet) || carries(interface, other);
    case ATTACH_BRIDGE:
        return is(other, THING_BRIDGE, interface->bridge ? bridge_whole(interface->bridge) : NULL);
    case ATTACH_LINK:
        return is(other, THING_LINK, interface->link);
    default:
        return false;
    }
}

static bool interface_next_to(const struct interface *interface, const struct thing *other)
{
    return is(other, THING_NODE, interface->node) || is(other, THING_INTERFACE, far_end(interface)) ||
           reaches(interface, other);
}

static bool node_next_to(const struct node *node, const struct thing *other)
{
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *far = far_end(node->interfaces[i]);
        if (reaches(node->interfaces[i], other) || (far && is(other, THING_NODE, far->node)))
            return true;
    }
    return false;
}

static bool route_table_next_to(const struct route_table *table, const struct thing *other)
{
    for (size_t i = 0; i < table->route_count; i++) {
        const struct vpc_route *route = &table->routes[i];
        if ((route->target == TARGET_INTERNET_GATEWAY && is(other, THING_INTERNET_GATEWAY, table->vpc)) ||
            (route->target == TARGET_EGRESS_ONLY_GATEWAY && is(other, THING_EGRESS_ONLY_GATEWAY, table->vpc)) ||
            is(other, THING_PREFIX_LIST, route->list) ||
            (route->target == TARGET_NAT_GATEWAY && is(other, THING_NAT_GATEWAY, route->nat_gateway)) ||
            (route->target == TARGET_PEERING && is(other, THING_PEERING, route->peering)) ||
            (route->target == TARGET_TRANSIT_GATEWAY && is(other, THING_TRANSIT_GATEWAY, route->transit_gateway)) ||
            (route->target == TARGET_NODE && route->interface &&
             (is(other, THING_INTERFACE, route->interface) || is(other, THING_NODE, route->interface->node))))
            return true;
    }
    return is(other, THING_VPC, table->vpc);
}

/* Whether rules name a group or a prefix list. */
static bool rules_name(const struct security_rule *rules, size_t count, const struct thing *named)
{
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < rules[i].peer_count; p++)
            if (is(named, THING_PREFIX_LIST, rules[i].peers[p].list) ||
                (rules[i].peers[p].kind == PEER_GROUP && is(named, THING_SECURITY_GROUP, rules[i].peers[p].group)))
                return true;
    return false;
}

static bool endpoint_next_to(const struct endpoint *endpoint, const struct thing *other)
{
    if (is(other, THING_VPC, endpoint->vpc) || is(other, THING_CLOUD_SERVICE, endpoint->service))
        return true;
    for (size_t i = 0; i < endpoint->route_table_count; i++)
        if (is(other, THING_ROUTE_TABLE, endpoint->route_tables[i]))
            return true;
    for (size_t i = 0; i < endpoint->interface_count; i++)
        if (reaches(endpoint->interfaces[i], other))
            return true;
    return false;
}

static bool attaches(const struct transit_attachment *attachments, size_t count, const struct thing *vpc)
{
    for (size_t i = 0; i < count; i++)
        if (is(vpc, THING_VPC, attachments[i].vpc))
            return true;
    return false;
}

static bool transit_table_next_to(const struct transit_table *table, const struct thing *other)
{
    return is(other, THING_TRANSIT_GATEWAY, table->gateway) ||
           attaches(table->associations, table->association_count, other) ||
           attaches(table->propagations, table->propagation_count, other);
}

static bool service_next_to(const struct cloud_service *service, const struct thing *other)
{
    for (size_t i = 0; i < service->target_count; i++) {
        const struct interface *interface = service->targets[i].interface;
        if (interface && (is(other, THING_NODE, interface->node) || is(other, THING_INTERFACE, interface)))
            return true;
    }
    return false;
}

/* The references that `a` holds. */
static bool leads_to(const struct thing *a, const struct thing *b)
{
    switch (a->kind) {
    case THING_NODE:
        return node_next_to(a->node, b);
    case THING_INTERFACE:
        return interface_next_to(a->interface, b);
    case THING_SERVICE:
        return is(b, THING_NODE, a->service->node);
    case THING_SUBNET:
        return is(b, THING_VPC, a->subnet->vpc) || is(b, THING_ROUTE_TABLE, a->subnet->route_table) ||
               is(b, THING_NETWORK_ACL, a->subnet->network_acl);
    case THING_ROUTE_TABLE:
        return route_table_next_to(a->route_table, b);
    case THING_NAT_GATEWAY:
        return is(b, THING_VPC, a->nat_gateway->vpc) || is(b, THING_SUBNET, a->nat_gateway->subnet) ||
               is(b, THING_INTERNET_GATEWAY, a->nat_gateway->vpc);
    case THING_INTERNET_GATEWAY:
    case THING_EGRESS_ONLY_GATEWAY:
        return is(b, THING_VPC, a->vpc);
    case THING_SECURITY_GROUP:
        return is(b, THING_VPC, a->security_group->vpc) ||
               rules_name(a->security_group->ingress, a->security_group->ingress_count, b) ||
               rules_name(a->security_group->egress, a->security_group->egress_count, b);
    case THING_NETWORK_ACL:
        return is(b, THING_VPC, a->network_acl->vpc);
    case THING_PREFIX_LIST:
        return is(b, THING_VPC, a->prefix_list->vpc);
    case THING_ENDPOINT:
        return endpoint_next_to(a->endpoint, b);
    case THING_PEERING:
        return is(b, THING_VPC, a->peering->vpcs[0]) || is(b, THING_VPC, a->peering->vpcs[1]);
    case THING_TRANSIT_GATEWAY:
        return attaches(a->transit_gateway->attachments, a->transit_gateway->attachment_count, b);
    case THING_TRANSIT_TABLE:
        return transit_table_next_to(a->transit_table, b);
    case THING_CLOUD_SERVICE:
        return service_next_to(a->cloud_service, b);
    default:
        return false;
    }
}

bool things_adjacent(const struct thing *a, const struct thing *b)
{
    return !same(a, b) && (leads_to(a, b) || leads_to(b, a));
}
