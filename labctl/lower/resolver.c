/* The VPC's resolver: dnsmasq in the router's namespace, at base + 2 and 169.254.169.253.  It knows the instances as
 * NODE.ZONE and ip-10-0-1-10.ZONE, and their addresses backwards; and interface endpoints as ENDPOINT.vpce.ZONE and,
 * with private DNS, by the name of their service.  A public zone of the name of the VPC's own is hidden.
 *
 * Public names of instances it knows itself: in their own VPC, and across a peering with `dns: true`, they stand for
 * the private address (split horizon), elsewhere for the public one; and so does what leads to them (a CNAME, a record
 * that names the node).  All else it asks the public resolver, where there is one, over a way of its own. */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"
#include "model/public_names.h"

#define TTL        60
#define CNAMES_MAX 8

static void write_names(struct str *out, const struct router *router)
{
    char text[ADDR_TEXT_MAX];
    const struct vpc *vpc = router->vpc;
    for (size_t i = 0; i < router->port_count; i++) {
        const struct interface *interface = router->ports[i]->interface;
        const struct node *node = interface->node;
        if (!node)
            continue;      /* of an endpoint or a service */
        bool first = true; /* of the node's interfaces in this VPC: has the node's name */
        for (size_t n = 0; n < node->interface_count && node->interfaces[n] != interface; n++)
            if (node->interfaces[n]->attachment == ATTACH_SUBNET && node->interfaces[n]->subnet->vpc == vpc)
                first = false;
        for (size_t a = 0; a < interface->address_count; a++) {
            const struct addr *addr = &interface->addresses[a].addr;
            if (addr->family == 6 && first && vpc->dns_hostnames)
                str_printf(out, "host-record=%s.%s,%s,%s\n", node->name, vpc->zone, node->name,
                           addr_format(addr, text));
            if (addr->family != 4)
                continue;
            str_append(out, "host-record=");
            if (first && a == 0 && vpc->dns_hostnames)
                str_printf(out, "%s.%s,%s,", node->name, vpc->zone, node->name);
            str_printf(out, "ip-%u-%u-%u-%u.%s,%s\n", addr->bytes[0], addr->bytes[1], addr->bytes[2], addr->bytes[3],
                       vpc->zone, addr_format(addr, text));
        }
    }
}

/* Does the public record lead to a machine of the service? */
static bool leads_to(const struct dns_record *record, const struct cloud_service *service)
{
    struct addr addr;
    for (size_t i = 0; i < service->target_count; i++) {
        const struct interface *target = service->targets[i].interface;
        struct addr public = interface_public_address(target);
        if (record->interface == target ||
            (record->type == RECORD_A && addr_parse(record->value, &addr) && addr_equal(&addr, &public)))
            return true;
    }
    return false;
}

/* ",orders,orders.shop.internal": what private DNS takes over: the name that the service declares, or else its own,
 * alone and in the VPC's zone, and the public names of its machines. */
static const char *names_taken_over(struct lowering *l, const struct endpoint *endpoint)
{
    STR_AUTO names = STR_INIT;
    const struct cloud_service *service = endpoint->service;
    const struct internet *internet = &l->topology->internet;
    if (!endpoint->private_dns)
        return "";
    if (service->private_dns_name)
        return arena_printf(l->scratch, ",%s", service->private_dns_name);
    str_printf(&names, ",%s,%s.%s", service->name, service->name, endpoint->vpc->zone);
    for (size_t z = 0; z < internet->zone_count; z++)
        for (size_t r = 0; r < internet->zones[z].record_count; r++) {
            const struct dns_record *record = &internet->zones[z].records[r];
            const char *name = record_owner(l->scratch, internet->zones[z].name, record->name);
            if (!strchr(name, '*') && leads_to(record, service))
                str_printf(&names, ",%s", name);
        }
    return arena_strdup(l->scratch, str_text(&names));
}

static void write_endpoint(struct lowering *l, struct str *out, const struct endpoint *endpoint)
{
    char text[ADDR_TEXT_MAX];
    if (endpoint->interface_count == 0 || !endpoint->service)
        return;
    const char *names = names_taken_over(l, endpoint);
    for (size_t i = 0; i < endpoint->interface_count; i++)
        if (endpoint->interfaces[i]->address_count > 0)
            str_printf(out, "host-record=%s.vpce.%s%s,%s\n", endpoint->name, endpoint->vpc->zone, names,
                       addr_format(&endpoint->interfaces[i]->addresses[0].addr, text));
}

/* Has this VPC's resolver the private address of the interface for its public names? */
static bool is_private_here(struct lowering *l, const struct router *router, const struct interface *interface)
{
    return interface->attachment == ATTACH_SUBNET &&
           vpc_resolves_privately(l->topology, router->vpc, interface->subnet->vpc);
}

static const struct addr *seen_address(struct lowering *l, const struct router *router,
                                       const struct interface *interface)
{
    return is_private_here(l, router, interface) ? &interface->addresses[0].addr : &interface->public_ip;
}

static void write_public_names(struct lowering *l, struct str *out, const struct router *router)
{
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < l->topology->node_count; i++)
        for (size_t k = 0; k < l->topology->nodes[i]->interface_count; k++) {
            const struct interface *interface = l->topology->nodes[i]->interfaces[k];
            if (has_public_name(interface) && interface->address_count > 0)
                str_printf(out, "host-record=%s,%s\n", public_name(l->scratch, &interface->public_ip),
                           addr_format(seen_address(l, router, interface), text));
        }
}

/* Does a public name stand for an instance whose private address is told here, by CNAMEs or by a record that names it?
 * Up to `most` steps. */
static bool leads_here(struct lowering *l, const struct router *router, const char *name, unsigned most)
{
    const struct internet *internet = &l->topology->internet;
    for (size_t i = 0; domain_contains(PUBLIC_NAMES_ZONE, name) && i < l->topology->node_count; i++)
        for (size_t k = 0; k < l->topology->nodes[i]->interface_count; k++) {
            const struct interface *interface = l->topology->nodes[i]->interfaces[k];
            if (has_public_name(interface) && strcasecmp(public_name(l->scratch, &interface->public_ip), name) == 0)
                return is_private_here(l, router, interface);
        }
    for (size_t z = 0; z < internet->zone_count; z++) {
        const struct dns_zone *zone = &internet->zones[z];
        for (size_t r = 0; domain_contains(zone->name, name) && r < zone->record_count; r++) {
            const struct dns_record *record = &zone->records[r];
            if (strcasecmp(record_owner(l->scratch, zone->name, record->name), name) != 0)
                continue;
            if (record->interface && is_private_here(l, router, record->interface))
                return true;
            if (record->type == RECORD_CNAME && most > 0)
                return leads_here(l, router, record_target(l->scratch, zone->name, record->value), most - 1);
        }
    }
    return false;
}

/* Public records that lead to such an instance. */
static void write_public_records(struct lowering *l, struct str *out, const struct router *router)
{
    char text[ADDR_TEXT_MAX];
    const struct internet *internet = &l->topology->internet;
    for (size_t z = 0; z < internet->zone_count; z++)
        for (size_t r = 0; r < internet->zones[z].record_count; r++) {
            const struct dns_zone *zone = &internet->zones[z];
            const struct dns_record *record = &zone->records[r];
            const char *name = record_owner(l->scratch, zone->name, record->name);
            if (strchr(name, '*') || domain_contains(router->vpc->zone, name))
                continue; /* the private zone hides it */
            if (record->interface && is_private_here(l, router, record->interface))
                str_printf(out, "host-record=%s,%s\n", name,
                           addr_format(seen_address(l, router, record->interface), text));
            else if (record->type == RECORD_CNAME && leads_here(l, router, name, CNAMES_MAX))
                str_printf(out, "cname=%s,%s\n", name, record_target(l->scratch, zone->name, record->value));
        }
}

static const char *configuration(struct lowering *l, const struct router *router)
{
    char own[ADDR_TEXT_MAX], link_local[ADDR_TEXT_MAX];
    STR_AUTO out = STR_INIT;
    struct addr resolver = vpc_resolver(router->vpc);
    str_printf(&out, "no-resolv\nno-hosts\nno-poll\nbind-interfaces\nlisten-address=%s,%s\n",
               addr_format(&resolver, own), addr_format(&link_local_resolver, link_local));
    str_printf(&out, "pid-file=\nlog-facility=-\ndomain-needed\nlocal=/%s/\nlocal-ttl=%d\n", router->vpc->zone, TTL);
    /* Not `bogus-priv`: that takes the documentation's networks, which are public here, for private ones as well. */
    str_append(&out, "local=/10.in-addr.arpa/\nlocal=/168.192.in-addr.arpa/\nlocal=/254.169.in-addr.arpa/\n");
    for (unsigned i = 16; i < 32; i++)
        str_printf(&out, "local=/%u.172.in-addr.arpa/\n", i);
    if (l->names != UINT32_MAX)
        str_printf(&out, "server=%s\n", addr_format(&public_resolver, own));
    write_names(&out, router);
    for (size_t i = 0; i < router->vpc->endpoint_count; i++)
        write_endpoint(l, &out, router->vpc->endpoints[i]);
    write_public_names(l, &out, router);
    write_public_records(l, &out, router);
    return arena_strndup(l->arena, str_text(&out), out.length);
}

void lower_vpc_resolver(struct lowering *l, struct router *router)
{
    static const char *const argv[] = {"dnsmasq", "--keep-in-foreground",
                                       "--user=", "--group=", "--conf-file=@configuration@"};
    struct plan_process *process = ARENA_PUSH(l->arena, l->plan->processes, l->plan->process_count);
    *process = (struct plan_process){.ns = router->ns, .ready = READY_UDP_BOUND, .ready_port = 53, .restart = true};
    process->name = process->origin = arena_printf(l->arena, "%s/resolver", router->origin);
    process->argc = sizeof argv / sizeof argv[0];
    process->argv = arena_copy(l->arena, argv, sizeof argv);
    process->configuration = configuration(l, router);
    process->ready_addr = vpc_resolver(router->vpc);
    if (l->names != UINT32_MAX)
        lower_names_way(l, router);
}
