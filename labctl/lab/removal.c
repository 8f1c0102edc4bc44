/* Devices that are to go.
 *
 * After each removal the kernel waits for all processors, some ten milliseconds, however many devices went in it.  So
 * what a change takes away is gathered, where nobody notices that it stays a little longer, and goes at once. */
#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "kernel/link.h"
#include "lab/internal.h"

void removal_add(struct lab *lab, struct space *space, uint32_t index)
{
    struct removals *list = &lab->removals;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 16;
        list->items = realloc(list->items, list->capacity * sizeof *list->items);
        if (!list->items)
            arena_exhausted();
    }
    list->items[list->count++] = (struct removal){space, index};
}

static int remove_some(struct space *space, const uint32_t *indices, size_t count, struct error *err)
{
    NETLINK_AUTO netlink = NETLINK_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    int netns = space_netns(space, err);
    link_delete_all(&batch, 0, indices, count);
    if (netns < 0 || netlink_open(netns, &netlink, err) != 0 || netlink_commit(&netlink, &batch, err) != 0)
        return -1;
    for (size_t f = 0; f < batch.failure_count; f++)
        if (batch.failures[f].number != ENODEV) /* it went by itself */
            return netlink_failure_error(&batch.failures[f], err, "remove devices in %s", space->name);
    return 0;
}

/* Takes the devices of the first one's namespace off the list. */
static size_t take(struct removals *list, uint32_t indices[static LINK_DELETE_MOST])
{
    struct space *space = list->items[0].space;
    size_t taken = 0, kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].space == space && taken < LINK_DELETE_MOST)
            indices[taken++] = list->items[i].index;
        else
            list->items[kept++] = list->items[i];
    list->count = kept;
    return taken;
}

int removals_do(struct lab *lab, struct error *err)
{
    int result = 0;
    while (lab->removals.count) {
        uint32_t indices[LINK_DELETE_MOST];
        struct space *space = lab->removals.items[0].space;
        size_t count = take(&lab->removals, indices);
        if (remove_some(space, indices, count, result == 0 ? err : NULL) != 0)
            result = -1;
    }
    return result;
}
