/* NSD, which has zones and nothing else: its configuration, for the internet's name servers and for nodes.
 *
 * One process without a user of its own (the namespaces have but one), without control channel, and with its tables
 * made small: what it makes for zone transfers and rate limits by default takes longer than everything else at the
 * start. */
#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "service/lowering.h"

void nsd_write(struct str *out, const struct nsd_text *nsd)
{
    char text[ADDR_TEXT_MAX];
    str_append(out, "server:\n");
    for (size_t i = 0; i < nsd->address_count; i++)
        str_printf(out, "    ip-address: %s\n", addr_format(&nsd->addresses[i], text));
    str_printf(out, "    port: %u\n    ip-freebind: yes\n    server-count: 1\n    username: \"\"\n    chroot: \"\"\n",
               nsd->port);
    str_append(out, "    database: \"\"\n    pidfile: \"\"\n    hide-version: yes\n    minimal-responses: yes\n");
    str_printf(out,
               "    zonesdir: \"%s\"\n    xfrdir: \"/tmp\"\n    xfrdfile: \"\"\n    zonelistfile: \"%s/zone.list\"\n",
               nsd->directory, nsd->directory);
    str_append(out, "    xfrd-tcp-max: 1\n    xfrd-tcp-pipeline: 1\n    tcp-count: 32\n"
                    "    rrl-size: 1\n    rrl-ratelimit: 0\n    rrl-whitelist-ratelimit: 0\n"
                    "remote-control:\n    control-enable: no\n");
}

void nsd_write_zone(struct str *out, const char *name, const char *file)
{
    str_printf(out, "zone:\n    name: \"%s\"\n    zonefile: \"%s\"\n", *name ? name : ".", file);
}

/* Answers go out from the address that was asked only where each has its socket. */
static void listen_everywhere(struct arena *arena, const struct service *service, struct nsd_text *nsd)
{
    static const struct addr loopback = {4, {127, 0, 0, 1}};
    if (addr_is_set(&service->bind)) {
        *ARENA_PUSH(arena, nsd->addresses, nsd->address_count) = service->bind;
        return;
    }
    *ARENA_PUSH(arena, nsd->addresses, nsd->address_count) = loopback;
    for (size_t i = 0; i < service->node->interface_count; i++)
        for (size_t a = 0; a < service->node->interfaces[i]->address_count; a++)
            *ARENA_PUSH(arena, nsd->addresses, nsd->address_count) = service->node->interfaces[i]->addresses[a].addr;
}

void service_lower_nsd(struct service_context *context)
{
    const struct service *service = context->service;
    struct arena *arena = context->plan->arena;
    STR_AUTO text = STR_INIT;
    STR_AUTO all = STR_INIT;
    struct nsd_text nsd = {.directory = "/etc/nsd", .port = service->port};
    const char *path = service_dns_path(arena, service, "/etc/nsd/nsd");
    listen_everywhere(arena, service, &nsd);
    nsd_write(&text, &nsd);
    for (size_t i = 0; i < service->zone_count; i++) {
        STR_AUTO zone = STR_INIT;
        const char *file = arena_printf(arena, "%s.%s.zone", service->name, service->zones[i].name);
        zone_write_service(&zone, context, &service->zones[i]);
        nsd_write_zone(&text, service->zones[i].name, file);
        service_file(context, arena_printf(arena, "/etc/nsd/%s", file), arena_strdup(arena, str_text(&zone)));
        str_append(&all, str_text(&zone));
    }
    str_append(&all, str_text(&text));
    const char *const argv[] = {"nsd", "-d", "-c", path};
    service_argv(context, argv, ARRAY_SIZE(argv));
    context->process->configuration = arena_strdup(arena, str_text(&all));
    service_file(context, path, arena_strdup(arena, str_text(&text)));
}
