/* Starting an exercise: the labs in which it is seen that the healthy one is healthy and that the faults show, and the
 * one in which the clock begins to run. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/str.h"
#include "cmd/common/sealed.h"

struct context;
struct scenario;

/* What is started. */
struct course {
    const char *file;
    struct scenario *scenario; /* the reading's, or an exam's own */
    struct sealed_texts texts;
    struct sealed sealed; /* of an exam */
    bool exam;
};

/* What it has become; the caller frees both. */
struct begun {
    struct str directory;
    json_t *status;
};

/* 0 when the clock runs; else the exit status, the reason printed, nothing left. */
int starting_run(const struct context *context, const struct course *course, struct begun *begun);
