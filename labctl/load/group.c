/* Security groups and their rules. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

static const char peer_wants[] = "a network, an address, any4, any6, any or security_group/NAME";
static const char *const protocol_words[] = {"all", "tcp", "udp", "icmp", "icmpv6"};
_Static_assert(ARRAY_SIZE(protocol_words) == PROTOCOL_COUNT, "a word for each protocol");

static void resolve_peer(struct loader *loader, const struct reference *reference)
{
    struct peer *peer = reference->thing;
    const struct vpc *vpc = reference->vpc;
    const char *text = reference->value->text;
    if (str_starts(text, "vpc/")) {
        char name[LABEL_MAX + 1] = "";
        size_t length = strcspn(text + 4, "/");
        if (length <= LABEL_MAX)
            memcpy(name, text + 4, length);
        vpc = topology_vpc(loader->topology, name);
        if (vpc == NULL) {
            report_dangling(loader, "vpc", name, "", reference->value->mark,
                            names_of(loader, loader->topology->vpcs, loader->topology->vpc_count),
                            loader->topology->vpc_count);
            return;
        }
    }
    const char *name = name_in_vpc(vpc, "security_group", text);
    peer->group = vpc_security_group(vpc, name);
    if (peer->group == NULL)
        report_dangling(loader, "security group", name, arena_printf(loader->decoder.arena, " in vpc '%s'", vpc->name),
                        reference->value->mark, names_of(loader, vpc->security_groups, vpc->security_group_count),
                        vpc->security_group_count);
}

/* Whether a text has the form of a group's name: with its kind, or a label alone. */
static bool is_group_name(const char *text)
{
    if (str_starts(text, "security_group/") || str_starts(text, "vpc/"))
        return true;
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text) &&
           strspn(text, "0123456789-") != strlen(text) && strlen(text) <= LABEL_MAX;
}

/* Reads one peer into *peer; false where it is none (reported). */
static bool read_peer(struct loader *loader, const char *key, const struct value *value, struct peer *peer)
{
    struct addr addr;
    peer->mark = value->mark;
    if (value->kind != VALUE_TEXT) {
        decode_wrong(&loader->decoder, key, peer_wants, value);
        return false;
    }
    if (str_equal(value->text, "any4"))
        peer->kind = PEER_ANY4;
    else if (str_equal(value->text, "any6"))
        peer->kind = PEER_ANY6;
    else if (str_equal(value->text, "any"))
        peer->kind = PEER_ANY;
    else if (is_group_name(value->text))
        peer->kind = PEER_GROUP;
    else if (addr_parse(value->text, &addr))
        peer->prefix = prefix_of_addr(addr);
    else if (strchr(value->text, '/') != NULL)
        return decode_network(&loader->decoder, key, value, &peer->prefix);
    else {
        decode_bad(&loader->decoder, key, peer_wants, value);
        return false;
    }
    return true;
}

/* `from:`, `to:`: one or a list. */
static void decode_peers(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct loader *loader = LOADER(decoder);
    struct security_rule *rule = target;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    if (count == 0)
        decode_bad(decoder, field->key, peer_wants, value);
    rule->peers = arena_alloc(decoder->arena, (count + 1) * sizeof *rule->peers);
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        struct peer peer = {0};
        if (!read_peer(loader, field->key, item, &peer))
            continue;
        rule->peers[rule->peer_count] = peer;
        if (peer.kind == PEER_GROUP)
            refer(loader, resolve_peer, &rule->peers[rule->peer_count], item, 0);
        rule->peer_count++;
    }
}

static void decode_rule_ports(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    struct security_rule *rule = target;
    read_ports(LOADER(decoder), field->key, value, &rule->ports, &rule->port_count);
}

#define RULE_FIELDS                                                                                                    \
    {.key = "protocol",                                                                                                \
     .type = FIELD_WORD,                                                                                               \
     FIELD_AT(struct security_rule, protocol),                                                                         \
     .words = protocol_words,                                                                                          \
     .word_count = ARRAY_SIZE(protocol_words),                                                                         \
     .fallback = "all",                                                                                                \
     .doc = "The protocol that may pass."},                                                                            \
        {.key = "ports",                                                                                               \
         .type = FIELD_CUSTOM,                                                                                         \
         .decode = decode_rule_ports,                                                                                  \
         .wants = "ports",                                                                                             \
         .json = "{\"type\": [\"integer\", \"string\", \"array\"]}",                                                   \
         .fallback = "all",                                                                                            \
         .doc = "Destination ports of tcp or udp: a port, a range such as 1024-65535, or a list of them."},            \
    {                                                                                                                  \
        .key = "description", .type = FIELD_TEXT, FIELD_AT(struct security_rule, description),                         \
        .doc = "What the rule is for."                                                                                 \
    }

#define PEER_JSON "{\"type\": [\"string\", \"array\"], \"items\": {\"type\": \"string\"}}"

static const struct field ingress_fields[] = {
    RULE_FIELDS,
    {.key = "from",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_peers,
     .wants = peer_wants,
     .json = PEER_JSON,
     .doc = "Who may come in: a network, an address, any4, any6, any, security_group/NAME, or a list of them."},
};
const struct schema ingress_schema = SCHEMA("ingress rule", ingress_fields);

static const struct field egress_fields[] = {
    RULE_FIELDS,
    {.key = "to",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_peers,
     .wants = peer_wants,
     .json = PEER_JSON,
     .doc = "Where it may go: a network, an address, any4, any6, any, security_group/NAME, or a list of them."},
};
const struct schema egress_schema = SCHEMA("egress rule", egress_fields);

/* Ports mean something with tcp and udp only. */
static void check_ports(struct loader *loader, const struct security_rule *rule, const struct value *value)
{
    const struct entry *ports = value_entry(value, "ports");
    if (ports == NULL || rule->protocol == PROTOCOL_TCP || rule->protocol == PROTOCOL_UDP)
        return;
    const struct value *protocol = value_get(value, "protocol");
    bool readable =
        protocol == NULL || (value_is_scalar(protocol) && str_equal(protocol->text, protocol_name(rule->protocol)));
    if (readable)
        findings_add(loader->decoder.findings, FINDING_ERROR, "ports", ports->key_mark,
                     "ports go with protocol tcp or udp, not with %s", protocol_name(rule->protocol))
            ->hint = protocol == NULL ? "add 'protocol: tcp'" : NULL;
}

/* One rule of the group and direction that are being decoded. */
static void one_rule(struct loader *loader, const struct value *value)
{
    struct security_group *group = loader->group;
    const struct schema *schema = loader->egress ? &egress_schema : &ingress_schema;
    struct security_rule rule = {.mark = value->mark};
    if (!schema_decode(&loader->decoder, schema, NULL, value->mark, value, &rule))
        return;
    check_ports(loader, &rule, value);
    if (rule.peer_count == 0)
        return;
    if (loader->egress)
        *ARENA_PUSH(loader->decoder.arena, group->egress, group->egress_count) = rule;
    else
        *ARENA_PUSH(loader->decoder.arena, group->ingress, group->ingress_count) = rule;
}

static void decode_direction(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct loader *loader = LOADER(decoder);
    loader->group = target;
    loader->egress = strcmp(field->key, "egress") == 0;
    if (loader->egress)
        loader->group->egress_declared = true;
    each_listed(loader, field->key, value, one_rule);
}

static const struct field group_fields[] = {
    {.key = "ingress",
     .type = FIELD_LIST,
     .schema = &ingress_schema,
     .decode = decode_direction,
     .fallback = "nothing",
     .doc = "What may come in; replies of allowed flows pass whatever the other direction says."},
    {.key = "egress",
     .type = FIELD_LIST,
     .schema = &egress_schema,
     .decode = decode_direction,
     .fallback = "everything",
     .doc = "What may go out; without it everything, with an empty list nothing."},
};
const struct schema group_schema = SCHEMA("security group", group_fields);

static void one_group(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct vpc *vpc = loader->vpc;
    struct security_group *group = ARENA_NEW(loader->decoder.arena, struct security_group);
    *group = (struct security_group){.name = name, .mark = mark, .vpc = vpc};
    schema_decode(&loader->decoder, &group_schema, name, mark, value, group);
    *ARENA_PUSH(loader->decoder.arena, vpc->security_groups, vpc->security_group_count) = group;
}

void decode_security_groups(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "security group", LABEL_MAX, one_group);
}

/* The group of interfaces that name none: all from itself in, everything out. */
void default_group(struct loader *loader, struct vpc *vpc)
{
    struct arena *arena = loader->decoder.arena;
    if (vpc_security_group(vpc, "default") != NULL)
        return;
    struct security_group *group = ARENA_NEW(arena, struct security_group);
    *group = (struct security_group){.name = "default", .mark = vpc->mark, .vpc = vpc, .is_default = true};
    struct security_rule *rule = ARENA_PUSH(arena, group->ingress, group->ingress_count);
    rule->mark = vpc->mark;
    *ARENA_PUSH(arena, rule->peers, rule->peer_count) =
        (struct peer){.kind = PEER_GROUP, .group = group, .mark = vpc->mark};
    *ARENA_PUSH(arena, vpc->security_groups, vpc->security_group_count) = group;
}
