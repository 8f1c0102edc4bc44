/* The tree of zones: what is declared, and what a resolver needs to find it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "model/public_names.h"

/* The root's servers have the addresses that every resolver's hints name (IANA's root hints), so that one that brings
 * its own finds them.  Top-level domains and zones are served from prefixes which no machine of a lab can have. */
static const struct addr root_servers[] = {
    {4, {198, 41, 0, 4}},    {4, {170, 247, 170, 2}},  {4, {199, 9, 14, 201}},  {4, {192, 33, 4, 12}},
    {4, {199, 7, 91, 13}},   {4, {192, 203, 230, 10}}, {4, {192, 5, 5, 241}},   {4, {192, 112, 36, 4}},
    {4, {198, 97, 190, 53}}, {4, {192, 36, 148, 17}},  {4, {192, 58, 128, 30}}, {4, {193, 0, 14, 129}},
    {4, {199, 7, 83, 42}},   {4, {202, 12, 27, 33}},
};
static const struct addr top_server = {4, {192, 5, 6, 30}};
static const struct addr zone_servers = {4, {205, 251, 192, 0}};

#define ROOT_SERVER "a.root-servers.net"
#define TOP_SERVER  "a.gtld-servers.net"

static const char *const reverse_zones[] = {"2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa",
                                            "113.0.203.in-addr.arpa"};

struct builder {
    const struct topology *topology;
    struct arena *arena;
    struct name_tree *tree;
    bool taken[256]; /* last bytes of the zone servers' addresses */
};

static void add_record(struct builder *b, struct name_zone *zone, const char *owner, enum record_type type,
                       const char *value)
{
    const char *name = arena_printf(b->arena, "%s.", owner);
    *ARENA_PUSH(b->arena, zone->records, zone->record_count) =
        (struct dns_record){.name = name, .type = type, .value = value};
}

static void add_address(struct builder *b, struct name_zone *zone, const char *owner, const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];
    add_record(b, zone, owner, addr->family == 4 ? RECORD_A : RECORD_AAAA,
               arena_strdup(b->arena, addr_format(addr, text)));
}

struct name_zone *name_tree_zone(const struct name_tree *tree, const char *name)
{
    for (size_t i = 0; i < tree->zone_count; i++)
        if (strcasecmp(tree->zones[i]->name, name) == 0)
            return tree->zones[i];
    return NULL;
}

static struct name_zone *need_zone(struct builder *b, const char *name)
{
    struct name_zone *zone = name_tree_zone(b->tree, name);
    if (zone)
        return zone;
    zone = ARENA_NEW(b->arena, struct name_zone);
    zone->name = name;
    *ARENA_PUSH(b->arena, b->tree->zones, b->tree->zone_count) = zone;
    return zone;
}

/* Each zone that lies below the root directly or not has its top-level domain. */
static void need_top_level(struct builder *b)
{
    size_t count = b->tree->zone_count;
    for (size_t i = 1; i < count; i++) {
        const char *dot = strrchr(b->tree->zones[i]->name, '.');
        if (dot)
            need_zone(b, dot + 1);
    }
}

static unsigned label_count(const char *name)
{
    unsigned count = *name != '\0';
    for (; *name; name++)
        count += *name == '.';
    return count;
}

static int parents_first(const void *a, const void *b)
{
    const struct name_zone *x = *(struct name_zone *const *)a, *y = *(struct name_zone *const *)b;
    unsigned m = label_count(x->name), n = label_count(y->name);
    return m != n ? (m > n) - (m < n) : strcasecmp(x->name, y->name);
}

static void find_parents(struct builder *b)
{
    struct name_tree *tree = b->tree;
    qsort(tree->zones, tree->zone_count, sizeof tree->zones[0], parents_first);
    for (size_t i = 1; i < tree->zone_count; i++) {
        struct name_zone *zone = tree->zones[i];
        for (size_t k = i; k-- > 0 && !zone->parent;)
            if (domain_contains(tree->zones[k]->name, zone->name) && strlen(tree->zones[k]->name) < strlen(zone->name))
                zone->parent = tree->zones[k];
        zone->level = zone->parent->level + 1;
    }
}

/* ---- name servers ---- */

/* The address that a record of the internet's zones stands for; family 0 where it is none. */
static struct addr address_of(const struct dns_record *record)
{
    struct addr addr = {0};
    if (record->interface)
        return interface_public_address(record->interface);
    if ((record->type != RECORD_A && record->type != RECORD_AAAA) || !addr_parse(record->value, &addr))
        return (struct addr){0};
    return addr;
}

/* The addresses that declared zones give for a name. */
static void addresses_of_name(struct builder *b, const char *name, struct addr **out, size_t *count)
{
    const struct internet *internet = &b->topology->internet;
    for (size_t z = 0; z < internet->zone_count; z++)
        for (size_t r = 0; r < internet->zones[z].record_count; r++) {
            const struct dns_record *record = &internet->zones[z].records[r];
            struct addr addr = address_of(record);
            if (addr_is_set(&addr) &&
                strcasecmp(record_owner(b->arena, internet->zones[z].name, record->name), name) == 0)
                *ARENA_PUSH(b->arena, *out, *count) = addr;
        }
}

/* An address for a zone's server: a function of the zone's name. */
static struct addr allot_server(struct builder *b, const char *zone)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = zone; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    unsigned place = hash % 254 + 1;
    for (unsigned i = 0; i < 254 && b->taken[place]; i++)
        place = place % 254 + 1;
    b->taken[place] = true; /* more than 254 zones share addresses: a server may have many zones */
    struct addr addr = zone_servers;
    addr.bytes[3] = (uint8_t)place;
    return addr;
}

static void own_servers(struct builder *b, struct name_zone *zone)
{
    if (zone->level == 0) {
        zone->server = ROOT_SERVER;
        zone->addresses = arena_copy(b->arena, root_servers, sizeof root_servers);
        zone->address_count = ARRAY_SIZE(root_servers);
        return;
    }
    zone->server = zone->level == 1 ? TOP_SERVER : arena_printf(b->arena, "ns1.%s", zone->name);
    struct addr addr = zone->level == 1 ? top_server : allot_server(b, zone->name);
    zone->addresses = arena_copy(b->arena, &addr, sizeof addr);
    zone->address_count = 1;
}

/* Name servers that the author declared; those that are machines of the lab have the zone instead of the tree. */
static bool declared_servers(struct builder *b, struct name_zone *zone)
{
    for (size_t i = 0; zone->declared && i < zone->declared->record_count; i++) {
        const struct dns_record *record = &zone->declared->records[i];
        if (record->type != RECORD_NS || strcasecmp(record_owner(b->arena, zone->name, record->name), zone->name) != 0)
            continue;
        const char *server = record_target(b->arena, zone->name, record->value);
        zone->server = zone->server ? zone->server : server;
        addresses_of_name(b, server, &zone->addresses, &zone->address_count);
    }
    for (size_t i = 0; i < zone->address_count; i++)
        zone->delegated |= node_at(b->topology, &zone->addresses[i]) != NULL;
    return zone->server != NULL;
}

/* NS records of a zone, and the addresses of those servers that lie within it: in the zone itself, and in its parent.
 */
static void delegate(struct builder *b, struct name_zone *zone)
{
    struct name_zone *parent = zone->parent;
    bool declared = declared_servers(b, zone);
    if (!declared) {
        own_servers(b, zone);
        const char *value = arena_printf(b->arena, "%s.", zone->server);
        add_record(b, zone, zone->name, RECORD_NS, value);
        if (parent)
            add_record(b, parent, zone->name, RECORD_NS, value);
        if (domain_contains(zone->name, zone->server) && parent) {
            add_address(b, zone, zone->server, &zone->addresses[0]);
            add_address(b, parent, zone->server, &zone->addresses[0]);
        }
        return;
    }
    for (size_t i = 0; parent && i < zone->declared->record_count; i++) {
        const struct dns_record *record = &zone->declared->records[i];
        const char *owner = record_owner(b->arena, zone->name, record->name);
        if (record->type == RECORD_NS && strcasecmp(owner, zone->name) == 0) {
            const char *server = record_target(b->arena, zone->name, record->value);
            struct addr *glue = NULL;
            size_t count = 0;
            add_record(b, parent, zone->name, RECORD_NS, arena_printf(b->arena, "%s.", server));
            if (domain_contains(zone->name, server))
                addresses_of_name(b, server, &glue, &count);
            for (size_t g = 0; g < count; g++)
                add_address(b, parent, server, &glue[g]);
        }
    }
}

/* ---- what the zones hold ---- */

static void copy_declared(struct builder *b, struct name_zone *zone)
{
    for (size_t i = 0; i < zone->declared->record_count; i++) {
        const struct dns_record *record = &zone->declared->records[i];
        struct addr addr = record->interface ? interface_public_address(record->interface) : (struct addr){0};
        if (record->interface && !addr_is_set(&addr))
            continue; /* of an instance that the internet does not reach */
        struct dns_record *copy = ARENA_PUSH(b->arena, zone->records, zone->record_count);
        *copy = *record;
        if (record->interface) {
            char text[ADDR_TEXT_MAX];
            copy->value = arena_strdup(b->arena, addr_format(&addr, text));
        }
    }
}

static bool has_pointer(struct builder *b, const struct name_zone *zone, const char *name)
{
    for (size_t i = 0; i < zone->record_count; i++)
        if (strcasecmp(record_owner(b->arena, zone->name, zone->records[i].name), name) == 0)
            return true;
    return false;
}

/* The name of an address, where nobody has given it one yet. */
static void add_pointer(struct builder *b, const struct addr *addr, const char *name)
{
    if (addr->family != 4 || strchr(name, '*'))
        return;
    const uint8_t *bytes = addr->bytes;
    const char *reverse = arena_printf(b->arena, "%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
    for (size_t i = 0; i < ARRAY_SIZE(reverse_zones); i++) {
        struct name_zone *zone = name_tree_zone(b->tree, reverse_zones[i]);
        if (domain_contains(zone->name, reverse) && !zone->delegated && !has_pointer(b, zone, reverse))
            add_record(b, zone, reverse, RECORD_PTR, arena_printf(b->arena, "%s.", name));
    }
}

static void add_pointers(struct builder *b)
{
    for (size_t z = 0; z < b->tree->zone_count; z++) {
        const struct dns_zone *declared = b->tree->zones[z]->declared;
        for (size_t r = 0; declared && r < declared->record_count; r++) {
            struct addr addr = address_of(&declared->records[r]);
            if (addr_is_set(&addr))
                add_pointer(b, &addr, record_owner(b->arena, declared->name, declared->records[r].name));
        }
    }
}

static void add_public_names(struct builder *b)
{
    struct name_zone *zone = name_tree_zone(b->tree, PUBLIC_NAMES_ZONE);
    for (size_t i = 0; zone && i < b->topology->node_count; i++)
        for (size_t k = 0; k < b->topology->nodes[i]->interface_count; k++) {
            const struct interface *interface = b->topology->nodes[i]->interfaces[k];
            if (!has_public_name(interface))
                continue;
            const char *name = public_name(b->arena, &interface->public_ip);
            add_address(b, zone, name, &interface->public_ip);
            add_pointer(b, &interface->public_ip, name);
        }
}

/* The addresses of the root's and the top-level domains' servers are names of the zone net as well. */
static void add_server_names(struct builder *b)
{
    static const struct {
        const char *name;
        const struct addr *addr;
    } servers[] = {{ROOT_SERVER, &root_servers[0]}, {TOP_SERVER, &top_server}};
    for (size_t i = 0; i < ARRAY_SIZE(servers); i++) {
        add_address(b, b->tree->zones[0], servers[i].name, servers[i].addr);
        add_address(b, name_tree_zone(b->tree, "net"), servers[i].name, servers[i].addr);
    }
}

struct name_tree *name_tree_build(const struct topology *topology, struct arena *arena)
{
    struct builder b = {.topology = topology, .arena = arena, .tree = ARENA_NEW(arena, struct name_tree)};
    need_zone(&b, "");
    for (size_t i = 0; i < topology->internet.zone_count; i++)
        need_zone(&b, topology->internet.zones[i].name)->declared = &topology->internet.zones[i];
    for (size_t i = 0; i < ARRAY_SIZE(reverse_zones); i++)
        need_zone(&b, reverse_zones[i]);
    need_zone(&b, PUBLIC_NAMES_ZONE);
    need_zone(&b, "net");
    need_top_level(&b);
    find_parents(&b);
    for (size_t i = 0; i < b.tree->zone_count; i++) {
        struct name_zone *zone = b.tree->zones[i];
        delegate(&b, zone);
        if (zone->declared && !zone->delegated)
            copy_declared(&b, zone);
        if (!zone->delegated && zone->level + 1 > b.tree->levels)
            b.tree->levels = zone->level + 1;
    }
    add_server_names(&b);
    add_public_names(&b);
    add_pointers(&b);
    return b.tree;
}
