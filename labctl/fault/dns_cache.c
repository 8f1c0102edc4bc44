/* dns-record-stale, dns-negative-cache: dns-wrong-record and dns-record-missing, which whoever has asked keeps for
 * long. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "fault/kinds.h"

#define TTL_MAX (7 * 24 * 3600 * NANOSECONDS_PER_SECOND)

static void keep_long(struct topology *topology, const struct fault *fault, const struct thing *thing, bool negative)
{
    int64_t duration = 0;
    duration_parse(fault_text(fault, "ttl"), &duration);
    uint32_t seconds = (uint32_t)(duration / NANOSECONDS_PER_SECOND);
    if (thing->kind == THING_ZONE)
        *(negative ? &topology->internet.negative_ttl : &topology->internet.ttl) = seconds;
    else
        *(negative ? &thing->service->negative_ttl : &thing->service->ttl) = seconds;
}

static bool check_ttl(const struct topology *topology, const struct fault *fault, const struct thing *thing,
                      bool negative, struct findings *findings)
{
    int64_t duration = 0;
    const struct service *service = thing->service;
    duration_parse(fault_text(fault, "ttl"), &duration);
    uint32_t healthy = thing->kind == THING_ZONE ? negative ? topology->internet.negative_ttl : topology->internet.ttl
                       : negative                ? service->negative_ttl
                                                 : service->ttl;
    if (duration / NANOSECONDS_PER_SECOND > healthy && duration <= TTL_MAX)
        return true;
    findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "ttl"),
                 "ttl of fault %s is more than the %u seconds that '%s' has when healthy and at most 168h, not %s",
                 fault->kind, healthy, fault->at.items[0], fault_text(fault, "ttl"));
    return false;
}

static void validate_stale(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    size_t before = findings->errors;
    fault_dns_wrong_record.validate(topology, fault, things, findings);
    if (findings->errors == before)
        check_ttl(topology, fault, &things[0], false, findings);
}

static int rewrite_stale(struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct error *err)
{
    if (fault_dns_wrong_record.rewrite_topology(topology, fault, things, err))
        return -1;
    keep_long(topology, fault, &things[0], false);
    return 0;
}

static void validate_negative(const struct topology *topology, const struct fault *fault, const struct thing *things,
                              struct findings *findings)
{
    size_t before = findings->errors;
    fault_dns_record_missing.validate(topology, fault, things, findings);
    if (findings->errors == before)
        check_ttl(topology, fault, &things[0], true, findings);
}

static int rewrite_negative(struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct error *err)
{
    if (fault_dns_record_missing.rewrite_topology(topology, fault, things, err))
        return -1;
    keep_long(topology, fault, &things[0], true);
    return 0;
}

static const struct fault_target_row record_targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}, {THING_ZONE, FAULT_TOPOLOGY}};
static const char *const record_types[] = {"A", "AAAA", "CNAME", "TXT", "MX", "SRV", "PTR", "NS"};
#define TTL(sentence)                                                                                                  \
    {                                                                                                                  \
        .key = "ttl", .type = PARAMETER_DURATION, .fallback = "24h", .doc = sentence                                   \
    }
static const struct fault_parameter_row stale_parameters[] = {
    {.key = "name", .type = PARAMETER_NAME, .required = true, .doc = "the name whose record is out of date"},
    {.key = "type", FAULT_WORDS(record_types), .doc = "the type of the record"},
    {.key = "answer", .type = PARAMETER_TEXT, .required = true, .doc = "what the server still answers"},
    TTL("for how long whoever asks keeps the answer"),
};
static const struct fault_parameter_row negative_parameters[] = {
    {.key = "name", .type = PARAMETER_NAME, .required = true, .doc = "the name whose record is gone"},
    {.key = "type", FAULT_WORDS(record_types), .doc = "the type of the record"},
    TTL("for how long whoever asks keeps it that there is no such name"),
};
const struct fault_kind fault_dns_record_stale = {
    .name = "dns-record-stale",
    .summary = "a name server answers with an old record, and whoever asks keeps it for long",
    .family = FAMILY_DNS,
    .layer = 7,
    .things = 1,
    FAULT_TARGETS(record_targets),
    FAULT_PARAMETERS(stale_parameters),
    .symptom =
        "a name leads to the old machine; where it was asked for, it does so long after the record was put right",
    .tools =
        "dig (the TTL, at the server and at each resolver), getent hosts, tcpdump port 53; for the zone: labctl dump",
    .validate = validate_stale,
    .rewrite_topology = rewrite_stale,
};
const struct fault_kind fault_dns_negative_cache = {
    .name = "dns-negative-cache",
    .summary = "a name server does not know a name, and whoever asks keeps that for long",
    .family = FAMILY_DNS,
    .layer = 7,
    .things = 1,
    FAULT_TARGETS(record_targets),
    FAULT_PARAMETERS(negative_parameters),
    .symptom = "one name does not resolve; where it was asked for, not even long after its record was made",
    .tools = "dig (the SOA's TTL in the answer), dig @SERVER, tcpdump port 53; for the zone: labctl dump",
    .validate = validate_negative,
    .rewrite_topology = rewrite_negative,
};
