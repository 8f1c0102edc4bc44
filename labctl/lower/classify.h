/* Ordered rules, of which the first that matches decides, as a look-up: which network a packet is from or for, then
 * which ports are let in.  However many rules there are, a packet meets two look-ups. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct arena;
struct acl_rule;

/* What a packet is looked up by besides its address: the destination port, or type and code of ICMP
 * (type << 8 | code), or nothing. */
enum traffic { TRAFFIC_TCP, TRAFFIC_UDP, TRAFFIC_ICMP, TRAFFIC_OTHER, TRAFFIC_COUNT };

struct value_range {
    uint16_t first, last; /* inclusive */
};

/* Ranges of values that are allowed, ascending, with a gap between any two.  None: all are denied.  0-65535: all are
 * allowed. */
struct allowance {
    const struct value_range *ranges;
    size_t count;
};

struct address_range {
    struct addr first, last; /* inclusive */
    size_t allowance;        /* index */
};

/* Address ranges, ascending, without those where all is denied; neighbours differ. */
struct classification {
    struct address_range *ranges;
    size_t range_count;
    struct allowance *allowances; /* each once */
    size_t allowance_count;
};

/* rules: by ascending number.  family: 4 or 6; ICMP is the family's own. */
struct classification classify(struct arena *arena, const struct acl_rule *rules, size_t count, unsigned family,
                               enum traffic traffic);
