/* What a learner can see in a node, taken from outside: no program is started there, and none that was put in the place
 * of another one is asked.  It shows what a node's own tools would (ip, nft, ss, ps, find, cat), and what its root
 * cannot read besides.
 *
 * A look is text in sections, each headed by a line "\001NAME": hostname, nftables, interfaces, links, addresses,
 * routes, rules, neighbours, queues, sockets, processes, environment, mounts, sysctls, files, contents; in "contents"
 * each file is headed by a line "\002PATH".  What changes by itself is left out: counters, times, learnt neighbours,
 * what routers and routing daemons tell each other.  The text is as it was found, and may be no UTF-8. */
#pragma once

struct error;
struct lab;
struct str;

/* No text of others in a look has one of these bytes: whoever puts looks together may head each of them by "\003". */

/* Appends a look at a node.  closed: a file's path, as the caller has it, that no node may have; told among the files
 * where this one has it. */
int look_take(struct lab *lab, const char *node, const char *closed, struct str *out, struct error *err);
