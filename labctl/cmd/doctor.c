/* labctl doctor */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cmd/cmd.h"
#include "kernel/capability.h"

#define DETAIL_INDENT 36 /* columns before backend and remedy */

static const char *state_color(const struct capability_result *result)
{
    if (result->state == CAPABILITY_OK)
        return "\033[32m";
    return result->state == CAPABILITY_MISSING && result->capability->need == CAPABILITY_REQUIRED ? "\033[1;31m"
                                                                                                  : "\033[33m";
}

/* The text's lines, each indented to the column of details. */
static void print_lines(const char *text)
{
    while (*text) {
        int length = (int)strcspn(text, "\n");
        printf("%*s%.*s\n", DETAIL_INDENT, "", length, text);
        text += length + (text[length] == '\n');
    }
}

static void print_row(const struct context *context, const struct capability_result *result)
{
    const struct capability *capability = result->capability;
    printf("  %-23s %s%-8s%s  ", capability->name, context->color ? state_color(result) : "",
           capability_state_name(result->state), context->color ? "\033[0m" : "");
    if (result->state == CAPABILITY_MISSING)
        printf("%s\n", result->detail);
    else
        printf("%s%s%s\n", result->backend, result->fidelity[0] ? "; " : "", result->fidelity);
    if (result->state == CAPABILITY_FALLBACK && result->detail[0])
        print_lines(result->detail);
    bool tried = result->state != CAPABILITY_MISSING || !str_starts(result->detail, "not tried");
    if ((result->state != CAPABILITY_OK && tried) || context->verbose)
        printf("%*sfor %s (%s)\n", DETAIL_INDENT, "", capability->purpose, capability_need_name(capability->need));
    print_lines(result->remedy);
}

static size_t count_missing(const struct capability_result *results, size_t count, enum capability_need need)
{
    size_t missing = 0;
    for (size_t i = 0; i < count; i++)
        missing += results[i].state == CAPABILITY_MISSING && results[i].capability->need == need;
    return missing;
}

static void print_missing(const char *before, const struct capability_result *results, size_t count,
                          enum capability_need need)
{
    const char *separator = "";
    if (count_missing(results, count, need) == 0)
        return;
    fputs(before, stdout);
    for (size_t i = 0; i < count; i++) {
        if (results[i].state != CAPABILITY_MISSING || results[i].capability->need != need)
            continue;
        printf("%s%s", separator, results[i].capability->name);
        separator = ", ";
    }
    puts(".");
}

static void print_text(const struct context *context, const struct capability_result *results, size_t count, bool able)
{
    for (size_t i = 0; i < count && !context->quiet; i++) {
        enum capability_area area = results[i].capability->area;
        if (i == 0 || results[i - 1].capability->area != area)
            printf("%s%s\n", i == 0 ? "" : "\n", capability_area_name(area));
        print_row(context, &results[i]);
    }
    if (!context->quiet)
        putchar('\n');
    print_missing("Missing, and nothing uses it yet: ", results, count, CAPABILITY_LATER);
    print_missing("Missing, and some labs or people want it: ", results, count, CAPABILITY_RECOMMENDED);
    if (able)
        puts(count == capability_count ? "This machine can run labs." : "This machine can do that.");
    else if (count == capability_count)
        print_missing("This machine cannot run labs; missing: ", results, count, CAPABILITY_REQUIRED);
    else
        puts("This machine cannot do that.");
}

static void write_row(struct json *json, const struct capability_result *result)
{
    const struct capability *capability = result->capability;
    json_put_object(json);
    json_put_string_member(json, "name", capability->name);
    json_put_string_member(json, "area", capability_area_name(capability->area));
    json_put_string_member(json, "purpose", capability->purpose);
    json_put_string_member(json, "need", capability_need_name(capability->need));
    json_put_string_member(json, "state", capability_state_name(result->state));
    json_put_string_member(json, "backend", result->backend[0] ? result->backend : NULL);
    json_put_string_member(json, "fidelity", result->fidelity[0] ? result->fidelity : NULL);
    json_put_string_member(json, "detail", result->detail[0] ? result->detail : NULL);
    json_put_string_member(json, "remedy", result->remedy[0] ? result->remedy : NULL);
    json_put_object_end(json);
}

static void print_json(const struct capability_result *results, size_t count, bool able)
{
    STR_AUTO text = STR_INIT;
    struct json json;
    json_init(&json, &text, true);
    json_put_object(&json);
    json_put_integer_member(&json, "version", 1);
    json_put_boolean_member(&json, "able", able);
    json_put_key(&json, "capabilities");
    json_put_array(&json);
    for (size_t i = 0; i < count; i++)
        write_row(&json, &results[i]);
    json_put_array_end(&json);
    json_put_object_end(&json);
    puts(str_text(&text));
}

static int unknown(const struct context *context, const char *name)
{
    const char **names = malloc(capability_count * sizeof *names);
    if (!names)
        return cmd_usage(context, "out of memory");
    for (size_t i = 0; i < capability_count; i++)
        names[i] = capabilities[i].name;
    const char *nearest = str_nearest(name, names, capability_count);
    int status = cmd_usage(context, "there is no capability '%s'%s%s%s", name, nearest ? "; did you mean '" : "",
                           nearest ? nearest : "", nearest ? "'?" : "");
    free(names);
    return status;
}

/* Tries what is named, or everything.  0 or the exit status of a usage error. */
static int examine(const struct context *context, struct capability_result *results, size_t *count)
{
    *count = context->argc > 0 ? (size_t)context->argc : capability_count;
    if (context->argc == 0)
        capability_probe_all(results);
    for (int i = 0; i < context->argc; i++)
        if (!capability_find(context->argv[i]))
            return unknown(context, context->argv[i]);
    for (int i = 0; i < context->argc; i++)
        capability_probe(capability_find(context->argv[i]), &results[i]);
    return 0;
}

static int run(struct context *context)
{
    size_t count = 0, room = context->argc > 0 ? (size_t)context->argc : capability_count;
    struct capability_result *results = calloc(room, sizeof *results);
    if (!results)
        return cmd_usage(context, "out of memory");
    int status = examine(context, results, &count);
    if (status == 0) {
        bool able = count_missing(results, count, CAPABILITY_REQUIRED) == 0;
        for (int i = 0; i < context->argc; i++) /* who asks for one by name wants that one */
            able = able && results[i].state != CAPABILITY_MISSING;
        if (context->format == FORMAT_JSON)
            print_json(results, count, able);
        else
            print_text(context, results, count, able);
        status = able ? 0 : 3;
    }
    free(results);
    return status;
}

const struct command command_doctor = {
    .name = "doctor",
    .group = "the machine",
    .synopsis = "doctor [CAPABILITY…]",
    .summary = "Try what this machine can do, and say what helps where it cannot",
    .description =
        "Each capability is tried by doing it, in namespaces made for that one trial; nothing of the machine is "
        "changed.\n"
        "For each: ok, fallback (another way is taken) or missing; what does the work and how close it is to the\n"
        "real thing; the package or the setting that helps.  With names, only those are tried.  -v says what each\n"
        "is for; -q prints the verdict alone.  The exit status is 0 where labs can be built, else 3.",
    .run = run,
};
