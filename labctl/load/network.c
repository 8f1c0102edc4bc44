/* Docker-like networks: their members, their hosts, and the ports that these publish.
 *
 * A network is a bridge of the model, so that whatever is true of wires is true of it.  What makes it one is filled in
 * when all names are resolved: the host gets an interface in it (the first address, as Docker gives it), forwards, and
 * is the members' gateway. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

static void resolve_host(struct loader *loader, const struct reference *reference)
{
    struct network *network = reference->thing;
    const struct topology *topology = loader->topology;
    const char *name = reference->value->text;
    name = str_starts(name, "node/") ? name + strlen("node/") : name;
    network->host = topology_node(topology, name);
    if (network->host == NULL)
        report_dangling(loader, "node", name, "", reference->value->mark,
                        names_of(loader, topology->nodes, topology->node_count), topology->node_count);
}

static void decode_host(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct network *network = target;
    const char *text;
    if (!decode_text(decoder, field->key, value, &text))
        return;
    network->host_declared = true;
    network->host_mark = value->mark;
    refer(LOADER(decoder), resolve_host, network, value, 0);
}

static void decode_cidr(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct network *network = target;
    network->cidr_mark = value->mark;
    if (!decode_network(decoder, field->key, value, &network->cidr))
        return;
    if (network->cidr.addr.family == 4 && network->cidr.length >= 8 && network->cidr.length <= 29)
        return;
    decode_bad(decoder, field->key, "an IPv4 network, /8 to /29", value);
    network->cidr = (struct prefix){0};
}

static void decode_mtu(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct network *network = target;
    int64_t mtu;
    if (decode_integer(decoder, field->key, value, 68, 65535, &mtu))
        network->bridge->mtu = (uint32_t)mtu;
}

static const struct field network_fields[] = {
    {.key = "cidr",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_cidr,
     .wants = "a network",
     .json = "{\"type\": \"string\"}",
     .doc = "Its addresses, IPv4: the first one is the host's, members have others of them."},
    {.key = "host",
     .type = FIELD_CUSTOM,
     .decode = decode_host,
     .wants = "a node",
     .json = "{\"type\": \"string\"}",
     .fallback = "the node that publishes a port of a member, else a member that forwards, else the only node that "
                 "publishes",
     .doc = "The machine that is its router: what leaves has the host's address, what comes in is answers and what it "
            "publishes."},
    {.key = "internal",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct network, internal),
     .fallback = "false",
     .doc = "Whether its members reach each other and the host alone."},
    {.key = "mtu",
     .type = FIELD_CUSTOM,
     .decode = decode_mtu,
     .wants = "a whole number",
     .json = "{\"type\": \"integer\", \"minimum\": 68, \"maximum\": 65535}",
     .fallback = "that of defaults",
     .unit = "bytes",
     .doc = "Its MTU."},
};
const struct schema network_schema = SCHEMA("network", network_fields);

static void one_network(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct arena *arena = loader->decoder.arena;
    struct topology *topology = loader->topology;
    struct network *network = ARENA_NEW(arena, struct network);
    struct bridge *bridge = ARENA_NEW(arena, struct bridge);
    *bridge = (struct bridge){.name = name, .mark = mark, .declared = true, .network = network};
    *network = (struct network){.name = name, .mark = mark, .index = topology->network_count, .bridge = bridge};
    schema_decode(&loader->decoder, &network_schema, name, mark, value, network);
    *ARENA_PUSH(arena, topology->networks, topology->network_count) = network;
    *ARENA_PUSH(arena, topology->bridges, topology->bridge_count) = bridge;
    map_set(topology->network_by_name, name, network);
}

void decode_networks(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "network", LABEL_MAX, one_network);
}

/* ---- members ---------------------------------------------------------------------------------------------------- */

static void resolve_network(struct loader *loader, const struct reference *reference)
{
    const struct topology *topology = loader->topology;
    struct interface *interface = reference->thing;
    const char *name = reference->value->text;
    name = str_starts(name, "network/") ? name + strlen("network/") : name;
    const struct network *network = topology_network(topology, name);
    if (network != NULL) {
        interface->bridge = network->bridge;
        return;
    }
    interface->attachment = ATTACH_NONE;
    report_dangling(loader, "network", name, "", reference->value->mark,
                    names_of(loader, topology->networks, topology->network_count), topology->network_count);
}

void decode_network_attachment(struct decoder *decoder, const struct field *field, const struct value *value,
                               void *target)
{
    const char *text;
    if (decode_text(decoder, field->key, value, &text) &&
        interface_attach(decoder, target, ATTACH_BRIDGE, field, value))
        refer(LOADER(decoder), resolve_network, target, value, 0);
}

/* ---- published ports -------------------------------------------------------------------------------------------- */

/* 1 to 65535, and nothing else; 0 where it is none. */
static uint16_t read_port(const char *text)
{
    char *end = NULL;
    unsigned long port = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
    return end != NULL && *end == '\0' && port <= 65535 ? (uint16_t)port : 0;
}

/* Cuts the text behind its last colon off; NULL where there is none. */
static char *cut_last(char *text)
{
    char *colon = strrchr(text, ':');
    if (colon == NULL)
        return NULL;
    *colon = '\0';
    return colon + 1;
}

/* "8080:web:80", "127.0.0.1:5353:dns:53/udp" */
static bool read_published(struct decoder *decoder, const char *text, struct published *out)
{
    char *rest = arena_strdup(decoder->arena, text), *protocol = strrchr(rest, '/');
    if (protocol != NULL)
        *protocol++ = '\0';
    if (protocol != NULL && strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0)
        return false;
    out->protocol = protocol != NULL && protocol[0] == 'u' ? PROTOCOL_UDP : PROTOCOL_TCP;
    char *target_port = cut_last(rest), *target = target_port != NULL ? cut_last(rest) : NULL;
    if (target == NULL || *target == '\0')
        return false;
    char *port = cut_last(rest);
    if (port != NULL && (!addr_parse(rest, &out->address) || out->address.family != 4))
        return false;
    out->port = read_port(port != NULL ? port : rest);
    out->target_port = read_port(target_port);
    out->target_name = target;
    return out->port != 0 && out->target_port != 0;
}

void decode_publish(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct node *node = target;
    const char *text;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        struct published published = {.mark = item->mark};
        if (item->broken || !decode_text(decoder, field->key, item, &text))
            continue;
        if (read_published(decoder, text, &published))
            *ARENA_PUSH(decoder->arena, node->published, node->published_count) = published;
        else
            decode_bad(decoder, field->key, "PORT:NODE:PORT such as \"8080:web:80\"", item);
    }
}

/* ---- hosts ------------------------------------------------------------------------------------------------------ */

/* Gives networks that name no host the one that publishes a port of a member, in the order of the file. */
static void find_publishers(const struct topology *topology)
{
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t p = 0; p < topology->nodes[i]->published_count; p++) {
            const struct node *target = topology_node(topology, topology->nodes[i]->published[p].target_name);
            for (size_t k = 0; target != NULL && k < target->interface_count; k++) {
                struct network *network = interface_network(target->interfaces[k]);
                if (network != NULL && network->host == NULL && !network->host_declared && target != topology->nodes[i])
                    network->host = topology->nodes[i];
            }
        }
}

/* Then members that forward. */
static void find_routers(const struct topology *topology)
{
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t k = 0; topology->nodes[i]->forwarding && k < topology->nodes[i]->interface_count; k++) {
            struct network *network = interface_network(topology->nodes[i]->interfaces[k]);
            if (network != NULL && network->host == NULL && !network->host_declared)
                network->host = topology->nodes[i];
        }
}

/* And at last the only node that publishes anything: there is one Docker host. */
static void find_only_publisher(const struct topology *topology)
{
    struct node *only = NULL;
    for (size_t i = 0; i < topology->node_count; i++)
        if (topology->nodes[i]->published_count > 0) {
            if (only != NULL)
                return;
            only = topology->nodes[i];
        }
    for (size_t i = 0; only != NULL && i < topology->network_count; i++)
        if (topology->networks[i]->host == NULL && !topology->networks[i]->host_declared)
            topology->networks[i]->host = only;
}

/* "br-app", as Docker has "br-" and a number; from the hash where that is too long or taken. */
static const char *gateway_name(struct loader *loader, const struct node *host, const struct network *network)
{
    const char *name = arena_printf(loader->decoder.arena, "br-%s", network->name);
    uint64_t hash = allot_hash((const char *const[]){"network/", network->name}, 2);
    while (strlen(name) > INTERFACE_NAME_MAX || node_interface(host, name) != NULL)
        name = arena_printf(loader->decoder.arena, "br-%012llx", (unsigned long long)(hash++ & 0xffffffffffff));
    return name;
}

static struct interface *interface_in(const struct node *node, const struct network *network)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (interface_network(node->interfaces[i]) == network)
            return node->interfaces[i];
    return NULL;
}

static void finish_host(struct loader *loader, struct network *network)
{
    struct node *host = network->host;
    host->forwarding = true;
    network->gateway = interface_in(host, network);
    if (network->gateway != NULL)
        return;
    struct interface *made = add_interface(loader, host, gateway_name(loader, host, network), network->mark);
    made->made = true;
    made->attachment = ATTACH_BRIDGE;
    made->attachment_key = "network";
    made->attachment_mark = network->mark;
    made->bridge = network->bridge;
    network->gateway = made;
}

/* other: a network that the target is in, or NULL. */
static void report_unpublished(struct loader *loader, const struct node *node, const struct published *published,
                               const struct network *other)
{
    struct finding *finding;
    if (other != NULL && other->host != NULL) {
        finding = findings_add(loader->decoder.findings, FINDING_ERROR, "published-port", published->mark,
                               "node '%s' cannot publish a port of '%s': the host of network '%s' is node '%s'",
                               node->name, published->target_name, other->name, other->host->name);
        finding->other = other->host_declared ? other->host_mark : other->host->mark;
        finding->other_text = "the host is here";
        return;
    }
    finding = findings_add(loader->decoder.findings, FINDING_ERROR, "published-port", published->mark,
                           "node '%s' is no member of a network of which '%s' is the host", published->target_name,
                           node->name);
    finding->hint = "a member has the key 'network'";
}

/* Where a published port leads: the target's interface in a network of this host's. */
static void finish_published(struct loader *loader, struct node *node, struct published *published)
{
    const struct topology *topology = loader->topology;
    const char *name = published->target_name;
    const struct node *target = topology_node(topology, str_starts(name, "node/") ? name + strlen("node/") : name);
    const struct network *other = NULL;
    if (target == NULL) {
        report_dangling(loader, "node", name, "", published->mark,
                        names_of(loader, topology->nodes, topology->node_count), topology->node_count);
        return;
    }
    for (size_t i = 0; i < target->interface_count && published->target == NULL; i++) {
        const struct network *network = interface_network(target->interfaces[i]);
        if (network != NULL && network->host == node && target != node)
            published->target = target->interfaces[i];
        other = network != NULL ? network : other;
    }
    if (published->target != NULL)
        return;
    report_unpublished(loader, node, published, other);
}

void finish_networks(struct loader *loader)
{
    const struct topology *topology = loader->topology;
    find_publishers(topology);
    find_routers(topology);
    find_only_publisher(topology);
    for (size_t i = 0; i < topology->network_count; i++)
        if (topology->networks[i]->host != NULL)
            finish_host(loader, topology->networks[i]);
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t p = 0; p < topology->nodes[i]->published_count; p++)
            finish_published(loader, topology->nodes[i], &topology->nodes[i]->published[p]);
}
