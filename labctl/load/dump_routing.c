/* Canonical YAML of bgp and ospf services. */
#include "base/str.h"
#include "load/dump.h"

static void dump_prefixes(struct yaml *yaml, const char *key, const struct prefixes *list)
{
    char text[ADDR_TEXT_MAX];
    yaml_key(yaml, key);
    yaml_flow_list(yaml);
    for (size_t i = 0; i < list->count; i++)
        yaml_text(yaml, prefix_format(&list->items[i], text));
    yaml_list_end(yaml);
}

static void dump_router(struct yaml *yaml, const struct routing *routing)
{
    bool any = false;
    dump_addr(yaml, "router_id", &routing->router_id);
    for (size_t i = 0; i < REDISTRIBUTE_COUNT; i++)
        any = any || routing->redistribute[i];
    if (!any)
        return;
    yaml_key(yaml, "redistribute");
    yaml_flow_list(yaml);
    for (size_t i = 0; i < REDISTRIBUTE_COUNT; i++)
        if (routing->redistribute[i])
            yaml_text(yaml, redistribute_name((enum redistribute)i));
    yaml_list_end(yaml);
}

static void dump_neighbour(struct yaml *yaml, const struct bgp_neighbour *neighbour)
{
    yaml_key(yaml, neighbour->name);
    yaml_map(yaml);
    yaml_plain_member(yaml, "as", "%u", neighbour->as);
    if (neighbour->has_import)
        dump_prefixes(yaml, "import", &neighbour->import);
    if (neighbour->has_export)
        dump_prefixes(yaml, "export", &neighbour->export);
    dump_number(yaml, "preference", neighbour->preference);
    dump_number(yaml, "prepend", neighbour->prepend);
    yaml_map_end(yaml);
}

static void dump_bgp(struct yaml *yaml, const struct bgp *bgp)
{
    yaml_plain_member(yaml, "as", "%u", bgp->as);
    if (bgp->networks.count > 0)
        dump_prefixes(yaml, "networks", &bgp->networks);
    if (bgp->hold != 9)
        yaml_plain_member(yaml, "hold", "%u", bgp->hold);
    if (bgp->neighbour_count == 0)
        return;
    yaml_key(yaml, "neighbours");
    yaml_map(yaml);
    for (size_t i = 0; i < bgp->neighbour_count; i++)
        dump_neighbour(yaml, &bgp->neighbours[i]);
    yaml_map_end(yaml);
}

static void dump_area(struct yaml *yaml, const struct ospf_area *area)
{
    STR_AUTO id = STR_INIT;
    str_printf(&id, "%u", area->id);
    yaml_key(yaml, str_text(&id));
    yaml_map(yaml);
    if (area->stub)
        yaml_boolean_member(yaml, "stub", true);
    yaml_key(yaml, "interfaces");
    yaml_map(yaml);
    for (size_t i = 0; i < area->interface_count; i++) {
        yaml_key(yaml, area->interfaces[i].name);
        yaml_map(yaml);
        dump_number(yaml, "cost", area->interfaces[i].cost);
        if (area->interfaces[i].passive)
            yaml_boolean_member(yaml, "passive", true);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
    yaml_map_end(yaml);
}

static void dump_ospf(struct yaml *yaml, const struct ospf *ospf)
{
    if (ospf->hello != 1)
        yaml_plain_member(yaml, "hello", "%u", ospf->hello);
    if (ospf->dead != 4)
        yaml_plain_member(yaml, "dead", "%u", ospf->dead);
    yaml_key(yaml, "areas");
    yaml_map(yaml);
    for (size_t i = 0; i < ospf->area_count; i++)
        dump_area(yaml, &ospf->areas[i]);
    yaml_map_end(yaml);
}

void dump_routing(struct yaml *yaml, const struct service *service)
{
    if (!service->routing)
        return;
    dump_router(yaml, service->routing);
    if (service->kind == SERVICE_BGP)
        dump_bgp(yaml, &service->routing->bgp);
    else
        dump_ospf(yaml, &service->routing->ospf);
}
