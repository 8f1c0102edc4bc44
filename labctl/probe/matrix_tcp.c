/* The TCP matrix: a connect for every pair, as many under way as there are descriptors.
 *
 * All have the same patience, so the order in which they began is the order in which they expire: one timer for the
 * oldest is enough.  The first answer (SYN+ACK or RST) settles a pair; the connection is reset, so that no TIME-WAIT
 * stays. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "kernel/namespace.h"
#include "model/topology.h"
#include "probe/matrix.h"
#include "probe/net.h"

#define BURST      256  /* connects between two looks at the answers */
#define WINDOW_MAX 4096 /* under way at once */
#define LOOK       32   /* connects between two looks of the witness */

struct slot {
    struct tcp_way *way;
    struct watch watch;
    size_t pair;
    int64_t expires;
    struct slot *older, *newer; /* of those under way, or `newer` of the free ones */
};

struct tcp_way {
    struct matrix *matrix;
    struct slot *slots, *free, *oldest, *newest;
    size_t next; /* pair, source-major: one namespace visit for each burst */
    struct timer turn, patience;
    uint16_t *locals; /* port of each pair, for the witness */
    size_t begun;
    bool in_turn;
};

static void turn(void *context);

static void finish_slot(struct slot *slot, enum fact_outcome outcome)
{
    struct tcp_way *way = slot->way;
    int fd = slot->watch.fd;
    engine_unwatch(way->matrix->attempt->engine, &slot->watch);
    close(fd);
    *(slot->older ? &slot->older->newer : &way->oldest) = slot->newer;
    *(slot->newer ? &slot->newer->older : &way->newest) = slot->older;
    slot->older = NULL;
    slot->newer = way->free;
    way->free = slot;
    matrix_settle(way->matrix, slot->pair, outcome);
}

/* After an answer: more, or the end. */
static void go_on(struct tcp_way *way)
{
    struct matrix *matrix = way->matrix;
    size_t end = matrix->count * matrix->count;
    if (matrix->settled == matrix->pairs)
        matrix_finish(matrix);
    else if (way->next < end && way->free && !way->turn.slot)
        engine_set(matrix->attempt->engine, &way->turn, clock_monotonic());
}

static enum fact_outcome outcome_of(int number)
{
    return number == ECONNREFUSED ? OUTCOME_REFUSED : OUTCOME_UNREACHABLE;
}

static void slot_ready(void *context, uint32_t events)
{
    (void)events;
    struct slot *slot = context;
    struct tcp_way *way = slot->way;
    struct net_error error = {0};
    int number = 0;
    socklen_t size = sizeof number;
    getsockopt(slot->watch.fd, SOL_SOCKET, SO_ERROR, &number, &size);
    bool icmp = net_take_error(slot->watch.fd, &error) && error.icmp;
    struct tcp_info info = {0};
    size = sizeof info;
    getsockopt(slot->watch.fd, IPPROTO_TCP, TCP_INFO, &info, &size);
    if (icmp)
        finish_slot(slot, OUTCOME_UNREACHABLE);
    else if (number)
        finish_slot(slot, outcome_of(number));
    else if (info.tcpi_state != TCP_SYN_SENT)
        finish_slot(slot, OUTCOME_ANSWERED);
    go_on(way);
}

static void expire_oldest(void *context)
{
    struct tcp_way *way = context;
    int64_t now = clock_monotonic();
    struct matrix *matrix = way->matrix;
    while (way->oldest && way->oldest->expires <= now) {
        size_t from = way->oldest->pair / matrix->count;
        struct addr addr = matrix->addrs[way->oldest->pair];
        if (!matrix->refusals && neighbours_dynamic(matrix->attempt->world, matrix->nodes[from].node) &&
            net_neighbours_full(matrix->nodes[from].netns, &addr))
            matrix->refusals++;
        finish_slot(way->oldest, OUTCOME_SILENT);
    }
    if (way->oldest)
        engine_set(matrix->attempt->engine, &way->patience, way->oldest->expires);
    go_on(way);
}

/* Begins a connect; called inside the source's namespace.  False after ending the attempt. */
static bool begin(struct tcp_way *way, size_t pair)
{
    struct matrix *matrix = way->matrix;
    struct attempt *attempt = matrix->attempt;
    const struct addr *addr = &matrix->addrs[pair];
    int fd = socket(net_domain(addr), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "open a TCP socket in %s: %s",
                    matrix->nodes[pair / matrix->count].node->name, strerror(errno));
        return false;
    }
    struct linger reset = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    net_want_errors(fd, net_domain(addr));
    struct sockaddr_storage address;
    socklen_t length = net_sockaddr(addr, matrix->port, &address);
    if (connect(fd, (struct sockaddr *)&address, length) < 0 && errno != EINPROGRESS) {
        matrix_settle(matrix, pair, outcome_of(errno));
        close(fd);
        return true;
    }
    struct sockaddr_storage own = {0};
    socklen_t own_size = sizeof own;
    getsockname(fd, (struct sockaddr *)&own, &own_size);
    way->locals[pair] = ntohs(((struct sockaddr_in *)&own)->sin_port); /* both families have it at one place */
    const struct flow flow = {.protocol = IPPROTO_TCP, .local = way->locals[pair], .remote = matrix->port};
    witness_claim(engine_witness(attempt->engine), matrix->nodes[pair / matrix->count].node, &flow);
    if (++way->begun % LOOK == 0)
        witness_look(engine_witness(attempt->engine));
    /* Within one machine the handshake is over already, mostly. */
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_ESTABLISHED) {
        matrix_settle(matrix, pair, OUTCOME_ANSWERED);
        close(fd);
        return true;
    }
    struct slot *slot = way->free;
    if (engine_watch(attempt->engine, &slot->watch, fd, EPOLLOUT) < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "watch a TCP socket: %s", strerror(errno));
        close(fd);
        return false;
    }
    way->free = slot->newer;
    slot->pair = pair;
    slot->newer = NULL;
    slot->older = way->newest;
    *(way->newest ? &way->newest->newer : &way->oldest) = slot;
    way->newest = slot;
    slot->expires = clock_monotonic() + matrix->limit;
    if (!way->patience.slot)
        engine_set(attempt->engine, &way->patience, slot->expires);
    return true;
}

/* Connects from one source, up to a burst; false after ending the attempt. */
static bool from_source(struct tcp_way *way, size_t *begun)
{
    struct matrix *matrix = way->matrix;
    size_t source = way->next / matrix->count;
    struct error err = ERROR_INIT;
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    if (netns_visit(matrix->nodes[source].netns, &visit, &err) < 0) {
        attempt_end(matrix->attempt, OUTCOME_ERROR, "node %s: %s", matrix->nodes[source].node->name, err.text);
        return false;
    }
    for (; way->free && *begun < BURST && way->next / matrix->count == source; way->next++) {
        if (matrix->attempt->fact.matrix[way->next] != OUTCOME_NONE || !addr_is_set(&matrix->addrs[way->next]))
            continue;
        if (!begin(way, way->next))
            return false;
        ++*begun;
    }
    return true;
}

static void turn(void *context)
{
    struct tcp_way *way = context;
    size_t begun = 0, end = way->matrix->count * way->matrix->count;
    while (begun < BURST && way->free && way->next < end)
        if (!from_source(way, &begun))
            return;
    go_on(way);
}

static size_t window(size_t pairs)
{
    struct rlimit limit;
    size_t room = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (size_t)limit.rlim_cur : 1024;
    room = room > 512 ? room - 256 : room / 2; /* the rest is for the other checks */
    room = room < WINDOW_MAX ? room : WINDOW_MAX;
    return room < pairs ? room : pairs;
}

void matrix_tcp_start(struct matrix *matrix)
{
    struct attempt *attempt = matrix->attempt;
    struct tcp_way *way = matrix->way = ARENA_NEW(attempt->arena, struct tcp_way);
    size_t count = window(matrix->pairs);
    way->matrix = matrix;
    way->turn = (struct timer){.expired = turn, .context = way};
    way->patience = (struct timer){.expired = expire_oldest, .context = way};
    way->locals = arena_alloc(attempt->arena, matrix->count * matrix->count * sizeof *way->locals);
    matrix->sweep.port = matrix->port;
    matrix->sweep.locals = way->locals;
    matrix->sweep.addrs = matrix->addrs;
    way->slots = arena_alloc(attempt->arena, count * sizeof *way->slots);
    for (size_t i = 0; i < count; i++) {
        way->slots[i] = (struct slot){.way = way, .watch = {-1, slot_ready, &way->slots[i]}, .newer = way->free};
        way->free = &way->slots[i];
    }
    turn(way);
}

void matrix_tcp_release(struct matrix *matrix)
{
    struct tcp_way *way = matrix->way;
    if (!way)
        return;
    engine_unset(matrix->attempt->engine, &way->turn);
    engine_unset(matrix->attempt->engine, &way->patience);
    for (struct slot *slot = way->oldest; slot; slot = slot->newer) {
        int fd = slot->watch.fd;
        engine_unwatch(matrix->attempt->engine, &slot->watch);
        close(fd);
    }
}
