/* Proving a scenario: its jobs, each a lab of its own in a process of its own, and the steps that they show. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "cmd/common/exercise.h"
#include "exercise/look.h"
#include "exercise/proof.h"

struct context;
struct ticket;
struct wrong_fix;

/* One variant of a scenario, proved once. */
struct proof_run {
    const char *file;
    const char *seed;       /* NULL: the scenario as it stands */
    unsigned round;         /* from 1 */
    unsigned seeds, rounds; /* of its scenario */
    struct exercise_reading reading;
    struct str stripped, topology;
    struct look_words words;
    json_t *healthy; /* what the job of the healthy lab has found out: listened, looks, state */
    size_t first_job, job_count;
    json_t *steps; /* [{step, id, verdict, seconds, text, notes}], in the order of the proof */
    json_t *fixes; /* results of the wrong fixes */
    int status;    /* exit status that it asks for */
    bool over;
};

enum proof_job_kind { JOB_HEALTHY, JOB_BROKEN, JOB_TICKET, JOB_SOLUTION, JOB_WRONG_FIX, JOB_KIND_COUNT };

struct proof_job {
    enum proof_job_kind kind;
    const struct ticket *ticket;
    const struct wrong_fix *fix;
    struct proof_run *run;
    char lab[64];
    /* of the pool */
    unsigned tries;   /* that failed by themselves */
    json_t *troubles; /* what was wrong with them: notes */
    pid_t pid;
    int fd;
    struct str said;
    enum { JOB_WAITING, JOB_RUNNING, JOB_DONE } state;
    json_t *outcome;
};

/* The step that a job shows first, and what it is called there (NULL: by the step alone). */
enum proof_step proof_job_step(const struct proof_job *job);
const char *proof_job_id(const struct proof_job *job);
/* Does a job in this process: builds its lab, looks, judges, takes it down.  {"steps": […], "data": …, "error"?: {kind,
 * text}}. */
json_t *proof_job_run(const struct proof_job *job);

/* A step as the certificate shows it. */
json_t *proof_step_json(enum proof_step step, const char *id, const struct proof_judgement *judgement,
                        const struct sources *sources, int64_t took);

/* Runs jobs side by side, `most` at once, each in a child process; calls back when one is done (job->outcome is set),
 * in the order in which they end.  A job waits until the first one of its run is done.  Returns 0, or the signal that
 * interrupted it, when every lab is gone. */
typedef void proof_job_done(void *context, struct proof_job *job);
int proof_pool_run(struct proof_job *jobs, size_t count, size_t most, proof_job_done *done, void *context);
