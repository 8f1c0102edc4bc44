/* Starts a keeper: binds the lab's socket, hands descriptors over, waits for the word that it is up. */
#include "lab/start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/place.h"
#include "base/str.h"
#include "base/table.h"
#include "keeper/protocol.h"
#include "keeper/stage.h"
#include "lab/credentials.h"
#include "lab/lacking.h"

#define UP_TIMEOUT  60000 /* ms for the keeper to come up; it takes some ten */
#define END_TIMEOUT 20000 /* ms for a killed lab to be gone */
#define STAGE_STACK ((size_t)64 << 10)

struct keeper_start {
    int commit; /* write end */
    int log;
    pid_t pid;
    int pidfd;
};

/* Everything that stage 0 inherits; the numbers it gets are those of enum stage_fd. */
struct inheritance {
    int null, log, status, commit, listener, director, serve, relay, keeper;
};

static int bind_listener(const char *lab, struct error *err)
{
    struct sockaddr_un address;
    int length = keeper_address(lab, &address, err);
    if (length < 0)
        return -1;
    FD_AUTO listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0)
        return error_set_errno(err, errno, "make the control socket of lab '%s'", lab);
    if (bind(listener, (const struct sockaddr *)&address, (socklen_t)length)) {
        if (errno != EADDRINUSE)
            return error_set_errno(err, errno, "bind the control socket of lab '%s'", lab);
        struct keeper_process running = {.pidfd = -1};
        struct error why = ERROR_INIT;
        if (keeper_find(lab, &running, &why))
            return error_set(err, ERR_BUSY,
                             "a lab named '%s' is being started, or ends; try again or choose another "
                             "--name",
                             lab);
        pid_t pid = running.pid;
        keeper_process_close(&running);
        return error_set(
            err, ERR_BUSY,
            "a lab named '%s' already runs (pid %d): `labctl apply FILE` changes it, `labctl down %s` ends "
            "it, --name gives this one another name",
            lab, (int)pid, lab);
    }
    if (listen(listener, 256))
        return error_set_errno(err, errno, "listen on the control socket of lab '%s'", lab);
    return fd_steal(&listener);
}

/* Opens a program of labctl: in `libexec`, or beside this program, or where it was installed to. */
static int open_program(const char *libexec, const char *name, char directory[static PATH_MAX], struct error *err)
{
    char path[PATH_MAX + 64], self[PATH_MAX], installed[PATH_MAX];
    const char *const places[] = {libexec, place_program(self) ? self : NULL,
                                  place_installed("libexec/labctl", installed) ? installed : NULL, LABCTL_LIBEXEC};
    size_t first = libexec ? 0 : 1, last = libexec ? 1 : ARRAY_SIZE(places);
    for (size_t i = first; i < last; i++) {
        if (!places[i])
            continue;
        snprintf(path, sizeof path, "%s/%s", places[i], name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
            continue;
        if (fd < 0)
            return error_set_errno(err, errno, "open %s", path);
        snprintf(directory, PATH_MAX, "%s", places[i]);
        return fd;
    }
    if (libexec)
        return error_set(err, ERR_CAPABILITY, "the program %s is missing: looked in %s", name, libexec);
    return error_set(err, ERR_CAPABILITY,
                     "the program %s is missing: looked in %s and in %s; `make install` puts it there", name, self,
                     LABCTL_LIBEXEC);
}

/* Directories with programs of others stay visible, even where labctl lies in them. */
static bool is_shared_directory(const char *path)
{
    return str_ends(path, "/bin") || str_ends(path, "/sbin") || str_ends(path, "/libexec") || str_equal(path, "/usr") ||
           str_equal(path, "/usr/share") || str_equal(path, "/usr/lib");
}

static void add_hidden(struct arena *arena, char ***argv, size_t *argc, const char *path)
{
    char resolved[PATH_MAX];
    if (!realpath(path, resolved) || !str_starts(resolved, "/usr/") || is_shared_directory(resolved))
        return;
    *ARENA_PUSH(arena, *argv, *argc) = arena_printf(arena, "hidden=%s", resolved);
}

static char **stage_arguments(struct arena *arena, const struct keeper_options *options, const char *libexec)
{
    char **argv = NULL;
    size_t argc = 0;
    *ARENA_PUSH(arena, argv, argc) = arena_strdup(arena, "labctl-keeper");
    for (size_t i = 0; i < options->argument_count; i++)
        *ARENA_PUSH(arena, argv, argc) = arena_printf(arena, "argument=%s", options->arguments[i]);
    for (size_t i = 0; i < options->embedded_count; i++)
        *ARENA_PUSH(arena, argv, argc) = arena_printf(arena, "embedded=%s", options->embedded[i]);
    for (size_t i = 0; i < options->hidden_count; i++)
        add_hidden(arena, &argv, &argc, options->hidden[i]);
    add_hidden(arena, &argv, &argc, libexec);
    *ARENA_PUSH(arena, argv, argc) = NULL;
    return argv;
}

struct stage {
    const struct inheritance *from;
    char **argv;
};

/* In the child, whose memory is ours: nothing of ours but the named descriptors goes over, no environment, no
 * controlling terminal. */
static int execute_stage(void *context)
{
    const struct stage *stage = context;
    const struct inheritance *from = stage->from;
    const struct {
        int from, to;
    } moves[] = {
        {from->null, 0},
        {from->null, 1},
        {from->log, STAGE_LOG},
        {from->status, STAGE_STATUS},
        {from->commit, STAGE_COMMIT},
        {from->listener, STAGE_LISTENER},
        {from->director, STAGE_DIRECTOR},
        {from->serve, STAGE_SERVE},
        {from->relay, STAGE_RELAY},
        {from->keeper, STAGE_END},
    };
    enum { COUNT = sizeof moves / sizeof moves[0], HIGH = 64 };
    int high[COUNT];
    bool moved = true;
    setsid();
    for (size_t i = 0; i < COUNT; i++)
        moved &= (high[i] = fcntl(moves[i].from, F_DUPFD, HIGH)) >= 0;
    for (size_t i = 0; moved && i < COUNT; i++)
        moved &= dup2(high[i], moves[i].to) >= 0;
    if (moved) {
        syscall(SYS_close_range, STAGE_END + 1, ~0u, 0);
        fcntl(STAGE_END, F_SETFD, FD_CLOEXEC);
        syscall(SYS_close_range, STAGE_SETTINGS, STAGE_END - 1, 0);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        for (int number = 1; number < NSIG; number++)
            signal(number, SIG_DFL);
        (void)!chdir("/");
        char *const environment[] = {NULL};
        fexecve(STAGE_END, stage->argv, environment);
    }
    struct stage_status status = {.error = errno, .operation = "execute labctl-keeper"};
    send(moved ? STAGE_STATUS : from->status, &status, sizeof status, MSG_NOSIGNAL);
    _exit(127);
}

/* Stage 0 has a session of its own and ends as soon as the lab's first process is there, which so is nobody's child
 * here and has no terminal.  A copy of this process's memory would take as long as that stage, so it is lent. */
static pid_t launch(const struct inheritance *inheritance, char **argv, struct error *err)
{
    struct stage stage = {inheritance, argv};
    char *stack = malloc(STAGE_STACK);
    if (!stack)
        arena_exhausted();
    pid_t child = clone(execute_stage, stack + STAGE_STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, &stage);
    if (child < 0)
        error_set_errno(err, errno, "start the keeper");
    free(stack);
    return child;
}

void keeper_start_log(const struct keeper_start *start, struct str *out, size_t limit)
{
    struct stat status;
    if (fstat(start->log, &status))
        return;
    off_t offset = status.st_size > (off_t)limit ? status.st_size - (off_t)limit : 0;
    char *text = malloc(limit + 1);
    if (!text)
        arena_exhausted();
    ssize_t length = pread(start->log, text, limit, offset);
    text[length > 0 ? length : 0] = 0;
    char *line = offset > 0 ? strchr(text, '\n') : NULL;
    str_append(out, line ? line + 1 : text);
    free(text);
}

/* Adds the end of the log to a set error. */
static int add_log(const struct keeper_start *start, struct error *err)
{
    STR_AUTO log = STR_INIT;
    keeper_start_log(start, &log, 1000);
    while (log.length > 0 && log.data[log.length - 1] == '\n')
        log.data[--log.length] = 0;
    if (log.length > 0 && err) {
        size_t used = strlen(err->text);
        snprintf(err->text + used, sizeof err->text - used, "\nits log ends:\n%s", str_text(&log));
    }
    return -1;
}

/* The keeper's one message, with its pid as we see it. */
static int receive_status(int socket, struct stage_status *status, pid_t *pid)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec part = {status, sizeof *status};
    struct msghdr packet = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
    if (length != (ssize_t)sizeof *status)
        return -1;
    status->operation[sizeof status->operation - 1] = 0;
    struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
    struct ucred sender = {0};
    if (header && header->cmsg_type == SCM_CREDENTIALS)
        memcpy(&sender, CMSG_DATA(header), sizeof sender);
    *pid = sender.pid;
    return 0;
}

static int wait_up(struct keeper_start *start, int socket, struct error *err)
{
    int ready;
    do
        ready = poll(&(struct pollfd){.fd = socket, .events = POLLIN}, 1, UP_TIMEOUT);
    while (ready < 0 && errno == EINTR);
    struct stage_status status = {0};
    if (ready <= 0)
        return error_set(err, ERR_SYSTEM, "start the keeper: it is not up after %d s", UP_TIMEOUT / 1000),
               add_log(start, err);
    if (receive_status(socket, &status, &start->pid))
        return error_set(err, ERR_SYSTEM, "start the keeper: it ended without a word"), add_log(start, err);
    if (status.error)
        return lacking_explain(status.operation, status.error, err) ? -1 : add_log(start, err);
    start->pidfd = (int)syscall(SYS_pidfd_open, start->pid, 0);
    if (start->pidfd < 0)
        return error_set_errno(err, errno, "watch the keeper (pid %d)", (int)start->pid), add_log(start, err);
    return 0;
}

/* Opens all that stage 0 inherits.  On failure, what was opened stays for inheritance_close. */
static int inheritance_open(struct inheritance *all, const struct keeper_options *options,
                            char libexec[static PATH_MAX], struct error *err)
{
    all->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (all->null < 0)
        return error_set_errno(err, errno, "open /dev/null");
    all->director = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (all->director < 0)
        return error_set_errno(err, errno, "open /proc/self/exe");
    all->keeper = open_program(options->libexec, "labctl-keeper", libexec, err);
    if (all->keeper < 0)
        return -1;
    all->serve = open_program(options->libexec, "labctl-serve", libexec, err);
    if (all->serve < 0)
        return -1;
    all->relay = open_program(options->libexec, "labctl-relay", libexec, err);
    if (all->relay < 0)
        return -1;
    all->listener = bind_listener(options->lab, err);
    return all->listener < 0 ? -1 : 0;
}

static void inheritance_close(struct inheritance *all)
{
    int *const fds[] = {&all->null,     &all->status, &all->commit, &all->listener,
                        &all->director, &all->serve,  &all->relay,  &all->keeper};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (*fds[i] >= 0)
            fd_close(fds[i]);
}

static int start_with(struct keeper_start *start, struct inheritance *all, const struct keeper_options *options,
                      struct error *err)
{
    char libexec[PATH_MAX];
    if (inheritance_open(all, options, libexec, err))
        return -1;
    FD_AUTO answer = -1;
    int pair[2], commit[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return error_set_errno(err, errno, "make the keeper's status socket");
    answer = pair[0];
    all->status = pair[1];
    if (setsockopt(answer, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) || pipe2(commit, O_CLOEXEC))
        return error_set_errno(err, errno, "make the keeper's pipe");
    all->commit = commit[0];
    start->commit = commit[1];
    start->log = memfd_create("log", MFD_CLOEXEC);
    if (start->log < 0 || fcntl(start->log, F_SETFL, O_APPEND))
        return error_set_errno(err, errno, "make the keeper's log");
    all->log = start->log;
    ARENA_AUTO arena = arena_new();
    pid_t stage = launch(all, stage_arguments(arena, options, libexec), err);
    if (stage < 0)
        return -1;
    inheritance_close(all); /* its death must be seen as the end of `answer` */
    int result = wait_up(start, answer, err);
    waitpid(stage, NULL, result == 0 ? 0 : WNOHANG);
    return result;
}

int keeper_start(const struct keeper_options *options, struct keeper_start **out, struct error *err)
{
    struct keeper_start *start = calloc(1, sizeof *start);
    if (!start)
        arena_exhausted();
    *start = (struct keeper_start){.commit = -1, .log = -1, .pidfd = -1};
    struct inheritance all = {-1, -1, -1, -1, -1, -1, -1, -1, -1};
    int status = start_with(start, &all, options, err);
    inheritance_close(&all);
    if (status) {
        keeper_finish(start);
        return -1;
    }
    *out = start;
    return 0;
}

int keeper_commit(struct keeper_start *start, struct error *err)
{
    if (fd_write_all(start->commit, "c", 1))
        return error_set_errno(err, errno, "commit: the keeper (pid %d) has gone", (int)start->pid),
               add_log(start, err);
    fd_close(&start->commit);
    return 0;
}

void keeper_finish(struct keeper_start *start)
{
    if (!start)
        return;
    if (start->commit >= 0 && start->pidfd >= 0) {
        fd_close(&start->commit);
        poll(&(struct pollfd){.fd = start->pidfd, .events = POLLIN}, 1, END_TIMEOUT);
    }
    if (start->commit >= 0)
        fd_close(&start->commit);
    if (start->pidfd >= 0)
        fd_close(&start->pidfd);
    if (start->log >= 0)
        fd_close(&start->log);
    free(start);
}

pid_t keeper_start_pid(const struct keeper_start *start)
{
    return start->pid;
}
