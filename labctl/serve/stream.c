/* tcpd and the TCP side of echod: one loop over all connections.
 *
 * tcpd greets with its banner, reads and discards.  echod sends back what it read; while a client does not take it, no
 * more is read from it.  Both close when the client has said all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "serve/configuration.h"
#include "serve/serve.h"
#include "serve/stream.h"

#define CONNECTIONS_MAX 1000
#define EVENTS_MAX      64
#define CHUNK           16384

struct connection {
    int fd;
    size_t start, end; /* of what is still to be sent */
    char data[CHUNK];
};

struct server {
    const char *banner;
    bool echo;
    int epoll, listener;
    size_t connections;
    bool full; /* the listener is not watched */
};

static void watch_listener(struct server *server, bool watched)
{
    struct epoll_event event = {.events = watched ? EPOLLIN : 0, .data.ptr = &server->listener};
    epoll_ctl(server->epoll, EPOLL_CTL_MOD, server->listener, &event);
    server->full = !watched;
}

static void drop(struct server *server, struct connection *connection)
{
    close(connection->fd);
    free(connection);
    server->connections--;
    if (server->full)
        watch_listener(server, true);
}

static void watch(struct server *server, struct connection *connection)
{
    struct epoll_event event = {.events = connection->start < connection->end ? EPOLLOUT : EPOLLIN,
                                .data.ptr = connection};
    epoll_ctl(server->epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

/* Sends what waits; false where the connection is gone. */
static bool flush(struct server *server, struct connection *connection)
{
    while (connection->start < connection->end) {
        ssize_t sent = send(connection->fd, connection->data + connection->start, connection->end - connection->start,
                            MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (sent < 0) {
            drop(server, connection);
            return false;
        }
        connection->start += (size_t)sent;
    }
    watch(server, connection);
    return true;
}

static void serve(struct server *server, struct connection *connection)
{
    if (connection->start < connection->end && !flush(server, connection))
        return;
    if (connection->start < connection->end)
        return;
    ssize_t size = recv(connection->fd, connection->data, sizeof connection->data, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        drop(server, connection);
        return;
    }
    connection->start = 0;
    connection->end = server->echo ? (size_t)size : 0;
    flush(server, connection);
}

static void welcome(struct server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct connection *connection = fd >= 0 ? calloc(1, sizeof *connection) : NULL;
    if (!connection) {
        if (fd >= 0)
            close(fd);
        return;
    }
    connection->fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event);
    if (++server->connections == CONNECTIONS_MAX)
        watch_listener(server, false);
    if (!server->banner)
        return;
    size_t length = strlen(server->banner);
    connection->end = length < CHUNK ? length : CHUNK;
    memcpy(connection->data, server->banner, connection->end);
    flush(server, connection);
}

int stream_serve(const struct configuration *configuration, bool echo, struct error *err)
{
    struct server server = {.banner = echo ? NULL : configuration->banner, .echo = echo};
    FD_AUTO ending = serve_ending(err);
    FD_AUTO listener = ending >= 0 ? serve_socket(configuration, SOCK_STREAM, err) : -1;
    if (listener < 0)
        return -1;
    FD_AUTO epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = &server.listener};
    struct epoll_event ended = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) < 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, ending, &ended) < 0)
        return error_set_errno(err, errno, "make an event loop");
    server.epoll = epoll;
    server.listener = listener;
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            if (!events[i].data.ptr)
                return 0;
            if (events[i].data.ptr == &server.listener)
                welcome(&server);
            else
                serve(&server, events[i].data.ptr);
        }
    }
}

int tcpd(const struct configuration *configuration, struct error *err)
{
    return stream_serve(configuration, false, err);
}
