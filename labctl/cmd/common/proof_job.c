/* The jobs of a proof.  Each builds one lab, and says of each step that it shows how it ended. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/common/launch.h"
#include "cmd/common/proof.h"
#include "cmd/common/proof_lab.h"
#include "cmd/common/steps.h"
#include "doc/doc.h"
#include "model/scenario.h"

#define SETTLE_MS     2000 /* a check that a wrong fix is to turn red is believed after this long */
#define COMPARE_MS    3000 /* what is on its way (a service that starts again) may take this long to be as it was */
#define COMPARE_EVERY 150

struct lab {
    const struct proof_job *job;
    const struct proof_run *run;
    const struct scenario *scenario;
    struct launch *launch;
    struct arena *arena;
    json_t *steps, *data;
    int64_t since; /* when the present step began */
};

/* ---- steps as JSON ---- */

static json_t *notes_json(const struct proof_judgement *judgement, const struct sources *sources)
{
    json_t *notes = json_array();
    for (size_t i = 0; i < judgement->count; i++) {
        const struct proof_note *note = &judgement->notes[i];
        json_t *object =
            json_pack("{s:s, s:s}", "verdict",
                      note->verdict == PROOF_OK ? "warning" : proof_verdict_name(note->verdict), "text", note->text);
        if (note->mark.line) {
            json_object_set_new(object, "file", json_string(sources->items[note->mark.file].name));
            json_object_set_new(object, "line", json_integer(note->mark.line));
            json_object_set_new(object, "column", json_integer(note->mark.column));
        }
        json_array_append_new(notes, object);
    }
    return notes;
}

json_t *proof_step_json(enum proof_step step, const char *id, const struct proof_judgement *judgement,
                        const struct sources *sources, int64_t took)
{
    return json_pack("{s:s, s:s?, s:s, s:f, s:s, s:o}", "step", proof_step_name(step), "id", id, "verdict",
                     proof_verdict_name(judgement->verdict), "seconds", (double)(took / 1000000) / 1e3, "text",
                     judgement->summary, "notes", notes_json(judgement, sources));
}

static void end_step(struct lab *lab, enum proof_step step, const char *id, const struct proof_judgement *judgement)
{
    int64_t now = clock_boot();
    json_array_append_new(lab->steps,
                          proof_step_json(step, id, judgement, lab->run->reading.sources, now - lab->since));
    lab->since = now;
}

/* ---- the healthy lab ---- */

static int healthy(struct lab *lab, struct error *err)
{
    json_t *measured = NULL, *looks = NULL;
    STR_AUTO state = STR_INIT;
    struct proof_judgement judgement = proof_judgement_new(lab->arena);
    if (proof_lab_build(lab->launch, lab->run, proof_faults(lab->scenario, PROOF_HEALTHY, NULL), NULL, err) ||
        proof_lab_measure(lab->launch, lab->run, proof_red_tasks(lab->scenario, PROOF_HEALTHY, NULL), &measured, err))
        return -1;
    proof_judge_colors(&judgement, lab->scenario, PROOF_HEALTHY, NULL, json_object_get(measured, "checks"));
    proof_judge_listeners(&judgement, lab->scenario, json_object_get(measured, "listened"));
    end_step(lab, PROOF_HEALTHY, NULL, &judgement);
    json_object_set(lab->data, "listened", json_object_get(measured, "listened"));
    json_decref(measured);
    if (judgement.verdict != PROOF_OK)
        return 0;
    if (proof_lab_look(lab->launch, lab->run, &looks, err))
        return -1;
    json_object_set_new(lab->data, "looks", looks);
    if (proof_lab_state(lab->launch, &state, NULL, err))
        return -1;
    json_object_set_new(lab->data, "state", json_stringn(str_text(&state), state.length));
    return 0;
}

/* ---- the broken lab ---- */

/* Every node looks as it did when the lab was healthy, but for the differences. */
static size_t compare_looks(const struct lab *lab, const json_t *looks, const json_t *differences,
                            struct proof_judgement *judgement)
{
    size_t count = 0;
    const char *node;
    json_t *look;
    json_object_foreach((json_t *)looks, node, look)
    {
        const char *before = client_text(json_object_get(lab->run->healthy, "looks"), node);
        count += look_compare(judgement, node, before, json_string_value(look), differences);
    }
    return count;
}

static void search_looks(const struct lab *lab, const json_t *looks, struct proof_judgement *judgement)
{
    const char *node;
    json_t *look;
    json_object_foreach((json_t *)looks, node, look)
    {
        const char *before = client_text(json_object_get(lab->run->healthy, "looks"), node);
        look_search(judgement, node, json_string_value(look), before, &lab->run->words);
    }
}

/* Looks at the nodes until they differ no more than they may, or for long enough.  Takes the devices' state into the
 * comparison where nothing may differ. */
static int look_until_same(struct lab *lab, const json_t *differences, json_t **looks,
                           struct proof_judgement *judgement, struct error *err)
{
    int64_t deadline = clock_boot() + COMPARE_MS * INT64_C(1000000);
    for (*looks = NULL;; poll(NULL, 0, COMPARE_EVERY)) {
        STR_AUTO state = STR_INIT;
        json_t *missing = NULL, *line;
        size_t i;
        json_decref(*looks);
        *judgement = proof_judgement_new(lab->arena);
        if (proof_lab_look(lab->launch, lab->run, looks, err))
            return -1;
        size_t count = compare_looks(lab, *looks, differences, judgement);
        if (!differences) {
            if (proof_lab_state(lab->launch, &state, &missing, err))
                return -1;
            count +=
                look_compare_lines(judgement, "the lab", client_text(lab->run->healthy, "state"), str_text(&state));
            json_array_foreach(missing, i, line)
                proof_note(judgement, PROOF_FAILED, (struct mark){0}, "missing: %s", json_string_value(line));
            count += json_array_size(missing);
            json_decref(missing);
        }
        if (!count || clock_boot() > deadline)
            return 0;
    }
}

static int leaks(struct lab *lab, const json_t *differences, struct error *err)
{
    json_t *looks = NULL;
    struct proof_judgement judgement;
    if (look_until_same(lab, differences, &looks, &judgement, err))
        return -1;
    search_looks(lab, looks, &judgement);
    if (judgement.verdict == PROOF_OK)
        judgement.summary = arena_printf(lab->arena, "%zu node%s, nothing tells", json_object_size(looks),
                                         json_object_size(looks) == 1 ? "" : "s");
    end_step(lab, PROOF_LEAKS, NULL, &judgement);
    json_decref(looks);
    return 0;
}

static int take_out(struct lab *lab, struct error *err)
{
    json_t *looks = NULL;
    struct proof_judgement judgement;
    if (proof_lab_call(lab->launch, "fault-clear", NULL, NULL, err) ||
        look_until_same(lab, NULL, &looks, &judgement, err))
        return -1;
    if (judgement.verdict == PROOF_OK)
        judgement.summary = "the healthy state again";
    end_step(lab, PROOF_TAKEN_OUT, NULL, &judgement);
    json_decref(looks);
    return 0;
}

/* The certificate says what the faults change. */
static void add_changes(struct lab *lab, const json_t *differences)
{
    size_t i;
    json_t *difference, *changes = json_array();
    json_array_foreach(differences, i, difference)
    {
        json_array_append(changes, json_object_get(difference, "text"));
    }
    json_object_set_new(json_array_get(lab->steps, json_array_size(lab->steps) - 1), "changes", changes);
}

/* In force, and its symptom seen.  Ticket NULL: all faults. */
static int see_faults(struct lab *lab, const json_t *built, const struct ticket *ticket, struct error *err)
{
    enum proof_step step = ticket ? PROOF_TICKET : PROOF_FAULTS;
    struct proof_judgement faults = proof_judgement_new(lab->arena), nothing = proof_judgement_new(lab->arena);
    json_t *measured = NULL;
    if (proof_lab_measure(lab->launch, lab->run, proof_red_tasks(lab->scenario, step, ticket), &measured, err))
        return -1;
    proof_judge_force(&faults, lab->scenario, json_object_get(built, "faults"));
    proof_judge_colors(&faults, lab->scenario, step, ticket, json_object_get(measured, "checks"));
    end_step(lab, step, proof_job_id(lab->job), &faults);
    add_changes(lab, json_object_get(built, "differences"));
    if (!ticket) {
        proof_judge_nothing(&nothing, lab->scenario, json_object_get(measured, "score"));
        end_step(lab, PROOF_NOTHING, NULL, &nothing);
    }
    json_decref(measured);
    return 0;
}

/* A healthy control has nothing but what it shows. */
static int broken(struct lab *lab, const struct ticket *ticket, struct error *err)
{
    json_t *built = NULL;
    bool control = lab->scenario->control;
    int result = proof_lab_build(lab->launch, lab->run, proof_faults(lab->scenario, PROOF_FAULTS, ticket), &built, err);
    if (!result && !control)
        result = see_faults(lab, built, ticket, err);
    if (!result && !ticket)
        result = leaks(lab, json_object_get(built, "differences"), err);
    if (!result && !ticket && !control)
        result = take_out(lab, err);
    json_decref(built);
    return result;
}

/* ---- exercises ---- */

/* Measures and judges.  What a step has set going in a node may take its time: a wrong fix that is not caught is looked
 * at again, once at least, for the first look may have spent all the time on a task that is red. */
static int score(struct lab *lab, const struct wrong_fix *fix, struct proof_judgement *judgement, json_t **result,
                 struct error *err)
{
    int64_t deadline = clock_boot() + SETTLE_MS * INT64_C(1000000);
    for (bool again = false;; again = true, poll(NULL, 0, COMPARE_EVERY)) {
        *judgement = proof_judgement_new(lab->arena);
        json_decref(*result);
        *result = NULL;
        if (proof_lab_score(lab->launch, lab->run, !fix, fix ? SETTLE_MS : 0, result, err))
            return -1;
        if (fix)
            proof_judge_wrong_fix(judgement, lab->scenario, fix, *result);
        else
            proof_judge_solution(judgement, lab->scenario, *result);
        if (!fix || judgement->verdict != PROOF_FAILED || (again && clock_boot() > deadline))
            return 0;
    }
}

/* An exercise to its end.  fix NULL: the solution. */
static int solved(struct lab *lab, const struct wrong_fix *fix, struct error *err)
{
    const struct scenario *scenario = lab->scenario;
    const struct step *steps = fix ? fix->steps : scenario->solution;
    size_t count = fix ? fix->step_count : scenario->solution_count, failed = 0;
    enum proof_step step = proof_job_step(lab->job);
    struct proof_judgement judgement = proof_judgement_new(lab->arena);
    json_t *result = NULL;
    if (proof_lab_build(lab->launch, lab->run, proof_faults(scenario, step, NULL), NULL, err))
        return -1;
    if (steps_run(launch_control(lab->launch), lab->run->reading.document, steps, count, &failed, err)) {
        proof_note(&judgement, PROOF_FAILED, steps[failed].mark, "%s", err->text);
        error_clear(err);
    } else if (score(lab, fix, &judgement, &result, err)) {
        return -1;
    }
    end_step(lab, step, proof_job_id(lab->job), &judgement);
    if (result)
        json_object_set_new(lab->data, "result", result);
    return 0;
}

/* ---- jobs ---- */

enum proof_step proof_job_step(const struct proof_job *job)
{
    static const enum proof_step steps[] = {[JOB_HEALTHY] = PROOF_HEALTHY,
                                            [JOB_BROKEN] = PROOF_FAULTS,
                                            [JOB_TICKET] = PROOF_TICKET,
                                            [JOB_SOLUTION] = PROOF_SOLUTION,
                                            [JOB_WRONG_FIX] = PROOF_WRONG_FIX};
    _Static_assert(ARRAY_SIZE(steps) == JOB_KIND_COUNT, "a step for each job");
    return steps[job->kind];
}

const char *proof_job_id(const struct proof_job *job)
{
    return job->fix ? job->fix->id : job->ticket ? job->ticket->id : NULL;
}

static int do_job(struct lab *lab, struct error *err)
{
    if (proof_lab_start(lab->job, &lab->launch, err))
        return -1;
    switch (lab->job->kind) {
    case JOB_HEALTHY:
        return healthy(lab, err);
    case JOB_BROKEN:
    case JOB_TICKET:
        return broken(lab, lab->job->ticket, err);
    default:
        return solved(lab, lab->job->fix, err);
    }
}

static void fail_job(struct lab *lab, const struct error *err)
{
    struct proof_judgement judgement = proof_judgement_new(lab->arena);
    /* What the kernel refuses with the faults in, and did not without them, is the scenario's. */
    bool own = err->kind == ERR_FILE || (err->kind == ERR_SYSTEM && lab->job->kind != JOB_HEALTHY && lab->launch);
    bool machine = err->kind == ERR_CAPABILITY || err->kind == ERR_SYSTEM;
    enum proof_verdict verdict = own ? PROOF_FAILED : machine ? PROOF_UNSUPPORTED : PROOF_ERROR;
    proof_note(&judgement, verdict, (struct mark){0}, "%s", err->text);
    if (lab->launch && err->kind == ERR_SYSTEM) {
        STR_AUTO log = STR_INIT;
        launch_log(lab->launch, &log);
        if (log.length)
            proof_note(&judgement, PROOF_OK, (struct mark){0}, "the end of the lab's log: %s", str_text(&log));
    }
    end_step(lab, proof_job_step(lab->job), proof_job_id(lab->job), &judgement);
    json_object_set_new(lab->data, "error", json_string(error_kind_name(err->kind)));
}

json_t *proof_job_run(const struct proof_job *job)
{
    ARENA_AUTO arena = arena_new();
    struct error err = ERROR_INIT;
    struct lab lab = {.job = job,
                      .run = job->run,
                      .scenario = job->run->reading.scenario,
                      .arena = arena,
                      .steps = json_array(),
                      .data = json_object(),
                      .since = clock_boot()};
    if (do_job(&lab, &err))
        fail_job(&lab, &err);
    launch_end(lab.launch);
    return json_pack("{s:o, s:o}", "steps", lab.steps, "data", lab.data);
}
