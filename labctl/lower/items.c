/* Adding items to the plan. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

#define TABLE_MAIN 254

uint32_t add_namespace(struct lowering *l, enum namespace_kind kind, const char *name, const char *origin)
{
    struct plan *plan = l->plan;
    struct plan_namespace *ns = ARENA_PUSH(l->arena, plan->namespaces, plan->namespace_count);
    *ns = (struct plan_namespace){
        .name = arena_strdup(l->arena, name), .kind = kind, .origin = arena_strdup(l->arena, origin)};
    return (uint32_t)plan->namespace_count - 1;
}

void add_link(struct lowering *l, struct plan_link_end near, struct plan_link_end far, uint32_t mtu, const char *origin)
{
    struct plan_link *link = ARENA_PUSH(l->arena, l->plan->links, l->plan->link_count);
    *link = (struct plan_link){.end = {near, far}, .mtu = mtu, .origin = origin};
}

struct plan_device *add_device(struct lowering *l, uint32_t ns, enum plan_device_kind kind, const char *name,
                               const char *origin)
{
    struct plan_device *device = ARENA_PUSH(l->arena, l->plan->devices, l->plan->device_count);
    *device = (struct plan_device){.ns = ns, .kind = kind, .name = name, .origin = origin};
    return device;
}

void add_address(struct lowering *l, uint32_t ns, const char *interface, struct prefix address, const char *origin)
{
    struct plan_address *item = ARENA_PUSH(l->arena, l->plan->addresses, l->plan->address_count);
    *item = (struct plan_address){.ns = ns, .interface = interface, .address = address, .origin = origin};
    if (address.addr.family == 6)
        l->plan->namespaces[ns].ipv6 = true;
}

void add_neighbour(struct lowering *l, uint32_t ns, const char *interface, struct addr addr, struct mac mac,
                   const char *origin)
{
    struct plan_neighbour *item = ARENA_PUSH(l->arena, l->plan->neighbours, l->plan->neighbour_count);
    *item = (struct plan_neighbour){.ns = ns, .interface = interface, .addr = addr, .mac = mac, .origin = origin};
}

struct plan_route *add_route(struct lowering *l, uint32_t ns, struct prefix destination, uint32_t table,
                             enum plan_route_type type, const char *origin)
{
    struct plan_route *item = ARENA_PUSH(l->arena, l->plan->routes, l->plan->route_count);
    *item = (struct plan_route){
        .ns = ns, .destination = destination, .table = table ? table : TABLE_MAIN, .type = type, .origin = origin};
    return item;
}

struct plan_route *add_unicast(struct lowering *l, uint32_t ns, struct prefix destination, uint32_t table,
                               const struct addr *via, const char *device, const char *origin)
{
    struct plan_route *item = add_route(l, ns, destination, table, PLAN_ROUTE_UNICAST, origin);
    item->nexthops = ARENA_NEW(l->arena, struct plan_nexthop);
    item->nexthop_count = 1;
    item->nexthops[0].interface = device;
    if (via)
        item->nexthops[0].via = *via;
    return item;
}

struct plan_rule *add_rule(struct lowering *l, uint32_t ns, uint32_t priority, uint32_t mark, const struct prefix *to,
                           uint32_t table, const char *origin)
{
    return add_family_rule(l, ns, 4, priority, mark, to, table, origin);
}

struct plan_rule *add_family_rule(struct lowering *l, uint32_t ns, unsigned family, uint32_t priority, uint32_t mark,
                                  const struct prefix *to, uint32_t table, const char *origin)
{
    struct plan_rule *item = ARENA_PUSH(l->arena, l->plan->rules, l->plan->rule_count);
    *item = (struct plan_rule){.ns = ns, .family = family, .priority = priority, .table = table, .origin = origin};
    if (mark) {
        item->mark_value = mark;
        item->mark_mask = UINT32_MAX;
    }
    if (to)
        item->to = *to;
    return item;
}

void add_sysctl(struct lowering *l, uint32_t ns, const char *key, const char *value, const char *origin)
{
    struct plan_sysctl *item = ARENA_PUSH(l->arena, l->plan->sysctls, l->plan->sysctl_count);
    *item = (struct plan_sysctl){.ns = ns, .key = key, .value = value, .origin = origin};
}

void add_nft(struct lowering *l, uint32_t ns, const char *family, const char *table, struct str *body,
             const char *origin)
{
    struct plan_nft *item = ARENA_PUSH(l->arena, l->plan->nfts, l->plan->nft_count);
    *item = (struct plan_nft){.ns = ns,
                              .family = family,
                              .table = table,
                              .origin = origin,
                              .body = arena_strndup(l->arena, str_text(body), body->length)};
    str_clear(body);
}

void add_file(struct lowering *l, uint32_t ns, const char *path, const char *content, size_t length, uint32_t mode,
              const char *origin)
{
    struct plan_file *item = ARENA_PUSH(l->arena, l->plan->files, l->plan->file_count);
    char *copy = arena_alloc(l->arena, length + 1); /* may hold NUL bytes */
    if (length > 0)
        memcpy(copy, content, length);
    *item = (struct plan_file){.ns = ns,
                               .path = arena_strdup(l->arena, path),
                               .content = copy,
                               .length = length,
                               .mode = mode,
                               .origin = origin};
}

/* What comes from the machine's own settings must not decide what a lab does: strict or loose reverse path filtering
 * would drop what other tables of the router know (the larger of "all" and the port's value counts). */
void cloud_forwards(struct lowering *l, uint32_t ns, bool proxy_arp, const char *origin)
{
    add_sysctl(l, ns, "net/ipv4/ip_forward", "1", origin);
    add_sysctl(l, ns, "net/ipv4/conf/all/rp_filter", "0", origin);
    if (proxy_arp)
        add_sysctl(l, ns, "net/ipv4/conf/all/proxy_arp", "1", origin);
}

void cloud_forwards_ipv6(struct lowering *l, uint32_t ns, const char *origin)
{
    l->plan->namespaces[ns].ipv6 = true;
    add_sysctl(l, ns, "net/ipv6/conf/all/forwarding", "1", origin);
    add_sysctl(l, ns, "net/ipv6/icmp/ratelimit", "0", origin);
}

/* proxy_delay: else a proxied answer to ARP comes after up to 0.8 s. */
static void port_sysctls(struct lowering *l, uint32_t ns, const char *port, bool proxy_arp, bool source_check,
                         const char *origin)
{
    add_sysctl(l, ns, arena_printf(l->arena, "net/ipv4/conf/%s/rp_filter", port), source_check ? "1" : "0", origin);
    if (proxy_arp)
        add_sysctl(l, ns, arena_printf(l->arena, "net/ipv4/neigh/%s/proxy_delay", port), "0", origin);
}

void cloud_port(struct lowering *l, uint32_t ns, const char *port, bool proxy_arp, const char *origin)
{
    port_sysctls(l, ns, port, proxy_arp, false, origin);
}

/* The strict reverse path filter looks into the main table only, as its look-up carries no mark: there is one route for
 * each address.  A translator, which is not checked, sends back what the router has told it (a packet is too large),
 * from the router's own address. */
void subnet_port(struct lowering *l, uint32_t ns, const char *port, bool source_check, const char *origin)
{
    port_sysctls(l, ns, port, true, source_check, origin);
    if (!source_check)
        add_sysctl(l, ns, arena_printf(l->arena, "net/ipv4/conf/%s/accept_local", port), "1", origin);
}

const char *vpc_networks(struct lowering *l, const struct vpc *vpc, unsigned family)
{
    char text[ADDR_TEXT_MAX];
    STR_AUTO out = STR_INIT;
    for (size_t i = 0; i < vpc_network_count(vpc); i++) {
        struct prefix network = vpc_network(vpc, i);
        if (network.addr.family == family)
            str_printf(&out, "%s %s", out.length ? "," : "{", prefix_format(&network, text));
    }
    str_append(&out, out.length ? " }" : "{ }");
    return arena_strdup(l->scratch, str_text(&out));
}

void add_edge(struct lowering *l, struct router *router, const struct subnet *subnet, const char *port)
{
    *ARENA_PUSH(l->scratch, router->edges, router->edge_count) = (struct edge){subnet, port};
}

void element(struct elements *elements, const char *format, ...)
{
    va_list args;
    str_append(elements->out, elements->count++ == 0 ? "\t\telements = { " : ",\n\t\t\t     ");
    va_start(args, format);
    str_vprintf(elements->out, format, args);
    va_end(args);
}

void elements_end(struct elements *elements)
{
    if (elements->count > 0)
        str_append(elements->out, " }\n");
    elements->count = 0;
}
