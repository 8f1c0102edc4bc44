/* Changing links and bridges of a running lab. */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "kernel/link.h"
#include "lab/apply.h"
#include "lab/keeper.h"

#define NAME_DEADLINE (5 * NANOSECONDS_PER_SECOND)

int interface_send(struct apply *a, struct space *space, const struct plan *plan, struct batch *batch, int tolerated)
{
    NETLINK_AUTO netlink = NETLINK_INIT;
    if (netlink_open(space_netns(space, a->err), &netlink, a->err) != 0 || netlink_commit(&netlink, batch, a->err) != 0)
        return -1;
    for (size_t f = 0; f < batch->failure_count; f++)
        if (batch->failures[f].number != tolerated)
            return item_failure(plan, &batch->failures[f], a->err);
    return 0;
}

void apply_executed(struct apply *a)
{
    if (a->outcome)
        a->outcome->executed++;
}

int interface_journal(struct apply *a, const struct plan_operation *operation, struct space *space,
                      const struct observation *o)
{
    STR_AUTO text = STR_INIT;
    plan_operation_describe(a->before, a->after, operation, &text);
    return journal_begin(a->lost, str_text(&text), space, o, a->err);
}

/* ---- bridges ---------------------------------------------------------------------------------------------------- */

int change_bridge(struct apply *a, const struct plan_operation *operation)
{
    bool removal = operation->action == ACTION_REMOVE;
    struct subject s = subject_of(a, operation, removal), old = s;
    if (operation->action == ACTION_CHANGE)
        old = subject_of(a, operation, true);
    const struct plan_bridge *bridge = &s.plan->bridges[s.i];
    struct observed_link seen;
    int found = observe_link(space_netns(s.space, a->err), bridge->name, &seen, a->err);
    if (found < 0)
        return -1;
    if (removal && !found)
        return 0;
    if (interface_journal(a, operation, s.space, NULL) != 0)
        return -1;
    BATCH_AUTO batch = BATCH_INIT;
    uint64_t tag = item_tag(removal ? VERB_DELETE : found ? VERB_REPLACE : VERB_ADD, ITEM_BRIDGE, s.i);
    if (removal) {
        link_delete(&batch, tag, seen.index);
    } else if (found) {
        bool stp = operation->action == ACTION_ADD || old.plan->bridges[old.i].stp != bridge->stp;
        link_bridge_change(&batch, tag, seen.index, stp, bridge->stp, bridge->mtu ? bridge->mtu : 1500);
        if (seen.vlan_filtering != bridge->vlan_filtering)
            link_bridge_vlans(&batch, tag, seen.index, bridge->vlan_filtering);
        link_up(&batch, tag, seen.index, true);
    } else {
        link_bridge(&batch, tag, 0, bridge->name, bridge->mtu, bridge->stp);
        if (interface_send(a, s.space, s.plan, &batch, 0) != 0 ||
            observe_link(space_netns(s.space, a->err), bridge->name, &seen, a->err) <= 0)
            return -1;
        if (bridge->vlan_filtering)
            link_bridge_vlans(&batch, tag, seen.index, true);
        link_up(&batch, tag, seen.index, true);
    }
    if (interface_send(a, s.space, s.plan, &batch, removal ? ENODEV : 0) != 0)
        return -1;
    apply_unsee(a, s.space);
    apply_executed(a);
    return 0;
}

/* ---- making and removing links ----------------------------------------------------------------------------------- */

/* The name of a port stays taken for some ten milliseconds while the namespace of its peer dies. */
static bool never(struct lab *lab, void *context)
{
    (void)lab, (void)context;
    return false;
}

/* The far end of a link that was made just now. */
static int enter_vlans(struct apply *a, size_t link)
{
    const struct plan_link_end *far = &a->after->links[link].end[1];
    struct space *space = space_of(a->lab, a->after, far->ns);
    struct observed_link seen;
    BATCH_AUTO batch = BATCH_INIT;
    if (far->vlan_count == 0)
        return 0;
    if (observe_link(space_netns(space, a->err), far->name, &seen, a->err) <= 0)
        return -1;
    port_put_vlans(&batch, a->after, link, seen.index);
    return interface_send(a, space, a->after, &batch, 0);
}

int link_make(struct apply *a, size_t link)
{
    const struct plan_link_end *end = a->after->links[link].end;
    BATCH_AUTO batch = BATCH_INIT;
    struct configuration c = {.lab = a->lab, .plan = a->after, .index = a->after_index, .err = a->err};
    if (!a->interfaces)
        a->interfaces = interfaces_new(a->after, a->arena);
    c.interfaces = a->interfaces;
    if (removals_do(a->lab, a->err) != 0) /* the name may be one of theirs */
        return -1;
    for (int e = 0; e < 2; e++) {
        struct observed_link master;
        if (!end[e].master)
            continue;
        int found =
            observe_link(space_netns(space_of(a->lab, a->after, end[e].ns), a->err), end[e].master, &master, a->err);
        if (found < 0)
            return -1;
        interfaces_set_index(a->interfaces, end[e].ns, end[e].master, found ? master.index : 0);
    }
    for (int64_t deadline = clock_boot() + NAME_DEADLINE;;) {
        NETLINK_AUTO netlink = NETLINK_INIT;
        if (configure_link(&c, &batch, link, false) != 0 ||
            netlink_open(space_netns(a->lab->fabric, a->err), &netlink, a->err) != 0 ||
            netlink_commit(&netlink, &batch, a->err) != 0)
            return -1;
        if (batch.failure_count == 0)
            return enter_vlans(a, link);
        if (batch.failures[0].number != EEXIST || clock_boot() > deadline)
            return item_failure(a->after, &batch.failures[0], a->err);
        struct error late = ERROR_INIT;
        if (lab_await(a->lab, never, NULL, clock_boot() + NANOSECONDS_PER_SECOND / 100, "wait", &late) == 0)
            return -1;
    }
}

/* The node's end, once it is there: bridge, quiet IPv6, up. */
static int raise_end(struct apply *a, size_t link, int e)
{
    const struct plan_link_end *end = &a->after->links[link].end[e];
    struct space *space = space_of(a->lab, a->after, end->ns);
    struct observed_link seen, master = {0};
    BATCH_AUTO batch = BATCH_INIT;
    int netns = space_netns(space, a->err);
    if (netns < 0 || observe_link(netns, end->name, &seen, a->err) <= 0)
        return -1;
    if (end->master && observe_link(netns, end->master, &master, a->err) < 0)
        return -1;
    uint64_t tag = item_tag(VERB_REPLACE, ITEM_LINK, link);
    if (end->master && seen.master != master.index)
        link_master(&batch, tag, seen.index, master.index);
    if (a->after->namespaces[end->ns].ipv6)
        link_quiet_ipv6(&batch, tag, seen.index);
    link_up(&batch, tag, seen.index, !end->down);
    apply_unsee(a, space);
    return interface_send(a, space, a->after, &batch, 0);
}

static int add_link(struct apply *a, const struct plan_operation *operation)
{
    struct subject s = subject_of(a, operation, false);
    enum presence present = apply_presence(a, &s);
    if (present == PRESENT_SO)
        return 0;
    if (interface_journal(a, operation, s.space, NULL) != 0 ||
        (present != PRESENT_OTHERWISE && link_make(a, s.i) != 0) || raise_end(a, s.i, 1) != 0 ||
        raise_end(a, s.i, 0) != 0)
        return -1;
    a->links[a->link_count++] = (uint32_t)s.i;
    apply_executed(a);
    return 0;
}

/* Nobody has an address there, or a route, or looks: it may stay a little longer. */
static bool between_switches(struct apply *a, const struct plan_link *link)
{
    return space_of(a->lab, a->before, link->end[0].ns) == a->lab->fabric &&
           space_of(a->lab, a->before, link->end[1].ns) == a->lab->fabric;
}

static int remove_link(struct apply *a, const struct plan_operation *operation)
{
    struct subject s = subject_of(a, operation, true);
    const struct plan_link *link = &s.plan->links[s.i];
    bool there = false;
    for (int e = 0; e < 2; e++) {
        struct space *space = space_of(a->lab, s.plan, link->end[e].ns);
        struct observed_link seen;
        BATCH_AUTO batch = BATCH_INIT;
        if (!space) /* an earlier, interrupted call removed it */
            continue;
        int found = observe_link(space_netns(space, a->err), link->end[e].name, &seen, a->err);
        if (found < 0)
            return -1;
        apply_unsee(a, space);
        if (!found)
            continue; /* it went with the other end, or somebody took it away */
        lost_forget_interface(a->lost, space, seen.index);
        if (interface_journal(a, operation, space, NULL) != 0)
            return -1;
        there = true;
        if (between_switches(a, link)) {
            removal_add(a->lab, space, seen.index);
            break;
        }
        link_delete(&batch, item_tag(VERB_DELETE, ITEM_LINK, s.i), seen.index);
        if (interface_send(a, space, s.plan, &batch, ENODEV) != 0)
            return -1;
    }
    if (there)
        apply_executed(a);
    return 0;
}

/* ---- changing links ---------------------------------------------------------------------------------------------- */

/* One attribute of an end: what the old plan says, the new one, and what is there. */
bool interface_wanted(struct apply *a, uint64_t before, uint64_t after, uint64_t now, bool *kept)
{
    if (before == after || now == after)
        return false;
    if (now == before || !a->options->keep_changes)
        return true;
    *kept = true;
    return false;
}

uint64_t interface_mac_number(const struct mac *mac)
{
    uint64_t number = 0;
    memcpy(&number, mac->bytes, sizeof mac->bytes);
    return number;
}

static int master_index(struct apply *a, int netns, const char *name, uint32_t *out)
{
    struct observed_link master = {0};
    if (name && observe_link(netns, name, &master, a->err) < 0)
        return -1;
    *out = master.index;
    return 0;
}

/* Appends what turns one end into what it is to be; 0, or -1 with err. */
static int put_end(struct apply *a, const struct plan_operation *operation, int e, const struct observed_link *seen,
                   int netns, struct batch *batch, bool *kept)
{
    const struct plan_link *old = &a->before->links[operation->before], *new = &a->after->links[operation->after];
    const struct plan_link_end *was = &old->end[e], *is = &new->end[e];
    uint32_t before_master, after_master, mtu = new->mtu ? new->mtu : 1500;
    uint64_t tag = item_tag(VERB_REPLACE, ITEM_LINK, operation->after);
    if (master_index(a, netns, was->master, &before_master) != 0 ||
        master_index(a, netns, is->master, &after_master) != 0)
        return -1;
    if (interface_wanted(a, old->mtu ? old->mtu : 1500, mtu, seen->mtu, kept))
        link_mtu(batch, tag, seen->index, mtu);
    if (interface_wanted(a, interface_mac_number(&was->mac), interface_mac_number(&is->mac),
                         interface_mac_number(&seen->mac), kept))
        link_mac(batch, tag, seen->index, &is->mac);
    if (!str_equal(was->master, is->master) && seen->master != after_master) {
        if (seen->master == before_master || !before_master || !a->options->keep_changes)
            link_master(batch, tag, seen->index, after_master);
        else
            *kept = true;
    }
    if (port_filters(a->after, is) &&
        port_change_vlans(a->after, operation->after, netns, seen->index, batch, a->err) != 0)
        return -1;
    if (interface_wanted(a, !was->down, !is->down, seen->up, kept)) {
        if (!is->down && a->after->namespaces[is->ns].ipv6)
            link_quiet_ipv6(batch, tag, seen->index);
        link_up(batch, tag, seen->index, !is->down);
    }
    return 0;
}

/* An interface that was down when the lab was built never had its routes: with it up, the plan's are due. */
static int add_planned(struct apply *a, uint32_t ns, const char *name)
{
    static const enum plan_item items[] = {ITEM_ADDRESS, ITEM_NEIGHBOUR, ITEM_ROUTE};
    for (size_t k = 0; k < sizeof items / sizeof items[0]; k++) {
        struct plan_group group = plan_index_group(a->after_index, ns, items[k]);
        for (size_t g = 0; g < group.count; g++) {
            uint32_t i = group.items[g];
            if (items[k] == ITEM_ADDRESS && !str_equal(a->after->addresses[i].interface, name))
                continue;
            if (items[k] == ITEM_NEIGHBOUR && !str_equal(a->after->neighbours[i].interface, name))
                continue;
            if (items[k] == ITEM_ROUTE && a->after->routes[i].connected)
                continue;
            struct plan_operation operation = {ACTION_ADD, items[k], 0, i, false};
            if (change_network(a, &operation) != 0)
                return -1;
        }
    }
    return 0;
}

/* What the kernel makes anew when an interface comes up has no congestion control. */
static int put_controls(struct apply *a, struct space *space, uint32_t ns, const char *name, uint32_t index)
{
    BATCH_AUTO batch = BATCH_INIT;
    struct plan_group group = plan_index_group(a->after_index, ns, ITEM_ADDRESS);
    for (size_t g = 0; g < group.count; g++)
        if (str_equal(a->after->addresses[group.items[g]].interface, name))
            item_put_control(&batch, a->lab, a->after, a->after_index, group.items[g], index);
    return batch.count ? interface_send(a, space, a->after, &batch, 0) : 0;
}

int interface_change(struct apply *a, const struct plan_operation *operation, const struct interface_change *change,
                     struct batch *batch)
{
    struct space *space = change->space;
    /* The fabric has neither addresses nor routes to lose. */
    bool plain = space->kind == NAMESPACE_FABRIC;
    const struct observation *o = plain ? NULL : apply_look(a, space);
    if ((!plain && !o) || interface_journal(a, operation, space, o) != 0)
        return -1;
    if (interface_send(a, space, a->after, batch, 0) != 0)
        return -1;
    if (plain)
        return 0;
    bool had = lost_has_interface(a->lost, space, change->index);
    if (journal_end(a->lost, space, o, a->err) != 0 || lost_restore(a->lost, space, a->err) != 0 ||
        lost_save(a->lost, a->err) != 0)
        return -1;
    apply_unsee(a, space);
    if (change->up && put_controls(a, space, change->ns, change->name, change->index) != 0)
        return -1;
    if (change->up && !had && add_planned(a, change->ns, change->name) != 0)
        return -1;
    apply_unsee(a, space); /* what the difference adds there may be there by now */
    return 0;
}

static int change_end(struct apply *a, const struct plan_operation *operation, int e, bool *kept, bool *changed)
{
    const struct plan_link_end *was = &a->before->links[operation->before].end[e],
                               *is = &a->after->links[operation->after].end[e];
    struct space *space = space_of(a->lab, a->after, is->ns);
    struct observed_link seen;
    BATCH_AUTO batch = BATCH_INIT;
    int netns = space_netns(space, a->err), found = netns < 0 ? -1 : observe_link(netns, is->name, &seen, a->err);
    if (found < 0)
        return -1;
    if (!found) {
        *kept = true;
        return 0;
    }
    if (put_end(a, operation, e, &seen, netns, &batch, kept) != 0)
        return -1;
    if (batch.count == 0)
        return 0;
    struct interface_change change = {space, is->ns, seen.index, is->name, was->down && !is->down};
    *changed = true;
    return interface_change(a, operation, &change, &batch);
}

void interface_kept(struct apply *a, const struct plan_operation *operation)
{
    STR_AUTO text = STR_INIT;
    plan_operation_describe(a->before, a->after, operation, &text);
    apply_note(a, "changed since, left as it is: %s", str_text(&text));
    if (a->outcome)
        a->outcome->kept++;
}

int change_link(struct apply *a, const struct plan_operation *operation)
{
    bool kept = false, changed = false;
    if (operation->action == ACTION_ADD)
        return add_link(a, operation);
    if (operation->action == ACTION_REMOVE)
        return remove_link(a, operation);
    if (change_end(a, operation, 1, &kept, &changed) != 0 || change_end(a, operation, 0, &kept, &changed) != 0)
        return -1;
    if (changed)
        apply_executed(a);
    if (kept)
        interface_kept(a, operation);
    return 0;
}
