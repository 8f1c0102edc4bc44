/* Capturing at an interface: a child process of the director writes pcap to the caller's descriptor.
 *
 * The packet socket is opened at the far end of the interface, in the fabric or a cloud namespace, where the learner
 * does not see it.  It lives in a process of the lab, so that nothing outside holds the lab's network; that process may
 * wait for a slow reader as long as it likes.  It ends when the caller goes away, the output breaks, or enough was
 * captured. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "director/internal.h"
#include "director/verbs.h"
#include "kernel/namespace.h"
#include "lab/lab.h"
#include "model/topology.h"
#include "plan/plan.h"

#define SNAPSHOT    262144
#define FILTER_MAX  4096
#define PCAP_MAGIC  0xa1b23c4d /* times in nanoseconds */
#define TAG         4          /* bytes of a VLAN tag */
#define DRAIN_FIRST 64         /* packets between two looks at the control socket */

struct pcap_header {
    uint32_t magic;
    uint16_t major, minor;
    int32_t zone;
    uint32_t accuracy, snapshot, link_type;
};

struct pcap_packet {
    uint32_t seconds, nanoseconds, captured, length;
};

const struct plan_link_end *request_far_end(const struct plan *plan, const struct node *node,
                                            const struct interface *interface)
{
    uint32_t ns = plan_find_namespace(plan, node->name);
    if (interface->parent) /* what it sends leaves there, with its tag */
        interface = interface->parent;
    for (size_t i = 0; i < plan->link_count; i++)
        if (plan->links[i].end[0].ns == ns && str_equal(plan->links[i].end[0].name, interface->name))
            return &plan->links[i].end[1];
    return NULL;
}

static int find_interface(struct director *director, struct request *request, const struct node *node,
                          const struct interface **out, struct error *err)
{
    const char *name = json_string_value(json_object_get(request_params(request), "interface"));
    if (!name && node->interface_count == 1) {
        *out = node->interfaces[0];
        return 0;
    }
    const char *names[64];
    size_t count = 0;
    STR_AUTO list = STR_INIT;
    for (size_t i = 0; i < node->interface_count && count < 64; i++) {
        names[count++] = node->interfaces[i]->name;
        str_printf(&list, "%s%s/%s", i == 0 ? "" : ", ", node->name, node->interfaces[i]->name);
    }
    if (!name)
        return error_set(err, ERR_USAGE, "node '%s' has %s: say which%s%s", node->name,
                         count == 0 ? "no interface" : "several interfaces", count == 0 ? "" : ": ", str_text(&list));
    *out = node_interface(node, name);
    if (*out)
        return 0;
    const char *nearest = str_nearest(name, names, count);
    return error_set(err, ERR_ABSENT, "node '%s' of lab '%s' has no interface '%.40s'%s%s%s", node->name,
                     director->lab_name, name, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                     nearest ? "'?" : "");
}

static int attach_filter(int packets, int filter, struct error *err)
{
    if (filter < 0)
        return 0;
    STR_AUTO program = STR_INIT;
    if (lseek(filter, 0, SEEK_SET) < 0 || fd_read_all(filter, &program, FILTER_MAX * sizeof(struct sock_filter)) != 0)
        return error_set_errno(err, errno, "read the capture filter");
    struct sock_fprog code = {.len = (unsigned short)(program.length / sizeof(struct sock_filter)),
                              .filter = (struct sock_filter *)(void *)program.data};
    if (code.len > 0 && setsockopt(packets, SOL_SOCKET, SO_ATTACH_FILTER, &code, sizeof code) != 0)
        return error_set_errno(err, errno, "attach the capture filter");
    return 0;
}

static int open_socket(struct director *director, const struct plan_link_end *end, int filter, struct error *err)
{
    const char *ns = director->plan->namespaces[end->ns].name;
    /* Protocol 0 until everything is set: no packet slips past the filter. */
    FD_AUTO packets = netns_socket(lab_netns(director->lab, ns), AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0, err);
    if (packets < 0)
        return -1;
    struct ifreq request = {.ifr_ifindex = 0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", end->name);
    if (ioctl(packets, SIOCGIFINDEX, &request) != 0)
        return error_set_errno(err, errno, "find %s in %s", end->name, ns);
    int on = 1, room = 8 << 20;
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = request.ifr_ifindex};
    if (attach_filter(packets, filter, err) != 0)
        return -1;
    setsockopt(packets, SOL_SOCKET, SO_RCVBUF, &room, sizeof room); /* as much as there is */
    if (setsockopt(packets, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0 ||
        setsockopt(packets, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on) != 0 ||
        bind(packets, (struct sockaddr *)&address, sizeof address) != 0)
        return error_set_errno(err, errno, "capture at %s in %s", end->name, ns);
    return fd_steal(&packets);
}

/* ---- the child ----------------------------------------------------------------------------------------------- */

static struct timespec packet_time(struct msghdr *message)
{
    struct timespec time = {0};
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part))
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS)
            memcpy(&time, CMSG_DATA(part), sizeof time);
    if (time.tv_sec == 0)
        clock_gettime(CLOCK_REALTIME, &time);
    return time;
}

/* The kernel keeps a frame's VLAN tag beside it: it is put back behind the addresses, which move to the front.  How
 * many bytes the frame has grown by. */
static size_t put_tag_back(struct msghdr *message, char *frame, size_t length)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        struct tpacket_auxdata beside;
        if (part->cmsg_level != SOL_PACKET || part->cmsg_type != PACKET_AUXDATA || length < 2 * ETH_ALEN)
            continue;
        memcpy(&beside, CMSG_DATA(part), sizeof beside);
        if (!(beside.tp_status & TP_STATUS_VLAN_VALID))
            return 0;
        uint16_t protocol = beside.tp_status & TP_STATUS_VLAN_TPID_VALID ? beside.tp_vlan_tpid : ETH_P_8021Q;
        uint16_t tag[] = {htons(protocol), htons(beside.tp_vlan_tci)};
        memmove(frame - sizeof tag, frame, 2 * ETH_ALEN);
        memcpy(frame - sizeof tag + 2 * ETH_ALEN, tag, sizeof tag);
        return sizeof tag;
    }
    return 0;
}

/* One packet to the output.  1: written, 0: none waiting, -1 with errno: broken. */
static int copy_packet(int packets, int output, char *buffer)
{
    char control[256];
    char *frame = buffer + sizeof(struct pcap_packet) + TAG;
    struct iovec part = {frame, SNAPSHOT - TAG};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(packets, &message, MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR || errno == ENETDOWN ? 0 : -1;
    struct timespec time = packet_time(&message);
    size_t tag = put_tag_back(&message, frame, (size_t)got);
    uint32_t length = (uint32_t)((size_t)got + tag);
    char *start = frame - tag - sizeof(struct pcap_packet);
    struct pcap_packet header = {(uint32_t)time.tv_sec, (uint32_t)time.tv_nsec,
                                 length < SNAPSHOT ? length : SNAPSHOT - TAG, length};
    memcpy(start, &header, sizeof header);
    return fd_write_all(output, start, sizeof header + header.captured) == 0 ? 1 : -1;
}

static void capture(int packets, int output, int control, json_int_t limit)
{
    static char buffer[sizeof(struct pcap_packet) + SNAPSHOT];
    const struct pcap_header header = {PCAP_MAGIC, 2, 4, 0, 0, SNAPSHOT, 1};
    json_int_t count = 0;
    bool over = fd_write_all(output, &header, sizeof header) != 0;
    int problem = over ? errno : 0;
    while (!over) {
        struct pollfd ready[] = {{.fd = packets, .events = POLLIN},
                                 {.fd = control, .events = POLLIN | POLLRDHUP},
                                 {.fd = output, .events = 0}};
        if (poll(ready, 3, -1) < 0)
            continue;
        over = ready[1].revents != 0 || ready[2].revents & (POLLERR | POLLNVAL);
        for (int i = 0; i < DRAIN_FIRST || over; i++) { /* asked to stop: what has arrived is still written */
            int got = copy_packet(packets, output, buffer);
            if (got < 0) {
                over = true;
                problem = errno;
            }
            if (got <= 0)
                break;
            if (++count == limit) {
                over = true;
                break;
            }
        }
    }
    struct tpacket_stats statistics = {0};
    socklen_t size = sizeof statistics;
    getsockopt(packets, SOL_PACKET, PACKET_STATISTICS, &statistics, &size);
    const char *told = problem && problem != EPIPE ? strerror(problem) : NULL; /* a reader may have had enough */
    json_t *reply = json_pack("{s:{s:I, s:I, s:s*}}", "reply", "packets", count, "dropped",
                              (json_int_t)statistics.tp_drops, "problem", told);
    control_send(control, reply, NULL, 0, NULL);
}

/* params: node, interface, count; descriptors: the output, the caller's end of a socket pair for the outcome, and the
 * filter's program if there is one. */
int verb_capture(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    const struct node *node;
    const struct interface *interface;
    if (request_node(director, request, &node, err) != 0 ||
        find_interface(director, request, node, &interface, err) != 0)
        return -1;
    const struct plan_link_end *end = request_far_end(director->plan, node, interface);
    if (!end)
        return error_set(err, ERR_ABSENT, "node/%s/%s has no wire of its own%s", node->name, interface->name,
                         interface->attachment == ATTACH_BRIDGE ? ": what it sends leaves by others, in a tunnel" : "");
    FD_AUTO packets = open_socket(director, end, request_fd(request, 2), err);
    if (packets < 0)
        return error_wrap(err, "capture node/%s/%s", node->name, interface->name);
    FD_AUTO output = request_steal_fd(request, 0);
    FD_AUTO control = request_steal_fd(request, 1);
    if (output < 0 || control < 0)
        return error_set(err, ERR_USAGE, "'capture' needs an output and a control socket");
    pid_t child = fork();
    if (child < 0)
        return error_set_errno(err, errno, "start a capture");
    if (child == 0) {
        if (fork() != 0)
            _exit(0); /* the keeper reaps the grandchild: a killed director takes no capture along */
        dup2(output, 3);
        dup2(control, 4);
        dup2(packets, 5);
        close_range(6, UINT_MAX, 0);
        capture(5, 3, 4, json_integer_value(json_object_get(request_params(request), "count")));
        _exit(0);
    }
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    *reply = json_pack("{s:s, s:s}", "node", node->name, "interface", interface->name);
    return 0;
}
