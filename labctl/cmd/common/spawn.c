/* A command in a node, from the caller's side.
 *
 * The keeper starts it with this process's descriptors; what is left to do here is to forward signals over a socket of
 * our own and to wait there for the exit status.  The director only passes the request on: it may die meanwhile. */
#include "cmd/common/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "keeper/protocol.h"
#include "lab/control.h"

enum { STATUS_FAILED = 125, STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127, STATUS_SIGNAL = 128 };

static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT};

static int fail(const struct context *context, const struct error *err)
{
    cmd_fail(context, err);
    return STATUS_FAILED;
}

static void window_size(uint16_t *rows, uint16_t *columns)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
        ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
    *rows = size.ws_row;
    *columns = size.ws_col;
}

/* What of the caller's environment a terminal session needs. */
static json_t *environment(void)
{
    static const char *const names[] = {"TERM", "COLORTERM", "LS_COLORS", "NO_COLOR"};
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *value = getenv(names[i]);
        json_t *entry = value && *value ? json_sprintf("%s=%s", names[i], value) : NULL;
        if (entry)
            json_array_append_new(list, entry);
    }
    return list;
}

static int ask(const struct context *context, const struct spawn *spawn, int far, struct error *err)
{
    json_t *argv = json_array();
    uint16_t rows = 0, columns = 0;
    for (size_t i = 0; i < spawn->argc; i++) {
        if (json_array_append_new(argv, json_string(spawn->argv[i])) != 0) {
            json_decref(argv);
            return error_set(err, ERR_USAGE, "argument %zu of the command is not UTF-8", i + 1);
        }
    }
    if (spawn->pty || isatty(STDOUT_FILENO))
        window_size(&rows, &columns);
    json_t *params = json_pack("{s:s, s:o, s:o, s:b, s:i, s:i}", "node", spawn->node, "argv", argv, "environment",
                               environment(), "pty", spawn->pty, "rows", rows, "columns", columns);
    if (!params)
        return error_set(err, ERR_USAGE, "the node's name is not UTF-8");
    struct control *control;
    if (client_connect(context, &control, err) != 0) {
        json_decref(params);
        return -1;
    }
    const int fds[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, far};
    int result = control_call(control, "exec", params, fds, ARRAY_SIZE(fds), NULL, NULL, NULL, NULL, NULL, err);
    control_close(control);
    return result;
}

static void forward(int near, int signal_fd)
{
    struct signalfd_siginfo info;
    while (read(signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        struct keeper_control message = {.kind = KEEPER_CONTROL_SIGNAL, .signal = (int32_t)info.ssi_signo};
        if (info.ssi_signo == SIGWINCH) {
            message.kind = KEEPER_CONTROL_WINDOW;
            window_size(&message.rows, &message.columns);
        }
        send(near, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static int status_of(const struct keeper_status *status, const char *name)
{
    switch (status->end) {
    case KEEPER_EXITED:
        return status->value;
    case KEEPER_SIGNALED:
        return STATUS_SIGNAL + status->value;
    default:
        break;
    }
    fprintf(stderr, "labctl: %s: %s\n", status->operation[0] ? status->operation : name, strerror(status->value));
    return status->value == ENOENT                                         ? STATUS_NOT_FOUND
           : strncmp(status->operation, "execute", strlen("execute")) == 0 ? STATUS_NOT_EXECUTABLE
                                                                           : STATUS_FAILED;
}

static int wait_for_end(int near, int signal_fd, const struct spawn *spawn)
{
    for (;;) {
        struct pollfd ready[] = {{.fd = near, .events = POLLIN}, {.fd = signal_fd, .events = POLLIN}};
        if (poll(ready, ARRAY_SIZE(ready), -1) < 0)
            continue;
        if (ready[1].revents)
            forward(near, signal_fd);
        if (!ready[0].revents)
            continue;
        struct keeper_status status = {0};
        ssize_t got = recv(near, &status, sizeof status, 0);
        if (got == (ssize_t)sizeof status) {
            status.operation[sizeof status.operation - 1] = '\0';
            return status_of(&status, spawn->argc > 0 ? spawn->argv[0] : "shell");
        }
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        fprintf(stderr, "labctl: node '%s' has ended, and the command with it\n", spawn->node);
        return STATUS_FAILED;
    }
}

int spawn_run(const struct context *context, const struct spawn *spawn)
{
    struct error err = ERROR_INIT;
    struct termios before;
    int pair[2];
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
        if (forwarded[i] != SIGWINCH || spawn->pty || isatty(STDOUT_FILENO))
            sigaddset(&set, forwarded[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    FD_AUTO signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signal_fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        error_set_errno(&err, errno, "prepare a command in '%s'", spawn->node);
        return fail(context, &err);
    }
    FD_AUTO near = pair[0];
    bool raw = spawn->pty && tcgetattr(STDIN_FILENO, &before) == 0;
    int result = ask(context, spawn, pair[1], &err);
    close(pair[1]);
    if (result != 0)
        return fail(context, &err);
    if (raw) {
        struct termios mode = before;
        cfmakeraw(&mode);
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
    }
    int status = wait_for_end(near, signal_fd, spawn);
    if (raw)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    return status;
}

/* ---- without a terminal ---- */

#define OUTPUT_MAX ((size_t)16 << 20)

int spawn_begin(struct control *control, const char *node, const char *const *argv, size_t argc, struct spawned *out,
                struct error *err)
{
    int pair[2];
    json_t *words = json_array();
    for (size_t i = 0; i < argc; i++)
        json_array_append_new(words, json_string(argv[i]));
    json_t *params = json_pack("{s:s, s:o, s:[]}", "node", node, "argv", words, "environment");
    FD_AUTO null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    FD_AUTO output = memfd_create("output", MFD_CLOEXEC);
    if (null < 0 || output < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        json_decref(params);
        return error_set_errno(err, errno, "prepare a command in '%s'", node);
    }
    const int fds[] = {null, output, output, pair[1]};
    int result = control_call(control, "exec", params, fds, ARRAY_SIZE(fds), NULL, NULL, NULL, NULL, NULL, err);
    close(pair[1]);
    if (result != 0) {
        close(pair[0]);
        return -1;
    }
    *out = (struct spawned){.near = pair[0], .output = fd_steal(&output), .node = node};
    return 0;
}

/* 0 when it has said how it ended. */
static int wait_for_status(const struct spawned *spawned, struct control *control, int timeout,
                           struct keeper_status *status, struct error *err)
{
    int64_t deadline = clock_boot() + (int64_t)timeout * 1000000;
    for (;;) {
        struct pollfd ready[] = {{.fd = spawned->near, .events = POLLIN}, {.fd = control_descriptor(control)}};
        int64_t left = (deadline - clock_boot()) / 1000000;
        if (left <= 0)
            return error_set(err, ERR_USAGE, "in %s: it has not ended after %d s", spawned->node, timeout / 1000);
        if (poll(ready, ARRAY_SIZE(ready), (int)left) < 0)
            continue;
        ssize_t got = ready[0].revents ? recv(spawned->near, status, sizeof *status, MSG_DONTWAIT) : -1;
        if (got == (ssize_t)sizeof *status)
            return 0;
        if (got == 0 || ready[1].revents)
            return error_set(err, ERR_ABSENT, "node '%s' has ended, and the command with it", spawned->node);
    }
}

int spawn_finish(struct spawned *spawned, struct control *control, int timeout, struct str *out, int *status,
                 struct error *err)
{
    struct keeper_status seen = {0};
    int result = wait_for_status(spawned, control, timeout, &seen, err);
    seen.operation[sizeof seen.operation - 1] = '\0';
    if (!result && seen.end != KEEPER_EXITED && seen.end != KEEPER_SIGNALED)
        result = error_set_errno(err, seen.value, "in %s: %s", spawned->node,
                                 seen.operation[0] ? seen.operation : "start a command");
    if (!result && (lseek(spawned->output, 0, SEEK_SET) < 0 || fd_read_all(spawned->output, out, OUTPUT_MAX)))
        result = error_set_errno(err, errno, "read what a command in '%s' wrote", spawned->node);
    if (!result)
        *status = seen.end == KEEPER_EXITED ? seen.value : STATUS_SIGNAL + seen.value;
    close(spawned->near);
    close(spawned->output);
    return result;
}
