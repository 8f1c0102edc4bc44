/* Rules of network ACLs. */
#include "rules/check.h"

/* Rules stand by number: two of one number are neighbours. */
static void numbers(struct rules *rules, const struct network_acl *acl, const char *direction,
                    const struct acl_rule *items, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (items[i].number == items[i - 1].number)
            elsewhere(broken(rules, items[i].match.mark, "network ACL '%s' has two %s rules %u", acl->name, direction,
                             items[i].number),
                      items[i - 1].match.mark, "the first");
}

static void acl_numbers(struct rules *rules, const struct vpc *vpc)
{
    for (size_t i = 0; i < vpc->network_acl_count; i++) {
        const struct network_acl *acl = vpc->network_acls[i];
        numbers(rules, acl, "ingress", acl->ingress, acl->ingress_count);
        numbers(rules, acl, "egress", acl->egress, acl->egress_count);
    }
}

void check_acl_rule_number(struct rules *rules)
{
    each_vpc(rules, acl_numbers);
}
