/* Starting a lab from the command line. */
#include "cmd/common/launch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "lab/control.h"
#include "lab/start.h"
#include "service/service.h"

#define LOG_LIMIT 4096

struct launch {
    struct keeper_start *start;
    struct control *control;
    bool committed;
};

/* A signal while the lab is being made: the connection is cut, so that whatever waits for an answer fails and the lab
 * is ended in good order. */
static volatile sig_atomic_t interrupted, interrupt_fd = -1;
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static void interrupt(int number)
{
    int saved = errno;
    interrupted = number;
    if (interrupt_fd >= 0)
        shutdown(interrupt_fd, SHUT_RDWR);
    errno = saved;
}

int launch_interrupted(void)
{
    return interrupted;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = interrupt};
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        sigaction(signals[i], &action, NULL);
}

/* How signals are taken afterwards: a lab that stands is reported, not killed half-way through the sentence. */
static void release_signals(bool committed)
{
    interrupt_fd = -1;
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        signal(signals[i], committed ? SIG_IGN : SIG_DFL);
}

int launch_begin(const char *lab, const char *file, struct launch **out, struct error *err)
{
    char path[PATH_MAX];
    const char *hidden[1] = {NULL}, *arguments[] = {lab};
    if (file && realpath(file, path))
        hidden[0] = dirname(path);
    struct launch *launch = calloc(1, sizeof *launch);
    if (!launch)
        return error_set_errno(err, ENOMEM, "start lab '%s'", lab);
    struct keeper_options options = {.lab = lab,
                                     .arguments = arguments,
                                     .argument_count = 1,
                                     .hidden = hidden,
                                     .hidden_count = hidden[0] ? 1 : 0,
                                     .embedded = service_embedded,
                                     .embedded_count = service_embedded_count};
    catch_signals();
    int result = keeper_start(&options, &launch->start, err);
    if (result == 0)
        result = control_connect(lab, &launch->control, err);
    if (result == 0 && !interrupted) {
        interrupt_fd = control_descriptor(launch->control);
        *out = launch;
        return 0;
    }
    if (result == 0)
        error_set(err, ERR_SYSTEM, "interrupted (%s): lab '%s' is taken down again", strsignal(interrupted), lab);
    else if (launch->start)
        launch_fail(launch, NULL, NULL);
    launch_end(launch);
    return -1;
}

struct control *launch_control(const struct launch *launch)
{
    return launch->control;
}

int launch_call_fds(struct launch *launch, const struct context *context, const char *verb, json_t *params,
                    const int *fds, size_t fd_count, json_t **reply, struct error *err)
{
    int result = control_call(launch->control, verb, params, fds, fd_count, client_progress, (void *)context, reply,
                              NULL, NULL, err);
    client_progress_end(context);
    if (result != 0 && interrupted) {
        error_clear(err);
        return error_set(err, ERR_SYSTEM, "interrupted (%s): lab '%s' is taken down again", strsignal(interrupted),
                         control_lab(launch->control));
    }
    return result;
}

int launch_call(struct launch *launch, const struct context *context, const char *verb, json_t *params,
                const char *text, size_t length, json_t **reply, struct error *err)
{
    if (!text)
        return launch_call_fds(launch, context, verb, params, NULL, 0, reply, err);
    FD_AUTO memory = fd_memory("text", text, length);
    if (memory < 0) {
        json_decref(params);
        return error_set_errno(err, errno, "make a memory file of %zu bytes", length);
    }
    return launch_call_fds(launch, context, verb, params, &memory, 1, reply, err);
}

int launch_commit(struct launch *launch, struct error *err)
{
    if (interrupted)
        return error_set(err, ERR_SYSTEM, "interrupted (%s): the lab is taken down again", strsignal(interrupted));
    if (keeper_commit(launch->start, err) != 0)
        return -1;
    launch->committed = true;
    return 0;
}

void launch_end(struct launch *launch)
{
    if (!launch)
        return;
    bool committed = launch->committed;
    keeper_finish(launch->start);
    release_signals(committed);
    control_close(launch->control);
    free(launch);
    if (interrupted && !committed)
        raise(interrupted);
}

void launch_log(const struct launch *launch, struct str *out)
{
    keeper_start_log(launch->start, out, LOG_LIMIT);
}

int launch_fail(const struct launch *launch, const struct context *context, const struct error *err)
{
    int status = err ? cmd_fail(context, err) : 3;
    if (!launch || interrupted || (err && (err->kind == ERR_FILE || err->kind == ERR_USAGE)))
        return status;
    STR_AUTO log = STR_INIT;
    launch_log(launch, &log);
    if (log.length > 0)
        fprintf(stderr, "The end of the lab's log:\n%s%s", str_text(&log), str_ends(str_text(&log), "\n") ? "" : "\n");
    return status;
}
