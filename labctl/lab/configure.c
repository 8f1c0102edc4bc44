/* Everything inside one namespace, in one send: loopback, links up, addresses, neighbours, routes, rules. */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/table.h"
#include "kernel/dump.h"
#include "kernel/link.h"
#include "kernel/namespace.h"
#include "kernel/sysctl.h"
#include "lab/internal.h"

#define LOOPBACK 1

/* ---- which connected routes are in the plan ------------------------------------------------------------------ */

static uint64_t network_hash(uint32_t ns, struct prefix prefix)
{
    prefix = prefix_network(prefix);
    uint64_t h = ns * UINT64_C(0x9e3779b97f4a7c15) + prefix.length;
    for (size_t i = 0; i < (prefix.addr.family == 6 ? 16 : 4); i++)
        h = (h ^ prefix.addr.bytes[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void configuration_init(struct configuration *c, struct lab *lab, const struct plan *plan,
                        const struct plan_index *index, struct interfaces *interfaces, struct arena *arena,
                        struct error *err)
{
    *c = (struct configuration){.lab = lab, .plan = plan, .index = index, .interfaces = interfaces, .err = err};
    c->inherited = inherited_find();
    uint64_t *connected = arena_alloc(arena, (plan->route_count + 1) * sizeof *connected);
    for (size_t i = 0; i < plan->route_count; i++)
        if (plan->routes[i].connected)
            connected[c->connected_count++] = network_hash(plan->routes[i].ns, plan->routes[i].destination);
    if (c->connected_count)
        qsort(connected, c->connected_count, sizeof *connected, by_value);
    c->connected = connected;
}

void configuration_end(struct configuration *c)
{
    batch_free(&c->batch);
}

/* A plan lists the connected routes of its nodes; one that is not listed was taken away by a rewrite. */
static bool connected_missing(const struct configuration *c, const struct plan_address *address)
{
    if (!c->connected_count || c->plan->namespaces[address->ns].kind != NAMESPACE_NODE ||
        address->address.length == addr_bits(&address->address.addr) || strcmp(address->interface, "lo") == 0 ||
        interfaces_down(c->interfaces, address->ns, address->interface))
        return false;
    uint64_t key = network_hash(address->ns, address->address);
    return !bsearch(&key, c->connected, c->connected_count, sizeof key, by_value);
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

static uint32_t name_index(void *context, uint32_t ns, const char *interface)
{
    return interfaces_index(context, ns, interface);
}

static int put_group(struct configuration *c, uint32_t ns, enum plan_item item)
{
    struct names names = {name_index, c->interfaces};
    struct plan_group group = plan_index_group(c->index, ns, item);
    for (size_t g = 0; g < group.count; g++) {
        uint32_t i = group.items[g];
        if (item == ITEM_ROUTE && c->plan->routes[i].connected)
            continue;
        if (item == ITEM_NEIGHBOUR && interfaces_down(c->interfaces, ns, c->plan->neighbours[i].interface))
            continue;
        enum verb verb = item == ITEM_NEIGHBOUR ? VERB_REPLACE : VERB_ADD;
        if (item_put(&c->batch, c->plan, item, i, verb, &names, c->err) != 0)
            return -1;
    }
    return 0;
}

static void put_missing_connected(struct configuration *c, uint32_t ns)
{
    struct plan_group group = plan_index_group(c->index, ns, ITEM_ADDRESS);
    for (size_t g = 0; g < group.count; g++) {
        const struct plan_address *address = &c->plan->addresses[group.items[g]];
        if (!connected_missing(c, address))
            continue;
        struct plan_route route = {.ns = ns, .destination = prefix_network(address->address)};
        item_put_connected(&c->batch, c->plan, &route, VERB_DELETE, item_tag(VERB_DELETE, ITEM_ADDRESS, group.items[g]),
                           interfaces_index(c->interfaces, ns, address->interface));
    }
}

static void put_controls(struct configuration *c, uint32_t ns)
{
    struct plan_group group = plan_index_group(c->index, ns, ITEM_ADDRESS);
    for (size_t g = 0; g < group.count; g++) {
        const char *interface = c->plan->addresses[group.items[g]].interface;
        if (!interfaces_down(c->interfaces, ns, interface))
            item_put_control(&c->batch, c->lab, c->plan, c->index, group.items[g],
                             interfaces_index(c->interfaces, ns, interface));
    }
}

static int commit(struct configuration *c, struct netlink *netlink, bool any_down);

/* The kernel has chosen the indices of a node that was made anew. */
static int look_up(struct configuration *c, uint32_t ns, const char *name, int netns)
{
    struct observed_link seen;
    int found = observe_link(netns, name, &seen, c->err);
    if (found < 0)
        return -1;
    interfaces_set_index(c->interfaces, ns, name, found ? seen.index : 0);
    return 0;
}

/* Devices are there, down, before the namespace's settings are written: some of these may be theirs. */
static int make_devices(struct configuration *c, uint32_t ns, int netns, struct netlink *netlink)
{
    struct plan_group group = plan_index_group(c->index, ns, ITEM_DEVICE);
    if (group.count == 0)
        return 0;
    batch_clear(&c->batch);
    for (size_t g = 0; g < group.count; g++) {
        const struct plan_device *device = &c->plan->devices[group.items[g]];
        uint32_t index = c->anew ? 0 : interfaces_index(c->interfaces, ns, device->name);
        device_put(&c->batch, c->plan, group.items[g], index,
                   device->parent ? interfaces_index(c->interfaces, ns, device->parent) : 0);
    }
    if (commit(c, netlink, false) != 0)
        return -1;
    for (size_t g = 0; c->anew && g < group.count; g++)
        if (look_up(c, ns, c->plan->devices[group.items[g]].name, netns) != 0)
            return -1;
    return 0;
}

/* When what they stand on is up.  Returns whether one of them is to stay down. */
static bool put_devices(struct configuration *c, uint32_t ns)
{
    struct plan_group group = plan_index_group(c->index, ns, ITEM_DEVICE);
    bool any_down = false;
    for (size_t g = 0; g < group.count; g++) {
        const struct plan_device *device = &c->plan->devices[group.items[g]];
        uint32_t index = interfaces_index(c->interfaces, ns, device->name);
        uint64_t tag = item_tag(VERB_REPLACE, ITEM_DEVICE, group.items[g]);
        any_down |= device->down;
        if (c->plan->namespaces[ns].ipv6)
            link_quiet_ipv6(&c->batch, tag, index);
        if (!device->down)
            link_up(&c->batch, tag, index, true);
    }
    return any_down;
}

/* Returns whether one of the namespace's interfaces is to stay down. */
static bool put_links(struct configuration *c, uint32_t ns)
{
    const struct plan *plan = c->plan;
    bool any_down = false;
    link_up(&c->batch, item_tag(VERB_ADD, ITEM_NAMESPACE, ns), LOOPBACK, true);
    struct plan_group links = plan_index_group(c->index, ns, ITEM_LINK);
    for (size_t g = 0; g < links.count; g++) {
        uint32_t link = links.items[g] / 2, e = links.items[g] % 2;
        const struct plan_link_end *end = &plan->links[link].end[e];
        uint32_t index = interfaces_index(c->interfaces, ns, end->name);
        uint64_t tag = item_tag(VERB_REPLACE, ITEM_LINK, link);
        any_down |= end->down;
        if (e == 1) /* made up, and with its bridge */
            continue;
        if (end->master)
            link_master(&c->batch, tag, index, interfaces_index(c->interfaces, ns, end->master));
        if (plan->namespaces[ns].ipv6)
            link_quiet_ipv6(&c->batch, tag, index);
        if (!end->down)
            link_up(&c->batch, tag, index, true);
    }
    return put_devices(c, ns) || any_down;
}

/* Through an interface that is down nothing can be routed: as on a machine, such routes are not there. */
static bool tolerable(const struct netlink_failure *failure, bool any_down)
{
    if (failure->tag >> 56 == VERB_DELETE)
        return failure->number == ESRCH;
    return any_down && tag_item(failure->tag) == ITEM_ROUTE &&
           (failure->number == ENETUNREACH || failure->number == ENETDOWN || failure->number == EHOSTUNREACH ||
            failure->number == EINVAL);
}

/* A node's own /proc/sys; nobody has been in the node yet who could have put something else there. */
static int proc_sys_of(const struct space *space, struct error *err)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/root/proc/sys", (int)space->pid);
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? error_set_errno(err, errno, "open the sysctls of %s", space->name) : fd;
}

static int put_sysctls(struct configuration *c, const struct space *space, uint32_t ns)
{
    struct error off = ERROR_INIT;
    const struct plan_namespace *namespace = &c->plan->namespaces[ns];
    struct plan_group group = plan_index_group(c->index, ns, ITEM_SYSCTL);
    bool node = namespace->kind == NAMESPACE_NODE;
    FD_AUTO proc_sys = -1;
    if (node && !c->anew && !c->inherited && namespace->ipv6 && group.count == 0) /* made with its settings */
        return 0;
    if (node && (proc_sys = proc_sys_of(space, c->err)) < 0)
        return -1;
    /* A kernel without IPv6 has nothing to switch off. */
    if (node && (c->anew || !namespace->ipv6) &&
        sysctl_write_here(proc_sys, NO_IPV6, namespace->ipv6 ? "0" : "1", &off) != 0 && off.number != ENOENT)
        return error_set(c->err, ERR_SYSTEM, "%s in %s", off.text, namespace->name);
    if (inherited_undo(c, ns, proc_sys) != 0)
        return error_wrap(c->err, "%s", namespace->name);
    for (size_t g = 0; g < group.count; g++) {
        const struct plan_sysctl *sysctl = &c->plan->sysctls[group.items[g]];
        if (sysctl_write_here(proc_sys, sysctl->key, sysctl->value, c->err) != 0)
            return error_wrap(c->err, "%s", namespace->name);
    }
    return 0;
}

static int commit(struct configuration *c, struct netlink *netlink, bool any_down)
{
    if (netlink_commit(netlink, &c->batch, c->err) != 0)
        return -1;
    for (size_t f = 0; f < c->batch.failure_count; f++)
        if (!tolerable(&c->batch.failures[f], any_down))
            return item_failure(c->plan, &c->batch.failures[f], c->err);
    return 0;
}

int configure(struct configuration *c, uint32_t ns)
{
    struct space *space = space_of(c->lab, c->plan, ns);
    int netns = space_netns(space, c->err);
    if (netns < 0)
        return -1;
    NETLINK_AUTO netlink = NETLINK_INIT;
    {
        NETNS_VISIT visit = NETNS_VISIT_INIT;
        if (netns_visit(netns, &visit, c->err) != 0 || netlink_open_here(&netlink, c->err) != 0 ||
            make_devices(c, ns, netns, &netlink) != 0 || put_sysctls(c, space, ns) != 0)
            return -1;
    }
    batch_clear(&c->batch);
    bool any_down = put_links(c, ns);
    if (put_group(c, ns, ITEM_ADDRESS) != 0)
        return -1;
    put_missing_connected(c, ns);
    put_controls(c, ns);
    if (put_group(c, ns, ITEM_NEIGHBOUR) != 0 || put_group(c, ns, ITEM_ROUTE) != 0 ||
        put_group(c, ns, ITEM_RULE) != 0 || commit(c, &netlink, any_down) != 0)
        return -1;
    struct plan_group nfts = plan_index_group(c->index, ns, ITEM_NFT);
    for (size_t g = 0; g < nfts.count; g++)
        if (nft_put(c->lab, c->plan, nfts.items[g], netns, true, c->err) != 0)
            return -1;
    return 0;
}

/* Written in the namespace that the thread is in; what this kernel does not have is nothing to write. */
static int quiet(const char *key, const char *value, const char *name, struct error *err)
{
    struct error off = ERROR_INIT;
    if (sysctl_write_here(-1, key, value, &off) != 0 && off.number != ENOENT)
        return error_set(err, ERR_SYSTEM, "%s in %s", off.text, name);
    return 0;
}

int configure_quiet(struct configuration *c, uint32_t ns)
{
    /* Where br_netfilter is loaded (by Docker, mostly), each new namespace shows bridged packets to the rules for
     * routed ones: a switch that does a router's work. */
    static const char *const bridged[] = {
        "net/bridge/bridge-nf-call-iptables",
        "net/bridge/bridge-nf-call-ip6tables",
        "net/bridge/bridge-nf-call-arptables",
    };
    const struct plan_namespace *namespace = &c->plan->namespaces[ns];
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    int netns = space_netns(space_of(c->lab, c->plan, ns), c->err);
    if (netns < 0 || netns_visit(netns, &visit, c->err) != 0 ||
        quiet(namespace->ipv6 ? "net/ipv6/conf/default/addr_gen_mode" : NO_IPV6, "1", namespace->name, c->err) != 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(bridged); i++)
        if (quiet(bridged[i], "0", namespace->name, c->err) != 0)
            return -1;
    return 0;
}

int configure_bridges(struct configuration *c, uint32_t ns)
{
    struct plan_group group = plan_index_group(c->index, ns, ITEM_BRIDGE);
    if (group.count == 0)
        return 0;
    NETLINK_AUTO netlink = NETLINK_INIT;
    int netns = space_netns(space_of(c->lab, c->plan, ns), c->err);
    if (netns < 0 || netlink_open(netns, &netlink, c->err) != 0)
        return -1;
    batch_clear(&c->batch);
    for (size_t g = 0; g < group.count; g++) {
        const struct plan_bridge *bridge = &c->plan->bridges[group.items[g]];
        link_bridge(&c->batch, item_tag(VERB_ADD, ITEM_BRIDGE, group.items[g]),
                    interfaces_index(c->interfaces, ns, bridge->name), bridge->name, bridge->mtu, bridge->stp);
        if (bridge->vlan_filtering)
            link_bridge_vlans(&c->batch, item_tag(VERB_ADD, ITEM_BRIDGE, group.items[g]),
                              interfaces_index(c->interfaces, ns, bridge->name), true);
    }
    return commit(c, &netlink, false);
}

int configure_link(struct configuration *c, struct batch *batch, size_t link, bool choose_indices)
{
    const struct plan_link *spec = &c->plan->links[link];
    struct link_veth_end ends[2];
    for (int e = 0; e < 2; e++) {
        const struct plan_link_end *end = &spec->end[e];
        int netns = space_netns(space_of(c->lab, c->plan, end->ns), c->err);
        if (netns < 0)
            return -1;
        ends[e] = (struct link_veth_end){
            .netns = netns,
            .index = choose_indices ? interfaces_index(c->interfaces, end->ns, end->name) : 0,
            .name = end->name,
            .mac = end->mac,
            .up = !end->down,
        };
        if (e == 1 && end->master && !(ends[e].master = interfaces_index(c->interfaces, end->ns, end->master)))
            return error_set(c->err, ERR_SYSTEM, "add link %s: there is no bridge %s in %s", end->name, end->master,
                             c->plan->namespaces[end->ns].name);
    }
    link_veth(batch, item_tag(VERB_ADD, ITEM_LINK, link), &ends[1], &ends[0], spec->mtu);
    return 0;
}
