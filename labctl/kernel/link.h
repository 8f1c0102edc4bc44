/* Links: messages for a batch.  An interface is named by its index in the namespace that the batch is sent from. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct batch;

/* A bridge, down; it comes up last, when its ports are there.  index 0: the kernel chooses. */
void link_bridge(struct batch *batch, uint64_t tag, uint32_t index, const char *name, uint32_t mtu, bool stp);
/* Changes a bridge; with_stp false leaves STP as it is; mtu 0 leaves the MTU. */
void link_bridge_change(struct batch *batch, uint64_t tag, uint32_t index, bool with_stp, bool stp, uint32_t mtu);

/* VLANs of a bridge.  link_bridge_vlans: whether it keeps them apart; its ports are then in those that link_port_vlan
 * says and in no other.  The kernel takes it in two messages, and ports that are in VLAN 1 by default leave it. */
void link_bridge_vlans(struct batch *batch, uint64_t tag, uint32_t index, bool filtering);
/* A port enters a VLAN, or leaves it; untagged: without a tag, both ways (PVID). */
void link_port_vlan(struct batch *batch, uint64_t tag, uint32_t port, uint16_t vlan, bool untagged, bool in);

/* An interface that stands on another one with a tag; made down. */
void link_vlan(struct batch *batch, uint64_t tag, uint32_t index, const char *name, uint32_t parent, uint16_t vlan,
               const struct mac *mac, uint32_t mtu);
/* The end of a VXLAN tunnel between two addresses; made down.  port: host byte order. */
struct link_tunnel {
    uint32_t id;
    struct addr local, remote;
    uint16_t port;
};
void link_vxlan(struct batch *batch, uint64_t tag, uint32_t index, const char *name, const struct link_tunnel *tunnel,
                const struct mac *mac, uint32_t mtu);

struct link_veth_end {
    int netns;      /* descriptor of the namespace that it is made in */
    uint32_t index; /* 0: the kernel chooses */
    const char *name;
    uint32_t master; /* index of a bridge in that namespace, or 0 */
    struct mac mac;
    bool up;
};
/* A veth pair in one message, each end at once where it stays.  Only the first end can be made up and with a master
 * here: the other is brought up from its own namespace.  Every packet is at most MTU-sized on the wire (GSO off by
 * limit). */
void link_veth(struct batch *batch, uint64_t tag, const struct link_veth_end *end, const struct link_veth_end *peer,
               uint32_t mtu);

void link_up(struct batch *batch, uint64_t tag, uint32_t index, bool up);
/* Of a namespace: 1 switched on, 0 off, -1 where there is none of that name. */
int link_is_up(int netns, const char *name);
void link_master(struct batch *batch, uint64_t tag, uint32_t index, uint32_t master); /* 0: none */
void link_mac(struct batch *batch, uint64_t tag, uint32_t index, const struct mac *mac);
void link_mtu(struct batch *batch, uint64_t tag, uint32_t index,
              uint32_t mtu); /* and the GSO limit that goes with it */
void link_delete(struct batch *batch, uint64_t tag, uint32_t index);
/* Several devices of a namespace in one removal (rtnetlink(7), IFLA_GROUP): after each the kernel waits for all
 * processors, some ten milliseconds, however many devices went with it.  At most LINK_DELETE_MOST, which are one send:
 * so no device is left in the group.  Who has gone meanwhile fails with ENODEV, and so does the last message where all
 * have. */
#define LINK_DELETE_MOST 256
void link_delete_all(struct batch *batch, uint64_t tag, const uint32_t *indices, size_t count);
/* No link-local IPv6 address by itself. */
void link_quiet_ipv6(struct batch *batch, uint64_t tag, uint32_t index);
