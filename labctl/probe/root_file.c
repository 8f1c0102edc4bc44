/* Files of a node, read as inside it. */
#include "probe/root_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

int root_file_open(int root, const char *path, int flags)
{
    bool place = flags & O_PATH; /* which takes no other flags */
    struct open_how how = {.flags = (uint64_t)flags | O_CLOEXEC | (place ? 0 : O_NONBLOCK | O_NOCTTY),
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

int root_file_read(int root, const char *path, struct str *out, size_t limit)
{
    FD_AUTO fd = root_file_open(root, path, O_RDONLY);
    if (fd < 0)
        return -1;
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -1;
    if (!S_ISREG(status.st_mode)) {
        errno = EINVAL;
        return -1;
    }
    return fd_read_all(fd, out, limit);
}
