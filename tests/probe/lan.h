/* A small network for probe tests: namespaces on one bridge, with the topology that describes them. */
#pragma once

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/units.h"
#include "facts/facts.h"
#include "kernel/link.h"
#include "kernel/namespace.h"
#include "kernel/netlink.h"
#include "kernel/route.h"
#include "model/check.h"
#include "model/topology.h"
#include "probe/probe.h"

#define LAN_MAX 128

struct lan {
    struct topology *topology;
    struct bridge bridge;
    size_t count;
    int fabric;
    int netns[LAN_MAX];
    int root; /* of every node */
};

static inline void lan_commit(int netns, struct batch *batch)
{
    struct error err = ERROR_INIT;
    NETLINK_AUTO netlink = NETLINK_INIT;
    if (netlink_open(netns, &netlink, &err) != 0 || netlink_commit(&netlink, batch, &err) != 0)
        fail_msg("%s", err.text);
    if (batch->failure_count)
        fail_msg("tag %llu: %s %s", (unsigned long long)batch->failures[0].tag, strerror(batch->failures[0].number),
                 batch->failures[0].text);
}

static inline struct node *lan_node(struct lan *lan, size_t index)
{
    struct arena *arena = lan->topology->arena;
    struct node *node = ARENA_NEW(arena, struct node);
    struct interface *interface = ARENA_NEW(arena, struct interface);
    node->name = arena_printf(arena, "n%zu", index + 1);
    node->interfaces = arena_copy(arena, &interface, sizeof(struct interface *));
    node->interface_count = 1;
    interface->name = "eth0";
    interface->node = node;
    interface->attachment = ATTACH_BRIDGE;
    interface->bridge = &lan->bridge;
    struct prefix address = {addr_from_ipv4(0x0a000001u + (uint32_t)index), 24};
    interface->addresses = arena_copy(arena, &address, sizeof address);
    interface->address_count = 1;
    interface->mac = (struct mac){{2, 0, 0, 1, 0, (uint8_t)(index + 1)}};
    map_set(lan->topology->node_by_name, node->name, node);
    *ARENA_PUSH(arena, lan->topology->nodes, lan->topology->node_count) = node;
    return node;
}

/* Nodes n1…nCOUNT with 10.0.0.1… on one bridge. */
static inline struct lan *lan_new(size_t count)
{
    struct error err = ERROR_INIT;
    struct lan *lan = calloc(1, sizeof *lan);
    struct arena *arena = arena_new();
    lan->topology = ARENA_NEW(arena, struct topology);
    lan->topology->arena = arena;
    lan->topology->node_by_name = map_new(arena);
    lan->bridge.name = "lan";
    lan->count = count;
    lan->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    lan->fabric = netns_new(&err);
    if (lan->fabric < 0)
        fail_msg("%s", err.text);
    BATCH_AUTO fabric = BATCH_INIT;
    link_bridge(&fabric, 0, 2, "lan", 1500, false);
    for (size_t i = 0; i < count; i++) {
        struct node *node = lan_node(lan, i);
        lan->netns[i] = netns_new(&err);
        if (lan->netns[i] < 0)
            fail_msg("%s", err.text);
        char name[32];
        snprintf(name, sizeof name, "p%zu", i);
        struct link_veth_end port = {
            .netns = lan->fabric, .index = (uint32_t)(10 + i), .name = name, .master = 2, .up = true};
        port.mac = (struct mac){{2, 0, 0, 2, 0, (uint8_t)(i + 1)}};
        struct link_veth_end eth = {
            .netns = lan->netns[i], .index = 2, .name = "eth0", .mac = node->interfaces[0]->mac};
        link_veth(&fabric, i + 1, &port, &eth, 1500);
    }
    link_up(&fabric, count + 1, 2, true);
    lan_commit(lan->fabric, &fabric);
    for (size_t i = 0; i < count; i++) {
        BATCH_AUTO own = BATCH_INIT;
        link_up(&own, 1, 1, true);
        link_quiet_ipv6(&own, 2, 2);
        link_up(&own, 3, 2, true);
        address_put(&own, 4, VERB_ADD, 2, &lan->topology->nodes[i]->interfaces[0]->addresses[0]);
        lan_commit(lan->netns[i], &own);
    }
    return lan;
}

static inline void lan_free(struct lan *lan)
{
    for (size_t i = 0; i < lan->count; i++)
        close(lan->netns[i]);
    close(lan->fabric);
    close(lan->root);
    arena_free(lan->topology->arena);
    free(lan);
}

static inline int lan_find(const struct lan *lan, const char *name)
{
    for (size_t i = 0; i < lan->count; i++)
        if (!strcmp(lan->topology->nodes[i]->name, name))
            return (int)i;
    return -1;
}

/* ---- the world ----------------------------------------------------------------------------------------------------
 */

static inline int lan_netns(void *context, const char *node)
{
    const struct lan *lan = context;
    int index = lan_find(lan, node);
    return index < 0 ? -1 : lan->netns[index];
}

static inline int lan_root(void *context, const char *node)
{
    (void)node;
    return ((const struct lan *)context)->root;
}

/* The program runs below a waiter, which writes its status to the socket that the prober holds. */
static inline int lan_run(void *context, const char *node, const char *const *argv, int output, struct error *err)
{
    int ends[2], netns = lan_netns(context, node);
    if (netns < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set(err, ERR_PROBE, "no such node");
    pid_t waiter = fork();
    if (waiter == 0) {
        pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            setns(netns, CLONE_NEWNET);
            dup2(output, 1);
            execv(argv[0], (char *const *)argv);
            _exit(127);
        }
        int status = 0;
        close(output);
        close(ends[0]);
        struct pollfd either[] = {{.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN}, {.fd = ends[1]}};
        poll(either, 2, 20000);
        if (!either[0].revents)
            _exit(0); /* the prober has lost interest: the program dies with its parent */
        waitpid(child, &status, 0);
        (void)!write(ends[1], &status, sizeof status);
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

static inline int lan_ended(void *context, int fd, int *status, struct error *err)
{
    (void)context;
    return read(fd, status, sizeof *status) == sizeof *status ? 0 : error_set(err, ERR_PROBE, "no status");
}

/* Ports of the bridge, "p0" and so on. */
static inline int lan_ends(void *context, const char *node, struct probe_end *out, size_t most)
{
    static char names[LAN_MAX][16];
    const struct lan *lan = context;
    int index = lan_find(lan, node);
    if (index < 0 || !most)
        return -1;
    snprintf(names[index], sizeof names[index], "p%d", index);
    *out = (struct probe_end){lan->fabric, names[index]};
    return 1;
}

static inline struct probe_world lan_world(struct lan *lan)
{
    return (struct probe_world){.context = lan,
                                .topology = lan->topology,
                                .netns = lan_netns,
                                .root = lan_root,
                                .ends = lan_ends,
                                .run = lan_run,
                                .ended = lan_ended};
}
