/* Canonical YAML of proxies. */
#include <string.h>

#include "base/str.h"
#include "load/dump.h"

static const char *const balances[] = {"round-robin", "least", "source"};
static const char *const stickies[] = {"none", "cookie", "source"};

/* "app:8000", "app/eth1:8000", "10.0.0.1:8000", "[2001:db8::1]:8000" */
static void put_target(const struct upstream *upstream, struct str *out)
{
    char text[ADDR_TEXT_MAX];
    bool bracketed = !upstream->node && upstream->addr.family == 6 && upstream->port;
    if (upstream->node)
        str_printf(out, "%s%s%s", upstream->node->name, upstream->interface ? "/" : "",
                   upstream->interface ? upstream->interface->name : "");
    else
        str_printf(out, bracketed ? "[%s]" : "%s", addr_format(&upstream->addr, text));
    if (upstream->port)
        str_printf(out, ":%u", upstream->port);
}

static void dump_upstream(struct yaml *yaml, const struct upstream *upstream)
{
    STR_AUTO target = STR_INIT;
    put_target(upstream, &target);
    if (upstream->weight == 1 && !upstream->backup) {
        yaml_text(yaml, str_text(&target));
        return;
    }
    yaml_map(yaml);
    yaml_text_member(yaml, "to", str_text(&target));
    if (upstream->weight != 1)
        yaml_plain_member(yaml, "weight", "%u", upstream->weight);
    if (upstream->backup)
        yaml_boolean_member(yaml, "backup", true);
    yaml_map_end(yaml);
}

static void dump_health(struct yaml *yaml, const struct health_check *health)
{
    if (!health->on) {
        yaml_boolean_member(yaml, "health_check", false);
        return;
    }
    yaml_key(yaml, "health_check");
    yaml_map(yaml);
    dump_text(yaml, "path", health->path);
    dump_duration(yaml, "interval", health->interval);
    dump_number(yaml, "fall", health->fall);
    dump_number(yaml, "rise", health->rise);
    yaml_map_end(yaml);
}

static void dump_pool(struct yaml *yaml, const struct server_pool *pool)
{
    if (pool->upstream_count > 0) {
        yaml_key(yaml, "upstreams");
        yaml_list(yaml);
        for (size_t i = 0; i < pool->upstream_count; i++)
            dump_upstream(yaml, pool->upstreams[i]);
        yaml_list_end(yaml);
    }
    if (pool->balance_declared)
        yaml_text_member(yaml, "balance", balances[pool->balance]);
    if (pool->sticky_declared)
        yaml_text_member(yaml, "sticky", stickies[pool->sticky]);
    if (pool->health_declared)
        dump_health(yaml, &pool->health);
    if (!pool->limit_declared)
        return;
    yaml_key(yaml, "rate_limit");
    yaml_map(yaml);
    dump_number(yaml, "requests", pool->limit.requests);
    dump_duration(yaml, "per", pool->limit.per);
    yaml_map_end(yaml);
}

void dump_proxy(struct yaml *yaml, const struct proxy *proxy)
{
    if (proxy->mode == PROXY_TCP)
        yaml_text_member(yaml, "mode", "tcp");
    dump_pool(yaml, &proxy->pool);
    if (proxy->route_count == 0)
        return;
    yaml_key(yaml, "routes");
    yaml_list(yaml);
    for (size_t i = 0; i < proxy->route_count; i++) {
        const struct proxy_route *route = &proxy->routes[i];
        yaml_map(yaml);
        dump_text(yaml, "host", route->host);
        dump_text(yaml, "path", route->path);
        dump_text(yaml, "redirect", route->redirect);
        dump_pool(yaml, &route->pool);
        yaml_map_end(yaml);
    }
    yaml_list_end(yaml);
}
