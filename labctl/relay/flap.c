/* A cable with a loose contact: the far end of a wire is down for a while, up for a while, over and over.  Whoever ends
 * this program finds it up. */
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/units.h"
#include "relay/relay.h"

static int set_up(int fd, const char *device, bool up)
{
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0)
        return -1;
    request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    return ioctl(fd, SIOCSIFFLAGS, &request);
}

/* True where the end was asked for meanwhile. */
static bool ended_before(int64_t deadline, const sigset_t *signals)
{
    for (int64_t left; (left = deadline - clock_boot()) > 0;) {
        struct timespec patience = {left / NANOSECONDS_PER_SECOND, left % NANOSECONDS_PER_SECOND};
        if (sigtimedwait(signals, NULL, &patience) > 0)
            return true;
    }
    return false;
}

int flap(const char *device, int64_t down, int64_t up)
{
    FD_AUTO fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    bool is_up = false;
    for (int64_t next = clock_boot(); fd >= 0 && set_up(fd, device, is_up) == 0; is_up = !is_up) {
        next += is_up ? up : down;
        if (ended_before(next, &signals))
            return set_up(fd, device, true) == 0 || errno == ENODEV ? 0 : 1;
    }
    fprintf(stderr, "%s: %s\n", device, strerror(errno)); /* it was made anew just now: so are we */
    return 1;
}
