/* The steps of a scenario's solution or of a wrong fix, done in a running lab as a learner would do them. */
#pragma once

#include <stddef.h>

struct control;
struct document;
struct error;
struct step;

/* Does them in their order; stops at the first that is refused or fails (*failed).  document: of the scenario, for the
 * files that it names.  ERR_USAGE for a step that does not do what it says, with its number. */
int steps_run(struct control *control, const struct document *document, const struct step *steps, size_t count,
              size_t *failed, struct error *err);
