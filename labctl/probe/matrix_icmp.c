/* The ICMP matrix: one raw socket in each namespace, one sweep over all pairs.
 *
 * Within one machine an echo request is answered before sendto() returns, so the sweep goes in bursts and the replies
 * are read between them.  The timeout counts from the end of the sweep: what has not answered half-way is asked once
 * more. Requests carry the source in the identifier (moved by a random base) and the destination in the sequence
 * number. */
#include <errno.h>
#include <time.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "kernel/namespace.h"
#include "model/topology.h"
#include "probe/matrix.h"
#include "probe/net.h"

#define BURST  512 /* requests between two looks at the replies */
#define LOOK   32  /* requests between two looks of the witness: its socket holds a few hundred packets */
#define STRIDE 16  /* requests of one source in a row: its namespace stays in the processor's cache */

struct echo { /* as on the wire */
    struct icmphdr header;
    uint64_t cookie;
};

struct end { /* the socket of one node and family */
    struct sweep *sweep;
    size_t node;
    bool ipv6;
    struct watch watch;
};

struct sweep {
    struct matrix *matrix;
    struct end *ends; /* two for each node: IPv4, IPv6 */
    uint64_t cookie;
    uint16_t base;
    size_t next; /* place in the sweep */
    bool again;  /* the second sweep */
    struct timer turn;
};

static uint16_t checksum(const struct echo *echo)
{
    uint16_t words[sizeof *echo / 2];
    uint32_t sum = 0;
    memcpy(words, echo, sizeof words);
    for (size_t i = 0; i < sizeof *echo / 2; i++)
        sum += words[i];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void take(struct end *end, const struct echo *echo, enum fact_outcome outcome)
{
    struct sweep *sweep = end->sweep;
    size_t to = ntohs(echo->header.un.echo.sequence), count = sweep->matrix->count;
    uint16_t id = (uint16_t)(sweep->base + end->node);
    if (ntohs(echo->header.un.echo.id) == id && echo->cookie == sweep->cookie && to < count && to != end->node)
        matrix_settle(sweep->matrix, end->node * count + to, outcome);
}

/* The error queue hands back the request that an ICMP error complains about. */
static bool take_error(struct end *end)
{
    struct echo echo;
    char control[512] __attribute__((aligned(8)));
    struct iovec vector = {.iov_base = &echo, .iov_len = sizeof echo};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t size = recvmsg(end->watch.fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (size == sizeof echo)
        take(end, &echo, OUTCOME_UNREACHABLE);
    return size >= 0;
}

static void end_ready(void *context, uint32_t events)
{
    struct end *end = context;
    uint8_t data[256];
    for (;;) {
        ssize_t size = recv(end->watch.fd, data, sizeof data, MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        size_t header = size > 0 && !end->ipv6 ? (size_t)(data[0] & 15) * 4 : 0;
        struct echo echo;
        if (size < (ssize_t)(header + sizeof echo))
            continue; /* a pending error shows here once; or somebody else's reply */
        memcpy(&echo, data + header, sizeof echo);
        if (echo.header.type == (end->ipv6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY))
            take(end, &echo, OUTCOME_ANSWERED);
    }
    while (events & EPOLLERR && take_error(end))
        continue;
    struct matrix *matrix = end->sweep->matrix;
    if (matrix->settled == matrix->pairs)
        matrix_finish(matrix);
}

static bool open_end(struct sweep *sweep, size_t node, bool ipv6)
{
    struct matrix *matrix = sweep->matrix;
    struct attempt *attempt = matrix->attempt;
    struct end *end = &sweep->ends[2 * node + ipv6];
    struct error err = ERROR_INIT;
    int fd = netns_socket(matrix->nodes[node].netns, ipv6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_NONBLOCK,
                          ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, &err);
    if (fd < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "node %s: %s", matrix->nodes[node].node->name, err.text);
        return false;
    }
    int buffer = 4 << 20;
    uint32_t filter = ~(1u << ICMP_ECHOREPLY);
    struct icmp6_filter filter6;
    ICMP6_FILTER_SETBLOCKALL(&filter6);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter6);
    if (ipv6)
        setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof filter6);
    else
        setsockopt(fd, SOL_RAW, 1 /* ICMP_FILTER, linux/icmp.h */, &filter, sizeof filter);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    net_want_errors(fd, ipv6 ? AF_INET6 : AF_INET);
    if (engine_watch(attempt->engine, &end->watch, fd, EPOLLIN) < 0) {
        close(fd);
        attempt_end(attempt, OUTCOME_ERROR, "watch an ICMP socket: %s", strerror(errno));
        return false;
    }
    return true;
}

/* Sends one request; false after ending the attempt. */
static bool request(struct sweep *sweep, size_t from, size_t to)
{
    struct matrix *matrix = sweep->matrix;
    size_t pair = from * matrix->count + to;
    const struct addr *addr = &matrix->addrs[pair];
    bool ipv6 = addr->family == 6;
    struct end *end = &sweep->ends[2 * from + ipv6];
    if (end->watch.fd < 0 && !open_end(sweep, from, ipv6))
        return false;
    struct echo echo = {.header.type = ipv6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO, .cookie = sweep->cookie};
    echo.header.un.echo.id = htons((uint16_t)(sweep->base + from));
    echo.header.un.echo.sequence = htons((uint16_t)to);
    if (!ipv6)
        echo.header.checksum = checksum(&echo);
    struct sockaddr_storage address;
    socklen_t length = net_sockaddr(addr, 0, &address);
    ssize_t sent = -1;
    /* An ICMP error to an earlier request makes one send fail: that failure is not this request's. */
    for (int i = 0; i < 3 && sent < 0; i++) {
        sent = sendto(end->watch.fd, &echo, sizeof echo, 0, (struct sockaddr *)&address, length);
        if (sent < 0 && (errno == ENOBUFS || errno == EAGAIN || errno == ENETUNREACH || errno == EPERM))
            break;
    }
    if (sent < 0 && errno == ENOBUFS && sweep->again)
        matrix->refusals++;
    else if (sent < 0 && errno != EAGAIN && errno != ENOBUFS)
        matrix_settle(matrix, pair, OUTCOME_UNREACHABLE);
    return true;
}

/* One burst of the sweep: a stride of destinations for each source in turn; the destinations begin behind the source,
 * so that no node is flooded. */
static void burst(void *context)
{
    struct sweep *sweep = context;
    struct matrix *matrix = sweep->matrix;
    struct attempt *attempt = matrix->attempt;
    size_t count = matrix->count, row = count * STRIDE, end = (count + STRIDE - 1) / STRIDE * row;
    for (size_t sent = 0; sent < BURST && sweep->next < end; sweep->next++) {
        size_t distance = sweep->next / row * STRIDE + sweep->next % STRIDE;
        size_t from = sweep->next % row / STRIDE, to = (from + distance) % count;
        if (distance >= count)
            continue;
        if (from == to || attempt->fact.matrix[from * count + to] != OUTCOME_NONE)
            continue;
        if (!request(sweep, from, to))
            return;
        if (++sent % LOOK == 0)
            witness_look(engine_witness(attempt->engine));
    }
    int64_t now = clock_monotonic(), patience = matrix->limit;
    if (sweep->next < end) {
        engine_set(attempt->engine, &sweep->turn, now);
        return;
    }
    if (matrix->settled == matrix->pairs) {
        matrix_finish(matrix);
        return;
    }
    if (sweep->again) {
        engine_set(attempt->engine, &attempt->timer, now + patience / 2);
        return;
    }
    sweep->again = true;
    sweep->next = 0;
    engine_set(attempt->engine, &sweep->turn, now + patience / 2);
}

void matrix_icmp_start(struct matrix *matrix)
{
    struct attempt *attempt = matrix->attempt;
    struct sweep *sweep = matrix->way = ARENA_NEW(attempt->arena, struct sweep);
    sweep->matrix = matrix;
    sweep->turn = (struct timer){.expired = burst, .context = sweep};
    sweep->ends = arena_alloc(attempt->arena, 2 * matrix->count * sizeof *sweep->ends);
    for (size_t i = 0; i < 2 * matrix->count; i++)
        sweep->ends[i] = (struct end){sweep, i / 2, i % 2, {-1, end_ready, &sweep->ends[i]}};
    if (getrandom(&sweep->cookie, sizeof sweep->cookie, GRND_NONBLOCK) < 0)
        sweep->cookie = (uint64_t)clock_monotonic();
    sweep->base = (uint16_t)sweep->cookie;
    matrix->sweep.cookie = sweep->cookie;
    matrix->sweep.base = sweep->base;
    burst(sweep);
}

void matrix_icmp_release(struct matrix *matrix)
{
    struct sweep *sweep = matrix->way;
    if (!sweep)
        return;
    engine_unset(matrix->attempt->engine, &sweep->turn);
    for (size_t i = 0; i < 2 * matrix->count; i++) {
        int fd = sweep->ends[i].watch.fd;
        engine_unwatch(matrix->attempt->engine, &sweep->ends[i].watch);
        if (fd >= 0)
            close(fd);
    }
}
