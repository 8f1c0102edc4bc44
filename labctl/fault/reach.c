/* ipv6-broken, ttl-too-low: packets that come no farther than the neighbours. */
#include "base/arena.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "fault/walk.h"
#include "plan/plan.h"

enum { TABLE_MAIN = 254 };

/* ---- ipv6-broken ---- */

static void validate_ipv6(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    (void)topology;
    for (size_t i = 0; i < things[0].node->interface_count; i++)
        if (interface_address(things[0].node->interfaces[i], 6).addr.family == 6)
            return;
    findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault), "'%s' has no IPv6 address",
                 things[0].node->name);
}

/* Half of everything, twice: more specific than a default route, which stays as it is. */
static int rewrite_ipv6(struct plan *plan, const struct topology *topology, const struct fault *fault,
                        const struct thing *things, struct error *err)
{
    uint32_t ns;
    (void)topology;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    struct plan_route *route = ARENA_PUSH(plan->arena, plan->routes, plan->route_count);
    *route = (struct plan_route){.ns = ns, .table = TABLE_MAIN, .type = PLAN_ROUTE_BLACKHOLE};
    route->destination = (struct prefix){{6, {0x20}}, 3}; /* 2000::/3: global unicast, RFC 4291 2.4 */
    route->origin = arena_strdup(plan->arena, fault->at.items[0]);
    return 0;
}

/* ---- ttl-too-low ---- */

static int rewrite_ttl(struct plan *plan, const struct topology *topology, const struct fault *fault,
                       const struct thing *things, struct error *err)
{
    uint32_t ns;
    (void)topology;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    fault_set_sysctl(plan, ns, "net/ipv4/ip_default_ttl", fault_text(fault, "ttl"), fault->at.items[0]);
    return 0;
}

static void validate_ttl(const struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct findings *findings)
{
    uint32_t ttl = 0;
    (void)topology, (void)things;
    fault_read_number(fault_text(fault, "ttl"), &ttl);
    if (ttl > 63)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "ttl"), "a TTL of %u is not too low", ttl);
}

static const struct fault_target_row targets[] = {{THING_NODE, FAULT_PLAN}};
static const struct fault_parameter_row ttl_parameters[] = {
    {.key = "ttl", .type = PARAMETER_NUMBER, .fallback = "1", .doc = "with which every packet of the machine starts"},
};
#define ROUTING .family = FAMILY_ROUTING, .layer = 3, FAULT_TARGETS(targets)
const struct fault_kind fault_ipv6_broken = {
    .name = "ipv6-broken",
    .summary = "a machine throws away what goes to IPv6 networks beyond its own",
    ROUTING,
    .things = 1,
    .symptom = "names with an IPv6 address take long, or fail; with -4 all is well",
    .tools = "curl -6, curl -4, ip -6 route, ip -6 route get",
    .validate = validate_ipv6,
    .rewrite_plan = rewrite_ipv6,
};
const struct fault_kind fault_ttl_too_low = {
    .name = "ttl-too-low",
    .summary = "a machine's packets start with too small a TTL",
    ROUTING,
    .things = 1,
    FAULT_PARAMETERS(ttl_parameters),
    .symptom = "the machine reaches its neighbours; what is some routers away tells of exceeded time",
    .tools = "tcpdump -v (ttl), ping, traceroute, sysctl net.ipv4.ip_default_ttl",
    .validate = validate_ttl,
    .rewrite_plan = rewrite_ttl,
};
