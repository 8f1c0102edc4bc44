/* IPv6 that the file does not say.  Networks are functions of their names, by hash and probing: a VPC's /56 in
 * 2001:db8::/32 (RFC 3849), a subnet's /64 in it.  An address is a function of the IPv4 address beside it, which is
 * unique where it counts: 10.0.1.10 in 2001:db8:12:3401::/64 is 2001:db8:12:3401::a00:10a, 203.0.113.200 on the
 * internet 2001:db8:ffff::cb00:71c8. */
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "load/loader.h"

#define VPC_LENGTH     56
#define SUBNET_LENGTH  64
#define SUBNETS        (1u << (SUBNET_LENGTH - VPC_LENGTH))
#define VPCS           (1u << 24) /* between 2001:db8::/32 and a /56 */
#define INTERNET_FIRST 0xffff00u  /* 2001:db8:ffff::/48 is the internet's own */

static bool is_set(const struct prefix *prefix)
{
    return prefix->addr.family == 6;
}

/* ---- networks -----------------------------------------------------------------------------------------------------
 */

static struct prefix vpc_place(uint32_t place)
{
    struct prefix out = {.addr = {6, {0x20, 0x01, 0x0d, 0xb8}}, .length = VPC_LENGTH};
    out.addr.bytes[4] = (uint8_t)(place >> 16);
    out.addr.bytes[5] = (uint8_t)(place >> 8);
    out.addr.bytes[6] = (uint8_t)place;
    return out;
}

static bool is_taken(const struct topology *topology, const struct prefix *network)
{
    for (size_t i = 0; i < topology->vpc_count; i++)
        if (is_set(&topology->vpcs[i]->ipv6_cidr) && prefix_overlaps(&topology->vpcs[i]->ipv6_cidr, network))
            return true;
    return false;
}

static void allot_vpc(struct loader *loader, struct vpc *vpc)
{
    uint32_t place = (uint32_t)(allot_hash((const char *const[]){"vpc/", vpc->name}, 2) % VPCS);
    for (;; place = (place + 1) % VPCS) {
        struct prefix network = vpc_place(place);
        if (place >= INTERNET_FIRST || is_taken(loader->topology, &network))
            continue;
        vpc->ipv6_cidr = network;
        return;
    }
}

static struct prefix subnet_place(const struct vpc *vpc, uint32_t place)
{
    struct prefix out = vpc->ipv6_cidr;
    out.addr.bytes[7] = (uint8_t)place;
    out.length = SUBNET_LENGTH;
    return out;
}

static bool is_subnet_taken(const struct vpc *vpc, const struct prefix *network)
{
    for (size_t i = 0; i < vpc->subnet_count; i++)
        if (is_set(&vpc->subnets[i]->ipv6_cidr) && prefix_overlaps(&vpc->subnets[i]->ipv6_cidr, network))
            return true;
    return false;
}

/* Where there is none left the subnet has none; a VPC of so many subnets is beyond what the rules allow. */
static void allot_subnet(struct subnet *subnet)
{
    const struct vpc *vpc = subnet->vpc;
    uint64_t hash = allot_hash((const char *const[]){"vpc/", vpc->name, "/subnet/", subnet->name}, 4);
    for (uint32_t i = 0; i < SUBNETS; i++) {
        struct prefix network = subnet_place(vpc, (uint32_t)(hash + i) % SUBNETS);
        if (is_subnet_taken(vpc, &network))
            continue;
        subnet->ipv6_cidr = network;
        return;
    }
}

/* ---- addresses ----------------------------------------------------------------------------------------------------
 */

static const struct addr internet_network = {6, {0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff}};

static const struct addr *address_of(const struct interface *interface, unsigned family)
{
    for (size_t i = 0; i < interface->address_count; i++)
        if (interface->addresses[i].addr.family == family)
            return &interface->addresses[i].addr;
    return NULL;
}

/* Adds NETWORK::IPV4 behind the interface's addresses. */
static void give(struct arena *arena, struct interface *interface, struct addr network)
{
    const struct addr *ipv4 = address_of(interface, 4);
    size_t count = interface->address_count;
    if (ipv4 == NULL || address_of(interface, 6) != NULL)
        return;
    struct prefix *addresses = arena_alloc(arena, (count + 1) * sizeof *addresses);
    struct mark *marks = arena_alloc(arena, (count + 1) * sizeof *marks);
    memcpy(network.bytes + 12, ipv4->bytes, 4);
    memcpy(addresses, interface->addresses, count * sizeof *addresses);
    memcpy(marks, interface->address_marks, count * sizeof *marks);
    addresses[count] = (struct prefix){network, 128};
    interface->addresses = addresses;
    interface->address_marks = marks;
    interface->address_count++;
    interface->added_count++;
}

static void give_node(struct loader *loader, struct node *node, bool internet)
{
    for (size_t i = 0; i < node->interface_count; i++) {
        struct interface *interface = node->interfaces[i];
        if (interface->attachment == ATTACH_SUBNET && is_set(&interface->subnet->ipv6_cidr))
            give(loader->decoder.arena, interface, interface->subnet->ipv6_cidr.addr);
        if (interface->attachment == ATTACH_INTERNET && internet)
            give(loader->decoder.arena, interface, internet_network);
    }
}

void allot_ipv6(struct loader *loader)
{
    const struct topology *topology = loader->topology;
    for (size_t i = 0; i < topology->vpc_count; i++)
        if (topology->vpcs[i]->ipv6_allotted)
            allot_vpc(loader, topology->vpcs[i]);
    for (size_t i = 0; i < topology->vpc_count; i++)
        for (size_t k = 0; k < topology->vpcs[i]->subnet_count; k++) {
            struct subnet *subnet = topology->vpcs[i]->subnets[k];
            if (is_set(&topology->vpcs[i]->ipv6_cidr) && !subnet->ipv6_off && subnet->ipv6_mark.line == 0)
                allot_subnet(subnet);
        }
    for (size_t i = 0; i < topology->node_count; i++)
        give_node(loader, topology->nodes[i], topology_uses_ipv6(topology));
}
