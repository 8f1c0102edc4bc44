/* A node's init: builds the node's own tree from inside its namespaces, pivots into it, then reaps for ever.
 *
 * It runs as root of the node's user namespace, with what the keeper's tree gives: locked, read-only mounts.  The node's
 * root is a small tmpfs of its own; the upper layer of /etc lies beside the root on the same tmpfs, out of view. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/keeper.h"

#define NODE_TMPFS "mode=755,size=64m,nr_inodes=32k"

static const struct node_start *node;

static void fail(int error, const char *operation) __attribute__((noreturn));
static void fail(int error, const char *operation)
{
    struct report report = {.kind = REPORT_NODE_FAILED, .id = node->id, .generation = node->generation, .value = error};
    snprintf(report.operation, sizeof report.operation, "%s", operation);
    report_send(&report);
    _exit(1);
}

static const struct {
    const char *path;
    unsigned mode;
} directories[] = {
    {"root", 0755},          {"upper", 0755},          {"work", 0755},
    {"root/dev", 0755},      {"root/dev/pts", 0755},   {"root/dev/shm", 01777},  {"root/etc", 0755},
    {"root/home", 0755},     {"root/media", 0755},     {"root/mnt", 0755},       {"root/opt", 0755},
    {"root/proc", 0555},     {"root/root", 0700},      {"root/run", 0755},       {"root/run/lock", 01777},
    {"root/srv", 0755},      {"root/sys", 0555},       {"root/tmp", 01777},      {"root/usr", 0755},
    {"root/var", 0755},      {"root/var/cache", 0755}, {"root/var/lib", 0755},   {"root/var/lib/misc", 0755},
    {"root/var/log", 0755},  {"root/var/mail", 0755},  {"root/var/spool", 0755}, {"root/var/tmp", 01777},
    {"root/var/www", 0755},
};
static const struct {
    const char *path, *target;
} links[] = {
    {"root/var/run", "/run"},           {"root/var/lock", "/run/lock"},       {"root/dev/fd", "/proc/self/fd"},
    {"root/dev/stdin", "/proc/self/fd/0"}, {"root/dev/stdout", "/proc/self/fd/1"},
    {"root/dev/stderr", "/proc/self/fd/2"}, {"root/dev/ptmx", "pts/ptmx"},
};
static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};

static void make_skeleton(void)
{
    umask(0);
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
        if (mkdir(directories[i].path, directories[i].mode))
            fail(errno, "make directories");
    for (size_t i = 0; i < ARRAY_SIZE(links); i++)
        if (symlink(links[i].target, links[i].path))
            fail(errno, "make links");
    umask(022);
}

static void bind_device(const char *name)
{
    char from[32], to[32];
    snprintf(from, sizeof from, "/dev/%s", name);
    snprintf(to, sizeof to, "root/dev/%s", name);
    if (mknod(to, S_IFREG | 0666, 0) || mount(from, to, NULL, MS_BIND, NULL))
        fail(errno, "make device files");
}

/* /bin, /lib… as the lab has them. */
static void copy_beside_usr(void)
{
    static const char *const names[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char from[16], to[24], target[256];
        snprintf(from, sizeof from, "/%s", names[i]);
        snprintf(to, sizeof to, "root/%s", names[i]);
        ssize_t length = readlink(from, target, sizeof target - 1);
        if (length > 0) {
            target[length] = 0;
            if (symlink(target, to))
                fail(errno, "make links");
        } else if (errno == EINVAL && (mkdir(to, 0755) || mount(from, to, NULL, MS_BIND | MS_REC, NULL))) {
            fail(errno, "mount programs");
        }
    }
}

/* Reads the next file record, and writes it below the node's root, or below the upper layer for what is in /etc. */
static uint64_t write_file(uint64_t offset, int root, int upper)
{
    struct keeper_file file;
    char path[4096];
    if (pread(node->memory, &file, sizeof file, (off_t)offset) != (ssize_t)sizeof file || file.path_length == 0 ||
        file.path_length >= sizeof path ||
        pread(node->memory, path, file.path_length, (off_t)(offset + sizeof file)) != (ssize_t)file.path_length)
        fail(EBADMSG, "read the list of files");
    path[file.path_length] = 0;
    char *content = malloc(file.content_length + 1);
    if (!content)
        fail(ENOMEM, "read files");
    uint64_t at = offset + sizeof file + file.path_length;
    if (pread(node->memory, content, file.content_length, (off_t)at) != (ssize_t)file.content_length)
        fail(EBADMSG, "read files");

    bool in_etc = !strncmp(path, "/etc/", 5);
    int directory = in_etc ? upper : root;
    const char *name = path + (in_etc ? 5 : 1);
    int error = path[0] != '/' ? -EINVAL : strncmp(path, "/usr/", 5) ? base_parents(directory, name) : -EROFS;
    if (!error)
        error = base_write(directory, name, content, file.content_length, file.mode ? file.mode : 0644);
    free(content);
    if (error) {
        char operation[64];
        snprintf(operation, sizeof operation, "write %.56s", path);
        fail(-error, operation);
    }
    return (at + file.content_length + 7) & ~(uint64_t)7;
}

static void write_files(void)
{
    int root = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int upper = open(keeper.overlay ? "upper" : "root/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || upper < 0)
        fail(errno, "open the node's directories");
    char text[KEEPER_HOSTNAME_MAX + 2];
    int length = snprintf(text, sizeof text, "%s\n", node->hostname);
    int error = base_write(upper, "hostname", text, (size_t)length, 0644);
    if (error)
        fail(-error, "write /etc/hostname");
    uint64_t offset = node->files;
    for (uint32_t i = 0; i < node->file_count; i++)
        offset = write_file(offset, root, upper);
    close(upper);
    close(root);
}

/* Where overlays are not fit: the base and the view, copied. */
static void copy_etc(void)
{
    char view[32];
    snprintf(view, sizeof view, "/views/%u", node->view);
    int error = base_copy(AT_FDCWD, "/etc", AT_FDCWD, "root/etc");
    if (!error && node->view != UINT32_MAX)
        error = base_copy(AT_FDCWD, view, AT_FDCWD, "root/etc");
    if (error)
        fail(-error, "copy /etc");
}

static void mount_etc(void)
{
    char options[160];
    if (node->view == UINT32_MAX)
        snprintf(options, sizeof options, "lowerdir=/etc,upperdir=upper,workdir=work,userxattr");
    else
        snprintf(options, sizeof options, "lowerdir=/views/%u:/etc,upperdir=upper,workdir=work,userxattr", node->view);
    if (mount("overlay", "root/etc", "overlay", MS_NOSUID | MS_NODEV, options))
        fail(errno, "mount /etc");
}

static void mount_tree(void)
{
    if (mount("tmpfs", "/node", "tmpfs", MS_NOSUID | MS_NODEV, NODE_TMPFS) || chdir("/node"))
        fail(errno, "mount the root");
    make_skeleton();
    if (mount("root", "root", NULL, MS_BIND, NULL))
        fail(errno, "mount the root");
    if (mount("/usr", "root/usr", NULL, MS_BIND | MS_REC, NULL))
        fail(errno, "mount /usr");
    if (mount("/program/opt", "root/opt", NULL, MS_BIND, NULL))
        fail(errno, "mount /opt");
    copy_beside_usr();
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
        bind_device(devices[i]);
    if (!keeper.overlay)
        copy_etc();
    write_files();
    if (keeper.overlay)
        mount_etc();

    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mount("devpts", "root/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
              keeper.root_mode ? "newinstance,ptmxmode=0666,mode=620,gid=5" : "newinstance,ptmxmode=0666,mode=620"))
        fail(errno, "mount /dev/pts");
    if (mount("proc", "root/proc", "proc", flags, NULL))
        fail(errno, "mount /proc");
    if (mount("sysfs", "root/sys", "sysfs", flags, NULL))
        fail(errno, "mount /sys");
}

/* A node's init leaves nothing to find: no descriptors, a memory that cannot be looked at (keeper.h). */
static void reap_for_ever(void) __attribute__((noreturn));
static void reap_for_ever(void)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (;;) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
        sigwaitinfo(&child, NULL);
    }
}

void inside_run(const struct node_start *start)
{
    node = start;
    char byte;
    while (read(node->go, &byte, 1) < 0 && errno == EINTR)
        continue;
    close(node->go);
    if (sethostname(node->hostname, strlen(node->hostname)))
        fail(errno, "set the host name");
    mount_tree();
    if (chdir("root") || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
        fail(errno, "change the root");
    struct report report = {.kind = REPORT_NODE_READY, .id = node->id, .generation = node->generation};
    report_send(&report);
    child_close_all(NULL, 0);
    reap_for_ever();
}
