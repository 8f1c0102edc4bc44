/* Trials of namespaces, mounts and system calls. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "kernel/capability_trial.h"

static int write_file(const char *path, const char *text)
{
    FD_AUTO fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0 ? 0 : -1;
}

/* ---- namespaces ---------------------------------------------------------------------------------------------- */

int try_user_namespace(struct trial *trial)
{
    if (geteuid() != 0)
        return trial_failed(trial, EPERM, "be user 0 of a new user namespace");
    if (trial->uid == 0)
        trial_backend(trial, "clone, mapped to an unprivileged range");
    return 0;
}

int try_namespaces(struct trial *trial)
{
    (void)trial; /* what it takes to be here is the trial */
    return 0;
}

/* A child in namespaces of its own below the lab's, as a node is: it must be able to mount its /proc.  Exits with
 * errno. */
static int nested_child(int go)
{
    char byte;
    if (read(go, &byte, 1) != 1)
        return EIO;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("proc", "/tmp/nested", "proc", 0, NULL) != 0 ||
        mount("tmpfs", "/tmp/nested", "tmpfs", 0, NULL) != 0)
        return errno;
    return 0;
}

int try_nested_user_namespace(struct trial *trial)
{
    int go[2], status;
    if (mkdir("/tmp/nested", 0755) != 0 || pipe2(go, O_CLOEXEC) != 0)
        return trial_failed(trial, errno, "prepare");
    FD_AUTO go_read = go[0], go_write = go[1];
    unsigned long flags =
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD;
    /* /proc must be that of this pid namespace, for the maps and because a new one may show no more than an old one. */
    if (mkdir("/tmp/proc", 0755) != 0 || mount("proc", "/tmp/proc", "proc", 0, NULL) != 0)
        return trial_failed(trial, errno, "mount proc");
    pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (pid < 0)
        return trial_failed(trial, errno, "make a user namespace inside that of the lab (clone)");
    if (pid == 0) {
        close(go_write);
        _exit(nested_child(go_read));
    }
    char path[64];
    static const char *const maps[] = {"setgroups", "uid_map", "gid_map"};
    for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
        snprintf(path, sizeof path, "/tmp/proc/%d/%s", (int)pid, maps[i]);
        if (write_file(path, i == 0 ? "deny" : "0 0 1") != 0)
            return trial_failed(trial, errno, "write %s of a nested user namespace", maps[i]);
    }
    if (fd_write_all(go_write, "", 1) != 0 || waitpid(pid, &status, 0) != pid)
        return trial_failed(trial, errno, "wait for a nested process");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return trial_failed(trial, WIFEXITED(status) ? WEXITSTATUS(status) : EIO,
                            "mount proc in a nested user namespace");
    return 0;
}

int try_pivot_root(struct trial *trial)
{
    if (mkdir("/tmp/old", 0755) != 0 || chdir("/tmp") != 0)
        return trial_failed(trial, errno, "prepare");
    if (syscall(SYS_pivot_root, ".", "old") != 0)
        return trial_failed(trial, errno, "pivot_root");
    if (chdir("/") != 0 || umount2("/old", MNT_DETACH) != 0)
        return trial_failed(trial, errno, "unmount the old root");
    if (rmdir("/old") != 0 || access("/usr", F_OK) == 0)
        return trial_failed(trial, EIO, "leave the old root behind");
    return 0;
}

/* ---- system calls -------------------------------------------------------------------------------------------- */

static int call_pidfd(void)
{
    FD_AUTO fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    return fd >= 0 && syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0 ? 0 : errno;
}

static int call_openat2(void)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    FD_AUTO root = open("/", O_PATH | O_CLOEXEC);
    FD_AUTO fd = (int)syscall(SYS_openat2, root, "usr", &how, sizeof how);
    return fd >= 0 ? 0 : errno;
}

static int call_close_range(void)
{
    int fd = dup(0);
    if (fd < 0 || syscall(SYS_close_range, fd, fd, 0) != 0)
        return errno;
    return fcntl(fd, F_GETFD) < 0 ? 0 : EIO;
}

static int call_memfd(void)
{
    FD_AUTO fd = memfd_create("trial", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd >= 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0 ? 0 : errno;
}

static int call_clone3(void)
{
    struct clone_args args = {.exit_signal = SIGCHLD};
    int status;
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0)
        return errno;
    if (pid == 0)
        _exit(0);
    return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : EIO;
}

static const struct {
    const char *name;
    int (*call)(void);
} calls[] = {
    {"pidfd", call_pidfd}, {"openat2", call_openat2}, {"close-range", call_close_range},
    {"memfd", call_memfd}, {"clone3", call_clone3},
};

int try_call(struct trial *trial)
{
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        if (str_equal(calls[i].name, trial->capability->argument)) {
            int number = calls[i].call();
            return number == 0 ? 0 : trial_failed(trial, number, "call %s", calls[i].name);
        }
    return trial_failed(trial, ENOSYS, "find the trial of %s", (const char *)trial->capability->argument);
}

int try_abstract_socket(struct trial *trial)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "labctl-trial/%d", (int)getpid());
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    FD_AUTO server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FD_AUTO client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || client < 0)
        return trial_failed(trial, errno, "open a unix socket");
    if (bind(server, (struct sockaddr *)&address, size) != 0 || listen(server, 1) != 0)
        return trial_failed(trial, errno, "bind an abstract unix socket");
    if (connect(client, (struct sockaddr *)&address, size) != 0)
        return trial_failed(trial, errno, "connect to an abstract unix socket");
    return 0;
}

/* ---- files --------------------------------------------------------------------------------------------------- */

/* A terminal: the master opened through the new devpts, the other end through the directory. */
static int try_terminal(struct trial *trial)
{
    FD_AUTO master = open("/tmp/m/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    int number = 0, unlock = 0;
    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) != 0 || ioctl(master, TIOCGPTN, &number) != 0)
        return trial_failed(trial, errno, "open a terminal of a new devpts");
    char path[64];
    snprintf(path, sizeof path, "/tmp/m/%d", number);
    FD_AUTO terminal = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return terminal >= 0 && isatty(terminal) ? 0 : trial_failed(trial, errno, "open %s of a new devpts", path + 7);
}

int try_mount(struct trial *trial)
{
    const char *type = trial->capability->argument;
    bool terminals = strcmp(type, "devpts") == 0;
    if (mkdir("/tmp/m", 0755) != 0)
        return trial_failed(trial, errno, "prepare");
    if (mount(type, "/tmp/m", type, MS_NOSUID, terminals ? "newinstance,ptmxmode=0666,mode=0620" : NULL) != 0)
        return trial_failed(trial, errno, "mount %s", type);
    if (terminals)
        return try_terminal(trial);
    static const struct {
        const char *type, *path;
    } must_hold[] = {{"proc", "/tmp/m/1/stat"}, {"sysfs", "/tmp/m/class/net/lo"}};
    for (size_t i = 0; i < ARRAY_SIZE(must_hold); i++)
        if (str_equal(type, must_hold[i].type) && access(must_hold[i].path, F_OK) != 0)
            return trial_failed(trial, errno, "find %s in a new %s", must_hold[i].path + 7, type);
    return 0;
}

int try_bind_mount(struct trial *trial)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    struct statvfs flags;
    if (mkdir("/tmp/m", 0755) != 0)
        return trial_failed(trial, errno, "prepare");
    if (mount("/usr", "/tmp/m", NULL, MS_BIND | MS_REC, NULL) != 0)
        return trial_failed(trial, errno, "bind /usr");
    if (syscall(SYS_mount_setattr, AT_FDCWD, "/tmp/m", AT_RECURSIVE, &attributes, sizeof attributes) != 0)
        return trial_failed(trial, errno, "make the bind of /usr read-only (mount_setattr)");
    if (statvfs("/tmp/m", &flags) != 0 || !(flags.f_flag & ST_RDONLY))
        return trial_failed(trial, EIO, "make the bind of /usr read-only");
    return 0;
}

/* Two operations that need user xattrs on the upper layer are the ones that fail where tmpfs has none. */
int try_overlay(struct trial *trial)
{
    static const char *const directories[] = {"/tmp/lower", "/tmp/lower/old", "/tmp/upper", "/tmp/work", "/tmp/m"};
    static const char options[] = "lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/work,userxattr";
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
        if (mkdir(directories[i], 0755) != 0)
            return trial_failed(trial, errno, "prepare");
    const char *what = NULL;
    if (mount("overlay", "/tmp/m", "overlay", 0, options) != 0)
        what = "mount overlay with userxattr on tmpfs";
    else if (rmdir("/tmp/m/old") != 0)
        what = "remove a lower directory in an overlay on tmpfs";
    else if (mkdir("/tmp/m/new", 0755) != 0 || rename("/tmp/m/new", "/tmp/m/renamed") != 0)
        what = "rename a new directory in an overlay on tmpfs";
    if (!what)
        return 0;
    trial_failed(trial, errno, "%s: %s", what, strerror(errno));
    return trial_fallback(trial, "a plain copy in each node", "the same; `up` takes longer and more memory");
}

int try_network_sysctl(struct trial *trial)
{
    static const struct {
        const char *key, *value;
    } settings[] = {{"ipv4/ip_forward", "1"}, {"ipv4/conf/all/rp_filter", "1"}, {"ipv4/conf/all/proxy_arp", "1"}};
    if (mkdir("/tmp/m", 0755) != 0)
        return trial_failed(trial, errno, "prepare");
    if (mount("proc", "/tmp/m", "proc", 0, NULL) != 0)
        return trial_failed(trial, errno, "mount proc");
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        char path[96];
        snprintf(path, sizeof path, "/tmp/m/sys/net/%s", settings[i].key);
        if (write_file(path, settings[i].value) != 0)
            return trial_failed(trial, errno, "write net/%s", settings[i].key);
    }
    return 0;
}
