/* What a director must know after it was killed: the topology and the faults that the lab is, and those that it was on
 * the way to.  Generations of files in a directory; two small files say which is current and which is the target, each
 * replaced in one step. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct error;

struct generation {
    unsigned number;       /* 0: none */
    struct str text;       /* canonical YAML */
    json_t *faults;        /* array */
    struct str allotments; /* what the topology allotted (load/load.h): the text with it gives the same again */
};

struct state {
    int directory; /* O_DIRECTORY */
    struct generation current, target;
    int64_t since; /* real time at which the lab was built */
};

/* Opens the directory and reads what is there. */
int state_open(struct state *state, const char *path, struct error *err);
void state_close(struct state *state);
/* Writes a new generation and makes it the target.  faults: borrowed. */
int state_begin(struct state *state, const char *text, const json_t *faults, const char *allotments, struct error *err);
/* The target is reached: it becomes the current one. */
int state_commit(struct state *state, struct error *err);
/* The target was given up before anything was done. */
void state_abandon(struct state *state);
