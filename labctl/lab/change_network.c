/* Changing addresses, neighbours, routes and rules of a running lab. */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/error.h"
#include "lab/apply.h"

static uint32_t seen_index(void *context, uint32_t ns, const char *interface)
{
    (void)ns;
    const struct observed_link *link = observed_link_by_name(context, interface);
    return link ? link->index : 0;
}

/* Does the plan want an interface of this namespace down?  Then a route through it cannot be there, as on a machine. */
static bool any_down(const struct subject *s)
{
    uint32_t ns = plan_item_namespace(s->plan, s->item, s->i);
    struct plan_group links = plan_index_group(s->index, ns, ITEM_LINK);
    for (size_t g = 0; g < links.count; g++)
        if (s->plan->links[links.items[g] / 2].end[links.items[g] % 2].down)
            return true;
    struct plan_group devices = plan_index_group(s->index, ns, ITEM_DEVICE);
    for (size_t g = 0; g < devices.count; g++)
        if (s->plan->devices[devices.items[g]].down)
            return true;
    return false;
}

static bool tolerable(const struct subject *s, const struct netlink_failure *failure)
{
    int number = failure->number;
    if (failure->tag >> 56 == VERB_DELETE)
        return number == ESRCH || number == ENOENT || number == EADDRNOTAVAIL || number == ENODEV;
    if (s->item == ITEM_ROUTE || s->item == ITEM_NEIGHBOUR)
        return (number == ENETUNREACH || number == ENETDOWN || number == EHOSTUNREACH || number == EINVAL) &&
               any_down(s);
    return false;
}

static int commit(struct apply *a, const struct subject *s, struct batch *batch)
{
    NETLINK_AUTO netlink = NETLINK_INIT;
    if (netlink_open(space_netns(s->space, a->err), &netlink, a->err) != 0 ||
        netlink_commit(&netlink, batch, a->err) != 0)
        return -1;
    for (size_t f = 0; f < batch->failure_count; f++)
        if (!tolerable(s, &batch->failures[f]))
            return item_failure(s->plan, &batch->failures[f], a->err);
    return 0;
}

static int put_connected(struct apply *a, const struct subject *s, enum verb verb, const struct observation *o,
                         struct batch *batch)
{
    const struct plan_route *route = &s->plan->routes[s->i];
    const char *interface = item_connected_interface(s->plan, s->index, route);
    uint32_t index = interface ? seen_index((void *)o, route->ns, interface) : 0;
    if (!index)
        return error_set(a->err, ERR_SYSTEM, "set the connected route of %s: its interface is not there",
                         s->space->name);
    return item_put_connected(batch, s->plan, route, verb, item_tag(verb, ITEM_ROUTE, s->i), index);
}

/* Appends what does one half of an operation. */
static int put(struct apply *a, const struct subject *s, enum verb verb, const struct observation *o,
               struct batch *batch)
{
    struct names names = {seen_index, (void *)o};
    if (s->item == ITEM_ROUTE && s->plan->routes[s->i].connected)
        return put_connected(a, s, verb, o, batch);
    if (verb == VERB_DELETE && s->item == ITEM_RULE) { /* the very one, whatever it says by now */
        const struct nlmsghdr *message = item_message(s->plan, s->item, s->i, o);
        if (message)
            batch_copy(batch, item_tag(verb, s->item, s->i), message, RTM_DELRULE, 0);
        return 0;
    }
    struct error missing = ERROR_INIT;
    if (item_put(batch, s->plan, s->item, s->i, verb, &names, &missing) == 0)
        return 0;
    if (verb == VERB_DELETE) /* its interface is gone, and the item with it */
        return 0;
    return error_set(a->err, missing.kind, "%s", missing.text);
}

static int put_new(struct apply *a, const struct subject *s, const struct observation *o, struct batch *batch)
{
    if (put(a, s, VERB_ADD, o, batch) != 0)
        return -1;
    const struct plan_address *address = s->item == ITEM_ADDRESS ? &s->plan->addresses[s->i] : NULL;
    const struct observed_link *link = address ? observed_link_by_name(o, address->interface) : NULL;
    if (link && link->up)
        item_put_control(batch, a->lab, s->plan, s->index, (uint32_t)s->i, link->index);
    return 0;
}

static int put_change(struct apply *a, const struct plan_operation *operation, const struct subject *old,
                      const struct subject *new, const struct observation *o, struct batch *batch)
{
    if (operation->action == ACTION_REMOVE)
        return put(a, old, VERB_DELETE, o, batch);
    if (operation->action == ACTION_ADD && item_message(new->plan, new->item, new->i, o) == NULL)
        return put_new(a, new, o, batch);
    bool replaceable = new->item == ITEM_ROUTE || new->item == ITEM_NEIGHBOUR;
    if (replaceable && (operation->action == ACTION_ADD || operation->in_place))
        return put(a, new, VERB_REPLACE, o, batch);
    const struct subject *present = operation->action == ACTION_ADD ? new : old;
    return put(a, present, VERB_DELETE, o, batch) == 0 ? put(a, new, VERB_ADD, o, batch) : -1;
}

/* An address may take others along, and routes; a new one lets lost things come back. */
static int after_address(struct apply *a, const struct plan_operation *operation, const struct subject *s,
                         const struct observation *before, const struct nlmsghdr *meant)
{
    if (operation->action == ACTION_REMOVE) {
        if (journal_end(a->lost, s->space, before, a->err) != 0)
            return -1;
        lost_forget(a->lost, s->space, meant);
    }
    if (lost_restore(a->lost, s->space, a->err) != 0)
        return -1;
    apply_unsee(a, s->space);
    return lost_save(a->lost, a->err);
}

int change_network(struct apply *a, const struct plan_operation *operation)
{
    struct subject old = {0}, new = {0};
    enum presence before = PRESENT_NOT, after = PRESENT_NOT;
    if (operation->action != ACTION_ADD)
        old = subject_of(a, operation, true);
    if (operation->action != ACTION_REMOVE)
        new = subject_of(a, operation, false);
    const struct subject *s = operation->action == ACTION_REMOVE ? &old : &new;
    bool collateral = s->item == ITEM_ADDRESS;
    const struct observation *o = collateral ? apply_look(a, s->space) : apply_see(a, s->space);
    if (!o)
        return -1;
    if (old.plan)
        before = apply_presence(a, &old);
    if (new.plan)
        after = apply_presence(a, &new);
    const struct nlmsghdr *meant = old.plan ? item_message(old.plan, old.item, old.i, o) : NULL;
    if (operation->action == ACTION_REMOVE && !meant)
        lost_forget_planned(a->lost, old.space, old.plan, old.item, old.i, o);
    if (apply_decide(a, operation, before, after) != APPLY_DO)
        return 0;
    STR_AUTO text = STR_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    plan_operation_describe(a->before, a->after, operation, &text);
    if (journal_begin(a->lost, str_text(&text), s->space, collateral ? o : NULL, a->err) != 0 ||
        put_change(a, operation, &old, &new, o, &batch) != 0 || commit(a, s, &batch) != 0)
        return -1;
    if (a->outcome)
        a->outcome->executed++;
    a->seen_stale = true;
    return collateral ? after_address(a, operation, s, o, meant) : 0;
}

int forget_learnt(struct apply *a, struct space *space, const char *interface)
{
    NETLINK_AUTO netlink = NETLINK_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    const struct observation *o = apply_look(a, space);
    uint32_t index = o ? seen_index((void *)o, 0, interface) : 0;
    if (!o || netlink_open(space_netns(space, a->err), &netlink, a->err) != 0)
        return -1;
    for (size_t i = 0; i < o->neighbour_count; i++)
        if (o->neighbours[i].interface == index && o->neighbours[i].addr.family == 4 && !o->neighbours[i].proxy &&
            !(o->neighbours[i].state & (NUD_PERMANENT | NUD_NOARP)))
            batch_copy(&batch, i, o->neighbours[i].message, RTM_DELNEIGH, 0);
    apply_unsee(a, space);
    return netlink_commit(&netlink, &batch, a->err); /* what is gone by itself meanwhile is no failure */
}
