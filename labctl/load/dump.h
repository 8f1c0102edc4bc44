/* Inside of the room: the parts of canonical YAML. */
#pragma once

#include "base/addr.h"
#include "doc/write.h"
#include "model/check.h"
#include "model/topology.h"

void dump_vpcs(struct yaml *yaml, const struct topology *topology);
void dump_connections(struct yaml *yaml, const struct topology *topology);
void dump_endpoints(struct yaml *yaml, const struct vpc *vpc);
void dump_nodes(struct yaml *yaml, const struct topology *topology);
void dump_policies(struct yaml *yaml, const struct topology *topology); /* dump_policy.c */
void dump_services(struct yaml *yaml, const struct node *node);
void dump_zones(struct yaml *yaml, const struct dns_zone *zones, size_t count);
void dump_routing(struct yaml *yaml, const struct service *service); /* dump_routing.c */
void dump_proxy(struct yaml *yaml, const struct proxy *proxy);       /* dump_proxy.c */
void dump_certificates(struct yaml *yaml, const struct node *node);
void dump_path_check(struct yaml *yaml, const struct check_path *path);
void dump_mtu_check(struct yaml *yaml, const struct check_mtu *mtu);
void dump_throughput_check(struct yaml *yaml, const struct check_throughput *throughput);
void dump_firewall_check(struct yaml *yaml, const struct check_firewall *firewall);
void dump_one_check(struct yaml *yaml, const struct check *check, const char *made_id);

/* Members that several parts write; those that say nothing (family 0, NULL, 0) are left out. */
void dump_addr(struct yaml *yaml, const char *key, const struct addr *addr);
void dump_prefix(struct yaml *yaml, const char *key, const struct prefix *prefix);
void dump_text(struct yaml *yaml, const char *key, const char *text);
void dump_number(struct yaml *yaml, const char *key, uint64_t number);
void dump_duration(struct yaml *yaml, const char *key, int64_t nanoseconds);
void dump_strings(struct yaml *yaml, const char *key, const struct strings *strings);
void dump_ports(struct yaml *yaml, const char *key, const struct port_range *ports, size_t count);
/* The value of an address in canonical form as a scalar. */
void dump_addr_value(struct yaml *yaml, const struct addr *addr);
