/* The names of the simulated internet: who asks for them, and the tree of zones that answers.
 *
 * The tree is what the author declared under `internet: zones:`, completed to what a resolver walks: a root, a zone for
 * each top-level domain, the zone of the instances' public names, the reverse zones of the public prefixes, and in each
 * parent the delegation of its children with their glue.  A zone whose declared name servers are machines of the lab is
 * delegated to them and not served here. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "model/topology.h"

extern const struct addr public_resolver; /* 203.0.113.53 */

/* "ec2-198-51-100-7.compute.example" stands for the instance that has that public address. */
#define PUBLIC_NAMES_ZONE "compute.example"
const char *public_name(struct arena *arena, const struct addr *addr);
/* Has the interface a public name (its VPC gives host names, and it has a public address)? */
bool has_public_name(const struct interface *interface);
/* The address by which the internet reaches an interface; family 0 = none. */
struct addr interface_public_address(const struct interface *interface);

/* Are there public name servers?  Only where zones are declared, or where somebody asks the public resolver. */
bool topology_uses_names(const struct topology *topology);

/* A zone as its server has it.  Names and values of the records end in a dot where they are complete. */
struct name_zone {
    const char *name;                /* without a final dot; "" is the root */
    const struct dns_zone *declared; /* or NULL */
    struct name_zone *parent;        /* NULL: the root */
    unsigned level;                  /* how many zones it lies within: a server of one level never has both a parent
                                        and its child, so that it refers */
    bool delegated;                  /* to machines of the lab: no server of the tree has it */
    const char *server;              /* the first of its name servers: "ns1.shop.test" */
    struct addr *addresses;          /* of its name servers */
    size_t address_count;
    struct dns_record *records;
    size_t record_count;
};

struct name_tree {
    struct name_zone **zones; /* parents before their children; [0] is the root */
    size_t zone_count;
    unsigned levels; /* of the zones that the tree serves */
};

/* In the arena.  The addresses of the tree's own servers lie outside the public prefixes that machines can have. */
struct name_tree *name_tree_build(const struct topology *topology, struct arena *arena);
/* The zone of that name, or NULL. */
struct name_zone *name_tree_zone(const struct name_tree *tree, const char *name);
/* Is `name` the zone's own or below it?  Both without a final dot; "" contains all. */
bool domain_contains(const char *zone, const char *name);
/* A record's name or target as a complete one, without the final dot: "@" is the zone, a name is relative to it. */
const char *record_owner(struct arena *arena, const char *zone, const char *name);
/* In values, a name that has dots is complete. */
const char *record_target(struct arena *arena, const char *zone, const char *name);
/* NULL where a value fits the type of a record, else what would: "an IPv4 address". */
const char *record_misfit(enum record_type type, const char *value);
/* Whether aliases lead from one complete name to another one. */
bool record_leads_to(const struct dns_zone *zones, size_t count, const char *from, const char *to);
/* The node of the lab that the internet reaches by an address, or NULL. */
const struct node *node_at(const struct topology *topology, const struct addr *addr);
