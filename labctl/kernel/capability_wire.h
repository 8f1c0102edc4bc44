/* What trials of the network share: a veth pair, and the messages that make it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "kernel/netlink.h"

struct trial;

#define WIRE_NETWORK  UINT32_C(0xc0000200) /* 192.0.2.0/24: RFC 5737 */
#define WIRE_SENDER   UINT32_C(0xc0000201)
#define WIRE_RECEIVER UINT32_C(0xc0000202)

struct wire {
    int home;               /* the trial's network namespace */
    int peer;               /* the second one, or -1 */
    struct netlink netlink; /* of the first */
    struct batch batch;
};
void wire_close(struct wire *wire);
/* wire_open must come first, whatever follows. */
#define WIRE_AUTO __attribute__((cleanup(wire_close))) struct wire

extern const struct mac wire_macs[2]; /* of v0 and v1 */

/* Each returns 0 or an errno value, with the trial's detail. */
int wire_open(struct trial *trial, struct wire *wire);
int wire_pair(struct trial *trial, struct wire *wire, bool apart); /* v0 here, up; v1 here or in a second namespace */
int wire_commit(struct trial *trial, struct netlink *netlink, struct batch *batch, const char *what);
