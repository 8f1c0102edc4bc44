/* The relay's own parts.
 *
 * Theory of operation.  Some impairments (delay above all) have no mechanism in kernels without netem.  For these, the
 * kernel diverts the packets of a wire to this program, which decides on each as link/wire.h says, holds it until it is
 * due, and gives it back.  One process and one thread serve all wires of a lab.
 *
 * Packets come in through a ring that the kernel fills (packet(7), PACKET_RX_RING), with the time of their arrival: a
 * packet that was taken up late is not later for it, as long as its delay is longer.  They go out by sendmmsg, of all
 * wires together.  The kernel waits for all processors when a ring is made, and twice when it goes (tens of
 * milliseconds where they are idle), so the wires of a namespace share one (a tap), whose filter lets pass what comes
 * in at their devices: a wire more is a filter more, and a lab of hundreds of them ends at once.  Between packets the
 * process sleeps until shortly before the first is due and then watches the clock; where they are dense it takes and
 * sends several in one turn (pump.c).  What remains is the lateness, which it keeps a histogram of.  Memory is bounded:
 * what does not fit is dropped at the tail, and counted.
 *
 * Checksums that the sender's kernel left to the device travel along as virtio_net_hdr and stay open until a packet is
 * to be corrupted: then the checksum is computed first, so that the receiver finds the error. */
#pragma once

#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/queue.h"
#include "link/relay.h"

struct error;
struct line;

struct packet {
    struct line *line;
    struct virtio_net_hdr offload;
    uint32_t length, room;
    struct packet *next; /* in the store */
    uint8_t frame[];
};

/* ---- store.c: packets, used again ---- */
bool packet_reserve(void);                /* memory for some hundred */
struct packet *packet_new(size_t length); /* NULL where memory is used up */
void packet_free(struct packet *packet);

/* ---- ring.c: frames as they come in, of all devices of the thread's namespace that the filter lets pass ---- */
struct ring {
    int fd; /* of a packet socket that sends as well */
    uint8_t *memory;
    size_t size;
    uint32_t frame_size, frame_count, next;
};
#define RING_INIT                                                                                                      \
    {                                                                                                                  \
        .fd = -1                                                                                                       \
    }
struct frame {
    const uint8_t *data;
    uint32_t length;
    int device; /* its index */
    struct virtio_net_hdr offload;
    int64_t arrived;            /* CLOCK_REALTIME */
    bool tagged, losing;        /* losing: frames before it found no room, and ring_overrun has not counted them yet */
    uint16_t tag, tag_protocol; /* host and network order */
};
uint32_t ring_frame_size(uint32_t mtu);                                   /* a power of two */
int ring_open(struct ring *ring, uint32_t frame_size, struct error *err); /* nothing passes yet */
void ring_close(struct ring *ring);
/* Frames of these devices pass: sorted, each once. */
#define RING_DEVICES_MAX 512
int ring_watch(struct ring *ring, const int *devices, size_t count, struct error *err);
bool ring_next(struct ring *ring, struct frame *out); /* false: none waits */
void ring_done(struct ring *ring);                    /* with the frame that ring_next gave */
uint64_t ring_overrun(struct ring *ring);             /* frames dropped since the last call */

/* ---- tap.c: where the wires of a namespace come in and go out ---- */
#define TAP_SLOTS 256
#define SEND_MOST 64 /* packets in one system call */
struct batch {
    unsigned count;
    struct packet *packets[SEND_MOST];
    int64_t due[SEND_MOST];
};
struct tap {
    char netns[32];
    struct ring ring;
    struct line *by_device[TAP_SLOTS]; /* by the index of their end */
    size_t line_count;
    struct batch leaving; /* due, and to be sent before the turn ends */
    uint64_t crowd;       /* which filling of the ring this is: a new one begins when it is found empty */
    uint32_t taken;       /* frames of this one so far */
    struct tap *next;
};
/* The thread is in a namespace ("-": its own) from tap_enter to tap_leave. */
int tap_enter(const char *netns, int *home, struct error *err);
void tap_leave(int *home);
/* One with room for a wire of this MTU, made where there is none yet; NULL with err. */
struct tap *tap_for(struct tap **all, const char *netns, uint32_t mtu, struct error *err);
void tap_add(struct tap *tap, struct line *line); /* its packets come from the next tap_watch on */
void tap_remove(struct tap *tap, struct line *line);
int tap_watch(struct tap *tap, struct error *err);
struct line *tap_line(const struct tap *tap, int device); /* NULL where it is nobody's end */
void tap_close(struct tap *tap);                          /* of no list any more; does not wait for the kernel */

/* ---- line.c: a wire that is served ---- */
struct line {
    struct relay_wire spec; /* without its impairment: */
    char *is_text;
    struct wire wire;
    int device_index, end_index;
    int to; /* one of these */
    struct tap *tap;
    struct line *beside; /* in the tap's slot */
    struct relay_statistics *statistics;
    bool wanted, touched;
    uint64_t crowd, crowd_share; /* the tap's crowd of its last frame, and how many of that crowd were its frames */
    int64_t last_arrived;        /* CLOCK_MONOTONIC */
    struct line *next;
};
struct line *line_open(const struct relay_wire *spec, struct tap **taps, struct relay_statistics *statistics,
                       struct error *err);
void line_close(struct line *line);
/* Is it still the same device that the wire is on? */
bool line_stands(const struct line *line);
void line_change(struct line *line, const struct impairment *is);

/* ---- pump.c: from ring to queue to device ---- */
struct pump {
    struct line *lines;
    struct tap *taps;
    struct queue queue;
    int epoll;
    int64_t turns, last_turn; /* nanoseconds saved for turns; CLOCK_MONOTONIC */
};
bool pump_take(struct pump *pump, struct tap *tap);    /* what waits in its ring, some of it at a time; is it empty? */
void pump_send_due(struct pump *pump);                 /* what is due */
void pump_flush(struct pump *pump, struct line *line); /* all packets of a line, due or not */
int pump_wait(struct pump *pump);                      /* until something is to be done */
int64_t pump_now(void);                                /* CLOCK_MONOTONIC, nanoseconds */

/* ---- flap.c, flood.c: programs of their own, which end with a status ---- */
int flap(const char *device, int64_t down, int64_t up); /* nanoseconds */
struct flood {
    const char *device; /* the far end of the victim's wire */
    uint8_t victim_mac[6], own_mac[6];
    struct in_addr victim, first; /* the first of its own addresses */
    uint16_t port;
    uint32_t sources, rate; /* how many addresses it has; SYNs in a second */
};
int flood(const struct flood *flood);

/* ---- control.c ---- */
int control_open(void);
/* Makes the lines those of the file: the packets of lines that stay stay where they are.  What could not be done is
 * told in err, the rest is done. */
int control_load(struct pump *pump, struct error *err);
void control_answer(struct pump *pump, int listener);
