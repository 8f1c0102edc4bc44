/* What the witness says of a matrix: each answer must have been the target's own.
 *
 * All that passed is gone through twice: what left the sources gives a number to each pair, what reached the targets
 * and what they answered is looked up by it. */
#include <netinet/in.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/map.h"
#include "model/topology.h"
#include "probe/witness_seen.h"

#define NOBODY SIZE_MAX

enum { REACHED = 1, REPLIED = 2, LEFT = 4, RETURNED = 8 };

struct sum {
    struct witness *witness;
    const struct witness_sweep *sweep;
    size_t *places; /* of the covered nodes in the matrix, or NOBODY */
    const struct covered **nodes;
    uint8_t *seen; /* REACHED, REPLIED, for each pair */
    bool unsure;   /* somebody on the way may speak in another one's place */
};

/* TCP: the sequence number with which a pair's packet left, or the local port of a pair. */
struct number {
    uint64_t value;
    size_t pair;
};
struct numbers {
    struct number *items;
    size_t count;
};

static int by_value(const void *a, const void *b)
{
    uint64_t x = ((const struct number *)a)->value, y = ((const struct number *)b)->value;
    return (x > y) - (x < y);
}

static size_t find(const struct numbers *numbers, uint64_t value)
{
    struct number key = {.value = value};
    const struct number *found =
        numbers->count ? bsearch(&key, numbers->items, numbers->count, sizeof key, by_value) : NULL;
    return found ? found->pair : NOBODY;
}

static void sort(struct numbers *numbers)
{
    if (numbers->count)
        qsort(numbers->items, numbers->count, sizeof *numbers->items, by_value);
}

/* The packet passed at the pair's source or at its target, there or back. */
static void note(struct sum *sum, const struct passage *passage, size_t pair)
{
    size_t count = sum->sweep->count, place = sum->places[passage->node];
    const struct tap_packet *packet = &passage->packet;
    if (pair >= count * count)
        return;
    if (place == pair % count && packet->outgoing != packet->answer)
        sum->seen[pair] |= packet->answer ? REPLIED : REACHED;
    if (place == pair / count && packet->outgoing == packet->answer &&
        (packet->answer || witness_goes_somewhere(sum->witness, packet, HOPS_LEAST)))
        sum->seen[pair] |= packet->answer ? RETURNED : LEFT;
}

static void sum_icmp(struct sum *sum)
{
    const struct witness_sweep *sweep = sum->sweep;
    for (size_t i = sweep->since; i < sum->witness->passage_count; i++) {
        const struct passage *passage = &sum->witness->passages[i];
        const struct tap_packet *packet = &passage->packet;
        bool icmp = packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6;
        if (!icmp || packet->cookie != sweep->cookie)
            continue;
        size_t to = packet->mark & 0xffff;
        uint16_t id = (uint16_t)(packet->mark >> 16);
        size_t from = (uint16_t)(id - sweep->base);
        if (from < sweep->count && to < sweep->count)
            note(sum, passage, from * sweep->count + to);
        else if (to < sweep->count && passage->packet.outgoing) /* an identifier that was translated on the way */
            sum->unsure = true;
    }
}

/* Local port and source in one number. */
static uint64_t port_key(size_t from, uint16_t port)
{
    return (uint64_t)from << 16 | port;
}

/* A port serves for several targets at once, so where the packet goes decides between them. */
static size_t find_port(struct sum *sum, const struct numbers *ports, uint64_t key, const struct addr *to)
{
    size_t low = 0, high = ports->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ports->items[middle].value < key)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    for (; end < ports->count && ports->items[end].value == key; end++)
        if (addr_equal(&sum->sweep->addrs[ports->items[end].pair], to))
            return ports->items[end].pair;
    if (end - low > 1) /* and its node translates addresses: nobody knows */
        sum->unsure = true;
    return end - low == 1 ? ports->items[low].pair : NOBODY;
}

/* The beginning of a conversation with a target that no measurement of this set is known for. */
static bool is_stranger(const struct witness *witness, const struct tap_packet *packet, uint16_t port)
{
    if (packet->protocol != IPPROTO_TCP || packet->answer || !packet->outgoing || packet->to_port != port)
        return false;
    for (size_t i = 0; i < witness->claim_count; i++)
        if (witness->claims[i].protocol == IPPROTO_TCP && witness->claims[i].port == packet->from_port)
            return false;
    return true;
}

static void sum_tcp(struct sum *sum, struct arena *arena)
{
    const struct witness_sweep *sweep = sum->sweep;
    struct witness *witness = sum->witness;
    struct numbers ports = {0}, marks = {0};
    for (size_t pair = 0; pair < sweep->count * sweep->count; pair++)
        if (sweep->locals[pair])
            *ARENA_PUSH(arena, ports.items, ports.count) =
                (struct number){port_key(pair / sweep->count, sweep->locals[pair]), pair};
    sort(&ports);
    for (size_t i = sweep->since; i < witness->passage_count; i++) {
        const struct passage *passage = &witness->passages[i];
        const struct tap_packet *packet = &passage->packet;
        size_t place = sum->places[passage->node];
        if (packet->protocol != IPPROTO_TCP || packet->outgoing || packet->answer || place == NOBODY)
            continue;
        size_t pair = find_port(sum, &ports, port_key(place, packet->from_port), &packet->to);
        if (pair != NOBODY)
            *ARENA_PUSH(arena, marks.items, marks.count) = (struct number){packet->mark, pair};
    }
    sort(&marks);
    for (size_t i = sweep->since; i < witness->passage_count; i++) {
        const struct passage *passage = &witness->passages[i];
        size_t pair = passage->packet.protocol == IPPROTO_TCP ? find(&marks, passage->packet.mark) : NOBODY;
        if (pair != NOBODY)
            note(sum, passage, pair);
        else if (is_stranger(witness, &passage->packet, sweep->port))
            sum->unsure = true;
    }
}

void witness_tell_matrix(struct witness *witness, const struct witness_sweep *sweep, const struct witness_pairs *out)
{
    if (!witness)
        return;
    ARENA_AUTO arena = arena_new();
    struct sum sum = {.witness = witness, .sweep = sweep};
    size_t count = sweep->count;
    uint8_t wanted = witness->part == TAP_ALL ? REACHED | REPLIED : REACHED;
    sum.places = arena_alloc(arena, (witness->covered_count + 1) * sizeof *sum.places);
    sum.nodes = arena_alloc(arena, count * sizeof *sum.nodes);
    sum.seen = arena_alloc(arena, count * count);
    witness_look(witness);
    for (size_t i = 0; i < witness->covered_count; i++)
        sum.places[i] = NOBODY;
    for (size_t i = 0; i < count; i++) {
        sum.nodes[i] = map_get(witness->by_name, sweep->nodes[i]->name);
        if (sum.nodes[i])
            sum.places[sum.nodes[i]->index] = i;
    }
    if (sweep->port)
        sum_tcp(&sum, arena);
    else
        sum_icmp(&sum);
    for (size_t pair = 0; pair < count * count; pair++) {
        const struct covered *from = sum.nodes[pair / count], *to = sum.nodes[pair % count];
        bool whole = from && to && from->whole && to->whole && !witness->lost && !sum.unsure;
        bool good = (sum.seen[pair] & wanted) == wanted;
        out->arrived[pair] = good ? SIGHT_YES : whole ? SIGHT_NO : SIGHT_UNKNOWN;
        bool all = whole && witness->part == TAP_ALL;
        out->left[pair] = sum.seen[pair] & LEFT ? SIGHT_YES : all ? SIGHT_NO : SIGHT_UNKNOWN;
        out->returned[pair] = sum.seen[pair] & RETURNED ? SIGHT_YES : all ? SIGHT_NO : SIGHT_UNKNOWN;
    }
}
