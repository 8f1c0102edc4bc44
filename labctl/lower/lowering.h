/* What the files of this room share: one run of lowering, the places of things in the plan, and short forms of adding
 * items.  Texts given to the `add_` functions are copied into the plan where they come from the topology. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "model/topology.h"
#include "plan/plan.h"

struct error;
struct map;
struct str;
struct pointers;

/* Where an interface of a node lies in the plan. */
struct port {
    const struct interface *interface;
    uint32_t ns;
    const char *name;     /* in the node */
    uint32_t far_ns;      /* fabric, VPC router or internet core */
    const char *far_name; /* the bridge port or router port there */
    const char *origin;   /* "node/web/eth0" */
    bool down;
};

/* The interfaces that share a wire: those of a bridge, a link, a subnet, the internet. */
struct segment {
    struct port **ports;
    size_t port_count;
    const char *device; /* its bridge in the fabric, or NULL */
    uint32_t mtu;
    bool arp_dynamic;
    const struct mac *router; /* all neighbours are behind this one (subnet, internet), or NULL */
};

/* A router's port towards a peer, and towards a transit gateway. */
struct peering_port {
    const struct peering *peering;
    const struct router *far;
    const char *name;
};
struct transit_port {
    const struct transit_gateway *gateway;
    const char *name;
};

/* An interface endpoint in one of its subnets, and the wire of a gateway endpoint into the internet core. */
struct endpoint_port {
    const struct endpoint *endpoint;
    const struct interface *interface;
    uint32_t ns;
};
struct gateway_port {
    const struct endpoint *endpoint;
    const char *origin;   /* "vpc/main/endpoint/s3" */
    const char *name;     /* at the router */
    const char *far_name; /* at the core */
    uint32_t mark;        /* of its flows there, and the number of the route table that leads back */
};

/* What hangs at a router in a subnet: an instance, a gateway, an endpoint. */
struct edge {
    const struct subnet *subnet;
    const char *port; /* of the router */
};

/* A VPC's namespaces. */
struct router {
    const struct vpc *vpc;
    uint32_t ns;                  /* the VPC router */
    uint32_t internet_gateway;    /* UINT32_MAX: none */
    uint32_t egress_only_gateway; /* UINT32_MAX: none */
    const char *internet_port;    /* of the internet core, towards the internet gateway */
    struct mac mac;               /* of all its ports */
    const char *origin;           /* "vpc/main" */
    struct port **ports;          /* of its instances */
    size_t port_count;
    struct edge *edges; /* all that is in its subnets */
    size_t edge_count;
    struct {
        uint32_t ns;
        const char *name; /* port of the router */
        const struct nat_gateway *gateway;
        struct mac mac;
    } * nat_gateways;
    size_t nat_gateway_count;
    struct peering_port *peerings;
    size_t peering_count;
    struct transit_port *transit_ports;
    size_t transit_port_count;
    struct endpoint_port *endpoints;
    size_t endpoint_count;
    struct gateway_port *gateways;
    size_t gateway_count;
};

struct lowering {
    const struct topology *topology;
    struct plan *plan;
    struct arena *arena;   /* the plan's: results */
    struct arena *scratch; /* for the run */
    uint32_t first_node;   /* namespace of topology->nodes[0]; the others follow */
    uint32_t internet;     /* namespace of the internet core, or UINT32_MAX */
    struct mac internet_mac;
    uint32_t names; /* namespace of its name servers, or UINT32_MAX */
    struct mac names_mac;
    struct router *routers;       /* one for each VPC, in its order */
    uint32_t *transit_namespaces; /* one for each transit gateway, in its order */
    uint32_t *services; /* of the load balancer of each service at the top, in their order; UINT32_MAX: has none */
    struct segment *bridges, *vlans, *links, internet_segment;
    struct pointers *ports;    /* struct interface → struct port */
    struct pointers *segments; /* struct bridge, link, subnet → struct segment */
    struct pointers *vpcs;     /* struct vpc → struct router */
    struct map *devices;       /* hashed device names that are taken: "NS NAME" */
    struct map *numbers;       /* route table numbers that are taken */
    struct error *err;
};

/* ---- names.c: names, MACs and numbers as functions of a thing's name ---- */
uint64_t lower_hash(const char *text);
/* A device name of up to 15 characters in a namespace: `text` itself where it fits, else one made of its hash. */
const char *lower_device(struct lowering *l, uint32_t ns, const char *text);
struct mac lower_mac(const char *text); /* never one of the loader's, which begin with 02 */
/* A routing table number (and packet mark) above those that people use. */
uint32_t lower_number(struct lowering *l, const char *text);

/* ---- pointers.c: a map from pointers ---- */
struct pointers *pointers_new(struct arena *arena, size_t most);
void pointers_set(struct pointers *map, const void *key, void *value);
void *pointers_get(const struct pointers *map, const void *key); /* NULL where absent */

/* ---- items.c: adding to the plan ---- */
uint32_t add_namespace(struct lowering *l, enum namespace_kind kind, const char *name, const char *origin);
void add_link(struct lowering *l, struct plan_link_end near, struct plan_link_end far, uint32_t mtu,
              const char *origin);
/* An interface without a wire of its own; the rest of it is the caller's to fill in. */
struct plan_device *add_device(struct lowering *l, uint32_t ns, enum plan_device_kind kind, const char *name,
                               const char *origin);
void add_address(struct lowering *l, uint32_t ns, const char *interface, struct prefix address, const char *origin);
void add_neighbour(struct lowering *l, uint32_t ns, const char *interface, struct addr addr, struct mac mac,
                   const char *origin);
struct plan_route *add_route(struct lowering *l, uint32_t ns, struct prefix destination, uint32_t table,
                             enum plan_route_type type, const char *origin);
/* A route with one next hop: via (or NULL: on link) and device. */
struct plan_route *add_unicast(struct lowering *l, uint32_t ns, struct prefix destination, uint32_t table,
                               const struct addr *via, const char *device, const char *origin);
struct plan_rule *add_rule(struct lowering *l, uint32_t ns, uint32_t priority, uint32_t mark, const struct prefix *to,
                           uint32_t table, const char *origin);
struct plan_rule *add_family_rule(struct lowering *l, uint32_t ns, unsigned family, uint32_t priority, uint32_t mark,
                                  const struct prefix *to, uint32_t table, const char *origin);
void add_sysctl(struct lowering *l, uint32_t ns, const char *key, const char *value, const char *origin);
/* body is taken from the text, which is emptied. */
void add_nft(struct lowering *l, uint32_t ns, const char *family, const char *table, struct str *body,
             const char *origin);
void add_file(struct lowering *l, uint32_t ns, const char *path, const char *content, size_t length, uint32_t mode,
              const char *origin);
/* Sysctls of a namespace that forwards for the cloud, and of each of its ports. */
void cloud_forwards(struct lowering *l, uint32_t ns, bool proxy_arp, const char *origin);
void cloud_forwards_ipv6(struct lowering *l, uint32_t ns, const char *origin);
void cloud_port(struct lowering *l, uint32_t ns, const char *port, bool proxy_arp, const char *origin);
/* Of a VPC router's port in a subnet.  source_check: only packets from an address that is routed there come in. */
void subnet_port(struct lowering *l, uint32_t ns, const char *port, bool source_check, const char *origin);
/* Opens and closes "NAME = { a, b }" of nft: writes the separator before each element; nothing where there is none. */
struct elements {
    struct str *out;
    size_t count;
};
void element(struct elements *elements, const char *format, ...) __attribute__((format(printf, 2, 3)));
void elements_end(struct elements *elements);

/* The VPC's own networks of a family as a set of nft: "{ 10.0.0.0/16, 10.7.0.0/16 }". */
const char *vpc_networks(struct lowering *l, const struct vpc *vpc, unsigned family);
void add_edge(struct lowering *l, struct router *router, const struct subnet *subnet, const char *port);

/* ---- refusal.c: what the tables of the two IP families have in common ---- */
struct ip_words {
    unsigned family;
    const char *name, *address;       /* "ip", "ipv4_addr" */
    const char *icmp, *icmp_protocol; /* "icmp", "icmp"; "icmpv6", "ipv6-icmp" */
};
extern const struct ip_words ip_words[2]; /* IPv4, IPv6 */
/* The type of the keys is nft's. */
void write_kept_set(struct str *out, const char *name, const char *type);
void write_refused_sets(struct str *out, const struct ip_words *ip);
/* Chain "refuse-CHAIN"; by: "iifname" or "oifname", the port of the interface that refuses. */
void write_refusal(struct str *out, const struct ip_words *ip, const char *chain, const char *by);

/* ---- one file for each construct ---- */
void lower_segments(struct lowering *l); /* bridge.c, link.c: devices in the fabric */
void lower_bridges(struct lowering *l);
void lower_network_host(struct lowering *l, const struct node *node, uint32_t ns); /* network.c */
void lower_policies(struct lowering *l, const struct node *node, uint32_t ns);     /* policy.c */
void lower_network_member(struct lowering *l, const struct node *node, uint32_t ns);
extern const struct addr embedded_resolver; /* 127.0.0.11 */
void lower_links(struct lowering *l);
void lower_link_impairments(struct lowering *l);
void lower_neighbours(struct lowering *l);                                        /* neighbour.c */
void lower_interfaces(struct lowering *l, const struct node *node, uint32_t ns);  /* interface.c */
void lower_node(struct lowering *l, const struct node *node, uint32_t ns);        /* node.c */
void lower_node_routes(struct lowering *l, const struct node *node, uint32_t ns); /* route.c */
/* Of all TCP of the node; lives as long as the plan (route.c). */
const char *lower_congestion_control(struct lowering *l, const struct node *node);
void lower_nat(struct lowering *l, const struct node *node, uint32_t ns);      /* nat.c */
void lower_resolver(struct lowering *l, const struct node *node, uint32_t ns); /* files.c */
void lower_files(struct lowering *l, const struct node *node, uint32_t ns);
void lower_hosts(struct lowering *l);          /* hosts.c */
void lower_vpc_namespaces(struct lowering *l); /* vpc.c */
void lower_vpc_port(struct lowering *l, struct port *port);
void lower_vpc(struct lowering *l, struct router *router);
void lower_route_tables(struct lowering *l, struct router *router, const struct ip_words *ip);    /* route_table.c */
void lower_security_groups(struct lowering *l, struct router *router, const struct ip_words *ip); /* security_group.c */
void lower_network_acls(struct lowering *l, struct router *router, const struct ip_words *ip);    /* network_acl.c */
void lower_internet_gateway(struct lowering *l, struct router *router);      /* internet_gateway.c */
void lower_nat_gateway(struct lowering *l, struct router *router, size_t i); /* nat_gateway.c */
void lower_vpc_resolver(struct lowering *l, struct router *router);          /* resolver.c */
void lower_hidden_hop(struct lowering *l, uint32_t ns, const char *origin);  /* hop.c */
void lower_peering_ports(struct lowering *l);                                /* peering.c */
void lower_peerings(struct lowering *l);
const char *peering_port(const struct router *router, const struct peering *peering);
void lower_transit_namespaces(struct lowering *l); /* transit_gateway.c */
void lower_transit_gateways(struct lowering *l);
const char *transit_port(const struct router *router, const struct transit_gateway *gateway);
void lower_endpoint_namespaces(struct lowering *l); /* endpoint.c */
void lower_endpoints(struct lowering *l);
void lower_gateway_endpoint_ports(struct lowering *l); /* gateway_endpoint.c */
void lower_gateway_endpoint_routes(struct lowering *l, const struct router *router, const struct route_table *table,
                                   uint32_t number);
void lower_gateway_endpoints(struct lowering *l);
void lower_hidden_hop_ipv6(struct lowering *l, uint32_t ns, const char *origin);
/* A VPC's IPv6, and the internet's: the same in the other family (vpc_ipv6.c, internet_ipv6.c). */
void lower_vpc_ipv6(struct lowering *l, struct router *router);
void lower_internet_ipv6(struct lowering *l);
void lower_egress_only_gateway(struct lowering *l, struct router *router); /* egress_only_gateway.c */
void lower_internet_namespace(struct lowering *l);                         /* internet.c */
void lower_internet(struct lowering *l);
void lower_internet_port(struct lowering *l, struct port *port);
/* The delay of an attachment, both ways, at the core's port for it. */
void lower_internet_delay(struct lowering *l, const char *port, const char *origin);
void lower_names_namespace(struct lowering *l); /* public_names.c */
void lower_names(struct lowering *l);
/* The way of a VPC's resolver to the public one, which no instance can take. */
void lower_names_way(struct lowering *l, const struct router *router);

/* The router's address in a subnet (base + 1), the VPC's resolver (base + 2). */
struct addr subnet_router(const struct subnet *subnet);
struct addr vpc_resolver(const struct vpc *vpc);
extern const struct addr link_local_resolver; /* 169.254.169.253 */
/* The next hop between two cloud namespaces: an address that neither has, told by a permanent neighbour entry. */
extern const struct addr cloud_next_hop, cloud_next_hop_ipv6;
const struct addr *cloud_hop(unsigned family); /* one of the two */
struct router *router_of(const struct lowering *l, const struct vpc *vpc);
uint32_t lower_mtu(const struct lowering *l, enum mtu_scope scope);
