/* The record of one measurement, without the means that made it: what score/ judges. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/words.h"

/* How one attempt to talk ended, as the prober's socket saw it. */
enum fact_outcome {
    OUTCOME_NONE,        /* not measured */
    OUTCOME_ANSWERED,    /* a reply, an open connection */
    OUTCOME_REFUSED,     /* RST, or ICMP port unreachable */
    OUTCOME_SILENT,      /* nothing within the attempt's time */
    OUTCOME_UNREACHABLE, /* an ICMP error, or no route here */
    OUTCOME_NO_NAME,     /* the name did not resolve */
    OUTCOME_FAILED,      /* talked, but broken: reset in the middle, malformed answer */
    OUTCOME_ERROR,       /* labctl's own failure: never a verdict */
    OUTCOME_UNSUPPORTED, /* this machine cannot measure it */
    OUTCOME_COUNT
};
const char *fact_outcome_name(enum fact_outcome outcome);

/* Of an HTTP request, one after the other; those that did not come about took no time. */
enum http_phase {
    HTTP_RESOLVE,
    HTTP_CONNECT,
    HTTP_TLS,
    HTTP_PROCESSING, /* from the request to the first byte of the answer */
    HTTP_TRANSFER,
    HTTP_PHASE_COUNT
};

struct fact {
    enum fact_outcome outcome;
    bool gone;          /* a node that the check names is no part of the lab any more: nothing was asked */
    char detail[400];   /* what was seen, for a person: "no answer in 1 s (1 echo request sent, 0 replies)" */
    struct addr target; /* where the packets went, or family 0 */
    int64_t duration;   /* ns from start to end of the attempt */
    /* What a second witness saw, outside of every node: at the far ends of the interfaces of the prober's node and of
     * the target's. */
    enum { SIGHT_UNKNOWN, SIGHT_NO, SIGHT_YES } left; /* a packet of this measurement left the prober's node */
    int arrived;                                      /* SIGHT_*: one went to the target, and the target answered it */
    int returned; /* SIGHT_*: an answer came back to the prober's node, whatever became of it there */
    /* ping */
    uint32_t sent, received;
    /* ns; the median, and that of the differences between one round trip and the next: one outlier moves neither */
    int64_t rtt_min, rtt_median, rtt_max, rtt_jitter;
    /* tcp and udp, negative checks: does anything listen on that address and port inside the target?  NOBODY: no node
     * has the address.  DOWN: it listens, and the interface that has the address is switched off. */
    enum { LISTENER_UNKNOWN, LISTENER_NO, LISTENER_YES, LISTENER_NOBODY, LISTENER_DOWN } listener;
    /* dns */
    char rcode[24];
    bool authoritative;
    uint32_t ttl;   /* smallest of the answers */
    char **answers; /* rdata texts of the asked type; owned by the fact's arena */
    size_t answer_count;
    uint32_t records[3]; /* of all types: in the sections answer, authority, additional */
    /* http */
    uint32_t status;
    char *body; /* up to 64 KiB */
    size_t body_length;
    char **headers;
    size_t header_count;
    unsigned http_version;            /* enum http_version */
    int64_t slowest;                  /* of the requests, ns */
    int64_t phases[HTTP_PHASE_COUNT]; /* how long each took, ns: of the last request, with its redirects */
    uint32_t redirects;               /* that the last request followed */
    struct fact_server {
        const char *name; /* of a node, or "?" */
        uint32_t answers;
    } * servers; /* who answered */
    size_t server_count;
    /* tls */
    uint32_t tls_problems; /* bits: 1 << enum tls_reason */
    unsigned tls_version;  /* enum tls_version: what was agreed on */
    enum { TLS_OLDER_UNKNOWN, TLS_OLDER_REFUSED, TLS_OLDER_ACCEPTED } tls_older; /* than min_version */
    char alpn[32];                                                               /* the server's choice, or "" */
    int32_t days_left;                                                           /* of its certificate */
    /* path */
    struct fact_hop {
        struct addr addr; /* family 0: silent */
        const char *node; /* which has it, or NULL */
    } * hops;             /* the target is the last one where it answered */
    size_t hop_count;
    /* Which nodes passed the packet on, and its answer, in this order: seen inside of them. */
    const char **there, **back;
    size_t there_count, back_count;
    struct addr *passed; /* all addresses of those that passed the packet on */
    size_t passed_count;
    bool ways_known;
    /* mtu */
    uint32_t mtu; /* the largest packet that got through */
    enum { DISCOVERY_UNKNOWN, DISCOVERY_UNNEEDED, DISCOVERY_WORKS, DISCOVERY_BROKEN } discovery;
    /* throughput */
    uint64_t rate; /* bits per second that arrived */
    uint32_t retransmits;
    /* firewall: by packet */
    struct fact_packet {
        bool arrived, passed;
        const char *text; /* "tcp from web to 10.0.0.1:80" */
    } * packets;
    size_t packet_count;
    /* command */
    int32_t exit_status;
    char *output; /* stdout, up to 64 KiB */
    /* a node's own state: what is there, in words as the check's (routes, sockets, …); owned by the fact's arena.  A
     * file is one entry, its content is the body. */
    struct words *entries;
    size_t entry_count;
    uint32_t time_wait; /* socket: connections in TIME-WAIT */
    /* matrix: pairs that answered, row-major: nodes x nodes */
    uint8_t *matrix;    /* enum fact_outcome each */
    size_t matrix_size; /* number of nodes */
    /* matrix: `left` and `returned` are of the pairs that shall not answer and did not: all left, one returned; and
     * these are pairs that speak against it, "a to db on tcp/5432" */
    char kept_back[120], kept_out[120];
};
