/* Canonical YAML of nodes. */
#include <string.h>

#include "base/str.h"
#include "load/dump.h"

/* An address as it is written here: with its length on a wire, alone in a subnet and at the internet. */
static void dump_address(struct yaml *yaml, const struct interface *interface, const struct prefix *address)
{
    char text[ADDR_TEXT_MAX];
    bool network = interface_network(interface) != NULL && address->addr.family == 4;
    bool wire = (interface->attachment == ATTACH_BRIDGE || interface->attachment == ATTACH_LINK) && !network;
    yaml_text(yaml, wire ? prefix_format(address, text) : addr_format(&address->addr, text));
}

static void dump_attachment(struct yaml *yaml, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX];
    switch (interface->attachment) {
    case ATTACH_SUBNET:
        yaml_plain_member(yaml, "subnet", "%s/%s", interface->subnet->vpc->name, interface->subnet->name);
        break;
    case ATTACH_BRIDGE:
        if (interface->parent != NULL)
            yaml_text_member(yaml, "parent", interface->parent->name);
        else
            yaml_text_member(yaml, bridge_kind(interface->bridge), interface->bridge->name);
        break;
    case ATTACH_LINK:
        yaml_text_member(yaml, "link", interface->link->name);
        break;
    case ATTACH_INTERNET:
        if (interface->address_count > 0 && !interface->address_allotted)
            yaml_text_member(yaml, "internet", addr_format(&interface->addresses[0].addr, text));
        else
            yaml_boolean_member(yaml, "internet", true);
        break;
    case ATTACH_NONE:
    case ATTACH_COUNT:
        break;
    }
}

static void dump_vlan(struct yaml *yaml, const struct interface *interface)
{
    if (interface->vlan_mark.line == 0)
        return;
    if (interface->tagged_count == 0) {
        yaml_plain_member(yaml, "vlan", "%u", interface->vlan);
        return;
    }
    yaml_key(yaml, "vlan");
    if (interface->vlan != 0) {
        yaml_map(yaml);
        yaml_key(yaml, "tagged");
    }
    yaml_flow_list(yaml);
    for (size_t i = 0; i < interface->tagged_count; i++)
        yaml_plain(yaml, "%u", interface->tagged[i]);
    yaml_list_end(yaml);
    if (interface->vlan != 0) {
        yaml_plain_member(yaml, "native", "%u", interface->vlan);
        yaml_map_end(yaml);
    }
}

/* Those that are declared: not the first one where it is allotted, nor the last ones that the loader added. */
static void dump_addresses(struct yaml *yaml, const struct interface *interface)
{
    bool internet = interface->attachment == ATTACH_INTERNET; /* its first address stands there */
    size_t at = interface->address_allotted ? 1 : 0, end = interface->address_count - interface->added_count;
    if (at == 0 && end > 0) {
        if (!internet) {
            yaml_key(yaml, "address");
            dump_address(yaml, interface, &interface->addresses[0]);
        }
        at = 1;
    }
    if (at >= end)
        return;
    yaml_key(yaml, "addresses");
    yaml_list(yaml);
    for (; at < end; at++)
        dump_address(yaml, interface, &interface->addresses[at]);
    yaml_list_end(yaml);
}

static void dump_public_ip(struct yaml *yaml, const struct interface *interface)
{
    if (interface->public_ip_mode == PUBLIC_IP_ADDRESS)
        dump_addr(yaml, "public_ip", &interface->public_ip);
    else if (interface->public_ip_mode != PUBLIC_IP_DEFAULT)
        yaml_boolean_member(yaml, "public_ip", interface->public_ip_mode == PUBLIC_IP_YES);
}

static void dump_source_dest_check(struct yaml *yaml, const struct interface *interface)
{
    if (!interface->source_dest_check)
        yaml_boolean_member(yaml, "source_dest_check", false);
}

static void dump_interface(struct yaml *yaml, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX];
    dump_attachment(yaml, interface);
    dump_vlan(yaml, interface);
    dump_addresses(yaml, interface);
    if (interface->gateway_mark.line > 0)
        yaml_text_member(yaml, "gateway", addr_format(&interface->gateway, text)); /* "none" where not set */
    if (interface->dhcp)
        yaml_boolean_member(yaml, "dhcp", true);
    if (interface->slaac)
        yaml_boolean_member(yaml, "slaac", true);
    if (interface->mac_declared)
        yaml_text_member(yaml, "mac", mac_format(&interface->mac, text));
    dump_number(yaml, "mtu", interface->mtu);
    if (interface->down && !(interface->parent != NULL && interface->parent->down))
        yaml_boolean_member(yaml, "up", false);
    dump_public_ip(yaml, interface);
    dump_source_dest_check(yaml, interface);
    if (!interface->security_groups_declared)
        return;
    yaml_key(yaml, "security_groups");
    yaml_flow_list(yaml);
    for (size_t i = 0; i < interface->security_group_count; i++)
        yaml_text(yaml, interface->security_groups[i]->name);
    yaml_list_end(yaml);
}

static void dump_interfaces(struct yaml *yaml, const struct node *node)
{
    size_t declared = 0; /* those that the loader made come last */
    while (declared < node->interface_count && !node->interfaces[declared]->made)
        declared++;
    if (node->interfaces_inline && declared == 1) {
        dump_interface(yaml, node->interfaces[0]);
        return;
    }
    if (declared == 0)
        return;
    yaml_key(yaml, "interfaces");
    yaml_map(yaml);
    for (size_t i = 0; i < declared; i++) {
        yaml_key(yaml, node->interfaces[i]->name);
        yaml_map(yaml);
        dump_interface(yaml, node->interfaces[i]);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

/* "[ADDRESS:]PORT:NODE:PORT[/udp]" */
static void dump_published(struct yaml *yaml, const struct node *node)
{
    char text[ADDR_TEXT_MAX];
    if (node->published_count == 0)
        return;
    yaml_key(yaml, "publish");
    yaml_list(yaml);
    for (size_t i = 0; i < node->published_count; i++) {
        const struct published *published = &node->published[i];
        STR_AUTO out = STR_INIT;
        if (addr_is_set(&published->address))
            str_printf(&out, "%s:", addr_format(&published->address, text));
        str_printf(&out, "%u:%s:%u%s", published->port, published->target_name, published->target_port,
                   published->protocol == PROTOCOL_UDP ? "/udp" : "");
        yaml_text(yaml, str_text(&out));
    }
    yaml_list_end(yaml);
}

static void dump_routes(struct yaml *yaml, const struct node *node)
{
    if (node->route_count == 0)
        return;
    yaml_key(yaml, "routes");
    yaml_list(yaml);
    for (size_t i = 0; i < node->route_count; i++) {
        const struct node_route *route = &node->routes[i];
        yaml_map(yaml);
        dump_prefix(yaml, "destination", &route->destination);
        dump_addr(yaml, "via", &route->via);
        dump_text(yaml, "dev", route->device);
        dump_number(yaml, "table", route->table);
        dump_number(yaml, "metric", route->metric);
        dump_addr(yaml, "src", &route->source);
        dump_number(yaml, "weight", route->weight);
        if (route->type != ROUTE_UNICAST)
            yaml_text_member(yaml, "type", route_type_name(route->type));
        yaml_map_end(yaml);
    }
    yaml_list_end(yaml);
}

static void dump_node_rules(struct yaml *yaml, const struct node *node)
{
    if (node->rule_count == 0)
        return;
    yaml_key(yaml, "rules");
    yaml_list(yaml);
    for (size_t i = 0; i < node->rule_count; i++) {
        const struct node_rule *rule = &node->rules[i];
        yaml_map(yaml);
        dump_number(yaml, "priority", rule->priority);
        dump_prefix(yaml, "from", &rule->from);
        dump_prefix(yaml, "to", &rule->to);
        dump_text(yaml, "iif", rule->input_interface);
        if (rule->mark_mask == UINT32_MAX)
            yaml_plain_member(yaml, "fwmark", "0x%x", rule->mark_value);
        else if (rule->mark_mask != 0)
            yaml_plain_member(yaml, "fwmark", "0x%x/0x%x", rule->mark_value, rule->mark_mask);
        if (rule->table != 0)
            dump_number(yaml, "table", rule->table);
        else
            yaml_text_member(yaml, "table", "main");
        yaml_map_end(yaml);
    }
    yaml_list_end(yaml);
}

static void dump_target(struct yaml *yaml, const struct addr *to, uint16_t port, uint32_t weight)
{
    char text[ADDR_TEXT_MAX];
    STR_AUTO target = STR_INIT;
    str_printf(&target, to->family == 6 ? "[%s]:%u" : "%s:%u", addr_format(to, text), port);
    if (weight == 1) {
        yaml_text(yaml, str_text(&target));
        return;
    }
    yaml_map(yaml);
    yaml_text_member(yaml, "to", str_text(&target));
    dump_number(yaml, "weight", weight);
    yaml_map_end(yaml);
}

static void dump_forward(struct yaml *yaml, const struct port_forward *forward)
{
    yaml_map(yaml);
    yaml_text_member(yaml, "protocol", protocol_name(forward->protocol));
    dump_number(yaml, "port", forward->port);
    yaml_key(yaml, "to");
    bool many = forward->more_count > 0 || forward->weight > 1;
    if (many)
        yaml_list(yaml);
    dump_target(yaml, &forward->to, forward->to_port, many ? forward->weight : 1);
    for (size_t i = 0; i < forward->more_count; i++)
        dump_target(yaml, &forward->more[i].to, forward->more[i].to_port, forward->more[i].weight);
    if (many)
        yaml_list_end(yaml);
    if (forward->balance == BALANCE_SOURCE)
        yaml_text_member(yaml, "balance", "source");
    dump_text(yaml, "in", forward->interface);
    yaml_map_end(yaml);
}

static void dump_nat(struct yaml *yaml, const struct node_nat *nat)
{
    if (nat->masquerade.count == 0 && nat->forward_count == 0)
        return;
    yaml_key(yaml, "nat");
    yaml_map(yaml);
    dump_strings(yaml, "masquerade", &nat->masquerade);
    if (nat->forward_count > 0) {
        yaml_key(yaml, "forward");
        yaml_list(yaml);
        for (size_t i = 0; i < nat->forward_count; i++)
            dump_forward(yaml, &nat->forwards[i]);
        yaml_list_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_sysctls(struct yaml *yaml, const struct node *node)
{
    if (node->sysctl_count == 0)
        return;
    yaml_key(yaml, "sysctls");
    yaml_map(yaml);
    for (size_t i = 0; i < node->sysctl_count; i++) {
        yaml_key(yaml, node->sysctls[i].key);
        yaml_scalar(yaml, node->sysctls[i].value);
    }
    yaml_map_end(yaml);
}

static void dump_resolver(struct yaml *yaml, const struct resolver *resolver)
{
    if (!resolver->declared)
        return;
    yaml_key(yaml, "resolver");
    yaml_map(yaml);
    if (resolver->server_count > 0) {
        yaml_key(yaml, "servers");
        yaml_flow_list(yaml);
        for (size_t i = 0; i < resolver->server_count; i++)
            dump_addr_value(yaml, &resolver->servers[i]);
        yaml_list_end(yaml);
    }
    dump_strings(yaml, "search", &resolver->search);
    dump_strings(yaml, "options", &resolver->options);
    yaml_map_end(yaml);
}

/* Entries of one name stand one behind the other. */
static void dump_hosts(struct yaml *yaml, const struct node *node)
{
    if (node->host_count == 0)
        return;
    yaml_key(yaml, "hosts");
    yaml_map(yaml);
    for (size_t i = 0, next; i < node->host_count; i = next) {
        for (next = i + 1; next < node->host_count && strcmp(node->hosts[next].name, node->hosts[i].name) == 0;)
            next++;
        yaml_key(yaml, node->hosts[i].name);
        if (next > i + 1)
            yaml_flow_list(yaml);
        for (size_t k = i; k < next; k++)
            dump_addr_value(yaml, &node->hosts[k].addr);
        if (next > i + 1)
            yaml_list_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_files(struct yaml *yaml, const struct node *node)
{
    if (node->file_count == 0)
        return;
    yaml_key(yaml, "files");
    yaml_map(yaml);
    for (size_t i = 0; i < node->file_count; i++) {
        yaml_key(yaml, node->files[i].path);
        yaml_map(yaml);
        yaml_key(yaml, "content");
        yaml_bytes(yaml, node->files[i].content, node->files[i].length);
        if (node->files[i].mode != 0644)
            yaml_plain_member(yaml, "mode", "\"%04o\"", node->files[i].mode);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_labels(struct yaml *yaml, const struct node *node)
{
    if (node->label_count == 0)
        return;
    yaml_key(yaml, "labels");
    yaml_map(yaml);
    for (size_t i = 0; i < node->label_count; i++) {
        yaml_key(yaml, node->labels[i].key);
        yaml_scalar(yaml, node->labels[i].value);
    }
    yaml_map_end(yaml);
}

static void dump_node(struct yaml *yaml, const struct node *node)
{
    yaml_map(yaml);
    dump_interfaces(yaml, node);
    if (node->forwarding)
        yaml_boolean_member(yaml, "forwarding", true);
    dump_routes(yaml, node);
    dump_node_rules(yaml, node);
    dump_nat(yaml, &node->nat);
    dump_published(yaml, node);
    dump_text(yaml, "nftables", node->nftables);
    dump_sysctls(yaml, node);
    dump_resolver(yaml, &node->resolver);
    dump_hosts(yaml, node);
    dump_services(yaml, node);
    dump_certificates(yaml, node);
    dump_files(yaml, node);
    dump_strings(yaml, "run", &node->run);
    dump_labels(yaml, node);
    dump_strings(yaml, "requires", &node->requires);
    yaml_map_end(yaml);
}

void dump_nodes(struct yaml *yaml, const struct topology *topology)
{
    if (topology->node_count == 0)
        return;
    yaml_key(yaml, "nodes");
    yaml_map(yaml);
    for (size_t i = 0; i < topology->node_count; i++) {
        yaml_key(yaml, topology->nodes[i]->name);
        dump_node(yaml, topology->nodes[i]);
    }
    yaml_map_end(yaml);
}
