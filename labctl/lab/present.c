/* An item of the plan against what is there now: absent, so as the plan says, or otherwise. */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "kernel/dump.h"
#include "kernel/nft.h"
#include "kernel/sysctl.h"
#include "lab/files.h"
#include "lab/internal.h"
#include "plan/nft_change.h"

static const struct observed_address *find_address(const struct observation *o, const struct plan_address *address)
{
    for (size_t i = 0; i < o->address_count; i++)
        if (prefix_equal(&o->addresses[i].address, &address->address) &&
            str_equal(observed_name(o, o->addresses[i].interface), address->interface))
            return &o->addresses[i];
    return NULL;
}

static const struct observed_neighbour *find_neighbour(const struct observation *o,
                                                       const struct plan_neighbour *neighbour)
{
    for (size_t i = 0; i < o->neighbour_count; i++)
        if (o->neighbours[i].proxy == neighbour->proxy && addr_equal(&o->neighbours[i].addr, &neighbour->addr) &&
            str_equal(observed_name(o, o->neighbours[i].interface), neighbour->interface))
            return &o->neighbours[i];
    return NULL;
}

static bool same_network(const struct prefix *a, const struct prefix *b)
{
    struct prefix x = prefix_network(*a), y = prefix_network(*b);
    return prefix_equal(&x, &y);
}

static bool goes_by(const struct observation *o, const struct observed_route *seen, const char *interface)
{
    return !interface || (seen->nexthop_count && str_equal(observed_name(o, seen->nexthops[0].interface), interface));
}

/* The route of that destination, table and metric: a connected one is the kernel's, any other is not. */
static const struct observed_route *find_route(const struct observation *o, const struct plan_route *route)
{
    uint32_t table = route->table ? route->table : RT_TABLE_MAIN;
    for (size_t i = 0; i < o->route_count; i++) {
        const struct observed_route *seen = &o->routes[i];
        if (!same_network(&seen->destination, &route->destination))
            continue;
        if (route->connected) {
            if (seen->protocol == RTPROT_KERNEL && seen->type == RTN_UNICAST && seen->table == RT_TABLE_MAIN &&
                goes_by(o, seen, route->nexthop_count ? route->nexthops[0].interface : NULL))
                return seen;
        } else if (seen->protocol != RTPROT_KERNEL && seen->table == table && seen->metric == item_metric(route)) {
            return seen;
        }
    }
    return NULL;
}

static bool route_as_planned(const struct observation *o, const struct plan_route *route,
                             const struct observed_route *seen)
{
    if (route->connected)
        return true;
    if (seen->type != item_route_type(route->type) ||
        (addr_is_set(&route->source) && !addr_equal(&route->source, &seen->source)) ||
        !str_equal(seen->congestion_control, route->congestion_control ? route->congestion_control : ""))
        return false;
    if (route->type != PLAN_ROUTE_UNICAST)
        return true;
    if (seen->nexthop_count != route->nexthop_count)
        return false;
    for (size_t n = 0; n < route->nexthop_count; n++) {
        const struct plan_nexthop *hop = &route->nexthops[n];
        if (!addr_equal(&hop->via, &seen->nexthops[n].via) ||
            (hop->interface && !str_equal(hop->interface, observed_name(o, seen->nexthops[n].interface))))
            return false;
        if (route->nexthop_count > 1 && (hop->weight ? hop->weight : 1) != seen->nexthops[n].weight)
            return false;
    }
    return true;
}

static bool prefix_or_any(const struct prefix *wanted, const struct prefix *seen)
{
    bool any = !addr_is_set(&wanted->addr) || wanted->length == 0,
         seen_any = !addr_is_set(&seen->addr) || seen->length == 0;
    return any || seen_any ? any == seen_any : same_network(wanted, seen);
}

static const struct observed_rule *find_rule(const struct observation *o, const struct plan_rule *rule)
{
    uint32_t mask = rule->mark_value && !rule->mark_mask ? UINT32_MAX : rule->mark_mask;
    for (size_t i = 0; i < o->rule_count; i++) {
        const struct observed_rule *seen = &o->rules[i];
        if (seen->family == rule->family && seen->priority == rule->priority &&
            prefix_or_any(&rule->from, &seen->from) && prefix_or_any(&rule->to, &seen->to) &&
            str_equal(seen->input_interface, rule->input_interface ? rule->input_interface : "") &&
            seen->mark_value == rule->mark_value && seen->mark_mask == mask)
            return seen;
    }
    return NULL;
}

const struct nlmsghdr *item_message(const struct plan *plan, enum plan_item item, size_t i, const struct observation *o)
{
    const struct observed_address *address = item == ITEM_ADDRESS ? find_address(o, &plan->addresses[i]) : NULL;
    const struct observed_neighbour *neighbour =
        item == ITEM_NEIGHBOUR ? find_neighbour(o, &plan->neighbours[i]) : NULL;
    const struct observed_route *route = item == ITEM_ROUTE ? find_route(o, &plan->routes[i]) : NULL;
    const struct observed_rule *rule = item == ITEM_RULE ? find_rule(o, &plan->rules[i]) : NULL;
    return address     ? address->message
           : neighbour ? neighbour->message
           : route     ? route->message
           : rule      ? rule->message
                       : NULL;
}

#define LISTINGS_MAX (4u << 20)

/* ---- not of netlink ------------------------------------------------------------------------------------------ */

static enum presence sysctl_present(struct space *space, const struct plan_sysctl *sysctl, struct error *err)
{
    STR_AUTO value = STR_INIT;
    if (sysctl_read(space_netns(space, err), sysctl->key, &value, err) != 0)
        return PRESENT_UNKNOWN;
    return sysctl_value_equal(str_text(&value), sysctl->value) ? PRESENT_SO : PRESENT_OTHERWISE;
}

/* A planned table as nft prints it: made in a scratch namespace, which takes a while, so it is kept for the next time:
 * a change looks at the table before and after it, and the next one begins where it ended.  NULL where nft refuses it.
 */
static const char *planned_listing(struct lab *lab, const struct plan_nft *nft)
{
    STR_AUTO key = STR_INIT, listing = STR_INIT;
    str_printf(&key, "%s %s\n%s", nft->family, nft->table, nft->body);
    const char *known = lab->listings ? map_get(lab->listings, str_text(&key)) : NULL;
    if (known)
        return known;
    if (nft_list_of(nft->family, nft->table, nft->body, true, &listing, NULL) != 0)
        return NULL;
    if (!lab->listings || lab->listings_length > LISTINGS_MAX) {
        arena_free(lab->listings_arena);
        lab->listings_arena = arena_new();
        lab->listings = map_new(lab->listings_arena);
        lab->listings_length = 0;
    }
    char *kept = arena_strdup(lab->listings_arena, str_text(&listing));
    lab->listings_length += key.length + listing.length;
    map_set(lab->listings, str_text(&key), kept);
    return kept;
}

/* The present table, as nft prints it: the number of an error, or 0. */
static int list_present(struct lab *lab, const struct space *space, int netns, const struct plan_nft *nft,
                        struct str *out)
{
    struct error problem = ERROR_INIT;
    if (lab->seen_table.on && lab->seen_table.space == space) {
        str_append(out, str_text(&lab->seen_table.text));
        return lab->seen_table.number;
    }
    int number = nft_list(netns, nft->family, nft->table, true, out, &problem) == 0 ? 0
                 : problem.number                                                   ? problem.number
                                                                                    : -1;
    if (lab->seen_table.on) {
        lab->seen_table.space = space;
        lab->seen_table.number = number;
        str_append(&lab->seen_table.text, str_text(out));
    }
    return number;
}

/* A table is compared as nft prints it. */
static enum presence nft_present(struct lab *lab, struct space *space, const struct plan_nft *nft, struct error *err)
{
    STR_AUTO present = STR_INIT;
    if (nft->verbatim)
        return PRESENT_UNKNOWN;
    int netns = space_netns(space, err);
    if (netns < 0)
        return PRESENT_UNKNOWN;
    int number = list_present(lab, space, netns, nft, &present);
    if (number != 0)
        return number == ENOENT ? PRESENT_NOT : PRESENT_UNKNOWN;
    const char *planned = planned_listing(lab, nft);
    if (!planned)
        return PRESENT_UNKNOWN;
    return nft_same(str_text(&present), planned) ? PRESENT_SO : PRESENT_OTHERWISE;
}

static enum presence file_present(struct space *space, const struct plan_file *file)
{
    struct error problem = ERROR_INIT;
    STR_AUTO content = STR_INIT;
    uint32_t mode = 0;
    int root = space_root(space, &problem);
    if (root < 0)
        return PRESENT_UNKNOWN;
    if (node_file_read(root, file->path, file->length + 65536, &content, &mode, &problem) != 0)
        return problem.number == ENOENT ? PRESENT_NOT : problem.number == EFBIG ? PRESENT_OTHERWISE : PRESENT_UNKNOWN;
    bool same =
        content.length == file->length && (!file->length || memcmp(content.data, file->content, file->length) == 0);
    if (same && mode == (file->mode ? file->mode : 0644))
        return PRESENT_SO;
    /* What nodes start with is nobody's change. */
    STR_AUTO original = STR_INIT;
    uint32_t original_mode = 0;
    bool untouched = node_file_template(file->path, &original, &original_mode) == 0 && original_mode == mode &&
                     original.length == content.length &&
                     !memcmp(str_text(&original), str_text(&content), content.length);
    return untouched ? PRESENT_NOT : PRESENT_OTHERWISE;
}

/* A node is there as planned where it also sees the names that it is to see. */
static enum presence namespace_present(struct space *space, const struct plan *plan,
                                       const struct plan_namespace *namespace)
{
    STR_AUTO content = STR_INIT;
    if (!space || !space->ready)
        return PRESENT_NOT;
    if (namespace->kind != NAMESPACE_NODE || namespace->hosts_view >= plan->hosts_view_count)
        return PRESENT_SO;
    const char *view = plan->hosts_views[namespace->hosts_view].content;
    int root = space_root(space, NULL);
    if (root < 0 || node_file_read(root, "/etc/hosts", strlen(view) + 65536, &content, NULL, NULL) != 0)
        return PRESENT_UNKNOWN;
    return str_equal(str_text(&content), view) ? PRESENT_SO : PRESENT_OTHERWISE;
}

static enum presence bridge_present(const struct plan_bridge *bridge, const struct observation *o)
{
    const struct observed_link *seen = observed_link_by_name(o, bridge->name);
    if (!seen)
        return PRESENT_NOT;
    return seen->stp == bridge->stp && seen->vlan_filtering == bridge->vlan_filtering &&
                   (!bridge->mtu || seen->mtu == bridge->mtu)
               ? PRESENT_SO
               : PRESENT_OTHERWISE;
}

/* Is a port in the VLANs that it is to be in, and in no other?  Those of a bridge that does not filter say nothing. */
static bool vlans_present(const struct plan *plan, const struct plan_link_end *end, int netns, uint32_t port)
{
    struct observed_vlan seen[VLANS_MOST];
    if (!port_filters(plan, end))
        return true;
    int count = observe_vlans(netns, port, seen, VLANS_MOST, NULL);
    bool same = count == (int)end->vlan_count;
    for (size_t v = 0; same && v < end->vlan_count; v++)
        same = vlan_among(&end->vlans[v], seen, (size_t)count);
    return same;
}

static uint32_t mtu_of(uint32_t mtu)
{
    return mtu ? mtu : 1500;
}

/* What an end is, as far as it is asked for: all of it, or what tells it from `was`.  A node's interface may be a port
 * of a bridge that somebody has made there, of which the plan knows nothing. */
static bool end_so(const struct plan *plan, const struct plan_link *link, int e, const struct plan_link *was,
                   const struct observed_link *seen, uint32_t master)
{
    const struct plan_link_end *is = &link->end[e], *before = was ? &was->end[e] : NULL;
    bool free = !is->master && plan->namespaces[is->ns].kind == NAMESPACE_NODE;
    return ((before && before->down == is->down) || seen->up != is->down) &&
           ((was && mtu_of(was->mtu) == mtu_of(link->mtu)) || seen->mtu == mtu_of(link->mtu)) &&
           (free || (before && str_equal(before->master, is->master)) || seen->master == master) &&
           ((before && !memcmp(&before->mac, &is->mac, sizeof is->mac)) ||
            !memcmp(&seen->mac, &is->mac, sizeof is->mac));
}

static enum presence link_present(struct lab *lab, const struct plan *plan, const struct plan_link *link,
                                  const struct plan_link *was, struct error *err)
{
    enum presence presence = PRESENT_SO;
    for (int e = 0; e < 2; e++) {
        const struct plan_link_end *end = &link->end[e];
        struct observed_link seen, master = {0};
        int netns = space_netns(space_of(lab, plan, end->ns), err);
        int found = netns < 0 ? -1 : observe_link(netns, end->name, &seen, err);
        if (found <= 0)
            return found < 0 ? PRESENT_UNKNOWN : PRESENT_NOT;
        if (end->master && observe_link(netns, end->master, &master, err) < 0)
            return PRESENT_UNKNOWN;
        if (!end_so(plan, link, e, was, &seen, master.index) || !vlans_present(plan, end, netns, seen.index))
            presence = PRESENT_OTHERWISE;
    }
    return presence;
}

static enum presence device_present(const struct plan_device *device, const struct plan_device *was,
                                    const struct observation *o)
{
    const struct observed_link *seen = observed_link_by_name(o, device->name);
    if (!seen || !str_equal(seen->kind, plan_device_kind_name(device->kind)) || seen->id != device->id)
        return PRESENT_NOT;
    bool so = ((was && was->down == device->down) || seen->up != device->down) &&
              ((was && mtu_of(was->mtu) == mtu_of(device->mtu)) || seen->mtu == mtu_of(device->mtu)) &&
              ((was && !memcmp(&was->mac, &device->mac, sizeof was->mac)) ||
               !memcmp(&seen->mac, &device->mac, sizeof seen->mac));
    return so ? PRESENT_SO : PRESENT_OTHERWISE;
}

static enum presence judged(const void *found, bool same)
{
    return !found ? PRESENT_NOT : same ? PRESENT_SO : PRESENT_OTHERWISE;
}

enum presence item_present(struct lab *lab, const struct plan *plan, enum plan_item item, size_t i,
                           const struct observation *o, struct error *err)
{
    uint32_t ns = plan_item_namespace(plan, item, i);
    struct space *space = ns == UINT32_MAX ? NULL : space_of(lab, plan, ns);
    switch (item) {
    case ITEM_NAMESPACE:
        return namespace_present(space, plan, &plan->namespaces[i]);
    case ITEM_BRIDGE:
        return bridge_present(&plan->bridges[i], o);
    case ITEM_LINK:
        return link_present(lab, plan, &plan->links[i], NULL, err);
    case ITEM_DEVICE:
        return device_present(&plan->devices[i], NULL, o);
    case ITEM_SYSCTL:
        return sysctl_present(space, &plan->sysctls[i], err);
    case ITEM_ADDRESS:
        return judged(find_address(o, &plan->addresses[i]), true);
    case ITEM_NEIGHBOUR: {
        const struct observed_neighbour *seen = find_neighbour(o, &plan->neighbours[i]);
        if (seen && !seen->proxy && !(seen->state & NUD_PERMANENT)) /* what the kernel has learned is nobody's change */
            return PRESENT_NOT;
        return judged(seen,
                      seen && (seen->proxy || (seen->state & NUD_PERMANENT &&
                                               memcmp(&seen->mac, &plan->neighbours[i].mac, sizeof seen->mac) == 0)));
    }
    case ITEM_ROUTE: {
        const struct observed_route *seen = find_route(o, &plan->routes[i]);
        return judged(seen, seen && route_as_planned(o, &plan->routes[i], seen));
    }
    case ITEM_RULE: {
        const struct observed_rule *seen = find_rule(o, &plan->rules[i]);
        return judged(seen, seen && seen->table == plan->rules[i].table);
    }
    case ITEM_NFT:
        return nft_present(lab, space, &plan->nfts[i], err);
    case ITEM_IMPAIRMENT:
        return impair_present(lab, plan, i);
    case ITEM_FILE:
        return file_present(space, &plan->files[i]);
    case ITEM_PROCESS: /* one that is about to be started again is there as planned */
        return process_as_planned(lab, &plan->processes[i]) ? PRESENT_SO : PRESENT_NOT;
    case ITEM_HOSTS_VIEW:
    case ITEM_RUN:
    case ITEM_COUNT:
        break;
    }
    return PRESENT_UNKNOWN;
}

enum presence change_present(struct lab *lab, const struct plan *before, size_t was, const struct plan *after,
                             enum plan_item item, size_t is, const struct observation *o, struct error *err)
{
    if (item == ITEM_LINK)
        return link_present(lab, after, &after->links[is], &before->links[was], err);
    if (item == ITEM_DEVICE)
        return device_present(&after->devices[is], &before->devices[was], o);
    return item_present(lab, after, item, is, o, err);
}
