/* The floor: a star lab made with as few system calls as the kernel allows, to which the product is compared.
 *
 * One namespace with the bridges (made down), one for each host (descriptor and netlink socket at once, no later
 * visit), veth pairs 64 in a send with both ends where they stay, one send for each host (loopback, eth0, address,
 * route), the bridges up last.  `matrix` then pings every ordered pair from one epoll loop.
 *
 *     floor HOSTS PORTS_PER_BRIDGE [matrix]      prints "build MILLISECONDS" and "matrix MILLISECONDS PAIRS" */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/icmp.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINKS_PER_SEND 64
#define FIRST_PORT     10000
#define ETH0           2
#define HOSTS_MAX      65535 /* as many as an ICMP sequence number tells apart */
#define BUFFER         (128 * 1024)

static _Noreturn void die(const char *format, ...)
{
    va_list args;
    int number = errno;
    va_start(args, format);
    fprintf(stderr, "floor: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, ": %s\n", strerror(number));
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- netlink ---------------------------------------------------------------------------------------------------- */

struct batch {
    int fd, count;
    size_t length;
    struct nlmsghdr *last;
    char data[BUFFER] __attribute__((aligned(8)));
};
static struct batch batch;
static uint32_t sequence;

static void put(int type, const void *data, size_t size)
{
    struct nlattr *a = (struct nlattr *)(batch.data + batch.length);
    a->nla_type = (uint16_t)type;
    a->nla_len = (uint16_t)(NLA_HDRLEN + size);
    memset((char *)a + NLA_HDRLEN, 0, NLA_ALIGN(size));
    if (size)
        memcpy((char *)a + NLA_HDRLEN, data, size);
    batch.length += NLA_HDRLEN + NLA_ALIGN(size);
}

static void put_u32(int type, uint32_t value)
{
    put(type, &value, sizeof value);
}

static void put_text(int type, const char *text)
{
    put(type, text, strlen(text) + 1);
}

static size_t nest(int type, const void *header, size_t size)
{
    size_t at = batch.length;
    put(type, header, size);
    return at;
}

static void nest_end(size_t at)
{
    ((struct nlattr *)(batch.data + at))->nla_len = (uint16_t)(batch.length - at);
}

static void begin(int type, int flags, const void *header, size_t size)
{
    struct nlmsghdr *m = batch.last = (struct nlmsghdr *)(batch.data + batch.length);
    *m = (struct nlmsghdr){
        .nlmsg_type = (uint16_t)type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags), .nlmsg_seq = ++sequence};
    memcpy(NLMSG_DATA(m), header, size);
    batch.length += NLMSG_HDRLEN + NLMSG_ALIGN(size);
    batch.count++;
}

static void end(void)
{
    batch.last->nlmsg_len = (uint32_t)(batch.data + batch.length - (char *)batch.last);
}

static void flush(void)
{
    static char answer[32768] __attribute__((aligned(8)));
    if (!batch.count)
        return;
    batch.last->nlmsg_flags |= NLM_F_ACK;
    if (send(batch.fd, batch.data, batch.length, 0) < 0)
        die("send");
    for (uint32_t seen = 0; seen != sequence;) {
        ssize_t got = recv(batch.fd, answer, sizeof answer, 0);
        if (got < 0)
            die("receive");
        for (struct nlmsghdr *m = (struct nlmsghdr *)answer; NLMSG_OK(m, (size_t)got); m = NLMSG_NEXT(m, got)) {
            const struct nlmsgerr *error = NLMSG_DATA(m);
            if (m->nlmsg_type == NLMSG_ERROR && error->error) {
                errno = -error->error;
                die("message type %d", error->msg.nlmsg_type);
            }
            seen = m->nlmsg_seq;
        }
    }
    batch.length = 0;
    batch.count = 0;
}

/* ---- the lab ----------------------------------------------------------------------------------------------------- */

static int hosts, per_bridge, *netns, *sockets, fabric_netns, fabric_socket;

static uint32_t address(int i)
{
    return htonl(0x0a000000u | (uint32_t)(i / per_bridge) << 16 | (uint32_t)(i % per_bridge + 2));
}

static void mac(int i, unsigned char out[6])
{
    const unsigned char bytes[6] = {2, 0, 0, (unsigned char)(i >> 16), (unsigned char)(i >> 8), (unsigned char)i};
    memcpy(out, bytes, 6);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        die("%s", path);
    close(fd);
}

static int own_netns(void)
{
    int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die("own namespace");
    return fd;
}

static int netlink_socket(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), on = 1;
    if (fd < 0)
        die("netlink");
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    return fd;
}

static void make_namespaces(void)
{
    if (unshare(CLONE_NEWNET) != 0)
        die("fabric");
    fabric_netns = own_netns();
    fabric_socket = netlink_socket();
    write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
    for (int i = 0; i < hosts; i++) {
        if (unshare(CLONE_NEWNET) != 0)
            die("host %d", i);
        netns[i] = own_netns();
        sockets[i] = netlink_socket();
    }
    if (setns(fabric_netns, CLONE_NEWNET) != 0)
        die("back to the fabric");
}

static void make_bridges(void)
{
    batch.fd = fabric_socket;
    for (int b = 0; b * per_bridge < hosts; b++) {
        struct ifinfomsg header = {.ifi_index = 2 + b};
        char name[16];
        snprintf(name, sizeof name, "br%d", b);
        begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
        put_text(IFLA_IFNAME, name);
        size_t info = nest(IFLA_LINKINFO, NULL, 0);
        put_text(IFLA_INFO_KIND, "bridge");
        nest_end(info);
        end();
    }
    flush();
}

static void link_up(int index)
{
    struct ifinfomsg header = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    begin(RTM_NEWLINK, 0, &header, sizeof header);
    end();
}

static void make_link(int i)
{
    struct ifinfomsg header = {.ifi_index = FIRST_PORT + i, .ifi_flags = IFF_UP, .ifi_change = IFF_UP},
                     peer = {.ifi_index = ETH0};
    unsigned char lladdr[6];
    char name[16];
    snprintf(name, sizeof name, "v%d", i);
    mac(i, lladdr);
    begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
    put_text(IFLA_IFNAME, name);
    put_u32(IFLA_MASTER, (uint32_t)(2 + i / per_bridge));
    put_u32(IFLA_NUM_TX_QUEUES, 1);
    put_u32(IFLA_NUM_RX_QUEUES, 1);
    size_t info = nest(IFLA_LINKINFO, NULL, 0);
    put_text(IFLA_INFO_KIND, "veth");
    size_t data = nest(IFLA_INFO_DATA, NULL, 0), far = nest(VETH_INFO_PEER, &peer, sizeof peer);
    put_text(IFLA_IFNAME, "eth0");
    put_u32(IFLA_NUM_TX_QUEUES, 1);
    put_u32(IFLA_NUM_RX_QUEUES, 1);
    put_u32(IFLA_NET_NS_FD, (uint32_t)netns[i]);
    put_u32(IFLA_MTU, 1500);
    put(IFLA_ADDRESS, lladdr, sizeof lladdr);
    nest_end(far);
    nest_end(data);
    nest_end(info);
    end();
}

static void configure_host(int i)
{
    struct ifinfomsg quiet = {.ifi_index = ETH0};
    struct ifaddrmsg ifa = {.ifa_family = AF_INET, .ifa_prefixlen = 16, .ifa_index = ETH0};
    struct rtmsg route = {
        .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC, .rtm_type = RTN_UNICAST};
    uint32_t own = address(i), gateway = htonl(0x0a000001u | (uint32_t)(i / per_bridge) << 16);
    uint8_t none = IN6_ADDR_GEN_MODE_NONE;
    batch.fd = sockets[i];
    link_up(1);
    begin(RTM_SETLINK, 0, &quiet, sizeof quiet);
    size_t families = nest(IFLA_AF_SPEC, NULL, 0), ipv6 = nest(AF_INET6, NULL, 0);
    put(IFLA_INET6_ADDR_GEN_MODE, &none, sizeof none);
    nest_end(ipv6);
    nest_end(families);
    end();
    link_up(ETH0);
    begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &ifa, sizeof ifa);
    put(IFA_LOCAL, &own, sizeof own);
    put(IFA_ADDRESS, &own, sizeof own);
    end();
    begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &route, sizeof route);
    put(RTA_GATEWAY, &gateway, sizeof gateway);
    put_u32(RTA_OIF, ETH0);
    end();
    flush();
}

static void build(void)
{
    make_namespaces();
    make_bridges();
    for (int i = 0; i < hosts; i++) {
        make_link(i);
        if (batch.count == LINKS_PER_SEND)
            flush();
    }
    flush();
    for (int i = 0; i < hosts; i++)
        configure_host(i);
    batch.fd = fabric_socket;
    for (int b = 0; b * per_bridge < hosts; b++)
        link_up(2 + b);
    flush();
}

/* ---- the matrix ---------------------------------------------------------------------------------------------------
 */

static void permanent_neighbours(void)
{
    for (int i = 0; i < hosts; i++) {
        batch.fd = sockets[i];
        for (int j = 0; j < hosts; j++) {
            struct ndmsg header = {.ndm_family = AF_INET, .ndm_ifindex = ETH0, .ndm_state = NUD_PERMANENT};
            uint32_t dst = address(j);
            unsigned char lladdr[6];
            if (i == j || i / per_bridge != j / per_bridge)
                continue;
            mac(j, lladdr);
            begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
            put(NDA_DST, &dst, sizeof dst);
            put(NDA_LLADDR, lladdr, sizeof lladdr);
            end();
            if (batch.length > BUFFER / 2)
                flush();
        }
        flush();
    }
}

static uint16_t checksum(const void *data, size_t size)
{
    const uint16_t *word = data;
    uint32_t sum = 0;
    for (; size > 1; size -= 2)
        sum += *word++;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

struct echo {
    struct icmphdr header;
    char payload[48];
};

static int take_answers(int epoll, const int *raw, unsigned char *got, int timeout)
{
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, 256, timeout), answers = 0;
    for (int e = 0; e < count; e++) {
        char packet[256];
        uint32_t i = events[e].data.u32;
        while (recv(raw[i], packet, sizeof packet, MSG_DONTWAIT) > 0) {
            const struct icmphdr *header = (const struct icmphdr *)(packet + 20);
            uint32_t j = ntohs(header->un.echo.sequence);
            if (header->type != ICMP_ECHOREPLY || ntohs(header->un.echo.id) != i || got[i * (uint32_t)hosts + j])
                continue;
            got[i * (uint32_t)hosts + j] = 1;
            answers++;
        }
    }
    return answers;
}

static int ping_all(void)
{
    int *raw = calloc(HOSTS_MAX, sizeof *raw), epoll = epoll_create1(EPOLL_CLOEXEC), answers = 0;
    unsigned char *got = calloc(HOSTS_MAX, (size_t)(unsigned short)hosts);
    for (int i = 0; i < hosts; i++) {
        struct icmp_filter filter = {~(1u << ICMP_ECHOREPLY)};
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        if (setns(netns[i], CLONE_NEWNET) != 0 ||
            (raw[i] = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP)) < 0)
            die("socket of host %d", i);
        setsockopt(raw[i], SOL_RAW, ICMP_FILTER, &filter, sizeof filter);
        epoll_ctl(epoll, EPOLL_CTL_ADD, raw[i], &event);
    }
    if (setns(fabric_netns, CLONE_NEWNET) != 0)
        die("back to the fabric");
    for (int k = 1; k < hosts; k++) {
        for (int i = 0; i < hosts; i++) {
            int j = (i + k) % hosts;
            struct echo echo = {.header = {.type = ICMP_ECHO, .un.echo = {htons((uint16_t)i), htons((uint16_t)j)}}};
            struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = address(j)};
            echo.header.checksum = checksum(&echo, sizeof echo);
            if (sendto(raw[i], &echo, sizeof echo, 0, (struct sockaddr *)&to, sizeof to) < 0)
                die("ping from %d to %d", i, j);
        }
        answers += take_answers(epoll, raw, got, 0);
    }
    for (int idle = 0; idle < 10 && answers < hosts * (hosts - 1);) {
        int more = take_answers(epoll, raw, got, 50);
        answers += more;
        idle = more ? 0 : idle + 1;
    }
    return answers;
}

/* An ordinary user needs a user namespace; root the same, so that both are measured alike. */
static void enter_user_namespace(void)
{
    char map[64];
    unsigned uid = getuid(), gid = getgid();
    if (unshare(CLONE_NEWUSER) != 0)
        die("user namespace");
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    if (argc < 3 || (hosts = atoi(argv[1])) < 1 || hosts > HOSTS_MAX || (per_bridge = atoi(argv[2])) < 1) {
        fprintf(stderr, "usage: floor HOSTS PORTS_PER_BRIDGE [matrix]\n");
        return 2;
    }
    netns = calloc((size_t)hosts, sizeof *netns);
    sockets = calloc((size_t)hosts, sizeof *sockets);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    enter_user_namespace();
    double start = now();
    build();
    printf("build %.2f\n", now() - start);
    if (argc > 3 && strcmp(argv[3], "matrix") == 0) {
        start = now();
        permanent_neighbours();
        int answers = ping_all();
        printf("matrix %.2f %d\n", now() - start, answers);
    }
    return 0;
}
