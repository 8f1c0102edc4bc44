/* labctl exercises */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/common/catalogue.h"
#include "cmd/common/interrupted.h"
#include "doc/doc.h"
#include "load/scenario.h"
#include "model/scenario.h"

struct exercise_row {
    const struct shipped *shipped;
    const struct scenario *scenario;
};

static int by_level(const void *a, const void *b)
{
    const struct exercise_row *x = a, *y = b;
    if (x->scenario->level != y->scenario->level)
        return x->scenario->level < y->scenario->level ? -1 : 1;
    return strcmp(x->shipped->name, y->shipped->name);
}

/* What the draws of no seed and no learner give: title, level, time are those of all variants. */
static size_t read_all(const struct context *context, struct arena *arena, struct exercise_row **out)
{
    struct shipped *shipped;
    struct sources *sources = sources_new(arena);
    size_t listed = catalogue_list(arena, &shipped), count = 0;
    *out = NULL;
    for (size_t i = 0; i < listed; i++) {
        struct findings findings;
        struct scenario *scenario = NULL;
        findings_init(&findings, arena);
        struct document *document = document_read(arena, sources, shipped[i].path, &findings);
        if (document->root && document_is_scenario(document) && !load_scenario_document(document, NULL, &scenario)) {
            *ARENA_PUSH(arena, *out, count) = (struct exercise_row){&shipped[i], scenario};
            continue;
        }
        const char *first = findings_first(&findings, sources, arena);
        if (!context->quiet)
            fprintf(stderr, "labctl: %s is left out: %s\n", shipped[i].path, first ? first : "it is no scenario");
    }
    if (count > 0)
        qsort(*out, count, sizeof **out, by_level);
    return count;
}

static const char *layers_text(const struct scenario *scenario, struct arena *arena)
{
    const char *text = "";
    for (size_t i = 0; i < scenario->layer_count; i++)
        text = arena_printf(arena, "%s%s%u", text, i ? "," : "", scenario->layers[i]);
    return *text ? text : "-";
}

static void print_text(const struct exercise_row *rows, size_t count, struct arena *arena)
{
    int width = (int)strlen("NAME");
    for (size_t i = 0; i < count; i++)
        if ((int)strlen(rows[i].shipped->name) > width)
            width = (int)strlen(rows[i].shipped->name);
    printf("%-*s  LEVEL  %-9s  %-6s  TASKS  TITLE\n", width, "NAME", "LAYERS", "TIME");
    for (size_t i = 0; i < count; i++) {
        const struct scenario *scenario = rows[i].scenario;
        char time[UNITS_TEXT_MAX] = "-", level[16] = "-";
        if (scenario_time(scenario))
            duration_format(scenario_time(scenario), time);
        if (scenario->level)
            snprintf(level, sizeof level, "%u", scenario->level);
        printf("%-*s  %5s  %-9s  %-6s  %5zu  %s\n", width, rows[i].shipped->name, level, layers_text(scenario, arena),
               time, scenario->task_count, scenario->title ? scenario->title : "");
    }
}

static void put_phases(struct json *json, const struct scenario *scenario)
{
    json_put_key(json, "phases");
    json_put_array(json);
    for (size_t i = 0; i < scenario->phase_count; i++) {
        const struct phase *phase = &scenario->phases[i];
        json_put_object(json);
        json_put_string_member(json, "id", phase->id);
        json_put_string_member(json, "title", phase->title);
        json_put_integer_member(json, "time_s", phase->time / NANOSECONDS_PER_SECOND);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void put_row(struct json *json, const struct exercise_row *row)
{
    const struct scenario *scenario = row->scenario;
    json_put_object(json);
    json_put_string_member(json, "name", row->shipped->name);
    json_put_string_member(json, "title", scenario->title);
    json_put_integer_member(json, "level", scenario->level);
    json_put_key(json, "layers");
    json_put_array(json);
    for (size_t i = 0; i < scenario->layer_count; i++)
        json_put_integer(json, scenario->layers[i]);
    json_put_array_end(json);
    json_put_key(json, "time_s");
    if (scenario_time(scenario))
        json_put_integer(json, scenario_time(scenario) / NANOSECONDS_PER_SECOND);
    else
        json_put_null(json);
    json_put_integer_member(json, "tasks", (int64_t)scenario->task_count);
    json_put_integer_member(json, "questions", (int64_t)scenario->question_count);
    put_phases(json, scenario);
    json_put_string_member(json, "file", row->shipped->path);
    json_put_object_end(json);
}

static void print_json(const struct exercise_row *rows, size_t count)
{
    STR_AUTO text = STR_INIT;
    struct json json;
    json_init(&json, &text, true);
    json_put_object(&json);
    json_put_integer_member(&json, "version", 1);
    json_put_key(&json, "exercises");
    json_put_array(&json);
    for (size_t i = 0; i < count; i++)
        put_row(&json, &rows[i]);
    json_put_array_end(&json);
    json_put_object_end(&json);
    puts(str_text(&text));
}

static int run(struct context *context)
{
    struct exercise_row *rows;
    if (cmd_operands(context, 0, 0) != 0)
        return 2;
    ARENA_AUTO arena = arena_new();
    size_t count = read_all(context, arena, &rows);
    if (context->format == FORMAT_JSON)
        print_json(rows, count);
    else if (count > 0)
        print_text(rows, count, arena);
    else if (!context->quiet)
        puts("no scenarios are installed; those of a directory are started by their file: labctl start FILE");
    if (context->format == FORMAT_TEXT && !context->quiet) {
        STR_AUTO text = STR_INIT;
        interrupted_tell(&text);
        fputs(str_text(&text), stdout);
    }
    return 0;
}

const struct command command_exercises = {
    .name = "exercises",
    .group = "an exercise",
    .synopsis = "exercises",
    .summary = "The catalogue: the scenarios that labctl ships",
    .description =
        "Lists the scenarios in ./scenarios and those of the installation, by level, with the layers that they are "
        "about, their time and how many tasks they have.  `labctl start NAME` starts one.\n\n"
        "With `--format json`: {version, exercises: [{name, title, level, layers: [number], time_s, tasks, questions, "
        "phases: [{id, title, time_s}], file}]}; time_s is null where there is no deadline.",
    .run = run,
};
