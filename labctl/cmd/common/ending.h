/* How an exercise that runs is ended, and its lab with it. */
#pragma once

#include <jansson.h>

struct context;
struct error;
struct str;

/* Asks the lab of the exercise by a verb (params is stolen), then ends the lab where the exercise is over: what is left
 * is its directory. */
int ending_ask(struct context *context, const char *verb, json_t *params, json_t **reply, struct error *err);
/* Before a lab is ended that may have an exercise: its journal gets its end.  The exercise's name is appended to
 * `scenario` where it had one.  A lab that does not answer soon is passed over: nothing stands in the way of its end.
 */
void ending_note(const char *lab, struct str *scenario);
