/* A node's init: mounts the node's own root from inside its namespaces and moves into it.
 *
 * It runs as root of the node's user namespace, born into the nursery (nursery.c): locked, read-only mounts.  The root
 * is an overlay: below, the template that all nodes share and the view; above, a small tmpfs of the node's own, so that
 * all of it can be written and its size is bounded.  One overlay is cheaper than a tmpfs filled with directories.  It
 * is mounted over the root of the nursery; the way to it is "/..", which leads to the topmost mount.  What only those
 * need who run programs in the node is mounted when the first of them enters (furnish.c).
 *
 * It runs in its cradle's memory, on a small stack (cradle.c): what is large is static, and what was read is wiped. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/keeper.h"

#define NODE_TMPFS "mode=755,size=128m,nr_inodes=32k"

static const struct node_start *node;
static inside_failure *failure;
static void *failure_context;
static char made[4200]; /* see make_parents */

static void fail(int error, const char *operation) __attribute__((noreturn));
static void fail(int error, const char *operation)
{
    failure(failure_context, error, operation);
    _exit(1);
}

/* The directories that lead to a file, with the modes that they have in the template: where the upper layer has a
 * directory, its mode is the one that shows.  Files of one directory mostly follow each other. */
static int make_parents(int directory, const char *path)
{
    static char lower[4200] = "/template/";
    const size_t prefix = strlen("/template/");
    const char *last = strrchr(path, '/');
    size_t length = last ? (size_t)(last - path) : 0;
    if (length == 0 || (strlen(made) == length && !memcmp(made, path, length)))
        return 0;
    snprintf(lower + prefix, sizeof lower - prefix, "%s", path);
    for (char *slash = strchr(lower + prefix, '/'); slash; slash = strchr(slash + 1, '/')) {
        struct stat status;
        *slash = 0;
        unsigned mode = lstat(lower, &status) == 0 && S_ISDIR(status.st_mode) ? status.st_mode & 07777 : 0755;
        if (mkdirat(directory, lower + prefix, mode) && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    memcpy(made, path, length);
    made[length] = 0;
    return 0;
}

static void fail_file(int error, const char *path) __attribute__((noreturn));
static void fail_file(int error, const char *path)
{
    char operation[64];
    snprintf(operation, sizeof operation, "write %.56s", path);
    fail(error, operation);
}

/* The content that did not come with the first read of the record. */
static int write_rest(int upper, const char *name, size_t present, off_t offset, size_t length)
{
    int fd = openat(upper, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    static char part[16384];
    int error = 0;
    for (size_t at = present; !error && at < length;) {
        size_t want = length - at < sizeof part ? length - at : sizeof part;
        ssize_t count = pread(node->memory, part, want, offset + (off_t)at);
        if (count <= 0)
            error = -EBADMSG;
        else if (write(fd, part, (size_t)count) != count)
            error = errno ? -errno : -ENOSPC;
        else
            at += (size_t)count;
    }
    explicit_bzero(part, sizeof part);
    close(fd);
    return error;
}

#define SETTING_SIZE (sizeof(struct keeper_file) + 256) /* each is short: no memory is touched for more */

/* A file record, as far as one read takes it: in most cases all of it. */
struct record {
    struct keeper_file file;
    char text[8192];
    /* taken from the text: */
    char path[4096];
    const char *content;
    size_t present; /* of the content */
    uint64_t offset, next;
    size_t length; /* that was read */
};
static struct record record;

static void read_record(uint64_t offset, size_t size)
{
    ssize_t length = pread(node->memory, &record, size, (off_t)offset);
    if (length < (ssize_t)sizeof record.file)
        fail(EBADMSG, "read the list of files");
    size_t present = (size_t)length - sizeof record.file, path_length = record.file.path_length;
    if (path_length == 0 || path_length >= sizeof record.path || path_length > present)
        fail(EBADMSG, "read the list of files");
    memcpy(record.path, record.text, path_length);
    record.path[path_length] = 0;
    record.content = record.text + path_length;
    record.offset = offset + sizeof record.file + path_length;
    record.next = (record.offset + record.file.content_length + 7) & ~(uint64_t)7;
    record.length = (size_t)length;
    present -= path_length;
    record.present = present < record.file.content_length ? present : record.file.content_length;
}

/* Nothing of one node may be in the memory of another's init. */
static void forget_record(void)
{
    explicit_bzero(&record, record.length);
}

/* Writes a file into the upper layer. */
static void write_file(int upper)
{
    const char *path = record.path;
    unsigned mode = record.file.mode ? record.file.mode : 0644;
    int error = path[0] != '/' ? -EINVAL : strncmp(path, "/usr/", 5) ? make_parents(upper, path + 1) : -EROFS;
    if (!error)
        error = base_write(upper, path + 1, record.content, record.present, mode);
    if (!error && record.present < record.file.content_length)
        error = write_rest(upper, path + 1, record.present, (off_t)record.offset, record.file.content_length);
    if (error)
        fail_file(-error, path);
}

static void write_files(const char *directory)
{
    int upper = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (upper < 0)
        fail(errno, "open the node's files");
    char text[KEEPER_HOSTNAME_MAX + 2];
    int length = snprintf(text, sizeof text, "%s\n", node->hostname);
    int error = make_parents(upper, "etc/hostname");
    if (!error)
        error = base_write(upper, "etc/hostname", text, (size_t)length, 0644);
    if (error)
        fail(-error, "write /etc/hostname");
    uint64_t offset = node->files;
    for (uint32_t i = 0; i < node->file_count; i++, offset = record.next) {
        read_record(offset, offsetof(struct record, path));
        write_file(upper);
        forget_record();
    }
    close(upper);
}

/* Sysctls, when /proc is there. */
static void write_settings(void)
{
    uint64_t offset = node->settings;
    int sysctls = open("proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (uint32_t i = 0; i < node->setting_count; i++, offset = record.next) {
        read_record(offset, SETTING_SIZE);
        int fd = openat(sysctls, record.path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        (void)!write(fd, record.content, record.present);
        close(fd);
    }
    if (sysctls >= 0)
        close(sysctls);
}

/* A view that is no layer: below the node's own files. */
static void copy_view(const char *upper)
{
    char name[16];
    snprintf(name, sizeof name, "%u", node->copied_view);
    int error = node->copied_view == UINT32_MAX ? 0 : base_copy(node->views, name, AT_FDCWD, upper, true);
    if (error)
        fail(-error, "copy the view of /etc");
}

/* Where overlays are not fit: the template and the view, copied. */
static void copy_root(void)
{
    int error = base_copy(AT_FDCWD, "/template", AT_FDCWD, "root", true);
    if (!error)
        error = base_copy(AT_FDCWD, "/view", AT_FDCWD, "root", true);
    if (error)
        fail(-error, "copy the root");
    copy_view("root");
    write_files("root");
    if (mount("root", "/", NULL, MS_BIND, NULL))
        fail(errno, "mount the root");
}

static void overlay_root(void)
{
    if (mkdir("upper", 0755) || mkdir("work", 0755))
        fail(errno, "make directories");
    copy_view("upper");
    write_files("upper");
    if (mount("overlay", "/", "overlay", MS_NOSUID | MS_NODEV,
              "lowerdir=/view:/template,upperdir=upper,workdir=work,userxattr"))
        fail(errno, "mount the root");
}

static void bind(const char *from, const char *to, unsigned long flags)
{
    if (mount(from, to, NULL, MS_BIND | flags, NULL)) {
        char operation[64];
        snprintf(operation, sizeof operation, "mount %s", from);
        fail(errno, operation);
    }
}

/* What the nursery shows, at the same places in the node's root, which is the working directory. */
static void take_over(void)
{
    bind("/usr", "usr", MS_REC);
    bind("/opt", "opt", 0);
    for (size_t i = 0; i < ARRAY_SIZE(tree_devices); i++) {
        char path[32];
        snprintf(path, sizeof path, "/dev/%s", tree_devices[i]);
        bind(path, path + 1, 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(tree_beside_usr); i++)
        if (keeper.beside_usr & (1u << i)) {
            char path[16];
            snprintf(path, sizeof path, "/%s", tree_beside_usr[i]);
            bind(path, path + 1, MS_REC);
        }
}

static void mount_tree(void)
{
    umask(0);
    if (mount("tmpfs", "/node", "tmpfs", MS_NOSUID | MS_NODEV, NODE_TMPFS) || chdir("/node"))
        fail(errno, "mount the root");
    if (keeper.overlay)
        overlay_root();
    else
        copy_root();
    umask(022);
    if (chdir("/.."))
        fail(errno, "enter the root");
    take_over();
    if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
        fail(errno, "mount /proc");
    if (node->setting_count)
        write_settings();
}

void inside_run(const struct node_start *start, inside_failure *call, void *context)
{
    node = start;
    failure = call;
    failure_context = context;
    made[0] = 0;
    if (sethostname(node->hostname, strlen(node->hostname)))
        fail(errno, "set the host name");
    mount_tree();
    if (chroot(".") || chdir("/"))
        fail(errno, "change the root");
}
