/* How an exercise starts.  "exercise-prove": a healthy lab is built and every check must be green.  Beside it, to
 * another lab, "exercise-build": the same, built with the faults folded in, so that nothing was changed and there is
 * nothing to find but the state itself; each fault must be in force.  "exercise-look" measures all that is measured in
 * the healthy one, at the same time; "exercise-break", told what the healthy one has shown, judges: each symptom must
 * be seen, exactly the repair tasks red, the guards green.  (Who listened in the healthy lab matters only where a
 * service is gone: then it is measured once more.)  Where only some of the faults are those of the beginning, that is a
 * lab with the faults of all phases, and another is built with those of the beginning alone.  "exercise-begin" then
 * starts the clock in the latter.  Scheduled faults are no part of it: nobody waits for them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "director/start.h"
#include "doc/doc.h"
#include "load/load.h"
#include "load/scenario.h"
#include "model/check.h"

#define TEXT_MAX ((size_t)64 << 20)

void start_free(struct start *start)
{
    if (!start)
        return;
    start_forget(start);
    scenario_free(start->scenario);
    str_free(&start->stripped);
    str_free(&start->problems);
    json_decref(start->listened);
    free(start);
}

int exercise_load(const char *stripped, const char *topology, const char *allotments, struct scenario **out,
                  struct error *err)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO text = STR_INIT;
    struct findings findings;
    findings_init(&findings, arena);
    struct sources *sources = sources_new(arena);
    scenario_join(stripped, topology, &text);
    if (!load_scenario_keeping("scenario", str_text(&text), text.length, allotments, sources, &findings, out))
        return 0;
    const char *first = findings_first(&findings, sources, arena);
    error_set(err, ERR_FILE, "%s", first ? first : "the scenario is not valid");
    scenario_free(*out);
    *out = NULL;
    return -1;
}

static int read_text(struct request *request, size_t index, struct str *out, struct error *err)
{
    int fd = request_fd(request, index);
    if (fd < 0)
        return error_set(err, ERR_USAGE, "'%s' needs the scenario and its topology", request_verb(request));
    if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, out, TEXT_MAX))
        return error_set(err, ERR_SYSTEM, "read the scenario: it could not be handed over");
    return 0;
}

struct start *start_read(struct request *request, struct str *topology, struct error *err)
{
    struct start *start = calloc(1, sizeof *start);
    if (!start)
        arena_exhausted();
    start->request = request;
    if (read_text(request, 0, &start->stripped, err) || read_text(request, 1, topology, err) ||
        exercise_load(str_text(&start->stripped), str_text(topology), NULL, &start->scenario, err)) {
        start_free(start);
        return NULL;
    }
    return start;
}

void start_say(struct start *start, const char *text)
{
    request_progress(start->request, json_pack("{s:s}", "text", text));
}

void start_problem(struct start *start, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    str_append(&start->problems, "\n  ");
    str_vprintf(&start->problems, format, args);
    va_end(args);
}

/* A check that has no verdict speaks for nothing; green where green is wanted is fine. */
bool start_judged(struct start *start, const struct check_result *result)
{
    if (result->verdict == VERDICT_PASS || result->verdict == VERDICT_FAIL)
        return true;
    start->error = start->error || result->verdict == VERDICT_ERROR;
    start->unsupported = start->unsupported || result->verdict == VERDICT_UNSUPPORTED;
    start_problem(start, "%s (%s) could not be judged: %s", result->id, result->asked, result->seen);
    return false;
}

void start_want_green(struct start *start, const struct check_result *result)
{
    if (start_judged(start, result) && result->verdict == VERDICT_FAIL)
        start_problem(start, "%s (%s): expected %s, got %s", result->id, result->asked, result->expected, result->seen);
}

void start_set_error(const struct start *start, struct error *err, const char *what)
{
    enum error_kind kind = start->unsupported ? ERR_CAPABILITY : start->error ? ERR_PROBE : ERR_FILE;
    const struct scenario *scenario = start->scenario;
    STR_AUTO variant = STR_INIT;
    if (scenario->seed && *scenario->seed)
        str_printf(&variant, ", seed %s", scenario->seed);
    if (scenario->learner && *scenario->learner)
        str_printf(&variant, ", learner %s", scenario->learner);
    for (size_t i = 0; i < scenario->variable_count; i++)
        str_printf(&variant, ", %s: %s", scenario->variables[i].name, scenario->variables[i].value);
    error_set(err, kind, "scenario '%s'%s%s%s cannot be started: %s:%s", scenario->name, variant.length ? " (" : "",
              variant.length ? str_text(&variant) + 2 : "", variant.length ? ")" : "", what,
              str_text(&start->problems));
}

/* ---- the healthy lab ---- */

static void proved(struct director *director, void *context, const struct exercise_results *results,
                   const struct error *err)
{
    struct start *start = context;
    struct error not_healthy = ERROR_INIT;
    json_t *listened = json_object(), *reply = NULL;
    for (size_t i = 0; !err && i < results->count; i++) {
        start_want_green(start, &results->results[i]);
        checks_remember(listened, &results->results[i]);
    }
    if (!err && start->problems.length) {
        start_set_error(start, &not_healthy, "the healthy lab is not healthy");
        err = &not_healthy;
    }
    if (!err)
        reply = json_pack("{s:O, s:O?}", "listened", listened, "reach", results->reach);
    json_decref(listened);
    director_occupy(director, NULL, 0);
    request_finish(start->request, reply, NULL, 0, err);
    start_free(start);
}

int verb_exercise_prove(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    STR_AUTO topology = STR_INIT;
    struct start *start = start_read(request, &topology, err);
    (void)reply;
    if (!start)
        return -1;
    if (director_build(director, str_text(&topology), NULL, request, err)) {
        start_free(start);
        return -1;
    }
    start_say(start, "checking the healthy lab");
    director_occupy(director, "start", request_client(request));
    if (!exercise_measure(director, start->scenario, PART_REPAIR | PART_GUARDS | PART_REACH, false, NULL, proved, start,
                          err))
        return REQUEST_DEFERRED;
    director_occupy(director, NULL, 0);
    start_free(start);
    return -1;
}
