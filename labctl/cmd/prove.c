/* labctl prove */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/certificate.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "cmd/common/proof.h"
#include "cmd/common/proof_show.h"
#include "doc/doc.h"
#include "load/load.h"
#include "load/scenario.h"
#include "model/scenario.h"

#define COUNT_MAX 1000 /* of seeds and rounds */

static const struct option_spec options[] = {
    {"--seeds", "N", "Prove the variants of the seeds 1 to N (default 1)."},
    {"--repeat", "N", "Prove each of them N times over (default 1): a verdict that is not the same shows."},
    {"--certificate", "FILE", "Write the certificate (JSON) there, proved or not."},
};

struct proving {
    struct context *context;
    struct arena *arena;
    struct proof_run *runs;
    size_t run_count;
    struct proof_job *jobs;
    size_t job_count;
    size_t shown_run, shown_job; /* what is printed next */
};

/* Which of two exit statuses says more: a bad file, then what is certain, then what this machine cannot. */
static int worse(int a, int b)
{
    static const int order[] = {2, 1, 3, 5};
    for (size_t i = 0; i < ARRAY_SIZE(order); i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return 0;
}

/* ---- reading ---- */

/* What the topology's things are called: the keys of its canonical text. */
static void collect_names(const struct value *value, struct strings *names, struct arena *arena)
{
    if (value->kind == VALUE_LIST)
        for (size_t i = 0; i < value->item_count; i++)
            collect_names(value->items[i], names, arena);
    if (value->kind == VALUE_MAP)
        for (size_t i = 0; i < value->entry_count; i++) {
            *ARENA_PUSH(arena, names->items, names->count) = arena_strdup(arena, value->entries[i].key);
            collect_names(value->entries[i].value, names, arena);
        }
}

static struct look_words words_of(const struct proof_run *run, struct arena *arena)
{
    ARENA_AUTO scratch = arena_new();
    struct findings findings;
    struct strings names = {0};
    findings_init(&findings, scratch);
    const struct document *document = document_parse(scratch, sources_new(scratch), "topology",
                                                     str_text(&run->topology), run->topology.length, &findings);
    if (document->root)
        collect_names(document->root, &names, scratch);
    return look_words_of(run->reading.scenario, &names, arena);
}

static int read_run(struct proving *proving, struct proof_run *run)
{
    STR_AUTO path = STR_INIT;
    struct error err = ERROR_INIT;
    const char *file = arena_strdup(proving->arena, exercise_file(run->file, &path));
    run->file = file;
    run->steps = json_array();
    run->fixes = json_array();
    struct variant variant = {.seed = run->seed};
    int status = exercise_read_variant(&run->reading, proving->context, file, &variant);
    if (status)
        return status;
    if (exercise_requirements(run->reading.scenario, &err))
        return cmd_fail(proving->context, &err);
    scenario_strip(run->reading.document, &run->stripped);
    dump_topology(run->reading.scenario->topology, &run->topology);
    run->words = words_of(run, proving->arena);
    return 0;
}

static void free_run(struct proof_run *run)
{
    exercise_reading_free(&run->reading);
    str_free(&run->stripped);
    str_free(&run->topology);
    json_decref(run->healthy);
    json_decref(run->steps);
    json_decref(run->fixes);
}

/* A whole number from 1 to COUNT_MAX, or 0. */
static unsigned count_option(struct context *context, const char *name)
{
    const char *text = cmd_option(context, name);
    char *end = NULL;
    unsigned long count = text ? strtoul(text, &end, 10) : 1;
    return text && (*end || *text < '0' || *text > '9' || count > COUNT_MAX) ? 0 : (unsigned)count;
}

/* Every seed, every round of one scenario; the first that cannot be read tells of all. */
static int read_scenario(struct proving *proving, const char *file, unsigned seeds, unsigned rounds)
{
    int status = 0;
    for (unsigned n = 0; n < seeds * rounds && !status; n++) {
        struct proof_run *run = &proving->runs[proving->run_count++];
        *run = (struct proof_run){.file = file, .round = n % rounds + 1, .seeds = seeds, .rounds = rounds};
        run->seed = arena_printf(proving->arena, "%u", n / rounds + 1);
        status = read_run(proving, run);
    }
    return status;
}

/* All of them, so that every mistake shows at once. */
static int read_all(struct proving *proving)
{
    struct context *context = proving->context;
    unsigned seeds = count_option(context, "--seeds"), rounds = count_option(context, "--repeat");
    int status = 0;
    if (!seeds || !rounds)
        return cmd_usage(context, "%s wants a whole number from 1 to %d", seeds ? "--repeat" : "--seeds", COUNT_MAX);
    proving->runs = arena_alloc(proving->arena, (size_t)context->argc * seeds * rounds * sizeof *proving->runs);
    for (int i = 0; i < context->argc; i++)
        status = worse(status, read_scenario(proving, context->argv[i], seeds, rounds));
    return status;
}

/* ---- jobs ---- */

static struct proof_job *add_job(struct proving *proving, struct proof_run *run, enum proof_job_kind kind)
{
    struct proof_job *job = &proving->jobs[proving->job_count];
    *job = (struct proof_job){.kind = kind, .run = run, .fd = -1};
    /* No lab of a person is called so: a lab's name has no dots. */
    snprintf(job->lab, sizeof job->lab, "prove.%d.%zu", (int)getpid(), ++proving->job_count);
    run->job_count++;
    return job;
}

static size_t ticket_count(const struct scenario *scenario)
{
    size_t count = 0;
    for (size_t p = 0; p < scenario->phase_count; p++)
        count += scenario->phases[p].ticket_count;
    return count;
}

static void add_jobs(struct proving *proving, struct proof_run *run)
{
    const struct scenario *scenario = run->reading.scenario;
    run->first_job = proving->job_count;
    add_job(proving, run, JOB_HEALTHY);
    add_job(proving, run, JOB_BROKEN);
    for (size_t p = 0; p < scenario->phase_count; p++)
        for (size_t t = 0; t < scenario->phases[p].ticket_count; t++)
            add_job(proving, run, JOB_TICKET)->ticket = scenario->phases[p].tickets[t];
    add_job(proving, run, JOB_SOLUTION);
    for (size_t f = 0; f < scenario->wrong_fix_count; f++)
        add_job(proving, run, JOB_WRONG_FIX)->fix = &scenario->wrong_fixes[f];
}

static void make_jobs(struct proving *proving)
{
    size_t most = 0;
    for (size_t i = 0; i < proving->run_count; i++)
        most +=
            3 + ticket_count(proving->runs[i].reading.scenario) + proving->runs[i].reading.scenario->wrong_fix_count;
    proving->jobs = arena_alloc(proving->arena, most * sizeof *proving->jobs);
    for (size_t i = 0; i < proving->run_count; i++)
        add_jobs(proving, &proving->runs[i]);
}

/* What waits most of the time can share a core. */
static size_t side_by_side(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 2 : 2 * (size_t)cores;
}

/* ---- steps ---- */

static int status_of(const char *verdict)
{
    static const struct {
        enum proof_verdict verdict;
        int status;
    } rows[] = {{PROOF_OK, 0}, {PROOF_UNSUPPORTED, 3}, {PROOF_ERROR, 5}, {PROOF_FAILED, 1}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (str_equal(verdict, proof_verdict_name(rows[i].verdict)))
            return rows[i].status;
    return 5;
}

static void take_step(struct proving *proving, struct proof_run *run, json_t *step)
{
    run->status = worse(run->status, status_of(client_text(step, "verdict")));
    proof_show_step(proving->context, step);
    json_array_append(run->steps, step);
}

/* Every guard must have been red under one of the wrong fixes. */
static void judge_guards(struct proving *proving, struct proof_run *run)
{
    ARENA_AUTO arena = arena_new();
    struct proof_judgement judgement = proof_judgement_new(arena);
    const struct scenario *scenario = run->reading.scenario;
    if (!scenario->guard_count || (scenario->control && !scenario->wrong_fix_count))
        return;
    proof_judge_guards(&judgement, scenario, run->fixes);
    json_t *step = proof_step_json(PROOF_GUARDS, NULL, &judgement, run->reading.sources, 0);
    take_step(proving, run, step);
    json_decref(step);
}

static void end_run(struct proving *proving, struct proof_run *run)
{
    if (run->healthy)
        judge_guards(proving, run);
    run->over = true;
    proof_show_outcome(proving->context, run);
    size_t runs = (size_t)run->seeds * run->rounds, before = (size_t)(run - proving->runs);
    if ((before + 1) % runs == 0)
        proof_show_tally(proving->context, run + 1 - runs, runs);
}

/* What is done is printed in the order of the proof. */
static void show(struct proving *proving)
{
    while (proving->shown_run < proving->run_count) {
        struct proof_run *run = &proving->runs[proving->shown_run];
        struct proof_job *job = &proving->jobs[run->first_job + proving->shown_job];
        if (job->state != JOB_DONE)
            return;
        if (proving->shown_job == 0)
            proof_show_heading(proving->context, run);
        size_t i;
        json_t *step;
        json_array_foreach(json_object_get(job->outcome, "steps"), i, step) take_step(proving, run, step);
        const json_t *data = json_object_get(job->outcome, "data");
        if (str_equal(client_text(data, "error"), "file"))
            run->status = 2;
        if (job->kind == JOB_WRONG_FIX && json_object_get(data, "result"))
            json_array_append(run->fixes, json_object_get(data, "result"));
        fflush(stdout);
        json_decref(job->outcome);
        job->outcome = NULL;
        if (++proving->shown_job < run->job_count)
            continue;
        end_run(proving, run);
        proving->shown_job = 0;
        proving->shown_run++;
    }
}

static void show_progress(const struct proving *proving)
{
    size_t done = 0;
    for (size_t i = 0; i < proving->job_count; i++)
        done += proving->jobs[i].state == JOB_DONE;
    if (done == proving->job_count)
        return;
    json_t *progress =
        json_pack("{s:s, s:I, s:I}", "text", "labs", "done", (json_int_t)done, "total", (json_int_t)proving->job_count);
    client_progress(proving->context, progress);
    json_decref(progress);
}

static void job_done(void *context, struct proof_job *job)
{
    struct proving *proving = context;
    struct proof_run *run = job->run;
    const json_t *data = json_object_get(job->outcome, "data");
    if (job->kind == JOB_HEALTHY && json_object_get(data, "state"))
        run->healthy = json_incref((json_t *)data);
    /* Where the healthy lab is not, nothing else can be judged. */
    for (size_t i = 1; job->kind == JOB_HEALTHY && !run->healthy && i < run->job_count; i++)
        proving->jobs[run->first_job + i].state = JOB_DONE;
    client_progress_end(proving->context);
    show(proving);
    show_progress(proving);
}

/* ---- the command ---- */

static int write_certificate(const struct proving *proving, const char *file, json_t *certificate)
{
    struct error err = ERROR_INIT;
    char *text = json_dumps(certificate, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    STR_AUTO line = STR_INIT;
    str_printf(&line, "%s\n", text ? text : "null");
    free(text);
    if (!file_replace(AT_FDCWD, file, str_text(&line), line.length, 0644))
        return 0;
    error_set_errno(&err, errno, "write the certificate %s", file);
    err.kind = ERR_FILE;
    return cmd_fail(proving->context, &err);
}

static int conclude(struct proving *proving, int64_t started, int64_t started_real)
{
    struct context *context = proving->context;
    const char *file = cmd_option(context, "--certificate");
    int status = 0;
    for (size_t i = 0; i < proving->run_count; i++)
        status = worse(status, proving->runs[i].status);
    json_t *certificate = certificate_make(proving->runs, proving->run_count, started_real, clock_boot() - started);
    if (context->format == FORMAT_JSON)
        client_print_json(certificate);
    int written = file ? write_certificate(proving, file, certificate) : 0;
    json_decref(certificate);
    return written ? written : status;
}

static int prove(struct proving *proving)
{
    int64_t started = clock_boot(), real = clock_real();
    int status = read_all(proving);
    if (status)
        return status;
    make_jobs(proving);
    int number = proof_pool_run(proving->jobs, proving->job_count, side_by_side(), job_done, proving);
    if (!number)
        return conclude(proving, started, real);
    fputs("labctl: interrupted; every lab of the proof is gone\n", stderr);
    raise(number);
    return 128 + number;
}

static int run(struct context *context)
{
    struct error err = ERROR_INIT;
    if (cmd_operands(context, 1, -1))
        return 2;
    if (exercise_forbids("prove", &err))
        return cmd_fail(context, &err);
    struct proving proving = {.context = context, .arena = arena_new()};
    int status = prove(&proving);
    for (size_t i = 0; i < proving.run_count; i++)
        free_run(&proving.runs[i]);
    arena_free(proving.arena);
    return status;
}

const struct command command_prove = {
    .name = "prove",
    .group = "an author, an instructor",
    .synopsis = "prove SCENARIO… [--seeds N] [--repeat N] [--certificate FILE]",
    .summary = "Prove that an exercise is solvable and its wrong fixes do not pass",
    .description =
        "Each SCENARIO is a file, or the name of one that labctl ships.  Of each variant it is shown, in labs that "
        "nobody "
        "else sees:\n"
        "  healthy        repair tasks and guards are green, build tasks red\n"
        "  faults         each is in force; exactly the tasks are red, the guards green\n"
        "  nothing done   no points for tasks\n"
        "  leaks          no node shows a word of the scenario, and nothing differs that the faults do not change\n"
        "  taken out      without the faults the state is the healthy one again\n"
        "  ticket ID      one ticket's faults alone turn exactly its own tasks red\n"
        "  solution       its steps, the right answers and the true claim give all points\n"
        "  wrong fix ID   below the pass mark, and red is what it names in caught_by\n"
        "  guards         each is red under at least one wrong fix\n"
        "One line for each step, and below it what was expected and what was seen.  Exit status 0 proved, 1 not "
        "proved, 2 "
        "a bad file, 3 where this machine cannot, 5 where something could not be judged.  With `--format json` the "
        "certificate.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
