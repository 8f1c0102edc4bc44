/* Canonical YAML of a topology: what the file declared, in a fixed order, without what is derived. */
#include "load/dump.h"

#include <stdio.h>

#include "base/str.h"
#include "base/units.h"
#include "load/load.h"

void dump_addr_value(struct yaml *yaml, const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];
    yaml_text(yaml, addr_format(addr, text));
}

void dump_addr(struct yaml *yaml, const char *key, const struct addr *addr)
{
    if (!addr_is_set(addr))
        return;
    yaml_key(yaml, key);
    dump_addr_value(yaml, addr);
}

void dump_prefix(struct yaml *yaml, const char *key, const struct prefix *prefix)
{
    char text[ADDR_TEXT_MAX];
    if (addr_is_set(&prefix->addr))
        yaml_text_member(yaml, key, prefix_format(prefix, text));
}

void dump_text(struct yaml *yaml, const char *key, const char *text)
{
    if (text != NULL)
        yaml_text_member(yaml, key, text);
}

void dump_number(struct yaml *yaml, const char *key, uint64_t number)
{
    if (number != 0)
        yaml_plain_member(yaml, key, "%llu", (unsigned long long)number);
}

void dump_duration(struct yaml *yaml, const char *key, int64_t nanoseconds)
{
    char text[UNITS_TEXT_MAX];
    if (nanoseconds != 0)
        yaml_plain_member(yaml, key, "%s", duration_format(nanoseconds, text));
}

void dump_strings(struct yaml *yaml, const char *key, const struct strings *strings)
{
    if (strings->count == 0)
        return;
    yaml_key(yaml, key);
    yaml_list(yaml);
    for (size_t i = 0; i < strings->count; i++)
        yaml_text(yaml, strings->items[i]);
    yaml_list_end(yaml);
}

static void dump_range(struct yaml *yaml, const struct port_range *range)
{
    if (range->first == range->last)
        yaml_plain(yaml, "%u", range->first);
    else
        yaml_plain(yaml, "%u-%u", range->first, range->last);
}

void dump_ports(struct yaml *yaml, const char *key, const struct port_range *ports, size_t count)
{
    if (count == 0)
        return;
    yaml_key(yaml, key);
    if (count == 1) {
        dump_range(yaml, ports);
        return;
    }
    yaml_flow_list(yaml);
    for (size_t i = 0; i < count; i++)
        dump_range(yaml, &ports[i]);
    yaml_list_end(yaml);
}

static void dump_vxlan(struct yaml *yaml, const struct vxlan *vxlan)
{
    yaml_key(yaml, "vxlan");
    yaml_map(yaml);
    dump_number(yaml, "id", vxlan->id);
    yaml_key(yaml, "between");
    yaml_flow_list(yaml);
    for (size_t e = 0; e < vxlan->end_count; e++) {
        const struct node *node = vxlan->ends[e].node;
        const struct interface *interface = vxlan->ends[e].interface;
        if (interface != NULL)
            yaml_plain(yaml, "%s/%s", node->name, interface->name);
        else if (node != NULL)
            yaml_text(yaml, node->name);
    }
    yaml_list_end(yaml);
    if (vxlan->port != VXLAN_PORT)
        dump_number(yaml, "port", vxlan->port);
    yaml_map_end(yaml);
}

static void dump_bridges(struct yaml *yaml, const struct topology *topology)
{
    if (topology->bridge_count == topology->network_count)
        return;
    yaml_key(yaml, "bridges");
    yaml_map(yaml);
    for (size_t i = 0; i < topology->bridge_count; i++) {
        const struct bridge *bridge = topology->bridges[i];
        if (bridge->network != NULL)
            continue;
        yaml_key(yaml, bridge->name);
        yaml_map(yaml);
        if (bridge->stp)
            yaml_boolean_member(yaml, "stp", true);
        dump_number(yaml, "mtu", bridge->mtu);
        if (bridge->arp_dynamic)
            yaml_text_member(yaml, "arp", "dynamic");
        if (bridge->vlan_filtering)
            yaml_boolean_member(yaml, "vlan_filtering", true);
        if (bridge->vxlan != NULL)
            dump_vxlan(yaml, bridge->vxlan);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_networks(struct yaml *yaml, const struct topology *topology)
{
    if (topology->network_count == 0)
        return;
    yaml_key(yaml, "networks");
    yaml_map(yaml);
    for (size_t i = 0; i < topology->network_count; i++) {
        const struct network *network = topology->networks[i];
        yaml_key(yaml, network->name);
        yaml_map(yaml);
        dump_prefix(yaml, "cidr", &network->cidr);
        if (network->host_declared && network->host != NULL)
            yaml_text_member(yaml, "host", network->host->name);
        if (network->internal)
            yaml_boolean_member(yaml, "internal", true);
        dump_number(yaml, "mtu", network->bridge->mtu);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

/* The name of an end: its node, with the interface where both ends are at one node. */
static void dump_end(struct yaml *yaml, const struct link *link, size_t end)
{
    const struct interface *interface = link->ends[end];
    STR_AUTO name = STR_INIT;
    str_printf(&name, "node/%s", interface->node->name);
    if (link->ends[0]->node == link->ends[1]->node)
        str_printf(&name, "/%s", interface->name);
    yaml_text_member(yaml, "from", str_text(&name));
}

static void dump_impairment(struct yaml *yaml, enum profile profile, const struct impairment *impairment)
{
    if (!profile_describes(profile, impairment))
        profile = PROFILE_NONE;
    if (profile != PROFILE_NONE)
        yaml_text_member(yaml, "profile", profile_names[profile]);
    for (size_t i = 0; i < impairment_row_count; i++) {
        STR_AUTO value = STR_INIT;
        if (profile_member(profile, impairment, &impairment_rows[i], &value))
            yaml_plain_member(yaml, impairment_rows[i].key, impairment_is_list(&impairment_rows[i]) ? "\"%s\"" : "%s",
                              str_text(&value));
    }
}

static bool impairment_given(const struct impairment *impairment)
{
    static const struct impairment none;
    return !impairment_equal(impairment, &none);
}

/* A mapping for both directions, or a list with an entry for each direction of its own. */
static void dump_link(struct yaml *yaml, const struct link *link)
{
    bool directed = link->from_declared[0] || link->from_declared[1];
    if (directed)
        yaml_list(yaml);
    if (!directed || link->mtu != 0 || link->profile || impairment_given(&link->both)) {
        yaml_map(yaml);
        dump_number(yaml, "mtu", link->mtu);
        dump_impairment(yaml, link->profile, &link->both);
        yaml_map_end(yaml);
    }
    for (size_t end = 0; directed && end < 2; end++) {
        if (!link->from_declared[end])
            continue;
        yaml_map(yaml);
        dump_end(yaml, link, end);
        dump_impairment(yaml, link->from_profile[end], &link->from_end[end]);
        yaml_map_end(yaml);
    }
    if (directed)
        yaml_list_end(yaml);
}

static void dump_links(struct yaml *yaml, const struct topology *topology)
{
    bool any = false;
    for (size_t i = 0; i < topology->link_count; i++)
        any = any || topology->links[i]->declared;
    if (!any)
        return;
    yaml_key(yaml, "links");
    yaml_map(yaml);
    for (size_t i = 0; i < topology->link_count; i++) {
        if (!topology->links[i]->declared)
            continue;
        yaml_key(yaml, topology->links[i]->name);
        dump_link(yaml, topology->links[i]);
    }
    yaml_map_end(yaml);
}

static void dump_internet(struct yaml *yaml, const struct internet *internet)
{
    if (!internet->zones_declared && internet->ttl == 60 && internet->negative_ttl == 60 && internet->delay == 0)
        return;
    yaml_key(yaml, "internet");
    yaml_map(yaml);
    dump_duration(yaml, "delay", internet->delay);
    if (internet->zones_declared)
        dump_zones(yaml, internet->zones, internet->zone_count);
    if (internet->ttl != 60)
        yaml_plain_member(yaml, "ttl", "%u", internet->ttl);
    if (internet->negative_ttl != 60)
        yaml_plain_member(yaml, "negative_ttl", "%u", internet->negative_ttl);
    yaml_map_end(yaml);
}

static void dump_defaults(struct yaml *yaml, const struct defaults *defaults)
{
    if (defaults->mtu == 0 && defaults->congestion_control == NULL)
        return;
    yaml_key(yaml, "defaults");
    yaml_map(yaml);
    dump_number(yaml, "mtu", defaults->mtu);
    dump_text(yaml, "congestion_control", defaults->congestion_control);
    yaml_map_end(yaml);
}

void dump_topology(const struct topology *topology, struct str *out)
{
    struct yaml yaml;
    yaml_init(&yaml, out);
    yaml_map(&yaml);
    dump_text(&yaml, "lab", topology->name);
    dump_text(&yaml, "title", topology->title);
    dump_defaults(&yaml, &topology->defaults);
    dump_vpcs(&yaml, topology);
    dump_connections(&yaml, topology);
    dump_bridges(&yaml, topology);
    dump_networks(&yaml, topology);
    dump_links(&yaml, topology);
    dump_internet(&yaml, &topology->internet);
    dump_policies(&yaml, topology);
    dump_nodes(&yaml, topology);
    if (topology->check_count > 0) {
        yaml_key(&yaml, "checks");
        yaml_list(&yaml);
        for (size_t i = 0; i < topology->check_count; i++) {
            char made[32];
            snprintf(made, sizeof made, "check-%zu", i + 1);
            dump_one_check(&yaml, topology->checks[i], made);
        }
        yaml_list_end(&yaml);
    }
    yaml_map_end(&yaml);
}
