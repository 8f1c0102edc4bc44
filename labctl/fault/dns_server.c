/* dns-refused, dns-servfail, dns-forwarder-wrong, dns-view-wrong, dns-cname-loop, dns-delegation-lame: a name server
 * that runs, and is set up wrongly. */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "model/public_names.h"
#include "plan/plan.h"

enum { SERVERS_MAX = 8 };

/* dnsmasq serves what neither has views nor refuses to ask elsewhere (service/dns.c). */
bool service_is_dnsmasq(const struct service *service)
{
    return service->view_count == 0 && service->recursion;
}

/* ---- asking elsewhere ---- */

static bool asks_elsewhere(const struct fault *fault, const struct thing *things, struct findings *findings)
{
    const struct service *service = things[0].service;
    if (!fault_is_dns(fault, &things[0], findings))
        return false;
    if (service->recursion && service->forward_count > 0)
        return true;
    findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                 "'%s' asks nobody else when healthy: it has no 'forward'", fault->at.items[0]);
    return false;
}

static void validate_refused(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    (void)topology;
    asks_elsewhere(fault, things, findings);
}

static int rewrite_refused(struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct error *err)
{
    (void)topology, (void)fault, (void)err;
    things[0].service->recursion = false;
    return 0;
}

static void validate_forwarder(const struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct findings *findings)
{
    struct addr addresses[SERVERS_MAX];
    const struct service *service = things[0].service;
    size_t same = 0, count = fault_read_addresses(fault_text(fault, "servers"), addresses, SERVERS_MAX);
    (void)topology;
    if (!asks_elsewhere(fault, things, findings))
        return;
    for (size_t i = 0; i < count && i < service->forward_count; i++)
        same += addr_equal(&addresses[i], &service->forward[i]);
    if (same == count && count == service->forward_count)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "servers"),
                     "that is whom '%s' asks when healthy", fault->at.items[0]);
}

static int rewrite_forwarder(struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct error *err)
{
    struct service *service = things[0].service;
    struct addr addresses[SERVERS_MAX];
    (void)err;
    service->forward_count = fault_read_addresses(fault_text(fault, "servers"), addresses, SERVERS_MAX);
    service->forward = arena_copy(topology->arena, addresses, service->forward_count * sizeof addresses[0]);
    return 0;
}

/* ---- a zone that does not load ---- */

static bool has_zone(const struct thing *server, const char *name)
{
    const struct dns_zone *zone;
    for (size_t i = 0; (zone = fault_zone(server, i)) != NULL; i++)
        if (!strcasecmp(zone->name, name))
            return true;
    return false;
}

static void validate_servfail(const struct topology *topology, const struct fault *fault, const struct thing *things,
                              struct findings *findings)
{
    (void)topology;
    if (!fault_is_dns(fault, &things[0], findings))
        return;
    if (service_is_dnsmasq(things[0].service))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' has no zone files: only one with 'views', or with 'recursion: false', has",
                     fault->at.items[0]);
    else if (!has_zone(&things[0], fault_text(fault, "zone")))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "zone"), "'%s' has no zone '%s'",
                     fault->at.items[0], fault_text(fault, "zone"));
}

/* "/etc/nsd/SERVICE.ZONE.zone", "/etc/bind/SERVICE.VIEW.ZONE.zone". */
static bool is_file_of(const struct service *service, const char *path, const char *zone)
{
    const char *name = strrchr(path, '/'), *rest = name ? name + 1 : path;
    size_t length = strlen(service->name);
    if (strncmp(rest, service->name, length) != 0 || rest[length] != '.')
        return false;
    rest += length + 1;
    if (service->view_count)
        rest += strcspn(rest, ".") + 1;
    return !strncasecmp(rest, zone, strlen(zone)) && str_equal(rest + strlen(zone), ".zone");
}

/* Somebody added a line by hand, and did not look at the log. */
static int rewrite_servfail(struct plan *plan, const struct topology *topology, const struct fault *fault,
                            const struct thing *things, struct error *err)
{
    static const char slip[] = "printer\tIN\tA\t10.20.30.256\n";
    const char *origin = thing_name(topology, &things[0]);
    struct plan_process *process = fault_process(plan, topology, &things[0]);
    size_t changed = 0;
    for (size_t i = 0; i < plan->file_count; i++) {
        struct plan_file *file = &plan->files[i];
        if (!str_equal(file->origin, origin) || !is_file_of(things[0].service, file->path, fault_text(fault, "zone")))
            continue;
        file->content = arena_printf(plan->arena, "%s%s", file->content, slip);
        file->length = strlen(file->content);
        changed++;
    }
    if (!changed || !process)
        return error_set(err, ERR_ABSENT, "fault '%s': %s has no zone '%s' any more", fault->id, fault->at.items[0],
                         fault_text(fault, "zone"));
    /* It reads its files only when it starts. */
    process->configuration = arena_printf(plan->arena, "%s%s", process->configuration, slip);
    return 0;
}

/* ---- who is told what ---- */

static struct dns_view *view_of(const struct fault *fault, const struct service *service)
{
    for (size_t i = 0; i < service->view_count; i++)
        if (str_equal(service->views[i].name, fault_text(fault, "view")))
            return &service->views[i];
    return NULL;
}

static void validate_view(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    struct prefix from = {0};
    (void)topology;
    if (!fault_is_dns(fault, &things[0], findings))
        return;
    const struct dns_view *view = view_of(fault, things[0].service);
    fault_read_destination(fault_text(fault, "from"), &from);
    if (!view)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "view"), "'%s' has no view '%s'",
                     fault->at.items[0], fault_text(fault, "view"));
    else if (prefix_has_host_bits(&from))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "from"), "'%s' has host bits set",
                     fault_text(fault, "from"));
    else if (view->from_count == 1 && prefix_equal(&view->from[0], &from))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "from"),
                     "that is for whom the view is when healthy");
}

static int rewrite_view(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    struct dns_view *view = view_of(fault, things[0].service);
    if (!view)
        return error_set(err, ERR_ABSENT, "fault '%s': %s has no view '%s' any more", fault->id, fault->at.items[0],
                         fault_text(fault, "view"));
    view->from = ARENA_NEW(topology->arena, struct prefix);
    view->from_count = 1;
    fault_read_destination(fault_text(fault, "from"), view->from);
    return 0;
}

/* ---- names that lead to names ---- */

/* A record of the name, of whatever type. */
static bool find_name(const struct thing *thing, const char *name, struct dns_zone **zone, size_t *index)
{
    for (int type = 0; type < RECORD_TYPE_COUNT; type++)
        if (fault_find_record(thing, name, record_type_name((enum record_type)type), zone, index))
            return true;
    return false;
}

static void validate_loop(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    struct dns_zone *zone;
    size_t index;
    const char *name = fault_text(fault, "name");
    (void)topology;
    if (!fault_is_dns(fault, &things[0], findings))
        return;
    if (things[0].kind == THING_SERVICE && service_is_dnsmasq(things[0].service))
        findings_add(
            findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
            "the program of '%s' refuses to start with such a loop: only one with 'views', or with 'recursion: "
            "false', has it",
            fault->at.items[0]);
    else if (!find_name(&things[0], name, &zone, &index) || str_equal(zone->records[index].name, "@")) {
        struct finding *finding =
            findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "name"),
                         "'%s' has no name '%s' that could be another's alias", fault->at.items[0], name);
        finding->hint = fault_record_hint(&things[0], name, findings->arena);
    } else if (fault_is_name_of(fault_text(fault, "alias"), zone, &zone->records[index])) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "alias"), "that is the name itself");
    } else if (!domain_contains(zone->name, record_target(findings->arena, zone->name, fault_text(fault, "alias")))) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "alias"),
                     "'%s' is no name of the zone '%s'", fault_text(fault, "alias"), zone->name);
    }
}

/* As the zone's records have it, or NULL. */
static const char *name_in(const struct dns_zone *zone, const char *asked)
{
    for (size_t i = 0; i < zone->record_count; i++)
        if (fault_is_name_of(asked, zone, &zone->records[i]))
            return zone->records[i].name;
    return NULL;
}

static void remove_name(struct dns_zone *zone, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < zone->record_count; i++)
        if (!fault_is_name_of(name, zone, &zone->records[i]))
            zone->records[kept++] = zone->records[i];
    zone->record_count = kept;
}

static void add_alias(struct arena *arena, struct dns_zone *zone, const char *name, const char *of)
{
    *ARENA_PUSH(arena, zone->records, zone->record_count) = (struct dns_record){
        .name = name, .type = RECORD_CNAME, .value = of, .mark = zone->mark, .value_mark = zone->mark};
}

static int rewrite_loop(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    struct dns_zone *zone;
    size_t changed = 0;
    const char *asked = fault_text(fault, "name"), *alias = arena_strdup(topology->arena, fault_text(fault, "alias"));
    for (size_t z = 0; (zone = fault_zone(&things[0], z)) != NULL; z++) {
        const char *name = name_in(zone, asked);
        if (!name)
            continue;
        remove_name(zone, name);
        remove_name(zone, alias);
        add_alias(topology->arena, zone, name, alias);
        add_alias(topology->arena, zone, alias, name);
        changed++;
    }
    return changed ? 0
                   : error_set(err, ERR_ABSENT, "fault '%s': %s has no name '%s' any more", fault->id,
                               fault->at.items[0], asked);
}

static void validate_lame(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    struct dns_zone *zone;
    size_t index;
    const char *name = fault_text(fault, "name"), *server = fault_text(fault, "server");
    (void)topology;
    if (!fault_find_record(&things[0], name, "NS", &zone, &index)) {
        struct finding *finding = findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "name"),
                                               "'%s' does not delegate '%s'", fault->at.items[0], name);
        finding->hint = fault_record_hint(&things[0], name, findings->arena);
    } else if (str_equal(zone->records[index].value, server)) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "server"),
                     "that is the server of '%s' when healthy", name);
    }
}

static int rewrite_lame(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    struct dns_zone *zone;
    size_t index;
    if (!fault_find_record(&things[0], fault_text(fault, "name"), "NS", &zone, &index))
        return error_set(err, ERR_ABSENT, "fault '%s': %s does not delegate '%s' any more", fault->id,
                         fault->at.items[0], fault_text(fault, "name"));
    zone->records[index].value = arena_strdup(topology->arena, fault_text(fault, "server"));
    return 0;
}

static const struct fault_target_row service_targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}};
static const struct fault_target_row process_targets[] = {{THING_SERVICE, FAULT_PLAN}};
static const struct fault_target_row zone_targets[] = {{THING_ZONE, FAULT_TOPOLOGY}};
static const struct fault_target_row name_targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}, {THING_ZONE, FAULT_TOPOLOGY}};
static const struct fault_parameter_row forwarder_parameters[] = {
    {.key = "servers", .type = PARAMETER_ADDRESSES, .required = true, .doc = "the name servers that it asks instead"},
};
static const struct fault_parameter_row zone_parameters[] = {
    {.key = "zone", .type = PARAMETER_NAME, .required = true, .doc = "the zone that does not load"},
};
static const struct fault_parameter_row view_parameters[] = {
    {.key = "view", .type = PARAMETER_TEXT, .required = true, .doc = "the view"},
    {.key = "from", .type = PARAMETER_DESTINATION, .required = true, .doc = "the network for which it is instead"},
};
static const struct fault_parameter_row loop_parameters[] = {
    {.key = "name", .type = PARAMETER_NAME, .required = true, .doc = "the name that leads to itself"},
    {.key = "alias", .type = PARAMETER_NAME, .fallback = "old", .doc = "the name over which it does, of the same zone"},
};
static const struct fault_parameter_row lame_parameters[] = {
    {.key = "name", .type = PARAMETER_NAME, .required = true, .doc = "the part of the zone that is delegated"},
    {.key = "server",
     .type = PARAMETER_NAME,
     .required = true,
     .doc = "the host that stands there instead of its server"},
};
#define DNS .family = FAMILY_DNS, .layer = 7, .things = 1
const struct fault_kind fault_dns_refused = {
    .name = "dns-refused",
    .summary = "a name server refuses to ask others for its clients",
    DNS,
    FAULT_TARGETS(service_targets),
    .symptom = "names of its own zones resolve, all others are refused",
    .tools = "dig (status: REFUSED, recursion requested but not available), labctl dump",
    .set_key = "recursion",
    .validate = validate_refused,
    .rewrite_topology = rewrite_refused,
};
const struct fault_kind fault_dns_forwarder_wrong = {
    .name = "dns-forwarder-wrong",
    .summary = "a name server asks the wrong servers for what it does not know",
    DNS,
    FAULT_TARGETS(service_targets),
    FAULT_PARAMETERS(forwarder_parameters),
    .symptom = "names of its own zones resolve, others do not, mostly after a timeout",
    .tools = "dig (SERVFAIL, timeouts), dig @FORWARDER, tcpdump port 53 at the server, labctl dump",
    .set_key = "forward",
    .validate = validate_forwarder,
    .rewrite_topology = rewrite_forwarder,
};
const struct fault_kind fault_dns_servfail = {
    .name = "dns-servfail",
    .summary = "a name server cannot read the file of a zone",
    DNS,
    FAULT_TARGETS(process_targets),
    FAULT_PARAMETERS(zone_parameters),
    .symptom = "every name of the zone ends with SERVFAIL; the server's other zones are well",
    .tools = "dig (status: SERVFAIL), the server's log (labctl logs), its zone file",
    .validate = validate_servfail,
    .rewrite_plan = rewrite_servfail,
};
const struct fault_kind fault_dns_view_wrong = {
    .name = "dns-view-wrong",
    .summary = "a name server with split horizon takes clients for others",
    DNS,
    FAULT_TARGETS(service_targets),
    FAULT_PARAMETERS(view_parameters),
    .symptom =
        "those inside get the answers for those outside: a name does not exist, or has an address that leads nowhere",
    .tools = "dig @SERVER from both sides, labctl dump",
    .set_key = "views",
    .validate = validate_view,
    .rewrite_topology = rewrite_view,
};
const struct fault_kind fault_dns_cname_loop = {
    .name = "dns-cname-loop",
    .summary = "a name is an alias of another one, which is an alias of the first",
    DNS,
    FAULT_TARGETS(name_targets),
    FAULT_PARAMETERS(loop_parameters),
    .symptom = "one name does not resolve (SERVFAIL, or an answer without an address); others of its zone do",
    .tools = "dig NAME CNAME, dig (the chain in the answer), labctl dump",
    .validate = validate_loop,
    .rewrite_topology = rewrite_loop,
};
const struct fault_kind fault_dns_delegation_lame = {
    .name = "dns-delegation-lame",
    .summary = "a zone is delegated to a host that knows nothing of it",
    DNS,
    FAULT_TARGETS(zone_targets),
    FAULT_PARAMETERS(lame_parameters),
    .symptom = "names of that zone end with SERVFAIL, after a while; asked directly, the zone's own server answers",
    .tools = "dig +trace, dig ZONE NS at the parent, dig @SERVER ZONE SOA (no aa)",
    .validate = validate_lame,
    .rewrite_topology = rewrite_lame,
};
