/* The vocabulary of impairments: texts, comparison, addition. */
#include "link/impairment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "link/distribution.h"

#define LIST_SHOWN 40 /* characters of a list in a sentence */

const char *const distribution_names[] = {
    [DISTRIBUTION_UNIFORM] = "uniform",
    [DISTRIBUTION_NORMAL] = "normal",
    [DISTRIBUTION_PARETO] = "pareto",
    [DISTRIBUTION_PARETONORMAL] = "paretonormal",
};
_Static_assert(ARRAY_SIZE(distribution_names) == DISTRIBUTION_COUNT, "every distribution has a name");

#define ROW(member, type_, least_, most_, fallback_, doc_)                                                             \
    {.key = #member,                                                                                                   \
     .type = IMPAIRMENT_##type_,                                                                                       \
     .least = (least_),                                                                                                \
     .most = (most_),                                                                                                  \
     .range = "a whole number from " #least_ " to " #most_,                                                            \
     .fallback = (fallback_),                                                                                          \
     .doc = (doc_),                                                                                                    \
     .offset = offsetof(struct impairment, member)},
const struct impairment_row impairment_rows[] = {IMPAIRMENT_ROWS(ROW)};
#undef ROW
const size_t impairment_row_count = ARRAY_SIZE(impairment_rows);

const struct impairment_row *impairment_row(const char *key)
{
    for (size_t i = 0; i < impairment_row_count; i++)
        if (str_equal(impairment_rows[i].key, key))
            return &impairment_rows[i];
    return NULL;
}

const char *impairment_wants(const struct impairment_row *row)
{
    static const char *const wants[] = {
        [IMPAIRMENT_DURATION] = "a duration such as 20ms",
        [IMPAIRMENT_SHARE] = "a share from 0% to 100%, such as 0.5%",
        [IMPAIRMENT_REST] = "a share from 0% to 100%, such as 80%",
        [IMPAIRMENT_RATE] = "a rate such as 50mbit",
        [IMPAIRMENT_TRACE] = "milliseconds in rising order, the last above 0: 0,5,5,12",
        [IMPAIRMENT_TABLE] = "up to 16384 numbers from -32768 to 32767: -8192,0,8192",
        [IMPAIRMENT_WORD] = "uniform, normal, pareto or paretonormal",
    };
    _Static_assert(ARRAY_SIZE(wants) == IMPAIRMENT_TYPE_COUNT, "every type says what it wants");
    return row->type == IMPAIRMENT_INTEGER ? row->range : wants[row->type];
}

static const char *set_integer(const struct impairment_row *row, const char *text, uint32_t *out)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || value < (unsigned long long)row->least ||
        value > (unsigned long long)row->most)
        return impairment_wants(row);
    *out = (uint32_t)value;
    return NULL;
}

static const char *set_rest(const char *text, uint32_t *out)
{
    const char *wrong = share_parse(text, out);
    if (!wrong && *out == 0)
        *out = SHARE_ZERO;
    return wrong;
}

/* What a member of that type means. */
static uint32_t rest(uint32_t member)
{
    return member == 0 ? SHARE_WHOLE : member == SHARE_ZERO ? 0 : member;
}

bool impairment_is_list(const struct impairment_row *row)
{
    return row->type == IMPAIRMENT_TRACE || row->type == IMPAIRMENT_TABLE;
}

void impairment_list_of_file(const char *text, struct str *out)
{
    static const char blanks[] = " \t\r\n";
    const char *comma = "";
    while (*(text += strspn(text, blanks))) {
        size_t length = *text == '#' ? strcspn(text, "\n") : strcspn(text, " \t\r\n#");
        if (*text != '#') {
            str_append(out, comma);
            str_append_bytes(out, text, length);
            comma = ",";
        }
        text += length;
    }
}

/* What tc-netem(8) takes. */
static bool table_valid(const char *text)
{
    size_t count = 1;
    for (const char *at = text;; at++, count++) {
        char *end;
        long value = strtol(at, &end, 10);
        if ((*at != '-' && (*at < '0' || *at > '9')) || end == at || value < INT16_MIN || value > INT16_MAX ||
            count > DISTRIBUTION_MOST)
            return false;
        at = end;
        if (!*at)
            return true;
        if (*at != ',')
            return false;
    }
}

/* The delivery opportunities of mahimahi's mm-link(1), a comma between them. */
static bool trace_valid(const char *text)
{
    unsigned long before = 0, value = 0;
    for (const char *at = text;; at++) {
        char *end;
        if (*at < '0' || *at > '9')
            return false;
        value = strtoul(at, &end, 10);
        if (value < before || value > UINT32_MAX)
            return false;
        before = value;
        at = end;
        if (!*at)
            return value > 0;
        if (*at != ',')
            return false;
    }
}

const char *impairment_set(struct impairment *impairment, const struct impairment_row *row, const char *text)
{
    void *member = (char *)impairment + row->offset;
    switch (row->type) {
    case IMPAIRMENT_DURATION:
        return duration_parse(text, member);
    case IMPAIRMENT_SHARE:
        return share_parse(text, member);
    case IMPAIRMENT_REST:
        return set_rest(text, member);
    case IMPAIRMENT_INTEGER:
        return set_integer(row, text, member);
    case IMPAIRMENT_RATE:
        return rate_parse(text, member);
    case IMPAIRMENT_WORD:
        for (int i = 0; i < DISTRIBUTION_COUNT; i++)
            if (str_equal(distribution_names[i], text)) {
                *(int *)member = i;
                return NULL;
            }
        break;
    case IMPAIRMENT_TRACE:
    case IMPAIRMENT_TABLE:
        if (row->type == IMPAIRMENT_TRACE ? !trace_valid(text) : !table_valid(text))
            break;
        *(const char **)member = text;
        return NULL;
    case IMPAIRMENT_TYPE_COUNT:
        break;
    }
    return impairment_wants(row);
}

bool impairment_get(const struct impairment *impairment, const struct impairment_row *row, struct str *out)
{
    const void *member = (const char *)impairment + row->offset;
    char text[UNITS_TEXT_MAX];
    switch (row->type) {
    case IMPAIRMENT_DURATION:
        if (*(const int64_t *)member)
            str_append(out, duration_format(*(const int64_t *)member, text));
        return *(const int64_t *)member != 0;
    case IMPAIRMENT_SHARE:
        if (*(const uint32_t *)member)
            str_append(out, share_format(*(const uint32_t *)member, text));
        return *(const uint32_t *)member != 0;
    case IMPAIRMENT_REST:
        if (*(const uint32_t *)member)
            str_append(out, share_format(rest(*(const uint32_t *)member), text));
        return *(const uint32_t *)member != 0;
    case IMPAIRMENT_INTEGER:
        if (*(const uint32_t *)member)
            str_printf(out, "%u", *(const uint32_t *)member);
        return *(const uint32_t *)member != 0;
    case IMPAIRMENT_RATE:
        if (*(const uint64_t *)member)
            str_append(out, rate_format(*(const uint64_t *)member, text));
        return *(const uint64_t *)member != 0;
    case IMPAIRMENT_WORD:
        if (*(const int *)member)
            str_append(out, distribution_names[*(const int *)member]);
        return *(const int *)member != 0;
    case IMPAIRMENT_TRACE:
    case IMPAIRMENT_TABLE:
        if (*(const char *const *)member)
            str_append(out, *(const char *const *)member);
        return *(const char *const *)member != NULL;
    case IMPAIRMENT_TYPE_COUNT:
        break;
    }
    return false;
}

void impairment_clear(struct impairment *impairment, const struct impairment_row *row)
{
    static const size_t sizes[] = {
        [IMPAIRMENT_DURATION] = sizeof(int64_t),   [IMPAIRMENT_SHARE] = sizeof(uint32_t),
        [IMPAIRMENT_REST] = sizeof(uint32_t),      [IMPAIRMENT_INTEGER] = sizeof(uint32_t),
        [IMPAIRMENT_RATE] = sizeof(uint64_t),      [IMPAIRMENT_WORD] = sizeof(int),
        [IMPAIRMENT_TRACE] = sizeof(const char *), [IMPAIRMENT_TABLE] = sizeof(const char *),
    };
    _Static_assert(ARRAY_SIZE(sizes) == IMPAIRMENT_TYPE_COUNT, "every type has a size");
    memset((char *)impairment + row->offset, 0, sizes[row->type]);
}

void impairment_make_room(struct impairment *impairment, const struct impairment_row *row)
{
    static const char *const pairs[][2] = {{"rate", "trace"},
                                           {"trace", "rate"},
                                           {"distribution", "distribution_table"},
                                           {"distribution_table", "distribution"}};
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        if (str_equal(row->key, pairs[i][0]))
            impairment_clear(impairment, impairment_row(pairs[i][1]));
}

/* Of a list, as much as a line has room for, and how many there are. */
static void shorten(struct str *list)
{
    size_t count = 1;
    if (list->length <= LIST_SHOWN)
        return;
    for (const char *at = str_text(list); *at; at++)
        count += *at == ',';
    while (list->length > LIST_SHOWN || list->data[list->length - 1] != ',')
        list->length--;
    str_printf(list, "... (%zu)", count);
}

void impairment_format(const struct impairment *impairment, const char *is, const char *separator, struct str *out)
{
    bool first = true, for_people = *is == ' ';
    for (size_t i = 0; i < impairment_row_count; i++) {
        STR_AUTO value = STR_INIT;
        if (!impairment_get(impairment, &impairment_rows[i], &value))
            continue;
        if (for_people && impairment_is_list(&impairment_rows[i]))
            shorten(&value);
        str_printf(out, "%s%s%s%s", first ? "" : separator, impairment_rows[i].key, is, str_text(&value));
        first = false;
    }
}

bool impairment_equal(const struct impairment *a, const struct impairment *b)
{
    STR_AUTO x = STR_INIT, y = STR_INIT;
    impairment_format(a, "=", " ", &x);
    impairment_format(b, "=", " ", &y);
    return str_equal(str_text(&x), str_text(&y));
}

bool impairment_any(const struct impairment *i)
{
    return i->delay || i->jitter || i->loss || i->loss_every || i->loss_enter || i->loss_good || i->duplicate ||
           i->corrupt || i->rate || i->trace || i->limit;
}

#define DELAY_MOST NANOSECONDS_PER_HOUR

/* At least one packet passes between two bursts: so many are lost only where a burst is as long as that. */
static bool bursts_too_short(const struct impairment *i)
{
    return i->loss_burst > 1 && i->loss < SHARE_WHOLE && (uint64_t)i->loss_burst * (SHARE_WHOLE - i->loss) < i->loss;
}

const char *impairment_contradiction(const struct impairment *i, const struct impairment_row **row)
{
    const struct {
        const char *key;
        bool wrong;
        const char *text;
    } rules[] = {
        {"delay", i->delay > DELAY_MOST, "a packet is under way for an hour at most"},
        {"jitter", i->jitter > DELAY_MOST, "a packet is under way for an hour at most"},
        {"jitter", i->jitter && !i->delay, "a jitter is around a delay: 'delay' is missing"},
        {"delay_correlation", i->delay_correlation && !i->jitter, "only a delay with 'jitter' varies"},
        {"distribution", i->distribution && !i->jitter, "only a delay with 'jitter' varies"},
        {"distribution_table", i->distribution_table && !i->jitter, "only a delay with 'jitter' varies"},
        {"distribution_table", i->distribution_table && i->distribution,
         "'distribution' and 'distribution_table' exclude each other"},
        {"reorder", i->reorder && !i->delay, "where nothing is delayed nothing can overtake: 'delay' is missing"},
        {"reorder_gap", i->reorder_gap && !i->reorder, "nothing overtakes: 'reorder' is missing"},
        {"reorder_correlation", i->reorder_correlation && !i->reorder, "nothing overtakes: 'reorder' is missing"},
        {"loss_burst", i->loss_burst > 1 && !i->loss, "of which share of the packets? 'loss' is missing"},
        {"loss_burst", i->loss_burst > 1 && i->loss_correlation,
         "'loss_burst' and 'loss_correlation' exclude each other"},
        {"loss_burst", bursts_too_short(i), "so large a share is lost in longer bursts: at least loss / (100% - loss)"},
        {"loss_correlation", i->loss_correlation && !i->loss, "nothing is lost at random: 'loss' is missing"},
        {"loss_enter", i->loss_enter && i->loss, "'loss' and 'loss_enter' are two models of loss: only one can hold"},
        {"loss_leave", i->loss_leave && !i->loss_enter, "the bad state is never entered: 'loss_enter' is missing"},
        {"loss_bad", i->loss_bad && !i->loss_enter, "the bad state is never entered: 'loss_enter' is missing"},
        {"trace", i->trace && i->rate, "'rate' and 'trace' exclude each other"},
        {"duplicate_correlation", i->duplicate_correlation && !i->duplicate, "'duplicate' is missing"},
        {"corrupt_correlation", i->corrupt_correlation && !i->corrupt, "'corrupt' is missing"},
    };
    for (size_t r = 0; r < ARRAY_SIZE(rules); r++)
        if (rules[r].wrong) {
            if (row)
                *row = impairment_row(rules[r].key);
            return rules[r].text;
        }
    return NULL;
}

/* Of a packet that meets both, at least one happens. */
static uint32_t either(uint32_t a, uint32_t b)
{
    return (uint32_t)(SHARE_WHOLE - (uint64_t)(SHARE_WHOLE - a) * (SHARE_WHOLE - b) / SHARE_WHOLE);
}

struct impairment impairment_add(const struct impairment *one, const struct impairment *more)
{
    struct impairment sum = *one;
    for (size_t i = 0; i < impairment_row_count; i++) { /* what `more` says counts … */
        STR_AUTO text = STR_INIT;
        if (!impairment_is_list(&impairment_rows[i]) && impairment_get(more, &impairment_rows[i], &text))
            impairment_set(&sum, &impairment_rows[i], str_text(&text));
    }
    if (more->trace)
        sum.trace = more->trace;
    if (more->distribution || more->distribution_table) {
        sum.distribution = more->distribution;
        sum.distribution_table = more->distribution_table;
    }
    sum.delay = one->delay + more->delay; /* … but where both together mean something */
    sum.jitter = one->jitter + more->jitter;
    sum.loss = either(one->loss, more->loss);
    sum.duplicate = either(one->duplicate, more->duplicate);
    sum.corrupt = either(one->corrupt, more->corrupt);
    sum.reorder = either(one->reorder, more->reorder);
    if (sum.loss && (sum.loss_enter || sum.loss_good)) { /* in either state, what is lost besides */
        sum.loss_bad = either(rest(sum.loss_bad), sum.loss);
        sum.loss_good = either(sum.loss_good, sum.loss);
        sum.loss = sum.loss_burst = sum.loss_correlation = 0;
    }
    if (one->rate && (!more->rate || one->rate < more->rate))
        sum.rate = one->rate;
    return sum;
}

bool impairment_gilbert(const struct impairment *i, struct gilbert *out)
{
    if (i->loss_enter || i->loss_good) {
        *out = (struct gilbert){i->loss_enter, rest(i->loss_leave), rest(i->loss_bad), i->loss_good};
        return true;
    }
    if (i->loss_burst <= 1 || !i->loss || i->loss >= SHARE_WHOLE)
        return false;
    /* All is lost in the bad state: its share is enter / (enter + leave), its mean length 1 / leave. */
    double share = (double)i->loss / SHARE_WHOLE, least = share / (1 - share); /* between bursts, one packet passes */
    double leave = 1 / (i->loss_burst > least ? i->loss_burst : least), enter = leave * least;
    *out =
        (struct gilbert){(uint32_t)(enter * SHARE_WHOLE + 0.5), (uint32_t)(leave * SHARE_WHOLE + 0.5), SHARE_WHOLE, 0};
    return true;
}
