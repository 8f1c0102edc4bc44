/* The table of rules, and what they share. */
#include "rules/rules.h"

#include <stdarg.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "rules/check.h"

const struct rule rules_table[] = {
    {"acl-rule-number", FINDING_ERROR, "Rules of a network ACL have numbers of their own, in each direction.",
     check_acl_rule_number},
    {"address-outside-subnet", FINDING_ERROR, "An interface's address lies in its subnet.",
     check_address_outside_subnet},
    {"bgp-session", FINDING_WARNING, "Both ends of a BGP session name each other, with the AS that the other is in.",
     check_bgp_session},
    {"bind-address", FINDING_ERROR, "A service binds to an address of its node.", check_bind_address},
    {"certificate-file", FINDING_ERROR, "Certificates of a node and of its services have names of their own.",
     check_certificate_file},
    {"certificate-name", FINDING_WARNING, "Somebody serves the names that a certificate is for.",
     check_certificate_name},
    {"dhcp-client", FINDING_WARNING, "Who asks the wire for an address is on one where somebody hands them out.",
     check_dhcp_client},
    {"dhcp-range", FINDING_ERROR, "A service of kind dhcp has something to hand out, in a network of its node.",
     check_dhcp_range},
    {"dhcp-reservation", FINDING_ERROR,
     "An address is reserved once, for one client, in a network of the server's node.", check_dhcp_reservation},
    {"different-networks", FINDING_WARNING, "Interfaces that share a wire share a network.", check_different_networks},
    {"dns-record", FINDING_ERROR, "The records of a zone fit their types, and a CNAME stands alone.", check_dns_record},
    {"duplicate-address", FINDING_ERROR, "An address is used once in a VPC, on a wire, on the internet.",
     check_duplicate_address},
    {"duplicate-forward", FINDING_ERROR, "A forwarded port leads to one place.", check_duplicate_forward},
    {"duplicate-mac", FINDING_ERROR, "A MAC address is used once on a wire.", check_duplicate_mac},
    {"duplicate-public-ip", FINDING_ERROR, "A public address belongs to one thing.", check_duplicate_public_ip},
    {"duplicate-route", FINDING_ERROR, "A table has one route to a destination.", check_duplicate_route},
    {"endpoint-dns", FINDING_ERROR, "Private DNS has a resolver, and one endpoint of a VPC for a name.",
     check_endpoint_dns},
    {"endpoint-service", FINDING_ERROR, "A gateway endpoint leads to machines on the internet.",
     check_endpoint_service},
    {"endpoint-subnets", FINDING_ERROR, "An endpoint has a subnet once, and one in a zone.", check_endpoint_subnets},
    {"endpoint-table", FINDING_ERROR, "A route table leads to a service by one gateway endpoint.",
     check_endpoint_table},
    {"file-path", FINDING_ERROR,
     "A file has an absolute path outside /proc, /sys, /dev, /usr, /opt and the machine's programs.", check_file_path},
    {"foreign-target", FINDING_ERROR, "A VPC's route leads to a peering or a transit gateway of this VPC.",
     check_foreign_target},
    {"forward-target", FINDING_ERROR, "A forwarded port leads to an address that the node reaches.",
     check_forward_target},
    {"gateway-not-on-link", FINDING_ERROR, "A gateway is a neighbour: in a network of its interface.", check_gateway},
    {"internet-address", FINDING_ERROR, "An address on the internet lies in a public prefix and is not the core's own.",
     check_internet_address},
    {"local-route", FINDING_ERROR, "The VPC's local route gives way only to the CIDR of a whole subnet towards a node.",
     check_local_route},
    {"mtu-ipv6", FINDING_ERROR, "IPv6 needs an MTU of 1280 bytes.", check_mtu_ipv6},
    {"mtu-mismatch", FINDING_WARNING, "Interfaces that share a wire have its MTU.", check_mtu_mismatch},
    {"nat-gateway-subnet", FINDING_WARNING, "A NAT gateway stands in a subnet that leads to the internet gateway.",
     check_nat_gateway_subnet},
    {"nat-interface", FINDING_ERROR, "Translation names interfaces of its node.", check_nat_interface},
    {"nat-without-forwarding", FINDING_WARNING, "A node that translates for others forwards.", check_nat_forwarding},
    {"network-address", FINDING_ERROR, "An address in a Docker-like network lies in it.", check_network_address},
    {"network-overlap", FINDING_ERROR, "Docker-like networks that share a node do not overlap.", check_network_overlap},
    {"next-hop", FINDING_ERROR, "A route's next hop is a neighbour of the node.", check_next_hop},
    {"ospf-area", FINDING_WARNING, "Routers that share a wire are in the same area there.", check_ospf_area},
    {"ospf-interface", FINDING_ERROR, "An area has interfaces of its node, each of them once.", check_ospf_interface},
    {"peering-ends", FINDING_ERROR, "A peering is between two VPCs that no other peering connects.",
     check_peering_ends},
    {"peering-overlap", FINDING_ERROR, "Peered VPCs do not overlap.", check_peering_overlap},
    {"peering-route", FINDING_WARNING, "A route through a peering leads to the peer's addresses.", check_peering_route},
    {"policy-labels", FINDING_WARNING, "A policy, and each selector in its rules, means some node.",
     check_policy_labels},
    {"port-conflict", FINDING_ERROR, "Services of a node have ports of their own.", check_port_conflict},
    {"proxy-route", FINDING_ERROR, "A proxy and its routes lead somewhere, and its mode has what they ask for.",
     check_proxy_route},
    {"public-ip-route", FINDING_WARNING,
     "An interface with a public address is in a subnet that leads to the internet gateway.", check_public_ip_route},
    {"published-address", FINDING_ERROR, "A port is published at an address of its node.", check_published_address},
    {"published-twice", FINDING_ERROR, "A published port leads to one place, and nobody else listens there.",
     check_published_twice},
    {"reserved-address", FINDING_ERROR, "The first four addresses of a subnet and the last are reserved.",
     check_reserved_address},
    {"route-device", FINDING_ERROR, "A route names an interface of its node.", check_route_device},
    {"route-source", FINDING_ERROR, "A route's source is an address of its node.", check_route_source},
    {"router-forwarding", FINDING_WARNING, "Who learns routes for others forwards.", check_router_forwarding},
    {"rule-device", FINDING_ERROR, "A routing rule names an interface of its node.", check_rule_device},
    {"several-gateways", FINDING_WARNING, "A node has one default gateway.", check_several_gateways},
    {"source-dest-check", FINDING_WARNING, "A node that a VPC's route leads to has no source/destination check.",
     check_target_check},
    {"subnet-outside-vpc", FINDING_ERROR, "A subnet lies inside its VPC.", check_subnet_outside},
    {"subnet-overlap", FINDING_ERROR, "Subnets of a VPC do not overlap.", check_subnet_overlap},
    {"subnet-size", FINDING_ERROR, "A subnet is /16 to /28.", check_subnet_size},
    {"sysctl", FINDING_ERROR, "A sysctl is one of the node's own network.", check_sysctl},
    {"target-forwarding", FINDING_WARNING, "A node that a VPC's route leads to forwards.", check_target_forwarding},
    {"tls-answer", FINDING_ERROR, "A web server with TLS answers at once, with a short text.", check_tls_answer},
    {"too-many", FINDING_ERROR, "A node, a VPC, a transit gateway and a route table hold what such a thing may hold.",
     check_too_many},
    {"transit-association", FINDING_WARNING, "An attached VPC is associated with a route table of the transit gateway.",
     check_transit_association},
    {"transit-attachment", FINDING_ERROR, "What a transit gateway's tables name is attached, and associated once.",
     check_transit_attachment},
    {"transit-overlap", FINDING_WARNING, "VPCs that are attached to one transit gateway do not overlap.",
     check_transit_overlap},
    {"transit-route", FINDING_ERROR, "A transit gateway's table has one static route to a destination.",
     check_transit_route},
    {"unpeered-group", FINDING_ERROR, "A rule refers to groups of its own VPC and of peers.", check_unpeered_group},
    {"unusable-address", FINDING_ERROR, "An interface's address is a single machine's.", check_unusable_address},
    {"upstream", FINDING_ERROR, "A proxy reaches its upstreams, and is none of them itself.", check_upstream},
    {"upstream-port", FINDING_WARNING, "An upstream without a port listens on the proxy's own.", check_upstream_port},
    {"vlan-carried", FINDING_WARNING, "An interface's port carries its VLAN.", check_vlan_carried},
    {"vpc-ipv6", FINDING_ERROR, "IPv6 in a VPC is that of its /56, in a subnet of a /64 in it.", check_vpc_ipv6},
    {"vpc-networks", FINDING_ERROR, "The networks of a VPC do not overlap.", check_vpc_networks},
    {"vpc-route", FINDING_ERROR, "A VPC's table has one route to a destination, and `local` leads to the VPC.",
     check_vpc_route},
    {"vpc-size", FINDING_ERROR, "A VPC is /16 to /28, each of its networks.", check_vpc_size},
    {"vxlan-ends", FINDING_ERROR, "A tunnel has two ends, each with one interface, and a way between them.",
     check_vxlan_ends},
    {"zone-delegation", FINDING_ERROR, "The name servers of a public zone have addresses.", check_zone_delegation},
    {"zone-unserved", FINDING_WARNING, "A public zone is delegated to a machine that serves it.", check_zone_unserved},
};
const size_t rules_count = ARRAY_SIZE(rules_table);

void rules_check(const struct topology *topology, struct findings *findings)
{
    ARENA_AUTO scratch = arena_new();
    for (size_t i = 0; i < rules_count; i++) {
        struct rules rules = {topology, findings, &rules_table[i], scratch};
        rules_table[i].check(&rules);
    }
}

struct finding *broken(struct rules *rules, struct mark mark, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(rules->scratch, format, args);
    va_end(args);
    return findings_add(rules->findings, rules->rule->level, rules->rule->name, mark, "%s", text);
}

void elsewhere(struct finding *finding, struct mark mark, const char *text)
{
    finding->other = mark;
    finding->other_text = text;
}

void remedy(struct rules *rules, struct finding *finding, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    finding->hint = arena_vprintf(rules->findings->arena, format, args);
    va_end(args);
}

void each_node(struct rules *rules, node_check *check)
{
    for (size_t i = 0; i < rules->topology->node_count; i++)
        if (!size_of_node(rules->topology->nodes[i]).what)
            check(rules, rules->topology->nodes[i]);
}

void each_interface(struct rules *rules, interface_check *check)
{
    for (size_t i = 0; i < rules->topology->node_count; i++)
        for (size_t k = 0; k < rules->topology->nodes[i]->interface_count; k++)
            if (!vpc_is_too_large(rules->topology->nodes[i]->interfaces[k]))
                check(rules, rules->topology->nodes[i]->interfaces[k]);
}

void each_vpc(struct rules *rules, vpc_check *check)
{
    for (size_t i = 0; i < rules->topology->vpc_count; i++)
        if (!size_of_vpc(rules->topology->vpcs[i]).what)
            check(rules, rules->topology->vpcs[i]);
}

struct mark address_mark(const struct interface *interface, size_t i)
{
    bool declared = interface->address_marks && interface->address_marks[i].line != 0;
    return declared ? interface->address_marks[i] : interface->mark;
}

const void *scope_of(const struct rules *rules, const struct interface *interface)
{
    switch (interface->attachment) {
    case ATTACH_SUBNET:
        return interface->subnet ? interface->subnet->vpc : NULL;
    case ATTACH_BRIDGE:
        return interface->bridge;
    case ATTACH_LINK:
        return interface->link;
    case ATTACH_INTERNET:
        return rules->topology;
    case ATTACH_NONE:
    case ATTACH_COUNT:
        break;
    }
    return NULL;
}

bool on_link(const struct interface *interface, const struct addr *addr)
{
    for (size_t i = 0; i < interface->address_count; i++) {
        struct prefix network = prefix_network(interface->addresses[i]);
        if (prefix_contains(&network, addr))
            return true;
    }
    return false;
}

const struct interface *known_interface(struct rules *rules, const struct node *node, const char *name,
                                        struct mark mark)
{
    const struct interface *interface = node_interface(node, name);
    if (interface)
        return interface;
    const char **names = arena_alloc(rules->scratch, (node->interface_count + 1) * sizeof *names);
    STR_AUTO all = STR_INIT;
    for (size_t i = 0; i < node->interface_count; i++) {
        names[i] = node->interfaces[i]->name;
        str_printf(&all, "%s%s", i ? ", " : "", names[i]);
    }
    struct finding *finding = broken(rules, mark, "node '%s' has no interface '%s'", node->name, name);
    const char *nearest = str_nearest(name, names, node->interface_count);
    if (nearest)
        remedy(rules, finding, "did you mean '%s'?", nearest);
    else if (node->interface_count > 0)
        remedy(rules, finding, "it has %s", str_text(&all));
    return NULL;
}

bool leads_to_internet(const struct subnet *subnet)
{
    const struct route_table *table = subnet->route_table;
    for (size_t i = 0; table && i < table->route_count; i++)
        if (table->routes[i].target == TARGET_INTERNET_GATEWAY)
            return true;
    return false;
}

int mark_compare(struct mark a, struct mark b)
{
    if (a.file != b.file)
        return a.file < b.file ? -1 : 1;
    if (a.line != b.line)
        return a.line < b.line ? -1 : 1;
    return (a.column > b.column) - (a.column < b.column);
}
