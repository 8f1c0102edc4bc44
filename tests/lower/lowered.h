/* For tests of lowering: a topology from text, checked and lowered; and short questions to the plan. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "doc/doc.h"
#include "load/load.h"
#include "lower/lower.h"
#include "plan/plan.h"
#include "rules/rules.h"

/* Fails the test with the findings where the text is not a valid topology.  plan_free ends the plan. */
static inline struct plan *lowered(const char *text)
{
    ARENA_AUTO arena = arena_new();
    struct sources *sources = sources_new(arena);
    struct findings findings;
    struct topology *topology = NULL;
    struct plan *plan = NULL;
    struct error err = ERROR_INIT;
    findings_init(&findings, arena);
    load_topology_text("test.yaml", text, strlen(text), sources, &findings, &topology);
    if (topology)
        rules_check(topology, &findings);
    if (findings.errors > 0) {
        STR_AUTO out = STR_INIT;
        findings_print(&findings, sources, false, &out);
        print_error("%s", str_text(&out));
        fail();
    }
    assert_int_equal(lower_topology(topology, &plan, &err), 0);
    topology_free(topology); /* the plan keeps nothing of it */
    return plan;
}

static inline void plan_free_pointer(struct plan **plan)
{
    plan_free(*plan);
}
#define PLAN_AUTO __attribute__((cleanup(plan_free_pointer))) struct plan *

static inline uint32_t ns_of(const struct plan *plan, const char *name)
{
    uint32_t ns = plan_find_namespace(plan, name);
    if (ns == UINT32_MAX)
        fail_msg("no namespace '%s'", name);
    return ns;
}

/* Is this the route's text: "default via 10.0.0.1 dev eth0"? */
static inline void route_text(const struct plan_route *route, struct str *out)
{
    char text[ADDR_TEXT_MAX];
    static const char *const types[] = {"", "blackhole ", "unreachable ", "prohibit ", "local "};
    str_clear(out);
    str_append(out, types[route->type]);
    str_append(out, route->destination.length == 0 ? "default" : prefix_format(&route->destination, text));
    for (size_t i = 0; i < route->nexthop_count; i++) {
        if (addr_is_set(&route->nexthops[i].via))
            str_printf(out, " via %s", addr_format(&route->nexthops[i].via, text));
        if (route->nexthops[i].interface)
            str_printf(out, " dev %s", route->nexthops[i].interface);
        if (route->nexthops[i].weight)
            str_printf(out, " weight %u", route->nexthops[i].weight);
    }
    if (route->metric)
        str_printf(out, " metric %u", route->metric);
}

static inline const struct plan_route *find_route(const struct plan *plan, const char *ns, uint32_t table,
                                                  const char *text)
{
    STR_AUTO out = STR_INIT;
    uint32_t number = ns_of(plan, ns);
    for (size_t i = 0; i < plan->route_count; i++) {
        route_text(&plan->routes[i], &out);
        if (plan->routes[i].ns == number && plan->routes[i].table == table && str_equal(str_text(&out), text))
            return &plan->routes[i];
    }
    return NULL;
}

static inline const struct plan_neighbour *find_neighbour(const struct plan *plan, const char *ns, const char *addr)
{
    char text[ADDR_TEXT_MAX];
    uint32_t number = ns_of(plan, ns);
    for (size_t i = 0; i < plan->neighbour_count; i++)
        if (plan->neighbours[i].ns == number && str_equal(addr_format(&plan->neighbours[i].addr, text), addr))
            return &plan->neighbours[i];
    return NULL;
}

static inline const struct plan_nft *find_nft(const struct plan *plan, const char *ns, const char *table)
{
    uint32_t number = ns_of(plan, ns);
    for (size_t i = 0; i < plan->nft_count; i++)
        if (plan->nfts[i].ns == number && str_equal(plan->nfts[i].table, table))
            return &plan->nfts[i];
    return NULL;
}

static inline const struct plan_link *find_link(const struct plan *plan, const char *ns, const char *name)
{
    uint32_t number = ns_of(plan, ns);
    for (size_t i = 0; i < plan->link_count; i++)
        for (unsigned e = 0; e < 2; e++)
            if (plan->links[i].end[e].ns == number && str_equal(plan->links[i].end[e].name, name))
                return &plan->links[i];
    return NULL;
}

static inline const char *find_sysctl(const struct plan *plan, const char *ns, const char *key)
{
    uint32_t number = ns_of(plan, ns);
    for (size_t i = 0; i < plan->sysctl_count; i++)
        if (plan->sysctls[i].ns == number && str_equal(plan->sysctls[i].key, key))
            return plan->sysctls[i].value;
    return NULL;
}

static inline const struct plan_file *find_file(const struct plan *plan, const char *ns, const char *path)
{
    uint32_t number = ns_of(plan, ns);
    for (size_t i = 0; i < plan->file_count; i++)
        if (plan->files[i].ns == number && str_equal(plan->files[i].path, path))
            return &plan->files[i];
    return NULL;
}

#define assert_contains(text, part)                                                                                    \
    do {                                                                                                               \
        if (!strstr((text), (part)))                                                                                   \
            fail_msg("'%s' is not in:\n%s", (part), (text));                                                           \
    } while (0)
#define assert_lacks(text, part)                                                                                       \
    do {                                                                                                               \
        if (strstr((text), (part)))                                                                                    \
            fail_msg("'%s' is in:\n%s", (part), (text));                                                               \
    } while (0)
