/* What the parts of a scenario must be to one another, once all are decoded. */
#include "base/arena.h"
#include "base/str.h"
#include "base/units.h"
#include "load/scenario_parts.h"
#include "model/check.h"

static void check_time(struct scenario_loader *loader)
{
    const struct value *root = loader->document->root;
    const struct entry *time = value_entry(root, "time"), *phases = value_entry(root, "phases");
    if (!time || !phases)
        return;
    struct finding *finding =
        scenario_error(loader, "time-and-phases", phases->key_mark, "'time' and 'phases' exclude each other");
    finding->hint = "each phase has a time of its own";
    finding->other = time->key_mark;
    finding->other_text = "time stands here";
}

static bool has_part(const struct scenario_loader *loader, size_t offset)
{
    const struct value *const *own = (const void *)((const char *)&loader->parts + offset);
    bool has = *own != NULL;
    for (size_t i = 0; i < loader->ticket_count; i++)
        has = has || *(const struct value *const *)(const void *)((const char *)&loader->ticket_parts[i] + offset);
    return has;
}
#define HAS(loader, part) has_part((loader), offsetof(struct scenario_parts, part))

static void check_tasks(struct scenario_loader *loader)
{
    const struct scenario *scenario = loader->scenario;
    bool repair = false;
    for (size_t i = 0; i < scenario->task_count; i++)
        repair = repair || !scenario->tasks[i].build;
    if (scenario->control && scenario->fault_count)
        scenario_error(loader, "control-with-fault", scenario->faults[0].mark,
                       "a healthy control (control: true) has no fault");
    for (size_t i = 0; i < loader->ticket_count; i++)
        if (!loader->ticket_parts[i].tasks)
            scenario_error(loader, "no-task", loader->ticket_parts[i].ticket->mark, "ticket '%s' has no task",
                           loader->ticket_parts[i].ticket->id);
    if (!scenario->control && !loader->parts.tasks && !loader->parts.tickets)
        scenario_error(loader, "no-task", scenario->name_mark, "scenario '%s' has no task", scenario->name);
    if (!scenario->control && repair && !HAS(loader, faults) && !loader->parts.tickets)
        scenario_error(loader, "no-task", scenario->name_mark, "scenario '%s' has repair tasks but no fault",
                       scenario->name)
            ->hint = "break something under 'faults', or make them tasks of kind: build";
}

/* ---- schedules ----------------------------------------------------------------------------------------------------
 */

static void check_schedule(struct scenario_loader *loader, const struct fault *fault)
{
    const struct scenario *scenario = loader->scenario;
    char every[UNITS_TEXT_MAX], lasts[UNITS_TEXT_MAX], after[UNITS_TEXT_MAX], end[UNITS_TEXT_MAX];
    int64_t time = fault->phase >= 0 ? scenario->phases[fault->phase].time : scenario_time(scenario);
    duration_format(fault->every, every);
    duration_format(fault->lasts, lasts);
    duration_format(fault->after, after);
    duration_format(time, end);
    if (fault->every && !fault->lasts)
        scenario_error(loader, "fault-schedule", fault->mark, "fault '%s' comes again every %s but never ends",
                       fault->id, every)
            ->hint = "say how long it stays: for: 30s";
    else if (fault->every && fault->lasts >= fault->every)
        scenario_error(loader, "fault-schedule", fault->mark, "fault '%s' stays for %s and comes again every %s",
                       fault->id, lasts, every)
            ->hint = "'for' is shorter than 'every'";
    if (time && fault->after >= time)
        scenario_error(loader, "fault-schedule", fault->mark, "fault '%s' comes after %s, when the time of %s is over",
                       fault->id, after, end)
            ->hint = arena_printf(loader->decoder.arena, "'after' is shorter than %s", end);
}

/* ---- the diagnosis ------------------------------------------------------------------------------------------------
 */

static bool is_thing(struct scenario_loader *loader, const char *name, struct mark mark)
{
    const char *near = NULL;
    if (topology_thing(loader->scenario->topology, name, &near).kind != THING_NONE)
        return true;
    struct finding *finding =
        scenario_error(loader, "dangling-accept", mark, "nothing is called '%s' in this lab", name);
    if (near)
        finding->hint = arena_printf(loader->decoder.arena, "did you mean '%s'?", near);
    return false;
}

static void accept_thing(struct scenario_loader *loader, const struct value *value)
{
    struct strings *accept = &loader->scenario->diagnosis_accept;
    const char *name;
    if (!value->broken && decode_text(&loader->decoder, "accept", value, &name) && is_thing(loader, name, value->mark))
        *ARENA_PUSH(loader->decoder.arena, accept->items, accept->count) = name;
}

/* With several faults to be claimed, whose place is it? */
static void check_whose(struct scenario_loader *loader, const struct value *accept)
{
    const struct scenario *scenario = loader->scenario;
    size_t lasting = 0;
    for (size_t i = 0; i < scenario->fault_count; i++)
        lasting += !fault_is_scheduled(&scenario->faults[i]);
    if ((lasting ? lasting : scenario->fault_count) < 2)
        return;
    findings_add(loader->decoder.findings, FINDING_WARNING, "accept-of-any", accept->mark,
                 "there are several faults, and these places are as good for any of them")
        ->hint = "name them in the fault whose places they are: { kind: ..., at: ..., accept: [...] }";
}

static void check_diagnosis(struct scenario_loader *loader)
{
    const struct scenario *scenario = loader->scenario;
    const struct value *accept = loader->parts.accept;
    if (scenario->diagnosis_points && !scenario->control && !HAS(loader, faults))
        scenario_error(loader, "diagnosis", value_entry(loader->document->root, "diagnosis")->key_mark,
                       "a diagnosis has points, but there is no fault to be named")
            ->hint = "where 'no fault' is the right claim, say control: true";
    for (size_t i = 0; accept && accept->kind == VALUE_LIST && i < accept->item_count; i++)
        accept_thing(loader, accept->items[i]);
    if (accept && accept->kind != VALUE_LIST)
        accept_thing(loader, accept);
    if (accept)
        check_whose(loader, accept);
    for (size_t i = 0; i < scenario->fault_count; i++)
        for (size_t a = 0; a < scenario->faults[i].accept.count; a++)
            is_thing(loader, scenario->faults[i].accept.items[a], scenario->faults[i].accept_marks[a]);
}

/* ---- what an author has yet to prove ------------------------------------------------------------------------------
 */

static bool catches(const struct scenario *scenario, const char *id)
{
    for (size_t i = 0; i < scenario->wrong_fix_count; i++)
        for (size_t c = 0; c < scenario->wrong_fixes[i].caught_by.count; c++)
            if (str_equal(scenario->wrong_fixes[i].caught_by.items[c], id))
                return true;
    return false;
}

void scenario_warnings(const struct scenario *scenario, struct findings *findings)
{
    if (!scenario->wrong_fix_count && scenario->task_count)
        findings_add(findings, FINDING_WARNING, "no-wrong-fix", scenario->name_mark, "scenario '%s' has no wrong fix",
                     scenario->name)
            ->hint = "write down under 'wrong_fixes' what somebody in a hurry would do, and what catches it";
    if (!scenario->solution_count && scenario->task_count && !scenario->control)
        findings_add(findings, FINDING_WARNING, "no-solution", scenario->name_mark, "scenario '%s' has no solution",
                     scenario->name)
            ->hint = "without one nobody has shown that it can be solved";
    for (size_t i = 0; i < scenario->guard_count && scenario->wrong_fix_count; i++)
        if (!catches(scenario, scenario->guards[i]->id))
            findings_add(findings, FINDING_WARNING, "unproved-guard", scenario->guards[i]->mark,
                         "no wrong fix is caught by guard '%s': nobody has shown that it can go red",
                         scenario->guards[i]->id)
                ->hint = arena_printf(findings->arena, "add a wrong fix with caught_by: [%s]", scenario->guards[i]->id);
}

void check_scenario(struct scenario_loader *loader)
{
    const struct scenario *scenario = loader->scenario;
    check_time(loader);
    check_tasks(loader);
    for (size_t i = 0; i < scenario->fault_count; i++)
        if (!scenario->faults[i].vague)
            check_schedule(loader, &scenario->faults[i]);
    check_diagnosis(loader);
}
