/* labctl new */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/templates.h"
#include "cmd/common/reading.h"

static const struct {
    const char *kind, *text, *then;
} templates[] = {
    {"scenario", template_scenario, "validate"},
    {"topology", template_topology, "up"},
};

static void fill_in(const char *text, const char *name, struct str *out)
{
    static const char mark[] = "@NAME@";
    for (const char *at; (at = strstr(text, mark)) != NULL; text = at + strlen(mark)) {
        str_append_bytes(out, text, (size_t)(at - text));
        str_append(out, name);
    }
    str_append(out, text);
}

/* Writes a file that must not be there yet; what could not be written whole is taken away again. */
static int write_new(const char *path, const struct str *text, struct error *err)
{
    FD_AUTO fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST)
        return error_set(err, ERR_BUSY, "%s is there already; nothing was written", path);
    if (fd < 0)
        return error_set_errno(err, errno, "write %s", path);
    if (fd_write_all(fd, text->data, text->length) == 0)
        return 0;
    error_set_errno(err, errno, "write %s", path);
    unlink(path);
    return -1;
}

static int run(struct context *context)
{
    STR_AUTO path = STR_INIT;
    STR_AUTO text = STR_INIT;
    struct error err = ERROR_INIT;
    size_t chosen = 0;
    if (cmd_operands(context, 2, 2) != 0)
        return 2;
    const char *kind = context->argv[0], *name = context->argv[1];
    while (chosen < ARRAY_SIZE(templates) && !str_equal(templates[chosen].kind, kind))
        chosen++;
    if (chosen == ARRAY_SIZE(templates))
        return cmd_usage(context, "new is a scenario or a topology, not '%s'", kind);
    const char *rule = lab_name_rule(name);
    if (rule != NULL)
        return cmd_usage(context, "'%s': %s", name, rule);
    str_printf(&path, "%s.yaml", name);
    fill_in(templates[chosen].text, name, &text);
    if (write_new(str_text(&path), &text, &err) != 0)
        return cmd_fail(context, &err);
    if (!context->quiet)
        printf("%s: a %s to begin with; `labctl %s %s%s` next\n", str_text(&path), kind, templates[chosen].then,
               str_equal(templates[chosen].then, "up") ? "./" : "", str_text(&path));
    return 0;
}

const struct command command_new = {
    .name = "new",
    .group = "an author, an instructor",
    .synopsis = "new scenario|topology NAME",
    .summary = "Write a commented file to begin with",
    .description =
        "Writes NAME.yaml into the working directory: a topology, or a scenario with its topology in place.  It is "
        "whole (it validates, it can be built and started) and says in comments what each part is for.  A file that is "
        "there already is never overwritten: exit status 4.",
    .run = run,
};
