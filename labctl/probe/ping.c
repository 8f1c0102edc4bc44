/* ping: ICMP echo over a raw socket in the prober's namespace.
 *
 * The requests of one attempt are spread over the first part of its time, the rest is for the last replies.  Replies
 * are told apart by identifier and sequence number.  The kernel's own time stamp of a reply is used, so that a busy
 * machine adds nothing to a round trip. */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fd.h"
#include "model/topology.h"
#include "probe/engine.h"
#include "probe/net.h"

#define INTERVAL   INT64_C(10000000) /* 10 ms between requests, less where they would not fit */
#define PACKET_MAX (65535 - 20)
#define SENDBUFFER (1 << 20)

struct ping {
    struct attempt *attempt;
    struct watch watch;
    struct timer sender;
    bool ipv6;
    uint16_t id;
    uint32_t count;
    int64_t interval;
    int64_t *sent_at;  /* by sequence number: real time; 0 = not sent or answered already */
    int64_t *trips;    /* round trips, in the order of the replies */
    uint32_t refusals; /* ENOBUFS */
    uint32_t errors;
    struct net_error last_error;
    uint8_t *packet;
    size_t packet_size;
};

static int by_value(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

static int64_t median(int64_t *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void take_medians(struct ping *ping)
{
    struct fact *fact = &ping->attempt->fact;
    size_t count = fact->received;
    int64_t *differences = arena_alloc(ping->attempt->arena, count * sizeof *differences);
    for (size_t i = 0; i + 1 < count; i++)
        differences[i] = llabs(ping->trips[i + 1] - ping->trips[i]);
    fact->rtt_jitter = count > 1 ? median(differences, count - 1) : 0;
    fact->rtt_median = median(ping->trips, count);
}

static void ping_finish(struct ping *ping)
{
    struct attempt *attempt = ping->attempt;
    struct fact *fact = &attempt->fact;
    char target[ADDR_TEXT_MAX], limit[32], error[NET_ERROR_MAX];
    addr_format(&fact->target, target);
    attempt_limit(attempt, limit);
    attempt->flow.answers = fact->received;
    if (fact->received) {
        take_medians(ping);
        attempt_end(attempt, OUTCOME_ANSWERED,
                    "%u of %u echo requests answered by %s (round trip %.3f ms, jitter %.3f ms)", fact->received,
                    fact->sent, target, (double)fact->rtt_median / 1e6, (double)fact->rtt_jitter / 1e6);
    } else if (ping->refusals) {
        attempt_end(attempt, OUTCOME_ERROR, "%s", NET_NEIGHBOURS_FULL);
    } else if (ping->errors) {
        attempt_end(attempt, OUTCOME_UNREACHABLE, "%s unreachable: %s (%u echo request%s sent, 0 replies)", target,
                    net_error_format(&ping->last_error, error), fact->sent, fact->sent == 1 ? "" : "s");
    } else {
        attempt_end(attempt, OUTCOME_SILENT, "no answer in %s from %s (%u echo request%s sent, 0 replies)", limit,
                    target, fact->sent, fact->sent == 1 ? "" : "s");
    }
}

static bool all_settled(const struct ping *ping)
{
    const struct fact *fact = &ping->attempt->fact;
    return fact->sent == ping->count && fact->received + ping->errors >= fact->sent;
}

static void send_one(struct ping *ping)
{
    struct attempt *attempt = ping->attempt;
    uint16_t sequence = (uint16_t)attempt->fact.sent;
    net_make_echo(ping->ipv6, ping->id, sequence, ping->packet, ping->packet_size);
    attempt->fact.sent++;
    ping->sent_at[sequence] = clock_real();
    if (send(ping->watch.fd, ping->packet, ping->packet_size, 0) >= 0)
        return;
    ping->sent_at[sequence] = 0;
    if (errno == ENOBUFS)
        ping->refusals++;
    if (errno == ENOBUFS || errno == EAGAIN) /* EAGAIN: the socket's buffer is full, lost on the way out */
        return;
    /* An ICMP error that came in meanwhile may be reported here too; the queue says which it was. */
    struct net_error error = {.number = errno};
    if (!net_take_error(ping->watch.fd, &error) && error.number == EMSGSIZE) {
        socklen_t size = sizeof error.information;
        getsockopt(ping->watch.fd, ping->ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ping->ipv6 ? IPV6_MTU : IP_MTU,
                   &error.information, &size);
    }
    ping->last_error = error;
    ping->errors++;
}

static void send_due(void *context)
{
    struct ping *ping = context;
    struct attempt *attempt = ping->attempt;
    int64_t now = clock_monotonic();
    while (attempt->fact.sent < ping->count && attempt->started + attempt->fact.sent * ping->interval <= now)
        send_one(ping);
    if (attempt->fact.sent < ping->count)
        engine_set(attempt->engine, &ping->sender, attempt->started + attempt->fact.sent * ping->interval);
    else if (all_settled(ping) || ping->refusals == ping->count)
        ping_finish(ping);
}

static void take_reply(struct ping *ping, const uint8_t *data, size_t size, int64_t at)
{
    struct fact *fact = &ping->attempt->fact;
    uint16_t sequence;
    if (!net_read_echo(ping->ipv6, ping->id, data, size, &sequence) || sequence >= fact->sent ||
        !ping->sent_at[sequence])
        return;
    int64_t trip = at > ping->sent_at[sequence] ? at - ping->sent_at[sequence] : 0;
    ping->sent_at[sequence] = 0;
    ping->trips[fact->received] = trip;
    fact->rtt_min = !fact->received || trip < fact->rtt_min ? trip : fact->rtt_min;
    fact->rtt_max = trip > fact->rtt_max ? trip : fact->rtt_max;
    fact->received++;
}

static bool receive_one(struct ping *ping)
{
    uint8_t data[128];
    char control[256] __attribute__((aligned(8)));
    struct iovec vector = {.iov_base = data, .iov_len = sizeof data};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t size = recvmsg(ping->watch.fd, &message, MSG_DONTWAIT);
    if (size < 0)
        return errno != EAGAIN && errno != EINTR; /* a pending error: reported once, then go on */
    int64_t at = clock_real();
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message); cmsg; cmsg = CMSG_NXTHDR(&message, cmsg)) {
        if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        struct timespec stamp;
        memcpy(&stamp, CMSG_DATA(cmsg), sizeof stamp);
        at = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
    }
    take_reply(ping, data, (size_t)size, at);
    return true;
}

static void ping_ready(void *context, uint32_t events)
{
    struct ping *ping = context;
    struct net_error error;
    if (events & EPOLLERR)
        while (net_take_error(ping->watch.fd, &error)) {
            ping->last_error = error;
            ping->errors++;
        }
    while (receive_one(ping))
        continue;
    if (all_settled(ping))
        ping_finish(ping);
}

static void set_options(const struct ping *ping, int fd)
{
    int on = 1, buffer = SENDBUFFER;
    net_want_errors(fd, ping->ipv6 ? AF_INET6 : AF_INET);
    net_want_replies(fd, ping->ipv6);
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    int discover = ping->attempt->check->ping.dont_fragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
    if (ping->ipv6) {
        discover = ping->attempt->check->ping.dont_fragment ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_DONT;
        setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &discover, sizeof discover);
        if (ping->attempt->check->ping.dont_fragment)
            setsockopt(fd, IPPROTO_IPV6, IPV6_DONTFRAG, &on, sizeof on);
        return;
    }
    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover);
}

/* A socket bound and connected; false after ending the attempt. */
static bool open_socket(struct ping *ping, int netns)
{
    struct attempt *attempt = ping->attempt;
    const struct check_ping *check = &attempt->check->ping;
    const char *node = attempt->check->from->name;
    FD_AUTO fd = attempt_socket(attempt, netns, net_domain(&attempt->fact.target), SOCK_RAW,
                                ping->ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    if (fd < 0)
        return false;
    set_options(ping, fd);
    struct sockaddr_storage address;
    char text[ADDR_TEXT_MAX];
    if (addr_is_set(&check->source)) {
        socklen_t length = net_sockaddr(&check->source, 0, &address);
        if (bind(fd, (struct sockaddr *)&address, length) < 0) {
            attempt_end(attempt, OUTCOME_UNREACHABLE, "%s has no address %s to send from: %s", node,
                        addr_format(&check->source, text), strerror(errno));
            return false;
        }
    }
    socklen_t length = net_sockaddr(&attempt->fact.target, 0, &address);
    if (connect(fd, (struct sockaddr *)&address, length) < 0) {
        attempt_end(attempt, OUTCOME_UNREACHABLE, "no way from %s to %s: %s", node,
                    addr_format(&attempt->fact.target, text), strerror(errno));
        return false;
    }
    if (engine_watch(attempt->engine, &ping->watch, fd, EPOLLIN) < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "watch an ICMP socket: %s", strerror(errno));
        return false;
    }
    fd_steal(&fd);
    return true;
}

static void ping_start(struct attempt *attempt)
{
    struct ping *ping = attempt->state;
    const struct check_ping *check = &attempt->check->ping;
    *ping = (struct ping){.attempt = attempt, .watch = {-1, ping_ready, ping}};
    ping->sender = (struct timer){.expired = send_due, .context = ping};
    int netns = attempt_netns(attempt);
    if (netns < 0 || !attempt_target(attempt, &check->to, &attempt->fact.target))
        return;
    ping->ipv6 = attempt->fact.target.family == 6;
    if (check->count > UINT16_MAX || check->size > PACKET_MAX - sizeof(struct icmphdr)) {
        attempt_end(attempt, OUTCOME_ERROR, "ping: at most %u requests of %zu bytes", UINT16_MAX,
                    PACKET_MAX - sizeof(struct icmphdr));
        return;
    }
    uint64_t cookie = 0;
    bool known = check->size >= sizeof cookie && getrandom(&cookie, sizeof cookie, GRND_NONBLOCK) == sizeof cookie;
    if (known)
        attempt_sends_echo(attempt, ping->ipv6, cookie);
    if (!open_socket(ping, netns))
        return;
    ping->id = net_identifier();
    ping->packet_size = sizeof(struct icmphdr) + check->size;
    ping->packet = arena_alloc(attempt->arena, ping->packet_size);
    for (size_t i = sizeof(struct icmphdr); i < ping->packet_size; i++)
        ping->packet[i] = (uint8_t)i;
    if (known)
        memcpy(ping->packet + sizeof(struct icmphdr), &cookie, sizeof cookie);
    ping->count = check->count ? check->count : 1;
    ping->sent_at = arena_alloc(attempt->arena, ping->count * sizeof *ping->sent_at);
    ping->trips = arena_alloc(attempt->arena, ping->count * sizeof *ping->trips);
    ping->interval = (attempt->deadline - attempt->started) * 2 / 3 / ping->count;
    if (ping->interval > INTERVAL)
        ping->interval = INTERVAL;
    send_due(ping);
}

static void ping_expire(struct attempt *attempt)
{
    ping_finish(attempt->state);
}

static void ping_release(struct attempt *attempt)
{
    struct ping *ping = attempt->state;
    int fd = ping->watch.fd;
    engine_unset(attempt->engine, &ping->sender);
    engine_unwatch(attempt->engine, &ping->watch);
    if (fd >= 0)
        close(fd);
}

const struct probe_kind probe_ping = {
    .kind = CHECK_PING,
    .state_size = sizeof(struct ping),
    .start = ping_start,
    .expire = ping_expire,
    .release = ping_release,
};
