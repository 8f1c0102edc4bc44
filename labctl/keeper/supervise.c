/* Stage 2: pid 1 of the lab.  One loop over the director, the reports of children, their deaths and the command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper/keeper.h"

struct keeper_state keeper = {.program = -1, .proc = -1, .reports = {-1, -1}, .signals = -1, .director = -1};

/* The log is kept short: what was long ago helps nobody, and memory is the machine's. */
#define LOG_MAX (1 << 20)

int64_t keeper_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void keeper_log(const char *format, ...)
{
    char line[512];
    int length = snprintf(line, sizeof line, "keeper: ");
    va_list args;
    va_start(args, format);
    length += vsnprintf(line + length, sizeof line - (size_t)length - 1, format, args);
    va_end(args);
    if (length > (int)sizeof line - 2)
        length = sizeof line - 2;
    line[length++] = '\n';
    struct stat status;
    if (fstat(STAGE_LOG, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > LOG_MAX)
        (void)!ftruncate(STAGE_LOG, 0);
    (void)!write(STAGE_LOG, line, (size_t)length);
}

void report_send(const struct report *report)
{
    ssize_t count;
    do
        count = write(keeper.reports[1], report, sizeof *report);
    while (count < 0 && errno == EINTR);
    if (count != (ssize_t)sizeof *report)
        _exit(1);
}

void child_close_all(const int *keep, size_t count)
{
    unsigned first = 0;
    for (size_t i = 0; i < count; i++) {
        if ((unsigned)keep[i] > first)
            syscall(SYS_close_range, first, (unsigned)keep[i] - 1, 0);
        first = (unsigned)keep[i] + 1;
    }
    syscall(SYS_close_range, first, ~0u, 0);
}

static void read_reports(void)
{
    struct report reports[64];
    for (;;) {
        ssize_t length = read(keeper.reports[0], reports, sizeof reports);
        if (length <= 0)
            return;
        for (size_t i = 0; i < (size_t)length / sizeof reports[0]; i++) {
            if (reports[i].kind == REPORT_NODE_READY || reports[i].kind == REPORT_NODE_FAILED)
                node_reported(&reports[i]);
            else
                spawn_reported(&reports[i]);
        }
        if ((size_t)length < sizeof reports)
            return;
    }
}

static void reap(void)
{
    struct signalfd_siginfo signal;
    while (read(keeper.signals, &signal, sizeof signal) == (ssize_t)sizeof signal)
        if (signal.ssi_signo == SIGTERM) { /* the machine goes down, or somebody wants us to */
            keeper_log("the lab ends by signal %d of process %d", SIGTERM, (int)signal.ssi_pid);
            _exit(0);
        }
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid <= 0)
            return;
        /* What it reported before it died comes first. */
        read_reports();
        if (pid == keeper.director_pid)
            director_ended(status);
        else if (!node_cradle_ended(pid, status) && !node_ended(pid))
            spawn_ended(pid, status);
    }
}

/* The command line's pipe: a byte commits, its end without one means that the command line has died. */
static void read_commit(void)
{
    char byte;
    ssize_t count = read(STAGE_COMMIT, &byte, 1);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count != 1) {
        keeper_log("the command line has gone before the lab was complete");
        _exit(1);
    }
    close(STAGE_COMMIT);
    close(STAGE_STATUS);
}

static void prepare(void)
{
    struct settings settings;
    /* See keeper.h: nobody in a node may trace what is forked from here, or read its memory. */
    if (prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_NAME, "init"))
        stage_fail(errno, "protect the lab's init");
    if (pread(STAGE_SETTINGS, &settings, sizeof settings, 0) != (ssize_t)sizeof settings)
        stage_fail(EBADMSG, "read the lab's settings");
    keeper.root_mode = settings.root_mode;
    keeper.beside_usr = settings.beside_usr;
    nursery_adopt(&settings);
    keeper.program = open("/program/init", O_PATH | O_CLOEXEC);
    keeper.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    keeper.views = open("/views", O_PATH | O_DIRECTORY | O_CLOEXEC);
    keeper.lock = memfd_create("lock", MFD_CLOEXEC);
    if (keeper.program < 0 || keeper.proc < 0 || keeper.views < 0 || keeper.lock < 0)
        stage_fail(errno, "open the lab's init");
    if (pipe2(keeper.reports, O_CLOEXEC) || fcntl(keeper.reports[0], F_SETFL, O_NONBLOCK))
        stage_fail(errno, "make the lab's report pipe");

    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigaddset(&mask, SIGTERM);
    keeper.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    sigaddset(&mask, WAITER_SIGNAL); /* blocked from the start, for waiters that have just been forked */
    if (keeper.signals < 0 || sigprocmask(SIG_BLOCK, &mask, NULL))
        stage_fail(errno, "take signals");
    signal(SIGPIPE, SIG_IGN);
    umask(022);
    for (int fd = STAGE_STATUS; fd < STAGE_END; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int shorter(int a, int b)
{
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

int supervise(void)
{
    prepare();
    director_start();
    bool committed = false;
    for (;;) {
        struct pollfd fds[] = {
            {.fd = keeper.reports[0], .events = POLLIN},
            {.fd = keeper.signals, .events = POLLIN},
            {.fd = committed ? -1 : STAGE_COMMIT, .events = POLLIN},
            {.fd = keeper.director, .events = POLLIN | (director_wants_write() ? POLLOUT : 0)},
            {.fd = nursery_ready() ? -1 : STAGE_NURSERY, .events = POLLIN},
        };
        if (poll(fds, ARRAY_SIZE(fds), shorter(node_timeout(), director_timeout())) < 0 && errno != EINTR) {
            keeper_log("poll: %s", strerror(errno));
            return 1;
        }
        if (fds[0].revents)
            read_reports();
        if (fds[1].revents)
            reap();
        if (fds[2].revents) {
            read_commit();
            committed = fcntl(STAGE_COMMIT, F_GETFD) < 0;
        }
        if (fds[3].revents && keeper.director == fds[3].fd)
            director_readable();
        if (fds[4].revents)
            nursery_readable();
        if (keeper.director < 0 && director_timeout() == 0)
            director_start();
        node_work();
        node_flush();
        director_flush();
    }
}
