/* httpd: answers every request with a text; some paths with texts of their own; where it is told so, never the whole
 * of one.
 *
 * libmicrohttpd runs a thread for each connection, so that a delayed answer delays nobody else.  It brings the whole of
 * a TLS library along, which the other daemons of this program have no use for. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/late.h"
#include "base/str.h"
#include "base/table.h"
#include "serve/configuration.h"
#include "serve/serve.h"

#define CONNECTIONS_MAX 1000
#define IDLE_SECONDS    30
#define CUT_BLOCK       4096

#define FUNCTIONS(F)                                                                                                   \
    F(add_response_header)                                                                                             \
    F(create_response_from_buffer)                                                                                     \
    F(create_response_from_callback)                                                                                   \
    F(destroy_response)                                                                                                \
    F(get_connection_info)                                                                                             \
    F(queue_response)                                                                                                  \
    F(start_daemon)                                                                                                    \
    F(stop_daemon)
#define MEMBER(name) __typeof__(&MHD_##name) name;
static struct {
    FUNCTIONS(MEMBER)
} mhd;

static int load(struct error *err)
{
#define FUNCTION(name) {"MHD_" #name, &mhd.name},
    static const struct late_function functions[] = {FUNCTIONS(FUNCTION)};
    return late_load(SONAME_LIBMICROHTTPD, functions, ARRAY_SIZE(functions), err);
}

static const struct serve_route *find_route(const struct configuration *configuration, const char *path)
{
    for (size_t i = 0; i < configuration->route_count; i++)
        if (str_equal(configuration->routes[i].path, path))
            return &configuration->routes[i];
    return NULL;
}

static void log_request(struct MHD_Connection *connection, const char *method, const char *path, unsigned status)
{
    char text[INET6_ADDRSTRLEN] = "-";
    const union MHD_ConnectionInfo *info = mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *client = info ? info->client_addr : NULL;
    if (client && client->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)client)->sin_addr, text, sizeof text);
    else if (client && client->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)client)->sin6_addr, text, sizeof text);
    fprintf(stderr, "%s \"%s %s\" %u\n", str_starts(text, "::ffff:") ? text + strlen("::ffff:") : text, method, path,
            status);
}

/* A body of which only the first `left` bytes are sent before the connection is closed. */
struct cut {
    const char *body;
    size_t left;
};

static ssize_t cut_read(void *context, uint64_t position, char *buffer, size_t size)
{
    struct cut *cut = context;
    if (!cut->left)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t count = size < cut->left ? size : cut->left;
    memcpy(buffer, cut->body + position, count);
    cut->left -= count;
    return (ssize_t)count;
}

static struct MHD_Response *make_response(const struct configuration *configuration, const char *body)
{
    size_t length = strlen(body);
    if (!configuration->truncate || configuration->truncate >= length)
        return mhd.create_response_from_buffer(length, (void *)body, MHD_RESPMEM_PERSISTENT);
    struct cut *cut = malloc(sizeof *cut);
    if (!cut)
        return NULL;
    *cut = (struct cut){body, configuration->truncate};
    struct MHD_Response *response = mhd.create_response_from_callback(length, CUT_BLOCK, cut_read, cut, free);
    if (!response)
        free(cut);
    return response;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **request)
{
    (void)version, (void)upload;
    static int seen; /* its address marks a request whose head was seen */
    const struct configuration *configuration = context;
    if (!*request || *upload_size) { /* the head, or a piece of the body: the answer comes when all is read */
        *request = &seen;
        *upload_size = 0;
        return MHD_YES;
    }
    const struct serve_route *route = find_route(configuration, path);
    const char *body = route ? route->body : configuration->body;
    unsigned status = route ? route->status : configuration->status;
    if (configuration->delay)
        poll(NULL, 0, configuration->delay);
    struct MHD_Response *response = make_response(configuration, body);
    if (!response)
        return MHD_NO;
    bool html = str_starts(body, "<");
    mhd.add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8");
    if (route && route->location)
        mhd.add_response_header(response, MHD_HTTP_HEADER_LOCATION, route->location);
    char name[HOST_NAME_MAX + 1] = "";
    if (gethostname(name, sizeof name) == 0)
        mhd.add_response_header(response, "X-Served-By", name);
    enum MHD_Result result = mhd.queue_response(connection, status, response);
    mhd.destroy_response(response);
    log_request(connection, method, path, status);
    return result;
}

int httpd(const struct configuration *configuration, struct error *err)
{
    FD_AUTO ending = load(err) == 0 ? serve_ending(err) : -1;
    int listener = ending >= 0 ? serve_socket(configuration, SOCK_STREAM, err) : -1;
    if (listener < 0)
        return -1;
    struct MHD_Daemon *daemon = mhd.start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL, configuration->port, NULL, NULL,
        answer, (void *)configuration, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    if (!daemon) {
        close(listener);
        return error_set(err, ERR_SYSTEM, "start the web server on port %u", configuration->port);
    }
    struct pollfd signals = {.fd = ending, .events = POLLIN};
    while (poll(&signals, 1, -1) < 0 && errno == EINTR)
        continue;
    mhd.stop_daemon(daemon);
    return 0;
}
