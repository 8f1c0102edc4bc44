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
        EXIT_INTERNET_GATEWAY
    } kind;
    const struct interface *interface; /* INTERFACE */
    const struct nat_gateway *gateway; /* NAT_GATEWAY */
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
        struct addr own = prefix_host(&vpc->subnets[i]->cidr, 1);
        if (addr_equal(&own, addr))
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
        if (route->target == TARGET_LOCAL || prefix_covers(&vpc->cidr, &route->destination) != inside ||
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
    if (prefix_contains(&vpc->cidr, addr))
        return (struct exit){.kind = EXIT_NONE};
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
                                 : vpc_part(w, vpc, "route_table", "main");
    struct mark mark = table ? table->mark : vpc->mark;
    if (exit->kind == EXIT_BLACKHOLE)
        STOP(w, by_way(w, CODE_BLACKHOLE, CODE_REPLY_BLACKHOLE), DROP_SILENT, name, exit->route->mark,
             "route %s leads to %s, which drops it", prefix_format(&exit->route->destination, text),
             exit->route->target == TARGET_BLACKHOLE ? "a blackhole" : exit->route->target_text);
    else if (prefix_contains(&vpc->cidr, addr))
        STOP(w, CODE_NO_DESTINATION, DROP_SILENT, arena_printf(w->arena, "vpc/%s", vpc->name), vpc->mark,
             "nobody in it has the address %s", addr_format(addr, text));
    else
        STOP(w, by_way(w, CODE_NO_ROUTE, CODE_REPLY_NO_ROUTE), DROP_SILENT, name, mark, "%s to %s",
             table ? "has no route" : "the subnet has no route table beside the local route, so no route",
             addr_format(addr, text));
    walk_resume(w);
}

static void note_route(struct walk *w, const struct vpc *vpc, const struct route_table *table, const struct exit *exit)
{
    char text[ADDR_TEXT_MAX];
    if (!w->arena)
        return;
    if (exit->route)
        PASS(w, vpc_part(w, vpc, "route_table", table->name), exit->route->mark, "route %s leads to %s",
             prefix_format(&exit->route->destination, text), exit->route->target_text);
    else
        PASS(w, table ? vpc_part(w, vpc, "route_table", table->name) : arena_printf(w->arena, "vpc/%s", vpc->name),
             table ? table->mark : vpc->mark, "local route %s", prefix_format(&vpc->cidr, text));
}

/* The router and its resolver answer at once, past all filters. */
static void answered_by_router(struct walk *w, const struct vpc *vpc, const struct exit *exit)
{
    bool ping = packet_protocol(&w->packet) == PROTOCOL_ICMP;
    bool query = exit->kind == EXIT_RESOLVER && w->packet.tuple.port == 53 && !ping;
    if (!ping && !query)
        STOP(w, CODE_ROUTER_SILENT, DROP_SILENT, arena_printf(w->arena, "vpc/%s", vpc->name), vpc->mark,
             "nothing of its router answers on %s/%u", protocol_name(w->packet.protocol), w->packet.tuple.port);
    else
        PASS(w, arena_printf(w->arena, "vpc/%s", vpc->name), vpc->mark, "%s answers, past all filters",
             query ? "its resolver" : "its router");
    walk_deliver(w);
}

static void leave(struct walk *w, const struct vpc *vpc, const struct exit *exit)
{
    switch (exit->kind) {
    case EXIT_INTERFACE:
        judge_groups(w, exit->interface, INGRESS);
        walk_move(w, (struct place){.kind = PLACE_NODE,
                                    .from = FROM_INTERFACE,
                                    .node = exit->interface->node,
                                    .interface = exit->interface});
        break;
    case EXIT_NAT_GATEWAY:
        walk_move(w, (struct place){.kind = PLACE_NAT_GATEWAY, .from = FROM_ROUTER, .gateway = exit->gateway});
        break;
    case EXIT_INTERNET_GATEWAY:
        walk_move(w, (struct place){.kind = PLACE_INTERNET_GATEWAY, .from = FROM_ROUTER, .vpc = vpc});
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

void at_router(struct walk *w)
{
    const struct place here = w->place;
    const struct vpc *vpc = here.vpc;
    const struct subnet *subnet = here.interface ? here.interface->subnet : here.gateway ? here.gateway->subnet : NULL;
    const struct route_table *table = subnet ? subnet->route_table : NULL;
    if (here.from == FROM_SELF) {
        own_answer(w);
        return;
    }
    struct exit exit = look_up(w, vpc, table, &w->packet.tuple.destination);
    if (exit.kind == EXIT_RESOLVER || exit.kind == EXIT_ROUTER) {
        answered_by_router(w, vpc, &exit);
        return;
    }
    if (here.interface)
        judge_groups(w, here.interface, EGRESS);
    if (exit.kind == EXIT_NONE || exit.kind == EXIT_BLACKHOLE) {
        no_way(w, vpc, table, &exit);
        return;
    }
    note_route(w, vpc, table, &exit);
    leave(w, vpc, &exit);
}
