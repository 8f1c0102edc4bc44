/* Losses by nftables: chains of the netdev family at the far end.  The hook sees packets of at most the MTU (no
 * segmentation offload), so one lost packet is one.
 *
 * Only losses that ask nothing of the packet before: the one memory that packets can write is a set, and what was taken
 * out of a set keeps its place until the kernel sweeps, once a second.  A state that is entered more often than the set
 * has places for is not entered: of 20 % in bursts of 4, 0.5 % is lost at 15,000 packets/s.  Bursts are the relay's. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/units.h"
#include "lab/impair.h"
#include "link/relay.h"

static bool serves(struct lab *lab, const struct impaired *wire)
{
    struct impairment rest = wire->is;
    (void)lab;
    struct gilbert bursts;
    rest.loss = rest.loss_burst = rest.loss_every = 0;
    return !wire->is.seed && !wire->is.loss_correlation && !impairment_gilbert(&wire->is, &bursts) &&
           !impairment_any(&rest);
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

static int engage(const struct impaired *wire, struct hooks *hooks, struct error *err)
{
    (void)err;
    struct way way = way_of(wire);
    struct str *out = &hooks->chains;
    const char *hook = wire->direction == PLAN_SENT ? "ingress" : "egress";
    way_clear(wire, hooks);
    if (wire->is.loss_every) {
        str_printf(out, "\tchain %s-count {\n\t\ttype filter hook %s device \"%s\" priority -1; policy accept;\n",
                   way.chain, hook, wire->interface);
        str_printf(out, "\t\tnumgen inc mod %u == %u counter drop\n\t}\n", wire->is.loss_every,
                   wire->is.loss_every - 1);
    }
    str_printf(out, "\tchain %s {\n\t\ttype filter hook %s device \"%s\" priority 0; policy accept;\n", way.chain, hook,
               wire->interface);
    lose(out, wire->is.loss);
    str_append(out, "\t\tcounter\n\t}\n");
    return 0;
}

static bool stands(struct lab *lab, const struct impaired *wire)
{
    (void)lab;
    return way_stands(wire);
}

/* Adds up what a chain's rules have counted: those that drop end with the word; the last rule counts what passed. */
static void add_counters(const char *listing, struct wire_counters *counters)
{
    static const char word[] = "counter packets ";
    for (const char *at = listing; (at = strstr(at, word));) {
        uint64_t packets, bytes;
        int length = 0;
        at += strlen(word);
        if (sscanf(at, "%" SCNu64 " bytes %" SCNu64 "%n", &packets, &bytes, &length) != 2)
            continue;
        if (str_starts(at + length, " drop")) {
            counters->lost += packets;
        } else {
            counters->passed += packets;
            counters->bytes += bytes;
        }
    }
    counters->entered = counters->passed + counters->lost;
}

static unsigned count(struct lab *lab, const struct impaired *wire, struct relay_statistics *out)
{
    (void)lab;
    STR_AUTO listing = STR_INIT;
    if (way_list(wire, "", &listing, NULL) != 0 ||
        (wire->is.loss_every && way_list(wire, "-count", &listing, NULL) != 0))
        return 0;
    add_counters(str_text(&listing), &out->counters);
    return WIRE_COUNTS_PASSED | WIRE_COUNTS_LOST;
}

const struct impair_backend impair_nftables = {
    .name = "nftables",
    .fidelity = "exact; every packet counted",
    .serves = serves,
    .engage = engage,
    .release = way_close,
    .stands = stands,
    .count = count,
};
