/* labctl pack */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "cmd/common/sealed.h"
#include "cmd/common/variants.h"
#include "doc/doc.h"
#include "model/scenario.h"

static const struct option_spec options[] = {
    {"-o", "FILE", "Where to write it (default: NAME.sealed here, NAME-LEARNER.sealed for a learner)."},
    {"--code", "CODE", "The start code that opens it; one is made and printed where none is given."},
    {"--seed", "N", "Seal this variant alone."},
    {"--learner", "ID", "Seal the variant of this learner alone."},
};

struct packing {
    const char *file, *out, *code;
    struct variant variant;
    bool drawn; /* one variant alone */
    size_t variants;
    char made[SEAL_CODE];
    struct str path;
};

/* Whoever starts it draws the variant: no seed may give an impossible one. */
static int check_variants(struct context *context, struct packing *packing)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    struct sources *sources = sources_new(arena);
    struct scenario *scenario = NULL;
    findings_init(&findings, arena);
    struct document *document = document_read(arena, sources, packing->file, &findings);
    packing->variants = document->root ? read_variants(document, 0, &scenario) : 0;
    if (!findings.errors)
        return 0;
    STR_AUTO text = STR_INIT;
    findings_sort(&findings);
    findings_print(&findings, sources, context->color_stderr, &text);
    fputs(str_text(&text), stderr);
    return 2;
}

static void choose_path(struct packing *packing, const struct scenario *scenario)
{
    if (packing->out) {
        str_append(&packing->path, packing->out);
        return;
    }
    str_append(&packing->path, scenario->name);
    if (packing->variant.learner && *packing->variant.learner)
        str_append_char(&packing->path, '-');
    /* A learner may be called anything: nothing of it leads out of this directory. */
    for (const char *at = packing->variant.learner; at && *at; at++)
        str_append_char(&packing->path, *at == '/' ? '_' : *at);
    str_append(&packing->path, SEALED_SUFFIX);
}

static int write_sealed(struct packing *packing, const struct exercise_reading *reading, struct error *err)
{
    STR_AUTO file = STR_INIT;
    if (!packing->code) {
        if (seal_code_new(packing->made, err))
            return -1;
        packing->code = packing->made;
    }
    if (sealed_make(reading, &packing->variant, packing->drawn, packing->code, &file, err))
        return -1;
    choose_path(packing, reading->scenario);
    if (file_replace(AT_FDCWD, str_text(&packing->path), file.data, file.length, 0644))
        return error_set(err, ERR_FILE, "write %s: %s", str_text(&packing->path), strerror(errno));
    return 0;
}

static void tell(const struct context *context, const struct packing *packing, const struct scenario *scenario)
{
    const char *code = *packing->made ? packing->made : NULL;
    if (context->format == FORMAT_JSON) {
        json_t *out =
            json_pack("{s:i, s:s, s:s, s:s?, s:b, s:s?, s:s?, s:s?}", "version", 1, "file", str_text(&packing->path),
                      "scenario", scenario->name, "title", scenario->title, "drawn", packing->drawn, "seed",
                      packing->variant.seed, "learner", packing->variant.learner, "code", code);
        client_print_json(out);
        json_decref(out);
        return;
    }
    if (code)
        printf("start code: %s\n", code);
    if (context->quiet)
        return;
    fprintf(stderr, "%s: %s sealed, %s; validated, not proved (`labctl prove` does that)\n", str_text(&packing->path),
            scenario->name,
            packing->drawn          ? "one variant alone"
            : packing->variants > 1 ? "in all its variants"
                                    : "whole");
    if (code)
        fprintf(stderr, "The code is kept nowhere: without it the file opens for nobody.\n");
}

static int run(struct context *context)
{
    STR_AUTO path = STR_INIT;
    EXERCISE_READING_AUTO reading = {0};
    struct error err = ERROR_INIT;
    if (cmd_operands(context, 1, 1))
        return 2;
    struct packing packing = {.file = exercise_file(context->argv[0], &path),
                              .out = cmd_option(context, "-o"),
                              .code = cmd_option(context, "--code"),
                              .variant = {cmd_option(context, "--seed"), cmd_option(context, "--learner")}};
    packing.drawn = packing.variant.seed || packing.variant.learner;
    if (sealed_is(packing.file))
        return cmd_usage(context, "%s is sealed already", packing.file);
    int status = exercise_read_variant(&reading, context, packing.file, &packing.variant);
    if (!status && !packing.drawn)
        status = check_variants(context, &packing);
    if (!status && write_sealed(&packing, &reading, &err))
        status = cmd_fail(context, &err);
    if (!status)
        tell(context, &packing, reading.scenario);
    str_free(&packing.path);
    return status;
}

const struct command command_pack = {
    .name = "pack",
    .group = "an author, an instructor",
    .synopsis = "pack SCENARIO [-o FILE] [--code CODE] [--seed N] [--learner ID]",
    .summary = "Seal a scenario for an exam: it opens with a start code",
    .description =
        "The scenario is validated, and written with its topology and every file that they name into one encrypted\n"
        "file (AES-256-GCM; the key comes from the start code by scrypt), without its solution.  `labctl start FILE`\n"
        "asks for the code and starts an exam.\n"
        "With --seed or --learner that variant alone is in the file; otherwise whoever starts it says which.\n"
        "It is not proved here: `labctl prove` does that.  Case, spaces and dashes of a code do not matter; one that\n"
        "is given on the command line can be seen by other users of this machine while the command runs.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
