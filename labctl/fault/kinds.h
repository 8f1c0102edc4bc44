/* What the files of this room share: reading parameters, editing a plan. */
#pragma once

#include "fault/fault.h"

extern const struct fault_kind fault_address_wrong, fault_asymmetric_routing, fault_bridge_wrong, fault_cable_unplugged,
    fault_dns_server_down, fault_dns_wrong_record, fault_forwarding_off, fault_gateway_wrong, fault_http_error,
    fault_link_down, fault_loss, fault_nat_gateway_misplaced, fault_neighbour_wrong, fault_packet_filter,
    fault_pmtu_black_hole, fault_resolver_wrong, fault_route_blackhole, fault_route_missing, fault_route_wrong,
    fault_rp_filter_strict, fault_security_group_rule_missing, fault_service_command_wrong, fault_service_down,
    fault_service_loopback_only, fault_service_wrong_port;

/* The mark of a parameter, or of the fault where it is not given. */
struct mark fault_mark(const struct fault *fault, const char *key);

/* Reads texts that fault_validate has found to be right (or reports false). */
bool fault_read_destination(const char *text, struct prefix *out);
bool fault_read_table(const char *text, uint32_t *out);
size_t fault_read_ports(const char *text, struct port_range *out, size_t max); /* 0 where malformed */

/* The namespace of a node; -1 with err where the plan has none. */
int fault_namespace(const struct plan *plan, const struct node *node, uint32_t *out, struct error *err);
size_t fault_read_addresses(const char *text, struct addr *out, size_t max); /* 0 where malformed */
bool fault_read_number(const char *text, uint32_t *out);

/* Adds a table of an administrator's to a node: named like those that people make, and like none that is there. */
void fault_add_table(struct plan *plan, uint32_t ns, const char *origin, const char *body);
/* A route of a node, as if somebody had typed it: replaces the one to that destination in that table; type UNICAST
 * needs via and interface. */
void fault_set_route(struct plan *plan, uint32_t ns, struct prefix destination, uint32_t table, struct addr via,
                     const char *interface, const char *origin);
/* Sets a sysctl in the plan, whether it stands there already or not. */
void fault_set_sysctl(struct plan *plan, uint32_t ns, const char *key, const char *value, const char *origin);
/* Takes the processes of things[0], a service, out of the plan. */
int fault_stop_service(struct plan *plan, const struct topology *topology, const struct fault *fault,
                       const struct thing *things, struct error *err);
