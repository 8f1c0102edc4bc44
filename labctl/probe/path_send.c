/* Packets with a limited time to live, of one flow: echo requests, datagrams, SYNs.
 *
 * The TTL that a packet was sent with stands in what is quoted: the sequence number of an echo, the first byte behind
 * the text of a datagram, the low bits of a SYN's sequence number.  SYNs leave by a raw socket; a socket that is bound
 * but never connected keeps their port, and the kernel answers what comes back with a RST by itself. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "model/topology.h"
#include "probe/path.h"

#define PAYLOAD 16 /* the text, the TTL, and zeros */

int64_t path_patience(const struct attempt *attempt)
{
    return (attempt->deadline - attempt->started) / 4;
}

void path_sender_mark(const struct path_sender *sender, struct watch_mark *mark)
{
    static const int protocols[] = {[PATH_UDP] = IPPROTO_UDP, [PATH_TCP] = IPPROTO_TCP};
    *mark = (struct watch_mark){.ipv6 = sender->ipv6, .port = sender->port, .number = sender->number};
    mark->protocol =
        sender->protocol == PATH_ICMP ? (sender->ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP) : protocols[sender->protocol];
    memcpy(mark->text, sender->text, sizeof mark->text);
}

uint64_t path_sign(const struct path_sender *sender, unsigned number)
{
    uint8_t carried[PAYLOAD] = {0};
    uint64_t cookie;
    memcpy(carried, sender->text, sizeof sender->text);
    carried[7] = (uint8_t)number;
    memcpy(&cookie, carried, sizeof cookie);
    return sender->protocol == PATH_TCP   ? (sender->number | number)
           : sender->protocol == PATH_UDP ? tap_mark(carried, sizeof carried)
                                          : cookie;
}

/* ---- sending ------------------------------------------------------------------------------------------------------
 */

static size_t make_syn(const struct path_sender *sender, unsigned packet_number, uint8_t *packet)
{
    struct tcphdr tcp = {.th_sport = htons(sender->id),
                         .th_dport = htons(sender->port),
                         .th_seq = htonl(sender->number | packet_number),
                         .th_off = 5,
                         .th_flags = TH_SYN,
                         .th_win = htons(1024)};
    size_t bytes = sender->ipv6 ? 16 : 4;
    uint8_t pseudo[36] = {0};
    memcpy(pseudo, sender->source.bytes, bytes);
    memcpy(pseudo + bytes, sender->target.bytes, bytes);
    pseudo[2 * bytes + 1] = IPPROTO_TCP;
    pseudo[2 * bytes + 3] = sizeof tcp;
    uint32_t sum = 0;
    for (size_t i = 0; i < 2 * bytes + 4; i += 2)
        sum += (uint32_t)(pseudo[i] << 8 | pseudo[i + 1]);
    tcp.th_sum = net_checksum(sum, &tcp, sizeof tcp);
    memcpy(packet, &tcp, sizeof tcp);
    return sizeof tcp;
}

void path_send(struct path_sender *sender, unsigned number, unsigned ttl)
{
    uint8_t packet[sizeof(struct tcphdr) + PAYLOAD] = {0};
    int hops = (int)ttl;
    size_t size = PAYLOAD, head = sender->protocol == PATH_ICMP ? 8 : 0;
    if (sender->protocol == PATH_TCP) {
        size = make_syn(sender, number, packet);
    } else {
        memcpy(packet + head, sender->text, sizeof sender->text);
        packet[head + 7] = (uint8_t)number;
        if (head)
            net_make_echo(sender->ipv6, sender->id, (uint16_t)number, packet, size += head);
    }
    setsockopt(sender->fd, sender->ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, sender->ipv6 ? IPV6_UNICAST_HOPS : IP_TTL, &hops,
               sizeof hops);
    /* What an earlier packet met may be reported here, and the packet not be sent: once more. */
    if (send(sender->fd, packet, size, MSG_DONTWAIT) < 0 && errno != EAGAIN)
        (void)!send(sender->fd, packet, size, MSG_DONTWAIT);
}

/* ---- hearing ------------------------------------------------------------------------------------------------------
 */

/* The TTL of the packet that is quoted: from behind its IP header, or its payload with UDP. */
static unsigned quoted_ttl(const struct path_sender *sender, const uint8_t *data, size_t size)
{
    struct tcphdr tcp;
    switch (sender->protocol) {
    case PATH_ICMP:
        return size >= 8 && (data[4] << 8 | data[5]) == sender->id ? (unsigned)(data[6] << 8 | data[7]) : 0;
    case PATH_UDP:
        return size >= 8 && memcmp(data, sender->text, 7) == 0 ? data[7] : 0;
    default:
        memset(&tcp, 0, sizeof tcp);
        memcpy(&tcp, data, size < sizeof tcp ? size : sizeof tcp); /* eight bytes are sure */
        return size >= 8 && ntohs(tcp.th_sport) == sender->id ? ntohl(tcp.th_seq) & 0x7f : 0;
    }
}

bool path_take_error(struct path_sender *sender, struct net_error *error, unsigned *ttl)
{
    uint8_t data[256];
    size_t size = sizeof data;
    if (!net_take_error_of(sender->fd, error, data, &size))
        return false;
    *ttl = quoted_ttl(sender, data, size);
    return true;
}

/* SYN+ACK or RST to one of ours. */
static bool read_tcp(const struct path_sender *sender, const uint8_t *data, size_t size, unsigned *ttl)
{
    struct tcphdr tcp;
    size_t header = sender->ipv6 || !size ? 0 : (size_t)(data[0] & 15) * 4;
    if (size < header + sizeof tcp)
        return false;
    memcpy(&tcp, data + header, sizeof tcp);
    uint32_t number = ntohl(tcp.th_ack) - 1;
    *ttl = number & 0x7f;
    return ntohs(tcp.th_dport) == sender->id && ntohs(tcp.th_sport) == sender->port && tcp.th_flags & TH_ACK &&
           (number & ~0x7fu) == sender->number;
}

bool path_take_answer(struct path_sender *sender, unsigned *ttl)
{
    uint8_t data[256];
    for (;;) {
        ssize_t size = recv(sender->fd, data, sizeof data, MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return false;
        if (size < 0) /* what the error queue told already */
            continue;
        uint16_t sequence = 0;
        if (sender->protocol == PATH_UDP) {
            *ttl = size >= 8 && memcmp(data, sender->text, 7) == 0 ? data[7] : 0;
            return true;
        }
        if (sender->protocol == PATH_TCP && read_tcp(sender, data, (size_t)size, ttl))
            return true;
        if (sender->protocol == PATH_ICMP && net_read_echo(sender->ipv6, sender->id, data, (size_t)size, &sequence)) {
            *ttl = sequence;
            return true;
        }
    }
}

/* ---- opening ------------------------------------------------------------------------------------------------------
 */

/* A port for SYNs that nothing else uses meanwhile. */
static bool reserve_port(struct path_sender *sender, struct attempt *attempt, int netns)
{
    struct sockaddr_storage address;
    socklen_t length = net_sockaddr(&sender->source, 0, &address);
    sender->reserved = attempt_socket(attempt, netns, net_domain(&sender->target), SOCK_STREAM, 0);
    if (sender->reserved < 0)
        return false;
    if (bind(sender->reserved, (struct sockaddr *)&address, length) < 0 ||
        getsockname(sender->reserved, (struct sockaddr *)&address, &length) < 0) {
        bool full = errno == EADDRINUSE || errno == EADDRNOTAVAIL; /* the node's own doing, none of labctl's */
        attempt_end(attempt, full ? OUTCOME_UNREACHABLE : OUTCOME_ERROR, "no local TCP port is left there: %s",
                    strerror(errno));
        return false;
    }
    sender->id = ntohs(((struct sockaddr_in *)&address)->sin_port); /* at the same place in sockaddr_in6 */
    return true;
}

static void read_source(struct path_sender *sender)
{
    struct sockaddr_storage own = {0};
    socklen_t length = sizeof own;
    getsockname(sender->fd, (struct sockaddr *)&own, &length);
    sender->source.family = sender->target.family;
    if (sender->ipv6)
        memcpy(sender->source.bytes, &((struct sockaddr_in6 *)&own)->sin6_addr, 16);
    else
        memcpy(sender->source.bytes, &((struct sockaddr_in *)&own)->sin_addr, 4);
}

bool path_sender_open(struct path_sender *sender, struct attempt *attempt, int netns, enum path_protocol protocol,
                      uint16_t port, const struct addr *target)
{
    static const uint16_t ports[] = {[PATH_UDP] = 33434, [PATH_TCP] = 80};
    char text[ADDR_TEXT_MAX];
    *sender = (struct path_sender){.fd = -1, .reserved = -1, .protocol = protocol};
    sender->target = *target;
    sender->ipv6 = sender->target.family == 6;
    sender->port = port || protocol == PATH_ICMP ? port : ports[protocol];
    sender->id = net_identifier();
    if (getrandom(sender->text, sizeof sender->text, GRND_NONBLOCK) < 0 ||
        getrandom(&sender->number, sizeof sender->number, GRND_NONBLOCK) < 0)
        sender->number = (uint32_t)clock_monotonic();
    sender->number &= ~0x7fu; /* the TTL's place */
    bool udp = protocol == PATH_UDP, tcp = protocol == PATH_TCP;
    int icmp = sender->ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
    sender->fd = attempt_socket(attempt, netns, net_domain(&sender->target), udp ? SOCK_DGRAM : SOCK_RAW,
                                udp   ? 0
                                : tcp ? IPPROTO_TCP
                                      : icmp);
    if (sender->fd < 0)
        return false;
    net_want_errors(sender->fd, net_domain(&sender->target));
    if (!udp && !tcp)
        net_want_replies(sender->fd, sender->ipv6);
    struct sockaddr_storage address;
    socklen_t length = net_sockaddr(&sender->target, udp ? sender->port : 0, &address);
    if (connect(sender->fd, (struct sockaddr *)&address, length) < 0) {
        attempt_end(attempt, OUTCOME_UNREACHABLE, "no way to %s: %s", addr_format(&sender->target, text),
                    strerror(errno));
        return false;
    }
    read_source(sender);
    return !tcp || reserve_port(sender, attempt, netns);
}

void path_sender_close(struct path_sender *sender)
{
    fd_close(&sender->fd);
    fd_close(&sender->reserved);
}
