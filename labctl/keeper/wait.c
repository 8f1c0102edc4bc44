/* The waiter: forwards to the process what its caller and the keeper want, and tells how it ended. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "keeper/keeper.h"

#define END_AGAIN 200  /* ms between ends of file typed on a terminal whose input has ended */
#define GRACE     2000 /* ms from the hang-up to the kill, once the caller has gone */

void wait_end(struct waiter *waiter, enum keeper_end end, int value, const char *operation)
{
    const char *incomplete = record_end(&waiter->record);
    if (waiter->control >= 0) {
        struct keeper_status status = {.end = end, .value = value};
        snprintf(status.operation, sizeof status.operation, "%s", operation);
        send(waiter->control, &status, sizeof status, MSG_NOSIGNAL);
    }
    struct report report = {
        .kind = REPORT_ENDED, .id = waiter->process, .generation = waiter->generation, .end = end, .value = value};
    if (end == KEEPER_NOT_STARTED || !*incomplete)
        snprintf(report.operation, sizeof report.operation, "%s", operation);
    else
        snprintf(report.operation, sizeof report.operation, "recording incomplete: %s", incomplete);
    report_send(&report);
    if (waiter->child > 0 && streams_left(waiter->streams)) {
        if (waiter->control >= 0)
            close(waiter->control);
        streams_linger(waiter->streams);
    }
    _exit(0);
}

/* To the foreground process group of the terminal, else to the process's own. */
static void forward_signal(const struct waiter *waiter, int signal)
{
    pid_t group = waiter->child;
    if (waiter->master >= 0) {
        pid_t foreground = tcgetpgrp(waiter->master);
        if (foreground > 0)
            group = foreground;
    }
    kill(-group, signal);
    if (signal == SIGHUP || signal == SIGTERM)
        kill(-group, SIGCONT); /* a stopped process hears too */
}

static void reap(struct waiter *waiter, struct pty_relay *relay)
{
    int status;
    if (waitpid(waiter->child, &status, WNOHANG) != waiter->child)
        return;
    if (waiter->master >= 0)
        pty_drain(relay);
    streams_drain(waiter->streams, &waiter->record);
    if (WIFSIGNALED(status))
        wait_end(waiter, KEEPER_SIGNALED, WTERMSIG(status), "");
    wait_end(waiter, KEEPER_EXITED, WEXITSTATUS(status), "");
}

static void read_signals(struct waiter *waiter, struct pty_relay *relay)
{
    struct signalfd_siginfo info;
    while (read(waiter->signals, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo == (uint32_t)WAITER_SIGNAL)
            forward_signal(waiter, info.ssi_int);
    reap(waiter, relay);
}

static void set_window(struct waiter *waiter, uint16_t rows, uint16_t columns)
{
    if (waiter->master >= 0)
        ioctl(waiter->master, TIOCSWINSZ, &(struct winsize){.ws_row = rows, .ws_col = columns});
    streams_window(waiter->streams, rows, columns);
    record_window(&waiter->record, rows, columns);
}

/* Returns false when the caller has gone. */
static bool read_control(struct waiter *waiter)
{
    struct keeper_control control;
    ssize_t length = recv(waiter->control, &control, sizeof control, MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (length <= 0) {
        close(waiter->control);
        waiter->control = -1;
        forward_signal(waiter, SIGHUP);
        if (waiter->master >= 0)
            kill(-waiter->child, SIGHUP);
        return false;
    }
    if (length != (ssize_t)sizeof control)
        return true;
    if (control.kind == KEEPER_CONTROL_SIGNAL)
        forward_signal(waiter, control.signal);
    else if (control.kind == KEEPER_CONTROL_WINDOW)
        set_window(waiter, control.rows, control.columns);
    return true;
}

static int rest(int64_t deadline)
{
    if (deadline == 0)
        return -1;
    int64_t left = deadline - keeper_now();
    return left > 0 ? (int)left : 0;
}

void wait_run(struct waiter *waiter)
{
    struct pty_relay relay = {.master = waiter->master, .record = &waiter->record, .input_open = waiter->master >= 0};
    int64_t deadline = 0;
    for (;;) {
        bool feed = relay.pending_length > 0;
        struct pollfd fds[4 + STREAMS] = {
            {.fd = waiter->signals, .events = POLLIN},
            {.fd = waiter->control, .events = POLLIN},
            {.fd = relay.input_open && !feed ? 0 : -1, .events = POLLIN},
            {.fd = relay.master, .events = POLLIN | (feed ? POLLOUT : 0)},
        };
        streams_poll(waiter->streams, fds + 4);
        bool ended = relay.master >= 0 && !relay.input_open && !feed;
        int count = poll(fds, ARRAY_SIZE(fds), !deadline && ended ? END_AGAIN : rest(deadline));
        if (count < 0 && errno != EINTR)
            wait_end(waiter, KEEPER_SIGNALED, SIGKILL, "poll");
        if (count == 0 && ended)
            pty_end(&relay);
        streams_work(waiter->streams, fds + 4, &waiter->record);
        if (fds[3].revents & (POLLIN | POLLHUP | POLLERR))
            pty_output(&relay);
        if (fds[3].revents & POLLOUT)
            pty_feed(&relay);
        if (fds[2].revents)
            pty_input(&relay);
        if (fds[1].revents && !read_control(waiter))
            deadline = keeper_now() + GRACE;
        if (fds[0].revents)
            read_signals(waiter, &relay);
        if (deadline && rest(deadline) == 0) {
            kill(-waiter->child, SIGKILL);
            deadline = 0;
        }
    }
}
