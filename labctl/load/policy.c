/* Kubernetes-like policies. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"
#include "load/rule.h"

#define PEER_DOC "nodes with these labels ({ tier: web }), a network, an address, any4, any6, any, or a list of them"

/* { tier: db, app: shop }: values are texts, whatever they look like. */
static bool read_labels(struct decoder *decoder, const char *key, const struct value *value, const struct label **out,
                        size_t *count)
{
    struct label *labels = NULL;
    const char *text;
    if (!decode_map(decoder, key, value))
        return false;
    *count = 0;
    for (size_t i = 0; value->kind == VALUE_MAP && i < value->entry_count; i++)
        if (decode_scalar(decoder, value->entries[i].key, value->entries[i].value, &text))
            *ARENA_PUSH(decoder->arena, labels, *count) = (struct label){value->entries[i].key, text};
    *out = labels;
    return true;
}

static void decode_select(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct policy *policy = target;
    read_labels(decoder, field->key, value, &policy->select, &policy->select_count);
}

/* One far side: a selector, or addresses as a network ACL has them. */
static bool read_policy_peer(struct decoder *decoder, const char *key, const struct value *value,
                             struct policy_peer *out)
{
    struct peer peer = {0};
    *out = (struct policy_peer){.mark = value->mark};
    if (value->kind == VALUE_MAP)
        return read_labels(decoder, key, value, &out->labels, &out->label_count);
    if (value->kind != VALUE_TEXT) {
        decode_wrong(decoder, key, PEER_DOC, value);
        return false;
    }
    if (!read_address_peer(LOADER(decoder), key, value, &peer))
        return false;
    out->kind = peer.kind == PEER_PREFIX ? POLICY_PREFIX : POLICY_ANY;
    out->prefix = peer.prefix;
    out->family = peer.kind == PEER_ANY4 ? 4 : peer.kind == PEER_ANY6 ? 6 : 0;
    return true;
}

static void decode_policy_peers(struct decoder *decoder, const struct field *field, const struct value *value,
                                void *target)
{
    struct policy_rule *rule = target;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    struct policy_peer peer;
    if (count == 0)
        decode_bad(decoder, field->key, PEER_DOC, value);
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        if (!item->broken && read_policy_peer(decoder, field->key, item, &peer))
            *ARENA_PUSH(decoder->arena, rule->peers, rule->peer_count) = peer;
    }
}

static void decode_policy_protocol(struct decoder *decoder, const struct field *field, const struct value *value,
                                   void *target)
{
    struct policy_rule *rule = target;
    int word;
    if (!decode_word(decoder, field->key, value, protocol_words, PROTOCOL_COUNT, &word))
        return;
    rule->protocol_declared = true;
    rule->protocol = (unsigned)word;
}

static void decode_policy_ports(struct decoder *decoder, const struct field *field, const struct value *value,
                                void *target)
{
    struct policy_rule *rule = target;
    if (value->kind == VALUE_LIST && value->item_count == 0)
        return; /* all, as without the key */
    read_ports(LOADER(decoder), field->key, value, &rule->ports, &rule->port_count);
}

#define POLICY_PEER_JSON                                                                                               \
    "{\"type\": [\"string\", \"object\", \"array\"], \"items\": {\"type\": [\"string\", \"object\"]}}"
#define POLICY_RULE_FIELDS                                                                                             \
    {.key = "protocol",                                                                                                \
     .type = FIELD_CUSTOM,                                                                                             \
     .decode = decode_policy_protocol,                                                                                 \
     .wants = "all, tcp, udp, icmp or icmpv6",                                                                         \
     .json = "{\"enum\": [\"all\", \"tcp\", \"udp\", \"icmp\", \"icmpv6\"]}",                                          \
     .fallback = "all; with ports tcp",                                                                                \
     .doc = "The protocol that may pass."},                                                                            \
    {                                                                                                                  \
        .key = "ports", .type = FIELD_CUSTOM, .decode = decode_policy_ports, .wants = "ports",                         \
        .json = "{\"type\": [\"integer\", \"string\", \"array\"]}", .fallback = "all",                                 \
        .doc = "Destination ports: a port, a range such as 1024-65535, or a list of them."                             \
    }

static const struct field policy_ingress_fields[] = {
    {.key = "from",
     .type = FIELD_CUSTOM,
     .decode = decode_policy_peers,
     .wants = PEER_DOC,
     .json = POLICY_PEER_JSON,
     .fallback = "anybody",
     .doc = "Who may come in: " PEER_DOC "."},
    POLICY_RULE_FIELDS,
};
const struct schema policy_ingress_schema = SCHEMA("policy ingress rule", policy_ingress_fields);

static const struct field policy_egress_fields[] = {
    {.key = "to",
     .type = FIELD_CUSTOM,
     .decode = decode_policy_peers,
     .wants = PEER_DOC,
     .json = POLICY_PEER_JSON,
     .fallback = "anybody",
     .doc = "Where they may go: " PEER_DOC "."},
    POLICY_RULE_FIELDS,
};
const struct schema policy_egress_schema = SCHEMA("policy egress rule", policy_egress_fields);

static void one_policy_rule(struct loader *loader, const struct value *value)
{
    struct policy *policy = loader->policy;
    struct policy_rule rule = {.mark = value->mark};
    const struct schema *schema = loader->egress ? &policy_egress_schema : &policy_ingress_schema;
    size_t before = loader->decoder.findings->errors;
    if (!schema_decode(&loader->decoder, schema, NULL, value->mark, value, &rule) ||
        loader->decoder.findings->errors != before)
        return; /* half a rule would allow too much */
    if (!rule.protocol_declared && rule.port_count > 0)
        rule.protocol = PROTOCOL_TCP;
    if (rule.port_count > 0 && rule.protocol != PROTOCOL_TCP && rule.protocol != PROTOCOL_UDP)
        findings_add(loader->decoder.findings, FINDING_ERROR, "ports", value_entry(value, "ports")->key_mark,
                     "ports go with protocol tcp or udp, not with %s", protocol_name((enum protocol)rule.protocol));
    if (loader->egress)
        *ARENA_PUSH(loader->decoder.arena, policy->egress, policy->egress_count) = rule;
    else
        *ARENA_PUSH(loader->decoder.arena, policy->ingress, policy->ingress_count) = rule;
}

static void decode_policy_direction(struct decoder *decoder, const struct field *field, const struct value *value,
                                    void *target)
{
    struct loader *loader = LOADER(decoder);
    loader->policy = target;
    loader->egress = strcmp(field->key, "egress") == 0;
    *(loader->egress ? &loader->policy->egress_declared : &loader->policy->ingress_declared) = true;
    each_listed(loader, field->key, value, one_policy_rule);
}

static const struct field policy_fields[] = {
    {.key = "select",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_select,
     .wants = "values by label",
     .json = "{\"type\": [\"object\", \"null\"], \"additionalProperties\": {\"type\": [\"string\", \"number\", "
             "\"boolean\"]}}",
     .doc = "The nodes that it is about: those whose labels have all these values; with {} every node."},
    {.key = "ingress",
     .type = FIELD_LIST,
     .schema = &policy_ingress_schema,
     .decode = decode_policy_direction,
     .fallback = "no word about what comes in; without egress nothing may",
     .doc = "What may come in to them, and nothing else but answers; an empty list lets nothing in."},
    {.key = "egress",
     .type = FIELD_LIST,
     .schema = &policy_egress_schema,
     .decode = decode_policy_direction,
     .fallback = "no word about what goes out",
     .doc = "What may go out from them, and nothing else but answers; an empty list lets nothing out."},
};
const struct schema policy_schema = SCHEMA("policy", policy_fields);

static void one_policy(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct topology *topology = loader->topology;
    struct policy *policy = ARENA_NEW(loader->decoder.arena, struct policy);
    *policy = (struct policy){.name = name, .mark = mark};
    schema_decode(&loader->decoder, &policy_schema, name, mark, value, policy);
    if (!policy->egress_declared) /* as Kubernetes has it: a policy with a selector alone denies what comes in */
        policy->ingress_declared = true;
    *ARENA_PUSH(loader->decoder.arena, topology->policies, topology->policy_count) = policy;
}

void decode_policies(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "policy", LABEL_MAX, one_policy);
}
