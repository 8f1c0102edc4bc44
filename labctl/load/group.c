/* Security groups and their rules. */
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "load/loader.h"
#include "load/rule.h"

static const struct field ingress_fields[] = {
    RULE_FIELDS("The protocol that may pass."),
    {.key = "from",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_group_peers,
     .wants = group_peer_wants,
     .json = PEER_JSON,
     .doc = "Who may come in: a network, an address, any4, any6, any, security_group/NAME, prefix_list/NAME, or a list "
            "of them."},
};
const struct schema ingress_schema = SCHEMA("ingress rule", ingress_fields);

static const struct field egress_fields[] = {
    RULE_FIELDS("The protocol that may pass."),
    {.key = "to",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_group_peers,
     .wants = group_peer_wants,
     .json = PEER_JSON,
     .doc = "Where it may go: a network, an address, any4, any6, any, security_group/NAME, prefix_list/NAME, or a list "
            "of them."},
};
const struct schema egress_schema = SCHEMA("egress rule", egress_fields);

/* One rule of the group and direction that are being decoded. */
static void one_rule(struct loader *loader, const struct value *value)
{
    struct security_group *group = loader->group;
    const struct schema *schema = loader->egress ? &egress_schema : &ingress_schema;
    struct security_rule rule = {.mark = value->mark};
    if (!schema_decode(&loader->decoder, schema, NULL, value->mark, value, &rule))
        return;
    finish_rule(loader, &rule, value);
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
