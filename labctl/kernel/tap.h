/* What passes the interfaces of a network namespace: the packets with which a conversation begins and is answered.
 *
 * One packet socket sees all interfaces of the namespace.  A filter in the kernel lets through TCP packets with SYN
 * (and so SYN with ACK), ICMP echo and its replies, and small packets of all other protocols; no more than their
 * beginning is copied.  What is sent past the queue of its device (PACKET_QDISC_BYPASS) is not seen.  Closing such a
 * socket waits for the kernel's grace period (tens of milliseconds): leave it to the end of the process where that is
 * near. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct error;

/* What is wanted less, where many packets come and each costs. */
enum tap_part {
    TAP_ALL,
    TAP_QUESTIONS, /* no answers */
    TAP_ARRIVALS   /* no answers, and only what leaves through an interface: goes to whoever is behind it */
};
/* A descriptor to poll for reading, or -1 with err. */
int tap_open(int netns, enum tap_part part, struct error *err);

struct tap_packet {
    uint32_t interface; /* its index in the namespace */
    bool outgoing;      /* it leaves through the interface; else it came in */
    uint8_t protocol;   /* IPPROTO_* */
    struct addr from, to;
    struct mac next;             /* to whom the frame goes */
    uint16_t from_port, to_port; /* TCP, UDP */
    uint8_t ttl;                 /* or hop limit */
    bool answer;                 /* TCP: SYN with ACK; ICMP: an echo reply */
    /* TCP: the sequence number, for an answer the one that it answers; ICMP echo: identifier and sequence number; UDP
     * and others: a hash of what they carry */
    uint64_t mark;
    uint64_t cookie; /* ICMP echo: the first eight bytes that it carries, or 0 */
};
/* The mark of a UDP packet that carries this. */
uint64_t tap_mark(const uint8_t *data, size_t length);
typedef void tap_handler(void *context, const struct tap_packet *packet);

/* Hands over what is waiting.  False where packets were lost for want of room, now or earlier. */
bool tap_read(int fd, tap_handler *handler, void *context);
