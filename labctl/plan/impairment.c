/* Loss as an nft table of the netdev family at the far end, one for each direction, so that each is replaced by itself.
 *
 * What the node sends enters there (ingress hook), what it receives leaves there (egress hook); a random number per
 * packet decides.  The hook sees packets of at most the MTU (no segmentation offload), so one lost packet is one. */
#include "plan/impairment.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/units.h"
#include "plan/plan.h"

#define DRAW "numgen random mod 1000000000 < "

static const struct {
    const char *table, *hook;
} directions[] = {[PLAN_SENT] = {"loss-in", "ingress"}, [PLAN_RECEIVED] = {"loss-out", "egress"}};

/* The end of the veth pair that is not the node's own: its namespace and name.  False where no link has that end. */
static bool plan_far_end(const struct plan *plan, uint32_t ns, const char *interface, uint32_t *far_ns,
                         const char **far_name)
{
    for (size_t i = 0; i < plan->link_count; i++)
        for (unsigned e = 0; e < 2; e++) {
            const struct plan_link_end *end = &plan->links[i].end[e], *far = &plan->links[i].end[!e];
            if (end->ns != ns || !str_equal(end->name, interface))
                continue;
            *far_ns = far->ns;
            *far_name = far->name;
            return true;
        }
    return false;
}

static size_t find(const struct plan *plan, uint32_t ns, const char *table)
{
    size_t i = 0;
    while (i < plan->nft_count && !(plan->nfts[i].ns == ns && str_equal(plan->nfts[i].family, "netdev") &&
                                    str_equal(plan->nfts[i].table, table)))
        i++;
    return i;
}

static void fill(struct plan *plan, struct plan_nft *nft, uint32_t far_ns, const char *far,
                 enum plan_direction direction, uint32_t parts, const char *origin)
{
    *nft = (struct plan_nft){.ns = far_ns, .family = "netdev", .origin = origin};
    nft->table = arena_printf(plan->arena, "%s-%s", directions[direction].table, far);
    const char *rule = parts >= SHARE_WHOLE ? "" : arena_printf(plan->arena, DRAW "%u ", parts);
    nft->body = arena_printf(plan->arena,
                             "\tchain wire {\n"
                             "\t\ttype filter hook %s device \"%s\" priority 0; policy accept;\n"
                             "\t\t%scounter drop\n"
                             "\t}\n",
                             directions[direction].hook, far, rule);
}

void plan_add_loss(struct plan *plan, uint32_t far_ns, const char *far_name, enum plan_direction direction,
                   uint32_t parts, const char *origin)
{
    fill(plan, ARENA_PUSH(plan->arena, plan->nfts, plan->nft_count), far_ns, far_name, direction, parts, origin);
}

bool plan_set_loss(struct plan *plan, uint32_t ns, const char *interface, enum plan_direction direction, uint32_t parts,
                   const char *origin)
{
    uint32_t far_ns;
    const char *far;
    if (!plan_far_end(plan, ns, interface, &far_ns, &far))
        return false;
    const char *table = arena_printf(plan->arena, "%s-%s", directions[direction].table, far);
    size_t i = find(plan, far_ns, table);
    if (parts == 0) {
        if (i < plan->nft_count) {
            memmove(&plan->nfts[i], &plan->nfts[i + 1], (plan->nft_count - i - 1) * sizeof plan->nfts[0]);
            plan->nft_count--;
        }
        return true;
    }
    if (i == plan->nft_count)
        ARENA_PUSH(plan->arena, plan->nfts, plan->nft_count);
    fill(plan, &plan->nfts[i], far_ns, far, direction, parts, arena_strdup(plan->arena, origin));
    return true;
}

uint32_t plan_get_loss(const struct plan *plan, uint32_t ns, const char *interface, enum plan_direction direction)
{
    uint32_t far_ns;
    const char *far;
    ARENA_AUTO arena = arena_new();
    if (!plan_far_end(plan, ns, interface, &far_ns, &far))
        return 0;
    size_t i = find(plan, far_ns, arena_printf(arena, "%s-%s", directions[direction].table, far));
    if (i == plan->nft_count)
        return 0;
    const char *rule = strstr(plan->nfts[i].body, DRAW);
    return rule ? (uint32_t)strtoul(rule + strlen(DRAW), NULL, 10) : SHARE_WHOLE;
}
