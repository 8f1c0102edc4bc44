/* What `labctl prove` prints: one line for each step, below it what was expected and what was seen. */
#include "cmd/common/proof_show.h"

#include <stdio.h>

#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/proof.h"
#include "model/scenario.h"

static void print_note(const json_t *note)
{
    bool warning = str_equal(client_text(note, "verdict"), "warning");
    printf("          %s", warning ? "warning: " : "");
    if (json_object_get(note, "line"))
        printf("%s:%lld:%lld: ", client_text(note, "file"), (long long)client_integer(note, "line"),
               (long long)client_integer(note, "column"));
    puts(client_text(note, "text"));
}

static const char *shown(const char *verdict)
{
    static const struct {
        enum proof_verdict verdict;
        const char *text;
    } rows[] = {{PROOF_OK, "ok"}, {PROOF_UNSUPPORTED, "CANNOT"}, {PROOF_ERROR, "ERROR"}, {PROOF_FAILED, "FAILED"}};
    _Static_assert(ARRAY_SIZE(rows) == PROOF_VERDICT_COUNT, "a word for each verdict");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (str_equal(verdict, proof_verdict_name(rows[i].verdict)))
            return rows[i].text;
    return verdict;
}

static void print_step(const struct context *context, const json_t *step)
{
    const char *verdict = client_text(step, "verdict"), *id = client_text(step, "id"),
               *color = !context->color            ? ""
                        : str_equal(verdict, "ok") ? "\033[32m"
                                                   : "\033[31m";
    const json_t *notes = json_object_get(step, "notes");
    char name[128];
    size_t i;
    json_t *note;
    snprintf(name, sizeof name, "%s%s%s", client_text(step, "step"), *id ? " " : "", id);
    printf("  %s%-6s%s  %-40s  %5.2f s  %s\n", color, shown(verdict), context->color ? "\033[0m" : "", name,
           json_real_value(json_object_get(step, "seconds")), client_text(step, "text"));
    json_array_foreach(notes, i, note) print_note(note);
}

void proof_show_step(const struct context *context, const json_t *step)
{
    if (context->format == FORMAT_TEXT && (!context->quiet || !str_equal(client_text(step, "verdict"), "ok")))
        print_step(context, step);
}

void proof_show_heading(const struct context *context, const struct proof_run *run)
{
    if (context->format != FORMAT_TEXT)
        return;
    printf("%s", run->reading.scenario->name);
    if (run->seeds > 1)
        printf(", seed %s", run->seed);
    if (run->rounds > 1)
        printf(", round %u", run->round);
    putchar('\n');
}

void proof_show_outcome(const struct context *context, const struct proof_run *run)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {{0, "proved"},
                {1, "not proved"},
                {2, "the file is at fault"},
                {3, "this machine cannot prove it"},
                {5, "no verdict"}};
    if (context->format != FORMAT_TEXT)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].status == run->status)
            printf("  %s\n", rows[i].text);
    fflush(stdout);
}

void proof_show_tally(const struct context *context, const struct proof_run *runs, size_t count)
{
    size_t proved = 0;
    for (size_t i = 0; i < count; i++)
        proved += runs[i].over && !runs[i].status;
    if (context->format == FORMAT_TEXT && count > 1)
        printf("%s: proved %zu of %zu times\n", runs->reading.scenario->name, proved, count);
    fflush(stdout);
}
