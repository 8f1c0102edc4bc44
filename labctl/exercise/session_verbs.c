/* What a learner does, and what is recorded of it: hints, claims, answers, texts; matrices, marks, the score. */
#include <ctype.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/str.h"
#include "exercise/replay.h"
#include "fault/fault.h"
#include "score/diagnosis.h"
#include "score/question.h"

/* ---- hints ---- */

static bool can_be_bought(const struct session *session, size_t hint)
{
    const struct task *task = scenario_task(session->scenario, session->scenario->hints[hint].task);
    return !session->bought[hint] && (!task || session_reached(session, task->phase));
}

const struct hint *session_next_hint(const struct session *session, const char *task)
{
    for (size_t i = 0; i < session->scenario->hint_count; i++) {
        const struct hint *hint = &session->scenario->hints[i];
        if (can_be_bought(session, i) && (!task || str_equal(hint->task, task)))
            return hint;
    }
    return NULL;
}

int session_buy_hint(struct session *session, const struct hint *hint, int64_t boot, int64_t real, struct error *err)
{
    if (session_needs_clock(session, err))
        return -1;
    json_t *entry = json_pack("{s:I, s:s, s:I}", "hint", (json_int_t)(hint - session->scenario->hints), "task",
                              hint->task, "cost", (json_int_t)hint->cost);
    return session_note(session, "hint", entry, boot, real, err);
}

uint32_t session_hint_cost(const struct session *session, const char *task)
{
    uint32_t cost = 0;
    for (size_t i = 0; i < session->scenario->hint_count; i++)
        if (session->bought[i] && str_equal(session->scenario->hints[i].task, task))
            cost += session->scenario->hints[i].cost;
    return cost;
}

/* ---- claims ---- */

/* What is wrong with a claim: all of it, a line each, and the kind of the first. */
struct refusal {
    struct str *text;
    enum error_kind kind;
};

static void refuse(struct refusal *refusal, enum error_kind kind, const char *problem, const char *name,
                   const char *near, const char *otherwise)
{
    str_printf(refusal->text, "%s%s '%s'", refusal->text->length ? "\n" : "", problem, name);
    if (near)
        str_printf(refusal->text, "; did you mean '%s'?", near);
    else if (otherwise)
        str_printf(refusal->text, "; %s", otherwise);
    refusal->kind = refusal->kind ? refusal->kind : kind;
}

static void check_kind(const char *what, struct refusal *refusal)
{
    if (!what || fault_kind_find(what))
        return;
    ARENA_AUTO arena = arena_new();
    const char **names = NULL;
    size_t count = 0;
    for (size_t i = 0; i < fault_kind_count; i++)
        *ARENA_PUSH(arena, names, count) = fault_kinds[i]->name;
    refuse(refusal, ERR_USAGE, "no kind of fault is called", what, str_nearest(what, names, count),
           "`labctl fault list` names them");
}

/* The full names, each once. */
static void check_places(const struct session *session, const struct strings *where, json_t *places,
                         struct refusal *refusal)
{
    for (size_t i = 0; i < where->count; i++) {
        const char *near = NULL;
        struct thing thing = topology_thing(session->scenario->topology, where->items[i], &near);
        if (thing.kind == THING_NONE) {
            refuse(refusal, ERR_ABSENT, "nothing in this lab is called", where->items[i], near, NULL);
            continue;
        }
        const char *name = thing_name(session->scenario->topology, &thing);
        bool known = false;
        for (size_t p = 0; p < json_array_size(places); p++)
            known = known || str_equal(json_string_value(json_array_get(places, p)), name);
        if (!known)
            json_array_append_new(places, json_string(name));
    }
}

int session_claim(struct session *session, const struct strings *where, const char *what, bool none, int64_t boot,
                  int64_t real, struct error *err)
{
    if (session_needs_clock(session, err))
        return -1;
    if (none && (where->count || what))
        return error_set(err, ERR_USAGE, "a claim says that nothing is broken, or where and what is, not both");
    if (!none && !where->count && !what)
        return error_set(err, ERR_USAGE,
                         "a claim says where (--where) and what (--what) is broken, or that nothing is "
                         "(--none)");
    if (where->count > CLAIM_PLACES_MAX)
        return error_set(err, ERR_USAGE, "a claim names at most %d places, not %zu", CLAIM_PLACES_MAX, where->count);
    STR_AUTO text = STR_INIT;
    struct refusal refusal = {.text = &text};
    json_t *places = json_array();
    check_kind(what, &refusal);
    check_places(session, where, places, &refusal);
    if (refusal.kind) {
        json_decref(places);
        return error_set(err, refusal.kind, "%s", str_text(&text));
    }
    json_t *entry = json_pack("{s:o, s:s?, s:b}", "where", places, "what", what, "none", none);
    return session_note(session, "claim", entry, boot, real, err);
}

/* ---- answers ---- */

static const struct question *find_question(const struct session *session, const char *id, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    const char **ids = NULL;
    size_t count = 0;
    const struct scenario *scenario = session->scenario;
    for (size_t i = 0; i < scenario->question_count; i++) {
        const struct question *question = &scenario->questions[i];
        if (!session_reached(session, question->phase))
            continue;
        if (str_equal(question->id, id))
            return question;
        *ARENA_PUSH(arena, ids, count) = question->id;
    }
    const char *near = str_nearest(id, ids, count);
    error_set(err, ERR_ABSENT, "no question is called '%s'%s%s%s", id, near ? "; did you mean '" : "", near ? near : "",
              near ? "'?" : "");
    return NULL;
}

int session_answer(struct session *session, const char *id, const char *answer, int64_t boot, int64_t real,
                   struct error *err)
{
    if (session_needs_clock(session, err))
        return -1;
    const struct question *question = find_question(session, id, err);
    if (!question || question_admits(question, answer, err))
        return -1;
    json_t *entry = json_pack("{s:s, s:s}", "question", question->id, "answer", answer);
    if (!entry)
        return error_set(err, ERR_USAGE, "the answer to '%s' is not valid UTF-8", id);
    return session_note(session, "answer", entry, boot, real, err);
}

static size_t count_words(const char *text, size_t length)
{
    size_t words = 0;
    bool inside = false;
    for (size_t i = 0; i < length; i++) {
        bool space = isspace((unsigned char)text[i]);
        words += !space && !inside;
        inside = !space;
    }
    return words;
}

int session_articulate(struct session *session, const char *text, size_t length, const char *file, int64_t boot,
                       int64_t real, struct error *err)
{
    char sum[SHA256_TEXT];
    if (session_needs_clock(session, err))
        return -1;
    if (!session->scenario->articulate)
        return error_set(err, ERR_ABSENT, "this exercise asks for no text");
    sha256_text(text, length, sum);
    json_t *entry = json_pack("{s:s, s:s, s:I, s:s}", "question", "articulate", "file", file, "words",
                              (json_int_t)count_words(text, length), "sha256", sum);
    return session_note(session, "answer", entry, boot, real, err);
}

/* ---- the end ---- */

int session_score(struct session *session, const struct outcome *outcomes, size_t count,
                  const struct session_record *record, int64_t boot, int64_t real, struct error *err)
{
    static const struct session_record nothing;
    char total[RATIO_TEXT_MAX];
    if (!record)
        record = &nothing;
    if (session->state != SESSION_ENDED) {
        json_decref(record->graph);
        return error_set(err, ERR_BUSY, "the exercise is %s: it has no score", session_state_name(session->state));
    }
    struct points points = result_points(session, outcomes, count);
    json_t *entry =
        json_pack("{s:s, s:I, s:b, s:o, s:s*, s:s*, s:o*}", "total", ratio_exact(points.total, total), "maximum",
                  (json_int_t)points.maximum, "passed", points.passed, "outcomes", outcomes_json(outcomes, count),
                  "scenario_text", record->scenario, "topology_text", record->topology, "graph", record->graph);
    return session_note(session, "score", entry, boot, real, err);
}

static int check_marks(const struct articulate *articulate, const uint32_t *awarded, size_t count, struct error *err)
{
    size_t lines = articulate->rubric_count ? articulate->rubric_count : 1;
    if (count != lines)
        return error_set(err, ERR_USAGE, "%zu marks are wanted, one for each line of the rubric, not %zu", lines,
                         count);
    for (size_t i = 0; i < count; i++) {
        uint32_t most = articulate->rubric_count ? articulate->rubric[i].points : articulate->points;
        if (awarded[i] > most)
            return error_set(err, ERR_USAGE, "mark %zu is %u, more than the %u points that there are", i + 1,
                             awarded[i], most);
    }
    return 0;
}

int session_mark(struct session *session, const char *marker, const uint32_t *awarded, size_t count, json_t *quotes,
                 int64_t boot, int64_t real, struct error *err)
{
    const struct articulate *articulate = session->scenario->articulate;
    int failed = 0;
    if (!articulate || session->state != SESSION_ENDED)
        failed = error_set(err, ERR_BUSY, "there is no text to be marked");
    if (failed || check_marks(articulate, awarded, count, err)) {
        json_decref(quotes);
        return -1;
    }
    json_t *marks = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(marks, json_integer(awarded[i]));
    json_t *entry = json_pack("{s:s?, s:o, s:o*}", "marker", marker, "awarded", marks, "quotes", quotes);
    return session_note(session, "mark", entry, boot, real, err);
}

uint32_t session_marked(const struct session *session)
{
    size_t i;
    const json_t *mark;
    uint32_t sum = 0;
    json_array_foreach(json_object_get(session->marks, "awarded"), i, mark) sum += (uint32_t)json_integer_value(mark);
    return sum;
}

/* One row a pair: [from, to, port, open]. */
int session_matrix(struct session *session, enum session_moment moment, const struct reach_matrix *matrix, int64_t boot,
                   int64_t real, struct error *err)
{
    json_t *reach = json_array();
    for (size_t i = 0; i < matrix->count; i++) {
        const struct reach *pair = &matrix->items[i];
        json_array_append_new(reach, json_pack("[s, s, i, b]", pair->from, pair->to, (int)pair->port, pair->open));
    }
    return session_note(session, "matrix",
                        json_pack("{s:s, s:o}", "moment", session_moment_name(moment), "reach", reach), boot, real,
                        err);
}
