/* What makes two items of two plans the same thing, and what makes them equal. */
#include "plan/key.h"

#include <string.h>

#include "base/str.h"

#define HASH_START UINT64_C(0x9e3779b97f4a7c15)

uint64_t hash_mix(uint64_t hash, uint64_t value)
{
    hash ^= value + HASH_START + (hash << 6) + (hash >> 2);
    hash *= UINT64_C(0xff51afd7ed558ccd);
    return hash ^ (hash >> 32);
}

uint64_t hash_text(uint64_t hash, const char *text)
{
    if (!text)
        return hash_mix(hash, 0);
    size_t length = strlen(text);
    for (size_t at = 0; at < length; at += 8) {
        uint64_t word = 0;
        memcpy(&word, text + at, length - at < 8 ? length - at : 8);
        hash = hash_mix(hash, word);
    }
    return hash_mix(hash, length);
}

uint64_t hash_interface(uint32_t identity, const char *name)
{
    return hash_text(hash_mix(HASH_START, identity), name);
}

static uint64_t hash_addr(uint64_t hash, const struct addr *addr)
{
    uint64_t words[2] = {0};
    memcpy(words, addr->bytes, addr->family == 6 ? 16 : addr->family == 4 ? 4 : 0);
    return hash_mix(hash_mix(hash_mix(hash, addr->family), words[0]), words[1]);
}

static uint64_t hash_prefix(uint64_t hash, const struct prefix *prefix)
{
    return hash_mix(hash_addr(hash, &prefix->addr), prefix->length);
}

uint64_t key_hash(const struct side *side, enum plan_item item, size_t i)
{
    const struct plan *plan = side->plan;
    uint64_t hash = hash_mix(HASH_START, item);
    switch (item) {
    case ITEM_NAMESPACE:
        return hash_mix(hash, side->identity[i]);
    case ITEM_HOSTS_VIEW:
        return hash_mix(hash, side->view[i]);
    case ITEM_BRIDGE:
        return hash_text(hash_mix(hash, side->identity[plan->bridges[i].ns]), plan->bridges[i].name);
    case ITEM_LINK:
        for (int e = 0; e < 2; e++)
            hash = hash_text(hash_mix(hash, side->identity[plan->links[i].end[e].ns]), plan->links[i].end[e].name);
        return hash;
    case ITEM_DEVICE: { /* one that stands elsewhere, or has another number, is another one of that name */
        const struct plan_device *device = &plan->devices[i];
        hash = hash_text(hash_mix(hash, side->identity[device->ns]), device->name);
        hash = hash_text(hash_mix(hash_mix(hash, device->kind), device->id), device->parent);
        return hash_mix(hash_addr(hash_addr(hash, &device->local), &device->remote), device->port);
    }
    case ITEM_SYSCTL:
        return hash_text(hash_mix(hash, side->identity[plan->sysctls[i].ns]), plan->sysctls[i].key);
    case ITEM_ADDRESS: {
        const struct plan_address *address = &plan->addresses[i];
        hash = hash_text(hash_mix(hash, side->identity[address->ns]), address->interface);
        return hash_prefix(hash, &address->address);
    }
    case ITEM_NEIGHBOUR: {
        const struct plan_neighbour *neighbour = &plan->neighbours[i];
        hash = hash_text(hash_mix(hash, side->identity[neighbour->ns]), neighbour->interface);
        return hash_addr(hash_mix(hash, neighbour->proxy), &neighbour->addr);
    }
    case ITEM_ROUTE: {
        const struct plan_route *route = &plan->routes[i];
        hash = hash_mix(hash_mix(hash_mix(hash, side->identity[route->ns]), route->table), route->metric);
        return hash_prefix(hash_mix(hash, route->connected), &route->destination);
    }
    case ITEM_RULE: {
        const struct plan_rule *rule = &plan->rules[i];
        hash = hash_mix(hash_mix(hash_mix(hash, side->identity[rule->ns]), rule->family), rule->priority);
        hash = hash_mix(hash_prefix(hash_prefix(hash, &rule->from), &rule->to), rule->mark_value);
        return hash_text(hash_mix(hash, rule->mark_mask), rule->input_interface);
    }
    case ITEM_NFT:
        hash = hash_text(hash_mix(hash, side->identity[plan->nfts[i].ns]), plan->nfts[i].family);
        return hash_text(hash, plan->nfts[i].table);
    case ITEM_IMPAIRMENT:
        hash = hash_text(hash_mix(hash, side->identity[plan->impairments[i].ns]), plan->impairments[i].interface);
        return hash_mix(hash_mix(hash, plan->impairments[i].direction), plan->impairments[i].port);
    case ITEM_FILE:
        return hash_text(hash_mix(hash, side->identity[plan->files[i].ns]), plan->files[i].path);
    case ITEM_PROCESS:
        return hash_text(hash_mix(hash, side->identity[plan->processes[i].ns]), plan->processes[i].name);
    case ITEM_RUN:
        return hash_text(hash_mix(hash, side->identity[plan->runs[i].ns]), plan->runs[i].command);
    case ITEM_COUNT:
        break;
    }
    return hash;
}

/* "" and NULL mean the same absence. */
static bool text_same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool prefix_same(const struct prefix *a, const struct prefix *b)
{
    return a->length == b->length && addr_equal(&a->addr, &b->addr);
}

static bool rule_same(const struct plan_rule *x, const struct plan_rule *y)
{
    return x->family == y->family && x->priority == y->priority && prefix_same(&x->from, &y->from) &&
           prefix_same(&x->to, &y->to) && text_same(x->input_interface, y->input_interface) &&
           x->mark_value == y->mark_value && x->mark_mask == y->mark_mask;
}

static bool device_same(const struct plan_device *x, const struct plan_device *y)
{
    return text_same(x->name, y->name) && x->kind == y->kind && x->id == y->id && text_same(x->parent, y->parent) &&
           addr_equal(&x->local, &y->local) && addr_equal(&x->remote, &y->remote) && x->port == y->port;
}

static bool link_end_same(const struct side *a, const struct plan_link_end *x, const struct side *b,
                          const struct plan_link_end *y)
{
    return a->identity[x->ns] == b->identity[y->ns] && text_same(x->name, y->name);
}

bool key_same(const struct side *a, size_t i, const struct side *b, size_t j, enum plan_item item)
{
    const struct plan *p = a->plan, *q = b->plan;
#define SAME_NS(array) (a->identity[p->array[i].ns] == b->identity[q->array[j].ns])
    switch (item) {
    case ITEM_NAMESPACE:
        return a->identity[i] == b->identity[j];
    case ITEM_HOSTS_VIEW:
        return a->view[i] == b->view[j];
    case ITEM_BRIDGE:
        return SAME_NS(bridges) && text_same(p->bridges[i].name, q->bridges[j].name);
    case ITEM_LINK:
        return link_end_same(a, &p->links[i].end[0], b, &q->links[j].end[0]) &&
               link_end_same(a, &p->links[i].end[1], b, &q->links[j].end[1]);
    case ITEM_DEVICE:
        return SAME_NS(devices) && device_same(&p->devices[i], &q->devices[j]);
    case ITEM_SYSCTL:
        return SAME_NS(sysctls) && text_same(p->sysctls[i].key, q->sysctls[j].key);
    case ITEM_ADDRESS:
        return SAME_NS(addresses) && text_same(p->addresses[i].interface, q->addresses[j].interface) &&
               prefix_same(&p->addresses[i].address, &q->addresses[j].address);
    case ITEM_NEIGHBOUR:
        return SAME_NS(neighbours) && text_same(p->neighbours[i].interface, q->neighbours[j].interface) &&
               p->neighbours[i].proxy == q->neighbours[j].proxy &&
               addr_equal(&p->neighbours[i].addr, &q->neighbours[j].addr);
    case ITEM_ROUTE:
        return SAME_NS(routes) && p->routes[i].table == q->routes[j].table &&
               p->routes[i].metric == q->routes[j].metric && p->routes[i].connected == q->routes[j].connected &&
               prefix_same(&p->routes[i].destination, &q->routes[j].destination);
    case ITEM_RULE:
        return SAME_NS(rules) && rule_same(&p->rules[i], &q->rules[j]);
    case ITEM_NFT:
        return SAME_NS(nfts) && text_same(p->nfts[i].family, q->nfts[j].family) &&
               text_same(p->nfts[i].table, q->nfts[j].table);
    case ITEM_IMPAIRMENT:
        return SAME_NS(impairments) && text_same(p->impairments[i].interface, q->impairments[j].interface) &&
               p->impairments[i].direction == q->impairments[j].direction &&
               p->impairments[i].port == q->impairments[j].port;
    case ITEM_FILE:
        return SAME_NS(files) && text_same(p->files[i].path, q->files[j].path);
    case ITEM_PROCESS:
        return SAME_NS(processes) && text_same(p->processes[i].name, q->processes[j].name);
    case ITEM_RUN:
        return SAME_NS(runs) && text_same(p->runs[i].command, q->runs[j].command);
    case ITEM_COUNT:
        break;
    }
#undef SAME_NS
    return false;
}

static bool vlans_equal(const struct plan_link_end *x, const struct plan_link_end *y)
{
    bool same = x->vlan_count == y->vlan_count;
    for (size_t v = 0; same && v < x->vlan_count; v++)
        same = x->vlans[v].id == y->vlans[v].id && x->vlans[v].untagged == y->vlans[v].untagged;
    return same;
}

static bool link_equal(const struct plan_link *x, const struct plan_link *y)
{
    for (int e = 0; e < 2; e++)
        if (!text_same(x->end[e].master, y->end[e].master) || x->end[e].down != y->end[e].down ||
            !vlans_equal(&x->end[e], &y->end[e]) || memcmp(&x->end[e].mac, &y->end[e].mac, sizeof x->end[e].mac) != 0)
            return false;
    return (x->mtu ? x->mtu : 1500) == (y->mtu ? y->mtu : 1500);
}

static bool route_equal(const struct plan_route *x, const struct plan_route *y)
{
    if (x->type != y->type || x->onlink != y->onlink || !addr_equal(&x->source, &y->source) ||
        !text_same(x->congestion_control, y->congestion_control) || x->nexthop_count != y->nexthop_count)
        return false;
    for (size_t n = 0; n < x->nexthop_count; n++)
        if (!addr_equal(&x->nexthops[n].via, &y->nexthops[n].via) || x->nexthops[n].weight != y->nexthops[n].weight ||
            !text_same(x->nexthops[n].interface, y->nexthops[n].interface))
            return false;
    return true;
}

/* As it is started. */
static bool process_equal(const struct plan_process *x, const struct plan_process *y)
{
    if (x->embedded != y->embedded || x->argc != y->argc || !text_same(x->configuration, y->configuration) ||
        x->ready != y->ready || !addr_equal(&x->ready_addr, &y->ready_addr) || x->ready_port != y->ready_port ||
        !text_same(x->ready_interface, y->ready_interface) || x->restart != y->restart ||
        x->open_files != y->open_files)
        return false;
    for (size_t n = 0; n < x->argc; n++)
        if (!text_same(x->argv[n], y->argv[n]))
            return false;
    return true;
}

bool content_equal(const struct side *a, size_t i, const struct side *b, size_t j, enum plan_item item)
{
    const struct plan *p = a->plan, *q = b->plan;
    switch (item) {
    case ITEM_NAMESPACE: {
        const struct plan_namespace *x = &p->namespaces[i], *y = &q->namespaces[j];
        if (x->ipv6 != y->ipv6)
            return false;
        bool views = p->hosts_view_count > x->hosts_view && q->hosts_view_count > y->hosts_view;
        return x->kind != NAMESPACE_NODE || !views || a->view[x->hosts_view] == b->view[y->hosts_view];
    }
    case ITEM_HOSTS_VIEW:
        return text_same(p->hosts_views[i].content, q->hosts_views[j].content) && text_same(p->authority, q->authority);
    case ITEM_BRIDGE:
        return p->bridges[i].stp == q->bridges[j].stp && p->bridges[i].mtu == q->bridges[j].mtu &&
               p->bridges[i].vlan_filtering == q->bridges[j].vlan_filtering;
    case ITEM_LINK:
        return link_equal(&p->links[i], &q->links[j]);
    case ITEM_DEVICE:
        return p->devices[i].down == q->devices[j].down &&
               (p->devices[i].mtu ? p->devices[i].mtu : 1500) == (q->devices[j].mtu ? q->devices[j].mtu : 1500) &&
               memcmp(&p->devices[i].mac, &q->devices[j].mac, sizeof(struct mac)) == 0;
    case ITEM_SYSCTL:
        return text_same(p->sysctls[i].value, q->sysctls[j].value);
    case ITEM_NEIGHBOUR:
        return p->neighbours[i].proxy || memcmp(&p->neighbours[i].mac, &q->neighbours[j].mac, sizeof(struct mac)) == 0;
    case ITEM_ROUTE:
        return route_equal(&p->routes[i], &q->routes[j]);
    case ITEM_RULE:
        return p->rules[i].table == q->rules[j].table;
    case ITEM_NFT:
        return p->nfts[i].verbatim == q->nfts[j].verbatim && text_same(p->nfts[i].body, q->nfts[j].body);
    case ITEM_IMPAIRMENT:
        return impairment_equal(&p->impairments[i].is, &q->impairments[j].is);
    case ITEM_FILE:
        return p->files[i].length == q->files[j].length && p->files[i].mode == q->files[j].mode &&
               (p->files[i].length == 0 || memcmp(p->files[i].content, q->files[j].content, p->files[i].length) == 0);
    case ITEM_PROCESS:
        return p->processes[i].stopped == q->processes[j].stopped && process_equal(&p->processes[i], &q->processes[j]);
    case ITEM_ADDRESS:
    case ITEM_RUN:
    case ITEM_COUNT:
        break;
    }
    return true;
}

bool content_in_place(const struct side *a, size_t i, const struct side *b, size_t j, enum plan_item item)
{
    switch (item) {
    case ITEM_ROUTE: /* IPv6 replaces only a route of the same type */
        return a->plan->routes[i].destination.addr.family != 6 || a->plan->routes[i].type == b->plan->routes[j].type;
    case ITEM_RULE: /* the kernel has no replace for rules */
        return false;
    case ITEM_PROCESS: /* stopped, or going on */
        return process_equal(&a->plan->processes[i], &b->plan->processes[j]);
    case ITEM_NFT:
        return !a->plan->nfts[i].verbatim && !b->plan->nfts[j].verbatim;
    default:
        return true;
    }
}
