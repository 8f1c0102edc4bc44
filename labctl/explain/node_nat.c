/* What a node that translates does to a new flow. */
#include <string.h>

#include "explain/walk.h"

static bool names_interface(const struct strings *names, const struct interface *interface)
{
    for (size_t i = 0; interface && i < names->count; i++)
        if (strcmp(names->items[i], interface->name) == 0)
            return true;
    return false;
}

/* Is it addressed to the outside of the node, from wherever: an address of one of these interfaces? */
static bool for_outside(const struct node *node, const struct strings *outside, const struct addr *destination)
{
    for (size_t i = 0; i < outside->count; i++) {
        const struct interface *interface = node_interface(node, outside->items[i]);
        if (interface && interface_has(interface, destination))
            return true;
    }
    return false;
}

bool node_forward_port(const struct node *node, const struct interface *in, struct tuple *tuple, enum protocol protocol)
{
    for (size_t i = 0; i < node->nat.forward_count; i++) {
        const struct port_forward *forward = &node->nat.forwards[i];
        struct strings one = {&(const char *){forward->interface}, 1};
        const struct strings *outside = forward->interface ? &one : &node->nat.masquerade;
        if (forward->protocol != protocol || forward->port != tuple->port ||
            forward->to.family != tuple->destination.family)
            continue;
        bool meant = outside->count ? names_interface(outside, in) || for_outside(node, outside, &tuple->destination)
                                    : node_owner(node, &tuple->destination) != NULL;
        if (!meant)
            continue;
        tuple->destination = forward->to;
        tuple->port = forward->to_port;
        return true;
    }
    return node_publishes(node, tuple, protocol);
}

/* A forwarded port whose target and asker are in one network: the answer must come back this way. */
static bool turns_back(const struct node *node, const struct tuple *tuple, enum protocol protocol)
{
    for (size_t f = 0; f < node->nat.forward_count; f++) {
        const struct port_forward *forward = &node->nat.forwards[f];
        if (forward->protocol != protocol || forward->to_port != tuple->port ||
            !addr_equal(&forward->to, &tuple->destination))
            continue;
        for (size_t i = 0; i < node->interface_count; i++)
            for (size_t a = 0; a < node->interfaces[i]->address_count; a++) {
                struct prefix network = prefix_network(node->interfaces[i]->addresses[a]);
                if (prefix_contains(&network, &tuple->destination) && prefix_contains(&network, &tuple->source))
                    return true;
            }
    }
    return false;
}

bool node_masquerade(const struct node *node, const struct node_hop *hop, struct tuple *tuple, enum protocol protocol,
                     bool forwarded)
{
    bool outside = tuple->source.family == 4 && names_interface(&node->nat.masquerade, hop->interface);
    if (!outside && !(forwarded && turns_back(node, tuple, protocol)) &&
        !node_hides_network(node, hop->interface, tuple, forwarded))
        return false;
    struct addr own = interface_source(hop->interface, &hop->next);
    if (!addr_is_set(&own) || addr_equal(&own, &tuple->source))
        return false;
    tuple->source = own;
    return true;
}
