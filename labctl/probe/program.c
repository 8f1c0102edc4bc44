/* A program in a node: its output and its end, in the prober's loop. */
#include "probe/program.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

static void finish(struct program *program, const char *problem)
{
    program_stop(program);
    program->ended(program->context, problem);
}

static void settle(struct program *program)
{
    if (program->output_watch.fd < 0 && program->status_watch.fd < 0)
        finish(program, NULL);
}

/* Reads once; false where there is nothing (more) to read.  Closes at the end of file. */
static bool read_output(struct program *program)
{
    char data[4096];
    ssize_t size = read(program->output_watch.fd, data, sizeof data);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (size > 0) {
        size_t room = PROGRAM_OUTPUT_MAX - program->output.length;
        str_append_bytes(&program->output, data, (size_t)size < room ? (size_t)size : room);
        return true;
    }
    int fd = program->output_watch.fd;
    engine_unwatch(program->engine, &program->output_watch);
    close(fd);
    return false;
}

static void output_ready(void *context, uint32_t events)
{
    (void)events;
    struct program *program = context;
    read_output(program);
    settle(program);
}

static void status_ready(void *context, uint32_t events)
{
    (void)events;
    struct program *program = context;
    struct error err = ERROR_INIT;
    if (program->world->ended(program->world->context, program->status_watch.fd, &program->status, &err) < 0) {
        finish(program, err.text);
        return;
    }
    int fd = program->status_watch.fd;
    engine_unwatch(program->engine, &program->status_watch);
    close(fd);
    /* What it left running may hold the pipe open for ever: what is written by now is the output. */
    while (program->output_watch.fd >= 0 && program->output.length < PROGRAM_OUTPUT_MAX && read_output(program))
        continue;
    if (program->output_watch.fd >= 0) {
        int output = program->output_watch.fd;
        engine_unwatch(program->engine, &program->output_watch);
        close(output);
    }
    settle(program);
}

int program_start(struct program *program, struct engine *engine, const struct probe_world *world, const char *node,
                  const char *const *argv, struct error *err)
{
    program->engine = engine;
    program->world = world;
    program->output_watch = (struct watch){-1, output_ready, program};
    program->status_watch = (struct watch){-1, status_ready, program};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set_errno(err, errno, "make a pipe for %s", argv[0]);
    FD_AUTO reader = ends[0];
    FD_AUTO writer = ends[1];
    if (!world->run)
        return error_set(err, ERR_PROBE, "no program can be run in %s from here", node);
    FD_AUTO status = world->run(world->context, node, argv, writer, err);
    if (status < 0)
        return -1;
    fcntl(reader, F_SETFL, O_NONBLOCK);
    fcntl(status, F_SETFL, fcntl(status, F_GETFL) | O_NONBLOCK);
    if (engine_watch(engine, &program->output_watch, reader, EPOLLIN) < 0)
        return error_set_errno(err, errno, "watch the output of %s", argv[0]);
    fd_steal(&reader);
    if (engine_watch(engine, &program->status_watch, status, EPOLLIN) < 0)
        return error_set_errno(err, errno, "watch the end of %s", argv[0]);
    fd_steal(&status);
    return 0;
}

void program_stop(struct program *program)
{
    struct watch *watches[] = {&program->output_watch, &program->status_watch};
    for (size_t i = 0; i < 2; i++) {
        int fd = watches[i]->fd;
        if (!watches[i]->ready || fd < 0)
            continue;
        engine_unwatch(program->engine, watches[i]);
        close(fd);
    }
}
