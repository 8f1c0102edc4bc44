/* A node: sends, forwards, or takes a packet. */
#include <stdlib.h>
#include <string.h>

#include "explain/walk.h"

/* What the model cannot judge at a node by which the packet passes. */
static void doubt_node(struct walk *w, const struct node *node)
{
    if (node->nftables)
        DOUBT(w, CODE_RULESET, node_name(w, node), node->nftables_mark,
              "its own nftables ruleset may drop or change it");
    if (node->run.count)
        DOUBT(w, CODE_RUN_LINES, node_name(w, node), node->run_marks ? node->run_marks[0] : node->mark,
              "what it runs at its start may have changed its network");
}

static const char *route_text(const struct walk *w, const struct node_hop *hop)
{
    char destination[ADDR_TEXT_MAX], next[ADDR_TEXT_MAX];
    if (addr_equal(&hop->next, &w->packet.tuple.destination))
        return arena_printf(w->arena, "%s on %s", prefix_format(&hop->destination, destination), hop->interface->name);
    return arena_printf(w->arena, "%s via %s on %s", prefix_format(&hop->destination, destination),
                        addr_format(&hop->next, next), hop->interface->name);
}

/* ---- onto the wire ------------------------------------------------------------------------------------------ */

static void no_neighbour(struct walk *w, const struct node_hop *hop)
{
    char text[ADDR_TEXT_MAX];
    bool itself = addr_equal(&hop->next, &w->packet.tuple.destination);
    STOP(w, itself ? CODE_NO_DESTINATION : CODE_NEIGHBOUR, w->place.from == FROM_SELF ? DROP_LOCAL_LATE : DROP_LATE,
         interface_name(w, hop->interface), hop->interface->mark, "nobody on that wire has the address %s",
         addr_format(&hop->next, text));
    walk_resume(w);
}

/* A link loses what its sending end sends. */
static void lose(struct walk *w, const struct interface *interface)
{
    const struct link *link = interface->link;
    size_t end = link->ends[1] == interface;
    const struct impairment *is = link->from_declared[end] ? &link->from_end[end] : &link->both;
    uint32_t loss = is->loss;
    if (loss >= 1000000000 || is->loss_every == 1)
        STOP(w, CODE_LINK_LOST, DROP_SILENT, arena_printf(w->arena, "link/%s", link->name), link->mark,
             "loses everything from %s", interface->node->name);
    else if (loss > 0)
        DOUBT(w, CODE_LINK_LOSS, arena_printf(w->arena, "link/%s", link->name), link->mark, "loses %g %% from %s",
              loss / 1e7, interface->node->name);
    else if (is->loss_every || is->loss_enter || is->loss_good || is->corrupt)
        DOUBT(w, CODE_LINK_LOSS, arena_printf(w->arena, "link/%s", link->name), link->mark,
              "loses or spoils some packets from %s", interface->node->name);
}

static bool cloud_answers_for(const struct walk *w, const struct interface *interface, const struct addr *next)
{
    const struct topology *topology = w->explainer->topology;
    if (next->family == 6) { /* addresses stand alone: there is the router, and nobody else */
        struct addr router = interface_ipv6_router(interface);
        return addr_equal(&router, next);
    }
    if (owner_of(w->explainer, wire_of(topology, interface), next))
        return true;
    for (size_t i = 0; i < interface->address_count; i++) { /* the router of the subnet, of the public prefix */
        struct prefix around = interface->attachment == ATTACH_SUBNET ? prefix_network(interface->addresses[i])
                                                                      : prefix_network((struct prefix){*next, 24});
        struct addr router = prefix_host(&around, 1);
        if (addr_equal(&router, next))
            return true;
    }
    return interface->attachment == ATTACH_SUBNET && router_has(interface->subnet->vpc, next);
}

static void transmit(struct walk *w, const struct node_hop *hop)
{
    const struct interface *interface = hop->interface;
    bool cloud = interface->attachment == ATTACH_SUBNET || interface->attachment == ATTACH_INTERNET;
    if (cloud) {
        if (!cloud_answers_for(w, interface, &hop->next)) {
            no_neighbour(w, hop);
            return;
        }
        if (interface->attachment == ATTACH_SUBNET)
            walk_move(w, (struct place){.kind = PLACE_ROUTER,
                                        .from = FROM_INTERFACE,
                                        .vpc = interface->subnet->vpc,
                                        .interface = interface});
        else
            walk_move(w, (struct place){.kind = PLACE_INTERNET, .from = FROM_INTERFACE, .interface = interface});
        return;
    }
    const struct owner *next = owner_of(w->explainer, wire_of(w->explainer->topology, interface), &hop->next);
    if (!next && dhcp_hands_out(w->explainer->topology, interface, &hop->next)) {
        char text[ADDR_TEXT_MAX];
        DOUBT(w, CODE_LEASE, interface_name(w, interface), interface->mark,
              "whoever on that wire has the address %s has it by DHCP", addr_format(&hop->next, text));
        walk_end(w);
        return;
    }
    if (!next || next->interface->down) {
        no_neighbour(w, hop);
        return;
    }
    if (interface->attachment == ATTACH_LINK)
        lose(w, interface);
    walk_move(w, (struct place){.kind = PLACE_NODE,
                                .from = FROM_INTERFACE,
                                .node = next->interface->node,
                                .interface = next->interface});
}

/* ---- routing ------------------------------------------------------------------------------------------------ */

static bool learns(const struct node *node)
{
    return node_service_of(node, SERVICE_BGP) || node_service_of(node, SERVICE_OSPF);
}

/* False where there is no way: noted, and gone on with. */
static bool way_out(struct walk *w, const struct node *node, const struct node_hop *hop)
{
    char destination[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX];
    bool own = w->place.from == FROM_SELF;
    switch (hop->type) {
    case HOP_UNICAST:
        if (hop->shared)
            DOUBT(w, CODE_EQUAL_COST, node_name(w, node), hop->mark, "several next hops share the route to %s",
                  prefix_format(&hop->destination, destination));
        return true;
    case HOP_NONE:
        if (learns(node)) {
            DOUBT(w, CODE_LEARNED_ROUTE, node_name(w, node), node->mark, "may have learned a route to %s",
                  addr_format(&w->packet.tuple.destination, text));
            break;
        }
        STOP(w, by_way(w, CODE_NO_ROUTE, CODE_REPLY_NO_ROUTE), own ? DROP_LOCAL : DROP_NO_ROUTE, node_name(w, node),
             node->mark, "has no route to %s", addr_format(&w->packet.tuple.destination, text));
        break;
    case HOP_BLACKHOLE:
    case HOP_UNREACHABLE:
    case HOP_PROHIBIT:
        STOP(w, by_way(w, CODE_BLACKHOLE, CODE_REPLY_BLACKHOLE),
             own                            ? DROP_LOCAL
             : hop->type == HOP_BLACKHOLE   ? DROP_SILENT
             : hop->type == HOP_UNREACHABLE ? DROP_UNREACHABLE
                                            : DROP_PROHIBITED,
             node_name(w, node), hop->mark, "its route %s is of type %s", prefix_format(&hop->destination, destination),
             hop->type == HOP_BLACKHOLE     ? "blackhole"
             : hop->type == HOP_UNREACHABLE ? "unreachable"
                                            : "prohibit");
        break;
    }
    walk_resume(w);
    return false;
}

/* A flow is translated when its first packet passes; of answers to what a node has not seen, UDP alone begins one. */
static bool begins(const struct walk *w)
{
    return w->way == WAY_FORWARD || (w->packet.protocol == PROTOCOL_UDP && !w->packet.error);
}

static void note_source(struct walk *w, const struct node *node, const struct addr *before)
{
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    PASS(w, node_name(w, node), node->nat.mark, "masquerades: source %s becomes %s", addr_format(before, from),
         addr_format(&w->packet.tuple.source, to));
}

static void note_port(struct walk *w, const struct node *node)
{
    char text[ADDR_TEXT_MAX];
    PASS(w, node_name(w, node), node->published_count ? node->published[0].mark : node->nat.mark,
         "forwards the port: destination becomes %s port %u", addr_format(&w->packet.tuple.destination, text),
         w->packet.tuple.port);
}

static struct addr some_address(const struct node *node, unsigned family)
{
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; a < node->interfaces[i]->address_count; a++)
            if (node->interfaces[i]->addresses[a].addr.family == family)
                return node->interfaces[i]->addresses[a].addr;
    return (struct addr){0};
}

/* The interface by which it would speak, where that waits for an address of this family. */
static const struct interface *without_lease(const struct node *node, const struct node_hop *hop, unsigned family)
{
    if (family != 4)
        return NULL;
    if (hop->type == HOP_UNICAST)
        return hop->interface->dhcp && hop->interface->address_count == 0 ? hop->interface : NULL;
    for (size_t i = 0; i < node->interface_count; i++)
        if (node->interfaces[i]->dhcp && node->interfaces[i]->address_count == 0)
            return node->interfaces[i];
    return NULL;
}

static void originate(struct walk *w, const struct node *node)
{
    struct tuple *tuple = &w->packet.tuple;
    doubt_node(w, node);
    bool known = w->way == WAY_RETURN && walk_untranslate(w, node);
    struct addr own = tuple->destination;
    struct tuple asked = *tuple;
    bool published = !known && begins(w) && node_publishes(node, tuple, w->packet.protocol);
    if (published) {
        if (!addr_is_set(&tuple->source))
            w->asked.source = tuple->source = asked.source = own;
        note_port(w, node);
    }
    if (node_owner(node, &tuple->destination)) {
        if (!addr_is_set(&tuple->source))
            w->asked.source = tuple->source = tuple->destination;
        PASS(w, node_name(w, node), node->mark, "has the address itself");
        walk_deliver(w);
        return;
    }
    struct node_hop hop = node_lookup(node, packet_source(&w->packet), &tuple->destination, NULL);
    if (!addr_is_set(&tuple->source) && hop.type == HOP_UNICAST) {
        w->asked.source = tuple->source = hop.source;
        hop = node_lookup(node, &tuple->source, &tuple->destination, NULL); /* rules by source */
    }
    const struct interface *waiting = addr_is_set(&tuple->source) ? NULL : without_lease(node, &hop, own.family);
    if (waiting) {
        DOUBT(w, CODE_LEASE, interface_name(w, waiting), waiting->mark, "has no address before it gets one by DHCP");
        walk_end(w);
        return;
    }
    if (!addr_is_set(&tuple->source)) /* no way: it would speak from one of these */
        w->asked.source = tuple->source = some_address(node, tuple->destination.family);
    if (!way_out(w, node, &hop))
        return;
    PASS(w, interface_name(w, hop.interface), hop.mark, "route %s", route_text(w, &hop));
    judge_policies(w, node, EGRESS);
    struct tuple before = *tuple;
    if (published) {
        walk_translate(w, node, &asked);
    } else if (!known && begins(w) && node_masquerade(node, &hop, tuple, w->packet.protocol, false)) {
        note_source(w, node, &before.source);
        walk_translate(w, node, &before);
    }
    transmit(w, &hop);
}

/* ---- forwarding --------------------------------------------------------------------------------------------- */

static bool forwards(const struct node *node, unsigned family)
{
    const char *own = node_sysctl(node, family == 6 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward");
    return own ? strcmp(own, "0") != 0 : node->forwarding;
}

/* A destination is translated before routing, a source behind it: routing sees this one. */
static const struct addr *source_of(const struct walk *w, const struct tuple *arrived)
{
    return w->packet.error ? &w->packet.reporter : &arrived->source;
}

/* 0 off, 1 strict, 2 loose: the larger of what is set for all and for the interface (kernel: ip-sysctl). */
static int reverse_path_filter(const struct walk *w, const struct node *node, const struct interface *in)
{
    char key[80];
    const char *all = node_sysctl(node, "net.ipv4.conf.all.rp_filter"), *own = NULL;
    (void)w;
    if (node->sysctl_count) {
        STR_AUTO name = STR_INIT;
        str_printf(&name, "net.ipv4.conf.%s.rp_filter", in->name);
        if (name.length < sizeof key)
            own = node_sysctl(node, str_text(&name));
    }
    int a = all ? atoi(all) : 0, b = own ? atoi(own) : 0;
    return a > b ? a : b;
}

static void check_source(struct walk *w, const struct node *node, const struct interface *in, const struct addr *source)
{
    char text[ADDR_TEXT_MAX];
    if (source->family == 4 && node_owner(node, source)) { /* IPv6 does not look for it */
        STOP(w, CODE_OWN_SOURCE, DROP_SILENT, interface_name(w, in), in->mark, "the source %s is its own address",
             addr_format(source, text));
        return;
    }
    int filter = source->family == 4 ? reverse_path_filter(w, node, in) : 0;
    if (filter == 0)
        return;
    struct node_hop back = node_lookup(node, NULL, source, NULL);
    if (back.type != HOP_UNICAST || (filter == 1 && back.interface != in))
        STOP(w, CODE_REVERSE_PATH, DROP_SILENT, interface_name(w, in), node->mark,
             "rp_filter is %d, and %s is reached by %s", filter, addr_format(source, text),
             back.type == HOP_UNICAST ? back.interface->name : "no route");
}

static void forward(struct walk *w, const struct node *node, const struct interface *in, const struct tuple *arrived,
                    bool known)
{
    char text[ADDR_TEXT_MAX];
    struct tuple *tuple = &w->packet.tuple;
    if (!forwards(node, tuple->destination.family)) {
        STOP(w, CODE_NOT_FORWARDING, DROP_SILENT, node_name(w, node), node->mark,
             "gets a packet for %s and does not forward", addr_format(&tuple->destination, text));
        walk_resume(w);
        return;
    }
    struct node_hop hop = node_lookup(node, source_of(w, arrived), &tuple->destination, in);
    if (!way_out(w, node, &hop))
        return;
    PASS(w, interface_name(w, hop.interface), hop.mark, "forwards: route %s", route_text(w, &hop));
    struct addr before = tuple->source;
    bool changed = !tuple_equal(arrived, tuple);
    judge_networks(w, node, in, hop.interface, changed);
    if (!known && begins(w) && node_masquerade(node, &hop, tuple, w->packet.protocol, changed)) {
        note_source(w, node, &before);
        changed = true;
    }
    if (!known && changed)
        walk_translate(w, node, arrived);
    transmit(w, &hop);
}

static void receive(struct walk *w, const struct node *node, const struct interface *in)
{
    struct tuple *tuple = &w->packet.tuple, arrived = *tuple;
    bool known = w->way == WAY_RETURN && walk_untranslate(w, node);
    if (in && in->down) {
        STOP(w, CODE_INTERFACE_DOWN, DROP_SILENT, interface_name(w, in), in->mark, "is down");
        walk_end(w);
        return;
    }
    doubt_node(w, node);
    if (!known && begins(w) && node_forward_port(node, in, tuple, w->packet.protocol))
        note_port(w, node);
    if (in)
        check_source(w, node, in, source_of(w, &arrived));
    if (!node_owner(node, &tuple->destination)) {
        forward(w, node, in, &arrived, known);
        return;
    }
    if (!known && !tuple_equal(&arrived, tuple))
        walk_translate(w, node, &arrived);
    judge_policies(w, node, INGRESS);
    PASS(w, in ? interface_name(w, in) : node_name(w, node), in ? in->mark : node->mark, "%s",
         w->way == WAY_FORWARD ? "the request has arrived" : "the answer has arrived");
    walk_deliver(w);
}

void at_node(struct walk *w)
{
    const struct place here = w->place;
    if (here.from == FROM_SELF)
        originate(w, here.node);
    else
        receive(w, here.node, here.interface);
}
