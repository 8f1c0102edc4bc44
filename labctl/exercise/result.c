/* What a result is made of, in its order. */
#include "exercise/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/units.h"
#include "exercise/replay.h"
#include "exercise/result_parts.h"

/* ---- JSON helpers ---- */

json_t *text_or_null(const char *text)
{
    json_t *value = text ? json_string(text) : json_null();
    return value ? value : json_string("(not valid UTF-8)");
}

void set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, text_or_null(text));
}

void set_why(json_t *object, const char *format, ...)
{
    STR_AUTO text = STR_INIT;
    va_list args;
    va_start(args, format);
    str_vprintf(&text, format, args);
    va_end(args);
    set_text(object, "why", str_text(&text));
}

json_t *ratio_json(struct ratio value)
{
    char text[RATIO_TEXT_MAX];
    return ratio_is_whole(value) ? json_integer(value.above) : json_real(strtod(ratio_format(value, text), NULL));
}

json_t *seconds_json(int64_t nanoseconds)
{
    return json_real((double)(nanoseconds / 1000000) / 1e3);
}

const char *entry_text(const json_t *entry, const char *key)
{
    const char *text = json_string_value(json_object_get(entry, key));
    return text ? text : "";
}

int64_t entry_integer(const json_t *entry, const char *key)
{
    return json_integer_value(json_object_get(entry, key));
}

/* ---- points ---- */

/* "83.33": a share as a percentage with two places, rounded down, so that it never shows a pass mark that was missed.
 */
static json_t *percent_json(uint32_t share)
{
    return json_real((double)(share / (SHARE_WHOLE / 10000)) / 100.0);
}

/* text: whether a person has marked one. */
static void explain_points(json_t *object, const struct points *points, const char *pass, bool text)
{
    char diagnosis[RATIO_TEXT_MAX], earned[RATIO_TEXT_MAX], total[RATIO_TEXT_MAX], marked[40] = "";
    if (text)
        snprintf(marked, sizeof marked, " + text %llu", (unsigned long long)points->text);
    unsigned hundredths = points->share / (SHARE_WHOLE / 10000);
    set_why(object,
            "tasks %llu + questions %llu + diagnosis %s%s = %s points earned, less %llu for red guards: %s of %llu "
            "(%u.%02u%%); pass mark %s: %s",
            (unsigned long long)points->tasks, (unsigned long long)points->questions,
            ratio_format(points->diagnosis, diagnosis), marked, ratio_format(points->earned, earned),
            (unsigned long long)points->penalties, ratio_format(points->total, total),
            (unsigned long long)points->maximum, hundredths / 100, hundredths % 100, pass,
            points->passed ? "passed" : "not passed");
}

static json_t *points_json(const struct points *points, uint32_t pass, bool text)
{
    char mark[UNITS_TEXT_MAX], exact[RATIO_TEXT_MAX];
    json_t *object = json_object();
    share_format(pass, mark);
    json_object_set_new(object, "tasks", json_integer((json_int_t)points->tasks));
    json_object_set_new(object, "questions", json_integer((json_int_t)points->questions));
    json_object_set_new(object, "diagnosis", ratio_json(points->diagnosis));
    if (text)
        json_object_set_new(object, "text", json_integer((json_int_t)points->text));
    json_object_set_new(object, "earned", ratio_json(points->earned));
    json_object_set_new(object, "penalties", json_integer((json_int_t)points->penalties));
    json_object_set_new(object, "total", ratio_json(points->total));
    set_text(object, "exact", ratio_exact(points->total, exact));
    json_object_set_new(object, "maximum", json_integer((json_int_t)points->maximum));
    json_object_set_new(object, "percent", percent_json(points->share));
    set_text(object, "pass_mark", mark);
    json_object_set_new(object, "passed", json_boolean(points->passed));
    explain_points(object, points, mark, text);
    return object;
}

/* ---- the whole ---- */

/* Only at the end: what was drawn may tell what is broken. */
static json_t *variables_json(const struct scenario *scenario)
{
    json_t *variables = json_object();
    for (size_t i = 0; i < scenario->variable_count; i++)
        json_object_set_new(variables, scenario->variables[i].name, json_string(scenario->variables[i].value));
    return variables;
}

static json_t *head(const struct session *session)
{
    const struct scenario *scenario = session->scenario;
    const json_t *start = json_array_get(session->entries, 0);
    json_t *object = json_object();
    json_object_set_new(object, "version", json_integer(RESULT_VERSION));
    set_text(object, "scenario", scenario->name);
    set_text(object, "title", scenario->title);
    set_text(object, "lab", scenario->topology->name);
    if (scenario->level)
        json_object_set_new(object, "level", json_integer(scenario->level));
    set_text(object, "mode", session_mode_name(session->mode));
    set_text(object, "note",
             session->mode == SESSION_EXAM ? "exam on the candidate's machine: evidence, not proof"
                                           : "self-study, unverified");
    json_object_set_new(object, "seed", text_or_null(json_string_value(json_object_get(start, "seed"))));
    json_object_set_new(object, "learner", text_or_null(json_string_value(json_object_get(start, "learner"))));
    set_text(object, "state", session_state_name(session->state));
    return object;
}

static void set_times(json_t *result, const struct session *session, int64_t elapsed)
{
    int64_t allowed = scenario_time(session->scenario);
    json_object_set_new(result, "time_used_s", seconds_json(elapsed));
    json_object_set_new(result, "time_allowed_s", allowed ? seconds_json(allowed) : json_null());
}

static json_t *journal_json(const struct session *session)
{
    return json_pack("{s:I, s:s, s:b}", "entries", (json_int_t)session->journal.count, "head", session->journal.head,
                     "keyed", session->journal.key.length > 0);
}

json_t *result_make(const struct session *session, struct points *points)
{
    ARENA_AUTO arena = arena_new();
    char time[CLOCK_TEXT_MAX];
    struct tally tally = tally_of(session, json_object_get(session->score, "outcomes"), true, arena);
    json_t *result = head(session);
    json_object_set_new(result, "variables", variables_json(session->scenario));
    set_text(result, "end", session_end_name(session->end));
    set_text(result, "started", clock_format_real(session->started_real, time));
    set_text(result, "ended", clock_format_real(session->ended_real, time));
    set_times(result, session, session->elapsed);
    json_object_set_new(result, "pauses_s", seconds_json(session->paused));
    json_object_set_new(result, "lost_s", seconds_json(session->lost));
    bool marked = session->marks != NULL;
    uint32_t pass = session->scenario->pass;
    json_object_set_new(result, "points", points_json(&tally.marked, pass, marked));
    json_object_set_new(result, "machine_points", marked ? points_json(&tally.points, pass, false) : json_null());
    json_object_set_new(result, "phases", phases_json(session, session->elapsed));
    json_object_set_new(result, "tasks", tasks_json(&tally, false));
    json_object_set_new(result, "guards", guards_json(&tally));
    json_object_set_new(result, "questions", questions_json(session, false));
    json_object_set_new(result, "diagnosis", diagnosis_json(&tally));
    json_object_set_new(result, "articulate", articulate_json(session));
    json_object_set_new(result, "hints", hints_json(session));
    json_object_set_new(result, "faults", faults_json(session));
    json_object_set_new(result, "clocks", clocks_json(&tally));
    json_object_set_new(result, "reachability", reachability_json(session));
    json_object_set_new(result, "timeline", timeline_json(session));
    json_object_set_new(result, "topology_changes", changes_json(session));
    json_object_set_new(result, "graph", graph_json(session));
    json_object_set(result, "notes", session->notes);
    json_object_set_new(result, "journal", journal_json(session));
    if (points)
        *points = tally.points;
    return result;
}

/* The tickets of the phases reached, as the briefing names them. */
static json_t *tickets_json(const struct session *session)
{
    json_t *tickets = json_array();
    for (size_t p = 0; p < session->scenario->phase_count && session_reached(session, (int)p); p++) {
        const struct phase *phase = &session->scenario->phases[p];
        for (size_t t = 0; t < phase->ticket_count; t++)
            json_array_append_new(tickets, json_pack("{s:s, s:s?, s:s, s:s?}", "id", phase->tickets[t]->id, "title",
                                                     phase->tickets[t]->title, "phase", phase->id, "restrict",
                                                     phase->tickets[t]->restriction));
    }
    return tickets;
}

/* What is to be written, without what it is marked by. */
static json_t *asked_text_json(const struct session *session)
{
    const struct articulate *articulate = session->scenario->articulate;
    if (!articulate)
        return json_null();
    return json_pack("{s:s, s:o, s:I, s:I}", "prompt", articulate->prompt, "words_wanted",
                     articulate->words ? json_integer(articulate->words) : json_null(), "words",
                     (json_int_t)session->text_words, "points", (json_int_t)articulate->points);
}

json_t *result_status(const struct session *session, const struct outcome *outcomes, size_t count, int64_t boot)
{
    ARENA_AUTO arena = arena_new();
    json_t *recorded = outcomes_json(outcomes, count), *result = head(session);
    struct tally tally = tally_of(session, recorded, false, arena);
    int64_t left = session_left(session, boot), elapsed = session_elapsed(session, boot);
    set_text(result, "briefing", session->scenario->briefing);
    set_times(result, session, elapsed);
    json_object_set_new(result, "time_left_s", left == INT64_MAX ? json_null() : seconds_json(left));
    json_object_set_new(result, "phase", text_or_null(session_phase(session) ? session_phase(session)->id : NULL));
    json_object_set_new(result, "phases", phases_json(session, elapsed));
    json_object_set_new(result, "points", points_json(&tally.points, session->scenario->pass, false));
    json_object_set_new(result, "tasks", tasks_json(&tally, true));
    json_object_set_new(result, "guards", guards_json(&tally));
    json_object_set_new(result, "questions", questions_json(session, true));
    json_object_set_new(result, "tickets", tickets_json(session));
    json_object_set_new(result, "diagnosis_points", json_integer(session->scenario->diagnosis_points));
    json_object_set_new(result, "claims", json_integer((json_int_t)session->claim_count));
    json_object_set_new(result, "articulate", asked_text_json(session));
    json_object_set_new(result, "hints", hints_json(session));
    size_t more = 0;
    for (size_t i = 0; i < session->scenario->hint_count; i++)
        more += !session->bought[i];
    json_object_set_new(result, "hints_left", json_integer((json_int_t)more));
    json_object_set_new(result, "journal", journal_json(session));
    json_object_set_new(
        result, "directory",
        text_or_null(json_string_value(json_object_get(json_array_get(session->entries, 0), "directory"))));
    json_decref(recorded);
    return result;
}
