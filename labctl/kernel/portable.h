/* What a dump of the kernel says, in a form that outlives its namespace: without what changes by itself (times, states
 * of a neighbour), and with interfaces numbered as the reader wants them.  Two such messages are equal byte for byte
 * where they say the same. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct arena;
struct batch;
struct error;
struct nlmsghdr;

/* The number that an interface has elsewhere; 0: it is not there. */
typedef uint32_t portable_index(void *context, uint32_t index);
/* A message of an address, route, rule or neighbour, in the arena; NULL where an interface that it names is missing. */
const struct nlmsghdr *message_portable(const struct nlmsghdr *message, portable_index *index, void *context,
                                        struct arena *arena);

/* A link of any kind. */
struct portable_link {
    uint32_t index, mtu, master, lower; /* lower: the link that it stands on, or 0 */
    bool up, loopback, paired;          /* paired: its other end lies in another namespace */
    struct mac mac;
    char name[16], kind[16];
    const void *data; /* what its kind says of it */
    size_t length;
};
/* All links of a namespace, by their numbers. */
int links_read(int netns, struct arena *arena, struct portable_link **links, size_t *count, struct error *err);
/* Makes a link like this one, on link `lower` and with `master` (0: none), down.  with_data: as its kind says too. */
void link_like_put(struct batch *batch, uint64_t tag, const struct portable_link *link, uint32_t lower, bool with_data);
void link_rename_put(struct batch *batch, uint64_t tag, uint32_t index, const char *name);
