/* The briefing of an exercise, for a terminal or a file; from its status (exercise/result.h). */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct str;

/* All that a learner is told when the clock starts.  width: of the window, 0 = a page's. */
void briefing_write(const json_t *status, unsigned width, bool color, struct str *out);
/* What the present phase asks for, where there are phases. */
void briefing_phase(const json_t *status, unsigned width, bool color, struct str *out);
