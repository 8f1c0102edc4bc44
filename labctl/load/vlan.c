/* VLANs and VXLANs: `vlan:` and `parent:` of interfaces, `vxlan:` of bridges.
 *
 * A VLAN of a bridge (or of a link) is a segment of the model, made when all interfaces hang where they hang, so that
 * whatever is true of wires is true of it: who shares it, which MACs must differ, who is a neighbour.  A port that is
 * in no VLAN without a tag gets a segment in which it is alone. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

#define VLAN_LEAST   1
#define VLAN_MOST    4094 /* IEEE 802.1Q, table 9-2: 0 is no VLAN, 4095 is reserved */
#define VLAN_DEFAULT 1    /* of a port that says nothing: the PVID of the standard */

/* ---- vlan: ------------------------------------------------------------------------------------------------------- */

static bool decode_number(struct decoder *decoder, const char *key, const struct value *value, uint16_t *out)
{
    int64_t number;
    if (!decode_integer(decoder, key, value, VLAN_LEAST, VLAN_MOST, &number))
        return false;
    *out = (uint16_t)number;
    return true;
}

/* One that the port carries with a tag; sorted, so that the same set is the same list. */
static void add_tagged(struct decoder *decoder, struct interface *interface, const char *key, const struct value *value)
{
    uint16_t number;
    if (!decode_number(decoder, key, value, &number))
        return;
    for (size_t i = 0; i < interface->tagged_count; i++)
        if (interface->tagged[i] == number) {
            findings_add(decoder->findings, FINDING_ERROR, "vlan", value->mark, "VLAN %u stands there twice", number);
            return;
        }
    size_t at = interface->tagged_count;
    *ARENA_PUSH(decoder->arena, interface->tagged, interface->tagged_count) = number;
    for (; at > 0 && interface->tagged[at - 1] > number; at--)
        interface->tagged[at] = interface->tagged[at - 1];
    interface->tagged[at] = number;
}

static void decode_tagged(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    if (!decode_list(decoder, field->key, value))
        return;
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++)
        add_tagged(decoder, target, field->key, value->items[i]);
}

static void decode_native(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct interface *interface = target;
    decode_number(decoder, field->key, value, &interface->vlan);
}

static const struct field vlan_fields[] = {
    {.key = "tagged",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_tagged,
     .wants = "a list of VLANs",
     .json = "{\"type\": \"array\", \"items\": " VLAN_NUMBER "}",
     .doc = "The VLANs that the port carries, each packet with its tag."},
    {.key = "native",
     .type = FIELD_CUSTOM,
     .decode = decode_native,
     .wants = "a VLAN, 1 to 4094",
     .json = VLAN_NUMBER,
     .fallback = "none: what comes in without a tag is dropped",
     .doc = "The VLAN of packets without a tag."},
};
const struct schema vlan_schema = SCHEMA("vlan", vlan_fields);

void decode_vlan(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct interface *interface = target;
    interface->vlan_mark = value->mark;
    if (value->kind == VALUE_LIST && value->item_count == 0)
        decode_bad(decoder, field->key, "at least one VLAN", value);
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++)
        add_tagged(decoder, interface, field->key, value->items[i]);
    if (value->kind == VALUE_MAP)
        schema_decode(decoder, &vlan_schema, NULL, value->mark, value, interface);
    else if (value->kind != VALUE_LIST)
        decode_number(decoder, field->key, value, &interface->vlan);
    for (size_t i = 0; i < interface->tagged_count; i++)
        if (interface->tagged[i] == interface->vlan)
            findings_add(decoder->findings, FINDING_ERROR, "vlan", value->mark,
                         "VLAN %u cannot be the native one and have a tag", interface->vlan);
}

/* ---- parent: ----------------------------------------------------------------------------------------------------- */

static void resolve_parent(struct loader *loader, const struct reference *reference)
{
    struct interface *interface = reference->thing;
    const struct node *node = interface->node;
    const char *name = reference->value->text, *why = NULL;
    interface->parent = node_interface(node, name);
    if (interface->parent == NULL) {
        interface->attachment = ATTACH_NONE;
        report_dangling(loader, "interface", name, arena_printf(loader->decoder.arena, " of node '%s'", node->name),
                        reference->value->mark, names_of(loader, node->interfaces, node->interface_count),
                        node->interface_count);
        return;
    }
    if (interface->parent == interface)
        why = "an interface cannot stand on itself";
    else if (str_equal(interface->parent->attachment_key, "parent"))
        why = "an interface cannot stand on one that stands on another itself";
    else if (!str_equal(interface->parent->attachment_key, "bridge") &&
             !str_equal(interface->parent->attachment_key, "link"))
        why = "a tagged interface stands on one at a bridge or a link";
    else if (interface->vlan_mark.line == 0 || interface->tagged_count > 0)
        why = "an interface that stands on another one has one 'vlan', its tag";
    if (why == NULL)
        return;
    interface->parent = NULL;
    interface->attachment = ATTACH_NONE;
    findings_add(loader->decoder.findings, FINDING_ERROR, "vlan", reference->value->mark, "%s", why);
}

void decode_parent(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    const char *text;
    if (decode_text(decoder, field->key, value, &text) &&
        interface_attach(decoder, target, ATTACH_BRIDGE, field, value))
        refer(LOADER(decoder), resolve_parent, target, value, 0);
}

/* ---- segments ---------------------------------------------------------------------------------------------------- */

static struct bridge *new_segment(struct loader *loader, struct bridge *whole, struct link *link, uint16_t vlan)
{
    struct topology *topology = loader->topology;
    struct bridge *segment = ARENA_NEW(loader->decoder.arena, struct bridge);
    *segment = (struct bridge){.name = whole != NULL ? whole->name : link->name,
                               .mark = whole != NULL ? whole->mark : link->mark,
                               .mtu = whole != NULL ? whole->mtu : link->mtu,
                               .arp_dynamic = whole != NULL && whole->arp_dynamic,
                               .vlan_of = whole,
                               .vlan_of_link = link,
                               .vlan = vlan};
    *ARENA_PUSH(loader->decoder.arena, topology->vlans, topology->vlan_count) = segment;
    return segment;
}

/* The segment of a VLAN; 0: a new one, of nobody else. */
static struct bridge *segment_of(struct loader *loader, struct bridge *whole, struct link *link, uint16_t vlan)
{
    const struct topology *topology = loader->topology;
    for (size_t i = 0; vlan != 0 && i < topology->vlan_count; i++)
        if (topology->vlans[i]->vlan == vlan && topology->vlans[i]->vlan_of == whole &&
            topology->vlans[i]->vlan_of_link == link)
            return topology->vlans[i];
    return new_segment(loader, whole, link, vlan);
}

/* A port: what it carries without a tag is the segment that its interface is in. */
static void finish_port(struct loader *loader, struct interface *interface)
{
    struct bridge *bridge = interface->attachment == ATTACH_BRIDGE ? interface->bridge : NULL;
    if (bridge == NULL || !bridge->vlan_filtering) {
        if (interface->vlan_mark.line == 0 || interface->attachment == ATTACH_NONE)
            return;
        struct finding *finding =
            findings_add(loader->decoder.findings, FINDING_ERROR, "vlan", interface->vlan_mark,
                         "'vlan' means something at a bridge with vlan_filtering only, or with 'parent'");
        if (bridge != NULL && bridge->network == NULL)
            finding->hint = arena_printf(loader->decoder.arena, "give bridge '%s' vlan_filtering: true", bridge->name);
        return;
    }
    if (interface->vlan_mark.line == 0)
        interface->vlan = VLAN_DEFAULT;
    interface->bridge = segment_of(loader, bridge, NULL, interface->vlan);
}

/* One that stands on another: in the VLAN of its tag, where that one's port carries it. */
static void finish_tagged(struct loader *loader, struct interface *interface)
{
    struct interface *parent = interface->parent;
    if (parent->attachment == ATTACH_NONE) { /* reported there */
        interface->attachment = ATTACH_NONE;
        return;
    }
    interface->down = interface->down || parent->down;
    struct link *link = parent->attachment == ATTACH_LINK ? parent->link : NULL;
    struct bridge *whole = link == NULL ? bridge_whole(parent->bridge) : NULL;
    if (whole != NULL && whole->vxlan != NULL) {
        findings_add(loader->decoder.findings, FINDING_ERROR, "vlan", interface->attachment_mark,
                     "a tagged interface stands on one with a wire, not on the end of a tunnel");
        interface->attachment = ATTACH_NONE;
        return;
    }
    interface->bridge =
        segment_of(loader, whole, link, interface_carries(parent, interface->vlan) ? interface->vlan : 0);
    const struct node *node = interface->node;
    for (size_t i = 0; i < node->interface_count && node->interfaces[i] != interface; i++)
        if (node->interfaces[i]->parent == parent && node->interfaces[i]->vlan == interface->vlan) {
            struct finding *finding =
                findings_add(loader->decoder.findings, FINDING_ERROR, "vlan", interface->vlan_mark,
                             "VLAN %u of '%s/%s' has an interface already", interface->vlan, node->name, parent->name);
            finding->other = node->interfaces[i]->vlan_mark;
            finding->other_text = "it is this one";
        }
}

void finish_vlans(struct loader *loader)
{
    const struct topology *topology = loader->topology;
    for (int of_parents = 0; of_parents < 2; of_parents++)
        for (size_t n = 0; n < topology->node_count; n++)
            for (size_t i = 0; i < topology->nodes[n]->interface_count; i++) {
                struct interface *interface = topology->nodes[n]->interfaces[i];
                if ((interface->parent != NULL) == of_parents)
                    (of_parents ? finish_tagged : finish_port)(loader, interface);
            }
}

/* ---- vxlan: ------------------------------------------------------------------------------------------------------ */

/* "host-a", "node/host-a", or its interface, "host-a/eth0". */
static void resolve_end(struct loader *loader, const struct reference *reference)
{
    struct vxlan *vxlan = reference->thing;
    const struct topology *topology = loader->topology;
    struct thing thing = topology_thing(topology, reference->value->text, NULL);
    vxlan->ends[reference->index].node = thing.kind == THING_NODE        ? thing.node
                                         : thing.kind == THING_INTERFACE ? thing.interface->node
                                                                         : NULL;
    if (thing.kind == THING_INTERFACE)
        vxlan->ends[reference->index].interface = thing.interface;
    if (vxlan->ends[reference->index].node == NULL)
        report_dangling(loader, "node", reference->value->text, "", reference->value->mark,
                        names_of(loader, topology->nodes, topology->node_count), topology->node_count);
}

static void decode_between(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct vxlan *vxlan = target;
    const char *text;
    if (!decode_list(decoder, field->key, value))
        return;
    if (value->kind != VALUE_LIST || value->item_count != 2) {
        decode_bad(decoder, field->key, "two nodes", value)->hint =
            arena_printf(decoder->findings->arena, "this one names %zu", value->item_count);
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        vxlan->ends[i].mark = value->items[i]->mark;
        if (decode_text(decoder, field->key, value->items[i], &text))
            refer(LOADER(decoder), resolve_end, vxlan, value->items[i], i);
    }
    vxlan->end_count = 2;
}

static void decode_udp_port(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct vxlan *vxlan = target;
    int64_t port;
    if (decode_integer(decoder, field->key, value, 1, 65535, &port))
        vxlan->port = (uint16_t)port;
}

static const struct field vxlan_fields[] = {
    {.key = "id",
     .type = FIELD_INTEGER,
     FIELD_AT(struct vxlan, id),
     .required = true,
     .least = 1,
     .most = 0xffffff,
     .doc = "The tunnel's number, the VXLAN network identifier."},
    {.key = "between",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_between,
     .wants = "a list of two nodes",
     .json = "{\"type\": \"array\", \"items\": {\"type\": \"string\"}, \"minItems\": 2, \"maxItems\": 2}",
     .doc = "The two nodes, each of which has an interface at the bridge: the tunnel ends there.  NODE/INTERFACE names "
            "the interface whose address the tunnel has, else it is one on a wire that both share, else the first."},
    {.key = "port",
     .type = FIELD_CUSTOM,
     .decode = decode_udp_port,
     .wants = "a port, 1 to 65535",
     .json = "{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 65535}",
     .fallback = "4789",
     .doc = "The port of UDP."},
};
const struct schema vxlan_schema = SCHEMA("vxlan", vxlan_fields);

void decode_vxlan(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct bridge *bridge = target;
    bridge->vxlan = ARENA_NEW(decoder->arena, struct vxlan);
    *bridge->vxlan = (struct vxlan){.port = VXLAN_PORT, .mark = value->mark};
    schema_decode(decoder, field->schema, NULL, value->mark, value, bridge->vxlan);
}
