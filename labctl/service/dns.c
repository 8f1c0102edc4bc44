/* dns: a real name server in the node, configured as an administrator would: BIND where askers are told different
 * things (views), NSD where it only has zones (no recursion), else dnsmasq.  This is dnsmasq and what they share.
 *
 * Names of a zone are relative to it; "@" is the zone itself.  In values a name without dots is relative as well, any
 * other one is complete.  What a zone does not have does not exist (`local=`): it is never asked for elsewhere. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "model/public_names.h"
#include "service/lowering.h"

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
    const char *name = record_owner(arena, zone->name, record->name), *value = record->value;
    switch (record->type) {
    case RECORD_A:
    case RECORD_AAAA:
        put_address(out, name, value);
        break;
    case RECORD_CNAME:
        str_printf(out, "cname=%s,%s\n", name, record_target(arena, zone->name, value));
        break;
    case RECORD_TXT:
        put_text(out, name, value);
        break;
    case RECORD_MX: /* "10 mail" */
        str_printf(out, "mx-host=%s,%s,%s\n", name, record_target(arena, zone->name, record_word(arena, value, 1)),
                   record_word(arena, value, 0));
        break;
    case RECORD_SRV: /* "PRIORITY WEIGHT PORT HOST" */
        str_printf(out, "srv-host=%s,%s,%s,%s,%s\n", name,
                   record_target(arena, zone->name, record_word(arena, value, 3)), record_word(arena, value, 2),
                   record_word(arena, value, 0), record_word(arena, value, 1));
        break;
    case RECORD_PTR:
        str_printf(out, "ptr-record=%s,%s\n", name, record_target(arena, zone->name, value));
        break;
    case RECORD_NS:
        put_ns(out, name, record_target(arena, zone->name, value));
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
    if (service->negative_ttl != 60)
        str_printf(out, "neg-ttl=%u\n", service->negative_ttl);
    for (size_t i = 0; i < service->forward_count; i++)
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

static bool declares(const struct node *node, const char *path)
{
    for (size_t i = 0; i < node->file_count; i++)
        if (str_equal(node->files[i].path, path))
            return true;
    return false;
}

const char *service_dns_path(struct arena *arena, const struct service *service, const char *stem)
{
    for (size_t i = 0; i < service->node->service_count; i++) {
        const struct service *other = service->node->services[i];
        if (other == service)
            break;
        if (other->kind == SERVICE_DNS)
            return arena_printf(arena, "%s-%s.conf", stem, service->name);
    }
    return arena_printf(arena, "%s.conf", stem);
}

void service_file(struct service_context *context, const char *path, const char *content)
{
    struct plan *plan = context->plan;
    if (declares(context->service->node, path))
        return;
    struct plan_file *file = ARENA_PUSH(plan->arena, plan->files, plan->file_count);
    *file = (struct plan_file){.ns = context->ns,
                               .path = path,
                               .content = content,
                               .length = strlen(content),
                               .mode = 0644,
                               .origin = context->process->origin};
}

const struct service_program *service_dns_program(const struct service *service)
{
    return service->view_count > 0 ? &program_named : service->recursion ? &program_dnsmasq : &program_nsd;
}

static void lower_dnsmasq(struct service_context *context)
{
    struct arena *arena = context->plan->arena;
    STR_AUTO text = STR_INIT;
    put_configuration(arena, context->service, &text);
    const char *path = service_dns_path(arena, context->service, "/etc/dnsmasq");
    /* The nodes' user namespace has one user: dnsmasq must not look for another. */
    const char *const argv[] = {"dnsmasq", "--keep-in-foreground",
                                "--user=", "--group=", arena_printf(arena, "--conf-file=%s", path)};
    service_argv(context, argv, ARRAY_SIZE(argv));
    /* Name servers read their files only when they start: a change of the text is a change of the process. */
    context->process->configuration = arena_strdup(arena, str_text(&text));
    service_file(context, path, context->process->configuration);
}

void service_lower_dns(struct service_context *context)
{
    const struct service_program *program = service_dns_program(context->service);
    if (program == &program_named)
        service_lower_named(context);
    else if (program == &program_nsd)
        service_lower_nsd(context);
    else
        lower_dnsmasq(context);
    service_ready(context, READY_UDP_BOUND, context->service->port);
}
