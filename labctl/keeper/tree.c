/* The lab's own file tree.
 *
 * A tmpfs becomes the root.  Of the host it shows /usr (read-only), the links or directories beside it (/bin, /lib…), a
 * few device files, and nothing else; the host's tree is then detached.  What lies in the tree:
 *   usr bin lib …  the host's programs        nursery   the files that nodes start from (nursery.c)
 *   program        init, director, relay      views     layers of a node's root that some nodes share
 *   state logs     tmpfs of the director      netns     cloud network namespaces
 * No node sees any of it but what the nursery shows. */
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

void tree_directory(const char *path, unsigned mode)
{
    if (mkdir(path, mode) && errno != EEXIST)
        stage_fail(errno, "make the lab's directory /%s", path);
}

static void tree_tmpfs(const char *path, const char *options)
{
    tree_directory(path, 0755);
    if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options))
        stage_fail(errno, "mount the lab's /%s", path);
}

void tree_read_only(const char *path, unsigned flags)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    if (syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &attributes, sizeof attributes))
        stage_fail(errno, "%s", STAGE_OP_READ_ONLY);
}

/* The host's directory under the same name here, read-only with all that is mounted below it. */
static void show(const char *name)
{
    char from[PATH_MAX];
    snprintf(from, sizeof from, "/%s", name);
    tree_directory(name, 0755);
    if (mount(from, name, NULL, MS_BIND | MS_REC, NULL))
        stage_fail(errno, "show /%s in the lab", name);
    tree_read_only(name, AT_RECURSIVE);
}

void tree_link(const char *target, const char *path)
{
    if (symlink(target, path))
        stage_fail(errno, "make the lab's link /%s", path);
}

/* /bin, /sbin, /lib…: links where the distribution has merged them into /usr, directories elsewhere. */
static void show_beside_usr(struct settings *settings)
{
    for (size_t i = 0; i < ARRAY_SIZE(tree_beside_usr); i++) {
        char from[16], target[PATH_MAX];
        struct stat status;
        snprintf(from, sizeof from, "/%s", tree_beside_usr[i]);
        if (lstat(from, &status))
            continue;
        if (S_ISDIR(status.st_mode)) {
            show(tree_beside_usr[i]);
            settings->beside_usr |= 1u << i;
            continue;
        }
        ssize_t length = readlink(from, target, sizeof target - 1);
        if (length < 0)
            continue;
        target[length] = 0;
        tree_link(target, tree_beside_usr[i]);
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

void tree_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        stage_fail(errno, "make the lab's /%s", path);
    close(fd);
}

static void show_devices(void)
{
    tree_directory("dev", 0755);
    for (size_t i = 0; i < ARRAY_SIZE(tree_devices); i++) {
        char from[32];
        snprintf(from, sizeof from, "/dev/%s", tree_devices[i]);
        tree_file(from + 1);
        if (mount(from, from + 1, NULL, MS_BIND, NULL))
            stage_fail(errno, "show %s in the lab", from);
    }
    tree_link("/proc/self/fd", "dev/fd");
}

static int open_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        stage_fail(errno, "open the lab's /%s", path);
    return fd;
}

static void seal(const char *path)
{
    if (mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL))
        stage_fail(errno, "make the lab's /%s read-only", path);
}

/* The embedded services: one program under several names. */
static void place_services(const struct stage_options *options)
{
    tree_tmpfs("opt", "mode=755,size=64m,nr_inodes=1k");
    int directory = open_directory("opt");
    for (size_t i = 0; i < options->embedded_count; i++) {
        const char *name = options->embedded[i];
        int error = i == 0 ? base_copy_program(STAGE_SERVE, directory, name)
                    : linkat(directory, options->embedded[0], directory, name, 0) ? -errno
                                                                                  : 0;
        if (error)
            stage_fail(-error, "place /opt/%s in the lab", name);
    }
    close(directory);
    seal("opt");
}

/* Programs lie on a tmpfs that is read-only as a whole: /proc/1/exe of a node leads to it. */
static void place_programs(void)
{
    tree_tmpfs("program", "mode=755,size=256m,nr_inodes=1k");
    int directory = open_directory("program");
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (self < 0)
        stage_fail(errno, "open the keeper's program");
    int error = base_copy_program(self, directory, "init");
    if (!error)
        error = base_copy_program(STAGE_DIRECTOR, directory, "director");
    if (!error)
        error = base_copy_program(STAGE_RELAY, directory, "relay");
    if (error)
        stage_fail(-error, "copy programs into the lab");
    close(self);
    close(directory);
    seal("program");
}

static void mount_kernel_files(void)
{
    tree_directory("proc", 0555);
    tree_directory("sys", 0555);
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mount("proc", "proc", "proc", flags, "hidepid=2"))
        stage_fail(errno, "%s", STAGE_OP_PROC);
    if (mount("sysfs", "sys", "sysfs", flags, NULL))
        stage_fail(errno, "%s", STAGE_OP_SYS);
}

static void make_writable_places(void)
{
    static const char *const places[] = {"root",         "run",     "run/lock",  "var",   "var/lib",
                                         "var/lib/misc", "var/log", "var/cache", "netns", "views"};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        tree_directory(places[i], 0755);
    tree_directory("tmp", 01777);
    tree_directory("var/tmp", 01777);
    tree_link("/run", "var/run");
    tree_tmpfs("state", "mode=700,size=512m");
    tree_tmpfs("logs", "mode=700,size=128m");
    char nonce[KEEPER_NONCE_SIZE];
    int directory = open("state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || getrandom(nonce, sizeof nonce, 0) != sizeof nonce)
        stage_fail(errno, "make the lab's nonce");
    int error = base_write(directory, ".nonce", nonce, sizeof nonce, 0400);
    if (error)
        stage_fail(-error, "write the lab's nonce");
    close(directory);
}

void tree_build(const struct stage_options *options, struct settings *settings)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        stage_fail(errno, "%s", STAGE_OP_TAKE_MOUNTS);
    if (mount("tmpfs", BUILD_PLACE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=512m") || chdir(BUILD_PLACE))
        stage_fail(errno, "%s", STAGE_OP_ROOT);
    nursery_start(settings);
    show("usr");
    for (size_t i = 0; i < ARRAY_SIZE(always_hidden); i++)
        hide(always_hidden[i]);
    for (size_t i = 0; i < options->hidden_count; i++)
        hide(options->hidden[i]);
    show_beside_usr(settings);
    show_devices();
    place_services(options);
    tree_link("nursery/template/etc", "etc");
    place_programs();
    make_writable_places();
    mount_kernel_files();
    if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
        stage_fail(errno, "make the lab's tree its root");
    /* Not earlier: a mount namespace that is copied in the middle of pivot_root has its copier left on the old root. */
    nursery_go_on(settings);
}
