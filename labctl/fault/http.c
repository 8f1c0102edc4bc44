/* http-error, http-slow, http-truncated, http-wrong-content, http-redirect-loop: a web service that answers, and
 * wrongly. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "fault/kinds.h"

#define SLOWEST NANOSECONDS_PER_HOUR

bool fault_is_service(const struct fault *fault, const struct thing *things, enum service_kind wanted,
                      struct findings *findings)
{
    if (things[0].service->kind == wanted)
        return true;
    const char *name = service_kind_name(wanted);
    findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                 "fault %s is at %s %s service; '%s' is of kind %s", fault->kind,
                 *name == 'h' || *name == 'o' ? "an" : "a", name, fault->at.items[0],
                 service_kind_name(things[0].service->kind));
    return false;
}

static bool is_http(const struct fault *fault, const struct thing *things, struct findings *findings)
{
    return fault_is_service(fault, things, SERVICE_HTTP, findings);
}

static void validate_error(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    uint32_t status = 0;
    (void)topology;
    fault_read_number(fault_text(fault, "status"), &status);
    if (is_http(fault, things, findings) && (status < 400 || status > 599 || status == things[0].service->status))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "status"),
                     "status %u is no error (400 to 599) that '%s' could answer with instead of its own", status,
                     fault->at.items[0]);
}

static int rewrite_error(struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct error *err)
{
    uint32_t status = 0;
    (void)topology, (void)err;
    fault_read_number(fault_text(fault, "status"), &status);
    things[0].service->status = status;
    if (fault_text(fault, "body"))
        things[0].service->body = arena_strdup(topology->arena, fault_text(fault, "body"));
    return 0;
}

static void validate_slow(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    int64_t delay = 0;
    (void)topology;
    duration_parse(fault_text(fault, "delay"), &delay);
    if (!is_http(fault, things, findings))
        return;
    if (delay <= things[0].service->delay)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "delay"), "'%s' is as slow when healthy",
                     fault->at.items[0]);
    if (delay > SLOWEST)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "delay"),
                     "delay of fault %s is at most 1h, not %s", fault->kind, fault_text(fault, "delay"));
    if (things[0].service->tls.on)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' has 'tls', and such a one does not wait: slow down one behind a proxy", fault->at.items[0]);
}

static int rewrite_slow(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    (void)topology, (void)err;
    duration_parse(fault_text(fault, "delay"), &things[0].service->delay);
    return 0;
}

static size_t body_length(const struct service *service)
{
    return service->body ? strlen(service->body) : strlen(service->node->name) + 1;
}

static void validate_truncated(const struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct findings *findings)
{
    const struct service *service = things[0].service;
    uint32_t bytes = 0;
    (void)topology;
    fault_read_number(fault_text(fault, "bytes"), &bytes);
    if (!is_http(fault, things, findings))
        return;
    if (service->tls.on)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' has 'tls', and such a one ends no answer early: break one behind a proxy",
                     fault->at.items[0]);
    else if (bytes >= body_length(service))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "bytes"),
                     "the answers of '%s' have %zu bytes: nothing of them would be missing", fault->at.items[0],
                     body_length(service));
    else if (service->truncate)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' ends its answers early when healthy", fault->at.items[0]);
}

static int rewrite_truncated(struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct error *err)
{
    (void)topology, (void)err;
    fault_read_number(fault_text(fault, "bytes"), &things[0].service->truncate);
    return 0;
}

static void validate_content(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    (void)topology;
    if (is_http(fault, things, findings) && things[0].service->body &&
        str_equal(things[0].service->body, fault_text(fault, "body")))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "body"),
                     "that is what '%s' says when healthy", fault->at.items[0]);
}

static int rewrite_content(struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct error *err)
{
    (void)err;
    things[0].service->body = arena_strdup(topology->arena, fault_text(fault, "body"));
    return 0;
}

/* A path that leads to itself: an answer of a web service, a route of a proxy. */
static void validate_loop(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    const char *path = fault_text(fault, "path");
    const struct service *service = things[0].service;
    (void)topology;
    if (service->kind != SERVICE_PROXY && !is_http(fault, things, findings))
        return;
    if (path[0] != '/' || strpbrk(path, " \t\r\n\"'\\#{}%"))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "path"),
                     "path of fault %s is a path such as /shop, not '%s'", fault->kind, path);
    else if (service->kind == SERVICE_PROXY && service->proxy->mode == PROXY_TCP)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' passes connections on as they are (mode tcp): it cannot redirect", fault->at.items[0]);
}

static void loop_answer(struct arena *arena, struct service *service, const char *path)
{
    struct http_route *route = NULL;
    for (size_t i = 0; i < service->route_count; i++)
        if (str_equal(service->routes[i].path, path))
            route = &service->routes[i];
    if (!route)
        route = ARENA_PUSH(arena, service->routes, service->route_count);
    *route = (struct http_route){.path = path, .body = "", .location = path, .status = 302, .mark = service->mark};
}

static void loop_route(struct arena *arena, struct service *service, const char *path)
{
    struct proxy_route *route = NULL;
    for (size_t i = 0; i < service->proxy->route_count; i++) {
        struct proxy_route *other = &service->proxy->routes[i];
        if (!other->host && str_equal(other->path ? other->path : "/", path))
            route = other;
    }
    if (!route)
        route = ARENA_PUSH(arena, service->proxy->routes, service->proxy->route_count);
    *route = (struct proxy_route){.path = path, .redirect = path, .mark = service->mark};
}

static int rewrite_loop(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    const char *path = arena_strdup(topology->arena, fault_text(fault, "path"));
    (void)err;
    if (things[0].service->kind == SERVICE_PROXY)
        loop_route(topology->arena, things[0].service, path);
    else
        loop_answer(topology->arena, things[0].service, path);
    return 0;
}

static const struct fault_target_row targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}};
static const struct fault_parameter_row error_parameters[] = {
    {.key = "status", .type = PARAMETER_NUMBER, .fallback = "503", .doc = "the status of its answers"},
    {.key = "body", .type = PARAMETER_TEXT, .doc = "their text"},
};
static const struct fault_parameter_row slow_parameters[] = {
    {.key = "delay", .type = PARAMETER_DURATION, .fallback = "5s", .doc = "how long it thinks before each answer"},
};
static const struct fault_parameter_row truncated_parameters[] = {
    {.key = "bytes", .type = PARAMETER_NUMBER, .fallback = "1", .doc = "how much of a body it sends"},
};
static const struct fault_parameter_row content_parameters[] = {
    {.key = "body", .type = PARAMETER_TEXT, .fallback = "It works!", .doc = "what it answers instead of its own text"},
};
static const struct fault_parameter_row loop_parameters[] = {
    {.key = "path", .type = PARAMETER_TEXT, .fallback = "/", .doc = "the path that leads to itself"},
};
#define HTTP .family = FAMILY_SERVICE, .layer = 7, .things = 1, FAULT_TARGETS(targets)
const struct fault_kind fault_http_error = {
    .name = "http-error",
    .summary = "a web service answers with an error",
    HTTP,
    FAULT_PARAMETERS(error_parameters),
    .symptom = "every page is an error, although names, ways and connections are right",
    .tools = "curl -v, tcpdump -A, labctl dump",
    .set_key = "status",
    .validate = validate_error,
    .rewrite_topology = rewrite_error,
};
const struct fault_kind fault_http_redirect_loop = {
    .name = "http-redirect-loop",
    .summary = "a web service or a proxy sends clients to where they come from",
    HTTP,
    FAULT_PARAMETERS(loop_parameters),
    .symptom = "browsers say that the page redirects too often; each answer is a quick 302",
    .tools = "curl -v (Location), curl -L (maximum redirects followed), labctl dump",
    .set_key = "routes",
    .validate = validate_loop,
    .rewrite_topology = rewrite_loop,
};
const struct fault_kind fault_http_slow = {
    .name = "http-slow",
    .summary = "a web service takes long to answer",
    HTTP,
    FAULT_PARAMETERS(slow_parameters),
    .symptom = "connections open at once and pages come late, or after the client has given up",
    .tools = "curl -w '%{time_connect} %{time_starttransfer}', tcpdump, labctl dump",
    .set_key = "delay",
    .validate = validate_slow,
    .rewrite_topology = rewrite_slow,
};
const struct fault_kind fault_http_truncated = {
    .name = "http-truncated",
    .summary = "a web service ends its answers before they are whole",
    HTTP,
    FAULT_PARAMETERS(truncated_parameters),
    .symptom =
        "status and headers are right, and the connection closes before as much has come as Content-Length says: "
        "downloads are cut short, browsers show half a page",
    .tools = "curl -v (transfer closed with outstanding data), curl -i (Content-Length), tcpdump -A, labctl dump",
    .set_key = "truncate",
    .validate = validate_truncated,
    .rewrite_topology = rewrite_truncated,
};
const struct fault_kind fault_http_wrong_content = {
    .name = "http-wrong-content",
    .summary = "a web service answers with another page than it should",
    HTTP,
    FAULT_PARAMETERS(content_parameters),
    .symptom = "status and connection are right, the page is not",
    .tools = "curl -i, labctl dump",
    .set_key = "body",
    .validate = validate_content,
    .rewrite_topology = rewrite_content,
};
