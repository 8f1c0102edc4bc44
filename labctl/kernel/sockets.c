/* Sockets of a network namespace. */
#include "kernel/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "kernel/namespace.h"

#define TABLE_MAX (16u << 20)

struct watchers {
    int protocol;
    bool told; /* anything yet */
    observed_socket_handler *handler;
    void *context;
};

/* TCP states: of a UDP socket, CLOSE means not connected. */
static uint32_t wanted_states(int protocol)
{
    return protocol == IPPROTO_UDP ? 1u << TCP_CLOSE : 1u << TCP_LISTEN | 1u << TCP_TIME_WAIT;
}

static bool is_loopback(const struct addr *addr)
{
    static const uint8_t one[16] = {[15] = 1}, mapped[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
    if (addr->family == 4)
        return addr->bytes[0] == 127;
    return memcmp(addr->bytes, one, sizeof one) == 0 || memcmp(addr->bytes, mapped, sizeof mapped) == 0;
}

static void tell(struct watchers *watchers, unsigned state, const struct addr *address, uint16_t port)
{
    struct observed_socket socket = {.protocol = watchers->protocol, .address = *address, .port = port};
    socket.loopback = is_loopback(address);
    socket.time_wait = watchers->protocol == IPPROTO_TCP && state == TCP_TIME_WAIT;
    socket.listening = !socket.time_wait && port != 0;
    watchers->told = true;
    watchers->handler(watchers->context, &socket);
}

/* ---- socket diagnostics -------------------------------------------------------------------------------------------
 */

static int ask(int fd, uint8_t family, int protocol)
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
                    .idiag_states = wanted_states(protocol)},
    };
    return send(fd, &message, sizeof message, 0) == sizeof message ? 0 : -1;
}

/* One datagram of a dump: 1 = go on, 0 = the end, -1 = the kernel does not tell. */
static int take(const char *data, size_t size, struct watchers *watchers)
{
    const struct nlmsghdr *header = (const struct nlmsghdr *)data;
    for (; NLMSG_OK(header, size); header = NLMSG_NEXT(header, size)) {
        if (header->nlmsg_type == NLMSG_DONE)
            return 0;
        if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY)
            return -1;
        const struct inet_diag_msg *socket = NLMSG_DATA(header);
        struct addr address = {.family = socket->idiag_family == AF_INET6 ? 6 : 4};
        memcpy(address.bytes, socket->id.idiag_src, address.family == 6 ? 16 : 4);
        tell(watchers, socket->idiag_state, &address, ntohs(socket->id.idiag_sport));
    }
    return 1;
}

static int diagnose(int netns, struct watchers *watchers)
{
    static const uint8_t families[] = {AF_INET, AF_INET6};
    FD_AUTO fd = netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG, NULL);
    struct timeval limit = {.tv_usec = 500000};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0)
        return -1;
    for (size_t i = 0; i < 2; i++) {
        int more = ask(fd, families[i], watchers->protocol) < 0 ? -1 : 1;
        while (more > 0) {
            char data[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
            ssize_t size = recv(fd, data, sizeof data, 0);
            more = size > 0 ? take(data, (size_t)size, watchers) : -1;
        }
        if (more < 0)
            return -1;
    }
    return 0;
}

/* ---- /proc/net ----------------------------------------------------------------------------------------------------
 */

/* "0100007F" or 32 digits: words of the machine's byte order. */
static bool read_address(const char *hex, struct addr *out)
{
    size_t words = strlen(hex) / 8;
    *out = (struct addr){.family = words == 1 ? 4 : 6};
    if (strlen(hex) % 8 || (words != 1 && words != 4))
        return false;
    for (size_t i = 0; i < words; i++) {
        unsigned word;
        if (sscanf(hex + i * 8, "%8x", &word) != 1)
            return false;
        memcpy(out->bytes + i * 4, &word, 4);
    }
    return true;
}

/* Lines such as "   0: 00000000:0050 00000000:0000 0A …": local address and port in hex, remote ones, state. */
static void read_table(const char *table, struct watchers *watchers)
{
    for (const char *line = strchr(table, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
        char hex[40];
        unsigned port, state;
        struct addr address;
        if (sscanf(line, " %*u: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", hex, &port, &state) == 3 && state < 32 &&
            wanted_states(watchers->protocol) >> state & 1 && read_address(hex, &address))
            tell(watchers, state, &address, (uint16_t)port);
    }
}

static int read_tables(int netns, struct watchers *watchers, struct error *err)
{
    static const char *const paths[][2] = {{"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"},
                                           {"/proc/thread-self/net/udp", "/proc/thread-self/net/udp6"}};
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    if (netns_visit(netns, &visit, err) != 0)
        return -1;
    for (size_t i = 0; i < 2; i++) {
        STR_AUTO table = STR_INIT;
        const char *path = paths[watchers->protocol == IPPROTO_UDP][i];
        if (file_read(AT_FDCWD, path, &table, TABLE_MAX) == 0)
            read_table(str_text(&table), watchers);
        else if (i == 0) /* without IPv6 there is no second table */
            return error_set_errno(err, errno, "read the sockets (%s)", path);
    }
    return 0;
}

int sockets_observe(int netns, int protocol, observed_socket_handler *handler, void *context, struct error *err)
{
    struct watchers watchers = {.protocol = protocol, .handler = handler, .context = context};
    if (diagnose(netns, &watchers) == 0)
        return 0;
    if (watchers.told)
        return error_set(err, ERR_SYSTEM, "read the sockets: socket diagnostics ended early");
    return read_tables(netns, &watchers, err);
}
