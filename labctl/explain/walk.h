/* What the files of this room share: the index of a topology, and one packet on its way.
 *
 * Theory of operation.  A walk is a packet at a place.  Each kind of place (a node, a VPC's router, a gateway, the
 * internet's core) is a function that looks at the packet, notes steps, rewrites its addresses where the place
 * translates, and moves it to the next place or ends the walk.  The way there is walked first, and leaves behind what
 * boxes remember: translations, and flows that security groups have let through.  The answer is a
 * second walk, of the mirrored packet, which finds these.
 *
 * What stops the packet is noted, and the walk goes on as if it had not: behind a filter at once; behind a missing
 * route from the router in front of the destination.  How the asker sees it is decided by the first thing that stops
 * the request (where that sends an ICMP error, a walk of the error tells whether it comes through), else by the
 * destination, else by what stops the answer.
 *
 * Filters on the asker's port: a Linux machine sends from 32768 to 60999, and a rule may cover a part of that.  The
 * index cuts the range where some rule of the topology begins or ends; a question is walked once for each piece, and
 * is ambiguous where the pieces differ. */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "explain/explain.h"

/* The range from which a Linux machine chooses (net.ipv4.ip_local_port_range). */
#define EPHEMERAL_FIRST 32768
#define EPHEMERAL_LAST  60999

#define HOPS_MAX         64 /* as the TTL of a Linux machine */
#define TRANSLATIONS_MAX 32
#define TRACKED_MAX      64

/* ---- index.c ------------------------------------------------------------------------------------------------ */

/* Who has an address: an interface (of a node, an endpoint, or a service's load balancer) or a NAT gateway. */
struct owner {
    const struct interface *interface;
    const struct nat_gateway *gateway;
    const struct endpoint *endpoint;
    const struct cloud_service *service;
};

struct explainer {
    const struct topology *topology;
    struct arena *arena;
    struct known {
        const void *scope;
        struct addr addr;
        struct owner owner;
    } * known; /* open addressing; scope NULL: free */
    size_t slots;
    struct transit_table_view { /* the routes in force of a transit gateway's table */
        const struct transit_table *table;
        struct transit_route *routes;
        size_t count;
    } * transit_tables;
    size_t transit_table_count;
    uint16_t *source_ports; /* one for each piece of the ephemeral range */
    size_t source_port_count;
};

/* The owner of an address on a wire (a bridge, a link), in a VPC (private addresses), on the internet (public ones,
 * scope: the topology); NULL where nobody has it. */
const struct owner *owner_of(const struct explainer *explainer, const void *scope, const struct addr *addr);
/* The wire that an interface is on: a scope. */
const void *wire_of(const struct topology *topology, const struct interface *interface);
bool interface_has(const struct interface *interface, const struct addr *addr);
/* The interface of the node with that address, or NULL. */
const struct interface *node_owner(const struct node *node, const struct addr *addr);
bool is_private(const struct addr *addr); /* the internet drops it as a source */

/* ---- walk.c ------------------------------------------------------------------------------------------------- */

struct tuple {
    struct addr source, destination;
    uint16_t source_port, port;
};

struct packet {
    struct tuple tuple; /* of an error: the mirror of the packet that it is about, by which boxes know it */
    enum protocol protocol;
    uint8_t icmp_type, icmp_code; /* of ICMP, and of an error */
    bool error;                   /* an ICMP error */
    struct addr reporter;         /* its source */
};

enum place_kind {
    PLACE_NODE,
    PLACE_ROUTER,
    PLACE_INTERNET_GATEWAY,
    PLACE_NAT_GATEWAY,
    PLACE_EGRESS_ONLY_GATEWAY,
    PLACE_TRANSIT_GATEWAY,
    PLACE_ENDPOINT, /* an interface without a node: of an endpoint, or of a service's load balancer */
    PLACE_INTERNET,
    PLACE_KIND_COUNT
};
enum entrance {
    FROM_SELF,
    FROM_INTERFACE,
    FROM_NAT_GATEWAY,
    FROM_INTERNET_GATEWAY,
    FROM_PEERING,
    FROM_TRANSIT_GATEWAY,
    FROM_ENDPOINT,
    FROM_ROUTER,
    FROM_INTERNET,
    FROM_NOWHERE
};
struct place {
    enum place_kind kind;
    enum entrance from;                /* NOWHERE: assumed to arrive */
    const struct node *node;           /* NODE */
    const struct vpc *vpc;             /* ROUTER, its gateways; TRANSIT_GATEWAY: whose attachment it came in by */
    const struct nat_gateway *gateway; /* NAT_GATEWAY; ROUTER: it came from there */
    const struct transit_gateway *transit;
    const struct interface *interface; /* NODE, ENDPOINT: it came in by this one; ROUTER: from this instance */
    const struct vpc *peer;            /* ROUTER: it came from this one by a peering */
};

/* How the sender of a packet learns that it was stopped. */
enum drop {
    DROP_SILENT,
    DROP_NO_ROUTE,    /* an ICMP error is sent back from there: network unreachable */
    DROP_UNREACHABLE, /* host unreachable */
    DROP_PROHIBITED,
    DROP_TIME_EXCEEDED,
    DROP_LATE,  /* host unreachable, after a neighbour was asked for in vain */
    DROP_LOCAL, /* the sender's own kernel says so */
    DROP_LOCAL_LATE,
    DROP_COUNT
};

struct walk {
    struct explainer *explainer;
    const struct explain_query *query;
    struct arena *arena; /* NULL: no steps */
    struct explanation *out;
    struct packet packet;
    struct place place;
    enum way way;
    bool ended, delivered;
    bool assumed;             /* it was stopped already */
    bool doubtful, unknown;   /* some finding of these levels */
    enum view view;           /* of the asker */
    bool decided, icmp, late; /* by the first thing that stopped a packet */
    struct tuple asked;       /* the request as the asker's socket knows it */
    size_t choice, choices;   /* which of the machines behind a load balancer is taken, and how many there are */
    const struct endpoint *gateway_endpoint; /* by which the request came to the internet, or NULL */
    const struct interface *entered;         /* the interface endpoint that it came in by, or NULL */
    struct translation {
        const void *box;
        struct tuple original, reply; /* as the packet came, as its answer comes */
    } translations[TRANSLATIONS_MAX];
    size_t translation_count;
    struct tracked {
        const struct vpc *vpc;
        struct tuple tuple;
        bool sides[2]; /* INGRESS, EGRESS: a rule of that direction has made it a tracked flow */
    } tracked[TRACKED_MAX];
    size_t tracked_count;
    struct visit {
        struct place place;
        struct tuple tuple;
    } visits[HOPS_MAX];
    size_t visit_count; /* of the way that is walked */
};

struct tuple mirrored(const struct tuple *tuple);
bool tuple_equal(const struct tuple *a, const struct tuple *b);
/* The source as filters see it. */
const struct addr *packet_source(const struct packet *packet);
enum protocol packet_protocol(const struct packet *packet); /* ICMP of an error */

/* step.c */
void walk_note(struct walk *w, enum explain_code code, const char *object, struct mark mark, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void walk_stop(struct walk *w, enum drop drop);
void walk_doubt(struct walk *w, enum explain_code code);
/* The texts are made only where somebody reads them. */
#define PASS(w, object, mark, ...)                                                                                     \
    do {                                                                                                               \
        if ((w)->arena)                                                                                                \
            walk_note((w), CODE_NONE, (object), (mark), __VA_ARGS__);                                                  \
    } while (0)
#define STOP(w, code, drop, object, mark, ...)                                                                         \
    do {                                                                                                               \
        if ((w)->arena)                                                                                                \
            walk_note((w), (code), (object), (mark), __VA_ARGS__);                                                     \
        walk_stop((w), (drop));                                                                                        \
    } while (0)
#define DOUBT(w, code, object, mark, ...)                                                                              \
    do {                                                                                                               \
        if ((w)->arena)                                                                                                \
            walk_note((w), (code), (object), (mark), __VA_ARGS__);                                                     \
        walk_doubt((w), (code));                                                                                       \
    } while (0)

void walk_move(struct walk *w, struct place place);
void walk_deliver(struct walk *w); /* it has arrived where it is */
void walk_end(struct walk *w);     /* it has been stopped, and nothing can be said of what would come then */
/* It has been stopped for want of a way: goes on in front of its destination, or ends. */
void walk_resume(struct walk *w);
/* A box remembers what it did to a flow; the mirror finds it again and is put back: false where it is not known. */
void walk_translate(struct walk *w, const void *box, const struct tuple *original);
bool walk_untranslate(struct walk *w, const void *box);
/* A code of the way that is walked. */
enum explain_code by_way(const struct walk *w, enum explain_code request, enum explain_code reply);

/* Full names, in the arena of the walk. */
const char *node_name(const struct walk *w, const struct node *node);
const char *interface_name(const struct walk *w, const struct interface *interface);
const char *vpc_part(const struct walk *w, const struct vpc *vpc, const char *kind, const char *name);
const char *place_name(const struct walk *w);
/* "tcp/5432 from 10.0.1.4" */
const char *packet_text(const struct walk *w, const struct addr *far, const char *word);

/* ---- places ------------------------------------------------------------------------------------------------- */

void at_node(struct walk *w);                                    /* node.c */
void at_router(struct walk *w);                                  /* router.c */
bool router_has(const struct vpc *vpc, const struct addr *addr); /* its own address, or its resolver's */
void at_internet_gateway(struct walk *w);                        /* gateway.c */
void at_nat_gateway(struct walk *w);
void at_egress_only_gateway(struct walk *w);
void at_transit_gateway(struct walk *w); /* transit.c */
void at_endpoint(struct walk *w);        /* endpoint.c */
/* The gateway endpoint to which a table has a route for the address, or NULL. */
const struct endpoint *gateway_endpoint_for(const struct vpc *vpc, const struct route_table *table,
                                            const struct addr *addr);
void at_internet(struct walk *w);

/* ---- node_route.c ------------------------------------------------------------------------------------------- */

struct node_hop {
    enum { HOP_NONE, HOP_UNICAST, HOP_BLACKHOLE, HOP_UNREACHABLE, HOP_PROHIBIT } type;
    const struct interface *interface;
    struct addr next;   /* on the wire: the gateway, or the destination itself */
    struct addr source; /* that the kernel would choose */
    struct prefix destination;
    struct mark mark;
    bool shared; /* several next hops share the route */
};
/* What the node's tables say; source family 0: not chosen yet; in NULL: the node's own packet. */
struct node_hop node_lookup(const struct node *node, const struct addr *source, const struct addr *destination,
                            const struct interface *in);
/* The address of the interface from which it speaks to a neighbour. */
struct addr interface_source(const struct interface *interface, const struct addr *neighbour);
/* A sysctl as the file sets it, dots or slashes; NULL where it does not. */
const char *node_sysctl(const struct node *node, const char *key);

/* ---- node_nat.c --------------------------------------------------------------------------------------------- */

/* Port forwards, before routing: true where the destination was changed. */
bool node_forward_port(const struct node *node, const struct interface *in, struct tuple *tuple,
                       enum protocol protocol);
/* Masquerading, after routing: true where the source was changed. */
bool node_masquerade(const struct node *node, const struct node_hop *hop, struct tuple *tuple, enum protocol protocol,
                     bool forwarded);

/* ---- network.c ---------------------------------------------------------------------------------------------- */

/* A published port of the node, before routing: true where the destination was changed. */
bool node_publishes(const struct node *node, struct tuple *tuple, enum protocol protocol);
/* Does the node, a network's host, speak for the source?  forwarded: the destination was changed here. */
bool node_hides_network(const struct node *node, const struct interface *out, const struct tuple *tuple,
                        bool forwarded);
/* What passes a network's host.  translated: its destination was changed here. */
void judge_networks(struct walk *w, const struct node *node, const struct interface *in, const struct interface *out,
                    bool translated);

/* ---- listen.c ----------------------------------------------------------------------------------------------- */

/* At the node where the request has arrived: does somebody answer?  Notes what it finds. */
bool somebody_listens(struct walk *w, const struct node *node);

/* ---- filter.c ----------------------------------------------------------------------------------------------- */

/* The security groups of an interface; remembers the flow.  peer: the VPC on the other side of the peering that the
 * packet comes from or goes to, whose groups rules may name; NULL: none. */
void judge_groups(struct walk *w, const struct interface *interface, enum side direction, const struct vpc *peer);
/* The network ACL of a subnet whose border the packet crosses. */
/* The policies that select a node which sends or gets the packet (policy.c). */
void judge_policies(struct walk *w, const struct node *node, enum side direction);
void judge_acl(struct walk *w, const struct subnet *subnet, enum side direction);
