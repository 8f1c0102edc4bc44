/* Endpoints of a VPC, and the services that they lead to.  Their interfaces are made when all names are resolved: one
 * in each subnet of an interface endpoint, and those of the service's load balancer, which its machines see. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

static const char *const type_words[] = {"gateway", "interface"};
_Static_assert(ARRAY_SIZE(type_words) == ENDPOINT_TYPE_COUNT, "a word for each type");

#define TEXTS_JSON "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}"

/* ---- services -------------------------------------------------------------------------------------------------- */

/* Where a machine can serve a cloud: in a subnet or on the internet. */
static struct interface *serving_interface(const struct node *node, const char *name)
{
    for (size_t i = 0; i < node->interface_count; i++) {
        struct interface *interface = node->interfaces[i];
        bool serves = (interface->attachment == ATTACH_SUBNET && interface->subnet != NULL) ||
                      interface->attachment == ATTACH_INTERNET;
        if (serves && (name == NULL || strcmp(interface->name, name) == 0))
            return interface;
    }
    return NULL;
}

/* "lb", "node/lb" or "lb/eth1". */
static void resolve_service_node(struct loader *loader, const struct reference *reference)
{
    struct service_target *target = reference->thing;
    const struct topology *topology = loader->topology;
    const char *text = reference->value->text, *near = NULL;
    struct thing thing = topology_thing(topology, text, &near);
    if (thing.kind != THING_NODE && thing.kind != THING_INTERFACE) {
        report_dangling(loader, "node", str_starts(text, "node/") ? text + strlen("node/") : text, "",
                        reference->value->mark, names_of(loader, topology->nodes, topology->node_count),
                        topology->node_count);
        return;
    }
    bool unread = false; /* an interface that was reported already may be the one */
    for (size_t i = 0; i < thing.node->interface_count; i++)
        unread = unread || thing.node->interfaces[i]->attachment == ATTACH_NONE;
    target->interface = serving_interface(thing.node, thing.interface != NULL ? thing.interface->name : NULL);
    if (target->interface == NULL && !unread)
        findings_add(loader->decoder.findings, FINDING_ERROR, "service-node", reference->value->mark,
                     "'%.80s' stands neither in a subnet nor on the internet: no endpoint leads there", text);
}

static void decode_service_nodes(struct decoder *decoder, const struct field *field, const struct value *value,
                                 void *target)
{
    struct cloud_service *service = target;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    const char *text;
    if (count == 0)
        decode_bad(decoder, field->key, "at least one node", value);
    service->targets = arena_alloc(decoder->arena, (count + 1) * sizeof *service->targets);
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        if (item->broken || !decode_text(decoder, field->key, item, &text))
            continue;
        service->targets[service->target_count] = (struct service_target){.mark = item->mark};
        refer(LOADER(decoder), resolve_service_node, &service->targets[service->target_count++], item, 0);
    }
}

static void decode_private_name(struct decoder *decoder, const struct field *field, const struct value *value,
                                void *target)
{
    struct cloud_service *service = target;
    read_domain(LOADER(decoder), field->key, value, &service->private_dns_name);
}

static const struct field service_fields[] = {
    {.key = "nodes",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_service_nodes,
     .wants = "a list of nodes",
     .json = TEXTS_JSON,
     .doc = "The machines that serve, each in a subnet or on the internet."},
    {.key = "port",
     .type = FIELD_INTEGER,
     FIELD_AT(struct cloud_service, port),
     .required = true,
     .least = 1,
     .most = 65535,
     .doc = "The TCP port that interface endpoints lead to."},
    {.key = "private_dns_name",
     .type = FIELD_CUSTOM,
     .decode = decode_private_name,
     .wants = "a domain name",
     .json = "{\"type\": \"string\"}",
     .fallback = "the name of the service",
     .doc = "The name that private_dns takes over in the resolver of the endpoint's VPC."},
};
const struct schema cloud_service_schema = SCHEMA("cloud service", service_fields);

static void one_service(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct topology *topology = loader->topology;
    struct cloud_service *service = ARENA_NEW(loader->decoder.arena, struct cloud_service);
    *service = (struct cloud_service){.name = name, .mark = mark};
    schema_decode(&loader->decoder, &cloud_service_schema, name, mark, value, service);
    *ARENA_PUSH(loader->decoder.arena, topology->cloud_services, topology->cloud_service_count) = service;
}

void decode_cloud_services(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "service", LABEL_MAX, one_service);
}

/* ---- endpoints ------------------------------------------------------------------------------------------------- */

static void resolve_service(struct loader *loader, const struct reference *reference)
{
    struct endpoint *endpoint = reference->thing;
    const struct topology *topology = loader->topology;
    const char *text = reference->value->text, *name = str_starts(text, "service/") ? text + strlen("service/") : text;
    endpoint->service = topology_cloud_service(topology, name);
    if (endpoint->service == NULL)
        report_dangling(loader, "service", name, "", reference->value->mark,
                        names_of(loader, topology->cloud_services, topology->cloud_service_count),
                        topology->cloud_service_count);
}

static void decode_service(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct endpoint *endpoint = target;
    const char *text;
    endpoint->service_mark = value->mark;
    if (decode_text(decoder, field->key, value, &text))
        refer(LOADER(decoder), resolve_service, endpoint, value, 0);
}

static void resolve_route_table(struct loader *loader, const struct reference *reference)
{
    struct endpoint *endpoint = reference->thing;
    const struct vpc *vpc = endpoint->vpc;
    const char *name = name_in_vpc(vpc, "route_table", reference->value->text);
    struct route_table *table = vpc_route_table(vpc, name);
    if (table != NULL)
        *ARENA_PUSH(loader->decoder.arena, endpoint->route_tables, endpoint->route_table_count) = table;
    else
        report_dangling(loader, "route table", name, arena_printf(loader->decoder.arena, " in vpc '%s'", vpc->name),
                        reference->value->mark, names_of(loader, vpc->route_tables, vpc->route_table_count),
                        vpc->route_table_count);
}

static void resolve_subnet(struct loader *loader, const struct reference *reference)
{
    struct arena *arena = loader->decoder.arena;
    struct endpoint *endpoint = reference->thing;
    const struct vpc *vpc = endpoint->vpc;
    const char *name = name_in_vpc(vpc, "subnet", reference->value->text);
    if (strncmp(name, vpc->name, strlen(vpc->name)) == 0 && name[strlen(vpc->name)] == '/')
        name += strlen(vpc->name) + 1;
    struct subnet *subnet = vpc_subnet(vpc, name);
    if (subnet == NULL) {
        report_dangling(loader, "subnet", name, arena_printf(arena, " in vpc '%s'", vpc->name), reference->value->mark,
                        names_of(loader, vpc->subnets, vpc->subnet_count), vpc->subnet_count);
        return;
    }
    struct interface *interface = ARENA_NEW(arena, struct interface);
    *interface = (struct interface){
        .name = arena_printf(arena, "vpc/%s/endpoint/%s/%s", vpc->name, endpoint->name, subnet->name),
        .mark = reference->value->mark,
        .attachment = ATTACH_SUBNET,
        .attachment_mark = reference->value->mark,
        .subnet = subnet,
        .public_ip_mode = PUBLIC_IP_NO,
        .source_dest_check = true};
    *ARENA_PUSH(arena, endpoint->interfaces, endpoint->interface_count) = interface;
}

static void resolve_group(struct loader *loader, const struct reference *reference)
{
    struct endpoint *endpoint = reference->thing;
    const struct vpc *vpc = endpoint->vpc;
    const char *name = name_in_vpc(vpc, "security_group", reference->value->text);
    struct security_group *group = vpc_security_group(vpc, name);
    if (group != NULL)
        *ARENA_PUSH(loader->decoder.arena, endpoint->security_groups, endpoint->security_group_count) = group;
    else
        report_dangling(loader, "security group", name, arena_printf(loader->decoder.arena, " in vpc '%s'", vpc->name),
                        reference->value->mark, names_of(loader, vpc->security_groups, vpc->security_group_count),
                        vpc->security_group_count);
}

/* One name, or a list of them. */
static void refer_to_each(struct decoder *decoder, const struct field *field, const struct value *value, void *target,
                          resolve_reference *resolve)
{
    const char *text;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        if (!item->broken && decode_text(decoder, field->key, item, &text))
            refer(LOADER(decoder), resolve, target, item, 0);
    }
}

static void decode_tables(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    refer_to_each(decoder, field, value, target, resolve_route_table);
}

static void decode_subnets(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    refer_to_each(decoder, field, value, target, resolve_subnet);
}

static void decode_groups(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct endpoint *endpoint = target;
    endpoint->security_groups_declared = true;
    if (value->kind == VALUE_LIST && value->item_count == 0)
        decode_bad(decoder, field->key, "at least one security group", value);
    refer_to_each(decoder, field, value, target, resolve_group);
}

static const struct field endpoint_fields[] = {
    {.key = "type",
     .type = FIELD_WORD,
     FIELD_AT(struct endpoint, type),
     .words = type_words,
     .word_count = ARRAY_SIZE(type_words),
     .required = true,
     .doc = "A gateway endpoint leads to the service's public addresses by route tables; an interface endpoint has "
            "addresses of its own, in subnets."},
    {.key = "service",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_service,
     .wants = "a service",
     .json = "{\"type\": \"string\"}",
     .doc = "The service that it leads to, one of those under services at the top."},
    {.key = "route_tables",
     .type = FIELD_CUSTOM,
     .decode = decode_tables,
     .wants = "a list of route tables",
     .json = TEXTS_JSON,
     .doc = "Of a gateway endpoint: the route tables that lead to it."},
    {.key = "subnets",
     .type = FIELD_CUSTOM,
     .decode = decode_subnets,
     .wants = "a list of subnets",
     .json = TEXTS_JSON,
     .doc = "Of an interface endpoint: the subnets that it has an address in, which it uses up."},
    {.key = "security_groups",
     .type = FIELD_CUSTOM,
     .decode = decode_groups,
     .wants = "a list of security groups",
     .json = TEXTS_JSON,
     .fallback = "the VPC's default group",
     .doc = "Of an interface endpoint: the security groups that it is in."},
    {.key = "private_dns",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct endpoint, private_dns),
     .fallback = "false",
     .doc = "Of an interface endpoint: whether the VPC's resolver gives its addresses for the name of the service."},
};
const struct schema endpoint_schema = SCHEMA("endpoint", endpoint_fields);

/* Keys of the other type. */
static void check_keys(struct loader *loader, const struct endpoint *endpoint, const struct value *value)
{
    static const struct {
        const char *key;
        enum endpoint_type type;
    } keys[] = {
        {"route_tables", ENDPOINT_GATEWAY},
        {"subnets", ENDPOINT_INTERFACE},
        {"security_groups", ENDPOINT_INTERFACE},
        {"private_dns", ENDPOINT_INTERFACE},
    };
    const struct value *type = value_get(value, "type");
    if (type == NULL || !value_is_scalar(type) || !str_equal(type->text, endpoint_type_name(endpoint->type)))
        return; /* reported */
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const struct entry *entry = value_entry(value, keys[i].key);
        if (entry != NULL && keys[i].type != endpoint->type)
            findings_add(loader->decoder.findings, FINDING_ERROR, "misplaced-key", entry->key_mark,
                         "'%s' means something at an endpoint of type %s only", keys[i].key,
                         endpoint_type_name(keys[i].type));
    }
    const char *wanted = endpoint->type == ENDPOINT_GATEWAY ? "route_tables" : "subnets";
    if (value_get(value, wanted) == NULL)
        findings_add(loader->decoder.findings, FINDING_ERROR, "missing-key", endpoint->mark,
                     "endpoint '%s' of type %s lacks '%s'", endpoint->name, endpoint_type_name(endpoint->type), wanted);
}

static void one_endpoint(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct vpc *vpc = loader->vpc;
    struct endpoint *endpoint = ARENA_NEW(loader->decoder.arena, struct endpoint);
    *endpoint = (struct endpoint){.name = name, .mark = mark, .vpc = vpc};
    if (schema_decode(&loader->decoder, &endpoint_schema, name, mark, value, endpoint))
        check_keys(loader, endpoint, value);
    *ARENA_PUSH(loader->decoder.arena, vpc->endpoints, vpc->endpoint_count) = endpoint;
}

void decode_endpoints(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "endpoint", LABEL_MAX, one_endpoint);
}

/* ---- finishing ------------------------------------------------------------------------------------------------- */

static void finish_endpoint(struct loader *loader, struct endpoint *endpoint)
{
    if (endpoint->type != ENDPOINT_INTERFACE)
        return;
    if (!endpoint->security_groups_declared)
        *ARENA_PUSH(loader->decoder.arena, endpoint->security_groups, endpoint->security_group_count) =
            vpc_security_group(endpoint->vpc, "default");
    for (size_t i = 0; i < endpoint->interface_count; i++) {
        struct interface *interface = endpoint->interfaces[i];
        interface->security_groups = endpoint->security_groups;
        interface->security_group_count = endpoint->security_group_count;
        interface->security_groups_declared = endpoint->security_groups_declared;
        interface->gateway = prefix_host(&interface->subnet->cidr, 1);
    }
}

/* Whether the load balancer of a service has an interface where a target stands. */
static bool has_interface(const struct cloud_service *service, const struct interface *target)
{
    for (size_t i = 0; i < service->interface_count; i++)
        if (service->interfaces[i]->attachment == target->attachment &&
            service->interfaces[i]->subnet == target->subnet)
            return true;
    return false;
}

static void finish_service(struct loader *loader, struct cloud_service *service)
{
    struct arena *arena = loader->decoder.arena;
    for (size_t i = 0; i < service->target_count; i++) {
        const struct interface *target = service->targets[i].interface;
        if (target == NULL || has_interface(service, target))
            continue;
        const char *place =
            target->subnet ? arena_printf(arena, "%s/%s", target->subnet->vpc->name, target->subnet->name) : "internet";
        struct interface *interface = ARENA_NEW(arena, struct interface);
        *interface = (struct interface){.name = arena_printf(arena, "service/%s/%s", service->name, place),
                                        .mark = service->targets[i].mark,
                                        .attachment = target->attachment,
                                        .attachment_mark = service->targets[i].mark,
                                        .subnet = target->subnet,
                                        .public_ip_mode = PUBLIC_IP_NO,
                                        .source_dest_check = true};
        if (target->subnet != NULL)
            interface->gateway = prefix_host(&target->subnet->cidr, 1);
        *ARENA_PUSH(arena, service->interfaces, service->interface_count) = interface;
    }
}

void finish_endpoints(struct loader *loader)
{
    const struct topology *topology = loader->topology;
    for (size_t i = 0; i < topology->vpc_count; i++)
        for (size_t k = 0; k < topology->vpcs[i]->endpoint_count; k++) {
            struct endpoint *endpoint = topology->vpcs[i]->endpoints[k];
            finish_endpoint(loader, endpoint);
            bool leads = endpoint->type == ENDPOINT_INTERFACE && endpoint->interface_count > 0;
            if (leads && endpoint->service != NULL && endpoint->service->interface_count == 0)
                finish_service(loader, endpoint->service);
        }
}
