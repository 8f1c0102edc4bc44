/* Network ACLs and their rules. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "load/loader.h"
#include "load/rule.h"

#define RULE_NUMBER_MAX 32766 /* Amazon VPC User Guide, "Network ACL rules" */

static const char *const action_words[] = {"allow", "deny"};
_Static_assert(ARRAY_SIZE(action_words) == ACL_ACTION_COUNT, "a word for each action");

#define ACL_RULE_FIELDS                                                                                                \
    {.key = "rule",                                                                                                    \
     .type = FIELD_INTEGER,                                                                                            \
     FIELD_AT(struct acl_rule, number),                                                                                \
     .least = 1,                                                                                                       \
     .most = RULE_NUMBER_MAX,                                                                                          \
     .required = true,                                                                                                 \
     .doc = "Its number: rules are looked at in ascending order, the first that matches decides."},                    \
        {.key = "action",                                                                                              \
         .type = FIELD_WORD,                                                                                           \
         FIELD_AT(struct acl_rule, action),                                                                            \
         .words = action_words,                                                                                        \
         .word_count = ARRAY_SIZE(action_words),                                                                       \
         .required = true,                                                                                             \
         .doc = "What becomes of a packet that matches."},                                                             \
        RULE_FIELDS("The protocol that it is about.")

static const struct field acl_ingress_fields[] = {
    ACL_RULE_FIELDS,
    {.key = "from",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_acl_peers,
     .wants = acl_peer_wants,
     .json = PEER_JSON,
     .doc = "Where the packet comes from: a network, an address, any4, any6, any, or a list of them."},
};
const struct schema acl_ingress_schema = SCHEMA("network ACL ingress rule", acl_ingress_fields);

static const struct field acl_egress_fields[] = {
    ACL_RULE_FIELDS,
    {.key = "to",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_acl_peers,
     .wants = acl_peer_wants,
     .json = PEER_JSON,
     .doc = "Where the packet goes: a network, an address, any4, any6, any, or a list of them."},
};
const struct schema acl_egress_schema = SCHEMA("network ACL egress rule", acl_egress_fields);

/* One rule of the ACL and direction that are being decoded. */
static void one_rule(struct loader *loader, const struct value *value)
{
    struct network_acl *acl = loader->acl;
    const struct schema *schema = loader->egress ? &acl_egress_schema : &acl_ingress_schema;
    struct acl_rule rule = {.match.mark = value->mark};
    if (!schema_decode(&loader->decoder, schema, NULL, value->mark, value, &rule))
        return;
    finish_rule(loader, &rule.match, value);
    if (rule.match.peer_count == 0 || rule.number == 0)
        return;
    if (loader->egress)
        *ARENA_PUSH(loader->decoder.arena, acl->egress, acl->egress_count) = rule;
    else
        *ARENA_PUSH(loader->decoder.arena, acl->ingress, acl->ingress_count) = rule;
}

static void decode_direction(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct loader *loader = LOADER(decoder);
    loader->acl = target;
    loader->egress = strcmp(field->key, "egress") == 0;
    if (loader->egress)
        loader->acl->egress_declared = true;
    else
        loader->acl->ingress_declared = true;
    each_listed(loader, field->key, value, one_rule);
}

static const struct field acl_fields[] = {
    {.key = "ingress",
     .type = FIELD_LIST,
     .schema = &acl_ingress_schema,
     .decode = decode_direction,
     .fallback = "everything",
     .doc = "What may come into the subnet; what no rule allows is denied, with an empty list everything."},
    {.key = "egress",
     .type = FIELD_LIST,
     .schema = &acl_egress_schema,
     .decode = decode_direction,
     .fallback = "everything",
     .doc = "What may leave it, replies as well; what no rule allows is denied, with an empty list everything."},
};
const struct schema acl_schema = SCHEMA("network ACL", acl_fields);

/* By number; two of one number in the order of the file. */
static int by_number(const void *a, const void *b)
{
    const struct acl_rule *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return x->match.mark.line != y->match.mark.line ? (x->match.mark.line < y->match.mark.line ? -1 : 1)
                                                    : (int)x->match.mark.column - (int)y->match.mark.column;
}

static void one_acl(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct vpc *vpc = loader->vpc;
    struct network_acl *acl = ARENA_NEW(loader->decoder.arena, struct network_acl);
    *acl = (struct network_acl){.name = name, .mark = mark, .vpc = vpc};
    schema_decode(&loader->decoder, &acl_schema, name, mark, value, acl);
    if (acl->ingress_count > 1)
        qsort(acl->ingress, acl->ingress_count, sizeof acl->ingress[0], by_number);
    if (acl->egress_count > 1)
        qsort(acl->egress, acl->egress_count, sizeof acl->egress[0], by_number);
    *ARENA_PUSH(loader->decoder.arena, vpc->network_acls, vpc->network_acl_count) = acl;
}

void decode_network_acls(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_named(LOADER(decoder), field->key, value, "network ACL", LABEL_MAX, one_acl);
}

/* The ACL of subnets that name none: everything passes. */
void default_acl(struct loader *loader, struct vpc *vpc)
{
    if (vpc_network_acl(vpc, "default") != NULL)
        return;
    struct network_acl *acl = ARENA_NEW(loader->decoder.arena, struct network_acl);
    *acl = (struct network_acl){.name = "default", .mark = vpc->mark, .vpc = vpc, .is_default = true};
    *ARENA_PUSH(loader->decoder.arena, vpc->network_acls, vpc->network_acl_count) = acl;
}
