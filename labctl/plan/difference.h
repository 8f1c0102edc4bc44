/* The difference of two plans: what must be done, and in which order, to turn a lab of one into a lab of the other. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;
struct arena;
struct str;
struct json;

/* In the order in which a lab is built. */
enum plan_item {
    ITEM_NAMESPACE,
    ITEM_BRIDGE,
    ITEM_LINK,
    ITEM_DEVICE,
    ITEM_SYSCTL,
    ITEM_ADDRESS,
    ITEM_NEIGHBOUR,
    ITEM_ROUTE,
    ITEM_RULE,
    ITEM_NFT,
    ITEM_IMPAIRMENT,
    ITEM_FILE,
    ITEM_HOSTS_VIEW,
    ITEM_PROCESS,
    ITEM_RUN,
    ITEM_COUNT
};
const char *plan_item_name(enum plan_item item);

enum plan_action { ACTION_ADD, ACTION_REMOVE, ACTION_CHANGE };

struct plan_operation {
    enum plan_action action;
    enum plan_item item;
    /* Indices into that item's array: of the old plan (REMOVE, CHANGE) and of the new one (ADD, CHANGE). */
    size_t before, after;
    bool in_place; /* CHANGE: can be done without removing the thing first */
};

/* Operations from `before` to `after`, safe in this order: things are removed leaf first and added root first; what an
 * operation implies (addresses of a removed link) is not listed twice.  In the arena.  Work is proportional to the
 * plans' sizes, the result to the change.  A `run` is only ever added. */
struct plan_operation *plan_difference(const struct plan *before, const struct plan *after, struct arena *arena,
                                       size_t *count);

/* One line for a person: "+ route 10.1.0.0/16 via 10.0.0.1 in web". */
void plan_operation_describe(const struct plan *before, const struct plan *after,
                             const struct plan_operation *operation, struct str *out);
/* One item, in the words of the tools that people know: "route 10.1.0.0/16 via 10.0.0.1", without its namespace. */
void plan_item_describe(const struct plan *plan, enum plan_item item, size_t i, struct str *out);
/* The whole plan, for `labctl plan`: text grouped by namespace, or JSON (documented in labctl(1)). */
void plan_print(const struct plan *plan, struct str *out);
void plan_json(const struct plan *plan, struct json *json);
