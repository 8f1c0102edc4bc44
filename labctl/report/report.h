/* Reports: one writer for each format, from the result of an exercise (exercise/result.h) as it lies on the disk. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct str;

struct report_writer {
    const char *name; /* of --as: "text", "json" */
    const char *doc;
    void (*write)(const json_t *result, bool color, struct str *out);
};
extern const struct report_writer report_writers[];
extern const size_t report_writer_count;
const struct report_writer *report_writer_find(const char *name); /* NULL where unknown */

/* The text for a running exercise: clock, phase, points so far, tasks, what is open (from result_status). */
void report_status(const json_t *status, bool color, struct str *out);
/* "1:05:30", "44:58", "0:07" */
void report_clock(double seconds, struct str *out);
/* The same of what is left: the last second is 0:01. */
void report_clock_left(double seconds, struct str *out);
