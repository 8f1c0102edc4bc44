/* Between a VPC and the internet, and the internet itself. */
#include "base/table.h"
#include "explain/walk.h"

/* The first address of an instance is the one that has the public address. */
static struct addr public_of(const struct walk *w, const struct vpc *vpc, const struct addr *private)
{
    const struct owner *owner = owner_of(w->explainer, vpc, private);
    if (owner && owner->gateway)
        return owner->gateway->public_ip;
    if (owner && owner->interface->address_count && addr_equal(&owner->interface->addresses[0].addr, private))
        return owner->interface->public_ip;
    return (struct addr){0};
}

/* The private address of whoever in this VPC has the public one; family 0: nobody. */
static struct addr private_of(const struct walk *w, const struct vpc *vpc, const struct addr *public)
{
    const struct owner *owner = owner_of(w->explainer, w->explainer->topology, public);
    if (owner && owner->gateway)
        return owner->gateway->vpc == vpc ? owner->gateway->address : (struct addr){0};
    if (owner && owner->interface->attachment == ATTACH_SUBNET && owner->interface->subnet->vpc == vpc &&
        owner->interface->address_count)
        return owner->interface->addresses[0].addr;
    return (struct addr){0};
}

/* No translation: it routes. */
static void pass_ipv6(struct walk *w, const struct vpc *vpc, const char *name)
{
    PASS(w, name, vpc->mark, "routes it: IPv6 is not translated");
    if (w->place.from == FROM_ROUTER)
        walk_move(w, (struct place){.kind = PLACE_INTERNET, .from = FROM_INTERNET_GATEWAY, .vpc = vpc});
    else
        walk_move(w, (struct place){.kind = PLACE_ROUTER, .from = FROM_INTERNET_GATEWAY, .vpc = vpc});
}

/* IPv6: out, and what answers back in. */
void at_egress_only_gateway(struct walk *w)
{
    const struct vpc *vpc = w->place.vpc;
    const char *name = w->arena ? vpc_part(w, vpc, "egress_only_gateway", NULL) : NULL;
    if (w->place.from == FROM_ROUTER) {
        struct tuple same = w->packet.tuple;
        PASS(w, name, vpc->mark, "lets it out");
        walk_translate(w, vpc, &same);
        walk_move(w, (struct place){.kind = PLACE_INTERNET, .from = FROM_INTERNET_GATEWAY, .vpc = vpc});
        return;
    }
    if (w->way == WAY_RETURN && walk_untranslate(w, vpc))
        PASS(w, name, vpc->mark, "lets the answer in");
    else
        STOP(w, CODE_EGRESS_ONLY, DROP_SILENT, name, vpc->mark, "lets nobody in");
    walk_move(w, (struct place){.kind = PLACE_ROUTER, .from = FROM_INTERNET_GATEWAY, .vpc = vpc});
}

/* Each packet by itself: one private address is one public address, both ways.  Who calls a neighbour by the public
 * address is translated twice, and the packet goes back into the VPC. */
void at_internet_gateway(struct walk *w)
{
    const struct vpc *vpc = w->place.vpc;
    struct tuple *tuple = &w->packet.tuple;
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    const char *name = w->arena ? vpc_part(w, vpc, "internet_gateway", NULL) : NULL;
    if (tuple->destination.family == 6) {
        pass_ipv6(w, vpc, name);
        return;
    }
    struct addr inside = private_of(w, vpc, &tuple->destination);
    if (w->place.from == FROM_ROUTER) {
        struct addr public = public_of(w, vpc, &tuple->source);
        if (!addr_is_set(&public)) {
            STOP(w, CODE_IGW_NO_PUBLIC_ADDRESS, DROP_SILENT, name, vpc->mark, "%s has no public address",
                 addr_format(&tuple->source, from));
            walk_end(w);
            return;
        }
        PASS(w, name, vpc->mark, "source %s becomes %s", addr_format(&tuple->source, from), addr_format(&public, to));
        tuple->source = public;
        if (w->packet.error) /* about a flow of that address: it is translated like the flow */
            w->packet.reporter = public;
    }
    if (!addr_is_set(&inside)) {
        walk_move(w, (struct place){.kind = PLACE_INTERNET, .from = FROM_INTERNET_GATEWAY, .vpc = vpc});
        return;
    }
    PASS(w, name, vpc->mark, "destination %s becomes %s", addr_format(&tuple->destination, from),
         addr_format(&inside, to));
    tuple->destination = inside;
    walk_move(w, (struct place){.kind = PLACE_ROUTER, .from = FROM_INTERNET_GATEWAY, .vpc = vpc});
}

/* ---- NAT gateways ------------------------------------------------------------------------------------------- */

#define PORTS_FEW 1000 /* a NAT gateway with fewer is one in which they run out */

static void out_of(struct walk *w, const struct nat_gateway *gateway)
{
    walk_move(w,
              (struct place){.kind = PLACE_ROUTER, .from = FROM_NAT_GATEWAY, .vpc = gateway->vpc, .gateway = gateway});
}

static void translate(struct walk *w, const struct nat_gateway *gateway, const char *name)
{
    struct tuple before = w->packet.tuple, *tuple = &w->packet.tuple;
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    unsigned ports = gateway->ports.last - gateway->ports.first + 1u;
    bool has_ports = w->packet.protocol == PROTOCOL_TCP || w->packet.protocol == PROTOCOL_UDP;
    tuple->source = gateway->address;
    if (has_ports && (tuple->source_port < gateway->ports.first || tuple->source_port > gateway->ports.last))
        tuple->source_port = gateway->ports.first;
    PASS(w, name, gateway->mark, "source %s becomes %s", addr_format(&before.source, from),
         addr_format(&tuple->source, to));
    if (has_ports && ports < PORTS_FEW)
        DOUBT(w, CODE_NGW_PORTS, name, gateway->mark, "it has %u ports for each destination, and others may use them",
              ports);
    walk_translate(w, gateway, &before);
    out_of(w, gateway);
}

/* Only flows that begin inside pass, and only to the outside: those of its VPC, and those that a transit gateway or a
 * router of somebody leads here. */
void at_nat_gateway(struct walk *w)
{
    const struct nat_gateway *gateway = w->place.gateway;
    const char *name = w->arena ? vpc_part(w, gateway->vpc, "nat_gateway", gateway->name) : NULL;
    enum protocol protocol = w->packet.protocol;
    char text[ADDR_TEXT_MAX];
    if (w->way == WAY_RETURN && walk_untranslate(w, gateway)) {
        PASS(w, name, gateway->mark, "destination becomes %s", addr_format(&w->packet.tuple.destination, text));
        out_of(w, gateway);
        return;
    }
    if (w->way == WAY_RETURN)
        STOP(w, CODE_NGW_REPLY, DROP_SILENT, name, gateway->mark,
             "has not seen the flow begin to which the answer belongs");
    else if (addr_equal(&w->packet.tuple.destination, &gateway->address))
        STOP(w, CODE_NGW_NOTHING_INWARD, DROP_SILENT, name, gateway->mark, "lets nobody in");
    else if (vpc_has(gateway->vpc, &w->packet.tuple.destination))
        STOP(w, CODE_NGW_DESTINATION_INSIDE, DROP_SILENT, name, gateway->mark, "%s is in its own VPC",
             addr_format(&w->packet.tuple.destination, text));
    else if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP && protocol != PROTOCOL_ICMP)
        STOP(w, CODE_NGW_PROTOCOL, DROP_SILENT, name, gateway->mark, "does not carry %s", protocol_name(protocol));
    else {
        translate(w, gateway, name);
        return;
    }
    walk_end(w);
}

/* ---- the internet ------------------------------------------------------------------------------------------- */

/* RFC 5737; the first address of each is the internet's own. */
static const struct prefix public_prefixes[] = {{{4, {192, 0, 2, 0}}, 24},
                                                {{4, {198, 51, 100, 0}}, 24},
                                                {{4, {203, 0, 113, 0}}, 24}};

static bool is_core(const struct addr *addr)
{
    for (size_t i = 0; i < ARRAY_SIZE(public_prefixes); i++) {
        struct addr own = prefix_host(&public_prefixes[i], 1);
        if (addr_equal(&own, addr))
            return true;
    }
    return addr_equal(&internet_ipv6_core, addr);
}

/* A router of the internet answers echo requests, and refuses connections. */
static void answered_by_core(struct walk *w)
{
    enum protocol protocol = packet_protocol(&w->packet);
    if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6 || w->way == WAY_RETURN) {
        PASS(w, "internet", (struct mark){0}, "a router of the internet answers");
    } else {
        if (w->arena)
            walk_note(w, CODE_NOBODY_LISTENS, "internet", (struct mark){0},
                      "the address is a router of the internet, where nobody listens");
        w->out->causes++;
        if (!w->decided)
            w->view = VIEW_REFUSED;
    }
    walk_deliver(w);
}

/* The internet knows a way to a subnet that leads to it. */
static void into_vpc_ipv6(struct walk *w, const struct subnet *subnet)
{
    enum route_target_kind gateway = subnet_ipv6_gateway(subnet);
    if (gateway == TARGET_BLACKHOLE) {
        STOP(w, CODE_NO_DESTINATION, DROP_SILENT, w->arena ? vpc_part(w, subnet->vpc, "subnet", subnet->name) : NULL,
             subnet->mark, "its route table leads to no gateway of the internet, so nothing comes in by one");
        walk_end(w);
        return;
    }
    walk_move(w, (struct place){.kind = gateway == TARGET_INTERNET_GATEWAY ? PLACE_INTERNET_GATEWAY
                                                                           : PLACE_EGRESS_ONLY_GATEWAY,
                                .from = FROM_INTERNET,
                                .vpc = subnet->vpc});
}

void at_internet(struct walk *w)
{
    const struct addr *destination = &w->packet.tuple.destination, *source = packet_source(&w->packet);
    char text[ADDR_TEXT_MAX];
    bool exempt = w->place.from == FROM_SELF || w->place.from == FROM_ENDPOINT;
    const struct endpoint *endpoint = w->gateway_endpoint;
    if (w->way == WAY_RETURN && endpoint && walk_untranslate(w, endpoint)) {
        PASS(w, "internet", endpoint->mark, "sends the answer back by endpoint/%s", endpoint->name);
        walk_move(w, (struct place){.kind = PLACE_ROUTER, .from = FROM_ENDPOINT, .vpc = endpoint->vpc});
        return;
    }
    if (!exempt && is_private(source)) {
        STOP(w, CODE_PRIVATE_SOURCE, DROP_SILENT, "internet", (struct mark){0}, "drops what comes from %s",
             addr_format(source, text));
        walk_end(w);
        return;
    }
    if (is_core(destination) ||
        (w->way == WAY_RETURN && !w->query->node && addr_equal(destination, &w->query->source))) {
        answered_by_core(w);
        return;
    }
    const struct owner *owner = owner_of(w->explainer, w->explainer->topology, destination);
    if (!owner) {
        STOP(w, is_private(destination) ? CODE_PRIVATE_DESTINATION : CODE_NO_DESTINATION, DROP_SILENT, "internet",
             (struct mark){0}, "nobody there has the address %s", addr_format(destination, text));
        walk_end(w);
        return;
    }
    PASS(w, "internet", (struct mark){0}, "carries it to %s", addr_format(destination, text));
    if (owner->interface && owner->interface->attachment == ATTACH_INTERNET) {
        walk_move(w, (struct place){.kind = owner->interface->node ? PLACE_NODE : PLACE_ENDPOINT,
                                    .from = FROM_INTERFACE,
                                    .node = owner->interface->node,
                                    .interface = owner->interface});
        return;
    }
    if (destination->family == 6)
        into_vpc_ipv6(w, owner->interface->subnet);
    else
        walk_move(w, (struct place){.kind = PLACE_INTERNET_GATEWAY,
                                    .from = FROM_INTERNET,
                                    .vpc = owner->gateway ? owner->gateway->vpc : owner->interface->subnet->vpc});
}
