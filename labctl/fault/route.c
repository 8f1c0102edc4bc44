/* route-missing: a route is not there, in a machine (also one that the kernel makes itself) or in a VPC's table. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

static bool cloud_route(const struct route_table *table, const struct prefix *destination, size_t *index)
{
    for (size_t i = 0; i < table->route_count; i++)
        if (prefix_equal(&table->routes[i].destination, destination))
            return *index = i, true;
    return false;
}

static bool connected_route(const struct node *node, const struct prefix *destination)
{
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; a < node->interfaces[i]->address_count; a++) {
            struct prefix network = prefix_network(node->interfaces[i]->addresses[a]);
            if (prefix_equal(&network, destination))
                return true;
        }
    return false;
}

static bool machine_route(const struct node *node, const struct prefix *destination, uint32_t table)
{
    for (size_t i = 0; i < node->route_count; i++)
        if (prefix_equal(&node->routes[i].destination, destination) &&
            (node->routes[i].table ? node->routes[i].table : 254) == table)
            return true;
    if (table != 254)
        return false;
    for (size_t i = 0; i < node->interface_count && destination->length == 0; i++)
        if (node->interfaces[i]->gateway.family == destination->addr.family && !fault_told_gateway(node->interfaces[i]))
            return true;
    return connected_route(node, destination);
}

static void read(const struct fault *fault, struct prefix *destination, uint32_t *table)
{
    fault_read_destination(fault_text(fault, "destination"), destination);
    fault_read_table(fault_text(fault, "table"), table);
}

/* The destinations that there are, for the hint. */
static const char *present(const struct thing *thing, struct arena *arena)
{
    char text[ADDR_TEXT_MAX];
    STR_AUTO all = STR_INIT;
    const struct node *node = thing->node;
    if (thing->kind == THING_ROUTE_TABLE) {
        for (size_t i = 0; i < thing->route_table->route_count; i++)
            str_printf(&all, "%s%s", i ? ", " : "", prefix_format(&thing->route_table->routes[i].destination, text));
    } else {
        for (size_t i = 0; i < node->interface_count; i++) {
            for (size_t a = 0; a < node->interfaces[i]->address_count; a++) {
                struct prefix network = prefix_network(node->interfaces[i]->addresses[a]);
                str_printf(&all, "%s%s", all.length ? ", " : "", prefix_format(&network, text));
            }
            if (node->interfaces[i]->gateway.family)
                str_printf(&all, "%sdefault", all.length ? ", " : "");
        }
        for (size_t i = 0; i < node->route_count; i++)
            str_printf(&all, "%s%s", all.length ? ", " : "", prefix_format(&node->routes[i].destination, text));
    }
    return all.length ? arena_printf(arena, "routes there: %s", str_text(&all)) : "there is no route at all";
}

static void validate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings)
{
    struct prefix destination = {0};
    uint32_t table = 0;
    size_t index;
    struct finding *finding = NULL;
    (void)topology;
    read(fault, &destination, &table);
    const char *asked = fault_text(fault, "destination");
    if (prefix_has_host_bits(&destination)) {
        findings_add(findings, FINDING_ERROR, "route-missing", fault_mark(fault, "destination"),
                     "destination '%s' has host bits set", asked);
    } else if (things[0].kind == THING_ROUTE_TABLE) {
        if (fault_parameter(fault, "table"))
            findings_add(findings, FINDING_ERROR, "route-missing", fault_mark(fault, "table"),
                         "'table' is for the route of a node; a VPC's route table is named by 'at'");
        if (cloud_route(things[0].route_table, &destination, &index))
            return;
        bool local = prefix_equal(&things[0].vpc->cidr, &destination);
        finding = findings_add(
            findings, FINDING_ERROR, "route-missing", fault_mark(fault, "destination"),
            local ? "the local route %s of a VPC cannot be missing" : "there is no route to %s in that table", asked);
    } else if (!machine_route(things[0].node, &destination, table)) {
        finding = findings_add(findings, FINDING_ERROR, "route-missing", fault_mark(fault, "destination"),
                               "node '%s' has no route to %s%s%s", things[0].node->name, asked,
                               table == 254 ? "" : " in table ", table == 254 ? "" : fault_text(fault, "table"));
    }
    if (finding)
        finding->hint = present(&things[0], findings->arena);
}

static int rewrite_topology(struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct error *err)
{
    struct prefix destination = {0};
    uint32_t number;
    size_t index;
    struct route_table *table = things[0].route_table;
    (void)topology;
    read(fault, &destination, &number);
    if (!cloud_route(table, &destination, &index))
        return error_set(err, ERR_ABSENT, "fault '%s': %s has no route to %s", fault->id, fault->at.items[0],
                         fault_text(fault, "destination"));
    memmove(&table->routes[index], &table->routes[index + 1],
            (table->route_count - index - 1) * sizeof table->routes[0]);
    table->route_count--;
    return 0;
}

/* Is the gateway on link: does a route of an interface's own network lead there? */
static bool on_link(const struct plan *plan, const struct plan_route *route, const struct plan_nexthop *hop)
{
    for (size_t i = 0; i < plan->route_count; i++) {
        const struct plan_route *other = &plan->routes[i];
        if (other->ns == route->ns && (other->table == 254 || other->table == route->table) &&
            other->nexthop_count == 1 && !other->nexthops[0].via.family &&
            prefix_contains(&other->destination, &hop->via) &&
            (!hop->interface || str_equal(hop->interface, other->nexthops[0].interface)))
            return true;
    }
    return false;
}

/* A route whose gateway was on link by a network that is gone now cannot be made, as on a machine. */
static bool still_possible(const struct plan *plan, const struct plan_route *route, const struct prefix *gone)
{
    for (size_t n = 0; n < route->nexthop_count && !route->onlink; n++) {
        const struct plan_nexthop *hop = &route->nexthops[n];
        if (hop->via.family && prefix_contains(gone, &hop->via) && !on_link(plan, route, hop))
            return false;
    }
    return true;
}

static void drop_dependents(struct plan *plan, uint32_t ns, const struct prefix *gone)
{
    size_t kept = 0;
    for (size_t i = 0; i < plan->route_count; i++) /* those on link all stay, so that each can be asked for them */
        if (plan->routes[i].ns != ns || still_possible(plan, &plan->routes[i], gone))
            plan->routes[kept++] = plan->routes[i];
    plan->route_count = kept;
}

bool fault_remove_route(struct plan *plan, uint32_t ns, struct prefix destination, uint32_t table)
{
    size_t kept = 0, before = plan->route_count;
    for (size_t i = 0; i < before; i++) {
        const struct plan_route *route = &plan->routes[i];
        bool hit = route->ns == ns && route->table == table && prefix_equal(&route->destination, &destination);
        if (!hit)
            plan->routes[kept++] = *route;
    }
    plan->route_count = kept;
    if (kept == before)
        return false;
    drop_dependents(plan, ns, &destination);
    return true;
}

static int rewrite_plan(struct plan *plan, const struct topology *topology, const struct fault *fault,
                        const struct thing *things, struct error *err)
{
    struct prefix destination = {0};
    uint32_t table = 0, ns;
    (void)topology;
    read(fault, &destination, &table);
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    if (fault_remove_route(plan, ns, destination, table))
        return 0;
    return error_set(err, ERR_ABSENT, "fault '%s': node '%s' has no route to %s", fault->id, things[0].node->name,
                     fault_text(fault, "destination"));
}

static const struct fault_target_row targets[] = {{THING_NODE, FAULT_PLAN}, {THING_ROUTE_TABLE, FAULT_TOPOLOGY}};
static const struct fault_parameter_row parameters[] = {
    {.key = "destination",
     .type = PARAMETER_DESTINATION,
     .required = true,
     .doc = "where the missing route leads: a prefix or default; routes of an interface's own network count"},
    {.key = "table", .type = PARAMETER_TABLE, .fallback = "main", .doc = "the routing table of the node"},
};
const struct fault_kind fault_route_missing = {
    .name = "route-missing",
    .summary = "a route is missing in a machine or in a VPC's route table",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 1,
    .targets = targets,
    .target_count = ARRAY_SIZE(targets),
    .parameters = parameters,
    .parameter_count = ARRAY_SIZE(parameters),
    .symptom = "one network cannot be reached: 'Network is unreachable' from the machine itself, silence behind it",
    .tools = "ip route, ip route get, traceroute, tcpdump; for a VPC: labctl dump",
    .validate = validate,
    .rewrite_topology = rewrite_topology,
    .rewrite_plan = rewrite_plan,
};
