/* udp: datagrams to a port, and what came back: an answer, ICMP port unreachable, another ICMP error, or nothing.
 *
 * UDP repeats nothing by itself, so one lost datagram would look like a closed door: up to three are sent, spread over
 * the first half of the attempt's time. */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/fd.h"
#include "model/topology.h"
#include "probe/engine.h"
#include "probe/listener.h"
#include "probe/neighbour.h"
#include "probe/net.h"

#define DATAGRAMS 3

struct udp {
    struct attempt *attempt;
    struct watch watch;
    struct timer sender;
};

/* Listeners are looked up where a closed door may be an empty house. */
static void look_for_listener(struct attempt *attempt)
{
    if (check_is_negative(attempt->check))
        attempt->fact.listener = listener_find(attempt->world, &attempt->check->udp.to, &attempt->fact.target,
                                               IPPROTO_UDP, attempt->check->udp.port);
}

static const char *where(const struct attempt *attempt, char out[static NET_TEXT_MAX])
{
    return net_format(&attempt->fact.target, attempt->check->udp.port, out);
}

static bool is_port_unreachable(const struct net_error *error)
{
    return error->icmp &&
           (error->family == 6 ? error->type == ICMP6_DST_UNREACH && error->code == ICMP6_DST_UNREACH_NOPORT
                               : error->type == ICMP_DEST_UNREACH && error->code == ICMP_PORT_UNREACH);
}

/* Judges what the socket reported. */
static void udp_failed(struct attempt *attempt, int fd, int number)
{
    char text[NET_ERROR_MAX], target[NET_TEXT_MAX];
    struct net_error error, found = {.number = number};
    while (fd >= 0 && net_take_error(fd, &error))
        if (!found.icmp)
            found = error;
    where(attempt, target);
    look_for_listener(attempt);
    if (found.number == ENOBUFS)
        attempt_end(attempt, OUTCOME_ERROR, "%s", NET_NEIGHBOURS_FULL);
    else if (is_port_unreachable(&found))
        attempt_end(attempt, OUTCOME_REFUSED, "refused by %s: %s", target, net_error_format(&found, text));
    else if (found.icmp)
        attempt_end(attempt, OUTCOME_UNREACHABLE, "%s at %s", net_error_format(&found, text), target);
    else
        attempt_end(attempt, OUTCOME_UNREACHABLE, "no way from %s to %s: %s", attempt->check->from->name, target,
                    strerror(found.number));
}

static void send_one(void *context)
{
    struct udp *udp = context;
    struct attempt *attempt = udp->attempt;
    const char *payload = attempt->check->udp.payload ? attempt->check->udp.payload : "";
    if (send(udp->watch.fd, payload, strlen(payload), 0) < 0 && errno != EAGAIN) {
        udp_failed(attempt, udp->watch.fd, errno);
        return;
    }
    if (++attempt->fact.sent < DATAGRAMS)
        engine_set(attempt->engine, &udp->sender,
                   attempt->started +
                       (attempt->deadline - attempt->started) * attempt->fact.sent / (2 * DATAGRAMS - 2));
}

static void udp_ready(void *context, uint32_t events)
{
    (void)events;
    struct udp *udp = context;
    struct attempt *attempt = udp->attempt;
    static char data[65536];
    char target[NET_TEXT_MAX];
    ssize_t size = recv(udp->watch.fd, data, sizeof data, MSG_DONTWAIT);
    if (size >= 0) {
        attempt->fact.received = 1;
        look_for_listener(attempt);
        attempt_end(attempt, OUTCOME_ANSWERED, "answered by %s with %zd bytes", where(attempt, target), size);
    } else if (errno != EAGAIN && errno != EINTR) {
        udp_failed(attempt, udp->watch.fd, errno);
    }
}

static void udp_start(struct attempt *attempt)
{
    struct udp *udp = attempt->state;
    *udp = (struct udp){.attempt = attempt, .watch = {-1, udp_ready, udp}};
    udp->sender = (struct timer){.expired = send_one, .context = udp};
    int netns = attempt_netns(attempt);
    if (netns < 0 || !attempt_target(attempt, &attempt->check->udp.to, &attempt->fact.target))
        return;
    int domain = net_domain(&attempt->fact.target);
    FD_AUTO fd = attempt_socket(attempt, netns, domain, SOCK_DGRAM, 0);
    if (fd < 0)
        return;
    net_want_errors(fd, domain);
    struct sockaddr_storage address;
    socklen_t length = net_sockaddr(&attempt->fact.target, attempt->check->udp.port, &address);
    bool begun = connect(fd, (struct sockaddr *)&address, length) == 0;
    int number = errno;
    attempt_sends(attempt, fd, IPPROTO_UDP, attempt->check->udp.port);
    if (!begun) {
        udp_failed(attempt, fd, number);
        return;
    }
    if (engine_watch(attempt->engine, &udp->watch, fd, EPOLLIN) < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "watch a UDP socket: %s", strerror(errno));
        return;
    }
    fd_steal(&fd);
    send_one(udp);
}

static void udp_expire(struct attempt *attempt)
{
    char limit[32], target[NET_TEXT_MAX];
    /* Looking costs a packet: only where it may be so. */
    if (neighbours_dynamic(attempt->world, attempt->check->from) &&
        net_neighbours_full(attempt->world->netns(attempt->world->context, attempt->check->from->name),
                            &attempt->fact.target)) {
        attempt_end(attempt, OUTCOME_ERROR, "%s", NET_NEIGHBOURS_FULL);
        return;
    }
    look_for_listener(attempt);
    attempt_end(attempt, OUTCOME_SILENT, "no answer in %s (%u datagram%s sent) from %s", attempt_limit(attempt, limit),
                attempt->fact.sent, attempt->fact.sent == 1 ? "" : "s", where(attempt, target));
}

static void udp_release(struct attempt *attempt)
{
    struct udp *udp = attempt->state;
    int fd = udp->watch.fd;
    engine_unset(attempt->engine, &udp->sender);
    engine_unwatch(attempt->engine, &udp->watch);
    if (fd >= 0)
        close(fd);
}

const struct probe_kind probe_udp = {
    .kind = CHECK_UDP,
    .state_size = sizeof(struct udp),
    .start = udp_start,
    .expire = udp_expire,
    .release = udp_release,
};
