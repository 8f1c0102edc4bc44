/* The namespaces of a running lab: names, the keeper's numbers, descriptors; and the keeper's events. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/units.h"
#include "kernel/namespace.h"
#include "lab/internal.h"
#include "lab/keeper.h"

#define SPACES_FILE   "spaces"
#define SPACES_HEADER "spaces 3"
#define SPACES_MAX    (64u << 20)

static struct space *slot(struct lab *lab, uint32_t id)
{
    if (id >= lab->id_count) {
        size_t count = lab->id_count ? lab->id_count : 64;
        while (count <= id)
            count *= 2;
        lab->by_id = realloc(lab->by_id, count * sizeof *lab->by_id);
        if (!lab->by_id)
            arena_exhausted();
        memset(lab->by_id + lab->id_count, 0, (count - lab->id_count) * sizeof *lab->by_id);
        lab->id_count = count;
    }
    if (!lab->by_id[id]) {
        struct space *space = ARENA_NEW(lab->arena, struct space);
        *space = (struct space){.id = id, .view = UINT32_MAX, .netns = -1, .root = -1};
        lab->by_id[id] = space;
        if (id >= lab->next_id)
            lab->next_id = id + 1;
    }
    return lab->by_id[id];
}

static struct space *name_space(struct lab *lab, uint32_t id, enum namespace_kind kind, const char *name)
{
    struct space *space = slot(lab, id);
    space->kind = kind;
    space->name = arena_strdup(lab->arena, name);
    map_set(lab->spaces, name, space);
    return space;
}

struct space *space_find(struct lab *lab, const char *name)
{
    return map_get(lab->spaces, name);
}

struct space *space_of(struct lab *lab, const struct plan *plan, uint32_t ns)
{
    return map_get(lab->spaces, plan->namespaces[ns].name);
}

struct space *space_new(struct lab *lab, const struct plan_namespace *namespace)
{
    if (namespace->kind == NAMESPACE_FABRIC)
        return lab->fabric;
    /* Ids are handed out in order; freed ones are left alone, as the keeper may still be ending their namespaces. */
    uint32_t id = lab->next_id;
    return name_space(lab, id, namespace->kind, namespace->name);
}

void space_close(struct space *space)
{
    fd_close(&space->netns);
    fd_close(&space->root);
}

void space_forget(struct lab *lab, struct space *space)
{
    space_close(space);
    map_remove(lab->spaces, space->name);
    space->name = NULL;
    space->gone = true;
    space->ready = false;
}

enum keeper_target space_target(const struct space *space)
{
    return space->kind == NAMESPACE_NODE    ? KEEPER_TARGET_NODE
           : space->kind == NAMESPACE_CLOUD ? KEEPER_TARGET_CLOUD
                                            : KEEPER_TARGET_FABRIC;
}

int space_failed(struct lab *lab, const struct space *space, struct error *err)
{
    (void)lab;
    return error_set(err, ERR_SYSTEM, "make node %s: %s", space->name, space->failure);
}

int space_netns(struct space *space, struct error *err)
{
    char path[64], cloud[KEEPER_PATH_MAX];
    if (space->netns >= 0)
        return space->netns;
    if (space->kind == NAMESPACE_FABRIC)
        return space->netns = netns_own(err);
    if (space->kind == NAMESPACE_CLOUD)
        snprintf(path, sizeof path, "%s", keeper_cloud_path(space->id, cloud));
    else
        snprintf(path, sizeof path, "/proc/%d/ns/net", (int)space->pid);
    space->netns = open(path, O_RDONLY | O_CLOEXEC);
    if (space->netns < 0)
        return error_set_errno(err, errno, "open the network namespace of %s", space->name);
    return space->netns;
}

int space_root(struct space *space, struct error *err)
{
    char path[64];
    if (space->root >= 0)
        return space->root;
    if (space->kind == NAMESPACE_NODE)
        snprintf(path, sizeof path, "/proc/%d/root", (int)space->pid);
    else /* its processes see the lab's own tree */
        snprintf(path, sizeof path, "/");
    space->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (space->root < 0)
        return error_set_errno(err, errno, "open the files of %s", space->name);
    return space->root;
}

int spaces_save(struct lab *lab, struct error *err)
{
    STR_AUTO text = STR_INIT;
    str_append(&text, SPACES_HEADER "\n");
    for (size_t i = 1; i < lab->id_count; i++) {
        const struct space *space = lab->by_id[i];
        if (space && space->name)
            str_printf(&text, "%u %d %u %d %d %s\n", space->id, (int)space->kind, space->view, (int)space->configured,
                       (int)space->own_hosts, space->name);
    }
    if (file_replace(lab->state, SPACES_FILE, str_text(&text), text.length, 0600) != 0)
        return error_set_errno(err, errno, "write the table of namespaces");
    return 0;
}

int spaces_load(struct lab *lab, struct error *err)
{
    STR_AUTO text = STR_INIT;
    if (file_read(lab->state, SPACES_FILE, &text, SPACES_MAX) != 0)
        return error_set_errno(err, errno, "read the table of namespaces");
    const char *at = str_text(&text);
    if (!str_starts(at, SPACES_HEADER "\n"))
        return error_set(err, ERR_SYSTEM, "the table of namespaces is of another version");
    for (at += strlen(SPACES_HEADER) + 1; *at;) {
        unsigned id, view;
        int kind, configured, own_hosts, used = 0;
        size_t length = strcspn(at, "\n");
        if (sscanf(at, "%u %d %u %d %d %n", &id, &kind, &view, &configured, &own_hosts, &used) < 5 || !used ||
            (size_t)used >= length)
            return error_set(err, ERR_SYSTEM, "the table of namespaces is damaged");
        STR_AUTO name = STR_INIT;
        str_append_bytes(&name, at + used, length - (size_t)used);
        struct space *space = name_space(lab, id, (enum namespace_kind)kind, str_text(&name));
        space->view = view;
        space->own_hosts = own_hosts;
        space->configured = configured;
        if (space->kind == NAMESPACE_CLOUD)
            space->ready = true;
        else if (!space->ready)
            space->lost = true; /* it died while nobody looked; the keeper is still at it */
        else
            space->rebuild = space->pid != configured;
        if (view != UINT32_MAX && view >= lab->next_view)
            lab->next_view = view + 1;
        at += length + (at[length] == '\n');
    }
    return 0;
}

/* ---- events -------------------------------------------------------------------------------------------------- */

void lab_queue(struct lab *lab, enum lab_event_kind kind, const char *name, uint32_t process, int status,
               const char *problem)
{
    if (lab->event_count == lab->event_capacity) {
        lab->event_capacity = lab->event_capacity ? lab->event_capacity * 2 : 16;
        lab->events = realloc(lab->events, lab->event_capacity * sizeof *lab->events);
        if (!lab->events)
            arena_exhausted();
    }
    struct queued_event *queued = &lab->events[lab->event_count++];
    queued->name = name ? strdup(name) : NULL;
    queued->problem = problem ? strdup(problem) : NULL;
    if ((name && !queued->name) || (problem && !queued->problem))
        arena_exhausted();
    queued->event = (struct lab_event){kind, queued->name, process, status, queued->problem};
    eventfd_write(lab->wake, 1);
}

static void node_ready(struct lab *lab, const struct keeper_event *event)
{
    struct space *space = slot(lab, event->id);
    space_close(space);
    space->pid = event->pid;
    space->kind = NAMESPACE_NODE;
    space->ready = true;
    space->rebuild = space->lost;
    space->lost = false;
    if (space->rebuild)
        eventfd_write(lab->wake, 1);
    if (lab->arrived_count == lab->arrived_capacity) {
        lab->arrived_capacity = lab->arrived_capacity ? lab->arrived_capacity * 2 : 64;
        lab->arrived = realloc(lab->arrived, lab->arrived_capacity * sizeof *lab->arrived);
        if (!lab->arrived)
            arena_exhausted();
    }
    lab->arrived[lab->arrived_count++] = event->id;
}

static void node_failed(struct lab *lab, const struct keeper_event *event)
{
    struct space *space = slot(lab, event->id);
    STR_AUTO text = STR_INIT;
    str_printf(&text, "%s: %s", event->operation, strerror(event->number));
    space->failure = arena_strdup(lab->arena, str_text(&text));
    lab->node_failed = true;
    space->ready = false;
}

void lab_keeper_event(void *context, const struct keeper_event *event)
{
    struct lab *lab = context;
    struct space *space;
    switch (event->kind) {
    case KEEPER_EVENT_NODE_READY:
        node_ready(lab, event);
        break;
    case KEEPER_EVENT_NODE_LOST:
        space = slot(lab, event->id);
        space->ready = false;
        space->lost = true;
        space_close(space);
        break;
    case KEEPER_EVENT_NODE_GONE:
        space = slot(lab, event->id);
        space->ready = false;
        space->gone = true;
        space_close(space);
        break;
    case KEEPER_EVENT_NODE_FAILED:
        node_failed(lab, event);
        break;
    case KEEPER_EVENT_PROCESS_STARTED:
    case KEEPER_EVENT_PROCESS_ENDED:
        process_event(lab, event);
        break;
    case KEEPER_EVENT_STORED:
        map_set(lab->stored, event->tag, arena_copy(lab->arena, &event->fd, sizeof event->fd));
        break;
    }
}

int lab_await(struct lab *lab, lab_condition *condition, void *context, int64_t deadline, const char *what,
              struct error *err)
{
    while (!condition(lab, context)) {
        int64_t left = deadline - clock_boot();
        if (left <= 0)
            return error_set(err, ERR_SYSTEM, "%s: not in time", what);
        int milliseconds = (int)(left / 1000000) + 1;
        if (keeper_dispatch(lab->keeper, milliseconds, err) < 0)
            return -1;
    }
    return 0;
}
