/* asymmetric-routing: the way to B stays as it is, the way back from B is bent through another router, and dies there.
 *
 * The detour starts at the turner: the first machine on the present way back (B itself before its routers) that has the
 * node `via` on one of its segments.  It gets a route to A's network by `via`.  There the replies are dropped by
 *  - a stateful firewall on `via`, which never saw the connection being opened: for it they belong to none; or
 *  - strict reverse path filtering at the first machine of the detour that gets them on another interface than the one
 *    by which it would send to B.  Where the topology has no such machine, `via` itself is made one: it gets a route to
 * B through the router that the way there takes. */
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "fault/walk.h"
#include "plan/plan.h"

struct detour {
    struct addr a, b;          /* the two addresses that talk */
    struct prefix destination; /* of the turner's new route */
    uint32_t table;
    const struct node *turner, *via; /* turner NULL: the way back takes `via` already */
    const struct interface *turner_out, *via_in;
    struct addr via_address;
    bool turns_round;          /* `via` sends the replies out where they came in */
    bool strict;               /* blocked_by: rp_filter */
    const struct node *filter; /* where the strict filter sits */
    const struct interface *filter_in;
    const struct interface *back_out; /* `via` needs a route to B by another interface: NULL = no */
    struct addr back_via;
};

static bool translates(const struct walk *walk, const struct node **where)
{
    for (size_t h = 0; h < walk->count; h++) {
        const struct hop *hop = &walk->hops[h];
        for (size_t i = 0; hop->out && i < hop->node->nat.masquerade.count; i++)
            if (str_equal(hop->node->nat.masquerade.items[i], hop->out->name))
                return *where = hop->node, true;
    }
    return false;
}

/* Walks there and back as the healthy lab does; NULL, or what stands against it. */
static const char *find_ways(const struct topology *topology, const struct thing *things, struct detour *detour,
                             struct walk *there, struct walk *back, struct arena *arena)
{
    const struct node *a = things[0].node, *b = things[1].node, *translator;
    if (a == b)
        return arena_printf(arena, "both ends are node '%s'", a->name);
    detour->b = topology_address_of(topology, a, b, things[1].interface, 0);
    if (!addr_is_set(&detour->b))
        return arena_printf(arena, "%s has no address that %s could use", b->name, a->name);
    walk_route(topology, a, (struct addr){0}, detour->b, there);
    if (!there->arrived || !there->hops[0].out)
        return arena_printf(arena, "there is no way of declared routes from %s to %s", a->name, b->name);
    const struct interface *source = things[0].interface ? things[0].interface : there->hops[0].out;
    detour->a = interface_address(source, detour->b.family).addr;
    if (!addr_is_set(&detour->a))
        return arena_printf(arena, "%s/%s has no address of that family", a->name, source->name);
    if (translates(there, &translator))
        return arena_printf(arena, "%s translates addresses on the way, so the replies must come back to it",
                            translator->name);
    walk_route(topology, b, detour->b, detour->a, back);
    if (!back->arrived)
        return arena_printf(arena, "there is no way of declared routes back from %s to %s", b->name, a->name);
    return NULL;
}

/* What the turner's new route is for: the network of A, unless its present route is more specific; A alone where the
 * turner is on A's own network. */
static struct prefix turned_destination(const struct hop *turner, const struct hop *last, const struct addr *a)
{
    struct prefix network = turner->destination;
    for (size_t i = 0; last->in && i < last->in->address_count; i++) {
        struct prefix own = prefix_network(last->in->addresses[i]);
        if (prefix_contains(&own, a) && own.length >= network.length)
            network = own;
    }
    return turner->connected ? prefix_of_addr(*a) : network;
}

/* The way back takes `via` as it is: nothing is turned, only blocked. */
static void take_present_way(struct detour *detour, const struct walk *back, struct walk *bent)
{
    size_t h = 0;
    while (back->hops[h].node != detour->via)
        h++;
    *bent = (struct walk){.count = back->count - h, .arrived = true};
    for (size_t i = 0; i < bent->count; i++)
        bent->hops[i] = back->hops[h + i];
    detour->via_in = back->hops[h].in;
    detour->turns_round = bent->hops[0].out == detour->via_in;
}

static const char *find_turner(const struct topology *topology, struct detour *detour, const struct walk *back,
                               struct walk *bent, struct arena *arena)
{
    for (size_t h = 0; h + 1 < back->count; h++) {
        const struct hop *hop = &back->hops[h];
        if (!walk_shared(hop->node, detour->via, detour->a.family, &detour->turner_out, &detour->via_in,
                         &detour->via_address))
            continue;
        walk_route(topology, detour->via, detour->b, detour->a, bent);
        if (!bent->arrived || walk_passes(bent, hop->node))
            continue;
        detour->turner = hop->node;
        detour->turns_round = bent->hops[0].out == detour->via_in;
        detour->table = hop->table;
        detour->destination = turned_destination(hop, &back->hops[back->count - 1], &detour->a);
        return NULL;
    }
    return arena_printf(
        arena,
        "no machine on the way back shares a bridge or link with %s, from where the way goes on to the other end",
        detour->via->name);
}

/* The first machine of the detour that would send to B by another interface than the replies come in by. */
static const char *find_filter(const struct topology *topology, struct detour *detour, const struct walk *there,
                               const struct walk *bent, struct arena *arena)
{
    struct walk reverse;
    if (detour->a.family != 4)
        return "strict reverse path filtering by rp_filter is for IPv4 alone";
    for (size_t h = bent->count; h-- > 0;) {
        const struct hop *hop = &bent->hops[h];
        const struct interface *in = h == 0 ? detour->via_in : hop->in;
        walk_route(topology, hop->node, detour->a, detour->b, &reverse);
        if (!reverse.hops[0].out || reverse.hops[0].out == in)
            continue;
        detour->filter = hop->node;
        detour->filter_in = in;
        return NULL;
    }
    for (size_t h = 0; h + 1 < there->count; h++) {
        const struct interface *theirs;
        const struct node *router = there->hops[h].node;
        if (!router->forwarding ||
            !walk_shared(detour->via, router, 4, &detour->back_out, &theirs, &detour->back_via) ||
            detour->back_out == detour->via_in)
            continue;
        detour->filter = detour->via;
        detour->filter_in = detour->via_in;
        return NULL;
    }
    detour->back_out = NULL;
    return arena_printf(
        arena,
        "every machine from %s on gets the replies on the interface by which it sends: rp_filter cannot block them",
        detour->via->name);
}

static const char *find_detour(const struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct detour *detour, struct arena *arena)
{
    struct walk there, back, bent = {0};
    *detour = (struct detour){0};
    detour->via = topology_thing(topology, fault_text(fault, "via"), NULL).node;
    detour->strict = str_equal(fault_text(fault, "blocked_by"), "rp_filter");
    const char *problem = find_ways(topology, things, detour, &there, &back, arena);
    if (problem)
        return problem;
    const struct node *via = detour->via;
    if (via == things[0].node || via == things[1].node)
        return arena_printf(arena, "%s is one of the two ends", via->name);
    if (!via->forwarding)
        return arena_printf(arena, "%s does not forward", via->name);
    if (walk_passes(&there, via))
        return arena_printf(arena, "the way there takes %s as well", via->name);
    if (walk_passes(&back, via))
        take_present_way(detour, &back, &bent);
    else
        problem = find_turner(topology, detour, &back, &bent, arena);
    if (!problem && detour->strict)
        problem = find_filter(topology, detour, &there, &bent, arena);
    return problem;
}

static void validate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings)
{
    struct detour detour;
    const char *problem = find_detour(topology, fault, things, &detour, findings->arena);
    if (!problem)
        return;
    findings_add(findings, FINDING_ERROR, "asymmetric-routing", fault_mark(fault, "via"),
                 "the way back cannot be bent through %s: %s", fault_text(fault, "via"), problem);
}

/* What a careful administrator loads on a router: nothing passes that does not belong to a connection. */
static void add_firewall(struct plan *plan, uint32_t ns, const struct node *node)
{
    fault_add_table(plan, ns, arena_printf(plan->arena, "node/%s", node->name),
                    "\tchain forward {\n"
                    "\t\ttype filter hook forward priority filter; policy accept;\n"
                    "\t\tct state established,related accept\n"
                    "\t\tct state invalid drop\n"
                    "\t\tct state new tcp flags & (fin|syn|rst|ack) != syn drop\n"
                    "\t}\n");
}

static int add_filter(struct plan *plan, const struct detour *detour, struct error *err)
{
    uint32_t ns;
    if (fault_namespace(plan, detour->filter, &ns, err))
        return -1;
    const char *origin = arena_printf(plan->arena, "node/%s", detour->filter->name);
    fault_set_sysctl(plan, ns, "net/ipv4/conf/all/rp_filter", "1", origin);
    fault_set_sysctl(plan, ns, arena_printf(plan->arena, "net/ipv4/conf/%s/rp_filter", detour->filter_in->name), "1",
                     origin);
    if (detour->back_out)
        fault_set_route(plan, ns, prefix_of_addr(detour->b), 254, detour->back_via, detour->back_out->name, origin);
    return 0;
}

static int rewrite_plan(struct plan *plan, const struct topology *topology, const struct fault *fault,
                        const struct thing *things, struct error *err)
{
    struct detour detour;
    uint32_t turner, via;
    const char *problem = find_detour(topology, fault, things, &detour, plan->arena);
    if (problem)
        return error_set(err, ERR_ABSENT, "fault '%s': %s", fault->id, problem);
    if (fault_namespace(plan, detour.via, &via, err))
        return -1;
    if (detour.turner && fault_namespace(plan, detour.turner, &turner, err))
        return -1;
    if (detour.turner)
        fault_set_route(plan, turner, detour.destination, detour.table, detour.via_address, detour.turner_out->name,
                        arena_printf(plan->arena, "node/%s", detour.turner->name));
    if (detour.strict)
        return add_filter(plan, &detour, err);
    add_firewall(plan, via, detour.via);
    if (detour.turns_round && detour.a.family == 4)
        fault_silence_redirects(plan, via, detour.via_in);
    return 0;
}

static const struct fault_target_row targets[] = {{THING_NODE, FAULT_PLAN}, {THING_INTERFACE, FAULT_PLAN}};
static const char *const blockers[] = {"firewall", "rp_filter"};
static const struct fault_parameter_row parameters[] = {
    {.key = "via", .type = PARAMETER_NODE, .required = true, .doc = "the router that the way back takes"},
    {.key = "blocked_by",
     .type = PARAMETER_WORD,
     .words = blockers,
     .word_count = ARRAY_SIZE(blockers),
     .fallback = "firewall",
     .doc = "what drops the replies there: a stateful firewall, or strict reverse path filtering"},
};
const struct fault_kind fault_asymmetric_routing = {
    .name = "asymmetric-routing",
    .summary = "the replies come back another way, and are dropped on it",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 2,
    .targets = targets,
    .target_count = ARRAY_SIZE(targets),
    .parameters = parameters,
    .parameter_count = ARRAY_SIZE(parameters),
    .symptom = "connections from A to B time out, although every request arrives at B and is answered",
    .tools = "tcpdump at both ends, ip route get, nft list ruleset, conntrack, nstat (IPReversePathFilter)",
    .validate = validate,
    .rewrite_plan = rewrite_plan,
};
