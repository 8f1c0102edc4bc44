/* Who is attached where, and how things are called in a graph. */
#include "report/graph_members.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/units.h"

#define SERVICES_SHOWN 4

const char members_internet = 'i';

/* The segment of an interface: what members_at takes; NULL where it has none. */
static const void *members_segment(const struct interface *interface)
{
    switch (interface->attachment) {
    case ATTACH_SUBNET:
        return interface->subnet;
    case ATTACH_BRIDGE:
        return interface->bridge->vlan_of_link != NULL ? (void *)interface->bridge->vlan_of_link
                                                       : bridge_whole(interface->bridge);
    case ATTACH_LINK:
        return interface->link;
    case ATTACH_INTERNET:
        return &members_internet;
    default:
        return NULL;
    }
}

struct entry {
    const void *segment;
    size_t order;
    struct interface *interface;
};

static int by_segment(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->segment != b->segment)
        return (uintptr_t)a->segment < (uintptr_t)b->segment ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

struct members members_of(const struct topology *topology, struct arena *arena)
{
    struct members members = {0};
    struct entry *entries = NULL;
    size_t count = 0;
    for (size_t i = 0; i < topology->node_count; i++) {
        const struct node *node = topology->nodes[i];
        for (size_t j = 0; j < node->interface_count; j++) {
            const void *segment = members_segment(node->interfaces[j]);
            if (!segment)
                continue;
            size_t order = count;
            *ARENA_PUSH(arena, entries, count) = (struct entry){segment, order, node->interfaces[j]};
        }
    }
    if (count > 0)
        qsort(entries, count, sizeof *entries, by_segment);
    for (size_t i = 0; i < count; i++)
        *ARENA_PUSH(arena, members.items, members.count) = entries[i].interface;
    return members;
}

/* The first position whose segment is not below the wanted one. */
static size_t lower_bound(const struct members *members, uintptr_t wanted)
{
    size_t low = 0, high = members->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)members_segment(members->items[middle]) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct interface *const *members_at(const struct members *members, const void *segment, size_t *count)
{
    size_t first = lower_bound(members, (uintptr_t)segment);
    *count = lower_bound(members, (uintptr_t)segment + 1) - first;
    return members->items + first;
}

/* ---- names --------------------------------------------------------------------------------------------------- */

const char *graph_interface_name(const struct interface *interface, struct arena *arena)
{
    if (interface->node->interface_count < 2)
        return interface->node->name;
    return arena_printf(arena, "%s/%s", interface->node->name, interface->name);
}

const char *graph_addresses(const struct interface *interface, struct arena *arena)
{
    STR_AUTO text = STR_INIT;
    char buffer[ADDR_TEXT_MAX];
    bool bare = interface->attachment == ATTACH_SUBNET || interface->attachment == ATTACH_INTERNET;
    for (size_t i = 0; i < interface->address_count; i++)
        str_printf(&text, "%s%s", i > 0 ? ", " : "",
                   bare ? addr_format(&interface->addresses[i].addr, buffer)
                        : prefix_format(&interface->addresses[i], buffer));
    if (addr_is_set(&interface->public_ip))
        str_printf(&text, " = %s", addr_format(&interface->public_ip, buffer));
    interface_vlan_text(interface, &text);
    return arena_strdup(arena, str_text(&text));
}

const char *graph_services(const struct node *node, struct arena *arena)
{
    STR_AUTO text = STR_INIT;
    for (size_t i = 0; i < node->service_count && i < SERVICES_SHOWN; i++) {
        const struct service *service = node->services[i];
        uint16_t port = service->kind == SERVICE_EXEC ? service->ready_port : service->port;
        str_printf(&text, "%s%s", i > 0 ? " " : "", service->name);
        if (port != 0)
            str_printf(&text, ":%u", port);
    }
    if (node->service_count > SERVICES_SHOWN)
        str_printf(&text, " and %zu more", node->service_count - SERVICES_SHOWN);
    return arena_strdup(arena, str_text(&text));
}

const char *graph_published(const struct published *published, struct arena *arena)
{
    char text[ADDR_TEXT_MAX];
    return arena_printf(arena, "publishes %s:%u as %s%s%u%s", published->target_name, published->target_port,
                        addr_is_set(&published->address) ? addr_format(&published->address, text) : "",
                        addr_is_set(&published->address) ? ":" : "", published->port,
                        published->protocol == PROTOCOL_UDP ? "/udp" : "");
}

static void add_property(struct str *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_property(struct str *text, const char *format, ...)
{
    va_list args;
    if (text->length > 0)
        str_append(text, ", ");
    va_start(args, format);
    str_vprintf(text, format, args);
    va_end(args);
}

const char *graph_link_properties(const struct link *link, struct arena *arena)
{
    STR_AUTO text = STR_INIT;
    STR_AUTO both = STR_INIT;
    if (link->mtu != 0)
        add_property(&text, "mtu %u", link->mtu);
    impairment_format(&link->both, " ", ", ", &both);
    if (both.length)
        add_property(&text, "%s", str_text(&both));
    for (size_t i = 0; i < link->end_count && i < 2; i++) {
        STR_AUTO one = STR_INIT;
        if (!link->from_declared[i])
            continue;
        impairment_format(&link->from_end[i], " ", " and ", &one);
        add_property(&text, "%s from %s", one.length ? str_text(&one) : "unimpaired", link->ends[i]->node->name);
    }
    return arena_strdup(arena, str_text(&text));
}

const char *graph_vpc_route(const struct vpc_route *route, struct arena *arena)
{
    char buffer[ADDR_TEXT_MAX];
    return arena_printf(arena, "%s -> %s%s", prefix_format(&route->destination, buffer),
                        route->target_text ? route->target_text : "blackhole",
                        route->target == TARGET_MISSING ? " (missing)" : "");
}

const char *graph_subnet_title(const struct subnet *subnet, struct arena *arena)
{
    char buffer[ADDR_TEXT_MAX];
    const char *zone = subnet->zone ? arena_printf(arena, ", zone %s", subnet->zone) : "";
    return arena_printf(arena, "subnet %s %s%s", subnet->name, prefix_format(&subnet->cidr, buffer), zone);
}
