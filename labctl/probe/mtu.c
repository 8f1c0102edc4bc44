/* mtu: the largest packet that gets through unfragmented, and whether the network says so where one is too large.
 *
 * ICMP echo requests with "don't fragment", which ignore what the kernel believes of the path
 * (IP_PMTUDISC_PROBE).  First one as large as the first link lets it be, beside a small one.  Where it comes back,
 * nothing on the way is smaller.  Where a router says that it is too large, what the router names is tried next: path
 * MTU discovery works.  Where nothing comes back but for the small one, the path swallows what is too large: discovery
 * is broken, and the size is found by narrowing down.  What was learned is forgotten before and after. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fd.h"
#include "model/topology.h"
#include "probe/engine.h"
#include "probe/neighbour.h"
#include "probe/net.h"

#define SMALL      100 /* bytes of a packet that fits everywhere */
#define COPIES     3   /* of each size: one lost packet is none too large */
#define SIZES      8   /* tried at once while narrowing down */
#define PROBES_MAX 4096
#define WAIT_LEAST INT64_C(30000000)

struct mtu {
    struct attempt *attempt;
    struct watch watch;
    struct timer round;
    bool ipv6;
    int netns;
    uint16_t id, next;            /* sequence number */
    uint64_t cookie;              /* for the witness; differs with the size, so that small packets prove nothing */
    uint32_t sizes[PROBES_MAX];   /* by sequence number */
    uint32_t first, least, below; /* the first link's; got through; too large, as far as known */
    uint32_t told;                /* the largest that fits, by the last router that refused one; 0: none did */
    int64_t sent_at, trip;
    uint8_t packet[65536];
};

static void take_errors(struct mtu *mtu)
{
    struct net_error error;
    while (net_take_error(mtu->watch.fd, &error))
        if (error.icmp && error.number == EMSGSIZE && error.information + 1 < mtu->below) {
            mtu->told = error.information;
            mtu->below = error.information + 1;
        }
}

static void send_size(struct mtu *mtu, uint32_t size)
{
    uint32_t length = size - (mtu->ipv6 ? 40 : 20);
    for (int i = 0; i < COPIES && mtu->next < PROBES_MAX; i++) {
        const uint64_t cookie = mtu->cookie ^ size;
        mtu->sizes[mtu->next] = size;
        memcpy(mtu->packet + sizeof(struct icmphdr), &cookie, sizeof cookie);
        net_make_echo(mtu->ipv6, mtu->id, mtu->next++, mtu->packet, length);
        mtu->attempt->fact.sent++;
        if (send(mtu->watch.fd, mtu->packet, length, 0) < 0)
            take_errors(mtu); /* an earlier packet's error may be reported here */
    }
}

static void wait_for(struct mtu *mtu, int64_t time)
{
    mtu->sent_at = clock_monotonic();
    engine_set(mtu->attempt->engine, &mtu->round, mtu->sent_at + time);
}

/* Long enough for an answer, judged by the first one. */
static int64_t patience(const struct mtu *mtu)
{
    int64_t most = (mtu->attempt->deadline - mtu->attempt->started) / 6, wait = 3 * mtu->trip + WAIT_LEAST;
    return mtu->trip && wait < most ? wait : most;
}

static void finish(struct mtu *mtu)
{
    struct attempt *attempt = mtu->attempt;
    struct fact *fact = &attempt->fact;
    char target[ADDR_TEXT_MAX], limit[32];
    addr_format(&fact->target, target);
    net_forget_mtu(mtu->netns);
    if (mtu->cookie)
        attempt_sends_echo(attempt, mtu->ipv6, mtu->cookie ^ mtu->least);
    fact->mtu = mtu->least;
    if (!mtu->least) {
        attempt_end(attempt, OUTCOME_SILENT, "no answer in %s from %s, not even to small packets",
                    attempt_limit(attempt, limit), target);
        return;
    }
    bool whole = mtu->least == mtu->first, works = mtu->least == mtu->told;
    fact->discovery = whole ? DISCOVERY_UNNEEDED : works ? DISCOVERY_WORKS : DISCOVERY_BROKEN;
    attempt_end(attempt, OUTCOME_ANSWERED, "path MTU %u to %s, %u on the first link%s", mtu->least, target, mtu->first,
                whole   ? ""
                : works ? "; a router tells so"
                        : "; larger packets vanish without a word");
}

static bool was_tried(const struct mtu *mtu, uint32_t size)
{
    for (uint16_t i = 0; i < mtu->next; i++)
        if (mtu->sizes[i] == size)
            return true;
    return false;
}

/* Goes on as soon as it is known how; true where the attempt is over. */
static bool settle(struct mtu *mtu)
{
    if (mtu->least + 1 >= mtu->below || mtu->next + SIZES * COPIES > PROBES_MAX) {
        finish(mtu);
        return true;
    }
    if (mtu->told > mtu->least && !was_tried(mtu, mtu->told)) {
        send_size(mtu, mtu->told);
        wait_for(mtu, patience(mtu));
    }
    return false;
}

/* The time of a round is over: what got no answer is too large.  The next one divides what is left. */
static void round_over(void *context)
{
    struct mtu *mtu = context;
    for (uint16_t i = 0; i < mtu->next; i++)
        if (mtu->sizes[i] > mtu->least && mtu->sizes[i] < mtu->below)
            mtu->below = mtu->sizes[i];
    if (!mtu->least || settle(mtu)) {
        if (!mtu->least)
            finish(mtu);
        return;
    }
    uint32_t room = mtu->below - mtu->least - 1, last = mtu->least;
    for (uint32_t i = 1; i <= SIZES; i++) {
        uint32_t size = mtu->least + (room * i + SIZES - 1) / SIZES;
        if (size > last)
            send_size(mtu, size);
        last = size;
    }
    wait_for(mtu, patience(mtu));
}

static void mtu_ready(void *context, uint32_t events)
{
    struct mtu *mtu = context;
    uint8_t data[128];
    uint16_t sequence;
    ssize_t size;
    if (events & EPOLLERR)
        take_errors(mtu);
    while ((size = recv(mtu->watch.fd, data, sizeof data, MSG_DONTWAIT)) >= 0 || (errno != EAGAIN && errno != EINTR)) {
        if (size < 0 || !net_read_echo(mtu->ipv6, mtu->id, data, (size_t)size, &sequence) || sequence >= mtu->next)
            continue;
        mtu->attempt->fact.received++;
        if (mtu->sizes[sequence] > mtu->least)
            mtu->least = mtu->sizes[sequence];
        if (!mtu->trip) {
            mtu->trip = clock_monotonic() - mtu->sent_at;
            engine_set(mtu->attempt->engine, &mtu->round, mtu->sent_at + mtu->trip + patience(mtu));
        }
    }
    settle(mtu);
}

/* A socket bound and connected; false after ending the attempt. */
static bool open_socket(struct mtu *mtu)
{
    struct attempt *attempt = mtu->attempt;
    char text[ADDR_TEXT_MAX];
    int buffer = 1 << 20, discover = mtu->ipv6 ? IPV6_PMTUDISC_PROBE : IP_PMTUDISC_PROBE, on = 1, link = 0;
    int level = mtu->ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
    FD_AUTO fd = attempt_socket(attempt, mtu->netns, net_domain(&attempt->fact.target), SOCK_RAW,
                                mtu->ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    if (fd < 0)
        return false;
    net_want_errors(fd, mtu->ipv6 ? AF_INET6 : AF_INET);
    net_want_replies(fd, mtu->ipv6);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(fd, level, mtu->ipv6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &discover, sizeof discover);
    if (mtu->ipv6)
        setsockopt(fd, level, IPV6_DONTFRAG, &on, sizeof on);
    struct sockaddr_storage address;
    socklen_t length = net_sockaddr(&attempt->fact.target, 0, &address), size = sizeof link;
    if (connect(fd, (struct sockaddr *)&address, length) < 0 ||
        getsockopt(fd, level, mtu->ipv6 ? IPV6_MTU : IP_MTU, &link, &size) < 0) {
        attempt_end(attempt, OUTCOME_UNREACHABLE, "no way from %s to %s: %s", attempt->check->from->name,
                    addr_format(&attempt->fact.target, text), strerror(errno));
        return false;
    }
    mtu->first = link < SMALL ? SMALL : link > 65535 ? 65535 : (uint32_t)link;
    if (engine_watch(attempt->engine, &mtu->watch, fd, EPOLLIN) < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "watch an ICMP socket: %s", strerror(errno));
        return false;
    }
    fd_steal(&fd);
    return true;
}

static void mtu_start(struct attempt *attempt)
{
    struct mtu *mtu = attempt->state;
    mtu->attempt = attempt;
    mtu->watch = (struct watch){-1, mtu_ready, mtu};
    mtu->round = (struct timer){.expired = round_over, .context = mtu};
    mtu->netns = attempt_netns(attempt);
    if (mtu->netns < 0 || !attempt_target(attempt, &attempt->check->mtu.to, &attempt->fact.target))
        return;
    mtu->ipv6 = attempt->fact.target.family == 6;
    net_forget_mtu(mtu->netns);
    if (!open_socket(mtu))
        return;
    mtu->id = net_identifier();
    if (getrandom(&mtu->cookie, sizeof mtu->cookie, GRND_NONBLOCK) < 0)
        mtu->cookie = 0;
    mtu->below = mtu->first + 1;
    send_size(mtu, SMALL);
    if (mtu->first > SMALL)
        send_size(mtu, mtu->first);
    wait_for(mtu, (attempt->deadline - attempt->started) / 3);
}

static void mtu_expire(struct attempt *attempt)
{
    finish(attempt->state);
}

static void mtu_release(struct attempt *attempt)
{
    struct mtu *mtu = attempt->state;
    int fd = mtu->watch.fd;
    engine_unset(attempt->engine, &mtu->round);
    engine_unwatch(attempt->engine, &mtu->watch);
    if (fd >= 0)
        close(fd);
}

const struct probe_kind probe_mtu = {
    .kind = CHECK_MTU,
    .state_size = sizeof(struct mtu),
    .start = mtu_start,
    .expire = mtu_expire,
    .release = mtu_release,
};
