/* What the richer kinds of services are made of: certificates, proxies, address servers, routing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mark.h"

struct node;

struct strings { /* a list of texts */
    const char **items;
    size_t count;
};

enum tls_version { TLS_ANY, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, TLS_VERSION_COUNT };
const char *tls_version_name(enum tls_version version); /* "1.2" */

/* ---- certificates ------------------------------------------------------------------------------------------------ */

/* What a certificate of the lab's authority is worth. */
enum certificate_state {
    CERTIFICATE_VALID,
    CERTIFICATE_EXPIRED,
    CERTIFICATE_NOT_YET_VALID,
    CERTIFICATE_WRONG_NAME,
    CERTIFICATE_SELF_SIGNED,
    CERTIFICATE_MISSING_INTERMEDIATE,
    CERTIFICATE_STATE_COUNT
};
const char *certificate_state_name(enum certificate_state state); /* "valid", "not-yet-valid", … */

struct certificate {
    const char *name; /* of its files: NAME.pem, NAME.key */
    struct mark mark;
    enum certificate_state state;
    struct strings names; /* whom it is for; empty: the node */
    struct mark *name_marks;
};

struct service_tls {
    bool on;
    struct mark mark;
    struct certificate certificate;
    enum tls_version min_version;                                       /* TLS_1_2 */
    enum { CLIENTS_ANY, CLIENTS_CERTIFIED, CLIENT_MODE_COUNT } clients; /* client_certificate: none, required */
};

/* ---- dhcp ------------------------------------------------------------------------------------------------------- */

struct dhcp_range { /* from which clients get addresses */
    struct addr first, last;
    struct mark mark;
};

struct dhcp_reservation {
    const char *name;         /* as written: a node, a node's interface, a MAC address */
    struct interface *client; /* NULL: a device that is no part of the lab */
    struct mac mac;
    struct addr addr;
    struct mark mark, addr_mark;
};

/* Who hands out addresses on the wires of its node: each range and reservation is for the interface in whose network it
 * lies. */
struct dhcp {
    struct dhcp_range *ranges;
    size_t range_count;
    struct dhcp_reservation *reservations;
    size_t reservation_count;
    uint32_t lease;          /* seconds; 3600 */
    struct addr router;      /* family 0: the node's own address on the wire, where it forwards */
    struct mark router_mark; /* line 0 where it is not declared */
    struct addr *dns;        /* none: the node's own address, where it has a dns service */
    size_t dns_count;
    const char *domain;         /* or NULL */
    bool unread;                /* some of it could not be read (reported): it may have more */
    bool router_advertisements; /* for IPv6, on every wire where the node has a /64 */
};

/* ---- routing ----------------------------------------------------------------------------------------------------- */

/* What a router tells others of, beside what it has from the protocol itself. */
enum redistribute {
    REDISTRIBUTE_CONNECTED,
    REDISTRIBUTE_STATIC,
    REDISTRIBUTE_BGP,
    REDISTRIBUTE_OSPF,
    REDISTRIBUTE_COUNT
};
const char *redistribute_name(enum redistribute what); /* "connected", … */

struct prefixes {
    struct prefix *items;
    size_t count;
};

/* Whom a router talks BGP with.  Where a node is named, by each family of which both have an address on one wire. */
struct bgp_neighbour {
    const char *name;            /* as written: a node, NODE/INTERFACE, an address */
    const struct node *node;     /* NULL: nobody of the lab has the address */
    struct addr addr[2], own[2]; /* IPv4, IPv6: the far end and the near one; family 0 = no session */
    bool on_wire;                /* both on one; else the session goes over other routers */
    uint32_t as;
    bool has_import, has_export;    /* else everything */
    struct prefixes import, export; /* these networks and what lies in them */
    uint32_t preference;            /* of what it tells (LOCAL_PREF); 0 = not set, which counts as 100 */
    uint32_t prepend;               /* how often the own AS stands before what it is told, once more */
    struct mark mark, as_mark;
};

struct bgp {
    uint32_t as;
    struct mark as_mark;
    struct bgp_neighbour *neighbours;
    size_t neighbour_count;
    struct prefixes networks; /* that it announces as its own */
    uint32_t hold;            /* seconds; 9 */
};

struct ospf_interface {
    const char *name;
    const struct interface *interface; /* NULL: a rule says so */
    uint32_t cost;                     /* 0 = 10 */
    bool passive;
    struct mark mark;
};

struct ospf_area {
    uint32_t id;
    bool stub;
    struct ospf_interface *interfaces;
    size_t interface_count;
    struct mark mark;
};

struct ospf {
    struct ospf_area *areas;
    size_t area_count;
    uint32_t hello, dead; /* seconds; 1, 4 */
};

struct routing {           /* of a service of kind bgp or ospf */
    struct addr router_id; /* family 0: the node's first IPv4 address */
    bool redistribute[REDISTRIBUTE_COUNT];
    struct bgp bgp;
    struct ospf ospf;
};

/* ---- proxy ------------------------------------------------------------------------------------------------------- */

struct upstream {                      /* one server behind a proxy or a forwarded port */
    const struct node *node;           /* or NULL: */
    struct addr addr;                  /* as written */
    const struct interface *interface; /* of the node, or NULL */
    uint16_t port;                     /* 0: not written, the proxy's own */
    uint32_t weight;                   /* 1 */
    bool backup;                       /* only while no other lives */
    struct mark mark;
};

enum balance { BALANCE_ROUND_ROBIN, BALANCE_LEAST, BALANCE_SOURCE, BALANCE_COUNT };
enum sticky { STICKY_NONE, STICKY_COOKIE, STICKY_SOURCE, STICKY_COUNT };

struct health_check {
    bool on;
    const char *path; /* asked for, or NULL: a connection is enough */
    int64_t interval; /* nanoseconds; 1 s */
    uint32_t fall, rise;
};

struct rate_limit {    /* of each client */
    uint32_t requests; /* 0 = none */
    int64_t per;       /* nanoseconds */
};

/* Where requests go, and how they are spread. */
struct server_pool {
    struct upstream **upstreams;
    size_t upstream_count;
    enum balance balance;
    enum sticky sticky;
    struct health_check health;
    struct rate_limit limit;
    bool balance_declared, sticky_declared, health_declared, limit_declared; /* else those of the proxy */
};

struct proxy_route {
    const char *host, *path; /* NULL = any; a path is a prefix of whole parts */
    const char *redirect;    /* "https", or a URL; NULL = to the pool */
    struct server_pool pool;
    struct mark mark;
};

struct proxy {
    enum { PROXY_HTTP, PROXY_TCP, PROXY_MODE_COUNT } mode;
    struct server_pool pool; /* for what no route takes */
    struct proxy_route *routes;
    size_t route_count;
};
