/* Interfaces when all that they name is known: lengths of addresses, keys that stand where they mean nothing, and what
 * a subnet gives. */
#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

/* Gives every address its length: the subnet's, the internet's, or the one that was written. */
static void finish_lengths(struct loader *loader, struct interface *interface)
{
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < interface->address_count; i++) {
        struct prefix *address = &interface->addresses[i];
        bool ipv6 = address->addr.family == 6;
        uint8_t given = address->length, own = ipv6 ? 64 : 24;
        const struct network *network = interface_network(interface);
        if (network != NULL && !ipv6)
            own = addr_is_set(&network->cidr.addr) ? network->cidr.length : given;
        if (interface->attachment == ATTACH_SUBNET && !ipv6)
            own = addr_is_set(&interface->subnet->cidr.addr) ? interface->subnet->cidr.length : given;
        /* in a cloud and at the internet all but the router is beyond it */
        bool alone = ipv6 && (interface->attachment == ATTACH_SUBNET || interface->attachment == ATTACH_INTERNET);
        address->length = alone ? 128 : own;
        if (interface->attachment == ATTACH_NONE || given == own || (alone && given == 128))
            continue;
        bool wire = interface->attachment == ATTACH_LINK ||
                    (interface->attachment == ATTACH_BRIDGE && network == NULL) || (network != NULL && ipv6);
        if (wire)
            address->length = given != NO_LENGTH ? given : own;
        if (wire && given == NO_LENGTH)
            findings_add(loader->decoder.findings, FINDING_ERROR, "address-length", interface->address_marks[i],
                         "address %s needs a length", addr_format(&address->addr, text))
                ->hint = arena_printf(loader->decoder.arena, "write %s/%u", text, own);
        else if (!wire && given != NO_LENGTH)
            findings_add(loader->decoder.findings, FINDING_ERROR, "address-length", interface->address_marks[i],
                         "address %s has the length /%u here, not /%u", addr_format(&address->addr, text), own, given);
    }
}

/* An address from the wire is there where a wire is, and instead of one of its own. */
static void finish_from_wire(struct loader *loader, struct interface *interface)
{
    struct findings *findings = loader->decoder.findings;
    const struct {
        bool on;
        unsigned family;
        const char *key;
        struct mark mark;
    } ways[] = {{interface->dhcp, 4, "dhcp", interface->dhcp_mark},
                {interface->slaac, 6, "slaac", interface->slaac_mark}};
    bool cloud = interface->attachment == ATTACH_SUBNET || interface->attachment == ATTACH_INTERNET ||
                 interface_network(interface);
    for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
        if (ways[w].on && cloud)
            findings_add(findings, FINDING_ERROR, "misplaced-key", ways[w].mark,
                         "'%s' means something on a bridge or a link only: here the address is given", ways[w].key);
        for (size_t i = 0; ways[w].on && !cloud && i < interface->address_count; i++) {
            char text[ADDR_TEXT_MAX];
            if (interface->addresses[i].addr.family != ways[w].family)
                continue;
            struct finding *finding =
                findings_add(findings, FINDING_ERROR, "misplaced-key", interface->address_marks[i],
                             "address %s and '%s: true' contradict each other",
                             addr_format(&interface->addresses[i].addr, text), ways[w].key);
            finding->other = ways[w].mark;
            finding->other_text = "it gets its address from the wire";
        }
        if (ways[w].on && interface->gateway_mark.line > 0 && interface->gateway.family == ways[w].family)
            findings_add(findings, FINDING_ERROR, "misplaced-key", interface->gateway_mark,
                         "'gateway' and '%s: true' contradict each other: the gateway comes with the address",
                         ways[w].key);
    }
}

/* Keys that mean something in a subnet only. */
static void finish_placement(struct loader *loader, const struct interface *interface)
{
    if (interface->attachment == ATTACH_SUBNET || interface->attachment == ATTACH_NONE)
        return;
    if (interface->public_ip_mode != PUBLIC_IP_DEFAULT)
        findings_add(loader->decoder.findings, FINDING_ERROR, "misplaced-key", interface->public_ip_mark,
                     "'public_ip' means something in a subnet only");
    if (interface->source_dest_check_mark.line > 0)
        findings_add(loader->decoder.findings, FINDING_ERROR, "misplaced-key", interface->source_dest_check_mark,
                     "'source_dest_check' means something in a subnet only");
    if (interface->security_groups_declared)
        findings_add(loader->decoder.findings, FINDING_ERROR, "misplaced-key", interface->mark,
                     "'security_groups' means something in a subnet only");
}

void finish_interface(struct loader *loader, struct interface *interface)
{
    struct arena *arena = loader->decoder.arena;
    bool declared = interface->gateway_mark.line > 0;
    if (interface->attachment == ATTACH_NONE && interface->attachment_mark.line == 0)
        findings_add(loader->decoder.findings, FINDING_ERROR, "attachment", interface->mark,
                     "interface '%s' of node '%s' hangs nowhere", interface->name, interface->node->name)
            ->hint = "give it one of subnet, bridge, link, network, parent and internet";
    finish_lengths(loader, interface);
    finish_placement(loader, interface);
    finish_from_wire(loader, interface);
    if (interface->attachment != ATTACH_SUBNET)
        return;
    const struct subnet *subnet = interface->subnet;
    if (!declared && addr_is_set(&subnet->cidr.addr))
        interface->gateway = prefix_host(&subnet->cidr, 1);
    if (interface->security_groups_declared)
        return;
    *ARENA_PUSH(arena, interface->security_groups, interface->security_group_count) =
        vpc_security_group(subnet->vpc, "default");
    interface->security_group_marks = ARENA_NEW(arena, struct mark);
}
