/* What commands that talk to a running lab share: connecting, one call, texts by memfd, printing a JSON reply. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct arena;
struct context;
struct control;
struct error;

/* Connects to context->lab, or to the only lab that runs. */
int client_connect(const struct context *context, struct control **out, struct error *err);
/* One call without descriptors or progress; connects and closes.  params is stolen. */
int client_call(const struct context *context, const char *verb, json_t *params, json_t **reply, struct error *err);
/* One call that hands over a text (a topology) by memfd as descriptor 0. */
int client_call_text(const struct context *context, struct control *control, const char *verb, json_t *params,
                     const char *text, size_t length, json_t **reply, struct error *err);
/* Reads the reply's first descriptor, a text. */
int client_read_text(int fd, struct str *out, struct error *err);
/* Prints a reply as `--format json` does: indented, keys in the given order, one newline at the end. */
void client_print_json(const json_t *reply);
/* Progress on a terminal: one line on stderr that is overwritten; nothing in a pipe or with -q. */
void client_progress(void *context, const json_t *progress);
void client_progress_end(const struct context *context);

/* Members of a JSON object, with a default where absent. */
const char *client_text(const json_t *object, const char *key);   /* "" where absent */
json_int_t client_integer(const json_t *object, const char *key); /* 0 where absent */
bool client_truth(const json_t *object, const char *key);

/* Names of the nodes of a running lab (NULL: the only one). */
int client_node_names(const char *lab, struct arena *arena, const char ***names, size_t *count);
