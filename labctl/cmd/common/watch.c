/* The live view: once a second the director is asked for what it knows, and measures in its own time. */
#include "cmd/common/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/terminal.h"
#include "report/report.h"

#define SECOND       1000 /* ms */
#define LINE_SECONDS 60   /* in a pipe a line comes at least so often */

#define HIDE_CURSOR "\033[?25l"
#define SHOW_CURSOR "\033[?25h"
#define NO_WRAP     "\033[?7l"
#define WRAP        "\033[?7h"
#define CLEAR_REST  "\033[J"
#define CLEAR_LINE  "\033[K"

struct watch {
    struct context *context;
    bool terminal, keys;
    int signals;
    size_t lines;    /* on the screen */
    struct str last; /* in a pipe: what was said, without the clock */
    int64_t said;
};

/* ---- on a terminal ---- */

/* Over what is there: each line is cleared to its end, and what is too long is cut by the terminal. */
static void draw(struct watch *watch, const char *text)
{
    STR_AUTO out = STR_INIT;
    size_t most = terminal_height(STDOUT_FILENO), lines = 0;
    if (watch->lines)
        str_printf(&out, "\033[%zuA", watch->lines);
    str_append(&out, "\r" NO_WRAP);
    while (*text && (!most || lines + 1 < most)) {
        size_t length = strcspn(text, "\n");
        str_append_bytes(&out, text, length);
        str_append(&out, CLEAR_LINE "\n");
        text += length + (text[length] == '\n');
        lines++;
    }
    str_append(&out, CLEAR_REST WRAP);
    watch->lines = lines;
    fputs(str_text(&out), stdout);
    fflush(stdout);
}

static void show(struct watch *watch, const json_t *status)
{
    STR_AUTO text = STR_INIT;
    report_status(status, watch->context->color, &text);
    str_append(&text, watch->keys ? "\nq leaves this view\n" : "\nCtrl-C leaves this view\n");
    draw(watch, str_text(&text));
}

/* ---- in a pipe ---- */

static void add_open(const json_t *status, struct str *out)
{
    size_t i;
    json_t *task;
    const char *join = "; open: ";
    json_array_foreach(json_object_get(status, "tasks"), i, task)
    {
        if (client_truth(task, "done"))
            continue;
        str_printf(out, "%s%s", join, client_text(task, "id"));
        join = " ";
    }
}

static void say(struct watch *watch, const json_t *status)
{
    STR_AUTO rest = STR_INIT;
    STR_AUTO clock = STR_INIT;
    const json_t *points = json_object_get(status, "points"), *left = json_object_get(status, "time_left_s");
    str_printf(&rest, "%s%s%s; %.10g of %lld points", client_text(status, "state"),
               *client_text(status, "phase") ? ", phase " : "", client_text(status, "phase"),
               json_number_value(json_object_get(points, "total")), (long long)client_integer(points, "maximum"));
    add_open(status, &rest);
    bool due = clock_boot() - watch->said >= (int64_t)LINE_SECONDS * 1000000000;
    if (str_equal(str_text(&rest), str_text(&watch->last)) && !due)
        return;
    report_clock(json_number_value(json_is_number(left) ? left : json_object_get(status, "time_used_s")), &clock);
    printf("%s %s; %s\n", str_text(&clock), json_is_number(left) ? "left" : "used", str_text(&rest));
    fflush(stdout);
    str_clear(&watch->last);
    str_append(&watch->last, str_text(&rest));
    watch->said = clock_boot();
}

/* ---- both ---- */

/* Waits for the next second; false where somebody has had enough. */
static bool goes_on(struct watch *watch)
{
    char key = 0;
    struct signalfd_siginfo signal;
    struct pollfd ready[] = {{.fd = watch->signals, .events = POLLIN},
                             {.fd = watch->keys ? STDIN_FILENO : -1, .events = POLLIN},
                             {.fd = STDOUT_FILENO}};
    if (poll(ready, ARRAY_SIZE(ready), SECOND) <= 0)
        return true;
    if (ready[2].revents) /* nobody reads any more */
        return false;
    if (ready[0].revents && read(watch->signals, &signal, sizeof signal) == (ssize_t)sizeof signal)
        return signal.ssi_signo == SIGWINCH || signal.ssi_signo == SIGCONT;
    if (ready[1].revents && read(STDIN_FILENO, &key, 1) == 1)
        return key != 'q' && key != 'Q' && key != 4;
    return !ready[1].revents; /* standard input has ended */
}

/* The lab is gone, or its exercise is: what the view can say last. */
static int leave(struct watch *watch, const struct error *err, bool shown)
{
    if (!shown || (err->kind != ERR_ABSENT && err->kind != ERR_BUSY && err->kind != ERR_SYSTEM))
        return cmd_fail(watch->context, err);
    printf("The exercise has ended; `labctl report` explains it.\n");
    return 0;
}

static int view(struct watch *watch)
{
    for (bool shown = false;; shown = true) {
        struct error err = ERROR_INIT;
        json_t *status = NULL;
        if (client_call(watch->context, "exercise-status", json_pack("{s:b}", "live", 1), &status, &err))
            return leave(watch, &err, shown);
        if (watch->context->format == FORMAT_JSON) {
            json_dumpf(status, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
            putchar('\n');
            fflush(stdout);
        } else {
            (watch->terminal ? show : say)(watch, status);
        }
        json_decref(status);
        if (ferror(stdout) || !goes_on(watch))
            return 0;
    }
}

int watch_exercise(struct context *context)
{
    sigset_t signals, before;
    struct watch watch = {.context = context, .last = STR_INIT};
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGWINCH);
    sigaddset(&signals, SIGCONT);
    sigprocmask(SIG_BLOCK, &signals, &before);
    watch.signals = signalfd(-1, &signals, SFD_CLOEXEC);
    watch.terminal = context->format == FORMAT_TEXT && isatty(STDOUT_FILENO);
    watch.keys = watch.terminal && terminal_keys_begin();
    if (watch.terminal)
        fputs(HIDE_CURSOR, stdout);
    int status = view(&watch);
    if (watch.terminal)
        fputs(SHOW_CURSOR, stdout);
    fflush(stdout);
    terminal_keys_end();
    fd_close(&watch.signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    str_free(&watch.last);
    return status;
}
