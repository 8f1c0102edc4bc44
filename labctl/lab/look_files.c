/* The files of a look: every name, and what stands in files of some size.  The tree is the learner's and is looked at
 * from outside: no step leads over a link, nothing but regular files is read. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/sha256.h"
#include "base/str.h"
#include "base/table.h"
#include "keeper/protocol.h"
#include "lab/look.h"
#include "lab/look_parts.h"

#define FILE_MAX  ((off_t)256 << 10) /* of a file that is shown */
#define DEPTH_MAX 48

/* Where a search begins; it stays on the file system that it began on. */
static const char *const roots[] = {"", "opt", "dev/shm"};
/* What is the machine's own, or the kernel's. */
static const char *const pruned[] = {"/usr", "/proc", "/sys", "/dev"};
/* Where NSD keeps what it is about: named after its process, so another one whenever it is started. */
#define NSD_SCRATCH "/tmp/nsd-xfr-"
/* The program's own places on a machine: no node may have one. */
static const char *const own[] = {"/usr/share/labctl", "/usr/local/share/labctl", "/usr/libexec/labctl",
                                  "/usr/local/libexec/labctl"};

struct search {
    struct str *files, contents;
    dev_t device;
    ino_t linked; /* the last file, where it has several names */
    int template; /* what is its own is not told again; -1: all is told */
};

static int open_in(int root, const char *path, int flags)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT};
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/* "-rw-r--r--" */
static void mode_text(mode_t mode, char out[static 11])
{
    static const struct {
        mode_t special;
        char with, without;
    } specials[] = {{S_ISUID, 's', 'S'}, {S_ISGID, 's', 'S'}, {S_ISVTX, 't', 'T'}};
    out[0] = S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : '-';
    for (int i = 0; i < 9; i++)
        out[1 + i] = mode & (0400u >> i) ? "rwx"[i % 3] : '-';
    for (int i = 0; i < 3; i++)
        if (mode & specials[i].special)
            out[3 + 3 * i] = out[3 + 3 * i] == 'x' ? specials[i].with : specials[i].without;
    out[10] = '\0';
}

static void look_name(struct search *search, int directory, const char *name, const char *path, mode_t mode)
{
    char text[11], target[PATH_MAX];
    ssize_t length = S_ISLNK(mode) ? readlinkat(directory, name, target, sizeof target) : 0;
    mode_text(mode, text);
    str_printf(search->files, "%s ", text);
    look_append(search->files, path, strlen(path));
    str_append(search->files, " ");
    look_append(search->files, target, length > 0 ? (size_t)length : 0);
    str_append(search->files, "\n");
}

/* An overlay shows the template's own file until somebody touches it; the embedded services are the lab's own. */
static bool is_template(const struct search *search, const char *path, const struct stat *status)
{
    struct stat original;
    bool embedded = str_starts(path, KEEPER_OPT "/");
    return search->template >= 0 &&
           !fstatat(search->template, embedded ? path : path + 1, &original, AT_SYMLINK_NOFOLLOW) &&
           S_ISREG(original.st_mode) && status->st_ino == original.st_ino && status->st_size == original.st_size &&
           (!embedded || status->st_dev == original.st_dev) && status->st_ctim.tv_sec == original.st_ctim.tv_sec &&
           status->st_ctim.tv_nsec == original.st_ctim.tv_nsec;
}

/* The embedded services are one file with several names: its content is shown once. */
static bool is_again(struct search *search, const struct stat *status)
{
    bool again = status->st_nlink > 1 && status->st_ino == search->linked;
    search->linked = status->st_nlink > 1 ? status->st_ino : 0;
    return again;
}

/* Of a file in a place of many: that it is another one shows by its hash. */
#define HASHED "/etc/ssl/certs/"

static void look_content(struct search *search, int directory, const char *name, const char *path,
                         const struct stat *status)
{
    STR_AUTO text = STR_INIT;
    if (!status->st_size || status->st_size > FILE_MAX || str_ends(name, ".pid"))
        return;
    if (is_again(search, status))
        return;
    if (is_template(search, path, status)) {
        str_append(&search->contents, "\002");
        look_append(&search->contents, path, strlen(path));
        str_append(&search->contents, "\n\004\n");
        return;
    }
    FD_AUTO fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fd_read_all(fd, &text, (size_t)FILE_MAX) || !text.length)
        return;
    if (str_starts(path, HASHED)) {
        char hash[SHA256_TEXT];
        sha256_text(text.data, text.length, hash);
        str_printf(search->files, "sha256 %s ", hash);
        look_append(search->files, path, strlen(path));
        str_append(search->files, "\n");
        return;
    }
    str_append(&search->contents, "\002");
    look_append(&search->contents, path, strlen(path));
    str_append(&search->contents, "\n");
    look_append(&search->contents, text.data, text.length);
    if (text.data[text.length - 1] != '\n')
        str_append(&search->contents, "\n");
}

static void look_directory(struct search *search, int directory, const char *path, unsigned depth);

static void look_entry(struct search *search, int directory, const char *name, const char *path, unsigned depth)
{
    struct stat status;
    for (size_t i = 0; i < ARRAY_SIZE(pruned); i++)
        if (str_equal(path, pruned[i]))
            return;
    if (str_starts(path, NSD_SCRATCH) || fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW))
        return;
    if (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode) || S_ISDIR(status.st_mode))
        look_name(search, directory, name, path, status.st_mode);
    if (S_ISREG(status.st_mode))
        look_content(search, directory, name, path, &status);
    if (S_ISDIR(status.st_mode) && status.st_dev == search->device && depth < DEPTH_MAX)
        look_directory(search, openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path,
                       depth + 1);
}

/* Closes it. */
static void look_directory(struct search *search, int directory, const char *path, unsigned depth)
{
    DIR *stream = directory < 0 ? NULL : fdopendir(directory);
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        STR_AUTO below = STR_INIT;
        if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
            continue;
        str_printf(&below, "%s/%s", path, entry->d_name);
        look_entry(search, directory, entry->d_name, str_text(&below), depth);
    }
    if (stream)
        closedir(stream);
    else
        fd_close(&directory);
}

static void look_from(struct search *search, int root, const char *path)
{
    STR_AUTO name = STR_INIT;
    struct stat status;
    FD_AUTO directory = open_in(root, *path ? path : ".", O_RDONLY | O_DIRECTORY);
    if (directory < 0 || fstat(directory, &status))
        return;
    search->device = status.st_dev;
    if (*path)
        str_printf(&name, "/%s", path + (*path == '/'));
    look_name(search, directory, ".", *path ? str_text(&name) : "/", status.st_mode);
    look_directory(search, fd_steal(&directory), str_text(&name), 0);
}

static bool has(int root, const char *path)
{
    FD_AUTO fd = open_in(root, path, O_PATH);
    return fd >= 0;
}

int look_files(int root, const char *closed, struct str *out, struct error *err)
{
    FD_AUTO template = open(KEEPER_TEMPLATE, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct search search = {.files = out, .template = template};
    if (template <0)
        return error_set_errno(err, errno, "open the template of nodes");
    look_section(out, "files");
    for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
        look_from(&search, root, roots[i]);
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        if (has(root, own[i]))
            str_printf(out, "%s\n", own[i]);
    if (closed && has(root, closed))
        str_printf(out, "scenario %s\n", closed);
    look_section(out, "contents");
    str_append_bytes(out, str_text(&search.contents), search.contents.length);
    str_free(&search.contents);
    return 0;
}

int look_template(struct str *out, struct error *err)
{
    STR_AUTO files = STR_INIT;
    FD_AUTO root = open(KEEPER_TEMPLATE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct search search = {.files = &files, .template = -1};
    if (root < 0)
        return error_set_errno(err, errno, "open the template of nodes");
    look_from(&search, root, "");
    look_from(&search, AT_FDCWD, KEEPER_OPT);
    look_section(out, "contents");
    str_append_bytes(out, str_text(&search.contents), search.contents.length);
    str_free(&search.contents);
    return 0;
}
