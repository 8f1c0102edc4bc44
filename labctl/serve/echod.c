/* echod: sends back what comes, over TCP or UDP (RFC 862).
 *
 * A datagram is answered from the address that it was sent to, as a node may have several. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "serve/configuration.h"
#include "serve/serve.h"
#include "serve/stream.h"

#define BURST 64 /* datagrams between two looks at the signals */

/* Keeps the destination of a datagram as the source of its answer; the interface is the routing's choice. */
static void turn_round(struct msghdr *message)
{
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(message); cmsg; cmsg = CMSG_NXTHDR(message, cmsg)) {
        if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(cmsg), sizeof info);
            info.ipi_ifindex = 0;
            info.ipi_spec_dst = info.ipi_addr;
            memcpy(CMSG_DATA(cmsg), &info, sizeof info);
        } else if (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(cmsg), sizeof info);
            if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
                info.ipi6_ifindex = 0;
            memcpy(CMSG_DATA(cmsg), &info, sizeof info);
        }
    }
}

/* Answering another echo service would never end. */
static bool is_echo(const struct sockaddr_storage *from, uint16_t own_port)
{
    uint16_t port = ntohs(from->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)from)->sin6_port
                                                      : ((const struct sockaddr_in *)from)->sin_port);
    return port == own_port || port == 7;
}

static bool echo_one(int fd, uint16_t port)
{
    static char data[65536];
    char control[256] __attribute__((aligned(8)));
    struct sockaddr_storage from = {0};
    struct iovec vector = {.iov_base = data, .iov_len = sizeof data};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof from,
                             .msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t size = recvmsg(fd, &message, MSG_DONTWAIT);
    if (size < 0)
        return errno != EAGAIN && errno != EINTR; /* an ICMP error to an earlier answer: reported once */
    vector.iov_len = (size_t)size;
    message.msg_flags = 0;
    turn_round(&message);
    if (!is_echo(&from, port))
        (void)sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return true;
}

static int serve_datagrams(const struct configuration *configuration, struct error *err)
{
    FD_AUTO ending = serve_ending(err);
    FD_AUTO fd = ending >= 0 ? serve_socket(configuration, SOCK_DGRAM, err) : -1;
    if (fd < 0)
        return -1;
    int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    struct pollfd polled[] = {{.fd = fd, .events = POLLIN}, {.fd = ending, .events = POLLIN}};
    while (!polled[1].revents) {
        if (poll(polled, 2, -1) < 0 && errno != EINTR)
            return error_set_errno(err, errno, "wait for datagrams");
        for (int i = 0; i < BURST && polled[0].revents && echo_one(fd, configuration->port); i++)
            continue; /* under a flood, too, SIGTERM is looked for */
    }
    return 0;
}

int echod(const struct configuration *configuration, struct error *err)
{
    return configuration->udp ? serve_datagrams(configuration, err) : stream_serve(configuration, true, err);
}
