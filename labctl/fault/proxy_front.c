/* proxy-host-wrong, http-rate-limited: a proxy that does not do right by its clients. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "fault/kinds.h"

static bool is_proxy(const struct fault *fault, const struct thing *things, struct findings *findings)
{
    return fault_is_service(fault, things, SERVICE_PROXY, findings);
}

static void validate_limit(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    int64_t per = 0;
    (void)topology;
    duration_parse(fault_text(fault, "per"), &per);
    if (is_proxy(fault, things, findings) && (per < NANOSECONDS_PER_SECOND / 1000 || per > 24 * NANOSECONDS_PER_HOUR))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "per"),
                     "per of fault %s is from 1ms to 24h, not %s", fault->kind, fault_text(fault, "per"));
}

static int rewrite_limit(struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct error *err)
{
    struct server_pool *pool = &things[0].service->proxy->pool;
    (void)topology, (void)err;
    pool->limit_declared = true;
    fault_read_number(fault_text(fault, "requests"), &pool->limit.requests);
    duration_parse(fault_text(fault, "per"), &pool->limit.per);
    return 0;
}

static void validate_host(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    const char *host = fault_text(fault, "host");
    const char **hosts = NULL;
    size_t count = 0;
    (void)topology;
    if (!is_proxy(fault, things, findings))
        return;
    for (size_t i = 0; i < things[0].service->proxy->route_count; i++)
        if (things[0].service->proxy->routes[i].host)
            *ARENA_PUSH(findings->arena, hosts, count) = things[0].service->proxy->routes[i].host;
    for (size_t i = 0; i < count; i++)
        if (str_equal(hosts[i], host)) {
            if (str_equal(host, fault_text(fault, "instead")))
                findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "instead"),
                             "that is the host of the route when healthy");
            return;
        }
    struct finding *finding = findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "host"),
                                           "'%s' has no route for host '%s'", fault->at.items[0], host);
    const char *near = count ? str_nearest(host, hosts, count) : NULL;
    finding->hint = near ? arena_printf(findings->arena, "did you mean '%s'?", near) : NULL;
}

static int rewrite_host(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    struct proxy *proxy = things[0].service->proxy;
    size_t changed = 0;
    for (size_t i = 0; i < proxy->route_count; i++)
        if (proxy->routes[i].host && str_equal(proxy->routes[i].host, fault_text(fault, "host"))) {
            proxy->routes[i].host = arena_strdup(topology->arena, fault_text(fault, "instead"));
            changed++;
        }
    return changed ? 0
                   : error_set(err, ERR_ABSENT, "fault '%s': %s has no route for that host any more", fault->id,
                               fault->at.items[0]);
}

static const struct fault_target_row targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}};
static const struct fault_parameter_row host_parameters[] = {
    {.key = "host", .type = PARAMETER_NAME, .required = true, .doc = "the host of the route"},
    {.key = "instead", .type = PARAMETER_NAME, .required = true, .doc = "the host that stands there instead"},
};
static const struct fault_parameter_row limit_parameters[] = {
    {.key = "requests",
     .type = PARAMETER_NUMBER,
     .fallback = "2",
     .doc = "how many requests a client may send in that time"},
    {.key = "per", .type = PARAMETER_DURATION, .fallback = "10s", .doc = "the time"},
};
#define PROXY .family = FAMILY_SERVICE, .layer = 7, .things = 1, FAULT_TARGETS(targets)
const struct fault_kind fault_proxy_host_wrong = {
    .name = "proxy-host-wrong",
    .summary = "a route of a proxy is for another host name than clients ask for",
    PROXY,
    FAULT_PARAMETERS(host_parameters),
    .symptom = "one site behind the proxy shows another's page, or 404; the others are well",
    .tools = "curl -v -H Host:, the proxy's log (labctl logs), labctl dump",
    .set_key = "routes",
    .validate = validate_host,
    .rewrite_topology = rewrite_host,
};
const struct fault_kind fault_http_rate_limited = {
    .name = "http-rate-limited",
    .summary = "a proxy lets each client send too few requests",
    PROXY,
    FAULT_PARAMETERS(limit_parameters),
    .symptom = "the first requests are well, then they are 429 for a while: too many requests",
    .tools = "curl -i in a loop (Retry-After), the proxy's log (labctl logs), labctl dump",
    .set_key = "rate_limit",
    .validate = validate_limit,
    .rewrite_topology = rewrite_limit,
};
