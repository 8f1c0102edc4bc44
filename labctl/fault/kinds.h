/* What the files of this room share: reading parameters, editing a plan. */
#pragma once

#include "base/table.h"
#include "fault/fault.h"

struct plan_file;
struct plan_link;
struct plan_link_end;
struct plan_process;
struct str;

enum { FAULT_PORTS_MAX = 64 }; /* ranges in one list */

/* Parts of a row. */
#define FAULT_TARGETS(list)    .targets = list, .target_count = ARRAY_SIZE(list)
#define FAULT_PARAMETERS(list) .parameters = list, .parameter_count = ARRAY_SIZE(list)
#define FAULT_WORDS(all)       .type = PARAMETER_WORD, .words = all, .word_count = ARRAY_SIZE(all), .fallback = all[0]

extern const struct fault_kind fault_address_duplicate, fault_address_missing, fault_address_wrong, fault_arp_blocked,
    fault_asymmetric_routing, fault_bgp_as_mismatch, fault_bgp_port_blocked, fault_bgp_prefix_filtered,
    fault_bridge_loop, fault_bridge_wrong, fault_burst_loss, fault_cable_unplugged, fault_connection_forgotten,
    fault_connection_half_open, fault_connection_limit, fault_corruption, fault_default_deny, fault_delay,
    fault_descriptor_limit, fault_dhcp_dns_wrong, fault_dhcp_gateway_wrong, fault_dhcp_pool_exhausted,
    fault_dhcp_server_down, fault_dns_cname_loop, fault_dns_delegation_lame, fault_dns_forwarder_wrong,
    fault_dns_negative_cache, fault_dns_record_missing, fault_dns_record_stale, fault_dns_refused,
    fault_dns_server_down, fault_dns_servfail, fault_dns_slow, fault_dns_tcp_blocked, fault_dns_view_wrong,
    fault_dns_wrong_record, fault_dns_zone_missing, fault_double_nat, fault_duplicate, fault_ecmp_member_dead,
    fault_egress_only_gateway_detached, fault_endpoint_private_dns_off, fault_ephemeral_ports_exhausted,
    fault_flows_dropped, fault_forwarding_off, fault_fragments_dropped, fault_gateway_missing, fault_gateway_wrong,
    fault_hairpin_nat_missing, fault_hosts_override, fault_http_error, fault_http_rate_limited,
    fault_http_redirect_loop, fault_http_slow, fault_http_truncated, fault_http_wrong_content, fault_icmp_blocked,
    fault_internet_gateway_detached, fault_ipv6_broken, fault_jitter, fault_link_down, fault_link_flapping,
    fault_listen_backlog_full, fault_loss, fault_mac_duplicate, fault_masquerade_missing, fault_masquerade_too_broad,
    fault_more_specific_route, fault_mtu_wrong, fault_nat_gateway_idle_timeout, fault_nat_gateway_misplaced,
    fault_nat_gateway_ports_exhausted, fault_native_vlan_mismatch, fault_neighbour_wrong, fault_netmask_wrong,
    fault_network_acl_ephemeral_missing, fault_network_acl_order, fault_network_acl_rule_missing,
    fault_network_acl_wrong, fault_networks_overlapping, fault_nsswitch_without_dns, fault_one_way_link,
    fault_ospf_area_mismatch, fault_packet_filter, fault_peering_missing, fault_pmtu_black_hole,
    fault_policy_rule_wrong, fault_port_forward_missing, fault_port_forward_wrong, fault_port_isolated,
    fault_port_redirected, fault_port_taken, fault_process_stopped, fault_proxy_backend_dead,
    fault_proxy_health_check_wrong, fault_proxy_host_wrong, fault_proxy_sticky_skew, fault_proxy_upstream_wrong,
    fault_public_ip_missing, fault_rate_limit, fault_receive_window_small, fault_reordering, fault_resolver_first_dead,
    fault_resolver_wrong, fault_return_route_missing, fault_route_blackhole, fault_route_missing,
    fault_route_table_wrong, fault_route_wrong, fault_router_advertisement_rogue, fault_routing_loop,
    fault_rp_filter_strict, fault_rule_shadowed, fault_search_domain_wrong, fault_search_list_long,
    fault_security_group_peer_wrong, fault_security_group_port_wrong, fault_security_group_protocol_wrong,
    fault_security_group_rule_missing, fault_security_group_wrong, fault_service_command_wrong,
    fault_service_crash_loop, fault_service_down, fault_service_loopback_only, fault_service_wrong_port,
    fault_source_dest_check_on, fault_syn_flood, fault_tcp_options_stripped, fault_tcp_reset, fault_time_wait_pile_up,
    fault_tls_cipher_mismatch, fault_tls_client_certificate_missing, fault_tls_default_certificate, fault_tls_expired,
    fault_tls_missing_intermediate, fault_tls_not_yet_valid, fault_tls_plain_http, fault_tls_unknown_authority,
    fault_tls_version_mismatch, fault_tls_wrong_name, fault_transit_association_missing,
    fault_transit_attachment_missing, fault_transit_propagation_missing, fault_transit_route_missing, fault_ttl_too_low,
    fault_vlan_missing, fault_vlan_wrong, fault_vpc_route_wrong;

/* The mark of a parameter, or of the fault where it is not given. */
struct mark fault_mark(const struct fault *fault, const char *key);
/* The mark of the (first) thing that it is at. */
struct mark fault_target_mark(const struct fault *fault);

/* Reads texts that fault_validate has found to be right (or reports false). */
bool fault_read_destination(const char *text, struct prefix *out);
bool fault_read_table(const char *text, uint32_t *out);
size_t fault_read_ports(const char *text, struct port_range *out, size_t max); /* 0 where malformed */

/* The namespace of a node; -1 with err where the plan has none. */
int fault_namespace(const struct plan *plan, const struct node *node, uint32_t *out, struct error *err);
size_t fault_read_addresses(const char *text, struct addr *out, size_t max); /* 0 where malformed */
bool fault_read_number(const char *text, uint32_t *out);
bool fault_read_area(const char *text, uint32_t *out);
/* An error with its mark where a parameter, a number, is not from `least` to `most`. */
void fault_check_number(const struct fault *fault, const char *key, uint32_t least, uint32_t most,
                        struct findings *findings);
/* Reads `destination`; false, with a finding, where it has host bits set. */
bool fault_check_destination(const struct fault *fault, struct findings *findings, struct prefix *destination);
void fault_write_ports(struct str *out, const struct port_range *ranges, size_t count); /* "80, 8000-8010" */
/* The interface of a node by whose network an address is on link, or NULL. */
const struct interface *fault_near(const struct node *node, const struct addr *addr);
/* Whether the interface's IPv4 gateway is what a DHCP server tells it: no route of the plan's. */
bool fault_told_gateway(const struct interface *interface);
/* The device that an interface is, where it has no wire; or NULL. */
struct plan_device *fault_device(struct plan *plan, const struct interface *interface);
/* The wire of an interface, its node's namespace and which end is the node's; NULL with err where it has none. */
struct plan_link *fault_link(struct plan *plan, const struct fault *fault, const struct interface *interface,
                             uint32_t *ns, unsigned *end, struct error *err);

/* Adds a process of the lab's own that does something to a wire at its far end (link/relay.h): `word` and, behind the
 * far end's name, `count` arguments, which live as long as the plan.  -1 with err where another fault does the same. */
int fault_add_wire_process(struct plan *plan, const struct fault *fault, const struct plan_link_end *far,
                           const char *word, const char *const *arguments, size_t count, struct error *err);

/* Adds a table of an administrator's to a node: named like those that people make, and like none that is there. */
void fault_add_table(struct plan *plan, uint32_t ns, const char *origin, const char *body);
/* A route of a node, as if somebody had typed it: replaces the one to that destination in that table; type UNICAST
 * needs via and interface. */
void fault_set_route(struct plan *plan, uint32_t ns, struct prefix destination, uint32_t table, struct addr via,
                     const char *interface, const char *origin);
/* Takes a route out, and those whose router it led to; false where there is none to that destination. */
bool fault_remove_route(struct plan *plan, uint32_t ns, struct prefix destination, uint32_t table);
/* Sets a sysctl in the plan, whether it stands there already or not. */
void fault_set_sysctl(struct plan *plan, uint32_t ns, const char *key, const char *value, const char *origin);
/* A router that sends packets out where they came in tells the sender of the shorter way (ICMP redirect), which would
 * undo a detour: hardened routers keep silent. */
void fault_silence_redirects(struct plan *plan, uint32_t ns, const struct interface *interface);
/* Whether the text means a peer of a rule of that VPC; the peer that a text means, false where there is none. */
bool fault_is_peer(const struct peer *peer, const char *text, const struct vpc *vpc);
bool fault_read_peer(const struct vpc *vpc, const char *text, struct peer *out);
bool service_is_dnsmasq(const struct service *service); /* of a service of kind dns: which program serves it */
/* Whether things[0], a service, is of that kind; a finding where not. */
bool fault_is_service(const struct fault *fault, const struct thing *things, enum service_kind wanted,
                      struct findings *findings);
/* Whether things[0], a service, speaks TLS when healthy; a finding where not. */
bool fault_speaks_tls(const struct fault *fault, const struct thing *things, struct findings *findings);
/* Records of a dns service or of a zone of the internet.  Whether a name, absolute or relative, is that of a record. */
bool fault_is_name_of(const char *asked, const struct dns_zone *zone, const struct dns_record *record);
/* The zones of a name server, those of its views after its own, or the one of the internet; NULL after the last. */
struct dns_zone *fault_zone(const struct thing *thing, size_t i);
bool fault_find_record(const struct thing *thing, const char *name, const char *type, struct dns_zone **zone,
                       size_t *index);
/* What helps where no record fits: the types that the name has, else the nearest name; NULL for neither. */
const char *fault_record_hint(const struct thing *thing, const char *asked, struct arena *arena);
/* Whether things[0] is a zone or a dns service; a finding where not. */
bool fault_is_dns(const struct fault *fault, const struct thing *thing, struct findings *findings);
/* The process of a service; NULL where nothing runs for it. */
struct plan_process *fault_process(struct plan *plan, const struct topology *topology, const struct thing *service);
/* The BIRD of a node, which runs for all its routing; NULL where it has none. */
struct plan_process *fault_bird(struct plan *plan, const struct node *node);
/* The file that a program reads as its configuration; NULL where it reads none. */
struct plan_file *fault_configuration(struct plan *plan, const struct plan_process *process);
/* Replaces that file's text, in the arena: the program reads it anew. */
void fault_configure(struct plan *plan, struct plan_process *process, struct plan_file *file, const char *text);
/* Takes the processes of things[0], a service, out of the plan. */
int fault_stop_service(struct plan *plan, const struct topology *topology, const struct fault *fault,
                       const struct thing *things, struct error *err);
