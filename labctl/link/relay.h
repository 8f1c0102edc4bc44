/* What the relay and the director say to each other.
 *
 * The relay is told its wires by a text file, a line each; told on its control socket ("reload") that the file was
 * replaced, it answers with one packet: empty where all is in force, else what is not and why.  It keeps its counters
 * in a file that both map.  All three lie in one directory outside of every node's view.  Both ends are of one build.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/impairment.h"
#include "link/wire.h"

struct str;

#define RELAY_PROGRAM    "/program/relay"
#define RELAY_CONF       "relay.conf"
#define RELAY_SOCKET     "relay.socket"
#define RELAY_STATISTICS "relay.statistics"
#define RELAY_RELOAD     "reload"
#define RELAY_WIRES_MAX  4096
/* Packets that the relay sends carry this mark until they have passed the hooks that divert all others. */
#define RELAY_MARK 0x6c6b

/* The same program also does to a wire what is no matter of packets under way; each such process has a name of its own:
 *   RELAY_FLAP DEVICE DOWN UP: milliseconds;
 *   RELAY_FLOOD DEVICE VICTIM-MAC OWN-MAC VICTIM PORT FIRST-SOURCE SOURCES RATE: SYNs in a second. */
#define RELAY_FLAP  "flap"
#define RELAY_FLOOD "flood"

/* As the node at the near end sees it. */
enum relay_direction { RELAY_SENT, RELAY_RECEIVED, RELAY_DIRECTION_COUNT };
extern const char *const relay_direction_names[RELAY_DIRECTION_COUNT];

/* One wire.  The kernel diverts packets from `device` to the relay, and the relay gives them back:
 * (several wires may lead to one device, each for packets of its own, with a relay_end of its own:)
 *   received: what leaves by `device` is diverted to `relay_end`, and sent by `device`;
 *   sent: what arrives at `device` is diverted to `relay_end`, and sent by that, which leads back. */
struct relay_wire {
    char netns[32]; /* path of its network namespace; "-": the relay's own */
    char device[16], relay_end[16];
    enum relay_direction direction;
    uint32_t mtu;
    struct impairment is;
};
void relay_wire_format(const struct relay_wire *wire, struct str *out); /* one line */
/* Cuts the line, which the result borrows from.  False where it is none. */
bool relay_wire_parse(char *line, struct relay_wire *out);

/* "delay=20ms loss=1%", as impairment_format wrote it; cuts the text, which the result borrows from. */
bool relay_impairment_parse(char *text, struct impairment *out);

/* Lateness: how much later than due a packet was handed to the kernel.  Bucket b counts those of less than
 * relay_lateness_bound(b) nanoseconds and not less than the bound before: 4 buckets for each doubling from 1 µs on. */
#define RELAY_LATENESS_BUCKETS 84
int64_t relay_lateness_bound(unsigned bucket);
unsigned relay_lateness_bucket(int64_t nanoseconds);

struct relay_statistics {
    char netns[32], device[16], relay_end[16];
    uint32_t direction;
    uint32_t in_use;
    uint32_t held, held_most;
    uint64_t overrun;       /* packets that arrived faster than the relay took them: lost */
    uint64_t undeliverable; /* the device did not take them */
    struct wire_counters counters;
    int64_t latest; /* nanoseconds */
    uint64_t lateness[RELAY_LATENESS_BUCKETS];
};
/* The lateness that this share of the packets (0 … 1) did not exceed, in nanoseconds: the bound of its bucket; 0 where
 * none was sent. */
int64_t relay_lateness_quantile(const struct relay_statistics *statistics, double share);
