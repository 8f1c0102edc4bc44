/* A view that stays: drawn over itself on a terminal, and left with q or Ctrl-C. */
#include "cmd/common/live.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/terminal.h"

#define HIDE_CURSOR "\033[?25l"
#define SHOW_CURSOR "\033[?25h"
#define NO_WRAP     "\033[?7l"
#define WRAP        "\033[?7h"
#define CLEAR_REST  "\033[J"
#define CLEAR_LINE  "\033[K"

void live_begin(struct live *live, const struct context *context)
{
    sigset_t signals;
    *live = (struct live){0};
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGWINCH);
    sigaddset(&signals, SIGCONT);
    sigprocmask(SIG_BLOCK, &signals, &live->before);
    live->signals = signalfd(-1, &signals, SFD_CLOEXEC);
    live->terminal = context->format == FORMAT_TEXT && isatty(STDOUT_FILENO);
    live->keys = live->terminal && terminal_keys_begin();
    if (live->terminal)
        fputs(HIDE_CURSOR, stdout);
}

void live_end(struct live *live)
{
    if (live->terminal)
        fputs(SHOW_CURSOR, stdout);
    fflush(stdout);
    terminal_keys_end();
    fd_close(&live->signals);
    sigprocmask(SIG_SETMASK, &live->before, NULL);
}

/* Over what is there: each line is cleared to its end, and what is too long is cut by the terminal. */
static void draw(struct live *live, const char *text)
{
    STR_AUTO out = STR_INIT;
    size_t most = terminal_height(STDOUT_FILENO), lines = 0;
    if (live->lines)
        str_printf(&out, "\033[%zuA", live->lines);
    str_append(&out, "\r" NO_WRAP);
    while (*text && (!most || lines + 1 < most)) {
        size_t length = strcspn(text, "\n");
        str_append_bytes(&out, text, length);
        str_append(&out, CLEAR_LINE "\n");
        text += length + (text[length] == '\n');
        lines++;
    }
    str_append(&out, CLEAR_REST WRAP);
    live->lines = lines;
    fputs(str_text(&out), stdout);
    fflush(stdout);
}

void live_show(struct live *live, struct str *text)
{
    str_append(text, live->keys ? "\nq leaves this view\n" : "\nCtrl-C leaves this view\n");
    draw(live, str_text(text));
}

bool live_goes_on(const struct live *live, int milliseconds)
{
    char key = 0;
    struct signalfd_siginfo signal;
    struct pollfd ready[] = {{.fd = live->signals, .events = POLLIN},
                             {.fd = live->keys ? STDIN_FILENO : -1, .events = POLLIN},
                             {.fd = STDOUT_FILENO}};
    if (poll(ready, ARRAY_SIZE(ready), milliseconds) <= 0)
        return true;
    if (ready[2].revents) /* nobody reads any more */
        return false;
    if (ready[0].revents && read(live->signals, &signal, sizeof signal) == (ssize_t)sizeof signal)
        return signal.ssi_signo == SIGWINCH || signal.ssi_signo == SIGCONT;
    if (ready[1].revents && read(STDIN_FILENO, &key, 1) == 1)
        return key != 'q' && key != 'Q' && key != 4;
    return !ready[1].revents; /* standard input has ended */
}
