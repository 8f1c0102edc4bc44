/* The parts of a result, each a JSON value; and the points that they are made of. */
#pragma once

#include "exercise/result.h"
#include "score/diagnosis.h"

struct arena;

struct tally {
    const struct session *session;
    const json_t *outcomes; /* as recorded: {id: {verdict, …}} */
    bool final;             /* nothing more will come: what was not reached is lost */
    struct points_task *tasks;
    struct points_guard *guards;
    struct truth *truths;
    struct claim *claims;
    struct strings accept; /* full names */
    struct diagnosis diagnosis;
    struct points points; /* what the machine scored */
    struct points marked; /* with the text, where a person has marked it; else the same */
};

/* final: at the end; else questions and the diagnosis earn nothing yet, but count for the maximum. */
struct tally tally_of(const struct session *session, const json_t *outcomes, bool final, struct arena *arena);

/* How a check counts: by what was measured now and, where its phase is over, at the end of that phase. */
struct standing {
    enum verdict verdict;
    const json_t *shown; /* the outcome that decides, or NULL: not measured */
    const char *why;     /* what is to be said beside the outcome, or NULL */
};
struct standing check_standing(const struct tally *tally, const char *id, int phase);

/* ---- JSON helpers ---- */
void set_text(json_t *object, const char *key, const char *text); /* nothing where NULL */
void set_why(json_t *object, const char *format, ...) __attribute__((format(printf, 2, 3)));
json_t *text_or_null(const char *text);
json_t *ratio_json(struct ratio value); /* a whole number, or one with at most three places */
json_t *seconds_json(int64_t nanoseconds);
const char *entry_text(const json_t *entry, const char *key); /* never NULL */
int64_t entry_integer(const json_t *entry, const char *key);

/* ---- parts ---- */
/* running: nothing is told of what was not reached. */
json_t *tasks_json(const struct tally *tally, bool running);
json_t *guards_json(const struct tally *tally);
json_t *hints_json(const struct session *session);
json_t *questions_json(const struct session *session, bool running);
json_t *diagnosis_json(const struct tally *tally);
json_t *articulate_json(const struct session *session);
json_t *faults_json(const struct session *session);
json_t *phases_json(const struct session *session, int64_t elapsed);
json_t *clocks_json(const struct tally *tally);
json_t *timeline_json(const struct session *session);
json_t *reachability_json(const struct session *session);
json_t *graph_json(const struct session *session);
json_t *changes_json(const struct session *session);
