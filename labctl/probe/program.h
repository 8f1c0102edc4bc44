/* A program in a node: its output and its end, in the prober's loop.  Inside the room only. */
#pragma once

#include "base/str.h"
#include "probe/engine.h"

#define PROGRAM_OUTPUT_MAX (64u << 10)

struct program {
    struct engine *engine;
    const struct probe_world *world;
    struct watch output_watch, status_watch;
    struct str output; /* what it wrote, at most PROGRAM_OUTPUT_MAX; the owner frees it after program_stop */
    int status;        /* as of waitpid */
    /* Called once when output and status are complete, or with the problem. */
    void (*ended)(void *context, const char *problem);
    void *context;
};

/* 0, or -1 with err (then `ended` is not called). */
int program_start(struct program *program, struct engine *engine, const struct probe_world *world, const char *node,
                  const char *const *argv, struct error *err);
void program_stop(struct program *program); /* asks for it to be killed where it still runs; may be called twice */
