/* What connects VPCs: peerings, transit gateways, endpoints and the services that these lead to.  A part of
 * model/topology.h, which includes it; the same holds of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mark.h"

struct arena;
struct interface;
struct route_table;
struct security_group;
struct subnet;
struct topology;
struct vpc;

/* A peering carries packets from an address of one VPC to an address of the other, and no others: it is not transitive,
 * and leads to no gateway of a peer.  Each side needs its own route. */
struct peering {
    const char *name;
    struct mark mark;
    struct vpc *vpcs[2]; /* `between`; NULL where the name could not be resolved (reported) */
    struct mark vpc_marks[2];
    bool dns; /* the public name of an instance gives its private address on the other side */
};

/* ---- transit gateways --------------------------------------------------------------------------------------- */

struct transit_attachment { /* of a VPC, which stands at a gateway once */
    struct vpc *vpc;
    struct mark mark;
};

struct transit_route { /* static: wins over a propagated one to the same destination */
    struct prefix destination;
    struct vpc *vpc; /* towards its attachment; NULL = blackhole */
    struct mark mark;
};

struct transit_table {
    const char *name;
    struct mark mark;
    struct transit_gateway *gateway;
    struct transit_attachment *associations; /* whose packets look up this table; one table at most for each VPC */
    size_t association_count;
    struct transit_attachment *propagations; /* whose CIDRs are routes in it */
    size_t propagation_count;
    struct transit_route *routes;
    size_t route_count;
};

struct transit_gateway {
    const char *name;
    struct mark mark;
    struct transit_attachment *attachments;
    size_t attachment_count;
    struct transit_table **route_tables; /* without any in the file: one, "default", all associated and propagated */
    size_t route_table_count;
    bool tables_declared;
};

/* ---- services and endpoints --------------------------------------------------------------------------------- */

struct service_target { /* a machine that serves: its interface in a subnet or on the internet */
    struct interface *interface;
    struct mark mark;
};

/* Under `services:` at the top: what endpoints lead to. */
struct cloud_service {
    const char *name;
    struct mark mark;
    struct service_target *targets;
    size_t target_count;
    uint16_t port; /* TCP */
    struct mark port_mark;
    const char *private_dns_name; /* the name that `private_dns` takes over, or NULL: the service's own name */
    /* Of its load balancer, from which targets see what comes through interface endpoints: one in each subnet where a
     * target stands, and one on the internet where one stands there.  None where no interface endpoint leads to it.
     * They belong to no node and have no security group.  An interface without a node is named after what it is of:
     * "service/orders/VPC/SUBNET", "service/orders/internet", "vpc/main/endpoint/orders/SUBNET". */
    struct interface **interfaces;
    size_t interface_count;
};

enum endpoint_type { ENDPOINT_GATEWAY, ENDPOINT_INTERFACE, ENDPOINT_TYPE_COUNT };
const char *endpoint_type_name(enum endpoint_type type); /* "gateway", "interface" */

struct endpoint {
    const char *name;
    struct mark mark;
    struct vpc *vpc;
    enum endpoint_type type;
    struct cloud_service *service; /* NULL where it could not be resolved (reported) */
    struct mark service_mark;
    /* gateway: the tables that get a route to each public address of the service; a route to the same destination that
     * is written out wins */
    struct route_table **route_tables;
    size_t route_table_count;
    /* interface: one in each subnet named, with an address of it and the endpoint's security groups; of no node */
    struct interface **interfaces;
    size_t interface_count;
    struct security_group **security_groups; /* interface: at least the default group */
    size_t security_group_count;
    bool security_groups_declared;
    bool private_dns;
};

/* The peering of two VPCs, in either order; NULL where there is none. */
const struct peering *topology_peering_between(const struct topology *topology, const struct vpc *a,
                                               const struct vpc *b);
/* Whether the resolver of one VPC gives the private addresses of the other's instances for their public names: its own,
 * and those of a peer across a peering with `dns: true`. */
bool vpc_resolves_privately(const struct topology *topology, const struct vpc *asker, const struct vpc *owner);
/* Whether some network of one VPC overlaps some network of the other; then which (vpc_network()), where not NULL. */
bool vpcs_overlap(const struct vpc *a, const struct vpc *b, size_t *of_a, size_t *of_b);
struct peering *topology_peering(const struct topology *topology, const char *name);
struct transit_gateway *topology_transit_gateway(const struct topology *topology, const char *name);
struct cloud_service *topology_cloud_service(const struct topology *topology, const char *name);
struct transit_table *transit_gateway_table(const struct transit_gateway *gateway, const char *name);
bool transit_gateway_attaches(const struct transit_gateway *gateway, const struct vpc *vpc);
/* The table that the packets of a VPC look up; NULL: none, and they are dropped. */
const struct transit_table *transit_gateway_table_of(const struct transit_gateway *gateway, const struct vpc *vpc);
/* The routes in force of a table, in the arena: the static ones, then those of the VPCs that propagate to it, in the
 * order of their attachment.  A propagated route gives way to a static one to the same destination; a VPC whose
 * addresses overlap those of one attached earlier does not propagate.  The longest prefix wins among them. */
size_t transit_table_routes(const struct transit_table *table, struct arena *arena, struct transit_route **out);
struct endpoint *vpc_endpoint(const struct vpc *vpc, const char *name);
