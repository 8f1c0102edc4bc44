/* A check: a measurement with an expectation.  The same struct serves a topology's checks, a task, a guard and
 * `labctl probe`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mark.h"
#include "base/words.h"
#include "model/services.h"
#include "model/services.h"

struct arena;
struct node;
struct interface;

enum check_kind {
    CHECK_PING,
    CHECK_TCP,
    CHECK_UDP,
    CHECK_DNS,
    CHECK_HTTP,
    CHECK_TLS,
    CHECK_PATH,
    CHECK_MTU,
    CHECK_THROUGHPUT,
    CHECK_FIREWALL,
    CHECK_MATRIX,
    CHECK_COMMAND,
    CHECK_SOCKET,
    CHECK_ROUTE,
    CHECK_NEIGHBOUR,
    CHECK_ADDRESS,
    CHECK_LINK,
    CHECK_SYSCTL,
    CHECK_CONNTRACK,
    CHECK_RESOLVER,
    CHECK_FILE,
    CHECK_PROCESS,
    CHECK_KIND_COUNT
};
const char *check_kind_name(enum check_kind kind);

/* Where a packet goes: a node of the lab, one interface of it, or a literal address. */
struct check_target {
    const struct node *node;           /* NULL where a literal address was given */
    const struct interface *interface; /* NULL = whichever address the prober would use */
    struct addr addr;                  /* literal */
    const char *text;                  /* as written */
    struct mark mark;
};

enum ping_expect { PING_REACHABLE, PING_UNREACHABLE };
struct check_ping {
    struct check_target to;
    uint32_t count; /* 1 */
    uint32_t size;  /* ICMP payload bytes, 56 */
    bool dont_fragment;
    struct addr source; /* or family 0 */
    enum ping_expect expect;
    bool has_loss_below;
    uint32_t loss_below;  /* share, parts per 10^9 */
    int64_t rtt_below;    /* ns; 0 = not asked: mean round trip */
    int64_t jitter_below; /* ns; 0 = not asked */
};

enum tcp_expect { TCP_OPEN, TCP_REFUSED, TCP_BLOCKED, TCP_CLOSED, TCP_EXPECT_COUNT };
const char *tcp_expect_name(enum tcp_expect expect);
struct check_tcp {
    struct check_target to;
    uint16_t port;
    enum tcp_expect expect;
};

enum udp_expect { UDP_ANSWERED, UDP_REFUSED, UDP_SILENT, UDP_EXPECT_COUNT };
const char *udp_expect_name(enum udp_expect expect);
struct check_udp {
    struct check_target to;
    uint16_t port;
    const char *payload; /* NULL: an empty datagram */
    enum udp_expect expect;
};

struct check_dns {
    const char *name;
    const char *type;           /* "A" */
    struct check_target server; /* node NULL and addr.family 0 = the node's own resolv.conf */
    bool has_server;
    bool tcp;             /* transport: tcp */
    uint32_t edns_size;   /* 0 = none */
    const char **answers; /* expected rdata texts, in any order; none = any answer with NOERROR */
    size_t answer_count;
    const char *rcode; /* "NOERROR" … or NULL */
    bool has_ttl_below;
    uint32_t ttl_below;
    bool has_authoritative, authoritative;
    int64_t time_below; /* ns; 0 = not asked */
};

enum http_version { HTTP_ANY, HTTP_1_0, HTTP_1_1, HTTP_2, HTTP_VERSION_COUNT };
const char *http_version_name(enum http_version version); /* "1.1" */
struct http_share {
    const struct node *node;
    uint32_t share; /* of the answers, parts per 10^9 */
};
struct check_http {
    const char *url;      /* http[s]://HOST[:PORT]/PATH */
    const char *method;   /* "GET" */
    const char **headers; /* "Name: value" */
    size_t header_count;
    const char *body;                       /* or NULL */
    uint32_t status;                        /* 0 = any of the class */
    uint32_t status_class;                  /* 2 = 2xx; 0 = any below 400 */
    const char *body_contains;              /* or NULL */
    const char *header_name, *header_value; /* an expected header; value NULL = present */
    int64_t time_below;
    enum http_version version;    /* asked for and expected */
    uint32_t requests, redirects; /* how many are made; how often each follows */
    const struct node *served_by; /* or NULL */
    struct http_share *shares;
    size_t share_count;
};

/* What is wrong with a server's certificate, or with the handshake itself. */
enum tls_reason {
    TLS_NONE,
    TLS_EXPIRED,
    TLS_NOT_YET_VALID,
    TLS_WRONG_NAME,
    TLS_SELF_SIGNED,
    TLS_MISSING_INTERMEDIATE, /* it came alone, and its issuer is not known */
    TLS_UNKNOWN_AUTHORITY,
    TLS_OTHER,      /* of the certificate */
    TLS_NO_VERSION, /* the handshake was refused: no version in common */
    TLS_REFUSED,    /* the handshake failed otherwise */
    TLS_REASON_COUNT
};
const char *tls_reason_name(enum tls_reason reason);
struct check_tls {
    struct check_target to;
    uint16_t port;            /* 443 */
    const char *server_name;  /* NULL: the target's own */
    enum tls_version version; /* the only one that is offered */
    bool has_valid, valid;    /* true where no reason is expected */
    enum tls_reason reason;   /* why it is not valid; TLS_NONE: not asked */
    enum tls_version min_version;
    const char *alpn; /* offered and expected, or NULL */
    bool has_days_left_above;
    uint32_t days_left_above;
};

enum path_protocol { PATH_ICMP, PATH_UDP, PATH_TCP, PATH_PROTOCOL_COUNT };
const char *path_protocol_name(enum path_protocol protocol);
struct check_path {
    struct check_target to;
    enum path_protocol protocol;
    uint16_t port; /* 0: 33434 for udp, 80 for tcp */
    uint32_t hops; /* as traceroute counts, the target included; 0: not asked */
    struct check_target *via, *not_via;
    size_t via_count, not_via_count;
    bool has_symmetric, symmetric;
};

struct check_mtu {
    struct check_target to;
    uint32_t at_least; /* bytes, with the IP header; 0: not asked */
    bool discovery;    /* must work */
};

struct check_throughput {
    struct check_target to;
    bool udp;
    uint16_t port;         /* 5201 */
    uint32_t duration;     /* s; 2 */
    uint32_t streams;      /* 1 */
    uint64_t rate;         /* udp: what is sent, bits per second; 0: twice what is asked for, else all that goes */
    uint64_t above, below; /* bits per second; 0: not asked */
    bool has_retransmits_below;
    uint32_t retransmits_below;
};

/* A packet that is sent to see what becomes of it. */
struct firewall_packet {
    const struct node *from; /* NULL: a neighbour; the node itself: its output rules */
    bool has_to;             /* through the node to `to`: its forward rules; else to the node: its input rules */
    struct check_target to;
    enum path_protocol protocol;
    uint16_t port; /* 0: one that nobody uses */
    bool accepted; /* what is expected */
    struct mark mark;
};
struct check_firewall {
    enum { POLICY_NONE, POLICY_ACCEPT, POLICY_DROP } policy; /* two of the packets are for it */
    const struct node *from;                                 /* who sends these; NULL: a neighbour */
    bool has_to;
    struct check_target to;
    struct firewall_packet *packets;
    size_t packet_count;
};

/* `matrix`: exactly these ordered pairs answer, nothing else. */
struct matrix_pair {
    const struct node *from, *to;
    uint64_t layers; /* bits, by index of the matrix's ports; 0: all */
    struct mark mark;
};
#define MATRIX_PORTS_MAX 64
struct check_matrix {
    const struct node **nodes; /* the set that is looked at (default: all nodes with an address) */
    size_t node_count;
    uint16_t port;         /* tcp port, or 0 = ICMP */
    const uint16_t *ports; /* several of these instead, where there are any: a layer for each */
    size_t port_count;
    bool all;                  /* `expect: all`: every ordered pair answers */
    struct matrix_pair *pairs; /* else: exactly these */
    size_t pair_count;
};

struct check_command {
    const char *run;             /* by /bin/sh -c in the node */
    int32_t status;              /* expected exit status, 0 */
    const char *stdout_contains; /* or NULL */
};

/* The node's own state: socket, route, neighbour, address, link, sysctl, conntrack, resolver, process. */
enum state_expect { STATE_PRESENT, STATE_ABSENT, STATE_EXACT, STATE_EXPECT_COUNT };
const char *state_expect_name(enum state_expect expect);
struct check_state {
    enum state_expect expect; /* each of them; none of them; each of them and nothing else of their kind */
    struct words *wanted;     /* words as in facts: struct fact, entries */
    size_t wanted_count;
    bool has_count;
    uint32_t count; /* process, conntrack: exactly so many */
    bool has_time_wait_below;
    uint32_t time_wait_below; /* socket */
};

struct check_file {
    const char *path;         /* absolute, in the node */
    enum state_expect expect; /* STATE_PRESENT or STATE_ABSENT */
    const char *type;         /* "file", "directory", or NULL */
    const char *content;      /* the whole of it, or NULL */
    const char **contains, **lacks;
    size_t contains_count, lacks_count;
    bool has_mode;
    uint32_t mode;
};

struct check {
    const char *id; /* given or made: "check-3" */
    struct mark mark;
    const char *title;       /* or NULL */
    const struct node *from; /* prober: from: or at: (NULL for matrix) */
    enum check_kind kind;
    union {
        struct check_ping ping;
        struct check_tcp tcp;
        struct check_udp udp;
        struct check_dns dns;
        struct check_http http;
        struct check_tls tls;
        struct check_path path;
        struct check_mtu mtu;
        struct check_throughput throughput;
        struct check_firewall firewall;
        struct check_matrix matrix;
        struct check_command command;
        struct check_state state; /* of the kinds named there */
        struct check_file file;
    };
    int64_t within;     /* ns; 0 = one attempt */
    int64_t stable_for; /* ns */
    int64_t timeout;    /* ns of one attempt; 1 s */
    uint32_t repeat;    /* 1 */
    bool has_points;
    uint32_t points;  /* in a task */
    uint32_t penalty; /* of a guard */
};

size_t check_matrix_layers(const struct check_matrix *matrix);
uint16_t check_matrix_port(const struct check_matrix *matrix, size_t layer);
/* Which ordered pairs shall answer: row-major, layer after layer; in the arena. */
bool *check_matrix_wanted(const struct check_matrix *matrix, struct arena *arena);
/* True where the check wants that something does NOT work (ping unreachable; tcp refused, blocked, closed; udp refused,
 * silent). */
bool check_is_negative(const struct check *check);
/* True for a kind that looks at its node and asks nobody: `at`, not `from`. */
bool check_is_local(enum check_kind kind);
/* True for a kind that would disturb every other measurement: it runs when all others are done. */
bool check_is_alone(enum check_kind kind);
/* A datagram that opens a throughput test may be lost: so often it is tried. */
#define CHECK_UDP_TRIES 3
/* The longest that one attempt may last, ns: its timeout, and what its parameters ask for. */
int64_t check_attempt_time(const struct check *check);
/* Where its packets go, or NULL where it names no target of its own. */
const struct check_target *check_target_of(const struct check *check);
/* The first node that the check names as one that asks, is looked at or is asked, and that the topology does not have;
 * or NULL.  Whom a path leads by and who serves a page may be gone: that is what these checks are about. */
struct topology;
const struct node *check_missing_node(const struct check *check, const struct topology *topology);
/* "tcp web -> db:5432 open": what is asked, for a person.  In the given buffer. */
const char *check_describe(const struct check *check, char *out, size_t size);
