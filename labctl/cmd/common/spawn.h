/* A command in a node, from the caller's side: exec and shell. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct context;

struct spawn {
    const char *node;
    char **argv; /* argc 0: a shell */
    size_t argc;
    bool pty; /* standard input and output are a terminal, which is made raw meanwhile */
};

/* Runs it with this process's descriptors, forwards signals and the window's size.  Returns the exit status as a shell
 * would: the command's own, 126, 127, 128 + signal; 125 where labctl itself failed (the reason was printed). */
int spawn_run(const struct context *context, const struct spawn *spawn);
