/* Trials of links, routes, rules, neighbours and qdiscs, by the same messages that build a lab. */
#include "kernel/capability_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/capability_trial.h"
#include "kernel/link.h"
#include "kernel/namespace.h"
#include "kernel/netlink.h"
#include "kernel/route.h"

const struct mac wire_macs[2] = {{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}};

/* The number in err, or EIO. */
static int number_of(const struct error *err)
{
    return err->number > 0 ? err->number : EIO;
}

int wire_commit(struct trial *trial, struct netlink *netlink, struct batch *batch, const char *what)
{
    struct error err = ERROR_INIT;
    if (netlink_commit(netlink, batch, &err) != 0)
        return trial_failed(trial, number_of(&err), "%s", what);
    if (batch->failure_count == 0)
        return 0;
    const struct netlink_failure *failure = &batch->failures[0];
    bool words = failure->text && failure->text[0];
    return trial_failed(trial, failure->number, "%s%s%s%s", what, words ? " (" : "", words ? failure->text : "",
                        words ? ")" : "");
}

int wire_open(struct trial *trial, struct wire *wire)
{
    struct error err = ERROR_INIT;
    wire->netlink = (struct netlink)NETLINK_INIT;
    wire->batch = (struct batch)BATCH_INIT;
    wire->peer = -1;
    wire->home = netns_own(&err);
    if (wire->home < 0 || netlink_open(wire->home, &wire->netlink, &err) != 0)
        return trial_failed(trial, number_of(&err), "open a netlink socket");
    return 0;
}

void wire_close(struct wire *wire)
{
    netlink_close(&wire->netlink);
    batch_free(&wire->batch);
    fd_close_pointer(&wire->home);
    fd_close_pointer(&wire->peer);
}

int wire_pair(struct trial *trial, struct wire *wire, bool apart)
{
    struct error err = ERROR_INIT;
    if (apart && (wire->peer = netns_new(&err)) < 0)
        return trial_failed(trial, number_of(&err), "make a second network namespace");
    struct link_veth_end end = {.netns = wire->home, .name = "v0", .mac = wire_macs[0], .up = true};
    struct link_veth_end peer = {.netns = apart ? wire->peer : wire->home, .name = "v1", .mac = wire_macs[1]};
    link_veth(&wire->batch, 1, &end, &peer, 1500);
    return wire_commit(trial, &wire->netlink, &wire->batch, "add a veth pair");
}

/* The ordinary beginning: a pair v0, v1 in the trial's namespace. */
static int begin(struct trial *trial, struct wire *wire)
{
    int number = wire_open(trial, wire);
    return number == 0 ? wire_pair(trial, wire, false) : number;
}

int try_veth(struct trial *trial)
{
    WIRE_AUTO wire;
    struct error err = ERROR_INIT;
    int number = wire_open(trial, &wire);
    if (number == 0)
        number = wire_pair(trial, &wire, true);
    if (number != 0)
        return number;
    bool here = if_nametoindex("v0") != 0;
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    if (netns_visit(wire.peer, &visit, &err) != 0)
        return trial_failed(trial, number_of(&err), "enter a second network namespace");
    return here && if_nametoindex("v1") != 0 ? 0 : trial_failed(trial, EIO, "find both ends of a veth pair");
}

int try_link(struct trial *trial)
{
    const struct link_trial *link = trial->capability->argument;
    WIRE_AUTO wire;
    int number = begin(trial, &wire);
    if (number != 0)
        return number;
    struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    char what[48];
    snprintf(what, sizeof what, "add a device of kind %s", link->kind);
    batch_begin(&wire.batch, 1, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
    batch_put_text(&wire.batch, IFLA_IFNAME, "d0");
    if (link->over)
        batch_put_u32(&wire.batch, IFLA_LINK, if_nametoindex("v0"));
    size_t info = batch_nest(&wire.batch, IFLA_LINKINFO);
    batch_put_text(&wire.batch, IFLA_INFO_KIND, link->kind);
    if (link->attribute != 0) {
        uint8_t byte = (uint8_t)link->value;
        uint16_t half = (uint16_t)link->value;
        const void *value = link->size == 1   ? (const void *)&byte
                            : link->size == 2 ? (const void *)&half
                                              : &link->value;
        size_t data = batch_nest(&wire.batch, IFLA_INFO_DATA);
        batch_put(&wire.batch, link->attribute, value, link->size);
        batch_nest_end(&wire.batch, data);
    }
    batch_nest_end(&wire.batch, info);
    batch_end(&wire.batch);
    return wire_commit(trial, &wire.netlink, &wire.batch, what);
}

int try_policy_rule(struct trial *trial)
{
    WIRE_AUTO wire;
    int number = wire_open(trial, &wire);
    if (number != 0)
        return number;
    struct rule_spec rule = {.family = 4, .priority = 100, .mark_value = 7, .mark_mask = UINT32_MAX, .table = 1000};
    rule_put(&wire.batch, 1, VERB_ADD, &rule);
    return wire_commit(trial, &wire.netlink, &wire.batch, "add a policy rule by mark");
}

int try_neighbour(struct trial *trial)
{
    WIRE_AUTO wire;
    int number = begin(trial, &wire);
    if (number != 0)
        return number;
    struct addr addr = addr_from_ipv4(WIRE_RECEIVER);
    neighbour_put(&wire.batch, 1, VERB_ADD, if_nametoindex("v0"), &addr, &wire_macs[1]);
    return wire_commit(trial, &wire.netlink, &wire.batch, "add a permanent neighbour");
}

int try_congestion_control(struct trial *trial)
{
    WIRE_AUTO wire;
    int number = begin(trial, &wire);
    if (number != 0)
        return number;
    struct route_nexthop hop = {.interface = if_nametoindex("v0")};
    struct route_spec route = {.destination = {addr_from_ipv4(WIRE_NETWORK), 24},
                               .type = RTN_UNICAST,
                               .congestion_control = "cubic",
                               .nexthops = &hop,
                               .nexthop_count = 1};
    route_put(&wire.batch, 1, VERB_ADD, &route);
    number = wire_commit(trial, &wire.netlink, &wire.batch, "add a route with congestion control cubic");
    if (number == 0)
        return 0;
    return trial_fallback(trial, "the machine's default", "tcp under loss may behave as on no other machine");
}

int try_packet_socket(struct trial *trial)
{
    FD_AUTO packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
    if (packet < 0)
        return trial_failed(trial, errno, "open a packet socket");
    FD_AUTO raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    return raw >= 0 ? 0 : trial_failed(trial, errno, "open a raw icmp socket");
}

/* ---- qdiscs -------------------------------------------------------------------------------------------------- */

static void put_netem(struct batch *batch)
{
    struct tc_netem_qopt options = {.limit = 1000};
    batch_put(batch, TCA_OPTIONS, &options, sizeof options);
}

/* 10 Mbit/s with a bucket of 16 KiB. */
static void put_tbf(struct batch *batch)
{
    struct tc_tbf_qopt parameters = {.rate = {.rate = 1250000, .linklayer = TC_LINKLAYER_ETHERNET}, .limit = 65536};
    size_t options = batch_nest(batch, TCA_OPTIONS);
    batch_put(batch, TCA_TBF_PARMS, &parameters, sizeof parameters);
    batch_put_u32(batch, TCA_TBF_BURST, 16384);
    batch_nest_end(batch, options);
}

int try_qdisc(struct trial *trial)
{
    const char *kind = trial->capability->argument;
    WIRE_AUTO wire;
    int number = begin(trial, &wire);
    if (number != 0)
        return number;
    struct tcmsg header = {.tcm_family = AF_UNSPEC, .tcm_ifindex = (int)if_nametoindex("v0"), .tcm_parent = TC_H_ROOT};
    char what[32];
    snprintf(what, sizeof what, "add qdisc %s", kind);
    batch_begin(&wire.batch, 1, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
    batch_put_text(&wire.batch, TCA_KIND, kind);
    if (strcmp(kind, "netem") == 0)
        put_netem(&wire.batch);
    else
        put_tbf(&wire.batch);
    batch_end(&wire.batch);
    return wire_commit(trial, &wire.netlink, &wire.batch, what);
}
