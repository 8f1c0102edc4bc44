/* Records of faults: what stands in director_faults(), and the topology's text with and without one.
 *
 * A fault of the topology keeps the texts of before and after it.  Taking it out is a merge: what that change did is
 * undone in the text of now.  Faults that came later are taken out first and put in again afterwards, so that two that
 * change the same key can go in any order. */
#include "director/fault_record.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mark.h"
#include "base/str.h"
#include "director/fault.h"
#include "doc/doc.h"
#include "load/load.h"
#include "load/merge.h"
#include "model/scenario.h"
#include "plan/plan.h"

/* ---- records ---- */

/* The record of a fault that is injected now. */
json_t *record_new(const struct fault *fault, enum fault_stage stage)
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

const char *record_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* The fault of a record; its texts are borrowed from the record, the rest is in the arena. */
struct fault record_fault(const json_t *record, struct arena *arena)
{
    struct fault fault = {.id = record_text(record, "id"), .kind = record_text(record, "kind")};
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

bool record_of_topology(const json_t *record)
{
    return str_equal(record_text(record, "stage"), "topology");
}

/* ---- the topology with and without ---- */

/* text with a fault of the topology in it. */
int record_rewrite(const char *text, const struct fault *fault, struct str *out, struct error *err)
{
    struct topology *topology;
    if (load_valid_topology(text, NULL, &topology, err))
        return -1;
    int result = fault_rewrite_topology(topology, fault, err);
    if (!result)
        dump_topology(topology, out);
    topology_free(topology);
    return result;
}

/* text without a recorded fault of the topology. */
int record_restore(const char *text, const json_t *record, struct str *out, struct str *notes, struct error *err)
{
    STR_AUTO merged = STR_INIT;
    struct topology *topology;
    if (merge_undo(record_text(record, "before"), record_text(record, "after"), text, &merged, notes, err) ||
        load_valid_topology(str_text(&merged), NULL, &topology, err))
        return error_wrap(err, "take fault '%s' out", record_text(record, "id"));
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
        json_t *record = record_new(fault, stage);
        json_array_append_new(*records, record);
        if (stage != FAULT_TOPOLOGY)
            continue;
        STR_AUTO next = STR_INIT;
        if (record_rewrite(str_text(&now), fault, &next, err)) {
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

json_t *records_without(const json_t *faults, const json_t *record)
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

/* ---- taking out ---- */

/* Takes the later faults of the topology out, the last one first, down to `record`.  Those that were in force are
 * returned, the first one first: they are put in again when it is gone, so that each has before and after it what it
 * found. */
static int undo_later(struct str *text, const json_t *faults, const json_t *record, json_t *later, struct error *err)
{
    for (size_t i = json_array_size(faults); i-- > 0 && json_array_get(faults, i) != record;) {
        json_t *other = json_array_get(faults, i);
        STR_AUTO next = STR_INIT;
        if (!record_of_topology(other))
            continue;
        if (record_restore(str_text(text), other, &next, NULL, err))
            return -1;
        if (str_equal(str_text(text), str_text(&next)))
            continue; /* somebody has repaired it */
        json_array_insert(later, 0, other);
        str_clear(text);
        str_append(text, str_text(&next));
    }
    return 0;
}

/* Puts one of them in again.  Where that is not possible any more it is not in force, and stays on record as it is. */
static void redo(struct str *text, json_t *faults, const json_t *record)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO next = STR_INIT;
    struct fault fault = record_fault(record, arena);
    if (record_rewrite(str_text(text), &fault, &next, NULL))
        return;
    json_t *renewed = json_copy((json_t *)record);
    json_object_set_new(renewed, "before", json_string(str_text(text)));
    json_object_set_new(renewed, "after", json_string(str_text(&next)));
    for (size_t i = 0; i < json_array_size(faults); i++)
        if (json_array_get(faults, i) == record)
            json_array_set(faults, i, renewed);
    json_decref(renewed);
    str_clear(text);
    str_append(text, str_text(&next));
}

int record_take_out(struct str *text, json_t **faults, const json_t *record, struct str *notes, struct error *err)
{
    json_t *left = records_without(*faults, record), *later = json_array(), *other;
    size_t i;
    int result = 0;
    if (record_of_topology(record)) {
        STR_AUTO next = STR_INIT;
        result = undo_later(text, *faults, record, later, err);
        if (!result)
            result = record_restore(str_text(text), record, &next, notes, err);
        if (!result) {
            str_clear(text);
            str_append(text, str_text(&next));
            json_array_foreach(later, i, other)
            {
                redo(text, left, other);
            }
        }
    }
    json_decref(later);
    json_decref(result ? left : *faults);
    if (!result)
        *faults = left;
    return result;
}
