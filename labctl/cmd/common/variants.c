/* Reading a scenario in several variants. */
#include "cmd/common/variants.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "cmd/common/exercise.h"
#include "cmd/common/ruleset.h"
#include "doc/doc.h"
#include "doc/write.h"
#include "load/scenario.h"
#include "model/scenario.h"

enum { SEEDS_LEAST = 10, SEEDS_MOST = 200, FIXED_MOST = 1000 };

/* A finding of one or more variants. */
struct merged {
    struct finding finding;
    size_t variants;   /* that have it */
    size_t seen;       /* in this variant already */
    const char *where; /* the first variant: "seed 3: victim = app-2" */
};

struct reading {
    struct document *document;
    struct arena *arena;
    struct merged *merged;
    size_t count;
    struct map *drawn; /* choices and tickets that were drawn */
    size_t to_draw;    /* how many there are */
};

/* ---- what there is to be drawn ----------------------------------------------------------------------------------- */

static const char *choice_key(const struct reading *reading, const char *name, const char *value)
{
    return arena_printf(reading->arena, "variable/%s/%s", name, value);
}

static void count_choices(struct reading *reading, const struct entry *variable, struct map *all)
{
    const struct value *choose = value_get(variable->value, "choose");
    for (size_t i = 0; choose && choose->kind == VALUE_LIST && i < choose->item_count; i++) {
        STR_AUTO text = STR_INIT;
        value_flow(choose->items[i], &text);
        map_set(all, choice_key(reading, variable->key, str_text(&text)), reading);
    }
}

/* Each choice and ticket is something to be drawn; a range is not: it is too many. */
static void count_draws(struct reading *reading)
{
    const struct value *root = reading->document->root, *vars = value_get(root, "vars"),
                       *tickets = value_get(root, "tickets");
    struct map *all = map_new(reading->arena);
    for (size_t i = 0; vars && vars->kind == VALUE_MAP && i < vars->entry_count; i++)
        count_choices(reading, &vars->entries[i], all);
    for (size_t i = 0; tickets && tickets->kind == VALUE_MAP && i < tickets->entry_count; i++)
        map_set(all, arena_printf(reading->arena, "ticket/%s", tickets->entries[i].key), reading);
    reading->to_draw = map_count(all);
}

static void note_draws(struct reading *reading, const struct scenario *scenario)
{
    const struct value *vars = value_get(reading->document->root, "vars");
    for (size_t i = 0; i < scenario->variable_count; i++) {
        const struct variable *variable = &scenario->variables[i];
        if (value_get(value_get(vars, variable->name), "choose"))
            map_set(reading->drawn, choice_key(reading, variable->name, variable->value), reading);
    }
    for (size_t p = 0; p < scenario->phase_count; p++)
        for (size_t t = 0; t < scenario->phases[p].ticket_count; t++)
            map_set(reading->drawn, arena_printf(reading->arena, "ticket/%s", scenario->phases[p].tickets[t]->id),
                    reading);
}

/* ---- what is found ------------------------------------------------------------------------------------------------
 */

/* "seed 3: victim = app-2, ticket dns" */
static const char *describe(const struct reading *reading, const struct scenario *scenario,
                            const struct variant *variant)
{
    STR_AUTO text = STR_INIT;
    if (!variant->fixed)
        str_printf(&text, "seed %s", variant->seed);
    const char *between = variant->fixed ? "" : ": ";
    for (size_t i = 0; scenario && i < scenario->variable_count; i++) {
        str_printf(&text, "%s%s = %s", between, scenario->variables[i].name, scenario->variables[i].value);
        between = ", ";
    }
    for (size_t p = 0; scenario && p < scenario->phase_count; p++)
        for (size_t t = 0; t < scenario->phases[p].ticket_count; t++) {
            str_printf(&text, "%sticket %s", between, scenario->phases[p].tickets[t]->id);
            between = ", ";
        }
    return arena_strdup(reading->arena, str_text(&text));
}

/* A topology beside the scenario is read for each variant: the same file has several numbers. */
static bool same_place(const struct reading *reading, struct mark a, struct mark b)
{
    const struct sources *sources = reading->document->sources;
    return a.line == b.line && a.column == b.column &&
           (a.file == b.file || (a.file < sources->count && b.file < sources->count &&
                                 str_equal(sources->items[a.file].name, sources->items[b.file].name)));
}

static void merge(struct reading *reading, const struct findings *findings, size_t variant, const char *where)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        struct merged *merged = NULL;
        for (size_t m = 0; m < reading->count && !merged; m++)
            if (str_equal(reading->merged[m].finding.rule, finding->rule) &&
                str_equal(reading->merged[m].finding.text, finding->text) &&
                same_place(reading, reading->merged[m].finding.mark, finding->mark))
                merged = &reading->merged[m];
        if (!merged) {
            merged = ARENA_PUSH(reading->arena, reading->merged, reading->count);
            *merged = (struct merged){.finding = *finding, .where = where};
        }
        merged->variants += merged->seen != variant;
        merged->seen = variant;
    }
}

static void report(const struct reading *reading, size_t variants)
{
    bool wrong = false;
    for (size_t i = 0; i < reading->count; i++)
        wrong = wrong || reading->merged[i].finding.level == FINDING_ERROR;
    for (size_t i = 0; i < reading->count; i++) {
        const struct merged *merged = &reading->merged[i];
        bool everywhere = merged->variants == variants;
        if (wrong && !everywhere && merged->finding.level == FINDING_WARNING)
            continue; /* of variants that are right: first those that are not */
        struct finding *finding = findings_add(
            reading->document->findings, merged->finding.level, merged->finding.rule, merged->finding.mark, "%s%s%s%s",
            merged->finding.text, everywhere ? "" : " (", everywhere ? "" : merged->where, everywhere ? "" : ")");
        finding->hint = merged->finding.hint;
        finding->other = merged->finding.other;
        finding->other_text = merged->finding.other_text;
    }
}

/* Reads one variant; the document itself stays as the author wrote it. */
static struct scenario *read_variant(struct reading *reading, const struct variant *variant, size_t number)
{
    struct document document = *reading->document;
    struct findings findings;
    struct scenario *scenario = NULL;
    findings_init(&findings, reading->arena);
    document.findings = &findings;
    load_scenario_document(&document, variant, &scenario);
    if (scenario) {
        exercise_check_scenario(scenario, &findings);
        if (scenario->topology)
            rulesets_check(scenario->topology, document.sources, &findings);
        note_draws(reading, scenario);
    }
    merge(reading, &findings, number, describe(reading, scenario, variant));
    return scenario;
}

/* ---- what no seed has drawn ---------------------------------------------------------------------------------------
 */

static void fix(struct reading *reading, const char *name, uint64_t number, size_t *count)
{
    if (*count < FIXED_MOST)
        read_variant(reading, &(struct variant){.seed = "1", .fixed = name, .number = number}, ++*count);
}

/* The ends of a range are where it does not fit. */
static void fix_ends(struct reading *reading, const char *name, const struct value *range, size_t *count)
{
    if (!range || range->kind != VALUE_LIST || range->item_count != 2)
        return;
    const struct value *least = range->items[0], *most = range->items[1];
    if (least->kind != VALUE_INTEGER || most->kind != VALUE_INTEGER || least->integer > most->integer)
        return;
    fix(reading, name, 0, count);
    if (least->integer != most->integer)
        fix(reading, name, (uint64_t)most->integer - (uint64_t)least->integer, count);
}

static void fix_choices(struct reading *reading, const char *name, const struct value *choose, size_t *count)
{
    for (size_t i = 0; choose && choose->kind == VALUE_LIST && i < choose->item_count; i++) {
        STR_AUTO text = STR_INIT;
        value_flow(choose->items[i], &text);
        if (!map_get(reading->drawn, choice_key(reading, name, str_text(&text))))
            fix(reading, name, i, count);
    }
}

static void fix_variables(struct reading *reading, size_t *count)
{
    const struct value *vars = value_get(reading->document->root, "vars");
    for (size_t i = 0; vars && vars->kind == VALUE_MAP && i < vars->entry_count; i++) {
        fix_ends(reading, vars->entries[i].key, value_get(vars->entries[i].value, "range"), count);
        fix_choices(reading, vars->entries[i].key, value_get(vars->entries[i].value, "choose"), count);
    }
}

size_t read_variants(struct document *document, size_t seeds, struct scenario **out)
{
    struct reading reading = {.document = document, .arena = document->arena, .drawn = map_new(document->arena)};
    const struct value *root = document->root;
    bool draws = value_get(root, "vars") || value_get(root, "tickets");
    size_t least = !draws ? 1 : seeds ? seeds : SEEDS_LEAST, most = draws && !seeds ? SEEDS_MOST : least, count = 0;
    count_draws(&reading);
    *out = NULL;
    while (count < least || (count < most && map_count(reading.drawn) < reading.to_draw)) {
        count++;
        const char *seed = draws ? arena_printf(reading.arena, "%zu", count) : NULL;
        struct scenario *scenario = read_variant(&reading, &(struct variant){.seed = seed}, count);
        *out = *out ? *out : scenario;
    }
    if (!seeds)
        fix_variables(&reading, &count);
    report(&reading, count);
    return count;
}
