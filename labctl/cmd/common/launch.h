/* Starting a lab from the command line: a keeper that lives only as long as this process until launch_commit. */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct context;
struct control;
struct error;
struct launch;
struct str;

/* Starts the keeper of a lab of that name and connects to its director.  file: where the topology or scenario lies; its
 * directory is hidden from the nodes.  From here on Ctrl-C makes the next call fail, and launch_end ends the lab. */
int launch_begin(const char *lab, const char *file, struct launch **out, struct error *err);
/* One call to its director, with a text as descriptor 0 (NULL: none) and progress on the terminal.  params is stolen.
 */
int launch_call(struct launch *launch, const struct context *context, const char *verb, json_t *params,
                const char *text, size_t length, json_t **reply, struct error *err);
/* The same with any descriptors, which stay the caller's. */
int launch_call_fds(struct launch *launch, const struct context *context, const char *verb, json_t *params,
                    const int *fds, size_t fd_count, json_t **reply, struct error *err);
/* The signal that this process got since the first of these began, or 0. */
int launch_interrupted(void);
/* Its connection, for calls without progress. */
struct control *launch_control(const struct launch *launch);
/* The lab is on its own from now on. */
int launch_commit(struct launch *launch, struct error *err);
/* Frees it; a lab that was not committed is ended, and gone when this returns.  Where a signal asked for that, this
 * process ends by it.  Takes NULL. */
void launch_end(struct launch *launch);
/* Appends the end of the lab's log. */
void launch_log(const struct launch *launch, struct str *out);
/* Prints the error, and the end of the lab's log where the lab itself failed; returns the exit status. */
int launch_fail(const struct launch *launch, const struct context *context, const struct error *err);
