#include "link/relay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"

const char *const relay_direction_names[] = {[RELAY_SENT] = "sent", [RELAY_RECEIVED] = "received"};
_Static_assert(ARRAY_SIZE(relay_direction_names) == RELAY_DIRECTION_COUNT, "every direction has a name");

void relay_wire_format(const struct relay_wire *wire, struct str *out)
{
    str_printf(out, "%s %s %s %s %u ", wire->netns, wire->device, relay_direction_names[wire->direction],
               wire->relay_end, wire->mtu);
    impairment_format(&wire->is, "=", " ", out);
    str_append_char(out, '\n');
}

bool relay_impairment_parse(char *text, struct impairment *out)
{
    char *save = NULL;
    *out = (struct impairment){0};
    for (char *key = strtok_r(text, " \n", &save); key; key = strtok_r(NULL, " \n", &save)) {
        char *value = strchr(key, '=');
        if (!value)
            return false;
        *value++ = '\0';
        const struct impairment_row *row = impairment_row(key);
        if (!row || impairment_set(out, row, value))
            return false;
    }
    return true;
}

bool relay_wire_parse(char *line, struct relay_wire *out)
{
    char direction[16];
    int end = 0;
    *out = (struct relay_wire){.direction = RELAY_DIRECTION_COUNT};
    if (sscanf(line, "%31s %15s %15s %15s %u%n", out->netns, out->device, direction, out->relay_end, &out->mtu, &end) !=
        5)
        return false;
    for (int d = 0; d < RELAY_DIRECTION_COUNT; d++)
        if (str_equal(relay_direction_names[d], direction))
            out->direction = d;
    return out->direction != RELAY_DIRECTION_COUNT && relay_impairment_parse(line + end, &out->is);
}

int64_t relay_lateness_bound(unsigned bucket)
{
    return (int64_t)(1000 * exp2((bucket + 1) / 4.0));
}

unsigned relay_lateness_bucket(int64_t nanoseconds)
{
    if (nanoseconds < 1000)
        return 0;
    double bucket = 4 * log2((double)nanoseconds / 1000);
    return bucket >= RELAY_LATENESS_BUCKETS ? RELAY_LATENESS_BUCKETS - 1 : (unsigned)bucket;
}

int64_t relay_lateness_quantile(const struct relay_statistics *statistics, double share)
{
    uint64_t all = 0, below = 0;
    for (unsigned b = 0; b < RELAY_LATENESS_BUCKETS; b++)
        all += statistics->lateness[b];
    for (unsigned b = 0; all && b < RELAY_LATENESS_BUCKETS; b++) {
        below += statistics->lateness[b];
        if ((double)below >= share * (double)all)
            return relay_lateness_bound(b) < statistics->latest ? relay_lateness_bound(b) : statistics->latest;
    }
    return 0;
}
