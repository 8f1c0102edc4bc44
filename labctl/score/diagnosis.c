/* Which claims stand: with one fault the last one; with several, as many as there are faults, the last ones, where a
 * later claim of the same places replaces the earlier one; "nothing is broken" takes back all before it.  Each fault
 * then has the best of them. */
#include "score/diagnosis.h"

#include "base/arena.h"
#include "base/str.h"
#include "model/adjacent.h"
#include "score/pairing.h"

/* ---- one claim against one fault ---- */

static bool listed(const struct strings *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(list->items[i], name))
            return true;
    return false;
}

static bool same_places(const struct strings *a, const struct strings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!listed(b, a->items[i]))
            return false;
    return true;
}

static bool next_to_any(const struct topology *topology, const char *place, const struct strings *list)
{
    struct thing thing = topology_thing(topology, place, NULL);
    for (size_t i = 0; i < list->count; i++) {
        struct thing other = topology_thing(topology, list->items[i], NULL);
        if (things_adjacent(&thing, &other))
            return true;
    }
    return false;
}

/* The best place's credit over the number of places; the fault's own places count as one. */
static struct ratio where_credit(const struct topology *topology, const struct strings *accept,
                                 const struct truth *truth, const struct claim *claim)
{
    int64_t halves = 0, places = 0;
    bool own = false;
    for (size_t i = 0; i < claim->where.count; i++) {
        const char *place = claim->where.items[i];
        bool exact = listed(&truth->places, place);
        places += !exact || !own;
        own = own || exact;
        if (exact || listed(accept, place) || listed(&truth->accept, place))
            halves = 2;
        else if (halves < 1 && next_to_any(topology, place, &truth->places))
            halves = 1;
    }
    return places ? ratio_of(halves, 2 * places) : ratio_whole(0);
}

static struct ratio what_credit(const struct truth *truth, const struct claim *claim)
{
    if (str_equal(claim->what, truth->kind))
        return ratio_whole(1);
    return claim->family && str_equal(claim->family, truth->family) ? ratio_of(1, 2) : ratio_whole(0);
}

static struct ratio half_of_both(struct ratio where, struct ratio what)
{
    return ratio_multiply(ratio_add(where, what), ratio_of(1, 2));
}

/* ---- which faults and claims count ---- */

static size_t count_truths(struct truth *truths, size_t count)
{
    size_t steady = 0;
    for (size_t i = 0; i < count; i++)
        steady += !truths[i].scheduled;
    for (size_t i = 0; i < count; i++)
        truths[i].counted = !steady || !truths[i].scheduled;
    return steady ? steady : count;
}

/* It names a scheduled fault that is noise, and rightly: it shall not push another claim out. */
static bool names_noise(const struct topology *topology, const struct truth *truths, size_t count,
                        const struct claim *claim)
{
    static const struct strings nothing;
    for (size_t i = 0; i < count; i++)
        if (!truths[i].counted && str_equal(claim->what, truths[i].kind) &&
            !ratio_compare(where_credit(topology, &nothing, &truths[i], claim), ratio_whole(1)))
            return true;
    return false;
}

static void choose_claims(const struct topology *topology, const struct truth *truths, size_t truth_count,
                          size_t wanted, struct claim *claims, size_t claim_count)
{
    for (size_t i = claim_count; i-- > 0;) {
        struct claim *claim = &claims[i];
        bool replaced = false;
        claim->stands = false;
        for (size_t later = i + 1; later < claim_count; later++)
            replaced = replaced || claims[later].none ||
                       (claims[later].stands && same_places(&claims[later].where, &claim->where));
        if (!wanted || replaced || (!claim->none && names_noise(topology, truths, truth_count, claim)))
            continue;
        claim->stands = true;
        wanted--;
    }
}

/* ---- which claim speaks of which fault ---- */

struct matching {
    const struct topology *topology;
    const struct strings *accept;
    struct truth *truths;
    struct claim *claims;
    size_t truth_count, claim_count;
};

/* What a claim would earn, as a whole number: each credit is a multiple of 1/4 divided by the number of places. */
#define SHARES (4 * INT64_C(27720)) /* 27720 is the least that each of 1..12 divides */
_Static_assert(CLAIM_PLACES_MAX == 12, "SHARES is made of the numbers of places that a claim may have");

static int64_t in_shares(struct ratio credit)
{
    return credit.above * (SHARES / credit.below);
}

static void set_credit(const struct matching *m, struct claim *claim, const struct truth *truth)
{
    claim->credit_where = where_credit(m->topology, m->accept, truth, claim);
    claim->credit_what = what_credit(truth, claim);
}

/* By itself: the fault that fits it best. */
static void credit_alone(const struct matching *m, struct claim *claim)
{
    struct ratio best = ratio_whole(0);
    claim->fault = SIZE_MAX;
    claim->located = false;
    claim->credit_where = claim->credit_what = ratio_whole(0);
    for (size_t i = 0; i < m->truth_count && !claim->none; i++) {
        struct claim tried = *claim;
        if (!m->truths[i].counted)
            continue;
        set_credit(m, &tried, &m->truths[i]);
        struct ratio both = half_of_both(tried.credit_where, tried.credit_what);
        tried.located = claim->located || tried.credit_where.above > 0;
        if (ratio_compare(both, best) > 0) {
            best = both;
            *claim = tried;
        }
        claim->located = tried.located;
    }
}

static void pair(const struct matching *m, size_t claim, size_t truth, int64_t worth)
{
    if (!worth)
        return;
    set_credit(m, &m->claims[claim], &m->truths[truth]);
    m->claims[claim].fault = truth;
    m->truths[truth].claim = claim;
    m->truths[truth].credit = half_of_both(m->claims[claim].credit_where, m->claims[claim].credit_what);
}

static void match(const struct matching *m, size_t wanted)
{
    ARENA_AUTO arena = arena_new();
    size_t *rows = arena_alloc(arena, (m->claim_count + 1) * sizeof *rows), row_count = 0;
    size_t *columns = arena_alloc(arena, wanted * sizeof *columns), column_count = 0;
    for (size_t i = 0; i < m->truth_count; i++)
        if (m->truths[i].counted)
            columns[column_count++] = i;
    for (size_t i = 0; i < m->claim_count; i++) {
        credit_alone(m, &m->claims[i]);
        if (m->claims[i].stands && !m->claims[i].none)
            rows[row_count++] = i;
    }
    int64_t *worth = arena_alloc(arena, (row_count * column_count + 1) * sizeof *worth);
    for (size_t r = 0; r < row_count; r++)
        for (size_t c = 0; c < column_count; c++) {
            struct claim tried = m->claims[rows[r]];
            set_credit(m, &tried, &m->truths[columns[c]]);
            worth[r * column_count + c] = in_shares(half_of_both(tried.credit_where, tried.credit_what));
        }
    size_t *pairs = arena_alloc(arena, (row_count + 1) * sizeof *pairs);
    pairing_best(worth, row_count, column_count, pairs);
    for (size_t r = 0; r < row_count; r++)
        pair(m, rows[r], columns[pairs[r]], worth[r * column_count + pairs[r]]);
}

/* ---- all together ---- */

/* Nothing is broken: the last claim says so, or it is wrong. */
static void score_control(struct diagnosis *diagnosis, struct claim *claims, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        claims[i].stands = i + 1 == count;
        claims[i].credit_where = claims[i].credit_what = ratio_whole(claims[i].none);
        claims[i].located = false;
        claims[i].fault = SIZE_MAX;
    }
    if (count && claims[count - 1].none)
        *diagnosis = (struct diagnosis){.credit = ratio_whole(1), .counted = count - 1};
}

struct diagnosis diagnosis_score(const struct topology *topology, uint32_t points, const struct strings *accept,
                                 struct truth *truths, size_t truth_count, struct claim *claims, size_t claim_count)
{
    struct diagnosis diagnosis = {.credit = ratio_whole(0), .counted = SIZE_MAX};
    size_t wanted = count_truths(truths, truth_count);
    for (size_t i = 0; i < truth_count; i++) {
        truths[i].claim = SIZE_MAX;
        truths[i].credit = ratio_whole(0);
    }
    if (wanted) {
        const struct matching matching = {topology, accept, truths, claims, truth_count, claim_count};
        choose_claims(topology, truths, truth_count, wanted, claims, claim_count);
        match(&matching, wanted);
    } else {
        score_control(&diagnosis, claims, claim_count);
    }
    struct ratio best = ratio_whole(0);
    for (size_t i = 0; i < truth_count; i++) {
        if (!truths[i].counted || truths[i].claim == SIZE_MAX)
            continue;
        diagnosis.credit = ratio_add(diagnosis.credit, ratio_multiply(truths[i].credit, ratio_of(1, (int64_t)wanted)));
        if (ratio_compare(truths[i].credit, best) > 0 ||
            (!ratio_compare(truths[i].credit, best) && truths[i].claim > diagnosis.counted)) {
            best = truths[i].credit;
            diagnosis.counted = truths[i].claim;
        }
    }
    diagnosis.earned = ratio_multiply(ratio_whole(points), diagnosis.credit);
    return diagnosis;
}
