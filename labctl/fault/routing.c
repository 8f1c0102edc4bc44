/* gateway-missing, return-route-missing, routing-loop, more-specific-route, policy-rule-wrong, ecmp-member-dead:
 * packets that take a wrong way, or none. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "fault/walk.h"
#include "plan/plan.h"

enum { TABLE_MAIN = 254 };

/* ---- gateway-missing ---- */

static unsigned family_of(const struct fault *fault)
{
    return str_equal(fault_text(fault, "family"), "ipv6") ? 6 : 4;
}

static bool has_default(const struct node *node, unsigned family)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (node->interfaces[i]->gateway.family == family && !fault_told_gateway(node->interfaces[i]))
            return true;
    for (size_t i = 0; i < node->route_count; i++)
        if (!node->routes[i].table && !node->routes[i].destination.length &&
            node->routes[i].destination.addr.family == family)
            return true;
    return false;
}

static void validate_gateway(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    (void)topology;
    const struct node *node = things[0].node;
    const char *hint = NULL;
    if (has_default(node, family_of(fault)))
        return;
    for (size_t i = 0; i < node->interface_count && family_of(fault) == 4; i++)
        if (fault_told_gateway(node->interfaces[i]))
            hint = "it is told one by DHCP: 'dhcp-gateway-wrong' and 'dhcp-server-down' are at the server";
    findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                 hint ? "'%s' has no gateway of its own when healthy" : "'%s' has no gateway when healthy", node->name)
        ->hint = hint;
}

static int rewrite_gateway(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    uint32_t ns;
    (void)topology;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    if (fault_remove_route(plan, ns, prefix_any(family_of(fault)), TABLE_MAIN))
        return 0;
    return error_set(err, ERR_ABSENT, "fault '%s': node '%s' has no gateway", fault->id, things[0].node->name);
}

/* ---- return-route-missing ---- */

/* The first router on the way back from B to A that needs a route for it. */
static const char *find_return(const struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct hop *out, struct arena *arena)
{
    const struct node *a = things[0].node, *b = things[1].node, *asked = NULL;
    struct walk there = {0}, back;
    if (fault_text(fault, "router"))
        asked = topology_thing(topology, fault_text(fault, "router"), NULL).node;
    if (a == b)
        return arena_printf(arena, "both ends are node '%s'", a->name);
    struct addr far = topology_address_of(topology, a, b, things[1].interface, 0);
    if (addr_is_set(&far))
        walk_route(topology, a, (struct addr){0}, far, &there);
    if (!addr_is_set(&far) || !there.arrived || !there.hops[0].out)
        return arena_printf(arena, "there is no way of declared routes from %s to %s", a->name, b->name);
    struct addr near = interface_address(there.hops[0].out, far.family).addr;
    walk_route(topology, b, far, near, &back);
    if (!back.arrived)
        return arena_printf(arena, "there is no way of declared routes back from %s to %s", b->name, a->name);
    for (size_t h = 0; h + 1 < back.count; h++) {
        if (back.hops[h].connected || (asked ? back.hops[h].node != asked : h == 0 && back.count > 2))
            continue;
        *out = back.hops[h];
        return NULL;
    }
    return asked ? arena_printf(arena, "%s needs no route for the way back", asked->name)
                 : "no machine on the way back needs a route for it";
}

static void validate_return(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    struct hop hop;
    const char *problem = find_return(topology, fault, things, &hop, findings->arena);
    if (problem)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "router"), "no return route can go: %s",
                     problem);
}

static int rewrite_return(struct plan *plan, const struct topology *topology, const struct fault *fault,
                          const struct thing *things, struct error *err)
{
    struct hop hop;
    uint32_t ns;
    const char *problem = find_return(topology, fault, things, &hop, plan->arena);
    if (problem)
        return error_set(err, ERR_ABSENT, "fault '%s': %s", fault->id, problem);
    if (fault_namespace(plan, hop.node, &ns, err))
        return -1;
    if (fault_remove_route(plan, ns, hop.destination, hop.table))
        return 0;
    return error_set(err, ERR_ABSENT, "fault '%s': node '%s' has lost that route already", fault->id, hop.node->name);
}

/* ---- routing-loop ---- */

struct neighbours {
    const struct interface *mine, *theirs;
    struct addr theirs_addr, mine_addr;
};

static bool find_neighbours(const struct thing *things, unsigned family, struct neighbours *out)
{
    if (!walk_shared(things[0].node, things[1].node, family, &out->mine, &out->theirs, &out->theirs_addr))
        return false;
    out->mine_addr = interface_address(out->mine, family).addr;
    return true;
}

static void validate_loop(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    struct prefix destination = {0};
    struct neighbours neighbours;
    (void)topology;
    if (!fault_check_destination(fault, findings, &destination))
        return;
    for (size_t i = 0; i < 2; i++)
        if (!things[i].node->forwarding)
            findings_add(findings, FINDING_ERROR, fault->kind, fault->at_marks ? fault->at_marks[i] : fault->mark,
                         "'%s' does not forward", things[i].node->name);
    if (things[0].node == things[1].node || !find_neighbours(things, destination.addr.family, &neighbours))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' and '%s' are not two neighbours on one bridge or link", fault->at.items[0],
                     fault->at.items[1]);
}

static int rewrite_loop(struct plan *plan, const struct topology *topology, const struct fault *fault,
                        const struct thing *things, struct error *err)
{
    struct prefix destination = {0};
    struct neighbours neighbours;
    uint32_t ns[2];
    (void)topology;
    fault_read_destination(fault_text(fault, "destination"), &destination);
    if (fault_namespace(plan, things[0].node, &ns[0], err) || fault_namespace(plan, things[1].node, &ns[1], err))
        return -1;
    if (!find_neighbours(things, destination.addr.family, &neighbours))
        return error_set(err, ERR_ABSENT, "fault '%s': the two are no neighbours any more", fault->id);
    fault_set_route(plan, ns[0], destination, TABLE_MAIN, neighbours.theirs_addr, neighbours.mine->name,
                    fault->at.items[0]);
    fault_set_route(plan, ns[1], destination, TABLE_MAIN, neighbours.mine_addr, neighbours.theirs->name,
                    fault->at.items[1]);
    if (destination.addr.family == 4) {
        fault_silence_redirects(plan, ns[0], neighbours.mine);
        fault_silence_redirects(plan, ns[1], neighbours.theirs);
    }
    return 0;
}

/* ---- more-specific-route ---- */

static void validate_specific(const struct topology *topology, const struct fault *fault, const struct thing *things,
                              struct findings *findings)
{
    struct prefix destination = {0};
    struct addr via;
    struct walk walk;
    addr_parse(fault_text(fault, "via"), &via);
    if (!fault_check_destination(fault, findings, &destination))
        return;
    const struct interface *out = fault_near(things[0].node, &via);
    walk_route(topology, things[0].node, (struct addr){0}, destination.addr, &walk);
    if (via.family != destination.addr.family)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "via"),
                     "destination and router are of different families");
    else if (!out)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "via"),
                     "%s is on none of the networks of '%s'", fault_text(fault, "via"), things[0].node->name);
    else if (!walk.hops[0].out || destination.length <= walk.hops[0].destination.length)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "destination"),
                     "'%s' has no route that is less specific than %s", things[0].node->name,
                     fault_text(fault, "destination"));
}

static int rewrite_specific(struct plan *plan, const struct topology *topology, const struct fault *fault,
                            const struct thing *things, struct error *err)
{
    struct prefix destination = {0};
    struct addr via;
    uint32_t ns;
    (void)topology;
    addr_parse(fault_text(fault, "via"), &via);
    fault_read_destination(fault_text(fault, "destination"), &destination);
    const struct interface *out = fault_near(things[0].node, &via);
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    if (!out)
        return error_set(err, ERR_ABSENT, "fault '%s': %s is on none of the networks of '%s'", fault->id,
                         fault_text(fault, "via"), things[0].node->name);
    fault_set_route(plan, ns, destination, TABLE_MAIN, via, out->name, fault->at.items[0]);
    if (things[0].node->forwarding && via.family == 4)
        fault_silence_redirects(plan, ns, out);
    return 0;
}

/* ---- policy-rule-wrong ---- */

enum { RULE_PRIORITY = 1000 };

static void validate_rule(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    uint32_t table = 0;
    struct prefix from;
    (void)topology;
    fault_read_table(fault_text(fault, "table"), &table);
    fault_read_destination(fault_text(fault, "from"), &from);
    if (table >= 253 && table <= 255)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "table"), "table %s is the kernel's own",
                     fault_text(fault, "table"));
    if (prefix_has_host_bits(&from))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "from"), "'%s' has host bits set",
                     fault_text(fault, "from"));
    for (size_t i = 0; i < things[0].node->rule_count; i++)
        if (things[0].node->rules[i].priority == RULE_PRIORITY)
            findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                         "'%s' has a rule of priority %d already", things[0].node->name, (int)RULE_PRIORITY);
}

/* A table without a route for the packet would hand it on to the next rule: this one has a default that ends. */
static int rewrite_rule(struct plan *plan, const struct topology *topology, const struct fault *fault,
                        const struct thing *things, struct error *err)
{
    uint32_t ns, table = 0;
    struct prefix from;
    const char *origin = fault->at.items[0];
    (void)topology;
    fault_read_table(fault_text(fault, "table"), &table);
    fault_read_destination(fault_text(fault, "from"), &from);
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    struct plan_rule *rule = ARENA_PUSH(plan->arena, plan->rules, plan->rule_count);
    *rule = (struct plan_rule){.ns = ns, .family = from.addr.family, .priority = RULE_PRIORITY, .table = table};
    rule->from = from;
    rule->origin = arena_strdup(plan->arena, origin);
    struct plan_route *route = ARENA_PUSH(plan->arena, plan->routes, plan->route_count);
    *route = (struct plan_route){.ns = ns, .table = table, .type = PLAN_ROUTE_UNREACHABLE};
    route->destination = prefix_any(from.addr.family);
    route->origin = rule->origin;
    return 0;
}

/* ---- ecmp-member-dead ---- */

static struct plan_route *find_route(struct plan *plan, uint32_t ns, const struct prefix *destination)
{
    for (size_t i = 0; i < plan->route_count; i++) {
        struct plan_route *route = &plan->routes[i];
        if (route->ns == ns && route->table == TABLE_MAIN && !route->connected && route->nexthop_count > 0 &&
            route->type == PLAN_ROUTE_UNICAST && prefix_equal(&route->destination, destination))
            return route;
    }
    return NULL;
}

static bool declares_route(const struct node *node, const struct prefix *destination)
{
    for (size_t i = 0; i < node->route_count; i++)
        if (!node->routes[i].table && node->routes[i].type == ROUTE_UNICAST &&
            prefix_equal(&node->routes[i].destination, destination))
            return true;
    return destination->length == 0 && has_default(node, destination->addr.family);
}

static void validate_member(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    struct prefix destination = {0};
    struct addr via;
    (void)topology;
    addr_parse(fault_text(fault, "via"), &via);
    if (!fault_check_destination(fault, findings, &destination))
        return;
    if (!declares_route(things[0].node, &destination))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "destination"),
                     "node '%s' has no route to %s by a router", things[0].node->name,
                     fault_text(fault, "destination"));
    if (via.family != destination.addr.family || !fault_near(things[0].node, &via))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "via"),
                     "%s is on none of the networks of '%s'", fault_text(fault, "via"), things[0].node->name);
}

static int rewrite_member(struct plan *plan, const struct topology *topology, const struct fault *fault,
                          const struct thing *things, struct error *err)
{
    struct prefix destination = {0};
    struct addr via;
    uint32_t ns;
    (void)topology;
    addr_parse(fault_text(fault, "via"), &via);
    fault_read_destination(fault_text(fault, "destination"), &destination);
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    const struct interface *out = fault_near(things[0].node, &via);
    struct plan_route *route = find_route(plan, ns, &destination);
    if (!route || !out)
        return error_set(err, ERR_ABSENT, "fault '%s': node '%s' has no route to %s that could have a second router",
                         fault->id, things[0].node->name, fault_text(fault, "destination"));
    struct plan_nexthop *hops = arena_alloc(plan->arena, (route->nexthop_count + 1) * sizeof *hops);
    for (size_t i = 0; i < route->nexthop_count; i++) {
        hops[i] = route->nexthops[i];
        hops[i].weight = hops[i].weight ? hops[i].weight : 1;
    }
    hops[route->nexthop_count] =
        (struct plan_nexthop){.via = via, .interface = arena_strdup(plan->arena, out->name), .weight = 1};
    route->nexthops = hops;
    route->nexthop_count++;
    return 0;
}

static const struct fault_target_row targets[] = {{THING_NODE, FAULT_PLAN}};
static const char *const families[] = {"ipv4", "ipv6"};
static const struct fault_parameter_row gateway_parameters[] = {
    {.key = "family", FAULT_WORDS(families), .doc = "of which protocol the default route is gone"},
};
static const struct fault_parameter_row return_parameters[] = {
    {.key = "router",
     .type = PARAMETER_NODE,
     .doc = "the machine that has lost the route; without it the first router on the way back that needs one"},
};
static const struct fault_parameter_row loop_parameters[] = {
    {.key = "destination", .type = PARAMETER_DESTINATION, .required = true, .doc = "whose packets go round and round"},
};
static const struct fault_parameter_row specific_parameters[] = {
    {.key = "destination",
     .type = PARAMETER_DESTINATION,
     .required = true,
     .doc = "a part of a network that has a route: the longer prefix wins"},
    {.key = "via", .type = PARAMETER_ADDRESS, .required = true, .doc = "the router that gets these packets"},
};
static const struct fault_parameter_row rule_parameters[] = {
    {.key = "from", .type = PARAMETER_DESTINATION, .required = true, .doc = "packets from there meet the rule"},
    {.key = "table",
     .type = PARAMETER_TABLE,
     .fallback = "100",
     .doc = "the routing table, without a way, that it leads to"},
};
static const struct fault_parameter_row member_parameters[] = {
    {.key = "destination",
     .type = PARAMETER_DESTINATION,
     .required = true,
     .doc = "the route that gets a second router: a prefix or default"},
    {.key = "via", .type = PARAMETER_ADDRESS, .required = true, .doc = "that router, which hands nothing on"},
};
#define ROUTING .family = FAMILY_ROUTING, .layer = 3, FAULT_TARGETS(targets)
const struct fault_kind fault_gateway_missing = {
    .name = "gateway-missing",
    .summary = "a machine has no default gateway",
    ROUTING,
    .things = 1,
    FAULT_PARAMETERS(gateway_parameters),
    .symptom = "the machine reaches its own network; beyond it 'Network is unreachable'",
    .tools = "ip route, ip route get, ping",
    .validate = validate_gateway,
    .rewrite_plan = rewrite_gateway,
};
const struct fault_kind fault_return_route_missing = {
    .name = "return-route-missing",
    .summary = "requests from A arrive at B, and a machine on the way back has no route for the answers",
    ROUTING,
    .things = 2,
    FAULT_PARAMETERS(return_parameters),
    .symptom = "connections from A to B time out, although every request arrives at B and is answered",
    .tools = "tcpdump at both ends, ip route get on every router of the way back, traceroute from B",
    .validate = validate_return,
    .rewrite_plan = rewrite_return,
};
const struct fault_kind fault_routing_loop = {
    .name = "routing-loop",
    .summary = "two routers each take the other for the way to a network",
    ROUTING,
    .things = 2,
    FAULT_PARAMETERS(loop_parameters),
    .symptom = "that network cannot be reached: 'Time to live exceeded'",
    .tools = "traceroute, mtr, ping (time to live exceeded), tcpdump between the two, ip route get",
    .validate = validate_loop,
    .rewrite_plan = rewrite_loop,
};
const struct fault_kind fault_more_specific_route = {
    .name = "more-specific-route",
    .summary = "a longer prefix takes a part of a network away from its right way",
    ROUTING,
    .things = 1,
    FAULT_PARAMETERS(specific_parameters),
    .symptom = "a part of a network is reached by a wrong way, or not at all; the rest of it is well",
    .tools = "ip route get, ip route show match, traceroute",
    .validate = validate_specific,
    .rewrite_plan = rewrite_specific,
};
const struct fault_kind fault_policy_rule_wrong = {
    .name = "policy-rule-wrong",
    .summary = "a policy rule leads some packets to a routing table without a way",
    ROUTING,
    .things = 1,
    FAULT_PARAMETERS(rule_parameters),
    .symptom = "some sources reach nothing through the machine; the main table is right, and others are well",
    .tools = "ip rule, ip route show table all, ip route get ADDRESS from ADDRESS iif INTERFACE",
    .validate = validate_rule,
    .rewrite_plan = rewrite_rule,
};
const struct fault_kind fault_ecmp_member_dead = {
    .name = "ecmp-member-dead",
    .summary = "a route has a second router, which hands nothing on",
    ROUTING,
    .things = 1,
    FAULT_PARAMETERS(member_parameters),
    .symptom = "about every second connection or destination fails, always the same ones",
    .tools = "ip route (nexthop), ip route get for several addresses, nc -p with several source ports",
    .validate = validate_member,
    .rewrite_plan = rewrite_member,
};
