/* The registry of services, and the embedded and the free ones lowered. */
#include "service/service.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "service/lowering.h"

const char *const service_embedded[] = {"httpd", "tcpd", "echod", "iperfd"};
const size_t service_embedded_count = ARRAY_SIZE(service_embedded);

void service_argv(struct service_context *context, const char *const *argv, size_t count)
{
    struct arena *arena = context->plan->arena;
    context->process->argv = arena_alloc(arena, count * sizeof *argv);
    context->process->argc = count;
    for (size_t i = 0; i < count; i++)
        context->process->argv[i] = arena_strdup(arena, argv[i]);
}

/* Keys that all embedded services know: the address and the port to listen on. */
static void service_listen(const struct service *service, struct str *out)
{
    char text[ADDR_TEXT_MAX];
    if (addr_is_set(&service->bind))
        str_printf(out, "bind %s\n", addr_format(&service->bind, text));
    str_printf(out, "port %u\n", service->port);
}

/* "text", quoted for the embedded services' configuration (serve/configuration.h). */
static void service_quote(const char *text, struct str *out)
{
    str_append_char(out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '\n')
            str_append(out, "\\n");
        else if (*c == '\r')
            str_append(out, "\\r");
        else if (*c == '\t')
            str_append(out, "\\t");
        else if (*c == '"' || *c == '\\')
            str_printf(out, "\\%c", *c);
        else
            str_append_char(out, *c);
    }
    str_append_char(out, '"');
}

void service_ready(struct service_context *context, enum ready_kind kind, uint16_t port)
{
    context->process->ready = kind;
    context->process->ready_addr = context->service->bind;
    context->process->ready_port = port;
}

/* Is it the first service of the node that its program runs? */
static bool is_first(const struct service *service)
{
    for (size_t i = 0; service->node->services[i] != service; i++) {
        const struct service *other = service->node->services[i];
        if (service_program(other) == service_program(service))
            return false;
    }
    return true;
}

const char *service_instance(const struct service_context *context, const char *program)
{
    return is_first(context->service) ? program
                                      : arena_printf(context->plan->arena, "%s-%s", program, context->service->name);
}

void service_configuration_file(struct service_context *context, const char *path, const struct str *text)
{
    context->process->configuration = arena_strndup(context->plan->arena, str_text(text), text->length);
    service_file(context, path, context->process->configuration);
}

/* An embedded service reads its configuration from the file that it is given. */
static void embedded(struct service_context *context, const char *program, const struct str *configuration)
{
    const char *const argv[] = {program, "-f", "@configuration@"};
    service_argv(context, argv, ARRAY_SIZE(argv));
    context->process->embedded = true;
    context->process->configuration = arena_strdup(context->plan->arena, str_text(configuration));
}

static void lower_http(struct service_context *context)
{
    const struct service *service = context->service;
    STR_AUTO text = STR_INIT;
    if (service->tls.on) {
        service_lower_nginx(context);
        return;
    }
    service_listen(service, &text);
    str_printf(&text, "status %u\n", service->status ? service->status : 200);
    if (service->delay)
        str_printf(&text, "delay %lld\n", (long long)(service->delay / 1000000));
    if (service->truncate)
        str_printf(&text, "truncate %u\n", service->truncate);
    STR_AUTO body = STR_INIT;
    str_printf(&body, "%s\n", service->node->name);
    str_append(&text, "body ");
    service_quote(service->body ? service->body : str_text(&body), &text);
    str_append_char(&text, '\n');
    for (size_t i = 0; i < service->route_count; i++) {
        const struct http_route *route = &service->routes[i];
        str_append(&text, "route ");
        service_quote(route->path, &text);
        str_printf(&text, " %u ", route->status ? route->status : 200);
        service_quote(route->body ? route->body : "", &text);
        if (route->location) {
            str_append_char(&text, ' ');
            service_quote(route->location, &text);
        }
        str_append_char(&text, '\n');
    }
    embedded(context, "httpd", &text);
    service_ready(context, READY_TCP, service->port);
}

static void lower_tcp(struct service_context *context)
{
    STR_AUTO text = STR_INIT;
    service_listen(context->service, &text);
    if (context->service->banner) {
        str_append(&text, "banner ");
        service_quote(context->service->banner, &text);
        str_append_char(&text, '\n');
    }
    embedded(context, "tcpd", &text);
    service_ready(context, READY_TCP, context->service->port);
}

static void lower_echo(struct service_context *context)
{
    bool tcp = context->service->kind == SERVICE_TCP_ECHO;
    STR_AUTO text = STR_INIT;
    service_listen(context->service, &text);
    str_printf(&text, "protocol %s\n", tcp ? "tcp" : "udp");
    embedded(context, "echod", &text);
    service_ready(context, tcp ? READY_TCP : READY_UDP_BOUND, context->service->port);
}

static void lower_iperf(struct service_context *context)
{
    STR_AUTO text = STR_INIT;
    service_listen(context->service, &text);
    embedded(context, "iperfd", &text);
    service_ready(context, READY_TCP, context->service->port);
}

static const struct service_program *http_program(const struct service *service)
{
    return service->tls.on ? &program_nginx : NULL;
}

static const struct service_program *proxy_program(const struct service *service)
{
    (void)service;
    return &program_haproxy;
}

static const struct service_program *bird_program(const struct service *service)
{
    (void)service;
    return &program_bird;
}

static const struct service_program *dhcp_program(const struct service *service)
{
    (void)service;
    return &program_dnsmasq;
}

const struct service_program *service_program(const struct service *service)
{
    const struct service_type *kind = &service_kinds[service->kind];
    return kind->program ? kind->program(service) : NULL;
}

const struct service_type service_kinds[SERVICE_KIND_COUNT] = {
    [SERVICE_HTTP] = {"http", "a web server that answers with a text",
                      "bind, body, status, delay, truncate, routes, tls", http_program, lower_http},
    [SERVICE_TCP] = {"tcp", "accepts, greets with a banner, reads and discards", "bind, banner", NULL, lower_tcp},
    [SERVICE_TCP_ECHO] = {"tcp-echo", "sends back what it reads", "bind", NULL, lower_echo},
    [SERVICE_UDP_ECHO] = {"udp-echo", "sends back each datagram", "bind", NULL, lower_echo},
    [SERVICE_DNS] = {"dns", "a name server for zones of its own (dnsmasq, NSD or BIND), forwarding the rest",
                     "bind, zones, forward, recursion, ttl, negative_ttl, views", service_dns_program,
                     service_lower_dns},
    [SERVICE_PROXY] = {"proxy", "a proxy (HAProxy) before other servers",
                       "bind, mode, tls, upstreams, balance, sticky, health_check, rate_limit, routes", proxy_program,
                       service_lower_proxy},
    [SERVICE_DHCP] = {"dhcp", "hands out addresses (dnsmasq), and advertises IPv6 routers",
                      "range, reservations, lease, router, dns, domain, router_advertisements", dhcp_program,
                      service_lower_dhcp},
    [SERVICE_BGP] = {"bgp", "a router that speaks BGP (BIRD)",
                     "as, neighbours, networks, router_id, redistribute, hold", bird_program, service_lower_bird},
    [SERVICE_OSPF] = {"ospf", "a router that speaks OSPF (BIRD)", "areas, router_id, redistribute, hello, dead",
                      bird_program, service_lower_bird},
    [SERVICE_IPERF] = {"iperf", "a server for measurements of throughput (iperf3)", "bind", NULL, lower_iperf},
    [SERVICE_EXEC] = {"exec", "any program of the machine", "command, user, ready", NULL, service_lower_exec},
};

/* Indices of the nodes' namespaces + 1, by name. */
static struct map *node_namespaces(const struct plan *plan, struct arena *arena)
{
    struct map *map = map_new(arena);
    for (size_t i = 0; i < plan->namespace_count; i++)
        if (plan->namespaces[i].kind == NAMESPACE_NODE)
            map_set(map, plan->namespaces[i].name, (void *)(uintptr_t)(i + 1));
    return map;
}

static void lower_service(const struct topology *topology, struct plan *plan, uint32_t ns,
                          const struct service *service)
{
    struct plan_process *process = ARENA_PUSH(plan->arena, plan->processes, plan->process_count);
    process->ns = ns;
    process->name = arena_printf(plan->arena, "%s/%s", service->node->name, service->name);
    process->origin = arena_printf(plan->arena, "node/%s/service/%s", service->node->name, service->name);
    process->restart = true;
    service_kinds[service->kind].lower(&(struct service_context){topology, plan, service, ns, process});
    if (process->argc == 0) /* another service's process does its work */
        plan->process_count--;
}

int service_lower(const struct topology *topology, struct plan *plan, struct error *err)
{
    ARENA_AUTO scratch = arena_new();
    struct map *namespaces = NULL; /* made when the first service asks */
    for (size_t i = 0; i < topology->node_count; i++) {
        const struct node *node = topology->nodes[i];
        if (node->service_count + node->certificate_count == 0 && !service_has_clients(node))
            continue;
        namespaces = namespaces ? namespaces : node_namespaces(plan, scratch);
        size_t ns = (size_t)(uintptr_t)map_get(namespaces, node->name);
        if (!ns)
            return error_set(err, ERR_USAGE, "services: the plan has no node '%s'", node->name);
        service_lower_certificates(plan, (uint32_t)ns - 1, node);
        for (size_t j = 0; j < node->service_count; j++)
            lower_service(topology, plan, (uint32_t)ns - 1, node->services[j]);
        service_lower_clients(topology, plan, (uint32_t)ns - 1, node);
    }
    service_lower_public_names(topology, plan);
    return 0;
}
