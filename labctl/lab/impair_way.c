/* Beside the far end F of a node's interface stands a veth pair, one for each direction that needs it.
 *
 * What leaves by F towards the node (received) is forwarded to the pair by nft fwd in the egress hook of F, what
 * arrives at F from the node (sent) in its ingress hook: at one moment, so that none is lost or doubled.  On its way
 * back a packet carries a mark, by which the hooks let it pass.  A way for the packets of one port comes before that
 * for all.  act_mirred lets it arrive at F once more.  (Whether a frame is for this host is decided where it arrives
 * first, so that end of the pair has the MAC address of F.) */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "kernel/dump.h"
#include "kernel/link.h"
#include "kernel/nft.h"
#include "kernel/qdisc.h"
#include "lab/impair.h"
#include "link/relay.h"

/* Named after far end, direction and port (FNV-1a): up to 15 characters have room for no more. */
struct way way_of(const struct impaired *wire)
{
    uint32_t hash = 0x811c9dc5u + (uint32_t)wire->direction + 2u * wire->port;
    struct way way;
    for (const char *c = wire->interface; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 0x01000193;
    snprintf(way.out, sizeof way.out, "wo-%08x", hash);
    snprintf(way.in, sizeof way.in, "wi-%08x", hash);
    snprintf(way.chain, sizeof way.chain, "%s-%s", wire->direction == PLAN_SENT ? "sent" : "received", wire->interface);
    if (wire->port)
        snprintf(way.chain + strlen(way.chain), sizeof way.chain - strlen(way.chain), "-%u", wire->port);
    return way;
}

int impair_commit(const struct impaired *wire, struct batch *batch, const char *what, struct error *err)
{
    NETLINK_AUTO netlink = NETLINK_INIT;
    int netns = space_netns(wire->space, err);
    if (netns < 0 || netlink_open(netns, &netlink, err) != 0 || netlink_commit(&netlink, batch, err) != 0)
        return -1;
    if (batch->failure_count)
        return netlink_failure_error(&batch->failures[0], err, "%s of %s", what, wire->interface);
    return 0;
}

static int find(const struct impaired *wire, const char *name, struct observed_link *out, struct error *err)
{
    int netns = space_netns(wire->space, err);
    return netns < 0 ? -1 : observe_link(netns, name, out, err);
}

static int must_find(const struct impaired *wire, const char *name, struct observed_link *out, struct error *err)
{
    int found = find(wire, name, out, err);
    return found ? found : error_set(err, ERR_SYSTEM, "%s is not there", name);
}

static int raise_end(const struct impaired *wire, const char *name, struct error *err)
{
    BATCH_AUTO batch = BATCH_INIT;
    NETLINK_AUTO netlink = NETLINK_INIT;
    struct observed_link seen;
    if (must_find(wire, name, &seen, err) < 0)
        return -1;
    link_quiet_ipv6(&batch, 1, seen.index); /* fails where the namespace has no IPv6: it is quiet then */
    if (netlink_open(space_netns(wire->space, err), &netlink, err) != 0 || netlink_commit(&netlink, &batch, err) != 0)
        return -1;
    link_up(&batch, 2, seen.index, true);
    return impair_commit(wire, &batch, "bring up the way", err);
}

int way_make(const struct impaired *wire, struct error *err)
{
    struct way way = way_of(wire);
    struct observed_link out, in, far;
    BATCH_AUTO batch = BATCH_INIT;
    int found = find(wire, way.out, &out, err);
    if (found < 0 || must_find(wire, wire->interface, &far, err) < 0)
        return -1;
    if (!found) {
        int netns = space_netns(wire->space, err);
        struct link_veth_end ends[] = {{.netns = netns, .name = way.out, .mac = {.bytes = {2, 0, 0, 0, 0, 1}}},
                                       {.netns = netns, .name = way.in, .mac = far.mac}};
        link_veth(&batch, 1, &ends[0], &ends[1], wire->mtu);
        return impair_commit(wire, &batch, "make the way", err) == 0 && raise_end(wire, way.out, err) == 0
                   ? raise_end(wire, way.in, err)
                   : -1;
    }
    if (out.mtu == wire->mtu)
        return 0;
    if (must_find(wire, way.in, &in, err) < 0)
        return -1;
    link_mtu(&batch, 1, out.index, wire->mtu);
    link_mtu(&batch, 1, in.index, wire->mtu);
    return impair_commit(wire, &batch, "change the way", err);
}

int way_remove(struct lab *lab, const struct impaired *wire, struct error *err)
{
    struct observed_link out;
    int found = find(wire, way_of(wire).out, &out, err);
    if (found > 0)
        removal_add(lab, wire->space, out.index);
    return found < 0 ? -1 : 0;
}

int way_back(const struct impaired *wire, const char *device, struct error *err)
{
    struct observed_link from, far;
    BATCH_AUTO batch = BATCH_INIT;
    if (must_find(wire, device, &from, err) < 0 || must_find(wire, wire->interface, &far, err) < 0)
        return -1;
    qdisc_arrive_at(&batch, 1, from.index, far.index);
    return impair_commit(wire, &batch, "lead back (act_mirred) packets", err);
}

/* ---- hooks ------------------------------------------------------------------------------------------------------ */

#define TABLE "impairments"

/* Making it first takes away what may not be there. */
static void clear(const struct impaired *wire, struct str *out)
{
    static const char *const chains[] = {"", "-count", "-aside"};
    static const char *const commands[] = {"add", "flush", "delete"};
    struct way way = way_of(wire);
    for (size_t c = 0; c < ARRAY_SIZE(commands); c++)
        for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
            str_printf(out, "%s chain netdev " TABLE " %s%s\n", commands[c], way.chain, chains[i]);
}

void way_clear(const struct impaired *wire, struct hooks *hooks)
{
    if (!wire->fresh)
        clear(wire, &hooks->removed);
}

int way_close(const struct impaired *wire, struct hooks *hooks, struct error *err)
{
    (void)err;
    clear(wire, &hooks->removed);
    return 0;
}

int way_load(struct space *space, struct hooks *hooks, struct error *err)
{
    STR_AUTO text = STR_INIT;
    if (!hooks->removed.length && !hooks->chains.length)
        return 0;
    if (hooks->removed.length)
        str_printf(&text, "table netdev " TABLE "\n%s", str_text(&hooks->removed));
    if (hooks->chains.length)
        str_printf(&text, "table netdev " TABLE " {\n%s}\n", str_text(&hooks->chains));
    int netns = space_netns(space, err);
    str_clear(&hooks->removed);
    str_clear(&hooks->chains);
    return netns < 0 ? -1 : nft_load(netns, "the hooks of wires", str_text(&text), err);
}

int way_drop(struct space *space, struct error *err)
{
    int netns = space_netns(space, err);
    return netns < 0
               ? -1
               : nft_load(netns, "the hooks of wires", "table netdev " TABLE "\ndelete table netdev " TABLE "\n", err);
}

bool way_stands(const struct impaired *wire)
{
    struct way way = way_of(wire);
    int netns = space_netns(wire->space, NULL);
    return netns >= 0 && nft_has_chain(netns, "netdev", TABLE, way.chain);
}

int way_list(const struct impaired *wire, const char *chain, struct str *out, struct error *err)
{
    struct way way = way_of(wire);
    STR_AUTO name = STR_INIT;
    int netns = space_netns(wire->space, err);
    str_printf(&name, "%s%s", way.chain, chain);
    return netns < 0 ? -1 : nft_list_chain(netns, "netdev", TABLE, str_text(&name), out, err);
}

/* Where they are forwarded to stands there as a number: libnftables remembers the names of another namespace. */
int way_lead(const struct impaired *wire, enum way_of_packets how, struct hooks *hooks, struct error *err)
{
    STR_AUTO rule = STR_INIT;
    struct way way = way_of(wire);
    struct observed_link end;
    if (must_find(wire, how == WAY_IN ? way.in : way.out, &end, err) < 0)
        return -1;
    if (wire->port)
        str_printf(&rule, "meta l4proto { tcp, udp } th dport %u ", wire->port);
    if (how == WAY_OUT_MARKED)
        str_printf(&rule, "meta mark set %d ", RELAY_MARK);
    str_printf(&rule, "fwd to %u", end.index);
    way_clear(wire, hooks);
    str_printf(&hooks->chains,
               "\tchain %s {\n\t\ttype filter hook %s device \"%s\" priority %d; policy accept;\n"
               "\t\tmeta mark %d %saccept\n\t\t%s\n\t}\n",
               way.chain, wire->direction == PLAN_SENT ? "ingress" : "egress", wire->interface, wire->port ? -2 : 0,
               RELAY_MARK, wire->direction == PLAN_SENT ? "meta mark set 0 " : "", str_text(&rule));
    /* What comes in at either end is no concern of the namespace's own stack. */
    str_printf(&hooks->chains,
               "\tchain %s-aside {\n\t\ttype filter hook ingress devices = { \"%s\", \"%s\" } priority 0; "
               "policy drop;\n\t}\n",
               way.chain, way.out, way.in);
    return 0;
}
