/* One item or operation of a plan in words: those of ip, nft and sysctl, which people know. */
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "plan/difference.h"
#include "plan/index.h"
#include "plan/plan.h"

static const char *const item_names[] = {
    [ITEM_NAMESPACE] = "namespace",   [ITEM_BRIDGE] = "bridge",         [ITEM_LINK] = "link",
    [ITEM_DEVICE] = "device",         [ITEM_SYSCTL] = "sysctl",         [ITEM_ADDRESS] = "address",
    [ITEM_NEIGHBOUR] = "neighbour",   [ITEM_ROUTE] = "route",           [ITEM_RULE] = "rule",
    [ITEM_NFT] = "nft table",         [ITEM_IMPAIRMENT] = "impairment", [ITEM_FILE] = "file",
    [ITEM_HOSTS_VIEW] = "hosts view", [ITEM_PROCESS] = "process",       [ITEM_RUN] = "run",
};
_Static_assert(ARRAY_SIZE(item_names) == ITEM_COUNT, "every item has a name");

static const char *const kind_names[] =
    {[NAMESPACE_FABRIC] = "fabric", [NAMESPACE_CLOUD] = "cloud", [NAMESPACE_NODE] = "node"};
_Static_assert(ARRAY_SIZE(kind_names) == NAMESPACE_KIND_COUNT, "every kind has a name");

static const char *const route_types[] = {
    [PLAN_ROUTE_UNICAST] = "",
    [PLAN_ROUTE_BLACKHOLE] = "blackhole ",
    [PLAN_ROUTE_UNREACHABLE] = "unreachable ",
    [PLAN_ROUTE_PROHIBIT] = "prohibit ",
    [PLAN_ROUTE_LOCAL] = "local ",
};

const char *plan_item_name(enum plan_item item)
{
    return item < ITEM_COUNT ? item_names[item] : "thing";
}

const char *plan_namespace_kind_name(enum namespace_kind kind)
{
    return kind < NAMESPACE_KIND_COUNT ? kind_names[kind] : "namespace";
}

const char *plan_route_type_name(enum plan_route_type type)
{
    static const char *const names[] = {"unicast", "blackhole", "unreachable", "prohibit", "local"};
    return type < ARRAY_SIZE(names) ? names[type] : "unicast";
}

const char *plan_device_kind_name(enum plan_device_kind kind)
{
    static const char *const names[] = {"vlan", "vxlan"};
    _Static_assert(ARRAY_SIZE(names) == PLAN_DEVICE_KIND_COUNT, "every kind has a name");
    return kind < ARRAY_SIZE(names) ? names[kind] : "device";
}

static void put_prefix(struct str *out, const struct prefix *prefix)
{
    char text[ADDR_TEXT_MAX];
    str_append(out, prefix_format(prefix, text));
}

static void put_addr(struct str *out, const char *word, const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];
    str_printf(out, " %s %s", word, addr_format(addr, text));
}

static void put_link(struct str *out, const struct plan *plan, const struct plan_link *link)
{
    char mac[ADDR_TEXT_MAX];
    for (int e = 0; e < 2; e++) {
        const struct plan_link_end *end = &link->end[e];
        str_printf(out, "%s%s/%s %s", e ? " -- " : "link ", plan->namespaces[end->ns].name, end->name,
                   mac_format(&end->mac, mac));
        if (end->master)
            str_printf(out, " in %s", end->master);
        for (size_t v = 0; v < end->vlan_count; v++)
            str_printf(out, "%s%u%s", v ? ", " : " vlan ", end->vlans[v].id,
                       end->vlans[v].untagged ? " untagged" : " tagged");
        if (end->down)
            str_append(out, " down");
    }
    str_printf(out, " mtu %u", link->mtu ? link->mtu : 1500);
}

static void put_device(struct str *out, const struct plan_device *device)
{
    char text[ADDR_TEXT_MAX];
    str_printf(out, "device %s %s %u", device->name, plan_device_kind_name(device->kind), device->id);
    if (device->parent)
        str_printf(out, " on %s", device->parent);
    if (addr_is_set(&device->local))
        put_addr(out, "local", &device->local);
    if (addr_is_set(&device->remote))
        put_addr(out, "remote", &device->remote);
    if (device->port)
        str_printf(out, " dstport %u", device->port);
    str_printf(out, " %s%s mtu %u", mac_format(&device->mac, text), device->down ? " down" : "",
               device->mtu ? device->mtu : 1500);
}

static void put_route(struct str *out, const struct plan_route *route)
{
    str_printf(out, "route %s", route_types[route->type]);
    if (route->destination.length == 0)
        str_append(out, "default");
    else
        put_prefix(out, &route->destination);
    for (size_t n = 0; n < route->nexthop_count; n++) {
        const struct plan_nexthop *hop = &route->nexthops[n];
        if (route->nexthop_count > 1)
            str_append(out, " nexthop");
        if (addr_is_set(&hop->via))
            put_addr(out, "via", &hop->via);
        if (hop->interface)
            str_printf(out, " dev %s", hop->interface);
        if (hop->weight)
            str_printf(out, " weight %u", hop->weight);
    }
    if (route->onlink)
        str_append(out, " onlink");
    if (route->table != 254)
        str_printf(out, " table %u", route->table);
    if (route->metric)
        str_printf(out, " metric %u", route->metric);
    if (addr_is_set(&route->source))
        put_addr(out, "src", &route->source);
    if (route->congestion_control)
        str_printf(out, " congctl %s", route->congestion_control);
    if (route->connected)
        str_append(out, " (connected)");
}

static void put_rule(struct str *out, const struct plan_rule *rule)
{
    str_printf(out, "rule %u:", rule->priority);
    if (rule->family == 6)
        str_append(out, " inet6");
    if (addr_is_set(&rule->from.addr)) {
        str_append(out, " from ");
        put_prefix(out, &rule->from);
    }
    if (addr_is_set(&rule->to.addr)) {
        str_append(out, " to ");
        put_prefix(out, &rule->to);
    }
    if (rule->input_interface)
        str_printf(out, " iif %s", rule->input_interface);
    if (rule->mark_mask == UINT32_MAX || (rule->mark_value && !rule->mark_mask))
        str_printf(out, " fwmark 0x%x", rule->mark_value);
    else if (rule->mark_mask)
        str_printf(out, " fwmark 0x%x/0x%x", rule->mark_value, rule->mark_mask);
    str_printf(out, " lookup %u", rule->table);
}

static void put_process(struct str *out, const struct plan_process *process)
{
    str_printf(out, "process %s:", process->name);
    for (size_t a = 0; a < process->argc; a++)
        str_printf(out, " %s", process->argv[a]);
    if (process->ready == READY_TCP)
        str_printf(out, " (ready on tcp/%u)", process->ready_port);
    else if (process->ready == READY_UDP_BOUND)
        str_printf(out, " (ready on udp/%u)", process->ready_port);
    else if (process->ready == READY_SESSIONS)
        str_printf(out, " (ready when %zu of its sessions are up)", process->ready_session_count);
    else if (process->ready == READY_ADDRESS)
        str_printf(out, " (ready when %s has an address)", process->ready_interface);
    if (process->open_files)
        str_printf(out, " (%u open files)", process->open_files);
    if (process->stopped)
        str_append(out, " (stopped)");
}

static void put_neighbour(struct str *out, const struct plan_neighbour *neighbour)
{
    char text[ADDR_TEXT_MAX];
    str_printf(out, "neighbour %s%s dev %s", neighbour->proxy ? "proxy " : "", addr_format(&neighbour->addr, text),
               neighbour->interface);
    if (!neighbour->proxy)
        str_printf(out, " lladdr %s", mac_format(&neighbour->mac, text));
}

void plan_item_describe(const struct plan *plan, enum plan_item item, size_t i, struct str *out)
{
    switch (item) {
    case ITEM_NAMESPACE:
        str_printf(out, "%s %s", kind_names[plan->namespaces[i].kind], plan->namespaces[i].name);
        break;
    case ITEM_BRIDGE:
        str_printf(out, "bridge %s%s%s mtu %u", plan->bridges[i].name, plan->bridges[i].stp ? " stp" : "",
                   plan->bridges[i].vlan_filtering ? " vlan_filtering" : "",
                   plan->bridges[i].mtu ? plan->bridges[i].mtu : 1500);
        break;
    case ITEM_LINK:
        put_link(out, plan, &plan->links[i]);
        break;
    case ITEM_DEVICE:
        put_device(out, &plan->devices[i]);
        break;
    case ITEM_SYSCTL:
        str_printf(out, "sysctl %s = %s", plan->sysctls[i].key, plan->sysctls[i].value);
        break;
    case ITEM_ADDRESS:
        str_append(out, "address ");
        put_prefix(out, &plan->addresses[i].address);
        str_printf(out, " dev %s", plan->addresses[i].interface);
        break;
    case ITEM_NEIGHBOUR:
        put_neighbour(out, &plan->neighbours[i]);
        break;
    case ITEM_ROUTE:
        put_route(out, &plan->routes[i]);
        break;
    case ITEM_RULE:
        put_rule(out, &plan->rules[i]);
        break;
    case ITEM_NFT:
        if (plan->nfts[i].verbatim)
            str_append(out, "nft ruleset as written");
        else
            str_printf(out, "nft table %s %s", plan->nfts[i].family, plan->nfts[i].table);
        break;
    case ITEM_IMPAIRMENT: {
        const struct plan_impairment *impairment = &plan->impairments[i];
        const struct plan_link_end *near = plan_near_end(plan, impairment); /* the far end's name may be a made one */
        str_printf(out, "impairment of %s%s%s, %s", near ? plan->namespaces[near->ns].name : "", near ? "/" : "",
                   near ? near->name : impairment->interface, impairment->direction == PLAN_SENT ? "sent" : "received");
        if (impairment->port)
            str_printf(out, " for port %u", impairment->port);
        str_append(out, ": ");
        impairment_format(&impairment->is, " ", ", ", out);
        break;
    }
    case ITEM_FILE:
        str_printf(out, "file %s (%zu bytes, mode %04o)", plan->files[i].path, plan->files[i].length,
                   plan->files[i].mode);
        break;
    case ITEM_HOSTS_VIEW:
        str_printf(out, "hosts view %zu", i);
        break;
    case ITEM_PROCESS:
        put_process(out, &plan->processes[i]);
        break;
    case ITEM_RUN:
        str_printf(out, "run %s", plan->runs[i].command);
        break;
    case ITEM_COUNT:
        break;
    }
}

void plan_operation_describe(const struct plan *before, const struct plan *after,
                             const struct plan_operation *operation, struct str *out)
{
    const struct plan *plan = operation->action == ACTION_REMOVE ? before : after;
    size_t i = operation->action == ACTION_REMOVE ? operation->before : operation->after;
    str_append(out, operation->action == ACTION_ADD ? "+ " : operation->action == ACTION_REMOVE ? "- " : "~ ");
    plan_item_describe(plan, operation->item, i, out);
    uint32_t ns = plan_item_namespace(plan, operation->item, i);
    if (operation->item != ITEM_NAMESPACE && operation->item != ITEM_LINK && ns != UINT32_MAX)
        str_printf(out, " in %s", plan->namespaces[ns].name);
    if (operation->action != ACTION_CHANGE)
        return;
    STR_AUTO was = STR_INIT, is = STR_INIT;
    plan_item_describe(before, operation->item, operation->before, &was);
    plan_item_describe(after, operation->item, operation->after, &is);
    if (!str_equal(str_text(&was), str_text(&is)))
        str_printf(out, " (was %s)", str_text(&was));
}
