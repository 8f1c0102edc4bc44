/* File descriptors with clean-up, whole reads and writes, files replaced at once. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

#define BUFFER_SIZE        16384
#define TEMPORARY_NAME_MAX 40
#define TEMPORARY_TRIES    16

void fd_close(int *fd)
{
    int kept = errno;
    if (*fd >= 0)
        close(*fd); /* never again on EINTR: Linux has released the number by then, close(2) */
    *fd = -1;
    errno = kept;
}

void fd_close_pointer(int *fd)
{
    fd_close(fd);
}

int fd_steal(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

int fd_write_all(int fd, const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t written = write(fd, at, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        at += written;
        length -= (size_t)written;
    }
    return 0;
}

int fd_read_all(int fd, struct str *out, size_t limit)
{
    char buffer[BUFFER_SIZE];
    for (;;) { /* limit is what may still come; one byte more is asked for, to see whether the file ends there */
        ssize_t got = read(fd, buffer, limit < sizeof buffer ? limit + 1 : sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return (int)got;
        if ((size_t)got > limit) {
            str_append_bytes(out, buffer, limit);
            errno = EFBIG;
            return -1;
        }
        str_append_bytes(out, buffer, (size_t)got);
        limit -= (size_t)got;
    }
}

int file_read(int directory, const char *path, struct str *out, size_t limit)
{
    FD_AUTO fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return fd < 0 ? -1 : fd_read_all(fd, out, limit);
}

/* Opens the directory that holds path; *base points at the last part of it. */
static int open_parent(int directory, const char *path, const char **base)
{
    char parent[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    *base = slash == NULL ? path : slash + 1;
    size_t length = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    if (**base == '\0' || strcmp(*base, ".") == 0 || strcmp(*base, "..") == 0) {
        errno = EISDIR;
        return -1;
    }
    if (length >= sizeof parent) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (slash != NULL)
        memcpy(parent, path, length);
    return openat(directory, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Makes a file of a name that nothing else has; its length does not depend on the final name's. */
static int create_temporary(int parent, char name[static TEMPORARY_NAME_MAX])
{
    for (unsigned i = 0; i < TEMPORARY_TRIES; i++) {
        uint64_t random;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return -1;
        snprintf(name, TEMPORARY_NAME_MAX, ".replace-%016llx", (unsigned long long)random);
        int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* Fills the temporary file and waits until it is on disk. */
static int fill(int fd, const void *data, size_t length, unsigned mode)
{
    if (fd_write_all(fd, data, length) < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0)
        return -1;
    return 0;
}

/* fd: the temporary file, of the name `temporary`. */
static int replace(int parent, const char *name, int fd, const char *temporary, const void *data, size_t length,
                   unsigned mode)
{
    if (fill(fd, data, length, mode) < 0 || renameat(parent, temporary, parent, name) < 0) {
        int kept = errno;
        unlinkat(parent, temporary, 0);
        errno = kept;
        return -1;
    }
    return 0;
}

int file_replace_by(int directory, const char *name, const char *temporary, const void *data, size_t length,
                    unsigned mode)
{
    if (unlinkat(directory, temporary, 0) < 0 && errno != ENOENT)
        return -1;
    FD_AUTO fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd < 0 ? -1 : replace(directory, name, fd, temporary, data, length, mode);
}

int file_replace(int directory, const char *path, const void *data, size_t length, unsigned mode)
{
    char name[TEMPORARY_NAME_MAX];
    const char *base;
    FD_AUTO parent = open_parent(directory, path, &base);
    if (parent < 0)
        return -1;
    FD_AUTO fd = create_temporary(parent, name);
    if (fd < 0 || replace(parent, base, fd, name, data, length, mode) < 0)
        return -1;
    if (fsync(parent) < 0 && errno != EINVAL) /* EINVAL: a file system whose directories need no fsync, fsync(2) */
        return -1;
    return 0;
}

int fd_memory(const char *name, const void *data, size_t length)
{
    FD_AUTO fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || fd_write_all(fd, data, length) < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return -1;
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        return -1;
    return fd_steal(&fd);
}
