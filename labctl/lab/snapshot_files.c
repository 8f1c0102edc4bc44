/* Files of a node that are not those of the template that all nodes start from.  What is the same inode was never
 * touched (an overlay shows the template's own); where the root is a copy, contents are compared.
 *
 * The tree is the learner's, and everything is looked at from outside: no step leads over a link or a mount, nothing
 * but regular files is opened, and all sizes are bounded.  The snapshot itself may have been tampered with: its paths
 * are held to the same rules. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "keeper/protocol.h"
#include "lab/snapshot_parts.h"

#define FILE_MAX    ((size_t)1 << 20) /* of one file */
#define TOTAL_MAX   ((size_t)8 << 20) /* of a node */
#define ENTRIES_MAX 20000             /* looked at in a node */
#define DEPTH_MAX   24

/* Not of the node's own, or gone after every start of a machine. */
static const char *const skipped[] = {"bin",  "dev", "lib",  "lib32", "lib64", "libx32", "opt",
                                      "proc", "run", "sbin", "sys",   "tmp",   "usr"};

struct scan {
    struct arena *arena;
    struct str *out;
    size_t entries, bytes;
    bool names_only;
};

static int open_step(int directory, const char *name, int flags)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_NOFOLLOW | O_CLOEXEC),
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, directory, name, &how, sizeof how);
}

static bool is_skipped(const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(skipped); i++)
        if (str_equal(skipped[i], path))
            return true;
    return false;
}

/* ---- taking --------------------------------------------------------------------------------------------------------
 */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t names_of(int directory, struct arena *arena, const char ***names)
{
    size_t count = 0;
    *names = NULL;
    FD_AUTO again = directory < 0 ? -1 : openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again < 0 ? NULL : fdopendir(again);
    if (!stream)
        return 0;
    fd_steal(&again);
    for (struct dirent *entry; count < ENTRIES_MAX && (entry = readdir(stream));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            *ARENA_PUSH(arena, *names, count) = arena_strdup(arena, entry->d_name);
    closedir(stream);
    if (count)
        qsort(*names, count, sizeof **names, by_name);
    return count;
}

static void leave_out(struct scan *scan, const char *path, const char *reason)
{
    snapshot_put(scan->out, SNAPSHOT_LEFT_OUT, path, strlen(path) + 1, reason, strlen(reason) + 1);
}

static void put_file(struct scan *scan, const char *path, const struct stat *status, const void *content, size_t length)
{
    struct snapshot_file file = {.mode = status->st_mode,
                                 .uid = status->st_uid,
                                 .gid = status->st_gid,
                                 .seconds = S_ISDIR(status->st_mode) ? 0 : status->st_mtim.tv_sec,
                                 .nanoseconds = S_ISDIR(status->st_mode) ? 0 : status->st_mtim.tv_nsec};
    STR_AUTO rest = STR_INIT;
    str_append_bytes(&rest, path, strlen(path) + 1);
    if (length)
        str_append_bytes(&rest, content, length);
    snapshot_put(scan->out, SNAPSHOT_FILE, &file, sizeof file, rest.data, rest.length);
    scan->bytes += length;
}

static void take_regular(struct scan *scan, int directory, const char *name, const char *path,
                         const struct stat *status)
{
    STR_AUTO content = STR_INIT;
    if ((size_t)status->st_size > FILE_MAX) {
        leave_out(scan, path, "it is larger than 1 MiB");
        return;
    }
    if (scan->bytes + (size_t)status->st_size > TOTAL_MAX) {
        leave_out(scan, path, "the node's changed files are larger than 8 MiB together");
        return;
    }
    FD_AUTO fd = open_step(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat opened;
    if (fd < 0 || fstat(fd, &opened) || !S_ISREG(opened.st_mode) || fd_read_all(fd, &content, FILE_MAX)) {
        leave_out(scan, path, "it could not be read");
        return;
    }
    put_file(scan, path, status, str_text(&content), content.length);
}

static void take_entry(struct scan *scan, int directory, const char *name, const char *path, const struct stat *status)
{
    char target[PATH_MAX];
    if (scan->names_only || S_ISDIR(status->st_mode)) {
        put_file(scan, path, status, NULL, 0);
    } else if (S_ISLNK(status->st_mode)) {
        ssize_t length = readlinkat(directory, name, target, sizeof target);
        if (length > 0)
            put_file(scan, path, status, target, (size_t)length);
    } else if (S_ISREG(status->st_mode)) {
        take_regular(scan, directory, name, path, status);
    } else {
        leave_out(scan, path, "it is no regular file");
    }
}

static bool same_content(int a_directory, int b_directory, const char *name)
{
    STR_AUTO a = STR_INIT;
    STR_AUTO b = STR_INIT;
    FD_AUTO a_fd = open_step(a_directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    FD_AUTO b_fd = open_step(b_directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    return a_fd >= 0 && b_fd >= 0 && !fd_read_all(a_fd, &a, FILE_MAX) && !fd_read_all(b_fd, &b, FILE_MAX) &&
           a.length == b.length && (!a.length || memcmp(a.data, b.data, a.length) == 0);
}

static bool same_target(int a_directory, int b_directory, const char *name)
{
    char a[PATH_MAX], b[PATH_MAX];
    ssize_t length = readlinkat(a_directory, name, a, sizeof a);
    return length > 0 && length == readlinkat(b_directory, name, b, sizeof b) && memcmp(a, b, (size_t)length) == 0;
}

static bool is_template(int directory, int template, const char *name, const struct stat *status,
                        const struct stat *original)
{
    if (status->st_mode != original->st_mode || status->st_uid != original->st_uid ||
        status->st_gid != original->st_gid)
        return false;
    if (S_ISDIR(status->st_mode))
        return true;
    if (status->st_size != original->st_size)
        return false;
    if (status->st_ino == original->st_ino && status->st_ctim.tv_sec == original->st_ctim.tv_sec &&
        status->st_ctim.tv_nsec == original->st_ctim.tv_nsec)
        return true;
    return S_ISLNK(status->st_mode) ? same_target(directory, template, name)
                                    : S_ISREG(status->st_mode) && same_content(directory, template, name);
}

/* template: -1 where it has no such directory. */
static void take_directory(struct scan *scan, int directory, int template, const char *path, unsigned depth)
{
    const char **names, **originals;
    size_t count = names_of(directory, scan->arena, &names);
    for (size_t i = 0; i < count && scan->entries < ENTRIES_MAX; i++, scan->entries++) {
        struct stat status, original = {0};
        const char *below = *path ? arena_printf(scan->arena, "%s/%s", path, names[i]) : names[i];
        if (is_skipped(below) || fstatat(directory, names[i], &status, AT_SYMLINK_NOFOLLOW))
            continue;
        bool known = template >= 0 && !fstatat(template, names[i], &original, AT_SYMLINK_NOFOLLOW);
        FD_AUTO next = S_ISDIR(status.st_mode) ? open_step(directory, names[i], O_RDONLY | O_DIRECTORY) : -1;
        if (S_ISDIR(status.st_mode) && next < 0)
            continue; /* something is mounted there: what lies below cannot be seen */
        if (!known || !is_template(directory, template, names[i], &status, &original))
            take_entry(scan, directory, names[i], below, &status);
        FD_AUTO next_template =
            known && S_ISDIR(original.st_mode) ? open_step(template, names[i], O_RDONLY | O_DIRECTORY) : -1;
        if (next >= 0 && depth < DEPTH_MAX)
            take_directory(scan, next, next_template, below, depth + 1);
    }
    count = names_of(template, scan->arena, &originals);
    for (size_t i = 0; i < count; i++) {
        struct stat status;
        const char *below = *path ? arena_printf(scan->arena, "%s/%s", path, originals[i]) : originals[i];
        if (!is_skipped(below) && fstatat(directory, originals[i], &status, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
            snapshot_put(scan->out, SNAPSHOT_GONE, below, strlen(below) + 1, NULL, 0);
    }
}

static int scan(int root, bool names_only, struct str *out, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct scan scan = {.arena = arena, .out = out, .names_only = names_only};
    FD_AUTO directory = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FD_AUTO template = open(KEEPER_TEMPLATE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || template <0)
        return error_set_errno(err, errno, "open the node's files");
    take_directory(&scan, directory, template, "", 0);
    return 0;
}

int files_take(int root, struct str *out, struct error *err)
{
    return scan(root, false, out, err);
}

/* ---- putting back --------------------------------------------------------------------------------------------------
 */

/* The directory that holds a path, made where it is missing; *name: its last part.  -1 where the path leads nowhere
 * that a snapshot may write. */
static int open_parent(int root, const char *path, const char **name)
{
    char part[PATH_MAX];
    FD_AUTO at = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *name = path;
    for (const char *slash; at >= 0 && (slash = strchr(*name, '/')); *name = slash + 1) {
        size_t length = (size_t)(slash - *name);
        if (length == 0 || length >= sizeof part)
            return -1;
        memcpy(part, *name, length);
        part[length] = 0;
        int next = open_step(at, part, O_RDONLY | O_DIRECTORY);
        if (next < 0 && errno == ENOENT && !mkdirat(at, part, 0755))
            next = open_step(at, part, O_RDONLY | O_DIRECTORY);
        fd_close(&at);
        at = next;
    }
    bool named = **name && strcmp(*name, ".") != 0 && strcmp(*name, "..") != 0;
    return named ? fd_steal(&at) : -1;
}

/* Takes away whatever has that name, with all below it; what is mounted there stays. */
static void remove_all(int directory, const char *name, unsigned depth)
{
    if (!unlinkat(directory, name, 0) || errno == ENOENT || depth == DEPTH_MAX)
        return;
    ARENA_AUTO arena = arena_new();
    const char **names;
    FD_AUTO below = open_step(directory, name, O_RDONLY | O_DIRECTORY);
    size_t count = names_of(below, arena, &names);
    for (size_t i = 0; i < count; i++)
        remove_all(below, names[i], depth + 1);
    unlinkat(directory, name, AT_REMOVEDIR);
}

static int write_content(int directory, const char *name, const struct snapshot_file *file, const char *content,
                         size_t length)
{
    struct stat status;
    bool there = !fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW);
    if (S_ISDIR(file->mode)) {
        if (there && !S_ISDIR(status.st_mode))
            remove_all(directory, name, 0);
        return (!there || !S_ISDIR(status.st_mode)) && mkdirat(directory, name, 0700) ? -1 : 0;
    }
    if (S_ISLNK(file->mode)) {
        char target[PATH_MAX];
        if (length == 0 || length >= sizeof target)
            return -1;
        memcpy(target, content, length);
        target[length] = 0;
        remove_all(directory, name, 0);
        return symlinkat(target, directory, name);
    }
    if (there && S_ISDIR(status.st_mode))
        remove_all(directory, name, 0);
    return S_ISREG(file->mode) ? file_replace(directory, name, content, length, file->mode & 07777) : -1;
}

static int write_file(int root, const char *path, const struct snapshot_file *file, const char *content, size_t length)
{
    const char *name;
    FD_AUTO directory = open_parent(root, path, &name);
    if (directory < 0 || is_skipped(path) || write_content(directory, name, file, content, length) ||
        fchownat(directory, name, file->uid, file->gid, AT_SYMLINK_NOFOLLOW))
        return -1;
    const struct timespec times[2] = {{file->seconds, file->nanoseconds}, {file->seconds, file->nanoseconds}};
    if (!S_ISDIR(file->mode) && utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW))
        return -1;
    return S_ISLNK(file->mode) ? 0 : fchmodat(directory, name, file->mode & 07777, 0);
}

/* A record of a file: its path and content. */
static const char *read_file(const struct snapshot_reader *reader, struct snapshot_file *file, const char **content,
                             size_t *length)
{
    if (reader->length <= sizeof *file)
        return NULL;
    const char *path = reader->data + sizeof *file, *end = reader->data + reader->length;
    const char *path_end = memchr(path, 0, (size_t)(end - path));
    if (!path_end)
        return NULL;
    memcpy(file, reader->data, sizeof *file);
    *content = path_end + 1;
    *length = (size_t)(end - *content);
    return path;
}

static const char *path_of(const struct snapshot_reader *reader)
{
    struct snapshot_file file;
    const char *content;
    size_t length;
    if (reader->kind == SNAPSHOT_FILE)
        return read_file(reader, &file, &content, &length);
    return reader->kind == SNAPSHOT_GONE || reader->kind == SNAPSHOT_LEFT_OUT ? reader->data : NULL;
}

/* What the node built anew has and the snapshot has not: somebody removed it. */
static int remove_others(int root, const char *data, size_t length, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO fresh = STR_INIT;
    struct map *kept = map_new(arena);
    struct snapshot_reader reader = {.at = data, .end = data + length};
    while (snapshot_next(&reader))
        if (path_of(&reader))
            map_set(kept, path_of(&reader), kept);
    if (scan(root, true, &fresh, err))
        return -1;
    reader = (struct snapshot_reader){.at = str_text(&fresh), .end = str_text(&fresh) + fresh.length};
    while (snapshot_next(&reader)) {
        const char *path = path_of(&reader), *name;
        if (reader.kind != SNAPSHOT_FILE || !path || map_get(kept, path))
            continue;
        FD_AUTO directory = open_parent(root, path, &name);
        if (directory >= 0)
            remove_all(directory, name, 0);
    }
    return 0;
}

/* What services write themselves is no reason to start them again. */
static bool is_configuration(const char *path)
{
    return !str_starts(path, "var/") || str_starts(path, "var/www/");
}

static bool is_there(int root, const char *path, const struct snapshot_file *file, const char *content, size_t length)
{
    const char *name;
    struct stat status;
    STR_AUTO now = STR_INIT;
    FD_AUTO directory = open_parent(root, path, &name);
    if (directory < 0 || fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) || status.st_mode != file->mode ||
        status.st_uid != file->uid || status.st_gid != file->gid)
        return false;
    if (S_ISDIR(status.st_mode))
        return true;
    FD_AUTO fd = S_ISREG(status.st_mode) ? open_step(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY) : -1;
    return fd >= 0 && !fd_read_all(fd, &now, FILE_MAX) && now.length == length &&
           (!length || memcmp(now.data, content, length) == 0);
}

int files_apply(int root, const char *data, size_t length, bool *changed, struct str *notes, struct error *err)
{
    if (remove_others(root, data, length, err))
        return -1;
    struct snapshot_reader reader = {.at = data, .end = data + length};
    while (snapshot_next(&reader)) {
        struct snapshot_file file;
        const char *content, *name, *path = path_of(&reader);
        size_t size;
        if (!path)
            continue;
        if (reader.kind == SNAPSHOT_LEFT_OUT) {
            const char *reason = path + strlen(path) + 1;
            str_printf(notes, "/%s was not kept: %s\n", path, reason < path + reader.length ? reason : "");
        } else if (reader.kind == SNAPSHOT_GONE) {
            FD_AUTO directory = is_skipped(path) ? -1 : open_parent(root, path, &name);
            if (directory >= 0)
                remove_all(directory, name, 0);
            *changed = *changed || is_configuration(path);
        } else if (read_file(&reader, &file, &content, &size) && !is_there(root, path, &file, content, size)) {
            *changed = *changed || is_configuration(path);
            errno = 0;
            if (write_file(root, path, &file, content, size))
                str_printf(notes, "/%s: %s\n", path, strerror(errno ? errno : EINVAL));
        }
    }
    return 0;
}
