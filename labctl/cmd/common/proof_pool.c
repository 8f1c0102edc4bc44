/* Jobs of proofs side by side.  Each is a child process with a lab of its own: the lab lives only as long as the child,
 * and the child only as long as this process, so that nothing is left whoever is killed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "cmd/common/proof.h"
#include "lab/start.h"

#define OUTCOME_MAX ((size_t)256 << 20)
#define TRIES_MAX   3
#define GRACE_MS    5000 /* for children to take their labs down after a signal */

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    interrupted = number;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static void set_signals(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
}

static json_t *failed_outcome(const struct proof_job *job, const char *text)
{
    return json_pack("{s:[{s:s, s:s?, s:s, s:f, s:s, s:[{s:s, s:s}]}], s:{s:s}}", "steps", "step",
                     proof_step_name(proof_job_step(job)), "id", proof_job_id(job), "verdict",
                     proof_verdict_name(PROOF_ERROR), "seconds", 0.0, "text", "", "notes", "verdict",
                     proof_verdict_name(PROOF_ERROR), "text", text, "data", "error", error_kind_name(ERR_PROBE));
}

/* ---- one job ---- */

static _Noreturn void child(const struct proof_job *job, int fd, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    set_signals(SIG_DFL);
    json_t *outcome = proof_job_run(job);
    char *text = json_dumps(outcome, JSON_COMPACT);
    int failed = !text || fd_write_all(fd, text, strlen(text));
    _exit(failed ? 1 : 0);
}

static int start(struct proof_job *job)
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC))
        return -1;
    fflush(NULL);
    job->pid = fork();
    if (job->pid == 0) {
        close(ends[0]);
        child(job, ends[1], parent);
    }
    close(ends[1]);
    job->fd = ends[0];
    if (job->pid > 0)
        return 0;
    close(ends[0]);
    return -1;
}

static void finish(struct proof_job *job)
{
    int status = 0;
    char text[160];
    close(job->fd);
    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    job->pid = 0;
    job->outcome = json_loadb(str_text(&job->said), job->said.length, 0, NULL);
    str_free(&job->said);
    if (!job->outcome) {
        if (WIFSIGNALED(status))
            snprintf(text, sizeof text, "its process was ended by signal %d", WTERMSIG(status));
        else
            snprintf(text, sizeof text, "its process ended with status %d", WEXITSTATUS(status));
        job->outcome = failed_outcome(job, text);
    }
    job->state = JOB_DONE;
}

/* What went wrong the times before, as warnings of the first step. */
static void tell_troubles(struct proof_job *job)
{
    json_array_extend(json_object_get(json_array_get(json_object_get(job->outcome, "steps"), 0), "notes"),
                      job->troubles);
    json_decref(job->troubles);
    job->troubles = NULL;
}

static void take_trouble(struct proof_job *job)
{
    const json_t *steps = json_object_get(job->outcome, "steps");
    const json_t *last = json_array_get(steps, json_array_size(steps) - 1);
    const char *text = json_string_value(json_object_get(json_array_get(json_object_get(last, "notes"), 0), "text"));
    if (!job->troubles)
        job->troubles = json_array();
    json_array_append_new(job->troubles, json_pack("{s:s, s:o}", "verdict", "warning", "text",
                                                   json_sprintf("it was done once more after: %s", text ? text : "")));
}

/* What failed by itself (a lab that could not be made, a process that died) is no verdict: it is done again, as a check
 * is that had an error. */
static bool try_again(struct proof_job *job)
{
    const char *error = json_string_value(json_object_get(json_object_get(job->outcome, "data"), "error"));
    enum error_kind kind = error ? error_kind_from_name(error) : ERR_NONE;
    if ((kind != ERR_SYSTEM && kind != ERR_PROBE) || ++job->tries >= TRIES_MAX) {
        tell_troubles(job);
        return false;
    }
    take_trouble(job);
    json_decref(job->outcome);
    job->outcome = NULL;
    job->state = JOB_WAITING;
    size_t length = strlen(job->lab); /* the one before may still be on its way out */
    snprintf(job->lab + length, sizeof job->lab - length, ".%u", job->tries);
    return true;
}

/* True at the end of what it says. */
static bool listen_to(struct proof_job *job)
{
    char chunk[65536];
    ssize_t got = read(job->fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR)
        return false;
    if (got > 0 && job->said.length < OUTCOME_MAX)
        str_append_bytes(&job->said, chunk, (size_t)got);
    return got <= 0;
}

/* ---- all ---- */

static bool may_start(const struct proof_job *jobs, const struct proof_job *job)
{
    return job->state == JOB_WAITING && (job->kind == JOB_HEALTHY || jobs[job->run->first_job].state == JOB_DONE);
}

static size_t start_some(struct proof_job *jobs, size_t count, size_t most, size_t running, proof_job_done *done,
                         void *context)
{
    for (size_t i = 0; i < count && running < most; i++) {
        if (!may_start(jobs, &jobs[i]))
            continue;
        if (start(&jobs[i])) {
            jobs[i].outcome = failed_outcome(&jobs[i], strerror(errno));
            jobs[i].state = JOB_DONE;
            done(context, &jobs[i]);
            continue;
        }
        jobs[i].state = JOB_RUNNING;
        running++;
    }
    return running;
}

/* Waits for something to be said; a job that has ended is over.  Returns how many have. */
static size_t wait_for_some(struct proof_job *jobs, size_t count, proof_job_done *done, void *context)
{
    ARENA_AUTO arena = arena_new();
    struct pollfd *ready = arena_alloc(arena, (count + 1) * sizeof *ready);
    size_t ended = 0;
    for (size_t i = 0; i < count; i++)
        ready[i] = (struct pollfd){.fd = jobs[i].state == JOB_RUNNING ? jobs[i].fd : -1, .events = POLLIN};
    if (poll(ready, count, -1) < 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (ready[i].fd < 0 || !ready[i].revents || !listen_to(&jobs[i]))
            continue;
        finish(&jobs[i]);
        ended++;
        if (try_again(&jobs[i]))
            continue;
        done(context, &jobs[i]);
    }
    return ended;
}

/* Waits until a lab is gone whose process was killed. */
static void wait_for_lab(const char *lab)
{
    struct keeper_process keeper;
    if (keeper_find(lab, &keeper, NULL))
        return;
    keeper_end(&keeper, GRACE_MS, NULL);
    keeper_process_close(&keeper);
}

static void end_all(struct proof_job *jobs, size_t count)
{
    int64_t deadline = clock_boot() + GRACE_MS * INT64_C(1000000);
    for (size_t i = 0; i < count; i++)
        if (jobs[i].state == JOB_RUNNING)
            kill(jobs[i].pid, SIGTERM);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].state != JOB_RUNNING)
            continue;
        struct pollfd ended = {.fd = jobs[i].fd, .events = POLLIN};
        int64_t left = (deadline - clock_boot()) / 1000000;
        while (left > 0 && poll(&ended, 1, (int)left) >= 0 && ended.revents && !listen_to(&jobs[i]))
            left = (deadline - clock_boot()) / 1000000;
        kill(jobs[i].pid, SIGKILL);
        waitpid(jobs[i].pid, NULL, 0);
        close(jobs[i].fd);
        str_free(&jobs[i].said);
        wait_for_lab(jobs[i].lab);
    }
}

int proof_pool_run(struct proof_job *jobs, size_t count, size_t most, proof_job_done *done, void *context)
{
    set_signals(interrupt);
    size_t over = 0, running = 0;
    while (over < count && !interrupted) {
        running = start_some(jobs, count, most, running, done, context);
        running -= wait_for_some(jobs, count, done, context);
        over = 0;
        for (size_t i = 0; i < count; i++)
            over += jobs[i].state == JOB_DONE;
    }
    if (interrupted)
        end_all(jobs, count);
    set_signals(SIG_DFL);
    return interrupted;
}
