/* Stages 0 and 1: makes the lab's namespaces, becomes its pid 1. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/keeper.h"

/* Kernels before 5.6 lack nothing of this list but CLONE_NEWCGROUP in some configurations. */
#define LAB_NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC)

void stage_fail(int error, const char *format, ...)
{
    struct stage_status status = {.error = error > 0 ? error : EIO};
    va_list args;
    va_start(args, format);
    vsnprintf(status.operation, sizeof status.operation, format, args);
    va_end(args);
    keeper_log("%s: %s", status.operation, strerror(status.error));
    send(STAGE_STATUS, &status, sizeof status, MSG_NOSIGNAL);
    _exit(1);
}

/* Does our own user namespace know the range that root mode maps to?  (A container's often does not; then the lab is
 * mapped to our own id, which there is an unprivileged one of the host.) */
static bool range_is_mapped(void)
{
    FILE *map = fopen("/proc/self/uid_map", "re");
    if (!map)
        return false;
    unsigned long inside, outside, count;
    bool mapped = false;
    while (!mapped && fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3)
        mapped = inside <= KEEPER_ROOT_BASE && KEEPER_ROOT_BASE - inside + KEEPER_ROOT_COUNT <= count;
    fclose(map);
    return mapped;
}

static void write_proc(pid_t pid, const char *name, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        stage_fail(errno, "%s", STAGE_OP_MAP);
    close(fd);
}

static void write_maps(pid_t child, bool root_mode)
{
    char text[64];
    if (root_mode) {
        snprintf(text, sizeof text, "0 %u %u", KEEPER_ROOT_BASE, KEEPER_ROOT_COUNT);
        write_proc(child, "uid_map", text);
        write_proc(child, "gid_map", text);
        return;
    }
    write_proc(child, "setgroups", "deny");
    snprintf(text, sizeof text, "0 %u 1", (unsigned)geteuid());
    write_proc(child, "uid_map", text);
    snprintf(text, sizeof text, "0 %u 1", (unsigned)getegid());
    write_proc(child, "gid_map", text);
}

static pid_t clone_lab(void)
{
    struct clone_args args = {.flags = LAB_NAMESPACES | CLONE_NEWCGROUP, .exit_signal = SIGCHLD};
    pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (child < 0 && errno == EINVAL) { /* no cgroup namespaces: the only loss is that /proc/self/cgroup shows a path */
        args.flags = LAB_NAMESPACES;
        child = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    }
    return child;
}

/* Hands the settings over to stage 2, which must find nothing of the command line in its memory. */
static void write_settings(const struct stage_options *options, struct settings settings)
{
    int fd = memfd_create("settings", 0);
    if (fd < 0)
        stage_fail(errno, "create settings");
    settings.argument_count = (uint32_t)options->argument_count;
    for (size_t i = 0; i < options->argument_count; i++)
        settings.arguments_length += (uint32_t)strlen(options->arguments[i]) + 1;
    bool written = write(fd, &settings, sizeof settings) == (ssize_t)sizeof settings;
    for (size_t i = 0; written && i < options->argument_count; i++) {
        size_t length = strlen(options->arguments[i]) + 1;
        written = write(fd, options->arguments[i], length) == (ssize_t)length;
    }
    if (!written)
        stage_fail(errno, "write settings");
    if (fd != STAGE_SETTINGS && (dup2(fd, STAGE_SETTINGS) < 0 || close(fd)))
        stage_fail(errno, "keep settings");
}

static void become_root(bool root_mode)
{
    if (root_mode && setgroups(0, NULL))
        stage_fail(errno, "drop supplementary groups");
    if (setresgid(0, 0, 0) || setresuid(0, 0, 0))
        stage_fail(errno, "become root of the lab");
    /* A new session keyring: that of the login would be possessed by everything in the lab. */
    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
}

static void raise_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void stage_one(const struct stage_options *options, int go) __attribute__((noreturn));
static void stage_one(const struct stage_options *options, int go)
{
    char byte;
    if (read(go, &byte, 1) != 1)
        _exit(1); /* stage 0 has said why */
    close(go);
    become_root(options->root_mode);
    raise_limits();
    if (sethostname("lab", 3))
        stage_fail(errno, "set the lab's host name");
    if (listen(STAGE_LISTENER, 256)) /* from now on its clients see our pid and user */
        stage_fail(errno, "listen on the control socket");
    struct settings settings = {.root_mode = options->root_mode};
    tree_build(options, &settings);
    write_settings(options, settings);
    close(STAGE_DIRECTOR);
    close(STAGE_SERVE);
    close(STAGE_RELAY);
    char *const argv[] = {"init", NULL}, *const environment[] = {NULL};
    execve("/program/init", argv, environment);
    stage_fail(errno, "execute the lab's init");
}

static void usage(void) __attribute__((noreturn));
static void usage(void)
{
    static const char text[] = "labctl-keeper: this program is started by `labctl up`\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(2);
}

/* "argument=TEXT", "embedded=NAME", "hidden=PATH" */
static struct stage_options decode(int argc, char **argv)
{
    struct stage_options options = {0};
    size_t size = sizeof(char *) * (size_t)(argc + 1);
    options.arguments = malloc(size);
    options.embedded = malloc(size);
    options.hidden = malloc(size);
    if (!options.arguments || !options.embedded || !options.hidden)
        stage_fail(ENOMEM, "read the keeper's options");
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "argument=", 9))
            options.arguments[options.argument_count++] = argv[i] + 9;
        else if (!strncmp(argv[i], "embedded=", 9))
            options.embedded[options.embedded_count++] = argv[i] + 9;
        else if (!strncmp(argv[i], "hidden=", 7))
            options.hidden[options.hidden_count++] = argv[i] + 7;
        else
            usage();
    }
    return options;
}

int main(int argc, char **argv)
{
    if (argc == 1 && !strcmp(argv[0], "init")) {
        if (getpid() != 1)
            cradle();
        return supervise();
    }
    struct stat status;
    if (argc < 1 || fstat(STAGE_STATUS, &status) || !S_ISSOCK(status.st_mode) || fcntl(STAGE_SERVE, F_GETFD) < 0 ||
        fcntl(STAGE_RELAY, F_GETFD) < 0)
        usage();
    struct stage_options options = decode(argc, argv);
    options.root_mode = geteuid() == 0 && range_is_mapped();
    umask(0);
    signal(SIGPIPE, SIG_IGN);

    int go[2];
    if (pipe2(go, O_CLOEXEC))
        stage_fail(errno, "make a pipe");
    pid_t child = clone_lab();
    if (child < 0)
        stage_fail(errno, "%s", STAGE_OP_NAMESPACES);
    if (child == 0) {
        close(go[1]);
        stage_one(&options, go[0]);
    }
    close(go[0]);
    write_maps(child, options.root_mode);
    if (write(go[1], "g", 1) != 1)
        stage_fail(errno, "start the lab's first process");
    _exit(0);
}
