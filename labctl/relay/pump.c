#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/table.h"
#include "base/units.h"
#include "relay/relay.h"

#define TAKE_MOST    256                    /* frames of one namespace before the others' turn */
#define WATCH        30000                  /* ns before a packet is due from which on the clock is watched */
#define TURN         100000                 /* ns that two turns are apart where packets are dense */
#define TURNS_SAVED  10                     /* turns that may follow one another at once after a rest */
#define ARRIVAL_MOST NANOSECONDS_PER_SECOND /* a stamp older than that is of a clock that was set */
#define WAIT_MOST    (60 * NANOSECONDS_PER_SECOND)

static int64_t clock_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * NANOSECONDS_PER_SECOND + now.tv_nsec;
}

int64_t pump_now(void)
{
    return clock_of(CLOCK_MONOTONIC);
}

/* How far CLOCK_REALTIME, by which the kernel stamps packets, is ahead of CLOCK_MONOTONIC: the closest of a few looks,
 * as this process may be interrupted between two; looked at anew ten times a second.  A look is as good as it is short:
 * what it does not contradict stays, or a machine that stands still in all of them would let packets go too early. */
static int64_t ahead(int64_t now)
{
    static int64_t difference, looked;
    int64_t closest = INT64_MAX, seen = 0;
    if (looked && now - looked < NANOSECONDS_PER_SECOND / 10)
        return difference;
    for (int i = 0; i < 5 && closest > 1000; i++) {
        int64_t before = pump_now(), real = clock_of(CLOCK_REALTIME), after = pump_now();
        if (after - before < closest) {
            closest = after - before;
            seen = real - (before + after) / 2;
        }
    }
    if (!looked || llabs(seen - difference) > closest)
        difference = seen;
    looked = now;
    return difference;
}

/* ---- in ------------------------------------------------------------------------------------------------------- */

/* What the sender's kernel left open. */
static void close_checksum(struct packet *packet)
{
    struct virtio_net_hdr *offload = &packet->offload;
    uint32_t start = offload->csum_start, at = start + offload->csum_offset, sum = 0;
    if (!(offload->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || at + 2 > packet->length)
        return;
    for (uint32_t i = start; i < packet->length; i += 2)
        sum += (uint32_t)packet->frame[i] << 8 | (i + 1 < packet->length ? packet->frame[i + 1] : 0);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    sum = ~sum & 0xffff;
    if (sum == 0)
        sum = 0xffff; /* RFC 768: zero means none; the same in one's complement */
    packet->frame[at] = (uint8_t)(sum >> 8);
    packet->frame[at + 1] = (uint8_t)sum;
    offload->flags = 0;
    offload->csum_start = offload->csum_offset = 0;
}

static struct packet *copy_frame(struct line *line, const struct frame *frame)
{
    size_t tag = frame->tagged ? 4 : 0, addresses = 2 * ETH_ALEN;
    struct packet *packet = packet_new(frame->length + tag);
    if (!packet)
        return NULL;
    packet->line = line;
    packet->offload = frame->offload;
    if (!tag) {
        memcpy(packet->frame, frame->data, frame->length);
        return packet;
    }
    uint16_t words[2] = {frame->tag_protocol, htons(frame->tag)};
    memcpy(packet->frame, frame->data, addresses);
    memcpy(packet->frame + addresses, words, tag);
    memcpy(packet->frame + addresses + tag, frame->data + addresses, frame->length - addresses);
    if (packet->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
        packet->offload.csum_start = (uint16_t)(packet->offload.csum_start + tag);
    return packet;
}

static void take(struct pump *pump, struct line *line, const struct frame *frame, int64_t arrived)
{
    if (frame->length < ETH_HLEN) { /* longer than the wire's MTU allows */
        line->statistics->undeliverable++;
        return;
    }
    struct wire_verdict verdict = wire_enter(&line->wire, frame->length, arrived);
    for (unsigned c = 0; c < verdict.copies; c++) {
        struct packet *packet = copy_frame(line, frame);
        if (!packet || queue_push(&pump->queue, verdict.copy[c].due, packet)) {
            if (packet)
                packet_free(packet);
            line->wire.held--;
            line->wire.counters.overflowed++;
            continue;
        }
        if (verdict.copy[c].corrupt) {
            close_checksum(packet);
            wire_corrupt(packet->frame, packet->length, ETH_HLEN, verdict.copy[c].corruption);
        }
    }
}

static void take_of(struct pump *pump, struct line *line, const struct frame *frame, int64_t arrived)
{
    struct tap *tap = line->tap;
    if (arrived < line->last_arrived) /* stamps are as good as the clock; the ring is in order */
        arrived = line->last_arrived;
    line->last_arrived = arrived;
    line->touched = true;
    line->crowd_share = line->crowd == tap->crowd ? line->crowd_share + 1 : 1;
    line->crowd = tap->crowd;
    take(pump, line, frame, arrived);
    if (line->wire.held > line->statistics->held_most)
        line->statistics->held_most = line->wire.held;
}

/* The kernel counts what a ring had no room for, but not of which wires: told of them in the proportion in which they
 * filled it. */
static void share_overrun(struct tap *tap, uint64_t overrun)
{
    uint64_t left = overrun;
    for (size_t slot = 0; slot < TAP_SLOTS && left; slot++)
        for (struct line *line = tap->by_device[slot]; line; line = line->beside) {
            if (line->crowd != tap->crowd)
                continue;
            uint64_t share = overrun * line->crowd_share / tap->taken;
            line->statistics->overrun += share;
            left -= share;
        }
    for (size_t slot = 0; slot < TAP_SLOTS && left; slot++)
        for (struct line *line = tap->by_device[slot]; line && left; line = line->beside)
            if (line->crowd == tap->crowd) {
                line->statistics->overrun++;
                left--;
            }
}

static void end_crowd(struct tap *tap)
{
    uint64_t overrun = tap->taken >= tap->ring.frame_count ? ring_overrun(&tap->ring) : 0;
    if (overrun)
        share_overrun(tap, overrun);
    tap->taken = 0;
    tap->crowd++;
}

bool pump_take(struct pump *pump, struct tap *tap)
{
    struct frame frame;
    int64_t now = pump_now(), difference = ahead(now);
    for (int i = 0; ring_next(&tap->ring, &frame); i++) {
        if (i == TAKE_MOST)
            return false;
        tap->taken++;
        int64_t arrived = frame.arrived - difference;
        if (arrived > now || arrived < now - ARRIVAL_MOST)
            arrived = now;
        struct line *line = tap_line(tap, frame.device);
        if (line)
            take_of(pump, line, &frame, arrived);
        ring_done(&tap->ring);
    }
    end_crowd(tap);
    return true;
}

/* ---- out ------------------------------------------------------------------------------------------------------ */

static void note_lateness(struct relay_statistics *statistics, int64_t late)
{
    if (late < 0)
        late = 0;
    statistics->lateness[relay_lateness_bucket(late)]++;
    if (late > statistics->latest)
        statistics->latest = late;
}

static void note_sent(const struct packet *packet, int64_t late)
{
    struct line *line = packet->line;
    line->wire.counters.passed++;
    line->wire.counters.bytes += packet->length;
    note_lateness(line->statistics, late);
}

static void free_sent(struct batch *batch)
{
    for (unsigned i = 0; i < batch->count; i++) {
        struct line *line = batch->packets[i]->line;
        line->wire.held--;
        line->touched = true;
        packet_free(batch->packets[i]);
    }
    batch->count = 0;
}

static void send_batch(struct tap *tap)
{
    struct batch *batch = &tap->leaving;
    struct mmsghdr messages[SEND_MOST];
    struct iovec parts[SEND_MOST][2];
    struct sockaddr_ll to[SEND_MOST];
    int64_t now = pump_now();
    for (unsigned i = 0; i < batch->count; i++) {
        struct packet *packet = batch->packets[i];
        to[i] = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_ifindex = packet->line->to};
        parts[i][0] = (struct iovec){&packet->offload, sizeof packet->offload};
        parts[i][1] = (struct iovec){packet->frame, packet->length};
        messages[i] = (struct mmsghdr){
            .msg_hdr = {.msg_name = &to[i], .msg_namelen = sizeof to[i], .msg_iov = parts[i], .msg_iovlen = 2}};
    }
    for (unsigned done = 0; done < batch->count;) {
        int sent = sendmmsg(tap->ring.fd, messages + done, batch->count - done, MSG_DONTWAIT);
        for (int i = 0; i < sent; i++, done++)
            note_sent(batch->packets[done], now - batch->due[done]);
        if (sent <= 0 && errno != EINTR) /* the device is down, or gone */
            batch->packets[done++]->line->statistics->undeliverable++;
    }
    free_sent(batch);
}

static void let_leave(struct packet *packet, int64_t due)
{
    struct batch *batch = &packet->line->tap->leaving;
    batch->due[batch->count] = due;
    batch->packets[batch->count++] = packet;
    if (batch->count == SEND_MOST)
        send_batch(packet->line->tap);
}

/* What is due leaves in its order, and as much as that in one system call: between two, who is woken by the first
 * packet would fall asleep again, and to wake somebody is the dearest part of all. */
void pump_send_due(struct pump *pump)
{
    int64_t now = pump_now(), due;
    while ((due = queue_due(&pump->queue)) <= now)
        let_leave(queue_pop(&pump->queue), due);
    for (struct tap *tap = pump->taps; tap; tap = tap->next)
        if (tap->leaving.count)
            send_batch(tap);
    for (struct line *line = pump->lines; line; line = line->next)
        if (line->touched) {
            line->statistics->counters = line->wire.counters;
            line->statistics->held = line->wire.held;
            line->touched = false;
        }
}

void pump_flush(struct pump *pump, struct line *line)
{
    struct queue others = {0};
    for (;;) {
        int64_t due = queue_due(&pump->queue);
        struct packet *packet = queue_pop(&pump->queue);
        if (!packet)
            break;
        if (packet->line == line)
            let_leave(packet, due);
        else if (queue_push(&others, due, packet))
            packet_free(packet);
    }
    if (line->tap->leaving.count)
        send_batch(line->tap);
    queue_free(&pump->queue);
    pump->queue = others;
}

/* ---- between -------------------------------------------------------------------------------------------------- */

static void sleep_until(int64_t then)
{
    struct timespec at = {then / NANOSECONDS_PER_SECOND, then % NANOSECONDS_PER_SECOND};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* A turn costs system calls and a switch of tasks, whatever the number of packets in it.  So turns are rationed, by a
 * token bucket: where packets are far apart each has a turn of its own, at its moment; where they are dense, the relay
 * sleeps without being woken by them, and takes and sends several in one turn.  Their arrival is stamped by the kernel,
 * so they are late by TURN at most. */
static void pace(struct pump *pump)
{
    int64_t now = pump_now();
    pump->turns += now - pump->last_turn;
    pump->last_turn = now;
    if (pump->turns > TURNS_SAVED * TURN)
        pump->turns = TURNS_SAVED * TURN;
    if (pump->turns < TURN)
        sleep_until(now + TURN - pump->turns);
    pump->turns -= TURN;
}

static int sleep_and_listen(struct pump *pump, struct epoll_event *events, int room)
{
    int64_t due = queue_due(&pump->queue), left = due == INT64_MAX ? WAIT_MOST : due - pump_now() - WATCH;
    left = left < 0 ? 0 : left > WAIT_MOST ? WAIT_MOST : left;
    struct timespec wait = {left / NANOSECONDS_PER_SECOND, left % NANOSECONDS_PER_SECOND};
    int count = epoll_pwait2(pump->epoll, events, room, &wait, NULL);
    for (int64_t now = pump_now(); count == 0 && now < due && due - now <= WATCH;)
        now = pump_now();
    return count;
}

/* Takes what is there; returns 0, or 1 where the control socket (data NULL) wants to be heard. */
int pump_wait(struct pump *pump)
{
    struct epoll_event events[64];
    int control = 0;
    pace(pump);
    int count = sleep_and_listen(pump, events, ARRAY_SIZE(events));
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr)
            pump_take(pump, events[i].data.ptr);
        else
            control = 1;
    }
    return control;
}
