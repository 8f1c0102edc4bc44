/* Permanent neighbour entries for the pairs that are measured. */
#include "probe/neighbour.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/fd.h"
#include "kernel/dump.h"
#include "kernel/namespace.h"
#include "kernel/netlink.h"
#include "kernel/route.h"
#include "model/topology.h"
#include "probe/probe.h"

#define SMALL_SEGMENT 32  /* up to here the lab itself has permanent entries for everybody */
#define MARK          201 /* "proto 201": nobody else's (linux/rtnetlink.h, RTPROT_*) */

struct entry {
    uint32_t interface;
    struct addr addr;
    struct mac mac;
    bool present; /* put in by us */
};

struct group { /* the entries of one node */
    int netns;
    struct entry *entries;
    size_t entry_count;
};

struct neighbours {
    struct arena *arena;
    struct group *groups;
    size_t group_count;
};

/* An interface of the node that is being worked on. */
struct local {
    const struct interface *interface;
    bool large;        /* its segment is */
    uint32_t index;    /* 0 = not looked up yet */
    struct mac router; /* of a subnet or the internet: answers for everybody there */
    bool router_known, router_asked;
};

static bool same_segment(const struct interface *a, const struct interface *b)
{
    if (a->attachment != b->attachment)
        return false;
    switch (a->attachment) {
    case ATTACH_BRIDGE:
        return a->bridge == b->bridge;
    case ATTACH_SUBNET:
        return a->subnet == b->subnet;
    case ATTACH_INTERNET:
        return true;
    default:
        return false; /* a link has two ends: a small segment */
    }
}

static bool is_large(const struct topology *topology, const struct interface *interface)
{
    if (interface->attachment == ATTACH_BRIDGE && interface->bridge->arp_dynamic)
        return false;
    size_t members = 0;
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t j = 0; j < topology->nodes[i]->interface_count; j++)
            members += same_segment(interface, topology->nodes[i]->interfaces[j]);
    return members > SMALL_SEGMENT;
}

bool neighbours_dynamic(const struct probe_world *world, const struct node *node)
{
    const struct node *running = topology_node(world->topology, node->name);
    bool dynamic = false;
    for (size_t i = 0; running && i < running->interface_count; i++) {
        const struct interface *interface = running->interfaces[i];
        dynamic |= is_large(world->topology, interface) ||
                   (interface->attachment == ATTACH_BRIDGE && interface->bridge->arp_dynamic);
    }
    return dynamic;
}

/* The gateway's hardware address, from the node's own table (arp(7)). */
static bool router_mac(int fd, const struct interface *interface, struct mac *out)
{
    if (interface->gateway.family != 4)
        return false;
    struct arpreq request = {0};
    struct sockaddr_in *address = (struct sockaddr_in *)&request.arp_pa;
    address->sin_family = AF_INET;
    memcpy(&address->sin_addr, interface->gateway.bytes, 4);
    snprintf(request.arp_dev, sizeof request.arp_dev, "%s", interface->name);
    if (ioctl(fd, SIOCGARP, &request) < 0 || !(request.arp_flags & ATF_COM))
        return false;
    memcpy(out->bytes, request.arp_ha.sa_data, sizeof out->bytes);
    return true;
}

static void add_peer(struct arena *arena, struct group *group, struct local *local, int fd,
                     const struct interface *peer)
{
    struct mac mac = peer->mac;
    if (local->interface->attachment != ATTACH_BRIDGE) {
        if (!local->router_asked)
            local->router_known = router_mac(fd, local->interface, &local->router);
        local->router_asked = true;
        if (!local->router_known)
            return;
        mac = local->router;
    }
    if (!local->index)
        local->index = netns_interface(fd, local->interface->name);
    for (size_t i = 0; i < peer->address_count && local->index; i++)
        *ARENA_PUSH(arena, group->entries, group->entry_count) =
            (struct entry){.interface = local->index, .addr = peer->addresses[i].addr, .mac = mac};
}

/* Sends all entries of a group in one batch; with VERB_ADD what exists already fails and is not ours. */
static void commit(struct group *group, enum verb verb)
{
    NETLINK_AUTO netlink = NETLINK_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    if (netlink_open(group->netns, &netlink, NULL) < 0)
        return;
    for (size_t i = 0; i < group->entry_count; i++) {
        struct entry *entry = &group->entries[i];
        if (verb == VERB_ADD || entry->present)
            neighbour_put_marked(&batch, i, verb, entry->interface, &entry->addr, &entry->mac, MARK);
        entry->present = verb == VERB_ADD;
    }
    bool done = netlink_commit(&netlink, &batch, NULL) == 0;
    for (size_t i = 0; i < batch.failure_count && done; i++)
        group->entries[batch.failures[i].tag].present = false;
}

/* All pairs from one node. */
static void add_group(struct neighbours *neighbours, const struct probe_world *world,
                      const struct neighbour_pair *pairs, size_t count)
{
    const struct node *from = topology_node(world->topology, pairs[0].from->name);
    if (!from)
        return;
    struct group group = {.netns = world->netns(world->context, from->name)};
    struct local *locals = arena_alloc(neighbours->arena, from->interface_count * sizeof *locals);
    bool any = false;
    for (size_t i = 0; i < from->interface_count; i++) {
        locals[i].interface = from->interfaces[i];
        locals[i].large = is_large(world->topology, from->interfaces[i]);
        any |= locals[i].large;
    }
    if (!any || group.netns < 0)
        return;
    FD_AUTO fd = netns_socket(group.netns, AF_INET, SOCK_DGRAM, 0, NULL);
    for (size_t i = 0; i < count && fd >= 0; i++) {
        const struct node *to = topology_node(world->topology, pairs[i].to->name);
        for (size_t j = 0; j < from->interface_count && to && to != from; j++)
            for (size_t k = 0; k < to->interface_count && locals[j].large; k++)
                if (same_segment(locals[j].interface, to->interfaces[k]))
                    add_peer(neighbours->arena, &group, &locals[j], fd, to->interfaces[k]);
    }
    if (!group.entry_count)
        return;
    commit(&group, VERB_ADD);
    *ARENA_PUSH(neighbours->arena, neighbours->groups, neighbours->group_count) = group;
}

struct neighbours *neighbours_add(const struct probe_world *world, const struct neighbour_pair *pairs, size_t count)
{
    struct arena *arena = arena_new();
    struct neighbours *neighbours = ARENA_NEW(arena, struct neighbours);
    neighbours->arena = arena;
    size_t i = 0;
    while (i < count && world->topology) {
        size_t end = i + 1;
        while (end < count && pairs[end].from == pairs[i].from)
            end++;
        add_group(neighbours, world, pairs + i, end - i);
        i = end;
    }
    return neighbours;
}

void neighbours_remove(struct neighbours *neighbours)
{
    if (!neighbours)
        return;
    for (size_t i = 0; i < neighbours->group_count; i++)
        commit(&neighbours->groups[i], VERB_DELETE);
    arena_free(neighbours->arena);
}

static void sweep_node(int netns)
{
    struct observation *o;
    NETLINK_AUTO netlink = NETLINK_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    if (netns < 0 || observe_neighbours(netns, &o, NULL) != 0)
        return;
    for (size_t i = 0; i < o->neighbour_count; i++)
        if (o->neighbours[i].protocol == MARK)
            neighbour_put(&batch, i, VERB_DELETE, o->neighbours[i].interface, &o->neighbours[i].addr, NULL);
    observation_free(o);
    if (batch.count && netlink_open(netns, &netlink, NULL) == 0)
        netlink_commit(&netlink, &batch, NULL);
}

void probe_sweep(const struct topology *topology, int (*netns)(void *context, const char *node), void *context)
{
    for (size_t i = 0; i < topology->node_count; i++) {
        const struct node *node = topology->nodes[i];
        bool any = false;
        for (size_t j = 0; j < node->interface_count && !any; j++)
            any = is_large(topology, node->interfaces[j]);
        if (any)
            sweep_node(netns(context, node->name));
    }
}
