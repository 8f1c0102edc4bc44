/* tcp: one connect, and exactly how it ended: SYN+ACK, RST, ICMP, or nothing. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/fd.h"
#include "model/topology.h"
#include "probe/engine.h"
#include "probe/listener.h"
#include "probe/neighbour.h"
#include "probe/net.h"

struct tcp {
    struct attempt *attempt;
    struct watch watch;
};

/* Listeners are looked up where a closed door may be an empty house. */
static void look_for_listener(struct attempt *attempt)
{
    if (check_is_negative(attempt->check))
        attempt->fact.listener = listener_find(attempt->world, &attempt->check->tcp.to, &attempt->fact.target,
                                               IPPROTO_TCP, attempt->check->tcp.port);
}

static const char *where(const struct attempt *attempt, char out[static NET_TEXT_MAX])
{
    return net_format(&attempt->fact.target, attempt->check->tcp.port, out);
}

/* Judges what connect() or the socket reported. */
static void tcp_failed(struct attempt *attempt, int fd, int number)
{
    char text[NET_ERROR_MAX], target[NET_TEXT_MAX];
    struct net_error error, found = {.number = number};
    while (fd >= 0 && net_take_error(fd, &error))
        if (!found.icmp)
            found = error;
    where(attempt, target);
    look_for_listener(attempt);
    if (found.icmp)
        attempt_end(attempt, OUTCOME_UNREACHABLE, "%s at %s", net_error_format(&found, text), target);
    else if (number == ECONNREFUSED)
        attempt_end(attempt, OUTCOME_REFUSED, "refused (RST) by %s", target);
    else if (number == ENOBUFS)
        attempt_end(attempt, OUTCOME_ERROR, "%s", NET_NEIGHBOURS_FULL);
    else if (number == ECONNRESET || number == EPIPE)
        attempt_end(attempt, OUTCOME_FAILED, "connected to %s, then reset", target);
    else if (number == ENETUNREACH || number == EHOSTUNREACH || number == EACCES || number == EPERM ||
             number == EINVAL || number == ETIMEDOUT ||
             number == EADDRNOTAVAIL) /* no address, or no port, to call from */
        attempt_end(attempt, OUTCOME_UNREACHABLE, "no way from %s to %s: %s", attempt->check->from->name, target,
                    strerror(number));
    else
        attempt_end(attempt, OUTCOME_ERROR, "connect from %s to %s: %s", attempt->check->from->name, target,
                    strerror(number));
}

static void tcp_ready(void *context, uint32_t events)
{
    (void)events;
    struct tcp *tcp = context;
    struct attempt *attempt = tcp->attempt;
    int number = 0;
    socklen_t size = sizeof number;
    getsockopt(tcp->watch.fd, SOL_SOCKET, SO_ERROR, &number, &size);
    struct tcp_info info = {0};
    size = sizeof info;
    if (!number && getsockopt(tcp->watch.fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
        info.tcpi_state == TCP_SYN_SENT) {
        /* A note in the error queue that the kernel does not take for final ("soft", RFC 1122 4.2.3.9): for a person it
         * is the answer. */
        struct net_error error;
        char text[NET_ERROR_MAX], target[NET_TEXT_MAX];
        if (!net_take_error(tcp->watch.fd, &error))
            return;
        look_for_listener(attempt);
        attempt_end(attempt, OUTCOME_UNREACHABLE, "%s at %s", net_error_format(&error, text), where(attempt, target));
        return;
    }
    if (number) {
        tcp_failed(attempt, tcp->watch.fd, number);
        return;
    }
    char target[NET_TEXT_MAX];
    look_for_listener(attempt);
    attempt_end(attempt, OUTCOME_ANSWERED, "connected to %s", where(attempt, target));
}

static void tcp_start(struct attempt *attempt)
{
    struct tcp *tcp = attempt->state;
    *tcp = (struct tcp){.attempt = attempt, .watch = {-1, tcp_ready, tcp}};
    int netns = attempt_netns(attempt);
    if (netns < 0 || !attempt_target(attempt, &attempt->check->tcp.to, &attempt->fact.target))
        return;
    int domain = net_domain(&attempt->fact.target);
    FD_AUTO fd = attempt_socket(attempt, netns, domain, SOCK_STREAM, 0);
    if (fd < 0)
        return;
    net_want_errors(fd, domain);
    struct sockaddr_storage address;
    socklen_t length = net_sockaddr(&attempt->fact.target, attempt->check->tcp.port, &address);
    attempt->fact.sent = 1;
    bool begun = connect(fd, (struct sockaddr *)&address, length) == 0 || errno == EINPROGRESS;
    int number = errno;
    attempt_sends(attempt, fd, IPPROTO_TCP, attempt->check->tcp.port);
    if (!begun) {
        tcp_failed(attempt, fd, number);
        return;
    }
    if (engine_watch(attempt->engine, &tcp->watch, fd, EPOLLOUT) < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "watch a TCP socket: %s", strerror(errno));
        return;
    }
    fd_steal(&fd);
}

static void tcp_expire(struct attempt *attempt)
{
    struct tcp *tcp = attempt->state;
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    char limit[32], target[NET_TEXT_MAX];
    if (getsockopt(tcp->watch.fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0)
        attempt->fact.sent = 1 + info.tcpi_total_retrans;
    /* Looking costs a packet: only where it may be so. */
    if (neighbours_dynamic(attempt->world, attempt->check->from) &&
        net_neighbours_full(attempt->world->netns(attempt->world->context, attempt->check->from->name),
                            &attempt->fact.target)) {
        attempt_end(attempt, OUTCOME_ERROR, "%s", NET_NEIGHBOURS_FULL);
        return;
    }
    look_for_listener(attempt);
    attempt_end(attempt, OUTCOME_SILENT, "no answer in %s (%u SYN%s sent, no reply) from %s",
                attempt_limit(attempt, limit), attempt->fact.sent, attempt->fact.sent == 1 ? "" : "s",
                where(attempt, target));
}

static void tcp_release(struct attempt *attempt)
{
    struct tcp *tcp = attempt->state;
    int fd = tcp->watch.fd;
    engine_unwatch(attempt->engine, &tcp->watch);
    if (fd >= 0)
        close(fd);
}

const struct probe_kind probe_tcp = {
    .kind = CHECK_TCP,
    .state_size = sizeof(struct tcp),
    .start = tcp_start,
    .expire = tcp_expire,
    .release = tcp_release,
};
