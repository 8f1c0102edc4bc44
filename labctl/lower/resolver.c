/* The VPC's resolver: dnsmasq in the router's namespace, at base + 2 and 169.254.169.253.  It knows the instances as
 * NODE.ZONE and ip-10-0-1-10.ZONE, and their addresses backwards; and interface endpoints as ENDPOINT.vpce.ZONE and,
 * with private DNS, by the name of their service. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"

#define TTL 60

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

/* What private DNS gives the endpoint's addresses for: the name that the service declares, or its own, alone and in the
 * VPC's zone. */
static void write_endpoint(struct str *out, const struct vpc *vpc, const struct endpoint *endpoint)
{
    char text[ADDR_TEXT_MAX];
    const struct cloud_service *service = endpoint->service;
    for (size_t i = 0; service && i < endpoint->interface_count; i++) {
        if (endpoint->interfaces[i]->address_count == 0)
            continue;
        str_printf(out, "host-record=%s.vpce.%s", endpoint->name, vpc->zone);
        if (endpoint->private_dns && service->private_dns_name)
            str_printf(out, ",%s", service->private_dns_name);
        else if (endpoint->private_dns)
            str_printf(out, ",%s,%s.%s", service->name, service->name, vpc->zone);
        str_printf(out, ",%s\n", addr_format(&endpoint->interfaces[i]->addresses[0].addr, text));
    }
}

static const char *configuration(struct lowering *l, const struct router *router)
{
    char own[ADDR_TEXT_MAX], link_local[ADDR_TEXT_MAX];
    STR_AUTO out = STR_INIT;
    struct addr resolver = vpc_resolver(router->vpc);
    str_printf(&out, "no-resolv\nno-hosts\nno-poll\nbind-interfaces\nlisten-address=%s,%s\n",
               addr_format(&resolver, own), addr_format(&link_local_resolver, link_local));
    str_printf(&out, "pid-file=\nlog-facility=-\nbogus-priv\ndomain-needed\nlocal=/%s/\nlocal-ttl=%d\n",
               router->vpc->zone, TTL);
    write_names(&out, router);
    for (size_t i = 0; i < router->vpc->endpoint_count; i++)
        write_endpoint(&out, router->vpc, router->vpc->endpoints[i]);
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
}
