/* Parts of a topology: a VPC, and who may pass in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mark.h"

struct interface;
struct network_acl;
struct peering;
struct route_table;
struct transit_gateway;
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

/* ---- tracking.c: which flows the groups of an interface remember ---- */
enum side { INGRESS, EGRESS };
/* Is the rule about packets of that protocol and any address of that family? */
bool security_rule_is_for_any(const struct security_rule *rule, enum protocol protocol, unsigned family);
/* Do they allow all of the protocol in that direction, with any address? */
bool groups_allow_everything(struct security_group *const *groups, size_t group_count, enum side side,
                             enum protocol protocol, unsigned family);
/* Is a flow tracked whose first packet, to that port, they let pass in that direction? */
bool groups_track(struct security_group *const *groups, size_t group_count, enum side side, enum protocol protocol,
                  unsigned family, uint16_t port);

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
    bool unread; /* public_ips could not be read (reported) */
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
    bool unread; /* cidr, ipv6_cidr or internet_gateway could not be read (reported) */
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
