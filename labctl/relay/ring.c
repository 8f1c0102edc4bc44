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
#define FRAME_LEAST  2048
#define HEADERS_ROOM 128 /* tpacket2_hdr, sockaddr_ll, virtio_net_hdr, Ethernet header and tag, with alignment */
#define RING_SIZE    (8u << 20)
#define FRAMES_LEAST 1024

/* The kernel maps all pages at once, yet a hypervisor with page tables of its own follows only when they are touched:
 * better now than while the first packets wait. */
static void touch(const struct ring *ring)
{
    for (size_t at = 0; at < ring->size; at += PAGE)
        (void)*(volatile const uint8_t *)(ring->memory + at);
}

uint32_t ring_frame_size(uint32_t mtu)
{
    uint32_t size = FRAME_LEAST;
    while (size < mtu + HEADERS_ROOM)
        size *= 2;
    return size;
}

static int make_ring(struct ring *ring, uint32_t frame, struct error *err)
{
    uint32_t frames = RING_SIZE / frame > FRAMES_LEAST ? RING_SIZE / frame : FRAMES_LEAST;
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

int ring_open(struct ring *ring, uint32_t frame_size, struct error *err)
{
    const int on = 1, version = TPACKET_V2;
    const uint32_t mark = RELAY_MARK;
    struct sockaddr_ll place = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    *ring = (struct ring)RING_INIT;
    ring->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (ring->fd < 0 || setsockopt(ring->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) ||
        setsockopt(ring->fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) ||
        setsockopt(ring->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) ||
        setsockopt(ring->fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark))
        error_set_errno(err, errno, "open a packet socket");
    else if (make_ring(ring, frame_size, err) == 0 && ring_watch(ring, NULL, 0, err) == 0) {
        if (bind(ring->fd, (struct sockaddr *)&place, sizeof place) == 0)
            return 0;
        error_set_errno(err, errno, "watch devices");
    }
    ring_close(ring);
    return -1;
}

/* ---- the filter -----------------------------------------------------------------------------------------------------
 * A binary search of the device's index.  Conditional jumps of classic BPF reach 255 instructions, so each step is one
 * over an unconditional jump, and each leaf has its own end.  512 devices are some 900 instructions, which Linux 6.1
 * holds twice in its 20 KiB of option memory (net.core.optmem_max) while one filter replaces another. */

#define LEAF             8
#define INSTRUCTIONS_MAX (RING_DEVICES_MAX * 2 + 16)

struct filter {
    struct sock_filter code[INSTRUCTIONS_MAX];
    uint16_t length;
};

static void append(struct filter *filter, struct sock_filter instruction)
{
    filter->code[filter->length++] = instruction;
}

static void append_search(struct filter *filter, const int *devices, size_t count)
{
    if (count <= LEAF) {
        for (size_t i = 0; i < count; i++)
            append(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)devices[i],
                                                        (uint8_t)(count - i), 0));
        append(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0));
        append(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX));
        return;
    }
    size_t half = count / 2;
    append(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)devices[half], 0, 1));
    uint16_t jump = filter->length;
    append(filter, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
    append_search(filter, devices, half);
    filter->code[jump].k = filter->length - jump - 1u;
    append_search(filter, devices + half, count - half);
}

int ring_watch(struct ring *ring, const int *devices, size_t count, struct error *err)
{
    struct filter filter = {.length = 0};
    append(&filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX)));
    append_search(&filter, devices, count);
    struct sock_fprog program = {filter.length, filter.code};
    if (setsockopt(ring->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program))
        return error_set_errno(err, errno, "watch %zu devices", count);
    return 0;
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
    const struct sockaddr_ll *from = (const struct sockaddr_ll *)((uint8_t *)h + TPACKET_ALIGN(sizeof *h));
    *out = (struct frame){
        .device = from->sll_ifindex,
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
