/* Spawning: each process in a node has a waiter beside it, in the lab's pid namespace, where no node can see it.
 *
 * The waiter is forked from the keeper, joins the node by one setns on the pidfd of the node's init, and forks the
 * process, which is then a member of the node's pid namespace.  The waiter stays: it forwards signals and window sizes,
 * relays the terminal, and tells how the process ended.  With the caller's socket at its end of file it hangs up. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/keeper.h"

#define ALL_NAMESPACES     (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC)
#define NODE_PROCESSES_MAX 1024 /* a fork bomb ends here; counted for each node and user */
#define NODE_FILES         1024
#define NOT_EXECUTED       127 /* as a shell says it */

/* Descriptors of a waiter. */
enum { WAITER_CONTROL = 3, WAITER_REPORTS = 4, WAITER_RECORD = 5, WAITER_LOCK = 6, WAITER_END };

struct process {
    struct process *next;
    uint32_t number, generation, target, id, flags;
    pid_t waiter, child, node; /* node: the init, or 0 */
    bool reported;             /* its end */
};

static struct process *processes;
static uint32_t last_generation;

static void send_event(const struct process *process, uint32_t kind, enum keeper_end end, int value,
                       const char *operation)
{
    if (process->flags & KEEPER_SPAWN_SILENT)
        return;
    struct keeper_process_event event = {.header = {kind, 0},
                                         .process = process->number,
                                         .pid = process->child,
                                         .target = process->target,
                                         .id = process->id,
                                         .end = end,
                                         .value = value};
    snprintf(event.operation, sizeof event.operation, "%s", operation);
    node_flush(); /* a node is ready before what runs in it */
    director_send(&event, sizeof event, -1);
}

/* What a waiter and its process are to do, decoded in the waiter's own memory. */
struct order {
    const struct keeper_spawn *request;
    char **argv, **environment;
    uint32_t generation;
    pid_t node;
    bool furnish; /* it may be the first in the node */
};

static const char *const default_environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "USER=root",
    "LOGNAME=root",
    "SHELL=/bin/bash",
    "LANG=C.UTF-8",
};

static bool same_variable(const char *a, const char *b)
{
    size_t length = strcspn(a, "=");
    return !strncmp(a, b, length) && b[length] == '=';
}

/* argv and environment point into the request.  The environment given wins over the default one. */
static bool decode(struct order *order, size_t length)
{
    const struct keeper_spawn *request = order->request;
    size_t room = length - sizeof *request, count = (size_t)request->argc + request->envc;
    if (request->argc == 0 || count > room)
        return false;
    order->argv = calloc(request->argc + 1, sizeof(char *));
    order->environment = calloc(request->envc + ARRAY_SIZE(default_environment) + 1, sizeof(char *));
    if (!order->argv || !order->environment)
        return false;
    char *at = (char *)request->text, *end = at + room;
    size_t used = 0;
    for (size_t i = 0; i < count; i++, at += strlen(at) + 1) {
        if (at >= end)
            return false;
        if (i < request->argc)
            order->argv[i] = at;
        else
            order->environment[used++] = at;
    }
    size_t given = used;
    for (size_t i = 0; i < ARRAY_SIZE(default_environment); i++) {
        bool replaced = false;
        for (size_t j = 0; j < given && !replaced; j++)
            replaced = same_variable(default_environment[i], order->environment[j]);
        if (!replaced)
            order->environment[used++] = (char *)default_environment[i];
    }
    return true;
}

static void set_limits(bool in_node, uint32_t open_files)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max < NODE_FILES ? files.rlim_max : NODE_FILES;
        if (open_files && open_files < files.rlim_cur)
            files.rlim_cur = open_files;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    /* 1, not 0: a core pattern that is a pipe to a program of the host ignores 0, but not 1 (core(5)). */
    setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1});
    struct rlimit tasks;
    if (in_node && getrlimit(RLIMIT_NPROC, &tasks) == 0) {
        if (tasks.rlim_max > NODE_PROCESSES_MAX)
            tasks.rlim_max = NODE_PROCESSES_MAX;
        tasks.rlim_cur = tasks.rlim_max;
        setrlimit(RLIMIT_NPROC, &tasks);
    }
}

/* Last steps of the process itself.  `failure` closes at a successful exec; else it carries errno. */
static void execute(const struct order *order, int slave, const struct stream *streams, int failure)
    __attribute__((noreturn));
static void execute(const struct order *order, int slave, const struct stream *streams, int failure)
{
    set_limits(order->request->target == KEEPER_TARGET_NODE, order->request->open_files);
    setsid();
    if (slave >= 0) {
        ioctl(slave, TIOCSCTTY, 0);
        for (int fd = 0; fd < 3; fd++)
            dup2(slave, fd);
        close(slave);
    }
    streams_give(streams);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    umask(022);
    if (chdir("/root"))
        (void)!chdir("/");
    if (order->request->target == KEEPER_TARGET_NODE)
        filter_calls(!keeper.root_mode);
    environ = order->environment;
    execvp(order->argv[0], order->argv);
    (void)!write(failure, &errno, sizeof errno);
    _exit(127);
}

/* A process of the cloud shares the keeper's files, but not its power: few capabilities, no view of the state.  It
 * cannot become somebody else: user namespaces have owners (cradle.c). */
static int confine(void)
{
    static const int kept[] = {CAP_CHOWN,     CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_KILL, CAP_NET_BIND_SERVICE,
                               CAP_NET_ADMIN, CAP_NET_RAW};
    static const char *const closed[] = {KEEPER_STATE, KEEPER_NETNS, "/views"};
    if (unshare(CLONE_NEWNS))
        return errno;
    for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
        if (mount("tmpfs", closed[i], "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700,size=4k"))
            return errno;
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++) {
        bool keep = false;
        for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
            keep |= capability == kept[i];
        if (!keep && prctl(PR_CAPBSET_DROP, capability))
            return errno;
    }
    return 0;
}

static int join(const struct order *order)
{
    const struct keeper_spawn *request = order->request;
    if (request->target == KEEPER_TARGET_NODE) {
        int node = (int)syscall(SYS_pidfd_open, order->node, 0);
        if (node < 0 || setns(node, ALL_NAMESPACES))
            return errno;
        close(node);
        return (keeper.root_mode && setgroups(0, NULL)) || setresgid(0, 0, 0) || setresuid(0, 0, 0) ? errno : 0;
    }
    if (request->target == KEEPER_TARGET_CLOUD) {
        char path[32];
        snprintf(path, sizeof path, KEEPER_NETNS "/%u", request->id);
        int cloud = open(path, O_RDONLY | O_CLOEXEC);
        if (cloud < 0 || setns(cloud, CLONE_NEWNET))
            return errno;
        close(cloud);
    }
    return request->flags & KEEPER_SPAWN_OWN ? 0 : confine();
}

/* Descriptors get fixed numbers; everything else of the keeper is closed. */
static bool arrange(const struct keeper_spawn *request, const int *fds)
{
    int from[WAITER_END] = {fds[0], fds[1], fds[2], -1, keeper.reports[1], -1, keeper.lock}, keep[ARRAY_SIZE(from)];
    size_t next = 3, kept = 0;
    if (request->flags & KEEPER_SPAWN_CONTROL)
        from[WAITER_CONTROL] = fds[next++];
    if (request->flags & KEEPER_SPAWN_RECORD)
        from[WAITER_RECORD] = fds[next];
    for (size_t i = 0; i < ARRAY_SIZE(from); i++) /* none is overwritten before it is moved */
        if (from[i] >= 0 && (from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 1000)) < 0)
            return false;
    for (int i = 0; i < (int)ARRAY_SIZE(from); i++) {
        if (from[i] < 0)
            continue;
        if ((i < 3 ? dup2(from[i], i) : dup3(from[i], i, O_CLOEXEC)) < 0)
            return false;
        keep[kept++] = i;
    }
    keeper.reports[1] = WAITER_REPORTS;
    child_close_all(keep, kept);
    return true;
}

/* Which of the process's own files could not be executed, as a shell says it. */
static void end_unexecuted(struct waiter *waiter, const char *name, int error) __attribute__((noreturn));
static void end_unexecuted(struct waiter *waiter, const char *name, int error)
{
    char operation[64];
    snprintf(operation, sizeof operation, "execute %.54s", name);
    wait_end(waiter, KEEPER_NOT_STARTED, error, operation);
}

static void raise_badness(void)
{
    /* When memory ends, what runs in nodes goes before the keeper. */
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!write(fd, "300", 3);
    close(fd);
}

static void run_waiter(const struct order *order, const int *fds) __attribute__((noreturn));
static void run_waiter(const struct order *order, const int *fds)
{
    const struct keeper_spawn *request = order->request;
    struct waiter waiter = {.process = request->process,
                            .generation = order->generation,
                            .control = -1,
                            .signals = -1,
                            .master = -1,
                            .streams = {STREAM_NONE, STREAM_NONE}};
    if (!arrange(request, fds))
        _exit(1); /* the keeper reports it */
    record_begin(&waiter.record, request->flags & KEEPER_SPAWN_RECORD ? WAITER_RECORD : -1);
    if (request->flags & KEEPER_SPAWN_CONTROL)
        waiter.control = WAITER_CONTROL;
    raise_badness();
    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    struct pristine pristine;
    bool own =
        request->flags & KEEPER_SPAWN_PRISTINE && request->target == KEEPER_TARGET_NODE && pristine_take(&pristine);
    int error = join(order);
    if (error)
        wait_end(&waiter, KEEPER_NOT_STARTED, error, "enter the namespaces");
    if (order->furnish && (error = furnish(WAITER_LOCK, request->id)))
        wait_end(&waiter, KEEPER_NOT_STARTED, error, "mount /sys and /dev/pts");
    close(WAITER_LOCK);
    if (own && pristine_lay(&pristine))
        wait_end(&waiter, KEEPER_EXITED, NOT_EXECUTED, "");

    int slave = -1, failure[2];
    if (request->flags & KEEPER_SPAWN_PTY) {
        waiter.master = pty_open(request->rows, request->columns);
        if (waiter.master < 0)
            wait_end(&waiter, KEEPER_NOT_STARTED, -waiter.master, "open a terminal in /dev/pts");
        slave = ioctl(waiter.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (slave < 0)
            wait_end(&waiter, KEEPER_NOT_STARTED, errno, "open a terminal in /dev/pts");
    } else if (request->flags & KEEPER_SPAWN_RECORD) {
        streams_open(waiter.streams, request->rows, request->columns);
    }
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigaddset(&mask, WAITER_SIGNAL);
    waiter.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (waiter.signals < 0 || pipe2(failure, O_CLOEXEC))
        wait_end(&waiter, KEEPER_NOT_STARTED, errno, "prepare");
    waiter.child = fork();
    if (waiter.child == 0)
        execute(order, slave, waiter.streams, failure[1]);
    if (waiter.child < 0 && own) /* the node's own processes leave no room */
        wait_end(&waiter, KEEPER_EXITED, NOT_EXECUTED, "");
    if (waiter.child < 0)
        wait_end(&waiter, KEEPER_NOT_STARTED, errno, "fork");
    close(failure[1]);
    if (slave >= 0) {
        close(slave);
    } else {
        close(0);
        streams_take(waiter.streams);
    }
    struct report report = {
        .kind = REPORT_STARTED, .id = waiter.process, .generation = waiter.generation, .pid = waiter.child};
    report_send(&report);
    if (read(failure[0], &error, sizeof error) == (ssize_t)sizeof error && own)
        wait_end(&waiter, KEEPER_EXITED, NOT_EXECUTED, "");
    if (error)
        end_unexecuted(&waiter, order->argv[0], error);
    close(failure[0]);
    wait_run(&waiter);
}

static void end_now(struct process *process, int control, int error, const char *operation)
{
    if (control >= 0) {
        struct keeper_status status = {.end = KEEPER_NOT_STARTED, .value = error};
        snprintf(status.operation, sizeof status.operation, "%s", operation);
        send(control, &status, sizeof status, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    send_event(process, KEEPER_PROCESS_ENDED, KEEPER_NOT_STARTED, error, operation);
    free(process);
}

void spawn_start(const struct keeper_spawn *request, size_t length, int *fds, size_t fd_count)
{
    struct process *process = calloc(1, sizeof *process);
    struct order order = {.request = request, .generation = ++last_generation};
    if (!process) {
        keeper_log("out of memory");
        return;
    }
    *process = (struct process){.number = request->process,
                                .generation = order.generation,
                                .target = request->target,
                                .id = request->id,
                                .flags = request->flags};
    bool controlled = request->flags & KEEPER_SPAWN_CONTROL;
    int control = controlled && fd_count > 3 ? fds[3] : -1;
    if (request->target == KEEPER_TARGET_NODE && !(process->node = order.node = node_pid(request->id))) {
        end_now(process, control, ESRCH, "enter the node");
        return;
    }
    order.furnish = order.node && !node_is_furnished(request->id);
    size_t wanted = 3u + controlled + (request->flags & KEEPER_SPAWN_RECORD ? 1u : 0u);
    pid_t waiter = fd_count < wanted ? (errno = EPROTO, -1) : fork();
    if (waiter == 0) {
        if (!decode(&order, length))
            _exit(1);
        run_waiter(&order, fds);
    }
    if (waiter < 0) {
        end_now(process, control, errno, "fork");
        return;
    }
    process->waiter = waiter;
    process->next = processes;
    processes = process;
}

void spawn_kill(const struct keeper_kill *request)
{
    for (const struct process *process = processes; process; process = process->next)
        if (process->number == request->process && !process->reported)
            sigqueue(process->waiter, WAITER_SIGNAL, (union sigval){.sival_int = request->signal});
}

void spawn_reported(const struct report *report)
{
    struct process *process = processes;
    while (process && process->generation != report->generation)
        process = process->next;
    if (!process)
        return;
    if (report->kind == REPORT_STARTED) {
        process->child = report->pid;
        if (process->node)
            node_furnished(process->id, process->node);
        send_event(process, KEEPER_PROCESS_STARTED, 0, 0, "");
    } else {
        process->reported = true;
        send_event(process, KEEPER_PROCESS_ENDED, report->end, report->value, report->operation);
    }
}

bool spawn_ended(pid_t pid, int status)
{
    for (struct process **at = &processes; *at; at = &(*at)->next) {
        struct process *process = *at;
        if (process->waiter != pid)
            continue;
        *at = process->next;
        if (!process->reported)
            send_event(process, KEEPER_PROCESS_ENDED, KEEPER_SIGNALED, WIFSIGNALED(status) ? WTERMSIG(status) : SIGKILL,
                       "");
        free(process);
        return true;
    }
    return false;
}

void spawn_announce(void)
{
    for (const struct process *process = processes; process; process = process->next)
        if (process->child && !process->reported)
            send_event(process, KEEPER_PROCESS_STARTED, 0, 0, "");
}
