/* What the witness says of one measurement. */
#include <netinet/in.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/table.h"
#include "model/topology.h"
#include "probe/probe.h"
#include "probe/witness_seen.h"

static bool is_icmp(int protocol)
{
    return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* Leaves (or reaches) this node, of the flow's protocol. */
static bool passes(const struct passage *passage, const struct covered *node, bool to_node, const struct flow *flow)
{
    return passage->node == node->index && passage->packet.outgoing == to_node &&
           passage->packet.protocol == flow->protocol;
}

/* Two measurements of a node may have the same port of their own, as long as they ask different ones: is this packet
 * another's? */
static bool is_anothers(const struct witness *witness, const struct passage *passage, const struct flow *flow)
{
    const struct tap_packet *packet = &passage->packet;
    size_t count = 0;
    for (size_t i = 0; i < witness->claim_count; i++) {
        const struct claim *claim = &witness->claims[i];
        count += claim->node == passage->node && claim->protocol == flow->protocol && claim->port == flow->local &&
                 claim->remote == packet->to_port;
    }
    return count > (packet->to_port == flow->remote ? 1 : 0); /* the flow's own claim among them */
}

/* The flow's own packet as it left the prober's node.  The node may have translated its address or port. */
static bool is_own(const struct witness *witness, const struct passage *passage, const struct flow *flow,
                   const struct fact *fact)
{
    const struct tap_packet *packet = &passage->packet;
    if (packet->answer)
        return false;
    if (is_icmp(flow->protocol))
        return packet->cookie == flow->cookie;
    if (packet->to_port == flow->remote && addr_equal(&packet->to, &fact->target))
        return true;
    return packet->from_port == flow->local && !is_anothers(witness, passage, flow);
}

bool witness_goes_somewhere(const struct witness *witness, const struct tap_packet *packet, unsigned hops_least)
{
    const struct probe_world *world = witness->world;
    return packet->ttl > hops_least && (!world->has_mac || world->has_mac(world->context, &packet->next));
}

/* Is this number one of a packet with which the flow left? */
static bool left_with(const struct witness *witness, const struct flow *flow, const struct covered *from,
                      const struct fact *fact, uint64_t mark)
{
    for (size_t i = flow->since; i < witness->passage_count; i++) {
        const struct passage *passage = &witness->passages[i];
        if (passes(passage, from, false, flow) && is_own(witness, passage, flow, fact) && passage->packet.mark == mark)
            return true;
    }
    return false;
}

/* Did another measurement of this set begin this conversation? */
static bool is_claimed(const struct witness *witness, const struct flow *flow, const struct tap_packet *packet)
{
    for (size_t i = flow->since; i < witness->passage_count; i++) {
        const struct passage *passage = &witness->passages[i];
        if (passage->packet.outgoing || passage->packet.answer || passage->packet.protocol != packet->protocol ||
            passage->packet.mark != packet->mark)
            continue;
        for (size_t k = 0; k < witness->claim_count; k++)
            if (witness->claims[k].node == passage->node && witness->claims[k].protocol == packet->protocol &&
                witness->claims[k].port == passage->packet.from_port)
                return true;
    }
    return false;
}

/* Did the target answer this beginning of a conversation?  UDP's answers have nothing in common with the question. */
static bool was_answered(const struct witness *witness, const struct flow *flow, const struct covered *to,
                         const struct tap_packet *packet)
{
    if (flow->protocol == IPPROTO_UDP || flow->hops_limited)
        return true;
    for (size_t i = flow->since; i < witness->passage_count; i++) {
        const struct passage *passage = &witness->passages[i];
        bool same =
            is_icmp(flow->protocol) ? passage->packet.cookie == packet->cookie : passage->packet.mark == packet->mark;
        if (passes(passage, to, false, flow) && passage->packet.answer && same)
            return true;
    }
    return false;
}

/* May it carry another packet inside? */
static bool is_tunnel(const struct tap_packet *packet)
{
    static const uint16_t ports[] = {500, 1194, 4500, 4789, 6081, 8472, 51820};
    static const int protocols[] = {IPPROTO_IPIP, IPPROTO_IPV6, IPPROTO_GRE, IPPROTO_ESP, IPPROTO_AH, 97, 115, 137};
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
        if (packet->protocol == protocols[i])
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(ports) && packet->protocol == IPPROTO_UDP; i++)
        if (packet->to_port == ports[i])
            return true;
    return false;
}

static int tell_left(const struct witness *witness, const struct flow *flow, const struct covered *from,
                     const struct fact *fact)
{
    bool any = false;
    for (size_t i = flow->since; i < witness->passage_count; i++) {
        const struct passage *passage = &witness->passages[i];
        if (!passes(passage, from, false, flow) || !is_own(witness, passage, flow, fact))
            continue;
        if (witness_goes_somewhere(witness, &passage->packet, flow->hops_limited ? 0 : HOPS_LEAST))
            return SIGHT_YES;
        any = true;
    }
    return any || (from->whole && !witness->lost) ? SIGHT_NO : SIGHT_UNKNOWN;
}

static int tell_returned(const struct witness *witness, const struct flow *flow, const struct covered *from,
                         const struct fact *fact)
{
    for (size_t i = flow->since; i < witness->passage_count; i++) {
        const struct passage *passage = &witness->passages[i];
        const struct tap_packet *packet = &passage->packet;
        if (!passes(passage, from, true, flow))
            continue;
        bool answer = is_icmp(flow->protocol) ? packet->answer && packet->cookie == flow->cookie
                      : flow->protocol == IPPROTO_UDP
                          ? packet->to_port == flow->local
                          : packet->answer && left_with(witness, flow, from, fact, packet->mark);
        if (answer)
            return SIGHT_YES;
    }
    return from->whole && !witness->lost ? SIGHT_NO : SIGHT_UNKNOWN;
}

/* Does this packet, which goes to the target, come of the flow? */
static bool comes_of(const struct witness *witness, const struct flow *flow, const struct covered *from,
                     const struct fact *fact, const struct tap_packet *packet)
{
    if (packet->answer)
        return false;
    if (is_icmp(flow->protocol))
        return packet->cookie == flow->cookie;
    if (left_with(witness, flow, from, fact, packet->mark))
        return flow->protocol == IPPROTO_TCP || packet->from_port == flow->local || !is_claimed(witness, flow, packet);
    /* Somebody in between speaks in the prober's place. */
    return packet->to_port == flow->remote && !is_claimed(witness, flow, packet);
}

/* Pings: as many as came back must have been answered by the target, not only the first of them. */
static bool all_answered(const struct witness *witness, const struct flow *flow, const struct covered *to)
{
    uint32_t answers = 0;
    for (size_t i = flow->since; is_icmp(flow->protocol) && i < witness->passage_count; i++) {
        const struct passage *passage = &witness->passages[i];
        answers += passes(passage, to, false, flow) && passage->packet.answer && passage->packet.cookie == flow->cookie;
    }
    return !is_icmp(flow->protocol) || answers >= flow->answers;
}

static int tell_arrived(const struct witness *witness, const struct flow *flow, const struct covered *from,
                        const struct covered *to, const struct fact *fact)
{
    bool tunnel = false;
    for (size_t i = flow->since; i < witness->passage_count; i++) {
        const struct passage *passage = &witness->passages[i];
        if (passage->node != to->index || !passage->packet.outgoing)
            continue;
        tunnel = tunnel || (is_tunnel(&passage->packet) && passage->packet.to_port != flow->remote);
        if (passage->packet.protocol == flow->protocol && comes_of(witness, flow, from, fact, &passage->packet) &&
            was_answered(witness, flow, to, &passage->packet) && all_answered(witness, flow, to))
            return SIGHT_YES;
    }
    return tunnel || !to->whole || !from->whole || witness->lost ? SIGHT_UNKNOWN : SIGHT_NO;
}

int witness_saw(struct witness *witness, const struct node *node, bool to_node, int protocol, uint64_t sign,
                size_t since)
{
    const struct covered *covered = witness && node ? map_get(witness->by_name, node->name) : NULL;
    if (!covered || witness->part != TAP_ALL)
        return SIGHT_UNKNOWN;
    witness_look(witness);
    for (size_t i = since; i < witness->passage_count; i++) {
        const struct passage *passage = &witness->passages[i];
        const struct tap_packet *packet = &passage->packet;
        if (passage->node == covered->index && packet->outgoing == to_node && packet->protocol == protocol &&
            !packet->answer && (is_icmp(protocol) ? packet->cookie : packet->mark) == sign)
            return SIGHT_YES;
    }
    return covered->whole && !witness->lost ? SIGHT_NO : SIGHT_UNKNOWN;
}

void witness_tell(struct witness *witness, const struct flow *flow, const struct node *from, const struct node *to,
                  struct fact *fact)
{
    if (!witness || !flow->protocol || witness->part != TAP_ALL)
        return;
    witness_look(witness);
    const struct covered *here = map_get(witness->by_name, from->name);
    const struct covered *there = to ? map_get(witness->by_name, to->name) : NULL;
    if (!here || (is_icmp(flow->protocol) && !flow->cookie))
        return;
    fact->left = tell_left(witness, flow, here, fact);
    fact->returned = tell_returned(witness, flow, here, fact);
    if (there && there != here)
        fact->arrived = tell_arrived(witness, flow, here, there, fact);
}
