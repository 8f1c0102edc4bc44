/* router-advertisement-rogue: a machine on the wire says that it is a router (RFC 4861), louder than the one that is.
 * It is one of those that forward: of any other, who asks for its hardware address hears that it is no router
 * (section 7.2.5).
 *
 * BIRD says so, as on any router; a machine that has no BIRD gets one, as if somebody had tried something out.  It
 * announces no prefix: machines keep their addresses, and only their default route changes.  When it ends it says so (a
 * lifetime of 0, section 6.2.5), by which they are as before. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "fault/walk.h"
#include "plan/plan.h"

#define CONFIGURATION "/etc/bird.conf" /* no directory that would stay */
#define SOCKET        "/run/bird/bird.ctl"

static bool has_listener(const struct topology *topology, const struct interface *interface)
{
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t i = 0; i < topology->nodes[n]->interface_count; i++) {
            const struct interface *other = topology->nodes[n]->interfaces[i];
            if (other->slaac && other->node != interface->node && share_wire(other, interface))
                return true;
        }
    return false;
}

static bool advertises(const struct interface *interface)
{
    struct prefix network = advertised_network(interface);
    return addr_is_set(&network.addr);
}

static void validate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings)
{
    const struct interface *interface = things[0].interface;
    if (!interface_address(interface, 6).addr.family)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault), "'%s' has no IPv6 address",
                     fault->at.items[0]);
    else if (!interface->node->forwarding)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' does not forward: whom it tells that it is a router would soon find out",
                     interface->node->name);
    else if (advertises(interface))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' advertises a router when healthy: it is the one that machines are to use",
                     fault->at.items[0]);
    else if (!has_listener(topology, interface)) {
        struct finding *finding = findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                                               "nobody on the wire of '%s' listens to routers", fault->at.items[0]);
        finding->hint = "machines with `slaac: true` do";
    }
}

/* How BIRD says it (its protocol radv), and what it needs beside. */
static const char *section(struct arena *arena, const char *interface)
{
    return arena_printf(arena,
                        "protocol radv {\n    interface \"%s\" {\n        min ra interval 3;\n"
                        "        max ra interval 10;\n        default lifetime 1800;\n"
                        "        default preference high;\n        prefix ::/0 { skip; };\n    };\n}\n",
                        interface);
}

static void add_bird(struct plan *plan, uint32_t ns, const struct node *node, const char *text)
{
    static const char *const argv[] = {"bird", "-f", "-c", CONFIGURATION, "-s", SOCKET};
    struct arena *arena = plan->arena;
    const char *origin = arena_printf(arena, "node/%s", node->name);
    *ARENA_PUSH(arena, plan->files, plan->file_count) = (struct plan_file){
        .ns = ns, .path = CONFIGURATION, .content = text, .length = strlen(text), .mode = 0644, .origin = origin};
    *ARENA_PUSH(arena, plan->processes, plan->process_count) =
        (struct plan_process){.ns = ns,
                              .name = arena_printf(arena, "%s/bird", node->name),
                              .origin = origin,
                              .argv = arena_copy(arena, argv, sizeof argv),
                              .argc = ARRAY_SIZE(argv),
                              .configuration = text,
                              .restart = true};
}

static bool is_link_local(const struct plan_address *address, uint32_t ns, const char *interface)
{
    const struct addr *addr = &address->address.addr;
    return address->ns == ns && str_equal(address->interface, interface) && addr->family == 6 &&
           addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

/* Routers advertise by their link-local addresses (RFC 4861, 4.2); a lab's machines have none without need. */
static void add_link_local(struct plan *plan, uint32_t ns, const struct interface *interface)
{
    struct prefix own = link_local_address(&interface->mac);
    for (size_t i = 0; i < plan->address_count; i++)
        if (is_link_local(&plan->addresses[i], ns, interface->name))
            return;
    const char *origin = arena_printf(plan->arena, "node/%s/%s", interface->node->name, interface->name);
    *ARENA_PUSH(plan->arena, plan->addresses, plan->address_count) = (struct plan_address){
        .ns = ns, .interface = arena_strdup(plan->arena, interface->name), .address = own, .origin = origin};
    for (size_t i = 0; i < plan->route_count; i++) {
        struct plan_route route = plan->routes[i];
        if (route.ns != ns || !route.connected || route.destination.addr.family != 6 || !route.nexthop_count ||
            !str_equal(route.nexthops[0].interface, interface->name))
            continue;
        route.destination = prefix_network(own);
        route.source = own.addr;
        *ARENA_PUSH(plan->arena, plan->routes, plan->route_count) = route;
        return;
    }
}

static int rewrite(struct plan *plan, const struct topology *topology, const struct fault *fault,
                   const struct thing *things, struct error *err)
{
    const struct interface *interface = things[0].interface;
    struct plan_process *process = fault_bird(plan, interface->node);
    struct plan_file *file = process ? fault_configuration(plan, process) : NULL;
    const char *text = section(plan->arena, interface->name);
    uint32_t ns;
    (void)topology;
    if (fault_namespace(plan, interface->node, &ns, err))
        return -1;
    add_link_local(plan, ns, interface);
    if (file)
        fault_configure(plan, process, file, arena_printf(plan->arena, "%s%s", file->content, text));
    else if (!process)
        add_bird(plan, ns, interface->node,
                 arena_printf(plan->arena, "log stderr all;\nrouter id 0.0.0.1;\nprotocol device { }\n%s", text));
    else
        return error_set(err, ERR_ABSENT, "fault '%s': node '%s' has a BIRD of its own", fault->id,
                         interface->node->name);
    return 0;
}

static const struct fault_target_row targets[] = {{THING_INTERFACE, FAULT_PLAN}};
const struct fault_kind fault_router_advertisement_rogue = {
    .name = "router-advertisement-rogue",
    .summary = "a machine advertises itself as the router of a wire for which it is not",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 1,
    FAULT_TARGETS(targets),
    .symptom =
        "machines that take their IPv6 gateway from the wire take the wrong one, and reach nothing beyond by IPv6, "
        "or by way of a stranger; IPv4 is well",
    .tools = "ip -6 route (two default routes, their pref), tcpdump -v icmp6 (router advertisement), ip -6 neigh "
             "(router), birdc show protocols",
    .validate = validate,
    .rewrite_plan = rewrite,
};
