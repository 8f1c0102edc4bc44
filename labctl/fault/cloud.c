/* vpc-route-wrong, route-table-wrong, internet-gateway-detached, public-ip-missing, security-group-wrong: a
 * VPC set up wrongly. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"

/* "name", "KIND/name" or "vpc/NAME/KIND/name" → "name". */
static const char *short_name(const struct vpc *vpc, const char *kind, const char *text, struct arena *arena)
{
    const char *prefixes[] = {arena_printf(arena, "vpc/%s/%s/", vpc->name, kind), arena_printf(arena, "%s/", kind)};
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        if (str_starts(text, prefixes[i]))
            return text + strlen(prefixes[i]);
    return text;
}

/* ---- a route of a table ---- */

static struct vpc_route *route_of(const struct fault *fault, const struct route_table *table)
{
    struct prefix destination;
    if (!fault_read_destination(fault_text(fault, "destination"), &destination))
        return NULL;
    for (size_t i = 0; i < table->route_count; i++)
        if (prefix_equal(&table->routes[i].destination, &destination))
            return &table->routes[i];
    return NULL;
}

static bool joins(const struct peering *peering, const struct vpc *vpc)
{
    return peering && (peering->vpcs[0] == vpc || peering->vpcs[1] == vpc);
}

/* The interface in that VPC that "node/NAME" or "node/NAME/INTERFACE" names, or NULL. */
static struct interface *instance_of(const struct topology *topology, const struct vpc *vpc, const char *text)
{
    struct thing thing = str_starts(text, "node/") ? topology_thing(topology, text, NULL) : (struct thing){0};
    struct interface *const *interfaces = thing.kind == THING_NODE        ? thing.node->interfaces
                                          : thing.kind == THING_INTERFACE ? &thing.interface
                                                                          : NULL;
    size_t count = thing.kind == THING_NODE ? thing.node->interface_count : interfaces ? 1 : 0;
    for (size_t i = 0; i < count; i++)
        if (interfaces[i]->subnet && interfaces[i]->subnet->vpc == vpc)
            return interfaces[i];
    return NULL;
}

/* What the text names in that VPC: a gateway, an instance, or nothing that is there (any more). */
static struct vpc_route target_of(const struct topology *topology, const struct fault *fault, const struct vpc *vpc,
                                  struct arena *arena)
{
    const char *text = fault_text(fault, "target");
    struct vpc_route route = {.target = TARGET_MISSING, .target_text = text};
    struct peering *peering =
        str_starts(text, "peering/") ? topology_peering(topology, text + strlen("peering/")) : NULL;
    struct transit_gateway *transit = str_starts(text, "transit_gateway/")
                                          ? topology_transit_gateway(topology, text + strlen("transit_gateway/"))
                                          : NULL;
    if (str_equal(text, "blackhole"))
        route.target = TARGET_BLACKHOLE;
    else if (str_equal(text, "internet_gateway") && vpc->internet_gateway)
        route.target = TARGET_INTERNET_GATEWAY;
    else if (str_equal(text, "internet_gateway"))
        return route;
    else if ((route.nat_gateway = vpc_nat_gateway(vpc, short_name(vpc, "nat_gateway", text, arena))) != NULL)
        route.target = TARGET_NAT_GATEWAY;
    else if (str_equal(text, "egress_only_gateway") && vpc->egress_only_gateway)
        route.target = TARGET_EGRESS_ONLY_GATEWAY;
    else if (joins(peering, vpc))
        route.target = TARGET_PEERING, route.peering = peering;
    else if ((route.interface = instance_of(topology, vpc, text)) != NULL)
        route.target = TARGET_NODE;
    else if (transit && transit_gateway_attaches(transit, vpc))
        route.target = TARGET_TRANSIT_GATEWAY, route.transit_gateway = transit;
    return route;
}

static void validate_route(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    const struct vpc_route *route = route_of(fault, things[0].route_table);
    if (!route) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "destination"),
                     "there is no route to %s in that table", fault_text(fault, "destination"));
        return;
    }
    struct vpc_route wrong = target_of(topology, fault, things[0].route_table->vpc, findings->arena);
    if (wrong.target == route->target && wrong.nat_gateway == route->nat_gateway && wrong.peering == route->peering &&
        wrong.transit_gateway == route->transit_gateway && wrong.interface == route->interface &&
        (wrong.target != TARGET_MISSING || str_equal(wrong.target_text, route->target_text)))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "target"),
                     "that is where the route leads when healthy");
    else if (wrong.target == TARGET_NAT_GATEWAY && route->destination.addr.family == 6)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "target"),
                     "a NAT gateway translates IPv4: no route to %s can lead there", fault_text(fault, "destination"));
    else if (wrong.target == TARGET_EGRESS_ONLY_GATEWAY && route->destination.addr.family == 4)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "target"),
                     "an egress-only gateway is for IPv6: no route to %s can lead there",
                     fault_text(fault, "destination"));
}

static int rewrite_route(struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct error *err)
{
    struct vpc_route *route = route_of(fault, things[0].route_table);
    if (!route)
        return error_set(err, ERR_ABSENT, "fault '%s': %s has no route to %s", fault->id, fault->at.items[0],
                         fault_text(fault, "destination"));
    struct vpc_route wrong = target_of(topology, fault, things[0].route_table->vpc, topology->arena);
    wrong.destination = route->destination;
    wrong.mark = route->mark;
    wrong.target_text = arena_strdup(topology->arena, wrong.target_text);
    *route = wrong;
    return 0;
}

/* ---- a subnet's table, a VPC's gateway ---- */

static void validate_table(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    const struct subnet *subnet = things[0].subnet;
    const char *text = fault_text(fault, "route_table");
    const struct route_table *table =
        vpc_route_table(subnet->vpc, short_name(subnet->vpc, "route_table", text, findings->arena));
    (void)topology;
    if (table && table != subnet->route_table)
        return;
    struct finding *finding = findings_add(
        findings, FINDING_ERROR, fault->kind, fault_mark(fault, "route_table"),
        table ? "'%s' is the subnet's table when healthy" : "no route table of its VPC is called '%s'", text);
    const char **names = arena_alloc(findings->arena, (subnet->vpc->route_table_count + 1) * sizeof *names);
    for (size_t i = 0; i < subnet->vpc->route_table_count; i++)
        names[i] = subnet->vpc->route_tables[i]->name;
    const char *nearest = table ? NULL : str_nearest(text, names, subnet->vpc->route_table_count);
    if (nearest)
        finding->hint = arena_printf(findings->arena, "did you mean '%s'?", nearest);
}

static int rewrite_table(struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct error *err)
{
    struct subnet *subnet = things[0].subnet;
    struct route_table *table = vpc_route_table(
        subnet->vpc, short_name(subnet->vpc, "route_table", fault_text(fault, "route_table"), topology->arena));
    if (!table)
        return error_set(err, ERR_ABSENT, "fault '%s': the VPC has no route table '%s'", fault->id,
                         fault_text(fault, "route_table"));
    subnet->route_table = table;
    return 0;
}

static int rewrite_detached(struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct error *err)
{
    struct vpc *vpc = things[0].vpc;
    (void)topology;
    if (!vpc->internet_gateway)
        return error_set(err, ERR_ABSENT, "fault '%s': %s is not attached any more", fault->id, fault->at.items[0]);
    vpc->internet_gateway = false;
    for (size_t t = 0; t < vpc->route_table_count; t++)
        for (size_t r = 0; r < vpc->route_tables[t]->route_count; r++)
            if (vpc->route_tables[t]->routes[r].target == TARGET_INTERNET_GATEWAY)
                vpc->route_tables[t]->routes[r].target = TARGET_MISSING;
    return 0;
}

/* ---- an interface ---- */

static void validate_public(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    const struct interface *interface = things[0].interface;
    (void)topology;
    if (interface->attachment != ATTACH_SUBNET || !addr_is_set(&interface->public_ip))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' has no public address when healthy", fault->at.items[0]);
}

static int rewrite_public(struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct error *err)
{
    struct interface *interface = things[0].interface;
    (void)topology, (void)fault, (void)err;
    interface->public_ip_mode = PUBLIC_IP_NO;
    interface->public_ip = (struct addr){0};
    return 0;
}

static struct security_group *group_of(const struct fault *fault, const struct interface *interface, const char *key,
                                       struct arena *arena)
{
    const struct vpc *vpc = interface->subnet->vpc;
    return vpc_security_group(vpc, short_name(vpc, "security_group", fault_text(fault, key), arena));
}

static void validate_group(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    const struct interface *interface = things[0].interface;
    (void)topology;
    if (interface->attachment != ATTACH_SUBNET) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault), "'%s' is in no VPC",
                     fault->at.items[0]);
        return;
    }
    const struct security_group *group = group_of(fault, interface, "group", findings->arena);
    if (!group)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "group"),
                     "no security group of its VPC is called '%s'", fault_text(fault, "group"));
    else if (interface->security_group_count == 1 && interface->security_groups[0] == group)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "group"),
                     "'%s' is in that group, and in no other, when healthy", fault->at.items[0]);
}

static int rewrite_group(struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct error *err)
{
    struct interface *interface = things[0].interface;
    struct security_group *group = group_of(fault, interface, "group", topology->arena);
    if (!group)
        return error_set(err, ERR_ABSENT, "fault '%s': the VPC has no security group '%s'", fault->id,
                         fault_text(fault, "group"));
    interface->security_groups = ARENA_NEW(topology->arena, struct security_group *);
    interface->security_groups[0] = group;
    interface->security_group_marks = ARENA_NEW(topology->arena, struct mark);
    interface->security_group_marks[0] = fault_mark(fault, "group");
    interface->security_group_count = 1;
    interface->security_groups_declared = true;
    return 0;
}

static const struct fault_target_row table_targets[] = {{THING_ROUTE_TABLE, FAULT_TOPOLOGY}};
static const struct fault_target_row subnet_targets[] = {{THING_SUBNET, FAULT_TOPOLOGY}};
static const struct fault_target_row gateway_targets[] = {{THING_INTERNET_GATEWAY, FAULT_TOPOLOGY}};
static const struct fault_target_row interface_targets[] = {{THING_INTERFACE, FAULT_TOPOLOGY}};
static const struct fault_parameter_row route_parameters[] = {
    {.key = "destination", .type = PARAMETER_DESTINATION, .required = true, .doc = "the route whose target is wrong"},
    {.key = "target",
     .type = PARAMETER_TEXT,
     .fallback = "blackhole",
     .doc = "where it leads instead: internet_gateway, nat_gateway/NAME, egress_only_gateway (what comes from outside "
            "is not "
            "let in), peering/NAME, transit_gateway/NAME, blackhole, or something that does not exist"},
};
static const struct fault_parameter_row table_parameters[] = {
    {.key = "route_table", .type = PARAMETER_TEXT, .required = true, .doc = "the table that the subnet has instead"},
};
static const struct fault_parameter_row group_parameters[] = {
    {.key = "group", .type = PARAMETER_TEXT, .required = true, .doc = "the only group that it is in instead"},
};
const struct fault_kind fault_vpc_route_wrong = {
    .name = "vpc-route-wrong",
    .summary = "a route of a VPC's route table leads to the wrong target",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 1,
    FAULT_TARGETS(table_targets),
    FAULT_PARAMETERS(route_parameters),
    .symptom = "subnets of that table do not reach the destination, in silence",
    .tools = "labctl dump, traceroute, tcpdump at the far end (nothing arrives)",
    .validate = validate_route,
    .rewrite_topology = rewrite_route,
};
const struct fault_kind fault_route_table_wrong = {
    .name = "route-table-wrong",
    .summary = "a subnet has another route table than it should",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 1,
    FAULT_TARGETS(subnet_targets),
    FAULT_PARAMETERS(table_parameters),
    .symptom = "one subnet does not reach what another with the right table does",
    .tools = "labctl dump, traceroute, tcpdump",
    .set_key = "route_table",
    .validate = validate_table,
    .rewrite_topology = rewrite_table,
};
const struct fault_kind fault_internet_gateway_detached = {
    .name = "internet-gateway-detached",
    .summary = "a VPC has lost its internet gateway: the routes to it lead nowhere",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 1,
    FAULT_TARGETS(gateway_targets),
    .symptom = "nothing of the VPC reaches the internet, or is reached from there; inside all is well",
    .tools = "labctl dump (routes in state blackhole), ping, traceroute",
    .validate = NULL,
    .rewrite_topology = rewrite_detached,
};
const struct fault_kind fault_public_ip_missing = {
    .name = "public-ip-missing",
    .summary = "an instance has no public address",
    .family = FAMILY_ADDRESSING,
    .layer = 3,
    .things = 1,
    FAULT_TARGETS(interface_targets),
    .symptom =
        "the instance does not reach the internet and is not reached from there; its neighbours in the subnet are",
    .tools = "labctl dump, labctl inspect, ping, curl",
    .set_key = "public_ip",
    .validate = validate_public,
    .rewrite_topology = rewrite_public,
};
const struct fault_kind fault_security_group_wrong = {
    .name = "security-group-wrong",
    .summary = "an instance is in the wrong security group",
    .family = FAMILY_FILTERING,
    .layer = 4,
    .things = 1,
    FAULT_TARGETS(interface_targets),
    FAULT_PARAMETERS(group_parameters),
    .symptom = "connections to or from one instance time out, while its twin with the right group works",
    .tools = "labctl dump, labctl flow-logs, nc -w, tcpdump in the target (nothing arrives)",
    .set_key = "security_groups",
    .validate = validate_group,
    .rewrite_topology = rewrite_group,
};
