/* The director's conversation with the keeper. */
#include "lab/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"

/* A request that waits for its answer; handlers may make requests of their own meanwhile. */
struct pending {
    struct pending *outer;
    uint32_t number;
    bool answered;
    struct keeper_done done;
};

struct keeper {
    int socket;
    keeper_handler *handler;
    void *context;
    uint32_t last_number;
    struct pending *pending;
    size_t events; /* handed to the handler */
    union {
        struct keeper_header header;
        char bytes[KEEPER_MESSAGE_MAX];
    } buffer;
};

static int send_request(struct keeper *keeper, const void *message, size_t length, const int *fds, size_t fd_count,
                        struct error *err)
{
    struct iovec part = {(void *)message, length};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * KEEPER_FDS_MAX)];
    } control = {0};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count > 0) {
        packet.msg_control = &control;
        packet.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        control.header = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int) * fd_count)};
        memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * fd_count);
    }
    ssize_t count;
    do
        count = sendmsg(keeper->socket, &packet, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    return count < 0 ? error_set_errno(err, errno, "send a request to the keeper") : 0;
}

static void hand_over(struct keeper *keeper, const struct keeper_event *event)
{
    keeper->events++;
    if (keeper->handler)
        keeper->handler(keeper->context, event);
}

static void take_ready(struct keeper *keeper, const struct keeper_nodes_ready *ready, size_t length)
{
    size_t room = (length - sizeof *ready) / sizeof ready->nodes[0];
    /* The handler may call us again and so overwrite the buffer. */
    size_t count = ready->count < room ? ready->count : room, size = count * sizeof ready->nodes[0];
    void *copy = malloc(size + 1);
    if (!copy)
        arena_exhausted();
    memcpy(copy, ready->nodes, size);
    const struct {
        uint32_t id;
        int32_t pid;
    } *nodes = copy;
    for (size_t i = 0; i < count; i++)
        hand_over(
            keeper,
            &(struct keeper_event){
                .kind = KEEPER_EVENT_NODE_READY, .id = nodes[i].id, .pid = nodes[i].pid, .operation = "", .fd = -1});
    free(copy);
}

static void take_node(struct keeper *keeper, enum keeper_event_kind kind)
{
    struct keeper_node_event node;
    memcpy(&node, &keeper->buffer, sizeof node);
    hand_over(
        keeper,
        &(struct keeper_event){
            .kind = kind, .id = node.id, .pid = node.pid, .number = node.error, .operation = node.operation, .fd = -1});
}

static void take_process(struct keeper *keeper, enum keeper_event_kind kind)
{
    struct keeper_process_event process;
    memcpy(&process, &keeper->buffer, sizeof process);
    hand_over(keeper, &(struct keeper_event){.kind = kind,
                                             .process = process.process,
                                             .pid = process.pid,
                                             .target = process.target,
                                             .id = process.id,
                                             .end = process.end,
                                             .value = process.value,
                                             .operation = process.operation,
                                             .fd = -1});
}

static void take_stored(struct keeper *keeper, int *fd)
{
    struct keeper_store store;
    memcpy(&store, &keeper->buffer, sizeof store);
    store.tag[sizeof store.tag - 1] = 0;
    if (*fd >= 0 && keeper->handler)
        hand_over(keeper, &(struct keeper_event){
                              .kind = KEEPER_EVENT_STORED, .tag = store.tag, .operation = "", .fd = fd_steal(fd)});
}

static void take_done(struct keeper *keeper)
{
    struct keeper_done done;
    memcpy(&done, &keeper->buffer, sizeof done);
    done.text[sizeof done.text - 1] = 0;
    for (struct pending *pending = keeper->pending; pending; pending = pending->outer)
        if (pending->number == done.header.number) {
            pending->done = done;
            pending->answered = true;
        }
}

/* Takes one message.  1, 0 when none waits, -1 with err. */
static int take_one(struct keeper *keeper, struct error *err)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {&keeper->buffer, sizeof keeper->buffer};
    struct msghdr packet = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(keeper->socket, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (length < 0)
        return error_set_errno(err, errno, "receive from the keeper");
    if (length == 0)
        return error_set(err, ERR_SYSTEM, "receive from the keeper: it has closed the connection");
    FD_AUTO fd = -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(header), sizeof fd);

    static const size_t least[] = {
        [KEEPER_DONE - KEEPER_DONE] = sizeof(struct keeper_done),
        [KEEPER_NODE_READY - KEEPER_DONE] = sizeof(struct keeper_nodes_ready),
        [KEEPER_NODE_LOST - KEEPER_DONE] = sizeof(struct keeper_node_event),
        [KEEPER_NODE_GONE - KEEPER_DONE] = sizeof(struct keeper_node_event),
        [KEEPER_NODE_FAILED - KEEPER_DONE] = sizeof(struct keeper_node_event),
        [KEEPER_PROCESS_STARTED - KEEPER_DONE] = sizeof(struct keeper_process_event),
        [KEEPER_PROCESS_ENDED - KEEPER_DONE] = sizeof(struct keeper_process_event),
        [KEEPER_STORED - KEEPER_DONE] = sizeof(struct keeper_store),
    };
    uint32_t kind = (size_t)length < sizeof keeper->buffer.header ? 0 : keeper->buffer.header.kind;
    if (kind < KEEPER_DONE || kind > KEEPER_STORED || (size_t)length < least[kind - KEEPER_DONE])
        return error_set(err, ERR_SYSTEM, "receive from the keeper: message %u of %zd bytes is not understood", kind,
                         length);
    switch (kind) {
    case KEEPER_NODE_READY:
        take_ready(keeper, (const void *)&keeper->buffer, (size_t)length);
        break;
    case KEEPER_NODE_LOST:
        take_node(keeper, KEEPER_EVENT_NODE_LOST);
        break;
    case KEEPER_NODE_GONE:
        take_node(keeper, KEEPER_EVENT_NODE_GONE);
        break;
    case KEEPER_NODE_FAILED:
        take_node(keeper, KEEPER_EVENT_NODE_FAILED);
        break;
    case KEEPER_PROCESS_STARTED:
        take_process(keeper, KEEPER_EVENT_PROCESS_STARTED);
        break;
    case KEEPER_PROCESS_ENDED:
        take_process(keeper, KEEPER_EVENT_PROCESS_ENDED);
        break;
    case KEEPER_STORED:
        take_stored(keeper, &fd);
        break;
    default:
        take_done(keeper);
        break;
    }
    return 1;
}

static int wait_readable(struct keeper *keeper, int timeout, struct error *err)
{
    int count = poll(&(struct pollfd){.fd = keeper->socket, .events = POLLIN}, 1, timeout);
    if (count < 0 && errno != EINTR)
        return error_set_errno(err, errno, "wait for the keeper");
    return 0;
}

int keeper_dispatch(struct keeper *keeper, int timeout, struct error *err)
{
    size_t before = keeper->events;
    int status = timeout ? wait_readable(keeper, timeout, err) : 0;
    while (status == 0) {
        int taken = take_one(keeper, err);
        if (taken < 0)
            return -1;
        if (taken == 0)
            break;
    }
    return status ? -1 : (int)(keeper->events - before);
}

/* Sends a request and handles events until it is answered. */
static int call(struct keeper *keeper, void *message, size_t length, const int *fds, size_t fd_count, struct error *err)
{
    struct keeper_header *header = message;
    header->number = ++keeper->last_number;
    struct pending pending = {.outer = keeper->pending, .number = header->number};
    if (send_request(keeper, message, length, fds, fd_count, err))
        return -1;
    keeper->pending = &pending;
    int status = 0;
    while (!pending.answered && status == 0) {
        int taken = take_one(keeper, err);
        if (taken < 0 || (taken == 0 && wait_readable(keeper, -1, err)))
            status = -1;
    }
    keeper->pending = pending.outer;
    if (status == 0 && pending.done.error)
        status = error_set_errno(err, pending.done.error, "%s", pending.done.text);
    return status;
}

int keeper_open(int socket, keeper_handler *handler, void *context, struct keeper **out, struct error *err)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        arena_exhausted();
    *keeper = (struct keeper){.socket = socket, .handler = handler, .context = context};
    fcntl(socket, F_SETFD, FD_CLOEXEC);
    struct keeper_header hello = {KEEPER_HELLO, 0};
    /* The handler may want it already. */
    *out = keeper;
    if (call(keeper, &hello, sizeof hello, NULL, 0, err)) {
        keeper_close(keeper);
        *out = NULL;
        return -1;
    }
    return 0;
}

void keeper_close(struct keeper *keeper)
{
    if (!keeper)
        return;
    close(keeper->socket);
    free(keeper);
}

int keeper_descriptor(const struct keeper *keeper)
{
    return keeper->socket;
}

static void add_file(struct str *out, const struct keeper_file_spec *spec)
{
    static const char padding[8] = {0};
    struct keeper_file file = {.path_length = (uint32_t)strlen(spec->path),
                               .content_length = (uint32_t)spec->length,
                               .mode = spec->mode ? spec->mode : 0644};
    str_append_bytes(out, &file, sizeof file);
    str_append_bytes(out, spec->path, file.path_length);
    str_append_bytes(out, spec->content, spec->length);
    str_append_bytes(out, padding, (8 - (out->length & 7)) & 7);
}

int keeper_define_view(struct keeper *keeper, uint32_t id, const struct keeper_file_spec *files, size_t count,
                       struct error *err)
{
    STR_AUTO records = STR_INIT;
    for (size_t i = 0; i < count; i++)
        add_file(&records, &files[i]);
    FD_AUTO memory = fd_memory("view", str_text(&records), records.length);
    if (memory < 0)
        return error_set_errno(err, errno, "define view %u of /etc", id);
    struct keeper_view view = {.header = {KEEPER_VIEW, 0}, .id = id, .file_count = (uint32_t)count};
    return call(keeper, &view, sizeof view, &memory, 1, err);
}

int keeper_create_nodes(struct keeper *keeper, const struct keeper_node_spec *nodes, size_t count, struct error *err)
{
    STR_AUTO files = STR_INIT, records = STR_INIT;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(nodes[i].hostname);
        if (length > KEEPER_HOSTNAME_MAX)
            return error_set(err, ERR_SYSTEM, "create node %s: its host name is longer than %d bytes",
                             nodes[i].hostname, KEEPER_HOSTNAME_MAX);
        struct keeper_node node = {.id = nodes[i].id,
                                   .view = nodes[i].view,
                                   .file_count = (uint32_t)nodes[i].file_count,
                                   .setting_count = (uint32_t)nodes[i].setting_count,
                                   .files = count * sizeof node + files.length};
        memcpy(node.hostname, nodes[i].hostname, length);
        for (size_t j = 0; j < nodes[i].file_count; j++)
            add_file(&files, &nodes[i].files[j]);
        node.settings = count * sizeof node + files.length;
        for (size_t j = 0; j < nodes[i].setting_count; j++)
            add_file(&files, &nodes[i].settings[j]);
        str_append_bytes(&records, &node, sizeof node);
    }
    str_append_bytes(&records, str_text(&files), files.length);
    FD_AUTO memory = fd_memory("nodes", str_text(&records), records.length);
    if (memory < 0)
        return error_set_errno(err, errno, "create %zu nodes", count);
    struct keeper_count request = {.header = {KEEPER_NODES, 0}, .count = (uint32_t)count};
    return call(keeper, &request, sizeof request, &memory, 1, err);
}

static int send_id(struct keeper *keeper, uint32_t kind, uint32_t id, struct error *err)
{
    struct keeper_id request = {.header = {kind, ++keeper->last_number}, .id = id};
    return send_request(keeper, &request, sizeof request, NULL, 0, err);
}

int keeper_delete_node(struct keeper *keeper, uint32_t id, struct error *err)
{
    return send_id(keeper, KEEPER_NODE_DELETE, id, err);
}

/* In parts that fit into a message. */
static int call_ids(struct keeper *keeper, uint32_t kind, const uint32_t *ids, size_t count, struct error *err)
{
    enum { PART = 4096 };
    static union {
        struct keeper_ids message;
        char space[sizeof(struct keeper_ids) + PART * sizeof(uint32_t)];
    } request;
    for (size_t done = 0; done < count;) {
        size_t part = count - done < PART ? count - done : PART;
        request.message = (struct keeper_ids){.header = {kind, 0}, .count = (uint32_t)part};
        memcpy(request.message.ids, ids + done, part * sizeof *ids);
        if (call(keeper, &request, sizeof request.message + part * sizeof *ids, NULL, 0, err))
            return -1;
        done += part;
    }
    return 0;
}

int keeper_create_clouds(struct keeper *keeper, const uint32_t *ids, size_t count, struct error *err)
{
    return call_ids(keeper, KEEPER_CLOUDS, ids, count, err);
}

int keeper_delete_clouds(struct keeper *keeper, const uint32_t *ids, size_t count, struct error *err)
{
    return call_ids(keeper, KEEPER_CLOUD_DELETE, ids, count, err);
}

const char *keeper_cloud_path(uint32_t id, char out[static KEEPER_PATH_MAX])
{
    snprintf(out, KEEPER_PATH_MAX, KEEPER_NETNS "/%u", id);
    return out;
}

int keeper_spawn(struct keeper *keeper, const struct keeper_spawn_spec *spec, struct error *err)
{
    struct keeper_spawn head = {
        .header = {KEEPER_SPAWN, ++keeper->last_number},
        .process = spec->process,
        .target = spec->target,
        .id = spec->id,
        .flags = (spec->pty ? KEEPER_SPAWN_PTY : 0u) | (spec->control >= 0 ? KEEPER_SPAWN_CONTROL : 0u) |
                 (spec->silent ? KEEPER_SPAWN_SILENT : 0u) | (spec->pristine ? KEEPER_SPAWN_PRISTINE : 0u) |
                 (spec->own ? KEEPER_SPAWN_OWN : 0u) | (spec->record > 0 ? KEEPER_SPAWN_RECORD : 0u),
        .rows = spec->rows,
        .columns = spec->columns,
        .open_files = spec->open_files,
        .argc = (uint32_t)spec->argc,
        .envc = (uint32_t)spec->environment_count,
    };
    STR_AUTO message = STR_INIT;
    str_append_bytes(&message, &head, sizeof head);
    for (size_t i = 0; i < spec->argc; i++)
        str_append_bytes(&message, spec->argv[i], strlen(spec->argv[i]) + 1);
    for (size_t i = 0; i < spec->environment_count; i++)
        str_append_bytes(&message, spec->environment[i], strlen(spec->environment[i]) + 1);
    if (spec->argc == 0 || message.length > KEEPER_MESSAGE_MAX)
        return error_set_errno(err, spec->argc ? E2BIG : EINVAL, "start %s", spec->argc ? spec->argv[0] : "nothing");
    FD_AUTO null = -1;
    int fds[5] = {spec->fds[0], spec->fds[1], spec->fds[2]};
    size_t count = 3;
    for (int i = 0; i < 3; i++) {
        if (fds[i] >= 0)
            continue;
        if (null < 0 && (null = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
            return error_set_errno(err, errno, "open /dev/null for %s", spec->argv[0]);
        fds[i] = null;
    }
    if (spec->control >= 0)
        fds[count++] = spec->control;
    if (spec->record > 0)
        fds[count++] = spec->record;
    return send_request(keeper, message.data, message.length, fds, count, err);
}

int keeper_kill(struct keeper *keeper, uint32_t process, int signal, struct error *err)
{
    struct keeper_kill request = {.header = {KEEPER_KILL, ++keeper->last_number}, .process = process, .signal = signal};
    return send_request(keeper, &request, sizeof request, NULL, 0, err);
}

int keeper_store(struct keeper *keeper, const char *tag, int fd, struct error *err)
{
    struct keeper_store request = {.header = {KEEPER_STORE, 0}};
    size_t length = strlen(tag);
    if (length >= sizeof request.tag)
        return error_set(err, ERR_SYSTEM, "keep descriptor '%s': its tag is longer than %d bytes", tag,
                         KEEPER_TAG_MAX - 1);
    memcpy(request.tag, tag, length);
    return call(keeper, &request, sizeof request, &fd, 1, err);
}

int keeper_exit(struct keeper *keeper, struct error *err)
{
    struct keeper_header request = {KEEPER_EXIT, ++keeper->last_number};
    return send_request(keeper, &request, sizeof request, NULL, 0, err);
}
