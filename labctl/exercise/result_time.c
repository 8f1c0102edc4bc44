/* What happened when: phases, the four clocks, the timeline. */
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "exercise/result_parts.h"
#include "model/check.h"

/* ---- phases ---- */

json_t *phases_json(const struct session *session, int64_t elapsed)
{
    json_t *phases = json_array();
    for (size_t i = 0; i < session->scenario->phase_count; i++) {
        const struct phase *phase = &session->scenario->phases[i];
        const struct session_phase *state = &session->phases[i];
        int64_t used = !state->begun ? 0 : (state->over ? state->ended : elapsed) - state->began;
        json_t *object = json_object(), *tickets = json_array();
        for (size_t t = 0; t < phase->ticket_count && state->begun; t++)
            json_array_append_new(tickets, json_string(phase->tickets[t]->id));
        set_text(object, "id", phase->id);
        json_object_set_new(object, "title", text_or_null(phase->title));
        json_object_set_new(object, "time_allowed_s", phase->time ? seconds_json(phase->time) : json_null());
        json_object_set_new(object, "time_used_s", seconds_json(used));
        json_object_set_new(object, "end", text_or_null(state->over ? session_end_name(state->end) : NULL));
        json_object_set_new(object, "tickets", tickets);
        json_array_append_new(phases, object);
    }
    return phases;
}

/* ---- the four clocks ---- */

#define NEVER INT64_C(-1)

static bool is_event(const json_t *entry, const char *event)
{
    return str_equal(entry_text(entry, "event"), event);
}

static bool has_red(const json_t *verdicts)
{
    const char *id;
    json_t *verdict;
    json_object_foreach((json_t *)verdicts, id, verdict)
    {
        if (str_equal(json_string_value(verdict), verdict_name(VERDICT_FAIL)))
            return true;
    }
    return false;
}

/* The first `check` that shows red, or the first claim that something is broken. */
static int64_t detected(const struct session *session)
{
    size_t i;
    json_t *entry;
    json_array_foreach(session->entries, i, entry)
    {
        bool looked = is_event(entry, "check") && !json_object_get(entry, "verb");
        if ((looked && has_red(json_object_get(entry, "verdicts"))) ||
            (is_event(entry, "claim") && !json_is_true(json_object_get(entry, "none"))))
            return entry_integer(entry, "at");
    }
    return NEVER;
}

/* The first claim with credit for the place, whether it stood to the end or not. */
static int64_t localised(const struct tally *tally)
{
    const struct session *session = tally->session;
    for (size_t i = 0; i < session->claim_count; i++)
        if (!session->claims[i].none && tally->claims[i].located)
            return session->claims[i].after;
    return NEVER;
}

/* The first claim with which all was earned: those up to it are scored as if they were all. */
static int64_t diagnosed(const struct tally *tally)
{
    const struct session *session = tally->session;
    const struct scenario *scenario = session->scenario;
    ARENA_AUTO arena = arena_new();
    struct claim *claims = arena_copy(arena, tally->claims, (session->claim_count + 1) * sizeof *claims);
    struct truth *truths = arena_copy(arena, tally->truths, (scenario->fault_count + 1) * sizeof *truths);
    for (size_t count = 1; count <= session->claim_count; count++) {
        struct diagnosis diagnosis =
            diagnosis_score(scenario->topology, 1, &tally->accept, truths, scenario->fault_count, claims, count);
        if (!ratio_compare(diagnosis.credit, ratio_whole(1)))
            return session->claims[count - 1].after;
    }
    return NEVER;
}

/* What is known of the checks of the repair tasks. */
struct repair {
    const char **ids;
    bool *green;
    size_t count, greens;
    int64_t since; /* all green since, or NEVER */
};

static void see(struct repair *repair, const json_t *verdicts, bool whole, int64_t at)
{
    for (size_t i = 0; i < repair->count; i++) {
        const json_t *found = json_object_get(verdicts, repair->ids[i]);
        const char *verdict = json_string_value(whole ? json_object_get(found, "verdict") : found);
        bool pass = str_equal(verdict, verdict_name(VERDICT_PASS));
        if (!pass && !str_equal(verdict, verdict_name(VERDICT_FAIL)))
            continue;
        repair->greens += (size_t)pass - (size_t)repair->green[i];
        repair->green[i] = pass;
    }
    if (repair->greens < repair->count)
        repair->since = NEVER;
    else if (repair->since == NEVER)
        repair->since = at;
}

/* The first measurement at which all repair tasks were green and since which none was seen red. */
static int64_t mitigated(const struct session *session)
{
    size_t i;
    json_t *entry;
    ARENA_AUTO arena = arena_new();
    struct repair repair = {.since = NEVER};
    for (size_t t = 0; t < session->scenario->task_count; t++) {
        const struct task *task = &session->scenario->tasks[t];
        for (size_t c = 0; c < task->check_count && !task->build; c++)
            *ARENA_PUSH(arena, repair.ids, repair.count) = task->checks[c]->id;
    }
    repair.green = arena_alloc(arena, repair.count + 1);
    json_array_foreach(session->entries, i, entry)
    {
        if (is_event(entry, "check"))
            see(&repair, json_object_get(entry, "verdicts"), false, entry_integer(entry, "at"));
        else if (json_object_get(entry, "outcomes"))
            see(&repair, json_object_get(entry, "outcomes"), true, entry_integer(entry, "at"));
    }
    return repair.count ? repair.since : NEVER;
}

static json_t *clock_json(int64_t at)
{
    return at == NEVER ? json_null() : seconds_json(at);
}

json_t *clocks_json(const struct tally *tally)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "detect_s", clock_json(detected(tally->session)), "localise_s",
                     clock_json(localised(tally)), "diagnose_s", clock_json(diagnosed(tally)), "mitigate_s",
                     clock_json(mitigated(tally->session)));
}

/* ---- the timeline ---- */

static void add_list(struct str *text, const json_t *list, const char *join)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item) str_printf(text, "%s%s", i ? join : "", json_string_value(item));
}

static void tell_start(const json_t *entry, struct str *text)
{
    (void)entry;
    str_append(text, "the clock starts");
}

static void tell_phase(const json_t *entry, struct str *text)
{
    str_printf(text, "phase %s %s", entry_text(entry, "id"), entry_text(entry, "state"));
    if (*entry_text(entry, "reason"))
        str_printf(text, " (%s)", entry_text(entry, "reason"));
}

static void tell_check(const json_t *entry, struct str *text)
{
    const char *id;
    json_t *verdict;
    size_t count = 0, green = 0;
    STR_AUTO others = STR_INIT;
    json_object_foreach(json_object_get(entry, "verdicts"), id, verdict)
    {
        const char *name = json_string_value(verdict);
        bool pass = str_equal(name, verdict_name(VERDICT_PASS));
        count++;
        green += pass;
        if (!pass)
            str_printf(&others, "%s%s %s", others.length ? ", " : "; ", id, name);
    }
    str_printf(text, "%zu of %zu checks green%s", green, count, str_text(&others));
}

static void tell_text(const json_t *entry, struct str *text)
{
    str_append(text, entry_text(entry, "text"));
}

static void tell_hint(const json_t *entry, struct str *text)
{
    str_printf(text, "hint for %s, cost %lld", entry_text(entry, "task"), (long long)entry_integer(entry, "cost"));
}

static void tell_claim(const json_t *entry, struct str *text)
{
    if (json_is_true(json_object_get(entry, "none"))) {
        str_append(text, "nothing is broken");
        return;
    }
    const char *what = entry_text(entry, "what");
    const json_t *where = json_object_get(entry, "where");
    str_printf(text, "%s%s", *what ? what : "something", json_array_size(where) ? " at " : "");
    add_list(text, where, " and ");
}

static void tell_answer(const json_t *entry, struct str *text)
{
    if (json_object_get(entry, "words"))
        str_printf(text, "a text of %lld words", (long long)entry_integer(entry, "words"));
    else
        str_printf(text, "%s: %s", entry_text(entry, "question"), entry_text(entry, "answer"));
}

static void tell_pause(const json_t *entry, struct str *text)
{
    (void)entry;
    str_append(text, "the clock stands");
}

static void tell_resume(const json_t *entry, struct str *text)
{
    (void)entry;
    str_append(text, "the clock goes on");
}

static void tell_lost(const json_t *entry, struct str *text)
{
    char lost[UNITS_TEXT_MAX], given[UNITS_TEXT_MAX];
    const int64_t second = NANOSECONDS_PER_SECOND;
    str_printf(text, "%s: %s lost, %s given back", entry_text(entry, "reason"),
               duration_format(entry_integer(entry, "lost") / second * second, lost),
               duration_format(entry_integer(entry, "given") / second * second, given));
}

static void tell_fault(const json_t *entry, struct str *text)
{
    const char *problem = entry_text(entry, "problem");
    str_printf(text, "fault %s %s%s%s", entry_text(entry, "fault"),
               json_is_true(json_object_get(entry, "in")) ? "comes" : "goes", *problem ? ": " : "", problem);
}

static void tell_end(const json_t *entry, struct str *text)
{
    str_printf(text, "the clock stops: %s",
               *entry_text(entry, "reason") ? entry_text(entry, "reason") : entry_text(entry, "event"));
}

static void tell_mark(const json_t *entry, struct str *text)
{
    str_printf(text, "the text was marked%s%s", *entry_text(entry, "marker") ? " by " : "",
               entry_text(entry, "marker"));
}

/* What is not here (matrices, the score) is no event of the exercise's course. */
static const struct {
    const char *event;
    void (*tell)(const json_t *entry, struct str *text);
} tellers[] = {
    {"start", tell_start}, {"phase", tell_phase}, {"check", tell_check},   {"change", tell_text},
    {"record", tell_text}, {"hint", tell_hint},   {"claim", tell_claim},   {"answer", tell_answer},
    {"pause", tell_pause}, {"lost", tell_lost},   {"resume", tell_resume}, {"fault", tell_fault},
    {"abandon", tell_end}, {"stop", tell_end},    {"mark", tell_mark},
};

/* What is on record later than it was says when it was. */
static int64_t moment_of(const json_t *entry)
{
    const json_t *after = json_object_get(entry, "after");
    return json_is_integer(after) ? json_integer_value(after) : entry_integer(entry, "at");
}

/* Before what came later. */
static void insert(json_t *timeline, json_t *object)
{
    size_t i = json_array_size(timeline);
    double at = json_number_value(json_object_get(object, "after_s"));
    while (i > 0 && json_number_value(json_object_get(json_array_get(timeline, i - 1), "after_s")) > at)
        i--;
    json_array_insert_new(timeline, i, object);
}

json_t *timeline_json(const struct session *session)
{
    size_t i;
    json_t *entry, *timeline = json_array();
    json_array_foreach(session->entries, i, entry)
    {
        for (size_t e = 0; e < ARRAY_SIZE(tellers); e++) {
            if (!is_event(entry, tellers[e].event))
                continue;
            STR_AUTO text = STR_INIT;
            tellers[e].tell(entry, &text);
            json_t *object = json_object();
            json_object_set_new(object, "after_s", seconds_json(moment_of(entry)));
            set_text(object, "event", tellers[e].event);
            set_text(object, "text", str_text(&text));
            insert(timeline, object);
        }
    }
    return timeline;
}
