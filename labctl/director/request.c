/* Requests: from a connection's messages to a verb's handler and back.
 *
 * A connection may have several deferred requests at once (an exec and the signals that follow it); it is freed when it
 * is gone and its last request is finished. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/str.h"
#include "director/internal.h"

struct connection {
    int fd; /* -1: the client is gone */
    struct request *requests;
};

struct request {
    struct director *director;
    struct connection *connection;
    struct guest *guest; /* the message and its descriptors */
    const char *verb;
    json_t *params;
    bool changes;
    struct request *next;
};

const char *request_verb(const struct request *request)
{
    return request->verb;
}

json_t *request_params(const struct request *request)
{
    return request->params;
}

int request_fd(struct request *request, size_t index)
{
    return index < request->guest->fd_count ? request->guest->fds[index] : -1;
}

int request_steal_fd(struct request *request, size_t index)
{
    int fd = request_fd(request, index);
    if (fd >= 0)
        request->guest->fds[index] = -1;
    return fd;
}

pid_t request_client(const struct request *request)
{
    return request->guest->client;
}

void request_progress(struct request *request, json_t *progress)
{
    if (request->connection->fd >= 0) {
        json_t *message = json_pack("{s:O}", "progress", progress);
        control_send(request->connection->fd, message, NULL, 0, NULL);
        json_decref(message);
    }
    json_decref(progress);
}

static void send_answer(int fd, json_t *reply, const int *fds, size_t fd_count, const struct error *problem)
{
    json_t *message;
    if (reply)
        message = json_pack("{s:O}", "reply", reply);
    else
        message = json_pack("{s:{s:s, s:s}}", "error", "kind", error_kind_name(problem ? problem->kind : ERR_SYSTEM),
                            "text", problem ? problem->text : "failed without a reason");
    if (message) /* not NULL but for text that is not UTF-8 */
        control_send(fd, message, fds, fd_count, NULL);
    else
        shutdown(fd, SHUT_RDWR);
    json_decref(message);
}

static void forget(struct connection *connection)
{
    if (connection->fd < 0 && !connection->requests)
        free(connection);
}

void request_finish(struct request *request, json_t *reply, const int *fds, size_t fd_count, const struct error *err)
{
    struct connection *connection = request->connection;
    if (connection->fd >= 0)
        send_answer(connection->fd, reply, fds, fd_count, err);
    json_decref(reply);
    for (struct request **link = &connection->requests; *link; link = &(*link)->next) {
        if (*link == request) {
            *link = request->next;
            break;
        }
    }
    json_decref(request->params);
    guest_free(request->guest);
    free(request);
    forget(connection);
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; name && i < verb_count; i++)
        if (str_equal(verbs[i].name, name))
            return &verbs[i];
    return NULL;
}

static int run(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    const struct verb *verb = find_verb(request->verb);
    if (!verb)
        return error_set(err, ERR_USAGE,
                         "this lab's director knows no '%s': it was started by another version of labctl",
                         request->verb);
    if (director_hooks.refuse && director_hooks.refuse(director, request, err) != 0)
        return -1;
    if (!verb->changes)
        return verb->run(director, request, reply, err);
    if (door_check_busy(director->door, err) != 0)
        return -1;
    door_busy(director->door, verb->name, request->guest->client);
    int result = verb->run(director, request, reply, err);
    if (!director->occupied)
        door_busy(director->door, NULL, 0);
    return result;
}

static void begin(struct director *director, struct connection *connection, struct guest *guest)
{
    struct request *request = calloc(1, sizeof *request);
    if (!request)
        abort();
    const char *verb = json_string_value(json_object_get(guest->message, "verb"));
    json_t *params = json_object_get(guest->message, "params");
    guest->fd = -1; /* the connection's */
    *request = (struct request){.director = director,
                                .connection = connection,
                                .guest = guest,
                                .verb = verb ? verb : "",
                                .params = json_is_object(params) ? json_incref(params) : json_object(),
                                .next = connection->requests};
    connection->requests = request;
    struct error err = ERROR_INIT;
    json_t *reply = NULL;
    int result = run(director, request, &reply, &err);
    if (result != REQUEST_DEFERRED)
        request_finish(request, result == 0 ? (reply ? reply : json_object()) : NULL, NULL, 0, &err);
}

static void hang_up(struct director *director, struct connection *connection)
{
    director_unwatch(director, connection->fd);
    close(connection->fd);
    connection->fd = -1;
    forget(connection);
}

static void readable(struct director *director, int fd, void *context)
{
    struct connection *connection = context;
    struct guest *guest = calloc(1, sizeof *guest);
    if (!guest)
        abort();
    guest->fd = -1;
    if (control_receive(fd, &guest->message, guest->fds, &guest->fd_count, NULL) != 0) {
        guest_free(guest);
        hang_up(director, connection);
        return;
    }
    guest->client = (pid_t)json_integer_value(json_object_get(guest->message, "client"));
    begin(director, connection, guest);
}

void request_welcome(struct director *director, struct guest *guest)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        abort();
    connection->fd = guest->fd;
    if (director_watch(director, connection->fd, readable, connection, NULL) != 0) {
        free(connection);
        guest_free(guest);
        return;
    }
    begin(director, connection, guest);
}
