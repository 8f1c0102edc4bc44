/* Checks: who asks, how long, how often; what is asked is in check_kinds.c. */
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "load/check_kinds.h"

struct node *load_node_reference(struct topology *topology, struct decoder *decoder, const char *key,
                                 const struct value *value)
{
    const char *text;
    if (!decode_text(decoder, key, value, &text))
        return NULL;
    if (str_starts(text, "node/"))
        text += strlen("node/");
    struct node *node = topology_node(topology, text);
    if (node != NULL)
        return node;
    struct loader loader = {.decoder = *decoder, .topology = topology};
    report_dangling(&loader, "node", text, "", value->mark, names_of(&loader, topology->nodes, topology->node_count),
                    topology->node_count);
    return NULL;
}

static void decode_prober(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check *check = target;
    check->from = load_node_reference(LOADER(decoder)->topology, decoder, field->key, value);
}

static void decode_id(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check *check = target;
    const char *id;
    if (!decode_scalar(decoder, field->key, value, &id))
        return;
    if (decode_name(decoder, "check", id, value->mark, LABEL_MAX))
        check->id = id;
}

static void decode_points(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct check *check = target;
    int64_t points;
    if (!decode_integer(decoder, field->key, value, 0, 1000000, &points))
        return;
    check->has_points = true;
    check->points = (uint32_t)points;
}

/* The kind: decoded when it is known who asks. */
static void decode_kind(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)decoder, (void)field, (void)value, (void)target;
}

#define KIND(word, text, rows)                                                                                         \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, .schema = (rows), .decode = decode_kind, .wants = "a check",              \
        .json = "{\"type\": [\"object\", \"string\", \"array\"]}", .doc = (text)                                       \
    }
static const struct field check_fields[] = {
    {.key = "id",
     .type = FIELD_CUSTOM,
     .decode = decode_id,
     .wants = "a name",
     .json = "{\"type\": [\"string\", \"integer\"]}",
     .fallback = "check-1, check-2, …",
     .doc = "What the check is called."},
    {.key = "title", .type = FIELD_TEXT, FIELD_AT(struct check, title), .doc = "What it is for, in a line."},
    {.key = "from",
     .type = FIELD_CUSTOM,
     .decode = decode_prober,
     .wants = "a node",
     .json = "{\"type\": \"string\"}",
     .doc = "The node that asks."},
    {.key = "at",
     .type = FIELD_CUSTOM,
     .decode = decode_prober,
     .wants = "a node",
     .json = "{\"type\": \"string\"}",
     .doc = "The node that is looked at, for a check that sends nothing; the same as from."},
    KIND("ping", "ICMP echo; short form: the target.", &ping_schema),
    KIND("tcp", "A TCP connection; short form: \"TARGET:PORT\".", &tcp_schema),
    KIND("udp", "A UDP datagram; short form: \"TARGET:PORT\".", &udp_schema),
    KIND("dns", "A DNS question; short form: the name.", &dns_check_schema),
    KIND("http", "An HTTP request; short form: the URL.", &http_schema),
    KIND("tls", "A TLS handshake; short form: \"TARGET\" or \"TARGET:PORT\".", &tls_schema),
    KIND("path", "The way of a packet; short form: the target.", &path_schema),
    KIND("mtu", "The largest packet; short form: the target.", &mtu_schema),
    KIND("throughput", "How much passes, measured by iperf when all other checks are done; short form: the target.",
         &throughput_schema),
    KIND("firewall", "What becomes of packets at the node, by their effect; short form: the policy.", &firewall_schema),
    KIND("matrix", "Who reaches whom: exactly these pairs, nothing else; short form: all.", &matrix_schema),
    KIND("command", "A command line at the node, as a last resort; short form: the command line.", &command_schema),
    KIND("socket", "What listens at the node; short form: \"tcp/443\".", &socket_check_schema),
    KIND("route", "A route of the node; short form: \"10.0.0.0/8 via 10.0.1.1\".", &route_check_schema),
    KIND("neighbour", "A neighbour of the node; short form: its address.", &neighbour_check_schema),
    KIND("address", "An address of the node; short form: \"10.0.0.5/24\".", &address_check_schema),
    KIND("link", "An interface of the node; short form: \"eth0 up\".", &link_check_schema),
    KIND("sysctl", "A setting of the node; short form: \"net.ipv4.ip_forward=1\".", &sysctl_check_schema),
    KIND("conntrack", "A flow that the node tracks; short form: \"tcp to 10.0.0.5 port 80\".", &conntrack_check_schema),
    KIND("resolver", "The name servers of the node; short form: the address of one.", &resolver_check_schema),
    KIND("file", "A file of the node; short form: its path.", &file_check_schema),
    KIND("process", "A process of the node; short form: its name.", &process_check_schema),
    {.key = "within",
     .type = FIELD_DURATION,
     FIELD_AT(struct check, within),
     .fallback = "one attempt",
     .doc = "How long it may take until it passes: attempts are repeated."},
    {.key = "stable_for",
     .type = FIELD_DURATION,
     FIELD_AT(struct check, stable_for),
     .fallback = "0",
     .doc = "How long what is expected must last."},
    {.key = "timeout",
     .type = FIELD_DURATION,
     FIELD_AT(struct check, timeout),
     .fallback = "1s",
     .doc = "How long one attempt may last, name resolution included."},
    {.key = "repeat",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check, repeat),
     .least = 1,
     .most = 10000,
     .fallback = "1",
     .doc = "How many attempts must pass one after the other."},
    {.key = "points",
     .type = FIELD_CUSTOM,
     .decode = decode_points,
     .wants = "a whole number",
     .json = "{\"type\": \"integer\", \"minimum\": 0}",
     .doc = "What it is worth in a task."},
    {.key = "penalty",
     .type = FIELD_INTEGER,
     FIELD_AT(struct check, penalty),
     .least = 0,
     .most = 1000000,
     .fallback = "0",
     .doc = "What a guard costs when it is red."},
};
const struct schema check_schema = SCHEMA("check", check_fields);

/* Finds the one kind that the check asks; false where there is not exactly one (reported). */
static bool find_kind(struct decoder *decoder, const struct check *check, const struct value *map,
                      const struct entry **out, enum check_kind *kind)
{
    bool unknown = false;
    *out = NULL;
    for (size_t i = 0; i < map->entry_count; i++) {
        const struct entry *entry = &map->entries[i];
        unknown =
            unknown || schema_field(&check_schema, entry->key) == NULL; /* reported: the kind may be meant by it */
        for (size_t k = 0; k < CHECK_KIND_COUNT; k++) {
            if (strcmp(entry->key, check_kind_name((enum check_kind)k)) != 0)
                continue;
            if (*out != NULL) {
                struct finding *finding =
                    findings_add(decoder->findings, FINDING_ERROR, "check-kind", entry->key_mark,
                                 "check '%s' asks one thing: '%s' already", check->id, (*out)->key);
                finding->other = (*out)->key_mark;
                finding->other_text = "it stands here";
                return false;
            }
            *out = entry;
            *kind = (enum check_kind)k;
        }
    }
    if (*out == NULL && !unknown)
        findings_add(decoder->findings, FINDING_ERROR, "check-kind", check->mark, "check '%s' asks nothing", check->id)
            ->hint = "say what, such as ping, tcp or http: labctl-topology(5) has them all";
    return *out != NULL && !(*out)->value->broken;
}

/* Both `from` and `at`, or neither where a prober is needed. */
static bool check_prober(struct decoder *decoder, const struct check *check, const struct value *map)
{
    const struct entry *from = value_entry(map, "from"), *at = value_entry(map, "at");
    if (from != NULL && at != NULL) {
        struct finding *finding = findings_add(decoder->findings, FINDING_ERROR, "misplaced-key", at->key_mark,
                                               "check '%s' has 'from' already: 'at' means the same", check->id);
        finding->other = from->key_mark;
        finding->other_text = "it stands here";
    }
    if (from != NULL || at != NULL || check->kind == CHECK_MATRIX)
        return check->from != NULL || check->kind == CHECK_MATRIX;
    findings_add(decoder->findings, FINDING_ERROR, "missing-key", check->mark, "check '%s' needs the key '%s'",
                 check->id, check_is_local(check->kind) ? "at" : "from");
    return false;
}

struct check *load_check(struct topology *topology, const struct value *map, const char *id, struct findings *findings)
{
    struct loader loader = {.decoder = {topology->arena, findings}, .topology = topology};
    const struct entry *kind_entry;
    struct check *check = ARENA_NEW(topology->arena, struct check);
    size_t before = findings->errors;
    *check = (struct check){.id = id, .mark = map->mark, .timeout = NANOSECONDS_PER_SECOND, .repeat = 1};
    if (!schema_decode(&loader.decoder, &check_schema, NULL, map->mark, map, check))
        return NULL;
    if (map->kind != VALUE_MAP) {
        findings_add(findings, FINDING_ERROR, "check-kind", map->mark, "check '%s' asks nothing", id);
        return NULL;
    }
    if (!find_kind(&loader.decoder, check, map, &kind_entry, &check->kind))
        return NULL;
    bool has_prober = check_prober(&loader.decoder, check, map);
    read_check_kind(&loader, check, kind_entry->value);
    if (findings->errors > before)
        return NULL;
    if (has_prober)
        check_targets(&loader, check); /* an error in a file; in a running lab the check stands (load_valid_topology) */
    return check;
}

int load_checks(struct topology *topology, const struct value *list, const char *prefix, struct findings *findings,
                struct check ***out, size_t *out_count)
{
    struct decoder decoder = {topology->arena, findings};
    struct map *by_id = map_new(topology->arena);
    size_t before = findings->errors;
    *out = NULL;
    *out_count = 0;
    if (!decode_list(&decoder, "checks", list) || list->kind == VALUE_NULL)
        return findings->errors == before ? 0 : -1;
    for (size_t i = 0; i < list->item_count; i++) {
        const struct value *item = list->items[i];
        if (item->broken)
            continue;
        struct check *check =
            load_check(topology, item, arena_printf(topology->arena, "%s-%zu", prefix, i + 1), findings);
        const struct value *id = value_get(item, "id");
        if (check == NULL)
            continue;
        const struct check *first = map_set(by_id, check->id, check);
        if (first != NULL) {
            struct finding *finding =
                findings_add(findings, FINDING_ERROR, "duplicate-id", id != NULL ? id->mark : check->mark,
                             "check '%s' stands twice", check->id);
            finding->other = first->mark;
            finding->other_text = "the first one is here";
        }
        *ARENA_PUSH(topology->arena, *out, *out_count) = check;
    }
    return findings->errors == before ? 0 : -1;
}
