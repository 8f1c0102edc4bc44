/* Canonical YAML of VPCs. */
#include <string.h>

#include "base/str.h"
#include "base/units.h"
#include "load/dump.h"

/* A zone that differs from the one that every VPC has. */
static bool has_own_zone(const struct vpc *vpc)
{
    size_t length = strlen(vpc->name);
    return strncmp(vpc->zone, vpc->name, length) != 0 || strcmp(vpc->zone + length, ".internal") != 0;
}

static void dump_cidrs(struct yaml *yaml, const struct vpc *vpc)
{
    char text[ADDR_TEXT_MAX];
    if (vpc->cidr_count == 0)
        return;
    yaml_key(yaml, "cidrs");
    yaml_flow_list(yaml);
    for (size_t i = 0; i < vpc->cidr_count; i++)
        yaml_text(yaml, prefix_format(&vpc->cidrs[i], text));
    yaml_list_end(yaml);
}

static void dump_dns(struct yaml *yaml, const struct vpc *vpc)
{
    if (vpc->dns_support && vpc->dns_hostnames && !has_own_zone(vpc))
        return;
    yaml_key(yaml, "dns");
    yaml_map(yaml);
    if (!vpc->dns_support)
        yaml_boolean_member(yaml, "support", false);
    if (!vpc->dns_hostnames)
        yaml_boolean_member(yaml, "hostnames", false);
    if (has_own_zone(vpc))
        yaml_text_member(yaml, "zone", vpc->zone);
    yaml_map_end(yaml);
}

static void dump_subnets(struct yaml *yaml, const struct vpc *vpc)
{
    if (vpc->subnet_count == 0)
        return;
    yaml_key(yaml, "subnets");
    yaml_map(yaml);
    for (size_t i = 0; i < vpc->subnet_count; i++) {
        const struct subnet *subnet = vpc->subnets[i];
        const struct route_table *table = subnet->route_table;
        yaml_key(yaml, subnet->name);
        yaml_map(yaml);
        dump_prefix(yaml, "cidr", &subnet->cidr);
        if (subnet->ipv6_off)
            yaml_boolean_member(yaml, "ipv6_cidr", false);
        else if (subnet->ipv6_mark.line > 0)
            dump_prefix(yaml, "ipv6_cidr", &subnet->ipv6_cidr);
        if (subnet->zone != NULL) {
            yaml_key(yaml, "zone");
            yaml_scalar(yaml, subnet->zone);
        }
        if (table != NULL && strcmp(table->name, "main") != 0)
            yaml_text_member(yaml, "route_table", table->name);
        if (subnet->network_acl != NULL && strcmp(subnet->network_acl->name, "default") != 0)
            yaml_text_member(yaml, "network_acl", subnet->network_acl->name);
        if (subnet->public_ips)
            yaml_boolean_member(yaml, "public_ips", true);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

/* How many routes, or peers, stand for one that was written. */
static size_t list_run(const struct prefix_list *list)
{
    return list != NULL ? list->entry_count : 1;
}

static void dump_route_tables(struct yaml *yaml, const struct vpc *vpc)
{
    if (vpc->route_table_count == 0)
        return;
    yaml_key(yaml, "route_tables");
    yaml_map(yaml);
    for (size_t i = 0; i < vpc->route_table_count; i++) {
        const struct route_table *table = vpc->route_tables[i];
        yaml_key(yaml, table->name);
        yaml_list(yaml);
        for (size_t k = 0; k < table->route_count; k += list_run(table->routes[k].list)) {
            yaml_map(yaml);
            if (table->routes[k].list != NULL)
                yaml_plain_member(yaml, "destination", "prefix_list/%s", table->routes[k].list->name);
            else
                dump_prefix(yaml, "destination", &table->routes[k].destination);
            yaml_key(yaml, "target");
            if (table->routes[k].target == TARGET_MISSING)
                yaml_plain(yaml, "%s # state: blackhole, there is no such target", table->routes[k].target_text);
            else
                yaml_text(yaml, table->routes[k].target_text);
            yaml_map_end(yaml);
        }
        yaml_list_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_nat_gateways(struct yaml *yaml, const struct vpc *vpc)
{
    if (vpc->nat_gateway_count == 0)
        return;
    yaml_key(yaml, "nat_gateways");
    yaml_map(yaml);
    for (size_t i = 0; i < vpc->nat_gateway_count; i++) {
        const struct nat_gateway *nat = vpc->nat_gateways[i];
        yaml_key(yaml, nat->name);
        yaml_map(yaml);
        dump_text(yaml, "subnet", nat->subnet != NULL ? nat->subnet->name : NULL);
        if (nat->public_ip_declared)
            dump_addr(yaml, "public_ip", &nat->public_ip);
        if (nat->idle_timeout != 350 * NANOSECONDS_PER_SECOND) {
            char text[UNITS_TEXT_MAX];
            yaml_plain_member(yaml, "idle_timeout", "%s", duration_format(nat->idle_timeout, text));
        }
        if (nat->ports.first != 1024 || nat->ports.last != 65535)
            dump_ports(yaml, "ports", &nat->ports, 1);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_peer(struct yaml *yaml, const struct vpc *vpc, const struct peer *peer)
{
    static const char *const any[] = {[PEER_ANY4] = "any4", [PEER_ANY6] = "any6", [PEER_ANY] = "any"};
    char text[ADDR_TEXT_MAX];
    if (peer->list != NULL)
        yaml_plain(yaml, "prefix_list/%s", peer->list->name);
    else if (peer->kind == PEER_PREFIX)
        yaml_text(yaml, prefix_format(&peer->prefix, text));
    else if (peer->kind != PEER_GROUP)
        yaml_text(yaml, any[peer->kind]);
    else if (peer->group == NULL || peer->group->vpc == vpc)
        yaml_plain(yaml, "security_group/%s", peer->group != NULL ? peer->group->name : "?");
    else
        yaml_plain(yaml, "vpc/%s/security_group/%s", peer->group->vpc->name, peer->group->name);
}

static void dump_icmp(struct yaml *yaml, const struct security_rule *rule)
{
    if (!rule->icmp.has_type)
        return;
    const char *name = icmp_type_name(rule->protocol, rule->icmp.type);
    if (name != NULL)
        yaml_text_member(yaml, "icmp_type", name);
    else
        yaml_plain_member(yaml, "icmp_type", "%u", rule->icmp.type);
    if (rule->icmp.has_code)
        yaml_plain_member(yaml, "icmp_code", "%u", rule->icmp.code);
}

/* The keys that rules of groups and of ACLs have in common. */
static void dump_rule(struct yaml *yaml, const struct vpc *vpc, const char *peer_key, const struct security_rule *rule)
{
    size_t written = 0;
    yaml_text_member(yaml, "protocol", protocol_name(rule->protocol));
    dump_ports(yaml, "ports", rule->ports, rule->port_count);
    dump_icmp(yaml, rule);
    yaml_key(yaml, peer_key);
    for (size_t k = 0; k < rule->peer_count; k += list_run(rule->peers[k].list))
        written++;
    if (written > 1)
        yaml_flow_list(yaml);
    for (size_t k = 0; k < rule->peer_count; k += list_run(rule->peers[k].list))
        dump_peer(yaml, vpc, &rule->peers[k]);
    if (written > 1)
        yaml_list_end(yaml);
    dump_text(yaml, "description", rule->description);
}

static void dump_rules(struct yaml *yaml, const struct vpc *vpc, const char *key, const char *peer_key,
                       const struct security_rule *rules, size_t count)
{
    yaml_key(yaml, key);
    yaml_list(yaml);
    for (size_t i = 0; i < count; i++) {
        yaml_map(yaml);
        dump_rule(yaml, vpc, peer_key, &rules[i]);
        yaml_map_end(yaml);
    }
    yaml_list_end(yaml);
}

static void dump_acl_rules(struct yaml *yaml, const struct vpc *vpc, const char *key, const char *peer_key,
                           const struct acl_rule *rules, size_t count)
{
    yaml_key(yaml, key);
    yaml_list(yaml);
    for (size_t i = 0; i < count; i++) {
        yaml_map(yaml);
        yaml_plain_member(yaml, "rule", "%u", rules[i].number);
        yaml_text_member(yaml, "action", acl_action_name(rules[i].action));
        dump_rule(yaml, vpc, peer_key, &rules[i].match);
        yaml_map_end(yaml);
    }
    yaml_list_end(yaml);
}

static void dump_network_acls(struct yaml *yaml, const struct vpc *vpc)
{
    size_t declared = 0;
    for (size_t i = 0; i < vpc->network_acl_count; i++)
        declared += !vpc->network_acls[i]->is_default;
    if (declared == 0)
        return;
    yaml_key(yaml, "network_acls");
    yaml_map(yaml);
    for (size_t i = 0; i < vpc->network_acl_count; i++) {
        const struct network_acl *acl = vpc->network_acls[i];
        if (acl->is_default)
            continue;
        yaml_key(yaml, acl->name);
        yaml_map(yaml);
        if (acl->ingress_declared)
            dump_acl_rules(yaml, vpc, "ingress", "from", acl->ingress, acl->ingress_count);
        if (acl->egress_declared)
            dump_acl_rules(yaml, vpc, "egress", "to", acl->egress, acl->egress_count);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_prefix_lists(struct yaml *yaml, const struct vpc *vpc)
{
    char text[ADDR_TEXT_MAX];
    if (vpc->prefix_list_count == 0)
        return;
    yaml_key(yaml, "prefix_lists");
    yaml_map(yaml);
    for (size_t i = 0; i < vpc->prefix_list_count; i++) {
        yaml_key(yaml, vpc->prefix_lists[i]->name);
        yaml_flow_list(yaml);
        for (size_t k = 0; k < vpc->prefix_lists[i]->entry_count; k++)
            yaml_text(yaml, prefix_format(&vpc->prefix_lists[i]->entries[k], text));
        yaml_list_end(yaml);
    }
    yaml_map_end(yaml);
}

static void dump_security_groups(struct yaml *yaml, const struct vpc *vpc)
{
    size_t declared = 0;
    for (size_t i = 0; i < vpc->security_group_count; i++)
        declared += !vpc->security_groups[i]->is_default;
    if (declared == 0)
        return;
    yaml_key(yaml, "security_groups");
    yaml_map(yaml);
    for (size_t i = 0; i < vpc->security_group_count; i++) {
        const struct security_group *group = vpc->security_groups[i];
        if (group->is_default)
            continue;
        yaml_key(yaml, group->name);
        yaml_map(yaml);
        if (group->ingress_count > 0)
            dump_rules(yaml, vpc, "ingress", "from", group->ingress, group->ingress_count);
        if (group->egress_declared)
            dump_rules(yaml, vpc, "egress", "to", group->egress, group->egress_count);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}

void dump_vpcs(struct yaml *yaml, const struct topology *topology)
{
    if (topology->vpc_count == 0)
        return;
    yaml_key(yaml, "vpcs");
    yaml_map(yaml);
    for (size_t i = 0; i < topology->vpc_count; i++) {
        const struct vpc *vpc = topology->vpcs[i];
        yaml_key(yaml, vpc->name);
        yaml_map(yaml);
        dump_prefix(yaml, "cidr", &vpc->cidr);
        dump_cidrs(yaml, vpc);
        if (vpc->ipv6_allotted)
            yaml_boolean_member(yaml, "ipv6_cidr", true);
        else
            dump_prefix(yaml, "ipv6_cidr", &vpc->ipv6_cidr);
        dump_dns(yaml, vpc);
        if (vpc->internet_gateway)
            yaml_boolean_member(yaml, "internet_gateway", true);
        if (vpc->egress_only_gateway)
            yaml_boolean_member(yaml, "egress_only_gateway", true);
        if (vpc->flow_logs != FLOW_LOGS_ALL)
            yaml_text_member(yaml, "flow_logs", flow_logs_name(vpc->flow_logs));
        dump_subnets(yaml, vpc);
        dump_route_tables(yaml, vpc);
        dump_nat_gateways(yaml, vpc);
        dump_security_groups(yaml, vpc);
        dump_endpoints(yaml, vpc);
        dump_network_acls(yaml, vpc);
        dump_prefix_lists(yaml, vpc);
        yaml_map_end(yaml);
    }
    yaml_map_end(yaml);
}
