/* The prober's event loop: epoll, a heap of timers, and memory that is given back between turns. */
#include "probe/engine.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"

#define EVENTS_MAX 256

struct grave {
    void (*release)(void *memory);
    void *memory;
};

struct engine {
    int epoll;
    struct timer **heap;
    size_t heap_count, heap_capacity;
    struct grave *graves;
    size_t grave_count, grave_capacity;
    struct witness *witness;
};

void engine_set_witness(struct engine *engine, struct witness *witness)
{
    engine->witness = witness;
}

struct witness *engine_witness(const struct engine *engine)
{
    return engine->witness;
}

int engine_new(struct engine **out, struct error *err)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        return error_set_errno(err, errno, "prober: create an event loop");
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        arena_exhausted();
    engine->epoll = epoll;
    *out = engine;
    return 0;
}

static void bury(struct engine *engine)
{
    while (engine->grave_count) {
        struct grave grave = engine->graves[--engine->grave_count];
        grave.release(grave.memory);
    }
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    bury(engine);
    close(engine->epoll);
    free(engine->heap);
    free(engine->graves);
    free(engine);
}

void engine_later(struct engine *engine, void (*release)(void *memory), void *memory)
{
    if (engine->grave_count == engine->grave_capacity) {
        engine->grave_capacity = engine->grave_capacity ? engine->grave_capacity * 2 : 32;
        engine->graves = reallocarray(engine->graves, engine->grave_capacity, sizeof *engine->graves);
        if (!engine->graves)
            arena_exhausted();
    }
    engine->graves[engine->grave_count++] = (struct grave){release, memory};
}

int engine_watch(struct engine *engine, struct watch *watch, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(engine->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return -1;
    watch->fd = fd;
    return 0;
}

int engine_rewatch(struct engine *engine, struct watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    return epoll_ctl(engine->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void engine_unwatch(struct engine *engine, struct watch *watch)
{
    if (watch->fd < 0 || !watch->ready)
        return;
    epoll_ctl(engine->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->fd = -1;
}

static void place(struct engine *engine, size_t index, struct timer *timer)
{
    engine->heap[index] = timer;
    timer->slot = index + 1;
}

static void sift(struct engine *engine, size_t index, struct timer *timer)
{
    while (index > 0 && engine->heap[(index - 1) / 2]->at > timer->at) {
        place(engine, index, engine->heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= engine->heap_count)
            break;
        if (child + 1 < engine->heap_count && engine->heap[child + 1]->at < engine->heap[child]->at)
            child++;
        if (engine->heap[child]->at >= timer->at)
            break;
        place(engine, index, engine->heap[child]);
        index = child;
    }
    place(engine, index, timer);
}

void engine_set(struct engine *engine, struct timer *timer, int64_t at)
{
    timer->at = at;
    if (timer->slot) {
        sift(engine, timer->slot - 1, timer);
        return;
    }
    if (engine->heap_count == engine->heap_capacity) {
        engine->heap_capacity = engine->heap_capacity ? engine->heap_capacity * 2 : 64;
        engine->heap = reallocarray(engine->heap, engine->heap_capacity, sizeof(struct timer *));
        if (!engine->heap)
            arena_exhausted();
    }
    engine->heap[engine->heap_count] = timer;
    sift(engine, engine->heap_count++, timer);
}

void engine_unset(struct engine *engine, struct timer *timer)
{
    if (!timer->slot)
        return;
    size_t index = timer->slot - 1;
    timer->slot = 0;
    struct timer *last = engine->heap[--engine->heap_count];
    if (last != timer)
        sift(engine, index, last);
}

static int wait_milliseconds(const struct engine *engine)
{
    if (!engine->heap_count)
        return -1;
    int64_t left = engine->heap[0]->at - clock_monotonic();
    if (left <= 0)
        return 0;
    int64_t milliseconds = (left + 999999) / 1000000;
    return milliseconds > INT_MAX ? INT_MAX : (int)milliseconds;
}

static void expire_due(struct engine *engine)
{
    int64_t now = clock_monotonic();
    while (engine->heap_count && engine->heap[0]->at <= now) {
        struct timer *timer = engine->heap[0];
        engine_unset(engine, timer);
        timer->expired(timer->context);
    }
}

int engine_run(struct engine *engine, const size_t *busy, struct error *err)
{
    while (*busy) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(engine->epoll, events, EVENTS_MAX, wait_milliseconds(engine));
        if (count < 0 && errno != EINTR)
            return error_set_errno(err, errno, "prober: wait for events");
        for (int i = 0; i < count; i++) {
            struct watch *watch = events[i].data.ptr;
            if (watch->fd >= 0)
                watch->ready(watch->context, events[i].events);
        }
        expire_due(engine);
        bury(engine);
    }
    return 0;
}
