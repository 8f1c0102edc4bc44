/* Whoever is root in a node can give it the address of another and answer in its place.  Inside the room only. */
#pragma once

#include <stdbool.h>

struct addr;
struct attempt;
struct interface;
struct node;
struct topology;

/* The interface of the node that has an address, as its own or as its public one, or NULL. */
const struct interface *address_interface(const struct node *node, const struct addr *addr);
/* The node that holds an address, as the prober sees it: its own or the public one; NULL where it is no node's. */
const struct node *address_owner(const struct topology *topology, const struct addr *addr);
/* The node that the topology means by a host's name: its own name, or a name of a zone that leads to its address; NULL
 * where it means none. */
const struct node *name_owner(const struct topology *topology, const char *name);
/* Do packets of the attempt's node to the target stay in it, although the target is another node's address?  Then
 * nothing was measured but the node itself, and *owner is the other one. */
bool impostor_found(const struct attempt *attempt, const struct node **owner);
