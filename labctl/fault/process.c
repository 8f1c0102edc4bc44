/* process-stopped, descriptor-limit, listen-backlog-full: a program that is there, and gets no further. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

enum { FILES_LEAST = 8, FILES_MOST = 256, BACKLOG_MOST = 128 };

static struct plan_process *process_at(struct plan *plan, const struct topology *topology, const struct fault *fault,
                                       const struct thing *things, struct error *err)
{
    struct plan_process *process = fault_process(plan, topology, &things[0]);
    if (!process)
        error_set(err, ERR_ABSENT, "fault '%s': nothing runs for %s", fault->id, fault->at.items[0]);
    return process;
}

static int rewrite_stopped(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    struct plan_process *process = process_at(plan, topology, fault, things, err);
    if (!process)
        return -1;
    process->stopped = true;
    return 0;
}

/* One socket serves all who ask, however many: the limit is never met. */
static bool has_no_connections(enum service_kind kind)
{
    return kind == SERVICE_UDP_ECHO || kind == SERVICE_DHCP || kind == SERVICE_OSPF || kind == SERVICE_BGP;
}

static void validate_files(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    const struct service *service = things[0].service;
    (void)topology;
    fault_check_number(fault, "files", FILES_LEAST, FILES_MOST, findings);
    /* HAProxy and BIND raise the limit themselves as they start, NSD does not start with so few. */
    if (service->kind == SERVICE_PROXY || (service->kind == SERVICE_DNS && !service_is_dnsmasq(service)))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "the program of '%s' sees to its own limit of open files", fault->at.items[0]);
    else if (has_no_connections(service->kind))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' takes no connections of clients: nobody would notice", fault->at.items[0]);
}

static int rewrite_files(struct plan *plan, const struct topology *topology, const struct fault *fault,
                         const struct thing *things, struct error *err)
{
    struct plan_process *process = process_at(plan, topology, fault, things, err);
    if (!process)
        return -1;
    fault_read_number(fault_text(fault, "files"), &process->open_files);
    return 0;
}

static void validate_backlog(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    (void)topology;
    if (!service_listens_tcp(things[0].service->kind))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' listens on no TCP port of its own", fault->at.items[0]);
    fault_check_number(fault, "backlog", 1, BACKLOG_MOST, findings);
}

/* What a program asks for when it listens is cut to somaxconn (listen(2)): it is started anew. */
static int rewrite_backlog(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    struct plan_process *process = process_at(plan, topology, fault, things, err);
    if (!process)
        return -1;
    fault_set_sysctl(plan, process->ns, "net/core/somaxconn", arena_strdup(plan->arena, fault_text(fault, "backlog")),
                     thing_name(topology, &things[0]));
    process->configuration = arena_printf(plan->arena, "%s\n", process->configuration ? process->configuration : "");
    process->stopped = true;
    return 0;
}

static const struct fault_target_row targets[] = {{THING_SERVICE, FAULT_PLAN}};
static const struct fault_parameter_row files_parameters[] = {
    {.key = "files",
     .type = PARAMETER_NUMBER,
     .fallback = "16",
     .doc = "how many files and connections it may have open"},
};
static const struct fault_parameter_row backlog_parameters[] = {
    {.key = "backlog",
     .type = PARAMETER_NUMBER,
     .fallback = "1",
     .doc = "how many connections may wait to be accepted"},
};
#define PROCESS .layer = 4, .things = 1, FAULT_TARGETS(targets)
const struct fault_kind fault_process_stopped = {
    .name = "process-stopped",
    .summary = "a program is stopped (SIGSTOP): it neither ends nor goes on",
    .family = FAMILY_SERVICE,
    PROCESS,
    .symptom = "connections open, and nothing comes; what is sent is taken until the window is full",
    .tools = "ps (state T), ss -tln (Recv-Q), ss -tn, nc, tcpdump, kill -CONT",
    .rewrite_plan = rewrite_stopped,
};
const struct fault_kind fault_descriptor_limit = {
    .name = "descriptor-limit",
    .summary = "a program may have too few files open, and each connection is one",
    .family = FAMILY_SERVICE,
    PROCESS,
    FAULT_PARAMETERS(files_parameters),
    .symptom =
        "a few clients are served well; with more at once, new connections open and are not answered, or are closed",
    .tools = "ls /proc/PID/fd, cat /proc/PID/limits, ss -tln (Recv-Q), the program's log (Too many open files)",
    .validate = validate_files,
    .rewrite_plan = rewrite_files,
};
const struct fault_kind fault_listen_backlog_full = {
    .name = "listen-backlog-full",
    .summary = "a program that accepts no connections any more has a short queue of those that wait",
    .family = FAMILY_TRANSPORT,
    PROCESS,
    FAULT_PARAMETERS(backlog_parameters),
    .symptom = "the first connections open and stay silent, further ones time out: SYNs arrive, and are dropped",
    .tools =
        "ss -tln (Recv-Q over Send-Q), nstat TcpExtListenOverflows, ps (state T), sysctl net.core.somaxconn, tcpdump",
    .validate = validate_backlog,
    .rewrite_plan = rewrite_backlog,
};
