/* Network namespaces of the cloud: routers, gateways, the internet core.  Each is kept alive by a bind mount that only
 * the keeper's mount namespace holds; so it ends with the lab. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "keeper/keeper.h"

static int make_one(uint32_t id, const char *path)
{
    int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    if (fd < 0)
        return errno;
    close(fd);
    if (unshare(CLONE_NEWNET) == 0 && mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL) == 0)
        return 0;
    int error = errno;
    unlink(path);
    keeper_log("make cloud namespace %u: error %d", id, error);
    return error;
}

void cloud_create(const struct keeper_ids *request)
{
    int fabric = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), error = fabric < 0 ? errno : 0;
    for (uint32_t i = 0; !error && i < request->count; i++) {
        char path[32];
        snprintf(path, sizeof path, KEEPER_NETNS "/%u", request->ids[i]);
        error = make_one(request->ids[i], path);
    }
    /* Nothing else is right in a namespace that is not the fabric, so there is no going on without it. */
    if (fabric >= 0 && setns(fabric, CLONE_NEWNET)) {
        keeper_log("return to the fabric: error %d", errno);
        _exit(1);
    }
    if (fabric >= 0)
        close(fabric);
    director_done(request->header.number, error, "create a network namespace of the cloud");
}

void cloud_delete(const struct keeper_ids *request)
{
    int error = 0;
    for (uint32_t i = 0; i < request->count; i++) {
        char path[32];
        snprintf(path, sizeof path, KEEPER_NETNS "/%u", request->ids[i]);
        if (umount2(path, MNT_DETACH) || unlink(path))
            error = errno;
    }
    director_done(request->header.number, error, "delete a network namespace of the cloud");
}
