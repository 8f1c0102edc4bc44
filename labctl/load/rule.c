/* Rules of security groups and of network ACLs: what they are about. */
#include "load/rule.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"

const char group_peer_wants[] = "a network, an address, any4, any6, any, security_group/NAME or prefix_list/NAME";
const char acl_peer_wants[] = "a network, an address, any4, any6 or any";
const char *const protocol_words[PROTOCOL_COUNT] = {"all", "tcp", "udp", "icmp", "icmpv6"};

/* ---- the far side ------------------------------------------------------------------------------------------------ */

static void resolve_peer(struct loader *loader, const struct reference *reference)
{
    struct peer *peer = reference->thing;
    const struct vpc *vpc = reference->vpc;
    const char *text = reference->value->text;
    if (str_starts(text, "vpc/")) {
        char name[LABEL_MAX + 1] = "";
        size_t length = strcspn(text + 4, "/");
        if (length <= LABEL_MAX)
            memcpy(name, text + 4, length);
        vpc = topology_vpc(loader->topology, name);
        if (vpc == NULL) {
            report_dangling(loader, "vpc", name, "", reference->value->mark,
                            names_of(loader, loader->topology->vpcs, loader->topology->vpc_count),
                            loader->topology->vpc_count);
            return;
        }
    }
    const char *name = name_in_vpc(vpc, "security_group", text);
    peer->group = vpc_security_group(vpc, name);
    if (peer->group == NULL)
        report_dangling(loader, "security group", name, arena_printf(loader->decoder.arena, " in vpc '%s'", vpc->name),
                        reference->value->mark, names_of(loader, vpc->security_groups, vpc->security_group_count),
                        vpc->security_group_count);
}

static void resolve_list(struct loader *loader, const struct reference *reference)
{
    struct peer *peer = reference->thing;
    peer->list = find_prefix_list(loader, reference->vpc, reference->value);
}

/* Whether a text has the form of a group's name: with its kind, or a label alone. */
static bool is_group_name(const char *text)
{
    if (str_starts(text, "security_group/") || str_starts(text, "vpc/"))
        return true;
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text) &&
           strspn(text, "0123456789-") != strlen(text) && strlen(text) <= LABEL_MAX;
}

/* Reads a peer that is an address or many; false where it is none (not reported yet, but what has a slash is). */
static bool read_addresses(struct loader *loader, const char *key, const struct value *value, struct peer *peer,
                           bool *reported)
{
    static const char *const any[] = {[PEER_ANY4] = "any4", [PEER_ANY6] = "any6", [PEER_ANY] = "any"};
    struct addr addr;
    *reported = false;
    for (enum peer_kind kind = PEER_ANY4; kind <= PEER_ANY; kind++)
        if (str_equal(value->text, any[kind])) {
            peer->kind = kind;
            return true;
        }
    if (addr_parse(value->text, &addr)) {
        peer->prefix = prefix_of_addr(addr);
        return true;
    }
    if (strchr(value->text, '/') == NULL)
        return false;
    *reported = true;
    return decode_network(&loader->decoder, key, value, &peer->prefix);
}

/* Reads one peer into *peer; false where it is none (reported).  named: groups and prefix lists may stand there. */
static bool read_peer(struct loader *loader, const char *key, const struct value *value, bool named, struct peer *peer,
                      resolve_reference **resolve)
{
    bool reported;
    *resolve = NULL;
    peer->mark = value->mark;
    if (value->kind != VALUE_TEXT) {
        decode_wrong(&loader->decoder, key, named ? group_peer_wants : acl_peer_wants, value);
        return false;
    }
    bool list = is_prefix_list_name(loader->vpc, value->text);
    bool group = !list && is_group_name(value->text) && !str_equal(value->text, "any") &&
                 !str_equal(value->text, "any4") && !str_equal(value->text, "any6");
    if (named && (list || group)) {
        peer->kind = list ? PEER_PREFIX : PEER_GROUP;
        *resolve = list ? resolve_list : resolve_peer;
        return true;
    }
    if (!list && !group && read_addresses(loader, key, value, peer, &reported))
        return true;
    if (list || group || !reported) {
        struct finding *finding = decode_bad(&loader->decoder, key, named ? group_peer_wants : acl_peer_wants, value);
        if (list || group)
            finding->hint = "a network ACL knows addresses only";
    }
    return false;
}

bool read_address_peer(struct loader *loader, const char *key, const struct value *value, struct peer *peer)
{
    bool reported;
    peer->mark = value->mark;
    if (read_addresses(loader, key, value, peer, &reported))
        return true;
    if (!reported)
        decode_bad(&loader->decoder, key, acl_peer_wants, value)->hint = "nodes are chosen by labels: { tier: web }";
    return false;
}

/* `from:`, `to:`: one or a list. */
static void decode_peers(struct loader *loader, const struct field *field, const struct value *value, bool named,
                         struct security_rule *rule)
{
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    if (count == 0)
        decode_bad(&loader->decoder, field->key, named ? group_peer_wants : acl_peer_wants, value);
    rule->peers = arena_alloc(loader->decoder.arena, (count + 1) * sizeof *rule->peers);
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        struct peer peer = {0};
        resolve_reference *resolve;
        if (!read_peer(loader, field->key, item, named, &peer, &resolve))
            continue;
        rule->peers[rule->peer_count] = peer;
        if (resolve != NULL)
            refer(loader, resolve, &rule->peers[rule->peer_count], item, 0);
        rule->peer_count++;
    }
}

void decode_group_peers(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    decode_peers(LOADER(decoder), field, value, true, target);
}

void decode_acl_peers(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    decode_peers(LOADER(decoder), field, value, false, target);
}

void expand_peers(struct arena *arena, struct security_rule *rule)
{
    struct peer *peers = NULL;
    size_t count = 0;
    bool lists = false;
    for (size_t i = 0; i < rule->peer_count; i++)
        lists = lists || (rule->peers[i].kind == PEER_PREFIX && rule->peers[i].prefix.addr.family == 0);
    if (!lists)
        return;
    for (size_t i = 0; i < rule->peer_count; i++) {
        struct peer peer = rule->peers[i];
        if (peer.kind != PEER_PREFIX || peer.prefix.addr.family != 0) {
            *ARENA_PUSH(arena, peers, count) = peer;
            continue;
        }
        for (size_t e = 0; peer.list != NULL && e < peer.list->entry_count; e++) {
            peer.prefix = peer.list->entries[e];
            *ARENA_PUSH(arena, peers, count) = peer;
        }
    }
    rule->peers = peers;
    rule->peer_count = count;
}

/* ---- ports and types --------------------------------------------------------------------------------------------- */

void decode_rule_ports(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct security_rule *rule = target;
    read_ports(LOADER(decoder), field->key, value, &rule->ports, &rule->port_count);
}

void decode_with_protocol(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)decoder, (void)field, (void)value, (void)target;
}

static bool is_icmp(const struct security_rule *rule)
{
    return rule->protocol == PROTOCOL_ICMP || rule->protocol == PROTOCOL_ICMPV6;
}

/* Whether the protocol that stands there could be read: else what hangs on it is not known to be wrong. */
static bool protocol_known(const struct security_rule *rule, const struct value *value)
{
    const struct value *protocol = value_get(value, "protocol");
    return protocol == NULL || (value_is_scalar(protocol) && str_equal(protocol->text, protocol_name(rule->protocol)));
}

/* Ports mean something with tcp and udp only. */
static void check_ports(struct loader *loader, const struct security_rule *rule, const struct value *value)
{
    const struct entry *ports = value_entry(value, "ports");
    if (ports == NULL || rule->protocol == PROTOCOL_TCP || rule->protocol == PROTOCOL_UDP ||
        !protocol_known(rule, value))
        return;
    findings_add(loader->decoder.findings, FINDING_ERROR, "ports", ports->key_mark,
                 "ports go with protocol tcp or udp, not with %s", protocol_name(rule->protocol))
        ->hint = value_get(value, "protocol") == NULL ? "add 'protocol: tcp'"
                 : is_icmp(rule)                      ? "icmp_type says which messages are meant"
                                                      : NULL;
}

static void read_icmp_type(struct loader *loader, struct security_rule *rule, const struct value *value)
{
    struct decoder *decoder = &loader->decoder;
    int64_t number = -1;
    if (value->kind == VALUE_INTEGER) {
        if (!decode_integer(decoder, "icmp_type", value, 0, 255, &number))
            return;
    } else if (value->kind != VALUE_TEXT) {
        decode_wrong(decoder, "icmp_type", "a number from 0 to 255, or a word such as echo-request", value);
        return;
    } else {
        number = icmp_type_number(rule->protocol, value->text);
    }
    if (number < 0) {
        struct strings names = icmp_type_names(rule->protocol, decoder->arena);
        decode_bad(decoder, "icmp_type", "a number from 0 to 255, or a word such as echo-request", value)->hint =
            decode_hint(decoder, value->text, names.items, names.count);
        return;
    }
    rule->icmp.has_type = true;
    rule->icmp.type = (uint8_t)number;
}

/* Types mean something with ICMP only, and codes with a type. */
static void read_icmp(struct loader *loader, struct security_rule *rule, const struct value *value)
{
    int64_t number;
    const struct entry *type = value_entry(value, "icmp_type"), *code = value_entry(value, "icmp_code");
    const struct entry *first = type != NULL ? type : code;
    if (first == NULL || !protocol_known(rule, value))
        return;
    if (!is_icmp(rule)) {
        findings_add(loader->decoder.findings, FINDING_ERROR, "icmp-type", first->key_mark,
                     "%s goes with protocol icmp or icmpv6, not with %s", first->key, protocol_name(rule->protocol));
        return;
    }
    if (type != NULL && !type->value->broken)
        read_icmp_type(loader, rule, type->value);
    if (code == NULL || code->value->broken)
        return;
    if (type == NULL)
        findings_add(loader->decoder.findings, FINDING_ERROR, "icmp-type", code->key_mark,
                     "icmp_code says which messages of a type: icmp_type is missing");
    else if (decode_integer(&loader->decoder, "icmp_code", code->value, 0, 255, &number)) {
        rule->icmp.has_code = rule->icmp.has_type;
        rule->icmp.code = (uint8_t)number;
    }
}

void finish_rule(struct loader *loader, struct security_rule *rule, const struct value *value)
{
    check_ports(loader, rule, value);
    read_icmp(loader, rule, value);
}
