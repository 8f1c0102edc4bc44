/* Edits of a plan that several kinds of fault make, so that what they leave looks as an administrator's own. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "link/relay.h"
#include "plan/plan.h"

int fault_namespace(const struct plan *plan, const struct node *node, uint32_t *out, struct error *err)
{
    *out = plan_find_namespace(plan, node->name);
    return *out == UINT32_MAX ? error_set(err, ERR_ABSENT, "the plan has no node '%s'", node->name) : 0;
}

const struct interface *fault_near(const struct node *node, const struct addr *addr)
{
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; a < node->interfaces[i]->address_count; a++) {
            struct prefix network = prefix_network(node->interfaces[i]->addresses[a]);
            if (prefix_contains(&network, addr))
                return node->interfaces[i];
        }
    return NULL;
}

bool fault_told_gateway(const struct interface *interface)
{
    return interface->dhcp && interface->gateway.family == 4 && interface->gateway_mark.line == 0;
}

struct plan_link *fault_link(struct plan *plan, const struct fault *fault, const struct interface *interface,
                             uint32_t *ns, unsigned *end, struct error *err)
{
    if (fault_namespace(plan, interface->node, ns, err))
        return NULL;
    for (size_t i = 0; i < plan->link_count; i++)
        for (*end = 0; *end < 2; ++*end)
            if (plan->links[i].end[*end].ns == *ns && str_equal(plan->links[i].end[*end].name, interface->name))
                return &plan->links[i];
    error_set(err, ERR_ABSENT, "fault '%s': %s/%s has no wire", fault->id, interface->node->name, interface->name);
    return NULL;
}

int fault_add_wire_process(struct plan *plan, const struct fault *fault, const struct plan_link_end *far,
                           const char *word, const char *const *arguments, size_t count, struct error *err)
{
    const char *name = arena_printf(plan->arena, PLAN_WIRE_PROCESS "%s/%s", word, far->name);
    for (size_t i = 0; i < plan->process_count; i++)
        if (str_equal(plan->processes[i].name, name))
            return error_set(err, ERR_BUSY, "fault '%s': another fault does this to the wire of %s already", fault->id,
                             fault->at.items[0]);
    struct plan_process *process = ARENA_PUSH(plan->arena, plan->processes, plan->process_count);
    *process = (struct plan_process){
        .ns = far->ns,
        .name = name,
        .origin = name,
        .ready = READY_NONE,
        .restart = true,
    };
    *ARENA_PUSH(plan->arena, process->argv, process->argc) = RELAY_PROGRAM;
    *ARENA_PUSH(plan->arena, process->argv, process->argc) = word;
    *ARENA_PUSH(plan->arena, process->argv, process->argc) = far->name;
    for (size_t i = 0; i < count; i++)
        *ARENA_PUSH(plan->arena, process->argv, process->argc) = arguments[i];
    return 0;
}

struct plan_file *fault_configuration(struct plan *plan, const struct plan_process *process)
{
    for (size_t i = 0; process->configuration && i < plan->file_count; i++)
        if (plan->files[i].ns == process->ns && str_equal(plan->files[i].origin, process->origin) &&
            str_starts(process->configuration, plan->files[i].content))
            return &plan->files[i];
    return NULL;
}

void fault_configure(struct plan *plan, struct plan_process *process, struct plan_file *file, const char *text)
{
    process->configuration = arena_printf(plan->arena, "%s%s", text, process->configuration + file->length);
    file->content = text;
    file->length = strlen(text);
}

struct plan_device *fault_device(struct plan *plan, const struct interface *interface)
{
    uint32_t ns = plan_find_namespace(plan, interface->node->name);
    for (size_t i = 0; i < plan->device_count; i++)
        if (plan->devices[i].ns == ns && str_equal(plan->devices[i].name, interface->name))
            return &plan->devices[i];
    return NULL;
}

void fault_write_ports(struct str *out, const struct port_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        str_printf(out, "%s%u", i ? ", " : "", ranges[i].first);
        if (ranges[i].last != ranges[i].first)
            str_printf(out, "-%u", ranges[i].last);
    }
}

void fault_set_sysctl(struct plan *plan, uint32_t ns, const char *key, const char *value, const char *origin)
{
    struct plan_sysctl *found = NULL;
    for (size_t i = 0; i < plan->sysctl_count && !found; i++)
        if (plan->sysctls[i].ns == ns && str_equal(plan->sysctls[i].key, key))
            found = &plan->sysctls[i];
    if (!found)
        found = ARENA_PUSH(plan->arena, plan->sysctls, plan->sysctl_count);
    *found = (struct plan_sysctl){.ns = ns,
                                  .key = arena_strdup(plan->arena, key),
                                  .value = arena_strdup(plan->arena, value),
                                  .origin = arena_strdup(plan->arena, origin)};
}

void fault_silence_redirects(struct plan *plan, uint32_t ns, const struct interface *interface)
{
    const char *origin = arena_printf(plan->arena, "node/%s", interface->node->name);
    fault_set_sysctl(plan, ns, "net/ipv4/conf/all/send_redirects", "0", origin);
    fault_set_sysctl(plan, ns, arena_printf(plan->arena, "net/ipv4/conf/%s/send_redirects", interface->name), "0",
                     origin);
}

/* The route that is turned, or a new one beside the others: with the congestion control that the machine's have. */
static struct plan_route *route_to(struct plan *plan, uint32_t ns, struct prefix destination, uint32_t table,
                                   const char *origin)
{
    struct plan_route *route = NULL;
    const char *congestion_control = NULL;
    for (size_t i = 0; i < plan->route_count; i++) {
        struct plan_route *present = &plan->routes[i];
        if (present->ns == ns && present->congestion_control)
            congestion_control = present->congestion_control;
        if (present->ns != ns || present->table != table || present->connected || present->type != PLAN_ROUTE_UNICAST ||
            !prefix_equal(&present->destination, &destination))
            continue;
        if (!route || present->metric < route->metric)
            route = present;
    }
    if (route)
        return route;
    route = ARENA_PUSH(plan->arena, plan->routes, plan->route_count);
    *route = (struct plan_route){.ns = ns, .destination = destination, .table = table, .type = PLAN_ROUTE_UNICAST};
    route->congestion_control = congestion_control;
    route->origin = arena_strdup(plan->arena, origin);
    return route;
}

void fault_set_route(struct plan *plan, uint32_t ns, struct prefix destination, uint32_t table, struct addr via,
                     const char *interface, const char *origin)
{
    struct plan_route *route = route_to(plan, ns, destination, table, origin);
    route->nexthops = ARENA_NEW(plan->arena, struct plan_nexthop);
    route->nexthops[0] = (struct plan_nexthop){.via = via, .interface = arena_strdup(plan->arena, interface)};
    route->nexthop_count = 1;
}

static bool table_taken(const struct plan *plan, uint32_t ns, const char *name)
{
    for (size_t i = 0; i < plan->nft_count; i++) {
        const struct plan_nft *nft = &plan->nfts[i];
        if (nft->ns != ns)
            continue;
        if (nft->verbatim) {
            ARENA_AUTO arena = arena_new();
            const char *head = arena_printf(arena, "table inet %s", name);
            for (const char *at = nft->body; at && *at; at++)
                if (str_starts(at, head))
                    return true;
        } else if (str_equal(nft->family, "inet") && str_equal(nft->table, name)) {
            return true;
        }
    }
    return false;
}

void fault_add_table(struct plan *plan, uint32_t ns, const char *origin, const char *body)
{
    static const char *const names[] = {"filter", "firewall", "fw", "host"};
    const char *name = names[0];
    for (size_t i = 0; i < ARRAY_SIZE(names) && table_taken(plan, ns, name); i++)
        name = names[i];
    struct plan_nft *nft = ARENA_PUSH(plan->arena, plan->nfts, plan->nft_count);
    *nft = (struct plan_nft){.ns = ns, .family = "inet", .table = name};
    nft->origin = arena_strdup(plan->arena, origin);
    nft->body = arena_strdup(plan->arena, body);
}
