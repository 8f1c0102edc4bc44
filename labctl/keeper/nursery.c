/* The nursery: the mount namespace that nodes are born into.
 *
 * Theory of operation.  A node's init is cloned while the keeper is in the nursery, so that it starts with few mounts,
 * none of them the keeper's, and has nothing to leave or to take away: it mounts its own root over that of the nursery
 * and moves into it (inside.c).  Changing the root for good (pivot_root) and detaching mounts would cost each node a
 * walk over all tasks of the machine and a wait for all processors.  What lies below a node's root is the nursery, so
 * it holds nothing that the node may not see, and all of it is read-only and locked in the node:
 *   template  lowest layer of every node's root, with an /etc made by base.c
 *   view      layer above it: the node's own view, and no other
 *   usr bin lib … opt dev   as in the lab's tree
 *   node      where a node mounts the tmpfs of its upper layer
 *   proc sys  of namespaces that have ended: the kernel lets a node mount its own only where it can see one already
 *
 * It is built by a child of stage 1, beside the rest of the lab's tree and the director's start; the child makes a
 * mount namespace of its own when the tree is whole and the root.  The keeper takes it over and ends the child.
 * Each view has a namespace that is a copy of the nursery's, with the view's directory mounted on /view. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/keeper.h"

/* What the child says when all is there. */
struct nursery_report {
    uint32_t overlay;
};

/* What a node's root has from the start, beside /etc. */
static const struct {
    const char *path;
    unsigned mode;
} directories[] = {
    {"dev", 0755},
    {"dev/pts", 0755},
    {"dev/shm", 01777},
    {"etc", 0755},
    {"home", 0755},
    {"media", 0755},
    {"mnt", 0755},
    {"opt", 0755},
    {"proc", 0555},
    {"root", 0700},
    {"run", 0755},
    {"run/lock", 01777},
    {"srv", 0755},
    {"sys", 0555},
    {"tmp", 01777},
    {"usr", 0755},
    {"var", 0755},
    {"var/cache", 0755},
    {"var/lib", 0755},
    {"var/lib/misc", 0755},
    {"var/log", 0755},
    {"var/mail", 0755},
    {"var/spool", 0755},
    {"var/tmp", 01777},
    {"var/www", 0755},
    /* What packages of servers make when they are installed. */
    {"run/bird", 0755},
    {"run/haproxy", 0755},
    {"run/postgresql", 0755},
    {"var/lib/caddy", 0755},
    {"var/lib/haproxy", 0755},
    {"var/lib/nginx", 0755},
    {"var/lib/postgresql", 0755},
    {"var/log/nginx", 0755},
    {"var/log/postgresql", 0755},
};
static const struct {
    const char *path, *target;
} links[] = {
    {"var/run", "/run"},
    {"var/lock", "/run/lock"},
    {"dev/fd", "/proc/self/fd"},
    {"dev/stdin", "/proc/self/fd/0"},
    {"dev/stdout", "/proc/self/fd/1"},
    {"dev/stderr", "/proc/self/fd/2"},
    {"dev/ptmx", "pts/ptmx"},
};

/* ---- stage 1: the child that builds ------------------------------------------------------------------------------ */

static void make_template(bool root_mode, int host, int etc)
{
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
        char path[64];
        snprintf(path, sizeof path, "nursery/template/%s", directories[i].path);
        tree_directory(path, directories[i].mode);
    }
    for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
        char path[64];
        snprintf(path, sizeof path, "nursery/template/%s", links[i].path);
        tree_link(links[i].target, path);
    }
    for (size_t i = 0; i < ARRAY_SIZE(tree_devices); i++) {
        char path[64];
        snprintf(path, sizeof path, "nursery/template/dev/%s", tree_devices[i]);
        tree_file(path); /* nodes bind over it */
    }
    base_build(host, etc, root_mode);
}

/* /bin, /lib…, as they are in the lab's tree. */
static void add_beside_usr(uint32_t beside_usr)
{
    for (size_t i = 0; i < ARRAY_SIZE(tree_beside_usr); i++) {
        char path[64], target[PATH_MAX];
        snprintf(path, sizeof path, "nursery/template/%s", tree_beside_usr[i]);
        ssize_t length = readlink(tree_beside_usr[i], target, sizeof target - 1);
        if (length >= 0) {
            target[length] = 0;
            tree_link(target, path);
        } else if (beside_usr & (1u << i)) {
            tree_directory(path, 0755);
        }
    }
}

/* A mount of the lab's tree under the same name in the nursery. */
static void take(const char *name, unsigned long flags)
{
    char place[64];
    snprintf(place, sizeof place, "nursery/%s", name);
    if (mount(name, place, NULL, MS_BIND | flags, NULL))
        stage_fail(errno, "show /%s in nodes", name);
}

static void take_all(uint32_t beside_usr)
{
    tree_directory("nursery/usr", 0755);
    take("usr", MS_REC);
    tree_directory("nursery/opt", 0755);
    take("opt", 0);
    for (size_t i = 0; i < ARRAY_SIZE(tree_beside_usr); i++)
        if (beside_usr & (1u << i)) {
            char place[64];
            snprintf(place, sizeof place, "nursery/%s", tree_beside_usr[i]);
            tree_directory(place, 0755);
            take(tree_beside_usr[i], MS_REC);
        }
    tree_directory("nursery/dev", 0755);
    for (size_t i = 0; i < ARRAY_SIZE(tree_devices); i++) {
        char name[32], place[64];
        snprintf(name, sizeof name, "dev/%s", tree_devices[i]);
        snprintf(place, sizeof place, "nursery/%s", name);
        tree_file(place);
        take(name, 0);
    }
}

/* The /proc and /sys of namespaces that end at once: the network namespace is the child's, the pid namespace that of a
 * grandchild. */
static void mount_kernel_files(void)
{
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    tree_directory("nursery/proc", 0555);
    tree_directory("nursery/sys", 0555);
    struct clone_args args = {.flags = CLONE_NEWPID, .exit_signal = SIGCHLD};
    pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (child == 0) {
        if (mount("proc", "nursery/proc", "proc", flags, NULL))
            stage_fail(errno, "%s", STAGE_OP_PROC);
        if (mount("sysfs", "nursery/sys", "sysfs", flags, NULL))
            stage_fail(errno, "%s", STAGE_OP_SYS);
        _exit(0);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        stage_fail(errno, "%s", STAGE_OP_PROC);
    if (status)
        _exit(1);
}

static void mount_nursery(uint32_t beside_usr)
{
    if (unshare(CLONE_NEWNS | CLONE_NEWNET) || mount("nursery", "nursery", NULL, MS_BIND, NULL))
        stage_fail(errno, "mount the root of nodes");
    take_all(beside_usr);
    tree_directory("nursery/view", 0755);
    tree_directory("nursery/node", 0755);
    mount_kernel_files();
    if (chdir("nursery") || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
        stage_fail(errno, "make the root of nodes");
    tree_read_only("/", 0);
}

/* Does an overlay whose upper layer is on a tmpfs do what a root needs?  On Debian 12's 6.1 kernel, where tmpfs has no
 * user extended attributes, removing a lower directory gives EIO and renaming a new one EXDEV. */
static bool overlay_works(void)
{
    static const char *const places[] = {"lower", "lower/old", "upper", "work", "all"};
    if (mount("tmpfs", "/node", "tmpfs", MS_NOSUID | MS_NODEV, "mode=700,size=1m") || chdir("/node"))
        stage_fail(errno, "try an overlay");
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        tree_directory(places[i], 0755);
    bool works = false;
    if (!mount("overlay", "all", "overlay", MS_NOSUID | MS_NODEV,
               "lowerdir=lower,upperdir=upper,workdir=work,userxattr")) {
        works = !rmdir("all/old") && !mkdir("all/new", 0755) && !rename("all/new", "all/newer") &&
                !mkdir("all/old", 0755) && !rmdir("all/newer");
        umount2("all", MNT_DETACH);
    }
    if (chdir("/") || umount2("/node", MNT_DETACH))
        stage_fail(errno, "try an overlay");
    return works;
}

static struct {
    int go;  /* pipe: settings.beside_usr, when the tree has what the nursery takes from it */
    int out; /* pipe: struct nursery_report */
} pipes;

static void build(bool root_mode, int host, int etc) __attribute__((noreturn));
static void build(bool root_mode, int host, int etc)
{
    uint32_t beside_usr;
    make_template(root_mode, host, etc);
    if (read(pipes.go, &beside_usr, sizeof beside_usr) != (ssize_t)sizeof beside_usr)
        _exit(1); /* stage 1 has said why */
    add_beside_usr(beside_usr);
    mount_nursery(beside_usr);
    struct nursery_report report = {.overlay = overlay_works()};
    /* This memory is from before the lab's user namespace: else the keeper may not look up its namespaces. */
    prctl(PR_SET_DUMPABLE, 1);
    if (write(pipes.out, &report, sizeof report) != (ssize_t)sizeof report)
        _exit(1);
    for (;;) /* until the keeper has taken the namespace over */
        pause();
}

static int open_place(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        stage_fail(errno, "open %s", path);
    return fd;
}

/* Above the descriptors that have fixed numbers. */
static int move_up(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, STAGE_END);
    if (moved < 0)
        stage_fail(errno, "make a pipe");
    close(fd);
    return moved;
}

static void make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC))
        stage_fail(errno, "make a pipe");
    ends[0] = move_up(ends[0]);
    ends[1] = move_up(ends[1]);
}

void nursery_start(struct settings *settings)
{
    int go[2], out[2];
    tree_directory("nursery", 0755);
    tree_directory("nursery/template", 0755);
    tree_directory("nursery/template/etc", 0755);
    int host = move_up(open_place("/etc")), etc = move_up(open_place("nursery/template/etc"));
    base_build_first(host, etc);
    make_pipe(go);
    make_pipe(out);
    pid_t child = fork();
    if (child < 0)
        stage_fail(errno, "fork");
    if (child == 0) {
        pipes.go = go[0];
        pipes.out = out[1];
        build(settings->root_mode, host, etc);
    }
    settings->nursery = (uint32_t)child;
    pipes.go = go[1];
    if (dup2(out[0], STAGE_NURSERY) < 0)
        stage_fail(errno, "make a pipe");
    close(out[0]);
    close(out[1]);
    close(go[0]);
    close(host);
    close(etc);
}

void nursery_go_on(const struct settings *settings)
{
    if (write(pipes.go, &settings->beside_usr, sizeof settings->beside_usr) != (ssize_t)sizeof settings->beside_usr)
        stage_fail(errno, "build the root of nodes");
}

/* ---- stage 2: the keeper's part ---------------------------------------------------------------------------------- */

static struct {
    pid_t builder;   /* 0: it has ended */
    int home, plain; /* mount namespaces: the keeper's, the nursery's; the latter -1 until it is built */
    int self;        /* /proc/self/ns, which no nursery has */
    int *views;      /* mount namespaces by view, or -1 */
    bool inside;     /* the keeper is in the namespace of this view: */
    uint32_t inside_view;
    uint32_t view_limit;
} nursery = {.home = -1, .plain = -1, .self = -1};

void nursery_adopt(const struct settings *settings)
{
    nursery.builder = (pid_t)settings->nursery;
    nursery.self = open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC);
    nursery.home = nursery.self < 0 ? -1 : openat(nursery.self, "mnt", O_RDONLY | O_CLOEXEC);
    if (nursery.home < 0)
        stage_fail(errno, "open the lab's mount namespace");
}

bool nursery_ready(void)
{
    return nursery.plain >= 0;
}

void nursery_readable(void)
{
    struct nursery_report report;
    char path[48];
    if (read(STAGE_NURSERY, &report, sizeof report) != (ssize_t)sizeof report)
        stage_fail(ECHILD, "build the root of nodes"); /* the child has said why */
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)nursery.builder);
    nursery.plain = open(path, O_RDONLY | O_CLOEXEC);
    if (nursery.plain < 0)
        stage_fail(errno, "take over the nursery");
    keeper.overlay = report.overlay;
    kill(nursery.builder, SIGKILL);
    close(STAGE_NURSERY);
}

static bool reserve(uint32_t view)
{
    if (view < nursery.view_limit)
        return true;
    uint32_t limit = nursery.view_limit ? nursery.view_limit : 16;
    while (limit <= view)
        limit *= 2;
    int *grown = realloc(nursery.views, limit * sizeof *grown);
    if (!grown)
        return false;
    for (uint32_t i = nursery.view_limit; i < limit; i++)
        grown[i] = -1;
    nursery.views = grown;
    nursery.view_limit = limit;
    return true;
}

/* A copy of the nursery with the view on /view; leaves the keeper in it. */
static int make_view(uint32_t view)
{
    char path[32];
    snprintf(path, sizeof path, "/views/%u", view);
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        return errno;
    int error = 0;
    if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) ||
        setns(nursery.plain, CLONE_NEWNS) || unshare(CLONE_NEWNS) ||
        syscall(SYS_move_mount, tree, "", AT_FDCWD, "/view", MOVE_MOUNT_F_EMPTY_PATH) ||
        (nursery.views[view] = openat(nursery.self, "mnt", O_RDONLY | O_CLOEXEC)) < 0)
        error = errno;
    close(tree);
    return error;
}

static int enter(uint32_t view)
{
    if (view == UINT32_MAX)
        return setns(nursery.plain, CLONE_NEWNS) ? errno : 0;
    if (!reserve(view))
        return ENOMEM;
    if (nursery.views[view] >= 0)
        return setns(nursery.views[view], CLONE_NEWNS) ? errno : 0;
    nursery_leave(); /* the view's directory is there */
    return make_view(view);
}

int nursery_enter(uint32_t view)
{
    if (nursery.inside && nursery.inside_view == view)
        return 0;
    int error = enter(view);
    nursery.inside = !error;
    nursery.inside_view = view;
    return error;
}

void nursery_leave(void)
{
    nursery.inside = false;
    if (setns(nursery.home, CLONE_NEWNS)) { /* nothing else is right elsewhere */
        keeper_log("return to the lab's files: %s", strerror(errno));
        _exit(1);
    }
}
