/* An item of the plan as a message to the kernel, and its failure in words. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/table.h"
#include "kernel/nft.h"
#include "lab/internal.h"

#define METRIC_IPV6_DEFAULT 1024 /* ip6_route_add: IP6_RT_PRIO_USER */

uint64_t item_tag(enum verb verb, enum plan_item item, size_t i)
{
    return (uint64_t)verb << 56 | (uint64_t)item << 48 | i;
}

enum plan_item tag_item(uint64_t tag)
{
    return (enum plan_item)(tag >> 48 & 0xff);
}

size_t tag_index(uint64_t tag)
{
    return tag & UINT64_C(0xffffffffffff);
}

static void item_sentence(const struct plan *plan, const char *verb, enum plan_item item, size_t i, struct str *out)
{
    uint32_t ns = plan_item_namespace(plan, item, i);
    str_printf(out, "%s ", verb);
    plan_item_describe(plan, item, i, out);
    if (item != ITEM_LINK && item != ITEM_NAMESPACE && ns != UINT32_MAX)
        str_printf(out, " in %s", plan->namespaces[ns].name);
}

int item_failure(const struct plan *plan, const struct netlink_failure *failure, struct error *err)
{
    static const char *const verbs[] = {[VERB_ADD] = "add", [VERB_REPLACE] = "set", [VERB_DELETE] = "remove"};
    STR_AUTO text = STR_INIT;
    item_sentence(plan, verbs[failure->tag >> 56], tag_item(failure->tag), tag_index(failure->tag), &text);
    return netlink_failure_error(failure, err, "%s", str_text(&text));
}

uint8_t item_route_type(enum plan_route_type type)
{
    static const uint8_t types[] = {
        [PLAN_ROUTE_UNICAST] = RTN_UNICAST,
        [PLAN_ROUTE_BLACKHOLE] = RTN_BLACKHOLE,
        [PLAN_ROUTE_UNREACHABLE] = RTN_UNREACHABLE,
        [PLAN_ROUTE_PROHIBIT] = RTN_PROHIBIT,
        [PLAN_ROUTE_LOCAL] = RTN_LOCAL,
    };
    return types[type];
}

uint32_t item_metric(const struct plan_route *route)
{
    if (route->metric == 0 && route->destination.addr.family == 6)
        return METRIC_IPV6_DEFAULT;
    return route->metric;
}

static int missing_interface(const struct plan *plan, enum plan_item item, size_t i, const char *name,
                             struct error *err)
{
    STR_AUTO text = STR_INIT;
    item_sentence(plan, "set", item, i, &text);
    error_set(err, ERR_SYSTEM, "%s: there is no interface %s", str_text(&text), name);
    if (err)
        err->number = ENODEV;
    return -1;
}

static int put_route(struct batch *batch, const struct plan *plan, size_t i, enum verb verb, const struct names *names,
                     struct error *err)
{
    const struct plan_route *route = &plan->routes[i];
    struct route_nexthop few[8], *hops = few;
    ARENA_AUTO arena = route->nexthop_count > ARRAY_SIZE(few) ? arena_new() : NULL;
    if (arena)
        hops = arena_alloc(arena, route->nexthop_count * sizeof *hops);
    for (size_t n = 0; n < route->nexthop_count; n++) {
        const struct plan_nexthop *hop = &route->nexthops[n];
        hops[n] = (struct route_nexthop){hop->via, 0, hop->weight};
        if (!hop->interface)
            continue;
        hops[n].interface = names->index(names->context, route->ns, hop->interface);
        if (!hops[n].interface)
            return missing_interface(plan, ITEM_ROUTE, i, hop->interface, err);
    }
    struct route_spec spec = {
        .destination = route->destination,
        .table = route->table ? route->table : RT_TABLE_MAIN,
        .metric = route->metric,
        .type = item_route_type(route->type),
        .onlink = route->onlink,
        .source = route->source,
        .congestion_control = route->congestion_control,
        .nexthops = hops,
        .nexthop_count = route->nexthop_count,
        .any_protocol = true,
    };
    if (verb == VERB_DELETE) { /* of whatever type, whatever way it goes by now */
        spec.nexthop_count = 0;
        spec.type = RTN_UNSPEC;
    }
    route_put(batch, item_tag(verb, ITEM_ROUTE, i), verb, &spec);
    return 0;
}

int item_put_connected(struct batch *batch, const struct plan *plan, const struct plan_route *route, enum verb verb,
                       uint64_t tag, uint32_t interface)
{
    (void)plan;
    struct route_nexthop hop = {.interface = interface};
    struct route_spec spec = {
        .destination = prefix_network(route->destination),
        .table = RT_TABLE_MAIN,
        .metric = route->destination.addr.family == 6 ? 256 : route->metric, /* IP6_RT_PRIO_ADDRCONF */
        .type = RTN_UNICAST,
        .protocol = RTPROT_KERNEL,
        .nexthops = &hop,
        .nexthop_count = interface ? 1 : 0,
        .any_protocol = true,
        .congestion_control = verb == VERB_DELETE ? NULL : route->congestion_control,
    };
    if (route->destination.addr.family == 4)
        spec.source = route->source;
    route_put(batch, tag, verb, &spec);
    return 0;
}

void item_put_control(struct batch *batch, struct lab *lab, const struct plan *plan, const struct plan_index *index,
                      uint32_t address, uint32_t interface)
{
    const struct plan_address *item = &plan->addresses[address];
    const struct plan_route *found = NULL;
    uint32_t i = 0;
    struct prefix network = prefix_network(item->address);
    struct plan_group group = plan_index_group(index, item->ns, ITEM_ROUTE);
    for (size_t g = 0; g < group.count; g++) {
        const struct plan_route *route = &plan->routes[group.items[g]];
        if (!route->connected || !prefix_equal(&route->destination, &network))
            continue;
        if (found) /* of two interfaces in one network: a replacement would meet either */
            return;
        found = route;
        i = group.items[g];
    }
    if (found && addr_equal(&found->source, &item->address.addr) && inherited_control(lab, found->congestion_control))
        item_put_connected(batch, plan, found, VERB_REPLACE, item_tag(VERB_REPLACE, ITEM_ROUTE, i), interface);
}

const char *item_connected_interface(const struct plan *plan, const struct plan_index *index,
                                     const struct plan_route *route)
{
    if (route->nexthop_count && route->nexthops[0].interface)
        return route->nexthops[0].interface;
    struct plan_group group = plan_index_group(index, route->ns, ITEM_ADDRESS);
    for (size_t i = 0; i < group.count; i++) {
        const struct plan_address *address = &plan->addresses[group.items[i]];
        struct prefix network = prefix_network(address->address);
        if (prefix_equal(&network, &route->destination))
            return address->interface;
    }
    return NULL;
}

int item_put(struct batch *batch, const struct plan *plan, enum plan_item item, size_t i, enum verb verb,
             const struct names *names, struct error *err)
{
    uint64_t tag = item_tag(verb, item, i);
    if (item == ITEM_ROUTE)
        return put_route(batch, plan, i, verb, names, err);
    if (item == ITEM_RULE) {
        const struct plan_rule *rule = &plan->rules[i];
        struct rule_spec spec = {rule->family,          rule->priority,   rule->from,      rule->to,
                                 rule->input_interface, rule->mark_value, rule->mark_mask, rule->table};
        rule_put(batch, tag, verb, &spec);
        return 0;
    }
    const char *interface = item == ITEM_ADDRESS ? plan->addresses[i].interface : plan->neighbours[i].interface;
    uint32_t index = names->index(names->context, plan_item_namespace(plan, item, i), interface);
    if (!index)
        return missing_interface(plan, item, i, interface, err);
    if (item == ITEM_ADDRESS)
        address_put(batch, tag, verb, index, &plan->addresses[i].address);
    else if (plan->neighbours[i].proxy)
        neighbour_proxy_put(batch, tag, verb, index, &plan->neighbours[i].addr);
    else
        neighbour_put(batch, tag, verb, index, &plan->neighbours[i].addr, &plan->neighbours[i].mac);
    return 0;
}

/* ---- nft ------------------------------------------------------------------------------------------------------ */

static void nft_subject(const struct plan *plan, size_t i, struct str *out)
{
    const struct plan_nft *nft = &plan->nfts[i];
    str_printf(out, "%s of %s", nft->verbatim ? "nftables" : "nft table", plan->namespaces[nft->ns].name);
}

/* A verbatim ruleset is replaced by removing the tables that it makes; a scratch namespace tells which those are.  Each
 * is made before it is deleted: so it need not be there, and nobody has to look, which for libnftables is to read all
 * rules of the namespace. */
int nft_remove(const struct plan *plan, size_t i, int netns, struct error *err)
{
    const struct plan_nft *nft = &plan->nfts[i];
    STR_AUTO what = STR_INIT, tables = STR_INIT, commands = STR_INIT;
    nft_subject(plan, i, &what);
    if (!nft->verbatim)
        str_printf(&tables, "%s %s\n", nft->family, nft->table);
    else if (nft_tables_of(nft->body, &tables, err) != 0)
        return -1;
    char *save = NULL, *line = tables.length ? strtok_r(tables.data, "\n", &save) : NULL; /* a refused one makes none */
    for (; line; line = strtok_r(NULL, "\n", &save))
        str_printf(&commands, "table %s\ndelete table %s\n", line, line);
    return commands.length ? nft_load(netns, str_text(&what), str_text(&commands), err) : 0;
}

int nft_put(struct lab *lab, const struct plan *plan, size_t i, int netns, bool fresh, struct error *err)
{
    (void)lab;
    const struct plan_nft *nft = &plan->nfts[i];
    STR_AUTO what = STR_INIT, text = STR_INIT;
    nft_subject(plan, i, &what);
    if (nft->verbatim) {
        if (!fresh && nft_remove(plan, i, netns, err) != 0)
            return -1;
        return nft_load(netns, str_text(&what), nft->body, err);
    }
    if (!fresh)
        return nft_replace(netns, str_text(&what), nft->family, nft->table, nft->body, err);
    str_printf(&text, "table %s %s { %s\n}\n", nft->family, nft->table, nft->body);
    return nft_load(netns, str_text(&what), str_text(&text), err);
}
