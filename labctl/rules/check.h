/* What the rules of this room share. */
#pragma once

#include "base/addr.h"
#include "base/mark.h"
#include "model/topology.h"
#include "rules/rules.h"

struct rules {
    const struct topology *topology;
    struct findings *findings;
    const struct rule *rule; /* the one that runs: its name and level go to its findings */
    struct arena *scratch;
};

/* Reports that the running rule is broken at `mark`. */
struct finding *broken(struct rules *rules, struct mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds the other place of a conflict. */
void elsewhere(struct finding *finding, struct mark mark, const char *text);
/* Adds a remedy, in the findings' arena. */
void remedy(struct rules *rules, struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A thing that holds too many others is reported once and not looked into: some rules compare each with each. */
struct excess {
    const char *what; /* "interfaces", or NULL where it is of a good size */
    size_t count, most;
};
struct excess size_of_node(const struct node *node);
struct excess size_of_vpc(const struct vpc *vpc);
struct excess size_of_transit_gateway(const struct transit_gateway *gateway);
struct excess size_of_endpoint(const struct endpoint *endpoint);
struct excess size_of_topology(const struct topology *topology); /* of what connects its VPCs */
bool vpc_is_too_large(const struct interface *interface);        /* that it is in */
/* These pass over what is too large. */
typedef void interface_check(struct rules *rules, const struct interface *interface);
void each_interface(struct rules *rules, interface_check *check);
typedef void node_check(struct rules *rules, const struct node *node);
void each_node(struct rules *rules, node_check *check);
typedef void vpc_check(struct rules *rules, const struct vpc *vpc);
void each_vpc(struct rules *rules, vpc_check *check);

/* The place of an interface's i-th address. */
struct mark address_mark(const struct interface *interface, size_t i);
/* What the addresses of an interface must be unique within: a VPC, a bridge, a link, the internet (the topology); NULL.
 */
const void *scope_of(const struct rules *rules, const struct interface *interface);
/* Is the address in a network of the interface? */
bool on_link(const struct interface *interface, const struct addr *addr);
/* "eth0" is not among the node's interfaces: reports it with the nearest name.  NULL then. */
const struct interface *known_interface(struct rules *rules, const struct node *node, const char *name,
                                        struct mark mark);
/* Does the subnet's route table lead to the internet gateway? */
bool leads_to_internet(const struct subnet *subnet);
/* Is `a` before `b` in the text? */
int mark_compare(struct mark a, struct mark b);

/* The rules, by file. */
typedef void rule_check(struct rules *rules);
rule_check check_vpc_size, check_subnet_size, check_subnet_outside, check_subnet_overlap, check_local_route, /* vpc.c */
    check_vpc_route, check_nat_gateway_subnet, check_public_ip_route, check_target_forwarding, check_target_check,
    check_vpc_networks;
rule_check check_reserved_address, check_address_outside_subnet, check_duplicate_address,
    check_duplicate_public_ip, /* address.c */
    check_internet_address, check_unusable_address, check_vpc_ipv6, check_vlan_carried, check_vxlan_ends;
/* Of an IPv6 address on the internet (ipv6.c). */
void internet_ipv6_address(struct rules *rules, const struct addr *addr, struct mark mark);
rule_check check_network_address, check_network_overlap, check_published_address, check_published_twice; /* network.c */
rule_check check_policy_labels;                                                                          /* policy.c */
rule_check check_acl_rule_number;                                                             /* network_acl.c */
rule_check check_different_networks, check_duplicate_mac, check_mtu_ipv6, check_mtu_mismatch; /* segment.c */
rule_check check_gateway, check_several_gateways, check_next_hop, check_route_device, check_route_source, /* route.c */
    check_duplicate_route, check_rule_device;
rule_check check_nat_interface, check_nat_forwarding, check_forward_target, check_duplicate_forward,
    check_file_path, /* node.c */
    check_sysctl;
rule_check check_peering_ends, check_peering_overlap, check_foreign_target, check_peering_route, check_unpeered_group,
    check_transit_attachment, check_transit_association, check_transit_overlap, check_transit_route; /* connection.c */
rule_check check_endpoint_dns, check_endpoint_service, check_endpoint_subnets, check_endpoint_table; /* endpoint.c */
rule_check check_too_many;                                                                           /* size.c */
rule_check check_port_conflict, check_bind_address;                                                  /* service.c */
rule_check check_dns_record, check_zone_delegation, check_zone_unserved;                             /* zone.c */
rule_check check_tls_answer, check_certificate_file, check_certificate_name;                         /* certificate.c */
rule_check check_bgp_session, check_ospf_area, check_ospf_interface, check_router_forwarding;        /* routing.c */
rule_check check_dhcp_client, check_dhcp_range, check_dhcp_reservation;                              /* dhcp.c */
rule_check check_upstream, check_upstream_port, check_proxy_route;                                   /* proxy.c */
