/* Cradles: processes that make some nodes and end.
 *
 * Theory of operation.  An address space is the dearest part of a process: where page tables are shadowed (a virtual
 * machine in a virtual machine) it takes longer than the six namespaces of a node.  A node's init needs none of its
 * own: all that it does is to mount the node's root and to be there.  So a cradle clones the inits of its nodes into
 * its own memory, sets them up one after the other (they have one errno and one set of static variables between them),
 * and each then rests on a small stack of its own.  The keeper's memory is not shared: a cradle executes the program
 * anew.
 *
 * What is shared must not be a way from node to node.  Nobody in a node may trace an init or look at its memory,
 * because that is not dumpable (keeper.h).  But the files of such a process below /proc belong to the root of the
 * memory's user namespace, which would be the node's root as well; and one of them, oom_score_adj, decides whom the
 * kernel kills when the machine's memory is used up, together with everybody who shares the memory.  So a cradle lives
 * in a user namespace between the lab's and its nodes', in which nobody is 0: then these files belong to nobody in the
 * lab.  The owner of a user namespace has all power in it, even without capabilities, and processes of the cloud have
 * few: so it is owned by an id that none of them can take.  An ordinary user's lab has one id only; there each
 * init has its own memory, forked from the cradle, which is in the lab's user namespace.
 *
 * Nobody can write the id maps of a process whose files belong to nobody: so a cradle stays dumpable until all its
 * inits have their maps.  Nobody can be in one of its nodes until then. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper/keeper.h"

#define NODE_NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC)
#define REPORTS_AT_ONCE 8 /* nodes: the director has something to do soon, and is not woken for each */
/* Of an init; the second where it copies trees. */
#define STACK_OVERLAY ((size_t)16 << 10)
#define STACK_COPY    ((size_t)256 << 10)

#define CRADLE_ROOT 1 /* the lab's root as a cradle in its own user namespace sees it */

/* Descriptors of a cradle. */
enum { CRADLE_ORDER = 3, CRADLE_REPORTS = 4, CRADLE_MEMORY = 5, CRADLE_PROC = 6, CRADLE_VIEWS = 7, CRADLE_END = 8 };

/* ---- the keeper's part ------------------------------------------------------------------------------------------- */

static int write_map(int proc, pid_t pid, const char *name, const char *map)
{
    char path[48];
    snprintf(path, sizeof path, "%d/%s", (int)pid, name);
    int fd = openat(proc, path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = write(fd, map, strlen(map)) < 0 ? errno : 0;
    close(fd);
    return error;
}

static int write_maps(int proc, pid_t pid, const char *map)
{
    int error = write_map(proc, pid, "uid_map", map);
    return error ? error : write_map(proc, pid, "gid_map", map);
}

/* Capabilities outlive an execve of somebody who is not 0 only where they are ambient. */
static void keep_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data))
        _exit(1);
    for (int i = 0; i < 2; i++)
        data[i].inheritable = data[i].permitted;
    if (syscall(SYS_capset, &header, data))
        _exit(1);
    static const int needed[] = {CAP_SETUID, CAP_SETGID, CAP_SYS_ADMIN};
    for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, needed[i], 0, 0))
            _exit(1);
}

static void take_descriptors(int order, int memory)
{
    int fds[] = {order, keeper.reports[1], memory, keeper.proc, keeper.views, keeper.program};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        if ((fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 100)) < 0)
            _exit(1);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        if (dup3(fds[i], CRADLE_ORDER + (int)i, CRADLE_ORDER + (int)i == CRADLE_END ? O_CLOEXEC : 0) < 0)
            _exit(1);
    child_close_all(
        (const int[]){STAGE_LOG, CRADLE_ORDER, CRADLE_REPORTS, CRADLE_MEMORY, CRADLE_PROC, CRADLE_VIEWS, CRADLE_END},
        7);
}

/* The program anew, in memory that belongs to the cradle's user namespace. */
static void execute(void) __attribute__((noreturn));
static void execute(void)
{
    struct pollfd told = {.fd = CRADLE_ORDER, .events = POLLIN}; /* the maps are written first */
    char *const argv[] = {"init", NULL}, *const environment[] = {NULL};
    if (poll(&told, 1, -1) < 0 || setresuid(CRADLE_ROOT, CRADLE_ROOT, CRADLE_ROOT))
        _exit(1);
    keep_capabilities();
    syscall(SYS_execveat, CRADLE_END, "", argv, environment, AT_EMPTY_PATH);
    keeper_log("execute a cradle: %s", strerror(errno));
    _exit(1);
}

/* A child in its own user namespace, owned by an id that is nobody's. */
static pid_t clone_apart(void)
{
    struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    if (seteuid(KEEPER_NOBODY))
        return -1;
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0)
        return 0;
    int error = errno;
    /* A change of ids makes memory what fs.suid_dumpable says. */
    if (seteuid(0) || prctl(PR_SET_DUMPABLE, 0)) { /* nothing else could be done */
        keeper_log("become root again: %s", strerror(errno));
        _exit(1);
    }
    errno = error;
    return pid;
}

static pid_t clone_cradle(uint32_t view, int order, int memory)
{
    int error = nursery_enter(view);
    if (error)
        return -error;
    pid_t pid = keeper.root_mode ? clone_apart() : fork();
    if (pid == 0) {
        take_descriptors(order, memory);
        if (keeper.root_mode)
            execute();
        cradle();
    }
    error = errno;
    nursery_leave();
    return pid < 0 ? -error : pid;
}

pid_t cradle_start(uint32_t view, int memory, const struct cradle_order *order)
{
    int ends[2], error = 0;
    size_t size = sizeof *order + order->count * sizeof order->nodes[0];
    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    pid_t pid = clone_cradle(view, ends[0], memory);
    close(ends[0]);
    if (pid > 0 && keeper.root_mode)
        error = write_maps(keeper.proc, pid, "1 0 65536");
    if (pid > 0 && !error && write(ends[1], order, size) != (ssize_t)size) /* no more than a pipe takes */
        error = errno;
    close(ends[1]);
    if (error)
        kill(pid, SIGKILL);
    return error ? -error : pid;
}

/* ---- the cradle -------------------------------------------------------------------------------------------------- */

/* Where an init is.  DEAD is what the kernel writes when one ends that shares the memory. */
enum cot_state { COT_DEAD, COT_NEW, COT_READY, COT_FAILED };
struct cot {
    _Atomic uint32_t state, go;
    pid_t pid;
    struct node_start start;
    struct report failure;
};

static struct cot *cots; /* in memory that is shared, whether all of it is or not */
static struct report reports[REPORTS_AT_ONCE];
static size_t report_count;

static void await(_Atomic uint32_t *word, uint32_t old, const struct timespec *most)
{
    syscall(SYS_futex, word, FUTEX_WAIT, old, most, NULL, 0);
}

static void set(_Atomic uint32_t *word, uint32_t value)
{
    *word = value;
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void fail(void *context, int error, const char *operation)
{
    struct cot *cot = context;
    cot->failure.value = error;
    snprintf(cot->failure.operation, sizeof cot->failure.operation, "%s", operation);
    set(&cot->state, COT_FAILED);
    _exit(1);
}

/* An init.  It leaves nothing to find: no descriptors, a memory that cannot be looked at.  Who dies in the node is
 * reaped by the kernel, as nobody wants to know. */
static int live(void *context)
{
    struct cot *cot = context;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would know of it */
    while (!cot->go)
        await(&cot->go, 0, NULL);
    signal(SIGCHLD, SIG_IGN);
    inside_run(&cot->start, fail, cot);
    child_close_all(NULL, 0);
    prctl(PR_SET_PDEATHSIG, 0);
    set(&cot->state, COT_READY);
    while (true)
        pause();
    return 0;
}

static void flush_reports(void)
{
    size_t size = report_count * sizeof reports[0];
    if (size && write(CRADLE_REPORTS, reports, size) != (ssize_t)size)
        _exit(1);
    report_count = 0;
}

static void report(const struct cot *cot, uint32_t kind)
{
    struct report *report = &reports[report_count++];
    *report = cot->failure;
    report->kind = kind;
    report->id = cot->start.id;
    report->generation = cot->start.generation;
    report->pid = cot->pid;
    if (report_count == REPORTS_AT_ONCE)
        flush_reports();
}

static void fail_cot(struct cot *cot, int error, const char *operation)
{
    cot->failure.value = error;
    snprintf(cot->failure.operation, sizeof cot->failure.operation, "%s", operation);
    report(cot, REPORT_NODE_FAILED);
    if (cot->pid > 0)
        kill(cot->pid, SIGKILL);
    cot->pid = -1;
}

static void clone_init(struct cot *cot, char *stack_end)
{
    cot->state = COT_NEW;
    int shared = keeper.root_mode ? CLONE_VM | CLONE_CHILD_CLEARTID : 0;
    cot->pid = clone(live, stack_end, NODE_NAMESPACES | shared | SIGCHLD, cot, NULL, NULL, &cot->state);
    if (cot->pid < 0) {
        fail_cot(cot, errno, "create namespaces");
        return;
    }
    int error = write_maps(CRADLE_PROC, cot->pid, keeper.root_mode ? "0 1 65536" : "0 0 1");
    if (error)
        fail_cot(cot, error, "map user ids");
}

/* Waits until it is set up, or has ended.  Without a time where the memory is shared: errno is. */
static void await_init(struct cot *cot)
{
    const struct timespec most = {.tv_nsec = 200000000};
    while (cot->state == COT_NEW) {
        siginfo_t ended = {0};
        await(&cot->state, COT_NEW, keeper.root_mode ? NULL : &most);
        if (!keeper.root_mode && cot->state == COT_NEW &&
            !waitid(P_PID, (id_t)cot->pid, &ended, WEXITED | WNOHANG | WNOWAIT) && ended.si_pid == cot->pid)
            return;
    }
}

static void finish(struct cot *cot)
{
    if (cot->pid < 0)
        return;
    set(&cot->go, 1);
    await_init(cot);
    if (cot->state == COT_READY || cot->state == COT_FAILED)
        report(cot, cot->state == COT_READY ? REPORT_NODE_READY : REPORT_NODE_FAILED);
    else
        fail_cot(cot, ECHILD, "start (killed)");
}

static void read_order(void *to, size_t size)
{
    if (read(CRADLE_ORDER, to, size) != (ssize_t)size)
        _exit(1); /* the keeper knows why */
}

void cradle(void)
{
    static struct cradle_order order;
    prctl(PR_SET_NAME, "init");
    read_order(&order, sizeof order);
    if (order.count > CRADLE_NODES)
        _exit(1);
    static struct cradle_node nodes[CRADLE_NODES];
    read_order(nodes, order.count * sizeof nodes[0]);
    keeper.root_mode = order.root_mode;
    keeper.overlay = order.overlay;
    keeper.beside_usr = order.beside_usr;
    cots = mmap(NULL, CRADLE_NODES * sizeof *cots, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    size_t stack = order.overlay ? STACK_OVERLAY : STACK_COPY;
    char *stacks = mmap(NULL, order.count * stack, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (cots == MAP_FAILED || stacks == MAP_FAILED)
        _exit(1);
    for (uint32_t i = 0; i < order.count; i++) {
        cots[i].start = (struct node_start){.id = nodes[i].id,
                                            .generation = nodes[i].generation,
                                            .hostname = nodes[i].hostname,
                                            .memory = CRADLE_MEMORY,
                                            .views = CRADLE_VIEWS,
                                            .copied_view = nodes[i].copied_view,
                                            .files = nodes[i].files,
                                            .settings = nodes[i].settings,
                                            .file_count = nodes[i].file_count,
                                            .setting_count = nodes[i].setting_count};
        clone_init(&cots[i], stacks + (i + 1) * stack);
    }
    if (prctl(PR_SET_DUMPABLE, 0))
        _exit(1);
    for (uint32_t i = 0; i < order.count; i++)
        finish(&cots[i]);
    flush_reports();
    _exit(0);
}
