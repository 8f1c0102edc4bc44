/* nat-gateway-misplaced, nat-gateway-ports-exhausted, nat-gateway-idle-timeout: a NAT gateway in a subnet whose route
 * table it should not follow, or one that has too little. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "fault/kinds.h"

/* The subnet that the fault moves the gateway to: "private", "main/private", "subnet/private" or
 * "vpc/main/subnet/private". */
static struct subnet *wanted(const struct nat_gateway *gateway, const struct fault *fault)
{
    const char *text = fault_text(fault, "subnet");
    ARENA_AUTO arena = arena_new();
    const char *prefixes[] = {arena_printf(arena, "vpc/%s/subnet/", gateway->vpc->name), "subnet/",
                              arena_printf(arena, "%s/", gateway->vpc->name)};
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        if (str_starts(text, prefixes[i]))
            return vpc_subnet(gateway->vpc, text + strlen(prefixes[i]));
    return vpc_subnet(gateway->vpc, text);
}

static bool leads_out(const struct subnet *subnet)
{
    const struct route_table *table = subnet->route_table;
    for (size_t i = 0; table && i < table->route_count; i++)
        if (table->routes[i].destination.length == 0 && table->routes[i].destination.addr.family == 4)
            return table->routes[i].target == TARGET_INTERNET_GATEWAY;
    return false;
}

static void validate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings)
{
    const struct nat_gateway *gateway = things[0].nat_gateway;
    const struct subnet *subnet = wanted(gateway, fault);
    const char *text = fault_text(fault, "subnet");
    (void)topology;
    if (subnet && subnet != gateway->subnet && leads_out(subnet))
        findings_add(findings, FINDING_ERROR, "nat-gateway-misplaced", fault_mark(fault, "subnet"),
                     "subnet '%s' leads to the internet gateway as well: the NAT gateway would work there", text);
    if (subnet && subnet != gateway->subnet)
        return;
    struct finding *finding = findings_add(
        findings, FINDING_ERROR, "nat-gateway-misplaced", fault_mark(fault, "subnet"),
        subnet ? "the gateway stands in subnet '%s' already" : "no subnet of the gateway's VPC is called '%s'", text);
    if (subnet)
        return;
    const char **names = arena_alloc(findings->arena, gateway->vpc->subnet_count * sizeof *names);
    for (size_t i = 0; i < gateway->vpc->subnet_count; i++)
        names[i] = gateway->vpc->subnets[i]->name;
    const char *nearest = str_nearest(text, names, gateway->vpc->subnet_count);
    if (nearest)
        finding->hint = arena_printf(findings->arena, "did you mean '%s'?", nearest);
}

static int rewrite_topology(struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct error *err)
{
    struct subnet *subnet = wanted(things[0].nat_gateway, fault);
    (void)topology;
    if (!subnet)
        return error_set(err, ERR_ABSENT, "fault '%s': the VPC has no subnet '%s'", fault->id,
                         fault_text(fault, "subnet"));
    things[0].nat_gateway->subnet = subnet;
    return 0;
}

/* ---- its ports, its patience ---- */

static void validate_ports(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    uint32_t ports = 0;
    const struct port_range *healthy = &things[0].nat_gateway->ports;
    (void)topology;
    fault_read_number(fault_text(fault, "ports"), &ports);
    if (ports >= (uint32_t)(healthy->last - healthy->first + 1))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "ports"),
                     "'%s' has no more than %u ports when healthy", fault->at.items[0], ports);
}

static int rewrite_ports(struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct error *err)
{
    uint32_t ports = 0;
    struct port_range *range = &things[0].nat_gateway->ports;
    (void)topology, (void)err;
    fault_read_number(fault_text(fault, "ports"), &ports);
    range->last = (uint16_t)(range->first + ports - 1);
    return 0;
}

static void validate_idle(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    int64_t timeout = 0;
    (void)topology;
    duration_parse(fault_text(fault, "timeout"), &timeout);
    if (timeout < NANOSECONDS_PER_SECOND || timeout >= things[0].nat_gateway->idle_timeout)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "timeout"),
                     "%s is not from 1s to less than the gateway's own time", fault_text(fault, "timeout"));
}

static int rewrite_idle(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    (void)topology, (void)err;
    duration_parse(fault_text(fault, "timeout"), &things[0].nat_gateway->idle_timeout);
    return 0;
}

static const struct fault_target_row targets[] = {{THING_NAT_GATEWAY, FAULT_TOPOLOGY}};
static const struct fault_parameter_row parameters[] = {
    {.key = "subnet", .type = PARAMETER_TEXT, .required = true, .doc = "the subnet of its VPC where it stands instead"},
};
static const struct fault_parameter_row port_parameters[] = {
    {.key = "ports",
     .type = PARAMETER_NUMBER,
     .fallback = "4",
     .doc = "how many connections to one destination there can be"},
};
static const struct fault_parameter_row idle_parameters[] = {
    {.key = "timeout",
     .type = PARAMETER_DURATION,
     .fallback = "5s",
     .doc = "after how much silence a connection is forgotten"},
};

const struct fault_kind fault_nat_gateway_misplaced = {
    .name = "nat-gateway-misplaced",
    .summary = "a NAT gateway stands in the wrong subnet",
    .family = FAMILY_NAT,
    .layer = 3,
    .things = 1,
    .targets = targets,
    .target_count = ARRAY_SIZE(targets),
    .parameters = parameters,
    .parameter_count = ARRAY_SIZE(parameters),
    .symptom = "machines behind the gateway reach nothing outside; it follows the route table of its own subnet, which "
               "has no way out",
    .tools = "labctl dump, traceroute, tcpdump at the far end (nothing arrives)",
    .set_key = "subnet",
    .validate = validate,
    .rewrite_topology = rewrite_topology,
};
const struct fault_kind fault_nat_gateway_ports_exhausted = {
    .name = "nat-gateway-ports-exhausted",
    .summary = "a NAT gateway has too few ports",
    .family = FAMILY_NAT,
    .layer = 4,
    .things = 1,
    FAULT_TARGETS(targets),
    FAULT_PARAMETERS(port_parameters),
    .symptom = "some connections to one destination time out while others to it are open; other destinations are well",
    .tools = "ss, labctl dump, many connections at once, tcpdump at the far end",
    .set_key = "ports",
    .validate = validate_ports,
    .rewrite_topology = rewrite_ports,
};
const struct fault_kind fault_nat_gateway_idle_timeout = {
    .name = "nat-gateway-idle-timeout",
    .summary = "a NAT gateway forgets connections too soon",
    .family = FAMILY_NAT,
    .layer = 4,
    .things = 1,
    FAULT_TARGETS(targets),
    FAULT_PARAMETERS(idle_parameters),
    .symptom = "connections through the gateway are reset after a pause; busy ones are well",
    .tools = "ss -to, tcpdump (RST after silence), labctl dump",
    .set_key = "idle_timeout",
    .validate = validate_idle,
    .rewrite_topology = rewrite_idle,
};
