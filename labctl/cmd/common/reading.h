/* A topology read for a command: from a file or a text, through the rules, everything that is wrong shown on stderr. */
#pragma once

#include <stddef.h>

#include "base/mark.h"
#include "base/str.h"

struct context;
struct sources;
struct topology;

struct reading {
    struct arena *arena;
    struct sources *sources;
    struct findings findings;
    struct topology *topology; /* valid where reading_* returned 0 */
};

/* 0, or the exit status after the findings were printed.  reading_free in any case. */
int reading_file(struct reading *reading, const struct context *context, const char *path);
int reading_text(struct reading *reading, const struct context *context, const char *name, const char *text,
                 size_t length);
/* The same of what the running lab's text is to become; what is wrong with that one already is no error. */
int reading_changed(struct reading *reading, const struct context *context, const char *name, const struct str *text,
                    const struct str *running);
/* The same of a file that is to be applied to context->lab, or to the lab that it names: likewise. */
int reading_applied(struct reading *reading, const struct context *context, const char *path);
/* The same of a running lab, which is valid whatever rule it breaks, with what it allotted; its warnings were shown
 * when it was built. */
int reading_running(struct reading *reading, const struct context *context, const char *name, const struct str *text,
                    const struct str *allotments);
/* What runs has been lowered, whatever rule it breaks: a fault may have made it so.  That is no reason to refuse what
 * somebody changes beside it: errors that are among those of the running text become warnings. */
void reading_excuse(struct findings *findings, const struct findings *running);
void reading_free(struct reading *reading); /* takes a zeroed one */
#define READING_AUTO __attribute__((cleanup(reading_free))) struct reading
#define READING_INIT                                                                                                   \
    {                                                                                                                  \
        0                                                                                                              \
    }

/* Is this a lab's name?  NULL, or the rule. */
const char *lab_name_rule(const char *name);
