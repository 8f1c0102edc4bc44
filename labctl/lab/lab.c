/* A running lab: opening, closing, looking things up, and what the keeper reports between the calls. */
#include "lab/lab.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/map.h"
#include "kernel/dump.h"
#include "lab/internal.h"
#include "lab/keeper.h"

/* One descriptor for each namespace, and some of them for files: more than the usual soft limit. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int open_poll(struct lab *lab, struct error *err)
{
    struct epoll_event event = {.events = EPOLLIN};
    lab->poll = epoll_create1(EPOLL_CLOEXEC);
    lab->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (lab->poll < 0 || lab->wake < 0 || epoll_ctl(lab->poll, EPOLL_CTL_ADD, lab->wake, &event) != 0)
        return error_set_errno(err, errno, "watch the lab");
    return 0;
}

int lab_open(int keeper_socket, int state_directory, int log_directory, struct lab **out, struct error *err)
{
    struct arena *arena = arena_new();
    struct lab *lab = ARENA_NEW(arena, struct lab);
    *lab = (struct lab){.arena = arena, .state = state_directory, .logs = log_directory, .poll = -1, .wake = -1};
    lab->next_id = 1;
    lab->spaces = map_new(arena);
    lab->processes = map_new(arena);
    lab->stored = map_new(arena);
    lab->fabric = ARENA_NEW(arena, struct space);
    *lab->fabric = (struct space){.view = UINT32_MAX,
                                  .kind = NAMESPACE_FABRIC,
                                  .name = arena_strdup(arena, "fabric"),
                                  .netns = -1,
                                  .root = -1,
                                  .ready = true};
    map_set(lab->spaces, "fabric", lab->fabric);
    raise_descriptor_limit();
    struct epoll_event event = {.events = EPOLLIN};
    if (open_poll(lab, err) != 0 || keeper_open(keeper_socket, lab_keeper_event, lab, &lab->keeper, err) != 0) {
        lab_close(lab);
        return -1;
    }
    if (epoll_ctl(lab->poll, EPOLL_CTL_ADD, keeper_descriptor(lab->keeper), &event) != 0) {
        error_set_errno(err, errno, "watch the keeper");
        lab_close(lab);
        return -1;
    }
    *out = lab;
    return 0;
}

static void drop_events(struct lab *lab)
{
    for (size_t i = 0; i < lab->event_count; i++) {
        free(lab->events[i].name);
        free(lab->events[i].problem);
    }
    lab->event_count = 0;
}

void lab_close(struct lab *lab)
{
    if (!lab)
        return;
    for (size_t i = 0; i < lab->id_count; i++)
        if (lab->by_id[i])
            space_close(lab->by_id[i]);
    space_close(lab->fabric);
    drop_events(lab);
    free(lab->events);
    free(lab->arrived);
    free(lab->removals.items);
    free(lab->by_id);
    free(lab->by_number);
    keeper_close(lab->keeper);
    fd_close(&lab->poll);
    fd_close(&lab->wake);
    arena_free(lab->plan_arena);
    arena_free(lab->listings_arena);
    str_free(&lab->seen_table.text);
    arena_free(lab->arena);
}

void lab_become(struct lab *lab, const struct plan *plan)
{
    arena_free(lab->plan_arena);
    lab->plan_arena = arena_new();
    lab->plan = plan;
    lab->index = plan_index_new(plan, lab->plan_arena);
}

int lab_record(struct lab *lab, struct error *err)
{
    bool changed = false;
    for (size_t i = 1; i < lab->id_count; i++) {
        struct space *space = lab->by_id[i];
        if (!space || space->kind != NAMESPACE_NODE || !space->ready || space->rebuild ||
            space->configured == space->pid)
            continue;
        space->configured = space->pid;
        changed = true;
    }
    return changed ? spaces_save(lab, err) : 0;
}

int lab_adopt(struct lab *lab, const struct plan *plan, bool changing, struct error *err)
{
    if (spaces_load(lab, err) != 0 || processes_load(lab, err) != 0)
        return -1;
    lab_become(lab, plan);
    for (size_t i = 0; i < plan->namespace_count; i++)
        if (!changing && !space_of(lab, plan, (uint32_t)i))
            return error_set(err, ERR_SYSTEM, "take the lab over: %s is missing", plan->namespaces[i].name);
    /* Processes that ended while nobody looked. */
    for (size_t i = 0; i < plan->process_count; i++) {
        struct process *process = process_get(lab, plan->processes[i].name);
        process->wanted = plan->processes[i].restart;
        if (process->state == LAB_PROCESS_RUNNING)
            continue;
        process->due = plan->processes[i].restart ? clock_boot() : INT64_MAX;
    }
    impair_adopt(lab);
    /* A node that died just then is ready again, but empty. */
    for (size_t i = 1; i < lab->id_count; i++) {
        struct space *space = lab->by_id[i];
        if (!space || !space->rebuild)
            continue;
        space->rebuild =
            space->name && plan_find_namespace(plan, space->name) != UINT32_MAX; /* else a change makes it */
        eventfd_write(lab->wake, 1);
    }
    return 0;
}

/* ---- looking up ---------------------------------------------------------------------------------------------- */

int lab_netns(struct lab *lab, const char *name)
{
    struct space *space = space_find(lab, name);
    return space && space->ready ? space_netns(space, NULL) : -1;
}

int lab_node_root(struct lab *lab, const char *name)
{
    struct space *space = space_find(lab, name);
    return space && space->ready && space->kind == NAMESPACE_NODE ? space_root(space, NULL) : -1;
}

pid_t lab_node_init(struct lab *lab, const char *name)
{
    struct space *space = space_find(lab, name);
    return space && space->ready && space->kind == NAMESPACE_NODE ? space->pid : -1;
}

struct keeper *lab_keeper(struct lab *lab)
{
    return lab->keeper;
}

int lab_stored(struct lab *lab, const char *tag)
{
    const int *fd = map_get(lab->stored, tag);
    return fd ? *fd : -1;
}

int lab_observe(struct lab *lab, const char *name, struct observation **out, struct error *err)
{
    struct space *space = space_find(lab, name);
    if (!space)
        return error_set(err, ERR_ABSENT, "there is no '%s' in this lab", name);
    if (!space->ready)
        return error_set(err, ERR_BUSY, "%s is being made again", name);
    int netns = space_netns(space, err);
    if (netns < 0 || observe(netns, out, err) != 0)
        return error_wrap(err, "look at %s", name);
    return 0;
}

int lab_item_state(struct lab *lab, const struct plan *plan, int item, size_t index)
{
    return lab_change_state(lab, NULL, 0, plan, item, index);
}

int lab_change_state(struct lab *lab, const struct plan *before, size_t was, const struct plan *after, int item,
                     size_t is)
{
    uint32_t ns = plan_item_namespace(after, (enum plan_item)item, is);
    struct space *space = ns == UINT32_MAX ? NULL : space_of(lab, after, ns);
    struct observation *o = NULL;
    if (item == ITEM_NAMESPACE)
        return space && space->ready;
    if (ns != UINT32_MAX && (!space || !space->ready))
        return 0;
    if (space && lab_observe(lab, space->name, &o, NULL) != 0)
        return -1;
    enum presence presence = before ? change_present(lab, before, was, after, (enum plan_item)item, is, o, NULL)
                                    : item_present(lab, after, (enum plan_item)item, is, o, NULL);
    observation_free(o);
    return presence == PRESENT_UNKNOWN ? -1 : presence == PRESENT_SO;
}

int lab_spawn_target(struct lab *lab, const char *ns, struct keeper_spawn_spec *spec, struct error *err)
{
    struct space *space = space_find(lab, ns);
    if (!space)
        return error_set(err, ERR_ABSENT, "there is no '%s' in this lab", ns);
    if (!space->ready)
        return error_set(err, ERR_BUSY, "%s is being made again", ns);
    spec->process = process_number(lab, NULL);
    spec->id = space->id;
    spec->target = space_target(space);
    return 0;
}

/* ---- events -------------------------------------------------------------------------------------------------- */

int lab_event_fd(struct lab *lab)
{
    return lab->poll;
}

static void rebuild_nodes(struct lab *lab)
{
    for (size_t i = 1; i < lab->id_count; i++) {
        struct space *space = lab->by_id[i];
        struct error problem = ERROR_INIT;
        if (!space || !space->name || !space->rebuild || !space->ready || !lab->plan)
            continue;
        int result = lab_rebuild_node(lab, space->name, &problem);
        lab_queue(lab, LAB_EVENT_NODE_REBUILT, space->name, 0, 0, result == 0 ? NULL : problem.text);
    }
}

int lab_events(struct lab *lab, lab_event_handler *handler, void *context, struct error *err)
{
    eventfd_t ignored;
    if (keeper_dispatch(lab->keeper, 0, err) < 0)
        return -1;
    eventfd_read(lab->wake, &ignored);
    rebuild_nodes(lab);
    /* The handler may make calls that queue more. */
    while (lab->event_count) {
        struct queued_event *events = lab->events;
        size_t count = lab->event_count;
        lab->events = NULL;
        lab->event_count = lab->event_capacity = 0;
        for (size_t i = 0; i < count; i++) {
            handler(context, &events[i].event);
            free(events[i].name);
            free(events[i].problem);
        }
        free(events);
    }
    return 0;
}
