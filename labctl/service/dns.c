/* dns: dnsmasq in the node, configured by /etc/dnsmasq.conf as an administrator would.
 *
 * Names of a zone are relative to it; "@" is the zone itself.  In values a name without dots is relative as well, any
 * other one is complete.  What a zone does not have does not exist (`local=`): it is never asked for elsewhere. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "service/lowering.h"

/* The record's own name, without a final dot. */
static const char *owner(struct arena *arena, const struct dns_zone *zone, const char *name)
{
    size_t length = strlen(name);
    if (str_equal(name, "@") || str_equal(name, zone->name))
        return zone->name;
    if (length && name[length - 1] == '.')
        return arena_strndup(arena, name, length - 1);
    const char *suffix = arena_printf(arena, ".%s", zone->name);
    return str_ends(name, suffix) ? name : arena_printf(arena, "%s%s", name, suffix);
}

/* A name that a record points to. */
static const char *target(struct arena *arena, const struct dns_zone *zone, const char *name)
{
    return str_equal(name, "@") || !strchr(name, '.') ? owner(arena, zone, name)
           : str_ends(name, ".")                      ? arena_strndup(arena, name, strlen(name) - 1)
                                                      : name;
}

/* The n-th of the words of a value, or "". */
static const char *word(struct arena *arena, const char *value, unsigned n)
{
    value += strspn(value, " \t");
    for (; n && *value; n--) {
        value += strcspn(value, " \t");
        value += strspn(value, " \t");
    }
    return arena_strndup(arena, value, strcspn(value, " \t"));
}

/* "dns-rr=NAME,2,HEX": dnsmasq knows NS only as raw data (RFC 1035 3.1: labels with their lengths). */
static void put_ns(struct str *out, const char *name, const char *host)
{
    str_printf(out, "dns-rr=%s,2,", name);
    while (*host) {
        size_t length = strcspn(host, ".");
        str_printf(out, "%02zx", length);
        for (size_t i = 0; i < length; i++)
            str_printf(out, "%02x", (unsigned char)host[i]);
        host += length + (host[length] == '.');
    }
    str_append(out, "00\n");
}

/* A text is a list of pieces of at most 255 bytes (RFC 1035 3.3.14). */
static void put_text(struct str *out, const char *name, const char *text)
{
    size_t length = strlen(text);
    str_printf(out, "txt-record=%s,\"", name);
    for (size_t i = 0; i < length; i++) {
        if (i && i % 255 == 0)
            str_append(out, "\",\"");
        if (text[i] == '"' || text[i] == '\\')
            str_append_char(out, '\\');
        str_append_char(out, text[i]);
    }
    str_append(out, "\"\n");
}

static void put_address(struct str *out, const char *name, const char *value)
{
    if (str_starts(name, "*."))
        str_printf(out, "address=/%s/%s\n", name, value);
    else
        str_printf(out, "host-record=%s,%s\n", name, value);
}

static void put_record(struct arena *arena, struct str *out, const struct dns_zone *zone,
                       const struct dns_record *record)
{
    const char *name = owner(arena, zone, record->name), *value = record->value;
    switch (record->type) {
    case RECORD_A:
    case RECORD_AAAA:
        put_address(out, name, value);
        break;
    case RECORD_CNAME:
        str_printf(out, "cname=%s,%s\n", name, target(arena, zone, value));
        break;
    case RECORD_TXT:
        put_text(out, name, value);
        break;
    case RECORD_MX: /* "10 mail" */
        str_printf(out, "mx-host=%s,%s,%s\n", name, target(arena, zone, word(arena, value, 1)), word(arena, value, 0));
        break;
    case RECORD_SRV: /* "PRIORITY WEIGHT PORT HOST" */
        str_printf(out, "srv-host=%s,%s,%s,%s,%s\n", name, target(arena, zone, word(arena, value, 3)),
                   word(arena, value, 2), word(arena, value, 0), word(arena, value, 1));
        break;
    case RECORD_PTR:
        str_printf(out, "ptr-record=%s,%s\n", name, target(arena, zone, value));
        break;
    case RECORD_NS:
        put_ns(out, name, target(arena, zone, value));
        break;
    case RECORD_TYPE_COUNT:
        break;
    }
}

static void put_configuration(struct arena *arena, const struct service *service, struct str *out)
{
    char text[ADDR_TEXT_MAX];
    if (service->port != 53)
        str_printf(out, "port=%u\n", service->port);
    if (addr_is_set(&service->bind))
        str_printf(out, "listen-address=%s\nbind-interfaces\n", addr_format(&service->bind, text));
    str_append(out, "no-resolv\nno-hosts\n");
    for (size_t i = 0; i < service->forward_count && service->recursion; i++)
        str_printf(out, "server=%s\n", addr_format(&service->forward[i], text));
    /* The nodes' user namespace has one user: started by hand as well, dnsmasq must not look for another. */
    str_printf(out, "local-ttl=%u\nlog-facility=-\npid-file=\nuser=\ngroup=\n", service->ttl);
    for (size_t i = 0; i < service->zone_count; i++) {
        const struct dns_zone *zone = &service->zones[i];
        str_printf(out, "\n# %s\nlocal=/%s/\n", zone->name, zone->name);
        for (size_t j = 0; j < zone->record_count; j++)
            put_record(arena, out, zone, &zone->records[j]);
    }
}

void service_lower_dns(struct service_context *context)
{
    struct plan *plan = context->plan;
    STR_AUTO text = STR_INIT;
    put_configuration(plan->arena, context->service, &text);
    const char *path = arena_printf(plan->arena, "/etc/%s.conf", service_instance(context, "dnsmasq"));
    /* The nodes' user namespace has one user: dnsmasq must not look for another. */
    const char *const argv[] = {"dnsmasq", "--keep-in-foreground",
                                "--user=", "--group=", arena_printf(plan->arena, "--conf-file=%s", path)};
    service_argv(context, argv, ARRAY_SIZE(argv));
    service_configuration_file(context, path, &text);
    service_ready(context, READY_UDP_BOUND, context->service->port);
}
