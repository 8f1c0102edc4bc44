/* A transit gateway: the table that an attachment is associated with leads to another attachment, or nowhere. */
#include "explain/walk.h"

static const struct transit_route *longest(const struct walk *w, const struct transit_table *table,
                                           const struct addr *addr)
{
    const struct transit_route *best = NULL;
    for (size_t t = 0; t < w->explainer->transit_table_count; t++) {
        const struct transit_table_view *view = &w->explainer->transit_tables[t];
        for (size_t i = 0; view->table == table && i < view->count; i++) {
            const struct transit_route *route = &view->routes[i];
            if (prefix_contains(&route->destination, addr) &&
                (!best || route->destination.length > best->destination.length))
                best = route;
        }
    }
    return best;
}

void at_transit_gateway(struct walk *w)
{
    char text[ADDR_TEXT_MAX];
    const struct transit_gateway *gateway = w->place.transit;
    const struct addr *destination = &w->packet.tuple.destination;
    const struct transit_table *table = transit_gateway_table_of(gateway, w->place.vpc);
    const char *name = !w->arena ? NULL
                       : table ? arena_printf(w->arena, "transit_gateway/%s/route_table/%s", gateway->name, table->name)
                               : arena_printf(w->arena, "transit_gateway/%s", gateway->name);
    if (!table) {
        STOP(w, CODE_TRANSIT_ASSOCIATION, DROP_SILENT, name, gateway->mark,
             "the attachment of %s is associated with no route table", w->place.vpc->name);
        walk_resume(w);
        return;
    }
    const struct transit_route *route = longest(w, table, destination);
    if (!route || !route->vpc) {
        STOP(w,
             route ? by_way(w, CODE_BLACKHOLE, CODE_REPLY_BLACKHOLE)
                   : by_way(w, CODE_TRANSIT_ROUTE, CODE_REPLY_TRANSIT_ROUTE),
             DROP_SILENT, name, route ? route->mark : table->mark,
             route ? "route %s is a blackhole" : "has no route to %s",
             route ? prefix_format(&route->destination, text) : addr_format(destination, text));
        walk_resume(w);
        return;
    }
    PASS(w, name, route->mark, "route %s leads to %s", prefix_format(&route->destination, text), route->vpc->name);
    walk_move(w, (struct place){.kind = PLACE_ROUTER, .from = FROM_TRANSIT_GATEWAY, .vpc = route->vpc});
}
