/* Endpoints.  A gateway endpoint is a route to the machines of a service on the internet, which see the private
 * address. An interface endpoint is an address in a subnet, and what arrives there for the service's port is a new flow
 * from the service's load balancer on: one box, with an end in each of the two networks. */
#include "explain/walk.h"

static bool is_written_out(const struct route_table *table, const struct addr *addr)
{
    struct prefix own = prefix_of_addr(*addr);
    for (size_t i = 0; i < table->route_count; i++)
        if (prefix_equal(&table->routes[i].destination, &own))
            return true;
    return false;
}

static bool serves(const struct cloud_service *service, const struct addr *addr)
{
    for (size_t i = 0; i < service->target_count; i++) {
        const struct interface *target = service->targets[i].interface;
        if (target->attachment == ATTACH_INTERNET && target->address_count &&
            addr_equal(&target->addresses[0].addr, addr))
            return true;
    }
    return false;
}

const struct endpoint *gateway_endpoint_for(const struct vpc *vpc, const struct route_table *table,
                                            const struct addr *addr)
{
    for (size_t i = 0; table && i < vpc->endpoint_count; i++) {
        const struct endpoint *endpoint = vpc->endpoints[i];
        if (endpoint->type != ENDPOINT_GATEWAY || !endpoint->service || !serves(endpoint->service, addr))
            continue;
        for (size_t t = 0; t < endpoint->route_table_count; t++)
            if (endpoint->route_tables[t] == table && !is_written_out(table, addr))
                return endpoint;
    }
    return NULL;
}

/* ---- interface endpoints ------------------------------------------------------------------------------------ */

/* Into the network that the interface is in, as if it were an instance. */
static void send_from(struct walk *w, const struct interface *interface)
{
    if (interface->attachment == ATTACH_SUBNET)
        walk_move(w, (struct place){.kind = PLACE_ROUTER,
                                    .from = FROM_INTERFACE,
                                    .vpc = interface->subnet->vpc,
                                    .interface = interface});
    else
        walk_move(w, (struct place){.kind = PLACE_INTERNET, .from = FROM_INTERFACE, .interface = interface});
}

/* The end of the load balancer in the network of a machine. */
static const struct interface *end_towards(const struct cloud_service *service, const struct interface *target)
{
    for (size_t i = 0; i < service->interface_count; i++)
        if (service->interfaces[i]->attachment == target->attachment &&
            service->interfaces[i]->subnet == target->subnet && service->interfaces[i]->address_count)
            return service->interfaces[i];
    return NULL;
}

static const struct interface *choose_target(struct walk *w, const struct cloud_service *service)
{
    size_t count = 0, n = 0;
    for (size_t i = 0; i < service->target_count; i++)
        count += service->targets[i].interface->address_count > 0;
    w->choices = count;
    for (size_t i = 0; i < service->target_count; i++)
        if (service->targets[i].interface->address_count > 0 && n++ == w->choice)
            return service->targets[i].interface;
    return NULL;
}

static void enter(struct walk *w, const struct endpoint *endpoint, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX];
    struct tuple *tuple = &w->packet.tuple, before = *tuple;
    const struct cloud_service *service = endpoint->service;
    const char *name = interface_name(w, interface);
    if (w->packet.protocol != PROTOCOL_TCP || tuple->port != service->port) {
        STOP(w, CODE_ENDPOINT_PORT, DROP_SILENT, name, endpoint->mark, "carries tcp/%u only", service->port);
        walk_end(w);
        return;
    }
    const struct interface *target = choose_target(w, service);
    const struct interface *end = target ? end_towards(service, target) : NULL;
    if (!end) {
        STOP(w, CODE_NO_DESTINATION, DROP_SILENT, name, endpoint->mark, "no machine of service/%s has an address",
             service->name);
        walk_end(w);
        return;
    }
    w->entered = interface;
    tuple->source = end->addresses[0].addr;
    tuple->destination = target->addresses[0].addr;
    PASS(w, name, endpoint->mark, "leads to service/%s, which passes it to %s", service->name,
         addr_format(&tuple->destination, text));
    walk_translate(w, service, &before);
    send_from(w, end);
}

void at_endpoint(struct walk *w)
{
    const struct interface *interface = w->place.interface;
    const struct owner *owner =
        owner_of(w->explainer, wire_of(w->explainer->topology, interface), &interface->addresses[0].addr);
    if (w->way == WAY_FORWARD && owner && owner->endpoint && owner->endpoint->service) {
        enter(w, owner->endpoint, interface);
        return;
    }
    if (w->way == WAY_RETURN && owner && owner->service && w->entered && walk_untranslate(w, owner->service)) {
        PASS(w, interface->name, owner->service->mark, "goes back by %s", w->entered->name);
        send_from(w, w->entered);
        return;
    }
    STOP(w, CODE_ENDPOINT_PORT, DROP_SILENT, interface_name(w, interface), interface->mark,
         "knows nothing of this flow");
    walk_end(w);
}
