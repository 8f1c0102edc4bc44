/* Flows of packets that are captured at an interface of a node: pcap from the lab, summed up by addresses, protocol and
 * ports. */
#include "cmd/common/flows.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "lab/control.h"

#define INTERFACES_MAX 64
#define PCAP_HEADER    24
#define SNAPSHOT       262144
#define ETHERNET       14

struct packet_header {
    uint32_t seconds, nanoseconds, captured, length;
};

struct tap {
    const char *interface;
    int pipe, near;
    size_t skip; /* what is left of pcap's own header */
    struct str data;
};

struct capture {
    struct tap taps[INTERFACES_MAX];
    size_t count;
    struct arena *arena;
    struct map *known; /* text of a flow → its JSON object */
    json_t *flows;
};

/* ---- packets ---- */

static unsigned two(const uint8_t *data)
{
    return (unsigned)(data[0] << 8 | data[1]);
}

struct tuple {
    struct addr from, to;
    unsigned protocol, from_port, to_port;
    size_t bytes;
};

/* Behind the Ethernet header and its tags; false where it is no IP packet. */
static bool read_packet(const uint8_t *frame, size_t length, struct tuple *out)
{
    size_t at = 12;
    while (length >= at + 4 && (two(frame + at) == ETH_P_8021Q || two(frame + at) == ETH_P_8021AD))
        at += 4;
    if (length < at + 2 + 20)
        return false;
    unsigned type = two(frame + at);
    const uint8_t *ip = frame + at + 2;
    length -= at + 2;
    bool six = type == ETH_P_IPV6;
    size_t header = six ? 40 : (size_t)(ip[0] & 15) * 4, size = six ? 16 : 4;
    if ((type != ETH_P_IP && !six) || length < header)
        return false;
    *out = (struct tuple){.protocol = six ? ip[6] : ip[9], .bytes = six ? 40u + two(ip + 4) : two(ip + 2)};
    out->from.family = out->to.family = six ? 6 : 4;
    memcpy(out->from.bytes, ip + (six ? 8 : 12), size);
    memcpy(out->to.bytes, ip + (six ? 24 : 16), size);
    bool first = six || !(two(ip + 6) & 0x1fff);
    if (first && (out->protocol == IPPROTO_TCP || out->protocol == IPPROTO_UDP) && length >= header + 4) {
        out->from_port = two(ip + header);
        out->to_port = two(ip + header + 2);
    }
    return true;
}

static void count(struct capture *capture, const struct tap *tap, const struct packet_header *header,
                  const uint8_t *frame)
{
    struct tuple tuple;
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    if (!read_packet(frame, header->captured, &tuple))
        return;
    const char *key = arena_printf(capture->arena, "%s %s %s %u %u %u", tap->interface, addr_format(&tuple.from, from),
                                   addr_format(&tuple.to, to), tuple.protocol, tuple.from_port, tuple.to_port);
    json_t *flow = map_get(capture->known, key);
    if (!flow) {
        flow = json_pack("{s:f, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:s}", "time",
                         (double)header->seconds + header->nanoseconds / 1000000 / 1e3, "interface", tap->interface,
                         "source", from, "destination", to, "source_port", (int)tuple.from_port, "destination_port",
                         (int)tuple.to_port, "protocol", (int)tuple.protocol, "packets", 0, "bytes", 0, "action",
                         "ACCEPT");
        map_set(capture->known, key, flow);
        json_array_append_new(capture->flows, flow);
    }
    json_object_set_new(flow, "packets", json_integer(client_integer(flow, "packets") + 1));
    json_object_set_new(flow, "bytes", json_integer(client_integer(flow, "bytes") + (json_int_t)tuple.bytes));
}

static void take_packets(struct capture *capture, struct tap *tap)
{
    size_t at = 0;
    if (tap->skip && tap->data.length >= tap->skip) {
        at = tap->skip;
        tap->skip = 0;
    }
    while (!tap->skip && tap->data.length - at >= sizeof(struct packet_header)) {
        struct packet_header header;
        memcpy(&header, tap->data.data + at, sizeof header);
        if (header.captured > SNAPSHOT || tap->data.length - at - sizeof header < header.captured)
            break;
        count(capture, tap, &header, (const uint8_t *)tap->data.data + at + sizeof header);
        at += sizeof header + header.captured;
    }
    memmove(tap->data.data, tap->data.data + at, tap->data.length - at);
    tap->data.length -= at;
}

/* ---- taps ---- */

static int open_tap(const struct context *context, const char *node, struct tap *tap, struct error *err)
{
    int ends[2], pair[2];
    tap->skip = PCAP_HEADER;
    if (pipe2(ends, O_CLOEXEC))
        return error_set_errno(err, errno, "make a pipe");
    tap->pipe = ends[0];
    FD_AUTO output = ends[1];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return error_set_errno(err, errno, "make a socket pair");
    tap->near = pair[0];
    FD_AUTO far = pair[1];
    struct control *control = NULL;
    if (client_connect(context, &control, err))
        return -1;
    json_t *params = json_pack("{s:s, s:s, s:i}", "node", node, "interface", tap->interface, "count", 0);
    const int fds[] = {output, far};
    int result = control_call(control, "capture", params, fds, ARRAY_SIZE(fds), NULL, NULL, NULL, NULL, NULL, err);
    control_close(control);
    return result;
}

static void close_taps(struct capture *capture)
{
    for (size_t i = 0; i < capture->count; i++) {
        fd_close(&capture->taps[i].pipe);
        fd_close(&capture->taps[i].near);
        str_free(&capture->taps[i].data);
    }
}

static void read_tap(struct capture *capture, struct tap *tap)
{
    static char chunk[65536];
    ssize_t got = read(tap->pipe, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR)
        return;
    if (got <= 0) {
        fd_close(&tap->pipe);
        return;
    }
    str_append_bytes(&tap->data, chunk, (size_t)got);
    take_packets(capture, tap);
}

/* Until the time is over and what had arrived by then is read. */
static void follow(struct capture *capture, int signal_fd, int64_t deadline)
{
    bool stopping = false;
    for (size_t open = capture->count; open > 0;) {
        struct pollfd fds[INTERFACES_MAX + 1] = {{.fd = stopping ? -1 : signal_fd, .events = POLLIN}};
        for (size_t i = 0; i < capture->count; i++)
            fds[i + 1] = (struct pollfd){.fd = capture->taps[i].pipe, .events = POLLIN};
        int64_t left = (deadline - clock_boot()) / 1000000 + 1;
        int ready = poll(fds, (nfds_t)capture->count + 1, stopping ? -1 : left > 0 ? (int)left : 0);
        if (!stopping && (fds[0].revents || clock_boot() >= deadline)) {
            stopping = true;
            for (size_t i = 0; i < capture->count; i++)
                shutdown(capture->taps[i].near, SHUT_WR);
        }
        open = 0;
        for (size_t i = 0; i < capture->count; i++) {
            if (ready > 0 && capture->taps[i].pipe >= 0 && fds[i + 1].revents)
                read_tap(capture, &capture->taps[i]);
            open += capture->taps[i].pipe >= 0;
        }
    }
}

int flows_capture(const struct context *context, const char *node, const json_t *interfaces, int64_t nanoseconds,
                  json_t *flows, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct capture capture = {.arena = arena, .known = map_new(arena), .flows = flows};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    FD_AUTO signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    int result = 0;
    for (size_t i = 0; i < json_array_size(interfaces) && i < INTERFACES_MAX && !result; i++) {
        struct tap *tap = &capture.taps[capture.count++];
        *tap = (struct tap){.interface = json_string_value(json_array_get(interfaces, i)), .pipe = -1, .near = -1};
        result = open_tap(context, node, tap, err);
    }
    if (!result) {
        sigprocmask(SIG_BLOCK, &set, NULL);
        follow(&capture, signal_fd, clock_boot() + nanoseconds);
    }
    close_taps(&capture);
    return result;
}
