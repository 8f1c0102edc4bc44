/* A topology from a file, a text or a part of a document: the two passes and the top of the language. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

const struct rule_name load_rules[] = {
    {"dangling-reference", "What is named must exist."},
    {"blackhole-route", "A route whose target does not exist is in state blackhole: it drops (a warning)."},
    {"attachment", "An interface hangs at one subnet, bridge, link, network, parent or at the internet."},
    {"mixed-interfaces", "A node's interface keys stand at the node or under interfaces, not at both."},
    {"misplaced-key", "A key stands only where it means something."},
    {"address-length", "An address on a bridge or a link has a length; in a subnet or a network it has that one's."},
    {"published-port", "A published port leads to a member of a network that has no other host."},
    {"vlan", "A VLAN stands at a bridge that keeps VLANs apart, or at an interface that stands on another."},
    {"impairment", "The keys of a link go together: a jitter is around a delay."},
    {"link-ends", "A link is a name that exactly two interfaces share."},
    {"no-free-address", "There is room for every address that is to be allotted."},
    {"service-node", "A node that an endpoint leads to stands in a subnet or on the internet."},
    {"ports", "Ports go with protocol tcp or udp."},
    {"icmp-type", "ICMP types and codes go with protocol icmp or icmpv6."},
    {"file-source", "A file beside the YAML is readable, at most 1 MB, all together at most 10 MB."},
    {"public-record",
     "A record of the internet that names a node gives its public address; an instance of a VPC may have lost it."},
    {"duplicate-id", "The id of a check is its own."},
    {"check-kind", "A check asks one thing."},
    {"check-address", "A check goes to a node that has an address which the prober could use."},
};
const size_t load_rule_count = ARRAY_SIZE(load_rules);

void refer(struct loader *loader, resolve_reference *resolve, void *thing, const struct value *value, size_t index)
{
    *ARENA_PUSH(loader->decoder.arena, loader->references, loader->reference_count) =
        (struct reference){resolve, thing, value, loader->vpc, loader->node, index};
}

void each_named(struct loader *loader, const char *key, const struct value *value, const char *what, size_t most,
                named_one *one)
{
    if (!decode_map(&loader->decoder, key, value))
        return;
    for (size_t i = 0; value->kind == VALUE_MAP && i < value->entry_count; i++) {
        const struct entry *entry = &value->entries[i];
        if (most > 0)
            decode_name(&loader->decoder, what, entry->key, entry->key_mark, most);
        if (!entry->value->broken)
            one(loader, entry->key, entry->key_mark, entry->value);
    }
}

void each_listed(struct loader *loader, const char *key, const struct value *value, listed_one *one)
{
    if (!decode_list(&loader->decoder, key, value))
        return;
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++)
        if (!value->items[i]->broken)
            one(loader, value->items[i]);
}

const char **names_of(struct loader *loader, const void *things, size_t count)
{
    const char *const *const *array = things; /* pointers to structs whose first member is the name */
    if (loader->decoder.findings->count >= DECODE_HINTS_MAX)
        return NULL; /* nobody will look at them */
    const char **names = arena_alloc(loader->decoder.arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = *array[i];
    return names;
}

void report_dangling(struct loader *loader, const char *what, const char *name, const char *where, struct mark mark,
                     const char *const *words, size_t count)
{
    findings_add(loader->decoder.findings, FINDING_ERROR, "dangling-reference", mark, "no %s '%.80s'%s", what, name,
                 where)
        ->hint = decode_hint(&loader->decoder, name, words, count);
}

/* `lab:`, the name. */
static void decode_lab(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct topology *topology = target;
    const char *name;
    if (!decode_text(decoder, field->key, value, &name))
        return;
    size_t length = strlen(name);
    if (length == 0 || length > LAB_NAME_MAX || name[0] < 'a' || name[0] > 'z' ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != length)
        findings_add(decoder->findings, FINDING_ERROR, "bad-name", value->mark,
                     "'%.80s' is no name for a lab: a small letter, then small letters, digits and dashes, at most %d",
                     name, LAB_NAME_MAX);
    topology->name = name;
    topology->name_mark = value->mark;
}

/* `checks:` are decoded when everything that they may name is known. */
static void decode_checks(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    if (decode_list(decoder, field->key, value) && value->kind == VALUE_LIST)
        LOADER(decoder)->checks = value;
}

/* `include:` was merged before the rows are read. */
static void decode_include(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)decoder, (void)field, (void)value, (void)target;
}

static const struct field defaults_fields[] = {
    {.key = "mtu",
     .type = FIELD_INTEGER,
     FIELD_AT(struct defaults, mtu),
     .least = 68,
     .most = 65535,
     .fallback = "1500; 9001 in a VPC",
     .unit = "bytes",
     .doc = "The MTU of every bridge, link and interface that says nothing else."},
    {.key = "congestion_control",
     .type = FIELD_TEXT,
     FIELD_AT(struct defaults, congestion_control),
     .fallback = "cubic",
     .doc = "The TCP congestion control of every node."},
};
const struct schema defaults_schema = SCHEMA("defaults", defaults_fields);

static const struct field topology_fields[] = {
    {.key = "lab",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_lab,
     .wants = "a name",
     .json = "{\"type\": \"string\", \"pattern\": \"^[a-z][a-z0-9-]{0,31}$\"}",
     .doc = "The name of the lab: a letter, then letters, digits and dashes, at most 32 characters."},
    {.key = "title", .type = FIELD_TEXT, FIELD_AT(struct topology, title), .doc = "One line that says what it is."},
    {.key = "include",
     .type = FIELD_CUSTOM,
     .decode = decode_include,
     .wants = "a file, or a list of files",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .doc = "Files that are merged into this one, named relative to it."},
    {.key = "defaults",
     .type = FIELD_MAPPING,
     FIELD_AT(struct topology, defaults),
     .schema = &defaults_schema,
     .doc = "What holds wherever nothing else is said."},
    {.key = "vpcs",
     .type = FIELD_NAMED,
     .schema = &vpc_schema,
     .decode = decode_vpcs,
     .doc = "Virtual private clouds, by name."},
    {.key = "peerings",
     .type = FIELD_NAMED,
     .schema = &peering_schema,
     .decode = decode_peerings,
     .doc = "Connections of two VPCs, by name."},
    {.key = "transit_gateways",
     .type = FIELD_NAMED,
     .schema = &transit_gateway_schema,
     .decode = decode_transit_gateways,
     .doc = "Routers between VPCs, by name."},
    {.key = "services",
     .type = FIELD_NAMED,
     .schema = &cloud_service_schema,
     .decode = decode_cloud_services,
     .doc = "What endpoints of VPCs lead to, by name."},
    {.key = "bridges",
     .type = FIELD_NAMED,
     .schema = &bridge_schema,
     .decode = decode_bridges,
     .doc = "Ethernet segments, by name."},
    {.key = "links",
     .type = FIELD_NAMED,
     .schema = &link_schema,
     .decode = decode_links,
     .doc = "Properties of links, by name; a link itself is a name that exactly two interfaces share."},
    {.key = "networks",
     .type = FIELD_NAMED,
     .schema = &network_schema,
     .decode = decode_networks,
     .doc = "Docker-like networks, by name."},
    {.key = "internet",
     .type = FIELD_MAPPING,
     .schema = &internet_schema,
     .decode = decode_simulated_internet,
     .doc = "The simulated internet."},
    {.key = "nodes",
     .type = FIELD_NAMED,
     .schema = &node_schema,
     .decode = decode_nodes,
     .doc = "The machines, by name."},
    {.key = "policies",
     .type = FIELD_NAMED,
     .schema = &policy_schema,
     .decode = decode_policies,
     .doc = "Kubernetes-like policies, by name: who may talk to nodes with certain labels."},
    {.key = "checks",
     .type = FIELD_LIST,
     .schema = &check_schema,
     .decode = decode_checks,
     .doc = "What must hold when the lab is healthy."},
};
const struct schema topology_schema = SCHEMA("topology", topology_fields);

const struct schema *const load_schemas[] = {
    &defaults_schema,
    &vpc_schema,
    &dns_schema,
    &subnet_schema,
    &route_schema,
    &nat_gateway_schema,
    &group_schema,
    &ingress_schema,
    &egress_schema,
    &peering_schema,
    &transit_gateway_schema,
    &transit_table_schema,
    &transit_route_schema,
    &endpoint_schema,
    &cloud_service_schema,
    &acl_schema,
    &acl_ingress_schema,
    &acl_egress_schema,
    &bridge_schema,
    &network_schema,
    &vlan_schema,
    &vxlan_schema,
    &policy_schema,
    &policy_ingress_schema,
    &policy_egress_schema,
    &link_schema,
    &internet_schema,
    &node_schema,
    &interface_schema,
    &node_route_schema,
    &node_rule_schema,
    &nat_schema,
    &forward_schema,
    &forward_target_schema,
    &resolver_schema,
    &file_schema,
    &http_service_schema,
    &http_route_schema,
    &certificate_schema,
    &tls_service_schema,
    &tcp_service_schema,
    &tcp_echo_service_schema,
    &udp_echo_service_schema,
    &dns_service_schema,
    &view_schema,
    &record_schema,
    &proxy_service_schema,
    &proxy_route_schema,
    &upstream_schema,
    &health_schema,
    &limit_schema,
    &dhcp_service_schema,
    &bgp_service_schema,
    &bgp_neighbour_schema,
    &ospf_service_schema,
    &ospf_area_schema,
    &ospf_interface_schema,
    &iperf_service_schema,
    &exec_service_schema,
    &ready_schema,
    &check_schema,
    &ping_schema,
    &tcp_schema,
    &udp_schema,
    &dns_check_schema,
    &http_schema,
    &tls_schema,
    &path_schema,
    &mtu_schema,
    &throughput_schema,
    &firewall_schema,
    &firewall_packet_schema,
    &matrix_schema,
    &matrix_pair_schema,
    &command_schema,
    &socket_check_schema,
    &route_check_schema,
    &neighbour_check_schema,
    &address_check_schema,
    &link_check_schema,
    &sysctl_check_schema,
    &conntrack_check_schema,
    &resolver_check_schema,
    &file_check_schema,
    &process_check_schema,
};
const size_t load_schema_count = ARRAY_SIZE(load_schemas);

/* Decodes the mapping into a new topology. */
static struct topology *load_map(struct document *document, struct value *map, const char *allotments)
{
    struct arena *arena = document->arena;
    struct topology *topology = ARENA_NEW(arena, struct topology);
    struct loader loader = {.decoder = {arena, document->findings}, .topology = topology, .document = document};
    topology->arena = arena;
    topology->internet.ttl = topology->internet.negative_ttl = 60;
    topology->node_by_name = map_new(arena);
    topology->vpc_by_name = map_new(arena);
    topology->bridge_by_name = map_new(arena);
    topology->network_by_name = map_new(arena);
    topology->link_by_name = map_new(arena);
    loader.allotments = allotments != NULL && *allotments != '\0' ? read_allotments(arena, allotments) : NULL;
    map = document_include(document, map);
    schema_decode(&loader.decoder, &topology_schema, NULL, map->mark, map, topology);
    for (int of_vpcs = 0; of_vpcs < 2; of_vpcs++) /* nodes first: a VPC's route may lead to the interface of one */
        for (size_t i = 0; i < loader.reference_count; i++) {
            const struct reference *reference = &loader.references[i];
            loader.vpc = reference->vpc;
            loader.node = reference->node;
            if ((reference->node == NULL) == of_vpcs)
                reference->resolve(&loader, reference);
        }
    for (size_t i = 0; i < topology->vpc_count; i++)
        expand_prefix_lists(&loader, topology->vpcs[i]);
    finish_networks(&loader);
    finish_vlans(&loader);
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t k = 0; k < topology->nodes[i]->interface_count; k++)
            finish_interface(&loader, topology->nodes[i]->interfaces[k]);
    for (size_t i = 0; i < topology->transit_gateway_count; i++)
        finish_transit_gateway(&loader, topology->transit_gateways[i]);
    finish_endpoints(&loader);
    finish_links(&loader);
    allot(&loader);
    finish_dhcp(&loader);
    finish_routing(&loader);
    resolve_internet(&loader);
    if (loader.checks != NULL)
        load_checks(topology, loader.checks, "check", document->findings, &topology->checks, &topology->check_count);
    return topology;
}

/* Loads the root of a document; an arena without a topology is freed. */
static int load_document(struct document *document, const char *allotments, size_t errors_before, struct topology **out)
{
    struct findings *findings = document->findings;
    *out = document->root != NULL ? load_map(document, document->root, allotments) : NULL;
    bool good = findings->errors == errors_before;
    if (*out == NULL)
        arena_free(document->arena);
    return good ? 0 : -1;
}

int load_topology(const char *path, struct sources *sources, struct findings *findings, struct topology **out)
{
    size_t before = findings->errors;
    return load_document(document_read(arena_new(), sources, path, findings), NULL, before, out);
}

int load_topology_text(const char *name, const char *text, size_t length, struct sources *sources,
                       struct findings *findings, struct topology **out)
{
    return load_topology_keeping(name, text, length, NULL, sources, findings, out);
}

int load_topology_keeping(const char *name, const char *text, size_t length, const char *allotments,
                          struct sources *sources, struct findings *findings, struct topology **out)
{
    size_t before = findings->errors;
    struct document *document = document_parse(arena_new(), sources, name, text, length, findings);
    return load_document(document, allotments, before, out);
}

/* A fault may have taken the address that a check of the topology goes to. */
static bool only_checks_miss(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].level == FINDING_ERROR && !str_equal(findings->items[i].rule, "check-address"))
            return false;
    return true;
}

int load_valid_topology(const char *text, const char *allotments, struct topology **out, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    findings_init(&findings, arena);
    struct sources *sources = sources_new(arena);
    if (load_topology_keeping("topology", text, strlen(text), allotments, sources, &findings, out) == 0 ||
        (*out != NULL && only_checks_miss(&findings)))
        return 0;
    const char *first = findings_first(&findings, sources, arena);
    topology_free(*out);
    *out = NULL;
    return error_set(err, ERR_FILE, "%s", first != NULL ? first : "the topology is not valid");
}

int load_topology_value(struct document *document, struct value *map, struct topology **out)
{
    return load_value_keeping(document, map, NULL, out);
}

int load_value_keeping(struct document *document, struct value *map, const char *allotments, struct topology **out)
{
    size_t before = document->findings->errors;
    *out = NULL;
    if (decode_map(&(struct decoder){document->arena, document->findings}, "topology", map))
        *out = load_map(document, map, allotments);
    return document->findings->errors == before ? 0 : -1;
}

void topology_free(struct topology *topology)
{
    if (topology != NULL)
        arena_free(topology->arena);
}
