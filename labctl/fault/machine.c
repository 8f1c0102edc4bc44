/* gateway-wrong, route-wrong, route-blackhole, forwarding-off, rp-filter-strict, neighbour-wrong: how a machine sends
 * packets on. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

enum { TABLE_MAIN = 254 };

static struct plan_route *find_route(struct plan *plan, uint32_t ns, const struct prefix *destination)
{
    for (size_t i = 0; i < plan->route_count; i++) {
        struct plan_route *route = &plan->routes[i];
        if (route->ns == ns && route->table == TABLE_MAIN && prefix_equal(&route->destination, destination))
            return route;
    }
    return NULL;
}

/* ---- routes ---- */

static void validate_via(const struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct findings *findings)
{
    struct addr via;
    (void)topology;
    addr_parse(fault_text(fault, "via"), &via);
    if (fault_near(things[0].node, &via))
        return;
    struct finding *finding =
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "via"),
                     "%s is on none of the networks of '%s'", fault_text(fault, "via"), things[0].node->name);
    finding->hint = "a router is a neighbour: nobody could have typed such a route";
}

static void validate_gateway(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    const struct node *node = things[0].node;
    struct addr via;
    bool has_default = false;
    validate_via(topology, fault, things, findings);
    addr_parse(fault_text(fault, "via"), &via);
    for (size_t i = 0; i < node->interface_count; i++) {
        has_default = has_default || node->interfaces[i]->gateway.family == via.family;
        if (addr_equal(&node->interfaces[i]->gateway, &via))
            findings_add(findings, FINDING_ERROR, "gateway-wrong", fault_mark(fault, "via"),
                         "%s is the gateway of '%s' when healthy", fault_text(fault, "via"), node->name);
    }
    for (size_t i = 0; i < node->route_count; i++)
        has_default = has_default || (!node->routes[i].destination.length && !node->routes[i].table);
    if (!has_default)
        findings_add(findings, FINDING_ERROR, "gateway-wrong", fault_target_mark(fault),
                     "'%s' has no gateway when healthy", node->name);
}

static int turn(struct plan *plan, const struct fault *fault, const struct thing *things, struct prefix destination,
                struct error *err)
{
    struct addr via;
    uint32_t ns;
    addr_parse(fault_text(fault, "via"), &via);
    const struct interface *out = fault_near(things[0].node, &via);
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    if (!out)
        return error_set(err, ERR_ABSENT, "fault '%s': %s is on none of the networks of '%s'", fault->id,
                         fault_text(fault, "via"), things[0].node->name);
    fault_set_route(plan, ns, destination, TABLE_MAIN, via, out->name, fault->at.items[0]);
    return 0;
}

static int rewrite_gateway(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    struct addr via;
    (void)topology;
    addr_parse(fault_text(fault, "via"), &via);
    return turn(plan, fault, things, prefix_any(via.family), err);
}

static void validate_route(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    struct prefix destination;
    struct addr via;
    addr_parse(fault_text(fault, "via"), &via);
    if (!fault_check_destination(fault, findings, &destination))
        return;
    if (via.family != destination.addr.family)
        findings_add(findings, FINDING_ERROR, "route-wrong", fault_mark(fault, "via"),
                     "destination and router are of different families");
    else
        validate_via(topology, fault, things, findings);
}

static int rewrite_route(struct plan *plan, const struct topology *topology, const struct fault *fault,
                         const struct thing *things, struct error *err)
{
    struct prefix destination;
    (void)topology;
    fault_read_destination(fault_text(fault, "destination"), &destination);
    return turn(plan, fault, things, destination, err);
}

static void validate_blackhole(const struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct findings *findings)
{
    struct prefix destination;
    (void)topology, (void)things;
    fault_check_destination(fault, findings, &destination);
}

static int rewrite_blackhole(struct plan *plan, const struct topology *topology, const struct fault *fault,
                             const struct thing *things, struct error *err)
{
    static const enum plan_route_type types[] = {PLAN_ROUTE_BLACKHOLE, PLAN_ROUTE_UNREACHABLE, PLAN_ROUTE_PROHIBIT};
    static const char *const words[] = {"blackhole", "unreachable", "prohibit"};
    struct prefix destination;
    uint32_t ns;
    (void)topology;
    fault_read_destination(fault_text(fault, "destination"), &destination);
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    struct plan_route *route = find_route(plan, ns, &destination);
    if (!route || route->connected)
        route = ARENA_PUSH(plan->arena, plan->routes, plan->route_count);
    *route = (struct plan_route){.ns = ns, .destination = destination, .table = TABLE_MAIN};
    route->origin = arena_strdup(plan->arena, fault->at.items[0]);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_equal(fault_text(fault, "type"), words[i]))
            route->type = types[i];
    return 0;
}

/* ---- sysctls ---- */

static void validate_forwarding(const struct topology *topology, const struct fault *fault, const struct thing *things,
                                struct findings *findings)
{
    (void)topology;
    if (!things[0].node->forwarding)
        findings_add(findings, FINDING_ERROR, "forwarding-off", fault_target_mark(fault),
                     "'%s' does not forward when healthy", things[0].node->name);
}

static int rewrite_forwarding(struct plan *plan, const struct topology *topology, const struct fault *fault,
                              const struct thing *things, struct error *err)
{
    uint32_t ns;
    (void)topology;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    for (size_t i = 0; i < plan->sysctl_count; i++) {
        struct plan_sysctl *sysctl = &plan->sysctls[i];
        if (sysctl->ns == ns &&
            (str_equal(sysctl->key, "net/ipv4/ip_forward") || str_equal(sysctl->key, "net/ipv6/conf/all/forwarding")))
            sysctl->value = "0";
    }
    fault_set_sysctl(plan, ns, "net/ipv4/ip_forward", "0", fault->at.items[0]);
    return 0;
}

/* Of whom everything comes and goes by one interface, whatever is asked. */
static bool has_one_way(const struct interface *interface)
{
    const struct node *node = interface->node;
    bool outward = interface->gateway.family == 4 || interface->attachment == ATTACH_SUBNET ||
                   interface->attachment == ATTACH_INTERNET;
    return node->interface_count == 1 && outward && !node->route_count && !node->rule_count;
}

static void validate_rp_filter(const struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct findings *findings)
{
    const struct interface *interface = things[0].interface;
    bool ipv4 = interface->dhcp;
    (void)topology;
    for (size_t a = 0; a < interface->address_count; a++)
        ipv4 = ipv4 || interface->addresses[a].addr.family == 4;
    if (!ipv4)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' has no IPv4 address: the filter is for IPv4 alone", fault->at.items[0]);
    else if (has_one_way(interface))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' is the only way of '%s': nothing that it answers goes another one, so nothing is dropped",
                     fault->at.items[0], interface->node->name);
}

static int rewrite_rp_filter(struct plan *plan, const struct topology *topology, const struct fault *fault,
                             const struct thing *things, struct error *err)
{
    uint32_t ns;
    const struct interface *interface = things[0].interface;
    (void)topology;
    if (fault_namespace(plan, interface->node, &ns, err))
        return -1;
    fault_set_sysctl(plan, ns, arena_printf(plan->arena, "net/ipv4/conf/%s/rp_filter", interface->name), "1",
                     fault->at.items[0]);
    return 0;
}

/* ---- neighbours ---- */

static void validate_neighbour(const struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct findings *findings)
{
    struct addr addr;
    (void)topology;
    addr_parse(fault_text(fault, "address"), &addr);
    if (fault_near(things[0].node, &addr) != things[0].interface)
        findings_add(findings, FINDING_ERROR, "neighbour-wrong", fault_mark(fault, "address"),
                     "%s is not on the network of '%s'", fault_text(fault, "address"), fault->at.items[0]);
}

static int rewrite_neighbour(struct plan *plan, const struct topology *topology, const struct fault *fault,
                             const struct thing *things, struct error *err)
{
    const struct interface *interface = things[0].interface;
    struct plan_neighbour *found = NULL;
    struct addr addr;
    struct mac mac;
    uint32_t ns;
    (void)topology;
    addr_parse(fault_text(fault, "address"), &addr);
    mac_parse(fault_text(fault, "mac"), &mac);
    if (fault_namespace(plan, interface->node, &ns, err))
        return -1;
    for (size_t i = 0; i < plan->neighbour_count && !found; i++) {
        struct plan_neighbour *present = &plan->neighbours[i];
        if (present->ns == ns && !present->proxy && str_equal(present->interface, interface->name) &&
            addr_equal(&present->addr, &addr))
            found = present;
    }
    if (!found) {
        found = ARENA_PUSH(plan->arena, plan->neighbours, plan->neighbour_count);
        *found = (struct plan_neighbour){.ns = ns, .interface = interface->name, .addr = addr};
        found->origin = arena_strdup(plan->arena, fault->at.items[0]);
    }
    found->mac = mac;
    return 0;
}

static const struct fault_target_row node_targets[] = {{THING_NODE, FAULT_PLAN}};
static const struct fault_target_row interface_targets[] = {{THING_INTERFACE, FAULT_PLAN}};
static const struct fault_parameter_row gateway_parameters[] = {
    {.key = "via", .type = PARAMETER_ADDRESS, .required = true, .doc = "where the default route leads instead"},
};
static const struct fault_parameter_row route_parameters[] = {
    {.key = "destination",
     .type = PARAMETER_DESTINATION,
     .required = true,
     .doc = "whose packets go the wrong way: a prefix (perhaps a more specific one than the right route), or default"},
    {.key = "via", .type = PARAMETER_ADDRESS, .required = true, .doc = "the router that they are handed to"},
};
static const char *const blackhole_types[] = {"blackhole", "unreachable", "prohibit"};
static const struct fault_parameter_row blackhole_parameters[] = {
    {.key = "destination",
     .type = PARAMETER_DESTINATION,
     .required = true,
     .doc = "whose packets end there: a prefix, an address or default"},
    {.key = "type",
     .type = PARAMETER_WORD,
     .words = blackhole_types,
     .word_count = ARRAY_SIZE(blackhole_types),
     .fallback = "blackhole",
     .doc = "whether they end in silence or with an ICMP error"},
};
static const struct fault_parameter_row neighbour_parameters[] = {
    {.key = "address", .type = PARAMETER_ADDRESS, .required = true, .doc = "the neighbour whose entry is wrong"},
    {.key = "mac", .type = PARAMETER_MAC, .required = true, .doc = "the hardware address that stands there, for ever"},
};
const struct fault_kind fault_gateway_wrong = {
    .name = "gateway-wrong",
    .summary = "the default gateway is the wrong one",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 1,
    .targets = node_targets,
    .target_count = ARRAY_SIZE(node_targets),
    .parameters = gateway_parameters,
    .parameter_count = ARRAY_SIZE(gateway_parameters),
    .symptom = "the machine reaches its own network and nothing beyond",
    .tools = "ip route, ip route get, ip neigh, traceroute",
    .validate = validate_gateway,
    .rewrite_plan = rewrite_gateway,
};
const struct fault_kind fault_route_wrong = {
    .name = "route-wrong",
    .summary = "a route leads to the wrong router",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 1,
    .targets = node_targets,
    .target_count = ARRAY_SIZE(node_targets),
    .parameters = route_parameters,
    .parameter_count = ARRAY_SIZE(route_parameters),
    .symptom = "one network is reached by a wrong way, or not at all",
    .tools = "ip route get, traceroute, tcpdump",
    .validate = validate_route,
    .rewrite_plan = rewrite_route,
};
const struct fault_kind fault_route_blackhole = {
    .name = "route-blackhole",
    .summary = "a route throws packets away",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 1,
    .targets = node_targets,
    .target_count = ARRAY_SIZE(node_targets),
    .parameters = blackhole_parameters,
    .parameter_count = ARRAY_SIZE(blackhole_parameters),
    .symptom = "one network cannot be reached, although the way there works for others",
    .tools = "ip route get, ip route show type blackhole",
    .validate = validate_blackhole,
    .rewrite_plan = rewrite_blackhole,
};
const struct fault_kind fault_forwarding_off = {
    .name = "forwarding-off",
    .summary = "a router does not forward packets",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 1,
    .targets = node_targets,
    .target_count = ARRAY_SIZE(node_targets),
    .symptom = "the router itself answers, nothing behind it does",
    .tools = "sysctl net.ipv4.ip_forward, tcpdump at both sides of the router",
    .validate = validate_forwarding,
    .rewrite_plan = rewrite_forwarding,
};
const struct fault_kind fault_rp_filter_strict = {
    .name = "rp-filter-strict",
    .summary = "an interface drops what it would not answer by the same way",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 1,
    .targets = interface_targets,
    .target_count = ARRAY_SIZE(interface_targets),
    .symptom = "packets arrive at the interface and the machine acts as if it had not seen them",
    .tools = "nstat (IPReversePathFilter), sysctl rp_filter, tcpdump, ip route get",
    .validate = validate_rp_filter,
    .rewrite_plan = rewrite_rp_filter,
};
const struct fault_kind fault_neighbour_wrong = {
    .name = "neighbour-wrong",
    .summary = "a permanent neighbour entry has the wrong hardware address",
    .family = FAMILY_NEIGHBOUR,
    .layer = 2,
    .things = 1,
    .targets = interface_targets,
    .target_count = ARRAY_SIZE(interface_targets),
    .parameters = neighbour_parameters,
    .parameter_count = ARRAY_SIZE(neighbour_parameters),
    .symptom = "one neighbour, often the gateway, cannot be reached; all others can",
    .tools = "ip neigh (PERMANENT), tcpdump -e, arping",
    .validate = validate_neighbour,
    .rewrite_plan = rewrite_neighbour,
};
