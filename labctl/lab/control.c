/* The control channel: framing on a stream socket, and the client's connection to a lab.
 *
 * The name of the socket is no proof of anything, as anybody may bind it: lab/credentials.h says how both sides make
 * sure of each other.  The director greets at once, even while it is at work; one that is being restarted within
 * moments. */
#include "lab/control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "lab/channel.h"
#include "lab/credentials.h"
#include "lab/start.h"

#define GREETING_TIMEOUT 10000 /* ms: a director that was killed is back by then */

struct control {
    int fd;
    char *lab;
};

/* ---- framing ------------------------------------------------------------------------------------------------- */

int control_send(int fd, const json_t *message, const int *fds, size_t fd_count, struct error *err)
{
    char *text = json_dumps(message, JSON_COMPACT);
    if (!text)
        return error_set(err, ERR_SYSTEM, "control message: cannot be written as JSON");
    size_t length = strlen(text);
    uint32_t header = htonl((uint32_t)length);
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * CONTROL_FDS_MAX)];
    } control = {.bytes = {0}};
    struct iovec parts[2] = {{&header, sizeof header}, {text, length}};
    struct msghdr packet = {.msg_iov = parts, .msg_iovlen = 2};
    if (fd_count > 0) {
        packet.msg_control = control.bytes;
        packet.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&packet);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(rights), fds, sizeof(int) * fd_count);
    }
    size_t left = length + sizeof header;
    while (left > 0) {
        ssize_t sent = sendmsg(fd, &packet, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            int number = errno;
            free(text);
            return error_set_errno(err, number, "send a message to the lab");
        }
        left -= (size_t)sent;
        packet.msg_control = NULL;
        packet.msg_controllen = 0;
        for (size_t i = 0; i < 2; i++) {
            size_t part = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
            parts[i].iov_base = (char *)parts[i].iov_base + part;
            parts[i].iov_len -= part;
            sent -= (ssize_t)part;
        }
    }
    free(text);
    return 0;
}

/* Descriptors that came along; those beyond the caller's room are closed. */
static void take_descriptors(struct msghdr *packet, int *fds, size_t room, size_t *count)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(packet); part; part = CMSG_NXTHDR(packet, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        size_t have = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < have; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
            if (*count < room)
                fds[(*count)++] = fd;
            else
                close(fd);
        }
    }
}

/* 1: all read; 0: end of file before the first byte; -1 with errno. */
static int receive_bytes(int fd, void *data, size_t length, int *fds, size_t room, size_t *fd_count)
{
    size_t have = 0;
    while (have < length) {
        union { /* a socket that was asked for credentials gets them with every message */
            struct cmsghdr align;
            char bytes[CMSG_SPACE(sizeof(int) * CONTROL_FDS_MAX) + CMSG_SPACE(sizeof(struct ucred))];
        } control;
        struct iovec part = {(char *)data + have, length - have};
        struct msghdr packet = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
        ssize_t got = recvmsg(fd, &packet, MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        take_descriptors(&packet, fds, room, fd_count);
        if (got == 0) {
            errno = ECONNRESET;
            return have == 0 ? 0 : -1;
        }
        have += (size_t)got;
    }
    return 1;
}

static void drop_descriptors(int *fds, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        close(fds[i]);
    *count = 0;
}

int control_receive(int fd, json_t **message, int *fds, size_t *fd_count, struct error *err)
{
    size_t unused = 0, *count = fd_count ? fd_count : &unused, room = fds ? CONTROL_FDS_MAX : 0;
    uint32_t header;
    *count = 0;
    *message = NULL;
    int got = receive_bytes(fd, &header, sizeof header, fds, room, count);
    if (got == 0)
        return 1;
    size_t length = got > 0 ? ntohl(header) : 0;
    char *text = NULL;
    if (got > 0 && length <= CONTROL_MESSAGE_MAX) {
        text = malloc(length + 1);
        got = text ? receive_bytes(fd, text, length, fds, room, count) : -1;
    }
    if (got <= 0 || !text) {
        int number = got > 0 ? EMSGSIZE : errno;
        free(text);
        drop_descriptors(fds, count);
        return error_set_errno(err, number, "receive a message of the lab");
    }
    json_error_t where;
    *message = json_loadb(text, length, 0, &where);
    free(text);
    if (!*message || !json_is_object(*message)) {
        json_decref(*message);
        *message = NULL;
        drop_descriptors(fds, count);
        return error_set(err, ERR_SYSTEM, "receive a message of the lab: it is not a JSON object");
    }
    return 0;
}

/* ---- connecting ---------------------------------------------------------------------------------------------- */

int channel_connect(const char *lab, int *out, struct error *err)
{
    struct sockaddr_un address;
    int length = keeper_address(lab, &address, err);
    if (length < 0)
        return -1;
    FD_AUTO fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_set_errno(err, errno, "make a socket to lab '%s'", lab);
    if (connect(fd, (struct sockaddr *)&address, (socklen_t)length) != 0) {
        if (errno == ECONNREFUSED || errno == ENOENT)
            return error_set(err, ERR_ABSENT, "no lab '%s' is running", lab);
        return error_set_errno(err, errno, "connect to lab '%s'", lab);
    }
    *out = fd_steal(&fd);
    return 0;
}

static int error_from_answer(const json_t *answer, struct error *err)
{
    const char *kind = json_string_value(json_object_get(answer, "kind"));
    const char *text = json_string_value(json_object_get(answer, "text"));
    enum error_kind known = kind ? error_kind_from_name(kind) : ERR_NONE;
    return error_set(err, known == ERR_NONE ? ERR_SYSTEM : known, "%s",
                     text ? text : "the lab refused without a reason");
}

static int only_lab(char **out, struct error *err)
{
    char **names;
    size_t count;
    if (registry_list(&names, &count, err) != 0)
        return -1;
    int result = 0;
    if (count == 1) {
        *out = strdup(names[0]);
    } else if (count == 0) {
        result = error_set(err, ERR_ABSENT, "no lab is running; `labctl up FILE` starts one");
    } else {
        STR_AUTO list = STR_INIT;
        for (size_t i = 0; i < count; i++)
            str_printf(&list, "%s%s", i == 0 ? "" : ", ", names[i]);
        result =
            error_set(err, ERR_USAGE, "%zu labs are running (%s): say which with --lab NAME", count, str_text(&list));
    }
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return result;
}

/* Adds the nearest running lab's name to "no lab 'x' is running". */
static int absent_lab(const char *lab, struct error *err)
{
    char **names;
    size_t count;
    if (err->kind != ERR_ABSENT || registry_list(&names, &count, NULL) != 0)
        return -1;
    const char *nearest = str_nearest(lab, (const char *const *)names, count);
    struct error first = *err;
    error_clear(err);
    if (nearest && !str_equal(nearest, lab))
        error_set(err, ERR_ABSENT, "%s; did you mean '%s'?", first.text, nearest);
    else
        *err = first;
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return -1;
}

static int connect_to(const char *lab, int timeout, bool every_answer, struct control **out, struct error *err)
{
    char *name = NULL;
    if (lab)
        name = strdup(lab);
    else if (only_lab(&name, err) != 0)
        return -1;
    struct control *control = calloc(1, sizeof *control);
    if (!control || !name) {
        free(control);
        free(name);
        return error_set(err, ERR_SYSTEM, "out of memory");
    }
    struct error problem = ERROR_INIT;
    control->lab = name;
    control->fd = -1;
    bool connected = channel_connect(name, &control->fd, &problem) == 0;
    if (connected && credentials_prove(control->fd, timeout, NULL, NULL, &problem) == 0) {
        struct timeval limit = {.tv_sec = timeout / 1000, .tv_usec = timeout % 1000 * 1000};
        if (every_answer)
            setsockopt(control->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        *out = control;
        return 0;
    }
    if (connected)
        error_wrap(&problem, "lab '%s' runs, but", name);
    else if (lab)
        absent_lab(lab, &problem);
    if (err)
        *err = problem;
    control_close(control);
    return -1;
}

int control_connect(const char *lab, struct control **out, struct error *err)
{
    return connect_to(lab, GREETING_TIMEOUT, false, out, err);
}

int control_connect_within(const char *lab, int milliseconds, struct control **out, struct error *err)
{
    return connect_to(lab, milliseconds, true, out, err);
}

void control_close(struct control *control)
{
    if (!control)
        return;
    if (control->fd >= 0)
        close(control->fd);
    free(control->lab);
    free(control);
}

const char *control_lab(const struct control *control)
{
    return control->lab;
}

int control_descriptor(const struct control *control)
{
    return control->fd;
}

/* ---- calling ------------------------------------------------------------------------------------------------- */

static int ask(struct control *control, const char *verb, json_t *params, const int *fds, size_t fd_count,
               struct error *err)
{
    json_t *request =
        json_pack("{s:s, s:i, s:o}", "verb", verb, "client", (int)getpid(), "params", params ? params : json_object());
    int result = control_send(control->fd, request, fds, fd_count, err);
    json_decref(request);
    return result == 0 ? 0 : error_wrap(err, "lab '%s'", control->lab);
}

/* Takes the reply out of an answer. */
static int finish(json_t *answer, json_t **reply, int *fds, size_t count, int *reply_fds, size_t *reply_fd_count,
                  struct error *err)
{
    const json_t *refusal = json_object_get(answer, "error");
    int result = refusal ? error_from_answer(refusal, err) : 0;
    if (result == 0 && reply)
        *reply = json_incref(json_object_get(answer, "reply"));
    if (result == 0 && reply_fds) {
        memcpy(reply_fds, fds, count * sizeof *fds);
        *reply_fd_count = count;
    } else {
        drop_descriptors(fds, &count);
    }
    return result;
}

/* Takes one message: 1 after progress, 0 after the reply, -1 with err. */
static int take(struct control *control, control_progress *progress, void *context, json_t **reply, int *reply_fds,
                size_t *reply_fd_count, struct error *err)
{
    int fds[CONTROL_FDS_MAX];
    size_t count = 0;
    json_t *answer;
    int got = control_receive(control->fd, &answer, fds, &count, err);
    if (got == 1)
        return error_set(err, ERR_ABSENT, "lab '%s' ended, or its director did, before it had answered", control->lab);
    if (got < 0)
        return error_wrap(err, "lab '%s'", control->lab);
    const json_t *step = json_object_get(answer, "progress");
    if (!step) {
        int result = finish(answer, reply, fds, count, reply_fds, reply_fd_count, err);
        json_decref(answer);
        return result;
    }
    drop_descriptors(fds, &count);
    if (progress)
        progress(context, step);
    json_decref(answer);
    return 1;
}

int control_call(struct control *control, const char *verb, json_t *params, const int *fds, size_t fd_count,
                 control_progress *progress, void *progress_context, json_t **reply, int *reply_fds,
                 size_t *reply_fd_count, struct error *err)
{
    if (reply)
        *reply = NULL;
    if (reply_fd_count)
        *reply_fd_count = 0;
    if (ask(control, verb, params, fds, fd_count, err) != 0)
        return -1;
    int result;
    do
        result = take(control, progress, progress_context, reply, reply_fds, reply_fd_count, err);
    while (result == 1);
    return result;
}
