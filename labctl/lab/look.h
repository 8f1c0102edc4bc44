/* What a learner can see in a node, taken from outside: no program is started there, and none that was put in the place
 * of another one is asked.  It shows what a node's own tools would (ip, nft, ss, ps, find, cat), and what its root
 * cannot read besides.
 *
 * A look is text in sections, each headed by a line "\001NAME": hostname, nftables, interfaces, links, addresses,
 * routes, rules, neighbours, queues, sockets, processes, environment, mounts, sysctls, files, contents; in "contents"
 * each file is headed by a line "\002PATH".  What changes by itself is left out: counters,
 * times, learnt neighbours. The text is as it was found, and may be no UTF-8. */
#pragma once

#include <stdbool.h>

struct error;
struct lab;
struct str;

/* No text of others in a look has one of the bytes 1 to 4: whoever puts looks together may head each of them by "\003".
 */

struct look {
    const char *closed; /* a file that no node may have, as the caller has its path, told where one has it; or NULL */
    bool learned;       /* routes that routers and routing daemons tell each other as well */
};
/* Appends the section "contents" of what all nodes start with. */
int look_template(struct str *out, struct error *err);
/* Appends a look at a node.  A file that is still the template's is told with the one line "\004" in its place. */
int look_take(struct lab *lab, const char *node, const struct look *look, struct str *out, struct error *err);
