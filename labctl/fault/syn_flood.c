/* syn-flood: somebody begins TCP connections and never goes on.
 *
 * The sender is a process of the lab's own at the far end of the victim's wire, with some addresses of that network
 * that nobody has: no node sends a packet, and the victim sees them come in as from any neighbour.  That they do harm
 * is the victim's own setting: a short queue (somaxconn, for which its program listens anew), and no cookies
 * (tcp_syncookies) that would do without one. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "link/relay.h"
#include "plan/plan.h"

enum { RATE_LEAST = 10, RATE_MOST = 2000, BACKLOG_LEAST = 8, BACKLOG_MOST = 512, SOURCES = 8, SOURCES_LEAST = 1 };

/* Where it is reached: by its own address, or the first IPv4 address at a wire that joins machines. */
static const struct interface *door(const struct service *service, struct prefix *address)
{
    for (size_t i = 0; i < service->node->interface_count; i++) {
        const struct interface *interface = service->node->interfaces[i];
        bool joins = interface->attachment == ATTACH_BRIDGE || interface->attachment == ATTACH_LINK;
        for (size_t a = 0; joins && !interface->parent && a < interface->address_count; a++) {
            *address = interface->addresses[a];
            if (address->addr.family == 4 &&
                (!addr_is_set(&service->bind) || addr_equal(&service->bind, &address->addr)))
                return interface;
        }
    }
    return NULL;
}

static uint32_t number_of(const struct addr *addr)
{
    return (uint32_t)addr->bytes[0] << 24 | (uint32_t)addr->bytes[1] << 16 | (uint32_t)addr->bytes[2] << 8 |
           addr->bytes[3];
}

static bool is_taken(const struct topology *topology, uint32_t number)
{
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t i = 0; i < topology->nodes[n]->interface_count; i++) {
            const struct interface *interface = topology->nodes[n]->interfaces[i];
            if (interface->gateway.family == 4 && number_of(&interface->gateway) == number)
                return true;
            for (size_t a = 0; a < interface->address_count; a++)
                if (interface->addresses[a].addr.family == 4 && number_of(&interface->addresses[a].addr) == number)
                    return true;
        }
    return false;
}

/* The highest addresses of the network that nobody has, as many in a row as there are, up to SOURCES: returns how many,
 * and the first. */
static uint32_t free_addresses(const struct topology *topology, const struct prefix *network, uint32_t *first)
{
    if (network->length > 30)
        return 0;
    uint32_t host = UINT32_MAX >> network->length, low = number_of(&network->addr) & ~host, count = 0;
    for (*first = low | host; *first > low + 1 && count < SOURCES;) {
        bool taken = is_taken(topology, *first - 1);
        if (taken && count >= SOURCES_LEAST)
            break;
        --*first;
        count = taken ? 0 : count + 1;
    }
    return count;
}

static void validate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings)
{
    const struct service *service = things[0].service;
    struct prefix address;
    uint32_t first;
    fault_check_number(fault, "rate", RATE_LEAST, RATE_MOST, findings);
    fault_check_number(fault, "backlog", BACKLOG_LEAST, BACKLOG_MOST, findings);
    const struct interface *interface = door(service, &address);
    if (!service_listens_tcp(service->kind))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' listens on no TCP port of its own", fault->at.items[0]);
    else if (!interface)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' is not reached by an IPv4 address at a bridge or a link, where a flood could come from",
                     fault->at.items[0]);
    else if (!free_addresses(topology, &address, &first))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "the network of '%s' at %s has no free address for who floods it", fault->at.items[0],
                     interface->name);
}

static const char *mac_text(struct arena *arena, const struct mac *mac)
{
    const uint8_t *b = mac->bytes;
    return arena_printf(arena, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
}

/* A neighbour as any other: its hardware address looks like the victim's, and is nobody's. */
static struct mac strange_mac(const struct plan *plan, const struct mac *victim)
{
    struct mac mac = *victim;
    for (bool taken = true; taken;) {
        mac.bytes[5]++;
        taken = !memcmp(&mac, victim, sizeof mac);
        for (size_t i = 0; i < plan->link_count && !taken; i++)
            taken = !memcmp(&plan->links[i].end[0].mac, &mac, sizeof mac) ||
                    !memcmp(&plan->links[i].end[1].mac, &mac, sizeof mac);
        if (taken && !memcmp(&mac, victim, sizeof mac))
            mac.bytes[4]++;
    }
    return mac;
}

static int rewrite(struct plan *plan, const struct topology *topology, const struct fault *fault,
                   const struct thing *things, struct error *err)
{
    const struct service *service = things[0].service;
    const char *origin = thing_name(topology, &things[0]);
    struct plan_process *process = fault_process(plan, topology, &things[0]);
    struct prefix address;
    char victim[ADDR_TEXT_MAX], source[ADDR_TEXT_MAX];
    uint32_t ns, first;
    unsigned end;
    const struct interface *interface = door(service, &address);
    uint32_t sources = interface ? free_addresses(topology, &address, &first) : 0;
    if (!process || !sources)
        return error_set(err, ERR_ABSENT, "fault '%s': nothing of %s can be flooded", fault->id, fault->at.items[0]);
    fault_set_sysctl(plan, process->ns, "net/ipv4/tcp_syncookies", "0", origin);
    fault_set_sysctl(plan, process->ns, "net/core/somaxconn", arena_strdup(plan->arena, fault_text(fault, "backlog")),
                     origin);
    process->configuration = arena_printf(plan->arena, "%s\n", process->configuration ? process->configuration : "");
    const struct plan_link *link = fault_link(plan, fault, interface, &ns, &end, err);
    if (!link)
        return -1;
    const struct mac own = strange_mac(plan, &link->end[end].mac);
    const struct addr from = addr_from_ipv4(first);
    const char *arguments[] = {
        mac_text(plan->arena, &link->end[end].mac),
        mac_text(plan->arena, &own),
        arena_strdup(plan->arena, addr_format(&address.addr, victim)),
        arena_printf(plan->arena, "%u", service->port),
        arena_strdup(plan->arena, addr_format(&from, source)),
        arena_printf(plan->arena, "%u", sources),
        arena_strdup(plan->arena, fault_text(fault, "rate")),
    };
    return fault_add_wire_process(plan, fault, &link->end[!end], RELAY_FLOOD, arguments, ARRAY_SIZE(arguments), err);
}

static const struct fault_target_row targets[] = {{THING_SERVICE, FAULT_PLAN}};
static const struct fault_parameter_row parameters[] = {
    {.key = "rate", .type = PARAMETER_NUMBER, .fallback = "300", .doc = "how many connections are begun in a second"},
    {.key = "backlog",
     .type = PARAMETER_NUMBER,
     .fallback = "64",
     .doc = "how many connections the service may have in the making"},
};
const struct fault_kind fault_syn_flood = {
    .name = "syn-flood",
    .summary = "somebody begins TCP connections to a service and never goes on, and it does without SYN cookies",
    .family = FAMILY_TRANSPORT,
    .layer = 4,
    .things = 1,
    FAULT_TARGETS(targets),
    FAULT_PARAMETERS(parameters),
    .symptom = "connections to it open rarely and late, or not at all; those that are open go on",
    .tools = "ss -tn state syn-recv, nstat TcpExtTCPReqQFullDrop TcpExtListenDrops, tcpdump, ip neigh, "
             "sysctl net.ipv4.tcp_syncookies net.core.somaxconn",
    .validate = validate,
    .rewrite_plan = rewrite,
};
