/* Holds a fault to its row of the table: kind, things, parameters; every complaint with its mark. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/str.h"
#include "base/units.h"
#include "fault/fault.h"
#include "fault/kinds.h"

enum { WORDS_MAX = 256, ADDRESSES_MAX = 8 };

bool fault_read_destination(const char *text, struct prefix *out)
{
    struct addr addr;
    if (str_equal(text, "default") || str_equal(text, "any4"))
        return *out = prefix_any(4), true;
    if (str_equal(text, "any6"))
        return *out = prefix_any(6), true;
    if (addr_parse(text, &addr))
        return *out = prefix_of_addr(addr), true;
    return prefix_parse(text, out);
}

bool fault_check_destination(const struct fault *fault, struct findings *findings, struct prefix *destination)
{
    fault_read_destination(fault_text(fault, "destination"), destination);
    if (!prefix_has_host_bits(destination))
        return true;
    findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "destination"),
                 "destination '%s' has host bits set", fault_text(fault, "destination"));
    return false;
}

bool fault_read_table(const char *text, uint32_t *out)
{
    char *end;
    if (str_equal(text, "main"))
        return *out = 254, true;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long long value = strtoull(text, &end, 10);
    if (*end || value == 0 || value > UINT32_MAX)
        return false;
    return *out = (uint32_t)value, true;
}

static bool read_port(const char **text, uint16_t *out)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    unsigned long value = strtoul(*text, &end, 10);
    if (value == 0 || value > UINT16_MAX)
        return false;
    *text = end;
    *out = (uint16_t)value;
    return true;
}

size_t fault_read_ports(const char *text, struct port_range *out, size_t max)
{
    for (size_t count = 0; count < max;) {
        struct port_range *range = &out[count++];
        while (*text == ' ' || *text == '[')
            text++;
        if (!read_port(&text, &range->first))
            return 0;
        range->last = range->first;
        if (*text == '-' && (text++, !read_port(&text, &range->last)))
            return 0;
        if (range->last < range->first)
            return 0;
        while (*text == ' ' || *text == ']')
            text++;
        if (!*text)
            return count;
        if (*text++ != ',')
            return 0;
    }
    return 0;
}

static bool is_name(const char *text)
{
    size_t label = 0;
    for (; *text; text++) {
        if (*text == '.') {
            if (!label)
                return false;
            label = 0;
        } else if ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9') ||
                   *text == '-' || *text == '_' || *text == '*' || *text == '@') {
            if (++label > 63)
                return false;
        } else {
            return false;
        }
    }
    return label > 0;
}

size_t fault_read_addresses(const char *text, struct addr *out, size_t max)
{
    ARENA_AUTO arena = arena_new();
    size_t count = 0;
    for (char *rest = arena_strdup(arena, text), *word; (word = strsep(&rest, ",")) != NULL;) {
        word += strspn(word, " [");
        word[strcspn(word, " ]")] = 0;
        if (count == max || !addr_parse(word, &out[count++]))
            return 0;
    }
    return count;
}

bool fault_read_area(const char *text, uint32_t *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long value = strtoul(text, &end, 10);
    *out = (uint32_t)value;
    return !*end && value <= UINT16_MAX;
}

bool fault_read_number(const char *text, uint32_t *out)
{
    return fault_read_area(text, out) && *out > 0;
}

void fault_check_number(const struct fault *fault, const char *key, uint32_t least, uint32_t most,
                        struct findings *findings)
{
    uint32_t number = 0;
    fault_read_number(fault_text(fault, key), &number);
    if (number < least || number > most)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, key),
                     "%s of fault %s is from %u to %u, not %u", key, fault->kind, least, most, number);
}

/* NULL where the text is a value of the row's type, else the rule that it breaks. */
static const char *value_problem(const struct topology *topology, const struct fault_parameter_row *row,
                                 const char *text, struct arena *arena)
{
    struct prefix prefix;
    struct port_range ports[FAULT_PORTS_MAX];
    struct addr addresses[ADDRESSES_MAX];
    struct mac mac;
    uint32_t number;
    uint64_t rate;
    switch (row->type) {
    case PARAMETER_SHARE:
        return share_parse(text, &number);
    case PARAMETER_RATE:
        return rate_parse(text, &rate);
    case PARAMETER_NODE:
        return topology_thing(topology, text, NULL).kind == THING_NODE ? NULL : "a node of this lab";
    case PARAMETER_DESTINATION:
        return fault_read_destination(text, &prefix) ? NULL : "a prefix such as 10.1.0.0/16, an address or default";
    case PARAMETER_TABLE:
        return fault_read_table(text, &number) ? NULL : "the number of a routing table, or main";
    case PARAMETER_PORTS:
        return fault_read_ports(text, ports, FAULT_PORTS_MAX)
                   ? NULL
                   : "a port such as 80, a range such as 8000-8010, or a list";
    case PARAMETER_NAME:
        return is_name(text) ? NULL : "a domain name such as www.home.test";
    case PARAMETER_ADDRESS:
        return addr_parse(text, &addresses[0]) ? NULL : "an address such as 10.1.0.1";
    case PARAMETER_ADDRESSES:
        return fault_read_addresses(text, addresses, ADDRESSES_MAX) ? NULL : "an address such as 10.1.0.1, or a list";
    case PARAMETER_INTERFACE_ADDRESS:
        return prefix_parse(text, &prefix) ? NULL : "an address with its length, such as 10.1.0.11/24";
    case PARAMETER_MAC:
        return mac_parse(text, &mac) ? NULL : "a MAC address such as 02:00:00:00:00:01";
    case PARAMETER_NUMBER:
        return fault_read_number(text, &number) ? NULL : "a number from 1 to 65535";
    case PARAMETER_AREA:
        return fault_read_area(text, &number) ? NULL : "a number from 0 to 65535";
    case PARAMETER_DURATION: {
        int64_t duration;
        return duration_parse(text, &duration);
    }
    case PARAMETER_PEER:
    case PARAMETER_TEXT:
        return *text ? NULL : "a text that is not empty";
    case PARAMETER_WORD: {
        STR_AUTO words = STR_INIT;
        for (size_t i = 0; i < row->word_count; i++) {
            if (str_equal(row->words[i], text))
                return NULL;
            str_printf(&words, "%s%s", i == 0 ? "" : i + 1 == row->word_count ? " or " : ", ", row->words[i]);
        }
        return arena_strdup(arena, str_text(&words));
    }
    case PARAMETER_COUNT:
        break;
    }
    return NULL;
}

static const char *did_you_mean(struct arena *arena, const char *word, const char *const *words, size_t count)
{
    const char *near = str_nearest(word, words, count);
    return near ? arena_printf(arena, "did you mean '%s'?", near) : NULL;
}

static const struct fault_kind *validate_kind(const struct fault *fault, struct findings *findings)
{
    const struct fault_kind *kind = fault_kind_find(fault->kind);
    if (kind)
        return kind;
    const char *names[WORDS_MAX];
    for (size_t i = 0; i < fault_kind_count; i++)
        names[i] = fault_kinds[i]->name;
    struct finding *finding = findings_add(findings, FINDING_ERROR, "unknown-fault", fault->kind_mark,
                                           "no kind of fault is called '%s'", fault->kind);
    finding->hint = did_you_mean(findings->arena, fault->kind, names, fault_kind_count);
    if (!finding->hint)
        finding->hint = "`labctl fault list` names them";
    return NULL;
}

/* "a node or a route table" */
static const char *targets_text(const struct fault_kind *kind, struct arena *arena)
{
    STR_AUTO text = STR_INIT;
    for (size_t i = 0; i < kind->target_count; i++) {
        const char *name = thing_kind_name(kind->targets[i].thing);
        str_printf(&text, "%s%s %s",
                   i == 0                        ? ""
                   : i + 1 == kind->target_count ? " or "
                                                 : ", ",
                   strchr("aeiou", name[0]) ? "an" : "a", name);
    }
    return arena_strdup(arena, str_text(&text));
}

/* The interface on whose wire the packets of one without its own are; NULL where it has one. */
static const struct interface *carrier(const struct interface *interface)
{
    const struct bridge *bridge = interface->bridge ? bridge_whole(interface->bridge) : NULL;
    const struct node *node = interface->node;
    struct addr ends[2];
    if (interface->parent)
        return interface->parent;
    int end = bridge && bridge->vxlan && node ? vxlan_end(bridge, node) : -1;
    if (end < 0 || !vxlan_addresses(bridge, ends))
        return NULL;
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; a < node->interfaces[i]->address_count; a++)
            if (addr_equal(&node->interfaces[i]->addresses[a].addr, &ends[end]))
                return node->interfaces[i];
    return NULL;
}

static bool validate_wire(const struct fault *fault, const struct interface *interface, const char *name,
                          struct mark mark, struct findings *findings)
{
    const struct interface *on = carrier(interface);
    if (!on)
        return true;
    struct finding *finding = findings_add(findings, FINDING_ERROR, "fault-target", mark,
                                           "fault %s is at a wire; '%s' has none of its own", fault->kind, name);
    finding->hint = arena_printf(findings->arena, "its packets are on that of 'node/%s/%s', with others: name that one",
                                 on->node->name, on->name);
    return false;
}

static bool is_at(const struct fault_kind *kind, enum thing_kind thing)
{
    for (size_t t = 0; t < kind->target_count; t++)
        if (kind->targets[t].thing == thing)
            return true;
    return false;
}

/* Without a kind it is a thing of this lab, at least. */
static bool validate_target(const struct topology *topology, const struct fault *fault, const struct fault_kind *kind,
                            size_t i, struct thing *thing, struct findings *findings)
{
    const char *nearest = NULL, *name = fault->at.items[i];
    struct mark mark = fault->at_marks ? fault->at_marks[i] : fault->mark;
    *thing = topology_thing(topology, name, &nearest);
    if (thing->kind == THING_NONE) {
        struct finding *finding =
            findings_add(findings, FINDING_ERROR, "dangling-fault", mark, "nothing is called '%s' in this lab", name);
        if (nearest)
            finding->hint = arena_printf(findings->arena, "did you mean '%s'?", nearest);
        return false;
    }
    if (!kind)
        return true;
    if (is_at(kind, thing->kind))
        return !kind->wire || thing->kind != THING_INTERFACE ||
               validate_wire(fault, thing->interface, name, mark, findings);
    const char *is = thing_kind_name(thing->kind);
    struct finding *finding =
        findings_add(findings, FINDING_ERROR, "fault-target", mark, "fault %s is at %s; '%s' is %s %s", kind->name,
                     targets_text(kind, findings->arena), name, strchr("aeiou", is[0]) ? "an" : "a", is);
    if (thing->kind == THING_NODE && thing->node->interface_count && is_at(kind, THING_INTERFACE))
        finding->hint = arena_printf(findings->arena, "its %s 'node/%s/%s'",
                                     thing->node->interface_count == 1 ? "interface is" : "first interface is",
                                     thing->node->name, thing->node->interfaces[0]->name);
    else if (thing->kind == THING_TRANSIT_GATEWAY && is_at(kind, THING_TRANSIT_TABLE)) {
        const struct transit_gateway *gateway = thing->transit_gateway;
        finding->hint = arena_printf(findings->arena, "its %s '%s/route_table/%s'",
                                     gateway->route_table_count == 1 ? "route table is" : "first route table is",
                                     thing_name(topology, thing), gateway->route_tables[0]->name);
    }
    return false;
}

static bool validate_targets(const struct topology *topology, const struct fault *fault, const struct fault_kind *kind,
                             struct thing things[static 2], struct findings *findings)
{
    bool valid = true;
    if (kind && fault->at.count != kind->things && !fault->vague) {
        findings_add(findings, FINDING_ERROR, "fault-target", fault->mark, "fault %s is at %s, not at %zu", kind->name,
                     kind->things == 2 ? "two things: at: [A, B]" : "one thing", fault->at.count);
        valid = false;
    }
    for (size_t i = 0; i < fault->at.count && i < 2; i++)
        valid = validate_target(topology, fault, kind, i, &things[i], findings) && valid;
    return valid;
}

static const struct fault_parameter_row *parameter_row(const struct fault_kind *kind, const char *key)
{
    for (size_t i = 0; i < kind->parameter_count; i++)
        if (str_equal(kind->parameters[i].key, key))
            return &kind->parameters[i];
    return NULL;
}

static void validate_given(const struct topology *topology, const struct fault *fault, const struct fault_kind *kind,
                           const struct fault_parameter *given, struct findings *findings)
{
    const struct fault_parameter_row *row = parameter_row(kind, given->key);
    if (!row) {
        const char *keys[WORDS_MAX];
        for (size_t i = 0; i < kind->parameter_count; i++)
            keys[i] = kind->parameters[i].key;
        struct finding *finding = findings_add(findings, FINDING_ERROR, "unknown-parameter", given->key_mark,
                                               "fault %s has no parameter '%s'", kind->name, given->key);
        finding->hint = did_you_mean(findings->arena, given->key, keys, kind->parameter_count);
        if (!finding->hint)
            finding->hint = arena_printf(findings->arena, "`labctl fault show %s` names its parameters", kind->name);
        return;
    }
    for (const struct fault_parameter *p = fault->parameters; p < given; p++)
        if (str_equal(p->key, given->key))
            findings_add(findings, FINDING_ERROR, "duplicate-parameter", given->key_mark,
                         "parameter '%s' is given twice", given->key);
    if (!given->value)
        return;
    const char *problem = value_problem(topology, row, given->value, findings->arena);
    if (!problem)
        return;
    struct finding *finding =
        findings_add(findings, FINDING_ERROR, "fault-parameter", given->mark, "%s of fault %s is %s, not '%s'",
                     given->key, kind->name, problem, given->value);
    if (row->type == PARAMETER_WORD)
        finding->hint = did_you_mean(findings->arena, given->value, row->words, row->word_count);
}

static void validate_parameters(const struct topology *topology, const struct fault *fault,
                                const struct fault_kind *kind, struct findings *findings)
{
    for (size_t i = 0; i < fault->parameter_count; i++)
        validate_given(topology, fault, kind, &fault->parameters[i], findings);
    for (size_t i = 0; i < kind->parameter_count; i++)
        if (kind->parameters[i].required && !fault_parameter(fault, kind->parameters[i].key))
            findings_add(findings, FINDING_ERROR, "fault-parameter", fault->mark, "fault %s needs '%s': %s", kind->name,
                         kind->parameters[i].key, kind->parameters[i].doc);
}

int fault_validate(const struct topology *topology, const struct fault *fault, struct findings *findings)
{
    size_t before = findings->errors;
    struct thing things[2] = {0};
    const struct fault_kind *kind = fault->kind ? validate_kind(fault, findings) : NULL;
    bool resolved = validate_targets(topology, fault, kind, things, findings);
    if (kind)
        validate_parameters(topology, fault, kind, findings);
    if (kind && resolved && findings->errors == before && !fault->vague && kind->validate)
        kind->validate(topology, fault, things, findings);
    return (int)(findings->errors - before);
}

int fault_validate_all(const struct topology *topology, const struct fault *faults, size_t count,
                       struct findings *findings)
{
    size_t before = findings->errors;
    for (size_t i = 0; i < count; i++) {
        fault_validate(topology, &faults[i], findings);
        for (size_t j = 0; j < i; j++) {
            if (str_equal(faults[i].id, faults[j].id) || !fault_equal(&faults[i], &faults[j]) || faults[i].vague)
                continue; /* of one id: the reader's to say */
            struct finding *finding = findings_add(findings, FINDING_ERROR, "duplicate-fault", faults[i].mark,
                                                   "fault '%s' is the same as another", faults[i].id);
            finding->other = faults[j].mark;
            finding->other_text = "first here";
            break;
        }
    }
    return (int)(findings->errors - before);
}
