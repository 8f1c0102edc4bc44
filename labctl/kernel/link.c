/* Links: messages for a batch. */
#include "kernel/link.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/netlink.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "kernel/namespace.h"
#include "kernel/netlink.h"

#define MTU_DEFAULT     1500
#define GROUP_TO_DELETE 0x676f6e65

static void begin(struct batch *batch, uint64_t tag, int type, int flags, uint32_t index)
{
    struct ifinfomsg header = {.ifi_index = (int)index};
    batch_begin(batch, tag, type, flags, &header, sizeof header);
}

void link_bridge(struct batch *batch, uint64_t tag, uint32_t index, const char *name, uint32_t mtu, bool stp)
{
    begin(batch, tag, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, index);
    batch_put_text(batch, IFLA_IFNAME, name);
    if (mtu)
        batch_put_u32(batch, IFLA_MTU, mtu);
    size_t info = batch_nest(batch, IFLA_LINKINFO);
    batch_put_text(batch, IFLA_INFO_KIND, "bridge");
    size_t data = batch_nest(batch, IFLA_INFO_DATA);
    batch_put_u8(batch, IFLA_BR_MCAST_SNOOPING, 0); /* no querier here: snooping would eat multicast after a while */
    batch_put_u32(batch, IFLA_BR_STP_STATE, stp);
    /* Twice this until a port forwards: with the spanning tree at least 2 s, in hundredths (802.1D says 15 s). */
    batch_put_u32(batch, IFLA_BR_FORWARD_DELAY, stp ? 200 : 0);
    batch_nest_end(batch, data);
    batch_nest_end(batch, info);
    batch_end(batch);
}

void link_bridge_change(struct batch *batch, uint64_t tag, uint32_t index, bool with_stp, bool stp, uint32_t mtu)
{
    begin(batch, tag, RTM_NEWLINK, 0, index);
    if (mtu)
        batch_put_u32(batch, IFLA_MTU, mtu);
    if (with_stp) {
        size_t info = batch_nest(batch, IFLA_LINKINFO);
        batch_put_text(batch, IFLA_INFO_KIND, "bridge");
        size_t data = batch_nest(batch, IFLA_INFO_DATA);
        batch_put_u32(batch, IFLA_BR_STP_STATE, stp);
        batch_nest_end(batch, data);
        batch_nest_end(batch, info);
    }
    batch_end(batch);
}

/* The attributes that both ends of a pair have. */
static void put_end(struct batch *batch, const struct link_veth_end *end, uint32_t mtu)
{
    batch_put_text(batch, IFLA_IFNAME, end->name);
    batch_put_u32(batch, IFLA_NET_NS_FD, (uint32_t)end->netns);
    batch_put(batch, IFLA_ADDRESS, end->mac.bytes, sizeof end->mac.bytes);
    batch_put_u32(batch, IFLA_MTU, mtu);
    /* One queue: the default makes one for each processor and costs a third of the link. */
    batch_put_u32(batch, IFLA_NUM_TX_QUEUES, 1);
    batch_put_u32(batch, IFLA_NUM_RX_QUEUES, 1);
    batch_put_u32(batch, IFLA_GSO_MAX_SEGS, 1);
    batch_put_u32(batch, IFLA_GSO_MAX_SIZE, mtu);
}

void link_veth(struct batch *batch, uint64_t tag, const struct link_veth_end *end, const struct link_veth_end *peer,
               uint32_t mtu)
{
    struct ifinfomsg header = {.ifi_index = (int)end->index}, far = {.ifi_index = (int)peer->index};
    mtu = mtu ? mtu : MTU_DEFAULT;
    if (end->up)
        header.ifi_flags = header.ifi_change = IFF_UP;
    batch_begin(batch, tag, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
    put_end(batch, end, mtu);
    if (end->master)
        batch_put_u32(batch, IFLA_MASTER, end->master);
    size_t info = batch_nest(batch, IFLA_LINKINFO);
    batch_put_text(batch, IFLA_INFO_KIND, "veth");
    size_t data = batch_nest(batch, IFLA_INFO_DATA);
    size_t nest = batch_nest_with(batch, VETH_INFO_PEER, &far, sizeof far);
    put_end(batch, peer, mtu);
    batch_nest_end(batch, nest);
    batch_nest_end(batch, data);
    batch_nest_end(batch, info);
    batch_end(batch);
}

void link_up(struct batch *batch, uint64_t tag, uint32_t index, bool up)
{
    struct ifinfomsg header = {.ifi_index = (int)index, .ifi_flags = up ? IFF_UP : 0, .ifi_change = IFF_UP};
    batch_begin(batch, tag, RTM_NEWLINK, 0, &header, sizeof header);
    batch_end(batch);
}

int link_is_up(int netns, const char *name)
{
    FD_AUTO fd = netns_socket(netns, AF_INET, SOCK_DGRAM, 0, NULL);
    struct ifreq request = {0};
    if (fd < 0 || strlen(name) >= sizeof request.ifr_name)
        return -1;
    memcpy(request.ifr_name, name, strlen(name));
    return ioctl(fd, SIOCGIFFLAGS, &request) != 0 ? -1 : (request.ifr_flags & IFF_UP) != 0;
}

void link_master(struct batch *batch, uint64_t tag, uint32_t index, uint32_t master)
{
    begin(batch, tag, RTM_NEWLINK, 0, index);
    batch_put_u32(batch, IFLA_MASTER, master);
    batch_end(batch);
}

void link_mac(struct batch *batch, uint64_t tag, uint32_t index, const struct mac *mac)
{
    begin(batch, tag, RTM_NEWLINK, 0, index);
    batch_put(batch, IFLA_ADDRESS, mac->bytes, sizeof mac->bytes);
    batch_end(batch);
}

void link_mtu(struct batch *batch, uint64_t tag, uint32_t index, uint32_t mtu)
{
    begin(batch, tag, RTM_NEWLINK, 0, index);
    batch_put_u32(batch, IFLA_MTU, mtu);
    batch_put_u32(batch, IFLA_GSO_MAX_SIZE, mtu);
    batch_end(batch);
}

void link_delete(struct batch *batch, uint64_t tag, uint32_t index)
{
    begin(batch, tag, RTM_DELLINK, 0, index);
    batch_end(batch);
}

void link_delete_all(struct batch *batch, uint64_t tag, const uint32_t *indices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        begin(batch, tag, RTM_SETLINK, 0, indices[i]);
        batch_put_u32(batch, IFLA_GROUP, GROUP_TO_DELETE);
        batch_end(batch);
    }
    begin(batch, tag, RTM_DELLINK, 0, 0);
    batch_put_u32(batch, IFLA_GROUP, GROUP_TO_DELETE);
    batch_end(batch);
}

void link_quiet_ipv6(struct batch *batch, uint64_t tag, uint32_t index)
{
    begin(batch, tag, RTM_SETLINK, 0, index);
    size_t families = batch_nest(batch, IFLA_AF_SPEC);
    size_t ipv6 = batch_nest(batch, AF_INET6);
    batch_put_u8(batch, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    batch_nest_end(batch, ipv6);
    batch_nest_end(batch, families);
    batch_end(batch);
}
