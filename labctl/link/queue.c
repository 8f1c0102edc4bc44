#include "link/queue.h"

#include <stdbool.h>
#include <stdlib.h>

static bool before(const struct queued *a, const struct queued *b)
{
    return a->due < b->due || (a->due == b->due && a->number < b->number);
}

int queue_push(struct queue *queue, int64_t due, void *packet)
{
    if (queue->count == queue->room) {
        size_t room = queue->room ? queue->room * 2 : 256;
        struct queued *grown = realloc(queue->heap, room * sizeof *grown);
        if (!grown)
            return -1;
        queue->heap = grown;
        queue->room = room;
    }
    struct queued new = {due, queue->next_number++, packet};
    size_t at = queue->count++;
    while (at > 0 && before(&new, &queue->heap[(at - 1) / 2])) {
        queue->heap[at] = queue->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->heap[at] = new;
    return 0;
}

int64_t queue_due(const struct queue *queue)
{
    return queue->count ? queue->heap[0].due : INT64_MAX;
}

void *queue_pop(struct queue *queue)
{
    if (queue->count == 0)
        return NULL;
    void *packet = queue->heap[0].packet;
    struct queued last = queue->heap[--queue->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= queue->count)
            break;
        if (child + 1 < queue->count && before(&queue->heap[child + 1], &queue->heap[child]))
            child++;
        if (!before(&queue->heap[child], &last))
            break;
        queue->heap[at] = queue->heap[child];
        at = child;
    }
    if (queue->count)
        queue->heap[at] = last;
    return packet;
}

void queue_free(struct queue *queue)
{
    free(queue->heap);
    *queue = (struct queue){0};
}
