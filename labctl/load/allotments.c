/* What was allotted, as text and back: by it a lab that runs keeps its addresses when its topology changes.  A thing
 * that the text names and the topology does not have any more is forgotten. */
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "load/loader.h"

#define PUBLIC "/public_ip"

const char *interface_key(struct arena *arena, const struct interface *interface, const char *end)
{
    if (interface->node == NULL)
        return arena_printf(arena, "%s%s", interface->name, end);
    return arena_printf(arena, "node/%s/%s%s", interface->node->name, interface->name, end);
}

const char *nat_key(struct arena *arena, const struct nat_gateway *nat, const char *end)
{
    return arena_printf(arena, "vpc/%s/nat_gateway/%s%s", nat->vpc->name, nat->name, end);
}

static void dump_one(const char *key, const struct addr *addr, struct str *out)
{
    char text[ADDR_TEXT_MAX];
    if (addr_is_set(addr))
        str_printf(out, "%s %s\n", key, addr_format(addr, text));
}

static void dump_interface(struct arena *arena, const struct interface *interface, struct str *out)
{
    if (interface->address_allotted && !interface->made)
        dump_one(interface_key(arena, interface, ""), &interface->addresses[0].addr, out);
    if (interface->public_ip_mode != PUBLIC_IP_ADDRESS)
        dump_one(interface_key(arena, interface, PUBLIC), &interface->public_ip, out);
}

void dump_allotments(const struct topology *topology, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    for (size_t i = 0; i < topology->vpc_count; i++)
        for (size_t k = 0; k < topology->vpcs[i]->nat_gateway_count; k++) {
            const struct nat_gateway *nat = topology->vpcs[i]->nat_gateways[k];
            dump_one(nat_key(arena, nat, ""), &nat->address, out);
            if (!nat->public_ip_declared)
                dump_one(nat_key(arena, nat, PUBLIC), &nat->public_ip, out);
        }
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t k = 0; k < topology->nodes[i]->interface_count; k++)
            dump_interface(arena, topology->nodes[i]->interfaces[k], out);
    for (size_t i = 0; i < topology->vpc_count; i++)
        for (size_t k = 0; k < topology->vpcs[i]->endpoint_count; k++)
            for (size_t n = 0; n < topology->vpcs[i]->endpoints[k]->interface_count; n++)
                dump_interface(arena, topology->vpcs[i]->endpoints[k]->interfaces[n], out);
    for (size_t i = 0; i < topology->cloud_service_count; i++)
        for (size_t k = 0; k < topology->cloud_services[i]->interface_count; k++)
            dump_interface(arena, topology->cloud_services[i]->interfaces[k], out);
}

struct map *read_allotments(struct arena *arena, const char *text)
{
    struct map *map = map_new(arena);
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        const char *line = arena_printf(arena, "%.*s", (int)length, text), *space = strrchr(line, ' ');
        struct addr *addr = ARENA_NEW(arena, struct addr);
        if (space != NULL && addr_parse(space + 1, addr))
            map_set(map, arena_printf(arena, "%.*s", (int)(space - line), line), addr);
        text += length + (text[length] == '\n');
    }
    return map;
}
