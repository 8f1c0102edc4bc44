/* Address translation of a node: what leaves by an interface, and ports that lead inside, each to one server or to one
 * of several. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/loader.h"

static const char *const forward_protocols[] = {"tcp", "udp"};

static void decode_forward_protocol(struct decoder *decoder, const struct field *field, const struct value *value,
                                    void *target)
{
    struct port_forward *forward = target;
    int word;
    if (decode_word(decoder, field->key, value, forward_protocols, ARRAY_SIZE(forward_protocols), &word))
        forward->protocol = word == 0 ? PROTOCOL_TCP : PROTOCOL_UDP;
}

/* "192.168.1.20:80", "[2001:db8::1]:80", or an address alone for the same port: 0. */
static bool read_place(struct decoder *decoder, const char *key, const struct value *value, struct addr *to,
                       uint16_t *to_port)
{
    static const char wants[] = "an address and a port such as \"192.168.1.20:80\"";
    if (value->kind != VALUE_TEXT) {
        decode_wrong(decoder, key, wants, value);
        return false;
    }
    if (addr_parse(value->text, to))
        return true;
    char *text = arena_strdup(decoder->arena, value->text), *colon = strrchr(text, ':'), *end = NULL;
    unsigned long port = 0;
    if (colon != NULL) {
        *colon = '\0';
        port = colon[1] >= '0' && colon[1] <= '9' ? strtoul(colon + 1, &end, 10) : 0;
        size_t length = strlen(text);
        if (text[0] == '[' && length > 1 && text[length - 1] == ']') {
            text[length - 1] = '\0';
            text++;
        }
    }
    if (colon == NULL || end == NULL || *end != '\0' || port < 1 || port > 65535 || !addr_parse(text, to)) {
        *to = (struct addr){0};
        decode_bad(decoder, key, wants, value);
        return false;
    }
    *to_port = (uint16_t)port;
    return true;
}

static void decode_target_to(struct decoder *decoder, const struct field *field, const struct value *value,
                             void *target)
{
    struct forward_target *place = target;
    read_place(decoder, field->key, value, &place->to, &place->to_port);
}

static const struct field forward_target_fields[] = {
    {.key = "to",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_target_to,
     .wants = "an address and a port",
     .json = "{\"type\": \"string\"}",
     .doc = "The server: \"ADDRESS:PORT\", or an address for the same port."},
    {.key = "weight",
     .type = FIELD_INTEGER,
     FIELD_AT(struct forward_target, weight),
     .least = 1,
     .most = 256,
     .fallback = "1",
     .doc = "Its share of the flows, beside the weights of the others."},
};
const struct schema forward_target_schema = SCHEMA("forward target", forward_target_fields);

/* One of a list; all are of one family, as they share a rule. */
static void one_target(struct decoder *decoder, const char *key, struct port_forward *forward,
                       const struct value *value)
{
    struct forward_target target = {.weight = 1};
    bool good = value->kind == VALUE_MAP
                    ? schema_decode(decoder, &forward_target_schema, NULL, value->mark, value, &target)
                    : read_place(decoder, key, value, &target.to, &target.to_port);
    if (!good || !addr_is_set(&target.to))
        return;
    if (!addr_is_set(&forward->to)) {
        forward->to = target.to;
        forward->to_port = target.to_port;
        forward->weight = target.weight;
    } else if (target.to.family != forward->to.family) {
        decode_bad(decoder, key, forward->to.family == 4 ? "IPv4 addresses alone" : "IPv6 addresses alone", value);
    } else {
        *ARENA_PUSH(decoder->arena, forward->more, forward->more_count) = target;
    }
}

static void decode_forward_to(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    struct port_forward *forward = target;
    if (value->kind == VALUE_LIST)
        for (size_t i = 0; i < value->item_count; i++)
            one_target(decoder, field->key, forward, value->items[i]);
    else
        read_place(decoder, field->key, value, &forward->to, &forward->to_port);
}

static void decode_forward_balance(struct decoder *decoder, const struct field *field, const struct value *value,
                                   void *target)
{
    static const char *const words[] = {"round-robin", "source"};
    struct port_forward *forward = target;
    int word;
    if (decode_word(decoder, field->key, value, words, ARRAY_SIZE(words), &word))
        forward->balance = word == 0 ? BALANCE_ROUND_ROBIN : BALANCE_SOURCE;
}

static const struct field forward_fields[] = {
    {.key = "protocol",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_forward_protocol,
     .wants = "tcp or udp",
     .json = "{\"enum\": [\"tcp\", \"udp\"]}",
     .doc = "The protocol: tcp or udp."},
    {.key = "port",
     .type = FIELD_INTEGER,
     FIELD_AT(struct port_forward, port),
     .required = true,
     .least = 1,
     .most = 65535,
     .doc = "The port at which packets come in."},
    {.key = "to",
     .type = FIELD_CUSTOM,
     .required = true,
     .decode = decode_forward_to,
     .schema = &forward_target_schema,
     .wants = "an address and a port, or a list of them",
     .json = "{\"type\": [\"string\", \"array\"], \"items\": {\"anyOf\": [{\"type\": \"string\"}, "
             "{\"$ref\": \"#/$defs/forward-target\"}]}}",
     .doc = "Where they go: \"ADDRESS:PORT\", or an address for the same port; of a list, each flow goes to one."},
    {.key = "balance",
     .type = FIELD_CUSTOM,
     .decode = decode_forward_balance,
     .wants = "round-robin or source",
     .json = "{\"enum\": [\"round-robin\", \"source\"]}",
     .fallback = "round-robin",
     .doc = "How one of a list is chosen: in turn, or by the client's address; who listens there is not asked."},
    {.key = "in",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct port_forward, interface),
     .decode = decode_device,
     .wants = "an interface",
     .json = "{\"type\": \"string\"}",
     .fallback = "those under masquerade",
     .doc = "The interface by which they come in."},
};
const struct schema forward_schema = SCHEMA("port forward", forward_fields);

static void one_forward(struct loader *loader, const struct value *value)
{
    struct node_nat *nat = &loader->node->nat;
    struct port_forward forward = {.mark = value->mark, .weight = 1};
    if (!schema_decode(&loader->decoder, &forward_schema, NULL, value->mark, value, &forward) ||
        !addr_is_set(&forward.to) || forward.port == 0)
        return;
    if (forward.to_port == 0)
        forward.to_port = forward.port;
    for (size_t i = 0; i < forward.more_count; i++)
        if (forward.more[i].to_port == 0)
            forward.more[i].to_port = forward.port;
    *ARENA_PUSH(loader->decoder.arena, nat->forwards, nat->forward_count) = forward;
}

static void decode_forward(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    (void)target;
    each_listed(LOADER(decoder), field->key, value, one_forward);
}

static void decode_masquerade(struct decoder *decoder, const struct field *field, const struct value *value,
                              void *target)
{
    struct node_nat *nat = target;
    const char *text;
    size_t count = value->kind == VALUE_LIST ? value->item_count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct value *item = value->kind == VALUE_LIST ? value->items[i] : value;
        if (!decode_text(decoder, field->key, item, &text))
            continue;
        *ARENA_PUSH(decoder->arena, nat->masquerade.items, nat->masquerade.count) = text;
    }
}

static const struct field nat_fields[] = {
    {.key = "masquerade",
     .type = FIELD_CUSTOM,
     .decode = decode_masquerade,
     .wants = "a list of interfaces",
     .json = "{\"type\": [\"array\", \"string\"], \"items\": {\"type\": \"string\"}}",
     .doc = "Interfaces behind whose address everything that leaves by them is hidden."},
    {.key = "forward",
     .type = FIELD_LIST,
     .schema = &forward_schema,
     .decode = decode_forward,
     .doc = "Ports that lead to other machines."},
};
const struct schema nat_schema = SCHEMA("nat", nat_fields);
