/* What passes the interfaces of a network namespace. */
#include "kernel/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/table.h"
#include "kernel/namespace.h"

#define SNAP        160 /* headers, and enough of what is carried to know it again */
#define SMALL       512 /* IP length of packets that may carry another one's beginning */
#define BUFFER      (4 << 20)
#define BATCH       32
#define ETHERNET    14
#define TCP_SYN     0x02
#define TCP_ACK     0x10
#define ICMP_ECHO   8
#define ICMP_REPLY  0
#define ICMP6_ECHO  128
#define ICMP6_REPLY 129

/* Offsets are those of Ethernet without a tag: the kernel takes tags out. */
static const struct sock_filter program[] = {
    /*  0 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
    /*  1 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 1, 0),
    /*  2 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 14, 25),
    /*  3: IPv4, no later fragment */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETHERNET + 6),
    /*  4 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 23, 0),
    /*  5 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETHERNET + 9),
    /*  6 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 3),
    /*  7 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, ETHERNET),
    /*  8 */ BPF_STMT(BPF_LD | BPF_B | BPF_IND, ETHERNET + 13),
    /*  9 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TCP_SYN, 17, 18),
    /* 10 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 0, 4),
    /* 11 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, ETHERNET),
    /* 12 */ BPF_STMT(BPF_LD | BPF_B | BPF_IND, ETHERNET),
    /* 13 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP_ECHO, 13, 0),
    /* 14 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP_REPLY, 12, 13),
    /* 15: another protocol */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETHERNET + 2),
    /* 16 */ BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SMALL, 11, 10),
    /* 17: IPv6 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETHERNET + 6),
    /* 18 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 2),
    /* 19 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETHERNET + 40 + 13),
    /* 20 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TCP_SYN, 6, 7),
    /* 21 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 3),
    /* 22 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETHERNET + 40),
    /* 23 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP6_ECHO, 3, 0),
    /* 24 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP6_REPLY, 2, 3),
    /* 25: another protocol */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETHERNET + 4),
    /* 26 */ BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SMALL - 40, 1, 0),
    /* 27: let it through */ BPF_STMT(BPF_RET | BPF_K, SNAP),
    /* 28: leave it */ BPF_STMT(BPF_RET | BPF_K, 0),
};

#define PREFIX 3

/* In front: what comes in is left. */
static const struct sock_filter only_outgoing[PREFIX] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

/* No answers: of TCP what has no ACK, which is the first packet alone; no echo replies. */
static void leave_answers(struct sock_filter *code)
{
    static const struct {
        size_t at;
        struct sock_filter code;
    } changes[] = {
        {9, BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TCP_ACK, 18, 17)},
        {14, BPF_STMT(BPF_JMP | BPF_JA, 13)},
        {20, BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TCP_ACK, 7, 6)},
        {24, BPF_STMT(BPF_JMP | BPF_JA, 3)},
    };
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
        code[changes[i].at] = changes[i].code;
}

static int set_filter(int fd, enum tap_part part)
{
    struct sock_filter code[PREFIX + ARRAY_SIZE(program)];
    memcpy(code, only_outgoing, sizeof only_outgoing);
    memcpy(code + PREFIX, program, sizeof program);
    if (part != TAP_ALL)
        leave_answers(code + PREFIX);
    size_t skip = part == TAP_ARRIVALS ? 0 : PREFIX;
    struct sock_fprog filter = {(unsigned short)(ARRAY_SIZE(code) - skip), code + skip};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

int tap_open(int netns, enum tap_part part, struct error *err)
{
    /* Without a protocol nothing arrives until the filter stands. */
    FD_AUTO fd = netns_socket(netns, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0, err);
    struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    int buffer = BUFFER;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (set_filter(fd, part) < 0 || bind(fd, (struct sockaddr *)&all, sizeof all) < 0)
        return error_set_errno(err, errno, "watch the interfaces of a namespace");
    return fd_steal(&fd);
}

/* ---- reading a packet ---------------------------------------------------------------------------------------------
 */

static uint16_t two(const uint8_t *data)
{
    return (uint16_t)(data[0] << 8 | data[1]);
}

static uint32_t four(const uint8_t *data)
{
    return (uint32_t)two(data) << 16 | two(data + 2);
}

uint64_t tap_mark(const uint8_t *data, size_t length) /* FNV-1a */
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ data[i]) * 1099511628211u;
    return sum;
}

/* What the protocol says; data: behind the IP header. */
static bool read_transport(const uint8_t *data, size_t length, struct tap_packet *out)
{
    bool icmp = out->protocol == IPPROTO_ICMP || out->protocol == IPPROTO_ICMPV6;
    if (out->protocol == IPPROTO_TCP && length >= 20) {
        out->answer = (data[13] & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
        out->from_port = two(data);
        out->to_port = two(data + 2);
        out->mark = out->answer ? four(data + 8) - 1u : four(data + 4);
        return true;
    }
    if (icmp && length >= 8) {
        out->answer = data[0] == (out->protocol == IPPROTO_ICMP ? ICMP_REPLY : ICMP6_REPLY);
        out->mark = four(data + 4);
        if (length >= 16)
            memcpy(&out->cookie, data + 8, sizeof out->cookie);
        return true;
    }
    if (out->protocol == IPPROTO_UDP && length >= 8) {
        out->from_port = two(data);
        out->to_port = two(data + 2);
        out->mark = tap_mark(data + 8, length - 8);
        return true;
    }
    out->mark = tap_mark(data, length);
    return out->protocol != IPPROTO_TCP && !icmp && out->protocol != IPPROTO_UDP;
}

/* data: behind the Ethernet header. */
static bool read_packet(const uint8_t *data, size_t length, uint16_t type, struct tap_packet *out)
{
    bool ipv6 = type == ETH_P_IPV6;
    size_t header = ipv6 ? 40 : length ? (size_t)(data[0] & 15) * 4 : 0, size = ipv6 ? 16 : 4;
    if (length < header || header < 20)
        return false;
    /* What follows the packet in its frame is padding. */
    size_t whole = ipv6 ? 40u + two(data + 4) : two(data + 2);
    length = whole >= header && whole < length ? whole : length;
    out->protocol = ipv6 ? data[6] : data[9];
    out->ttl = ipv6 ? data[7] : data[8];
    out->from.family = out->to.family = ipv6 ? 6 : 4;
    memcpy(out->from.bytes, data + (ipv6 ? 8 : 12), size);
    memcpy(out->to.bytes, data + (ipv6 ? 24 : 16), size);
    return read_transport(data + header, length - header, out);
}

static void hand_over(const uint8_t *frame, size_t length, const struct sockaddr_ll *from, tap_handler *handler,
                      void *context)
{
    struct tap_packet packet = {.interface = (uint32_t)from->sll_ifindex,
                                .outgoing = from->sll_pkttype == PACKET_OUTGOING};
    memcpy(packet.next.bytes, frame, sizeof packet.next.bytes);
    if (length > ETHERNET && read_packet(frame + ETHERNET, length - ETHERNET, ntohs(from->sll_protocol), &packet))
        handler(context, &packet);
}

bool tap_read(int fd, tap_handler *handler, void *context)
{
    static uint8_t frames[BATCH][SNAP];
    struct sockaddr_ll from[BATCH];
    struct iovec vectors[BATCH];
    struct mmsghdr messages[BATCH];
    for (int got = BATCH; got == BATCH;) {
        for (size_t i = 0; i < BATCH; i++) {
            vectors[i] = (struct iovec){frames[i], SNAP};
            messages[i] = (struct mmsghdr){
                .msg_hdr = {
                    .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &vectors[i], .msg_iovlen = 1}};
        }
        got = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < got; i++)
            hand_over(frames[i], messages[i].msg_len, &from[i], handler, context);
    }
    struct tpacket_stats lost = {0};
    socklen_t size = sizeof lost;
    return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &lost, &size) == 0 && lost.tp_drops == 0;
}
