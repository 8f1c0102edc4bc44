/* proxy-upstream-wrong, proxy-backend-dead, proxy-health-check-wrong, proxy-sticky-skew: a load balancer that is well
 * itself, and does not get on with its servers. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "fault/kinds.h"

/* ---- pools and servers ---- */

/* The pools of a proxy: that of its own, then those of its routes; NULL after the last. */
static struct server_pool *pool_of(const struct proxy *proxy, size_t i)
{
    if (i == 0)
        return (struct server_pool *)&proxy->pool;
    return i <= proxy->route_count ? &proxy->routes[i - 1].pool : NULL;
}

/* "web-1:8000", "web-1/eth0:8000", "10.0.0.1:8000": as `upstreams` has it. */
static const char *upstream_text(const struct upstream *upstream, struct arena *arena)
{
    char text[ADDR_TEXT_MAX];
    bool bracketed = !upstream->node && upstream->addr.family == 6 && upstream->port;
    const char *name = upstream->node ? upstream->node->name : addr_format(&upstream->addr, text);
    name = arena_printf(arena, bracketed ? "[%s]" : "%s", name);
    if (upstream->interface)
        name = arena_printf(arena, "%s/%s", name, upstream->interface->name);
    return upstream->port ? arena_printf(arena, "%s:%u", name, upstream->port) : name;
}

/* Reads NODE[/INTERFACE][:PORT] or ADDRESS[:PORT]; false where there is no such node, interface or port. */
static bool read_upstream(const struct topology *topology, const char *text, struct arena *arena, struct upstream *out)
{
    struct addr addr;
    const char *colon = addr_parse(text, &addr) ? NULL : strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    *out = (struct upstream){.weight = 1};
    if (colon) {
        uint32_t port;
        if (!fault_read_number(colon + 1, &port))
            return false;
        out->port = (uint16_t)port;
    }
    bool bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
    const char *name = bracketed ? arena_strndup(arena, text + 1, length - 2) : arena_strndup(arena, text, length);
    if (addr_parse(name, &out->addr))
        return true;
    const char *slash = strchr(name, '/');
    out->node = topology_node(topology, slash ? arena_strndup(arena, name, (size_t)(slash - name)) : name);
    out->interface = out->node && slash ? node_interface(out->node, slash + 1) : NULL;
    return out->node && (!slash || out->interface);
}

static bool is_proxy(const struct fault *fault, const struct thing *things, struct findings *findings)
{
    return fault_is_service(fault, things, SERVICE_PROXY, findings);
}

static bool check_upstream(const struct topology *topology, const struct fault *fault, struct findings *findings,
                           struct upstream *out)
{
    if (read_upstream(topology, fault_text(fault, "to"), findings->arena, out))
        return true;
    findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "to"),
                 "to of fault %s is NODE:PORT, NODE/INTERFACE:PORT or ADDRESS:PORT, not '%s'", fault->kind,
                 fault_text(fault, "to"));
    return false;
}

/* ---- the wrong server ---- */

/* The servers that a fault replaces: those that `upstream` names, or the first of the proxy wherever it stands. */
static size_t replaced(const struct thing *things, const struct fault *fault, struct arena *arena,
                       struct upstream ***out)
{
    const char *wanted = fault_text(fault, "upstream");
    size_t count = 0;
    struct server_pool *pool;
    *out = NULL;
    for (size_t i = 0; (pool = pool_of(things[0].service->proxy, i)) != NULL; i++)
        for (size_t k = 0; k < pool->upstream_count; k++) {
            const char *text = upstream_text(pool->upstreams[k], arena);
            if (!wanted)
                wanted = text;
            if (str_equal(text, wanted))
                *ARENA_PUSH(arena, *out, count) = pool->upstreams[k];
        }
    return count;
}

static void validate_upstream(const struct topology *topology, const struct fault *fault, const struct thing *things,
                              struct findings *findings)
{
    struct arena *arena = findings->arena;
    struct upstream to, **from;
    if (!is_proxy(fault, things, findings) || !check_upstream(topology, fault, findings, &to))
        return;
    if (!replaced(things, fault, arena, &from)) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "upstream"), "'%s' has no upstream '%s'",
                     fault->at.items[0], fault_text(fault, "upstream") ? fault_text(fault, "upstream") : "");
        return;
    }
    if (str_equal(upstream_text(from[0], arena), upstream_text(&to, arena)))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "to"),
                     "that is where '%s' leads when healthy", fault->at.items[0]);
}

static int rewrite_upstream(struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct error *err)
{
    struct upstream to, **from;
    size_t count = replaced(things, fault, topology->arena, &from);
    if (!count || !read_upstream(topology, fault_text(fault, "to"), topology->arena, &to))
        return error_set(err, ERR_ABSENT, "fault '%s': %s has no such upstream any more", fault->id,
                         fault->at.items[0]);
    for (size_t i = 0; i < count; i++) {
        from[i]->node = to.node;
        from[i]->addr = to.addr;
        from[i]->interface = to.interface;
        from[i]->port = to.port;
    }
    return 0;
}

/* ---- servers that are dead, or taken for dead ---- */

static size_t most_upstreams(const struct proxy *proxy)
{
    size_t most = 0;
    struct server_pool *pool;
    for (size_t i = 0; (pool = pool_of(proxy, i)) != NULL; i++)
        most = pool->upstream_count > most ? pool->upstream_count : most;
    return most;
}

static bool has_address(const struct node *node, const struct addr *addr)
{
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; a < node->interfaces[i]->address_count; a++)
            if (addr_equal(&node->interfaces[i]->addresses[a].addr, addr))
                return true;
    return false;
}

/* What answers at an upstream, as far as the topology says; NULL: nothing does. */
static const struct service *living(const struct topology *topology, const struct upstream *to, uint16_t port)
{
    for (size_t n = 0; n < topology->node_count; n++) {
        const struct node *node = topology->nodes[n];
        if (to->node ? node != to->node : !has_address(node, &to->addr))
            continue;
        for (size_t i = 0; i < node->service_count; i++) {
            const struct service *service = node->services[i];
            if ((service_listens_tcp(service->kind) && service->port == port) || service->ready_port == port)
                return service;
        }
    }
    return NULL;
}

static void validate_dead(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    struct upstream to;
    if (!is_proxy(fault, things, findings) || !check_upstream(topology, fault, findings, &to))
        return;
    if (!most_upstreams(things[0].service->proxy))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault), "'%s' has no upstream",
                     fault->at.items[0]);
    const struct service *answers = living(topology, &to, to.port ? to.port : things[0].service->port);
    if (answers)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "to"),
                     "'%s' is no dead server: service '%s' of node '%s' answers there", fault_text(fault, "to"),
                     answers->name, answers->node->name);
}

static int rewrite_dead(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    struct server_pool *pool;
    (void)err;
    for (size_t i = 0; (pool = pool_of(things[0].service->proxy, i)) != NULL; i++) {
        if (!pool->upstream_count)
            continue;
        struct upstream *dead = ARENA_NEW(topology->arena, struct upstream);
        read_upstream(topology, fault_text(fault, "to"), topology->arena, dead);
        *ARENA_PUSH(topology->arena, pool->upstreams, pool->upstream_count) = dead;
        pool->health_declared = true;
        pool->health.on = false;
    }
    return 0;
}

/* What a service of the lab answers there; 0 where nobody knows. */
static uint32_t status_of(const struct upstream *upstream, const char *path)
{
    for (size_t i = 0; upstream->node && i < upstream->node->service_count; i++) {
        const struct service *service = upstream->node->services[i];
        if (service->kind != SERVICE_HTTP || service->port != upstream->port)
            continue;
        for (size_t r = 0; r < service->route_count; r++)
            if (str_equal(service->routes[r].path, path))
                return service->routes[r].status ? service->routes[r].status : 200;
        return service->status ? service->status : 200;
    }
    return 0;
}

static void validate_health(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    const char *path = fault_text(fault, "path");
    struct server_pool *pool;
    bool any = false, well = true;
    (void)topology;
    if (!is_proxy(fault, things, findings))
        return;
    if (path[0] != '/' || strpbrk(path, " \t\r\n\"'\\#{}%")) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "path"),
                     "path of fault %s is a path such as /healthz, not '%s'", fault->kind, path);
        return;
    }
    for (size_t i = 0; (pool = pool_of(things[0].service->proxy, i)) != NULL; i++)
        for (size_t k = 0; k < pool->upstream_count; k++) {
            uint32_t status = status_of(pool->upstreams[k], path);
            any = true;
            well = well && status > 0 && status < 400;
        }
    if (!any || well)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "path"),
                     any ? "every upstream of '%s' answers at '%s' that it is well"
                         : "'%s' has no upstream that could be asked at '%s'",
                     fault->at.items[0], path);
}

static int rewrite_health(struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct error *err)
{
    struct server_pool *pool;
    (void)err;
    for (size_t i = 0; (pool = pool_of(things[0].service->proxy, i)) != NULL; i++) {
        if (!pool->upstream_count)
            continue;
        if (!pool->health.on)
            pool->health = (struct health_check){.interval = NANOSECONDS_PER_SECOND, .fall = 2, .rise = 1};
        pool->health_declared = pool->health.on = true;
        pool->health.path = arena_strdup(topology->arena, fault_text(fault, "path"));
    }
    return 0;
}

/* ---- too much to one ---- */

static void validate_skew(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    (void)topology;
    if (is_proxy(fault, things, findings) && most_upstreams(things[0].service->proxy) < 2)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' has no two upstreams to choose from", fault->at.items[0]);
    else if (things[0].service->proxy && things[0].service->proxy->pool.balance == BALANCE_SOURCE)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' chooses by the client's address when healthy", fault->at.items[0]);
}

static int rewrite_skew(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    struct server_pool *pool;
    (void)topology, (void)fault, (void)err;
    for (size_t i = 0; (pool = pool_of(things[0].service->proxy, i)) != NULL; i++) {
        if (!pool->upstream_count)
            continue;
        pool->balance_declared = pool->sticky_declared = true;
        pool->balance = BALANCE_SOURCE;
        pool->sticky = STICKY_SOURCE;
    }
    return 0;
}

static const struct fault_target_row targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}};
static const struct fault_parameter_row upstream_parameters[] = {
    {.key = "to",
     .type = PARAMETER_TEXT,
     .required = true,
     .doc = "where requests go instead: NODE:PORT or ADDRESS:PORT"},
    {.key = "upstream",
     .type = PARAMETER_TEXT,
     .doc = "the server that it replaces, as it stands in the topology; without it the first"},
};
static const struct fault_parameter_row dead_parameters[] = {
    {.key = "to",
     .type = PARAMETER_TEXT,
     .required = true,
     .doc = "the server that is in the pool as well, and answers nobody: NODE:PORT or ADDRESS:PORT"},
};
static const struct fault_parameter_row health_parameters[] = {
    {.key = "path",
     .type = PARAMETER_TEXT,
     .required = true,
     .doc = "what servers are asked for: those that answer with 400 or more are taken for dead"},
};
#define PROXY .family = FAMILY_SERVICE, .layer = 7, .things = 1, FAULT_TARGETS(targets)
const struct fault_kind fault_proxy_upstream_wrong = {
    .name = "proxy-upstream-wrong",
    .summary = "a proxy hands requests to the wrong server or port",
    PROXY,
    FAULT_PARAMETERS(upstream_parameters),
    .symptom = "the page is another service's, or 502 or 503, while the right server answers well when asked directly",
    .tools = "curl -v, curl of each server, the proxy's log (labctl logs), labctl dump",
    .set_key = "upstreams",
    .validate = validate_upstream,
    .rewrite_topology = rewrite_upstream,
};
const struct fault_kind fault_proxy_backend_dead = {
    .name = "proxy-backend-dead",
    .summary = "a dead server stands in a proxy's pool, and nobody looks whether servers live",
    PROXY,
    FAULT_PARAMETERS(dead_parameters),
    .symptom = "one request in a few takes seconds or ends with 503, always in turn; the others are well",
    .tools = "curl in a loop (time_total, X-Served-By), the proxy's log (labctl logs), labctl dump",
    .set_key = "upstreams",
    .validate = validate_dead,
    .rewrite_topology = rewrite_dead,
};
const struct fault_kind fault_proxy_health_check_wrong = {
    .name = "proxy-health-check-wrong",
    .summary = "a proxy asks its servers for the wrong page to see whether they live",
    PROXY,
    FAULT_PARAMETERS(health_parameters),
    .symptom = "503 for everything, although each server answers well when asked directly",
    .tools = "curl of each server (and of the page that is asked for), the proxy's and the servers' logs, labctl dump",
    .set_key = "health_check",
    .validate = validate_health,
    .rewrite_topology = rewrite_health,
};
const struct fault_kind fault_proxy_sticky_skew = {
    .name = "proxy-sticky-skew",
    .summary = "a proxy binds clients to servers by their address, so that all behind one address load one server",
    PROXY,
    .symptom = "pages come, and all of them from one server, while the others idle",
    .tools = "curl in a loop (X-Served-By), the servers' logs, labctl dump",
    .set_key = "sticky",
    .validate = validate_skew,
    .rewrite_topology = rewrite_skew,
};
