/* Network namespaces: visiting one by its descriptor, and sockets opened inside. */
#include "kernel/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
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
