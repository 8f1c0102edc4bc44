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
#include "base/mark.h"
#include "base/str.h"
#include "doc/doc.h"
#include "lab/lab.h"
#include "load/load.h"
#include "load/merge.h"
#include "model/scenario.h"
#include "plan/plan.h"

/* ---- records ---- */

/* The record of a fault that is injected now. */
static json_t *fault_record(const struct fault *fault, enum fault_stage stage)
{
    json_t *at = json_array(), *parameters = json_object();
    for (size_t i = 0; i < fault->at.count; i++)
        json_array_append_new(at, json_string(fault->at.items[i]));
    for (size_t i = 0; i < fault->parameter_count; i++)
        json_object_set_new(parameters, fault->parameters[i].key, json_string(fault->parameters[i].value));
    return json_pack("{s:s, s:s, s:o, s:o, s:I, s:s}", "id", fault->id, "kind", fault->kind, "at", at, "parameters",
                     parameters, "injected", (json_int_t)clock_real(), "stage",
                     stage == FAULT_TOPOLOGY ? "topology" : "plan");
}

static const char *member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* The fault of a record; its texts are borrowed from the record, the rest is in the arena. */
static struct fault fault_of_record(const json_t *record, struct arena *arena)
{
    struct fault fault = {.id = member(record, "id"), .kind = member(record, "kind")};
    size_t i;
    json_t *item;
    const char *key;
    json_array_foreach(json_object_get(record, "at"), i, item) if (json_is_string(item)) *
        ARENA_PUSH(arena, fault.at.items, fault.at.count) = json_string_value(item);
    json_object_foreach(json_object_get(record, "parameters"), key, item) if (json_is_string(item)) *
        ARENA_PUSH(arena, fault.parameters, fault.parameter_count) =
        (struct fault_parameter){.key = key, .value = json_string_value(item)};
    return fault;
}

static bool of_topology(const json_t *record)
{
    return str_equal(member(record, "stage"), "topology");
}

/* ---- the topology with and without ---- */

static int load_text(const char *text, struct topology **out, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    findings_init(&findings, arena);
    struct sources *sources = sources_new(arena);
    if (!load_topology_text("topology", text, strlen(text), sources, &findings, out))
        return 0;
    const char *first = findings_first(&findings, sources, arena);
    topology_free(*out);
    *out = NULL;
    return error_set(err, ERR_FILE, "%s", first ? first : "the topology is not valid");
}

/* text with a fault of the topology in it. */
static int rewrite_text(const char *text, const struct fault *fault, struct str *out, struct error *err)
{
    struct topology *topology;
    if (load_text(text, &topology, err))
        return -1;
    int result = fault_rewrite_topology(topology, fault, err);
    if (!result)
        dump_topology(topology, out);
    topology_free(topology);
    return result;
}

/* text without a recorded fault of the topology. */
static int restore_text(const char *text, const json_t *record, struct str *out, struct str *notes, struct error *err)
{
    STR_AUTO merged = STR_INIT;
    struct topology *topology;
    if (merge_undo(member(record, "before"), member(record, "after"), text, &merged, notes, err) ||
        load_text(str_text(&merged), &topology, err))
        return error_wrap(err, "take fault '%s' out", member(record, "id"));
    dump_topology(topology, out);
    topology_free(topology);
    return 0;
}

int faults_fold(const struct scenario *scenario, struct str *text, json_t **records, struct error *err)
{
    STR_AUTO now = STR_INIT;
    dump_topology(scenario->topology, &now);
    *records = json_array();
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const struct fault *fault = &scenario->faults[i];
        enum fault_stage stage = fault_stage(scenario->topology, fault);
        json_t *record = fault_record(fault, stage);
        json_array_append_new(*records, record);
        if (stage != FAULT_TOPOLOGY)
            continue;
        STR_AUTO next = STR_INIT;
        if (rewrite_text(str_text(&now), fault, &next, err)) {
            json_decref(*records);
            *records = NULL;
            return -1;
        }
        json_object_set_new(record, "before", json_string(str_text(&now)));
        json_object_set_new(record, "after", json_string(str_text(&next)));
        str_clear(&now);
        str_append(&now, str_text(&next));
    }
    str_append(text, str_text(&now));
    return 0;
}

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
        struct fault fault = fault_of_record(record, arena);
        if (of_topology(record) || !fault_rewrite_plan(plan, topology, &fault, &problem))
            continue;
        if (problem.kind != ERR_ABSENT)
            return error_set(err, problem.kind, "%s", problem.text);
        /* What it broke is not there any more: the change of the topology has repaired it. */
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
        struct fault fault = fault_of_record(record, arena);
        if (!fault_repaired_by(director_topology(director), &fault, path))
            json_array_append(left, record);
    }
    if (json_array_size(left) < json_array_size(director_faults(director)))
        return left;
    json_decref(left);
    return NULL;
}

/* ---- in force? ---- */

static int observe_item(void *context, const struct plan *plan, int item, size_t index)
{
    return lab_item_state(director_lab(context), plan, item, index);
}

/* The records without one. */
static json_t *without(const json_t *faults, const json_t *record)
{
    json_t *left = json_array(), *item;
    size_t i;
    json_array_foreach(faults, i, item)
    {
        if (item != record)
            json_array_append(left, item);
    }
    return left;
}

enum fault_force fault_record_force(struct director *director, const json_t *record)
{
    STR_AUTO text = STR_INIT;
    struct topology *topology;
    struct plan *plan;
    const char *now = director_text(director);
    if (of_topology(record) && restore_text(now, record, &text, NULL, NULL))
        return FORCE_UNKNOWN;
    json_t *others = without(director_faults(director), record);
    int result = director_derive(director, of_topology(record) ? str_text(&text) : now, others, &topology, &plan, NULL);
    json_decref(others);
    if (result)
        return FORCE_UNKNOWN;
    enum fault_force force = fault_verify(plan, director_plan(director), observe_item, director);
    plan_free(plan);
    topology_free(topology);
    return force;
}

static json_t *show(struct director *director, const json_t *record)
{
    ARENA_AUTO arena = arena_new();
    struct fault fault = fault_of_record(record, arena);
    const struct fault_kind *kind = fault_kind_find(fault.kind);
    char time[CLOCK_TEXT_MAX];
    return json_pack("{s:s, s:s, s:O, s:O, s:s, s:s, s:s, s:s}", "id", fault.id, "kind", fault.kind, "at",
                     json_object_get(record, "at"), "parameters", json_object_get(record, "parameters"), "description",
                     fault_describe(&fault, arena), "injected",
                     clock_format_real(json_integer_value(json_object_get(record, "injected")), time), "symptom",
                     kind ? kind->symptom : "", "in_force", fault_force_name(fault_record_force(director, record)));
}

/* ---- verbs ---- */

static const json_t *find_record(struct director *director, const char *id)
{
    size_t i;
    json_t *record;
    json_array_foreach(director_faults(director), i, record)
    {
        if (str_equal(member(record, "id"), id))
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
    *out = fault_of_record(params, arena);
    findings_init(&findings, arena);
    if (fault_validate(director_topology(director), out, &findings)) {
        for (size_t i = 0; i < findings.count; i++)
            str_printf(&text, "%s%s%s%s%s", i ? "\n" : "", findings.items[i].text, findings.items[i].hint ? " (" : "",
                       findings.items[i].hint ? findings.items[i].hint : "", findings.items[i].hint ? ")" : "");
        bool absent = str_equal(findings.items[0].rule, "dangling-fault");
        return error_set(err, absent ? ERR_ABSENT : ERR_USAGE, "%s", str_text(&text));
    }
    for (unsigned n = 1; !*out->id || find_record(director, out->id); n++) {
        if (*member(params, "id"))
            return error_set(err, ERR_BUSY, "a fault '%s' is in already", out->id);
        out->id = arena_printf(arena, "fault-%u", n);
    }
    size_t i;
    json_t *record;
    json_array_foreach(director_faults(director), i, record)
    {
        struct fault other = fault_of_record(record, arena);
        if (fault_equal(&other, out))
            return error_set(err, ERR_BUSY, "this fault is in already, as '%s'", other.id);
    }
    return 0;
}

static int not_built(struct director *director, struct error *err)
{
    return director_topology(director) ? 0 : error_set(err, ERR_BUSY, "the lab is still being built");
}

int fault_put_in(struct director *director, const struct fault *fault, struct error *err)
{
    STR_AUTO text = STR_INIT;
    enum fault_stage stage = fault_stage(director_topology(director), fault);
    json_t *faults = json_copy((json_t *)director_faults(director)), *record = fault_record(fault, stage);
    json_array_append_new(faults, record);
    struct director_change change = {.faults = faults};
    int result = 0;
    if (stage == FAULT_TOPOLOGY) {
        result = rewrite_text(director_text(director), fault, &text, err);
        json_object_set_new(record, "before", json_string(director_text(director)));
        json_object_set_new(record, "after", json_string(str_text(&text)));
        change.text = str_text(&text);
    }
    if (!result)
        result = director_change_with(director, &change, err);
    json_decref(faults);
    return result;
}

int verb_fault_inject(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct fault fault;
    if (not_built(director, err) || read_fault(director, request_params(request), arena, &fault, err) ||
        fault_put_in(director, &fault, err))
        return -1;
    const json_t *stands = find_record(director, fault.id);
    *reply = stands ? show(director, stands) : json_object();
    return 0;
}

/* Takes one record out of text and faults. */
static int take_out(struct str *text, json_t **faults, const json_t *record, struct str *notes, struct error *err)
{
    if (of_topology(record)) {
        STR_AUTO next = STR_INIT;
        if (restore_text(str_text(text), record, &next, notes, err))
            return -1;
        str_clear(text);
        str_append(text, str_text(&next));
    }
    json_t *left = without(*faults, record);
    json_decref(*faults);
    *faults = left;
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
    int result = take_out(&text, &faults, record, &notes, err);
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
    const char *id = member(request_params(request), "id");
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
        if (*id && !str_equal(member(record, "id"), id))
            continue;
        result = take_out(&text, &faults, record, &notes, err);
        json_array_append_new(cleared, json_string(member(record, "id")));
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
