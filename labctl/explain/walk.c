/* One question: the way there, the destination, the way back. */
#include "explain/walk.h"

#include <stddef.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"

/* RFC 792, RFC 4443 */
#define ECHO_REQUEST  8
#define ECHO_REPLY    0
#define ECHO_REQUEST6 128
#define ECHO_REPLY6   129

struct tuple mirrored(const struct tuple *tuple)
{
    return (struct tuple){tuple->destination, tuple->source, tuple->port, tuple->source_port};
}

bool tuple_equal(const struct tuple *a, const struct tuple *b)
{
    return a->source_port == b->source_port && a->port == b->port && addr_equal(&a->source, &b->source) &&
           addr_equal(&a->destination, &b->destination);
}

const struct addr *packet_source(const struct packet *packet)
{
    return packet->error ? &packet->reporter : &packet->tuple.source;
}

enum protocol packet_protocol(const struct packet *packet)
{
    if (packet->error)
        return packet->tuple.destination.family == 6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP;
    return packet->protocol;
}

enum explain_code by_way(const struct walk *w, enum explain_code request, enum explain_code reply)
{
    return w->way == WAY_FORWARD ? request : reply;
}

/* ---- moving ------------------------------------------------------------------------------------------------- */

void walk_move(struct walk *w, struct place place)
{
    w->place = place;
}

void walk_deliver(struct walk *w)
{
    w->ended = w->delivered = true;
}

void walk_end(struct walk *w)
{
    w->ended = true;
}

void walk_translate(struct walk *w, const void *box, const struct tuple *original)
{
    if (w->way == WAY_FORWARD && w->translation_count < TRANSLATIONS_MAX)
        w->translations[w->translation_count++] = (struct translation){box, *original, mirrored(&w->packet.tuple)};
}

bool walk_untranslate(struct walk *w, const void *box)
{
    for (size_t i = 0; i < w->translation_count; i++) {
        const struct translation *known = &w->translations[i];
        if (known->box != box || !tuple_equal(&known->reply, &w->packet.tuple))
            continue;
        w->packet.tuple = mirrored(&known->original);
        return true;
    }
    return false;
}

/* Notes the visit; true where the same packet was here before. */
static bool been_here(struct walk *w)
{
    for (size_t i = 0; i < w->visit_count; i++) {
        const struct place *place = &w->visits[i].place;
        if (place->kind == w->place.kind && place->from == w->place.from && place->node == w->place.node &&
            place->vpc == w->place.vpc && place->gateway == w->place.gateway &&
            place->interface == w->place.interface && place->transit == w->place.transit &&
            place->peer == w->place.peer && tuple_equal(&w->visits[i].tuple, &w->packet.tuple))
            return true;
    }
    if (w->visit_count == HOPS_MAX)
        return true;
    w->visits[w->visit_count++] = (struct visit){w->place, w->packet.tuple};
    return false;
}

/* A node in the circle, where its time runs out, tells the sender; gateways do not. */
static void looped(struct walk *w)
{
    const struct place *node = NULL;
    for (size_t i = w->visit_count; i-- > 0 && !node;)
        if (w->visits[i].place.kind == PLACE_NODE && w->visits[i].place.from != FROM_SELF)
            node = &w->visits[i].place;
    if (node)
        w->place = *node;
    STOP(w, CODE_LOOP, node ? DROP_TIME_EXCEEDED : DROP_SILENT, place_name(w), (struct mark){0},
         "the packet comes by here again and again");
    walk_end(w);
}

/* The places in order, until the packet has arrived or cannot go on. */
static void run(struct walk *w)
{
    static void (*const places[])(struct walk *) = {
        [PLACE_NODE] = at_node,
        [PLACE_ROUTER] = at_router,
        [PLACE_INTERNET_GATEWAY] = at_internet_gateway,
        [PLACE_NAT_GATEWAY] = at_nat_gateway,
        [PLACE_EGRESS_ONLY_GATEWAY] = at_egress_only_gateway,
        [PLACE_TRANSIT_GATEWAY] = at_transit_gateway,
        [PLACE_ENDPOINT] = at_endpoint,
        [PLACE_INTERNET] = at_internet,
    };
    _Static_assert(ARRAY_SIZE(places) == PLACE_KIND_COUNT, "every kind of place is a function");
    w->ended = w->delivered = false;
    w->visit_count = 0;
    while (!w->ended && !been_here(w))
        places[w->place.kind](w);
    if (!w->ended)
        looped(w);
}

/* Which ICMP error tells of it, and who hears it when. */
static const struct telling {
    bool icmp, local, late;
    uint8_t type, code, type6, code6; /* RFC 792, RFC 4443 */
} tellings[] = {
    [DROP_SILENT] = {0},
    [DROP_NO_ROUTE] = {.icmp = true, .type = 3, .code = 0, .type6 = 1, .code6 = 0},
    [DROP_UNREACHABLE] = {.icmp = true, .type = 3, .code = 1, .type6 = 1, .code6 = 3},
    [DROP_PROHIBITED] = {.icmp = true, .type = 3, .code = 13, .type6 = 1, .code6 = 1},
    [DROP_TIME_EXCEEDED] = {.icmp = true, .type = 11, .code = 0, .type6 = 3, .code6 = 0},
    [DROP_LATE] = {.icmp = true, .late = true, .type = 3, .code = 1, .type6 = 1, .code6 = 3},
    [DROP_LOCAL] = {.local = true},
    [DROP_LOCAL_LATE] = {.local = true, .late = true},
};
_Static_assert(ARRAY_SIZE(tellings) == DROP_COUNT, "every way to drop has a row");

/* Does an ICMP error that is sent from here come back to the asker? */
static bool error_returns(const struct walk *w, const struct telling *telling)
{
    struct walk error = *w;
    struct explanation unread = {0};
    error.arena = NULL;
    error.out = &unread;
    error.way = WAY_RETURN;
    error.assumed = error.decided = false;
    error.packet.error = true;
    error.packet.tuple = mirrored(&w->packet.tuple);
    bool ipv6 = w->packet.tuple.destination.family == 6;
    error.packet.icmp_type = ipv6 ? telling->type6 : telling->type;
    error.packet.icmp_code = ipv6 ? telling->code6 : telling->code;
    error.packet.reporter = w->packet.tuple.destination;
    if (w->place.kind == PLACE_NODE && w->place.interface && w->place.interface->address_count)
        error.packet.reporter = w->place.interface->addresses[0].addr;
    error.place.from = FROM_SELF;
    run(&error);
    return error.delivered && !error.assumed;
}

void walk_stop(struct walk *w, enum drop drop)
{
    w->out->causes++;
    if (!w->decided) {
        const struct telling *telling = &tellings[drop];
        bool told = w->way == WAY_FORWARD && !w->packet.error &&
                    (telling->local || (telling->icmp && error_returns(w, telling)));
        w->view = told ? VIEW_UNREACHABLE : VIEW_TIMEOUT;
        w->icmp = told && telling->icmp;
        w->late = told && telling->late;
        w->decided = true;
    }
    w->assumed = true;
}

void walk_doubt(struct walk *w, enum explain_code code)
{
    if (explain_codes[code].level == LEVEL_UNKNOWN)
        w->unknown = true;
    else
        w->doubtful = true;
}

/* The interface that is meant by an address for which there is no way. */
static const struct interface *meant(const struct walk *w)
{
    const struct topology *topology = w->explainer->topology;
    const struct addr *addr = &w->packet.tuple.destination;
    const struct node *node = w->way == WAY_FORWARD ? w->query->target : w->query->node;
    const struct interface *interface = node ? node_owner(node, addr) : NULL;
    for (size_t i = 0; i < topology->vpc_count && !interface; i++) {
        const struct owner *owner = owner_of(w->explainer, topology->vpcs[i], addr);
        interface = owner ? owner->interface : NULL;
    }
    return interface;
}

void walk_resume(struct walk *w)
{
    const struct interface *interface = meant(w);
    if (!interface || w->packet.error || !addr_is_set(&w->packet.tuple.source)) {
        walk_end(w);
    } else if (interface->attachment == ATTACH_SUBNET) {
        /* Its own router has just said that there is no way. */
        if (w->place.kind == PLACE_ROUTER && w->place.vpc == interface->subnet->vpc)
            walk_end(w);
        else
            walk_move(w, (struct place){.kind = PLACE_ROUTER, .from = FROM_NOWHERE, .vpc = interface->subnet->vpc});
    } else if (interface->attachment == ATTACH_BRIDGE || interface->attachment == ATTACH_LINK) {
        walk_move(w, (struct place){
                         .kind = PLACE_NODE, .from = FROM_INTERFACE, .node = interface->node, .interface = interface});
    } else {
        walk_end(w);
    }
}

/* ---- the question ------------------------------------------------------------------------------------------- */

/* The answer starts where the request has arrived. */
static void answer(struct walk *w, bool listens)
{
    w->way = WAY_RETURN;
    bool ipv6 = w->packet.tuple.destination.family == 6;
    w->packet.tuple = mirrored(&w->packet.tuple);
    w->packet.icmp_type = ipv6 ? ECHO_REPLY6 : ECHO_REPLY;
    if (!listens && w->packet.protocol == PROTOCOL_UDP) { /* port unreachable; TCP answers with a RST */
        w->packet.error = true;
        w->packet.icmp_type = ipv6 ? 1 : 3; /* destination unreachable: port */
        w->packet.icmp_code = ipv6 ? 4 : 3;
        w->packet.reporter = w->packet.tuple.source;
    }
    w->place.from = FROM_SELF;
    run(w);
}

/* It must be the one that the asker waits for. */
static void compare(struct walk *w)
{
    struct tuple expected = mirrored(&w->asked);
    char text[ADDR_TEXT_MAX], other[ADDR_TEXT_MAX];
    if (tuple_equal(&w->packet.tuple, &expected))
        return;
    STOP(w, CODE_REPLY_FROM_ELSEWHERE, DROP_SILENT, place_name(w), (struct mark){0},
         "waits for an answer from %s port %u, and this one comes from %s port %u", addr_format(&expected.source, text),
         expected.source_port, addr_format(&w->packet.tuple.source, other), w->packet.tuple.source_port);
}

/* What a question leaves open. */
struct variant {
    uint16_t source_port;
    size_t choice; /* of the machine behind a load balancer */
};

static void start(struct walk *w, uint16_t source_port)
{
    const struct explain_query *query = w->query;
    bool ports = query->protocol == PROTOCOL_TCP || query->protocol == PROTOCOL_UDP;
    w->packet.protocol = query->protocol;
    w->packet.icmp_type = query->protocol == PROTOCOL_ICMPV6 ? ECHO_REQUEST6 : ECHO_REQUEST;
    w->packet.tuple =
        (struct tuple){query->source, query->destination, ports ? source_port : 0, ports ? query->port : 0};
    w->asked = w->packet.tuple;
    w->place = query->node ? (struct place){.kind = PLACE_NODE, .from = FROM_SELF, .node = query->node}
                           : (struct place){.kind = PLACE_INTERNET, .from = FROM_NOWHERE};
}

static enum opinion judge(const struct walk *w)
{
    if (w->out->causes > 0)
        return OPINION_BLOCKED;
    if (w->unknown)
        return OPINION_UNDETERMINED;
    return w->doubtful ? OPINION_AMBIGUOUS : OPINION_REACHABLE;
}

/* Returns how many machines a load balancer could have chosen from; 0: there was none. */
static size_t walk(struct explainer *explainer, const struct explain_query *query, struct variant variant,
                   struct arena *arena, struct explanation *out)
{
    struct walk w;
    *out = (struct explanation){0};
    memset(&w, 0, offsetof(struct walk, translations)); /* what is counted needs no clearing */
    w.translation_count = w.tracked_count = w.visit_count = 0;
    w.explainer = explainer, w.query = query, w.arena = arena, w.out = out;
    w.choice = variant.choice;
    start(&w, variant.source_port);
    run(&w);
    if (w.delivered) {
        answer(&w, w.place.kind != PLACE_NODE || somebody_listens(&w, w.place.node));
        if (w.delivered)
            compare(&w);
    }
    out->verdict = judge(&w);
    out->view = w.view;
    out->icmp = w.icmp;
    out->late = w.late;
    out->source = w.asked.source;
    return w.choices;
}

/* Two variants of a question that end otherwise: the one that is blocked has something to tell. */
static void contrast(struct explainer *explainer, const struct explain_query *query, const struct variant *differ,
                     struct arena *arena, struct explanation *out)
{
    bool first = out->verdict == OPINION_BLOCKED, ports = differ[0].source_port != differ[1].source_port;
    const struct variant *blocked = &differ[!first], *other = &differ[first];
    if (!first)
        walk(explainer, query, *blocked, arena, out);
    out->verdict = OPINION_AMBIGUOUS;
    if (!arena)
        return;
    const char *text = ports ? arena_printf(arena, "blocked from port %u, otherwise from port %u", blocked->source_port,
                                            other->source_port)
                             : arena_printf(arena, "blocked at machine %zu, otherwise at machine %zu",
                                            blocked->choice + 1, other->choice + 1);
    *ARENA_PUSH(arena, out->steps, out->step_count) =
        (struct explain_step){.way = ports ? WAY_RETURN : WAY_FORWARD,
                              .code = ports ? CODE_SOURCE_PORTS : CODE_SERVICE_TARGETS,
                              .object = query->node ? arena_printf(arena, "node/%s", query->node->name) : "internet",
                              .text = text,
                              .source = out->source,
                              .destination = query->destination};
}

/* One walk for each piece of the range of the asker's ports, and for each machine behind a load balancer. */
void explain(struct explainer *explainer, const struct explain_query *query, struct arena *arena,
             struct explanation *out)
{
    bool ports = query->protocol == PROTOCOL_TCP || query->protocol == PROTOCOL_UDP;
    struct variant variants[2] = {{.source_port = explainer->source_ports[0]}};
    size_t choices = walk(explainer, query, variants[0], arena, out);
    for (size_t i = 0; ports && i < explainer->source_port_count; i++)
        for (size_t k = 0; k == 0 || k < choices; k++) {
            struct explanation other;
            variants[1] = (struct variant){explainer->source_ports[i], k};
            if (i + k == 0)
                continue;
            walk(explainer, query, variants[1], NULL, &other);
            if (other.verdict == out->verdict && other.view == out->view)
                continue;
            contrast(explainer, query, variants, arena, out);
            return;
        }
}
