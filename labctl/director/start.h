/* The start of an exercise, between its files: private to start.c and start_broken.c. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "director/exercise.h"

/* What was measured in the broken lab. */
struct measured {
    struct arena *arena;          /* of all below; NULL: not measured */
    struct check_result *results; /* without metrics and cells */
    size_t count;
    const char *failure; /* it could not be measured, or NULL */
};
enum { MEASURED_TASKS, MEASURED_GUARDS, MEASURED_COUNT };

struct start {
    struct request *request;
    struct scenario *scenario;
    struct str stripped;
    json_t *listened, *broken; /* broken: who reaches whom with the faults in */
    struct measured measured[MEASURED_COUNT];
    bool looked;      /* they are there */
    bool begins;      /* this lab is the one in which the exercise begins: with the faults of the beginning */
    unsigned pending; /* sets of checks under way */
    struct str problems;
    bool error, unsupported; /* some check had no verdict */
};

void start_free(struct start *start); /* takes NULL */
/* The scenario and its topology, by the descriptors of a request; NULL with err. */
struct start *start_read(struct request *request, struct str *topology, struct error *err);
void start_say(struct start *start, const char *text);
/* Adds to what keeps the exercise from starting. */
void start_problem(struct start *start, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A check that has no verdict speaks for nothing: a problem. */
bool start_judged(struct start *start, const struct check_result *result);
void start_want_green(struct start *start, const struct check_result *result);
/* All problems as one error. */
void start_set_error(const struct start *start, struct error *err, const char *what);

/* start_broken.c: what was measured. */
void start_forget(struct start *start);
