/* Doing a scenario's steps: set, unset and apply change the running topology, run starts a shell in a node. */
#include "cmd/common/steps.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/common/reading.h"
#include "cmd/common/spawn.h"
#include "doc/doc.h"
#include "lab/control.h"
#include "load/edit.h"
#include "load/load.h"
#include "model/scenario.h"
#include "rules/rules.h"

#define RUN_TIMEOUT 60000 /* ms */
#define TEXT_MAX    ((size_t)10 << 20)
#define SHOWN_MAX   400 /* bytes of what a failed step wrote */

/* The running topology; *generation counts its changes. */
static int fetch(struct control *control, struct str *out, json_int_t *generation, struct error *err)
{
    json_t *reply = NULL;
    int fds[CONTROL_FDS_MAX];
    size_t count = 0;
    if (control_call(control, "dump", NULL, NULL, 0, NULL, NULL, &reply, fds, &count, err))
        return -1;
    int result = count ? client_read_text(fds[0], out, err) : error_set(err, ERR_SYSTEM, "the lab sent no topology");
    *generation = client_integer(reply, "generation");
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    json_decref(reply);
    return result;
}

/* The topology of a text in its canonical form, valid by all rules but those that the running one breaks. */
static int canonical(const char *name, const struct str *text, const struct str *running, struct str *out,
                     struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    struct topology *topology = NULL;
    findings_init(&findings, arena);
    struct sources *sources = sources_new(arena);
    load_topology_text(name, str_text(text), text->length, sources, &findings, &topology);
    if (topology)
        rules_check(topology, &findings);
    struct topology *before = NULL;
    struct findings broken;
    findings_init(&broken, arena);
    if (findings.errors > 0)
        load_topology_text("running lab", str_text(running), running->length, sources_new(arena), &broken, &before);
    if (before)
        rules_check(before, &broken);
    topology_free(before);
    reading_excuse(&findings, &broken);
    const char *first = findings.errors > 0 ? findings_first(&findings, sources, arena) : NULL;
    if (!first && topology)
        dump_topology(topology, out);
    topology_free(topology);
    return first ? error_set(err, ERR_FILE, "%s", first) : 0;
}

static int edited(const struct step *step, const struct str *running, struct str *out, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    findings_init(&findings, arena);
    struct document *document =
        document_parse(arena, sources_new(arena), "running lab", str_text(running), running->length, &findings);
    if (step->kind == STEP_SET ? edit_set(document, step->path, step->value, err)
                               : edit_unset(document, step->path, err))
        return -1;
    edit_write(document, out);
    return 0;
}

static int change(struct control *control, const struct document *document, const struct step *step, struct error *err)
{
    STR_AUTO running = STR_INIT;
    STR_AUTO text = STR_INIT;
    STR_AUTO whole = STR_INIT;
    json_int_t generation;
    if (fetch(control, &running, &generation, err))
        return -1;
    if (step->kind == STEP_APPLY) {
        if (document_file(document_path(document, step->mark, step->apply), &text, TEXT_MAX))
            return error_set_errno(err, errno, "read %s", step->apply);
    } else if (edited(step, &running, &text, err)) {
        return -1;
    }
    if (canonical(step->kind == STEP_APPLY ? step->apply : "the changed topology", &text, &running, &whole, err))
        return -1;
    json_t *params = json_pack("{s:I}", "generation", generation);
    if (step->kind != STEP_APPLY)
        json_object_set_new(params, "path", json_string(step->path));
    FD_AUTO memory = fd_memory("topology", str_text(&whole), whole.length);
    if (memory < 0) {
        json_decref(params);
        return error_set_errno(err, errno, "make a memory file");
    }
    return control_call(control, "apply", params, &memory, 1, NULL, NULL, NULL, NULL, NULL, err);
}

static int run(struct control *control, const struct step *step, struct error *err)
{
    STR_AUTO out = STR_INIT;
    const char *argv[] = {"/bin/sh", "-c", step->run};
    struct spawned spawned;
    int status = 0;
    if (spawn_begin(control, step->at->name, argv, ARRAY_SIZE(argv), &spawned, err) ||
        spawn_finish(&spawned, control, RUN_TIMEOUT, &out, &status, err))
        return -1;
    while (out.length && out.data[out.length - 1] == '\n')
        out.data[--out.length] = '\0';
    return status ? error_set(err, ERR_USAGE, "it ended with status %d in %s%s%.*s", status, step->at->name,
                              out.length ? ": " : "", SHOWN_MAX, str_text(&out))
                  : 0;
}

int steps_run(struct control *control, const struct document *document, const struct step *steps, size_t count,
              size_t *failed, struct error *err)
{
    static const char *const names[] = {
        [STEP_SET] = "set", [STEP_UNSET] = "unset", [STEP_RUN] = "run", [STEP_APPLY] = "apply"};
    _Static_assert(ARRAY_SIZE(names) == STEP_KIND_COUNT, "a name for each kind");
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];
        if (!(step->kind == STEP_RUN ? run(control, step, err) : change(control, document, step, err)))
            continue;
        *failed = i;
        const char *what = step->kind == STEP_RUN ? step->run : step->kind == STEP_APPLY ? step->apply : step->path;
        return error_wrap(err, "step %zu (%s %.100s)", i + 1, names[step->kind], what);
    }
    return 0;
}
