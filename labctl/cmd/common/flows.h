/* Flows of packets that are captured at an interface of a node. */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct context;
struct error;

/* Captures at these interfaces (names of a JSON array) for so long, or until Ctrl-C, and appends their flows to
 * `flows`, as the verb "flows" has them: what passes is accepted. */
int flows_capture(const struct context *context, const char *node, const json_t *interfaces, int64_t nanoseconds,
                  json_t *flows, struct error *err);
