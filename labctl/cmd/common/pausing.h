/* The clock of a running exercise stands or goes on. */
#pragma once

#include <stdbool.h>

struct context;

/* Does an exercise run of which a command without a name may speak?  The lab is chosen then. */
bool pausing_is_running(struct context *context);
/* Asks for it and prints text and the time that is left; returns the exit status. */
int pausing_change_clock(struct context *context, const char *verb, const char *text);
