/* Docker-like networks at their host: published ports, hiding what leaves, and what may pass into a network. */
#include "explain/walk.h"

/* The network of the interface where the node is its host, or NULL. */
static const struct network *hosted(const struct node *node, const struct interface *interface)
{
    const struct network *network = interface ? interface_network(interface) : NULL;
    return network && network->host == node ? network : NULL;
}

bool node_publishes(const struct node *node, struct tuple *tuple, enum protocol protocol)
{
    for (size_t i = 0; i < node->published_count; i++) {
        const struct published *published = &node->published[i];
        struct addr to = published_target(published);
        bool meant = addr_is_set(&published->address) ? addr_equal(&published->address, &tuple->destination)
                                                      : node_owner(node, &tuple->destination) != NULL;
        if (!meant || tuple->destination.family != 4 || published->protocol != protocol ||
            published->port != tuple->port || !addr_is_set(&to))
            continue;
        tuple->destination = to;
        tuple->port = published->target_port;
        return true;
    }
    return false;
}

bool node_hides_network(const struct node *node, const struct interface *out, const struct tuple *tuple, bool forwarded)
{
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct network *network = hosted(node, node->interfaces[i]);
        if (!network || !prefix_contains(&network->cidr, &tuple->source))
            continue;
        if (network->gateway == out ? forwarded : !network->internal)
            return true;
    }
    return false;
}

/* Answers pass, and what a translation leads there. */
void judge_networks(struct walk *w, const struct node *node, const struct interface *in, const struct interface *out,
                    bool translated)
{
    const struct network *from = hosted(node, in), *to = hosted(node, out);
    if (w->way == WAY_RETURN || translated || (from == to && in == out))
        return;
    if (to)
        STOP(w, CODE_NETWORK_ISOLATION, DROP_SILENT, arena_printf(w->arena, "network/%s", to->name), to->mark,
             "lets in answers and published ports, and this is none of them");
    else if (from && from->internal)
        STOP(w, CODE_NETWORK_INTERNAL, DROP_SILENT, arena_printf(w->arena, "network/%s", from->name), from->mark,
             "is internal: nothing leaves it");
}
