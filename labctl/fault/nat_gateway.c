/* nat-gateway-misplaced: a NAT gateway stands in another subnet than it should, whose route table it then follows. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"

/* The subnet that the fault moves the gateway to: "private", "subnet/private" or "vpc/main/subnet/private". */
static struct subnet *wanted(const struct nat_gateway *gateway, const struct fault *fault)
{
    const char *text = fault_text(fault, "subnet");
    ARENA_AUTO arena = arena_new();
    const char *prefixes[] = {arena_printf(arena, "vpc/%s/subnet/", gateway->vpc->name), "subnet/"};
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        if (str_starts(text, prefixes[i]))
            return vpc_subnet(gateway->vpc, text + strlen(prefixes[i]));
    return vpc_subnet(gateway->vpc, text);
}

static void validate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                     struct findings *findings)
{
    const struct nat_gateway *gateway = things[0].nat_gateway;
    const struct subnet *subnet = wanted(gateway, fault);
    const char *text = fault_text(fault, "subnet");
    (void)topology;
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

static const struct fault_target_row targets[] = {{THING_NAT_GATEWAY, FAULT_TOPOLOGY}};
static const struct fault_parameter_row parameters[] = {
    {.key = "subnet", .type = PARAMETER_TEXT, .required = true, .doc = "the subnet of its VPC where it stands instead"},
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
