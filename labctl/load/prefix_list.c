/* Prefix lists: networks under one name, for rules of security groups and for routes. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "load/loader.h"
#include "load/rule.h"

bool is_prefix_list_name(const struct vpc *vpc, const char *text)
{
    static const char kind[] = "prefix_list/";
    size_t length = strlen(vpc->name);
    if (str_starts(text, "vpc/") && strncmp(text + 4, vpc->name, length) == 0 && text[4 + length] == '/')
        text += 4 + length + 1;
    return str_starts(text, kind);
}

const struct prefix_list *find_prefix_list(struct loader *loader, const struct vpc *vpc, const struct value *value)
{
    const char *name = name_in_vpc(vpc, "prefix_list", value->text);
    const struct prefix_list *list = vpc_prefix_list(vpc, name);
    if (list == NULL)
        report_dangling(loader, "prefix list", name, arena_printf(loader->decoder.arena, " in vpc '%s'", vpc->name),
                        value->mark, names_of(loader, vpc->prefix_lists, vpc->prefix_list_count),
                        vpc->prefix_list_count);
    return list;
}

static void one_list(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct arena *arena = loader->decoder.arena;
    struct vpc *vpc = loader->vpc;
    struct prefix_list *list = ARENA_NEW(arena, struct prefix_list);
    *list = (struct prefix_list){.name = name, .mark = mark, .vpc = vpc};
    *ARENA_PUSH(arena, vpc->prefix_lists, vpc->prefix_list_count) = list;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1, marks = 0;
    if (value->kind == VALUE_NULL || count == 0) {
        decode_bad(&loader->decoder, name, "at least one network", value);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        struct prefix prefix = {0};
        if (item->broken || !read_destination(loader, name, item, &prefix))
            continue;
        *ARENA_PUSH(arena, list->entry_marks, marks) = item->mark;
        *ARENA_PUSH(arena, list->entries, list->entry_count) = prefix;
    }
}

void decode_prefix_lists(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "prefix list", LABEL_MAX, one_list);
}

/* A route to a list is a route to each entry. */
static void expand_routes(struct arena *arena, struct route_table *table)
{
    struct vpc_route *routes = NULL;
    size_t count = 0;
    for (size_t i = 0; i < table->route_count; i++) {
        struct vpc_route route = table->routes[i];
        if (route.destination.addr.family != 0) {
            *ARENA_PUSH(arena, routes, count) = route;
            continue;
        }
        for (size_t e = 0; route.list != NULL && e < route.list->entry_count; e++) {
            route.destination = route.list->entries[e];
            *ARENA_PUSH(arena, routes, count) = route;
        }
    }
    table->routes = routes;
    table->route_count = count;
}

void expand_prefix_lists(struct loader *loader, struct vpc *vpc)
{
    struct arena *arena = loader->decoder.arena;
    for (size_t i = 0; i < vpc->security_group_count; i++) {
        struct security_group *group = vpc->security_groups[i];
        for (size_t r = 0; r < group->ingress_count; r++)
            expand_peers(arena, &group->ingress[r]);
        for (size_t r = 0; r < group->egress_count; r++)
            expand_peers(arena, &group->egress[r]);
    }
    for (size_t i = 0; i < vpc->route_table_count; i++)
        expand_routes(arena, vpc->route_tables[i]);
}
