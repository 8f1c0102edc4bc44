/* Runs one trial in a child, in namespaces of its own, under a deadline.
 *
 * Theory of operation.  The child is made by one clone with the namespaces of its place; the parent writes its id maps
 * (only the parent can map more than one id) and lets it go by a byte on a pipe.  The child makes its mounts private,
 * puts a tmpfs over /tmp to have a place of its own, runs the trial and sends the whole result back through a second
 * pipe.  At the deadline it is killed; as it is pid 1 of its namespace, whatever it started dies with it, and so do the
 * namespaces.  Where it dies early, or a namespace cannot be made, that is the trial's result. */
#include "kernel/capability_trial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/units.h"

/* In root mode a lab's ids are these of the host: an unprivileged range that no account has (as the keeper maps them).
 */
#define ROOT_BASE  1879048192u
#define ROOT_COUNT 65536u

static const int place_flags[] = {
    [TRIAL_HOST] = 0,
    [TRIAL_USER] = CLONE_NEWUSER | CLONE_NEWNS,
    [TRIAL_LAB] = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC,
};
_Static_assert(sizeof place_flags / sizeof *place_flags == TRIAL_PLACE_COUNT, "one row for each place");

/* ---- what trials say ----------------------------------------------------------------------------------------- */

int trial_failed(struct trial *trial, int number, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(trial->result->detail, sizeof trial->result->detail, format, args);
    va_end(args);
    return number > 0 ? number : EIO;
}

int trial_fallback(struct trial *trial, const char *backend, const char *fidelity)
{
    trial->result->state = CAPABILITY_FALLBACK;
    trial_backend(trial, "%s", backend);
    trial_fidelity(trial, "%s", fidelity);
    return 0;
}

void trial_backend(struct trial *trial, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(trial->result->backend, sizeof trial->result->backend, format, args);
    va_end(args);
}

void trial_fidelity(struct trial *trial, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(trial->result->fidelity, sizeof trial->result->fidelity, format, args);
    va_end(args);
}

void trial_remedy(struct trial *trial, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(trial->result->remedy, sizeof trial->result->remedy, format, args);
    va_end(args);
}

/* ---- the child ----------------------------------------------------------------------------------------------- */

static int set_up(struct trial *trial)
{
    enum capability_place place = trial->capability->place;
    if (place == TRIAL_HOST)
        return 0;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return trial_failed(trial, errno, "make the mounts of a new user namespace private");
    if (mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=16m") != 0)
        return trial_failed(trial, errno, "mount a tmpfs in a new user namespace");
    if (place == TRIAL_LAB && getpid() != 1)
        return trial_failed(trial, EIO, "become process 1 of a new pid namespace (the process id is %d)",
                            (int)getpid());
    if (place == TRIAL_LAB && sethostname("trial", 5) != 0)
        return trial_failed(trial, errno, "set the host name in a new uts namespace");
    return 0;
}

/* The result as far as the child knows it: `number` says whether the trial worked. */
__attribute__((noreturn)) static void child(struct trial *trial, int go, int answer)
{
    char byte;
    if (read(go, &byte, 1) != 1)
        _exit(1); /* the parent is gone, or could not write the maps */
    if (trial->capability->place != TRIAL_HOST && (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0))
        _exit(1);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* the change of user has cleared these two */
    prctl(PR_SET_DUMPABLE, 1);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3 && null >= 0; fd++)
        dup2(null, fd);
    struct capability_result *result = trial->result;
    result->number = set_up(trial);
    if (result->number == 0)
        result->number = trial->capability->try(trial);
    else
        result->state = CAPABILITY_STATE_COUNT; /* tells the parent: not this capability's own doing */
    _exit(fd_write_all(answer, result, sizeof *result) == 0 ? 0 : 1);
}

/* ---- the parent ---------------------------------------------------------------------------------------------- */

static int write_text(pid_t pid, const char *file, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FD_AUTO fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0 ? 0 : -1;
}

/* Root that owns the whole id space maps an unprivileged range, as a lab of root does; everybody else only himself. */
static int write_maps(pid_t pid)
{
    char text[64];
    snprintf(text, sizeof text, "0 %u %u", ROOT_BASE, ROOT_COUNT);
    if (geteuid() == 0 && write_text(pid, "uid_map", text) == 0)
        return write_text(pid, "gid_map", text);
    if (write_text(pid, "setgroups", "deny") != 0)
        return -1;
    snprintf(text, sizeof text, "0 %u 1", (unsigned)geteuid());
    if (write_text(pid, "uid_map", text) != 0)
        return -1;
    snprintf(text, sizeof text, "0 %u 1", (unsigned)getegid());
    return write_text(pid, "gid_map", text);
}

/* Waits for the child's answer until the deadline.  0, or an errno value with result->detail. */
static int receive(struct trial *trial, int answer)
{
    struct capability_result received = {0};
    size_t have = 0;
    int milliseconds = trial->capability->milliseconds ? trial->capability->milliseconds : TRIAL_MILLISECONDS;
    int64_t deadline = clock_monotonic() + milliseconds * (NANOSECONDS_PER_SECOND / 1000);
    while (have < sizeof received) {
        int64_t left = (deadline - clock_monotonic()) / (NANOSECONDS_PER_SECOND / 1000);
        struct pollfd poll_fd = {.fd = answer, .events = POLLIN};
        int ready = left > 0 ? poll(&poll_fd, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return trial_failed(trial, ETIMEDOUT, "no answer from the trial within %d ms", milliseconds);
        ssize_t length = read(answer, (char *)&received + have, sizeof received - have);
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            return trial_failed(trial, ECHILD, "the trial died");
        have += (size_t)length;
    }
    *trial->result = received;
    return received.number;
}

/* Makes the child and sees it to its end.  0 or an errno value. */
static int run_child(struct trial *trial, bool *ground)
{
    int go[2], answer[2];
    if (pipe2(go, O_CLOEXEC) != 0)
        return trial_failed(trial, errno, "make a pipe");
    FD_AUTO go_read = go[0], go_write = go[1];
    if (pipe2(answer, O_CLOEXEC) != 0)
        return trial_failed(trial, errno, "make a pipe");
    FD_AUTO answer_read = answer[0], answer_write = answer[1];
    int flags = place_flags[trial->capability->place];
    pid_t pid = (pid_t)syscall(SYS_clone, (unsigned long)(flags | SIGCHLD), NULL, NULL, NULL, NULL);
    if (pid < 0) {
        *ground = flags != 0;
        return trial_failed(trial, errno, flags ? "make the namespaces (clone)" : "start a process");
    }
    if (pid == 0) {
        close(go_write);
        close(answer_read);
        child(trial, go_read, answer_write);
    }
    fd_close(&answer_write);
    int number;
    if (flags != 0 && write_maps(pid) != 0) {
        *ground = true;
        number = trial_failed(trial, errno, "map user ids into a new user namespace");
    } else if (fd_write_all(go_write, "", 1) != 0) {
        number = trial_failed(trial, errno, "start the trial");
    } else {
        number = receive(trial, answer_read);
        *ground = trial->result->state == CAPABILITY_STATE_COUNT;
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return number;
}

static void table_remedy(struct trial *trial)
{
    if (trial->capability->remedy)
        trial_remedy(trial, "%s", trial->capability->remedy);
    else if (trial->capability->module)
        trial_remedy_module(trial, trial->capability->module);
}

void trial_run(const struct capability *capability, struct capability_result *result)
{
    char program[256] = "labctl";
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length > 0)
        program[length] = '\0';
    *result = (struct capability_result){.capability = capability};
    struct trial trial = {.capability = capability, .result = result, .uid = getuid(), .program = program};
    bool ground = false;
    result->number = run_child(&trial, &ground);
    if (result->number != 0) {
        size_t used = strlen(result->detail);
        snprintf(result->detail + used, sizeof result->detail - used, ": %s", strerror(result->number));
        result->state = CAPABILITY_MISSING;
        result->backend[0] = result->fidelity[0] = '\0';
        if (ground)
            trial_remedy_ground(&trial);
        else if (result->remedy[0] == '\0')
            table_remedy(&trial);
        return;
    }
    if (result->state == CAPABILITY_OK) {
        if (result->backend[0] == '\0' && capability->backend)
            trial_backend(&trial, "%s", capability->backend);
        if (result->fidelity[0] == '\0' && capability->fidelity)
            trial_fidelity(&trial, "%s", capability->fidelity);
    } else if (result->remedy[0] == '\0') {
        table_remedy(&trial);
    }
}
