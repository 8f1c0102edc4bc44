/* The device plan: everything that a lab is, as data.
 *
 * A plan knows namespaces, links, addresses, neighbours, routes, rules, sysctls, nft tables, files and processes; no
 * VPC. It is made by lower/, rewritten by fault/ (machine side), compared by plan/difference.h and executed by lab/.
 * Each item carries `origin`, the name of the topology thing that it comes from ("vpc/main/route_table/private"), for
 * messages only: it never reaches a node.  Everything lives in plan->arena.  Items refer to a namespace by its index in
 * plan->namespaces, and to an interface by (namespace, name).
 *
 * The world that a plan describes:
 *   - the fabric: the lab's own namespace; bridges and the far ends of node interfaces live there;
 *   - cloud namespaces: VPC routers, gateways, the internet core: a network namespace without a container around it;
 *   - nodes: light containers (own user, network, mount, pid, uts, ipc namespace).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "link/impairment.h"

struct arena;

enum namespace_kind { NAMESPACE_FABRIC, NAMESPACE_CLOUD, NAMESPACE_NODE, NAMESPACE_KIND_COUNT };

struct plan_namespace {
    const char *name; /* "fabric", "vpc/main", "vpc/main/internet_gateway", "vpc/main/nat_gateway/nat", "internet", or
                         the node's own name "web" */
    enum namespace_kind kind;
    const char *origin;
    bool ipv6;           /* any IPv6 address on it: otherwise IPv6 is switched off in it */
    uint32_t hosts_view; /* nodes: index into plan->hosts_views */
};

/* One /etc/hosts for all nodes that see the same addresses; lies in the shared lower layer. */
struct plan_hosts_view {
    const char *content;
};

struct plan_bridge {
    uint32_t ns;
    const char *name; /* up to 15 characters, made by lower/ */
    const char *origin;
    bool stp;
    bool vlan_filtering; /* its ports are in the VLANs that their ends of links say, and in no other */
    uint32_t mtu;
};

/* A VLAN (IEEE 802.1Q, 1 to 4094) that a port of a bridge with VLAN filtering carries. */
struct plan_vlan {
    uint16_t id;
    bool untagged; /* its packets leave without a tag, and what comes in without one is in it (the PVID) */
};

/* A veth pair; either end may be a bridge port.  Both names are final: nothing is renamed or moved later. */
struct plan_link_end {
    uint32_t ns;
    const char *name;
    const char *master; /* bridge in the same namespace, or NULL */
    struct mac mac;
    bool down;                     /* leave administratively down */
    const struct plan_vlan *vlans; /* of a port of a bridge with VLAN filtering, by number */
    size_t vlan_count;
};
struct plan_link {
    struct plan_link_end end[2]; /* end[0]: the node's side; end[1]: the far side (fabric or cloud) */
    uint32_t mtu;                /* of both ends; 0 = 1500 */
    const char *origin;
};

/* An interface that has no wire of its own: what it sends leaves by others of its node, with a tag, or in a tunnel. */
enum plan_device_kind { PLAN_DEVICE_VLAN, PLAN_DEVICE_VXLAN, PLAN_DEVICE_KIND_COUNT };
struct plan_device {
    uint32_t ns; /* a node */
    const char *name;
    enum plan_device_kind kind;
    uint32_t id;               /* the tag, or the VXLAN network identifier (24 bits) */
    const char *parent;        /* VLAN: the interface that it stands on */
    struct addr local, remote; /* VXLAN: the tunnel's ends */
    uint16_t port;             /* VXLAN: of UDP, host byte order */
    struct mac mac;
    uint32_t mtu; /* 0 = 1500 */
    bool down;
    const char *origin;
};

struct plan_address {
    uint32_t ns;
    const char *interface; /* "lo" too */
    struct prefix address;
    const char *origin;
};

struct plan_neighbour { /* permanent */
    uint32_t ns;
    const char *interface;
    struct addr addr;
    struct mac mac;
    bool proxy; /* a proxy entry (mac unused) */
    const char *origin;
};

enum plan_route_type {
    PLAN_ROUTE_UNICAST,
    PLAN_ROUTE_BLACKHOLE,
    PLAN_ROUTE_UNREACHABLE,
    PLAN_ROUTE_PROHIBIT,
    PLAN_ROUTE_LOCAL
};

struct plan_nexthop {
    struct addr via;       /* family 0 = on link */
    const char *interface; /* or NULL: the kernel finds it */
    uint32_t weight;       /* multipath: 1.. ; single next hop: 0 */
};
struct plan_route {
    uint32_t ns;
    struct prefix destination;
    uint32_t table; /* 254 = main */
    enum plan_route_type type;
    struct plan_nexthop *nexthops; /* unicast: one or more */
    size_t nexthop_count;
    bool onlink;
    uint32_t metric;
    struct addr source;
    const char *congestion_control; /* or NULL */
    bool connected; /* stands for the route that the kernel makes with an address: never added by us, only given its
                       congestion control; a fault may remove it from the plan, and then the executor deletes it */
    const char *origin;
};

struct plan_rule {
    uint32_t ns;
    unsigned family; /* 4 or 6 */
    uint32_t priority;
    struct prefix from, to;
    const char *input_interface;
    uint32_t mark_value, mark_mask;
    uint32_t table;
    const char *origin;
};

struct plan_sysctl {
    uint32_t ns;
    const char *key; /* "net/ipv4/conf/all/rp_filter": slashes, as interface names may hold dots */
    const char *value;
    const char *origin;
};

/* One nft table, whole: loading it replaces the table of that family and name. */
struct plan_nft {
    uint32_t ns;
    const char *family, *table; /* "inet", "house" */
    const char *body;    /* what stands between the table's braces; or, for `verbatim`, a complete ruleset as the author
                            wrote it */
    bool verbatim;       /* family "", table: a made name; executed as it stands */
    const char *forgets; /* an interface whose learnt IPv4 neighbours are forgotten when the table comes, or NULL */
    const char *origin;
};

/* What the wire behind a far end does to packets, in one direction: outside of every node's view.  Which mechanism of
 * the kernel serves it is the executor's to choose; the parameters mean the same by any of them. */
enum plan_direction { PLAN_SENT, PLAN_RECEIVED }; /* as the node at the near end sees it */
struct plan_impairment {
    uint32_t ns;           /* of the far end */
    const char *interface; /* the far end */
    enum plan_direction direction;
    uint16_t port; /* 0: all packets; else only TCP and UDP received for this port, on top of what befalls all */
    struct impairment is;
    const char *origin;
};

struct plan_file {
    uint32_t ns;      /* a node; a cloud namespace: for its processes, which see the lab's own tree */
    const char *path; /* absolute, inside the node; of a cloud namespace: below /run */
    const char *content;
    size_t length;
    uint32_t mode;
    const char *origin;
};

/* The path of a file that stands in the place of the root in a node's directory of authorities, where OpenSSL looks by
 * hash: authority_issue, which makes the root, gives it its name. */
#define PLAN_ROOT_BY_HASH "/etc/ssl/certs/ROOT.0"

/* A certificate and its key, which the lab's own authority makes into two files of a node (authority/): no item of the
 * plan by itself. */
struct plan_certificate {
    uint32_t ns;                       /* a node */
    const char *chain_path, *key_path; /* absolute; the same path: both in one file, as HAProxy wants them */
    const char **names;                /* whom it is for: names and addresses; the first is its subject */
    size_t name_count;
    int64_t not_before, not_after; /* seconds since 1970 */
    bool self_signed;              /* by its own key */
    bool alone;                    /* the issuing authority's certificate does not come along */
    const char *origin;
};

/* How one knows that a process is ready. */
enum ready_kind { READY_NONE, READY_TCP, READY_UDP_BOUND, READY_ADDRESS, READY_SESSIONS, READY_COUNT };

/* A process of such a name does something to a wire, outside of every node: it is the lab's own, and no list, log or
 * event of the lab has it.  (No node's name has a colon.) */
#define PLAN_WIRE_PROCESS "wire:"

struct plan_process {
    uint32_t ns;      /* a node: runs inside its container; a cloud namespace: in the fabric's mount namespace with that
                         network */
    const char *name; /* "web/http", "vpc/main/resolver": unique; logs are kept by it */
    const char *origin; /* "node/web/service/http" */
    bool embedded; /* argv[0] names an embedded service ("httpd", "tcpd", "echod", "iperfd"): the executor runs our own
                      small binary under that name */
    const char **argv;
    size_t argc;
    const char *configuration; /* text handed to it on a file that argv names as "@configuration@", or NULL */
    enum ready_kind ready;
    struct addr ready_addr; /* family 0: 127.0.0.1; READY_ADDRESS: its family is what counts */
    uint16_t ready_port;
    const char *ready_interface; /* READY_ADDRESS: that has an address of more than the wire's scope */
    const char *ready_socket;    /* READY_SESSIONS: BIRD's control socket in the node, and which of its protocols */
    const char **ready_sessions;
    size_t ready_session_count;
    bool ready_hoped;     /* it depends on others, or is not to be: where it does not come in time, the lab goes on;
                             READY_NONE: also where it has ended */
    int64_t ready_within; /* nanoseconds that it may take, where it is slow; 0: as long as any */
    int64_t ready_after;  /* READY_NONE: nanoseconds that it must have run */
    bool restart;         /* restart when it dies */
    bool stopped;         /* sent SIGSTOP once it is ready, and only then: not when it is restarted */
    uint32_t open_files;  /* how many it may have open (RLIMIT_NOFILE); 0: as many as any */
};

struct plan_run { /* author's `run` lines, irreversible */
    uint32_t ns;
    const char *command;
    const char *origin;
};

struct plan {
    struct arena *arena;
    const char *lab;                   /* its name */
    struct plan_namespace *namespaces; /* [0] is the fabric */
    size_t namespace_count;
    struct plan_hosts_view *hosts_views;
    size_t hosts_view_count;
    struct plan_bridge *bridges;
    size_t bridge_count;
    struct plan_link *links;
    size_t link_count;
    struct plan_device *devices;
    size_t device_count;
    struct plan_address *addresses;
    size_t address_count;
    struct plan_neighbour *neighbours;
    size_t neighbour_count;
    struct plan_route *routes;
    size_t route_count;
    struct plan_rule *rules;
    size_t rule_count;
    struct plan_sysctl *sysctls;
    size_t sysctl_count;
    struct plan_nft *nfts;
    size_t nft_count;
    struct plan_impairment *impairments;
    size_t impairment_count;
    struct plan_file *files;
    size_t file_count;
    struct plan_process *processes;
    size_t process_count;
    struct plan_run *runs;
    size_t run_count;
    struct plan_certificate *certificates;
    size_t certificate_count;
    /* The root that every node trusts, as PEM, and its name in a directory of authorities; NULL without certificates */
    const char *authority, *authority_hash;
};

struct plan *plan_new(const char *lab);                                  /* with the fabric as namespace 0 */
void plan_free(struct plan *plan);                                       /* takes NULL */
uint32_t plan_find_namespace(const struct plan *plan, const char *name); /* UINT32_MAX where absent; O(n) */
/* The node's end of the wire whose far end the impairment sits at; NULL where there is no such wire; O(n). */
const struct plan_link_end *plan_near_end(const struct plan *plan, const struct plan_impairment *impairment);
