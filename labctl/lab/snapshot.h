/* What somebody changed in a node by hand, taken as bytes and put back into a node that was built anew from the same
 * plan: files of /etc, /var, /root, /home…, links, addresses, neighbours, routes, rules, sysctls, the nftables ruleset.
 * Not programs, connections, conntrack entries, queueing disciplines; of files neither sockets, pipes and devices nor
 * what is larger than the limits.  The same state gives the same bytes. */
#pragma once

#include <stddef.h>

struct error;
struct lab;
struct str;

/* Appends the snapshot.  It only looks, and may be called in a forked child. */
int snapshot_take(struct lab *lab, const char *node, struct str *out, struct error *err);
/* Puts it back, and restarts the node's services where their files changed.  What the kernel refuses is a line of
 * `notes`, as is what the snapshot had to leave out. */
int snapshot_apply(struct lab *lab, const char *node, const char *data, size_t length, struct str *notes,
                   struct error *err);
