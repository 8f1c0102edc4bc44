/* Tries the steps of a solution or a wrong fix on the healthy topology: a value that a key does not take is told here,
 * not while somebody waits for the proof.  What the faults change is not known here, so a step that finds no such place
 * may still find it in the broken lab, and is passed over. */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "load/edit.h"
#include "load/scenario_parts.h"
#include "model/topology.h"

struct trial {
    struct scenario_loader *loader;
    struct str text; /* the topology after the steps so far */
};

/* Loads the text, as if it stood in that file; the first thing that is wrong, or NULL. */
static const char *first_error(struct trial *trial, const char *name)
{
    struct arena *arena = trial->loader->decoder.arena;
    ARENA_AUTO own = arena_new();
    struct findings findings;
    struct topology *topology = NULL;
    findings_init(&findings, own);
    load_topology_text(name, str_text(&trial->text), trial->text.length, sources_new(own), &findings, &topology);
    topology_free(topology);
    for (size_t i = 0; i < findings.count; i++)
        if (findings.items[i].level == FINDING_ERROR)
            return arena_strdup(arena, findings.items[i].text);
    return NULL;
}

/* False where nothing can be said of the steps that follow. */
static bool try_change(struct trial *trial, const struct step *step)
{
    struct error err = ERROR_INIT;
    ARENA_AUTO own = arena_new();
    struct findings findings;
    findings_init(&findings, own);
    struct document *document =
        document_parse(own, sources_new(own), "step", str_text(&trial->text), trial->text.length, &findings);
    int result = step->kind == STEP_SET ? edit_set(document, step->path, step->value, &err)
                                        : edit_unset(document, step->path, &err);
    if (result)
        return false;
    str_clear(&trial->text);
    edit_write(document, &trial->text);
    const char *wrong = first_error(trial, "step");
    if (wrong)
        scenario_error(trial->loader, "step-value", step->mark, "after '%s %s' the topology is not valid: %s",
                       step->kind == STEP_SET ? "set" : "unset", step->path, wrong);
    return !wrong;
}

static bool try_file(struct trial *trial, const struct step *step)
{
    struct scenario_loader *loader = trial->loader;
    const char *path = document_path(loader->document, step->mark, step->apply);
    str_clear(&trial->text);
    if (document_file(path, &trial->text, DOCUMENT_BYTES_MAX)) {
        scenario_error(loader, "unreadable-file", step->mark, "'%s' cannot be read: %s", step->apply, strerror(errno));
        return false;
    }
    const char *wrong = first_error(trial, path);
    if (wrong)
        scenario_error(loader, "step-value", step->mark, "'%s' is no valid topology: %s", step->apply, wrong);
    return !wrong;
}

void try_steps(struct scenario_loader *loader, const struct step *steps, size_t count)
{
    struct trial trial = {.loader = loader};
    dump_topology(loader->scenario->topology, &trial.text);
    for (size_t i = 0; i < count; i++) {
        if (steps[i].kind != STEP_RUN && !(steps[i].kind == STEP_APPLY ? try_file : try_change)(&trial, &steps[i]))
            break;
    }
    str_free(&trial.text);
}
