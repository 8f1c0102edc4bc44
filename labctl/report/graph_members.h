/* What the formats of a graph share: who is attached where, and how things are called in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/topology.h"

struct arena;
struct str;

/* All attached interfaces, grouped by their segment (a subnet, a bridge, a link, or the internet), in the file's order.
 */
struct members {
    struct interface **items;
    size_t count;
};
struct members members_of(const struct topology *topology, struct arena *arena);
/* The part of it that is attached to the segment: a pointer into items, with its length. */
struct interface *const *members_at(const struct members *members, const void *segment, size_t *count);
/* Stands for the internet among segments. */
extern const char members_internet;

/* "web", or "router/lan0" for one of several interfaces. */
const char *graph_interface_name(const struct interface *interface, struct arena *arena);
/* "10.0.0.2", with its length where the segment does not tell it; several joined by ", "; with a public address
 * "10.0.0.2 = 203.0.113.7". */
const char *graph_addresses(const struct interface *interface, struct arena *arena);
/* "http:80 dns:53", at most a few; "" where there are none. */
const char *graph_services(const struct node *node, struct arena *arena);
/* "publishes web:80 as 8080" */
const char *graph_published(const struct published *published, struct arena *arena);
/* "mtu 1400, loss 0.5%", "" for a plain link. */
const char *graph_link_properties(const struct link *link, struct arena *arena);
/* "0.0.0.0/0 -> nat_gateway/nat" */
const char *graph_vpc_route(const struct vpc_route *route, struct arena *arena);
/* "subnet 10.0.1.0/24 …": the subnet's title. */
const char *graph_subnet_title(const struct subnet *subnet, struct arena *arena);
