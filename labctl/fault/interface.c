/* link-down, cable-unplugged, bridge-wrong, address-wrong, netmask-wrong: what is wrong at one interface. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "fault/walk.h"
#include "plan/plan.h"

/* ---- down, unplugged ---- */

static void validate_up(const struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct findings *findings)
{
    (void)topology;
    if (things[0].interface->down)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault), "'%s' is down when healthy",
                     fault->at.items[0]);
}

static int take_down(struct plan *plan, const struct fault *fault, const struct thing *things, bool far,
                     struct error *err)
{
    uint32_t ns;
    unsigned end;
    struct plan_device *device = far ? NULL : fault_device(plan, things[0].interface);
    if (device) {
        device->down = true;
        return 0;
    }
    struct plan_link *link = fault_link(plan, fault, things[0].interface, &ns, &end, err);
    if (!link)
        return -1;
    link->end[far ? !end : end].down = true;
    return 0;
}

static int rewrite_down(struct plan *plan, const struct topology *topology, const struct fault *fault,
                        const struct thing *things, struct error *err)
{
    (void)topology;
    return take_down(plan, fault, things, false, err);
}

static int rewrite_unplugged(struct plan *plan, const struct topology *topology, const struct fault *fault,
                             const struct thing *things, struct error *err)
{
    (void)topology;
    return take_down(plan, fault, things, true, err);
}

/* ---- the wrong switch ---- */

static void validate_bridge(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    const char *name = fault_text(fault, "bridge");
    const struct interface *interface = things[0].interface;
    if (interface->attachment != ATTACH_BRIDGE)
        findings_add(findings, FINDING_ERROR, "bridge-wrong", fault_target_mark(fault), "'%s' is not at a bridge",
                     fault->at.items[0]);
    else if (!topology_bridge(topology, name))
        findings_add(findings, FINDING_ERROR, "bridge-wrong", fault_mark(fault, "bridge"), "no bridge is called '%s'",
                     name);
    else if (topology_bridge(topology, name) == bridge_whole(interface->bridge))
        findings_add(findings, FINDING_ERROR, "bridge-wrong", fault_mark(fault, "bridge"),
                     "'%s' is at bridge '%s' when healthy", fault->at.items[0], name);
}

static const char *plan_bridge_name(const struct plan *plan, const struct topology *topology, const char *name)
{
    struct thing thing = {.kind = THING_BRIDGE, .bridge = topology_bridge(topology, name)};
    const char *origin = thing.bridge ? thing_name(topology, &thing) : NULL;
    for (size_t i = 0; origin && i < plan->bridge_count; i++)
        if (str_equal(plan->bridges[i].origin, origin))
            return plan->bridges[i].name;
    return NULL;
}

static int rewrite_bridge(struct plan *plan, const struct topology *topology, const struct fault *fault,
                          const struct thing *things, struct error *err)
{
    uint32_t ns;
    unsigned end;
    struct plan_link *link = fault_link(plan, fault, things[0].interface, &ns, &end, err);
    const char *bridge = plan_bridge_name(plan, topology, fault_text(fault, "bridge"));
    if (!link)
        return -1;
    if (!bridge)
        return error_set(err, ERR_ABSENT, "fault '%s': no bridge is called '%s'", fault->id,
                         fault_text(fault, "bridge"));
    link->end[!end].master = bridge;
    if (link->end[!end].vlan_count == 0 && topology_bridge(topology, fault_text(fault, "bridge"))->vlan_filtering) {
        static const struct plan_vlan fresh = {1, true}; /* as any port of such a bridge */
        link->end[!end].vlans = &fresh;
        link->end[!end].vlan_count = 1;
    }
    return 0;
}

/* ---- the wrong address ---- */

static void read_addresses(const struct fault *fault, const struct interface *interface, struct prefix *present,
                           struct prefix *wrong)
{
    *present = (struct prefix){0};
    prefix_parse(fault_text(fault, "address"), wrong);
    for (size_t i = 0; i < interface->address_count && !present->addr.family; i++)
        if (interface->addresses[i].addr.family == wrong->addr.family)
            *present = interface->addresses[i];
}

static void validate_address(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    struct prefix present, wrong;
    (void)topology;
    read_addresses(fault, things[0].interface, &present, &wrong);
    if (!present.addr.family)
        findings_add(findings, FINDING_ERROR, "address-wrong", fault_mark(fault, "address"),
                     "'%s' has no address of that family", fault->at.items[0]);
    else if (prefix_equal(&present, &wrong))
        findings_add(findings, FINDING_ERROR, "address-wrong", fault_mark(fault, "address"),
                     "'%s' has the address %s when healthy", fault->at.items[0], fault_text(fault, "address"));
}

/* A route whose router is not on link any more cannot be there, as on a machine. */
static bool still_possible(const struct plan_route *route, const char *interface, const struct prefix *was,
                           const struct prefix *is)
{
    for (size_t n = 0; n < route->nexthop_count; n++) {
        const struct plan_nexthop *hop = &route->nexthops[n];
        bool by_this = hop->interface ? str_equal(hop->interface, interface) : prefix_contains(was, &hop->via);
        if (by_this && !route->onlink && hop->via.family == was->addr.family && !prefix_contains(is, &hop->via))
            return false;
    }
    return true;
}

static void readdress_routes(struct plan *plan, uint32_t ns, const char *interface, struct prefix was, struct prefix is)
{
    struct prefix old = prefix_network(was), new = prefix_network(is);
    size_t kept = 0;
    for (size_t i = 0; i < plan->route_count; i++) {
        struct plan_route *route = &plan->routes[i];
        bool here = route->ns == ns;
        if (here && route->connected && prefix_equal(&route->destination, &old) && route->nexthop_count &&
            str_equal(route->nexthops[0].interface, interface))
            route->destination = new;
        else if (here && !route->connected && !still_possible(route, interface, &old, &new))
            continue;
        if (here && addr_equal(&route->source, &was.addr))
            route->source = is.addr;
        plan->routes[kept++] = *route;
    }
    plan->route_count = kept;
}

static int readdress(struct plan *plan, const struct fault *fault, const struct interface *interface, struct prefix was,
                     struct prefix is, struct error *err)
{
    uint32_t ns;
    if (fault_namespace(plan, interface->node, &ns, err))
        return -1;
    for (size_t i = 0; i < plan->address_count; i++) {
        struct plan_address *address = &plan->addresses[i];
        if (address->ns != ns || !str_equal(address->interface, interface->name) ||
            !prefix_equal(&address->address, &was))
            continue;
        address->address = is;
        readdress_routes(plan, ns, interface->name, was, is);
        return 0;
    }
    return error_set(err, ERR_ABSENT, "fault '%s': %s does not have its address any more", fault->id,
                     fault->at.items[0]);
}

static int rewrite_address(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    struct prefix was, is;
    (void)topology;
    read_addresses(fault, things[0].interface, &was, &is);
    return readdress(plan, fault, things[0].interface, was, is, err);
}

/* ---- the wrong length ---- */

/* The first address that is as long as that family's are; false where there is none. */
static bool read_length(const struct fault *fault, const struct interface *interface, struct prefix *was,
                        struct prefix *is)
{
    uint32_t length = 0;
    fault_read_number(fault_text(fault, "length"), &length);
    unsigned family = str_equal(fault_text(fault, "family"), "ipv6") ? 6 : 4;
    *was = interface_address(interface, family);
    *is = (struct prefix){was->addr, (uint8_t)length};
    return was->addr.family == family && length <= (family == 4 ? 32 : 128);
}

static void validate_length(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    struct prefix was, is;
    (void)topology;
    bool fits = read_length(fault, things[0].interface, &was, &is);
    if (!was.addr.family)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' has no address of that family", fault->at.items[0]);
    else if (!fits)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "length"), "no prefix has a length of %s",
                     fault_text(fault, "length"));
    else if (was.length == is.length)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "length"),
                     "'%s' has the length %u when healthy", fault->at.items[0], was.length);
}

static int rewrite_length(struct plan *plan, const struct topology *topology, const struct fault *fault,
                          const struct thing *things, struct error *err)
{
    struct prefix was, is;
    (void)topology;
    read_length(fault, things[0].interface, &was, &is);
    return readdress(plan, fault, things[0].interface, was, is, err);
}

static const struct fault_target_row targets[] = {{THING_INTERFACE, FAULT_PLAN}};
static const struct fault_parameter_row bridge_parameters[] = {
    {.key = "bridge", .type = PARAMETER_TEXT, .required = true, .doc = "the bridge that it is plugged into instead"},
};
static const struct fault_parameter_row address_parameters[] = {
    {.key = "address",
     .type = PARAMETER_INTERFACE_ADDRESS,
     .required = true,
     .doc = "what stands there instead of the first address of that family: another address, or another length"},
};
static const char *const families[] = {"ipv4", "ipv6"};
static const struct fault_parameter_row length_parameters[] = {
    {.key = "length",
     .type = PARAMETER_NUMBER,
     .required = true,
     .doc = "the prefix length instead: too short a one (a mask too wide), or too long a one (a mask too narrow)"},
    {.key = "family", FAULT_WORDS(families), .doc = "of which protocol the first address is meant"},
};
const struct fault_kind fault_netmask_wrong = {
    .name = "netmask-wrong",
    .summary = "an address has the wrong mask",
    .family = FAMILY_ADDRESSING,
    .layer = 3,
    .things = 1,
    FAULT_TARGETS(targets),
    FAULT_PARAMETERS(length_parameters),
    .symptom =
        "too wide: distant machines are looked for on the wire; too narrow: neighbours, or the gateway, are lost",
    .tools = "ip addr, ip route, ip route get, tcpdump arp",
    .validate = validate_length,
    .rewrite_plan = rewrite_length,
};
const struct fault_kind fault_link_down = {
    .name = "link-down",
    .summary = "an interface is switched off",
    .family = FAMILY_LINK,
    .layer = 1,
    .things = 1,
    .targets = targets,
    .target_count = ARRAY_SIZE(targets),
    .symptom = "the machine has lost that network: its routes by the interface are gone",
    .tools = "ip link (state DOWN), ip route",
    .validate = validate_up,
    .rewrite_plan = rewrite_down,
};
const struct fault_kind fault_cable_unplugged = {
    .name = "cable-unplugged",
    .summary = "nothing is at the other end of the cable",
    .family = FAMILY_LINK,
    .layer = 1,
    .things = 1,
    .wire = true,
    .targets = targets,
    .target_count = ARRAY_SIZE(targets),
    .symptom = "the interface is on, but without a carrier; nothing comes or goes there",
    .tools = "ip link (NO-CARRIER), ethtool, ip -s link",
    .validate = validate_up,
    .rewrite_plan = rewrite_unplugged,
};
const struct fault_kind fault_bridge_wrong = {
    .name = "bridge-wrong",
    .summary = "a machine is plugged into the wrong switch",
    .family = FAMILY_LINK,
    .layer = 2,
    .things = 1,
    .wire = true,
    .targets = targets,
    .target_count = ARRAY_SIZE(targets),
    .parameters = bridge_parameters,
    .parameter_count = ARRAY_SIZE(bridge_parameters),
    .symptom = "the machine reaches nobody of its own network, although its settings are right",
    .tools = "ip neigh (FAILED), tcpdump -e (strange neighbours), arping",
    .set_key = "bridge",
    .validate = validate_bridge,
    .rewrite_plan = rewrite_bridge,
};
const struct fault_kind fault_address_wrong = {
    .name = "address-wrong",
    .summary = "an interface has the wrong address or the wrong prefix length",
    .family = FAMILY_ADDRESSING,
    .layer = 3,
    .things = 1,
    .targets = targets,
    .target_count = ARRAY_SIZE(targets),
    .parameters = address_parameters,
    .parameter_count = ARRAY_SIZE(address_parameters),
    .symptom = "others do not find the machine, or it takes distant machines for near ones, or near ones for distant",
    .tools = "ip addr, ip route, ip route get, tcpdump arp",
    .validate = validate_address,
    .rewrite_plan = rewrite_address,
};
