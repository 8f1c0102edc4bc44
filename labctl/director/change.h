/* Changing the running lab: what director.c needs of change.c. */
#pragma once

#include <stdint.h>

struct director;
struct error;
struct plan;
struct str;

/* Finishes the change whose target is on record. */
int director_roll_forward(struct director *director, struct error *err);
/* Tells the door what there is now. */
void director_show_state(struct director *director);
/* The operations from one plan to another, a line each. */
void director_describe(const struct plan *before, const struct plan *after, struct str *out);
/* The line of a link that is made again. */
void director_describe_lost(const struct plan *plan, uint32_t link, struct str *out);
