/* Live faults.  A fault of the machines is a record: with it the plan is rewritten after each lowering, and putting it
 * in or taking it out is the difference of two plans.  A fault of the cloud changes the topology itself, so that `dump`
 * shows it and `set` repairs it; its record keeps the topologies of before and after, and taking it out undoes that
 * change in the topology of now.  Both are on record before anything is done (director_change), so a director that is
 * killed in the middle goes on where it was. */
#include "director/fault.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "director/fault_record.h"
#include "lab/lab.h"
#include "load/load.h"
#include "plan/plan.h"

/* ---- hooks ---- */

int faults_rewrite(struct director *director, const json_t *faults, struct topology *topology, struct plan *plan,
                   struct error *err)
{
    ARENA_AUTO arena = arena_new();
    size_t i;
    json_t *record;
    (void)director;
    json_array_foreach(faults, i, record)
    {
        struct error problem = ERROR_INIT;
        struct fault fault = record_fault(record, arena);
        /* What is absent was broken and is not there any more: the change of the topology has repaired it. */
        if (!record_of_topology(record) && fault_rewrite_plan(plan, topology, &fault, &problem) &&
            problem.kind != ERR_ABSENT)
            return error_set(err, problem.kind, "%s", problem.text);
        fault_relax_plan(plan, topology, &fault);
    }
    return 0;
}

json_t *faults_repaired(struct director *director, const char *path)
{
    ARENA_AUTO arena = arena_new();
    json_t *left = json_array(), *record;
    size_t i;
    json_array_foreach(director_faults(director), i, record)
    {
        struct fault fault = record_fault(record, arena);
        if (!fault_repaired_by(director_topology(director), &fault, path))
            json_array_append(left, record);
    }
    if (json_array_size(left) < json_array_size(director_faults(director)))
        return left;
    json_decref(left);
    return NULL;
}

/* ---- in force? ---- */

static int observe_item(void *context, const struct plan *before, size_t was, const struct plan *plan, int item,
                        size_t is)
{
    return lab_change_state(director_lab(context), before, was, plan, item, is);
}

static void note_program(void *programs, const char *name)
{
    json_array_append_new(programs, json_string(name));
}

/* programs: an array that gets those that it has changed, or NULL. */
static enum fault_force look(struct director *director, const json_t *record, json_t *programs)
{
    STR_AUTO text = STR_INIT;
    struct topology *topology;
    struct plan *plan;
    const char *now = director_text(director);
    if (record_of_topology(record) && record_restore(now, record, &text, NULL, NULL))
        return FORCE_UNKNOWN;
    json_t *others = records_without(director_faults(director), record);
    int result =
        director_derive(director, record_of_topology(record) ? str_text(&text) : now, others, &topology, &plan, NULL);
    json_decref(others);
    if (result)
        return FORCE_UNKNOWN;
    enum fault_force force = fault_verify(plan, director_plan(director), observe_item, director);
    if (programs)
        fault_programs(plan, director_plan(director), note_program, programs);
    plan_free(plan);
    topology_free(topology);
    return force;
}

enum fault_force fault_record_force(struct director *director, const json_t *record)
{
    return look(director, record, NULL);
}

static json_t *show(struct director *director, const json_t *record)
{
    ARENA_AUTO arena = arena_new();
    struct fault fault = record_fault(record, arena);
    const struct fault_kind *kind = fault_kind_find(fault.kind);
    char time[CLOCK_TEXT_MAX];
    json_t *programs = json_array();
    enum fault_force force = look(director, record, programs);
    return json_pack("{s:s, s:s, s:O, s:O, s:s, s:s, s:s, s:s, s:o}", "id", fault.id, "kind", fault.kind, "at",
                     json_object_get(record, "at"), "parameters", json_object_get(record, "parameters"), "description",
                     fault_describe(&fault, arena), "injected",
                     clock_format_real(json_integer_value(json_object_get(record, "injected")), time), "symptom",
                     kind ? kind->symptom : "", "in_force", fault_force_name(force), "programs", programs);
}

/* ---- verbs ---- */

static const json_t *find_record(struct director *director, const char *id)
{
    size_t i;
    json_t *record;
    json_array_foreach(director_faults(director), i, record)
    {
        if (str_equal(record_text(record, "id"), id))
            return record;
    }
    return NULL;
}

/* The fault that a request asks for, held to its row and to the running topology. */
static int read_fault(struct director *director, const json_t *params, struct arena *arena, struct fault *out,
                      struct error *err)
{
    struct findings findings;
    STR_AUTO text = STR_INIT;
    *out = record_fault(params, arena);
    findings_init(&findings, arena);
    if (fault_validate(director_topology(director), out, &findings)) {
        for (size_t i = 0; i < findings.count; i++)
            str_printf(&text, "%s%s%s%s%s", i ? "\n" : "", findings.items[i].text, findings.items[i].hint ? " (" : "",
                       findings.items[i].hint ? findings.items[i].hint : "", findings.items[i].hint ? ")" : "");
        bool absent = str_equal(findings.items[0].rule, "dangling-fault");
        return error_set(err, absent ? ERR_ABSENT : ERR_USAGE, "%s", str_text(&text));
    }
    for (unsigned n = 1; !*out->id || find_record(director, out->id); n++) {
        if (*record_text(params, "id"))
            return error_set(err, ERR_BUSY, "a fault '%s' is in already", out->id);
        out->id = arena_printf(arena, "fault-%u", n);
    }
    size_t i;
    json_t *record;
    json_array_foreach(director_faults(director), i, record)
    {
        struct fault other = record_fault(record, arena);
        if (fault_equal(&other, out))
            return error_set(err, ERR_BUSY, "this fault is in already, as '%s'", other.id);
    }
    return 0;
}

static int not_built(struct director *director, struct error *err)
{
    return director_topology(director) ? 0 : error_set(err, ERR_BUSY, "the lab is still being built");
}

/* idle: what is said where it would change nothing, which is refused then; or NULL. */
static int put_in(struct director *director, const struct fault *fault, const char *idle, struct error *err)
{
    STR_AUTO text = STR_INIT;
    enum fault_stage stage = fault_stage(director_topology(director), fault);
    json_t *faults = json_copy((json_t *)director_faults(director)), *record = record_new(fault, stage);
    json_array_append_new(faults, record);
    struct director_change change = {.faults = faults, .idle = idle};
    int result = 0;
    if (stage == FAULT_TOPOLOGY) {
        result = record_rewrite(director_text(director), fault, &text, err);
        json_object_set_new(record, "before", json_string(director_text(director)));
        json_object_set_new(record, "after", json_string(str_text(&text)));
        change.text = str_text(&text);
    }
    if (!result)
        result = director_change_with(director, &change, err);
    json_decref(faults);
    return result;
}

int fault_put_in(struct director *director, const struct fault *fault, struct error *err)
{
    return put_in(director, fault, NULL, err);
}

int verb_fault_inject(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct fault fault;
    if (not_built(director, err) || read_fault(director, request_params(request), arena, &fault, err) ||
        put_in(director, &fault,
               arena_printf(arena, "%s changes nothing: it is so already", fault_describe(&fault, arena)), err))
        return -1;
    const json_t *stands = find_record(director, fault.id);
    *reply = stands ? show(director, stands) : json_object();
    return 0;
}

int fault_take_out(struct director *director, const char *id, struct error *err)
{
    STR_AUTO text = STR_INIT;
    STR_AUTO notes = STR_INIT;
    const json_t *record = find_record(director, id);
    if (!record)
        return 0;
    json_t *faults = json_copy((json_t *)director_faults(director));
    str_append(&text, director_text(director));
    int result = record_take_out(&text, &faults, record, &notes, err);
    struct director_change change = {.text = str_text(&text), .faults = faults, .keep_changes = true, .notes = &notes};
    if (!result)
        result = director_change_with(director, &change, err);
    json_decref(faults);
    return result;
}

static json_t *lines_of(const struct str *text)
{
    json_t *lines = json_array();
    for (const char *line = str_text(text); *line;) {
        size_t length = strcspn(line, "\n");
        json_array_append_new(lines, json_stringn(line, length));
        line += length + (line[length] == '\n');
    }
    return lines;
}

int verb_fault_clear(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    STR_AUTO text = STR_INIT;
    STR_AUTO notes = STR_INIT;
    const char *id = record_text(request_params(request), "id");
    if (not_built(director, err))
        return -1;
    if (*id && !find_record(director, id))
        return error_set(err, ERR_ABSENT, "no fault '%s' is in this lab (`labctl fault status`)", id);
    json_t *faults = json_copy((json_t *)director_faults(director)), *cleared = json_array();
    str_append(&text, director_text(director));
    int result = 0;
    /* The last one in is the first one out. */
    for (size_t i = json_array_size(director_faults(director)); i-- > 0 && !result;) {
        const json_t *record = json_array_get(director_faults(director), i);
        if (*id && !str_equal(record_text(record, "id"), id))
            continue;
        result = record_take_out(&text, &faults, record, &notes, err);
        json_array_append_new(cleared, json_string(record_text(record, "id")));
    }
    struct director_change change = {.text = str_text(&text), .faults = faults, .keep_changes = true, .notes = &notes};
    if (!result && json_array_size(cleared))
        result = director_change_with(director, &change, err);
    json_decref(faults);
    if (result) {
        json_decref(cleared);
        return -1;
    }
    *reply = json_pack("{s:o, s:i, s:o}", "cleared", cleared, "kept", (int)change.kept, "notes", lines_of(&notes));
    return 0;
}

int verb_fault_status(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    size_t i;
    json_t *record, *faults = json_array();
    (void)request;
    if (not_built(director, err)) {
        json_decref(faults);
        return -1;
    }
    json_array_foreach(director_faults(director), i, record)
    {
        json_array_append_new(faults, show(director, record));
    }
    *reply = json_pack("{s:o}", "faults", faults);
    return 0;
}
