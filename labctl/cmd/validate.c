/* labctl validate */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/common/contradiction.h"
#include "cmd/common/exercise.h"
#include "cmd/common/ruleset.h"
#include "cmd/common/sealed.h"
#include "cmd/common/variants.h"
#include "doc/doc.h"
#include "load/load.h"
#include "load/scenario.h"
#include "model/scenario.h"
#include "rules/rules.h"
#include "service/service.h"

enum { SEEDS_MAX = 10000 };

/* One file that was read. */
struct validated {
    const char *path, *kind, *name;
    size_t seeds; /* variants of a scenario that were read */
    bool valid;
};

struct validation {
    struct context *context;
    struct arena *arena;
    struct sources *sources;
    struct findings findings;
    struct validated *files;
    size_t file_count;
    size_t seeds; /* asked for, or 0 */
    bool strict;
};

/* Warnings count as errors. */
static void make_strict(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i].level != FINDING_WARNING)
            continue;
        findings->items[i].level = FINDING_ERROR;
        findings->errors++;
    }
}

static void read_scenario(struct validation *validation, struct document *document, struct validated *file)
{
    struct scenario *scenario = NULL;
    size_t before = validation->findings.errors;
    file->kind = "scenario";
    file->seeds = read_variants(document, validation->seeds, &scenario);
    if (scenario == NULL)
        return;
    file->name = scenario->name;
    if (scenario->topology == NULL)
        return;
    exercise_requirements_find(scenario, &validation->findings);
    if (validation->findings.errors == before)
        contradictions_check(scenario, &validation->findings);
}

static void read_topology(struct validation *validation, struct document *document, struct validated *file)
{
    struct topology *topology = NULL;
    file->kind = "topology";
    load_topology_value(document, document->root, &topology);
    if (topology == NULL)
        return;
    file->name = topology->name;
    rules_check(topology, &validation->findings);
    rulesets_check(topology, validation->sources, &validation->findings);
    service_programs_find(topology, &validation->findings);
}

/* Reads one file: a scenario or a topology, by its first key. */
static void read_file(struct validation *validation, const char *path)
{
    struct findings *findings = &validation->findings;
    struct validated *file = ARENA_PUSH(validation->arena, validation->files, validation->file_count);
    size_t before = findings->errors, warnings = findings->count;
    *file = (struct validated){.path = path};
    if (sealed_found(path, validation->sources, findings))
        return;
    struct document *document = document_read(validation->arena, validation->sources, path, findings);
    if (document->root != NULL && document_is_scenario(document))
        read_scenario(validation, document, file);
    else if (document->root != NULL)
        read_topology(validation, document, file);
    file->valid = findings->errors == before && !(validation->strict && findings->count > warnings);
}

static void print_text(struct validation *validation)
{
    STR_AUTO text = STR_INIT;
    if (validation->findings.errors > 0 || !validation->context->quiet)
        findings_print(&validation->findings, validation->sources, validation->context->color_stderr, &text);
    fputs(str_text(&text), stderr);
    for (size_t i = 0; i < validation->file_count && !validation->context->quiet; i++) {
        const struct validated *file = &validation->files[i];
        if (file->valid)
            printf("%s: %s '%s' is valid%s\n", file->path, file->kind, file->name != NULL ? file->name : "",
                   file->seeds > 1 ? arena_printf(validation->arena, " in %zu variants", file->seeds) : "");
    }
}

static void print_json(struct validation *validation)
{
    const struct findings *findings = &validation->findings;
    STR_AUTO text = STR_INIT;
    struct json json;
    json_init(&json, &text, true);
    json_put_object(&json);
    json_put_integer_member(&json, "version", 1);
    json_put_boolean_member(&json, "valid", findings->errors == 0);
    json_put_integer_member(&json, "errors", (int64_t)findings->errors);
    json_put_integer_member(&json, "warnings", (int64_t)(findings->count - findings->errors));
    json_put_key(&json, "files");
    json_put_array(&json);
    for (size_t i = 0; i < validation->file_count; i++) {
        json_put_object(&json);
        json_put_string_member(&json, "file", validation->files[i].path);
        json_put_string_member(&json, "kind", validation->files[i].kind);
        json_put_string_member(&json, "name", validation->files[i].name);
        json_put_boolean_member(&json, "valid", validation->files[i].valid);
        if (validation->files[i].seeds > 0)
            json_put_integer_member(&json, "variants", (int64_t)validation->files[i].seeds);
        json_put_object_end(&json);
    }
    json_put_array_end(&json);
    json_put_key(&json, "findings");
    findings_json(findings, validation->sources, &json);
    json_put_object_end(&json);
    puts(str_text(&text));
}

static int read_seeds(struct context *context, size_t *seeds)
{
    const char *text = cmd_option(context, "--seeds");
    char *end = NULL;
    if (text == NULL)
        return 0;
    *seeds = strtoul(text, &end, 10);
    if (strspn(text, "0123456789") != strlen(text) || *seeds < 1 || *seeds > SEEDS_MAX)
        return cmd_usage(context, "--seeds is a number from 1 to %d, not '%s'", SEEDS_MAX, text);
    return 0;
}

static int run(struct context *context)
{
    if (cmd_operands(context, 1, -1) != 0)
        return 2;
    ARENA_AUTO arena = arena_new();
    struct validation validation = {.context = context,
                                    .arena = arena,
                                    .sources = sources_new(arena),
                                    .strict = cmd_option(context, "--strict") != NULL};
    findings_init(&validation.findings, arena);
    if (read_seeds(context, &validation.seeds) != 0)
        return 2;
    for (int i = 0; i < context->argc; i++)
        read_file(&validation, context->argv[i]);
    if (validation.strict)
        make_strict(&validation.findings);
    findings_sort(&validation.findings);
    if (context->format == FORMAT_JSON)
        print_json(&validation);
    else
        print_text(&validation);
    return validation.findings.errors > 0 ? 2 : 0;
}

static const struct option_spec options[] = {
    {.name = "--seeds", .argument = "N", .help = "Read the variants of the seeds 1 to N of a scenario that draws."},
    {.name = "--strict", .help = "Take warnings for errors."},
};

const struct command command_validate = {
    .name = "validate",
    .group = "a file",
    .synopsis = "validate [--strict] [--seeds N] FILE…",
    .summary = "Read topologies and scenarios and say what is wrong",
    .description =
        "Reads each FILE, a topology or a scenario, and reports every mistake with its file, line and column, the line "
        "itself, the rule in [brackets] and the nearest valid word, all of them in one run.  Warnings tell of what is "
        "allowed but hardly meant, and of programs that this machine lacks.\n\n"
        "A scenario with variables or draws is read in several variants, with the seeds 1, 2 and so on: at least 10, "
        "and more until each choice and each ticket was drawn once (at most 200); then with both ends of each range, "
        "and with each choice that no seed has drawn.  A mistake that only some variants have names the first of "
        "them.\n\n"
        "Exit status 0 when no file has an error, else 2.  With `--format json`: {version, valid, errors, warnings, "
        "files: [{file, kind, name, valid, variants?}], findings: [{level, file, line, column, rule, text, hint?, "
        "other?: {file, "
        "line, column, text}}]}.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .run = run,
};
