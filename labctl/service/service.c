/* The registry of services, and the embedded and the free ones lowered. */
#include "service/service.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "model/public_names.h"
#include "service/lowering.h"

const char *const service_embedded[] = {"httpd", "tcpd", "echod"};
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
    service_listen(service, &text);
    str_printf(&text, "status %u\n", service->status ? service->status : 200);
    if (service->delay)
        str_printf(&text, "delay %lld\n", (long long)(service->delay / 1000000));
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

static void lower_exec(struct service_context *context)
{
    const struct service *service = context->service;
    const char *const shell[] = {"/bin/sh", "-c", service->command.count ? service->command.items[0] : "true"};
    if (service->command.count > 1)
        service_argv(context, service->command.items, service->command.count);
    else /* one string is a command line */
        service_argv(context, shell, ARRAY_SIZE(shell));
    if (service->ready_port)
        service_ready(context, service->ready_protocol == PROTOCOL_UDP ? READY_UDP_BOUND : READY_TCP,
                      service->ready_port);
}

const struct service_type service_kinds[SERVICE_KIND_COUNT] = {
    [SERVICE_HTTP] = {"http", "a web server that answers with a text", "bind, body, status, delay, routes", 80, NULL,
                      lower_http},
    [SERVICE_TCP] = {"tcp", "accepts, greets with a banner, reads and discards", "bind, banner", 0, NULL, lower_tcp},
    [SERVICE_TCP_ECHO] = {"tcp-echo", "sends back what it reads", "bind", 7, NULL, lower_echo},
    [SERVICE_UDP_ECHO] = {"udp-echo", "sends back each datagram", "bind", 7, NULL, lower_echo},
    [SERVICE_DNS] = {"dns", "a name server for zones of its own (dnsmasq, NSD or BIND), forwarding the rest",
                     "bind, zones, forward, recursion, ttl, negative_ttl, views", 53, service_dns_program,
                     service_lower_dns},
    [SERVICE_EXEC] = {"exec", "any program of the machine", "command, ready", 0, NULL, lower_exec},
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

int service_lower(const struct topology *topology, struct plan *plan, struct error *err)
{
    ARENA_AUTO scratch = arena_new();
    struct map *namespaces = NULL; /* made when the first service asks */
    for (size_t i = 0; i < topology->node_count; i++) {
        const struct node *node = topology->nodes[i];
        for (size_t j = 0; j < node->service_count; j++) {
            const struct service *service = node->services[j];
            namespaces = namespaces ? namespaces : node_namespaces(plan, scratch);
            size_t ns = (size_t)(uintptr_t)map_get(namespaces, node->name);
            if (!ns)
                return error_set(err, ERR_USAGE, "service '%s': the plan has no node '%s'", service->name, node->name);
            struct plan_process *process = ARENA_PUSH(plan->arena, plan->processes, plan->process_count);
            process->ns = (uint32_t)ns - 1;
            process->name = arena_printf(plan->arena, "%s/%s", node->name, service->name);
            process->origin = arena_printf(plan->arena, "node/%s/service/%s", node->name, service->name);
            process->restart = true;
            service_kinds[service->kind].lower(
                &(struct service_context){topology, plan, service, (uint32_t)ns - 1, process});
        }
    }
    service_lower_public_names(topology, plan);
    return 0;
}

const struct service_program program_dnsmasq = {"dnsmasq", "dnsmasq-base"}, program_nsd = {"nsd", "nsd"},
                             program_unbound = {"unbound", "unbound"}, program_named = {"named", "bind9"};

/* Programs that are wanted, each with its first user. */
struct wanted {
    struct {
        const struct service_program *program;
        const char *user, *purpose;
    } items[8];
    size_t count;
};

static void want(struct wanted *wanted, const struct service_program *program, const char *user, const char *purpose)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->items[i].program == program)
            return;
    wanted->items[wanted->count].program = program;
    wanted->items[wanted->count].user = user;
    wanted->items[wanted->count++].purpose = purpose;
}

void service_programs(const struct topology *topology,
                      void (*need)(void *context, const struct service_program *program, const char *user,
                                   const char *purpose),
                      void *context)
{
    struct wanted wanted = {.count = 0};
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t j = 0; j < topology->nodes[i]->service_count; j++) {
            const struct service *service = topology->nodes[i]->services[j];
            const struct service_type *kind = &service_kinds[service->kind];
            if (kind->program)
                want(&wanted, kind->program(service), topology->nodes[i]->name, kind->name);
        }
    for (size_t i = 0; i < topology->vpc_count; i++)
        if (topology->vpcs[i]->dns_support)
            want(&wanted, &program_dnsmasq, topology->vpcs[i]->name, service_kinds[SERVICE_DNS].name);
    if (topology_uses_names(topology)) {
        want(&wanted, &program_nsd, "internet", service_kinds[SERVICE_DNS].name);
        want(&wanted, &program_unbound, "internet", service_kinds[SERVICE_DNS].name);
    }
    for (size_t i = 0; i < wanted.count; i++)
        need(context, wanted.items[i].program, wanted.items[i].user, wanted.items[i].purpose);
}

static bool is_installed(const char *program)
{
    static const char *const places[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"}; /* what nodes see of the machine */
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", places[i], program);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static void note_missing(void *context, const struct service_program *program, const char *user, const char *purpose)
{
    struct str *missing = context;
    if (!is_installed(program->name))
        str_printf(missing, "%sthe program %s is missing (%s needs it, kind '%s'): apt-get install %s",
                   missing->length ? "\n" : "", program->name, user, purpose, program->package);
}

int service_programs_check(const struct topology *topology, struct error *err)
{
    STR_AUTO missing = STR_INIT;
    service_programs(topology, note_missing, &missing);
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t j = 0; j < topology->nodes[i]->requires.count; j++)
            if (!is_installed(topology->nodes[i]->requires.items[j]))
                str_printf(&missing,
                           "%sthe program %s is missing (node %s requires it): install the package that has it",
                           missing.length ? "\n" : "", topology->nodes[i]->requires.items[j], topology->nodes[i]->name);
    return missing.length ? error_set(err, ERR_CAPABILITY, "%s", str_text(&missing)) : 0;
}
