/* Addresses and MACs that the file does not say: functions of the object's name, by hash and probing.  What is declared
 * comes first, so that an allotted one gives way; then what a running lab allotted before (loader->allotments); among
 * new ones the order of the file decides a collision. */
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"
#include "load/pool.h"

#define SUBNET_BITS_MAX 16 /* host bits of the largest subnet of a VPC */
#define RESERVED_FIRST  4  /* network, router and two more; and the last one */
#define POOL_SIZE       256

/* The same on every machine: FNV-1a with a finisher (Fowler, Noll, Vo; Appleby's fmix64). */
uint64_t allot_hash(const char *const *parts, size_t count)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < count; i++)
        for (const char *c = parts[i]; *c != '\0'; c++)
            hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 33;
}

uint64_t allot_hash_interface(const struct interface *interface)
{
    if (interface->node == NULL)
        return allot_hash(&interface->name, 1);
    return allot_hash((const char *const[]){"node/", interface->node->name, "/", interface->name}, 4);
}

/* What the running lab allotted to a thing; NULL where it did not. */
static const struct addr *kept(const struct loader *loader, const char *key)
{
    return loader->allotments != NULL ? map_get(loader->allotments, key) : NULL;
}

const struct addr *allot_kept(const struct loader *loader, const struct interface *interface, const char *end)
{
    return loader->allotments != NULL ? kept(loader, interface_key(loader->decoder.arena, interface, end)) : NULL;
}

static const struct addr *kept_nat(const struct loader *loader, const struct nat_gateway *nat, const char *end)
{
    return loader->allotments != NULL ? kept(loader, nat_key(loader->decoder.arena, nat, end)) : NULL;
}

/* ---- private addresses of a VPC -------------------------------------------------------------------------------- */

/* The pool of a subnet. */
struct subnet_pool {
    struct subnet *subnet;
    struct pool pool;
};

/* Takes an address of the subnet; false where it is none or was taken. */
static bool take_address(struct subnet_pool *entry, const struct addr *addr)
{
    return addr->family == 4 && prefix_contains(&entry->subnet->cidr, addr) &&
           pool_take(&entry->pool, addr_ipv4(addr) - addr_ipv4(&entry->subnet->cidr.addr));
}

static struct subnet_pool new_subnet_pool(struct arena *arena, struct subnet *subnet)
{
    unsigned bits = 32 - subnet->cidr.length;
    uint32_t size = UINT32_C(1) << (bits < SUBNET_BITS_MAX ? bits : SUBNET_BITS_MAX);
    struct subnet_pool entry = {subnet, pool_new(arena, size)};
    for (uint32_t i = 0; i < RESERVED_FIRST && i < size; i++)
        pool_take(&entry.pool, i);
    pool_take(&entry.pool, size - 1);
    if (subnet->vpc->cidr.addr.family == 4) {
        struct addr resolver = prefix_host(&subnet->vpc->cidr, 2);
        take_address(&entry, &resolver);
    }
    return entry;
}

/* Pools by subnet. */
struct pools {
    struct loader *loader;
    struct map *by_name; /* "VPC/SUBNET" */
};

static struct subnet_pool *pool_of(struct pools *pools, const struct subnet *subnet)
{
    char key[LABEL_MAX * 4];
    size_t vpc = strlen(subnet->vpc->name), own = strlen(subnet->name);
    if (subnet->cidr.addr.family != 4 || vpc + own + 2 > sizeof key)
        return NULL;
    memcpy(key, subnet->vpc->name, vpc);
    key[vpc] = '/';
    memcpy(key + vpc + 1, subnet->name, own + 1);
    return map_get(pools->by_name, key);
}

static void make_pools(struct pools *pools)
{
    struct arena *arena = pools->loader->decoder.arena;
    const struct topology *topology = pools->loader->topology;
    for (size_t i = 0; i < topology->vpc_count; i++) {
        const struct vpc *vpc = topology->vpcs[i];
        for (size_t k = 0; k < vpc->subnet_count; k++) {
            if (vpc->subnets[k]->cidr.addr.family != 4)
                continue;
            struct subnet_pool *entry = ARENA_NEW(arena, struct subnet_pool);
            *entry = new_subnet_pool(arena, vpc->subnets[k]);
            map_set(pools->by_name, arena_printf(arena, "%s/%s", vpc->name, vpc->subnets[k]->name), entry);
        }
    }
}

/* Says once for a subnet that it is full; a subnet too small to be one is for the rules to report. */
static void report_full(struct loader *loader, struct subnet_pool *entry, const char *what, struct mark mark)
{
    char text[ADDR_TEXT_MAX];
    if (entry->subnet->cidr.length <= 28)
        findings_add(loader->decoder.findings, FINDING_ERROR, "no-free-address", mark,
                     "no free address in subnet '%s' (%s) for %s", entry->subnet->name,
                     prefix_format(&entry->subnet->cidr, text), what);
}

static void keep_nat(struct pools *pools, struct nat_gateway *nat)
{
    const struct addr *addr = kept_nat(pools->loader, nat, "");
    struct subnet_pool *entry = nat->subnet != NULL ? pool_of(pools, nat->subnet) : NULL;
    if (addr != NULL && entry != NULL && take_address(entry, addr))
        nat->address = *addr;
}

static void allot_nat(struct pools *pools, struct nat_gateway *nat)
{
    uint32_t place;
    struct subnet_pool *entry = nat->subnet != NULL ? pool_of(pools, nat->subnet) : NULL;
    if (entry == NULL || addr_is_set(&nat->address))
        return;
    uint64_t hash = allot_hash((const char *const[]){"vpc/", nat->vpc->name, "/nat_gateway/", nat->name}, 4);
    if (pool_probe(&entry->pool, hash, &place))
        nat->address = prefix_host(&entry->subnet->cidr, place);
    else
        report_full(pools->loader, entry, "NAT gateway", nat->mark);
}

bool interface_has_ipv4(const struct interface *interface)
{
    for (size_t i = 0; i < interface->address_count; i++)
        if (interface->addresses[i].addr.family == 4)
            return true;
    return false;
}

/* Gives an interface its first address, before the IPv6 ones that are declared. */
void allot_give(struct loader *loader, struct interface *interface, struct addr addr, uint8_t length)
{
    struct arena *arena = loader->decoder.arena;
    size_t count = interface->address_count;
    struct prefix *addresses = arena_alloc(arena, (count + 1) * sizeof *addresses);
    struct mark *marks = arena_alloc(arena, (count + 1) * sizeof *marks);
    addresses[0] = (struct prefix){addr, length};
    for (size_t i = 0; i < count; i++) {
        addresses[i + 1] = interface->addresses[i];
        marks[i + 1] = interface->address_marks[i];
    }
    interface->address_allotted = true;
    interface->addresses = addresses;
    interface->address_marks = marks;
    interface->address_count = count + 1;
}

static void keep_private_if(void *context, struct interface *interface)
{
    struct pools *pools = context;
    if (interface->attachment != ATTACH_SUBNET || interface_has_ipv4(interface))
        return;
    const struct addr *addr = allot_kept(pools->loader, interface, "");
    struct subnet_pool *entry = pool_of(pools, interface->subnet);
    if (addr != NULL && entry != NULL && take_address(entry, addr))
        allot_give(pools->loader, interface, *addr, entry->subnet->cidr.length);
}

static void allot_private(struct pools *pools, struct interface *interface)
{
    uint32_t place;
    struct subnet_pool *entry = pool_of(pools, interface->subnet);
    if (entry == NULL)
        return;
    if (pool_probe(&entry->pool, allot_hash_interface(interface), &place))
        allot_give(pools->loader, interface, prefix_host(&entry->subnet->cidr, place), entry->subnet->cidr.length);
    else
        report_full(pools->loader, entry,
                    interface->node != NULL
                        ? arena_printf(pools->loader->decoder.arena, "node/%s", interface->node->name)
                        : interface->name,
                    interface->mark);
}

/* ---- public addresses ------------------------------------------------------------------------------------------ */

/* The public prefixes of the simulated internet: of VPCs, of machines, for what does not fit. */
enum public_pool { PUBLIC_VPC, PUBLIC_MACHINES, PUBLIC_OVERFLOW, PUBLIC_COUNT };
static const uint32_t public_bases[PUBLIC_COUNT] = {
    [PUBLIC_VPC] = 0xc6336400,      /* 198.51.100.0/24 (RFC 5737) */
    [PUBLIC_MACHINES] = 0xcb007100, /* 203.0.113.0/24 */
    [PUBLIC_OVERFLOW] = 0xc0000200, /* 192.0.2.0/24 */
};
#define RESOLVER_HOST 53 /* 203.0.113.53 is the public resolver */

struct public_pools {
    struct loader *loader;
    struct pool pools[PUBLIC_COUNT];
    bool full; /* reported */
};

static void take_public(struct public_pools *public, const struct addr *addr)
{
    if (addr->family != 4)
        return;
    for (size_t i = 0; i < PUBLIC_COUNT; i++)
        if ((addr_ipv4(addr) & 0xffffff00) == public_bases[i])
            pool_take(&public->pools[i], addr_ipv4(addr) & 0xff);
}

/* Keeps a public address that is of the pool or the overflow; family 0 where there is none, or it was taken. */
static struct addr keep_public(struct public_pools *public, enum public_pool pool, const struct addr *addr)
{
    if (addr == NULL || addr->family != 4)
        return (struct addr){0};
    uint32_t base = addr_ipv4(addr) & 0xffffff00, place = addr_ipv4(addr) & 0xff;
    if ((base == public_bases[pool] && pool_take(&public->pools[pool], place)) ||
        (base == public_bases[PUBLIC_OVERFLOW] && pool_take(&public->pools[PUBLIC_OVERFLOW], place)))
        return *addr;
    return (struct addr){0};
}

static void make_public(struct public_pools *public)
{
    for (size_t i = 0; i < PUBLIC_COUNT; i++) {
        public->pools[i] = pool_new(public->loader->decoder.arena, POOL_SIZE);
        pool_take(&public->pools[i], 0);
        pool_take(&public->pools[i], 1);
        pool_take(&public->pools[i], POOL_SIZE - 1);
    }
    pool_take(&public->pools[PUBLIC_MACHINES], RESOLVER_HOST);
}

/* A public address from the pool or the overflow; family 0 where both are full (reported once). */
static struct addr allot_public(struct public_pools *public, enum public_pool pool, uint64_t hash, struct mark mark)
{
    uint32_t place;
    if (pool_probe(&public->pools[pool], hash, &place))
        return addr_from_ipv4(public_bases[pool] + place);
    if (pool_probe(&public->pools[PUBLIC_OVERFLOW], hash, &place))
        return addr_from_ipv4(public_bases[PUBLIC_OVERFLOW] + place);
    if (!public->full)
        findings_add(public->loader->decoder.findings, FINDING_ERROR, "no-free-address", mark,
                     "no free public address: 198.51.100.0/24, 203.0.113.0/24 and 192.0.2.0/24 are used up");
    public->full = true;
    return (struct addr){0};
}

/* Whether the interface shall have a public address that is to be allotted. */
static bool wants_public(const struct interface *interface)
{
    if (interface->attachment != ATTACH_SUBNET || !interface->subnet->vpc->internet_gateway)
        return false;
    return interface->public_ip_mode == PUBLIC_IP_YES ||
           (interface->public_ip_mode == PUBLIC_IP_DEFAULT && interface->subnet->public_ips);
}

/* ---- MACs ------------------------------------------------------------------------------------------------------ */

/* A set of 48-bit numbers, open addressing. */
struct mac_set {
    uint64_t *slots; /* number + 1; 0 = free */
    size_t size;
};

static bool mac_take(struct mac_set *set, uint64_t number)
{
    size_t at = (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (set->size - 1);
    while (set->slots[at] != 0) {
        if (set->slots[at] == number + 1)
            return false;
        at = (at + 1) & (set->size - 1);
    }
    set->slots[at] = number + 1;
    return true;
}

static uint64_t mac_number(const struct mac *mac)
{
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof mac->bytes; i++)
        number = number << 8 | mac->bytes[i];
    return number;
}

/* A locally administered address (02:…) that nobody else in the lab has. */
static void allot_mac(struct mac_set *set, struct interface *interface)
{
    uint64_t hash = allot_hash_interface(interface) & UINT64_C(0xffffffffff);
    while (!mac_take(set, UINT64_C(0x020000000000) | hash))
        hash = (hash + 1) & UINT64_C(0xffffffffff);
    hash |= UINT64_C(0x020000000000);
    for (size_t i = 0; i < sizeof interface->mac.bytes; i++)
        interface->mac.bytes[i] = (uint8_t)(hash >> (40 - 8 * i));
}

/* ---- all of it ------------------------------------------------------------------------------------------------- */

typedef void each_interface(void *context, struct interface *interface);

static void for_each(struct interface *const *interfaces, size_t count, each_interface *one, void *context)
{
    for (size_t i = 0; i < count; i++)
        one(context, interfaces[i]);
}

/* Those of nodes, then those of endpoints and services. */
static void for_interfaces(const struct topology *topology, each_interface *one, void *context)
{
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t k = 0; k < topology->nodes[i]->interface_count; k++)
            one(context, topology->nodes[i]->interfaces[k]);
    for (size_t i = 0; i < topology->vpc_count; i++)
        for (size_t k = 0; k < topology->vpcs[i]->endpoint_count; k++)
            for_each(topology->vpcs[i]->endpoints[k]->interfaces, topology->vpcs[i]->endpoints[k]->interface_count, one,
                     context);
    for (size_t i = 0; i < topology->cloud_service_count; i++)
        for_each(topology->cloud_services[i]->interfaces, topology->cloud_services[i]->interface_count, one, context);
}

static void take_declared(void *context, struct interface *interface)
{
    struct pools *pools = context;
    struct subnet_pool *entry = interface->attachment == ATTACH_SUBNET ? pool_of(pools, interface->subnet) : NULL;
    for (size_t i = 0; entry != NULL && i < interface->address_count; i++)
        take_address(entry, &interface->addresses[i].addr);
}

static void allot_private_if(void *context, struct interface *interface)
{
    if (interface->attachment == ATTACH_SUBNET && !interface_has_ipv4(interface))
        allot_private(context, interface);
}

static void allot_private_addresses(struct loader *loader)
{
    const struct topology *topology = loader->topology;
    struct pools pools = {loader, map_new(loader->decoder.arena)};
    if (topology->vpc_count == 0)
        return;
    make_pools(&pools);
    for_interfaces(topology, take_declared, &pools);
    for (size_t i = 0; i < topology->vpc_count; i++)
        for (size_t k = 0; k < topology->vpcs[i]->nat_gateway_count; k++)
            keep_nat(&pools, topology->vpcs[i]->nat_gateways[k]);
    for_interfaces(topology, keep_private_if, &pools);
    for (size_t i = 0; i < topology->vpc_count; i++)
        for (size_t k = 0; k < topology->vpcs[i]->nat_gateway_count; k++)
            allot_nat(&pools, topology->vpcs[i]->nat_gateways[k]);
    for_interfaces(topology, allot_private_if, &pools);
}

static void take_declared_public(void *context, struct interface *interface)
{
    struct public_pools *public = context;
    if (interface->attachment == ATTACH_SUBNET && interface->public_ip_mode == PUBLIC_IP_ADDRESS)
        take_public(public, &interface->public_ip);
    for (size_t i = 0; interface->attachment == ATTACH_INTERNET && i < interface->address_count; i++)
        take_public(public, &interface->addresses[i].addr);
}

static void keep_public_if(void *context, struct interface *interface)
{
    struct public_pools *public = context;
    if (wants_public(interface))
        interface->public_ip = keep_public(public, PUBLIC_VPC, allot_kept(public->loader, interface, "/public_ip"));
    if (interface->attachment != ATTACH_INTERNET || interface_has_ipv4(interface))
        return;
    struct addr addr = keep_public(public, PUBLIC_MACHINES, allot_kept(public->loader, interface, ""));
    if (addr_is_set(&addr))
        allot_give(public->loader, interface, addr, 24);
}

/* The public address of an interface in a subnet, or the address of one at the internet; and the gateway there. */
static void allot_public_if(void *context, struct interface *interface)
{
    struct public_pools *public = context;
    if (wants_public(interface) && !addr_is_set(&interface->public_ip))
        interface->public_ip = allot_public(public, PUBLIC_VPC, allot_hash_interface(interface), interface->mark);
    if (interface->attachment != ATTACH_INTERNET)
        return;
    if (!interface_has_ipv4(interface)) {
        struct addr addr = allot_public(public, PUBLIC_MACHINES, allot_hash_interface(interface), interface->mark);
        if (addr_is_set(&addr))
            allot_give(public->loader, interface, addr, 24);
    }
    for (size_t i = 0; interface->gateway_mark.line == 0 && i < interface->address_count; i++) {
        struct prefix network = prefix_network(interface->addresses[i]);
        if (network.addr.family == 4 && !addr_is_set(&interface->gateway))
            interface->gateway = prefix_host(&network, 1);
    }
}

static bool wants_public_nat(const struct nat_gateway *nat)
{
    return !nat->public_ip_declared && nat->vpc->internet_gateway && !addr_is_set(&nat->public_ip);
}

static void allot_public_nats(struct public_pools *public, struct vpc *vpc, bool keep)
{
    for (size_t k = 0; k < vpc->nat_gateway_count; k++) {
        struct nat_gateway *nat = vpc->nat_gateways[k];
        uint64_t hash = allot_hash((const char *const[]){"vpc/", vpc->name, "/nat_gateway/", nat->name}, 4);
        if (wants_public_nat(nat) && keep)
            nat->public_ip = keep_public(public, PUBLIC_VPC, kept_nat(public->loader, nat, "/public_ip"));
        else if (wants_public_nat(nat))
            nat->public_ip = allot_public(public, PUBLIC_VPC, hash, nat->mark);
    }
}

static void allot_public_addresses(struct loader *loader)
{
    const struct topology *topology = loader->topology;
    struct public_pools public = {.loader = loader};
    make_public(&public);
    for_interfaces(topology, take_declared_public, &public);
    for (size_t i = 0; i < topology->vpc_count; i++)
        for (size_t k = 0; k < topology->vpcs[i]->nat_gateway_count; k++)
            take_public(&public, &topology->vpcs[i]->nat_gateways[k]->public_ip);
    for (size_t i = 0; i < topology->vpc_count; i++)
        allot_public_nats(&public, topology->vpcs[i], true);
    for_interfaces(topology, keep_public_if, &public);
    for (size_t i = 0; i < topology->vpc_count; i++)
        allot_public_nats(&public, topology->vpcs[i], false);
    for_interfaces(topology, allot_public_if, &public);
}

static void count_interface(void *context, struct interface *interface)
{
    (void)interface;
    ++*(size_t *)context;
}

static void take_declared_mac(void *context, struct interface *interface)
{
    if (interface->mac_declared)
        mac_take(context, mac_number(&interface->mac)); /* one that is declared twice is for the rules to report */
}

static void allot_mac_if(void *context, struct interface *interface)
{
    if (!interface->mac_declared)
        allot_mac(context, interface);
}

static void allot_macs(struct loader *loader)
{
    size_t count = 0;
    struct mac_set set = {.size = 16};
    for_interfaces(loader->topology, count_interface, &count);
    while (set.size < count * 2)
        set.size *= 2;
    set.slots = arena_alloc(loader->decoder.arena, set.size * sizeof *set.slots);
    for_interfaces(loader->topology, take_declared_mac, &set);
    for_interfaces(loader->topology, allot_mac_if, &set);
}

void allot(struct loader *loader)
{
    allot_private_addresses(loader);
    allot_networks(loader);
    allot_public_addresses(loader);
    allot_ipv6(loader);
    allot_macs(loader);
}
