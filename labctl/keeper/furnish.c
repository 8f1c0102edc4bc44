/* What a node gets when somebody enters it for the first time: /sys and /dev/pts.
 *
 * Most nodes of a large lab are never entered, and a mount of /sys looks at all others of the machine: what that costs
 * would grow with the number of nodes.  Nobody can tell: whoever looks has entered.
 *
 * Several may enter at once.  A lock that the kernel drops at its holder's death lets one of them do it; nobody in the
 * node can hold it.  Once a process was started the keeper passes this by: what somebody unmounts stays unmounted. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "keeper/keeper.h"

/* The last one is there. */
static bool complete(void)
{
    struct statfs seen;
    return statfs("/dev/pts", &seen) == 0 && seen.f_type == DEVPTS_SUPER_MAGIC;
}

static int mount_all(void)
{
    /* Once more, below: `ip netns exec` takes the upper one away before it mounts its own, and the kernel lets a user
     * namespace mount a sysfs only where one can be seen. */
    if (mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) ||
        mount("/sys", "/sys", NULL, MS_BIND, NULL))
        return errno;
    const char *options = keeper.root_mode ? "newinstance,ptmxmode=0666,mode=620,gid=5" : //
                              "newinstance,ptmxmode=0666,mode=620";
    return mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, options) ? errno : 0;
}

int furnish(int lock, uint32_t id)
{
    struct flock place = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)id, .l_len = 1};
    while (fcntl(lock, F_SETLKW, &place))
        if (errno != EINTR)
            return errno;
    int error = complete() ? 0 : mount_all();
    place.l_type = F_UNLCK;
    fcntl(lock, F_SETLK, &place);
    return error;
}
