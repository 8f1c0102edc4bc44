/* VLANs and tunnels: messages for a batch. */
#include <arpa/inet.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include "kernel/dump.h"
#include "kernel/link.h"
#include "kernel/netlink.h"

#define TUNNEL_TTL 64 /* of the packets outside; 0 would be that of the packets inside */

static void bridge_attribute(struct batch *batch, uint64_t tag, uint32_t index, int type, const void *value,
                             size_t size)
{
    struct ifinfomsg header = {.ifi_index = (int)index};
    batch_begin(batch, tag, RTM_NEWLINK, 0, &header, sizeof header);
    size_t info = batch_nest(batch, IFLA_LINKINFO);
    batch_put_text(batch, IFLA_INFO_KIND, "bridge");
    size_t data = batch_nest(batch, IFLA_INFO_DATA);
    batch_put(batch, type, value, size);
    batch_nest_end(batch, data);
    batch_nest_end(batch, info);
    batch_end(batch);
}

void link_bridge_vlans(struct batch *batch, uint64_t tag, uint32_t index, bool filtering)
{
    uint16_t pvid = filtering ? 0 : 1; /* of new ports; changed only while the bridge does not filter */
    uint8_t on = filtering;
    if (!filtering)
        bridge_attribute(batch, tag, index, IFLA_BR_VLAN_FILTERING, &on, sizeof on);
    bridge_attribute(batch, tag, index, IFLA_BR_VLAN_DEFAULT_PVID, &pvid, sizeof pvid);
    if (filtering)
        bridge_attribute(batch, tag, index, IFLA_BR_VLAN_FILTERING, &on, sizeof on);
}

void link_port_vlan(struct batch *batch, uint64_t tag, uint32_t port, uint16_t vlan, bool untagged, bool in)
{
    struct ifinfomsg header = {.ifi_family = PF_BRIDGE, .ifi_index = (int)port};
    struct bridge_vlan_info info = {.vid = vlan};
    if (untagged && in)
        info.flags = BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED;
    batch_begin(batch, tag, in ? RTM_SETLINK : RTM_DELLINK, 0, &header, sizeof header);
    size_t spec = batch_nest(batch, IFLA_AF_SPEC);
    batch_put(batch, IFLA_BRIDGE_VLAN_INFO, &info, sizeof info);
    batch_nest_end(batch, spec);
    batch_end(batch);
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

struct looking {
    uint32_t port;
    struct observed_vlan *out;
    size_t most, count;
};

static int on_port(void *context, const struct nlmsghdr *message)
{
    struct looking *looking = context;
    const struct ifinfomsg *header = nlmsg_data(message);
    struct nlattr *a[IFLA_MAX + 1], *one;
    int left;
    if (message->nlmsg_type != RTM_NEWLINK || (uint32_t)header->ifi_index != looking->port ||
        nlmsg_parse((struct nlmsghdr *)message, sizeof *header, a, IFLA_MAX, NULL) < 0 || !a[IFLA_AF_SPEC])
        return 0;
    nla_for_each_nested(one, a[IFLA_AF_SPEC], left)
    {
        const struct bridge_vlan_info *info = nla_data(one);
        if (nla_type(one) != IFLA_BRIDGE_VLAN_INFO || nla_len(one) < (int)sizeof *info ||
            looking->count == looking->most)
            continue;
        looking->out[looking->count++] =
            (struct observed_vlan){info->vid, (info->flags & BRIDGE_VLAN_INFO_UNTAGGED) != 0};
    }
    return 0;
}

int observe_vlans(int netns, uint32_t port, struct observed_vlan *out, size_t most, struct error *err)
{
    struct {
        struct ifinfomsg header;
        struct nlattr attribute;
        uint32_t mask;
    } ask = {{.ifi_family = PF_BRIDGE}, {sizeof ask.attribute + sizeof ask.mask, IFLA_EXT_MASK}, RTEXT_FILTER_BRVLAN};
    struct looking looking = {port, out, most, 0};
    NETLINK_AUTO netlink = NETLINK_INIT;
    if (netlink_open(netns, &netlink, err) != 0 ||
        netlink_dump(&netlink, RTM_GETLINK, &ask, sizeof ask, on_port, &looking, err) != 0)
        return -1;
    return (int)looking.count;
}

/* ---- devices ----------------------------------------------------------------------------------------------------- */

/* What both kinds begin with; what they leave is one packet on the wire each, as for veth. */
static void begin(struct batch *batch, uint64_t tag, uint32_t index, const char *name, const struct mac *mac,
                  uint32_t mtu)
{
    struct ifinfomsg header = {.ifi_index = (int)index};
    batch_begin(batch, tag, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
    batch_put_text(batch, IFLA_IFNAME, name);
    batch_put(batch, IFLA_ADDRESS, mac->bytes, sizeof mac->bytes);
    batch_put_u32(batch, IFLA_MTU, mtu);
    batch_put_u32(batch, IFLA_GSO_MAX_SEGS, 1);
    batch_put_u32(batch, IFLA_GSO_MAX_SIZE, mtu);
}

void link_vlan(struct batch *batch, uint64_t tag, uint32_t index, const char *name, uint32_t parent, uint16_t vlan,
               const struct mac *mac, uint32_t mtu)
{
    begin(batch, tag, index, name, mac, mtu);
    batch_put_u32(batch, IFLA_LINK, parent);
    size_t info = batch_nest(batch, IFLA_LINKINFO);
    batch_put_text(batch, IFLA_INFO_KIND, "vlan");
    size_t data = batch_nest(batch, IFLA_INFO_DATA);
    batch_put(batch, IFLA_VLAN_ID, &vlan, sizeof vlan);
    batch_nest_end(batch, data);
    batch_nest_end(batch, info);
    batch_end(batch);
}

void link_vxlan(struct batch *batch, uint64_t tag, uint32_t index, const char *name, const struct link_tunnel *tunnel,
                const struct mac *mac, uint32_t mtu)
{
    uint16_t port = htons(tunnel->port);
    bool ipv6 = tunnel->local.family == 6;
    begin(batch, tag, index, name, mac, mtu);
    size_t info = batch_nest(batch, IFLA_LINKINFO);
    batch_put_text(batch, IFLA_INFO_KIND, "vxlan");
    size_t data = batch_nest(batch, IFLA_INFO_DATA);
    batch_put_u32(batch, IFLA_VXLAN_ID, tunnel->id);
    batch_put_addr(batch, ipv6 ? IFLA_VXLAN_LOCAL6 : IFLA_VXLAN_LOCAL, &tunnel->local);
    batch_put_addr(batch, ipv6 ? IFLA_VXLAN_GROUP6 : IFLA_VXLAN_GROUP, &tunnel->remote); /* one machine, not a group */
    batch_put(batch, IFLA_VXLAN_PORT, &port, sizeof port);
    batch_put_u8(batch, IFLA_VXLAN_TTL, TUNNEL_TTL);
    batch_nest_end(batch, data);
    batch_nest_end(batch, info);
    batch_end(batch);
}
