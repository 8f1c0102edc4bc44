/* What the wires of the lab do: every impairment of the plan, which mechanism serves it, what it has counted. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "director/internal.h"
#include "director/verbs.h"
#include "lab/lab.h"
#include "plan/impairment.h"
#include "plan/plan.h"

json_t *impairment_json(const struct impairment *impairment)
{
    json_t *object = json_object();
    for (size_t i = 0; i < impairment_row_count; i++) {
        STR_AUTO value = STR_INIT;
        if (impairment_get(impairment, &impairment_rows[i], &value))
            json_object_set_new(object, impairment_rows[i].key, json_string(str_text(&value)));
    }
    return object;
}

/* The lateness histogram: [bound in microseconds, packets], buckets without packets left out. */
static json_t *histogram_json(const struct relay_statistics *statistics)
{
    json_t *list = json_array();
    for (unsigned b = 0; b < RELAY_LATENESS_BUCKETS; b++)
        if (statistics->lateness[b])
            json_array_append_new(
                list, json_pack("[f, I]", (double)relay_lateness_bound(b) / 1000, (json_int_t)statistics->lateness[b]));
    return list;
}

/* Only what is counted: of the rest nothing is said, where 0 would be a lie. */
static json_t *statistics_json(const struct relay_statistics *s, unsigned counted)
{
    const struct wire_counters *c = &s->counters;
    if (counted != WIRE_COUNTS_ALL) {
        json_t *object = json_pack("{s:I, s:I, s:I}", "entered", (json_int_t)c->entered, "passed",
                                   (json_int_t)c->passed, "bytes", (json_int_t)c->bytes);
        if (counted & WIRE_COUNTS_LOST)
            json_object_set_new(object, "lost", json_integer((json_int_t)c->lost));
        if (counted & WIRE_COUNTS_OVERFLOWED)
            json_object_set_new(object, "overflowed", json_integer((json_int_t)c->overflowed));
        if (counted & WIRE_COUNTS_QUEUE)
            json_object_set_new(object, "queue", json_integer(s->held));
        return object;
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:o}", "entered",
                     (json_int_t)c->entered, "passed", (json_int_t)c->passed, "bytes", (json_int_t)c->bytes, "lost",
                     (json_int_t)c->lost, "duplicated", (json_int_t)c->duplicated, "corrupted",
                     (json_int_t)c->corrupted, "reordered", (json_int_t)c->reordered, "overflowed",
                     (json_int_t)c->overflowed, "overrun", (json_int_t)s->overrun, "undeliverable",
                     (json_int_t)s->undeliverable, "queue", (json_int_t)s->held, "queue_most", (json_int_t)s->held_most,
                     "late_us_50", (double)relay_lateness_quantile(s, 0.5) / 1000, "late_us_99",
                     (double)relay_lateness_quantile(s, 0.99) / 1000, "late_us_most", (double)s->latest / 1000,
                     "lateness_us", histogram_json(s));
}

static json_t *wire_json(struct director *director, size_t i)
{
    const struct plan *plan = director_plan(director);
    const struct plan_impairment *item = &plan->impairments[i];
    const struct plan_link_end *near = plan_near_end(plan, item);
    struct lab_wire wire;
    json_t *object = json_object();
    if (near)
        json_object_set_new(object, "interface",
                            json_sprintf("node/%s/%s", plan->namespaces[near->ns].name, near->name));
    json_object_set_new(object, "direction", json_string(item->direction == PLAN_SENT ? "sent" : "received"));
    if (item->port)
        json_object_set_new(object, "port", json_integer(item->port));
    json_object_set_new(object, "origin", json_string(item->origin ? item->origin : ""));
    json_object_set_new(object, "impairment", impairment_json(&item->is));
    if (lab_wire(director_lab(director), plan, i, &wire) != 0)
        return object;
    json_object_set_new(object, "backend", json_string(wire.backend));
    json_object_set_new(object, "fidelity", json_string(wire.fidelity));
    if (wire.counted)
        json_object_set_new(object, "statistics", statistics_json(&wire.statistics, wire.counted));
    return object;
}

int verb_link_show(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)request;
    const struct plan *plan = director_plan(director);
    if (!director_topology(director))
        return error_set(err, ERR_BUSY, "the lab is still being built");
    json_t *wires = json_array();
    for (size_t i = 0; i < plan->impairment_count; i++)
        json_array_append_new(wires, wire_json(director, i));
    *reply = json_pack("{s:o}", "wires", wires);
    return 0;
}
