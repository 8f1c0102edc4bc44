/* What can be done now: what `labctl` alone says during an exercise. */
#pragma once

#include <stdbool.h>

struct context;
struct str;

/* False where no exercise of this user runs (in that lab), or several do and none is named. */
bool overview_write(struct context *context, struct str *out);
