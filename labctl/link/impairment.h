/* Impairments: what a wire does to packets in one direction, as parameters.
 *
 * The words are those of tc-netem(8), and so is their meaning, whichever backend serves them (netem, nftables, tbf, the
 * relay).  One counted table (impairment_rows, by the macro below) is the vocabulary: the keys of `links:` in YAML, the
 * arguments of `link set`, the parameters of faults, what `inspect` and a plan show. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str;

enum distribution {
    DISTRIBUTION_UNIFORM,
    DISTRIBUTION_NORMAL,
    DISTRIBUTION_PARETO,
    DISTRIBUTION_PARETONORMAL,
    DISTRIBUTION_COUNT
};
extern const char *const distribution_names[DISTRIBUTION_COUNT];

/* Durations in nanoseconds, shares in parts per 10^9, rates in bits per second, counts in packets.  0 everywhere: not
 * given, not impaired.  A share that is 100% where it is not given holds SHARE_ZERO where 0% was given. */
#define SHARE_ZERO UINT32_MAX
struct impairment {
    int64_t delay, jitter;
    uint32_t delay_correlation;
    int distribution;               /* enum distribution */
    const char *distribution_table; /* "-8192,0,8192"; borrowed, or NULL */
    uint32_t loss, loss_correlation;
    uint32_t loss_burst; /* mean length of a burst; 0 and 1: losses are independent */
    uint32_t loss_every;
    uint32_t loss_enter, loss_leave, loss_bad, loss_good; /* Gilbert-Elliott: p, r, 1-h, 1-k */
    uint32_t duplicate, duplicate_correlation;
    uint32_t corrupt, corrupt_correlation;
    uint32_t reorder, reorder_correlation, reorder_gap;
    uint64_t rate;
    const char *trace; /* "0,5,10": milliseconds; borrowed, or NULL */
    uint32_t limit;
    uint32_t seed;
};

/* ROW(key and member, type, least, most, what stands where it is not given, documentation).  Types: DURATION, SHARE,
 * REST (a share, 100% where not given), INTEGER, RATE, WORD, TRACE, TABLE. */
#define IMPAIRMENT_ROWS(ROW)                                                                                           \
    ROW(delay, DURATION, 0, 0, "0", "The time that a packet takes, one way.")                                          \
    ROW(jitter, DURATION, 0, 0, "0", "How far the delay of a packet may lie from `delay`, to either side.")            \
    ROW(delay_correlation, SHARE, 0, 0, "0%", "How much the delay of a packet depends on that of the one before.")     \
    ROW(distribution, WORD, 0, 0, "uniform", "How delays are spread; other than uniform, `jitter` is the deviation.")  \
    ROW(distribution_table, TABLE, 0, 0, "none",                                                                       \
        "A distribution of one's own, as tc-netem's: how far from `delay`, in 8192ths of `jitter`, all as likely.")    \
    ROW(loss, SHARE, 0, 0, "0%", "The share of packets that is lost, in each direction.")                              \
    ROW(loss_correlation, SHARE, 0, 0, "0%", "How much a loss depends on the packet before.")                          \
    ROW(loss_burst, INTEGER, 1, 1000000, "1", "Losses come in bursts of this mean length; `loss` stays their share.")  \
    ROW(loss_every, INTEGER, 1, 1000000000, "never", "Every packet of this number is lost: the tenth, the twentieth.") \
    ROW(loss_enter, SHARE, 0, 0, "0%", "Gilbert-Elliott loss: the chance to pass from the good to the bad state.")     \
    ROW(loss_leave, REST, 0, 0, "100%", "The chance to pass from the bad state back to the good one.")                 \
    ROW(loss_bad, REST, 0, 0, "100%", "The share of packets that is lost in the bad state.")                           \
    ROW(loss_good, SHARE, 0, 0, "0%", "The share of packets that is lost in the good state.")                          \
    ROW(duplicate, SHARE, 0, 0, "0%", "The share of packets that arrives twice.")                                      \
    ROW(duplicate_correlation, SHARE, 0, 0, "0%", "How much a duplication depends on the packet before.")              \
    ROW(corrupt, SHARE, 0, 0, "0%", "The share of packets that arrives with one wrong bit.")                           \
    ROW(corrupt_correlation, SHARE, 0, 0, "0%", "How much a corruption depends on the packet before.")                 \
    ROW(reorder, SHARE, 0, 0, "0%", "The share of packets that is not delayed, and so overtakes others.")              \
    ROW(reorder_correlation, SHARE, 0, 0, "0%", "How much a reordering depends on the packet before.")                 \
    ROW(reorder_gap, INTEGER, 1, 1000000, "1", "Only every packet of this number may overtake.")                       \
    ROW(rate, RATE, 0, 0, "unlimited", "How much passes in a second, whole frames counted.")                           \
    ROW(trace, TRACE, 0, 0, "none",                                                                                    \
        "Instead of a rate: the milliseconds at which 1504 bytes may pass, again from the start after the last.")      \
    ROW(limit, INTEGER, 1, 1000000, "1000 waiting for the rate",                                                       \
        "How many packets the wire holds, waiting and under way; more are dropped.")                                   \
    ROW(seed, INTEGER, 0, 4294967295, "drawn anew", "What makes the random decisions repeatable; 0 draws anew.")

enum impairment_type {
    IMPAIRMENT_DURATION,
    IMPAIRMENT_SHARE,
    IMPAIRMENT_REST,
    IMPAIRMENT_INTEGER,
    IMPAIRMENT_RATE,
    IMPAIRMENT_WORD,
    IMPAIRMENT_TRACE,
    IMPAIRMENT_TABLE,
    IMPAIRMENT_TYPE_COUNT
};

struct impairment_row {
    const char *key;
    enum impairment_type type;
    int64_t least, most;  /* IMPAIRMENT_INTEGER */
    const char *range;    /* IMPAIRMENT_INTEGER: what it wants, in words */
    const char *fallback; /* in words */
    const char *doc;      /* one sentence, with the dot */
    size_t offset;        /* in struct impairment */
};
extern const struct impairment_row impairment_rows[];
extern const size_t impairment_row_count;
const struct impairment_row *impairment_row(const char *key);   /* NULL where unknown */
const char *impairment_wants(const struct impairment_row *row); /* "a duration such as 250ms …", for messages */

/* Whether it is a list of numbers: a trace or a table, which may come from a file. */
bool impairment_is_list(const struct impairment_row *row);
/* Appends what stands in such a file, with commas: numbers apart by blanks or lines, '#' begins a comment. */
void impairment_list_of_file(const char *text, struct str *out);
#define IMPAIRMENT_FILE_MAX (1u << 20) /* bytes of it */

/* Sets one parameter from its text (a list is borrowed).  NULL on success, else a constant phrase that names the rule.
 */
const char *impairment_set(struct impairment *impairment, const struct impairment_row *row, const char *text);
/* Appends the parameter as impairment_set reads it.  False (and nothing) where it is not given. */
bool impairment_get(const struct impairment *impairment, const struct impairment_row *row, struct str *out);
/* "delay 20ms, loss 1%" (" " and ", ", for people: of long lists, the beginning), "delay=20ms loss=1%" ("=" and " ");
 * nothing where not impaired. */
void impairment_format(const struct impairment *impairment, const char *is, const char *separator, struct str *out);

void impairment_clear(struct impairment *impairment, const struct impairment_row *row); /* as if not given */
/* Takes away what cannot stand beside that parameter: the rate where a trace is to come, and the other way round. */
void impairment_make_room(struct impairment *impairment, const struct impairment_row *row);

bool impairment_equal(const struct impairment *a, const struct impairment *b);
/* Does it do anything to any packet?  (A seed or a correlation alone does not.) */
bool impairment_any(const struct impairment *impairment);
/* The first contradiction among the parameters, as a sentence, or NULL: jitter without delay, reorder without delay. */
const char *impairment_contradiction(const struct impairment *impairment, const struct impairment_row **row);

/* Two wires one after the other: delays add up, a packet arrives where it survives both, the lower rate counts; what
 * cannot be added is that of `more` where given. */
struct impairment impairment_add(const struct impairment *one, const struct impairment *more);

/* The Gilbert-Elliott model that the loss parameters amount to; false where losses are independent or none. */
struct gilbert {
    uint32_t enter, leave, bad, good; /* parts per 10^9: p, r, 1-h, 1-k */
};
bool impairment_gilbert(const struct impairment *impairment, struct gilbert *out);
