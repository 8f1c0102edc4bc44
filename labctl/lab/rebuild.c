/* A node that the keeper has made anew, as after a reboot: its links, its configuration, its processes; and at the far
 * ends of its links what went with them.  And a link that somebody deleted in a node, made again with all that the plan
 * says of it. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "kernel/link.h"
#include "kernel/namespace.h"
#include "kernel/sysctl.h"
#include "lab/apply.h"

struct rebuild {
    struct apply apply; /* a difference from nothing, for the parts that it shares */
    uint32_t ns;
    struct space *space;
};

/* The far end may still be there for a moment, without its peer. */
static int remove_stale(struct rebuild *r, const struct plan_link_end *end)
{
    struct apply *a = &r->apply;
    struct space *space = space_of(a->lab, a->after, end->ns);
    struct observed_link seen;
    NETLINK_AUTO netlink = NETLINK_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    int found = observe_link(space_netns(space, a->err), end->name, &seen, a->err);
    if (found <= 0)
        return found;
    link_delete(&batch, 0, seen.index);
    if (netlink_open(space_netns(space, a->err), &netlink, a->err) != 0)
        return -1;
    return netlink_commit(&netlink, &batch, a->err); /* whether it was still there or not */
}

/* Does this sysctl belong to the interface ("net/ipv4/conf/NAME/…")? */
static bool sysctl_of(const struct plan_sysctl *sysctl, const char *name)
{
    const char *found = strstr(sysctl->key, "/conf/");
    found = found ? found + 6 : strstr(sysctl->key, "/neigh/") ? strstr(sysctl->key, "/neigh/") + 7 : NULL;
    size_t length = strlen(name);
    return found && strncmp(found, name, length) == 0 && found[length] == '/';
}

/* Is this next hop in a network of the interface? */
static bool reached_by(const struct apply *a, uint32_t ns, const struct addr *via, const char *name)
{
    struct plan_group group = plan_index_group(a->after_index, ns, ITEM_ADDRESS);
    for (size_t g = 0; g < group.count; g++) {
        const struct plan_address *address = &a->after->addresses[group.items[g]];
        struct prefix network = prefix_network(address->address);
        if (str_equal(address->interface, name) && prefix_contains(&network, via))
            return true;
    }
    return false;
}

static bool route_by(const struct apply *a, const struct plan_route *route, const char *name)
{
    for (size_t n = 0; n < route->nexthop_count; n++) {
        const struct plan_nexthop *hop = &route->nexthops[n];
        if (hop->interface ? str_equal(hop->interface, name)
                           : addr_is_set(&hop->via) && reached_by(a, route->ns, &hop->via, name))
            return true;
    }
    return false;
}

static bool belongs(const struct apply *a, enum plan_item item, uint32_t i, const char *name)
{
    const struct plan *plan = a->after;
    switch (item) {
    case ITEM_SYSCTL:
        return sysctl_of(&plan->sysctls[i], name);
    case ITEM_ADDRESS:
        return str_equal(plan->addresses[i].interface, name);
    case ITEM_NEIGHBOUR:
        return str_equal(plan->neighbours[i].interface, name);
    case ITEM_ROUTE:
        return route_by(a, &plan->routes[i], name) && !plan->routes[i].connected;
    default:
        return false;
    }
}

/* What the namespace of this end lost with the interface. */
static int restore_end(struct rebuild *r, const struct plan_link_end *end)
{
    static const enum plan_item items[] = {ITEM_SYSCTL, ITEM_ADDRESS, ITEM_NEIGHBOUR, ITEM_ROUTE};
    struct apply *a = &r->apply;
    apply_unsee(a, NULL);
    for (size_t k = 0; k < sizeof items / sizeof items[0]; k++) {
        struct plan_group group = plan_index_group(a->after_index, end->ns, items[k]);
        for (size_t g = 0; g < group.count; g++) {
            struct plan_operation operation = {ACTION_ADD, items[k], 0, group.items[g], false};
            if (!belongs(a, items[k], group.items[g], end->name))
                continue;
            if ((items[k] == ITEM_SYSCTL ? change_sysctl(a, &operation) : change_network(a, &operation)) != 0)
                return -1;
        }
    }
    return nft_reload_device(a->lab, a->after, a->after_index, end, a->err);
}

static int rebuild_links(struct rebuild *r)
{
    struct apply *a = &r->apply;
    struct plan_group links = plan_index_group(a->after_index, r->ns, ITEM_LINK);
    for (size_t g = 0; g < links.count; g++) {
        uint32_t link = links.items[g] / 2;
        const struct plan_link_end *end = a->after->links[link].end;
        if (end[0].ns == end[1].ns && links.items[g] % 2)
            continue;
        if (remove_stale(r, &end[links.items[g] % 2 ? 0 : 1]) != 0 || link_make(a, link) != 0)
            return -1;
        for (int e = 0; e < 2; e++) {
            struct observed_link seen;
            if (observe_link(space_netns(space_of(a->lab, a->after, end[e].ns), a->err), end[e].name, &seen, a->err) !=
                1)
                return -1;
            interfaces_set_index(a->interfaces, end[e].ns, end[e].name, seen.index);
        }
    }
    return 0;
}

static int rebuild_processes(struct rebuild *r)
{
    struct apply *a = &r->apply;
    struct plan_group processes = plan_index_group(a->after_index, r->ns, ITEM_PROCESS);
    struct plan_group runs = plan_index_group(a->after_index, r->ns, ITEM_RUN);
    for (size_t g = 0; g < processes.count; g++)
        if (process_start(a->lab, a->after, &a->after->processes[processes.items[g]], a->err) != 0)
            return -1;
    if (processes_await(a->lab, a->after, processes.items, processes.count, NULL, NULL, a->err) != 0)
        return -1;
    for (size_t g = 0; g < runs.count; g++)
        if (run_command(a->lab, a->after, runs.items[g], a->err) != 0)
            return -1;
    return 0;
}

static int rebuild(struct rebuild *r)
{
    struct apply *a = &r->apply;
    struct configuration c;
    a->interfaces = interfaces_new(a->after, a->arena);
    configuration_init(&c, a->lab, a->after, a->after_index, a->interfaces, a->arena, a->err);
    c.anew = true;
    int result = configure_bridges(&c, r->ns);
    if (result == 0)
        result = rebuild_links(r);
    if (result == 0)
        result = configure(&c, r->ns);
    configuration_end(&c);
    struct plan_group links = plan_index_group(a->after_index, r->ns, ITEM_LINK);
    for (size_t g = 0; result == 0 && g < links.count; g++)
        result = restore_end(r, &a->after->links[links.items[g] / 2].end[links.items[g] % 2 ? 0 : 1]);
    if (result == 0)
        result = impair_sync(a->lab, a->after, a->err);
    return result == 0 ? rebuild_processes(r) : -1;
}

/* For what is done in the plan that the lab is. */
static void begin(struct rebuild *r, struct lab *lab, struct arena *arena, struct error *err)
{
    static const struct lab_apply_options options;
    r->apply = (struct apply){.lab = lab,
                              .before = lab->plan,
                              .after = lab->plan,
                              .before_index = lab->index,
                              .after_index = lab->index,
                              .arena = arena,
                              .options = &options,
                              .err = err};
}

static int end(struct rebuild *r, int result)
{
    struct apply *a = &r->apply;
    if (result == 0)
        result = journal_clear(a->lost, a->err);
    if (result == 0)
        result = lab_record(a->lab, a->err);
    apply_unsee(a, NULL);
    lost_close(a->lost);
    return result;
}

int lab_rebuild_node(struct lab *lab, const char *node, struct error *err)
{
    struct space *space = space_find(lab, node);
    if (!space || space->kind != NAMESPACE_NODE || !lab->plan)
        return error_set(err, ERR_ABSENT, "there is no node '%s' in this lab", node);
    ARENA_AUTO arena = arena_new();
    struct error own = ERROR_INIT;
    struct rebuild r = {.space = space, .ns = plan_find_namespace(lab->plan, node)};
    begin(&r, lab, arena, err ? err : &own);
    space->rebuild = false;
    if (r.ns == UINT32_MAX)
        return 0;
    int result = lost_open(lab, &r.apply.lost, r.apply.err);
    if (result == 0)
        result = rebuild(&r);
    return end(&r, result) == 0 ? 0 : error_wrap(r.apply.err, "rebuild node %s", node);
}

/* ---- links that are gone ------------------------------------------------------------------------------------------
 */

/* Sockets of namespaces, to ask for names with; -1: none yet. */
static bool is_there(struct lab *lab, const struct plan *plan, int *sockets, uint32_t ns, const char *name,
                     struct error *err)
{
    if (sockets[ns] < 0) {
        int netns = space_netns(space_of(lab, plan, ns), err);
        sockets[ns] = netns < 0 ? -1 : netns_socket(netns, AF_INET, SOCK_DGRAM, 0, err);
    }
    return sockets[ns] >= 0 && netns_interface(sockets[ns], name) > 0;
}

int lab_lost_links(struct lab *lab, struct arena *arena, uint32_t **links, size_t *count, struct error *err)
{
    const struct plan *plan = lab->plan;
    int *sockets = arena_alloc(arena, (plan->namespace_count + 1) * sizeof *sockets);
    struct error unread = ERROR_INIT;
    *links = NULL;
    *count = 0;
    for (uint32_t ns = 0; ns < plan->namespace_count; ns++)
        sockets[ns] = -1;
    for (uint32_t i = 0; i < plan->link_count && unread.kind == ERR_NONE; i++) {
        const struct plan_link_end *near = &plan->links[i].end[0], *far = &plan->links[i].end[1];
        const struct space *space = space_of(lab, plan, near->ns);
        if (!space || !space->ready || space->rebuild) /* the node's return brings them back */
            continue;
        if (!is_there(lab, plan, sockets, far->ns, far->name, &unread) && unread.kind == ERR_NONE)
            *ARENA_PUSH(arena, *links, *count) = i;
    }
    for (uint32_t i = 0; i < plan->device_count && unread.kind == ERR_NONE; i++) {
        const struct plan_device *device = &plan->devices[i];
        const struct space *space = space_of(lab, plan, device->ns);
        if (!space || !space->ready || space->rebuild)
            continue;
        if (!is_there(lab, plan, sockets, device->ns, device->name, &unread) &&
            (!device->parent || /* else it comes with that */
             is_there(lab, plan, sockets, device->ns, device->parent, &unread)) &&
            unread.kind == ERR_NONE)
            *ARENA_PUSH(arena, *links, *count) = (uint32_t)plan->link_count + i;
    }
    for (uint32_t ns = 0; ns < plan->namespace_count; ns++)
        if (sockets[ns] >= 0)
            close(sockets[ns]);
    return unread.kind == ERR_NONE ? 0 : error_set(err, unread.kind, "%s", unread.text);
}

static int restore_device(struct rebuild *r, uint32_t i)
{
    const struct plan_device *device = &r->apply.after->devices[i];
    struct plan_operation operation = {ACTION_ADD, ITEM_DEVICE, 0, i, false};
    struct plan_link_end as_end = {.ns = device->ns, .name = device->name};
    return change_device(&r->apply, &operation) == 0 ? restore_end(r, &as_end) : -1;
}

/* What stood on the interface went with it. */
static int restore_devices(struct rebuild *r, const struct plan_link_end *end)
{
    struct apply *a = &r->apply;
    struct plan_group devices = plan_index_group(a->after_index, end->ns, ITEM_DEVICE);
    for (size_t g = 0; g < devices.count; g++) {
        const struct plan_device *device = &a->after->devices[devices.items[g]];
        if (str_equal(device->parent, end->name) && restore_device(r, devices.items[g]) != 0)
            return -1;
    }
    return 0;
}

static int restore_link(struct rebuild *r, uint32_t link)
{
    struct apply *a = &r->apply;
    if (link >= a->after->link_count)
        return restore_device(r, link - (uint32_t)a->after->link_count);
    struct plan_operation operation = {ACTION_ADD, ITEM_LINK, 0, link, false};
    if (change_link(a, &operation) != 0)
        return -1;
    const struct plan_link_end *end = a->after->links[link].end;
    return restore_end(r, &end[1]) == 0 && restore_end(r, &end[0]) == 0 ? restore_devices(r, &end[0]) : -1;
}

int lab_restore_links(struct lab *lab, const uint32_t *links, size_t count, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct error own = ERROR_INIT;
    struct rebuild r = {0};
    if (!count)
        return 0;
    begin(&r, lab, arena, err ? err : &own);
    r.apply.links = arena_alloc(arena, count * sizeof *r.apply.links);
    int result = lost_open(lab, &r.apply.lost, r.apply.err);
    for (size_t i = 0; i < count && result == 0; i++)
        result = restore_link(&r, links[i]);
    if (result == 0)
        result = impair_sync(lab, lab->plan, r.apply.err);
    if (result == 0)
        result = network_settle(lab, lab->plan, lab->index, r.apply.err);
    return end(&r, result);
}
