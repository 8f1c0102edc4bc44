/* Verbs that look: the nodes' names, and the whole running lab as `labctl inspect` shows it (shape: labctl(1)). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "director/internal.h"
#include "director/verbs.h"
#include "lab/lab.h"
#include "model/topology.h"
#include "plan/plan.h"

int request_node(struct director *director, struct request *request, const struct node **out, struct error *err)
{
    const struct topology *topology = director->topology;
    const char *name = json_string_value(json_object_get(request_params(request), "node"));
    if (!topology)
        return error_set(err, ERR_BUSY, "the lab is still being built");
    if (!name)
        return error_set(err, ERR_USAGE, "'%s' needs a node", request_verb(request));
    if (str_starts(name, "node/"))
        name += strlen("node/");
    *out = topology_node(topology, name);
    if (*out)
        return 0;
    const char **names = calloc(topology->node_count + 1, sizeof *names);
    for (size_t i = 0; names && i < topology->node_count; i++)
        names[i] = topology->nodes[i]->name;
    const char *nearest = names ? str_nearest(name, names, topology->node_count) : NULL;
    error_set(err, ERR_ABSENT, "lab '%s' has no node '%.80s'%s%s%s", director->lab_name, name,
              nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    free(names);
    return -1;
}

int verb_nodes(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)request, (void)err;
    json_t *names = json_array();
    const struct topology *topology = director->topology;
    for (size_t i = 0; topology && i < topology->node_count; i++)
        json_array_append_new(names, json_string(topology->nodes[i]->name));
    *reply = json_pack("{s:o}", "nodes", names);
    return 0;
}

static void set_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, text && *text ? json_string(text) : json_null());
}

static void set_addr(json_t *object, const char *key, const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];
    set_text(object, key, addr_is_set(addr) ? addr_format(addr, text) : NULL);
}

static void attachment_text(const struct interface *interface, char *out, size_t size)
{
    switch (interface->attachment) {
    case ATTACH_SUBNET:
        snprintf(out, size, "vpc/%s/subnet/%s", interface->subnet->vpc->name, interface->subnet->name);
        break;
    case ATTACH_BRIDGE:
        snprintf(out, size, "%s/%s", bridge_kind(interface->bridge), interface->bridge->name);
        break;
    case ATTACH_LINK:
        snprintf(out, size, "link/%s", interface->link->name);
        break;
    case ATTACH_INTERNET:
        snprintf(out, size, "internet");
        break;
    case ATTACH_NONE:
    case ATTACH_COUNT:
        out[0] = '\0';
    }
}

static const struct plan_link *find_link(const struct plan *plan, const char *node, const char *interface)
{
    uint32_t ns = plan_find_namespace(plan, node);
    for (size_t i = 0; i < plan->link_count; i++)
        if (plan->links[i].end[0].ns == ns && str_equal(plan->links[i].end[0].name, interface))
            return &plan->links[i];
    return NULL;
}

static void vlan_json(json_t *object, const struct interface *interface)
{
    if (interface->parent)
        json_object_set_new(object, "parent", json_string(interface->parent->name));
    if (interface->vlan)
        json_object_set_new(object, "vlan", json_integer(interface->vlan));
    if (interface->tagged_count == 0)
        return;
    json_t *tagged = json_array();
    for (size_t i = 0; i < interface->tagged_count; i++)
        json_array_append_new(tagged, json_integer(interface->tagged[i]));
    json_object_set_new(object, "tagged", tagged);
}

static json_t *interface_json(struct lab *lab, const struct interface *interface, uint32_t mtu)
{
    char text[ADDR_TEXT_MAX], attachment[160];
    json_t *object = json_object(), *addresses = json_array(), *groups = json_array();
    attachment_text(interface, attachment, sizeof attachment);
    json_object_set_new(object, "name", json_string(interface->name));
    set_text(object, "attachment", attachment);
    for (size_t i = 0; i < interface->address_count; i++)
        json_array_append_new(addresses, json_string(prefix_format(&interface->addresses[i], text)));
    json_object_set_new(object, "addresses", addresses);
    if (interface->dhcp || interface->slaac)
        json_object_set_new(object, "leased", leases_json(lab, interface));
    set_addr(object, "public_ip", &interface->public_ip);
    set_addr(object, "gateway", &interface->gateway);
    vlan_json(object, interface);
    json_object_set_new(object, "mac", json_string(mac_format(&interface->mac, text)));
    json_object_set_new(object, "mtu", json_integer(mtu ? mtu : 1500));
    json_object_set_new(object, "up", json_boolean(!interface->down));
    if (interface->attachment == ATTACH_SUBNET)
        json_object_set_new(object, "source_dest_check", json_boolean(interface->source_dest_check));
    for (size_t i = 0; i < interface->security_group_count; i++)
        json_array_append_new(groups, json_string(interface->security_groups[i]->name));
    json_object_set_new(object, "security_groups", groups);
    return object;
}

static const char *process_state(struct lab *lab, const char *name)
{
    pid_t pid;
    int status;
    switch (lab_process_state(lab, name, &pid, &status)) {
    case LAB_PROCESS_RUNNING:
        return "running";
    case LAB_PROCESS_EXITED:
        return "ended";
    case LAB_PROCESS_ABSENT:
        break;
    }
    return "absent";
}

static json_t *service_json(struct director *director, const struct service *service)
{
    char name[160];
    snprintf(name, sizeof name, "%s/%s", service->node->name, service->name);
    json_t *object = json_pack("{s:s, s:s, s:s}", "name", service->name, "kind", service_kind_name(service->kind),
                               "state", process_state(director->lab, name));
    json_object_set_new(object, "port", service->port ? json_integer(service->port) : json_null());
    return object;
}

static uint32_t device_mtu(const struct plan *plan, const struct interface *interface)
{
    uint32_t ns = plan_find_namespace(plan, interface->node->name);
    for (size_t i = 0; i < plan->device_count; i++)
        if (plan->devices[i].ns == ns && str_equal(plan->devices[i].name, interface->name))
            return plan->devices[i].mtu;
    return 0;
}

/* Links of the plan by node and interface, found by walking both once: they stand in the order of the nodes. */
static uint32_t mtu_of(const struct plan *plan, const struct interface *interface, size_t *cursor)
{
    const struct plan_link *link = *cursor < plan->link_count ? &plan->links[*cursor] : NULL;
    if (!link || !str_equal(link->end[0].name, interface->name) ||
        !str_equal(plan->namespaces[link->end[0].ns].name, interface->node->name))
        link = find_link(plan, interface->node->name, interface->name);
    if (!link)
        return interface->mtu ? interface->mtu : device_mtu(plan, interface);
    *cursor = (size_t)(link - plan->links) + 1;
    return link->mtu;
}

static json_t *nodes_json(struct director *director)
{
    json_t *nodes = json_array();
    size_t cursor = 0;
    for (size_t i = 0; i < director->topology->node_count; i++) {
        const struct node *node = director->topology->nodes[i];
        json_t *interfaces = json_array(), *services = json_array(), *labels = json_object();
        for (size_t k = 0; k < node->interface_count; k++)
            json_array_append_new(interfaces, interface_json(director->lab, node->interfaces[k],
                                                             mtu_of(director->plan, node->interfaces[k], &cursor)));
        for (size_t k = 0; k < node->service_count; k++)
            json_array_append_new(services, service_json(director, node->services[k]));
        for (size_t k = 0; k < node->label_count; k++)
            json_object_set_new(labels, node->labels[k].key, json_string(node->labels[k].value));
        json_array_append_new(nodes,
                              json_pack("{s:s, s:b, s:o, s:o, s:o}", "name", node->name, "forwarding", node->forwarding,
                                        "interfaces", interfaces, "services", services, "labels", labels));
    }
    return nodes;
}

/* What the built interfaces have: defaults and the nodes' own keys count as well. */
static uint32_t mtu_of_link(const struct link *link, const struct plan *plan)
{
    const struct plan_link *built =
        link->end_count > 0 ? find_link(plan, link->ends[0]->node->name, link->ends[0]->name) : NULL;
    uint32_t mtu = built != NULL ? built->mtu : link->mtu;
    return mtu ? mtu : 1500;
}

/* Of what each end sends. */
static json_t *directions_json(const struct link *link)
{
    json_t *list = json_array();
    for (size_t k = 0; k < link->end_count && k < 2; k++)
        json_array_append_new(list, impairment_json(link->from_declared[k] ? &link->from_end[k] : &link->both));
    return list;
}

static json_t *links_json(const struct topology *topology, const struct plan *plan)
{
    json_t *links = json_array();
    for (size_t i = 0; i < topology->link_count; i++) {
        const struct link *link = topology->links[i];
        json_t *ends = json_array();
        char text[UNITS_TEXT_MAX + 160];
        for (size_t k = 0; k < link->end_count && k < 2; k++) {
            snprintf(text, sizeof text, "%s/%s", link->ends[k]->node->name, link->ends[k]->name);
            json_array_append_new(ends, json_string(text));
        }
        json_t *object =
            json_pack("{s:s, s:o, s:i}", "name", link->name, "ends", ends, "mtu", (int)mtu_of_link(link, plan));
        json_object_set_new(object, "impairments", directions_json(link));
        json_array_append_new(links, object);
    }
    return links;
}

static json_t *vpcs_json(const struct topology *topology)
{
    json_t *vpcs = json_array();
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < topology->vpc_count; i++) {
        const struct vpc *vpc = topology->vpcs[i];
        json_t *subnets = json_array(), *gateways = json_array(), *cidrs = json_array();
        for (size_t k = 0; k < vpc_network_count(vpc); k++) {
            struct prefix network = vpc_network(vpc, k);
            json_array_append_new(cidrs, json_string(prefix_format(&network, text)));
        }
        for (size_t k = 0; k < vpc->subnet_count; k++) {
            const struct subnet *subnet = vpc->subnets[k];
            json_t *object = json_pack("{s:s, s:s}", "name", subnet->name, "cidr", prefix_format(&subnet->cidr, text));
            set_text(object, "zone", subnet->zone);
            set_text(object, "route_table", subnet->route_table ? subnet->route_table->name : NULL);
            set_text(object, "network_acl", subnet->network_acl ? subnet->network_acl->name : NULL);
            json_array_append_new(subnets, object);
        }
        for (size_t k = 0; k < vpc->nat_gateway_count; k++) {
            json_t *object = json_pack("{s:s}", "name", vpc->nat_gateways[k]->name);
            set_addr(object, "address", &vpc->nat_gateways[k]->address);
            set_addr(object, "public_ip", &vpc->nat_gateways[k]->public_ip);
            json_array_append_new(gateways, object);
        }
        json_array_append_new(vpcs, json_pack("{s:s, s:s, s:o, s:b, s:o, s:o, s:o}", "name", vpc->name, "cidr",
                                              prefix_format(&vpc->cidr, text), "cidrs", cidrs, "internet_gateway",
                                              vpc->internet_gateway, "subnets", subnets, "nat_gateways", gateways,
                                              "endpoints", endpoints_json(vpc)));
    }
    return vpcs;
}

static json_t *bridges_json(const struct topology *topology)
{
    json_t *bridges = json_array();
    for (size_t i = 0; i < topology->bridge_count; i++)
        if (!topology->bridges[i]->network)
            json_array_append_new(
                bridges, json_pack("{s:s, s:b, s:b, s:b, s:i}", "name", topology->bridges[i]->name, "stp",
                                   topology->bridges[i]->stp, "vlan_filtering", topology->bridges[i]->vlan_filtering,
                                   "vxlan", topology->bridges[i]->vxlan != NULL, "mtu",
                                   topology->bridges[i]->vxlan ? (int)vxlan_mtu(topology, topology->bridges[i])
                                   : topology->bridges[i]->mtu ? (int)topology->bridges[i]->mtu
                                                               : 1500));
    return bridges;
}

/* Each with what its host publishes in it. */
static json_t *networks_json(const struct topology *topology)
{
    char text[ADDR_TEXT_MAX];
    json_t *networks = json_array();
    for (size_t i = 0; i < topology->network_count; i++) {
        const struct network *network = topology->networks[i];
        json_t *object = json_pack("{s:s, s:s, s:b}", "name", network->name, "cidr",
                                   prefix_format(&network->cidr, text), "internal", network->internal);
        json_t *published = json_array();
        for (size_t p = 0; network->host && p < network->host->published_count; p++) {
            const struct published *port = &network->host->published[p];
            struct addr to = published_target(port);
            if (interface_network(port->target) != network)
                continue;
            json_t *one =
                json_pack("{s:s, s:i, s:s, s:s, s:i}", "protocol", protocol_name(port->protocol), "port", port->port,
                          "node", port->target->node->name, "to", addr_format(&to, text), "to_port", port->target_port);
            set_addr(one, "address", &port->address);
            json_array_append_new(published, one);
        }
        set_text(object, "host", network->host ? network->host->name : NULL);
        json_object_set_new(object, "mtu", json_integer(network->bridge->mtu ? network->bridge->mtu : 1500));
        json_object_set_new(object, "publish", published);
        json_array_append_new(networks, object);
    }
    return networks;
}

/* Each with the nodes that it selects, and the directions in which it isolates them. */
static json_t *policies_json(const struct topology *topology)
{
    json_t *policies = json_array();
    for (size_t i = 0; i < topology->policy_count; i++) {
        const struct policy *policy = topology->policies[i];
        json_t *nodes = json_array();
        for (size_t k = 0; k < topology->node_count; k++)
            if (policy_selects(policy, topology->nodes[k]))
                json_array_append_new(nodes, json_string(topology->nodes[k]->name));
        json_array_append_new(policies,
                              json_pack("{s:s, s:b, s:b, s:o}", "name", policy->name, "ingress",
                                        policy->ingress_declared, "egress", policy->egress_declared, "nodes", nodes));
    }
    return policies;
}

/* Somebody may delete an interface inside a node; no node can bring back its own. */
static void warn_of_lost_links(struct director *director, json_t *warnings)
{
    ARENA_AUTO arena = arena_new();
    const struct plan *plan = director->plan;
    uint32_t *links;
    size_t count;
    if (lab_lost_links(director->lab, arena, &links, &count, NULL) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        bool wired = links[i] < plan->link_count;
        const struct plan_device *device = wired ? NULL : &plan->devices[links[i] - plan->link_count];
        const struct plan_link_end *end = wired ? &plan->links[links[i]].end[0] : NULL;
        const char *node = plan->namespaces[wired ? end->ns : device->ns].name;
        json_array_append_new(
            warnings, json_sprintf("interface %s of %s is gone: it was deleted in the node; `labctl apply FILE` "
                                   "makes it again, `labctl exec %s reboot -f` starts the whole node anew",
                                   wired ? end->name : device->name, node, node));
    }
}

int verb_inspect(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)request;
    const struct topology *topology = director->topology;
    if (!topology)
        return error_set(err, ERR_BUSY, "the lab is still being built");
    char since[CLOCK_TEXT_MAX];
    json_t *warnings = json_array();
    STR_AUTO warning = STR_INIT;
    if (lab_preflight(director->plan, &warning))
        json_array_append_new(warnings, json_string(str_text(&warning)));
    warn_of_lost_links(director, warnings);
    if (director->unfinished)
        json_array_append_new(warnings,
                              json_string("a change was begun and could not be finished; the next one tries again"));
    *reply =
        json_pack("{s:i, s:s, s:s, s:s, s:i}", "version", 1, "lab", topology->name, "state", "running", "since",
                  clock_format_real(director->state.since, since), "generation", (int)director_generation(director));
    set_text(*reply, "title", topology->title);
    json_object_set_new(*reply, "nodes", nodes_json(director));
    json_object_set_new(*reply, "bridges", bridges_json(topology));
    json_object_set_new(*reply, "networks", networks_json(topology));
    json_object_set_new(*reply, "policies", policies_json(topology));
    json_object_set_new(*reply, "links", links_json(topology, director->plan));
    json_object_set_new(*reply, "vpcs", vpcs_json(topology));
    inspect_connections(topology, *reply);
    json_object_set_new(*reply, "warnings", warnings);
    if (director_hooks.inspect)
        director_hooks.inspect(director, *reply);
    return 0;
}
