/* The second witness: what passes the far ends of nodes' interfaces. */
#include "probe/witness.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/map.h"
#include "kernel/namespace.h"
#include "kernel/tap.h"
#include "model/topology.h"
#include "probe/engine.h"
#include "probe/probe.h"
#include "probe/witness_seen.h"

#define ENDS_MAX     64
#define PASSAGES_MAX 1000000
#define NOBODY       UINT32_MAX

/* A namespace in which far ends are. */
struct space {
    struct witness *witness;
    int netns; /* borrowed */
    struct watch watch;
    uint32_t *nodes; /* by index of the interface */
    size_t node_count;
};

static void on_packet(void *context, const struct tap_packet *packet)
{
    struct space *space = context;
    struct witness *witness = space->witness;
    uint32_t node = packet->interface < space->node_count ? space->nodes[packet->interface] : NOBODY;
    if (node == NOBODY)
        return;
    if (witness->passage_count == PASSAGES_MAX) {
        witness->lost = true;
        return;
    }
    *ARENA_PUSH(witness->arena, witness->passages, witness->passage_count) = (struct passage){node, *packet};
}

static void on_ready(void *context, uint32_t events)
{
    (void)events;
    struct space *space = context;
    if (!tap_read(space->watch.fd, on_packet, space))
        space->witness->lost = true;
}

size_t witness_look(struct witness *witness)
{
    for (size_t i = 0; witness && i < witness->space_count; i++)
        if (witness->spaces[i]->watch.fd >= 0)
            on_ready(witness->spaces[i], 0);
    return witness ? witness->passage_count : 0;
}

struct witness *witness_new(const struct probe_world *world, struct engine *engine, enum tap_part part)
{
    if (!world->ends)
        return NULL;
    struct arena *arena = arena_new();
    struct witness *witness = ARENA_NEW(arena, struct witness);
    *witness =
        (struct witness){.arena = arena, .world = world, .engine = engine, .part = part, .by_name = map_new(arena)};
    return witness;
}

void witness_free(struct witness *witness)
{
    if (!witness)
        return;
    for (size_t i = 0; i < witness->space_count; i++)
        engine_unwatch(witness->engine, &witness->spaces[i]->watch);
    arena_free(witness->arena);
}

/* The namespace, watched from now on; NULL where it cannot be. */
static struct space *space_of(struct witness *witness, int netns)
{
    for (size_t i = 0; i < witness->space_count; i++)
        if (witness->spaces[i]->netns == netns)
            return witness->spaces[i]->watch.fd >= 0 ? witness->spaces[i] : NULL;
    struct space *space = ARENA_NEW(witness->arena, struct space);
    *space = (struct space){.witness = witness, .netns = netns, .watch = {-1, on_ready, space}};
    *ARENA_PUSH(witness->arena, witness->spaces, witness->space_count) = space;
    int fd = tap_open(netns, witness->part, NULL);
    if (fd >= 0 && engine_watch(witness->engine, &space->watch, fd, EPOLLIN) < 0)
        close(fd);
    return space->watch.fd >= 0 ? space : NULL;
}

static bool cover_end(struct witness *witness, uint32_t node, const struct probe_end *end)
{
    struct space *space = end->netns >= 0 ? space_of(witness, end->netns) : NULL;
    uint32_t index = space ? netns_interface(space->watch.fd, end->name) : 0;
    if (!index)
        return false;
    while (space->node_count <= index)
        *ARENA_PUSH(witness->arena, space->nodes, space->node_count) = NOBODY;
    space->nodes[index] = node;
    return true;
}

void witness_cover(struct witness *witness, const struct node *node)
{
    struct probe_end ends[ENDS_MAX];
    if (!witness || !node || map_get(witness->by_name, node->name))
        return;
    struct covered *covered = ARENA_NEW(witness->arena, struct covered);
    covered->index = witness->covered_count++;
    map_set(witness->by_name, node->name, covered);
    int count = witness->world->ends(witness->world->context, node->name, ends, ENDS_MAX);
    covered->whole = count > 0 && count < ENDS_MAX;
    for (int i = 0; i < count; i++)
        covered->whole = cover_end(witness, covered->index, &ends[i]) && covered->whole;
}

void witness_claim(struct witness *witness, const struct node *from, const struct flow *flow)
{
    const struct covered *covered = witness && from ? map_get(witness->by_name, from->name) : NULL;
    if (covered && flow->local)
        *ARENA_PUSH(witness->arena, witness->claims, witness->claim_count) =
            (struct claim){covered->index, flow->protocol, flow->local, flow->remote};
}
