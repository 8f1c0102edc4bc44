/* From ordered rules to look-ups.
 *
 * Theory of operation.  A rule is a box: networks on one axis, values (ports, or type and code) on the other.  The
 * bounds of all networks cut the address axis into pieces; within a piece the same rules match, in their order.  For
 * each piece the value axis is painted: a rule's action goes where no earlier rule has painted, and what stays bare is
 * denied.  Pieces that came out alike share one allowance, and neighbours that are alike become one range; so the
 * result is the same for all ways of writing the same ACL. */
#include "lower/classify.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/topology.h"

#define VALUES 65536
#define WORDS  (VALUES / 64)

/* One network of a rule that is about the family and the traffic. */
struct box {
    struct addr first, last;
    const struct acl_rule *rule;
};

struct canvas {
    struct arena *arena;
    enum traffic traffic;
    struct box *boxes; /* in the order of the rules */
    size_t box_count;
    struct addr *cuts; /* where pieces begin, ascending */
    size_t cut_count;
    uint64_t bare[WORDS], allowed[WORDS]; /* a bit for each value */
};

static bool is_about(const struct security_rule *match, unsigned family, enum traffic traffic)
{
    switch (match->protocol) {
    case PROTOCOL_ALL:
        return true;
    case PROTOCOL_TCP:
        return traffic == TRAFFIC_TCP;
    case PROTOCOL_UDP:
        return traffic == TRAFFIC_UDP;
    case PROTOCOL_ICMP:
        return traffic == TRAFFIC_ICMP && family == 4;
    case PROTOCOL_ICMPV6:
        return traffic == TRAFFIC_ICMP && family == 6;
    case PROTOCOL_COUNT:
        break;
    }
    return false;
}

/* The addresses of a peer in the family; false where it has none. */
static bool addresses_of(const struct peer *peer, unsigned family, struct box *box)
{
    struct prefix prefix = peer->kind == PEER_PREFIX ? peer->prefix : prefix_any(family);
    if ((peer->kind == PEER_ANY4 && family != 4) || (peer->kind == PEER_ANY6 && family != 6) ||
        peer->kind == PEER_GROUP || prefix.addr.family != family)
        return false;
    prefix = prefix_network(prefix);
    box->first = prefix.addr;
    box->last = prefix_last(&prefix);
    return true;
}

/* The address behind this one; false where this is the last of all. */
static bool step(struct addr *addr)
{
    for (size_t i = addr->family == 4 ? 4 : 16; i-- > 0;)
        if (++addr->bytes[i] != 0)
            return true;
    return false;
}

static struct addr before(struct addr addr)
{
    for (size_t i = addr.family == 4 ? 4 : 16; i-- > 0;)
        if (addr.bytes[i]-- != 0)
            break;
    return addr;
}

static int by_address(const void *a, const void *b)
{
    return addr_compare(a, b);
}

static void collect(struct canvas *canvas, const struct acl_rule *rules, size_t count, unsigned family)
{
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; is_about(&rules[r].match, family, canvas->traffic) && i < rules[r].match.peer_count; i++) {
            struct box box = {.rule = &rules[r]};
            if (!addresses_of(&rules[r].match.peers[i], family, &box))
                continue;
            *ARENA_PUSH(canvas->arena, canvas->boxes, canvas->box_count) = box;
            *ARENA_PUSH(canvas->arena, canvas->cuts, canvas->cut_count) = box.first;
            if (step(&box.last))
                *ARENA_PUSH(canvas->arena, canvas->cuts, canvas->cut_count) = box.last;
        }
    if (canvas->cut_count > 1)
        qsort(canvas->cuts, canvas->cut_count, sizeof canvas->cuts[0], by_address);
    size_t kept = 0;
    for (size_t i = 0; i < canvas->cut_count; i++)
        if (kept == 0 || !addr_equal(&canvas->cuts[i], &canvas->cuts[kept - 1]))
            canvas->cuts[kept++] = canvas->cuts[i];
    canvas->cut_count = kept;
}

/* The action goes where it is bare. */
static void paint(struct canvas *canvas, unsigned first, unsigned last, bool allow)
{
    for (unsigned word = first / 64; word <= last / 64; word++) {
        uint64_t mask = UINT64_MAX;
        if (word == first / 64)
            mask &= UINT64_MAX << first % 64;
        if (word == last / 64)
            mask &= UINT64_MAX >> (63 - last % 64);
        if (allow)
            canvas->allowed[word] |= canvas->bare[word] & mask;
        canvas->bare[word] &= ~mask;
    }
}

static void paint_rule(struct canvas *canvas, const struct acl_rule *rule)
{
    const struct security_rule *match = &rule->match;
    bool allow = rule->action == ACL_ALLOW, ports = canvas->traffic == TRAFFIC_TCP || canvas->traffic == TRAFFIC_UDP;
    if (ports && match->port_count > 0) {
        for (size_t i = 0; i < match->port_count; i++)
            paint(canvas, match->ports[i].first, match->ports[i].last, allow);
    } else if (canvas->traffic == TRAFFIC_ICMP && match->icmp.has_type) {
        unsigned type = match->icmp.type * 256u;
        paint(canvas, match->icmp.has_code ? type + match->icmp.code : type,
              match->icmp.has_code ? type + match->icmp.code : type + 255, allow);
    } else {
        paint(canvas, 0, VALUES - 1, allow);
    }
}

/* Reads the painted axis. */
static struct allowance read_allowance(struct canvas *canvas)
{
    struct value_range *ranges = NULL;
    size_t count = 0;
    for (unsigned value = 0; value < VALUES;) {
        if (value % 64 == 0 && canvas->allowed[value / 64] == 0) {
            value += 64;
            continue;
        }
        if ((canvas->allowed[value / 64] >> value % 64 & 1) == 0) {
            value++;
            continue;
        }
        unsigned first = value;
        while (value < VALUES && (canvas->allowed[value / 64] >> value % 64 & 1) != 0)
            value += value % 64 == 0 && canvas->allowed[value / 64] == UINT64_MAX ? 64 : 1;
        *ARENA_PUSH(canvas->arena, ranges, count) = (struct value_range){(uint16_t)first, (uint16_t)(value - 1)};
    }
    return (struct allowance){ranges, count};
}

static struct allowance paint_piece(struct canvas *canvas, const struct addr *at)
{
    memset(canvas->bare, 0xff, sizeof canvas->bare);
    memset(canvas->allowed, 0, sizeof canvas->allowed);
    for (size_t i = 0; i < canvas->box_count; i++) {
        const struct box *box = &canvas->boxes[i];
        if (addr_compare(&box->first, at) <= 0 && addr_compare(at, &box->last) <= 0)
            paint_rule(canvas, box->rule);
    }
    return read_allowance(canvas);
}

/* The index of an allowance that is the same, or of this one, added. */
static size_t share(struct arena *arena, struct classification *out, struct allowance allowance)
{
    for (size_t i = 0; i < out->allowance_count; i++)
        if (out->allowances[i].count == allowance.count &&
            memcmp(out->allowances[i].ranges, allowance.ranges, allowance.count * sizeof allowance.ranges[0]) == 0)
            return i;
    *ARENA_PUSH(arena, out->allowances, out->allowance_count) = allowance;
    return out->allowance_count - 1;
}

struct classification classify(struct arena *arena, const struct acl_rule *rules, size_t count, unsigned family,
                               enum traffic traffic)
{
    struct classification out = {0};
    struct canvas *canvas = ARENA_NEW(arena, struct canvas);
    struct prefix whole = prefix_any(family);
    canvas->arena = arena;
    canvas->traffic = traffic;
    collect(canvas, rules, count, family);
    struct address_range *open = NULL; /* the piece before this one, where something is allowed */
    for (size_t i = 0; i < canvas->cut_count; i++) {
        const struct addr *at = &canvas->cuts[i];
        struct addr last = i + 1 < canvas->cut_count ? before(canvas->cuts[i + 1]) : prefix_last(&whole);
        struct allowance allowance = paint_piece(canvas, at);
        if (allowance.count == 0) {
            open = NULL;
            continue;
        }
        size_t index = share(arena, &out, allowance);
        if (open != NULL && open->allowance == index) {
            open->last = last;
            continue;
        }
        open = ARENA_PUSH(arena, out.ranges, out.range_count);
        *open = (struct address_range){*at, last, index};
    }
    return out;
}
