/* Packets under way, the next due first: a binary heap; packets due at the same time leave in the order of their
 * entry. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct queued {
    int64_t due;
    uint64_t number; /* given by queue_push */
    void *packet;    /* the caller's */
};

struct queue {
    struct queued *heap;
    size_t count, room;
    uint64_t next_number;
};

int queue_push(struct queue *queue, int64_t due, void *packet); /* 0, or -1 where memory is out */
int64_t queue_due(const struct queue *queue);                   /* of the first; INT64_MAX where empty */
void *queue_pop(struct queue *queue);                           /* NULL where empty */
void queue_free(struct queue *queue);                           /* not what packets are */
