#include "link/wire.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "link/distribution.h"

#define FULL_FRAME      1514 /* IEEE 802.3: header and 1500 bytes */
#define TRACE_BYTES     1504 /* mm-link(1) */
#define WAITING_DEFAULT 1000 /* packets, tc-netem(8) */

static void take_trace(struct wire *wire, const char *text)
{
    size_t count = text != NULL;
    for (const char *c = text; c && *c; c++)
        count += *c == ',';
    free(wire->trace.times);
    memset(&wire->trace, 0, sizeof wire->trace);
    wire->trace.times = count ? malloc(count * sizeof *wire->trace.times) : NULL;
    for (char *end; wire->trace.times && wire->trace.count < count; text = end + 1)
        wire->trace.times[wire->trace.count++] = (uint32_t)strtoul(text, &end, 10);
}

static void take_distribution(struct wire *wire, const struct impairment *is)
{
    free(wire->own_distribution);
    wire->own_distribution = is->distribution_table ? malloc(DISTRIBUTION_MOST * sizeof(int16_t)) : NULL;
    wire->distribution = is->distribution == DISTRIBUTION_UNIFORM ? NULL : distribution_table(is->distribution);
    wire->distribution_size = DISTRIBUTION_SIZE;
    if (wire->own_distribution) {
        wire->distribution = wire->own_distribution;
        wire->distribution_size = distribution_parse(is->distribution_table, wire->own_distribution);
    }
}

static void take(struct wire *wire, const struct impairment *is)
{
    wire->is = *is;
    wire->bursts = impairment_gilbert(is, &wire->gilbert);
    take_distribution(wire, is);
    take_trace(wire, is->trace);
    wire->is.trace = wire->is.distribution_table = NULL; /* the caller's */
}

void wire_end(struct wire *wire)
{
    free(wire->trace.times);
    free(wire->own_distribution);
    wire->trace.times = NULL;
    wire->own_distribution = NULL;
}

void wire_init(struct wire *wire, const struct impairment *is, uint64_t seed, uint64_t stream)
{
    *wire = (struct wire){0};
    take(wire, is);
    random_seed(&wire->random, seed, stream);
}

void wire_change(struct wire *wire, const struct impairment *is, uint64_t seed, uint64_t stream)
{
    bool anew = is->seed != wire->is.seed;
    take(wire, is);
    if (!wire->bursts)
        wire->bad = false;
    if (anew)
        random_seed(&wire->random, seed, stream);
}

/* The state of a packet decides on its loss; the state of the next follows (tc-netem(8), loss gemodel). */
static bool lost_in_burst(struct wire *wire)
{
    struct random *r = &wire->random;
    const struct gilbert *g = &wire->gilbert;
    if (wire->bad) {
        if (random_chance(r, g->leave, 0, NULL))
            wire->bad = false;
        return random_chance(r, g->bad, 0, NULL);
    }
    if (random_chance(r, g->enter, 0, NULL))
        wire->bad = true;
    return random_chance(r, g->good, 0, NULL);
}

static bool lost(struct wire *wire)
{
    const struct impairment *is = &wire->is;
    bool counted = is->loss_every && ++wire->since_lost >= is->loss_every;
    if (counted)
        wire->since_lost = 0;
    bool drawn = wire->bursts ? lost_in_burst(wire)
                              : random_chance(&wire->random, is->loss, is->loss_correlation, &wire->last_loss);
    return counted || drawn;
}

static int64_t delay_of(struct wire *wire)
{
    const struct impairment *is = &wire->is;
    if (!is->jitter)
        return is->delay;
    uint32_t draw = random_correlated(&wire->random, is->delay_correlation, &wire->last_delay);
    int64_t delay;
    if (wire->distribution) {
        double deviation = wire->distribution[(uint64_t)draw * wire->distribution_size >> 32];
        delay = is->delay + (int64_t)((double)is->jitter * deviation / DISTRIBUTION_SCALE);
    } else {
        delay = is->delay + (int64_t)(((double)draw / 4294967296.0 * 2 - 1) * (double)is->jitter);
    }
    return delay < 0 ? 0 : delay;
}

static bool overtakes(struct wire *wire)
{
    const struct impairment *is = &wire->is;
    if (!is->reorder)
        return false;
    uint32_t gap = is->reorder_gap ? is->reorder_gap : 1;
    if (++wire->since_overtaken < gap ||
        !random_chance(&wire->random, is->reorder, is->reorder_correlation, &wire->last_reorder))
        return false;
    wire->since_overtaken = 0;
    return true;
}

static int64_t next_opportunity(const struct wire *wire)
{
    return wire->trace.begin + wire->trace.times[wire->trace.next] * INT64_C(1000000);
}

static void pass_opportunity(struct wire *wire)
{
    if (++wire->trace.next < wire->trace.count)
        return;
    wire->trace.begin += wire->trace.times[wire->trace.count - 1] * INT64_C(1000000);
    wire->trace.next = 0;
}

/* When the last byte of a packet that is ready at `ready` has passed. */
static int64_t pass_by_trace(struct wire *wire, size_t length, int64_t ready)
{
    int64_t period = wire->trace.times[wire->trace.count - 1] * INT64_C(1000000), at = wire->last_due;
    if (!wire->trace.begin)
        wire->trace.begin = ready;
    if (ready - wire->trace.begin > 2 * period) { /* nobody sent for long: the rounds of that time are over */
        wire->trace.begin += (ready - wire->trace.begin) / period * period;
        wire->trace.next = 0;
    }
    if (ready > wire->last_due)
        wire->trace.left = 0;
    while (length > wire->trace.left) {
        length -= wire->trace.left;
        while (next_opportunity(wire) < ready)
            pass_opportunity(wire);
        at = next_opportunity(wire);
        wire->trace.left = TRACE_BYTES;
        pass_opportunity(wire);
    }
    wire->trace.left -= length;
    return at > ready ? at : ready;
}

static int64_t transmission(const struct wire *wire, size_t length)
{
    return (int64_t)((double)length * 8 * NANOSECONDS_PER_SECOND / (double)wire->is.rate);
}

/* Full: as many packets as the author says are on the wire, or what waits for the rate is as long as 1000 full ones. */
static bool full(const struct wire *wire, int64_t now)
{
    const struct impairment *is = &wire->is;
    if (is->limit)
        return wire->held >= is->limit;
    if (wire->trace.times)
        return wire->held >= WAITING_DEFAULT;
    return is->rate && wire->last_due - (now + is->delay) > WAITING_DEFAULT * transmission(wire, FULL_FRAME);
}

static bool one_copy(struct wire *wire, size_t length, int64_t now, struct wire_copy *copy)
{
    const struct impairment *is = &wire->is;
    *copy = (struct wire_copy){.due = now};
    copy->corrupt = random_chance(&wire->random, is->corrupt, is->corrupt_correlation, &wire->last_corrupt);
    if (copy->corrupt)
        copy->corruption = (uint32_t)(random_next(&wire->random) >> 32);
    if (full(wire, now)) {
        wire->counters.overflowed++;
        return false;
    }
    wire->counters.corrupted += copy->corrupt;
    if (overtakes(wire)) {
        wire->counters.reordered++;
    } else {
        copy->due += delay_of(wire);
        if (wire->trace.times) {
            copy->due = wire->last_due = pass_by_trace(wire, length, copy->due);
        } else if (is->rate) {
            copy->due = (copy->due > wire->last_due ? copy->due : wire->last_due) + transmission(wire, length);
            wire->last_due = copy->due;
        }
    }
    wire->held++;
    return true;
}

struct wire_verdict wire_enter(struct wire *wire, size_t length, int64_t now)
{
    const struct impairment *is = &wire->is;
    struct wire_verdict verdict = {0};
    bool twice = random_chance(&wire->random, is->duplicate, is->duplicate_correlation, &wire->last_duplicate);
    wire->counters.entered++;
    for (unsigned c = 0; c < 1 + (unsigned)twice; c++) {
        if (lost(wire))
            wire->counters.lost++;
        else if (one_copy(wire, length, now, &verdict.copy[verdict.copies]))
            verdict.copies++;
    }
    wire->counters.duplicated += verdict.copies == 2;
    return verdict;
}

void wire_corrupt(uint8_t *frame, size_t length, size_t skip, uint32_t corruption)
{
    if (length <= skip)
        return;
    uint64_t bit = (uint64_t)corruption * ((length - skip) * 8) >> 32;
    frame[skip + bit / 8] ^= (uint8_t)(1u << bit % 8);
}
