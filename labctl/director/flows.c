/* Flows at the interfaces of a node, as a cloud logs them.
 *
 * Nothing is observed for it.  What the VPC's router tracks was accepted: a packet that a group refuses never becomes a
 * tracked flow.  TCP flows that were reset at once are not tracked any more; their first packets are in a set of the
 * groups' table (lower/security_group.c).  What was refused lies in others, of groups and of ACLs, by the interface at
 * whose side it was refused: a flow from here that the other side refused was accepted here.  An ACL may refuse packets
 * of a tracked flow (an answer, for instance): those are taken away from what that flow counted.  Which rule, group or
 * ACL it was stands nowhere. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/map.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "director/internal.h"
#include "director/verbs.h"
#include "kernel/conntrack.h"
#include "kernel/nft.h"
#include "kernel/sysctl.h"
#include "lab/lab.h"
#include "model/topology.h"
#include "plan/plan.h"

#define TIMESTAMPS "net/netfilter/nf_conntrack_timestamp"
#define KEPT       600 /* s for which a refused flow is kept, as the sets say */

/* What is asked, and what is found. */
struct query {
    enum flow_logs which;
    const struct interface *interface;
    const char *port; /* its far end in the router */
    int netns;
    json_t *flows;
    struct arena *arena;
    struct map *tracked; /* texts of the flows that are in `flows` */
    struct map *refused; /* by the same texts: struct refused, of what was tracked and then refused */
};

/* Packets of a tracked flow that an ACL refused: the table of flows counts them before that. */
struct refused {
    uint64_t packets, bytes;
};

/* One direction of a flow. */
struct record {
    int64_t time; /* wall clock, ns; 0: unknown */
    struct addr from, to;
    unsigned from_port, to_port, protocol;
    uint64_t packets, bytes;
    bool accepted;
};

static void add(const struct query *query, const struct record *record)
{
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    if (query->which == (record->accepted ? FLOW_LOGS_REJECT : FLOW_LOGS_ACCEPT))
        return;
    json_array_append_new(query->flows,
                          json_pack("{s:o, s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:I, s:s}", "time",
                                    record->time ? json_real((double)(record->time / 1000000) / 1e3) : json_null(),
                                    "interface", query->interface->name, "source", addr_format(&record->from, from),
                                    "destination", addr_format(&record->to, to), "source_port", (int)record->from_port,
                                    "destination_port", (int)record->to_port, "protocol", (int)record->protocol,
                                    "packets", (json_int_t)record->packets, "bytes", (json_int_t)record->bytes,
                                    "action", record->accepted ? "ACCEPT" : "REJECT"));
}

static bool is_here(const struct query *query, const struct addr *addr)
{
    for (size_t i = 0; i < query->interface->address_count; i++)
        if (addr_equal(&query->interface->addresses[i].addr, addr))
            return true;
    return false;
}

static const char *key_of(const struct query *query, const struct record *record)
{
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    return arena_printf(query->arena, "%u %s %u %s %u", record->protocol, addr_format(&record->from, from),
                        record->from_port, addr_format(&record->to, to), record->to_port);
}

/* Adds what is left of a tracked direction when the refused packets are taken away. */
static void add_tracked(const struct query *query, struct record *record)
{
    const char *key = key_of(query, record);
    struct refused *refused = map_get(query->refused, key);
    if (refused) {
        uint64_t packets = record->packets < refused->packets ? record->packets : refused->packets;
        uint64_t bytes = record->bytes < refused->bytes ? record->bytes : refused->bytes;
        refused->packets -= packets;
        refused->bytes -= bytes;
        record->packets -= packets;
        record->bytes -= bytes;
        if (!record->packets)
            return;
    }
    add(query, record);
    map_set(query->tracked, key, query->tracked);
}

static void on_flow(void *context, const struct observed_flow *flow)
{
    const struct query *query = context;
    if (!is_here(query, &flow->from) && !is_here(query, &flow->to))
        return;
    struct record record = {.time = flow->began,
                            .from = flow->from,
                            .to = flow->to,
                            .from_port = flow->source_port,
                            .to_port = flow->port,
                            .protocol = flow->protocol,
                            .packets = flow->packets,
                            .bytes = flow->bytes,
                            .accepted = true};
    add_tracked(query, &record);
    if (!flow->reply_packets)
        return;
    record.from = flow->reply_from;
    record.to = flow->reply_to;
    record.from_port = flow->port;
    record.to_port = flow->source_port;
    record.packets = flow->reply_packets;
    record.bytes = flow->reply_bytes;
    add_tracked(query, &record);
}

static bool addr_of(const json_t *value, struct addr *out)
{
    const char *text = json_string_value(value);
    return text && addr_parse(text, out);
}

/* The sets: with ports where the protocol is the set's. */
static const struct kept_set {
    const char *table, *name;
    unsigned protocol;
    bool accepted;
} kept_sets[] = {
    {"security_groups", "refused-tcp", IPPROTO_TCP, false},
    {"security_groups", "refused-udp", IPPROTO_UDP, false},
    {"security_groups", "refused", 0, false},
    {"network_acls", "refused-tcp", IPPROTO_TCP, false},
    {"network_acls", "refused-udp", IPPROTO_UDP, false},
    {"network_acls", "refused", 0, false},
    {"security_groups", "accepted-tcp", IPPROTO_TCP, true},
};

/* By number or by name, as this nft has it. */
static unsigned protocol_of(const json_t *value)
{
    const char *text = json_string_value(value);
    if (!text)
        return (unsigned)json_integer_value(value);
    return str_equal(text, "icmp")        ? IPPROTO_ICMP
           : str_equal(text, "ipv6-icmp") ? IPPROTO_ICMPV6
                                          : (unsigned)strtoul(text, NULL, 10);
}

static void count(struct record *record, const json_t *element)
{
    const json_t *counter = json_object_get(element, "counter"), *expires = json_object_get(element, "expires");
    record->packets = (uint64_t)json_integer_value(json_object_get(counter, "packets"));
    record->bytes = (uint64_t)json_integer_value(json_object_get(counter, "bytes"));
    if (expires)
        record->time = clock_real() - (KEPT - json_integer_value(expires)) * NANOSECONDS_PER_SECOND;
}

/* {"val": {"concat": [port, from, to, protocol or ports]}, "expires": s, "counter": {…}} */
static void add_refused(const struct query *query, const struct kept_set *set, const json_t *element)
{
    const json_t *parts = json_object_get(json_object_get(element, "val"), "concat");
    bool here = str_equal(json_string_value(json_array_get(parts, 0)), query->port);
    struct record record = {.protocol = set->protocol, .accepted = !here};
    if (!addr_of(json_array_get(parts, 1), &record.from) || !addr_of(json_array_get(parts, 2), &record.to))
        return;
    if (set->protocol) {
        record.from_port = (unsigned)json_integer_value(json_array_get(parts, 3));
        record.to_port = (unsigned)json_integer_value(json_array_get(parts, 4));
    } else {
        record.protocol = protocol_of(json_array_get(parts, 3));
    }
    count(&record, element);
    const char *key = key_of(query, &record);
    struct refused *refused = map_get(query->refused, key);
    if (!refused)
        map_set(query->refused, key, refused = ARENA_NEW(query->arena, struct refused));
    refused->packets += record.packets;
    refused->bytes += record.bytes;
    if (here || is_here(query, &record.from))
        add(query, &record);
}

/* The same without the port; what is tracked is known better. */
static void add_accepted(const struct query *query, const struct kept_set *set, const json_t *element)
{
    const json_t *parts = json_object_get(json_object_get(element, "val"), "concat");
    struct record record = {.protocol = set->protocol, .accepted = true};
    if (!addr_of(json_array_get(parts, 0), &record.from) || !addr_of(json_array_get(parts, 1), &record.to) ||
        (!is_here(query, &record.from) && !is_here(query, &record.to)))
        return;
    record.from_port = (unsigned)json_integer_value(json_array_get(parts, 2));
    record.to_port = (unsigned)json_integer_value(json_array_get(parts, 3));
    count(&record, element);
    if (!map_get(query->tracked, key_of(query, &record)))
        add(query, &record);
}

static int find_kept(const struct query *query, const struct kept_set *set, const char *family, struct error *err)
{
    struct error problem = ERROR_INIT;
    STR_AUTO text = STR_INIT;
    size_t i, e;
    const json_t *item, *element;
    if (nft_set_json(query->netns, family, set->table, set->name, &text, &problem))
        return problem.number == ENOENT ? 0 : error_set(err, problem.kind, "%s", problem.text);
    json_t *reply = json_loadb(str_text(&text), text.length, 0, NULL);
    json_array_foreach(json_object_get(reply, "nftables"), i, item)
    {
        json_array_foreach(json_object_get(json_object_get(item, "set"), "elem"), e, element)
        {
            (set->accepted ? add_accepted : add_refused)(query, set, json_object_get(element, "elem"));
        }
    }
    json_decref(reply);
    return 0;
}

/* All sets of accepted or of refused packets, in both families' tables. */
static int find_all(const struct query *query, bool accepted, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(kept_sets); i++)
        if (kept_sets[i].accepted == accepted &&
            (find_kept(query, &kept_sets[i], "ip", err) || find_kept(query, &kept_sets[i], "ip6", err)))
            return -1;
    return 0;
}

static void stamp_flows(struct lab *lab, const char *ns)
{
    struct error none = ERROR_INIT; /* without it only the time is not known */
    sysctl_write(lab_netns(lab, ns), TIMESTAMPS, "1", &none);
}

void flows_standing(struct director *director)
{
    const struct plan *plan = director->plan;
    for (size_t i = 0; plan && i < plan->namespace_count; i++)
        if (str_starts(plan->namespaces[i].name, "vpc/"))
            stamp_flows(director->lab, plan->namespaces[i].name);
}

/* Where the far end is a VPC's router; *others: interfaces elsewhere, whose flows nobody tracks. */
static int find_flows(struct director *director, const struct node *node, const struct interface *interface,
                      json_t *flows, json_t *others, struct error *err)
{
    const struct plan_link_end *end = request_far_end(director->plan, node, interface);
    if (interface->attachment != ATTACH_SUBNET || !end) {
        json_array_append_new(others, json_string(interface->name));
        return 0;
    }
    const char *ns = director->plan->namespaces[end->ns].name;
    ARENA_AUTO arena = arena_new();
    const struct vpc *vpc = interface->subnet->vpc;
    if (vpc->flow_logs == FLOW_LOGS_NONE)
        return error_set(err, ERR_ABSENT, "vpc '%s' keeps no flow logs: its flow_logs say none", vpc->name);
    struct query query = {.which = vpc->flow_logs,
                          .interface = interface,
                          .port = end->name,
                          .netns = lab_netns(director->lab, ns),
                          .flows = flows,
                          .arena = arena,
                          .tracked = map_new(arena),
                          .refused = map_new(arena)};
    stamp_flows(director->lab, ns);
    int result = find_all(&query, false, err);
    if (!result)
        result = conntrack_observe(query.netns, on_flow, &query, err);
    if (!result)
        result = find_all(&query, true, err);
    return result;
}

/* params: node, interface (else all). */
int verb_flows(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    const struct node *node;
    const char *name = json_string_value(json_object_get(request_params(request), "interface"));
    if (request_node(director, request, &node, err))
        return -1;
    if (name && !node_interface(node, name))
        return error_set(err, ERR_ABSENT, "node '%s' of lab '%s' has no interface '%.40s'", node->name,
                         director->lab_name, name);
    json_t *flows = json_array(), *others = json_array();
    int result = 0;
    for (size_t i = 0; i < node->interface_count && !result; i++)
        if (!name || str_equal(node->interfaces[i]->name, name))
            result = find_flows(director, node, node->interfaces[i], flows, others, err);
    if (result) {
        json_decref(flows);
        json_decref(others);
        return -1;
    }
    *reply = json_pack("{s:s, s:o, s:o}", "node", node->name, "flows", flows, "others", others);
    return 0;
}
