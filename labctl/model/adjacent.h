/* What is next to what in the lab's graph: of things that are named (topology.h, "One way to name a thing"). */
#pragma once

#include <stdbool.h>

#include "model/topology.h"

/* True where two different things are neighbours, in either order:
 * - a thing and what it is a part of (an interface and its node, a subnet and its VPC);
 * - an interface, or its node, and the segment that it is attached to (subnet, bridge, link), and the node or interface
 *   at the other end of a link;
 * - a subnet and its route table, a route table and what its routes lead to;
 * - a NAT gateway and its subnet, and its VPC's internet gateway;
 * - a security group and the interfaces and nodes that carry it, and another group that a rule of it names. */
bool things_adjacent(const struct thing *a, const struct thing *b);
