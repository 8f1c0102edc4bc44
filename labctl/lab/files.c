/* Files inside a node, resolved as inside it (openat2, RESOLVE_IN_ROOT). */
#include "lab/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "keeper/protocol.h"

#define NODE_TEMPLATE_MAX (1 << 20)

static int open_inside(int root, const char *path, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/* Opens the directory of a path, making what is missing of it. */
static int open_parent(int root, const char *path, int make)
{
    STR_AUTO part = STR_INIT;
    const char *last = strrchr(path, '/');
    str_append_bytes(&part, path, last ? (size_t)(last - path) : 0);
    str_append(&part, part.length ? "" : "/");
    int fd = open_inside(root, part.data, O_PATH | O_DIRECTORY);
    if (fd >= 0 || errno != ENOENT || !make)
        return fd;
    FD_AUTO above = open_parent(root, part.data, make);
    const char *name = strrchr(part.data, '/');
    if (above < 0 || !name || (mkdirat(above, name + 1, 0755) != 0 && errno != EEXIST))
        return -1;
    return open_inside(root, part.data, O_PATH | O_DIRECTORY);
}

static const char *base_name(const char *path)
{
    const char *last = strrchr(path, '/');
    return last ? last + 1 : path;
}

/* Always the same of a path (FNV-1a), and nothing that a person would think of. */
#define TEMPORARY_NAME_MAX 32
static void temporary_name(const char *path, char out[static TEMPORARY_NAME_MAX])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *c = path; *c; c++)
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    snprintf(out, TEMPORARY_NAME_MAX, ".replace-%016llx", (unsigned long long)hash);
}

int node_file_tidy(int root, const char *path, struct error *err)
{
    char temporary[TEMPORARY_NAME_MAX];
    temporary_name(path, temporary);
    FD_AUTO parent = open_parent(root, path, 0);
    if ((parent < 0 || unlinkat(parent, temporary, 0) != 0) && errno != ENOENT)
        return error_set_errno(err, errno, "tidy up beside file %s", path);
    return 0;
}

int node_file_write(int root, const char *path, const void *content, size_t length, uint32_t mode, struct error *err)
{
    char temporary[TEMPORARY_NAME_MAX];
    temporary_name(path, temporary);
    FD_AUTO parent = open_parent(root, path, 1);
    if (parent < 0 || file_replace_by(parent, base_name(path), temporary, content, length, mode) != 0)
        return error_set_errno(err, errno, "write file %s", path);
    return 0;
}

int node_file_read(int root, const char *path, size_t limit, struct str *out, uint32_t *mode, struct error *err)
{
    struct stat status;
    FD_AUTO fd = open_inside(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT) {
        error_set(err, ERR_ABSENT, "read file %s: there is none", path);
        if (err)
            err->number = ENOENT;
        return -1;
    }
    if (fd < 0 || fstat(fd, &status) != 0)
        return error_set_errno(err, errno, "read file %s", path);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERR_SYSTEM, "read file %s: it is no regular file", path);
    if (mode)
        *mode = status.st_mode & 07777;
    if (fd_read_all(fd, out, limit) != 0)
        return error_set_errno(err, errno, "read file %s", path);
    return 0;
}

int node_file_remove(int root, const char *path, struct error *err)
{
    FD_AUTO parent = open_parent(root, path, 0);
    if ((parent < 0 || unlinkat(parent, base_name(path), 0) != 0) && errno != ENOENT)
        return error_set_errno(err, errno, "remove file %s", path);
    return 0;
}

/* Directories of /etc that were made for a file go with the last one in them. */
static void remove_made(int root, const char *path)
{
    STR_AUTO directory = STR_INIT;
    FD_AUTO template = open(KEEPER_TEMPLATE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    str_append_bytes(&directory, path, (size_t)(base_name(path) - path));
    while (template >= 0 && str_starts(directory.data, "/etc/") && strlen(directory.data) > strlen("/etc/")) {
        directory.data[--directory.length] = '\0'; /* the slash */
        FD_AUTO original = open_inside(template, directory.data, O_PATH);
        FD_AUTO parent = open_parent(root, directory.data, 0);
        const char *name = base_name(directory.data);
        if (original >= 0 || parent < 0 || unlinkat(parent, name, AT_REMOVEDIR) != 0)
            return;
        directory.length = (size_t)(name - directory.data);
        directory.data[directory.length] = '\0';
    }
}

int node_file_template(const char *path, struct str *out, uint32_t *mode)
{
    FD_AUTO template = open(KEEPER_TEMPLATE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return template <0 ? -1 : node_file_read(template, path, NODE_TEMPLATE_MAX, out, mode, NULL);
}

int node_file_restore(int root, const char *path, struct error *err)
{
    STR_AUTO content = STR_INIT;
    uint32_t mode = 0;
    if (node_file_template(path, &content, &mode) == 0)
        return node_file_write(root, path, str_text(&content), content.length, mode, err);
    if (node_file_remove(root, path, err) != 0)
        return -1;
    remove_made(root, path);
    return 0;
}
