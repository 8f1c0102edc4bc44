/* One way to name a thing: kind/name, inside a container kind/name/kind/name. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "model/topology.h"

#define SEGMENTS_MAX 4
#define SEGMENT_MAX  64

/* A name cut at its slashes. */
struct path {
    char segments[SEGMENTS_MAX][SEGMENT_MAX];
    size_t count;
};

static bool cut(const char *name, struct path *path)
{
    path->count = 0;
    for (const char *at = name;; at++) {
        size_t length = strcspn(at, "/");
        if (path->count == SEGMENTS_MAX || length == 0 || length >= SEGMENT_MAX)
            return false;
        memcpy(path->segments[path->count], at, length);
        path->segments[path->count++][length] = '\0';
        at += length;
        if (*at == '\0')
            return true;
    }
}

/* "node/NAME[/IF | /service/NAME]" from its second segment on. */
static struct thing node_thing(const struct topology *topology, const struct path *path, size_t at)
{
    struct thing thing = {0}, none = {0};
    size_t left = path->count - at;
    thing.node = topology_node(topology, path->segments[at]);
    if (thing.node == NULL || left > 3)
        return none;
    thing.kind = THING_NODE;
    if (left == 3) {
        if (strcmp(path->segments[at + 1], "service") != 0)
            return none;
        thing.kind = THING_SERVICE;
        thing.service = node_service(thing.node, path->segments[at + 2]);
        return thing.service != NULL ? thing : none;
    }
    if (left == 2) {
        thing.kind = THING_INTERFACE;
        thing.interface = node_interface(thing.node, path->segments[at + 1]);
        return thing.interface != NULL ? thing : none;
    }
    return thing;
}

/* What a VPC has one of, by its kind alone. */
static enum thing_kind vpc_gateway(const struct vpc *vpc, const char *kind)
{
    if (vpc->internet_gateway && strcmp(kind, thing_kind_name(THING_INTERNET_GATEWAY)) == 0)
        return THING_INTERNET_GATEWAY;
    if (vpc->egress_only_gateway && strcmp(kind, thing_kind_name(THING_EGRESS_ONLY_GATEWAY)) == 0)
        return THING_EGRESS_ONLY_GATEWAY;
    return THING_NONE;
}

/* "vpc/NAME[/KIND/NAME]" or "vpc/NAME/internet_gateway". */
static struct thing vpc_thing(const struct topology *topology, const struct path *path)
{
    struct thing thing = {.kind = THING_VPC}, none = {0};
    thing.vpc = path->count > 1 ? topology_vpc(topology, path->segments[1]) : NULL;
    if (thing.vpc == NULL)
        return none;
    if (path->count == 2)
        return thing;
    const char *kind = path->segments[2], *name = path->count > 3 ? path->segments[3] : "";
    if (path->count == 3) {
        thing.kind = vpc_gateway(thing.vpc, kind);
    } else if (strcmp(kind, "subnet") == 0) {
        thing.subnet = vpc_subnet(thing.vpc, name);
        thing.kind = thing.subnet != NULL ? THING_SUBNET : THING_NONE;
    } else if (strcmp(kind, "route_table") == 0) {
        thing.route_table = vpc_route_table(thing.vpc, name);
        thing.kind = thing.route_table != NULL ? THING_ROUTE_TABLE : THING_NONE;
    } else if (strcmp(kind, "nat_gateway") == 0) {
        thing.nat_gateway = vpc_nat_gateway(thing.vpc, name);
        thing.kind = thing.nat_gateway != NULL ? THING_NAT_GATEWAY : THING_NONE;
    } else if (strcmp(kind, "security_group") == 0) {
        thing.security_group = vpc_security_group(thing.vpc, name);
        thing.kind = thing.security_group != NULL ? THING_SECURITY_GROUP : THING_NONE;
    } else if (strcmp(kind, "network_acl") == 0) {
        thing.network_acl = vpc_network_acl(thing.vpc, name);
        thing.kind = thing.network_acl != NULL ? THING_NETWORK_ACL : THING_NONE;
    } else if (strcmp(kind, "prefix_list") == 0) {
        thing.prefix_list = vpc_prefix_list(thing.vpc, name);
        thing.kind = thing.prefix_list != NULL ? THING_PREFIX_LIST : THING_NONE;
    } else if (strcmp(kind, "endpoint") == 0) {
        thing.endpoint = vpc_endpoint(thing.vpc, name);
        thing.kind = thing.endpoint != NULL ? THING_ENDPOINT : THING_NONE;
    } else {
        return none;
    }
    return thing.kind != THING_NONE ? thing : none;
}

/* "transit_gateway/NAME[/route_table/NAME]". */
static struct thing transit_gateway_thing(const struct topology *topology, const struct path *path)
{
    struct thing thing = {.kind = THING_TRANSIT_GATEWAY}, none = {0};
    thing.transit_gateway = topology_transit_gateway(topology, path->segments[1]);
    if (thing.transit_gateway == NULL)
        return none;
    if (path->count == 2)
        return thing;
    if (path->count != 4 || strcmp(path->segments[2], "route_table") != 0)
        return none;
    thing.kind = THING_TRANSIT_TABLE;
    thing.transit_table = transit_gateway_table(thing.transit_gateway, path->segments[3]);
    return thing.transit_table != NULL ? thing : none;
}

/* "internet/zone/NAME". */
static struct thing zone_thing(const struct topology *topology, const struct path *path)
{
    struct thing thing = {0};
    const struct internet *internet = &topology->internet;
    for (size_t i = 0; path->count == 3 && strcmp(path->segments[1], "zone") == 0 && i < internet->zone_count; i++)
        if (strcasecmp(internet->zones[i].name, path->segments[2]) == 0) {
            thing.kind = THING_ZONE;
            thing.zone = &internet->zones[i];
        }
    return thing;
}

/* The thing of a cut name. */
static struct thing find(const struct topology *topology, const struct path *path)
{
    struct thing thing = {0};
    const char *kind = path->segments[0];
    if (strcmp(kind, "node") == 0 && path->count > 1)
        return node_thing(topology, path, 1);
    if (strcmp(kind, "vpc") == 0 && path->count > 1)
        return vpc_thing(topology, path);
    if (strcmp(kind, "internet") == 0)
        return zone_thing(topology, path);
    if (strcmp(kind, "bridge") == 0 && path->count == 2) {
        thing.bridge = topology_bridge(topology, path->segments[1]);
        thing.kind = thing.bridge != NULL ? THING_BRIDGE : THING_NONE;
    } else if (strcmp(kind, "network") == 0 && path->count == 2) {
        const struct network *network = topology_network(topology, path->segments[1]);
        thing.bridge = network != NULL ? network->bridge : NULL;
        thing.kind = thing.bridge != NULL ? THING_BRIDGE : THING_NONE;
    } else if (strcmp(kind, "link") == 0 && path->count == 2) {
        thing.link = topology_link(topology, path->segments[1]);
        thing.kind = thing.link != NULL ? THING_LINK : THING_NONE;
    } else if (strcmp(kind, "peering") == 0 && path->count == 2) {
        thing.peering = topology_peering(topology, path->segments[1]);
        thing.kind = thing.peering != NULL ? THING_PEERING : THING_NONE;
    } else if (strcmp(kind, "transit_gateway") == 0 && path->count > 1) {
        return transit_gateway_thing(topology, path);
    } else if (strcmp(kind, "service") == 0 && path->count == 2) {
        thing.cloud_service = topology_cloud_service(topology, path->segments[1]);
        thing.kind = thing.cloud_service != NULL ? THING_CLOUD_SERVICE : THING_NONE;
    }
    return thing;
}

/* Collects full names to compare with. */
struct names {
    struct arena *arena;
    const char **items;
    size_t count;
};

#define ADD_NAME(names, ...)                                                                                           \
    (*ARENA_PUSH((names)->arena, (names)->items, (names)->count) = arena_printf((names)->arena, __VA_ARGS__))

static void collect_node(struct names *names, const struct node *node, const char *kind)
{
    ADD_NAME(names, "%s%s", kind, node->name);
    for (size_t i = 0; i < node->interface_count; i++)
        ADD_NAME(names, "%s%s/%s", kind, node->name, node->interfaces[i]->name);
    for (size_t i = 0; i < node->service_count; i++)
        ADD_NAME(names, "%s%s/service/%s", kind, node->name, node->services[i]->name);
}

static void collect_vpc(struct names *names, const struct vpc *vpc)
{
    ADD_NAME(names, "vpc/%s", vpc->name);
    if (vpc->internet_gateway)
        ADD_NAME(names, "vpc/%s/internet_gateway", vpc->name);
    if (vpc->egress_only_gateway)
        ADD_NAME(names, "vpc/%s/egress_only_gateway", vpc->name);
    for (size_t i = 0; i < vpc->subnet_count; i++)
        ADD_NAME(names, "vpc/%s/subnet/%s", vpc->name, vpc->subnets[i]->name);
    for (size_t i = 0; i < vpc->route_table_count; i++)
        ADD_NAME(names, "vpc/%s/route_table/%s", vpc->name, vpc->route_tables[i]->name);
    for (size_t i = 0; i < vpc->nat_gateway_count; i++)
        ADD_NAME(names, "vpc/%s/nat_gateway/%s", vpc->name, vpc->nat_gateways[i]->name);
    for (size_t i = 0; i < vpc->security_group_count; i++)
        ADD_NAME(names, "vpc/%s/security_group/%s", vpc->name, vpc->security_groups[i]->name);
    for (size_t i = 0; i < vpc->network_acl_count; i++)
        ADD_NAME(names, "vpc/%s/network_acl/%s", vpc->name, vpc->network_acls[i]->name);
    for (size_t i = 0; i < vpc->prefix_list_count; i++)
        ADD_NAME(names, "vpc/%s/prefix_list/%s", vpc->name, vpc->prefix_lists[i]->name);
    for (size_t i = 0; i < vpc->endpoint_count; i++)
        ADD_NAME(names, "vpc/%s/endpoint/%s", vpc->name, vpc->endpoints[i]->name);
}

static void collect_connections(struct names *names, const struct topology *topology)
{
    for (size_t i = 0; i < topology->peering_count; i++)
        ADD_NAME(names, "peering/%s", topology->peerings[i]->name);
    for (size_t i = 0; i < topology->transit_gateway_count; i++) {
        const struct transit_gateway *gateway = topology->transit_gateways[i];
        ADD_NAME(names, "transit_gateway/%s", gateway->name);
        for (size_t t = 0; t < gateway->route_table_count; t++)
            ADD_NAME(names, "transit_gateway/%s/route_table/%s", gateway->name, gateway->route_tables[t]->name);
    }
    for (size_t i = 0; i < topology->cloud_service_count; i++)
        ADD_NAME(names, "service/%s", topology->cloud_services[i]->name);
}

static void collect(struct names *names, const struct topology *topology)
{
    for (size_t i = 0; i < topology->node_count; i++)
        collect_node(names, topology->nodes[i], "node/");
    for (size_t i = 0; i < topology->vpc_count; i++)
        collect_vpc(names, topology->vpcs[i]);
    collect_connections(names, topology);
    for (size_t i = 0; i < topology->bridge_count; i++)
        ADD_NAME(names, "%s/%s", bridge_kind(topology->bridges[i]), topology->bridges[i]->name);
    for (size_t i = 0; i < topology->link_count; i++)
        ADD_NAME(names, "link/%s", topology->links[i]->name);
    for (size_t i = 0; i < topology->internet.zone_count; i++)
        ADD_NAME(names, "internet/zone/%s", topology->internet.zones[i].name);
}

struct strings topology_things(const struct topology *topology, struct arena *arena)
{
    struct names names = {.arena = arena};
    collect(&names, topology);
    return (struct strings){.items = names.items, .count = names.count};
}

/* Only those that are where the name is right: of "node/gw/lan1" the parts of gw, where there is a gw. */
static void keep_neighbours(struct names *names, const char *name)
{
    for (size_t length = strlen(name); length > 0; length--) {
        size_t kept = 0;
        if (name[length - 1] != '/')
            continue;
        for (size_t i = 0; i < names->count; i++)
            if (strncmp(names->items[i], name, length) == 0)
                names->items[kept++] = names->items[i];
        if (kept) {
            names->count = kept;
            return;
        }
    }
}

static const char *nearest_of(struct names *names, const char *name)
{
    keep_neighbours(names, name);
    return str_nearest(name, names->items, names->count);
}

/* The nearest full name; a name without a kind is compared with nodes without theirs, and its kind may be misspelt. */
static const char *nearest_name(const struct topology *topology, const char *name, bool has_kind)
{
    struct names names = {.arena = topology->arena}, nodes = {.arena = topology->arena};
    for (size_t i = 0; !has_kind && i < topology->node_count; i++)
        collect_node(&nodes, topology->nodes[i], "");
    const char *node = nearest_of(&nodes, name);
    if (node)
        return node;
    collect(&names, topology);
    return nearest_of(&names, name);
}

struct thing topology_thing(const struct topology *topology, const char *name, const char **nearest)
{
    struct path path;
    struct thing thing = {0};
    static const char *const kinds[] = {
        "node/", "vpc/", "bridge/", "network/", "link/", "peering/", "transit_gateway/", "service/", "internet/"};
    bool has_kind = false;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        has_kind = has_kind || str_starts(name, kinds[i]);
    if (nearest != NULL)
        *nearest = NULL;
    if (cut(name, &path)) {
        thing = find(topology, &path);
        if (thing.kind == THING_NONE)
            thing = node_thing(topology, &path, 0);
    }
    if (thing.kind == THING_NONE && nearest != NULL)
        *nearest = nearest_name(topology, name, has_kind);
    return thing;
}

const char *thing_name(const struct topology *topology, const struct thing *thing)
{
    struct arena *arena = topology->arena;
    const char *vpc = thing->vpc != NULL ? thing->vpc->name : "", *node = thing->node != NULL ? thing->node->name : "";
    switch (thing->kind) {
    case THING_NODE:
        return arena_printf(arena, "node/%s", node);
    case THING_INTERFACE:
        return arena_printf(arena, "node/%s/%s", node, thing->interface->name);
    case THING_SERVICE:
        return arena_printf(arena, "node/%s/service/%s", node, thing->service->name);
    case THING_VPC:
        return arena_printf(arena, "vpc/%s", vpc);
    case THING_SUBNET:
        return arena_printf(arena, "vpc/%s/subnet/%s", vpc, thing->subnet->name);
    case THING_ROUTE_TABLE:
        return arena_printf(arena, "vpc/%s/route_table/%s", vpc, thing->route_table->name);
    case THING_NAT_GATEWAY:
        return arena_printf(arena, "vpc/%s/nat_gateway/%s", vpc, thing->nat_gateway->name);
    case THING_INTERNET_GATEWAY:
        return arena_printf(arena, "vpc/%s/internet_gateway", vpc);
    case THING_EGRESS_ONLY_GATEWAY:
        return arena_printf(arena, "vpc/%s/egress_only_gateway", vpc);
    case THING_SECURITY_GROUP:
        return arena_printf(arena, "vpc/%s/security_group/%s", vpc, thing->security_group->name);
    case THING_NETWORK_ACL:
        return arena_printf(arena, "vpc/%s/network_acl/%s", vpc, thing->network_acl->name);
    case THING_PREFIX_LIST:
        return arena_printf(arena, "vpc/%s/prefix_list/%s", vpc, thing->prefix_list->name);
    case THING_ENDPOINT:
        return arena_printf(arena, "vpc/%s/endpoint/%s", vpc, thing->endpoint->name);
    case THING_ZONE:
        return arena_printf(arena, "internet/zone/%s", thing->zone->name);
    case THING_PEERING:
        return arena_printf(arena, "peering/%s", thing->peering->name);
    case THING_TRANSIT_GATEWAY:
        return arena_printf(arena, "transit_gateway/%s", thing->transit_gateway->name);
    case THING_TRANSIT_TABLE:
        return arena_printf(arena, "transit_gateway/%s/route_table/%s", thing->transit_gateway->name,
                            thing->transit_table->name);
    case THING_CLOUD_SERVICE:
        return arena_printf(arena, "service/%s", thing->cloud_service->name);
    case THING_BRIDGE:
        return arena_printf(arena, "%s/%s", bridge_kind(thing->bridge), thing->bridge->name);
    case THING_LINK:
        return arena_printf(arena, "link/%s", thing->link->name);
    case THING_NONE:
    case THING_KIND_COUNT:
        break;
    }
    return "nothing";
}
