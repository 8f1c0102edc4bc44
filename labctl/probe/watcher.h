/* Watching packets and their answers from inside the nodes that could pass them on.  Inside the room only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct node;
struct probe_world;

/* How to know the packets and their answers again, whatever was done to their addresses on the way. */
struct watch_mark {
    bool ipv6;
    int protocol;    /* IPPROTO_*: of the packet */
    uint8_t text[7]; /* ICMP and UDP: stands in the packet before its number, and in what quotes or echoes it */
    uint16_t port;   /* UDP: where it goes, and where an answer comes from */
    uint32_t number; /* TCP: its sequence number, but for the lowest seven bits, which are the packet's number */
};

struct watchers;

/* Begins to watch in every running node that forwards or has several interfaces, but for these two.  One that cannot be
 * watched is left out, and `complete` says so. */
struct watchers *watchers_new(const struct probe_world *world, const struct node *from, const struct node *to,
                              const struct watch_mark *mark, bool *complete);
/* The names of the nodes that passed on packet `number` and its answer since, in this order; in the arena. */
void watchers_take(struct watchers *watchers, unsigned number, struct arena *arena, const char ***there,
                   size_t *there_count, const char ***back, size_t *back_count);
/* Same at one node alone, for what comes to its door and what leaves it; NULL with errno. */
struct watchers *watchers_at(const struct probe_world *world, const struct node *node, const struct watch_mark *mark);
/* How often packet `number` came in and left since. */
void watchers_count(struct watchers *watchers, unsigned number, unsigned *in, unsigned *out);
/* Whether a raw socket of the node got it, reading what is there. */
bool watch_mark_received(const struct watch_mark *mark, unsigned number, int fd);
void watchers_free(struct watchers *watchers); /* takes NULL */
