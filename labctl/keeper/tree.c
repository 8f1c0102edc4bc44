/* The lab's own file tree.
 *
 * A tmpfs becomes the root.  Of the host it shows /usr (read-only), the links or directories beside it (/bin, /lib…), a
 * few device files, and nothing else; the host's tree is then detached.  What lies in the tree:
 *   usr bin lib …  the host's programs        template  lowest layer of every node's root
 *   program        init, director, services   views     layers above it that nodes share
 *   state logs     tmpfs of the director      netns     cloud network namespaces
 *   node           where a node's init mounts its own tree before it pivots
 * A node inherits these mounts locked and read-only, pivots into a tree of its own and detaches them. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/keeper.h"

/* Where the tree is built before it becomes the root; every system has it. */
#define BUILD_PLACE "/tmp"

/* Never shown in a node, where they exist: sources, and labctl's own data with its scenarios. */
static const char *const always_hidden[] = {"/usr/src",       "/usr/share/labctl", "/usr/local/share/labctl",
                                            "/usr/local/src", LABCTL_DATA,         LABCTL_LIBEXEC};

const char *const tree_devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
const char *const tree_beside_usr[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

/* What a node's root has from the start, beside /etc. */
static const struct {
    const char *path;
    unsigned mode;
} directories[] = {
    {"dev", 0755},     {"dev/pts", 0755},   {"dev/shm", 01777},  {"etc", 0755},      {"home", 0755},
    {"media", 0755},   {"mnt", 0755},       {"opt", 0755},       {"proc", 0555},     {"root", 0700},
    {"run", 0755},     {"run/lock", 01777}, {"srv", 0755},       {"sys", 0555},      {"tmp", 01777},
    {"usr", 0755},     {"var", 0755},       {"var/cache", 0755}, {"var/lib", 0755},  {"var/lib/misc", 0755},
    {"var/log", 0755}, {"var/mail", 0755},  {"var/spool", 0755}, {"var/tmp", 01777}, {"var/www", 0755},
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

static void make_directory(const char *path, unsigned mode)
{
    if (mkdir(path, mode) && errno != EEXIST)
        stage_fail(errno, "make the lab's directory /%s", path);
}

static void make_tmpfs(const char *path, const char *options)
{
    make_directory(path, 0755);
    if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options))
        stage_fail(errno, "mount the lab's /%s", path);
}

static void set_read_only(const char *path)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    if (syscall(SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &attributes, sizeof attributes))
        stage_fail(errno, "%s", STAGE_OP_READ_ONLY);
}

/* The host's directory under the same name here, read-only with all that is mounted below it. */
static void show(const char *name)
{
    char from[PATH_MAX];
    snprintf(from, sizeof from, "/%s", name);
    make_directory(name, 0755);
    if (mount(from, name, NULL, MS_BIND | MS_REC, NULL))
        stage_fail(errno, "show /%s in the lab", name);
    set_read_only(name);
}

static void make_link(const char *target, const char *path)
{
    if (symlink(target, path))
        stage_fail(errno, "make the lab's link /%s", path);
}

/* /bin, /sbin, /lib…: links where the distribution has merged them into /usr, directories elsewhere. */
static void show_beside_usr(struct settings *settings)
{
    for (size_t i = 0; i < ARRAY_SIZE(tree_beside_usr); i++) {
        char from[16], place[32], target[PATH_MAX];
        struct stat status;
        snprintf(from, sizeof from, "/%s", tree_beside_usr[i]);
        snprintf(place, sizeof place, "template/%s", tree_beside_usr[i]);
        if (lstat(from, &status))
            continue;
        if (S_ISDIR(status.st_mode)) {
            show(tree_beside_usr[i]);
            make_directory(place, 0755);
            settings->beside_usr |= 1u << i;
            continue;
        }
        ssize_t length = readlink(from, target, sizeof target - 1);
        if (length < 0)
            continue;
        target[length] = 0;
        make_link(target, tree_beside_usr[i]);
        make_link(target, place);
    }
}

/* An empty directory over one under /usr.  Paths come resolved from the command line. */
static void hide(const char *path)
{
    struct stat status;
    if (strncmp(path, "/usr/", 5) || lstat(path + 1, &status) || !S_ISDIR(status.st_mode))
        return;
    if (mount("tmpfs", path + 1, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=4k,nr_inodes=1"))
        stage_fail(errno, "hide %s", path);
}

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        stage_fail(errno, "make the lab's /%s", path);
    close(fd);
}

static void show_devices(void)
{
    make_directory("dev", 0755);
    for (size_t i = 0; i < ARRAY_SIZE(tree_devices); i++) {
        char from[32], place[48];
        snprintf(from, sizeof from, "/dev/%s", tree_devices[i]);
        snprintf(place, sizeof place, "template%s", from);
        make_file(from + 1);
        make_file(place); /* nodes bind over it */
        if (mount(from, from + 1, NULL, MS_BIND, NULL))
            stage_fail(errno, "show %s in the lab", from);
    }
    make_link("/proc/self/fd", "dev/fd");
}

/* The lowest layer of every node's root.  Its /etc is the keeper's own too. */
static void make_template(bool root_mode)
{
    make_directory("template", 0755);
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
        char path[64];
        snprintf(path, sizeof path, "template/%s", directories[i].path);
        make_directory(path, directories[i].mode);
    }
    for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
        char path[64];
        snprintf(path, sizeof path, "template/%s", links[i].path);
        make_link(links[i].target, path);
    }
    int etc = open("template/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (etc < 0)
        stage_fail(errno, "open the lab's /etc");
    base_build(etc, root_mode);
    close(etc);
    make_link("template/etc", "etc");
}

/* Programs lie on a tmpfs that is read-only as a whole: /proc/1/exe of a node leads to it. */
static void place_programs(const struct stage_options *options)
{
    make_tmpfs("program", "mode=755,size=256m,nr_inodes=1k");
    int directory = open("program", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (directory < 0 || self < 0)
        stage_fail(errno, "open the keeper's program");
    int error = base_copy_program(self, directory, "init");
    if (!error)
        error = base_copy_program(STAGE_DIRECTOR, directory, "director");
    if (error)
        stage_fail(-error, "copy programs into the lab");
    make_directory("program/opt", 0755);
    for (size_t i = 0; i < options->embedded_count; i++) {
        char name[64], first[64];
        snprintf(name, sizeof name, "opt/%s", options->embedded[i]);
        snprintf(first, sizeof first, "opt/%s", options->embedded[0]);
        error = i == 0                                         ? base_copy_program(STAGE_SERVE, directory, name)
                : linkat(directory, first, directory, name, 0) ? -errno
                                                               : 0;
        if (error)
            stage_fail(-error, "place /opt/%s in the lab", options->embedded[i]);
    }
    close(self);
    close(directory);
    if (mount(NULL, "program", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL))
        stage_fail(errno, "make the lab's programs read-only");
    make_link("program/opt", "opt");
}

static void mount_kernel_files(void)
{
    make_directory("proc", 0555);
    make_directory("sys", 0555);
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mount("proc", "proc", "proc", flags, "hidepid=2"))
        stage_fail(errno, "%s", STAGE_OP_PROC);
    if (mount("sysfs", "sys", "sysfs", flags, NULL))
        stage_fail(errno, "%s", STAGE_OP_SYS);
}

static void make_writable_places(void)
{
    static const char *const places[] = {"root",    "run",       "run/lock", "var",   "var/lib", "var/lib/misc",
                                         "var/log", "var/cache", "netns",    "views", "node"};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        make_directory(places[i], 0755);
    make_directory("tmp", 01777);
    make_directory("var/tmp", 01777);
    make_link("/run", "var/run");
    make_tmpfs("state", "mode=700,size=512m");
    make_tmpfs("logs", "mode=700,size=128m");
    char nonce[KEEPER_NONCE_SIZE];
    int directory = open("state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || getrandom(nonce, sizeof nonce, 0) != sizeof nonce)
        stage_fail(errno, "make the lab's nonce");
    int error = base_write(directory, ".nonce", nonce, sizeof nonce, 0400);
    if (error)
        stage_fail(-error, "write the lab's nonce");
    close(directory);
}

/* Does an overlay whose upper layer is on a tmpfs do what a root needs?  On Debian 12's 6.1 kernel, where tmpfs has no
 * user extended attributes, removing a lower directory gives EIO and renaming a new one EXDEV. */
static bool overlay_works(void)
{
    static const char *const places[] = {"try", "try/lower", "try/lower/old", "try/upper", "try/work", "try/all"};
    make_tmpfs("try", "mode=700,size=1m");
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        make_directory(places[i], 0755);
    bool works = false;
    if (!mount("overlay", "try/all", "overlay", MS_NOSUID | MS_NODEV,
               "lowerdir=try/lower,upperdir=try/upper,workdir=try/work,userxattr")) {
        works = !rmdir("try/all/old") && !mkdir("try/all/new", 0755) && !rename("try/all/new", "try/all/newer") &&
                !mkdir("try/all/old", 0755) && !rmdir("try/all/newer");
        umount2("try/all", MNT_DETACH);
    }
    umount2("try", MNT_DETACH);
    rmdir("try");
    return works;
}

void tree_build(const struct stage_options *options, struct settings *settings)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        stage_fail(errno, "%s", STAGE_OP_TAKE_MOUNTS);
    if (mount("tmpfs", BUILD_PLACE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=512m") || chdir(BUILD_PLACE))
        stage_fail(errno, "%s", STAGE_OP_ROOT);
    show("usr");
    for (size_t i = 0; i < ARRAY_SIZE(always_hidden); i++)
        hide(always_hidden[i]);
    for (size_t i = 0; i < options->hidden_count; i++)
        hide(options->hidden[i]);
    make_template(options->root_mode);
    show_beside_usr(settings);
    show_devices();
    place_programs(options);
    make_writable_places();
    mount_kernel_files();
    settings->overlay = overlay_works();
    if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
        stage_fail(errno, "make the lab's tree its root");
}
