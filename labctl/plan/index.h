/* The items of a plan, grouped by namespace once, so that work in a namespace is proportional to what is in it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "plan/difference.h"
#include "plan/plan.h"

struct plan_group {
    const uint32_t *items; /* indices into the item's array; for ITEM_LINK: link * 2 + end */
    size_t count;
};

struct plan_index;

/* Lives in the arena, and as long as the plan is not changed. */
struct plan_index *plan_index_new(const struct plan *plan, struct arena *arena);
/* In the plan's order.  ITEM_NAMESPACE gives the namespace itself, ITEM_HOSTS_VIEW nothing. */
struct plan_group plan_index_group(const struct plan_index *index, uint32_t ns, enum plan_item item);

size_t plan_item_count(const struct plan *plan, enum plan_item item);
/* The namespace of an item (a link: that of its end 0); UINT32_MAX for a hosts view. */
uint32_t plan_item_namespace(const struct plan *plan, enum plan_item item, size_t i);

/* Words of the plan: "cloud", "blackhole". */
const char *plan_namespace_kind_name(enum namespace_kind kind);
const char *plan_route_type_name(enum plan_route_type type);
const char *plan_device_kind_name(enum plan_device_kind kind); /* "vlan", "vxlan" */
