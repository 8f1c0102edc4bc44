/* Which flows a cloud tracks (model/tracking.c), as rules.
 *
 * Theory of operation.  The kernel tracks all flows, so what the cloud knows of them is a mark on the kernel's entry,
 * one bit for each end: it is set where the first packet is let pass by a rule that makes a tracked flow.  The base
 * chains let pass what is established and has the bit of the end that they stand at; the chains of the groups, which
 * see the rest, begin with the rules that make no tracked flow, as a look-up of the port. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "lower/groups.h"

static int compare_ranges(const void *a, const void *b)
{
    const struct port_range *x = a, *y = b;
    return x->first != y->first ? x->first - y->first : x->last - y->last;
}

void write_port_set(struct str *out, struct arena *scratch, const struct port_range *ports, size_t port_count)
{
    struct port_range *ranges = arena_copy(scratch, ports, port_count * sizeof *ranges);
    size_t count = 1;
    qsort(ranges, port_count, sizeof *ranges, compare_ranges);
    for (size_t i = 1; i < port_count; i++) {
        if (ranges[i].first <= ranges[count - 1].last) {
            if (ranges[i].last > ranges[count - 1].last)
                ranges[count - 1].last = ranges[i].last;
        } else {
            ranges[count++] = ranges[i];
        }
    }
    str_append(out, "{ ");
    for (size_t i = 0; i < count; i++) {
        str_printf(out, "%s%u", i ? ", " : "", ranges[i].first);
        if (ranges[i].last != ranges[i].first)
            str_printf(out, "-%u", ranges[i].last);
    }
    str_append(out, " }");
}

/* The ports that rules for any address open. */
static struct port_range *open_ports(struct arena *scratch, const struct group_set *set, enum side side,
                                     enum protocol protocol, unsigned family, size_t *count)
{
    struct port_range *ports = NULL;
    *count = 0;
    for (size_t g = 0; g < set->count; g++) {
        const struct security_group *group = set->groups[g];
        const struct security_rule *rules = side == INGRESS ? group->ingress : group->egress;
        size_t rule_count = side == INGRESS ? group->ingress_count : group->egress_count;
        for (size_t i = 0; i < rule_count; i++)
            for (size_t p = 0; security_rule_is_for_any(&rules[i], protocol, family) && p < rules[i].port_count; p++)
                *ARENA_PUSH(scratch, ports, *count) = rules[i].ports[p];
    }
    return ports;
}

void write_untracked(struct str *out, struct arena *scratch, const struct group_set *set, enum side side,
                     unsigned family)
{
    static const enum protocol protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP};
    enum side other = side == INGRESS ? EGRESS : INGRESS;
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        const char *name = protocol_name(protocols[i]);
        size_t count;
        if (!groups_allow_everything(set->groups, set->count, other, protocols[i], family))
            continue;
        if (groups_allow_everything(set->groups, set->count, side, protocols[i], family)) {
            str_printf(out, "\t\tmeta l4proto %s accept\n", name);
            continue;
        }
        struct port_range *ports = open_ports(scratch, set, side, protocols[i], family, &count);
        if (count == 0)
            continue;
        str_printf(out, "\t\t%s dport ", name);
        write_port_set(out, scratch, ports, count);
        str_append(out, " accept\n");
    }
}

/* Bits of the mark: tracked at the end that began the flow, and at the one that answers. */
#define TRACKED_HERE  0x1
#define TRACKED_THERE 0x2

void write_allow(struct str *out, enum side side)
{
    str_printf(out, "\tchain allow-%s {\n\t\tct state new ct mark set ct mark or 0x%x\n\t\taccept\n\t}\n",
               side == INGRESS ? "in" : "out", side == INGRESS ? TRACKED_THERE : TRACKED_HERE);
}

void write_tracked(struct str *out, enum side side)
{
    unsigned forth = side == INGRESS ? TRACKED_THERE : TRACKED_HERE, back = TRACKED_HERE + TRACKED_THERE - forth;
    str_printf(out,
               "\t\tct state related accept\n"
               "\t\tct state established ct direction original ct mark and 0x%x != 0 accept\n"
               "\t\tct state established ct direction reply ct mark and 0x%x != 0 accept\n",
               forth, back);
}
