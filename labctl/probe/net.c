/* Addresses for sockets, and what ICMP told a socket. */
#include "probe/net.h"

#include <errno.h>
#include <time.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/table.h"
#include "kernel/namespace.h"
#include "kernel/sysctl.h"

socklen_t net_sockaddr(const struct addr *addr, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (addr->family == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        memcpy(&in->sin_addr, addr->bytes, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    memcpy(&in6->sin6_addr, addr->bytes, 16);
    return sizeof *in6;
}

int net_domain(const struct addr *addr)
{
    return addr->family == 6 ? AF_INET6 : AF_INET;
}

const char *net_format(const struct addr *addr, uint16_t port, char out[static NET_TEXT_MAX])
{
    char text[ADDR_TEXT_MAX];
    snprintf(out, NET_TEXT_MAX, addr->family == 6 ? "[%s]:%u" : "%s:%u", addr_format(addr, text), port);
    return out;
}

void net_want_errors(int fd, int domain)
{
    int on = 1;
    if (domain == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
    else
        setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
}

void net_leave_no_trace(int fd)
{
    struct linger reset = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

static void read_offender(const struct sock_extended_err *ee, struct addr *out)
{
    struct sockaddr_storage from;
    memcpy(&from, SO_EE_OFFENDER(ee), sizeof(struct sockaddr_in6));
    if (from.ss_family == AF_INET) {
        out->family = 4;
        memcpy(out->bytes, &((struct sockaddr_in *)&from)->sin_addr, 4);
    } else if (from.ss_family == AF_INET6) {
        out->family = 6;
        memcpy(out->bytes, &((struct sockaddr_in6 *)&from)->sin6_addr, 16);
    }
}

bool net_take_error(int fd, struct net_error *out)
{
    char data[64];
    size_t length = sizeof data;
    return net_take_error_of(fd, out, data, &length);
}

bool net_take_error_of(int fd, struct net_error *out, void *data, size_t *length)
{
    char control[512] __attribute__((aligned(8)));
    struct iovec vector = {.iov_base = data, .iov_len = *length};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t size = recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (size < 0)
        return false;
    *length = (size_t)size;
    memset(out, 0, sizeof *out);
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message); cmsg; cmsg = CMSG_NXTHDR(&message, cmsg)) {
        bool ipv4 = cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_RECVERR;
        bool ipv6 = cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_RECVERR;
        if (!ipv4 && !ipv6)
            continue;
        /* The offender's address follows the structure. */
        const struct sock_extended_err *ee = (const struct sock_extended_err *)CMSG_DATA(cmsg);
        out->icmp = ee->ee_origin == SO_EE_ORIGIN_ICMP || ee->ee_origin == SO_EE_ORIGIN_ICMP6;
        out->family = ee->ee_origin == SO_EE_ORIGIN_ICMP6 ? 6 : 4;
        out->type = ee->ee_type;
        out->code = ee->ee_code;
        out->information = ee->ee_info;
        out->number = (int)ee->ee_errno;
        if (out->icmp && cmsg->cmsg_len >= CMSG_LEN(sizeof *ee + sizeof(struct sockaddr_in)))
            read_offender(ee, &out->offender);
    }
    return true;
}

/* RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1 */
static const char *const unreachable_names[] = {
    "network unreachable",
    "host unreachable",
    "protocol unreachable",
    "port unreachable",
    "fragmentation needed",
    "source route failed",
    "network unknown",
    "host unknown",
    "host isolated",
    "network prohibited",
    "host prohibited",
    "network unreachable for this service",
    "host unreachable for service",
    "administratively prohibited",
};
/* RFC 4443 3.1 */
static const char *const unreachable6_names[] = {
    "no route",
    "administratively prohibited",
    "beyond the scope of the source",
    "address unreachable",
    "port unreachable",
    "source address failed policy",
    "route rejected",
};

static const char *icmp_name(const struct net_error *error, char *out, size_t size)
{
    const char *name = NULL;
    if (error->family == 4 && error->type == ICMP_DEST_UNREACH && error->code < ARRAY_SIZE(unreachable_names))
        name = unreachable_names[error->code];
    else if (error->family == 6 && error->type == ICMP6_DST_UNREACH && error->code < ARRAY_SIZE(unreachable6_names))
        name = unreachable6_names[error->code];
    else if (error->family == 4 ? error->type == ICMP_TIME_EXCEEDED : error->type == ICMP6_TIME_EXCEEDED)
        name = "time to live exceeded";
    else if (error->family == 6 && error->type == ICMP6_PACKET_TOO_BIG)
        name = "packet too big";
    if (name)
        snprintf(out, size, "%s", name);
    else
        snprintf(out, size, "type %u code %u", error->type, error->code);
    return out;
}

const char *net_error_format(const struct net_error *error, char out[static NET_ERROR_MAX])
{
    if (!error->icmp) {
        if (error->number == EMSGSIZE && error->information)
            snprintf(out, NET_ERROR_MAX, "the packet is larger than the path MTU %u", error->information);
        else
            snprintf(out, NET_ERROR_MAX, "%s", strerror(error->number));
        return out;
    }
    char name[80], address[ADDR_TEXT_MAX];
    icmp_name(error, name, sizeof name);
    bool mtu = error->number == EMSGSIZE;
    int length = snprintf(out, NET_ERROR_MAX, "ICMP %s", name);
    if (mtu)
        length += snprintf(out + length, NET_ERROR_MAX - (size_t)length, " (MTU %u)", error->information);
    if (addr_is_set(&error->offender))
        snprintf(out + length, NET_ERROR_MAX - (size_t)length, " from %s", addr_format(&error->offender, address));
    return out;
}

uint16_t net_checksum(uint32_t sum, const void *bytes, size_t size)
{
    const uint8_t *data = bytes;
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += (uint32_t)(data[i] << 8 | data[i + 1]);
    if (size % 2)
        sum += (uint32_t)(data[size - 1] << 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

uint16_t net_identifier(void)
{
    static uint16_t identifier;
    if (!identifier && getrandom(&identifier, sizeof identifier, GRND_NONBLOCK) < 0)
        identifier = (uint16_t)getpid();
    return ++identifier;
}

void net_make_echo(bool ipv6, uint16_t id, uint16_t sequence, uint8_t *packet, size_t size)
{
    struct icmphdr header = {.type = ipv6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO};
    header.un.echo.id = htons(id);
    header.un.echo.sequence = htons(sequence);
    memcpy(packet, &header, sizeof header);
    if (ipv6)
        return; /* the kernel fills in the sum */
    header.checksum = net_checksum(0, packet, size);
    memcpy(packet, &header, sizeof header);
}

bool net_read_echo(bool ipv6, uint16_t id, const uint8_t *packet, size_t size, uint16_t *sequence)
{
    struct icmphdr echo;
    size_t header = ipv6 || !size ? 0 : (size_t)(packet[0] & 15) * 4;
    if (size < header + sizeof echo)
        return false;
    memcpy(&echo, packet + header, sizeof echo);
    *sequence = ntohs(echo.un.echo.sequence);
    return echo.type == (ipv6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) && ntohs(echo.un.echo.id) == id;
}

void net_want_replies(int fd, bool ipv6)
{
    struct icmp6_filter filter6;
    uint32_t filter = ~(1u << ICMP_ECHOREPLY);
    ICMP6_FILTER_SETBLOCKALL(&filter6);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter6);
    if (ipv6)
        setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof filter6);
    else
        setsockopt(fd, SOL_RAW, 1 /* ICMP_FILTER, linux/icmp.h */, &filter, sizeof filter);
}

void net_forget_mtu(int netns)
{
    sysctl_write(netns, "net/ipv4/route/flush", "1", NULL);
    sysctl_write(netns, "net/ipv6/route/flush", "1", NULL);
}

bool net_neighbours_full(int netns, const struct addr *addr)
{
    bool ipv6 = addr->family == 6;
    FD_AUTO fd =
        netns_socket(netns, net_domain(addr), SOCK_RAW | SOCK_NONBLOCK, ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, NULL);
    if (fd < 0)
        return false;
    struct icmphdr echo = {.type = ipv6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO};
    uint16_t sum = (uint16_t)~htons((uint16_t)(echo.type << 8)); /* the kernel fills in ICMPv6's */
    echo.checksum = ipv6 ? 0 : sum;
    struct sockaddr_storage to;
    socklen_t length = net_sockaddr(addr, 0, &to);
    return sendto(fd, &echo, sizeof echo, 0, (struct sockaddr *)&to, length) < 0 && errno == ENOBUFS;
}
