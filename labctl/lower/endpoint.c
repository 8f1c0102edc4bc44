/* Interface endpoints and the load balancer of the service that they lead to.
 *
 * An endpoint is a namespace for each of its subnets, `vpc/main/endpoint/orders/SUBNET`, with an address there and the
 * endpoint's security groups: a port of the VPC's router like that of an instance.  What arrives for the service's port
 * is a new flow from there on: it goes to the service's load balancer with an address that only the two know, so that
 * VPCs which overlap may use one service.  The load balancer, a namespace `service/orders`, has a port in each subnet
 * where a machine of the service stands, or on the internet, and passes the flow to one of the machines, which sees the
 * load balancer's address.  No VPC's routes are involved but those inside the two, and no gateway. */
#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "lower/lowering.h"

#define PORT         "eth0"    /* of an endpoint, in its subnet */
#define SERVICE_PORT "service" /* towards the load balancer */

/* The load balancer's address for endpoints: one that nobody has. */
static const struct addr front = {.family = 4, .bytes = {169, 254, 0, 2}};

/* An address for an endpoint towards the load balancer, 169.254.1.0 to 169.254.168.255 by its name. */
static struct addr back_address(struct lowering *l, const char *name)
{
    for (uint64_t hash = lower_hash(name);; hash++) {
        uint32_t place = (uint32_t)(hash % (168u << 8));
        char *key = arena_printf(l->scratch, "endpoint %u", place);
        if (map_get(l->numbers, key))
            continue;
        map_set(l->numbers, key, key);
        return addr_from_ipv4(0xa9fe0100 + place);
    }
}

static bool leads_anywhere(const struct endpoint *endpoint)
{
    return endpoint->type == ENDPOINT_INTERFACE && endpoint->service && endpoint->service->interface_count > 0;
}

/* ---- namespaces ---------------------------------------------------------------------------------------------- */

void lower_endpoint_namespaces(struct lowering *l)
{
    const struct topology *topology = l->topology;
    l->services = arena_alloc(l->scratch, topology->cloud_service_count * sizeof *l->services);
    for (size_t i = 0; i < topology->cloud_service_count; i++) {
        const struct cloud_service *service = topology->cloud_services[i];
        const char *name = arena_printf(l->scratch, "service/%s", service->name);
        l->services[i] = service->interface_count > 0 ? add_namespace(l, NAMESPACE_CLOUD, name, name) : UINT32_MAX;
    }
    for (size_t i = 0; i < topology->vpc_count; i++) {
        struct router *router = &l->routers[i];
        for (size_t k = 0; k < router->vpc->endpoint_count; k++) {
            const struct endpoint *endpoint = router->vpc->endpoints[k];
            for (size_t n = 0; leads_anywhere(endpoint) && n < endpoint->interface_count; n++) {
                const char *name = endpoint->interfaces[n]->name;
                struct endpoint_port *port = ARENA_PUSH(l->scratch, router->endpoints, router->endpoint_count);
                port->endpoint = endpoint;
                port->interface = endpoint->interfaces[n];
                port->ns = add_namespace(l, NAMESPACE_CLOUD, name,
                                         arena_printf(l->scratch, "%s/endpoint/%s", router->origin, endpoint->name));
            }
        }
    }
}

static uint32_t namespace_of(const struct lowering *l, const struct cloud_service *service)
{
    for (size_t i = 0; i < l->topology->cloud_service_count; i++)
        if (l->topology->cloud_services[i] == service)
            return l->services[i];
    return UINT32_MAX;
}

/* ---- interfaces without a node ------------------------------------------------------------------------------- */

/* The interface as a port of its VPC's router, or of the internet. */
static struct port *connect_interface(struct lowering *l, const struct interface *interface, uint32_t ns,
                                      const char *name)
{
    const char *origin = l->plan->namespaces[ns].origin;
    bool in_subnet = interface->attachment == ATTACH_SUBNET;
    const struct router *router = in_subnet ? router_of(l, interface->subnet->vpc) : NULL;
    struct port *port = ARENA_NEW(l->scratch, struct port);
    *port = (struct port){.interface = interface, .ns = ns, .far_ns = router ? router->ns : l->internet};
    port->name = name;
    port->origin = origin;
    port->far_name = lower_device(l, port->far_ns, interface->name);
    add_link(l, (struct plan_link_end){.ns = ns, .name = name, .mac = interface->mac},
             (struct plan_link_end){
                 .ns = port->far_ns, .name = port->far_name, .mac = router ? router->mac : l->internet_mac},
             lower_mtu(l, in_subnet ? MTU_VPC : MTU_WIRE), origin);
    add_address(l, ns, name, prefix_of_addr(interface->addresses[0].addr), origin);
    cloud_port(l, ns, name, false, origin);
    if (in_subnet)
        lower_vpc_port(l, port);
    else
        lower_internet_port(l, port);
    return port;
}

/* ---- the endpoint -------------------------------------------------------------------------------------------- */

/* A packet that leaves is a new one: its TTL does not tell of hops before it. */
#define NEW_PACKETS                                                                                                    \
    "\tchain start {\n\t\ttype filter hook prerouting priority -300; policy accept;\n\t\tip ttl set 65\n\t}\n"
#define SILENT                                                                                                         \
    "\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n"                                      \
    "\tchain output {\n\t\ttype filter hook output priority 0; policy accept;\n"                                       \
    "\t\ticmp type { redirect, time-exceeded } drop\n"                                                                 \
    "\t\ticmp type destination-unreachable icmp code != 4 drop\n\t}\n"
#define ONLY_TRANSLATED                                                                                                \
    "\tchain forward {\n\t\ttype filter hook forward priority 0; policy drop;\n"                                       \
    "\t\tct state established,related accept\n\t\tct status dnat accept\n\t}\n"

static void translate_endpoint(struct lowering *l, const struct endpoint_port *port, struct addr back)
{
    char own[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX];
    const char *origin = l->plan->namespaces[port->ns].origin;
    STR_AUTO body = STR_INIT;
    str_append(&body, NEW_PACKETS);
    str_printf(&body,
               "\tchain prerouting {\n\t\ttype nat hook prerouting priority -100; policy accept;\n"
               "\t\tiifname \"" PORT "\" ip daddr %s tcp dport %u dnat to %s\n\t}\n",
               addr_format(&port->interface->addresses[0].addr, own), port->endpoint->service->port,
               addr_format(&front, text));
    str_printf(&body,
               "\tchain postrouting {\n\t\ttype nat hook postrouting priority 100; policy accept;\n"
               "\t\toifname \"" SERVICE_PORT "\" snat to %s\n\t}\n",
               addr_format(&back, text));
    str_append(&body, ONLY_TRANSLATED SILENT);
    add_nft(l, port->ns, "ip", "endpoint", &body, origin);
}

static void lower_endpoint(struct lowering *l, const struct endpoint_port *port)
{
    uint32_t ns = port->ns, service = namespace_of(l, port->endpoint->service);
    const struct interface *interface = port->interface;
    const char *origin = l->plan->namespaces[ns].origin;
    struct mac near = lower_mac(arena_printf(l->scratch, "%s/near", interface->name));
    struct mac far = lower_mac(arena_printf(l->scratch, "%s/far", interface->name));
    struct addr back = back_address(l, interface->name), router = subnet_router(interface->subnet);
    const char *leg = lower_device(l, service, interface->name);
    if (interface->address_count == 0)
        return;
    connect_interface(l, interface, ns, PORT);
    add_unicast(l, ns, prefix_any(4), 0, &router, PORT, origin)->onlink = true;
    add_link(l, (struct plan_link_end){.ns = ns, .name = SERVICE_PORT, .mac = near},
             (struct plan_link_end){.ns = service, .name = leg, .mac = far}, lower_mtu(l, MTU_VPC), origin);
    add_neighbour(l, ns, SERVICE_PORT, cloud_next_hop, far, origin);
    add_neighbour(l, service, leg, cloud_next_hop, near, origin);
    add_unicast(l, ns, prefix_of_addr(front), 0, &cloud_next_hop, SERVICE_PORT, origin)->onlink = true;
    add_unicast(l, service, prefix_of_addr(back), 0, &cloud_next_hop, leg, origin)->onlink = true;
    cloud_forwards(l, ns, false, origin);
    cloud_port(l, ns, SERVICE_PORT, false, origin);
    cloud_port(l, service, leg, false, origin);
    translate_endpoint(l, port, back);
}

/* ---- the load balancer --------------------------------------------------------------------------------------- */

/* Flows are spread over the machines by where they come from. */
static void write_targets(struct str *body, const struct cloud_service *service)
{
    char text[ADDR_TEXT_MAX];
    size_t count = 0;
    for (size_t i = 0; i < service->target_count; i++)
        count += service->targets[i].interface->address_count > 0;
    str_printf(body, "\t\tip daddr %s tcp dport %u dnat to ", addr_format(&front, text), service->port);
    if (count > 1)
        str_printf(body, "jhash ip saddr . tcp sport mod %zu map { ", count);
    size_t n = 0;
    for (size_t i = 0; i < service->target_count; i++) {
        const struct interface *target = service->targets[i].interface;
        if (target->address_count == 0)
            continue;
        if (count > 1)
            str_printf(body, "%s%zu : ", n ? ", " : "", n);
        str_append(body, addr_format(&target->addresses[0].addr, text));
        n++;
    }
    str_append(body, count > 1 ? " }\n" : "\n");
}

/* The port that leads to a machine: the one in its subnet, or on the internet. */
static const struct port *port_towards(struct port *const *ports, size_t count, const struct interface *target)
{
    for (size_t i = 0; i < count; i++)
        if (ports[i]->interface->attachment == target->attachment && ports[i]->interface->subnet == target->subnet)
            return ports[i];
    return NULL;
}

static void lead_to_targets(struct lowering *l, const struct cloud_service *service, uint32_t ns,
                            struct port *const *ports, size_t count)
{
    const char *origin = l->plan->namespaces[ns].origin;
    for (size_t i = 0; i < service->target_count; i++) {
        const struct interface *target = service->targets[i].interface;
        const struct port *port = port_towards(ports, count, target);
        bool again = false; /* one machine, named twice */
        for (size_t k = 0; k < i; k++)
            again = again || service->targets[k].interface == target;
        if (port && !again && target->address_count > 0)
            add_unicast(l, ns, prefix_of_addr(target->addresses[0].addr), 0, &port->interface->gateway, port->name,
                        origin)
                ->onlink = true;
    }
}

static void lower_service(struct lowering *l, const struct cloud_service *service, uint32_t ns)
{
    char text[ADDR_TEXT_MAX];
    const char *origin = l->plan->namespaces[ns].origin;
    struct port **ports = arena_alloc(l->scratch, service->interface_count * sizeof *ports);
    size_t count = 0;
    STR_AUTO body = STR_INIT;
    str_append(&body, NEW_PACKETS "\tchain prerouting {\n\t\ttype nat hook prerouting priority -100; policy accept;\n");
    write_targets(&body, service);
    str_append(&body, "\t}\n\tchain postrouting {\n\t\ttype nat hook postrouting priority 100; policy accept;\n");
    for (size_t i = 0; i < service->interface_count; i++) {
        const struct interface *interface = service->interfaces[i];
        if (interface->address_count == 0)
            continue;
        struct port *port = connect_interface(l, interface, ns, lower_device(l, ns, interface->name));
        ports[count++] = port;
        str_printf(&body, "\t\toifname \"%s\" snat to %s\n", port->name,
                   addr_format(&interface->addresses[0].addr, text));
    }
    str_append(&body, "\t}\n" ONLY_TRANSLATED SILENT);
    add_nft(l, ns, "ip", "service", &body, origin);
    lead_to_targets(l, service, ns, ports, count);
    cloud_forwards(l, ns, false, origin);
}

void lower_endpoints(struct lowering *l)
{
    for (size_t i = 0; i < l->topology->cloud_service_count; i++)
        if (l->services[i] != UINT32_MAX)
            lower_service(l, l->topology->cloud_services[i], l->services[i]);
    for (size_t i = 0; i < l->topology->vpc_count; i++)
        for (size_t k = 0; k < l->routers[i].endpoint_count; k++)
            lower_endpoint(l, &l->routers[i].endpoints[k]);
}
