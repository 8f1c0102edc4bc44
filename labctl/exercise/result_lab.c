/* What became of the lab: who reaches whom, what was changed, the graph with what was broken. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "exercise/result_parts.h"
#include "score/comparison.h"

/* ---- reachability ---- */

static struct reach_matrix read_matrix(const json_t *rows, struct arena *arena)
{
    size_t i;
    const json_t *row;
    struct reach_matrix matrix = {0};
    json_array_foreach(rows, i, row)
    {
        const char *from = json_string_value(json_array_get(row, 0)), *to = json_string_value(json_array_get(row, 1));
        if (from && to)
            *ARENA_PUSH(arena, matrix.items, matrix.count) =
                (struct reach){.from = from,
                               .to = to,
                               .port = (uint16_t)json_integer_value(json_array_get(row, 2)),
                               .open = json_is_true(json_array_get(row, 3))};
    }
    return matrix;
}

static json_t *pairs_json(const struct reach_matrix *list)
{
    json_t *pairs = json_array();
    for (size_t i = 0; i < list->count; i++) {
        const struct reach *pair = &list->items[i];
        json_array_append_new(pairs, json_pack("{s:s, s:s, s:o}", "from", pair->from, "to", pair->to, "port",
                                               pair->port ? json_integer(pair->port) : json_null()));
    }
    return pairs;
}

json_t *reachability_json(const struct session *session)
{
    ARENA_AUTO arena = arena_new();
    const json_t *const *rows = (const json_t *const *)session->matrices;
    if (!rows[MOMENT_HEALTHY] || !rows[MOMENT_END])
        return json_null();
    struct reach_matrix healthy = read_matrix(rows[MOMENT_HEALTHY], arena), end = read_matrix(rows[MOMENT_END], arena);
    struct reach_matrix broken = read_matrix(rows[MOMENT_BROKEN], arena);
    struct comparison comparison = comparison_of(&healthy, rows[MOMENT_BROKEN] ? &broken : NULL, &end, arena);
    return json_pack("{s:o, s:I, s:o, s:o, s:o}", "fixed", pairs_json(&comparison.fixed), "preserved",
                     (json_int_t)comparison.preserved, "newly_broken", pairs_json(&comparison.newly_broken),
                     "newly_opened", pairs_json(&comparison.newly_opened), "still_broken",
                     pairs_json(&comparison.still_broken));
}

/* ---- changes ---- */

json_t *changes_json(const struct session *session)
{
    size_t i;
    const json_t *entry;
    json_t *changes = json_array();
    json_array_foreach(session->entries, i, entry)
    {
        if (str_equal(entry_text(entry, "event"), "change") && *entry_text(entry, "text"))
            json_array_append(changes, json_object_get(entry, "text"));
    }
    return changes;
}

/* ---- the graph ---- */

/* A thing of the graph is meant by its own name and by what is a part of it. */
static bool means(const char *id, const char *place)
{
    size_t length = strlen(id);
    return !strncmp(id, place, length) && (!place[length] || place[length] == '/');
}

/* The thing of the graph that means a place most closely gets the flag. */
static void flag(json_t *graph, const char *place, const char *key)
{
    static const char *const lists[] = {"clusters", "vertices", "edges"};
    json_t *best = NULL, *item;
    size_t length = 0, i;
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        json_array_foreach(json_object_get(graph, lists[l]), i, item)
        {
            const char *id = entry_text(item, "id");
            if (*id && means(id, place) && strlen(id) >= length) {
                length = strlen(id);
                best = item;
            }
        }
    }
    if (best)
        json_object_set_new(best, key, json_true());
}

/* A fault's place may be written shortly ("web"); the graph has full names. */
static void flag_fault(json_t *graph, const struct topology *topology, const struct fault *fault)
{
    for (size_t p = 0; p < fault->at.count; p++) {
        struct thing thing = topology_thing(topology, fault->at.items[p], NULL);
        flag(graph, thing.kind == THING_NONE ? fault->at.items[p] : thing_name(topology, &thing), "broken");
    }
}

json_t *graph_json(const struct session *session)
{
    size_t i, t;
    const json_t *entry, *thing;
    const json_t *recorded = json_object_get(session->score, "graph");
    if (!recorded)
        return json_null();
    json_t *graph = json_deep_copy(recorded);
    for (size_t f = 0; f < session->scenario->fault_count; f++)
        if (session_fault_came(session, &session->scenario->faults[f]))
            flag_fault(graph, session->scenario->topology, &session->scenario->faults[f]);
    json_array_foreach(session->entries, i, entry)
    {
        if (!str_equal(entry_text(entry, "event"), "change"))
            continue;
        json_array_foreach(json_object_get(entry, "things"), t, thing)
            flag(graph, json_string_value(thing) ? json_string_value(thing) : "", "changed");
    }
    return graph;
}
