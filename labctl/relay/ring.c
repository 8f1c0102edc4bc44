#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/table.h"
#include "base/units.h"
#include "relay/relay.h"

#define BLOCK        (1u << 17)
#define PAGE         4096
#define HEADERS_ROOM 128 /* tpacket2_hdr, sockaddr_ll, virtio_net_hdr, Ethernet header and tag, with alignment */

static int leave_out_ours(int fd)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_MARK)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RELAY_MARK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog program = {ARRAY_SIZE(code), code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

/* The kernel maps all pages at once, yet a hypervisor with page tables of its own follows only when they are touched:
 * better now than while the first packets wait. */
static void touch(const struct ring *ring)
{
    for (size_t at = 0; at < ring->size; at += PAGE)
        (void)*(volatile const uint8_t *)(ring->memory + at);
}

static int make_ring(struct ring *ring, uint32_t mtu, uint32_t frames, struct error *err)
{
    uint32_t frame = 1024;
    while (frame < mtu + HEADERS_ROOM)
        frame *= 2;
    struct tpacket_req request = {
        .tp_block_size = frame > BLOCK ? frame : BLOCK,
        .tp_frame_size = frame,
    };
    uint32_t each = request.tp_block_size / frame;
    request.tp_block_nr = (frames + each - 1) / each;
    request.tp_frame_nr = request.tp_block_nr * each;
    if (setsockopt(ring->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request))
        return error_set_errno(err, errno, "make a ring of %u frames", request.tp_frame_nr);
    ring->frame_size = frame;
    ring->frame_count = request.tp_frame_nr;
    ring->size = (size_t)request.tp_block_nr * request.tp_block_size;
    ring->memory = mmap(NULL, ring->size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
    if (ring->memory == MAP_FAILED) {
        ring->memory = NULL;
        return error_set_errno(err, errno, "map a ring");
    }
    touch(ring);
    return 0;
}

int ring_open(struct ring *ring, int device, uint32_t mtu, uint32_t frames, bool filter, struct error *err)
{
    const int on = 1, version = TPACKET_V2;
    struct sockaddr_ll place = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = device};
    *ring = (struct ring)RING_INIT;
    ring->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (ring->fd < 0 || setsockopt(ring->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) ||
        setsockopt(ring->fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) ||
        setsockopt(ring->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) ||
        (filter && leave_out_ours(ring->fd)))
        error_set_errno(err, errno, "open a packet socket");
    else if (make_ring(ring, mtu, frames, err) == 0) {
        if (bind(ring->fd, (struct sockaddr *)&place, sizeof place) == 0)
            return 0;
        error_set_errno(err, errno, "watch a device");
    }
    ring_close(ring);
    return -1;
}

void ring_close(struct ring *ring)
{
    if (ring->memory)
        munmap(ring->memory, ring->size);
    if (ring->fd >= 0)
        fd_close(&ring->fd);
    *ring = (struct ring)RING_INIT;
}

static struct tpacket2_hdr *header(struct ring *ring)
{
    return (struct tpacket2_hdr *)(ring->memory + (size_t)ring->next * ring->frame_size);
}

bool ring_next(struct ring *ring, struct frame *out)
{
    struct tpacket2_hdr *h = header(ring);
    uint32_t status = __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);
    if (!(status & TP_STATUS_USER))
        return false;
    *out = (struct frame){
        .data = (uint8_t *)h + h->tp_mac,
        .length = h->tp_snaplen < h->tp_len ? 0 : h->tp_snaplen,
        .arrived = h->tp_sec * NANOSECONDS_PER_SECOND + h->tp_nsec,
        .tagged = status & TP_STATUS_VLAN_VALID,
        .tag = h->tp_vlan_tci,
        .tag_protocol = status & TP_STATUS_VLAN_TPID_VALID ? htons(h->tp_vlan_tpid) : htons(ETH_P_8021Q),
    };
    memcpy(&out->offload, out->data - sizeof out->offload, sizeof out->offload);
    return true;
}

void ring_done(struct ring *ring)
{
    __atomic_store_n(&header(ring)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    ring->next = ring->next + 1 == ring->frame_count ? 0 : ring->next + 1;
}

uint64_t ring_overrun(struct ring *ring)
{
    struct tpacket_stats statistics = {0};
    socklen_t length = sizeof statistics;
    return getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) ? 0 : statistics.tp_drops;
}
