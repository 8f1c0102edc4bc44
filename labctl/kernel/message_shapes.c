/* Attributes of the kernel's messages: how each reads.  Those that are not here are shown by number and value. */
#include "kernel/message_shapes.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/table.h"

static const struct attribute of_link[] = {
    {IFLA_IFNAME, FORM_PASSING, ""}, /* in front already */
    {IFLA_ADDRESS, FORM_MAC, "address"},
    {IFLA_BROADCAST, FORM_MAC, "broadcast"},
    {IFLA_PERM_ADDRESS, FORM_MAC, "permaddr"},
    {IFLA_MTU, FORM_VALUE, "mtu"},
    {IFLA_MASTER, FORM_NAME, "master"},
    {IFLA_LINK, FORM_NAME, "link"},
    {IFLA_LINK_NETNSID, FORM_PASSING, ""},
    {IFLA_QDISC, FORM_VALUE, "qdisc"},
    {IFLA_TXQLEN, FORM_VALUE, "qlen"},
    {IFLA_GROUP, FORM_VALUE, "group"},
    {IFLA_PROMISCUITY, FORM_VALUE, "promiscuity"},
    {IFLA_ALLMULTI, FORM_VALUE, "allmulti"},
    {IFLA_MIN_MTU, FORM_VALUE, "minmtu"},
    {IFLA_MAX_MTU, FORM_VALUE, "maxmtu"},
    {IFLA_NUM_TX_QUEUES, FORM_VALUE, "numtxqueues"},
    {IFLA_NUM_RX_QUEUES, FORM_VALUE, "numrxqueues"},
    {IFLA_GSO_MAX_SEGS, FORM_VALUE, "gso_max_segs"},
    {IFLA_GSO_MAX_SIZE, FORM_VALUE, "gso_max_size"},
    {IFLA_GRO_MAX_SIZE, FORM_VALUE, "gro_max_size"},
    {IFLA_TSO_MAX_SEGS, FORM_VALUE, "tso_max_segs"},
    {IFLA_TSO_MAX_SIZE, FORM_VALUE, "tso_max_size"},
    {IFLA_IFALIAS, FORM_VALUE, "alias"},
    {IFLA_LINKINFO, FORM_KIND, ""},
    {IFLA_OPERSTATE, FORM_PASSING, ""},
    {IFLA_CARRIER, FORM_PASSING, ""}, /* among the flags, as the wire itself has it */
    {IFLA_CARRIER_CHANGES, FORM_PASSING, ""},
    {IFLA_CARRIER_UP_COUNT, FORM_PASSING, ""},
    {IFLA_CARRIER_DOWN_COUNT, FORM_PASSING, ""},
    {IFLA_STATS, FORM_PASSING, ""},
    {IFLA_STATS64, FORM_PASSING, ""},
    {IFLA_MAP, FORM_PASSING, ""},
    {IFLA_AF_SPEC, FORM_PASSING, ""}, /* settings that are files as well, and counters */
};

static const struct attribute of_address[] = {
    {IFA_ADDRESS, FORM_ADDRESS, "address"},  {IFA_LOCAL, FORM_ADDRESS, "local"}, {IFA_BROADCAST, FORM_ADDRESS, "brd"},
    {IFA_LABEL, FORM_VALUE, "label"},        {IFA_FLAGS, FORM_FLAGS, "flags"},   {IFA_CACHEINFO, FORM_PASSING, ""},
    {IFA_RT_PRIORITY, FORM_VALUE, "metric"}, {IFA_PROTO, FORM_VALUE, "proto"},
};

static const struct attribute of_route[] = {
    {RTA_DST, FORM_PASSING, ""}, /* in front already */
    {RTA_SRC, FORM_ADDRESS, "from"},      {RTA_GATEWAY, FORM_ADDRESS, "via"}, {RTA_PREFSRC, FORM_ADDRESS, "src"},
    {RTA_OIF, FORM_NAME, "dev"},          {RTA_IIF, FORM_NAME, "iif"},        {RTA_TABLE, FORM_VALUE, "table"},
    {RTA_PRIORITY, FORM_VALUE, "metric"}, {RTA_PREF, FORM_VALUE, "pref"},     {RTA_METRICS, FORM_NEST, "metrics"},
    {RTA_MULTIPATH, FORM_HOPS, ""},       {RTA_CACHEINFO, FORM_PASSING, ""},
};

static const struct attribute of_rule[] = {
    {FRA_SRC, FORM_ADDRESS, "from"},     {FRA_DST, FORM_ADDRESS, "to"},
    {FRA_IIFNAME, FORM_VALUE, "iif"},    {FRA_OIFNAME, FORM_VALUE, "oif"},
    {FRA_PRIORITY, FORM_PASSING, ""}, /* in front already */
    {FRA_FWMARK, FORM_VALUE, "fwmark"},  {FRA_FWMASK, FORM_VALUE, "fwmask"},
    {FRA_TABLE, FORM_VALUE, "table"},    {FRA_GOTO, FORM_VALUE, "goto"},
    {FRA_PROTOCOL, FORM_VALUE, "proto"}, {FRA_SUPPRESS_PREFIXLEN, FORM_VALUE, "suppress_prefixlength"},
};

static const struct attribute of_neighbour[] = {
    {NDA_DST, FORM_PASSING, ""}, /* in front already */
    {NDA_LLADDR, FORM_MAC, "lladdr"},
    {NDA_CACHEINFO, FORM_PASSING, ""},
    {NDA_PROBES, FORM_PASSING, ""},
};

static const struct attribute of_qdisc[] = {
    {TCA_KIND, FORM_PASSING, ""}, /* in front already */
    {TCA_OPTIONS, FORM_VALUE, "options"}, {TCA_STATS, FORM_PASSING, ""},
    {TCA_STATS2, FORM_PASSING, ""},       {TCA_XSTATS, FORM_PASSING, ""},
};

/* The timers of a bridge run; its ports' states follow them. */
static const struct attribute of_bridge[] = {
    {IFLA_BR_HELLO_TIMER, FORM_PASSING, ""},           {IFLA_BR_TCN_TIMER, FORM_PASSING, ""},
    {IFLA_BR_TOPOLOGY_CHANGE_TIMER, FORM_PASSING, ""}, {IFLA_BR_GC_TIMER, FORM_PASSING, ""},
    {IFLA_BR_TOPOLOGY_CHANGE, FORM_PASSING, ""},       {IFLA_BR_TOPOLOGY_CHANGE_DETECTED, FORM_PASSING, ""},
};
static const struct attribute of_bridge_port[] = {
    {IFLA_BRPORT_STATE, FORM_PASSING, ""},
    {IFLA_BRPORT_MESSAGE_AGE_TIMER, FORM_PASSING, ""},
    {IFLA_BRPORT_FORWARD_DELAY_TIMER, FORM_PASSING, ""},
    {IFLA_BRPORT_HOLD_TIMER, FORM_PASSING, ""},
    {IFLA_BRPORT_TOPOLOGY_CHANGE_ACK, FORM_PASSING, ""},
    {IFLA_BRPORT_CONFIG_PENDING, FORM_PASSING, ""},
};
static const struct attribute of_vxlan[] = {{IFLA_VXLAN_LINK, FORM_NAME, "dev"}};
static const struct attribute of_tunnel[] = {{IFLA_IPTUN_LINK, FORM_NAME, "dev"}};
_Static_assert((int)IFLA_IPTUN_LINK == (int)IFLA_GRE_LINK && (int)IFLA_IPTUN_LINK == (int)IFLA_VTI_LINK, "one table");

#define SHAPE(kind, attributes)                                                                                        \
    {                                                                                                                  \
        kind, attributes, ARRAY_SIZE(attributes)                                                                       \
    }
const struct shape shape_none;
static const struct shape kinds[] = {
    SHAPE("bridge", of_bridge), SHAPE("vxlan", of_vxlan),      SHAPE("ipip", of_tunnel),   SHAPE("sit", of_tunnel),
    SHAPE("ip6tnl", of_tunnel), SHAPE("gre", of_tunnel),       SHAPE("gretap", of_tunnel), SHAPE("ip6gre", of_tunnel),
    SHAPE("vti", of_tunnel),    SHAPE("ip6gretap", of_tunnel), SHAPE("vti6", of_tunnel),
};
const struct shape shape_bridge_port = SHAPE("bridge", of_bridge_port);

const struct shape *shape_of_kind(const char *kind, size_t length)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strlen(kinds[i].kind) <= length && !strncmp(kinds[i].kind, kind, length))
            return &kinds[i];
    return &shape_none;
}

const struct shape shape_link = SHAPE(NULL, of_link), shape_address = SHAPE(NULL, of_address),
                   shape_route = SHAPE(NULL, of_route), shape_rule = SHAPE(NULL, of_rule),
                   shape_neighbour = SHAPE(NULL, of_neighbour), shape_qdisc = SHAPE(NULL, of_qdisc);
