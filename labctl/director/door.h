/* The door: a thread that accepts clients, makes sure of them, and answers "state" and "busy" even while the director's
 * only other thread is deep in a change.  Everything else it hands over with the request already read. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lab/control.h"

struct door;
struct error;

/* A client with its first request, on its way to the main thread. */
struct guest {
    int fd;
    pid_t client;
    json_t *message;
    int fds[CONTROL_FDS_MAX];
    size_t fd_count;
    struct guest *next;
};

/* listener: the lab's socket (stays the caller's). */
struct door *door_open(int listener, const char *lab, struct error *err);
int door_descriptor(const struct door *door); /* readable while guests wait */
struct guest *door_next(struct door *door);   /* NULL: none; the caller owns it */
void guest_free(struct guest *guest);         /* closes what it still holds */

/* What "state" tells: "empty", "building", "running"; the number of nodes; whether an exercise runs (or NULL). */
void door_state(struct door *door, const char *state, size_t nodes, const char *title, int64_t since_real);
void door_exercise(struct door *door, const char *exercise);
/* The change under way (NULL: none), by whom. */
void door_busy(struct door *door, const char *what, pid_t client);
/* Says why a change has to wait; 0 where it need not. */
int door_check_busy(struct door *door, struct error *err);
