/* Nodes.  A node with one interface may hold that interface's keys itself: its mapping is read by two tables. */
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

static const char inline_name[] = "eth0";

struct interface *add_interface(struct loader *loader, struct node *node, const char *name, struct mark mark)
{
    struct interface *interface = ARENA_NEW(loader->decoder.arena, struct interface);
    interface->name = name;
    interface->mark = mark;
    interface->node = node;
    interface->source_dest_check = true;
    *ARENA_PUSH(loader->decoder.arena, node->interfaces, node->interface_count) = interface;
    return interface;
}

/* Names of interfaces are the kernel's: up to 15 characters, and none that it or sysctl uses for something else. */
static void check_interface_name(struct decoder *decoder, const char *name, struct mark mark)
{
    static const char *const taken[] = {"lo", "all", "default", ".", ".."};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(name);
    bool fits = length > 0 && length <= INTERFACE_NAME_MAX && strspn(name, letters) == length && name[0] != '-';
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
        fits = fits && strcmp(name, taken[i]) != 0;
    if (!fits)
        findings_add(decoder->findings, FINDING_ERROR, "bad-name", mark,
                     "'%.80s' is no name for an interface: letters, digits, dots, dashes, at most %d, not lo", name,
                     INTERFACE_NAME_MAX);
}

/* Where an interface was misread, that it hangs nowhere is no news. */
static void note_misread(const struct loader *loader, struct interface *interface, size_t errors_before)
{
    if (loader->decoder.findings->errors != errors_before && interface->attachment_mark.line == 0)
        interface->attachment_mark = interface->mark;
}

static void one_interface(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    size_t before = loader->decoder.findings->errors;
    check_interface_name(&loader->decoder, name, mark);
    struct interface *interface = add_interface(loader, loader->node, name, mark);
    schema_decode(&loader->decoder, &interface_schema, name, mark, value, interface);
    note_misread(loader, interface, before);
}

static void decode_interfaces(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "interface", 0, one_interface);
}

static void decode_resolver(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct node *node = target;
    node->resolver.declared = true;
    node->resolver.mark = value->mark;
    schema_decode(decoder, field->schema, NULL, value->mark, value, &node->resolver);
}

static void decode_nat(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct node *node = target;
    node->nat.mark = value->mark;
    schema_decode(decoder, field->schema, NULL, value->mark, value, &node->nat);
}

static void decode_nftables(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct node *node = target;
    node->nftables_mark = value->mark;
    decode_text(decoder, field->key, value, &node->nftables);
}

static const struct field node_fields[] = {
    {.key = "interfaces",
     .type = FIELD_NAMED,
     .schema = &interface_schema,
     .decode = decode_interfaces,
     .doc = "Its interfaces, by name; the keys of a single one may stand at the node, it is called eth0 then."},
    {.key = "forwarding",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct node, forwarding),
     .fallback = "false",
     .doc = "Whether it forwards packets between its interfaces."},
    {.key = "routes",
     .type = FIELD_LIST,
     .schema = &node_route_schema,
     .decode = decode_routes,
     .doc = "Routes beside the connected ones."},
    {.key = "rules",
     .type = FIELD_LIST,
     .schema = &node_rule_schema,
     .decode = decode_rules,
     .doc = "Policy routing rules."},
    {.key = "nat",
     .type = FIELD_MAPPING,
     .schema = &nat_schema,
     .decode = decode_nat,
     .doc = "Address translation at this node."},
    {.key = "nftables",
     .type = FIELD_CUSTOM,
     .decode = decode_nftables,
     .wants = "a ruleset",
     .json = "{\"type\": \"string\"}",
     .doc = "A ruleset, loaded in the node as it stands; whether nft can read it is checked with the file."},
    {.key = "sysctls",
     .type = FIELD_CUSTOM,
     .decode = decode_sysctls,
     .wants = "values by key",
     .json = "{\"type\": [\"object\", \"null\"], \"additionalProperties\": {\"type\": [\"string\", \"number\"]}}",
     .doc = "Kernel settings of the node, by key: net.ipv4.conf.all.rp_filter."},
    {.key = "resolver",
     .type = FIELD_MAPPING,
     .schema = &resolver_schema,
     .decode = decode_resolver,
     .fallback = "the VPC's resolver in a subnet, else none",
     .doc = "What its programs ask for names."},
    {.key = "hosts",
     .type = FIELD_CUSTOM,
     .decode = decode_hosts,
     .wants = "addresses by name",
     .json = "{\"type\": [\"object\", \"null\"], \"additionalProperties\": {\"type\": [\"string\", \"array\"]}}",
     .doc = "Entries of its hosts file, beside the names of all nodes: an address or a list of them, by name."},
    {.key = "services",
     .type = FIELD_CUSTOM,
     .decode = decode_services,
     .wants = "services by name",
     .json = "{\"type\": [\"object\", \"null\"], \"additionalProperties\": {\"type\": [\"object\", \"null\"]}}",
     .doc = "What runs there, by name; what ends is started again."},
    {.key = "certificates",
     .type = FIELD_NAMED,
     .schema = &certificate_schema,
     .decode = decode_certificates,
     .doc = "Certificates of the lab's authority, for programs of its own: /etc/ssl/certs/NAME.pem with the chain, "
            "/etc/ssl/private/NAME.key."},
    {.key = "files",
     .type = FIELD_NAMED,
     .schema = &file_schema,
     .decode = decode_files,
     .doc = "Files of the node, by absolute path."},
    {.key = "run",
     .type = FIELD_CUSTOM,
     .decode = decode_run,
     .wants = "a list of command lines",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .doc = "Command lines that are run in order when the network is up; a failure fails the start of the lab."},
    {.key = "labels",
     .type = FIELD_CUSTOM,
     .decode = decode_labels,
     .wants = "texts by key",
     .json = "{\"type\": [\"object\", \"null\"], \"additionalProperties\": {\"type\": [\"string\", \"number\", "
             "\"boolean\"]}}",
     .doc = "Words that say what the node is, by key."},
    {.key = "requires",
     .type = FIELD_CUSTOM,
     .decode = decode_requires,
     .wants = "a list of programs",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .doc = "Programs that the node needs from the machine."},
    {.key = "publish",
     .type = FIELD_CUSTOM,
     .decode = decode_publish,
     .wants = "a list of published ports",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .doc = "Ports of the node that lead to members of a network, of which it is the host then: "
            "\"[ADDRESS:]PORT:NODE:PORT[/udp]\"."},
};
const struct schema node_schema = {.name = "node",
                                   .fields = node_fields,
                                   .count = ARRAY_SIZE(node_fields),
                                   .also = &interface_schema};

/* Both ways to write interfaces at once. */
static void report_mixed(struct loader *loader, const char *name, const struct value *value,
                         const struct entry *inline_entry)
{
    struct finding *finding =
        findings_add(loader->decoder.findings, FINDING_ERROR, "mixed-interfaces", inline_entry->key_mark,
                     "node '%s' has interfaces: '%s' belongs to one of them", name, inline_entry->key);
    finding->other = value_entry(value, "interfaces")->key_mark;
    finding->other_text = "the interfaces are here";
}

static void decode_entry(struct loader *loader, const struct entry *entry, const struct value *value,
                         struct interface **inline_interface)
{
    struct node *node = loader->node;
    struct decoder *decoder = &loader->decoder;
    const struct field *field = schema_field(&node_schema, entry->key);
    const struct field *own = field == NULL ? schema_field(&interface_schema, entry->key) : NULL;
    if (field == NULL && own == NULL) {
        schema_unknown(decoder, &node_schema, node->name, entry->key, entry->key_mark);
    } else if (field != NULL) {
        field_read(decoder, field, entry->value, node);
    } else if (value_get(value, "interfaces") != NULL) {
        report_mixed(loader, node->name, value, entry);
    } else {
        if (*inline_interface == NULL)
            *inline_interface = add_interface(loader, node, inline_name, node->mark);
        field_read(decoder, own, entry->value, *inline_interface);
    }
}

/* Nodes find each other by their names; of these, nobody could find a node. */
static void check_node_name(struct loader *loader, const char *name, struct mark mark)
{
    const char *digits = name + (str_starts(name, "0x") ? 2 : 0);
    size_t hex = strspn(digits, digits > name ? "0123456789abcdef" : "0123456789");
    if (str_equal(name, "localhost"))
        findings_add(loader->decoder.findings, FINDING_ERROR, "bad-name", mark,
                     "'localhost' is no name for a node: every node calls itself so");
    else if (*digits && digits[hex] == '\0')
        findings_add(loader->decoder.findings, FINDING_ERROR, "bad-name", mark,
                     "'%.80s' is no name for a node: programs take a number for an address", name);
}

static void one_node(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct topology *topology = loader->topology;
    struct interface *inline_interface = NULL;
    struct node *node = ARENA_NEW(loader->decoder.arena, struct node);
    size_t before = loader->decoder.findings->errors;
    node->name = name;
    node->mark = mark;
    check_node_name(loader, name, mark);
    *ARENA_PUSH(loader->decoder.arena, topology->nodes, topology->node_count) = node;
    map_set(topology->node_by_name, name, node);
    if (!decode_map(&loader->decoder, name, value))
        return;
    loader->node = node;
    for (size_t i = 0; value->kind == VALUE_MAP && i < value->entry_count; i++)
        decode_entry(loader, &value->entries[i], value, &inline_interface);
    node->interfaces_inline = inline_interface != NULL;
    if (inline_interface != NULL)
        note_misread(loader, inline_interface, before);
    loader->node = NULL;
}

void decode_nodes(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "node", LABEL_MAX, one_node);
}
