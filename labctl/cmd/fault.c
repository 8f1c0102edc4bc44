/* labctl fault: the catalogue from the table of kinds; faults put into a running lab and taken out. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "fault/fault.h"

static const struct option_spec options[] = {
    {"--at", "THING…", "What the fault is at; two things by --at twice, or joined by a comma: --at client,server."},
    {"--id", "ID", "What `status` and `clear` call it; default fault-1, fault-2 and so on."},
};

/* ---- the catalogue ---- */

static const char *stage_name(enum fault_stage stage)
{
    return stage == FAULT_TOPOLOGY ? "topology" : "machine";
}

static json_t *parameter_json(const struct fault_parameter_row *row)
{
    json_t *words = json_array();
    for (size_t i = 0; i < row->word_count; i++)
        json_array_append_new(words, json_string(row->words[i]));
    json_t *object = json_pack("{s:s, s:s, s:b, s:s?, s:s}", "key", row->key, "type", parameter_type_name(row->type),
                               "required", row->required, "default", row->fallback, "doc", row->doc);
    if (row->word_count)
        json_object_set(object, "words", words);
    json_decref(words);
    return object;
}

static json_t *kind_json(const struct fault_kind *kind)
{
    json_t *targets = json_array(), *parameters = json_array();
    for (size_t i = 0; i < kind->target_count; i++)
        json_array_append_new(targets, json_pack("{s:s, s:s}", "kind", thing_kind_name(kind->targets[i].thing), "side",
                                                 stage_name(kind->targets[i].stage)));
    for (size_t i = 0; i < kind->parameter_count; i++)
        json_array_append_new(parameters, parameter_json(&kind->parameters[i]));
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:s, s:s}", "name", kind->name, "summary", kind->summary,
                     "family", fault_family_name(kind->family), "layer", (int)kind->layer, "things", (int)kind->things,
                     "targets", targets, "parameters", parameters, "symptom", kind->symptom, "tools", kind->tools);
}

static int list_kinds(const struct context *context)
{
    if (context->format == FORMAT_JSON) {
        json_t *kinds = json_array();
        for (size_t i = 0; i < fault_kind_count; i++)
            json_array_append_new(kinds, kind_json(fault_kinds[i]));
        json_t *out = json_pack("{s:i, s:o}", "version", 1, "faults", kinds);
        client_print_json(out);
        json_decref(out);
        return 0;
    }
    for (size_t i = 0; i < fault_kind_count; i++)
        printf("%-28s  layer %u  %s\n", fault_kinds[i]->name, fault_kinds[i]->layer, fault_kinds[i]->summary);
    return 0;
}

static void print_parameter(const struct fault_parameter_row *row)
{
    printf("  %s=%s", row->key, row->type == PARAMETER_WORD ? "" : parameter_type_name(row->type));
    for (size_t i = 0; i < row->word_count; i++)
        printf("%s%s", i ? "|" : "", row->words[i]);
    if (row->required)
        printf(" (required)");
    else if (row->fallback)
        printf(" (default %s)", row->fallback);
    printf("\n      %s\n", row->doc);
}

static int show_kind(const struct context *context, const char *name)
{
    const struct fault_kind *kind = fault_kind_find(name);
    if (!kind) {
        ARENA_AUTO arena = arena_new();
        const char **names = arena_alloc(arena, fault_kind_count * sizeof *names);
        for (size_t i = 0; i < fault_kind_count; i++)
            names[i] = fault_kinds[i]->name;
        const char *near = str_nearest(name, names, fault_kind_count);
        return cmd_usage(context, "no kind of fault is called '%s'%s%s%s", name, near ? "; did you mean '" : "",
                         near ? near : "", near ? "'?" : "");
    }
    if (context->format == FORMAT_JSON) {
        json_t *out = kind_json(kind);
        json_object_set_new(out, "version", json_integer(1));
        client_print_json(out);
        json_decref(out);
        return 0;
    }
    printf("%s: %s\n", kind->name, kind->summary);
    printf("at %s", kind->things == 2 ? "two of: " : "");
    for (size_t i = 0; i < kind->target_count; i++)
        printf("%s%s (%s)", i ? ", " : "", thing_kind_name(kind->targets[i].thing),
               kind->targets[i].stage == FAULT_TOPOLOGY ? "shown by `labctl dump`" : "in the machine");
    printf("\nlayer %u, family %s\nseen as: %s\nfound with: %s\n", kind->layer, fault_family_name(kind->family),
           kind->symptom, kind->tools);
    if (kind->parameter_count)
        puts("parameters:");
    for (size_t i = 0; i < kind->parameter_count; i++)
        print_parameter(&kind->parameters[i]);
    return 0;
}

/* ---- a running lab ---- */

static int inject(struct context *context)
{
    const char *things = cmd_option(context, "--at"), *id = cmd_option(context, "--id");
    struct error err = ERROR_INIT;
    ARENA_AUTO arena = arena_new();
    json_t *at = json_array(), *parameters = json_object(), *reply = NULL;
    char *rest = arena_strdup(arena, things);
    for (char *word; rest && (word = strsep(&rest, ",\n")) != NULL;) { /* A,B or [A, B] */
        word += strspn(word, " [");
        word[strcspn(word, " ]")] = 0;
        json_array_append_new(at, json_string(word));
    }
    json_t *params = json_pack("{s:s, s:o, s:o, s:s}", "kind", context->argv[1], "at", at, "parameters", parameters,
                               "id", id ? id : "");
    for (int i = 2; i < context->argc; i++) {
        const char *equals = strchr(context->argv[i], '=');
        if (!equals || equals == context->argv[i]) {
            json_decref(params);
            return cmd_usage(context, "'%s' is no KEY=VALUE", context->argv[i]);
        }
        const char *key = arena_strndup(arena, context->argv[i], (size_t)(equals - context->argv[i]));
        if (json_object_get(parameters, key)) {
            json_decref(params);
            return cmd_usage(context, "parameter '%s' is given twice", key);
        }
        json_object_set_new(parameters, key, json_string(equals + 1));
    }
    if (!things) {
        json_decref(params);
        return cmd_usage(context, "'fault inject' needs --at THING");
    }
    if (client_call(context, "fault-inject", params, &reply, &err))
        return cmd_fail(context, &err);
    if (context->format == FORMAT_JSON) {
        json_object_set_new(reply, "version", json_integer(1));
        client_print_json(reply);
    } else if (!context->quiet) {
        printf("%s: %s\nin force: %s\n", client_text(reply, "id"), client_text(reply, "description"),
               client_text(reply, "in_force"));
    }
    json_decref(reply);
    return 0;
}

static int clear(struct context *context)
{
    struct error err = ERROR_INIT;
    size_t i;
    json_t *reply = NULL, *item;
    json_t *params = json_pack("{s:s}", "id", context->argc > 1 ? context->argv[1] : "");
    if (client_call(context, "fault-clear", params, &reply, &err))
        return cmd_fail(context, &err);
    if (context->format == FORMAT_JSON) {
        json_object_set_new(reply, "version", json_integer(1));
        client_print_json(reply);
    } else if (!context->quiet) {
        json_array_foreach(json_object_get(reply, "cleared"), i, item)
        {
            printf("%s is taken out\n", json_string_value(item));
        }
        if (!json_array_size(json_object_get(reply, "cleared")))
            puts("no fault is in");
        json_array_foreach(json_object_get(reply, "notes"), i, item)
        {
            printf("note: %s\n", json_string_value(item));
        }
    }
    json_decref(reply);
    return 0;
}

static int status(struct context *context)
{
    struct error err = ERROR_INIT;
    size_t i;
    json_t *reply = NULL, *fault;
    if (client_call(context, "fault-status", NULL, &reply, &err))
        return cmd_fail(context, &err);
    const json_t *faults = json_object_get(reply, "faults");
    if (context->format == FORMAT_JSON) {
        json_object_set_new(reply, "version", json_integer(1));
        client_print_json(reply);
    } else {
        if (!json_array_size(faults))
            puts("no fault is in");
        json_array_foreach(faults, i, fault)
        {
            printf("%-12s  in force: %-7s  %s\n", client_text(fault, "id"), client_text(fault, "in_force"),
                   client_text(fault, "description"));
        }
    }
    json_decref(reply);
    return 0;
}

static int run(struct context *context)
{
    static const struct {
        const char *word;
        int least, most;
    } words[] = {{"list", 1, 1}, {"show", 2, 2}, {"inject", 2, -1}, {"clear", 1, 2}, {"status", 1, 1}};
    const char *word = context->argc > 0 ? context->argv[0] : NULL, *names[ARRAY_SIZE(words)];
    size_t i = 0;
    if (!word)
        return cmd_usage(context, "'fault' needs one of list, show, inject, clear, status");
    while (i < ARRAY_SIZE(words) && !str_equal(words[i].word, word))
        names[i] = words[i].word, i++;
    if (i == ARRAY_SIZE(words)) {
        const char *near = str_nearest(word, names, ARRAY_SIZE(names));
        return cmd_usage(context, "'fault %s' is not one of list, show, inject, clear, status%s%s%s", word,
                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    if (cmd_operands(context, words[i].least, words[i].most))
        return 2;
    if (i != 2 && (cmd_option(context, "--at") || cmd_option(context, "--id")))
        return cmd_usage(context, "--at and --id are for 'fault inject'");
    switch (i) {
    case 0:
        return list_kinds(context);
    case 1:
        return show_kind(context, context->argv[1]);
    case 2:
        return inject(context);
    case 3:
        return clear(context);
    default:
        return status(context);
    }
}

const struct command command_fault = {
    .name = "fault",
    .group = "faults",
    .synopsis = "fault list|show KIND|inject KIND --at THING [KEY=VALUE…]|clear [ID]|status",
    .summary = "Break a running lab in a known way, and mend it again",
    .description =
        "list      the kinds of faults\n"
        "show      one kind: where it can be, its parameters, how it is seen and found\n"
        "inject    puts a fault into the running lab and says whether it is in force\n"
        "clear     takes it out (without ID: all of them); what somebody changed since stays\n"
        "status    the faults that are in, and whether they are in force\n"
        "\n"
        "  labctl fault inject loss --at link/uplink loss=5%\n"
        "  labctl fault inject asymmetric-routing --at client,server via=r2\n"
        "\n"
        "A fault of the cloud changes the topology, so that `labctl dump` shows it and `labctl set` repairs it.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
