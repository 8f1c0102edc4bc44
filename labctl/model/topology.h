/* The topology: what the author's file says, decoded, with every reference a pointer and every thing its mark.
 *
 * A function that takes a `const struct topology *` may assume that it was loaded (load/) and, where it says so, that
 * rules/ found no error.  Everything lives in topology->arena; names are interned there and never shortened.
 * Arrays of things are arrays of pointers, so that references stay valid while arrays grow. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mark.h"
#include "link/impairment.h"
#include "link/profile.h"
#include "model/connection.h"
#include "model/node.h"
#include "model/policy.h"
#include "model/services.h"
#include "model/vpc.h"

struct arena;
struct map;
struct str;
struct check;
struct node;
struct vpc;

/* ---- L2 ----------------------------------------------------------------------------------------------------- */

struct bridge {
    const char *name;
    struct mark mark;
    bool stp;
    uint32_t mtu;            /* 0 = default */
    bool arp_dynamic;        /* `arp: dynamic`: no permanent neighbour entries in this segment */
    bool declared;           /* false: made because an interface names it (never: a dangling bridge name is an error) */
    struct network *network; /* that it is the wire of; NULL: it stands under bridges: */
    bool vlan_filtering;     /* its interfaces are in its VLANs (vlans_of), not in itself */
    struct vxlan *vxlan;     /* or NULL */
    /* A VLAN of a bridge or a link is a segment of its own, so whatever is true of wires is true of it; it has the name
     * of what it is a VLAN of.  Both NULL: it is none. */
    struct bridge *vlan_of;
    struct link *vlan_of_link;
    uint16_t vlan; /* 1 to 4094; 0: of a port that carries nothing without a tag */
};

/* A bridge that is a tunnel between two nodes (RFC 7348): the interfaces that these have at it are its ends. */
struct vxlan {
    uint32_t id;   /* VXLAN network identifier, 24 bits */
    uint16_t port; /* of UDP */
    struct {
        struct node *node;           /* NULL: could not be resolved */
        struct interface *interface; /* whose address is the tunnel's; NULL: see vxlan_addresses */
        struct mark mark;
    } ends[2];
    size_t end_count; /* two in a valid topology */
    struct mark mark;
};

/* Docker-like: a bridge whose members have addresses of `cidr` and find each other by the name service that each of
 * them has at 127.0.0.11.  Its host is its router: it translates what leaves, lets in only answers and what it
 * publishes. */
struct network {
    const char *name;
    struct mark mark, cidr_mark;
    struct prefix cidr;    /* IPv4, network form; family 0: could not be read */
    size_t index;          /* its place among the topology's */
    struct bridge *bridge; /* of the same name, not among those that are found by name */
    bool internal;         /* nobody beyond it is reached */
    struct node *host;     /* as `host:` says, else who publishes a port of a member; NULL: it has none */
    bool host_declared;
    struct mark host_mark;
    struct interface *gateway; /* the host's in it; NULL without a host */
};
/* "bridge" or "network": the kind by which a wire is named ("network/app"). */
const char *bridge_kind(const struct bridge *bridge);

/* VLANs and tunnels (vlan.c).  What stands in the file: the bridge that a segment is a VLAN of, or itself. */
struct bridge *bridge_whole(const struct bridge *bridge);
/* Does its port carry this VLAN with a tag?  Of a bridge without VLAN filtering, and of a link, it carries all. */
bool interface_carries(const struct interface *interface, uint16_t vlan);
/* " vlan 10", " vlan 10 20 tagged": what an interface has of VLANs, for people; "" where nothing. */
void interface_vlan_text(const struct interface *interface, struct str *out);
/* The addresses at which the tunnel of a bridge ends, in the order of `between`: those of the interfaces that are named
 * there, else of the first two that share a wire, else the first ones of one family.  False where there are none. */
bool vxlan_addresses(const struct bridge *bridge, struct addr out[2]);
/* What fits through the tunnel: that of the interfaces at its ends, less the headers outside (RFC 7348: 50 bytes, 70
 * over IPv6); or what the bridge says. */
uint32_t vxlan_mtu(const struct topology *topology, const struct bridge *bridge);
/* Which end of the tunnel a node is: 0, 1, or -1. */
int vxlan_end(const struct bridge *bridge, const struct node *node);
#define VXLAN_PORT 4789 /* RFC 7348, 5 */

struct link {
    const char *name;
    struct mark mark;              /* of its properties where declared, else of the first interface */
    bool declared;                 /* stands under links: */
    uint32_t mtu;                  /* both ends; 0 = default */
    struct impairment both;        /* each direction */
    struct impairment from_end[2]; /* overrides for packets that end[i] sends (`from:`) */
    /* By which name `both` and `from_end` were declared; their figures hold, the name is for whoever writes them down.
     */
    enum profile profile, from_profile[2];
    bool from_declared[2];
    struct interface *ends[2]; /* exactly two in a valid topology */
    size_t end_count;
};

/* ---- services ----------------------------------------------------------------------------------------------- */

enum service_kind {
    SERVICE_HTTP,
    SERVICE_TCP,
    SERVICE_TCP_ECHO,
    SERVICE_UDP_ECHO,
    SERVICE_DNS,
    SERVICE_PROXY,
    SERVICE_DHCP,
    SERVICE_BGP,
    SERVICE_OSPF,
    SERVICE_IPERF,
    SERVICE_EXEC,
    SERVICE_KIND_COUNT
};
const char *service_kind_name(enum service_kind kind); /* "http", "tcp", "tcp-echo", … */
struct service;
/* Where it listens if the file does not say; 0: nowhere, or the file must say. */
uint16_t service_default_port(const struct service *service);
/* The transports by which others reach what this kind listens on. */
bool service_listens_tcp(enum service_kind kind);
bool service_listens_udp(enum service_kind kind);

enum record_type {
    RECORD_A,
    RECORD_AAAA,
    RECORD_CNAME,
    RECORD_TXT,
    RECORD_MX,
    RECORD_SRV,
    RECORD_PTR,
    RECORD_NS,
    RECORD_TYPE_COUNT
};
const char *record_type_name(enum record_type type); /* "A" … */

struct dns_record {
    const char *name; /* relative to the zone, "@" = the zone itself */
    enum record_type type;
    const char *value; /* an address, a name, a text; MX and SRV: "10 mail", "0 5 5060 sip" */
    struct mark mark;
    struct mark value_mark;
    struct interface *interface; /* RECORD_A of the internet's zones whose value names a node ("web", "web/eth1") */
};

struct dns_zone {
    const char *name;
    struct dns_record *records;
    size_t record_count;
    struct mark mark;
};

struct dns_view { /* what a name server tells those who ask from these networks */
    const char *name;
    struct prefix *from;
    size_t from_count;
    struct dns_zone *zones; /* instead of the service's zones of the same name */
    size_t zone_count;
    struct mark mark;
};

struct http_route { /* what one path answers */
    const char *path, *body;
    const char *location; /* where a redirect leads, or NULL */
    uint32_t status;      /* 200; with a location 302 */
    struct mark mark;
};

struct service {
    const char *name;
    struct mark mark;
    struct node *node;
    enum service_kind kind;
    uint16_t port;    /* service_default_port, else required */
    struct addr bind; /* family 0 = every address */
    /* http */
    const char *body;  /* default: "NODE\n" */
    uint32_t status;   /* 200 */
    int64_t delay;     /* nanoseconds before the answer */
    uint32_t truncate; /* bytes of a body that are sent; 0 = all */
    struct http_route *routes;
    size_t route_count;
    struct service_tls tls;
    struct proxy *proxy;     /* of its kind, else NULL */
    struct dhcp *dhcp;       /* likewise */
    struct routing *routing; /* of kind bgp and ospf */
    /* tcp */
    const char *banner; /* or NULL */
    /* dns */
    struct dns_zone *zones;
    size_t zone_count;
    struct addr *forward;
    size_t forward_count;
    bool recursion;             /* true */
    uint32_t ttl, negative_ttl; /* seconds; 60: of records, and of "there is no such name" */
    struct dns_view *views;     /* the first that has the asker counts */
    size_t view_count;
    /* exec */
    const char *user;       /* one of the node's, or NULL: root */
    struct strings command; /* argv; one string alone is a command line, split or run by /bin/sh -c */
    uint16_t ready_port;    /* ready: { tcp: port }; 0: ready when it has run for a moment */
    int64_t ready_within;   /* nanoseconds; 0 = as long as every service has */
    enum protocol ready_protocol;
};

/* Routers that learn (routing.c).  The service of a kind on a node, or NULL. */
const struct service *node_service_of(const struct node *node, enum service_kind kind);
/* Whether both ends mean this session: each names the other, with the number that the other has. */
bool bgp_agreed(const struct service *service, const struct bgp_neighbour *neighbour);
/* Whether another router on the wire is in the same area, and talks. */
bool ospf_agreed(const struct topology *topology, const struct ospf_area *area, const struct ospf_interface *interface);
/* What it calls itself: declared, or the node's first IPv4 address; family 0 = it has none. */
struct addr router_id(const struct node *node);

/* Addresses from the wire (dhcp.c). */
/* Whether two interfaces are on one bridge or one link. */
bool share_wire(const struct interface *a, const struct interface *b);
/* The node's interface in whose network the address is, NULL where none is. */
const struct interface *dhcp_interface(const struct service *service, const struct addr *addr);
/* What clients on the wire of that interface are told: their router, their i-th name server; family 0 = none. */
struct addr dhcp_router(const struct service *service, const struct interface *interface);
struct addr dhcp_name_server(const struct service *service, const struct interface *interface, size_t i);
/* Whether it has no address but those that a DHCP server will give it, and none is reserved. */
bool node_waits_for_lease(const struct node *node);
/* Whether some service hands out this address, reserved for nobody, on the wire of the interface. */
bool dhcp_hands_out(const struct topology *topology, const struct interface *interface, const struct addr *addr);
/* The i-th service that hands out IPv4 addresses on the wire of an interface, and the interface by which; NULL. */
const struct service *dhcp_server(const struct topology *topology, const struct interface *client, size_t i,
                                  const struct interface **server);
/* The /64 that routers are advertised for at this interface of theirs; family 0 = none. */
struct prefix advertised_network(const struct interface *interface);
/* The address that a machine gives itself there (RFC 4291 appendix A: EUI-64). */
struct addr slaac_address(const struct prefix *network, const struct mac *mac);
struct prefix link_local_address(const struct mac *mac);

struct label {
    const char *key, *value;
};

struct node {
    const char *name;
    struct mark mark;
    struct interface **interfaces;
    size_t interface_count;
    bool interfaces_inline; /* one interface whose keys stand at the node */
    bool forwarding;
    struct node_route *routes;
    size_t route_count;
    struct node_rule *rules;
    size_t rule_count;
    struct node_nat nat;
    struct published *published; /* `publish:` */
    size_t published_count;
    const char *nftables; /* verbatim ruleset or NULL */
    struct mark nftables_mark;
    struct sysctl *sysctls;
    size_t sysctl_count;
    struct resolver resolver;
    struct host_entry *hosts;
    size_t host_count;
    struct node_file *files;
    size_t file_count;
    struct strings run;
    struct mark *run_marks;
    struct label *labels;
    size_t label_count;
    struct service **services;
    size_t service_count;
    struct certificate *certificates; /* for programs of its own */
    size_t certificate_count;
    struct strings requires; /* programs */
    struct mark *requires_marks;
};

struct defaults {
    uint32_t mtu;                   /* 0 = what holds there: default_mtu() */
    const char *congestion_control; /* "cubic" */
};

/* The MTU of what says nothing else: that of defaults, or what holds there.  In a VPC it is that of the cloud (Amazon
 * EC2 User Guide, "Network maximum transmission unit"). */
enum mtu_scope { MTU_WIRE, MTU_VPC, MTU_TRANSIT_GATEWAY, MTU_SCOPE_COUNT };
uint32_t default_mtu(const struct defaults *defaults, enum mtu_scope scope); /* 1500, 9001, 8500 */

/* The simulated internet: what the author says of it. */
struct internet {
    bool zones_declared; /* the key stands there, be it with nothing in it */
    struct dns_zone *zones;
    size_t zone_count;
    uint32_t ttl, negative_ttl; /* seconds; 60: of its records, and of "there is no such name" */
    int64_t delay;              /* nanoseconds, one way, of each attachment */
    struct mark mark;
};

struct topology {
    struct arena *arena;
    const char *name; /* lab: */
    struct mark name_mark;
    const char *title; /* or NULL */
    struct defaults defaults;
    struct internet internet;
    struct vpc **vpcs;
    size_t vpc_count;
    struct peering **peerings;
    size_t peering_count;
    struct transit_gateway **transit_gateways;
    size_t transit_gateway_count;
    struct cloud_service **cloud_services; /* `services:` at the top */
    size_t cloud_service_count;
    struct bridge **bridges; /* with those of networks */
    size_t bridge_count;
    struct bridge **vlans; /* segments of bridges and links, in order of first appearance; not among the bridges */
    size_t vlan_count;
    struct network **networks;
    size_t network_count;
    struct policy **policies;
    size_t policy_count;
    struct link **links; /* declared and implied, in order of first appearance */
    size_t link_count;
    struct node **nodes;
    size_t node_count;
    struct check **checks;
    size_t check_count;
    struct map *node_by_name, *vpc_by_name, *bridge_by_name, *network_by_name, *link_by_name;
};

/* Look-ups by name; NULL where absent. */
struct node *topology_node(const struct topology *topology, const char *name);
struct vpc *topology_vpc(const struct topology *topology, const char *name);
struct bridge *topology_bridge(const struct topology *topology, const char *name);
struct network *topology_network(const struct topology *topology, const char *name);
struct link *topology_link(const struct topology *topology, const char *name);
struct interface *node_interface(const struct node *node, const char *name);
/* Whether an address may be missing only because something could not be read, which was reported; never in a valid
 * topology. */
bool interface_misread(const struct interface *interface);
bool node_misread(const struct node *node);
/* Is a default route of this family written out?  Then a gateway that the loader filled in gives way. */
bool node_declares_default(const struct node *node, unsigned family);
struct service *node_service(const struct node *node, const char *name);
struct subnet *vpc_subnet(const struct vpc *vpc, const char *name);
struct route_table *vpc_route_table(const struct vpc *vpc, const char *name);
struct nat_gateway *vpc_nat_gateway(const struct vpc *vpc, const char *name);
struct security_group *vpc_security_group(const struct vpc *vpc, const char *name);
struct network_acl *vpc_network_acl(const struct vpc *vpc, const char *name);
struct prefix_list *vpc_prefix_list(const struct vpc *vpc, const char *name);

/* The VPC's own addresses: its first network, the secondary ones and the IPv6 one.  The i-th of vpc_network_count();
 * family 0 where it could not be read. */
size_t vpc_network_count(const struct vpc *vpc);
struct prefix vpc_network(const struct vpc *vpc, size_t i);
struct mark vpc_network_mark(const struct vpc *vpc, size_t i);
bool vpc_has_ipv6(const struct vpc *vpc);
/* The router of an interface's IPv6 in a subnet (base + 1) or on the internet: the node's default route, beyond the
 * interface, as its address stands alone; family 0 where it has none. */
struct addr interface_ipv6_router(const struct interface *interface);
extern const struct addr internet_ipv6_core;
/* The metric of the n-th default gateway that a node has of a family, from 0: the first counts, the others stand by. */
uint32_t gateway_metric(unsigned family, uint32_t n);
#define IPV6_METRIC 1024 /* what the kernel makes of none in IPv6 (IP6_RT_PRIO_USER) */
/* By which gateway the internet reaches a subnet's IPv6: the one that the subnet's own table leads to with its default
 * route, else with any other; TARGET_BLACKHOLE: by none. */
enum route_target_kind subnet_ipv6_gateway(const struct subnet *subnet);
/* Whether an address, a whole network, is among them: the local route leads there. */
bool vpc_has(const struct vpc *vpc, const struct addr *addr);
bool vpc_covers(const struct vpc *vpc, const struct prefix *network);

/* TCP's congestion control of a node: its own setting, that of defaults, or cubic, the same on every machine, whatever
 * the machine's own (bbr hides loss). */
const char *node_congestion_control(const struct topology *topology, const struct node *node);

/* One way to name a thing (topology(5), "One way to name a thing"). */
enum thing_kind {
    THING_NONE,
    THING_NODE,
    THING_INTERFACE,
    THING_SERVICE,
    THING_VPC,
    THING_SUBNET,
    THING_ROUTE_TABLE,
    THING_NAT_GATEWAY,
    THING_INTERNET_GATEWAY,
    THING_EGRESS_ONLY_GATEWAY,
    THING_SECURITY_GROUP,
    THING_NETWORK_ACL,
    THING_PREFIX_LIST,
    THING_ENDPOINT,
    THING_ZONE, /* "internet/zone/shop.test" */
    THING_PEERING,
    THING_TRANSIT_GATEWAY,
    THING_TRANSIT_TABLE, /* "transit_gateway/hub/route_table/shared" */
    THING_CLOUD_SERVICE, /* "service/orders" */
    THING_BRIDGE,
    THING_LINK,
    THING_KIND_COUNT
};
const char *thing_kind_name(enum thing_kind kind); /* "node", "interface", "security_group", … */
struct thing {
    enum thing_kind kind;
    struct node *node;
    struct interface *interface;
    struct service *service;
    struct vpc *vpc;
    struct subnet *subnet;
    struct route_table *route_table;
    struct nat_gateway *nat_gateway;
    struct security_group *security_group;
    struct network_acl *network_acl;
    struct prefix_list *prefix_list;
    struct endpoint *endpoint;
    struct peering *peering;
    struct transit_gateway *transit_gateway;
    struct transit_table *transit_table;
    struct cloud_service *cloud_service;
    struct bridge *bridge;
    struct link *link;
    struct dns_zone *zone; /* of the internet */
};
/* The network that an interface is in, or NULL. */
struct network *interface_network(const struct interface *interface);
/* Is the node in a network of which it is not the host?  And in nothing else but such: a container. */
bool node_is_member(const struct node *node);
bool node_is_container(const struct node *node);
/* The address to which a published port leads: family 0 where it leads nowhere. */
struct addr published_target(const struct published *published);
/* The MTU of an interface: its own, that of its segment, or the default one. */
uint32_t interface_mtu(const struct topology *topology, const struct interface *interface);
/* Whether anything of it has IPv6: then all machines on the internet have. */
bool topology_uses_ipv6(const struct topology *topology);
/* The simulated internet is there only when used: by an internet gateway, by a machine on it, or by its names. */
bool topology_uses_internet(const struct topology *topology);
/* Resolves "node/db", "node/db/eth0", "node/web/service/http", "vpc/main/subnet/private", "link/uplink" …; a bare name
 * is taken as a node's, "db/eth0" as a node's interface.  THING_NONE where nothing of that name exists; then, if
 * `nearest` is not NULL, it receives the nearest existing full name or NULL. */
struct thing topology_thing(const struct topology *topology, const char *name, const char **nearest);
/* The full names of all things. */
struct strings topology_things(const struct topology *topology, struct arena *arena);
/* The full name of a thing, in the topology's arena. */
const char *thing_name(const struct topology *topology, const struct thing *thing);

/* The address by which `from` reaches `to` (its interface, where not NULL): on a shared segment that one; inside one
 * VPC, and across a peering or a transit gateway, the private address; from elsewhere the public one; family 0 where
 * there is none that could be used.  `family` 0 = any (IPv4 first), 4, 6. */
struct addr topology_address_of(const struct topology *topology, const struct node *from, const struct node *to,
                                const struct interface *interface, unsigned family);
