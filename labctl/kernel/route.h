/* Addresses, neighbours, routes and rules: messages for a batch. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct batch;

enum verb { VERB_ADD, VERB_REPLACE, VERB_DELETE };

/* IPv6 addresses are made without duplicate address detection: addresses of a lab are known to differ. */
void address_put(struct batch *batch, uint64_t tag, enum verb verb, uint32_t interface, const struct prefix *address);

/* Permanent. */
void neighbour_put(struct batch *batch, uint64_t tag, enum verb verb, uint32_t interface, const struct addr *addr,
                   const struct mac *mac);
/* The same with a mark by which it is found again (`proto` of ip-neighbour(8)). */
void neighbour_put_marked(struct batch *batch, uint64_t tag, enum verb verb, uint32_t interface,
                          const struct addr *addr, const struct mac *mac, uint8_t protocol);
void neighbour_proxy_put(struct batch *batch, uint64_t tag, enum verb verb, uint32_t interface,
                         const struct addr *addr);

struct route_nexthop {
    struct addr via;    /* family 0: on link */
    uint32_t interface; /* 0: the kernel finds it */
    uint32_t weight;    /* multipath: from 1 */
};
struct route_spec {
    struct prefix destination;
    uint32_t table;
    uint32_t metric;
    uint8_t type;     /* RTN_* */
    uint8_t protocol; /* RTPROT_*; 0: static */
    bool onlink;
    struct addr source;
    const char *congestion_control; /* or NULL */
    const struct route_nexthop *nexthops;
    size_t nexthop_count;
    bool any_protocol; /* delete: whoever made it */
};
void route_put(struct batch *batch, uint64_t tag, enum verb verb, const struct route_spec *route);

struct rule_spec {
    unsigned family; /* 4 or 6 */
    uint32_t priority;
    struct prefix from, to; /* family 0: any */
    const char *input_interface;
    uint32_t mark_value, mark_mask;
    uint32_t table;
};
void rule_put(struct batch *batch, uint64_t tag, enum verb verb, const struct rule_spec *rule);

/* Do packets from that namespace to addr stay in it?  1, 0, or -1 where the kernel does not tell. */
int route_is_local(int netns, const struct addr *addr);
