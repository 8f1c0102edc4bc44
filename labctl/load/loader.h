/* Inside of the room: what its files share while a topology is read.
 *
 * Pass one decodes every mapping by its rows; what names another thing is noted as a reference.  Pass two resolves the
 * references, in the order of the file, then finishes interfaces, links and addresses, then decodes the checks. */
#pragma once

#include "load/load.h"
#include "model/check.h"
#include "model/topology.h"

#define INTERFACE_NAME_MAX 15
#define LABEL_MAX          63
#define LAB_NAME_MAX       32
#define FILE_BYTES_MAX     ((size_t)1 << 20)                                            /* one `source:` */
#define FILES_BYTES_MAX    ((size_t)10 << 20)                                           /* all of them */
#define VLAN_NUMBER        "{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 4094}" /* JSON Schema */
#define NO_LENGTH          255 /* of an interface's address that was written without one */

struct loader;
struct reference;
typedef void resolve_reference(struct loader *loader, const struct reference *reference);

/* Something that names another thing, to be resolved in pass two. */
struct reference {
    resolve_reference *resolve;
    void *thing; /* which holds the reference */
    const struct value *value;
    struct vpc *vpc;   /* in which it stands, or NULL */
    struct node *node; /* in which it stands, or NULL */
    size_t index;      /* of an element of the thing's array */
};

/* One direction of a link with its own properties, until the ends are known. */
struct link_direction {
    struct link *link;
    const struct value *from;
    struct impairment impairment;
    enum profile profile; /* by which it was declared */
};

struct loader {
    struct decoder decoder; /* first: a field_decode gets its address */
    struct topology *topology;
    struct document *document; /* NULL while checks are loaded alone */
    struct reference *references;
    size_t reference_count;
    struct link_direction *directions;
    size_t direction_count;
    const struct value *checks; /* decoded last */
    struct map *allotments;     /* of a running lab: struct addr by thing; NULL: none */
    struct vpc *vpc;            /* being decoded */
    struct node *node;
    struct ospf_area *area;  /* being decoded */
    struct service *service; /* whose views are being decoded */
    struct security_group *group;
    struct policy *policy;
    struct transit_gateway *transit_gateway;
    struct network_acl *acl;
    struct check_matrix *matrix;
    struct matrix_groups *groups; /* of the matrix, being decoded; or NULL */
    bool egress;                  /* of the group, ACL or policy, being decoded */
    size_t unread_links;          /* `link:` values that could not be read: their links may lack an end */
    size_t file_bytes;            /* of `source:` files so far */
};

#define LOADER(decoder) ((struct loader *)(decoder))

void refer(struct loader *loader, resolve_reference *resolve, void *thing, const struct value *value, size_t index);

/* Calls `one` for each entry of a mapping of names; a name that is none is reported and decoded nevertheless.
 * most 0: names are not checked. */
typedef void named_one(struct loader *loader, const char *name, struct mark mark, const struct value *value);
void each_named(struct loader *loader, const char *key, const struct value *value, const char *what, size_t most,
                named_one *one);
/* Calls `one` for each element of a list. */
typedef void listed_one(struct loader *loader, const struct value *value);
void each_listed(struct loader *loader, const char *key, const struct value *value, listed_one *one);

/* Readers that several files use. */
bool read_ports(struct loader *loader, const char *key, const struct value *value, struct port_range **out,
                size_t *out_count);
bool read_domain(struct loader *loader, const char *key, const struct value *value, const char **out);
/* A prefix, or an address alone, or any4/any6/default; host bits are refused. */
bool read_destination(struct loader *loader, const char *key, const struct value *value, struct prefix *out);
/* Zones by name; `of_internet`: an address may be a node, which is resolved at the end. */
void read_zones(struct loader *loader, const char *key, const struct value *value, bool of_internet,
                struct dns_zone **zones, size_t *count);
/* The end of a name behind its kind: "web" for "security_group/web" or "vpc/VPC/security_group/web" or "web". */
const char *name_in_vpc(const struct vpc *vpc, const char *kind, const char *text);
/* Reports a name that names nothing: "no WHAT 'NAME'WHERE"; `words` are the names that are there. */
void report_dangling(struct loader *loader, const char *what, const char *name, const char *where, struct mark mark,
                     const char *const *words, size_t count);
/* Names of an array of pointers to things that begin with their name, for hints. */
const char **names_of(struct loader *loader, const void *things, size_t count);

/* Rows' decode functions and what they call, by file. */
field_decode decode_vpcs, decode_bridges, decode_links, decode_nodes;    /* vpc.c, link.c, node.c */
field_decode decode_route_tables, decode_security_groups;                /* route.c, group.c */
field_decode decode_services, decode_simulated_internet;                 /* service.c, internet.c */
field_decode decode_networks, decode_network_attachment, decode_publish; /* network.c */
void finish_networks(struct loader *loader);
field_decode decode_vlan, decode_parent, decode_vxlan; /* vlan.c */
void finish_vlans(struct loader *loader);
field_decode decode_policies;                                           /* policy.c */
field_decode decode_certificates;                                       /* certificate.c */
field_decode decode_routes, decode_rules, decode_files, decode_sysctls; /* node_parts.c */
field_decode decode_hosts, decode_labels, decode_run, decode_requires;  /* node_parts.c */
/* A list of texts, or one, each with its mark. */
void decode_marked(struct decoder *decoder, const char *key, const struct value *value, struct strings *strings,
                   struct mark **marks);               /* node_parts.c */
field_decode decode_device;                            /* node_parts.c: a name of an interface */
field_decode decode_peerings, decode_transit_gateways; /* peering.c, transit_gateway.c */
/* The VPC of that name, "main" or "vpc/main"; NULL where there is none (reported). */
struct vpc *read_vpc(struct loader *loader, const struct value *value);
field_decode decode_endpoints, decode_cloud_services; /* endpoint.c */
void finish_endpoints(struct loader *loader);
void finish_transit_gateway(struct loader *loader, struct transit_gateway *gateway);
void default_group(struct loader *loader, struct vpc *vpc); /* group.c */
field_decode decode_network_acls, decode_prefix_lists;
void default_acl(struct loader *loader, struct vpc *vpc); /* acl.c */
/* prefix_list.c: "prefix_list/NAME", also behind the VPC's own name; the list of such a name, or NULL (reported); puts
 * entries in place of names when all is resolved. */
bool is_prefix_list_name(const struct vpc *vpc, const char *text);
const struct prefix_list *find_prefix_list(struct loader *loader, const struct vpc *vpc, const struct value *value);
void expand_prefix_lists(struct loader *loader, struct vpc *vpc);
void decode_node_file_source(struct loader *loader, struct node_file *file, const struct value *value);

void finish_interface(struct loader *loader, struct interface *interface); /* interface_finish.c */
/* Takes the place where the interface hangs; a second one is an error with both places: false. */
bool interface_attach(struct decoder *decoder, struct interface *interface, enum attachment attachment,
                      const struct field *field, const struct value *value);
struct interface *add_interface(struct loader *loader, struct node *node, const char *name,
                                struct mark mark); /* node.c */
void finish_links(struct loader *loader);          /* link.c */
struct link *link_use(struct loader *loader, const char *name, struct mark mark);
void allot(struct loader *loader); /* allot.c */
/* A number that is a function of a name in parts, the same on every machine. */
uint64_t allot_hash(const char *const *parts, size_t count);
uint64_t allot_hash_interface(const struct interface *interface);
/* What the running lab allotted to an interface, or NULL; gives it its first address, before those declared. */
const struct addr *allot_kept(const struct loader *loader, const struct interface *interface, const char *end);
void allot_give(struct loader *loader, struct interface *interface, struct addr addr, uint8_t length);
bool interface_has_ipv4(const struct interface *interface);
void allot_networks(struct loader *loader);   /* allot_network.c */
void allot_ipv6(struct loader *loader);       /* allot_ipv6.c: networks, then addresses, when IPv4 is there */
void resolve_internet(struct loader *loader); /* internet.c: records that name nodes, when these have addresses */
/* Allotments as text and as a map; the names under which they stand, in the arena (allotments.c). */
struct map *read_allotments(struct arena *arena, const char *text);
const char *interface_key(struct arena *arena, const struct interface *interface, const char *end);
const char *nat_key(struct arena *arena, const struct nat_gateway *nat, const char *end);
/* load_topology_value with the allotments of a running lab. */
int load_value_keeping(struct document *document, struct value *map, const char *allotments, struct topology **out);
void check_targets(struct loader *loader, struct check *check);

extern const struct schema vpc_schema, dns_schema, subnet_schema, nat_gateway_schema, route_schema, group_schema,
    ingress_schema, egress_schema, acl_schema, acl_ingress_schema, acl_egress_schema, peering_schema, endpoint_schema,
    cloud_service_schema, transit_gateway_schema, transit_table_schema, transit_route_schema, bridge_schema,
    network_schema, vlan_schema, vxlan_schema, policy_schema, policy_ingress_schema, policy_egress_schema, link_schema,
    node_schema, interface_schema, node_route_schema, node_rule_schema, nat_schema, forward_schema, resolver_schema,
    file_schema, defaults_schema, ping_schema, tcp_schema, udp_schema, tls_schema, path_schema, mtu_schema,
    throughput_schema, firewall_schema, firewall_packet_schema, dns_check_schema, http_schema, matrix_schema,
    matrix_pair_schema, command_schema, record_schema, http_route_schema, ready_schema, internet_schema, view_schema;
extern const struct schema socket_check_schema, route_check_schema, neighbour_check_schema, address_check_schema,
    link_check_schema, sysctl_check_schema, conntrack_check_schema, resolver_check_schema, file_check_schema,
    process_check_schema;
extern const struct schema *const service_schemas[SERVICE_KIND_COUNT];
extern const struct schema http_service_schema, tcp_service_schema, tcp_echo_service_schema, udp_echo_service_schema,
    dns_service_schema, iperf_service_schema, exec_service_schema;
extern const struct schema forward_target_schema; /* node_parts.c */
extern const struct schema proxy_service_schema, proxy_route_schema, upstream_schema, health_schema, limit_schema;
extern const struct schema bgp_service_schema, bgp_neighbour_schema, ospf_service_schema, ospf_area_schema,
    ospf_interface_schema;                        /* service_routing.c */
struct routing *new_routing(struct arena *arena); /* with the defaults */
void finish_routing(struct loader *loader);       /* routing_finish.c */
extern const struct schema dhcp_service_schema;   /* service_dhcp.c */
struct dhcp *new_dhcp(struct arena *arena);       /* with the defaults */
void finish_dhcp(struct loader *loader);          /* addresses that clients will have, when MACs are known */
void finish_proxy(struct service *service);       /* service_proxy.c: what routes have from the whole */
extern const struct schema certificate_schema, tls_service_schema; /* certificate.c */
