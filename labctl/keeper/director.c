/* The director's process and the conversation with it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/keeper.h"

/* A director that lived less than this is restarted later and later, up to the second figure (milliseconds). */
#define DIRECTOR_LIVED     5000
#define DIRECTOR_PAUSE_MAX 5000
/* A director that does not read what it is told is of no use. */
#define QUEUE_MAX (64 << 20)

struct message {
    struct message *next;
    int fd;
    size_t length;
    char data[];
};

static struct message *first, **last = &first;
static size_t queued;
static int64_t started, restart_at;
static int pause_ms;

static void queue_clear(void)
{
    while (first) {
        struct message *next = first->next;
        if (first->fd >= 0)
            close(first->fd);
        free(first);
        first = next;
    }
    last = &first;
    queued = 0;
}

bool director_wants_write(void)
{
    return first != NULL;
}

void director_send(const void *message, size_t length, int fd)
{
    if (keeper.director < 0)
        return; /* the next one asks for what there is */
    struct message *entry = malloc(sizeof *entry + length);
    if (!entry || queued > QUEUE_MAX) {
        free(entry);
        keeper_log("the director does not read; it is restarted");
        kill(keeper.director_pid, SIGKILL);
        return;
    }
    entry->next = NULL;
    entry->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, STAGE_END) : -1;
    entry->length = length;
    memcpy(entry->data, message, length);
    *last = entry;
    last = &entry->next;
    queued += length;
}

void director_done(uint32_t number, int error, const char *format, ...)
{
    struct keeper_done done = {.header = {KEEPER_DONE, number}, .error = error};
    va_list args;
    va_start(args, format);
    vsnprintf(done.text, sizeof done.text, format, args);
    va_end(args);
    director_send(&done, sizeof done, -1);
}

static int send_message(const struct message *message)
{
    struct iovec part = {(void *)message->data, message->length};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    if (message->fd >= 0) {
        packet.msg_control = &control;
        packet.msg_controllen = sizeof control;
        control.header =
            (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(&control.header), &message->fd, sizeof(int));
    }
    return sendmsg(keeper.director, &packet, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void director_flush(void)
{
    while (first && keeper.director >= 0) {
        int error = send_message(first);
        if (error == -EAGAIN || error == -EINTR || error == -ENOBUFS)
            return;
        struct message *sent = first;
        first = sent->next;
        if (!first)
            last = &first;
        queued -= sent->length;
        if (sent->fd >= 0)
            close(sent->fd);
        free(sent);
        if (error) { /* it is dying; its death will be reaped */
            queue_clear();
            return;
        }
    }
}

/* In the child: the director's descriptors, arguments and environment. */
static void execute(int socket) __attribute__((noreturn));
static void execute(int socket)
{
    int high = fcntl(socket, F_DUPFD, 100), listener = fcntl(STAGE_LISTENER, F_DUPFD, 101);
    int settings_fd = fcntl(STAGE_SETTINGS, F_DUPFD, 102);
    struct settings settings;
    if (high < 0 || listener < 0 || pread(settings_fd, &settings, sizeof settings, 0) != (ssize_t)sizeof settings)
        _exit(126);
    char *text = malloc(settings.arguments_length + 1);
    char **argv = calloc(settings.argument_count + 2, sizeof *argv);
    if (!text || !argv ||
        pread(settings_fd, text, settings.arguments_length, sizeof settings) != (ssize_t)settings.arguments_length)
        _exit(126);
    argv[0] = "director";
    for (uint32_t i = 0; i < settings.argument_count; i++, text += strlen(text) + 1)
        argv[i + 1] = text;
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0 || dup2(STAGE_LOG, 1) < 0 || dup2(high, KEEPER_SOCKET) < 0 ||
        dup2(listener, KEEPER_LISTENER) < 0)
        _exit(126);
    child_close_all((const int[]){0, 1, 2, KEEPER_SOCKET, KEEPER_LISTENER}, 5);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    char *const environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
                                 "LANG=C.UTF-8", NULL};
    execve("/program/director", argv, environment);
    keeper_log("execute the director: %s", strerror(errno));
    _exit(127);
}

void director_start(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        keeper_log("make the director's socket: %s", strerror(errno));
        restart_at = keeper_now() + DIRECTOR_PAUSE_MAX;
        return;
    }
    /* Both ends may hold a whole KEEPER_SPAWN without waiting. */
    for (int i = 0; i < 2; i++)
        setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &(int){1 << 20}, sizeof(int));
    pid_t child = fork();
    if (child == 0)
        execute(pair[1]);
    close(pair[1]);
    if (child < 0) {
        close(pair[0]);
        keeper_log("start the director: %s", strerror(errno));
        restart_at = keeper_now() + DIRECTOR_PAUSE_MAX;
        return;
    }
    keeper.director = pair[0];
    keeper.director_pid = child;
    started = keeper_now();
}

void director_ended(int status)
{
    if (keeper.director >= 0)
        close(keeper.director);
    keeper.director = -1;
    keeper.director_pid = 0;
    queue_clear();
    if (!keeper.up) {
        if (WIFSIGNALED(status))
            stage_fail(ECHILD, "start the director (it ended by signal %d)", WTERMSIG(status));
        stage_fail(ECHILD, "start the director (it ended with status %d)", WEXITSTATUS(status));
    }
    int64_t now = keeper_now();
    pause_ms = now - started > DIRECTOR_LIVED ? 0 : pause_ms == 0 ? 50 : pause_ms * 2;
    if (pause_ms > DIRECTOR_PAUSE_MAX)
        pause_ms = DIRECTOR_PAUSE_MAX;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && pause_ms > 50)
        pause_ms = 50; /* somebody else's doing: it does not come of starting it */
    restart_at = now + pause_ms;
    keeper_log("the director ended by %s %d; it is restarted in %d ms", WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), pause_ms);
}

int director_timeout(void)
{
    if (keeper.director_pid)
        return -1;
    int64_t rest = restart_at - keeper_now();
    return rest > 0 ? (int)rest : 0;
}

static void greet(uint32_t number)
{
    node_announce();
    spawn_announce();
    store_announce();
    director_done(number, 0, "hello");
    if (keeper.up)
        return;
    keeper.up = true;
    struct stage_status status = {0};
    send(STAGE_STATUS, &status, sizeof status, MSG_NOSIGNAL);
}

union request {
    struct keeper_header header;
    struct keeper_id id;
    struct keeper_ids ids;
    struct keeper_count count;
    struct keeper_view view;
    struct keeper_spawn spawn;
    struct keeper_kill kill;
    struct keeper_store store;
};

static void handle(union request *request, size_t length, int *fds, size_t fd_count)
{
    static const struct {
        size_t least;
        size_t fds;
    } shape[] = {
        [KEEPER_HELLO] = {sizeof request->header, 0}, [KEEPER_VIEW] = {sizeof request->view, 1},
        [KEEPER_NODES] = {sizeof request->count, 1},  [KEEPER_NODE_DELETE] = {sizeof request->id, 0},
        [KEEPER_CLOUDS] = {sizeof request->ids, 0},   [KEEPER_CLOUD_DELETE] = {sizeof request->ids, 0},
        [KEEPER_SPAWN] = {sizeof request->spawn, 3},  [KEEPER_KILL] = {sizeof request->kill, 0},
        [KEEPER_STORE] = {sizeof request->store, 1},  [KEEPER_EXIT] = {sizeof request->header, 0},
    };
    uint32_t kind = request->header.kind, number = request->header.number;
    if (kind >= ARRAY_SIZE(shape) || shape[kind].least == 0 || length < shape[kind].least ||
        fd_count < shape[kind].fds) {
        director_done(number, EPROTO, "understand request %u of the director", kind);
        return;
    }
    bool ids = kind == KEEPER_CLOUDS || kind == KEEPER_CLOUD_DELETE;
    if (ids && (length - sizeof request->ids) / sizeof request->ids.ids[0] < request->ids.count) {
        director_done(number, EPROTO, "understand request %u of the director", kind);
        return;
    }
    switch (kind) {
    case KEEPER_HELLO:
        greet(number);
        break;
    case KEEPER_VIEW:
        view_define(&request->view, fds[0]);
        break;
    case KEEPER_NODES:
        node_create(&request->count, fds[0]);
        break;
    case KEEPER_NODE_DELETE:
        node_delete(request->id.id);
        break;
    case KEEPER_CLOUDS:
        cloud_create(&request->ids);
        break;
    case KEEPER_CLOUD_DELETE:
        cloud_delete(&request->ids);
        break;
    case KEEPER_SPAWN:
        spawn_start(&request->spawn, length, fds, fd_count);
        break;
    case KEEPER_KILL:
        spawn_kill(&request->kill);
        break;
    case KEEPER_STORE:
        store_put(&request->store, fds[0]);
        break;
    default:
        keeper_log("the lab ends, as asked");
        _exit(0);
    }
}

/* One request; false when none waits. */
static bool receive(void)
{
    static union {
        union request request;
        char bytes[KEEPER_MESSAGE_MAX + 1]; /* one more: texts end by NUL whatever came */
    } buffer;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * KEEPER_FDS_MAX)];
    } control;
    struct iovec part = {&buffer, KEEPER_MESSAGE_MAX};
    struct msghdr packet = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(keeper.director, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (length <= 0) { /* closed: a director without its keeper is of no use */
        close(keeper.director);
        keeper.director = -1;
        if (keeper.director_pid)
            kill(keeper.director_pid, SIGKILL);
        return false;
    }
    int fds[KEEPER_FDS_MAX];
    size_t fd_count = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&packet); header; header = CMSG_NXTHDR(&packet, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        fd_count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(header), fd_count * sizeof(int));
    }
    buffer.bytes[length] = 0;
    if ((size_t)length >= sizeof(struct keeper_header) && !(packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        handle(&buffer.request, (size_t)length, fds, fd_count);
    for (size_t i = 0; i < fd_count; i++)
        close(fds[i]);
    explicit_bzero(&buffer, (size_t)length); /* nothing of one node may be in the memory of another's init */
    return true;
}

void director_readable(void)
{
    for (int i = 0; i < 256 && keeper.director >= 0; i++)
        if (!receive())
            return;
}
