/* A lab without labctl: a test program that starts a keeper, is its director, and talks to it.
 *
 * The program has two roles: the test (its own main) and the director (the keeper executes the same program; main hands
 * over to driver_director).  Between them goes one fixed struct each way on the lab's control socket, after the same
 * greeting as labctl's. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "lab/credentials.h"
#include "lab/keeper.h"
#include "lab/start.h"

#define DRIVER_NODES   5000
#define DRIVER_TIMEOUT 20000

enum driver_verb {
    DRIVER_NODES_MAKE, /* first, count: nodes "n0"…, answered when all are ready */
    DRIVER_NODE_PID,   /* first: pid of its init in the lab; waits until it is ready */
    DRIVER_NODE_DELETE,
    DRIVER_NODE_RESTART,
    DRIVER_LOST,   /* how many NODE_LOST events there were */
    DRIVER_CLOUDS, /* first, count */
    DRIVER_VIEW,   /* first: id; text: its hosts file */
    DRIVER_SPAWN,  /* first: node; target; text: NUL-separated argv; descriptors 0, 1, 2 and perhaps control */
    DRIVER_WAIT,   /* first: process; answered with end and value */
    DRIVER_KILL,   /* first: process; count: signal */
    DRIVER_STORE,  /* text: tag; a descriptor */
    DRIVER_STORED, /* text: tag; 1 and the descriptor's first byte where it came back after a restart */
    DRIVER_RUNS,   /* how many processes were announced at hello */
    DRIVER_CRASH,  /* the director kills itself */
    DRIVER_PID,    /* of the director, in the lab */
    DRIVER_EXIT,
};

#define DRIVER_MAGIC 0x6b707231u

struct driver_request {
    uint32_t magic; /* others look for labs too: `labctl list` connects to all */
    uint32_t verb, first, count, target;
    uint32_t pty, rows, columns;
    uint32_t length;
    char text[2000];
};
struct driver_answer {
    int32_t status; /* 0, or -1 with text */
    int64_t value;
    uint32_t end;
    char text[500];
};

/* ---- the director ---- */

struct driver_state {
    struct keeper *keeper;
    pid_t pids[DRIVER_NODES];
    unsigned ready, lost, gone, failed, announced;
    struct {
        uint32_t process;
        enum keeper_end end;
        int value;
        char operation[64];
        bool ended;
    } processes[4096];
    uint32_t last_process;
    char failure[200];
    char stored_tag[KEEPER_TAG_MAX];
    int stored_fd;
};

static inline void driver_event(void *context, const struct keeper_event *event)
{
    struct driver_state *state = context;
    switch (event->kind) {
    case KEEPER_EVENT_NODE_READY:
        state->pids[event->id] = event->pid;
        state->ready++;
        break;
    case KEEPER_EVENT_NODE_LOST:
        state->pids[event->id] = 0;
        state->lost++;
        state->ready--;
        break;
    case KEEPER_EVENT_NODE_GONE:
        state->pids[event->id] = 0;
        state->gone++;
        state->ready--;
        break;
    case KEEPER_EVENT_NODE_FAILED:
        state->failed++;
        snprintf(state->failure, sizeof state->failure, "node %u: %s: %s", event->id, event->operation,
                 strerror(event->number));
        break;
    case KEEPER_EVENT_PROCESS_STARTED:
        state->announced++;
        if (event->process > state->last_process)
            state->last_process = event->process;
        break;
    case KEEPER_EVENT_PROCESS_ENDED:
        if (event->process < ARRAY_SIZE(state->processes)) {
            state->processes[event->process].ended = true;
            state->processes[event->process].end = event->end;
            state->processes[event->process].value = event->value;
            snprintf(state->processes[event->process].operation, 64, "%s", event->operation);
        }
        break;
    case KEEPER_EVENT_STORED:
        snprintf(state->stored_tag, sizeof state->stored_tag, "%s", event->tag);
        state->stored_fd = event->fd;
        break;
    }
}

static inline void driver_make_nodes(struct driver_state *state, const struct driver_request *request,
                                     struct driver_answer *answer, struct error *err)
{
    struct keeper_node_spec *specs = calloc(request->count, sizeof *specs);
    char(*names)[24] = calloc(request->count, sizeof *names);
    static char text[20000]; /* more than the keeper reads at once */
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 23);
    struct keeper_file_spec files[] = {
        {.path = "/etc/marker", .content = "made\n", .length = 5, .mode = 0600},
        {.path = "/var/www/deep/index.html", .content = "page\n", .length = 5},
        {.path = "/root/long", .content = text, .length = sizeof text},
    };
    struct keeper_file_spec settings[] = {
        {.path = "net/no/such/setting", .content = "1", .length = 1},
        {.path = "net/ipv4/ip_forward", .content = "1", .length = 1},
        {.path = "net/ipv4/ip_default_ttl", .content = "0", .length = 1}, /* refused */
        {.path = "net/ipv4/conf/default/log_martians", .content = "1", .length = 1},
    };
    for (uint32_t i = 0; i < request->count; i++) {
        snprintf(names[i], sizeof names[i], "n%u", request->first + i);
        specs[i] = (struct keeper_node_spec){.id = request->first + i,
                                             .hostname = names[i],
                                             .view = request->target,
                                             .files = files,
                                             .file_count = ARRAY_SIZE(files),
                                             .settings = settings,
                                             .setting_count = ARRAY_SIZE(settings)};
    }
    unsigned want = state->ready + request->count;
    answer->status = keeper_create_nodes(state->keeper, specs, request->count, err);
    while (answer->status == 0 && state->ready < want && !state->failed)
        if (keeper_dispatch(state->keeper, -1, err) < 0)
            answer->status = -1;
    if (state->failed) {
        answer->status = -1;
        snprintf(answer->text, sizeof answer->text, "%s", state->failure);
    }
    free(names);
    free(specs);
}

static inline void driver_spawn(struct driver_state *state, const struct driver_request *request, const int *fds,
                                size_t fd_count, struct driver_answer *answer, struct error *err)
{
    const char *argv[32];
    size_t argc = 0;
    for (uint32_t at = 0; at < request->length && argc < 32; at += (uint32_t)strlen(request->text + at) + 1)
        argv[argc++] = request->text + at;
    static const char *const environment[] = {"TERM=xterm", "MARK=given"};
    struct keeper_spawn_spec spec = {.process = ++state->last_process,
                                     .target = request->target,
                                     .id = request->first,
                                     .argv = argv,
                                     .argc = argc,
                                     .environment = environment,
                                     .environment_count = 2,
                                     .fds = {-1, -1, -1},
                                     .control = -1,
                                     .pty = request->pty,
                                     .rows = (uint16_t)request->rows,
                                     .columns = (uint16_t)request->columns};
    for (size_t i = 0; i < 3 && i < fd_count; i++)
        spec.fds[i] = fds[i];
    if (fd_count > 3)
        spec.control = fds[3];
    state->processes[spec.process % ARRAY_SIZE(state->processes)].ended = false;
    answer->value = spec.process;
    answer->status = keeper_spawn(state->keeper, &spec, err);
}

static inline void driver_handle(struct driver_state *state, const struct driver_request *request, const int *fds,
                                 size_t fd_count, struct driver_answer *answer)
{
    struct error err = ERROR_INIT;
    uint32_t ids[256];
    uint32_t first = request->first;
    struct keeper_file_spec hosts = {.path = "hosts", .content = request->text, .length = request->length};
    switch (request->verb) {
    case DRIVER_NODES_MAKE:
        driver_make_nodes(state, request, answer, &err);
        break;
    case DRIVER_NODE_PID:
        while (!state->pids[first] && !state->failed && keeper_dispatch(state->keeper, -1, &err) >= 0)
            continue;
        answer->value = state->pids[first];
        break;
    case DRIVER_NODE_DELETE: {
        unsigned want = state->gone + 1;
        answer->status = keeper_delete_node(state->keeper, first, &err);
        while (answer->status == 0 && state->gone < want && keeper_dispatch(state->keeper, -1, &err) >= 0)
            continue;
        break;
    }
    case DRIVER_NODE_RESTART: {
        unsigned want = state->lost + 1;
        answer->status = kill(state->pids[first], SIGKILL);
        while (answer->status == 0 && state->lost < want && keeper_dispatch(state->keeper, -1, &err) >= 0)
            continue;
        break;
    }
    case DRIVER_LOST:
        answer->value = state->lost;
        break;
    case DRIVER_CLOUDS:
        for (uint32_t i = 0; i < request->count && i < ARRAY_SIZE(ids); i++)
            ids[i] = first + i;
        answer->status = keeper_create_clouds(state->keeper, ids, request->count, &err);
        break;
    case DRIVER_VIEW:
        answer->status = keeper_define_view(state->keeper, first, &hosts, 1, &err);
        break;
    case DRIVER_SPAWN:
        driver_spawn(state, request, fds, fd_count, answer, &err);
        break;
    case DRIVER_WAIT:
        while (!state->processes[first].ended && keeper_dispatch(state->keeper, -1, &err) >= 0)
            continue;
        answer->value = state->processes[first].value;
        answer->end = state->processes[first].end;
        snprintf(answer->text, sizeof answer->text, "%s", state->processes[first].operation);
        break;
    case DRIVER_KILL:
        answer->status = keeper_kill(state->keeper, first, (int)request->count, &err);
        break;
    case DRIVER_STORE:
        answer->status = keeper_store(state->keeper, request->text, fds[0], &err);
        break;
    case DRIVER_STORED: {
        char byte = 0;
        if (!strcmp(state->stored_tag, request->text) && pread(state->stored_fd, &byte, 1, 0) == 1)
            answer->value = byte;
        break;
    }
    case DRIVER_RUNS:
        answer->value = state->announced;
        break;
    case DRIVER_CRASH:
        raise(SIGKILL);
        break;
    case DRIVER_PID:
        answer->value = getpid();
        break;
    case DRIVER_EXIT:
        answer->status = keeper_exit(state->keeper, &err);
        break;
    default:
        answer->status = -1;
    }
    if (err.kind) {
        answer->status = -1;
        snprintf(answer->text, sizeof answer->text, "%.499s", err.text);
    }
}

struct driver_client {
    int fd;
    bool prove;
};

/* Takes what a client sent; false: close it. */
static inline bool driver_serve(struct driver_state *state, struct driver_client *client)
{
    struct error err = ERROR_INIT;
    if (client->prove) {
        client->prove = false;
        return credentials_verify(client->fd, &err) == 0;
    }
    struct driver_request request = {0};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * 4)];
    } control;
    struct iovec part = {&request, sizeof request};
    struct msghdr packet = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(client->fd, &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    int fds[4] = {-1, -1, -1, -1};
    size_t fd_count = 0;
    struct cmsghdr *header = length > 0 ? CMSG_FIRSTHDR(&packet) : NULL;
    if (header && header->cmsg_type == SCM_RIGHTS) {
        fd_count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(header), fd_count * sizeof(int));
    }
    bool good = length == (ssize_t)sizeof request && request.magic == DRIVER_MAGIC;
    struct driver_answer answer = {0};
    if (good)
        driver_handle(state, &request, fds, fd_count, &answer);
    for (size_t i = 0; i < fd_count; i++)
        close(fds[i]);
    return good && fd_write_all(client->fd, &answer, sizeof answer) == 0;
}

static inline void driver_accept(struct driver_client *clients, size_t count)
{
    struct error err = ERROR_INIT;
    int fd = accept4(KEEPER_LISTENER, NULL, NULL, SOCK_CLOEXEC);
    for (size_t i = 0; fd >= 0 && i < count; i++) {
        if (clients[i].fd >= 0)
            continue;
        if (credentials_greet(fd, &clients[i].prove, &err))
            break;
        clients[i].fd = fd;
        return;
    }
    if (fd >= 0)
        close(fd);
}

static inline int driver_director(void)
{
    static struct driver_state state;
    struct driver_client clients[16];
    struct error err = ERROR_INIT;
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
        clients[i] = (struct driver_client){.fd = -1};
    if (keeper_open(KEEPER_SOCKET, driver_event, &state, &state.keeper, &err)) {
        fprintf(stderr, "driver: %s\n", err.text);
        return 1;
    }
    for (;;) {
        struct pollfd fds[ARRAY_SIZE(clients) + 2];
        for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
            fds[i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
        fds[16] = (struct pollfd){.fd = KEEPER_LISTENER, .events = POLLIN};
        fds[17] = (struct pollfd){.fd = keeper_descriptor(state.keeper), .events = POLLIN};
        if (poll(fds, ARRAY_SIZE(fds), -1) < 0 || (fds[17].revents && keeper_dispatch(state.keeper, 0, &err) < 0))
            return 1;
        for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
            if (fds[i].revents && !driver_serve(&state, &clients[i]))
                fd_close(&clients[i].fd);
        if (fds[16].revents)
            driver_accept(clients, ARRAY_SIZE(clients));
    }
}

/* ---- the test's side ---- */

struct driver {
    char lab[LAB_NAME_MAX + 1];
    struct keeper_start *start;
    int socket;
    pid_t keeper, director; /* as the test sees them */
};

static inline const char *driver_libexec(void)
{
    static char directory[4096];
    const char *labctl = getenv("LABCTL");
    if (!labctl)
        labctl = "build/labctl";
    snprintf(directory, sizeof directory, "%s", labctl);
    char *slash = strrchr(directory, '/');
    if (slash)
        *slash = 0;
    return directory;
}

static inline int driver_connect(struct driver *driver, struct error *err)
{
    struct sockaddr_un address;
    int length = keeper_address(driver->lab, &address, err);
    driver->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(driver->socket, (const struct sockaddr *)&address, (socklen_t)length))
        return error_set_errno(err, errno, "connect to %s", driver->lab);
    return credentials_prove(driver->socket, DRIVER_TIMEOUT, &driver->keeper, &driver->director, err);
}

static inline int driver_start(struct driver *driver, const char *name, struct error *err)
{
    static const char *const embedded[] = {"httpd", "echod"};
    static const char *const hidden[] = {"/usr/share/doc"};
    *driver = (struct driver){.socket = -1};
    snprintf(driver->lab, sizeof driver->lab, "t-%s-%d", name, (int)getpid());
    struct keeper_options options = {.lab = driver->lab,
                                     .embedded = embedded,
                                     .embedded_count = 2,
                                     .hidden = hidden,
                                     .hidden_count = 1,
                                     .libexec = driver_libexec()};
    if (keeper_start(&options, &driver->start, err))
        return -1;
    return driver_connect(driver, err);
}

static inline int driver_call(struct driver *driver, struct driver_request *request, const int *fds, size_t fd_count,
                              struct driver_answer *answer)
{
    request->magic = DRIVER_MAGIC;
    struct iovec part = {request, sizeof *request};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * 4)];
    } control = {0};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count) {
        packet.msg_control = &control;
        packet.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        control.header = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int) * fd_count)};
        memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * fd_count);
    }
    *answer = (struct driver_answer){.status = -1, .text = "no answer"};
    if (sendmsg(driver->socket, &packet, MSG_NOSIGNAL) != (ssize_t)sizeof *request)
        return -1;
    struct driver_answer got;
    if (recv(driver->socket, &got, sizeof got, MSG_WAITALL) != (ssize_t)sizeof got)
        return -1;
    *answer = got;
    return answer->status;
}

/* The short form: verb and two numbers; the value, or -1 with a message on stderr. */
static inline int64_t driver_do(struct driver *driver, enum driver_verb verb, uint32_t first, uint32_t count)
{
    struct driver_request request = {.verb = verb, .first = first, .count = count, .target = UINT32_MAX};
    struct driver_answer answer;
    if (driver_call(driver, &request, NULL, 0, &answer)) {
        fprintf(stderr, "driver: verb %d: %s\n", (int)verb, answer.text);
        return -1;
    }
    return answer.value;
}

/* Starts a process; descriptors may be fewer than four.  Returns its number. */
static inline int64_t driver_spawn_in(struct driver *driver, enum keeper_target target, uint32_t id,
                                      const char *const *argv, const int *fds, size_t fd_count)
{
    struct driver_request request = {.verb = DRIVER_SPAWN, .first = id, .target = target};
    for (size_t i = 0; argv[i]; i++) {
        size_t length = strlen(argv[i]) + 1;
        memcpy(request.text + request.length, argv[i], length);
        request.length += (uint32_t)length;
    }
    struct driver_answer answer;
    return driver_call(driver, &request, fds, fd_count, &answer) ? -1 : answer.value;
}

/* Runs a shell command in a node and gathers what it prints (both streams); returns the exit status, 128 + signal, or
 * -1. */
static inline int driver_shell(struct driver *driver, uint32_t node, const char *command, char *out, size_t size)
{
    int pipes[2], null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || pipe2(pipes, O_CLOEXEC))
        return -1;
    const char *argv[] = {"/bin/bash", "-c", command, NULL};
    int64_t process = driver_spawn_in(driver, KEEPER_TARGET_NODE, node, argv, (int[]){null, pipes[1], pipes[1]}, 3);
    close(null);
    close(pipes[1]);
    size_t used = 0;
    char scratch[4096];
    while (process >= 0) {
        if (poll(&(struct pollfd){.fd = pipes[0], .events = POLLIN}, 1, DRIVER_TIMEOUT) != 1)
            break;
        ssize_t count = read(pipes[0], scratch, sizeof scratch);
        if (count <= 0)
            break;
        for (ssize_t i = 0; i < count && used + 1 < size; i++)
            out[used++] = scratch[i];
    }
    if (size)
        out[used] = 0;
    close(pipes[0]);
    if (process < 0)
        return -1;
    struct driver_request request = {.verb = DRIVER_WAIT, .first = (uint32_t)process};
    struct driver_answer answer;
    if (driver_call(driver, &request, NULL, 0, &answer))
        return -1;
    if (answer.end == KEEPER_NOT_STARTED) {
        fprintf(stderr, "driver: %s: %s\n", answer.text, strerror((int)answer.value));
        return answer.value == ENOENT ? 127 : 126;
    }
    return answer.end == KEEPER_SIGNALED ? 128 + (int)answer.value : (int)answer.value;
}

static inline void driver_stop(struct driver *driver)
{
    if (driver->socket >= 0)
        close(driver->socket);
    keeper_finish(driver->start);
    *driver = (struct driver){.socket = -1};
}

static inline int64_t driver_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}
