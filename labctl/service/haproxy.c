/* proxy: HAProxy in the node, configured by /etc/haproxy/haproxy.cfg as an administrator would.
 *
 * One frontend; one backend for each route, the most exact first, and one for all the rest.  Limits are kept for each
 * client: that of the proxy in the frontend, those of routes in their backends. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "service/lowering.h"

static const char *const balances[] = {"roundrobin", "leastconn", "source"};
_Static_assert(ARRAY_SIZE(balances) == BALANCE_COUNT, "a word for each");

struct writing {
    struct str *out;
    struct service_context *context;
    const struct proxy *proxy;
};

static unsigned milliseconds(int64_t duration)
{
    int64_t result = duration / (NANOSECONDS_PER_SECOND / 1000);
    return result < 1 ? 1 : (unsigned)result;
}

static void put_limit(const struct writing *w, const struct rate_limit *limit, unsigned counter)
{
    if (!limit->requests)
        return;
    unsigned per = milliseconds(limit->per);
    bool tcp = w->proxy->mode == PROXY_TCP;
    str_printf(w->out, "    stick-table type ipv6 size 10k expire %ums store %s(%ums)\n", per < 1000 ? 1000 : per,
               tcp ? "conn_rate" : "http_req_rate", per);
    if (tcp)
        str_printf(w->out,
                   "    tcp-request connection track-sc%u src\n"
                   "    tcp-request connection reject if { sc_conn_rate(%u) gt %u }\n",
                   counter, counter, limit->requests);
    else
        str_printf(w->out,
                   "    http-request track-sc%u src\n"
                   "    http-request return status 429 content-type text/plain string \"too many requests\\n\" "
                   "hdr Retry-After %u if { sc_http_req_rate(%u) gt %u }\n",
                   counter, per < 1000 ? 1 : per / 1000, counter, limit->requests);
}

/* ---- backends
 * -------------------------------------------------------------------------------------------------------- */

/* Servers are called by their nodes; a second one of a name gets a number. */
static const char *server_name(const struct writing *w, const struct server_pool *pool, size_t i)
{
    struct arena *arena = w->context->plan->arena;
    const struct upstream *upstream = pool->upstreams[i];
    if (!upstream->node)
        return arena_printf(arena, "server-%zu", i + 1);
    for (size_t k = 0; k < i; k++)
        if (pool->upstreams[k]->node == upstream->node)
            return arena_printf(arena, "%s-%zu", upstream->node->name, i + 1);
    return upstream->node->name;
}

static void put_server(const struct writing *w, const struct server_pool *pool, size_t i)
{
    const struct upstream *upstream = pool->upstreams[i];
    const struct service *service = w->context->service;
    struct addr addr = upstream->addr;
    char text[ADDR_TEXT_MAX];
    if (upstream->node)
        addr = topology_address_of(w->context->topology, service->node, upstream->node, upstream->interface, 0);
    const char *name = server_name(w, pool, i);
    str_printf(w->out, addr.family == 6 ? "    server %s [%s]:%u weight %u" : "    server %s %s:%u weight %u", name,
               addr_format(&addr, text), upstream->port ? upstream->port : service->port, upstream->weight);
    if (pool->health.on)
        str_printf(w->out, " check inter %ums fall %u rise %u", milliseconds(pool->health.interval), pool->health.fall,
                   pool->health.rise);
    if (pool->sticky == STICKY_COOKIE && w->proxy->mode == PROXY_HTTP)
        str_printf(w->out, " cookie %s", name);
    str_append(w->out, upstream->backup ? " backup\n" : "\n");
}

static void put_backend(const struct writing *w, const char *name, const struct server_pool *pool, bool limited)
{
    str_printf(w->out, "\nbackend %s\n", name);
    if (pool->upstream_count == 0) {
        str_append(w->out, "    http-request return status 404 content-type text/plain string \"not found\\n\"\n");
        return;
    }
    str_printf(w->out, "    balance %s\n", balances[pool->balance]);
    if (limited)
        put_limit(w, &pool->limit, 1);
    if (pool->sticky == STICKY_COOKIE && w->proxy->mode == PROXY_HTTP)
        str_append(w->out, "    cookie SERVER insert indirect nocache httponly\n");
    if (pool->sticky == STICKY_SOURCE)
        str_append(w->out, limited && pool->limit.requests ? "    hash-type consistent\n"
                                                           : "    stick-table type ipv6 size 10k expire 30m\n"
                                                             "    stick on src\n");
    if (pool->health.on && pool->health.path)
        str_printf(w->out, "    option httpchk GET %s\n    http-check expect rstatus ^[23]\n", pool->health.path);
    for (size_t i = 0; i < pool->upstream_count; i++)
        put_server(w, pool, i);
}

/* ---- the frontend
 * ---------------------------------------------------------------------------------------------------- */

static int by_exactness(const void *a, const void *b)
{
    const struct proxy_route *x = *(const struct proxy_route *const *)a, *y = *(const struct proxy_route *const *)b;
    if (!x->host != !y->host)
        return x->host ? -1 : 1;
    size_t p = x->path ? strlen(x->path) : 0, q = y->path ? strlen(y->path) : 0;
    return p != q ? (p > q ? -1 : 1) : (x > y) - (x < y);
}

/* "{ hdr(host) … } { path … }": what a route is for. */
static const char *condition(const struct writing *w, const struct proxy_route *route, size_t number)
{
    struct arena *arena = w->context->plan->arena;
    const char *host = "", *path = "";
    if (route->host) {
        str_printf(w->out, "    acl host-%zu req.hdr(host),field(1,:) -i %s\n", number, route->host);
        host = arena_printf(arena, " host-%zu", number);
    }
    size_t length = route->path ? strlen(route->path) : 0;
    if (length > 1) {
        bool whole = route->path[length - 1] == '/';
        if (!whole)
            str_printf(w->out, "    acl path-%zu path %s\n", number, route->path);
        str_printf(w->out, "    acl path-%zu path_beg %s%s\n", number, route->path, whole ? "" : "/");
        path = arena_printf(arena, " path-%zu", number);
    }
    return *host || *path ? arena_printf(arena, " if%s%s", host, path) : "";
}

static void put_bind(const struct writing *w, const char *certificate)
{
    const struct service *service = w->context->service;
    const struct service_tls *tls = &service->tls;
    bool ipv6 = w->context->plan->namespaces[w->context->ns].ipv6, anywhere = !addr_is_set(&service->bind);
    char text[ADDR_TEXT_MAX];
    const char *address = anywhere ? ipv6 ? "[::]" : "" : addr_format(&service->bind, text);
    str_printf(w->out, service->bind.family == 6 ? "    bind [%s]:%u" : "    bind %s:%u", address, service->port);
    if (anywhere && ipv6)
        str_append(w->out, " v4v6");
    if (tls->on) {
        str_printf(w->out, " ssl crt %s%s ssl-min-ver TLSv%s", certificate,
                   w->proxy->mode == PROXY_HTTP ? " alpn h2,http/1.1" : "",
                   tls_version_name(tls->min_version ? tls->min_version : TLS_1_2));
        if (tls->min_version == TLS_1_0 || tls->min_version == TLS_1_1)
            str_append(w->out, " ciphers ALL:@SECLEVEL=0");
        if (tls->clients == CLIENTS_CERTIFIED)
            str_append(w->out, " verify required ca-file " SERVICE_ROOT);
    }
    str_append_char(w->out, '\n');
}

static void put_redirect(const struct writing *w, const char *to, const char *when)
{
    if (str_equal(to, "https"))
        str_printf(w->out, "    http-request redirect scheme https code 301%s\n", when);
    else
        str_printf(w->out, "    http-request redirect location %s code 302%s\n", to, when);
}

static void put_frontend(const struct writing *w, const struct proxy_route **routes, const char *certificate)
{
    const struct service *service = w->context->service;
    const struct proxy *proxy = w->proxy;
    str_printf(w->out, "\nfrontend %s\n", service->name);
    put_bind(w, certificate);
    put_limit(w, &proxy->pool.limit, 0);
    if (proxy->mode == PROXY_HTTP)
        str_printf(w->out, "    http-request set-header X-Forwarded-Proto %s\n", service->tls.on ? "https" : "http");
    STR_AUTO choice = STR_INIT;
    for (size_t i = 0; i < proxy->route_count; i++) {
        const char *when = condition(w, routes[i], i + 1);
        if (routes[i]->redirect) {
            put_redirect(w, routes[i]->redirect, when);
            continue;
        }
        str_printf(&choice, "    use_backend %s-%zu%s\n", service->name, i + 1, when);
    }
    str_append(w->out, str_text(&choice));
    str_printf(w->out, "    default_backend %s-rest\n", service->name);
}

static void put_configuration(const struct writing *w, const char *name, const char *certificate)
{
    struct arena *arena = w->context->plan->arena;
    const struct proxy *proxy = w->proxy;
    const struct proxy_route **routes = arena_alloc(arena, (proxy->route_count + 1) * sizeof *routes);
    for (size_t i = 0; i < proxy->route_count; i++)
        routes[i] = &proxy->routes[i];
    qsort(routes, proxy->route_count, sizeof *routes, by_exactness);
    str_printf(w->out,
               "global\n    log stdout format raw local0\n    maxconn 2000\n    nbthread 1\n"
               "    stats socket /run/haproxy/%s.sock mode 600 level admin\n\n"
               "defaults\n    mode %s\n    log global\n    option %s\n    option dontlognull\n    option redispatch\n"
               "    retries 3\n    timeout connect 2s\n    timeout client 60s\n    timeout server 60s\n"
               "    timeout tunnel 1h\n",
               name, proxy->mode == PROXY_TCP ? "tcp" : "http", proxy->mode == PROXY_TCP ? "tcplog" : "httplog");
    if (proxy->mode == PROXY_HTTP)
        str_append(w->out, "    option forwardfor\n    timeout http-request 10s\n");
    put_frontend(w, routes, certificate);
    for (size_t i = 0; i < proxy->route_count; i++)
        if (!routes[i]->redirect)
            put_backend(w, arena_printf(arena, "%s-%zu", w->context->service->name, i + 1), &routes[i]->pool, true);
    put_backend(w, arena_printf(arena, "%s-rest", w->context->service->name), &proxy->pool, false);
}

void service_lower_proxy(struct service_context *context)
{
    struct plan *plan = context->plan;
    const struct service *service = context->service;
    const char *name = service_instance(context, "haproxy");
    const char *path = arena_printf(plan->arena, "/etc/haproxy/%s.cfg", name);
    const char *certificate = arena_printf(plan->arena, "/etc/haproxy/certs/%s.pem", service->name);
    STR_AUTO text = STR_INIT;
    struct writing writing = {&text, context, service->proxy};
    if (service->tls.on)
        service_certificate(plan, context->ns, service->node, &service->tls.certificate, certificate, certificate,
                            context->process->origin);
    put_configuration(&writing, name, certificate);
    const char *const argv[] = {"haproxy", "-db", "-f", path};
    service_argv(context, argv, ARRAY_SIZE(argv));
    service_configuration_file(context, path, &text);
    if (service->tls.on)
        service_presents(context);
    service_ready(context, READY_TCP, service->port);
}
