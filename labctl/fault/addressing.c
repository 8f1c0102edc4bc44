/* address-missing, address-duplicate, networks-overlapping: an address that nobody has, or two have, or a network that
 * is in two places. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "fault/walk.h"
#include "plan/plan.h"

/* ---- missing ---- */

static void validate_present(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    (void)topology;
    if (!things[0].interface->address_count)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault), "'%s' has no address when healthy",
                     fault->at.items[0]);
}

static bool is_own(const struct interface *interface, const struct addr *addr)
{
    for (size_t i = 0; i < interface->address_count; i++)
        if (addr_equal(&interface->addresses[i].addr, addr))
            return true;
    return false;
}

/* What a machine loses with the addresses: the networks, the routes by them, those that speak with one of them. */
static bool goes(const struct plan_route *route, const struct interface *interface)
{
    if (is_own(interface, &route->source))
        return true;
    for (size_t n = 0; n < route->nexthop_count && !route->onlink; n++) {
        const struct plan_nexthop *hop = &route->nexthops[n];
        bool by_this = hop->interface && str_equal(hop->interface, interface->name);
        for (size_t i = 0; i < interface->address_count; i++) {
            struct prefix network = prefix_network(interface->addresses[i]);
            if (addr_is_set(&hop->via) ? prefix_contains(&network, &hop->via)
                                       : by_this && prefix_equal(&route->destination, &network))
                return true;
        }
    }
    return false;
}

static int rewrite_missing(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    const struct interface *interface = things[0].interface;
    size_t kept = 0;
    uint32_t ns;
    (void)topology, (void)fault;
    if (fault_namespace(plan, interface->node, &ns, err))
        return -1;
    for (size_t i = 0; i < plan->address_count; i++)
        if (plan->addresses[i].ns != ns || !str_equal(plan->addresses[i].interface, interface->name))
            plan->addresses[kept++] = plan->addresses[i];
    plan->address_count = kept;
    kept = 0;
    for (size_t i = 0; i < plan->route_count; i++)
        if (plan->routes[i].ns != ns || !goes(&plan->routes[i], interface))
            plan->routes[kept++] = plan->routes[i];
    plan->route_count = kept;
    return 0;
}

/* ---- twice ---- */

static unsigned family_of(const struct interface *a, const struct interface *b)
{
    for (unsigned family = 4; family <= 6; family += 2)
        if (interface_address(a, family).addr.family && interface_address(b, family).addr.family)
            return family;
    return 0;
}

static void validate_duplicate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct findings *findings)
{
    const struct interface *a = things[0].interface, *b = things[1].interface;
    (void)topology;
    if (a->node == b->node)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault), "both are interfaces of node '%s'",
                     a->node->name);
    else if (a->attachment != ATTACH_BRIDGE || a->bridge != b->bridge)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' and '%s' are not at one bridge", fault->at.items[0], fault->at.items[1]);
    else if (!family_of(a, b))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' and '%s' have no addresses of one family", fault->at.items[0], fault->at.items[1]);
}

/* The second machine has answered last: whoever has an entry for ever has it for that one. */
static int rewrite_duplicate(struct plan *plan, const struct topology *topology, const struct fault *fault,
                             const struct thing *things, struct error *err)
{
    const struct interface *owner = things[0].interface, *other = things[1].interface;
    struct prefix address = interface_address(owner, family_of(owner, other));
    uint32_t own_ns, ns;
    if (fault_namespace(plan, owner->node, &own_ns, err) || fault_namespace(plan, other->node, &ns, err))
        return -1;
    struct plan_address *added = ARENA_PUSH(plan->arena, plan->addresses, plan->address_count);
    *added = (struct plan_address){.ns = ns, .interface = other->name, .origin = thing_name(topology, &things[1])};
    added->address = prefix_of_addr(address.addr);
    (void)fault;
    for (size_t i = 0; i < plan->neighbour_count; i++) {
        struct plan_neighbour *neighbour = &plan->neighbours[i];
        if (neighbour->ns != own_ns && !memcmp(&neighbour->mac, &owner->mac, sizeof owner->mac) &&
            addr_equal(&neighbour->addr, &address.addr))
            neighbour->mac = other->mac;
    }
    return 0;
}

/* ---- a network that is somewhere else as well ---- */

static void validate_overlap(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    struct prefix network = {0};
    (void)topology;
    fault_read_destination(fault_text(fault, "network"), &network);
    if (network.addr.family != 4 || network.length < 8 || network.length > 30 || prefix_has_host_bits(&network))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "network"),
                     "network of fault %s is an IPv4 network from /8 to /30, not '%s'", fault->kind,
                     fault_text(fault, "network"));
    for (size_t i = 0; i < things[0].interface->address_count; i++)
        if (prefix_contains(&network, &things[0].interface->addresses[i].addr))
            findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "network"),
                         "'%s' is in that network when healthy", fault->at.items[0]);
}

/* The last address of the network that a machine can have. */
static int rewrite_overlap(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    struct prefix network = {0};
    uint32_t ns;
    fault_read_destination(fault_text(fault, "network"), &network);
    if (fault_namespace(plan, things[0].interface->node, &ns, err))
        return -1;
    for (unsigned bit = network.length; bit < 31; bit++)
        network.addr.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    *ARENA_PUSH(plan->arena, plan->addresses, plan->address_count) =
        (struct plan_address){.ns = ns,
                              .interface = things[0].interface->name,
                              .address = network,
                              .origin = thing_name(topology, &things[0])};
    return 0;
}

static const struct fault_target_row targets[] = {{THING_INTERFACE, FAULT_PLAN}};
const struct fault_kind fault_address_missing = {
    .name = "address-missing",
    .summary = "an interface has lost its addresses",
    .family = FAMILY_ADDRESSING,
    .layer = 3,
    .things = 1,
    FAULT_TARGETS(targets),
    .symptom = "the machine reaches nobody by that interface, which is on and has a carrier",
    .tools = "ip addr, ip route",
    .validate = validate_present,
    .rewrite_plan = rewrite_missing,
};
const struct fault_kind fault_address_duplicate = {
    .name = "address-duplicate",
    .summary = "a second machine has the first one's address",
    .family = FAMILY_ADDRESSING,
    .layer = 3,
    .things = 2,
    FAULT_TARGETS(targets),
    .symptom = "who asks for the address reaches the wrong machine: services are refused, pings are answered",
    .tools = "ip neigh, arping -D, tcpdump -e, ip addr on both",
    .validate = validate_duplicate,
    .rewrite_plan = rewrite_duplicate,
};
static const struct fault_target_row overlap_targets[] = {{THING_INTERFACE, FAULT_PLAN}};
static const struct fault_parameter_row overlap_parameters[] = {
    {.key = "network",
     .type = PARAMETER_DESTINATION,
     .required = true,
     .doc = "the network, which is somewhere else in truth"},
};
const struct fault_kind fault_networks_overlapping = {
    .name = "networks-overlapping",
    .summary = "a machine has a network of its own with the addresses of a remote one, as virtual machines and "
               "containers bring",
    .family = FAMILY_ADDRESSING,
    .layer = 3,
    .things = 1,
    FAULT_TARGETS(overlap_targets),
    FAULT_PARAMETERS(overlap_parameters),
    .symptom = "that machine does not reach one remote network: it looks for it by ARP, next door; others reach it",
    .tools = "ip route get, ip addr, tcpdump arp, ip neigh (FAILED)",
    .validate = validate_overlap,
    .rewrite_plan = rewrite_overlap,
};
