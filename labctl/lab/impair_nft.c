/* Losses by nftables: chains of the netdev family at the far end.  The hook sees packets of at most the MTU (no
 * segmentation offload), so one lost packet is one. */
#include "base/str.h"
#include "base/units.h"
#include "lab/impair.h"

static bool serves(struct lab *lab, const struct impaired *wire)
{
    struct impairment rest = wire->is;
    (void)lab;
    rest.loss = rest.loss_burst = rest.loss_every = rest.loss_enter = rest.loss_leave = rest.loss_bad = rest.loss_good =
        0;
    return !wire->is.seed && !wire->is.loss_correlation && !impairment_any(&rest);
}

/* "numgen random mod … < share ", nothing for all. */
static void chance(struct str *out, uint32_t share)
{
    if (share < SHARE_WHOLE)
        str_printf(out, "numgen random mod %u < %u ", SHARE_WHOLE, share);
}

static void lose(struct str *out, uint32_t share)
{
    if (!share)
        return;
    str_append(out, "\t\t");
    chance(out, share);
    str_append(out, "counter drop\n");
}

/* The state of the model is one element of a set: there in the bad state.  A packet meets the state that the one before
 * it left, as in netem. */
static void put_bursts(struct str *out, const char *hook, const struct impaired *wire, const struct gilbert *g)
{
    struct way way = way_of(wire);
    const char *own = wire->direction == PLAN_SENT ? "iifname" : "oifname";
    str_printf(out, "\tset %s-state {\n\t\ttypeof oifname\n\t\tsize 16\n\t\tflags dynamic\n\t}\n", way.chain);
    str_printf(out, "\tchain %s-bad {\n\t\t", way.chain);
    chance(out, g->leave);
    str_printf(out, "delete @%s-state { %s }\n", way.chain, own);
    lose(out, g->bad);
    str_append(out, "\t\taccept\n\t}\n");
    str_printf(out, "\tchain %s {\n\t\ttype filter hook %s device \"%s\" priority 0; policy accept;\n", way.chain, hook,
               wire->interface);
    str_printf(out, "\t\t%s @%s-state goto %s-bad\n\t\t", own, way.chain, way.chain);
    chance(out, g->enter);
    str_printf(out, "add @%s-state { %s }\n", way.chain, own);
    lose(out, g->good);
}

static int engage(const struct impaired *wire, struct hooks *hooks, struct error *err)
{
    (void)err;
    struct gilbert gilbert;
    struct way way = way_of(wire);
    struct str *out = &hooks->chains;
    const char *hook = wire->direction == PLAN_SENT ? "ingress" : "egress";
    bool bursts = impairment_gilbert(&wire->is, &gilbert);
    way_clear(wire, hooks);
    if (wire->is.loss_every) {
        str_printf(out, "\tchain %s-count {\n\t\ttype filter hook %s device \"%s\" priority -1; policy accept;\n",
                   way.chain, hook, wire->interface);
        str_printf(out, "\t\tnumgen inc mod %u == %u counter drop\n\t}\n", wire->is.loss_every,
                   wire->is.loss_every - 1);
    }
    if (bursts)
        put_bursts(out, hook, wire, &gilbert);
    else
        str_printf(out, "\tchain %s {\n\t\ttype filter hook %s device \"%s\" priority 0; policy accept;\n", way.chain,
                   hook, wire->interface);
    if (!bursts)
        lose(out, wire->is.loss);
    str_append(out, "\t}\n");
    return 0;
}

static bool stands(struct lab *lab, const struct impaired *wire)
{
    (void)lab;
    return way_stands(wire);
}

const struct impair_backend impair_nftables = {
    .name = "nftables",
    .fidelity = "exact; every packet counted",
    .serves = serves,
    .engage = engage,
    .release = way_close,
    .stands = stands,
};
