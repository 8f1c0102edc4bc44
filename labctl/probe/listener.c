/* Does anybody listen?  The kernel of the target's network namespace is asked, none of its programs. */
#include "probe/listener.h"

#include "facts/facts.h"
#include "kernel/link.h"
#include "kernel/sockets.h"
#include "model/check.h"
#include "model/topology.h"
#include "probe/impostor.h"
#include "probe/probe.h"

struct search {
    unsigned family;
    uint16_t port;
    bool found;
};

/* A socket on :: takes IPv4 as well, so both families count for IPv4. */
static void on_socket(void *context, const struct observed_socket *socket)
{
    struct search *search = context;
    bool family = search->family == 4 || socket->address.family == 6;
    if (socket->listening && !socket->loopback && socket->port == search->port && family)
        search->found = true;
}

int listener_find(const struct probe_world *world, const struct check_target *target, const struct addr *addr,
                  int protocol, uint16_t port)
{
    const struct node *node = target->node      ? target->node
                              : world->topology ? address_owner(world->topology, addr)
                                                : NULL;
    int netns = node ? world->netns(world->context, node->name) : -1;
    struct search search = {.family = addr->family, .port = port};
    if (!node && world->topology)
        return LISTENER_NOBODY;
    if (netns < 0 || sockets_observe(netns, protocol, on_socket, &search, NULL) != 0)
        return LISTENER_UNKNOWN;
    if (!search.found)
        return LISTENER_NO;
    const struct interface *interface = address_interface(node, addr);
    return interface && link_is_up(netns, interface->name) == 0 ? LISTENER_DOWN : LISTENER_YES;
}
