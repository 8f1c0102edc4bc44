/* VPCs: their subnets, gateways and names. */
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/table.h"
#include "base/units.h"
#include "load/loader.h"

static void decode_zone(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct vpc *vpc = target;
    read_domain(LOADER(decoder), field->key, value, &vpc->zone);
}

static const struct field dns_fields[] = {
    {.key = "support",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct vpc, dns_support),
     .fallback = "true",
     .doc = "Whether there is a resolver, at the VPC's base+2 and at 169.254.169.253."},
    {.key = "hostnames",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct vpc, dns_hostnames),
     .fallback = "true",
     .doc = "Whether nodes have names in the zone: NODE.ZONE and ip-10-0-1-10.ZONE."},
    {.key = "zone",
     .type = FIELD_CUSTOM,
     .decode = decode_zone,
     .wants = "a domain name",
     .json = "{\"type\": \"string\"}",
     .fallback = "NAME.internal",
     .doc = "The private zone of the VPC."},
};
const struct schema dns_schema = SCHEMA("dns", dns_fields);

/* ---- subnets --------------------------------------------------------------------------------------------------- */

static void resolve_route_table(struct loader *loader, const struct reference *reference)
{
    struct subnet *subnet = reference->thing;
    const struct vpc *vpc = subnet->vpc;
    const char *name = name_in_vpc(vpc, "route_table", reference->value->text);
    subnet->route_table = vpc_route_table(vpc, name);
    if (subnet->route_table == NULL)
        report_dangling(loader, "route table", name, arena_printf(loader->decoder.arena, " in vpc '%s'", vpc->name),
                        reference->value->mark, names_of(loader, vpc->route_tables, vpc->route_table_count),
                        vpc->route_table_count);
}

/* A subnet that names no table. */
static void resolve_main_table(struct loader *loader, const struct reference *reference)
{
    struct subnet *subnet = reference->thing;
    (void)loader;
    subnet->route_table = vpc_route_table(subnet->vpc, "main");
}

static void decode_route_table_name(struct decoder *decoder, const struct field *field, const struct value *value,
                                    void *target)
{
    const char *text;
    if (decode_text(decoder, field->key, value, &text))
        refer(LOADER(decoder), resolve_route_table, target, value, 0);
}

static void resolve_network_acl(struct loader *loader, const struct reference *reference)
{
    struct subnet *subnet = reference->thing;
    const struct vpc *vpc = subnet->vpc;
    const char *name = name_in_vpc(vpc, "network_acl", reference->value->text);
    subnet->network_acl = vpc_network_acl(vpc, name);
    if (subnet->network_acl == NULL)
        report_dangling(loader, "network ACL", name, arena_printf(loader->decoder.arena, " in vpc '%s'", vpc->name),
                        reference->value->mark, names_of(loader, vpc->network_acls, vpc->network_acl_count),
                        vpc->network_acl_count);
}

/* A subnet that names no ACL. */
static void resolve_default_acl(struct loader *loader, const struct reference *reference)
{
    struct subnet *subnet = reference->thing;
    (void)loader;
    subnet->network_acl = vpc_network_acl(subnet->vpc, "default");
}

static void decode_network_acl_name(struct decoder *decoder, const struct field *field, const struct value *value,
                                    void *target)
{
    const char *text;
    if (decode_text(decoder, field->key, value, &text))
        refer(LOADER(decoder), resolve_network_acl, target, value, 0);
}

/* An IPv6 network, or whether there is to be one; false where it could not be read. */
static bool read_ipv6(struct decoder *decoder, const struct field *field, const struct value *value, bool *wanted,
                      struct prefix *out)
{
    *wanted = true;
    if (value->kind == VALUE_BOOLEAN) {
        *wanted = value->boolean;
        return true;
    }
    if (!decode_network(decoder, field->key, value, out))
        return false;
    if (out->addr.family == 6)
        return true;
    *out = (struct prefix){0};
    decode_bad(decoder, field->key, "an IPv6 network such as 2001:db8:12:3400::/56", value);
    return false;
}

static void decode_subnet_ipv6(struct decoder *decoder, const struct field *field, const struct value *value,
                               void *target)
{
    struct subnet *subnet = target;
    bool wanted;
    if (read_ipv6(decoder, field, value, &wanted, &subnet->ipv6_cidr))
        subnet->ipv6_off = !wanted;
    if (addr_is_set(&subnet->ipv6_cidr.addr))
        subnet->ipv6_mark = value->mark;
}

static void decode_vpc_ipv6(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct vpc *vpc = target;
    bool wanted;
    if (!read_ipv6(decoder, field, value, &wanted, &vpc->ipv6_cidr))
        return;
    vpc->ipv6_allotted = wanted && !addr_is_set(&vpc->ipv6_cidr.addr);
    if (!vpc->ipv6_allotted)
        vpc->ipv6_mark = value->mark;
}

static const struct field subnet_fields[] = {
    {.key = "cidr",
     .type = FIELD_NETWORK,
     FIELD_AT(struct subnet, cidr),
     .required = true,
     .doc = "The addresses of the subnet, inside the VPC's: /16 to /28; the first four and the last are reserved."},
    {.key = "zone", .type = FIELD_SCALAR, FIELD_AT(struct subnet, zone), .doc = "The availability zone."},
    {.key = "route_table",
     .type = FIELD_CUSTOM,
     .decode = decode_route_table_name,
     .wants = "a route table",
     .json = "{\"type\": \"string\"}",
     .fallback = "main, or local only where there is none",
     .doc = "The route table of the subnet."},
    {.key = "public_ips",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct subnet, public_ips),
     .fallback = "false",
     .doc = "Whether interfaces in the subnet get public addresses."},
    {.key = "network_acl",
     .type = FIELD_CUSTOM,
     .decode = decode_network_acl_name,
     .wants = "a network ACL",
     .json = "{\"type\": \"string\"}",
     .fallback = "default, which lets everything pass",
     .doc = "The network ACL at the border of the subnet."},
    {.key = "ipv6_cidr",
     .type = FIELD_CUSTOM,
     .decode = decode_subnet_ipv6,
     .wants = "true, false or an IPv6 network",
     .json = "{\"type\": [\"boolean\", \"string\"]}",
     .fallback = "allotted where the VPC has IPv6",
     .doc = "The IPv6 network of the subnet, a /64 of the VPC's; false for none."},
};
const struct schema subnet_schema = SCHEMA("subnet", subnet_fields);

/* The mark of a key's value, or the mapping's own. */
static struct mark mark_of_key(const struct value *map, const char *key, struct mark otherwise)
{
    const struct value *value = value_get(map, key);
    return value != NULL ? value->mark : otherwise;
}

static void one_subnet(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct vpc *vpc = loader->vpc;
    struct subnet *subnet = ARENA_NEW(loader->decoder.arena, struct subnet);
    *subnet = (struct subnet){.name = name, .mark = mark, .vpc = vpc};
    schema_decode(&loader->decoder, &subnet_schema, name, mark, value, subnet);
    const struct value *public_ips = value_get(value, "public_ips");
    subnet->unread = public_ips != NULL && public_ips->kind != VALUE_BOOLEAN;
    subnet->cidr_mark = mark_of_key(value, "cidr", mark);
    if (value_get(value, "route_table") == NULL)
        refer(loader, resolve_main_table, subnet, value, 0);
    if (value_get(value, "network_acl") == NULL)
        refer(loader, resolve_default_acl, subnet, value, 0);
    *ARENA_PUSH(loader->decoder.arena, vpc->subnets, vpc->subnet_count) = subnet;
}

static void decode_subnets(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "subnet", LABEL_MAX, one_subnet);
}

/* ---- NAT gateways ---------------------------------------------------------------------------------------------- */

static void resolve_nat_subnet(struct loader *loader, const struct reference *reference)
{
    struct nat_gateway *nat = reference->thing;
    const struct vpc *vpc = nat->vpc;
    const char *name = name_in_vpc(vpc, "subnet", reference->value->text);
    if (strncmp(name, vpc->name, strlen(vpc->name)) == 0 && name[strlen(vpc->name)] == '/')
        name += strlen(vpc->name) + 1;
    nat->subnet = vpc_subnet(vpc, name);
    if (nat->subnet == NULL)
        report_dangling(loader, "subnet", name, arena_printf(loader->decoder.arena, " in vpc '%s'", vpc->name),
                        reference->value->mark, names_of(loader, vpc->subnets, vpc->subnet_count), vpc->subnet_count);
}

static void decode_nat_subnet(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    const char *text;
    if (decode_text(decoder, field->key, value, &text))
        refer(LOADER(decoder), resolve_nat_subnet, target, value, 0);
}

static void decode_nat_ports(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct nat_gateway *nat = target;
    struct port_range *ports = NULL;
    size_t count = 0;
    if (!read_ports(LOADER(decoder), field->key, value, &ports, &count))
        return;
    if (count == 1)
        nat->ports = ports[0];
    else
        decode_bad(decoder, field->key, "one range such as 1024-65535", value);
}

static const struct field nat_gateway_fields[] = {
    {.key = "subnet",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_nat_subnet,
     .wants = "a subnet",
     .json = "{\"type\": \"string\"}",
     .doc = "The subnet that it stands in: it follows that subnet's route table and uses up an address of it."},
    {.key = "public_ip",
     .type = FIELD_ADDRESS,
     FIELD_AT(struct nat_gateway, public_ip),
     .fallback = "allotted",
     .doc = "Its public address."},
    {.key = "idle_timeout",
     .type = FIELD_DURATION,
     FIELD_AT(struct nat_gateway, idle_timeout),
     .fallback = "350s",
     .doc = "When an idle TCP flow is forgotten."},
    {.key = "ports",
     .type = FIELD_CUSTOM,
     .decode = decode_nat_ports,
     .wants = "a range of ports",
     .json = "{\"type\": [\"string\", \"integer\"]}",
     .fallback = "1024-65535",
     .doc = "The source ports that it may use, which bounds the flows to one destination."},
};
const struct schema nat_gateway_schema = SCHEMA("NAT gateway", nat_gateway_fields);

static void one_nat_gateway(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct vpc *vpc = loader->vpc;
    struct nat_gateway *nat = ARENA_NEW(loader->decoder.arena, struct nat_gateway);
    *nat = (struct nat_gateway){
        .name = name, .mark = mark, .vpc = vpc, .ports = {1024, 65535}, .idle_timeout = 350 * NANOSECONDS_PER_SECOND};
    schema_decode(&loader->decoder, &nat_gateway_schema, name, mark, value, nat);
    nat->public_ip_declared = addr_is_set(&nat->public_ip);
    *ARENA_PUSH(loader->decoder.arena, vpc->nat_gateways, vpc->nat_gateway_count) = nat;
}

static void decode_nat_gateways(struct decoder *decoder, const struct field *field, const struct value *value,
                                void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "NAT gateway", LABEL_MAX, one_nat_gateway);
}

/* ---- the VPC --------------------------------------------------------------------------------------------------- */

/* `cidrs:`, one or a list. */
static void decode_cidrs(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct vpc *vpc = target;
    size_t count = value->kind == VALUE_LIST ? value->item_count : value->kind != VALUE_NULL, marks = 0;
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        struct prefix prefix = {0};
        if (item->broken || !decode_network(decoder, field->key, item, &prefix))
            continue;
        *ARENA_PUSH(decoder->arena, vpc->cidr_marks, marks) = item->mark;
        *ARENA_PUSH(decoder->arena, vpc->cidrs, vpc->cidr_count) = prefix;
    }
}

static void decode_flow_logs(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct vpc *vpc = target;
    static const char *const words[] = {"all", "accept", "reject", "none"};
    _Static_assert(ARRAY_SIZE(words) == FLOW_LOGS_COUNT, "a word for each kind of flow logs");
    int word;
    if (value->kind == VALUE_BOOLEAN)
        vpc->flow_logs = value->boolean ? FLOW_LOGS_ALL : FLOW_LOGS_NONE;
    else if (value->kind != VALUE_TEXT)
        decode_wrong(decoder, field->key, "all, accept, reject, or true or false", value);
    else if (decode_word(decoder, field->key, value, words, ARRAY_SIZE(words), &word))
        vpc->flow_logs = word;
}

static void decode_dns(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    schema_decode(decoder, field->schema, NULL, value->mark, value, target);
}

static const struct field vpc_fields[] = {
    {.key = "cidr",
     .type = FIELD_NETWORK,
     FIELD_AT(struct vpc, cidr),
     .required = true,
     .doc = "The addresses of the VPC: /16 to /28."},
    {.key = "dns",
     .type = FIELD_MAPPING,
     .schema = &dns_schema,
     .decode = decode_dns,
     .doc = "The VPC's own resolver and names."},
    {.key = "internet_gateway",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct vpc, internet_gateway),
     .fallback = "false",
     .doc = "Whether the VPC has an internet gateway, which translates public addresses one to one."},
    {.key = "subnets",
     .type = FIELD_NAMED,
     .schema = &subnet_schema,
     .decode = decode_subnets,
     .doc = "The subnets, by name."},
    {.key = "route_tables",
     .type = FIELD_CUSTOM,
     .schema = &route_schema,
     .decode = decode_route_tables,
     .wants = "lists of routes, by name",
     .json = "{\"type\": [\"object\", \"null\"], \"additionalProperties\": {\"type\": [\"array\", \"null\"], "
             "\"items\": {\"$ref\": \"#/$defs/route\"}}}",
     .doc = "Lists of routes, by name; the table main is that of subnets that name none."},
    {.key = "nat_gateways",
     .type = FIELD_NAMED,
     .schema = &nat_gateway_schema,
     .decode = decode_nat_gateways,
     .doc = "NAT gateways, by name."},
    {.key = "security_groups",
     .type = FIELD_NAMED,
     .schema = &group_schema,
     .decode = decode_security_groups,
     .doc = "Security groups, by name; an interface that names none is in the group default."},
    {.key = "endpoints",
     .type = FIELD_NAMED,
     .schema = &endpoint_schema,
     .decode = decode_endpoints,
     .doc = "Private ways to services, by name."},
    {.key = "network_acls",
     .type = FIELD_NAMED,
     .schema = &acl_schema,
     .decode = decode_network_acls,
     .doc = "Network ACLs, by name; a subnet that names none has the ACL default."},
    {.key = "prefix_lists",
     .type = FIELD_CUSTOM,
     .decode = decode_prefix_lists,
     .wants = "lists of networks, by name",
     .json =
         "{\"type\": [\"object\", \"null\"], \"additionalProperties\": {\"type\": [\"array\", \"string\"], \"items\": "
         "{\"type\": \"string\"}}}",
     .doc = "Lists of networks, by name, for rules of security groups and for routes."},
    {.key = "cidrs",
     .type = FIELD_CUSTOM,
     .decode = decode_cidrs,
     .wants = "a list of networks",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .doc = "Secondary networks of the VPC: /16 to /28, beside the first one."},
    {.key = "ipv6_cidr",
     .type = FIELD_CUSTOM,
     .decode = decode_vpc_ipv6,
     .wants = "true or an IPv6 network",
     .json = "{\"type\": [\"boolean\", \"string\"]}",
     .fallback = "none",
     .doc = "The IPv6 network of the VPC, a /56; true allots one."},
    {.key = "egress_only_gateway",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct vpc, egress_only_gateway),
     .fallback = "false",
     .doc = "Whether the VPC has a gateway that lets IPv6 out, and nothing in but answers."},
    {.key = "flow_logs",
     .type = FIELD_CUSTOM,
     .decode = decode_flow_logs,
     .wants = "all, accept, reject, or true or false",
     .json = "{\"enum\": [\"all\", \"accept\", \"reject\", \"none\", true, false]}",
     .fallback = "all",
     .doc = "Of which flows `labctl flow-logs` tells: all (true), accept, reject, or none (false)."},
};
const struct schema vpc_schema = SCHEMA("vpc", vpc_fields);

static void one_vpc(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct arena *arena = loader->decoder.arena;
    struct topology *topology = loader->topology;
    struct vpc *vpc = ARENA_NEW(arena, struct vpc);
    *vpc = (struct vpc){.name = name, .mark = mark, .dns_support = true, .dns_hostnames = true};
    vpc->zone = arena_printf(arena, "%s.internal", name);
    loader->vpc = vpc;
    schema_decode(&loader->decoder, &vpc_schema, name, mark, value, vpc);
    const struct value *gateway = value_get(value, "internet_gateway"), *ipv6 = value_get(value, "ipv6_cidr");
    vpc->unread = (gateway != NULL && gateway->kind != VALUE_BOOLEAN) || !addr_is_set(&vpc->cidr.addr) ||
                  (ipv6 != NULL && ipv6->kind != VALUE_BOOLEAN && !addr_is_set(&vpc->ipv6_cidr.addr));
    vpc->cidr_mark = mark_of_key(value, "cidr", mark);
    default_group(loader, vpc);
    default_acl(loader, vpc);
    loader->vpc = NULL;
    *ARENA_PUSH(arena, topology->vpcs, topology->vpc_count) = vpc;
    map_set(topology->vpc_by_name, name, vpc);
}

void decode_vpcs(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "vpc", LABEL_MAX, one_vpc);
}
