/* A network namespace as text: what ip and tc show of it, from the kernel's own dumps, a line for each thing
 * (kernel/message_text.h).  Left out is what comes and goes by itself: learnt neighbours, and, unless they are
 * asked for, routes that routers advertise or routing daemons learn. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

struct error;

enum network_part {
    NETWORK_INTERFACES, /* "NAME ALIAS" */
    NETWORK_LINKS,
    NETWORK_ADDRESSES,
    NETWORK_ROUTES, /* of all tables */
    NETWORK_RULES,
    NETWORK_NEIGHBOURS, /* permanent ones and proxies */
    NETWORK_QUEUES,
    NETWORK_PART_COUNT
};
extern const char *const network_part_names[NETWORK_PART_COUNT]; /* "interfaces", … */

/* Appends each part to its own text.  learned: such routes as well. */
int network_text(int netns, bool learned, struct str parts[static NETWORK_PART_COUNT], struct error *err);
