/* Interfaces: what they hang at, their addresses, and what a subnet or the internet gives them. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

/* ---- attachments ----------------------------------------------------------------------------------------------- */

/* The subnet that "VPC/SUBNET", "vpc/VPC/subnet/SUBNET" or, where one VPC has it, "SUBNET" names. */
static void resolve_subnet(struct loader *loader, const struct reference *reference)
{
    const struct topology *topology = loader->topology;
    struct interface *interface = reference->thing;
    const char *text = reference->value->text, *where = "";
    struct mark mark = reference->value->mark;
    if (str_starts(text, "vpc/"))
        text += strlen("vpc/");
    char name[LABEL_MAX + 1] = "";
    const char *slash = strchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : 0;
    const struct vpc *vpc = NULL;
    if (length <= LABEL_MAX)
        memcpy(name, text, length);
    if (slash == NULL && topology->vpc_count == 1)
        vpc = topology->vpcs[0];
    else if (slash != NULL)
        vpc = topology_vpc(topology, name);
    if (vpc == NULL && slash == NULL) {
        findings_add(loader->decoder.findings, FINDING_ERROR, "dangling-reference", mark,
                     "subnet '%.80s' needs its VPC", text)
            ->hint = "write VPC/SUBNET";
    } else if (vpc == NULL) {
        report_dangling(loader, "vpc", name, "", mark, names_of(loader, topology->vpcs, topology->vpc_count),
                        topology->vpc_count);
    } else {
        const char *subnet = slash != NULL ? slash + 1 : text;
        subnet = str_starts(subnet, "subnet/") ? subnet + strlen("subnet/") : subnet;
        interface->subnet = vpc_subnet(vpc, subnet);
        if (interface->subnet == NULL) {
            where = arena_printf(loader->decoder.arena, " in vpc '%s'", vpc->name);
            report_dangling(loader, "subnet", subnet, where, mark, names_of(loader, vpc->subnets, vpc->subnet_count),
                            vpc->subnet_count);
        }
    }
    if (interface->subnet == NULL)
        interface->attachment = ATTACH_NONE;
}

static void resolve_bridge(struct loader *loader, const struct reference *reference)
{
    const struct topology *topology = loader->topology;
    struct interface *interface = reference->thing;
    const char *name = reference->value->text;
    name = str_starts(name, "bridge/") ? name + strlen("bridge/") : name;
    interface->bridge = topology_bridge(topology, name);
    if (interface->bridge != NULL)
        return;
    interface->attachment = ATTACH_NONE;
    report_dangling(loader, "bridge", name, "", reference->value->mark,
                    names_of(loader, topology->bridges, topology->bridge_count), topology->bridge_count);
}

static void resolve_link(struct loader *loader, const struct reference *reference)
{
    struct interface *interface = reference->thing;
    const char *name = reference->value->text;
    struct mark mark = reference->value->mark;
    name = str_starts(name, "link/") ? name + strlen("link/") : name;
    struct link *link = topology_link(loader->topology, name);
    if (link == NULL && !decode_name(&loader->decoder, "link", name, mark, LABEL_MAX)) {
        loader->unread_links++;
        interface->attachment = ATTACH_NONE;
        return;
    }
    link = link_use(loader, name, mark);
    interface->link = link;
    if (link->end_count < 2) {
        link->ends[link->end_count++] = interface;
        return;
    }
    link->end_count++;
    struct finding *finding =
        findings_add(loader->decoder.findings, FINDING_ERROR, "link-ends", mark,
                     "link '%s' has two ends already: node/%s/%s and node/%s/%s", name, link->ends[0]->node->name,
                     link->ends[0]->name, link->ends[1]->node->name, link->ends[1]->name);
    finding->other = link->ends[1]->attachment_mark;
    finding->other_text = "the second end is here";
    interface->attachment = ATTACH_NONE;
    interface->link = NULL;
}

bool interface_attach(struct decoder *decoder, struct interface *interface, enum attachment attachment,
                      const struct field *field, const struct value *value)
{
    if (interface->attachment != ATTACH_NONE) {
        struct finding *finding =
            findings_add(decoder->findings, FINDING_ERROR, "attachment", value->mark,
                         "an interface hangs at one place: this one has '%s' already", interface->attachment_key);
        finding->other = interface->attachment_mark;
        finding->other_text = "it hangs here";
        return false;
    }
    interface->attachment = attachment;
    interface->attachment_key = field->key;
    interface->attachment_mark = value->mark;
    return true;
}

/* `subnet:`, `bridge:`, `link:`. */
static void decode_attachment(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    static resolve_reference *const resolvers[ATTACH_COUNT] = {
        [ATTACH_SUBNET] = resolve_subnet, [ATTACH_BRIDGE] = resolve_bridge, [ATTACH_LINK] = resolve_link};
    enum attachment attachment = (enum attachment)field->least;
    const char *text;
    if (!decode_text(decoder, field->key, value, &text))
        LOADER(decoder)->unread_links += attachment == ATTACH_LINK;
    else if (interface_attach(decoder, target, attachment, field, value))
        refer(LOADER(decoder), resolvers[attachment], target, value, 0);
}

static void add_address(struct decoder *decoder, struct interface *interface, const struct value *value);

/* `internet: true` or an address. */
static void decode_internet(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct interface *interface = target;
    struct addr addr;
    bool given = value->kind == VALUE_TEXT && addr_parse(value->text, &addr);
    interface->unread |= !given && !(value->kind == VALUE_BOOLEAN && value->boolean);
    if (value->kind == VALUE_TEXT && !given)
        decode_bad(decoder, field->key, "true or an address such as 203.0.113.200", value);
    else if (value->kind != VALUE_TEXT && !(value->kind == VALUE_BOOLEAN && value->boolean))
        decode_wrong(decoder, field->key, "true or an address such as 203.0.113.200", value);
    else if (interface_attach(decoder, interface, ATTACH_INTERNET, field, value) && given)
        add_address(decoder, interface, value);
}

/* ---- addresses ------------------------------------------------------------------------------------------------- */

/* Adds one address, with a length or (for now) without. */
static void add_address(struct decoder *decoder, struct interface *interface, const struct value *value)
{
    static const char wants[] = "an address such as 10.0.2.10 or 192.168.1.20/24";
    struct prefix prefix = {.length = NO_LENGTH};
    size_t marks = interface->address_count;
    if (value->kind == VALUE_TEXT && strlen(value->text) == value->length &&
        (addr_parse(value->text, &prefix.addr) || prefix_parse(value->text, &prefix))) {
        *ARENA_PUSH(decoder->arena, interface->address_marks, marks) = value->mark;
        *ARENA_PUSH(decoder->arena, interface->addresses, interface->address_count) = prefix;
        return;
    }
    interface->unread = true;
    if (value->kind == VALUE_TEXT && !value->broken)
        decode_bad(decoder, "address", wants, value);
    else
        decode_wrong(decoder, "address", wants, value);
}

static void decode_address_field(struct decoder *decoder, const struct field *field, const struct value *value,
                                 void *target)
{
    (void)field;
    add_address(decoder, target, value);
}

static void decode_addresses(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    if (!decode_list(decoder, field->key, value))
        ((struct interface *)target)->unread = true;
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++)
        add_address(decoder, target, value->items[i]);
}

/* `gateway:`, an address or none. */
static void decode_gateway(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct interface *interface = target;
    interface->gateway_mark = value->mark;
    if (value->kind == VALUE_TEXT && str_equal(value->text, "none"))
        return;
    decode_address(decoder, field->key, value, &interface->gateway);
}

static void decode_mac(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct interface *interface = target;
    static const char wants[] = "a unicast MAC address such as 02:00:00:00:00:01";
    static const struct mac zero;
    if (value->kind != VALUE_TEXT)
        decode_wrong(decoder, field->key, wants, value);
    else if (!mac_parse(value->text, &interface->mac) || (interface->mac.bytes[0] & 1) != 0 ||
             memcmp(&interface->mac, &zero, sizeof zero) == 0)
        decode_bad(decoder, field->key, wants, value);
    else
        interface->mac_declared = true;
}

static void decode_up(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct interface *interface = target;
    bool up;
    if (decode_boolean(decoder, field->key, value, &up))
        interface->down = !up;
}

static void decode_public_ip(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct interface *interface = target;
    interface->public_ip_mark = value->mark;
    if (value->kind == VALUE_BOOLEAN)
        interface->public_ip_mode = value->boolean ? PUBLIC_IP_YES : PUBLIC_IP_NO;
    else if (value->kind != VALUE_TEXT)
        decode_wrong(decoder, field->key, "true, false or an address", value);
    else if (!addr_parse(value->text, &interface->public_ip) || interface->public_ip.family != 4)
        decode_bad(decoder, field->key, "true, false or an IPv4 address", value);
    else
        interface->public_ip_mode = PUBLIC_IP_ADDRESS;
    interface->unread |= value->kind != VALUE_BOOLEAN && interface->public_ip_mode != PUBLIC_IP_ADDRESS;
}

static void decode_source_dest_check(struct decoder *decoder, const struct field *field, const struct value *value,
                                     void *target)
{
    struct interface *interface = target;
    interface->source_dest_check_mark = value->mark;
    decode_boolean(decoder, field->key, value, &interface->source_dest_check);
}

/* ---- security groups ------------------------------------------------------------------------------------------- */

static void resolve_group(struct loader *loader, const struct reference *reference)
{
    struct interface *interface = reference->thing;
    if (interface->subnet == NULL)
        return; /* reported where it hangs, or by finish_interface */
    const struct vpc *vpc = interface->subnet->vpc;
    const char *name = name_in_vpc(vpc, "security_group", reference->value->text);
    struct security_group *group = vpc_security_group(vpc, name);
    if (group == NULL) {
        report_dangling(loader, "security group", name, arena_printf(loader->decoder.arena, " in vpc '%s'", vpc->name),
                        reference->value->mark, names_of(loader, vpc->security_groups, vpc->security_group_count),
                        vpc->security_group_count);
        return;
    }
    size_t marks = interface->security_group_count;
    *ARENA_PUSH(loader->decoder.arena, interface->security_group_marks, marks) = reference->value->mark;
    *ARENA_PUSH(loader->decoder.arena, interface->security_groups, interface->security_group_count) = group;
}

static void decode_groups(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct interface *interface = target;
    const char *text;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    interface->security_groups_declared = true;
    if (count == 0)
        decode_bad(decoder, field->key, "at least one security group", value);
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        if (decode_text(decoder, field->key, item, &text))
            refer(LOADER(decoder), resolve_group, interface, item, 0);
    }
}

/* `dhcp:`, `slaac:`. */
static void decode_from_wire(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct interface *interface = target;
    bool *on = (bool *)((char *)target + field->offset);
    if (decode_boolean(decoder, field->key, value, on))
        *(on == &interface->dhcp ? &interface->dhcp_mark : &interface->slaac_mark) = value->mark;
}

static const struct field interface_fields[] = {
    {.key = "subnet",
     .type = FIELD_CUSTOM,
     .decode = decode_attachment,
     .least = ATTACH_SUBNET,
     .wants = "a subnet",
     .json = "{\"type\": \"string\"}",
     .doc = "The subnet it hangs at: VPC/SUBNET."},
    {.key = "bridge",
     .type = FIELD_CUSTOM,
     .decode = decode_attachment,
     .least = ATTACH_BRIDGE,
     .wants = "a bridge",
     .json = "{\"type\": \"string\"}",
     .doc = "The bridge it hangs at."},
    {.key = "link",
     .type = FIELD_CUSTOM,
     .decode = decode_attachment,
     .least = ATTACH_LINK,
     .wants = "a link",
     .json = "{\"type\": \"string\"}",
     .doc = "The link it is an end of: the name that two interfaces share."},
    {.key = "network",
     .type = FIELD_CUSTOM,
     .decode = decode_network_attachment,
     .wants = "a network",
     .json = "{\"type\": \"string\"}",
     .doc = "The Docker-like network that it is a member of."},
    {.key = "internet",
     .type = FIELD_CUSTOM,
     .decode = decode_internet,
     .wants = "true or an address",
     .json = "{\"type\": [\"boolean\", \"string\"]}",
     .doc = "It hangs at the internet: with this public address, or with an allotted one where it says true."},
    {.key = "address",
     .type = FIELD_CUSTOM,
     .decode = decode_address_field,
     .wants = "an address",
     .json = "{\"type\": \"string\"}",
     .fallback = "allotted in a subnet, in a network and at the internet, else none",
     .doc = "Its address: with a length on a bridge or a link, alone in a subnet or a network."},
    {.key = "addresses",
     .type = FIELD_CUSTOM,
     .decode = decode_addresses,
     .wants = "a list of addresses",
     .json = "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}",
     .doc = "More addresses."},
    {.key = "gateway",
     .type = FIELD_CUSTOM,
     .decode = decode_gateway,
     .wants = "an address or none",
     .json = "{\"type\": \"string\"}",
     .fallback = "the router in a subnet and at the internet, the host of its first network, else none",
     .doc = "The gateway of the default route; none for no default route.  It is one address: the default route of the "
            "other protocol stands under routes, { destination: default, via: ADDRESS }."},
    {.key = "mac",
     .type = FIELD_CUSTOM,
     .decode = decode_mac,
     .wants = "a MAC address",
     .json = "{\"type\": \"string\"}",
     .fallback = "a function of the name",
     .doc = "Its MAC address."},
    {.key = "mtu",
     .type = FIELD_INTEGER,
     FIELD_AT(struct interface, mtu),
     .least = 68,
     .most = 65535,
     .fallback = "that of the segment",
     .unit = "bytes",
     .doc = "Its MTU."},
    {.key = "up",
     .type = FIELD_CUSTOM,
     .decode = decode_up,
     .wants = "true or false",
     .json = "{\"type\": \"boolean\"}",
     .fallback = "true",
     .doc = "Whether it is up when the lab is."},
    {.key = "public_ip",
     .type = FIELD_CUSTOM,
     .decode = decode_public_ip,
     .wants = "true, false or an address",
     .json = "{\"type\": [\"boolean\", \"string\"]}",
     .fallback = "what public_ips of the subnet says",
     .doc = "In a subnet: whether it has a public address, or which."},
    {.key = "security_groups",
     .type = FIELD_CUSTOM,
     .decode = decode_groups,
     .wants = "a list of security groups",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .fallback = "the VPC's default group",
     .doc = "In a subnet: the security groups that it is in."},
    {.key = "vlan",
     .type = FIELD_CUSTOM,
     .schema = &vlan_schema,
     .decode = decode_vlan,
     .wants = "a VLAN, or VLANs with a tag",
     .json = "{\"oneOf\": [" VLAN_NUMBER ", {\"type\": \"array\", \"items\": " VLAN_NUMBER ", \"minItems\": 1}, "
             "{\"$ref\": \"#/$defs/vlan\"}]}",
     .fallback = "1 at a bridge with vlan_filtering, else none",
     .doc =
         "At a bridge with vlan_filtering: the VLAN that its port is in; a list of VLANs: those that it carries with "
         "a tag, a trunk; a mapping: those and a native one.  With parent: its tag."},
    {.key = "parent",
     .type = FIELD_CUSTOM,
     .decode = decode_parent,
     .wants = "an interface of the node",
     .json = "{\"type\": \"string\"}",
     .doc = "The interface of the same node that it stands on: what it sends leaves there with the tag of its vlan."},
    {.key = "source_dest_check",
     .type = FIELD_CUSTOM,
     .decode = decode_source_dest_check,
     .wants = "true or false",
     .json = "{\"type\": \"boolean\"}",
     .fallback = "true",
     .doc = "In a subnet: whether only packets from and to its own addresses pass; false for a router or a firewall."},
    {.key = "dhcp",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct interface, dhcp),
     .decode = decode_from_wire,
     .wants = "true or false",
     .json = "{\"type\": \"boolean\"}",
     .fallback = "false",
     .doc = "On a bridge or a link: whether it asks a DHCP server for its address, its gateway and its resolver."},
    {.key = "slaac",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct interface, slaac),
     .decode = decode_from_wire,
     .wants = "true or false",
     .json = "{\"type\": \"boolean\"}",
     .fallback = "false",
     .doc = "On a bridge or a link: whether it makes an IPv6 address itself and finds its router, by router "
            "advertisements."},
};
const struct schema interface_schema = SCHEMA("interface", interface_fields);
