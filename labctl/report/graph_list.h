/* The list of a segment's members in the ASCII graph. */
#pragma once

#include <stddef.h>

struct block;
struct interface;

/* Adds a line for each member: name, addresses, security groups and services, in columns.  Four or more neighbours that
 * differ by a number in their name alone share a line. */
void graph_list(struct block *block, struct interface *const *members, size_t count);
