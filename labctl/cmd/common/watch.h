/* The live view of an exercise. */
#pragma once

struct context;

/* Shows the status of the lab's exercise and brings it up to date, in place on a terminal and else a line for each
 * change, until q or Ctrl-C is pressed or the exercise has ended.  Returns the exit status. */
int watch_exercise(struct context *context);
