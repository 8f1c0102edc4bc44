/* Watching packets and their answers from inside the nodes that could pass them on.
 *
 * A packet socket in each of them sees what leaves it (a socket filter in the kernel lets nothing but small packets of
 * the right protocol in).  What is looked for carries a random text or number that address translation leaves alone.
 * The TTL tells the order: every router lowers it.  Closing a packet socket waits for the kernel's grace
 * period: it is done aside, for all of them at once. */
#include "probe/watcher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/table.h"
#include "kernel/namespace.h"
#include "model/topology.h"
#include "probe/probe.h"

#define PACKET_MOST 300 /* bytes of what is looked for, quoted or not */

struct watched {
    const struct node *node;
    int fd;
};

struct watchers {
    struct watch_mark mark;
    struct watched *nodes;
    size_t count;
};

/* One packet that left a node. */
struct sighting {
    const char *node;
    uint8_t ttl;
};

struct sightings {
    struct sighting *items;
    size_t count;
};

/* Small packets of the protocol, and ICMP: errors are answers too. */
static void set_filter(int fd, const struct watch_mark *mark)
{
    uint32_t offset = mark->ipv6 ? 6 : 9, icmp = mark->ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, PACKET_MOST, 4, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offset),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)mark->protocol, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, icmp, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, PACKET_MOST),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {ARRAY_SIZE(code), code};
    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static int open_watch(int netns, const struct watch_mark *mark)
{
    int fd = netns_socket(netns, AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0, NULL), buffer = 1 << 20;
    if (fd < 0)
        return -1;
    set_filter(fd, mark);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    /* All protocols: those that are named see nothing of what leaves. */
    struct sockaddr_ll any = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    if (bind(fd, (struct sockaddr *)&any, sizeof any) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool same_node(const struct node *a, const struct node *b)
{
    return a && b && strcmp(a->name, b->name) == 0;
}

struct watchers *watchers_new(const struct probe_world *world, const struct node *from, const struct node *to,
                              const struct watch_mark *mark, bool *complete)
{
    struct watchers *watchers = calloc(1, sizeof *watchers);
    const struct topology *topology = world->topology;
    if (watchers)
        watchers->nodes = calloc(topology->node_count ? topology->node_count : 1, sizeof *watchers->nodes);
    if (!watchers || !watchers->nodes)
        arena_exhausted();
    watchers->mark = *mark;
    *complete = true;
    for (size_t i = 0; i < topology->node_count; i++) {
        const struct node *node = topology->nodes[i];
        if ((node->interface_count < 2 && !node->forwarding) || same_node(node, from) || same_node(node, to))
            continue;
        int netns = world->netns(world->context, node->name), fd = netns >= 0 ? open_watch(netns, mark) : -1;
        if (fd >= 0)
            watchers->nodes[watchers->count++] = (struct watched){node, fd};
        else if (netns >= 0) /* one that does not run passes nothing on */
            *complete = false;
    }
    return watchers;
}

/* ---- reading ------------------------------------------------------------------------------------------------------
 */

enum direction { DIRECTION_NONE, DIRECTION_THERE, DIRECTION_BACK };

static enum direction direction_of_tcp(const struct watch_mark *mark, unsigned number, const uint8_t *data, size_t size)
{
    struct tcphdr tcp;
    if (size < sizeof tcp)
        return DIRECTION_NONE;
    memcpy(&tcp, data, sizeof tcp);
    if (ntohl(tcp.th_seq) == (mark->number | number))
        return DIRECTION_THERE;
    return ntohl(tcp.th_ack) == (mark->number | number) + 1 ? DIRECTION_BACK : DIRECTION_NONE;
}

/* Whether the packet is the one with this number, or quotes or echoes it. */
static bool has_text(const struct watch_mark *mark, unsigned number, const uint8_t *data, size_t size)
{
    uint8_t text[sizeof mark->text + 1];
    memcpy(text, mark->text, sizeof mark->text);
    text[sizeof mark->text] = (uint8_t)number;
    return memmem(data, size, text, sizeof text) != NULL;
}

/* A datagram with the text in it goes there; what comes from there answers, whatever it says. */
static enum direction direction_of_udp(const struct watch_mark *mark, unsigned number, const uint8_t *data, size_t size)
{
    if (size < 8)
        return DIRECTION_NONE;
    if ((data[0] << 8 | data[1]) == mark->port)
        return DIRECTION_BACK;
    return has_text(mark, number, data, size) ? DIRECTION_THERE : DIRECTION_NONE;
}

/* Whether the packet, from its IP header on, is one of the two. */
static enum direction direction_of(const struct watch_mark *mark, unsigned number, const uint8_t *data, size_t size)
{
    if (size < 20)
        return DIRECTION_NONE;
    size_t header = mark->ipv6 ? 40 : (size_t)(data[0] & 15) * 4;
    int protocol = mark->ipv6 ? data[6] : data[9], icmp = mark->ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
    if (data[0] >> 4 != (mark->ipv6 ? 6 : 4) || size <= header)
        return DIRECTION_NONE;
    const uint8_t *inner = data + header;
    size_t left = size - header;
    if (protocol == IPPROTO_TCP && mark->protocol == IPPROTO_TCP)
        return direction_of_tcp(mark, number, inner, left);
    if (protocol == IPPROTO_UDP && mark->protocol == IPPROTO_UDP)
        return direction_of_udp(mark, number, inner, left);
    if (protocol != icmp || mark->protocol == IPPROTO_TCP || !has_text(mark, number, inner, left))
        return DIRECTION_NONE;
    bool request = inner[0] == (mark->ipv6 ? 128 : 8); /* echo request; anything else answers */
    return request ? DIRECTION_THERE : DIRECTION_BACK;
}

/* The next packet that left; false where there is no more. */
static bool read_one(const struct watched *watched, const struct watch_mark *mark, unsigned number,
                     enum direction *direction, uint8_t *ttl)
{
    uint8_t data[PACKET_MOST];
    struct sockaddr_ll from = {0};
    socklen_t length = sizeof from;
    ssize_t size = recvfrom(watched->fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
    *direction = DIRECTION_NONE;
    if (size < 0)
        return errno == EINTR || errno == ENETDOWN;
    if (from.sll_pkttype == PACKET_OUTGOING)
        *direction = direction_of(mark, number, data, (size_t)size);
    *ttl = data[mark->ipv6 ? 7 : 8];
    return true;
}

struct watchers *watchers_at(const struct probe_world *world, const struct node *node, const struct watch_mark *mark)
{
    int netns = world->netns(world->context, node->name), fd = netns >= 0 ? open_watch(netns, mark) : -1;
    if (fd < 0)
        return NULL;
    struct watchers *watchers = calloc(1, sizeof *watchers);
    if (watchers)
        watchers->nodes = calloc(1, sizeof *watchers->nodes);
    if (!watchers || !watchers->nodes)
        arena_exhausted();
    watchers->mark = *mark;
    watchers->nodes[watchers->count++] = (struct watched){node, fd};
    return watchers;
}

void watchers_count(struct watchers *watchers, unsigned number, unsigned *in, unsigned *out)
{
    for (size_t i = 0; i < watchers->count; i++) {
        uint8_t data[PACKET_MOST];
        struct sockaddr_ll from = {0};
        socklen_t length = sizeof from;
        ssize_t size;
        while ((size = recvfrom(watchers->nodes[i].fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from,
                                &length)) >= 0)
            if (direction_of(&watchers->mark, number, data, (size_t)size) == DIRECTION_THERE)
                ++*(from.sll_pkttype == PACKET_OUTGOING ? out : in);
    }
}

bool watch_mark_received(const struct watch_mark *mark, unsigned number, int fd)
{
    uint8_t data[PACKET_MOST + 40];
    bool found = false;
    size_t head = mark->ipv6 ? 40 : 0; /* which a raw socket leaves out */
    ssize_t size;
    while ((size = recv(fd, data + head, PACKET_MOST, MSG_DONTWAIT)) >= 0) {
        if (mark->ipv6) {
            memset(data, 0, head);
            data[0] = 6 << 4;
            data[6] = (uint8_t)mark->protocol;
        }
        found |= direction_of(mark, number, data, (size_t)size + head) == DIRECTION_THERE;
    }
    return found;
}

static int by_ttl(const void *left, const void *right)
{
    const struct sighting *a = left, *b = right;
    return (int)b->ttl - (int)a->ttl;
}

/* Each node once: a bridge in a node, or a duplicate, would show it again. */
static void names_of(struct sightings *sightings, struct arena *arena, const char ***names, size_t *count)
{
    if (sightings->count)
        qsort(sightings->items, sightings->count, sizeof *sightings->items, by_ttl);
    *names = NULL;
    *count = 0;
    for (size_t i = 0; i < sightings->count; i++) {
        bool seen = false;
        for (size_t j = 0; j < *count; j++)
            seen |= strcmp((*names)[j], sightings->items[i].node) == 0;
        if (!seen)
            *ARENA_PUSH(arena, *names, *count) = sightings->items[i].node;
    }
}

void watchers_take(struct watchers *watchers, unsigned number, struct arena *arena, const char ***there,
                   size_t *there_count, const char ***back, size_t *back_count)
{
    struct sightings ways[2] = {0};
    for (size_t i = 0; i < watchers->count; i++) {
        enum direction direction;
        uint8_t ttl = 0;
        while (read_one(&watchers->nodes[i], &watchers->mark, number, &direction, &ttl)) {
            struct sightings *way = &ways[direction == DIRECTION_BACK];
            if (direction != DIRECTION_NONE)
                *ARENA_PUSH(arena, way->items, way->count) = (struct sighting){watchers->nodes[i].node->name, ttl};
        }
    }
    names_of(&ways[0], arena, there, there_count);
    names_of(&ways[1], arena, back, back_count);
}

static void *close_one(void *context)
{
    close((int)(intptr_t)context);
    return NULL;
}

void watchers_free(struct watchers *watchers)
{
    pthread_attr_t detached;
    if (!watchers)
        return;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (size_t i = 0; i < watchers->count; i++) {
        pthread_t thread;
        int fd = watchers->nodes[i].fd;
        if (pthread_create(&thread, &detached, close_one, (void *)(intptr_t)fd) != 0)
            close(fd);
    }
    pthread_attr_destroy(&detached);
    free(watchers->nodes);
    free(watchers);
}
