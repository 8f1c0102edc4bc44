/* What rules of security groups and of network ACLs have in common. */
#pragma once

#include "load/loader.h"

extern const char *const protocol_words[PROTOCOL_COUNT];
extern const char group_peer_wants[], acl_peer_wants[];
field_decode decode_group_peers, decode_acl_peers, decode_rule_ports;
/* A network, an address, any4, any6 or any; false where it is none (reported). */
bool read_address_peer(struct loader *loader, const char *key, const struct value *value, struct peer *peer);
/* The keys that hang on the protocol are read when that is known. */
field_decode decode_with_protocol;
/* Reads them, and says where keys do not fit the protocol. */
void finish_rule(struct loader *loader, struct security_rule *rule, const struct value *value);
/* Puts the entries of prefix lists in place of their names. */
void expand_peers(struct arena *arena, struct security_rule *rule);

#define PEER_JSON "{\"type\": [\"string\", \"array\"], \"items\": {\"type\": \"string\"}}"

#define RULE_FIELDS(protocol_doc)                                                                                      \
    {.key = "protocol",                                                                                                \
     .type = FIELD_WORD,                                                                                               \
     FIELD_AT(struct security_rule, protocol),                                                                         \
     .words = protocol_words,                                                                                          \
     .word_count = PROTOCOL_COUNT,                                                                                     \
     .fallback = "all",                                                                                                \
     .doc = protocol_doc},                                                                                             \
        {.key = "ports",                                                                                               \
         .type = FIELD_CUSTOM,                                                                                         \
         .decode = decode_rule_ports,                                                                                  \
         .wants = "ports",                                                                                             \
         .json = "{\"type\": [\"integer\", \"string\", \"array\"]}",                                                   \
         .fallback = "all",                                                                                            \
         .doc = "Destination ports of tcp or udp: a port, a range such as 1024-65535, or a list of them."},            \
        {.key = "icmp_type",                                                                                           \
         .type = FIELD_CUSTOM,                                                                                         \
         .decode = decode_with_protocol,                                                                               \
         .wants = "a type of ICMP messages",                                                                           \
         .json = "{\"type\": [\"integer\", \"string\"]}",                                                              \
         .fallback = "all",                                                                                            \
         .doc = "Type of icmp or icmpv6 messages: a number, or a word such as echo-request."},                         \
        {.key = "icmp_code",                                                                                           \
         .type = FIELD_CUSTOM,                                                                                         \
         .decode = decode_with_protocol,                                                                               \
         .wants = "a number from 0 to 255",                                                                            \
         .json = "{\"type\": \"integer\", \"minimum\": 0, \"maximum\": 255}",                                          \
         .fallback = "all",                                                                                            \
         .doc = "Code of the messages of that type: 4 of destination-unreachable is \"fragmentation needed\"."},       \
    {                                                                                                                  \
        .key = "description", .type = FIELD_TEXT, FIELD_AT(struct security_rule, description),                         \
        .doc = "What the rule is for."                                                                                 \
    }
