/* peering-missing, transit-attachment-missing, transit-association-missing, transit-propagation-missing,
 * transit-route-missing, egress-only-gateway-detached, source-dest-check-on, endpoint-private-dns-off: VPCs that are
 * joined to each other and to services, but for one part.  A route to what is gone stays, and leads nowhere, as in a
 * cloud. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"

static int is_gone(const struct fault *fault, const char *what, struct error *err)
{
    return error_set(err, ERR_ABSENT, "fault '%s': %s has no such %s any more", fault->id, fault->at.items[0], what);
}

/* ---- peerings ---- */

static int rewrite_peering(struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct error *err)
{
    size_t i = 0;
    while (i < topology->peering_count && topology->peerings[i] != things[0].peering)
        i++;
    if (i == topology->peering_count)
        return is_gone(fault, "peering", err);
    memmove(&topology->peerings[i], &topology->peerings[i + 1],
            (topology->peering_count - i - 1) * sizeof topology->peerings[0]);
    topology->peering_count--;
    for (size_t v = 0; v < topology->vpc_count; v++)
        for (size_t t = 0; t < topology->vpcs[v]->route_table_count; t++) {
            struct route_table *table = topology->vpcs[v]->route_tables[t];
            for (size_t r = 0; r < table->route_count; r++)
                if (table->routes[r].target == TARGET_PEERING && table->routes[r].peering == things[0].peering)
                    table->routes[r].target = TARGET_MISSING;
        }
    return 0;
}

/* ---- transit gateways ---- */

/* The place of the VPC that the fault names in a list; the list's length where it is not there. */
static size_t place_of(const struct topology *topology, const struct fault *fault,
                       const struct transit_attachment *list, size_t count)
{
    const char *name = fault_text(fault, "vpc");
    const struct vpc *vpc = topology_vpc(topology, str_starts(name, "vpc/") ? name + strlen("vpc/") : name);
    size_t i = 0;
    while (i < count && (!vpc || list[i].vpc != vpc))
        i++;
    return i;
}

static void check_place(const struct topology *topology, const struct fault *fault, const char *what,
                        const struct transit_attachment *list, size_t count, struct findings *findings)
{
    if (place_of(topology, fault, list, count) < count)
        return;
    STR_AUTO names = STR_INIT;
    for (size_t i = 0; i < count; i++)
        str_printf(&names, "%s%s", i ? ", " : "", list[i].vpc->name);
    struct finding *finding =
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "vpc"), "VPC '%s' %s '%s' when healthy",
                     fault_text(fault, "vpc"), what, fault->at.items[0]);
    finding->hint = count ? arena_printf(findings->arena, "those that do: %s", str_text(&names)) : NULL;
}

static void take_away(struct transit_attachment *list, size_t *count, size_t i)
{
    memmove(&list[i], &list[i + 1], (*count - i - 1) * sizeof list[0]);
    --*count;
}

static void validate_attachment(const struct topology *topology, const struct fault *fault, const struct thing *things,
                                struct findings *findings)
{
    const struct transit_gateway *gateway = things[0].transit_gateway;
    check_place(topology, fault, "is not attached to", gateway->attachments, gateway->attachment_count, findings);
}

static void forget_vpc(struct transit_table *table, const struct vpc *vpc)
{
    for (size_t i = table->association_count; i-- > 0;)
        if (table->associations[i].vpc == vpc)
            take_away(table->associations, &table->association_count, i);
    for (size_t i = table->propagation_count; i-- > 0;)
        if (table->propagations[i].vpc == vpc)
            take_away(table->propagations, &table->propagation_count, i);
    for (size_t i = 0; i < table->route_count; i++)
        if (table->routes[i].vpc == vpc)
            table->routes[i].vpc = NULL;
}

static int rewrite_attachment(struct topology *topology, const struct fault *fault, const struct thing *things,
                              struct error *err)
{
    struct transit_gateway *gateway = things[0].transit_gateway;
    size_t place = place_of(topology, fault, gateway->attachments, gateway->attachment_count);
    if (place == gateway->attachment_count)
        return is_gone(fault, "attachment", err);
    struct vpc *vpc = gateway->attachments[place].vpc;
    take_away(gateway->attachments, &gateway->attachment_count, place);
    for (size_t i = 0; i < gateway->route_table_count; i++)
        forget_vpc(gateway->route_tables[i], vpc);
    for (size_t t = 0; t < vpc->route_table_count; t++)
        for (size_t r = 0; r < vpc->route_tables[t]->route_count; r++) {
            struct vpc_route *route = &vpc->route_tables[t]->routes[r];
            if (route->target == TARGET_TRANSIT_GATEWAY && route->transit_gateway == gateway) {
                route->target = TARGET_BLACKHOLE;
                route->target_text = "blackhole";
            }
        }
    return 0;
}

static void validate_association(const struct topology *topology, const struct fault *fault, const struct thing *things,
                                 struct findings *findings)
{
    const struct transit_table *table = things[0].transit_table;
    check_place(topology, fault, "does not look up", table->associations, table->association_count, findings);
}

static void validate_propagation(const struct topology *topology, const struct fault *fault, const struct thing *things,
                                 struct findings *findings)
{
    const struct transit_table *table = things[0].transit_table;
    check_place(topology, fault, "does not propagate to", table->propagations, table->propagation_count, findings);
}

static int rewrite_association(struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct error *err)
{
    struct transit_table *table = things[0].transit_table;
    size_t place = place_of(topology, fault, table->associations, table->association_count);
    if (place == table->association_count)
        return is_gone(fault, "association", err);
    take_away(table->associations, &table->association_count, place);
    table->gateway->tables_declared = true;
    return 0;
}

static int rewrite_propagation(struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct error *err)
{
    struct transit_table *table = things[0].transit_table;
    size_t place = place_of(topology, fault, table->propagations, table->propagation_count);
    if (place == table->propagation_count)
        return is_gone(fault, "propagation", err);
    take_away(table->propagations, &table->propagation_count, place);
    table->gateway->tables_declared = true;
    return 0;
}

static size_t route_place(const struct fault *fault, const struct transit_table *table)
{
    struct prefix destination;
    size_t i = 0;
    if (!fault_read_destination(fault_text(fault, "destination"), &destination))
        return table->route_count;
    while (i < table->route_count && !prefix_equal(&table->routes[i].destination, &destination))
        i++;
    return i;
}

static void validate_route(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    const struct transit_table *table = things[0].transit_table;
    (void)topology;
    if (route_place(fault, table) < table->route_count)
        return;
    STR_AUTO all = STR_INIT;
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < table->route_count; i++)
        str_printf(&all, "%s%s", i ? ", " : "", prefix_format(&table->routes[i].destination, text));
    struct finding *finding =
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "destination"),
                     "'%s' has no static route to %s", fault->at.items[0], fault_text(fault, "destination"));
    finding->hint = all.length ? arena_printf(findings->arena, "routes there: %s", str_text(&all))
                               : "what VPCs propagate is missing by transit-propagation-missing";
}

static int rewrite_route(struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct error *err)
{
    struct transit_table *table = things[0].transit_table;
    size_t place = route_place(fault, table);
    (void)topology;
    if (place == table->route_count)
        return is_gone(fault, "route", err);
    memmove(&table->routes[place], &table->routes[place + 1],
            (table->route_count - place - 1) * sizeof table->routes[0]);
    table->route_count--;
    return 0;
}

/* ---- one switch ---- */

static int rewrite_egress(struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct error *err)
{
    struct vpc *vpc = things[0].vpc;
    (void)topology;
    if (!vpc->egress_only_gateway)
        return is_gone(fault, "gateway", err);
    vpc->egress_only_gateway = false;
    for (size_t t = 0; t < vpc->route_table_count; t++)
        for (size_t r = 0; r < vpc->route_tables[t]->route_count; r++)
            if (vpc->route_tables[t]->routes[r].target == TARGET_EGRESS_ONLY_GATEWAY)
                vpc->route_tables[t]->routes[r].target = TARGET_MISSING;
    return 0;
}

static void validate_check(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    const struct interface *interface = things[0].interface;
    (void)topology;
    if (interface->attachment != ATTACH_SUBNET || interface->source_dest_check)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     interface->attachment != ATTACH_SUBNET ? "'%s' is in no VPC" : "'%s' has the check when healthy",
                     fault->at.items[0]);
}

static int rewrite_check(struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct error *err)
{
    (void)topology, (void)fault, (void)err;
    things[0].interface->source_dest_check = true;
    return 0;
}

static void validate_private(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    (void)topology;
    if (!things[0].endpoint->private_dns)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' has no private DNS when healthy", fault->at.items[0]);
}

static int rewrite_private(struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct error *err)
{
    (void)topology, (void)fault, (void)err;
    things[0].endpoint->private_dns = false;
    return 0;
}

static const struct fault_target_row peering_targets[] = {{THING_PEERING, FAULT_TOPOLOGY}};
static const struct fault_target_row transit_targets[] = {{THING_TRANSIT_GATEWAY, FAULT_TOPOLOGY}};
static const struct fault_target_row table_targets[] = {{THING_TRANSIT_TABLE, FAULT_TOPOLOGY}};
static const struct fault_target_row egress_targets[] = {{THING_EGRESS_ONLY_GATEWAY, FAULT_TOPOLOGY}};
static const struct fault_target_row interface_targets[] = {{THING_INTERFACE, FAULT_TOPOLOGY}};
static const struct fault_target_row endpoint_targets[] = {{THING_ENDPOINT, FAULT_TOPOLOGY}};
static const struct fault_parameter_row vpc_parameters[] = {
    {.key = "vpc", .type = PARAMETER_TEXT, .required = true, .doc = "the VPC that it is about"},
};
static const struct fault_parameter_row route_parameters[] = {
    {.key = "destination", .type = PARAMETER_DESTINATION, .required = true, .doc = "the static route that is missing"},
};
#define ROUTING .family = FAMILY_ROUTING, .layer = 3, .things = 1
const struct fault_kind fault_peering_missing = {
    .name = "peering-missing",
    .summary = "two VPCs are not peered any more: the routes to the peering lead nowhere",
    ROUTING,
    FAULT_TARGETS(peering_targets),
    .symptom = "neither VPC reaches the other, in silence; each of them is well inside",
    .tools = "labctl dump (routes in state blackhole), ping, traceroute, labctl flow-logs",
    .rewrite_topology = rewrite_peering,
};
const struct fault_kind fault_transit_attachment_missing = {
    .name = "transit-attachment-missing",
    .summary = "a VPC is not attached to the transit gateway any more",
    ROUTING,
    FAULT_TARGETS(transit_targets),
    FAULT_PARAMETERS(vpc_parameters),
    .symptom = "one VPC reaches none of the others and is reached by none; the others reach each other",
    .tools = "labctl dump, ping, traceroute, tcpdump at both ends",
    .set_key = "attachments",
    .validate = validate_attachment,
    .rewrite_topology = rewrite_attachment,
};
const struct fault_kind fault_transit_association_missing = {
    .name = "transit-association-missing",
    .summary = "a VPC looks up no route table of the transit gateway",
    ROUTING,
    FAULT_TARGETS(table_targets),
    FAULT_PARAMETERS(vpc_parameters),
    .symptom = "what the VPC sends to the gateway is dropped there; what is sent to it arrives, and is not answered",
    .tools = "labctl dump, tcpdump at both ends, ping from each side",
    .set_key = "associations",
    .validate = validate_association,
    .rewrite_topology = rewrite_association,
};
const struct fault_kind fault_transit_propagation_missing = {
    .name = "transit-propagation-missing",
    .summary = "a transit gateway's route table does not have the addresses of a VPC",
    ROUTING,
    FAULT_TARGETS(table_targets),
    FAULT_PARAMETERS(vpc_parameters),
    .symptom = "VPCs of that table do not reach that VPC: what it sends arrives, and the answers get lost",
    .tools = "labctl dump, tcpdump at both ends, ping from each side",
    .set_key = "propagations",
    .validate = validate_propagation,
    .rewrite_topology = rewrite_propagation,
};
const struct fault_kind fault_transit_route_missing = {
    .name = "transit-route-missing",
    .summary = "a static route of a transit gateway's route table is missing",
    ROUTING,
    FAULT_TARGETS(table_targets),
    FAULT_PARAMETERS(route_parameters),
    .symptom = "VPCs of that table do not reach the destination, or reach it by a shorter prefix; others do",
    .tools = "labctl dump, traceroute, tcpdump at both ends",
    .set_key = "routes",
    .validate = validate_route,
    .rewrite_topology = rewrite_route,
};
const struct fault_kind fault_egress_only_gateway_detached = {
    .name = "egress-only-gateway-detached",
    .summary = "a VPC has lost its egress-only gateway: the IPv6 routes to it lead nowhere",
    ROUTING,
    FAULT_TARGETS(egress_targets),
    .symptom = "private instances reach nothing by IPv6, while IPv4 is well: programs that try IPv6 first are slow",
    .tools = "curl -6, curl -4, labctl dump (routes in state blackhole), ping -6",
    .rewrite_topology = rewrite_egress,
};
const struct fault_kind fault_source_dest_check_on = {
    .name = "source-dest-check-on",
    .summary = "an instance that routes for others may neither send nor get what is not its own",
    ROUTING,
    FAULT_TARGETS(interface_targets),
    .symptom = "the instance itself is well; whoever is routed over it reaches nothing",
    .tools = "labctl dump, tcpdump in the instance (packets leave, or never come), ip route",
    .set_key = "source_dest_check",
    .validate = validate_check,
    .rewrite_topology = rewrite_check,
};
const struct fault_kind fault_endpoint_private_dns_off = {
    .name = "endpoint-private-dns-off",
    .summary = "a VPC's resolver does not know that a service has an endpoint there",
    .family = FAMILY_DNS,
    .layer = 7,
    .things = 1,
    FAULT_TARGETS(endpoint_targets),
    .symptom =
        "the service's name does not resolve, or to its public address, to which there is no way; the endpoint's own "
        "name works",
    .tools = "dig, curl --resolve, labctl dump, labctl inspect",
    .set_key = "private_dns",
    .validate = validate_private,
    .rewrite_topology = rewrite_private,
};
