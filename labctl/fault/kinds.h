/* What the files of this room share: reading parameters, editing a plan. */
#pragma once

#include "fault/fault.h"

extern const struct fault_kind fault_asymmetric_routing, fault_dns_server_down, fault_dns_wrong_record, fault_loss,
    fault_nat_gateway_misplaced, fault_route_missing, fault_security_group_rule_missing;

/* The mark of a parameter, or of the fault where it is not given. */
struct mark fault_mark(const struct fault *fault, const char *key);

/* Reads texts that fault_validate has found to be right (or reports false). */
bool fault_read_destination(const char *text, struct prefix *out);
bool fault_read_table(const char *text, uint32_t *out);
size_t fault_read_ports(const char *text, struct port_range *out, size_t max); /* 0 where malformed */

/* The namespace of a node; -1 with err where the plan has none. */
int fault_namespace(const struct plan *plan, const struct node *node, uint32_t *out, struct error *err);
/* Sets a sysctl in the plan, whether it stands there already or not. */
void fault_set_sysctl(struct plan *plan, uint32_t ns, const char *key, const char *value, const char *origin);
