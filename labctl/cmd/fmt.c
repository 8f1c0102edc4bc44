/* labctl fmt */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "doc/doc.h"
#include "doc/format.h"

/* Replaces the file itself, not a link to it, and keeps who may read it. */
static int replace(const char *path, const struct str *text, struct error *err)
{
    char real[PATH_MAX];
    struct stat status;
    if (!realpath(path, real) || stat(real, &status))
        return error_set_errno(err, errno, "write %s", path);
    if (access(real, W_OK) || file_replace(AT_FDCWD, real, text->data, text->length, status.st_mode & 0777))
        return error_set_errno(err, errno, "write %s", path);
    return 0;
}

/* One file, or "-": standard input to standard output.  Returns the exit status; 1: --check found something to do. */
static int format_file(const struct context *context, const char *path, bool check)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO text = STR_INIT;
    STR_AUTO said = STR_INIT;
    struct error err = ERROR_INIT;
    struct findings findings;
    struct sources *sources = sources_new(arena);
    bool pipe = str_equal(path, "-");
    findings_init(&findings, arena);
    struct document *document = document_read(arena, sources, pipe ? "/dev/stdin" : path, &findings);
    if (findings.errors || format_text(document, &text)) {
        findings_sort(&findings);
        findings_print(&findings, sources, context->color_stderr, &said);
        fputs(str_text(&said), stderr);
        return 2;
    }
    const struct source *source = &sources->items[document->file];
    bool same = source->length == text.length && str_equal(source->text, str_text(&text));
    if (check && !same && !context->quiet)
        printf("%s is not formatted\n", path);
    if (check)
        return same ? 0 : 1;
    if (pipe)
        fputs(str_text(&text), stdout);
    else if (!same && replace(path, &text, &err))
        return cmd_fail(context, &err);
    else if (!same && !context->quiet)
        printf("%s: formatted\n", path);
    return 0;
}

static int run(struct context *context)
{
    int worst = 0;
    if (cmd_operands(context, 1, -1) != 0)
        return 2;
    for (int i = 0; i < context->argc; i++) {
        int status = format_file(context, context->argv[i], cmd_option(context, "--check") != NULL);
        worst = status > worst ? status : worst;
    }
    return worst;
}

static const struct option_spec options[] = {
    {.name = "--check", .help = "Change nothing; say which files are not formatted, and exit with 1 then."},
};

const struct command command_fmt = {
    .name = "fmt",
    .group = "a file",
    .synopsis = "fmt [--check] FILE…",
    .summary = "Bring a file into its canonical form",
    .description =
        "Rewrites each FILE (with `-`: standard input to standard output) in one layout.  The order of things, "
        "comments, "
        "quotes and single blank lines stay as they are.  Indentation is by two, brackets have the same spaces "
        "everywhere, and what is written in brackets stays so where it fits in 120 columns and holds no comment; "
        "otherwise each of its elements gets a line.  The values are the same before and after: that is checked, and a "
        "file of which it does not hold is left alone.  What has its form already is not written at all.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
