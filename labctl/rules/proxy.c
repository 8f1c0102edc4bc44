/* Rules of proxies. */
#include <string.h>

#include "rules/check.h"

static void upstreams(struct rules *rules, const struct service *service, const struct server_pool *pool)
{
    for (size_t i = 0; i < pool->upstream_count; i++) {
        const struct upstream *upstream = pool->upstreams[i];
        if (!upstream->node)
            continue;
        struct addr addr = topology_address_of(rules->topology, service->node, upstream->node, upstream->interface, 0);
        if (!addr_is_set(&addr))
            broken(rules, upstream->mark, "upstream '%s' of service '%s' has no address that node '%s' could use",
                   upstream->node->name, service->name, service->node->name);
        else if (upstream->node == service->node && (!upstream->port || upstream->port == service->port))
            broken(rules, upstream->mark, "service '%s' would pass everything on to itself", service->name);
    }
}

typedef void pool_check(struct rules *rules, const struct service *service, const struct server_pool *pool);

static void each_pool(struct rules *rules, const struct node *node, pool_check *check)
{
    for (size_t i = 0; i < node->service_count; i++) {
        const struct service *service = node->services[i];
        if (!service->proxy)
            continue;
        check(rules, service, &service->proxy->pool);
        for (size_t k = 0; k < service->proxy->route_count; k++)
            check(rules, service, &service->proxy->routes[k].pool);
    }
}

static void reachable(struct rules *rules, const struct node *node)
{
    each_pool(rules, node, upstreams);
}

void check_upstream(struct rules *rules)
{
    each_node(rules, reachable);
}

/* The TCP port of the node's first service that a proxy may be meant for, where nothing of the node may answer on this
 * one; else 0. */
static uint16_t other_port(const struct node *node, uint16_t port)
{
    uint16_t other = 0;
    if (node->nftables || node->nat.forward_count > 0 || node->run.count > 0)
        return 0; /* who knows where that leads */
    for (size_t i = 0; i < node->service_count; i++) {
        const struct service *service = node->services[i];
        bool program = service->kind == SERVICE_EXEC, named = service->kind == SERVICE_DNS || service->routing;
        uint16_t at = program ? service->ready_port : service->port;
        if (at == port || (program && !at))
            return 0;
        if (!other && !named &&
            (program ? service->ready_protocol == PROTOCOL_TCP : service_listens_tcp(service->kind)))
            other = at;
    }
    return other;
}

static void upstream_ports(struct rules *rules, const struct service *service, const struct server_pool *pool)
{
    for (size_t i = 0; i < pool->upstream_count; i++) {
        const struct upstream *upstream = pool->upstreams[i];
        if (!upstream->node || upstream->node == service->node || upstream->port)
            continue;
        uint16_t other = other_port(upstream->node, service->port);
        if (other)
            remedy(rules,
                   broken(rules, upstream->mark,
                          "service '%s' asks upstream '%s' on its own port, %u, where nothing of that node listens",
                          service->name, upstream->node->name, service->port),
                   "name the port: '%s%s%s:%u'", upstream->node->name, upstream->interface ? "/" : "",
                   upstream->interface ? upstream->interface->name : "", other);
    }
}

static void ports(struct rules *rules, const struct node *node)
{
    each_pool(rules, node, upstream_ports);
}

void check_upstream_port(struct rules *rules)
{
    each_node(rules, ports);
}

static void route(struct rules *rules, const struct service *service, const struct proxy_route *route_)
{
    if (!route_->redirect && route_->pool.upstream_count == 0)
        remedy(rules, broken(rules, route_->mark, "a route of service '%s' leads nowhere", service->name),
               "give it 'upstreams' or 'redirect'");
    if (route_->redirect && route_->pool.upstream_count > 0)
        broken(rules, route_->mark, "a route of service '%s' has both 'redirect' and 'upstreams'", service->name);
    if (route_->redirect && strcmp(route_->redirect, "https") == 0 && service->tls.on)
        broken(rules, route_->mark, "a route of service '%s' redirects to https, which it speaks itself",
               service->name);
}

/* Connections that are passed on as they are have neither paths nor cookies. */
static void plain(struct rules *rules, const struct service *service)
{
    const struct proxy *proxy = service->proxy;
    if (proxy->route_count > 0)
        broken(rules, proxy->routes[0].mark, "service '%s' has mode tcp: there are no routes in it", service->name);
    if (proxy->pool.sticky == STICKY_COOKIE)
        remedy(rules,
               broken(rules, service->mark, "service '%s' has mode tcp: there are no cookies in it", service->name),
               "sticky: source");
}

static void routes(struct rules *rules, const struct node *node)
{
    for (size_t i = 0; i < node->service_count; i++) {
        const struct service *service = node->services[i];
        if (!service->proxy)
            continue;
        if (service->proxy->mode == PROXY_TCP)
            plain(rules, service);
        if (service->proxy->pool.upstream_count + service->proxy->route_count == 0)
            remedy(rules, broken(rules, service->mark, "proxy '%s' leads nowhere", service->name),
                   "give it 'upstreams' or 'routes'");
        for (size_t k = 0; k < service->proxy->route_count; k++)
            route(rules, service, &service->proxy->routes[k]);
    }
}

void check_proxy_route(struct rules *rules)
{
    each_node(rules, routes);
}
