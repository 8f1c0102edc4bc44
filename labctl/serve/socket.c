/* Sockets and signals of the embedded services. */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "serve/configuration.h"
#include "serve/serve.h"

static int open_family(const struct configuration *configuration, int family, int type)
{
    int on = 1, only = addr_is_set(&configuration->bind);
    FD_AUTO fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(configuration->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(configuration->port)};
    memcpy(&in.sin_addr, configuration->bind.bytes, 4);
    memcpy(&in6.sin6_addr, configuration->bind.bytes, 16);
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    const struct sockaddr *address = family == AF_INET6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
    socklen_t length = family == AF_INET6 ? sizeof in6 : sizeof in;
    if (bind(fd, address, length) < 0 || (type == SOCK_STREAM && listen(fd, SOMAXCONN) < 0))
        return -1;
    return fd_steal(&fd);
}

int serve_socket(const struct configuration *configuration, int type, struct error *err)
{
    char text[ADDR_TEXT_MAX];
    int fd = -1;
    if (configuration->bind.family != 4)
        fd = open_family(configuration, AF_INET6, type);
    if (fd < 0 && (configuration->bind.family == 4 || (!configuration->bind.family && errno == EAFNOSUPPORT)))
        fd = open_family(configuration, AF_INET, type);
    if (fd >= 0)
        return fd;
    return error_set_errno(err, errno, "listen on %s port %u",
                           addr_is_set(&configuration->bind) ? addr_format(&configuration->bind, text)
                                                             : "every address",
                           configuration->port);
}

int serve_ending(struct error *err)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd >= 0 ? fd : error_set_errno(err, errno, "watch for signals");
}
