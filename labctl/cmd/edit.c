/* labctl edit: the running topology in an editor, then applied. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/common/changing.h"
#include "cmd/cmd.h"
#include "cmd/common/reading.h"
#include "model/topology.h"

#define TEXT_MAX (64u << 20)

static const char *editor(void)
{
    const char *names[] = {getenv("VISUAL"), getenv("EDITOR")};
    for (size_t i = 0; i < 2; i++)
        if (names[i] && *names[i])
            return names[i];
    return access("/usr/bin/editor", X_OK) == 0 ? "editor" : "vi";
}

/* Runs the editor on the file and waits for it. */
static int run_editor(const char *path, struct error *err)
{
    const char *command = editor();
    char line[1024];
    snprintf(line, sizeof line, "%s \"$1\"", command);
    pid_t child = fork();
    if (child < 0)
        return error_set_errno(err, errno, "start the editor");
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", line, command, path, (char *)NULL);
        _exit(127);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return error_set_errno(err, errno, "wait for the editor");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return error_set(err, ERR_USAGE, "the editor '%s' failed; nothing was changed", command);
}

static int write_copy(char *path, size_t size, const char *lab, const struct str *text, struct error *err)
{
    const char *directory = getenv("TMPDIR");
    snprintf(path, size, "%s/labctl-%s-XXXXXX.yaml", directory && *directory ? directory : "/tmp", lab);
    FD_AUTO fd = mkstemps(path, strlen(".yaml"));
    if (fd >= 0 && fd_write_all(fd, str_text(text), text->length) == 0)
        return 0;
    error_set_errno(err, errno, "write %s", path);
    if (fd >= 0)
        unlink(path);
    return -1;
}

static bool again(void)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return false;
    fputs("Edit again? [Y/n] ", stderr);
    char answer[16];
    return fgets(answer, sizeof answer, stdin) && (*answer == '\n' || *answer == 'y' || *answer == 'Y');
}

/* Until the text is valid, or given up.  0: *reading holds it; 1: unchanged; else the exit status. */
static int edit(const struct context *context, const char *path, const struct str *before, struct reading *reading)
{
    for (;;) {
        STR_AUTO after = STR_INIT;
        struct error err = ERROR_INIT;
        if (run_editor(path, &err) != 0)
            return cmd_fail(context, &err);
        if (file_read(AT_FDCWD, path, &after, TEXT_MAX) != 0) {
            error_set_errno(&err, errno, "read %s", path);
            err.kind = ERR_FILE;
            return cmd_fail(context, &err);
        }
        if (str_equal(str_text(&after), str_text(before)))
            return 1;
        int status = reading_changed(reading, context, path, &after, before);
        if (status == 0 || !again())
            return status == 0 ? 0 : 2;
    }
}

static int run(struct context *context)
{
    STR_AUTO before = STR_INIT;
    struct error err = ERROR_INIT;
    char lab[80], path[512];
    int generation;
    if (cmd_operands(context, 0, 0) != 0)
        return 2;
    if (changing_fetch(context, "dump", &before, lab, sizeof lab, &generation, &err) != 0 ||
        write_copy(path, sizeof path, lab, &before, &err) != 0)
        return cmd_fail(context, &err);
    READING_AUTO reading = READING_INIT;
    int status = edit(context, path, &before, &reading);
    if (status == 1) {
        unlink(path);
        if (!context->quiet)
            fputs("unchanged\n", stderr);
        return 0;
    }
    if (status == 0) {
        context->lab = lab;
        reading.topology->name = lab;
        struct changing changing = {.topology = reading.topology, .sources = reading.sources, .generation = generation};
        status = changing_apply(context, &changing);
    }
    if (status == 0)
        unlink(path);
    else
        fprintf(stderr, "Your text is kept in %s; `labctl --lab %s apply %s` applies it.\n", path, lab, path);
    return status;
}

const struct command command_edit = {
    .name = "edit",
    .group = "a lab",
    .synopsis = "edit",
    .summary = "Edit the running topology and apply it",
    .description =
        "Opens what `labctl dump` prints in $VISUAL or $EDITOR.  A text with mistakes is shown with them, and may be\n"
        "edited again; it is kept in a file where you give up.",
    .run = run,
};
