/* bridge-loop: a cable leads from a switch back to itself, and nobody runs a spanning tree.
 *
 * A frame that is flooded comes back by the cable and is flooded again, for ever; and as it comes back, the switch
 * takes the cable for the place where its sender is.  Two guards are made with the cable: it carries no more than
 * `rate`, and no more than `quota` altogether, so that a storm that nobody ends comes to an end by itself. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "fault/kinds.h"
#include "plan/plan.h"

enum { QUOTA_MOST = 256, MARGIN = 4, BURST = 65536 };
#define RATE_MOST 10000000u /* bits a second: what a storm may cost the machine */

static void validate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings)
{
    uint64_t rate = 0;
    uint32_t quota = 0;
    size_t ports = 0;
    rate_parse(fault_text(fault, "rate"), &rate);
    fault_read_number(fault_text(fault, "quota"), &quota);
    if (rate < 8000 || rate > RATE_MOST)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "rate"),
                     "rate of fault %s is from 8kbit to 10mbit, not %s: the machine has to survive the storm",
                     fault->kind, fault_text(fault, "rate"));
    if (quota > QUOTA_MOST)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "quota"),
                     "quota of fault %s is at most %d, not %u", fault->kind, (int)QUOTA_MOST, quota);
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t i = 0; i < topology->nodes[n]->interface_count; i++)
            ports += topology->nodes[n]->interfaces[i]->bridge == things[0].bridge;
    if (things[0].bridge->vlan_filtering || things[0].bridge->vxlan) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' %s: a loop is made at a plain bridge", fault->at.items[0],
                     things[0].bridge->vxlan ? "is a tunnel" : "keeps VLANs apart");
        return;
    }
    if (ports < 2)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "fewer than two machines are at '%s'", fault->at.items[0]);
}

static struct plan_bridge *bridge_of(struct plan *plan, const char *origin)
{
    for (size_t i = 0; i < plan->bridge_count; i++)
        if (str_equal(plan->bridges[i].origin, origin))
            return &plan->bridges[i];
    return NULL;
}

/* What machines of the segment know of each other for ever goes: they ask again, which the switch floods. */
static void forget_neighbours(struct plan *plan, const struct bridge *bridge, const struct topology *topology)
{
    size_t kept = 0;
    for (size_t i = 0; i < plan->neighbour_count; i++) {
        const struct plan_neighbour *neighbour = &plan->neighbours[i];
        const struct node *node = topology_node(topology, plan->namespaces[neighbour->ns].name);
        const struct interface *interface = node ? node_interface(node, neighbour->interface) : NULL;
        if (!interface || interface->bridge != bridge)
            plan->neighbours[kept++] = *neighbour;
    }
    plan->neighbour_count = kept;
}

/* A port of the fabric that no other link has. */
static const char *free_name(const struct plan *plan, const char *stem)
{
    for (unsigned n = 0;; n++) {
        const char *name = arena_printf(plan->arena, "%s%u", stem, n);
        bool taken = false;
        for (size_t i = 0; i < plan->link_count && !taken; i++)
            for (int e = 0; e < 2; e++)
                taken = taken || (plan->links[i].end[e].ns == 0 && str_equal(plan->links[i].end[e].name, name));
        if (!taken)
            return name;
    }
}

/* What comes out of an end of the cable: not for ever, and never much more than its rate, whatever holds that.  The
 * mark by which a wire knows what it has held back already (lab/impair_way.c) stays on a frame that leaves no
 * namespace: the next time round it is a new one. */
static void put_guard(struct str *out, const char *chain, const char *device, uint64_t rate, const char *quota)
{
    str_printf(out,
               "\tchain %s {\n\t\ttype filter hook ingress device \"%s\" priority filter; policy accept;\n"
               "\t\tmeta mark set 0\n\t\tlimit rate over %llu bytes/second burst %d bytes drop\n\t\tquota over %s "
               "mbytes drop\n\t}\n",
               chain, device, (unsigned long long)(rate / 8 * MARGIN), (int)BURST, quota);
}

static int rewrite(struct plan *plan, const struct topology *topology, const struct fault *fault,
                   const struct thing *things, struct error *err)
{
    const char *origin = thing_name(topology, &things[0]);
    struct plan_bridge *bridge = bridge_of(plan, origin);
    if (!bridge)
        return error_set(err, ERR_ABSENT, "fault '%s': there is no %s any more", fault->id, fault->at.items[0]);
    bridge->stp = false;
    forget_neighbours(plan, things[0].bridge, topology);
    const char *there = free_name(plan, "patch-a"), *back = free_name(plan, "patch-b");
    struct plan_link *link = ARENA_PUSH(plan->arena, plan->links, plan->link_count);
    *link = (struct plan_link){
        .end = {{.name = there, .master = bridge->name, .mac = {{0x06, 0x70, 0x61, 0x74, 0x63, 0x61}}},
                {.name = back, .master = bridge->name, .mac = {{0x06, 0x70, 0x61, 0x74, 0x63, 0x62}}}},
        .mtu = bridge->mtu,
        .origin = origin};
    struct impairment is = {0};
    rate_parse(fault_text(fault, "rate"), &is.rate);
    *ARENA_PUSH(plan->arena, plan->impairments, plan->impairment_count) =
        (struct plan_impairment){.interface = there, .direction = PLAN_RECEIVED, .is = is, .origin = origin};
    *ARENA_PUSH(plan->arena, plan->impairments, plan->impairment_count) =
        (struct plan_impairment){.interface = back, .direction = PLAN_RECEIVED, .is = is, .origin = origin};
    STR_AUTO body = STR_INIT;
    put_guard(&body, "there", there, is.rate, fault_text(fault, "quota"));
    put_guard(&body, "back", back, is.rate, fault_text(fault, "quota"));
    *ARENA_PUSH(plan->arena, plan->nfts, plan->nft_count) =
        (struct plan_nft){.family = "netdev",
                          .table = arena_printf(plan->arena, "guard-%s", there),
                          .body = arena_strdup(plan->arena, str_text(&body)),
                          .origin = origin};
    return 0;
}

static const struct fault_target_row targets[] = {{THING_BRIDGE, FAULT_PLAN}};
static const struct fault_parameter_row parameters[] = {
    {.key = "rate",
     .type = PARAMETER_RATE,
     .fallback = "1mbit",
     .doc = "how much the cable carries in a second, each way"},
    {.key = "quota",
     .type = PARAMETER_NUMBER,
     .fallback = "32",
     .doc = "after how many megabytes each way it carries nothing more"},
};
const struct fault_kind fault_bridge_loop = {
    .name = "bridge-loop",
    .summary = "a cable leads from a switch back to itself, and no spanning tree runs",
    .family = FAMILY_LINK,
    .layer = 2,
    .things = 1,
    FAULT_TARGETS(targets),
    FAULT_PARAMETERS(parameters),
    .symptom =
        "the same broadcasts come again and again, machines of the segment see their own, and reach each other by "
        "chance, twice or not at all",
    .tools =
        "tcpdump -e arp (the same frame, many times), ip -s link (receive counters run), ping (DUP!), labctl capture",
    .validate = validate,
    .rewrite_plan = rewrite,
};
