/* Threads that take the next index until there is none. */
#include "base/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define WORKERS_MAX 64

struct work {
    parallel_one *one;
    void *context;
    size_t count;
    atomic_size_t next;
};

struct worker {
    struct work *work;
    unsigned number;
    pthread_t thread;
};

unsigned parallel_workers(size_t count)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned processors = online < 1 ? 1 : online > WORKERS_MAX ? WORKERS_MAX : (unsigned)online;
    return count < processors ? (count ? (unsigned)count : 1) : processors;
}

static void *do_some(void *argument)
{
    const struct worker *worker = argument;
    struct work *work = worker->work;
    for (size_t i; (i = atomic_fetch_add(&work->next, 1)) < work->count;)
        work->one(work->context, worker->number, i);
    return NULL;
}

void parallel_each(size_t count, parallel_one *one, void *context)
{
    struct work work = {.one = one, .context = context, .count = count};
    struct worker workers[WORKERS_MAX] = {{.work = &work}};
    unsigned begun = 1, wanted = parallel_workers(count);
    for (; begun < wanted; begun++) {
        workers[begun] = (struct worker){.work = &work, .number = begun};
        if (pthread_create(&workers[begun].thread, NULL, do_some, &workers[begun]))
            break;
    }
    do_some(&workers[0]);
    for (unsigned i = 1; i < begun; i++)
        pthread_join(workers[i].thread, NULL);
}
