/* Whom selectors mean. */
#include "model/policy.h"

#include "base/str.h"
#include "model/topology.h"

static bool has_label(const struct node *node, const struct label *label)
{
    for (size_t i = 0; i < node->label_count; i++)
        if (str_equal(node->labels[i].key, label->key))
            return str_equal(node->labels[i].value, label->value);
    return false;
}

bool labels_match(const struct label *labels, size_t count, const struct node *node)
{
    for (size_t i = 0; i < count; i++)
        if (!has_label(node, &labels[i]))
            return false;
    return true;
}

bool policy_selects(const struct policy *policy, const struct node *node)
{
    return labels_match(policy->select, policy->select_count, node);
}
