/* Does anybody listen?  Socket diagnostics (sock_diag(7)) of the target's network namespace; where the kernel lacks
 * them, the tables of /proc/net of the node's first process. */
#include "probe/listener.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "facts/facts.h"
#include "kernel/namespace.h"
#include "model/check.h"
#include "model/topology.h"
#include "probe/impostor.h"
#include "probe/probe.h"

#define TABLE_MAX    (4u << 20)
#define STATE_LISTEN 10 /* TCP_LISTEN */
#define STATE_BOUND  7  /* TCP_CLOSE: a UDP socket that is bound and takes from everybody */

static bool is_loopback(int family, const void *address)
{
    if (family == AF_INET)
        return *(const uint8_t *)address == 127;
    static const uint8_t one[16] = {[15] = 1};
    return memcmp(address, one, 16) == 0;
}

/* The state of a socket that takes what comes. */
static unsigned open_state(int protocol)
{
    return protocol == IPPROTO_UDP ? STATE_BOUND : STATE_LISTEN;
}

static int send_dump(int fd, uint8_t family, int protocol)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
    } message = {
        .header = {.nlmsg_len = sizeof message,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .request = {.sdiag_family = family,
                    .sdiag_protocol = (uint8_t)protocol,
                    .idiag_states = 1u << open_state(protocol)},
    };
    return send(fd, &message, sizeof message, 0) == sizeof message ? 0 : -1;
}

/* One datagram of a dump: 1 = go on, 0 = the end, -1 = the kernel does not tell. */
static int read_dump(const char *data, size_t size, uint16_t port, bool *found)
{
    const struct nlmsghdr *header = (const struct nlmsghdr *)data;
    for (; NLMSG_OK(header, size); header = NLMSG_NEXT(header, size)) {
        if (header->nlmsg_type == NLMSG_DONE)
            return 0;
        if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY)
            return -1;
        const struct inet_diag_msg *socket = NLMSG_DATA(header);
        if (ntohs(socket->id.idiag_sport) == port && !is_loopback(socket->idiag_family, socket->id.idiag_src))
            *found = true;
    }
    return 1;
}

static int ask_kernel(int netns, unsigned family, int protocol, uint16_t port)
{
    FD_AUTO fd = netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG, NULL);
    struct timeval limit = {.tv_usec = 200000};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0)
        return LISTENER_UNKNOWN;
    /* A socket on :: takes IPv4 as well, so both tables count for IPv4. */
    bool found = false;
    for (int pass = family == 6; pass < 2; pass++) {
        if (send_dump(fd, pass ? AF_INET6 : AF_INET, protocol) < 0)
            return LISTENER_UNKNOWN;
        int more = 1;
        while (more > 0) {
            char data[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
            ssize_t size = recv(fd, data, sizeof data, 0);
            more = size > 0 ? read_dump(data, (size_t)size, port, &found) : -1;
        }
        if (more < 0)
            return LISTENER_UNKNOWN;
    }
    return found ? LISTENER_YES : LISTENER_NO;
}

/* Lines such as "   0: 00000000:0050 00000000:0000 0A …": local address and port in hex, state. */
static bool table_has(const char *table, int protocol, uint16_t port)
{
    for (const char *line = strchr(table, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
        char address[40];
        unsigned local, state;
        if (sscanf(line, " %*u: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", address, &local, &state) != 3)
            continue;
        bool loopback = str_ends(address, "7F") && strlen(address) == 8;
        if (local == port && state == open_state(protocol) && !loopback)
            return true;
    }
    return false;
}

static int read_tables(int root, unsigned family, int protocol, uint16_t port)
{
    static const char *const tcp[] = {"proc/1/net/tcp", "proc/1/net/tcp6"};
    static const char *const udp[] = {"proc/1/net/udp", "proc/1/net/udp6"};
    const char *const *paths = protocol == IPPROTO_UDP ? udp : tcp;
    bool known = false;
    for (size_t i = family == 6; i < 2; i++) {
        STR_AUTO table = STR_INIT;
        if (file_read(root, paths[i], &table, TABLE_MAX) < 0)
            continue;
        known = true;
        if (table_has(str_text(&table), protocol, port))
            return LISTENER_YES;
    }
    return known ? LISTENER_NO : LISTENER_UNKNOWN;
}

int listener_find(const struct probe_world *world, const struct check_target *target, const struct addr *addr,
                  int protocol, uint16_t port)
{
    const struct node *node = target->node      ? target->node
                              : world->topology ? address_owner(world->topology, addr)
                                                : NULL;
    int netns = node ? world->netns(world->context, node->name) : -1;
    if (netns < 0)
        return LISTENER_UNKNOWN;
    int answer = ask_kernel(netns, addr->family, protocol, port);
    int root = world->root ? world->root(world->context, node->name) : -1;
    return answer == LISTENER_UNKNOWN && root >= 0 ? read_tables(root, addr->family, protocol, port) : answer;
}
