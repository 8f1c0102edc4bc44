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
#include "model/connection.h"
#include "model/policy.h"
#include "model/services.h"

struct arena;
struct map;
struct check;
struct node;
struct vpc;

/* ---- who may pass ------------------------------------------------------------------------------------------- */

enum protocol { PROTOCOL_ALL, PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_COUNT };
const char *protocol_name(enum protocol protocol); /* "all", "tcp", … */

struct port_range {
    uint16_t first, last; /* inclusive */
};

/* ICMP messages (icmp_type:, icmp_code:), by number: RFC 792, RFC 4443. */
struct icmp_match {
    bool has_type, has_code; /* false = any; a code only with a type */
    uint8_t type, code;
};
/* The name of a type ("echo-request"), or NULL where it has none here; the type of a name, or -1. */
const char *icmp_type_name(enum protocol protocol, uint8_t type);
int icmp_type_number(enum protocol protocol, const char *name);
struct strings icmp_type_names(enum protocol protocol, struct arena *arena);

/* A named list of networks. */
struct prefix_list {
    const char *name;
    struct mark mark;
    struct vpc *vpc;
    struct prefix *entries; /* at least one */
    struct mark *entry_marks;
    size_t entry_count;
};

/* The far side of a rule (from:/to:).  A prefix list stands as one PEER_PREFIX for each of its entries, in its order,
 * each with `list`. */
enum peer_kind { PEER_PREFIX, PEER_ANY4, PEER_ANY6, PEER_ANY, PEER_GROUP, PEER_KIND_COUNT };
struct peer {
    enum peer_kind kind;
    struct prefix prefix;           /* PEER_PREFIX, network form */
    const struct prefix_list *list; /* that it is an entry of, or NULL */
    struct security_group *group;   /* PEER_GROUP; never in a network ACL */
    struct mark mark;
};

/* What a rule of a security group, or of a network ACL, is about. */
struct security_rule {
    enum protocol protocol;
    struct port_range *ports; /* empty = all ports */
    size_t port_count;
    struct icmp_match icmp; /* protocol icmp, icmpv6 */
    struct peer *peers;     /* from (ingress) or to (egress); at least one: a list means "any of these" */
    size_t peer_count;
    const char *description; /* or NULL */
    struct mark mark;
};

struct security_group {
    const char *name;
    struct mark mark;
    struct vpc *vpc;
    bool is_default;      /* made by the loader where the file does not declare a group called "default" */
    bool egress_declared; /* without it everything may leave */
    struct security_rule *ingress, *egress;
    size_t ingress_count, egress_count;
};

enum acl_action { ACL_ALLOW, ACL_DENY, ACL_ACTION_COUNT };
const char *acl_action_name(enum acl_action action); /* "allow", "deny" */

struct acl_rule {
    struct security_rule match; /* destination ports; peers are the far side's addresses */
    uint16_t number;            /* `rule:`, 1 to 32766, its own in its direction */
    enum acl_action action;
};

/* Stateless, at the border of the subnets that have it: the first rule that matches decides, what matches none is
 * denied.  A direction that is not declared lets everything pass (the default ACL has none declared). */
struct network_acl {
    const char *name;
    struct mark mark;
    struct vpc *vpc;
    bool is_default; /* made by the loader where the file does not declare an ACL called "default" */
    bool ingress_declared, egress_declared;
    struct acl_rule *ingress, *egress; /* by ascending number */
    size_t ingress_count, egress_count;
};

/* ---- VPC ---------------------------------------------------------------------------------------------------- */

enum route_target_kind {
    TARGET_LOCAL,
    TARGET_INTERNET_GATEWAY,
    TARGET_NAT_GATEWAY,
    TARGET_NODE,
    TARGET_PEERING,
    TARGET_TRANSIT_GATEWAY,
    TARGET_EGRESS_ONLY_GATEWAY,
    TARGET_BLACKHOLE,
    TARGET_MISSING, /* names a thing that does not exist (any more): state blackhole, a warning (row 20) */
    TARGET_KIND_COUNT
};

/* A route to a prefix list stands as one route for each of its entries, in its order, each with `list`. */
struct vpc_route {
    struct prefix destination;
    const struct prefix_list *list; /* that the destination is an entry of, or NULL */
    enum route_target_kind target;
    const char *target_text;                 /* as written, shortened to the VPC's own names ("nat_gateway/nat") */
    struct nat_gateway *nat_gateway;         /* TARGET_NAT_GATEWAY */
    struct interface *interface;             /* TARGET_NODE: the interface of that node in this VPC */
    struct peering *peering;                 /* TARGET_PEERING: one of this VPC, where rules/ found no error */
    struct transit_gateway *transit_gateway; /* TARGET_TRANSIT_GATEWAY: one that this VPC is attached to, likewise */
    struct mark mark;
};

struct route_table {
    const char *name; /* "main" is the table of subnets that name none */
    struct mark mark;
    struct vpc *vpc;
    struct vpc_route *routes; /* without the VPC's local route, which every table has */
    size_t route_count;
};

struct subnet {
    const char *name;
    struct mark mark, cidr_mark;
    struct vpc *vpc;
    struct prefix cidr;
    struct prefix ipv6_cidr;         /* /64, declared or allotted; family 0 = none */
    struct mark ipv6_mark;           /* line 0 where it is not declared */
    bool ipv6_off;                   /* `ipv6_cidr: false`: none, though the VPC has IPv6 */
    const char *zone;                /* availability zone, or NULL */
    struct route_table *route_table; /* NULL where the VPC has no table `main` and none is named: local only */
    struct network_acl *network_acl; /* the VPC's default one where none is named; never NULL in a valid topology */
    bool public_ips;
};

struct nat_gateway {
    const char *name;
    struct mark mark;
    struct vpc *vpc;
    struct subnet *subnet;
    struct addr address;   /* private, allotted */
    struct addr public_ip; /* declared or allotted; family 0 where the VPC has no internet gateway */
    bool public_ip_declared;
    struct port_range ports; /* 1024-65535 */
    int64_t idle_timeout;    /* nanoseconds; 350 s */
};

/* Which records `labctl flow-logs` gives (flow_logs:). */
enum flow_logs { FLOW_LOGS_ALL, FLOW_LOGS_ACCEPT, FLOW_LOGS_REJECT, FLOW_LOGS_NONE, FLOW_LOGS_COUNT };
const char *flow_logs_name(enum flow_logs which); /* "all", "accept", … */

struct vpc {
    const char *name;
    struct mark mark, cidr_mark;
    struct prefix cidr;       /* the first one: the resolver is in it */
    struct prefix *cidrs;     /* secondary ones */
    struct mark *cidr_marks;  /* of the secondary ones */
    size_t cidr_count;        /* of the secondary ones */
    struct prefix ipv6_cidr;  /* /56, declared or allotted; family 0 = none */
    struct mark ipv6_mark;    /* line 0 where it is not declared */
    bool ipv6_allotted;       /* `ipv6_cidr: true` */
    bool egress_only_gateway; /* IPv6: out and nothing in */
    enum flow_logs flow_logs;
    bool dns_support, dns_hostnames;
    const char *zone; /* dns.zone; default "NAME.internal" */
    bool internet_gateway;
    struct subnet **subnets;
    size_t subnet_count;
    struct route_table **route_tables;
    size_t route_table_count;
    struct nat_gateway **nat_gateways;
    size_t nat_gateway_count;
    struct security_group **security_groups; /* with the default group */
    size_t security_group_count;
    struct network_acl **network_acls; /* with the default one */
    size_t network_acl_count;
    struct prefix_list **prefix_lists;
    size_t prefix_list_count;
    struct endpoint **endpoints;
    size_t endpoint_count;
};

/* ---- L2 ----------------------------------------------------------------------------------------------------- */

struct bridge {
    const char *name;
    struct mark mark;
    bool stp;
    uint32_t mtu;            /* 0 = default */
    bool arp_dynamic;        /* `arp: dynamic`: no permanent neighbour entries in this segment */
    bool declared;           /* false: made because an interface names it (never: a dangling bridge name is an error) */
    struct network *network; /* that it is the wire of; NULL: it stands under bridges: */
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

struct link {
    const char *name;
    struct mark mark;              /* of its properties where declared, else of the first interface */
    bool declared;                 /* stands under links: */
    uint32_t mtu;                  /* both ends; 0 = default */
    struct impairment both;        /* each direction */
    struct impairment from_end[2]; /* overrides for packets that end[i] sends (`from:`) */
    bool from_declared[2];
    struct interface *ends[2]; /* exactly two in a valid topology */
    size_t end_count;
};

/* ---- nodes -------------------------------------------------------------------------------------------------- */

enum attachment { ATTACH_NONE, ATTACH_SUBNET, ATTACH_BRIDGE, ATTACH_LINK, ATTACH_INTERNET, ATTACH_COUNT };

struct interface {
    const char *name; /* up to 15 characters; "eth0" where the keys stand at the node */
    struct mark mark;
    struct node *node;          /* NULL: of an endpoint or of a service's load balancer (connection.h) */
    enum attachment attachment; /* a network is its bridge */
    const char *attachment_key; /* as written: "network" */
    struct mark attachment_mark;
    bool made; /* by the loader: a host's in a network of its own */
    struct subnet *subnet;
    struct bridge *bridge;
    struct link *link;
    struct prefix *addresses;   /* declared or allotted; SUBNET: of the subnet's length, INTERNET: /24 */
    struct mark *address_marks; /* one each; line 0 where allotted */
    size_t address_count;
    size_t added_count; /* the last of them, which the loader gave: IPv6 in a subnet or on the internet, dhcp, slaac */
    bool dhcp, slaac;   /* it gets its address from the wire: addresses of that family are those that it will have */
    struct mark dhcp_mark, slaac_mark;
    bool address_allotted;    /* the first one was allotted, not declared */
    struct addr gateway;      /* family 0 = none; SUBNET, INTERNET: the loader's unless `gateway: none` */
    struct mark gateway_mark; /* line 0 where filled in */
    struct addr ipv6_gateway; /* slaac: an address of the router that is heard of; family 0 = none */
    struct mac mac;           /* declared or a function of the name */
    bool mac_declared;
    uint32_t mtu; /* 0 = the segment's */
    bool down;    /* `up: false` */
    enum { PUBLIC_IP_DEFAULT, PUBLIC_IP_NO, PUBLIC_IP_YES, PUBLIC_IP_ADDRESS } public_ip_mode;
    bool source_dest_check; /* true: neither sends nor gets packets that are not from or to its own addresses */
    struct mark source_dest_check_mark; /* line 0 where it is not declared */
    struct addr public_ip;              /* effective: family 0 = none; declared or allotted */
    struct mark public_ip_mark;
    struct security_group **security_groups; /* SUBNET: at least the default group */
    struct mark *security_group_marks;
    size_t security_group_count;
    bool security_groups_declared;
};

enum route_type { ROUTE_UNICAST, ROUTE_BLACKHOLE, ROUTE_UNREACHABLE, ROUTE_PROHIBIT, ROUTE_TYPE_COUNT };
const char *route_type_name(enum route_type type);

struct node_route {
    struct prefix destination; /* default = /0 of via's family (IPv4 where there is none) */
    struct addr via;           /* family 0 = none */
    const char *device;        /* interface name or NULL */
    uint32_t table;            /* 0 = main */
    uint32_t metric, weight;   /* 0 = none */
    struct addr source;        /* src: */
    enum route_type type;
    struct mark mark;
};

struct node_rule { /* policy routing */
    uint32_t priority;
    struct prefix from, to;         /* family 0 = any */
    const char *input_interface;    /* iif, or NULL */
    uint32_t mark_value, mark_mask; /* fwmark; mask 0 = none */
    uint32_t table;
    struct mark mark;
};

struct forward_target {
    struct addr to;
    uint16_t to_port;
    uint32_t weight;
};

struct port_forward {
    enum protocol protocol; /* tcp or udp */
    uint16_t port;
    struct addr to;
    uint16_t to_port;
    /* A list of targets: the first is `to`, with this weight; the others follow.  One is chosen for each flow. */
    uint32_t weight; /* 1 */
    struct forward_target *more;
    size_t more_count;
    enum balance balance;  /* BALANCE_ROUND_ROBIN or BALANCE_SOURCE */
    const char *interface; /* `in:`, or NULL = any masqueraded interface */
    struct mark mark;
};

struct node_nat {
    struct strings masquerade; /* interface names */
    struct port_forward *forwards;
    size_t forward_count;
    struct mark mark;
};

/* A port of a network's host that leads to one of a member. */
struct published {
    enum protocol protocol;         /* tcp or udp */
    struct addr address;            /* of the host, at which it is published; family 0: all of them */
    uint16_t port;                  /* of the host */
    const char *target_name;        /* of the node, as written */
    const struct interface *target; /* where it leads: NULL where there is no such member (reported) */
    uint16_t target_port;
    struct mark mark;
};

struct node_file {
    const char *path;    /* absolute, in the node */
    const char *content; /* with its length: may hold NUL */
    size_t length;
    const char *source; /* path as written with `source:`, else NULL (content is read) */
    uint32_t mode;      /* 0644 */
    struct mark mark;
};

struct sysctl {
    const char *key, *value; /* "net.ipv4.conf.all.rp_filter" */
    struct mark mark;
};

struct resolver {
    bool declared;
    struct addr *servers;
    size_t server_count;
    struct strings search;
    struct strings options; /* resolv.conf options, e.g. "ndots:2" */
    struct mark mark;
};

struct host_entry {
    const char *name;
    struct addr addr;
    struct mark mark;
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
    const char *body; /* default: "NODE\n" */
    uint32_t status;  /* 200 */
    int64_t delay;    /* nanoseconds before the answer */
    struct http_route *routes;
    size_t route_count;
    struct service_tls tls;
    struct proxy *proxy; /* of its kind, else NULL */
    struct dhcp *dhcp;   /* likewise */
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
    struct strings command; /* argv; one string in YAML is run by /bin/sh -c */
    uint16_t ready_port;    /* ready: { tcp: port }; 0 = ready as soon as it runs */
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
