/* service-down, service-loopback-only, service-wrong-port, service-command-wrong, service-crash-loop, port-taken:
 * programs that do not run as they should. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

static bool listens(const struct service *service)
{
    return service->kind != SERVICE_EXEC && !service->dhcp && !service->routing;
}

/* ---- down ---- */

/* Whose process does the work of a service: one BIRD runs for all that routes in a node, under the first one's name. */
static const struct service *runner(const struct thing *thing)
{
    for (size_t i = 0; thing->service->routing && i < thing->node->service_count; i++)
        if (thing->node->services[i]->routing)
            return thing->node->services[i];
    return thing->service;
}

int fault_stop_service(struct plan *plan, const struct topology *topology, const struct fault *fault,
                       const struct thing *things, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    const char *name = arena_printf(arena, "%s/%s", things[0].node->name, runner(&things[0])->name);
    const char *origin = arena_printf(arena, "node/%s/service/%s", things[0].node->name, runner(&things[0])->name);
    size_t kept = 0;
    (void)topology;
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
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "where a service of kind %s listens is its program's to say",
                     service_kind_name(things[0].service->kind));
    else if (bind->family == 4 && bind->bytes[0] == 127)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
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
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "where a service of kind %s listens is its program's to say",
                     service_kind_name(things[0].service->kind));
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
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "fault %s is at a service of kind exec; '%s' is of kind %s", fault->kind, fault->at.items[0],
                     service_kind_name(things[0].service->kind));
    else if (things[0].service->command.count == 1 &&
             str_equal(things[0].service->command.items[0], fault_text(fault, "command")))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "command"),
                     "that is what '%s' runs when healthy", fault->at.items[0]);
}

/* One text, as where it stands in a file: service/exec.c gives it to the shell where it needs one.  When it is ready
 * nobody knows. */
static int rewrite_command(struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct error *err)
{
    struct strings *command = &things[0].service->command;
    (void)err;
    *command = (struct strings){0};
    things[0].service->ready_port = 0;
    *ARENA_PUSH(topology->arena, command->items, command->count) =
        arena_strdup(topology->arena, fault_text(fault, "command"));
    return 0;
}

/* ---- it ends as soon as it runs; another program is there first ---- */

struct plan_process *fault_process(struct plan *plan, const struct topology *topology, const struct thing *service)
{
    ARENA_AUTO arena = arena_new();
    (void)topology;
    const char *origin = arena_printf(arena, "node/%s/service/%s", service->node->name, runner(service)->name);
    for (size_t i = 0; i < plan->process_count; i++)
        if (str_equal(plan->processes[i].origin, origin))
            return &plan->processes[i];
    return NULL;
}

static int rewrite_crash(struct plan *plan, const struct topology *topology, const struct fault *fault,
                         const struct thing *things, struct error *err)
{
    static const char *const argv[] = {"/bin/sh", "-c",
                                       "echo 'cannot open the log file: Permission denied' >&2; exit 1"};
    struct plan_process *process = fault_process(plan, topology, &things[0]);
    if (!process)
        return error_set(err, ERR_ABSENT, "fault '%s': nothing runs for %s", fault->id, fault->at.items[0]);
    process->embedded = false;
    process->argv = arena_copy(plan->arena, argv, sizeof argv);
    process->argc = ARRAY_SIZE(argv);
    process->configuration = NULL;
    process->ready = READY_NONE;
    return 0;
}

static void validate_taken(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    const struct service *service = things[0].service;
    (void)topology;
    if (!listens(service) || service->kind == SERVICE_UDP_ECHO)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' listens on no TCP port of its own", fault->at.items[0]);
    else if (service->kind == SERVICE_TCP && (!service->banner || !*service->banner))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' says nothing when healthy either: nobody would notice another program in its place",
                     fault->at.items[0])
            ->hint = "give the service a banner, or take one that answers";
}

/* The port's new owner accepts and says nothing. */
static int rewrite_taken(struct plan *plan, const struct topology *topology, const struct fault *fault,
                         const struct thing *things, struct error *err)
{
    static const char *const argv[] = {"tcpd", "-f", "@configuration@"};
    struct plan_process *process = fault_process(plan, topology, &things[0]);
    if (!process)
        return error_set(err, ERR_ABSENT, "fault '%s': nothing runs for %s", fault->id, fault->at.items[0]);
    process->embedded = true;
    process->argv = arena_copy(plan->arena, argv, sizeof argv);
    process->argc = ARRAY_SIZE(argv);
    process->configuration = arena_printf(plan->arena, "port %u\n", things[0].service->port);
    process->ready = READY_TCP;
    process->ready_port = things[0].service->port;
    return 0;
}

static const struct fault_target_row plan_targets[] = {{THING_SERVICE, FAULT_PLAN}};
static const struct fault_target_row topology_targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}};
static const struct fault_parameter_row port_parameters[] = {
    {.key = "port", .type = PARAMETER_NUMBER, .required = true, .doc = "where it listens instead"},
};
static const struct fault_parameter_row command_parameters[] = {
    {.key = "command",
     .type = PARAMETER_TEXT,
     .required = true,
     .doc = "what is run instead, as where it stands in the file"},
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
    .fleeting = true,
    .set_key = "command",
    .validate = validate_command,
    .rewrite_topology = rewrite_command,
};
const struct fault_kind fault_service_crash_loop = {
    .name = "service-crash-loop",
    .summary = "a service ends as soon as it has started, over and over",
    .family = FAMILY_SERVICE,
    .layer = 7,
    .things = 1,
    FAULT_TARGETS(plan_targets),
    .fleeting = true,
    .symptom = "connections to it are refused; it is started again and again",
    .tools = "labctl logs, ps (new pids), ss -ltnu",
    .rewrite_plan = rewrite_crash,
};
const struct fault_kind fault_port_taken = {
    .name = "port-taken",
    .summary = "another program has a service's port",
    .family = FAMILY_SERVICE,
    .layer = 4,
    .things = 1,
    FAULT_TARGETS(plan_targets),
    .symptom = "connections to the port open, and nothing that the service would say comes",
    .tools = "ss -ltnp, ps, nc, labctl logs",
    .validate = validate_taken,
    .rewrite_plan = rewrite_taken,
};
