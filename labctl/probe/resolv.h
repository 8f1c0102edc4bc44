/* resolv.conf(5) of a node, as its resolver library would read it.  Inside the room only. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct arena;

#define RESOLV_SERVERS_MAX 3 /* MAXNS of glibc */
#define RESOLV_SEARCH_MAX  6 /* MAXDNSRCH */

struct resolv {
    struct addr servers[RESOLV_SERVERS_MAX];
    size_t server_count; /* at least 1: without a nameserver line it is 127.0.0.1 */
    const char *search[RESOLV_SEARCH_MAX];
    size_t search_count;
    unsigned ndots;  /* 1 */
    int64_t timeout; /* ns to wait for one server; 5 s */
};

/* Parses the text; what it does not understand is skipped, as the library does. */
void resolv_parse(const char *text, struct arena *arena, struct resolv *out);
/* Reads /etc/resolv.conf below a root directory (O_PATH), never leaving it.  A missing or odd file is an empty one.
 * 0, or -1 with errno where root itself cannot be used. */
int resolv_read(int root, struct arena *arena, struct resolv *out);
/* The names to ask for in turn: at most RESOLV_SEARCH_MAX + 1; the count is returned. */
size_t resolv_candidates(const struct resolv *resolv, const char *name, struct arena *arena,
                         const char *out[static RESOLV_SEARCH_MAX + 1]);
