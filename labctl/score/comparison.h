/* Who reaches whom: matrices of three moments compared. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct reach {
    const char *from, *to; /* names of nodes */
    uint16_t port;         /* TCP; 0 = ICMP */
    bool open;
};

struct reach_matrix {
    struct reach *items;
    size_t count;
};

struct comparison {
    struct reach_matrix fixed;        /* healthy yes, broken no, end yes */
    struct reach_matrix newly_broken; /* healthy yes, broken yes, end no */
    struct reach_matrix newly_opened; /* healthy no, end yes */
    struct reach_matrix still_broken; /* healthy yes, broken no, end no */
    size_t preserved;                 /* healthy yes, broken yes, end yes */
};

/* Only what all three matrices hold is compared; without a broken one (NULL) what was healthy counts as unbroken.  The
 * order is the healthy matrix's. */
struct comparison comparison_of(const struct reach_matrix *healthy, const struct reach_matrix *broken,
                                const struct reach_matrix *end, struct arena *arena);
