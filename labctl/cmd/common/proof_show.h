/* What `labctl prove` prints, where text is asked for. */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct context;
struct proof_run;

void proof_show_heading(const struct context *context, const struct proof_run *run);
void proof_show_step(const struct context *context, const json_t *step);
/* After its last step. */
void proof_show_outcome(const struct context *context, const struct proof_run *run);
/* After the last of several runs of a scenario: how many of them hold. */
void proof_show_tally(const struct context *context, const struct proof_run *runs, size_t count);
