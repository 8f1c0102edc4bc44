/* dhcp-gateway-wrong, dhcp-dns-wrong, dhcp-pool-exhausted, dhcp-server-down: machines that are well themselves, and are
 * told the wrong things by the wire, or nothing.
 *
 * What clients are told is the topology's.  Clients ask anew when that changes (service/dhcp_client.c), so what is
 * wrong shows at once, not after half a lease; they do as well when the server goes. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

enum { SERVERS_MAX = 8 };

static bool is_dhcp(const struct fault *fault, const struct thing *things, struct findings *findings)
{
    return fault_is_service(fault, things, SERVICE_DHCP, findings);
}

/* ---- what clients are told ---- */

static void validate_gateway(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    struct addr router;
    (void)topology;
    if (!is_dhcp(fault, things, findings))
        return;
    addr_parse(fault_text(fault, "router"), &router);
    const struct interface *interface = dhcp_interface(things[0].service, &router);
    if (!interface || router.family != 4) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "router"),
                     "%s is on none of the wires of '%s': no client would take it", fault_text(fault, "router"),
                     fault->at.items[0]);
        return;
    }
    struct addr healthy = dhcp_router(things[0].service, interface);
    if (addr_equal(&healthy, &router))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "router"),
                     "%s is the gateway that clients are told when healthy", fault_text(fault, "router"));
}

static int rewrite_gateway(struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct error *err)
{
    (void)topology, (void)err;
    addr_parse(fault_text(fault, "router"), &things[0].service->dhcp->router);
    return 0;
}

/* Whether clients at that interface are told exactly these when healthy. */
static bool is_told(const struct service *service, const struct interface *interface, const struct addr *servers,
                    size_t count)
{
    struct addr healthy = dhcp_name_server(service, interface, count);
    bool same = !addr_is_set(&healthy);
    for (size_t i = 0; i < count && same; i++) {
        healthy = dhcp_name_server(service, interface, i);
        same = addr_equal(&healthy, &servers[i]);
    }
    return same;
}

static void validate_dns(const struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct findings *findings)
{
    struct addr servers[SERVERS_MAX];
    (void)topology;
    if (!is_dhcp(fault, things, findings))
        return;
    const struct service *service = things[0].service;
    size_t count = fault_read_addresses(fault_text(fault, "servers"), servers, SERVERS_MAX);
    for (size_t i = 0; i < count; i++)
        if (servers[i].family != 4) {
            findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "servers"),
                         "name servers that clients are told have IPv4 addresses");
            return;
        }
    for (size_t i = 0; i < service->dhcp->range_count; i++)
        if (is_told(service, dhcp_interface(service, &service->dhcp->ranges[i].first), servers, count)) {
            findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "servers"),
                         "that is what clients are told when healthy");
            return;
        }
}

static int rewrite_dns(struct topology *topology, const struct fault *fault, const struct thing *things,
                       struct error *err)
{
    struct addr servers[SERVERS_MAX];
    struct dhcp *dhcp = things[0].service->dhcp;
    (void)err;
    dhcp->dns_count = fault_read_addresses(fault_text(fault, "servers"), servers, SERVERS_MAX);
    dhcp->dns = arena_copy(topology->arena, servers, dhcp->dns_count * sizeof servers[0]);
    return 0;
}

/* ---- nothing left to give ---- */

static bool is_reserved(const struct dhcp *dhcp, const struct addr *addr)
{
    for (size_t i = 0; i < dhcp->reservation_count; i++)
        if (addr_equal(&dhcp->reservations[i].addr, addr))
            return true;
    return false;
}

static void validate_pool(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    (void)topology;
    if (is_dhcp(fault, things, findings) && !things[0].service->dhcp->range_count)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' has no range when healthy: who gets an address has a reservation", fault->at.items[0]);
}

/* A range of one address, which is kept for a device that somebody once had here. */
static int rewrite_pool(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    char text[ADDR_TEXT_MAX];
    struct dhcp *dhcp = things[0].service->dhcp;
    if (!dhcp->range_count)
        return error_set(err, ERR_ABSENT, "fault '%s': %s has no range any more", fault->id, fault->at.items[0]);
    for (size_t i = 0; i < dhcp->range_count; i++) {
        struct dhcp_range *range = &dhcp->ranges[i];
        range->last = range->first;
        if (is_reserved(dhcp, &range->first))
            continue;
        struct dhcp_reservation *kept = ARENA_PUSH(topology->arena, dhcp->reservations, dhcp->reservation_count);
        *kept = (struct dhcp_reservation){.mac = {{0x00, 0x1b, 0xa9, 0x4c, 0x0d, (uint8_t)(0x21 + i)}},
                                          .addr = range->first};
        kept->name = arena_strdup(topology->arena, mac_format(&kept->mac, text));
    }
    return 0;
}

/* ---- nobody answers ---- */

static void validate_down(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    (void)topology;
    is_dhcp(fault, things, findings);
}

/* Clients of its wires have to ask anew: another one may answer, or nobody. */
static void ask_anew(struct plan *plan, const struct topology *topology, const struct node *server)
{
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t i = 0; i < topology->nodes[n]->interface_count; i++) {
            const struct interface *client = topology->nodes[n]->interfaces[i];
            bool near = false;
            for (size_t k = 0; client->dhcp && k < server->interface_count; k++)
                near = near || share_wire(client, server->interfaces[k]);
            const char *name = arena_printf(plan->arena, "%s/dhcp-%s", client->node->name, client->name);
            for (size_t p = 0; near && p < plan->process_count; p++)
                if (str_equal(plan->processes[p].name, name))
                    plan->processes[p].configuration =
                        arena_printf(plan->arena, "%s, and not %s", plan->processes[p].configuration, server->name);
        }
}

static int rewrite_down(struct plan *plan, const struct topology *topology, const struct fault *fault,
                        const struct thing *things, struct error *err)
{
    if (fault_stop_service(plan, topology, fault, things, err))
        return -1;
    ask_anew(plan, topology, things[0].node);
    return 0;
}

static const struct fault_target_row topology_targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}};
static const struct fault_target_row plan_targets[] = {{THING_SERVICE, FAULT_PLAN}};
static const struct fault_parameter_row gateway_parameters[] = {
    {.key = "router", .type = PARAMETER_ADDRESS, .required = true, .doc = "the gateway that clients are told instead"},
};
static const struct fault_parameter_row dns_parameters[] = {
    {.key = "servers",
     .type = PARAMETER_ADDRESSES,
     .required = true,
     .doc = "the name servers that clients are told instead"},
};
#define SERVED .family = FAMILY_SERVICE, .layer = 7, .things = 1
const struct fault_kind fault_dhcp_gateway_wrong = {
    .name = "dhcp-gateway-wrong",
    .summary = "a DHCP server tells its clients the wrong gateway",
    SERVED,
    FAULT_TARGETS(topology_targets),
    FAULT_PARAMETERS(gateway_parameters),
    .symptom = "machines that have their address by DHCP reach their own network and nothing beyond; those with an "
               "address of their own are well",
    .tools = "ip route (proto dhcp), tcpdump -v port 67 (Default-Gateway), udhcpc, labctl dump",
    .set_key = "router",
    .validate = validate_gateway,
    .rewrite_topology = rewrite_gateway,
};
const struct fault_kind fault_dhcp_dns_wrong = {
    .name = "dhcp-dns-wrong",
    .summary = "a DHCP server tells its clients the wrong name servers",
    SERVED,
    FAULT_TARGETS(topology_targets),
    FAULT_PARAMETERS(dns_parameters),
    .symptom =
        "names do not resolve on machines that have their address by DHCP, also after they were repaired by hand "
        "and asked anew; by address all is well",
    .tools = "cat /etc/resolv.conf, tcpdump -v port 67 (Domain-Name-Server), dig @SERVER, labctl dump",
    .set_key = "dns",
    .validate = validate_dns,
    .rewrite_topology = rewrite_dns,
};
const struct fault_kind fault_dhcp_pool_exhausted = {
    .name = "dhcp-pool-exhausted",
    .summary = "a DHCP server has no address left",
    SERVED,
    FAULT_TARGETS(topology_targets),
    .symptom = "machines ask for an address and hear nothing; those with a reservation are well",
    .tools = "ip address, tcpdump port 67 (discovers, no offer), the server's log (no address available) and leases, "
             "labctl dump",
    .set_key = "range",
    .validate = validate_pool,
    .rewrite_topology = rewrite_pool,
};
const struct fault_kind fault_dhcp_server_down = {
    .name = "dhcp-server-down",
    .summary = "a DHCP server does not run",
    SERVED,
    FAULT_TARGETS(plan_targets),
    .symptom = "machines that ask for an address get none; those that have one keep it until its lease ends",
    .tools = "ip address, tcpdump port 67 (discovers, no offer), ss -lun, ps on the server",
    .validate = validate_down,
    .rewrite_plan = rewrite_down,
};
