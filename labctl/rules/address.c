/* Rules of addresses: where they lie, and that each is one thing's. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "model/public_names.h"
#include "rules/check.h"

static const struct prefix public_prefixes[] = {
    {{4, {192, 0, 2, 0}}, 24},
    {{4, {198, 51, 100, 0}}, 24},
    {{4, {203, 0, 113, 0}}, 24}, /* RFC 5737 */
};
#define PUBLIC_PREFIXES "192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24"

static const struct subnet *subnet_of(const struct interface *interface)
{
    const struct subnet *subnet = interface->attachment == ATTACH_SUBNET ? interface->subnet : NULL;
    return subnet && subnet->cidr.addr.family == 4 ? subnet : NULL;
}

static void reserved_address(struct rules *rules, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX];
    const struct subnet *subnet = subnet_of(interface);
    for (size_t i = 0; subnet && i < interface->address_count; i++) {
        const struct addr *addr = &interface->addresses[i].addr;
        if (addr->family != 4 || !prefix_contains(&subnet->cidr, addr))
            continue;
        uint32_t offset = addr_ipv4(addr) - addr_ipv4(&subnet->cidr.addr);
        if (offset > 3 && offset + 1 < prefix_size(&subnet->cidr))
            continue;
        remedy(rules,
               broken(rules, address_mark(interface, i), "%s is reserved in subnet '%s'", addr_format(addr, text),
                      subnet->name),
               "the first four addresses of a subnet and the last are reserved");
    }
}

void check_reserved_address(struct rules *rules)
{
    each_interface(rules, reserved_address);
}

static void address_outside_subnet(struct rules *rules, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX], cidr[ADDR_TEXT_MAX];
    const struct subnet *subnet = subnet_of(interface);
    for (size_t i = 0; subnet && i < interface->address_count; i++) {
        const struct addr *addr = &interface->addresses[i].addr;
        if (addr->family != 4 || prefix_contains(&subnet->cidr, addr))
            continue;
        elsewhere(broken(rules, address_mark(interface, i), "%s is not in subnet '%s' (%s)", addr_format(addr, text),
                         subnet->name, prefix_format(&subnet->cidr, cidr)),
                  subnet->cidr_mark, "the subnet's addresses");
    }
}

void check_address_outside_subnet(struct rules *rules)
{
    each_interface(rules, address_outside_subnet);
}

static void unusable_address(struct rules *rules, const struct interface *interface)
{
    char text[ADDR_TEXT_MAX], network_text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < interface->address_count; i++) {
        struct prefix prefix = interface->addresses[i], network = prefix_network(prefix);
        const struct addr *addr = &prefix.addr;
        struct addr last = prefix_last(&network);
        if (addr->family == 0 || interface->attachment == ATTACH_SUBNET || interface->attachment == ATTACH_INTERNET)
            continue;
        prefix_format(&network, network_text);
        bool wide = prefix.length < addr_bits(addr) - 1;
        bool multicast = addr->family == 4 ? addr->bytes[0] >= 224 : addr->bytes[0] == 0xff;
        bool nobody = addr->family == 4 ? addr->bytes[0] == 0 || addr->bytes[0] == 127 : prefix_size(&network) == 0;
        if (multicast || nobody)
            broken(rules, address_mark(interface, i), "%s is no address of a machine on a network",
                   addr_format(addr, text));
        else if (wide && addr->family == 4 && addr_equal(addr, &network.addr))
            broken(rules, address_mark(interface, i), "%s is the address of the network %s itself",
                   addr_format(addr, text), network_text);
        else if (wide && addr->family == 4 && addr_equal(addr, &last))
            broken(rules, address_mark(interface, i), "%s is the broadcast address of %s", addr_format(addr, text),
                   network_text);
    }
}

void check_unusable_address(struct rules *rules)
{
    each_interface(rules, unusable_address);
}

/* ---- each address is one thing's ------------------------------------------------------------------------------- */

struct use {
    const void *scope;
    struct addr addr;
    struct mark mark;
    const char *who;
};
struct uses {
    struct use *items;
    size_t count;
};

static int by_scope(const void *a, const void *b)
{
    const struct use *x = a, *y = b;
    if (x->scope != y->scope)
        return (uintptr_t)x->scope < (uintptr_t)y->scope ? -1 : 1;
    int order = addr_compare(&x->addr, &y->addr);
    return order != 0 ? order : mark_compare(x->mark, y->mark);
}

static void note(struct rules *rules, struct uses *uses, const void *scope, struct addr addr, struct mark mark,
                 const char *who)
{
    if (scope && addr_is_set(&addr))
        *ARENA_PUSH(rules->scratch, uses->items, uses->count) = (struct use){scope, addr, mark, who};
}

static void report_twice(struct rules *rules, struct uses *uses, const char *what)
{
    char text[ADDR_TEXT_MAX];
    if (uses->count > 1)
        qsort(uses->items, uses->count, sizeof uses->items[0], by_scope);
    for (size_t i = 1; i < uses->count; i++) {
        const struct use *early = &uses->items[i - 1], *late = &uses->items[i];
        if (early->scope != late->scope || !addr_equal(&early->addr, &late->addr))
            continue;
        elsewhere(broken(rules, late->mark, "%s %s of %s is that of %s", what, addr_format(&late->addr, text),
                         late->who, early->who),
                  early->mark, "used here");
    }
}

static const char *who(struct rules *rules, const struct interface *interface)
{
    return arena_printf(rules->scratch, "'%s/%s'", interface->node->name, interface->name);
}

void check_duplicate_address(struct rules *rules)
{
    const struct topology *topology = rules->topology;
    struct uses uses = {0};
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t k = 0; k < topology->nodes[n]->interface_count; k++) {
            const struct interface *interface = topology->nodes[n]->interfaces[k];
            const void *scope = interface->attachment == ATTACH_INTERNET ? NULL : scope_of(rules, interface);
            const char *name = scope && interface->address_count ? who(rules, interface) : NULL;
            for (size_t i = 0; i < interface->address_count; i++)
                note(rules, &uses, scope, interface->addresses[i].addr, address_mark(interface, i), name);
        }
    report_twice(rules, &uses, "address");
}

void check_duplicate_public_ip(struct rules *rules)
{
    const struct topology *topology = rules->topology;
    struct uses uses = {0};
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t k = 0; k < topology->nodes[n]->interface_count; k++) {
            const struct interface *interface = topology->nodes[n]->interfaces[k];
            struct mark mark = interface->public_ip_mark.line ? interface->public_ip_mark : interface->mark;
            if (addr_is_set(&interface->public_ip))
                note(rules, &uses, topology, interface->public_ip, mark, who(rules, interface));
            for (size_t i = 0; interface->attachment == ATTACH_INTERNET && i < interface->address_count; i++)
                note(rules, &uses, topology, interface->addresses[i].addr, address_mark(interface, i),
                     who(rules, interface));
        }
    for (size_t v = 0; v < topology->vpc_count; v++)
        for (size_t i = 0; i < topology->vpcs[v]->nat_gateway_count; i++) {
            const struct nat_gateway *gateway = topology->vpcs[v]->nat_gateways[i];
            note(rules, &uses, topology, gateway->public_ip, gateway->mark,
                 arena_printf(rules->scratch, "NAT gateway '%s'", gateway->name));
        }
    report_twice(rules, &uses, "public address");
}

/* ---- the internet ---------------------------------------------------------------------------------------------- */

static void internet_address(struct rules *rules, const struct addr *addr, struct mark mark)
{
    char text[ADDR_TEXT_MAX];
    addr_format(addr, text);
    if (addr->family == 6) {
        internet_ipv6_address(rules, addr, mark);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(public_prefixes); i++) {
        if (!prefix_contains(&public_prefixes[i], addr))
            continue;
        uint32_t offset = addr_ipv4(addr) & 0xff;
        if (offset == 1)
            broken(rules, mark, "%s is taken: the first address of a public prefix is its gateway", text);
        else if (offset == 0 || offset == 255)
            broken(rules, mark, "%s is the %s address of its prefix", text, offset ? "last" : "network");
        else if (addr_equal(addr, &public_resolver))
            broken(rules, mark, "%s is taken: it is the public resolver's", text);
        return;
    }
    remedy(rules, broken(rules, mark, "%s is not in a public prefix of the internet", text),
           "the public prefixes are %s", PUBLIC_PREFIXES);
}

static void interface_internet_address(struct rules *rules, const struct interface *interface)
{
    for (size_t i = 0; interface->attachment == ATTACH_INTERNET && i < interface->address_count; i++)
        internet_address(rules, &interface->addresses[i].addr, address_mark(interface, i));
    if (interface->public_ip_mode == PUBLIC_IP_ADDRESS && addr_is_set(&interface->public_ip))
        internet_address(rules, &interface->public_ip,
                         interface->public_ip_mark.line ? interface->public_ip_mark : interface->mark);
}

static void nat_gateway_address(struct rules *rules, const struct vpc *vpc)
{
    for (size_t i = 0; i < vpc->nat_gateway_count; i++)
        if (vpc->nat_gateways[i]->public_ip_declared)
            internet_address(rules, &vpc->nat_gateways[i]->public_ip, vpc->nat_gateways[i]->mark);
}

void check_internet_address(struct rules *rules)
{
    each_interface(rules, interface_internet_address);
    each_vpc(rules, nat_gateway_address);
}
