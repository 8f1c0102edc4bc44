/* Changing the running lab: what director.c needs of change.c. */
#pragma once

struct director;
struct error;

/* Finishes the change whose target is on record. */
int director_roll_forward(struct director *director, struct error *err);
/* Tells the door what there is now. */
void director_show_state(struct director *director);
