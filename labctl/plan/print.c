/* A whole plan as text, grouped by namespace, and as JSON. */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "base/table.h"
#include "plan/difference.h"
#include "plan/index.h"
#include "plan/plan.h"

/* What lies in a namespace, in the order in which it is printed. */
static const enum plan_item printed[] = {
    ITEM_BRIDGE, ITEM_LINK, ITEM_DEVICE,     ITEM_SYSCTL, ITEM_ADDRESS, ITEM_NEIGHBOUR, ITEM_ROUTE,
    ITEM_RULE,   ITEM_NFT,  ITEM_IMPAIRMENT, ITEM_FILE,   ITEM_PROCESS, ITEM_RUN,
};

static void print_indented(struct str *out, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        if (length) {
            str_append(out, "        ");
            str_append_bytes(out, text, length);
        }
        str_append_char(out, '\n');
        text += length + (text[length] == '\n');
    }
}

static void print_item(const struct plan *plan, enum plan_item item, uint32_t entry, struct str *out)
{
    uint32_t i = item == ITEM_LINK ? entry / 2 : entry;
    if (item == ITEM_LINK && entry % 2) /* a link stands in the namespace of its first end */
        return;
    str_append(out, "    ");
    plan_item_describe(plan, item, i, out);
    str_append_char(out, '\n');
    if (item == ITEM_NFT)
        print_indented(out, plan->nfts[i].body);
    else if (item == ITEM_PROCESS && plan->processes[i].configuration)
        print_indented(out, plan->processes[i].configuration);
}

void plan_print(const struct plan *plan, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    struct plan_index *index = plan_index_new(plan, arena);
    str_printf(out, "lab %s\n", plan->lab);
    for (uint32_t ns = 0; ns < plan->namespace_count; ns++) {
        const struct plan_namespace *namespace = &plan->namespaces[ns];
        str_append_char(out, '\n');
        if (namespace->kind == NAMESPACE_FABRIC)
            str_append(out, namespace->name);
        else
            plan_item_describe(plan, ITEM_NAMESPACE, ns, out);
        str_append(out, namespace->ipv6 ? " (with IPv6)\n" : "\n");
        for (size_t k = 0; k < ARRAY_SIZE(printed); k++) {
            struct plan_group group = plan_index_group(index, ns, printed[k]);
            for (size_t g = 0; g < group.count; g++)
                print_item(plan, printed[k], group.items[g], out);
        }
    }
    for (size_t i = 0; i < plan->hosts_view_count; i++) {
        str_printf(out, "\nhosts view %zu\n", i);
        print_indented(out, plan->hosts_views[i].content);
    }
}

static void addr_member(struct json *json, const char *key, const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];
    if (addr_is_set(addr))
        json_put_string_member(json, key, addr_format(addr, text));
}

static void prefix_member(struct json *json, const char *key, const struct prefix *prefix)
{
    char text[ADDR_TEXT_MAX];
    if (addr_is_set(&prefix->addr))
        json_put_string_member(json, key, prefix_format(prefix, text));
}

static void mac_member(struct json *json, const char *key, const struct mac *mac)
{
    char text[ADDR_TEXT_MAX];
    json_put_string_member(json, key, mac_format(mac, text));
}

/* [{ "id": 10, "untagged": true }] */
static void json_vlans(const struct plan_link_end *end, struct json *json)
{
    if (end->vlan_count == 0)
        return;
    json_put_key(json, "vlans");
    json_put_array(json);
    for (size_t v = 0; v < end->vlan_count; v++) {
        json_put_object(json);
        json_put_integer_member(json, "id", end->vlans[v].id);
        json_put_boolean_member(json, "untagged", end->vlans[v].untagged);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void json_device(const struct plan_device *device, struct json *json)
{
    json_put_string_member(json, "name", device->name);
    json_put_string_member(json, "kind", plan_device_kind_name(device->kind));
    json_put_integer_member(json, "id", device->id);
    if (device->parent)
        json_put_string_member(json, "parent", device->parent);
    addr_member(json, "local", &device->local);
    addr_member(json, "remote", &device->remote);
    if (device->port)
        json_put_integer_member(json, "port", device->port);
    mac_member(json, "mac", &device->mac);
    json_put_boolean_member(json, "up", !device->down);
    json_put_integer_member(json, "mtu", device->mtu ? device->mtu : 1500);
}

static void json_link(const struct plan *plan, const struct plan_link *link, struct json *json)
{
    json_put_key(json, "ends");
    json_put_array(json);
    for (int e = 0; e < 2; e++) {
        json_put_object(json);
        json_put_string_member(json, "namespace", plan->namespaces[link->end[e].ns].name);
        json_put_string_member(json, "name", link->end[e].name);
        mac_member(json, "mac", &link->end[e].mac);
        if (link->end[e].master)
            json_put_string_member(json, "bridge", link->end[e].master);
        json_vlans(&link->end[e], json);
        json_put_boolean_member(json, "up", !link->end[e].down);
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_put_integer_member(json, "mtu", link->mtu ? link->mtu : 1500);
}

static void json_route(const struct plan_route *route, struct json *json)
{
    prefix_member(json, "destination", &route->destination);
    json_put_string_member(json, "type", plan_route_type_name(route->type));
    json_put_integer_member(json, "table", route->table);
    json_put_integer_member(json, "metric", route->metric);
    addr_member(json, "source", &route->source);
    json_put_boolean_member(json, "onlink", route->onlink);
    json_put_boolean_member(json, "connected", route->connected);
    if (route->congestion_control)
        json_put_string_member(json, "congestion_control", route->congestion_control);
    json_put_key(json, "nexthops");
    json_put_array(json);
    for (size_t n = 0; n < route->nexthop_count; n++) {
        json_put_object(json);
        addr_member(json, "via", &route->nexthops[n].via);
        if (route->nexthops[n].interface)
            json_put_string_member(json, "interface", route->nexthops[n].interface);
        if (route->nexthops[n].weight)
            json_put_integer_member(json, "weight", route->nexthops[n].weight);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void json_rule(const struct plan_rule *rule, struct json *json)
{
    json_put_integer_member(json, "family", rule->family);
    json_put_integer_member(json, "priority", rule->priority);
    prefix_member(json, "from", &rule->from);
    prefix_member(json, "to", &rule->to);
    if (rule->input_interface)
        json_put_string_member(json, "input_interface", rule->input_interface);
    if (rule->mark_mask) {
        json_put_integer_member(json, "mark", rule->mark_value);
        json_put_integer_member(json, "mark_mask", rule->mark_mask);
    }
    json_put_integer_member(json, "table", rule->table);
}

static void json_process(const struct plan_process *process, struct json *json)
{
    static const char *const ready[] = {[READY_NONE] = "none",
                                        [READY_TCP] = "tcp",
                                        [READY_UDP_BOUND] = "udp",
                                        [READY_ADDRESS] = "address",
                                        [READY_SESSIONS] = "sessions"};
    _Static_assert(ARRAY_SIZE(ready) == READY_COUNT, "every kind of readiness has a name");
    json_put_string_member(json, "name", process->name);
    json_put_boolean_member(json, "embedded", process->embedded);
    json_put_key(json, "argv");
    json_put_array(json);
    for (size_t a = 0; a < process->argc; a++)
        json_put_string(json, process->argv[a]);
    json_put_array_end(json);
    if (process->configuration)
        json_put_string_member(json, "configuration", process->configuration);
    json_put_string_member(json, "ready", ready[process->ready]);
    if (process->ready == READY_ADDRESS)
        json_put_string_member(json, "ready_interface", process->ready_interface);
    else if (process->ready != READY_NONE && process->ready != READY_SESSIONS) {
        addr_member(json, "ready_address", &process->ready_addr);
        json_put_integer_member(json, "ready_port", process->ready_port);
    }
    json_put_boolean_member(json, "restart", process->restart);
    if (process->stopped)
        json_put_boolean_member(json, "stopped", true);
    if (process->open_files)
        json_put_integer_member(json, "open_files", process->open_files);
}

/* Each parameter as it stands in YAML. */
static void json_impairment(const struct plan_impairment *impairment, struct json *json)
{
    json_put_string_member(json, "interface", impairment->interface);
    json_put_string_member(json, "direction", impairment->direction == PLAN_SENT ? "sent" : "received");
    if (impairment->port)
        json_put_integer_member(json, "port", impairment->port);
    for (size_t i = 0; i < impairment_row_count; i++) {
        STR_AUTO value = STR_INIT;
        if (impairment_get(&impairment->is, &impairment_rows[i], &value))
            json_put_string_member(json, impairment_rows[i].key, str_text(&value));
    }
}

static void json_file(const struct plan_file *file, struct json *json)
{
    STR_AUTO mode = STR_INIT;
    str_printf(&mode, "%04o", file->mode);
    json_put_string_member(json, "path", file->path);
    json_put_string_member(json, "mode", str_text(&mode));
    json_put_integer_member(json, "length", (int64_t)file->length);
    STR_AUTO content = STR_INIT;
    str_append_bytes(&content, file->content, file->length);
    if (str_is_utf8(str_text(&content), content.length))
        json_put_string_member(json, "content", str_text(&content));
}

static void json_address(const struct plan_address *address, struct json *json)
{
    json_put_string_member(json, "interface", address->interface);
    prefix_member(json, "address", &address->address);
}

static void json_neighbour(const struct plan_neighbour *neighbour, struct json *json)
{
    json_put_string_member(json, "interface", neighbour->interface);
    addr_member(json, "address", &neighbour->addr);
    json_put_boolean_member(json, "proxy", neighbour->proxy);
    if (!neighbour->proxy)
        mac_member(json, "mac", &neighbour->mac);
}

/* Fills the object of one item and returns where it comes from. */
static const char *json_item(const struct plan *plan, enum plan_item item, uint32_t i, struct json *json)
{
    switch (item) {
    case ITEM_BRIDGE:
        json_put_string_member(json, "name", plan->bridges[i].name);
        json_put_boolean_member(json, "stp", plan->bridges[i].stp);
        json_put_boolean_member(json, "vlan_filtering", plan->bridges[i].vlan_filtering);
        json_put_integer_member(json, "mtu", plan->bridges[i].mtu ? plan->bridges[i].mtu : 1500);
        return plan->bridges[i].origin;
    case ITEM_LINK:
        json_link(plan, &plan->links[i], json);
        return plan->links[i].origin;
    case ITEM_DEVICE:
        json_device(&plan->devices[i], json);
        return plan->devices[i].origin;
    case ITEM_SYSCTL:
        json_put_string_member(json, "key", plan->sysctls[i].key);
        json_put_string_member(json, "value", plan->sysctls[i].value);
        return plan->sysctls[i].origin;
    case ITEM_ADDRESS:
        json_address(&plan->addresses[i], json);
        return plan->addresses[i].origin;
    case ITEM_NEIGHBOUR:
        json_neighbour(&plan->neighbours[i], json);
        return plan->neighbours[i].origin;
    case ITEM_ROUTE:
        json_route(&plan->routes[i], json);
        return plan->routes[i].origin;
    case ITEM_RULE:
        json_rule(&plan->rules[i], json);
        return plan->rules[i].origin;
    case ITEM_NFT:
        json_put_string_member(json, "family", plan->nfts[i].family);
        json_put_string_member(json, "table", plan->nfts[i].table);
        json_put_boolean_member(json, "verbatim", plan->nfts[i].verbatim);
        json_put_string_member(json, "body", plan->nfts[i].body);
        return plan->nfts[i].origin;
    case ITEM_IMPAIRMENT:
        json_impairment(&plan->impairments[i], json);
        return plan->impairments[i].origin;
    case ITEM_FILE:
        json_file(&plan->files[i], json);
        return plan->files[i].origin;
    case ITEM_PROCESS:
        json_process(&plan->processes[i], json);
        return plan->processes[i].origin;
    case ITEM_RUN:
        json_put_string_member(json, "command", plan->runs[i].command);
        return plan->runs[i].origin;
    default:
        return NULL;
    }
}

static const char *const plural[ITEM_COUNT] = {
    [ITEM_BRIDGE] = "bridges",       [ITEM_LINK] = "links",
    [ITEM_DEVICE] = "devices",       [ITEM_SYSCTL] = "sysctls",
    [ITEM_ADDRESS] = "addresses",    [ITEM_ROUTE] = "routes",
    [ITEM_RULE] = "rules",           [ITEM_NFT] = "nft",
    [ITEM_NEIGHBOUR] = "neighbours", [ITEM_IMPAIRMENT] = "impairments",
    [ITEM_FILE] = "files",           [ITEM_RUN] = "run",
    [ITEM_PROCESS] = "processes",
};

static void json_group(const struct plan *plan, const struct plan_index *index, uint32_t ns, enum plan_item item,
                       struct json *json)
{
    struct plan_group group = plan_index_group(index, ns, item);
    bool open = false;
    for (size_t g = 0; g < group.count; g++) {
        if (item == ITEM_LINK && group.items[g] % 2)
            continue;
        if (!open) {
            json_put_key(json, plural[item]);
            json_put_array(json);
            open = true;
        }
        json_put_object(json);
        const char *origin = json_item(plan, item, item == ITEM_LINK ? group.items[g] / 2 : group.items[g], json);
        if (origin)
            json_put_string_member(json, "origin", origin);
        json_put_object_end(json);
    }
    if (open)
        json_put_array_end(json);
}

void plan_json(const struct plan *plan, struct json *json)
{
    ARENA_AUTO arena = arena_new();
    struct plan_index *index = plan_index_new(plan, arena);
    json_put_object(json);
    json_put_integer_member(json, "version", 1);
    json_put_string_member(json, "lab", plan->lab);
    json_put_key(json, "namespaces");
    json_put_array(json);
    for (uint32_t ns = 0; ns < plan->namespace_count; ns++) {
        const struct plan_namespace *namespace = &plan->namespaces[ns];
        json_put_object(json);
        json_put_string_member(json, "name", namespace->name);
        json_put_string_member(json, "kind", plan_namespace_kind_name(namespace->kind));
        if (namespace->origin)
            json_put_string_member(json, "origin", namespace->origin);
        json_put_boolean_member(json, "ipv6", namespace->ipv6);
        if (namespace->kind == NAMESPACE_NODE && plan->hosts_view_count)
            json_put_integer_member(json, "hosts_view", namespace->hosts_view);
        for (size_t k = 0; k < ARRAY_SIZE(printed); k++)
            json_group(plan, index, ns, printed[k], json);
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_put_key(json, "hosts_views");
    json_put_array(json);
    for (size_t i = 0; i < plan->hosts_view_count; i++)
        json_put_string(json, plan->hosts_views[i].content);
    json_put_array_end(json);
    json_put_object_end(json);
}
