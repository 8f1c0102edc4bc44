/* A command in a node, from the caller's side: exec and shell. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct context;
struct control;
struct error;
struct str;

struct spawn {
    const char *node;
    char **argv; /* argc 0: a shell */
    size_t argc;
    bool pty; /* standard input and output are a terminal, which is made raw meanwhile */
};

/* Runs it with this process's descriptors, forwards signals and the window's size.  Returns the exit status as a shell
 * would: the command's own, 126, 127, 128 + signal; 125 where labctl itself failed (the reason was printed). */
int spawn_run(const struct context *context, const struct spawn *spawn);

/* The same without a terminal or signals, for what labctl itself runs in a node: several may run at once. */
struct spawned {
    int near;   /* its control socket */
    int output; /* what it writes, standard output and error together */
    const char *node;
};
/* Asks for it; 0, or -1 with err and nothing to wait for. */
int spawn_begin(struct control *control, const char *node, const char *const *argv, size_t argc, struct spawned *out,
                struct error *err);
/* Waits until it has ended, appends what it wrote and gives its exit status as a shell would.  What lasts longer than
 * `timeout` milliseconds, and what goes with its node or its lab, is an error.  Frees in any case. */
int spawn_finish(struct spawned *spawned, struct control *control, int timeout, struct str *out, int *status,
                 struct error *err);
