/* Public names of instances, and who uses the internet's names. */
#include "model/public_names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/str.h"
#include "model/check.h"

const struct addr public_resolver = {4, {203, 0, 113, 53}};

const char *public_name(struct arena *arena, const struct addr *addr)
{
    return arena_printf(arena, "ec2-%u-%u-%u-%u." PUBLIC_NAMES_ZONE, addr->bytes[0], addr->bytes[1], addr->bytes[2],
                        addr->bytes[3]);
}

bool has_public_name(const struct interface *interface)
{
    return interface->attachment == ATTACH_SUBNET && interface->public_ip.family == 4 && interface->subnet &&
           interface->subnet->vpc->dns_hostnames;
}

struct addr interface_public_address(const struct interface *interface)
{
    if (interface->attachment == ATTACH_SUBNET)
        return interface->public_ip;
    for (size_t i = 0; interface->attachment == ATTACH_INTERNET && i < interface->address_count; i++)
        if (interface->addresses[i].addr.family == 4)
            return interface->addresses[i].addr;
    return (struct addr){0};
}

const struct node *node_at(const struct topology *topology, const struct addr *addr)
{
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t k = 0; k < topology->nodes[i]->interface_count; k++) {
            const struct interface *interface = topology->nodes[i]->interfaces[k];
            if (interface->attachment == ATTACH_SUBNET && addr_equal(&interface->public_ip, addr))
                return topology->nodes[i];
            for (size_t a = 0; interface->attachment == ATTACH_INTERNET && a < interface->address_count; a++)
                if (addr_equal(&interface->addresses[a].addr, addr))
                    return topology->nodes[i];
        }
    return NULL;
}

/* ---- who asks ---- */

static bool is_among(const struct addr *addrs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (addr_equal(&addrs[i], &public_resolver))
            return true;
    return false;
}

static bool node_asks(const struct node *node)
{
    if (is_among(node->resolver.servers, node->resolver.server_count))
        return true;
    for (size_t i = 0; i < node->service_count; i++)
        if (is_among(node->services[i]->forward, node->services[i]->forward_count))
            return true;
    return false;
}

bool topology_uses_names(const struct topology *topology)
{
    if (topology->internet.zones_declared)
        return true;
    for (size_t i = 0; i < topology->node_count; i++)
        if (node_asks(topology->nodes[i]))
            return true;
    for (size_t i = 0; i < topology->check_count; i++) {
        const struct check *check = topology->checks[i];
        if (check->kind == CHECK_DNS && check->dns.has_server && is_among(&check->dns.server.addr, 1))
            return true;
    }
    return false;
}

/* ---- names ---- */

bool domain_contains(const char *zone, const char *name)
{
    size_t outer = strlen(zone), inner = strlen(name);
    if (outer == 0)
        return true;
    if (inner < outer || strcasecmp(name + inner - outer, zone) != 0)
        return false;
    return inner == outer || name[inner - outer - 1] == '.';
}

const char *record_owner(struct arena *arena, const char *zone, const char *name)
{
    size_t length = strlen(name);
    if (str_equal(name, "@"))
        return zone;
    if (length && name[length - 1] == '.')
        return arena_strndup(arena, name, length - 1);
    if (*zone == '\0' || domain_contains(zone, name))
        return name;
    return arena_printf(arena, "%s.%s", name, zone);
}

const char *record_target(struct arena *arena, const char *zone, const char *name)
{
    return str_equal(name, "@") || !strchr(name, '.') ? record_owner(arena, zone, name)
           : str_ends(name, ".")                      ? arena_strndup(arena, name, strlen(name) - 1)
                                                      : name;
}

/* ---- values of records ---- */

static bool is_domain(const char *text)
{
    size_t label = 0, length = strlen(text);
    if (length == 0 || length > 254)
        return false;
    for (const char *c = text; *c; c++) {
        if (*c == '.') {
            if (label == 0 && strcmp(text, ".") != 0)
                return false;
            label = 0;
        } else if (*c <= ' ' || *c == 0x7f || strchr(",\"'\\/", *c) || ++label > 63) {
            return false;
        }
    }
    return true;
}

/* "10 mail", "0 5 5060 sip": `count` numbers and a name. */
static bool is_numbered(const char *text, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char *end;
        unsigned long value = strtoul(text, &end, 10);
        if (end == text || *end != ' ' || value > 65535 || *text == '-' || *text == '+')
            return false;
        text = end + 1;
    }
    return is_domain(text);
}

const char *record_misfit(enum record_type type, const char *value)
{
    struct addr addr;
    bool is_addr = addr_parse(value, &addr);
    switch (type) {
    case RECORD_A:
        return is_addr && addr.family == 4 ? NULL : "an IPv4 address";
    case RECORD_AAAA:
        return is_addr && addr.family == 6 ? NULL : "an IPv6 address";
    case RECORD_CNAME:
    case RECORD_PTR:
    case RECORD_NS:
        return !is_addr && is_domain(value) ? NULL : "a name";
    case RECORD_MX:
        return is_numbered(value, 1) ? NULL : "a preference and a name, such as '10 mail'";
    case RECORD_SRV:
        return is_numbered(value, 3) ? NULL : "priority, weight, port and a name, such as '0 5 5060 sip'";
    case RECORD_TXT:
        return strpbrk(value, "\n\r") ? "one line of text" : NULL;
    case RECORD_TYPE_COUNT:
        break;
    }
    return NULL;
}

bool record_leads_to(const struct dns_zone *zones, size_t count, const char *from, const char *to)
{
    ARENA_AUTO arena = arena_new();
    size_t steps = 0, aliases = 0;
    for (size_t z = 0; z < count; z++)
        aliases += zones[z].record_count;
    for (const char *next = from; next && steps <= aliases; steps++) {
        if (!strcasecmp(next, to))
            return true;
        const char *name = next;
        next = NULL;
        for (size_t z = 0; z < count && !next; z++)
            for (size_t r = 0; r < zones[z].record_count && !next; r++) {
                const struct dns_record *record = &zones[z].records[r];
                if (record->type == RECORD_CNAME && !strcasecmp(record_owner(arena, zones[z].name, record->name), name))
                    next = record_target(arena, zones[z].name, record->value);
            }
    }
    return false;
}
