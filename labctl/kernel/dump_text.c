/* What is in a network namespace as text: what ip would show, in an order that does not depend on how things came to
 * be. */
#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/str.h"
#include "kernel/dump.h"

/* Lines that are sorted before they are out. */
struct lines {
    struct arena *arena;
    const char **items;
    size_t count;
};

static void add(struct lines *lines, const struct str *text)
{
    *ARENA_PUSH(lines->arena, lines->items, lines->count) = arena_strdup(lines->arena, str_text(text));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *prefix_text(const struct prefix *prefix, char text[static ADDR_TEXT_MAX])
{
    return prefix_format(prefix, text);
}

static void links(const struct observation *o, struct lines *lines)
{
    for (size_t i = 0; i < o->link_count; i++) {
        STR_AUTO text = STR_INIT;
        const struct observed_link *link = &o->links[i];
        char mac[ADDR_TEXT_MAX];
        str_printf(&text, "link %s %s mtu %u master %s %s %s%s", link->name, link->kind, link->mtu,
                   link->master ? observed_name(o, link->master) : "-", mac_format(&link->mac, mac),
                   link->up ? "up" : "down", link->stp ? " stp" : "");
        add(lines, &text);
    }
}

static void addresses(const struct observation *o, struct lines *lines)
{
    for (size_t i = 0; i < o->address_count; i++) {
        STR_AUTO text = STR_INIT;
        char prefix[ADDR_TEXT_MAX];
        str_printf(&text, "address %s %s", observed_name(o, o->addresses[i].interface),
                   prefix_text(&o->addresses[i].address, prefix));
        add(lines, &text);
    }
}

static void neighbours(const struct observation *o, struct lines *lines)
{
    for (size_t i = 0; i < o->neighbour_count; i++) {
        const struct observed_neighbour *neighbour = &o->neighbours[i];
        STR_AUTO text = STR_INIT;
        char addr[ADDR_TEXT_MAX], mac[ADDR_TEXT_MAX];
        if (!neighbour->proxy && !(neighbour->state & NUD_PERMANENT))
            continue;
        str_printf(&text, "neighbour %s %s %s", observed_name(o, neighbour->interface),
                   addr_format(&neighbour->addr, addr), neighbour->proxy ? "proxy" : mac_format(&neighbour->mac, mac));
        add(lines, &text);
    }
}

static void routes(const struct observation *o, struct lines *lines)
{
    for (size_t i = 0; i < o->route_count; i++) {
        const struct observed_route *route = &o->routes[i];
        STR_AUTO text = STR_INIT;
        char prefix[ADDR_TEXT_MAX], addr[ADDR_TEXT_MAX];
        str_printf(&text, "route table %u type %u %s metric %u%s%s", route->table, route->type,
                   prefix_text(&route->destination, prefix), route->metric, route->onlink ? " onlink" : "",
                   route->congestion_control);
        if (addr_is_set(&route->source))
            str_printf(&text, " from %s", addr_format(&route->source, addr));
        for (size_t n = 0; n < route->nexthop_count; n++) {
            const struct observed_nexthop *hop = &route->nexthops[n];
            str_printf(&text, " via %s %s weight %u", addr_is_set(&hop->via) ? addr_format(&hop->via, addr) : "-",
                       observed_name(o, hop->interface), hop->weight);
        }
        add(lines, &text);
    }
}

static void rules(const struct observation *o, struct lines *lines)
{
    for (size_t i = 0; i < o->rule_count; i++) {
        const struct observed_rule *rule = &o->rules[i];
        STR_AUTO text = STR_INIT;
        char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
        str_printf(&text, "rule %u %u from %s to %s in %s mark %x/%x table %u", rule->family, rule->priority,
                   prefix_text(&rule->from, from), prefix_text(&rule->to, to), rule->input_interface, rule->mark_value,
                   rule->mark_mask, rule->table);
        add(lines, &text);
    }
}

void observation_write(const struct observation *o, const char *prefix, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    struct lines lines = {.arena = arena};
    links(o, &lines);
    addresses(o, &lines);
    neighbours(o, &lines);
    routes(o, &lines);
    rules(o, &lines);
    if (lines.count)
        qsort(lines.items, lines.count, sizeof *lines.items, by_text);
    for (size_t i = 0; i < lines.count; i++)
        str_printf(out, "%s%s\n", prefix, lines.items[i]);
}
