/* dns-wrong-record, dns-record-missing, dns-zone-missing, dns-server-down: a name server that answers wrongly, or not
 * at all. */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "model/public_names.h"
#include "plan/plan.h"

/* ---- the record ---- */

bool fault_is_name_of(const char *asked, const struct dns_zone *zone, const struct dns_record *record)
{
    ARENA_AUTO arena = arena_new();
    size_t length = strlen(asked);
    const char *plain = length && asked[length - 1] == '.' ? arena_strndup(arena, asked, length - 1) : asked;
    const char *full =
        str_equal(record->name, "@") ? zone->name : arena_printf(arena, "%s.%s", record->name, zone->name);
    return !strcasecmp(plain, full) || !strcasecmp(plain, record->name);
}

struct dns_zone *fault_zone(const struct thing *thing, size_t i)
{
    if (thing->kind == THING_ZONE)
        return i ? NULL : thing->zone;
    const struct service *service = thing->service;
    if (i < service->zone_count)
        return &service->zones[i];
    i -= service->zone_count;
    for (size_t v = 0; v < service->view_count; i -= service->views[v++].zone_count)
        if (i < service->views[v].zone_count)
            return &service->views[v].zones[i];
    return NULL;
}

static bool is_asked(const struct dns_zone *zone, const struct dns_record *record, const char *name, const char *type)
{
    return str_equal(record_type_name(record->type), type) && fault_is_name_of(name, zone, record);
}

bool fault_find_record(const struct thing *thing, const char *name, const char *type, struct dns_zone **zone,
                       size_t *index)
{
    for (size_t z = 0; (*zone = fault_zone(thing, z)) != NULL; z++)
        for (size_t r = 0; r < (*zone)->record_count; r++)
            if (is_asked(*zone, &(*zone)->records[r], name, type))
                return *index = r, true;
    return false;
}

/* What helps where no record fits: the types that the name has, else the nearest name. */
const char *fault_record_hint(const struct thing *thing, const char *asked, struct arena *arena)
{
    const char **names = NULL, *types = NULL;
    size_t count = 0;
    const struct dns_zone *zone;
    for (size_t z = 0; (zone = fault_zone(thing, z)) != NULL; z++)
        for (size_t r = 0; r < zone->record_count; r++) {
            const struct dns_record *record = &zone->records[r];
            const char *type = record_type_name(record->type);
            if (fault_is_name_of(asked, zone, record) && !(types && str_equal(types, type)))
                types = types ? arena_printf(arena, "%s, %s", types, type) : type;
            *ARENA_PUSH(arena, names, count) =
                str_equal(record->name, "@") ? zone->name : arena_printf(arena, "%s.%s", record->name, zone->name);
        }
    if (types != NULL)
        return arena_printf(arena, "records of that name are of type %s", types);
    const char *near = count ? str_nearest(asked, names, count) : NULL;
    return near ? arena_printf(arena, "did you mean '%s'?", near) : NULL;
}

bool fault_is_dns(const struct fault *fault, const struct thing *thing, struct findings *findings)
{
    if (thing->kind == THING_ZONE || thing->service->kind == SERVICE_DNS)
        return true;
    findings_add(findings, FINDING_ERROR, "fault-target", fault_target_mark(fault),
                 "fault %s is at a dns service; '%s' is of kind %s", fault->kind, fault->at.items[0],
                 service_kind_name(thing->service->kind));
    return false;
}

/* The zones of one name server, from `first` on, in which an alias's chain is looked up: those that one asker sees. */
static bool leads_back(const struct thing *thing, const struct dns_zone *zone, const char *name, const char *answer)
{
    ARENA_AUTO arena = arena_new();
    const struct service *service = thing->service;
    return thing->kind == THING_SERVICE && service_is_dnsmasq(service) &&
           record_leads_to(service->zones, service->zone_count, record_target(arena, zone->name, answer),
                           record_owner(arena, zone->name, name));
}

/* An answer is wrong where none of the healthy ones is the same. */
static bool is_healthy(const struct thing *thing, const char *name, const char *type, const char *answer)
{
    const struct dns_zone *zone;
    bool elsewhere = false, same = false;
    for (size_t z = 0; (zone = fault_zone(thing, z)) != NULL; z++) {
        bool here = false, has = false;
        for (size_t r = 0; r < zone->record_count; r++)
            if (is_asked(zone, &zone->records[r], name, type)) {
                has = true;
                here = here || str_equal(zone->records[r].value, answer);
            }
        same = same || here;
        elsewhere = elsewhere || (has && !here);
    }
    return same && !elsewhere;
}

static void validate_record(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    const char *name = fault_text(fault, "name"), *type = fault_text(fault, "type"),
               *answer = fault_text(fault, "answer"), *wanted;
    struct dns_zone *zone;
    size_t index;
    (void)topology;
    if (!fault_is_dns(fault, &things[0], findings))
        return;
    if (!fault_find_record(&things[0], name, type, &zone, &index)) {
        struct finding *finding = findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "name"),
                                               "'%s' has no %s record '%s'", fault->at.items[0], type, name);
        finding->hint = fault_record_hint(&things[0], name, findings->arena);
    } else if ((wanted = record_misfit(zone->records[index].type, answer)) != NULL) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "answer"),
                     "'%s' is no value of a record of type %s: it takes %s", answer, type, wanted);
    } else if (is_healthy(&things[0], name, type, answer)) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "answer"),
                     "'%s' is what the record says when healthy", answer);
    } else if (zone->records[index].type == RECORD_CNAME &&
               leads_back(&things[0], zone, zone->records[index].name, answer)) {
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "answer"),
                     "'%s' leads back to '%s', and the program of '%s' does not start with such a loop", answer, name,
                     fault->at.items[0]);
    }
}

/* Several records of that name and type: the wrong one stands for all of them. */
static size_t answer_wrongly(struct dns_zone *zone, const char *name, const char *type, const char *answer)
{
    size_t kept = 0, found = 0;
    for (size_t r = 0; r < zone->record_count; r++) {
        struct dns_record record = zone->records[r];
        if (is_asked(zone, &record, name, type)) {
            if (found++)
                continue;
            record.value = answer;
            record.interface = NULL; /* an address from now on */
        }
        zone->records[kept++] = record;
    }
    zone->record_count = kept;
    return found;
}

/* In each view of the server that has the record, and for all others. */
static int rewrite_record(struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct error *err)
{
    const char *name = fault_text(fault, "name"), *type = fault_text(fault, "type"),
               *answer = arena_strdup(topology->arena, fault_text(fault, "answer"));
    struct dns_zone *zone;
    size_t changed = 0;
    for (size_t z = 0; (zone = fault_zone(&things[0], z)) != NULL; z++)
        changed += answer_wrongly(zone, name, type, answer);
    return changed ? 0
                   : error_set(err, ERR_ABSENT, "fault '%s': %s has no %s record '%s'", fault->id, fault->at.items[0],
                               type, name);
}

/* ---- what is not there ---- */

static void validate_missing(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    const char *name = fault_text(fault, "name"), *type = fault_text(fault, "type");
    struct dns_zone *zone;
    size_t index;
    (void)topology;
    if (!fault_is_dns(fault, &things[0], findings) || fault_find_record(&things[0], name, type, &zone, &index))
        return;
    struct finding *finding = findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "name"),
                                           "'%s' has no %s record '%s'", fault->at.items[0], type, name);
    finding->hint = fault_record_hint(&things[0], name, findings->arena);
}

static int rewrite_missing(struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct error *err)
{
    const char *name = fault_text(fault, "name"), *type = fault_text(fault, "type");
    struct dns_zone *zone;
    size_t index, gone = 0;
    (void)topology;
    for (; fault_find_record(&things[0], name, type, &zone, &index); gone++) {
        memmove(&zone->records[index], &zone->records[index + 1],
                (zone->record_count - index - 1) * sizeof zone->records[0]);
        zone->record_count--;
    }
    return gone ? 0
                : error_set(err, ERR_ABSENT, "fault '%s': %s has no %s record '%s'", fault->id, fault->at.items[0],
                            type, name);
}

static void validate_zone(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    const char *name = fault_text(fault, "zone"), **names = NULL;
    const struct dns_zone *zone;
    size_t count = 0;
    (void)topology;
    if (!fault_is_dns(fault, &things[0], findings))
        return;
    for (size_t z = 0; (zone = fault_zone(&things[0], z)) != NULL; z++) {
        if (!strcasecmp(zone->name, name))
            return;
        *ARENA_PUSH(findings->arena, names, count) = zone->name;
    }
    struct finding *finding = findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "zone"),
                                           "'%s' has no zone '%s'", fault->at.items[0], name);
    const char *near = count ? str_nearest(name, names, count) : NULL;
    finding->hint = near ? arena_printf(findings->arena, "did you mean '%s'?", near) : NULL;
}

static size_t remove_zone(struct dns_zone *zones, size_t *count, const char *name)
{
    size_t kept = 0, before = *count;
    for (size_t z = 0; z < before; z++)
        if (strcasecmp(zones[z].name, name) != 0)
            zones[kept++] = zones[z];
    *count = kept;
    return before - kept;
}

static int rewrite_zone(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    struct service *service = things[0].service;
    const char *name = fault_text(fault, "zone");
    (void)topology;
    size_t gone = remove_zone(service->zones, &service->zone_count, name);
    for (size_t v = 0; v < service->view_count; v++)
        gone += remove_zone(service->views[v].zones, &service->views[v].zone_count, name);
    return gone ? 0
                : error_set(err, ERR_ABSENT, "fault '%s': %s has no zone '%s'", fault->id, fault->at.items[0], name);
}

/* ---- the server ---- */

static void validate_server(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    ARENA_AUTO arena = arena_new();
    if (!fault_is_dns(fault, &things[0], findings) || things[0].kind != THING_ZONE)
        return;
    const struct name_zone *zone = name_tree_zone(name_tree_build(topology, arena), things[0].zone->name);
    if (zone->delegated)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' is delegated to a node: its dns service is what can be down", fault->at.items[0]);
}

static bool is_server(const struct name_zone *zone, const struct prefix *prefix)
{
    for (size_t i = 0; i < zone->address_count; i++)
        if (addr_equal(&zone->addresses[i], &prefix->addr) && prefix->length == 32)
            return true;
    return false;
}

/* The servers of a zone of the internet share a process with others: theirs are the addresses that are gone. */
static int stop_server(struct plan *plan, const struct topology *topology, const struct fault *fault,
                       const struct thing *things, struct error *err)
{
    if (things[0].kind == THING_SERVICE)
        return fault_stop_service(plan, topology, fault, things, err);
    ARENA_AUTO arena = arena_new();
    const struct name_zone *zone = name_tree_zone(name_tree_build(topology, arena), things[0].zone->name);
    size_t kept = 0;
    for (size_t i = 0; i < plan->address_count; i++)
        if (!str_equal(plan->addresses[i].origin, "internet/names") || !is_server(zone, &plan->addresses[i].address))
            plan->addresses[kept++] = plan->addresses[i];
    if (kept == plan->address_count)
        return error_set(err, ERR_ABSENT, "fault '%s': nobody serves %s", fault->id, fault->at.items[0]);
    plan->address_count = kept;
    return 0;
}

static const struct fault_target_row record_targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}, {THING_ZONE, FAULT_TOPOLOGY}};
static const struct fault_target_row zone_targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}};
static const struct fault_target_row server_targets[] = {{THING_SERVICE, FAULT_PLAN}, {THING_ZONE, FAULT_PLAN}};
static const char *const record_types[] = {"A", "AAAA", "CNAME", "TXT", "MX", "SRV", "PTR", "NS"};
static const struct fault_parameter_row record_parameters[] = {
    {.key = "name", .type = PARAMETER_NAME, .required = true, .doc = "the name whose record is wrong"},
    {.key = "type",
     .type = PARAMETER_WORD,
     .words = record_types,
     .word_count = ARRAY_SIZE(record_types),
     .fallback = "A",
     .doc = "the type of the record"},
    {.key = "answer", .type = PARAMETER_TEXT, .required = true, .doc = "what the server answers instead"},
};
const struct fault_kind fault_dns_wrong_record = {
    .name = "dns-wrong-record",
    .summary = "a name server answers a name with the wrong record",
    .family = FAMILY_DNS,
    .layer = 7,
    .things = 1,
    .targets = record_targets,
    .target_count = ARRAY_SIZE(record_targets),
    .parameters = record_parameters,
    .parameter_count = ARRAY_SIZE(record_parameters),
    .symptom = "what is reached by that name is the wrong machine or none; by address all is well",
    .tools = "dig, getent hosts, tcpdump port 53; for the zone: labctl dump",
    .validate = validate_record,
    .rewrite_topology = rewrite_record,
};
static const struct fault_parameter_row missing_parameters[] = {
    {.key = "name", .type = PARAMETER_NAME, .required = true, .doc = "the name whose record is gone"},
    {.key = "type", FAULT_WORDS(record_types), .doc = "the type of the record"},
};
static const struct fault_parameter_row zone_parameters[] = {
    {.key = "zone", .type = PARAMETER_NAME, .required = true, .doc = "the zone that the server does not know"},
};
const struct fault_kind fault_dns_record_missing = {
    .name = "dns-record-missing",
    .summary = "a name server does not know a name",
    .family = FAMILY_DNS,
    .layer = 7,
    .things = 1,
    FAULT_TARGETS(record_targets),
    FAULT_PARAMETERS(missing_parameters),
    .symptom = "one name does not resolve (NXDOMAIN, or no data); others of its zone do",
    .tools = "dig, getent hosts, tcpdump port 53; for the zone: labctl dump",
    .validate = validate_missing,
    .rewrite_topology = rewrite_missing,
};
const struct fault_kind fault_dns_zone_missing = {
    .name = "dns-zone-missing",
    .summary = "a name server does not have one of its zones",
    .family = FAMILY_DNS,
    .layer = 7,
    .things = 1,
    FAULT_TARGETS(zone_targets),
    FAULT_PARAMETERS(zone_parameters),
    .symptom = "no name of the zone resolves: the server refuses, or asks elsewhere in vain",
    .tools = "dig (REFUSED, NXDOMAIN), dig @SERVER ZONE SOA, labctl dump",
    .validate = validate_zone,
    .rewrite_topology = rewrite_zone,
};
const struct fault_kind fault_dns_server_down = {
    .name = "dns-server-down",
    .summary = "a name server does not run",
    .family = FAMILY_DNS,
    .layer = 7,
    .things = 1,
    .targets = server_targets,
    .target_count = ARRAY_SIZE(server_targets),
    .symptom = "full names do not resolve, after a refusal or a timeout; by address all is well",
    .tools = "dig, ss -lun, ps, tcpdump port 53",
    .validate = validate_server,
    .rewrite_plan = stop_server,
};
