/* Rules of routers that learn: both ends of a session, interfaces of areas. */
#include "base/str.h"
#include "rules/check.h"

/* Why a session with a node of the lab cannot stand. */
static void session(struct rules *rules, const struct service *service, const struct bgp_neighbour *neighbour)
{
    const struct node *peer = neighbour->node, *node = service->node;
    if (!peer || !(addr_is_set(&neighbour->addr[0]) || addr_is_set(&neighbour->addr[1])) ||
        bgp_agreed(service, neighbour))
        return;
    const struct service *other = node_service_of(peer, SERVICE_BGP);
    if (!other) {
        remedy(rules, broken(rules, neighbour->mark, "'%s' does not speak BGP", peer->name),
               "give it a service of kind bgp");
    } else if (other->routing->bgp.as != neighbour->as) {
        elsewhere(broken(rules, neighbour->as_mark, "'%s' is in AS %u, not in %u: there will be no session", peer->name,
                         other->routing->bgp.as, neighbour->as),
                  other->routing->bgp.as_mark, "its AS");
    } else {
        remedy(rules,
               broken(rules, neighbour->mark, "'%s' does not expect '%s' in AS %u: there will be no session",
                      peer->name, node->name, service->routing->bgp.as),
               "name it among the neighbours of '%s', with that AS", peer->name);
    }
}

static void sessions(struct rules *rules, const struct node *node)
{
    const struct service *service = node_service_of(node, SERVICE_BGP);
    for (size_t i = 0; service && i < service->routing->bgp.neighbour_count; i++)
        session(rules, service, &service->routing->bgp.neighbours[i]);
}

void check_bgp_session(struct rules *rules)
{
    each_node(rules, sessions);
}

static bool named_before(const struct ospf *ospf, size_t area, size_t interface)
{
    const char *name = ospf->areas[area].interfaces[interface].name;
    for (size_t a = 0; a <= area; a++)
        for (size_t i = 0; i < (a < area ? ospf->areas[a].interface_count : interface); i++)
            if (str_equal(ospf->areas[a].interfaces[i].name, name))
                return true;
    return false;
}

static void areas(struct rules *rules, const struct node *node)
{
    const struct service *service = node_service_of(node, SERVICE_OSPF);
    for (size_t a = 0; service && a < service->routing->ospf.area_count; a++)
        for (size_t i = 0; i < service->routing->ospf.areas[a].interface_count; i++) {
            const struct ospf_interface *interface = &service->routing->ospf.areas[a].interfaces[i];
            known_interface(rules, node, interface->name, interface->mark);
            if (named_before(&service->routing->ospf, a, i))
                broken(rules, interface->mark, "interface '%s' is in an area already", interface->name);
        }
}

void check_ospf_interface(struct rules *rules)
{
    each_node(rules, areas);
}

/* The area of another router on the wire that talks with nobody in this one. */
static const struct ospf_area *other_area(const struct topology *topology, const struct ospf_interface *interface)
{
    for (size_t n = 0; n < topology->node_count; n++) {
        const struct service *service = node_service_of(topology->nodes[n], SERVICE_OSPF);
        for (size_t a = 0; service && a < service->routing->ospf.area_count; a++)
            for (size_t i = 0; i < service->routing->ospf.areas[a].interface_count; i++) {
                const struct ospf_interface *other = &service->routing->ospf.areas[a].interfaces[i];
                if (other != interface && other->interface && !other->passive &&
                    other->interface->node != interface->interface->node &&
                    share_wire(other->interface, interface->interface))
                    return &service->routing->ospf.areas[a];
            }
    }
    return NULL;
}

static void neighbours(struct rules *rules, const struct node *node)
{
    const struct service *service = node_service_of(node, SERVICE_OSPF);
    for (size_t a = 0; service && a < service->routing->ospf.area_count; a++)
        for (size_t i = 0; i < service->routing->ospf.areas[a].interface_count; i++) {
            const struct ospf_area *area = &service->routing->ospf.areas[a];
            const struct ospf_interface *interface = &area->interfaces[i];
            const struct ospf_area *other;
            if (!interface->interface || interface->passive || ospf_agreed(rules->topology, area, interface) ||
                !(other = other_area(rules->topology, interface)))
                continue;
            elsewhere(broken(rules, interface->mark,
                             "'%s/%s' is in area %u, the router on the other side in area %u: they will not talk",
                             node->name, interface->name, area->id, other->id),
                      other->mark, "the other area");
        }
}

void check_ospf_area(struct rules *rules)
{
    each_node(rules, neighbours);
}

static void forwards(struct rules *rules, const struct node *node)
{
    for (size_t i = 0; i < node->service_count; i++)
        if (node->services[i]->routing && !node->forwarding) {
            remedy(rules,
                   broken(rules, node->services[i]->mark, "node '%s' learns routes for others and does not forward",
                          node->name),
                   "write `forwarding: true`");
            return;
        }
}

void check_router_forwarding(struct rules *rules)
{
    each_node(rules, forwards);
}
