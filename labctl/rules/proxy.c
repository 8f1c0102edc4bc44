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

static void proxies(struct rules *rules, const struct node *node)
{
    for (size_t i = 0; i < node->service_count; i++) {
        const struct service *service = node->services[i];
        if (!service->proxy)
            continue;
        upstreams(rules, service, &service->proxy->pool);
        for (size_t k = 0; k < service->proxy->route_count; k++)
            upstreams(rules, service, &service->proxy->routes[k].pool);
    }
}

void check_upstream(struct rules *rules)
{
    each_node(rules, proxies);
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
