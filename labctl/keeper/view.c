/* Views: layers of the root that nodes share; they have files of /etc.
 *
 * A layer of its own costs a view a mount namespace and a cradle.  So a view of few nodes (where every link is a
 * network, each node sees other addresses than all others) is copied into their roots.
 *
 * A view that changes is written in place, into the same inodes: nodes see the new content through their overlays, but
 * where they have changed the file, which is theirs then.  Where a node has a copy, the file is rewritten if it still
 * has the old content. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/keeper.h"

#define LAYER_LEAST 32 /* nodes of a view for which its layer is worth its while */

static uint32_t *members; /* how many nodes have it, by view */
static uint32_t limit;

void view_enter(uint32_t view)
{
    if (view == UINT32_MAX)
        return;
    if (view >= limit) {
        uint32_t wanted = limit ? limit : 64;
        while (wanted <= view)
            wanted *= 2;
        uint32_t *grown = realloc(members, wanted * sizeof *grown);
        if (!grown)
            return; /* not counted: small */
        memset(grown + limit, 0, (wanted - limit) * sizeof *grown);
        members = grown;
        limit = wanted;
    }
    members[view]++;
}

void view_leave(uint32_t view)
{
    if (view < limit && members[view] > 0)
        members[view]--;
}

bool view_is_small(uint32_t view)
{
    return view != UINT32_MAX && (view >= limit || members[view] < LAYER_LEAST);
}

struct content {
    const char *path;
    char *old, *new;
    size_t old_length, new_length;
};

/* The new content over the old, then the new length: readers see no empty file in between. */
static int overwrite(int fd, const char *content, size_t length)
{
    for (size_t at = 0; at < length;) {
        ssize_t count = pwrite(fd, content + at, length - at, (off_t)at);
        if (count < 0 && errno != EINTR)
            return errno;
        at += count > 0 ? (size_t)count : 0;
    }
    return ftruncate(fd, (off_t)length) ? errno : 0;
}

/* All of a small file; NULL where it cannot be read. */
static char *read_whole(int fd, size_t *length)
{
    struct stat status;
    if (fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_size > (64 << 20))
        return NULL;
    char *content = malloc((size_t)status.st_size + 1);
    ssize_t count = content ? pread(fd, content, (size_t)status.st_size, 0) : -1;
    if (count < 0) {
        free(content);
        return NULL;
    }
    *length = (size_t)count;
    return content;
}

/* The copy that one node has.  The tree is the learner's: no path of it may lead out. */
static void rewrite_copy(pid_t pid, void *context)
{
    const struct content *content = context;
    char root_path[48], path[4200];
    snprintf(root_path, sizeof root_path, "/proc/%d/root", (int)pid);
    snprintf(path, sizeof path, "etc/%s", content->path);
    int root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct open_how how = {.flags = O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS};
    int fd = root < 0 ? -1 : (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    size_t length = 0;
    char *now = fd < 0 ? NULL : read_whole(fd, &length);
    if (now && length == content->old_length && !memcmp(now, content->old, length))
        overwrite(fd, content->new, content->new_length);
    free(now);
    if (fd >= 0)
        close(fd);
    if (root >= 0)
        close(root);
}

static int define_file(int directory, uint32_t view, struct content *content, unsigned mode)
{
    int error = -base_parents(directory, content->path);
    if (error)
        return error;
    int fd = openat(directory, content->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return errno;
    content->old = read_whole(fd, &content->old_length);
    error = overwrite(fd, content->new, content->new_length);
    if (!error && fchmod(fd, mode))
        error = errno;
    close(fd);
    if (!error && content->old)
        node_each_copy_of_view(view, rewrite_copy, content);
    free(content->old);
    return error;
}

/* Reads one record at *offset and defines its file. */
static int take_file(int directory, uint32_t view, int memory, uint64_t *offset)
{
    struct keeper_file file;
    char path[4096];
    if (pread(memory, &file, sizeof file, (off_t)*offset) != (ssize_t)sizeof file || file.path_length == 0 ||
        file.path_length >= sizeof path ||
        pread(memory, path, file.path_length, (off_t)(*offset + sizeof file)) != (ssize_t)file.path_length)
        return EBADMSG;
    path[file.path_length] = 0;
    struct content content = {.path = path, .new = malloc(file.content_length + 1), .new_length = file.content_length};
    if (!content.new)
        return ENOMEM;
    uint64_t at = *offset + sizeof file + file.path_length;
    int error = EBADMSG;
    if (path[0] != '/' && pread(memory, content.new, content.new_length, (off_t)at) == (ssize_t)content.new_length)
        error = define_file(directory, view, &content, file.mode ? file.mode : 0644);
    free(content.new);
    *offset = (at + file.content_length + 7) & ~(uint64_t)7;
    return error;
}

void view_define(const struct keeper_view *request, int memory)
{
    char path[48];
    int length = snprintf(path, sizeof path, "/views/%u", request->id);
    int error = mkdir(path, 0755) && errno != EEXIST ? errno : 0;
    snprintf(path + length, sizeof path - (size_t)length, "/etc");
    if (!error && mkdir(path, 0755) && errno != EEXIST)
        error = errno;
    int directory = error ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!error && directory < 0)
        error = errno;
    uint64_t offset = 0;
    for (uint32_t i = 0; !error && i < request->file_count; i++)
        error = take_file(directory, request->id, memory, &offset);
    if (directory >= 0)
        close(directory);
    director_done(request->header.number, error, "define view %u of /etc", request->id);
}
