/* dhcp services: ranges, reservations, what clients are told; and the addresses that clients in the lab will have. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"
#include "load/service_fields.h"

#define LEASE_DEFAULT 3600
#define LEASE_LEAST   120 /* dnsmasq gives no shorter ones */

static const char range_wants[] = "addresses such as 192.168.1.100-192.168.1.199";

struct dhcp *new_dhcp(struct arena *arena)
{
    struct dhcp *dhcp = ARENA_NEW(arena, struct dhcp);
    dhcp->lease = LEASE_DEFAULT;
    return dhcp;
}

static struct dhcp *dhcp_of(void *target)
{
    return ((struct service *)target)->dhcp;
}

/* ---- the keys -----------------------------------------------------------------------------------------------------
 */

static void read_dhcp_range(struct decoder *decoder, const char *key, const struct value *value, struct dhcp *dhcp)
{
    const char *text;
    struct dhcp_range range = {.mark = value->mark};
    if (!decode_text(decoder, key, value, &text))
        return;
    const char *dash = strchr(text, '-');
    if (!dash || !addr_parse(arena_strndup(decoder->arena, text, (size_t)(dash - text)), &range.first) ||
        !addr_parse(dash + 1, &range.last) || range.first.family != 4 || range.last.family != 4)
        decode_bad(decoder, key, range_wants, value);
    else
        *ARENA_PUSH(decoder->arena, dhcp->ranges, dhcp->range_count) = range;
}

static void decode_dhcp_range(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    if (value->kind == VALUE_LIST)
        for (size_t i = 0; i < value->item_count; i++)
            read_dhcp_range(decoder, field->key, value->items[i], dhcp_of(target));
    else
        read_dhcp_range(decoder, field->key, value, dhcp_of(target));
}

static void decode_lease(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    int64_t seconds;
    if (decode_seconds(decoder, field->key, value, LEASE_LEAST, 31536000, &seconds))
        dhcp_of(target)->lease = (uint32_t)seconds;
}

static void decode_router(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct dhcp *dhcp = dhcp_of(target);
    dhcp->router_mark = value->mark;
    if (value->kind == VALUE_TEXT && str_equal(value->text, "none"))
        return;
    if (decode_address(decoder, field->key, value, &dhcp->router) && dhcp->router.family != 4)
        decode_bad(decoder, field->key, "an IPv4 address or none", value);
}

static void decode_name_servers(struct decoder *decoder, const struct field *field, const struct value *value,
                                void *target)
{
    struct dhcp *dhcp = dhcp_of(target);
    struct addr addr;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        if (!decode_address(decoder, field->key, item, &addr))
            continue;
        if (addr.family != 4)
            decode_bad(decoder, field->key, "IPv4 addresses", item);
        else
            *ARENA_PUSH(decoder->arena, dhcp->dns, dhcp->dns_count) = addr;
    }
}

static void decode_domain(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    read_domain(LOADER(decoder), field->key, value, &dhcp_of(target)->domain);
}

static void decode_advertisements(struct decoder *decoder, const struct field *field, const struct value *value,
                                  void *target)
{
    decode_boolean(decoder, field->key, value, &dhcp_of(target)->router_advertisements);
}

static void one_reservation(struct loader *loader, const char *name, struct mark mark, const struct value *value)
{
    struct dhcp *dhcp = loader->service->dhcp;
    struct dhcp_reservation reservation = {.name = name, .mark = mark, .addr_mark = value->mark};
    if (!decode_address(&loader->decoder, name, value, &reservation.addr))
        return;
    if (reservation.addr.family != 4)
        decode_bad(&loader->decoder, name, "an IPv4 address", value);
    else
        *ARENA_PUSH(loader->decoder.arena, dhcp->reservations, dhcp->reservation_count) = reservation;
}

static void decode_reservations(struct decoder *decoder, const struct field *field, const struct value *value,
                                void *target)
{
    LOADER(decoder)->service = target;
    each_named(LOADER(decoder), field->key, value, "reservation", 0, one_reservation);
}

static const struct field dhcp_fields[] = {
    KIND_FIELD,
    {.key = "range",
     .type = FIELD_CUSTOM,
     .decode = decode_dhcp_range,
     .wants = range_wants,
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .doc =
         "The addresses that clients get, FIRST-LAST, or a list of such ranges: each is for the wire in whose network "
         "it lies."},
    {.key = "reservations",
     .type = FIELD_CUSTOM,
     .decode = decode_reservations,
     .wants = "addresses by client",
     .json = "{\"type\": [\"object\", \"null\"], \"additionalProperties\": {\"type\": \"string\"}}",
     .doc = "Addresses that are kept for one client each, by node, NODE/INTERFACE or MAC address."},
    {.key = "lease",
     .type = FIELD_CUSTOM,
     .decode = decode_lease,
     .wants = "a duration",
     .json = "{\"type\": [\"integer\", \"string\"]}",
     .fallback = "1h",
     .doc = "How long a client may keep its address without asking again: at least 2m."},
    {.key = "router",
     .type = FIELD_CUSTOM,
     .decode = decode_router,
     .wants = "an address or none",
     .json = "{\"type\": \"string\"}",
     .fallback = "the node itself, where it forwards",
     .doc = "The gateway that clients are told; none for none."},
    {.key = "dns",
     .type = FIELD_CUSTOM,
     .decode = decode_name_servers,
     .wants = "a list of addresses",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .fallback = "the node itself, where it has a dns service",
     .doc = "The name servers that clients are told."},
    {.key = "domain",
     .type = FIELD_CUSTOM,
     .decode = decode_domain,
     .wants = "a domain name",
     .json = "{\"type\": \"string\"}",
     .doc = "The domain in which clients look for short names."},
    {.key = "router_advertisements",
     .type = FIELD_CUSTOM,
     .decode = decode_advertisements,
     .wants = "true or false",
     .json = "{\"type\": \"boolean\"}",
     .fallback = "false",
     .doc =
         "Whether the node advertises itself as a router, and its network, on every wire where it has an IPv6 address "
         "of a /64."},
};
const struct schema dhcp_service_schema = SCHEMA("dhcp service", dhcp_fields);

/* ---- clients ------------------------------------------------------------------------------------------------------
 */

/* Adds an address that the interface will have. */
static void give(struct arena *arena, struct interface *interface, struct prefix address, struct mark mark)
{
    size_t marks = interface->address_count;
    *ARENA_PUSH(arena, interface->addresses, interface->address_count) = address;
    *ARENA_PUSH(arena, interface->address_marks, marks) = mark;
    interface->added_count++;
}

/* The client of that MAC address on the wire of the server's interface. */
static struct interface *client_of_mac(const struct topology *topology, const struct interface *server,
                                       const struct mac *mac)
{
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t i = 0; i < topology->nodes[n]->interface_count; i++) {
            struct interface *interface = topology->nodes[n]->interfaces[i];
            if (interface->dhcp && share_wire(interface, server) && memcmp(&interface->mac, mac, sizeof *mac) == 0)
                return interface;
        }
    return NULL;
}

/* "laptop", "laptop/eth1": the interface that asks on the server's wire; NULL where there is none (reported). */
static struct interface *client_of_name(struct loader *loader, const struct interface *server,
                                        const struct dhcp_reservation *reservation)
{
    const struct topology *topology = loader->topology;
    const char *name = reservation->name, *slash = strchr(name, '/');
    const char *owner = slash ? arena_strndup(loader->decoder.arena, name, (size_t)(slash - name)) : name;
    const struct node *node = topology_node(topology, owner);
    if (!node) {
        report_dangling(loader, "node", owner, "", reservation->mark,
                        names_of(loader, topology->nodes, topology->node_count), topology->node_count);
        return NULL;
    }
    for (size_t i = 0; i < node->interface_count; i++)
        if ((!slash || str_equal(slash + 1, node->interfaces[i]->name)) && node->interfaces[i]->dhcp &&
            share_wire(node->interfaces[i], server))
            return node->interfaces[i];
    findings_add(loader->decoder.findings, FINDING_ERROR, "dangling-reference", reservation->mark,
                 "'%.80s' does not ask for an address on the wire of '%s/%s'", name, server->node->name, server->name)
        ->hint = "write `dhcp: true` at its interface there, or reserve for a MAC address";
    return NULL;
}

static uint8_t length_at(const struct interface *server, const struct addr *addr)
{
    for (size_t i = 0; i < server->address_count; i++) {
        struct prefix network = prefix_network(server->addresses[i]);
        if (prefix_contains(&network, addr))
            return network.length;
    }
    return 32;
}

static void finish_reservation(struct loader *loader, struct service *service, struct dhcp_reservation *reservation)
{
    const struct interface *server = dhcp_interface(service, &reservation->addr);
    bool by_mac = mac_parse(reservation->name, &reservation->mac);
    if (!server)
        return; /* for the rules to report */
    struct interface *client = by_mac ? client_of_mac(loader->topology, server, &reservation->mac)
                                      : client_of_name(loader, server, reservation);
    if (!client)
        return;
    reservation->client = client;
    reservation->mac = client->mac;
    for (size_t i = 0; i < client->address_count; i++)
        if (client->addresses[i].addr.family == 4)
            return; /* of an earlier server, or reservation */
    give(loader->decoder.arena, client, (struct prefix){reservation->addr, length_at(server, &reservation->addr)},
         reservation->addr_mark);
}

/* What the first server on its wire tells it, and the address that it makes of the first network advertised there. */
static void finish_client(struct loader *loader, struct interface *interface)
{
    const struct topology *topology = loader->topology;
    const struct interface *server;
    const struct service *service = interface->dhcp ? dhcp_server(topology, interface, 0, &server) : NULL;
    if (service && interface->gateway_mark.line == 0)
        interface->gateway = dhcp_router(service, server);
    for (size_t n = 0; interface->slaac && n < topology->node_count; n++)
        for (size_t i = 0; i < topology->nodes[n]->interface_count; i++) {
            const struct interface *router = topology->nodes[n]->interfaces[i];
            struct prefix network = advertised_network(router);
            if (router == interface || !addr_is_set(&network.addr) || !share_wire(router, interface))
                continue;
            for (size_t a = router->address_count; a-- > 0;)
                if (router->addresses[a].addr.family == 6)
                    interface->ipv6_gateway = router->addresses[a].addr;
            give(loader->decoder.arena, interface, (struct prefix){slaac_address(&network, &interface->mac), 64},
                 interface->slaac_mark);
            return;
        }
}

void finish_dhcp(struct loader *loader)
{
    const struct topology *topology = loader->topology;
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t s = 0; s < topology->nodes[n]->service_count; s++) {
            struct service *service = topology->nodes[n]->services[s];
            for (size_t i = 0; service->dhcp && i < service->dhcp->reservation_count; i++)
                finish_reservation(loader, service, &service->dhcp->reservations[i]);
        }
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t i = 0; i < topology->nodes[n]->interface_count; i++)
            finish_client(loader, topology->nodes[n]->interfaces[i]);
}
