/* The name of a lab's control socket.  For control.c and registry.c. */
#pragma once

struct error;

#define CHANNEL_PREFIX "labctl/"

/* A connection to the lab of that name, not yet made sure of (lab/credentials.h).  ERR_ABSENT where none runs. */
int channel_connect(const char *lab, int *out, struct error *err);
