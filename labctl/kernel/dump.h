/* What is in a network namespace now, read back from the kernel. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct arena;
struct error;
struct nlmsghdr;
struct str;

/* Of a bridge's port, as the spanning tree has it (linux/if_bridge.h, BR_STATE_*); PORT_DISABLED for what is none. */
enum port_state { PORT_DISABLED, PORT_LISTENING, PORT_LEARNING, PORT_FORWARDING, PORT_BLOCKING };

struct observed_link {
    uint32_t index;
    const char *name;
    const char *kind; /* "veth", "bridge", or "" */
    uint32_t mtu;
    uint32_t master; /* index, 0 = none */
    struct mac mac;
    bool up;      /* as the administrator wants it */
    bool carrier; /* of the wire itself; the operational state follows it up to a second later */
    bool loopback;
    bool stp; /* bridges */
    bool vlan_filtering;
    uint32_t id; /* the tag of a "vlan", the network identifier of a "vxlan"; else 0 */
    enum port_state port;
};

struct observed_address {
    uint32_t interface; /* index */
    struct prefix address;
    uint32_t flags; /* IFA_F_* */
    uint8_t scope;  /* RT_SCOPE_* */
    bool linklocal; /* an IPv6 address of fe80::/10 */
    bool host;      /* of the host alone (its scope), such as 127.0.0.1 */
    bool duplicate; /* another one on the segment has it: not in use */
    const struct nlmsghdr *message;
};

struct observed_nexthop {
    struct addr via;
    uint32_t interface;
    uint32_t weight;
};
struct observed_route {
    struct prefix destination;
    uint32_t table, metric;
    uint8_t type, protocol, scope; /* RTN_*, RTPROT_*, RT_SCOPE_* */
    bool onlink, linkdown;
    struct addr source;
    const char *congestion_control; /* "" = the namespace's */
    struct observed_nexthop *nexthops;
    size_t nexthop_count;
    const struct nlmsghdr *message;
};

struct observed_rule {
    unsigned family;
    uint32_t priority, table;
    struct prefix from, to;
    const char *input_interface; /* "" = any */
    uint32_t mark_value, mark_mask;
    const struct nlmsghdr *message;
};

struct observed_neighbour {
    uint32_t interface;
    struct addr addr;
    struct mac mac;
    uint16_t state;   /* NUD_* */
    bool valid;       /* its MAC address is known */
    uint8_t protocol; /* the mark of neighbour_put_marked, or 0 */
    bool proxy;
    const struct nlmsghdr *message;
};

struct observation {
    struct arena *arena;
    struct observed_link *links; /* sorted by index */
    size_t link_count;
    struct observed_address *addresses;
    size_t address_count;
    struct observed_route *routes; /* local tables too */
    size_t route_count;
    struct observed_rule *rules;
    size_t rule_count;
    struct observed_neighbour *neighbours; /* of all states */
    size_t neighbour_count;
    struct map *by_name; /* links */
};

/* Everything of the namespace behind the descriptor. */
int observe(int netns, struct observation **out, struct error *err);
/* The same of its links alone. */
int observe_links(int netns, struct observation **out, struct error *err);
/* The same of its neighbours alone. */
int observe_neighbours(int netns, struct observation **out, struct error *err);
/* One link by name: 1, 0 where there is none, or -1 with err.  out->name and out->kind are not set. */
int observe_link(int netns, const char *name, struct observed_link *out, struct error *err);
/* The VLANs that a bridge's port is in, by number; at most `most`.  How many, or -1 with err; 0 where the kernel has no
 * VLAN filtering. */
struct observed_vlan {
    uint16_t id;
    bool untagged; /* without a tag, both ways */
};
int observe_vlans(int netns, uint32_t port, struct observed_vlan *out, size_t most, struct error *err);
/* An empty observation, and a message of a dump added to it: for keeping what was seen.  Call the second for messages
 * of addresses, routes and neighbours. */
struct observation *observation_new(void);
void observation_add(struct observation *observation, const struct nlmsghdr *message);
void observation_free(struct observation *observation); /* takes NULL */
const struct observed_link *observed_link_by_name(const struct observation *observation, const char *name);
/* "eth0", or "" where there is no such index */
const char *observed_name(const struct observation *observation, uint32_t index);
/* "unicast", "blackhole", …, "other" */
const char *observed_route_type(const struct observed_route *route);
/* "main", "local", "default", or NULL: the table has a number only */
const char *observed_table_name(uint32_t table);
/* "permanent", "stale", …, "none" */
const char *observed_neighbour_state(const struct observed_neighbour *neighbour);
/* Appends it as text, a line for each thing, sorted: without indices, and without what comes and goes by itself (learnt
 * neighbours). */
void observation_write(const struct observation *observation, const char *prefix, struct str *out);
