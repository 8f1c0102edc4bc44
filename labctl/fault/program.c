/* service-down, service-loopback-only, service-wrong-port, service-command-wrong, http-error, resolver-wrong: programs
 * that run wrongly, or ask the wrong one. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

static struct mark target_mark(const struct fault *fault)
{
    return fault->at_marks ? fault->at_marks[0] : fault->mark;
}

static bool listens(const struct service *service)
{
    return service->kind != SERVICE_EXEC;
}

/* ---- down ---- */

int fault_stop_service(struct plan *plan, const struct topology *topology, const struct fault *fault,
                       const struct thing *things, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    const char *origin = thing_name(topology, &things[0]);
    const char *name = arena_printf(arena, "%s/%s", things[0].node->name, things[0].service->name);
    size_t kept = 0;
    for (size_t i = 0; i < plan->process_count; i++)
        if (!str_equal(plan->processes[i].origin, origin) && !str_equal(plan->processes[i].name, name))
            plan->processes[kept++] = plan->processes[i];
    if (kept == plan->process_count)
        return error_set(err, ERR_ABSENT, "fault '%s': nothing runs for %s", fault->id, fault->at.items[0]);
    plan->process_count = kept;
    return 0;
}

/* ---- where it listens ---- */

static void validate_loopback(const struct topology *topology, const struct fault *fault, const struct thing *things,
                              struct findings *findings)
{
    const struct addr *bind = &things[0].service->bind;
    (void)topology;
    if (!listens(things[0].service))
        findings_add(findings, FINDING_ERROR, fault->kind, target_mark(fault),
                     "where a service of kind exec listens is its program's to say");
    else if (bind->family == 4 && bind->bytes[0] == 127)
        findings_add(findings, FINDING_ERROR, fault->kind, target_mark(fault),
                     "'%s' listens on loopback alone when healthy", fault->at.items[0]);
}

static int rewrite_loopback(struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct error *err)
{
    (void)topology, (void)fault, (void)err;
    things[0].service->bind = (struct addr){.family = 4, .bytes = {127, 0, 0, 1}};
    return 0;
}

static void validate_port(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    uint32_t port = 0;
    (void)topology;
    fault_read_number(fault_text(fault, "port"), &port);
    if (!listens(things[0].service))
        findings_add(findings, FINDING_ERROR, fault->kind, target_mark(fault),
                     "where a service of kind exec listens is its program's to say");
    else if (things[0].service->port == port)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "port"),
                     "'%s' listens on port %u when healthy", fault->at.items[0], port);
    for (size_t i = 0; i < things[0].node->service_count; i++)
        if (things[0].node->services[i] != things[0].service && things[0].node->services[i]->port == port)
            findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "port"),
                         "port %u of '%s' is taken by service '%s'", port, things[0].node->name,
                         things[0].node->services[i]->name);
}

static int rewrite_port(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    uint32_t port = 0;
    (void)topology, (void)err;
    fault_read_number(fault_text(fault, "port"), &port);
    things[0].service->port = (uint16_t)port;
    return 0;
}

/* ---- what it runs, what it answers ---- */

static void validate_command(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    (void)topology;
    if (things[0].service->kind != SERVICE_EXEC)
        findings_add(findings, FINDING_ERROR, fault->kind, target_mark(fault),
                     "fault %s is at a service of kind exec; '%s' is of kind %s", fault->kind, fault->at.items[0],
                     service_kind_name(things[0].service->kind));
}

/* A text is run by the shell, as where it stands in a file.  When it is ready nobody knows: it is not waited for. */
static int rewrite_command(struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct error *err)
{
    static const char *const shell[] = {"/bin/sh", "-c"};
    struct strings *command = &things[0].service->command;
    (void)err;
    *command = (struct strings){0};
    things[0].service->ready_port = 0;
    for (size_t i = 0; i < ARRAY_SIZE(shell); i++)
        *ARENA_PUSH(topology->arena, command->items, command->count) = shell[i];
    *ARENA_PUSH(topology->arena, command->items, command->count) =
        arena_strdup(topology->arena, fault_text(fault, "command"));
    return 0;
}

static void validate_http(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    uint32_t status = 0;
    (void)topology;
    fault_read_number(fault_text(fault, "status"), &status);
    if (things[0].service->kind != SERVICE_HTTP)
        findings_add(findings, FINDING_ERROR, fault->kind, target_mark(fault),
                     "fault %s is at an http service; '%s' is of kind %s", fault->kind, fault->at.items[0],
                     service_kind_name(things[0].service->kind));
    else if (status < 100 || status > 599 || status == things[0].service->status)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "status"),
                     "status %u is none that '%s' could answer with instead of its own", status, fault->at.items[0]);
}

static int rewrite_http(struct topology *topology, const struct fault *fault, const struct thing *things,
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

/* ---- whom it asks ---- */

#define RESOLV_CONF "/etc/resolv.conf"

static bool has_content(const struct plan_file *file, uint32_t ns)
{
    return file->ns == ns && str_equal(file->path, RESOLV_CONF);
}

/* The servers are exchanged, the rest of the file stays. */
static int rewrite_resolver(struct plan *plan, const struct topology *topology, const struct fault *fault,
                            const struct thing *things, struct error *err)
{
    enum { SERVERS_MAX = 8 };
    struct addr servers[SERVERS_MAX];
    char text[ADDR_TEXT_MAX];
    uint32_t ns;
    STR_AUTO content = STR_INIT;
    struct plan_file *file = NULL;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    size_t count = fault_read_addresses(fault_text(fault, "servers"), servers, SERVERS_MAX);
    for (size_t i = 0; i < count; i++)
        str_printf(&content, "nameserver %s\n", addr_format(&servers[i], text));
    for (size_t i = 0; i < plan->file_count && !file; i++)
        if (has_content(&plan->files[i], ns))
            file = &plan->files[i];
    const char *line = file ? file->content : NULL;
    for (size_t left = file ? file->length : 0; left > 0;) {
        size_t length = 0;
        while (length < left && line[length++] != '\n')
            continue;
        if (!str_starts(line, "nameserver"))
            str_append_bytes(&content, line, length);
        line += length;
        left -= length;
    }
    if (!file) {
        file = ARENA_PUSH(plan->arena, plan->files, plan->file_count);
        *file = (struct plan_file){.ns = ns, .path = RESOLV_CONF, .mode = 0644};
        file->origin = thing_name(topology, &things[0]);
    }
    file->length = content.length;
    file->content = arena_strndup(plan->arena, str_text(&content), content.length);
    return 0;
}

static const struct fault_target_row plan_targets[] = {{THING_SERVICE, FAULT_PLAN}};
static const struct fault_target_row topology_targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}};
static const struct fault_target_row node_targets[] = {{THING_NODE, FAULT_PLAN}};
static const struct fault_parameter_row port_parameters[] = {
    {.key = "port", .type = PARAMETER_NUMBER, .required = true, .doc = "where it listens instead"},
};
static const struct fault_parameter_row command_parameters[] = {
    {.key = "command", .type = PARAMETER_TEXT, .required = true, .doc = "what is run instead, by the shell"},
};
static const struct fault_parameter_row http_parameters[] = {
    {.key = "status", .type = PARAMETER_NUMBER, .fallback = "503", .doc = "the status of its answers"},
    {.key = "body", .type = PARAMETER_TEXT, .doc = "their text"},
};
static const struct fault_parameter_row resolver_parameters[] = {
    {.key = "servers", .type = PARAMETER_ADDRESSES, .required = true, .doc = "the name servers that it asks instead"},
};
const struct fault_kind fault_service_down = {
    .name = "service-down",
    .summary = "a service does not run",
    .family = FAMILY_SERVICE,
    .layer = 7,
    .things = 1,
    .targets = plan_targets,
    .target_count = ARRAY_SIZE(plan_targets),
    .symptom = "connections to it are refused; the machine itself answers",
    .tools = "ss -ltnu, ps, nc, tcpdump",
    .rewrite_plan = fault_stop_service,
};
const struct fault_kind fault_service_loopback_only = {
    .name = "service-loopback-only",
    .summary = "a service listens on loopback alone",
    .family = FAMILY_SERVICE,
    .layer = 4,
    .things = 1,
    .targets = topology_targets,
    .target_count = ARRAY_SIZE(topology_targets),
    .symptom = "it answers on its own machine; from everywhere else it is refused",
    .tools = "ss -ltn, nc, labctl dump",
    .set_key = "bind",
    .validate = validate_loopback,
    .rewrite_topology = rewrite_loopback,
};
const struct fault_kind fault_service_wrong_port = {
    .name = "service-wrong-port",
    .summary = "a service listens on the wrong port",
    .family = FAMILY_SERVICE,
    .layer = 4,
    .things = 1,
    .targets = topology_targets,
    .target_count = ARRAY_SIZE(topology_targets),
    .parameters = port_parameters,
    .parameter_count = ARRAY_SIZE(port_parameters),
    .symptom = "connections to its port are refused, although it runs",
    .tools = "ss -ltnp, nc, labctl dump",
    .set_key = "port",
    .validate = validate_port,
    .rewrite_topology = rewrite_port,
};
const struct fault_kind fault_service_command_wrong = {
    .name = "service-command-wrong",
    .summary = "a program runs with the wrong settings",
    .family = FAMILY_SERVICE,
    .layer = 7,
    .things = 1,
    .targets = topology_targets,
    .target_count = ARRAY_SIZE(topology_targets),
    .parameters = command_parameters,
    .parameter_count = ARRAY_SIZE(command_parameters),
    .symptom = "the service is there and behaves wrongly",
    .tools = "ps, the program's own log (labctl logs), labctl dump",
    .set_key = "command",
    .validate = validate_command,
    .rewrite_topology = rewrite_command,
};
const struct fault_kind fault_http_error = {
    .name = "http-error",
    .summary = "a web service answers with an error",
    .family = FAMILY_SERVICE,
    .layer = 7,
    .things = 1,
    .targets = topology_targets,
    .target_count = ARRAY_SIZE(topology_targets),
    .parameters = http_parameters,
    .parameter_count = ARRAY_SIZE(http_parameters),
    .symptom = "every page is an error, although names, ways and connections are right",
    .tools = "curl -v, tcpdump -A, labctl dump",
    .set_key = "status",
    .validate = validate_http,
    .rewrite_topology = rewrite_http,
};
const struct fault_kind fault_resolver_wrong = {
    .name = "resolver-wrong",
    .summary = "a machine asks the wrong name servers",
    .family = FAMILY_DNS,
    .layer = 7,
    .things = 1,
    .targets = node_targets,
    .target_count = ARRAY_SIZE(node_targets),
    .parameters = resolver_parameters,
    .parameter_count = ARRAY_SIZE(resolver_parameters),
    .symptom = "names do not resolve on that machine, or wrongly; others are well, and by address all is well",
    .tools = "cat /etc/resolv.conf, dig, dig @SERVER, tcpdump port 53",
    .rewrite_plan = rewrite_resolver,
};
