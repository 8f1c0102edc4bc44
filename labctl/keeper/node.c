/* Nodes: which there are to be, in which state; made by cradles (cradle.c), rebuilt when their init dies.
 *
 * A node's specification stays in the memfd that the director sent: file contents never enter the keeper's own memory.
 * The state of a node: WAITING (in the queue, perhaps until a time) -> STARTING (given to a cradle) -> READY -> dead,
 * WAITING again. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/keeper.h"

#define CRADLES_MAX  4    /* at a time: what the kernel does for a node is little parallel */
#define CRADLE_LEAST 4    /* nodes for which another cradle is worth its while */
#define NODE_LIVED   1000 /* ms: a node that dies sooner is rebuilt only after this pause */
#define NODE_ID_MAX  (1u << 20)
#define READY_MAX    1024

enum node_state { NODE_WAITING, NODE_STARTING, NODE_READY, NODE_FAILED };

struct batch {
    int memory;
    size_t uses;
};

struct node {
    uint32_t id, view, generation, file_count, setting_count;
    uint64_t files, settings;
    struct batch *batch;
    enum node_state state;
    bool deleted, furnished;
    bool copied; /* since it was last started: its view is a copy */
    pid_t pid;   /* of its init; STARTING: 0 */
    pid_t cradle;
    int64_t time; /* WAITING: not before; READY: since */
    struct node *next_waiting, *next_of_pid;
    char hostname[KEEPER_HOSTNAME_MAX + 1];
};

static struct node **nodes; /* by id */
static uint32_t node_limit;
static struct node *of_pid[4096];
static struct node *waiting, **waiting_end = &waiting;
static size_t waiting_count;
static pid_t cradles[CRADLES_MAX]; /* 0: none */
static unsigned cradle_count;
static union {
    struct keeper_nodes_ready message;
    char space[sizeof(struct keeper_nodes_ready) + READY_MAX * sizeof(((struct keeper_nodes_ready *)0)->nodes[0])];
} ready;

static struct node *find(uint32_t id)
{
    return id < node_limit ? nodes[id] : NULL;
}

static struct node **pid_slot(pid_t pid)
{
    struct node **at = &of_pid[(size_t)pid % ARRAY_SIZE(of_pid)];
    while (*at && (*at)->pid != pid)
        at = &(*at)->next_of_pid;
    return at;
}

pid_t node_pid(uint32_t id)
{
    const struct node *node = find(id);
    return node && node->state == NODE_READY ? node->pid : 0;
}

bool node_is_furnished(uint32_t id)
{
    const struct node *node = find(id);
    return node && node->furnished;
}

void node_furnished(uint32_t id, pid_t pid)
{
    if (node_pid(id) == pid)
        find(id)->furnished = true;
}

static void send_event(uint32_t kind, const struct node *node, int error, const char *operation)
{
    struct keeper_node_event event = {.header = {kind, 0}, .id = node->id, .pid = node->pid, .error = error};
    snprintf(event.operation, sizeof event.operation, "%s", operation);
    node_flush(); /* events of a node keep their order */
    director_send(&event, sizeof event, -1);
}

static void add_ready(const struct node *node)
{
    uint32_t count = ready.message.count++;
    ready.message.nodes[count].id = node->id;
    ready.message.nodes[count].pid = node->pid;
    if (ready.message.count == READY_MAX)
        node_flush();
}

void node_flush(void)
{
    if (ready.message.count == 0)
        return;
    ready.message.header = (struct keeper_header){KEEPER_NODE_READY, 0};
    director_send(&ready, sizeof ready.message + ready.message.count * sizeof ready.message.nodes[0], -1);
    ready.message.count = 0;
}

void node_announce(void)
{
    ready.message.count = 0;
    for (uint32_t id = 0; id < node_limit; id++)
        if (nodes[id] && nodes[id]->state == NODE_READY && !nodes[id]->deleted)
            add_ready(nodes[id]);
    node_flush();
}

static void release_batch(struct batch *batch)
{
    if (!batch || --batch->uses > 0)
        return;
    close(batch->memory);
    free(batch);
}

static void forget(struct node *node)
{
    send_event(KEEPER_NODE_GONE, node, 0, "");
    view_leave(node->view);
    nodes[node->id] = NULL;
    release_batch(node->batch);
    free(node);
}

static void enqueue(struct node *node, int64_t time)
{
    node->state = NODE_WAITING;
    node->time = time;
    node->generation++;
    node->furnished = false;
    node->next_waiting = NULL;
    *waiting_end = node;
    waiting_end = &node->next_waiting;
    waiting_count++;
}

static bool reserve(uint32_t id)
{
    if (id >= NODE_ID_MAX)
        return false;
    if (id < node_limit)
        return true;
    uint32_t limit = node_limit ? node_limit : 256;
    while (limit <= id)
        limit *= 2;
    struct node **grown = realloc(nodes, limit * sizeof(struct node *));
    if (!grown)
        return false;
    memset(grown + node_limit, 0, (limit - node_limit) * sizeof(struct node *));
    nodes = grown;
    node_limit = limit;
    return true;
}

static int take_spec(const struct keeper_node *spec, struct batch *batch)
{
    if (!reserve(spec->id))
        return ERANGE;
    struct node *node = nodes[spec->id];
    bool fresh = !node;
    if (node && node->deleted)
        return EBUSY;
    if (fresh && !(node = nodes[spec->id] = calloc(1, sizeof *node)))
        return ENOMEM;
    if (!fresh)
        view_leave(node->view);
    release_batch(node->batch);
    node->id = spec->id;
    node->view = spec->view;
    view_enter(node->view);
    node->files = spec->files;
    node->file_count = spec->file_count;
    node->settings = spec->settings;
    node->setting_count = spec->setting_count;
    node->batch = batch;
    batch->uses++;
    memcpy(node->hostname, spec->hostname, sizeof node->hostname);
    node->hostname[KEEPER_HOSTNAME_MAX] = 0;
    if (fresh || node->state == NODE_FAILED)
        enqueue(node, 0);
    return 0;
}

void node_create(const struct keeper_count *request, int memory)
{
    struct batch *batch = calloc(1, sizeof *batch);
    int error = batch ? 0 : ENOMEM;
    if (batch && (batch->memory = fcntl(memory, F_DUPFD_CLOEXEC, STAGE_END)) < 0) {
        error = errno;
        free(batch);
        batch = NULL;
    }
    if (batch)
        batch->uses = 1;
    for (uint32_t i = 0; !error && i < request->count; i++) {
        struct keeper_node spec;
        off_t offset = (off_t)(i * sizeof spec);
        error = pread(batch->memory, &spec, sizeof spec, offset) != (ssize_t)sizeof spec ? EBADMSG : 0;
        if (!error)
            error = take_spec(&spec, batch);
    }
    release_batch(batch);
    director_done(request->header.number, error, "take the list of nodes");
}

static void fail_node(struct node *node, int error, const char *operation)
{
    if (node->deleted) {
        forget(node);
        return;
    }
    node->state = NODE_FAILED;
    keeper_log("node %s: %s: %s", node->hostname, operation, strerror(error));
    send_event(KEEPER_NODE_FAILED, node, error, operation);
}

/* May one cradle make both? */
static bool together(const struct node *a, const struct node *b)
{
    return a->batch == b->batch && (view_is_small(a->view) ? view_is_small(b->view) : a->view == b->view);
}

/* The next node whose time has come and that a cradle with this one may make (NULL: any), taken out of the queue. */
static struct node *dequeue(int64_t now, const struct node *first)
{
    for (struct node **at = &waiting; *at; at = &(*at)->next_waiting) {
        struct node *node = *at;
        if ((node->time > now && !node->deleted) || (first && !together(first, node)))
            continue;
        *at = node->next_waiting;
        if (waiting_end == &node->next_waiting)
            waiting_end = at;
        waiting_count--;
        return node;
    }
    return NULL;
}

static unsigned cradles_max(void)
{
    cpu_set_t set;
    unsigned count = sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
    return count < CRADLES_MAX ? count : CRADLES_MAX;
}

static void start_cradle(struct node *const *some, size_t count)
{
    static union {
        struct cradle_order order;
        char space[sizeof(struct cradle_order) + CRADLE_NODES * sizeof(struct cradle_node)];
    } memory;
    struct cradle_order *order = &memory.order;
    *order = (struct cradle_order){keeper.root_mode, keeper.overlay, keeper.beside_usr, (uint32_t)count};
    for (size_t i = 0; i < count; i++) {
        struct node *node = some[i];
        node->copied = view_is_small(node->view);
        order->nodes[i] = (struct cradle_node){.id = node->id,
                                               .generation = node->generation,
                                               .copied_view = node->copied ? node->view : UINT32_MAX,
                                               .file_count = node->file_count,
                                               .setting_count = node->setting_count,
                                               .files = node->files,
                                               .settings = node->settings};
        memcpy(order->nodes[i].hostname, node->hostname, sizeof node->hostname);
    }
    pid_t pid = cradle_start(some[0]->copied ? UINT32_MAX : some[0]->view, some[0]->batch->memory, order);
    for (size_t i = 0; i < count; i++) {
        some[i]->state = NODE_STARTING;
        some[i]->cradle = pid;
        if (pid < 0)
            fail_node(some[i], -pid, "start a cradle");
    }
    for (size_t i = 0; pid > 0 && i < CRADLES_MAX; i++)
        if (!cradles[i]) {
            cradles[i] = pid;
            cradle_count++;
            break;
        }
}

void node_work(void)
{
    unsigned most = waiting ? cradles_max() : 0;
    int64_t now = keeper_now();
    while (waiting && cradle_count < most && nursery_ready()) {
        struct node *some[CRADLE_NODES], *node;
        size_t count = 0, share = waiting_count / (most - cradle_count);
        if (share < CRADLE_LEAST)
            share = CRADLE_LEAST;
        while (count < share && count < CRADLE_NODES && (node = dequeue(now, count ? some[0] : NULL)))
            if (node->deleted)
                forget(node);
            else
                some[count++] = node;
        if (count == 0)
            return;
        start_cradle(some, count);
    }
}

bool node_cradle_ended(pid_t pid, int status)
{
    size_t i = 0;
    while (i < CRADLES_MAX && cradles[i] != pid)
        i++;
    if (i == CRADLES_MAX)
        return false;
    cradles[i] = 0;
    cradle_count--;
    for (uint32_t id = 0; id < node_limit; id++) {
        struct node *node = nodes[id];
        if (node && node->state == NODE_STARTING && node->cradle == pid)
            fail_node(node, ECHILD, WIFSIGNALED(status) ? "start (killed)" : "start (exited)");
    }
    return true;
}

int node_timeout(void)
{
    if (!waiting || cradle_count >= cradles_max() || !nursery_ready())
        return -1;
    int64_t now = keeper_now(), least = INT64_MAX;
    for (const struct node *node = waiting; node && least > now; node = node->next_waiting)
        if (node->time < least)
            least = node->deleted ? now : node->time;
    return least <= now ? 0 : (int)(least - now);
}

void node_reported(const struct report *report)
{
    struct node *node = find(report->id);
    if (!node || node->generation != report->generation || node->state != NODE_STARTING)
        return;
    if (report->kind == REPORT_NODE_FAILED) {
        fail_node(node, report->value, report->operation);
        return;
    }
    node->state = NODE_READY;
    node->time = keeper_now();
    node->pid = report->pid;
    *pid_slot(node->pid) = node;
    node->next_of_pid = NULL;
    if (node->deleted)
        kill(node->pid, SIGKILL);
    else
        add_ready(node);
}

bool node_ended(pid_t pid)
{
    struct node **at = pid_slot(pid), *node = *at;
    if (!node)
        return false;
    *at = node->next_of_pid;
    enum node_state state = node->state;
    if (node->deleted) {
        forget(node);
        return true;
    }
    if (state == NODE_READY) {
        int64_t now = keeper_now();
        keeper_log("node %s: its init died; it is rebuilt", node->hostname);
        send_event(KEEPER_NODE_LOST, node, 0, "");
        enqueue(node, now - node->time < NODE_LIVED ? now + NODE_LIVED : 0);
    }
    node->pid = 0;
    return true;
}

void node_delete(uint32_t id)
{
    struct node *node = find(id);
    if (!node) {
        struct node absent = {.id = id};
        send_event(KEEPER_NODE_GONE, &absent, 0, "");
        return;
    }
    node->deleted = true;
    if (node->pid)
        kill(node->pid, SIGKILL);
    else if (node->state == NODE_FAILED)
        forget(node);
}

void node_each_copy_of_view(uint32_t view, void (*call)(pid_t pid, void *context), void *context)
{
    for (uint32_t id = 0; id < node_limit; id++)
        if (nodes[id] && nodes[id]->view == view && nodes[id]->state == NODE_READY &&
            (nodes[id]->copied || !keeper.overlay))
            call(nodes[id]->pid, context);
}
