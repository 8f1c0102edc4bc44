/* Flows that a network namespace tracks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct error;

struct observed_flow {
    uint8_t protocol; /* IPPROTO_* */
    struct addr from, to;
    uint16_t source_port, port;       /* 0 where the protocol has none */
    struct addr reply_from, reply_to; /* differ from to and from where addresses are translated */
    /* 0 where the namespace does not count or does not know */
    uint64_t packets, bytes, reply_packets, reply_bytes;
    int64_t began; /* wall clock, ns */
    uint8_t state; /* TCP_CONNTRACK_*; 0 for other protocols */
};
typedef void observed_flow_handler(void *context, const struct observed_flow *flow);

/* All flows of both families.  0, or -1 with err; ERR_CAPABILITY where the kernel does not tell. */
int conntrack_observe(int netns, observed_flow_handler *handler, void *context, struct error *err);
/* "established", or "" where it is none of TCP's. */
const char *conntrack_state_name(uint8_t state);
