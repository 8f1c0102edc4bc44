/* The event loop: one epoll instance, callbacks by descriptor, timers by boot time. */
#include "director/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

struct watch {
    director_ready *ready; /* NULL: nobody watches this descriptor */
    void *context;
    uint32_t generation; /* an event that was fetched before an unwatch is not for its successor */
};

struct timer {
    int handle;
    int64_t due;
    director_timer *expired;
    void *context;
};

struct loop {
    struct director *director;
    int epoll;
    struct watch *watches; /* by descriptor */
    size_t watch_count;
    struct timer *timers; /* unordered: there are few */
    size_t timer_count, timer_room;
    int last_handle;
};

struct loop *loop_new(struct director *director, struct error *err)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop)
        loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!loop || loop->epoll < 0) {
        error_set_errno(err, errno, "make the event loop");
        free(loop);
        return NULL;
    }
    loop->director = director;
    return loop;
}

int loop_watch(struct loop *loop, int fd, director_ready *ready, void *context, struct error *err)
{
    if ((size_t)fd >= loop->watch_count) {
        size_t count = (size_t)fd + 64;
        struct watch *grown = realloc(loop->watches, count * sizeof *grown);
        if (!grown)
            return error_set_errno(err, ENOMEM, "watch a descriptor");
        for (size_t i = loop->watch_count; i < count; i++)
            grown[i] = (struct watch){0};
        loop->watches = grown;
        loop->watch_count = count;
    }
    struct watch *watch = &loop->watches[fd];
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP,
                                .data.u64 = (uint64_t)(watch->generation + 1) << 32 | (uint32_t)fd};
    if (epoll_ctl(loop->epoll, watch->ready ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0)
        return error_set_errno(err, errno, "watch descriptor %d", fd);
    *watch = (struct watch){ready, context, watch->generation + 1};
    return 0;
}

void loop_unwatch(struct loop *loop, int fd)
{
    if (fd < 0 || (size_t)fd >= loop->watch_count || !loop->watches[fd].ready)
        return;
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
    loop->watches[fd].ready = NULL;
}

int loop_after(struct loop *loop, int64_t nanoseconds, director_timer *expired, void *context)
{
    if (loop->timer_count == loop->timer_room) {
        size_t room = loop->timer_room ? loop->timer_room * 2 : 8;
        struct timer *grown = realloc(loop->timers, room * sizeof *grown);
        if (!grown)
            return -1;
        loop->timers = grown;
        loop->timer_room = room;
    }
    loop->last_handle = loop->last_handle == INT32_MAX ? 1 : loop->last_handle + 1;
    loop->timers[loop->timer_count++] = (struct timer){loop->last_handle, clock_boot() + nanoseconds, expired, context};
    return loop->last_handle;
}

void loop_cancel(struct loop *loop, int handle)
{
    for (size_t i = 0; i < loop->timer_count; i++) {
        if (loop->timers[i].handle == handle) {
            loop->timers[i] = loop->timers[--loop->timer_count];
            return;
        }
    }
}

static int64_t next_due(const struct loop *loop, int64_t until)
{
    for (size_t i = 0; i < loop->timer_count; i++)
        if (loop->timers[i].due < until)
            until = loop->timers[i].due;
    return until;
}

static void run_timers(struct loop *loop)
{
    int64_t now = clock_boot();
    for (size_t i = 0; i < loop->timer_count;) {
        struct timer timer = loop->timers[i];
        if (timer.due > now) {
            i++;
            continue;
        }
        loop->timers[i] = loop->timers[--loop->timer_count];
        timer.expired(loop->director, timer.context);
        i = 0; /* the callback may have added or cancelled any */
    }
}

int loop_once(struct loop *loop, int64_t until, struct error *err)
{
    int64_t due = next_due(loop, until);
    int wait = -1;
    if (due != INT64_MAX) {
        int64_t left = (due - clock_boot() + 999999) / 1000000;
        wait = left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
    }
    struct epoll_event events[64];
    int count = epoll_wait(loop->epoll, events, 64, wait);
    if (count < 0 && errno != EINTR)
        return error_set_errno(err, errno, "wait for events");
    for (int i = 0; i < count; i++) {
        int fd = (int)(uint32_t)events[i].data.u64;
        struct watch watch = loop->watches[fd];
        if (watch.ready && watch.generation == (uint32_t)(events[i].data.u64 >> 32))
            watch.ready(loop->director, fd, watch.context);
    }
    run_timers(loop);
    return 0;
}
