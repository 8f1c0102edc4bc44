/* Reading a topology for a command. */
#include "cmd/common/reading.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "cmd/cmd.h"
#include "cmd/common/changing.h"
#include "cmd/common/ruleset.h"
#include "cmd/common/sealed.h"
#include "doc/doc.h"
#include "load/load.h"
#include "model/topology.h"
#include "rules/rules.h"

static void begin(struct reading *reading)
{
    reading_free(reading);
    reading->arena = arena_new();
    reading->sources = sources_new(reading->arena);
    findings_init(&reading->findings, reading->arena);
}

static void check(struct reading *reading)
{
    if (!reading->topology)
        return;
    rules_check(reading->topology, &reading->findings);
    rulesets_check(reading->topology, reading->sources, &reading->findings);
}

void reading_excuse(struct findings *findings, const struct findings *running)
{
    for (size_t i = 0; i < findings->count; i++) {
        struct finding *finding = &findings->items[i];
        bool known = false;
        for (size_t k = 0; k < running->count && finding->level == FINDING_ERROR && !known; k++)
            known =
                str_equal(running->items[k].rule, finding->rule) && str_equal(running->items[k].text, finding->text);
        if (!known)
            continue;
        finding->level = FINDING_WARNING;
        findings->errors--;
    }
}

static int finish(struct reading *reading, const struct context *context)
{
    findings_sort(&reading->findings);
    if (reading->findings.errors > 0 || !context->quiet) {
        STR_AUTO text = STR_INIT;
        findings_print(&reading->findings, reading->sources, context->color_stderr, &text);
        fputs(str_text(&text), stderr);
    }
    return reading->findings.errors > 0 || !reading->topology ? 2 : 0;
}

static void read_file(struct reading *reading, const char *path)
{
    begin(reading);
    if (!sealed_found(path, reading->sources, &reading->findings))
        load_topology(path, reading->sources, &reading->findings, &reading->topology);
    check(reading);
}

int reading_file(struct reading *reading, const struct context *context, const char *path)
{
    read_file(reading, path);
    return finish(reading, context);
}

int reading_text(struct reading *reading, const struct context *context, const char *name, const char *text,
                 size_t length)
{
    begin(reading);
    load_topology_text(name, text, length, reading->sources, &reading->findings, &reading->topology);
    check(reading);
    return finish(reading, context);
}

static void excuse_text(struct reading *reading, const struct str *running)
{
    READING_AUTO before = READING_INIT;
    begin(&before);
    load_topology_text("running lab", str_text(running), running->length, before.sources, &before.findings,
                       &before.topology);
    check(&before);
    reading_excuse(&reading->findings, &before.findings);
}

int reading_changed(struct reading *reading, const struct context *context, const char *name, const struct str *text,
                    const struct str *running)
{
    begin(reading);
    load_topology_text(name, str_text(text), text->length, reading->sources, &reading->findings, &reading->topology);
    check(reading);
    excuse_text(reading, running);
    return finish(reading, context);
}

int reading_applied(struct reading *reading, const struct context *context, const char *path)
{
    read_file(reading, path);
    if (reading->findings.errors > 0 && reading->topology) {
        STR_AUTO running = STR_INIT;
        struct context lab = *context;
        if (!lab.lab)
            lab.lab = reading->topology->name;
        if (lab.lab && changing_fetch(&lab, "dump", &running, NULL, 0, NULL, NULL) == 0)
            excuse_text(reading, &running);
    }
    return finish(reading, context);
}

int reading_running(struct reading *reading, const struct context *context, const char *name, const struct str *text,
                    const struct str *allotments)
{
    begin(reading);
    load_topology_keeping(name, str_text(text), text->length, str_text(allotments), reading->sources,
                          &reading->findings, &reading->topology);
    check(reading);
    reading_excuse(&reading->findings, &reading->findings);
    struct context errors_only = *context;
    errors_only.quiet = true; /* the warnings were shown by `up` */
    return finish(reading, &errors_only);
}

void reading_free(struct reading *reading)
{
    topology_free(reading->topology);
    arena_free(reading->arena);
    *reading = (struct reading)READING_INIT;
}

const char *lab_name_rule(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > 32 || name[0] < 'a' || name[0] > 'z' ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != length)
        return "a lab's name is a small letter and then up to 31 small letters, digits and '-'";
    return NULL;
}
