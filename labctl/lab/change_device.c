/* Changing the devices of a running lab: interfaces without a wire of their own. */
#include <errno.h>

#include "base/error.h"
#include "kernel/link.h"
#include "lab/apply.h"

/* What the device stands on; 0 where it stands on nothing, or with err. */
static uint32_t parent_index(struct apply *a, const struct plan_device *device, int netns)
{
    struct observed_link parent;
    if (!device->parent)
        return 0;
    int found = observe_link(netns, device->parent, &parent, a->err);
    if (found == 0)
        error_set(a->err, ERR_SYSTEM, "make %s: there is no interface %s", device->name, device->parent);
    return found > 0 ? parent.index : 0;
}

int device_make(struct apply *a, size_t device)
{
    const struct plan_device *item = &a->after->devices[device];
    struct space *space = space_of(a->lab, a->after, item->ns);
    int netns = space_netns(space, a->err);
    struct observed_link seen;
    BATCH_AUTO batch = BATCH_INIT;
    uint32_t parent = netns < 0 ? 0 : parent_index(a, item, netns);
    uint64_t tag = item_tag(VERB_REPLACE, ITEM_DEVICE, device);
    if (netns < 0 || (item->parent && !parent))
        return -1;
    device_put(&batch, a->after, device, 0, parent);
    if (interface_send(a, space, a->after, &batch, 0) != 0 || observe_link(netns, item->name, &seen, a->err) <= 0)
        return -1;
    if (a->after->namespaces[item->ns].ipv6)
        link_quiet_ipv6(&batch, tag, seen.index);
    link_up(&batch, tag, seen.index, !item->down);
    apply_unsee(a, space);
    return interface_send(a, space, a->after, &batch, 0);
}

static int remove_device(struct apply *a, const struct plan_operation *operation, const struct subject *s)
{
    const struct plan_device *device = &s->plan->devices[s->i];
    struct observed_link seen;
    BATCH_AUTO batch = BATCH_INIT;
    int found = observe_link(space_netns(s->space, a->err), device->name, &seen, a->err);
    if (found <= 0) /* somebody took it away */
        return found;
    lost_forget_interface(a->lost, s->space, seen.index);
    if (interface_journal(a, operation, s->space, NULL) != 0)
        return -1;
    link_delete(&batch, item_tag(VERB_DELETE, ITEM_DEVICE, s->i), seen.index);
    if (interface_send(a, s->space, s->plan, &batch, ENODEV) != 0)
        return -1;
    apply_unsee(a, s->space);
    apply_executed(a);
    return 0;
}

static int change(struct apply *a, const struct plan_operation *operation, const struct subject *s)
{
    const struct plan_device *was = &a->before->devices[operation->before], *is = &a->after->devices[s->i];
    uint64_t tag = item_tag(VERB_REPLACE, ITEM_DEVICE, s->i);
    struct observed_link seen;
    BATCH_AUTO batch = BATCH_INIT;
    bool kept = false;
    int found = observe_link(space_netns(s->space, a->err), is->name, &seen, a->err);
    if (found < 0)
        return -1;
    if (found && interface_wanted(a, was->mtu, is->mtu, seen.mtu, &kept))
        link_mtu(&batch, tag, seen.index, is->mtu ? is->mtu : 1500);
    if (found && interface_wanted(a, interface_mac_number(&was->mac), interface_mac_number(&is->mac),
                                  interface_mac_number(&seen.mac), &kept))
        link_mac(&batch, tag, seen.index, &is->mac);
    if (found && interface_wanted(a, !was->down, !is->down, seen.up, &kept))
        link_up(&batch, tag, seen.index, !is->down);
    if (kept || !found)
        interface_kept(a, operation);
    if (batch.count == 0)
        return 0;
    struct interface_change how = {s->space, is->ns, seen.index, is->name, was->down && !is->down};
    if (interface_change(a, operation, &how, &batch) != 0)
        return -1;
    apply_executed(a);
    return 0;
}

int change_device(struct apply *a, const struct plan_operation *operation)
{
    struct subject s = subject_of(a, operation, operation->action == ACTION_REMOVE);
    if (!s.space) /* an earlier, interrupted call removed it */
        return 0;
    if (operation->action == ACTION_REMOVE)
        return remove_device(a, operation, &s);
    if (operation->action == ACTION_CHANGE)
        return change(a, operation, &s);
    if (apply_presence(a, &s) != PRESENT_NOT)
        return 0;
    if (interface_journal(a, operation, s.space, NULL) != 0 || device_make(a, s.i) != 0)
        return -1;
    apply_executed(a);
    return 0;
}
