/* A zone in master file format (RFC 1035, section 5), for servers that read it. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/str.h"
#include "model/public_names.h"
#include "service/lowering.h"

#define SERIAL  1
#define REFRESH 3600
#define RETRY   600
#define EXPIRE  604800

const char *record_word(struct arena *arena, const char *value, unsigned n)
{
    value += strspn(value, " \t");
    for (; n && *value; n--) {
        value += strcspn(value, " \t");
        value += strspn(value, " \t");
    }
    return arena_strndup(arena, value, strcspn(value, " \t"));
}

/* What means something to the reader of the file is escaped: labels hold any byte (RFC 1035 5.1). */
static void put_name(struct str *out, const char *name)
{
    for (const char *c = name; *c; c++) {
        if (*c != '.' && !isalnum((unsigned char)*c) && !strchr("-_*/", *c))
            str_append_char(out, '\\');
        str_append_char(out, *c);
    }
    str_append_char(out, '.');
}

/* A text is a list of pieces of at most 255 bytes (RFC 1035 3.3.14). */
static void put_text(struct str *out, const char *text)
{
    size_t length = strlen(text);
    str_append_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (i && i % 255 == 0)
            str_append(out, "\" \"");
        if (text[i] == '"' || text[i] == '\\')
            str_append_char(out, '\\');
        str_append_char(out, text[i]);
    }
    str_append_char(out, '"');
}

static void put_value(struct arena *arena, struct str *out, const char *zone, const struct dns_record *record)
{
    const char *value = record->value;
    unsigned numbers = record->type == RECORD_MX ? 1 : record->type == RECORD_SRV ? 3 : 0;
    switch (record->type) {
    case RECORD_A:
    case RECORD_AAAA:
        str_append(out, value);
        break;
    case RECORD_TXT:
        put_text(out, value);
        break;
    case RECORD_MX:  /* "10 mail" */
    case RECORD_SRV: /* "PRIORITY WEIGHT PORT HOST" */
        for (unsigned i = 0; i < numbers; i++)
            str_printf(out, "%s ", record_word(arena, value, i));
        put_name(out, record_target(arena, zone, record_word(arena, value, numbers)));
        break;
    case RECORD_CNAME:
    case RECORD_PTR:
    case RECORD_NS:
        put_name(out, record_target(arena, zone, value));
        break;
    case RECORD_TYPE_COUNT:
        break;
    }
}

void zone_write(struct str *out, struct arena *arena, const struct zone_text *zone)
{
    str_printf(out, "$TTL %u\n", zone->ttl);
    put_name(out, zone->name);
    str_append(out, "\tSOA ");
    put_name(out, zone->server);
    str_append(out, *zone->name ? " hostmaster." : " hostmaster");
    put_name(out, zone->name);
    str_printf(out, " %d %d %d %d %u\n", SERIAL, REFRESH, RETRY, EXPIRE, zone->negative_ttl);
    for (size_t i = 0; i < zone->record_count; i++) {
        const struct dns_record *record = &zone->records[i];
        put_name(out, record_owner(arena, zone->name, record->name));
        str_printf(out, "\t%s ", record_type_name(record->type));
        put_value(arena, out, zone->name, record);
        str_append_char(out, '\n');
    }
}

/* ---- zones of nodes ---- */

struct completion {
    struct arena *arena;
    const struct dns_zone *zone;
    struct dns_record *records; /* the zone's, and what is added */
    size_t count;
};

static bool has_record(const struct completion *c, enum record_type type, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->records[i].type == type &&
            strcasecmp(record_owner(c->arena, c->zone->name, c->records[i].name), name) == 0)
            return true;
    return false;
}

static void complete(struct completion *c, const char *name, enum record_type type, const char *value)
{
    *ARENA_PUSH(c->arena, c->records, c->count) =
        (struct dns_record){.name = arena_printf(c->arena, "%s.", name), .type = type, .value = value};
}

static void complete_address(struct completion *c, const char *name, const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];
    enum record_type type = addr->family == 4 ? RECORD_A : RECORD_AAAA;
    if (addr_is_set(addr) && domain_contains(c->zone->name, name) && !has_record(c, type, name))
        complete(c, name, type, arena_strdup(c->arena, addr_format(addr, text)));
}

/* By which others ask the service: where it is bound, in public, or the node's first address. */
static struct addr service_address(const struct service *service)
{
    const struct node *node = service->node;
    struct addr first = service->bind;
    for (size_t i = 0; i < node->interface_count && !addr_is_set(&service->bind); i++) {
        struct addr public = interface_public_address(node->interfaces[i]);
        if (addr_is_set(&public))
            return public;
        if (!addr_is_set(&first) && node->interfaces[i]->address_count > 0)
            first = node->interfaces[i]->addresses[0].addr;
    }
    return first;
}

/* The internet's delegation of the zone, said again here, as its parent and the zone itself must agree. */
static void repeat_delegation(struct completion *c, const struct internet *internet, const struct addr *addr)
{
    for (size_t z = 0; z < internet->zone_count; z++)
        for (size_t r = 0; r < internet->zones[z].record_count; r++) {
            const struct dns_record *record = &internet->zones[z].records[r];
            const char *in = internet->zones[z].name;
            if (record->type != RECORD_NS || strcasecmp(record_owner(c->arena, in, record->name), c->zone->name) != 0)
                continue;
            const char *server = record_target(c->arena, in, record->value);
            complete(c, c->zone->name, RECORD_NS, arena_printf(c->arena, "%s.", server));
            complete_address(c, server, addr);
        }
}

void zone_write_service(struct str *out, const struct service_context *context, const struct dns_zone *zone)
{
    const struct service *service = context->service;
    struct addr addr = service_address(service);
    struct completion c = {.arena = context->plan->arena, .zone = zone};
    for (size_t i = 0; i < zone->record_count; i++)
        *ARENA_PUSH(c.arena, c.records, c.count) = zone->records[i];
    if (!has_record(&c, RECORD_NS, zone->name))
        repeat_delegation(&c, &context->topology->internet, &addr);
    if (!has_record(&c, RECORD_NS, zone->name)) {
        const char *server = arena_printf(c.arena, "%s.%s", service->node->name, zone->name);
        complete(&c, zone->name, RECORD_NS, arena_printf(c.arena, "%s.", server));
        complete_address(&c, server, &addr);
    }
    struct zone_text text = {.name = zone->name,
                             .records = c.records,
                             .record_count = c.count,
                             .ttl = service->ttl,
                             .negative_ttl = service->negative_ttl};
    for (size_t i = c.count; i-- > 0;)
        if (c.records[i].type == RECORD_NS &&
            strcasecmp(record_owner(c.arena, zone->name, c.records[i].name), zone->name) == 0)
            text.server = record_target(c.arena, zone->name, c.records[i].value);
    zone_write(out, c.arena, &text);
}
