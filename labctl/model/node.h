/* Parts of a topology: what a node consists of. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mark.h"
#include "model/services.h"
#include "model/vpc.h"

struct bridge;
struct link;
struct network;
struct node;
struct subnet;

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
    bool unread;              /* an address of its own, inside or public, could not be read (reported) */
    bool address_allotted;    /* the first one was allotted, not declared */
    struct addr gateway;      /* family 0 = none; SUBNET, INTERNET: the loader's unless `gateway: none` */
    struct mark gateway_mark; /* line 0 where filled in */
    struct addr ipv6_gateway; /* slaac: an address of the router that is heard of; family 0 = none */
    struct mac mac;           /* declared or a function of the name */
    bool mac_declared;
    uint32_t mtu; /* 0 = the segment's */
    bool down;    /* `up: false` */
    /* VLANs.  Of a port: the one that it is in without a tag (0 = none), and those that it carries with one; of an
     * interface that stands on another one (`parent:`): its tag. */
    uint16_t vlan, *tagged;
    size_t tagged_count;
    struct mark vlan_mark;    /* line 0 where it is not declared */
    struct interface *parent; /* or NULL */
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
