/* A VPC's router: what an instance sends passes its security groups, the network ACL of its subnet where it leaves
 * that, the route table, the ACL of the subnet that it enters, and the security groups there. */
#include "explain/walk.h"

static const struct addr link_local_resolver = {4, {169, 254, 169, 253}};

/* Where a packet leaves the router. */
struct exit {
    enum {
        EXIT_NONE,
        EXIT_BLACKHOLE,
        EXIT_RESOLVER,
        EXIT_ROUTER,
        EXIT_INTERFACE,
        EXIT_NAT_GATEWAY,
        EXIT_INTERNET_GATEWAY,
        EXIT_EGRESS_ONLY_GATEWAY,
        EXIT_PEERING,
        EXIT_ENDPOINT,
        EXIT_TRANSIT_GATEWAY
    } kind;
    const struct interface *interface; /* INTERFACE */
    const struct nat_gateway *gateway; /* NAT_GATEWAY */
    const struct endpoint *endpoint;   /* ENDPOINT: a gateway endpoint */
    const struct subnet *subnet;       /* that it enters, or NULL */
    const struct vpc_route *route;     /* NULL: the local route */
};

static bool is_resolver(const struct vpc *vpc, const struct addr *addr)
{
    struct addr own = prefix_host(&vpc->cidr, 2);
    return vpc->dns_support && (addr_equal(addr, &own) || addr_equal(addr, &link_local_resolver));
}

static bool is_router(const struct vpc *vpc, const struct addr *addr)
{
    for (size_t i = 0; i < vpc->subnet_count; i++) {
        const struct prefix *cidr = addr->family == 6 ? &vpc->subnets[i]->ipv6_cidr : &vpc->subnets[i]->cidr;
        struct addr own = prefix_host(cidr, 1);
        if (addr_is_set(&cidr->addr) && addr_equal(&own, addr))
            return true;
    }
    return false;
}

bool router_has(const struct vpc *vpc, const struct addr *addr)
{
    return is_resolver(vpc, addr) || is_router(vpc, addr);
}

static struct exit to_interface(const struct interface *interface, const struct vpc_route *route)
{
    return (struct exit){.kind = EXIT_INTERFACE, .interface = interface, .subnet = interface->subnet, .route = route};
}

static struct exit by_route(const struct vpc *vpc, const struct vpc_route *route)
{
    struct exit exit = {.kind = EXIT_BLACKHOLE, .route = route};
    switch (route->target) {
    case TARGET_INTERNET_GATEWAY:
        if (vpc->internet_gateway)
            exit.kind = EXIT_INTERNET_GATEWAY;
        break;
    case TARGET_NAT_GATEWAY:
        exit.kind = EXIT_NAT_GATEWAY;
        exit.gateway = route->nat_gateway;
        exit.subnet = route->nat_gateway->subnet;
        break;
    case TARGET_NODE:
        if (route->interface->address_count && !route->interface->down)
            return to_interface(route->interface, route);
        break;
    case TARGET_PEERING:
        exit.kind = EXIT_PEERING;
        break;
    case TARGET_TRANSIT_GATEWAY:
        exit.kind = EXIT_TRANSIT_GATEWAY;
        break;
    case TARGET_EGRESS_ONLY_GATEWAY:
        if (vpc->egress_only_gateway)
            exit.kind = EXIT_EGRESS_ONLY_GATEWAY;
        break;
    case TARGET_LOCAL:
    case TARGET_BLACKHOLE:
    case TARGET_MISSING:
    case TARGET_KIND_COUNT:
        break;
    }
    return exit;
}

/* The longest route of a table; `inside`: of those that override a part of the local route. */
static const struct vpc_route *longest(const struct vpc *vpc, const struct route_table *table, const struct addr *addr,
                                       bool inside)
{
    const struct vpc_route *best = NULL;
    for (size_t i = 0; table && i < table->route_count; i++) {
        const struct vpc_route *route = &table->routes[i];
        if (route->target == TARGET_LOCAL || vpc_covers(vpc, &route->destination) != inside ||
            !prefix_contains(&route->destination, addr))
            continue;
        if (!best || route->destination.length > best->destination.length)
            best = route;
    }
    return best;
}

/* The router's own addresses, overrides of whole subnets, the local route, the table. */
static struct exit look_up(const struct walk *w, const struct vpc *vpc, const struct route_table *table,
                           const struct addr *addr)
{
    if (is_resolver(vpc, addr))
        return (struct exit){.kind = EXIT_RESOLVER};
    if (is_router(vpc, addr))
        return (struct exit){.kind = EXIT_ROUTER};
    const struct vpc_route *route = longest(vpc, table, addr, true);
    if (route)
        return by_route(vpc, route);
    const struct owner *owner = owner_of(w->explainer, vpc, addr);
    if (owner && owner->gateway)
        return (struct exit){.kind = EXIT_NAT_GATEWAY, .gateway = owner->gateway, .subnet = owner->gateway->subnet};
    if (owner)
        return to_interface(owner->interface, NULL);
    if (vpc_has(vpc, addr))
        return (struct exit){.kind = EXIT_NONE};
    const struct endpoint *endpoint = gateway_endpoint_for(vpc, table, addr);
    if (endpoint)
        return (struct exit){.kind = EXIT_ENDPOINT, .endpoint = endpoint};
    route = longest(vpc, table, addr, false);
    return route ? by_route(vpc, route) : (struct exit){.kind = EXIT_NONE};
}

/* ---- what becomes of it -------------------------------------------------------------------------------------- */

static void no_way(struct walk *w, const struct vpc *vpc, const struct route_table *table, const struct exit *exit)
{
    char text[ADDR_TEXT_MAX];
    const struct addr *addr = &w->packet.tuple.destination;
    const char *name = !w->arena ? NULL
                       : table   ? vpc_part(w, vpc, "route_table", table->name)
                                 : arena_printf(w->arena, "vpc/%s", vpc->name);
    bool inside = w->place.from == FROM_INTERFACE || w->place.from == FROM_NAT_GATEWAY;
    struct mark mark = table ? table->mark : vpc->mark;
    if (exit->kind == EXIT_BLACKHOLE)
        STOP(w, by_way(w, CODE_BLACKHOLE, CODE_REPLY_BLACKHOLE), DROP_SILENT, name, exit->route->mark,
             "route %s leads to %s, which drops it", prefix_format(&exit->route->destination, text),
             exit->route->target == TARGET_BLACKHOLE ? "a blackhole" : exit->route->target_text);
    else if (vpc_has(vpc, addr))
        STOP(w, CODE_NO_DESTINATION, DROP_SILENT, arena_printf(w->arena, "vpc/%s", vpc->name), vpc->mark,
             "nobody in it has the address %s", addr_format(addr, text));
    else
        STOP(w, by_way(w, CODE_NO_ROUTE, CODE_REPLY_NO_ROUTE), DROP_SILENT, name, mark, "%s to %s",
             table    ? "has no route"
             : inside ? "the subnet has no route table, only the local route, so no route"
                      : "what comes in this way finds the local route only, so no route",
             addr_format(addr, text));
    walk_resume(w);
}

static const char *local_route(const struct vpc *vpc, const struct addr *addr, char text[static ADDR_TEXT_MAX])
{
    for (size_t i = 0; i < vpc_network_count(vpc); i++) {
        struct prefix network = vpc_network(vpc, i);
        if (network.addr.family && prefix_contains(&network, addr))
            return prefix_format(&network, text);
    }
    return prefix_format(&vpc->cidr, text);
}

static void note_route(struct walk *w, const struct vpc *vpc, const struct route_table *table, const struct exit *exit)
{
    char text[ADDR_TEXT_MAX];
    if (!w->arena)
        return;
    if (exit->endpoint)
        PASS(w, vpc_part(w, vpc, "route_table", table->name), exit->endpoint->mark, "route %s/32 leads to endpoint/%s",
             addr_format(&w->packet.tuple.destination, text), exit->endpoint->name);
    else if (exit->route)
        PASS(w, vpc_part(w, vpc, "route_table", table->name), exit->route->mark, "route %s leads to %s",
             prefix_format(&exit->route->destination, text), exit->route->target_text);
    else
        PASS(w, table ? vpc_part(w, vpc, "route_table", table->name) : arena_printf(w->arena, "vpc/%s", vpc->name),
             table ? table->mark : vpc->mark, "local route %s", local_route(vpc, &w->packet.tuple.destination, text));
}

/* The router and its resolver answer at once, past all filters. */
static void answered_by_router(struct walk *w, const struct vpc *vpc, const struct exit *exit)
{
    bool inside = w->place.from == FROM_INTERFACE || w->place.from == FROM_NAT_GATEWAY;
    bool ping =
        inside && (packet_protocol(&w->packet) == PROTOCOL_ICMP || packet_protocol(&w->packet) == PROTOCOL_ICMPV6);
    bool query = inside && exit->kind == EXIT_RESOLVER && w->packet.tuple.port == 53 && !ping;
    if (!ping && !query)
        STOP(w, CODE_ROUTER_SILENT, DROP_SILENT, arena_printf(w->arena, "vpc/%s", vpc->name), vpc->mark,
             "its router does not answer %s", packet_text(w, packet_source(&w->packet), "from"));
    else
        PASS(w, arena_printf(w->arena, "vpc/%s", vpc->name), vpc->mark, "%s answers, past all filters",
             query ? "its resolver" : "its router");
    walk_deliver(w);
}

/* A peering carries what is from one of the two VPCs and for the other. */
static void to_peer(struct walk *w, const struct vpc *vpc, const struct peering *peering)
{
    char text[ADDR_TEXT_MAX];
    const struct vpc *peer = peering->vpcs[peering->vpcs[0] == vpc];
    const struct addr *source = packet_source(&w->packet), *destination = &w->packet.tuple.destination;
    const char *name = w->arena ? arena_printf(w->arena, "peering/%s", peering->name) : NULL;
    if (!vpc_has(vpc, source))
        STOP(w, CODE_PEERING_ADDRESS, DROP_SILENT, name, peering->mark, "the source %s is not in %s",
             addr_format(source, text), vpc->name);
    if (!vpc_has(peer, destination)) {
        STOP(w, CODE_PEERING_ADDRESS, DROP_SILENT, name, peering->mark, "the destination %s is not in %s",
             addr_format(destination, text), peer->name);
        walk_end(w);
        return;
    }
    PASS(w, name, peering->mark, "carries it to %s", peer->name);
    walk_move(w, (struct place){.kind = PLACE_ROUTER, .from = FROM_PEERING, .vpc = peer, .peer = vpc});
}

static void to_instance(struct walk *w, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX];
    const struct addr *destination = &w->packet.tuple.destination;
    if (interface->source_dest_check && !interface_has(interface, destination))
        STOP(w, CODE_SOURCE_DEST_CHECK, DROP_SILENT, interface_name(w, interface), interface->mark,
             "gets a packet for %s, which is not its own address", addr_format(destination, text));
    judge_groups(w, interface, INGRESS, w->place.peer);
    if (!interface->node) {
        walk_move(w, (struct place){.kind = PLACE_ENDPOINT, .from = FROM_ROUTER, .interface = interface});
        return;
    }
    walk_move(
        w, (struct place){.kind = PLACE_NODE, .from = FROM_INTERFACE, .node = interface->node, .interface = interface});
}

/* A gateway endpoint serves the VPC's own machines. */
static void to_endpoint(struct walk *w, const struct vpc *vpc, const struct endpoint *endpoint)
{
    struct tuple same = w->packet.tuple;
    const char *name = w->arena ? vpc_part(w, vpc, "endpoint", endpoint->name) : NULL;
    if (w->place.from == FROM_TRANSIT_GATEWAY) {
        STOP(w, CODE_ENDPOINT_SOURCE, DROP_SILENT, name, endpoint->mark, "serves nobody from outside of the VPC");
        walk_end(w);
        return;
    }
    PASS(w, name, endpoint->mark, "carries it to service/%s", endpoint->service->name);
    w->gateway_endpoint = endpoint;
    walk_translate(w, endpoint, &same);
    walk_move(w, (struct place){.kind = PLACE_INTERNET, .from = FROM_ENDPOINT, .vpc = vpc});
}

static void leave(struct walk *w, const struct vpc *vpc, const struct exit *exit)
{
    switch (exit->kind) {
    case EXIT_INTERFACE:
        to_instance(w, exit->interface);
        break;
    case EXIT_NAT_GATEWAY:
        walk_move(w, (struct place){.kind = PLACE_NAT_GATEWAY, .from = FROM_ROUTER, .gateway = exit->gateway});
        break;
    case EXIT_INTERNET_GATEWAY:
        walk_move(w, (struct place){.kind = PLACE_INTERNET_GATEWAY, .from = FROM_ROUTER, .vpc = vpc});
        break;
    case EXIT_EGRESS_ONLY_GATEWAY:
        walk_move(w, (struct place){.kind = PLACE_EGRESS_ONLY_GATEWAY, .from = FROM_ROUTER, .vpc = vpc});
        break;
    case EXIT_ENDPOINT:
        to_endpoint(w, vpc, exit->endpoint);
        break;
    case EXIT_PEERING:
        to_peer(w, vpc, exit->route->peering);
        break;
    case EXIT_TRANSIT_GATEWAY:
        walk_move(w, (struct place){.kind = PLACE_TRANSIT_GATEWAY,
                                    .from = FROM_ROUTER,
                                    .vpc = vpc,
                                    .transit = exit->route->transit_gateway});
        break;
    default:
        walk_end(w);
    }
}

/* An answer of the router's own: it knows the way. */
static void own_answer(struct walk *w)
{
    const struct owner *owner = owner_of(w->explainer, w->place.vpc, &w->packet.tuple.destination);
    if (owner && owner->interface)
        walk_move(w, (struct place){.kind = PLACE_NODE,
                                    .from = FROM_INTERFACE,
                                    .node = owner->interface->node,
                                    .interface = owner->interface});
    else
        walk_end(w);
}

/* What an instance sends, before it is routed. */
static void check_sender(struct walk *w, const struct interface *interface, const struct vpc *peer)
{
    char text[ADDR_TEXT_MAX];
    const struct addr *source = packet_source(&w->packet);
    if (interface->source_dest_check && !interface_has(interface, source))
        STOP(w, CODE_SOURCE_DEST_CHECK, DROP_SILENT, interface_name(w, interface), interface->mark,
             "sends from %s, which is not its own address", addr_format(source, text));
    judge_groups(w, interface, EGRESS, peer);
}

/* The table by which a packet is routed: of the subnet that it comes from; from a transit gateway the main one. */
static const struct route_table *table_of(const struct place *here, const struct subnet *subnet)
{
    if (here->from == FROM_TRANSIT_GATEWAY)
        return vpc_route_table(here->vpc, "main");
    return subnet ? subnet->route_table : NULL;
}

void at_router(struct walk *w)
{
    const struct place here = w->place;
    const struct vpc *vpc = here.vpc;
    const struct subnet *subnet = here.interface ? here.interface->subnet : here.gateway ? here.gateway->subnet : NULL;
    const struct route_table *table = table_of(&here, subnet);
    if (here.from == FROM_SELF) {
        own_answer(w);
        return;
    }
    struct exit exit = look_up(w, vpc, table, &w->packet.tuple.destination);
    if (exit.kind == EXIT_RESOLVER || exit.kind == EXIT_ROUTER) {
        answered_by_router(w, vpc, &exit);
        return;
    }
    bool peering = exit.kind == EXIT_PEERING;
    if (here.interface)
        check_sender(w, here.interface,
                     peering ? exit.route->peering->vpcs[exit.route->peering->vpcs[0] == vpc] : NULL);
    if (subnet && subnet != exit.subnet)
        judge_acl(w, subnet, EGRESS);
    if (exit.kind == EXIT_NONE || exit.kind == EXIT_BLACKHOLE) {
        no_way(w, vpc, table, &exit);
        return;
    }
    note_route(w, vpc, table, &exit);
    if (exit.subnet && subnet != exit.subnet)
        judge_acl(w, exit.subnet, INGRESS);
    leave(w, vpc, &exit);
}
