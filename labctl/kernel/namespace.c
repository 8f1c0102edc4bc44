/* Network namespaces: visiting one by its descriptor, and sockets opened inside. */
#include "kernel/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

int netns_own(struct error *err)
{
    int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(err, errno, "open /proc/thread-self/ns/net");
    return fd;
}

int netns_visit(int fd, struct netns_visit *visit, struct error *err)
{
    visit->home = netns_own(err);
    if (visit->home < 0)
        return -1;
    if (setns(fd, CLONE_NEWNET) == 0)
        return 0;
    int number = errno;
    fd_close(&visit->home);
    return error_set_errno(err, number, "enter a network namespace");
}

void netns_return(struct netns_visit *visit)
{
    if (visit->home < 0)
        return;
    if (setns(visit->home, CLONE_NEWNET) != 0)
        abort();
    fd_close(&visit->home);
}

int netns_socket(int fd, int domain, int type, int protocol, struct error *err)
{
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    if (netns_visit(fd, &visit, err) != 0)
        return -1;
    int sock = socket(domain, type | SOCK_CLOEXEC, protocol);
    if (sock < 0)
        return error_set_errno(err, errno, "open a socket");
    return sock;
}

uint32_t netns_interface(int socket, const char *name)
{
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    return ioctl(socket, SIOCGIFINDEX, &request) == 0 ? (uint32_t)request.ifr_ifindex : 0;
}

int netns_new(struct error *err)
{
    NETNS_VISIT visit = NETNS_VISIT_INIT;
    visit.home = netns_own(err);
    if (visit.home < 0)
        return -1;
    if (unshare(CLONE_NEWNET) != 0) {
        int number = errno;
        fd_close(&visit.home);
        return error_set_errno(err, number, "make a network namespace");
    }
    return netns_own(err);
}

int uts_names(pid_t process, struct utsname *out, struct error *err)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/uts", (int)process);
    FD_AUTO home = open("/proc/thread-self/ns/uts", O_RDONLY | O_CLOEXEC);
    FD_AUTO there = open(path, O_RDONLY | O_CLOEXEC);
    if (home < 0 || there < 0)
        return error_set_errno(err, errno, "open %s", path);
    if (setns(there, CLONE_NEWUTS) != 0)
        return error_set_errno(err, errno, "enter the names of process %d", (int)process);
    int result = uname(out), number = errno;
    if (setns(home, CLONE_NEWUTS) != 0)
        abort();
    return result == 0 ? 0 : error_set_errno(err, number, "read a host name");
}
