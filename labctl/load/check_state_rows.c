/* The keys of checks of a node's own state. */
#include "base/table.h"
#include "load/check_state.h"

static const char *const expect_words[] = {"present", "absent", "exact"};
_Static_assert(ARRAY_SIZE(expect_words) == STATE_EXPECT_COUNT, "a word for each expectation");
static const char *const process_words[] = {"running", "absent", "exact"};
_Static_assert(ARRAY_SIZE(process_words) == STATE_EXPECT_COUNT, "a word for each expectation");

#define SCALAR_JSON "{\"type\": [\"string\", \"integer\", \"boolean\", \"number\"]}"
#define LIST_JSON   "{\"type\": [\"string\", \"array\"], \"items\": {\"type\": \"string\"}}"
#define WORD(word, what, text)                                                                                         \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, .decode = decode_state, .wants = (what), .json = SCALAR_JSON,             \
        .doc = (text)                                                                                                  \
    }
#define WORDS(word, what, text)                                                                                        \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, .decode = decode_state, .wants = what ", or a list of them",              \
        .json = LIST_JSON, .doc = (text)                                                                               \
    }
#define EXPECT_OF(vocabulary, first, text)                                                                             \
    {                                                                                                                  \
        .key = "expect", .type = FIELD_WORD, FIELD_AT(struct state_reading, state.expect), .words = (vocabulary),      \
        .word_count = ARRAY_SIZE(vocabulary), .fallback = (first), .doc = (text)                                       \
    }
#define EXPECT(text) EXPECT_OF(expect_words, "present", text)
#define COUNT(word, text)                                                                                              \
    {                                                                                                                  \
        .key = (word), .type = FIELD_CUSTOM, .decode = decode_state_count, .wants = "a whole number",                  \
        .json = "{\"type\": \"integer\", \"minimum\": 0}", .doc = (text)                                               \
    }

static const struct field route_fields[] = {
    WORDS("destination", "default, a prefix or an address", "Where the route leads to."),
    WORD("via", "an address", "The next hop."),
    WORD("dev", "an interface", "The interface."),
    {.key = "table",
     .type = FIELD_CUSTOM,
     .decode = decode_state,
     .wants = "a number, main, local or default",
     .json = SCALAR_JSON,
     .fallback = "main",
     .doc = "The routing table."},
    WORD("metric", "a whole number", "Its metric."),
    WORD("src", "an address", "The source address that it gives."),
    {.key = "type",
     .type = FIELD_CUSTOM,
     .decode = decode_state,
     .wants = "unicast, blackhole, unreachable or prohibit",
     .json = SCALAR_JSON,
     .fallback = "unicast, and any where it shall be absent",
     .doc = "What it does."},
    EXPECT("Whether it is there, is not there, or is the only one to its destination in that table."),
};
const struct schema route_check_schema = SCHEMA("route check", route_fields);

static const struct field neighbour_fields[] = {
    WORDS("address", "an address", "The neighbour's address."),
    WORD("mac", "a MAC address", "Its MAC address."),
    WORD("dev", "an interface", "The interface behind which it is."),
    WORD("state", "permanent, reachable, stale, delay, probe, failed or incomplete", "The state of the entry."),
    EXPECT("Whether an entry is there with a MAC address, is not, or is the only one of that address."),
};
const struct schema neighbour_check_schema = SCHEMA("neighbour check", neighbour_fields);

static const struct field address_fields[] = {
    WORDS("address", "an address with or without its length", "The address."),
    WORD("dev", "an interface", "The interface that has it."),
    EXPECT("Whether the node has it, has not, or the interface (all of them where none is named) has these alone; "
           "loopback and IPv6 link-local addresses are passed over."),
};
const struct schema address_check_schema = SCHEMA("address check", address_fields);

static const struct field link_fields[] = {
    WORDS("dev", "an interface", "The interface."),
    WORD("state", "up or down", "Up: switched on and connected."),
    WORD("mtu", "a whole number", "Its MTU."),
    WORD("mac", "a MAC address", "Its MAC address."),
    WORD("master", "an interface", "The bridge that it belongs to."),
    EXPECT("Whether it is there like this, is not, or these are the only ones beside lo."),
};
const struct schema link_check_schema = SCHEMA("link check", link_fields);

static const struct field sysctl_fields[] = {
    WORD("key", "a key below net", "The setting, such as net.ipv4.ip_forward."),
    WORD("value", "a value", "Its value; white space counts as one space."),
    EXPECT("Whether it has the value, or has not."),
};
const struct schema sysctl_check_schema = SCHEMA("sysctl check", sysctl_fields);

static const struct field conntrack_fields[] = {
    WORD("protocol", "tcp, udp, icmp or icmpv6", "The protocol of the flow."),
    WORD("from", "an address", "Who began it."),
    WORD("to", "an address", "To whom, as the first packet said."),
    WORD("port", "a port", "To which port."),
    WORD("source_port", "a port", "From which port."),
    WORD("reply_from", "an address", "Who answers: differs from to behind a destination NAT."),
    WORD("reply_to", "an address", "To whom answers go: differs from from behind a source NAT."),
    WORD("state", "a state of TCP such as established", "The state of a TCP connection."),
    COUNT("count", "How many such flows there are, exactly."),
    EXPECT("Whether such a flow is tracked, is not, or exactly one is."),
};
const struct schema conntrack_check_schema = SCHEMA("conntrack check", conntrack_fields);

static const struct field resolver_fields[] = {
    WORDS("servers", "an address", "The name servers of resolv.conf."),
    WORDS("search", "a domain", "Its search list."),
    EXPECT("Whether each is there, none is, or they are all, in this order."),
};
const struct schema resolver_check_schema = SCHEMA("resolver check", resolver_fields);

static const struct field socket_fields[] = {
    WORDS("listening", "a protocol and a port", "What listens, and not on loopback alone: tcp/443, udp/53."),
    {.key = "only",
     .type = FIELD_BOOLEAN,
     FIELD_AT(struct state_reading, only),
     .fallback = "false",
     .doc = "Nothing else listens, as far as the protocols go that are named; the same as expect: exact."},
    COUNT("time_wait_below", "Fewer connections than this are in TIME-WAIT."),
    EXPECT("Whether each listens, none does, or these alone do."),
};
const struct schema socket_check_schema = SCHEMA("socket check", socket_fields);

static const struct field process_fields[] = {
    WORD("name", "a name", "The name of its program."),
    WORD("user", "a user", "Whose it is: a name of the node's passwd file, or a number."),
    COUNT("count", "How many such processes there are, exactly."),
    EXPECT_OF(process_words, "running", "Whether one runs, none does, or exactly one (or count) does."),
};
const struct schema process_check_schema = SCHEMA("process check", process_fields);

const struct schema *state_schema_of(enum check_kind kind)
{
    static const struct {
        enum check_kind kind;
        const struct schema *schema;
    } schemas[] = {
        {CHECK_SOCKET, &socket_check_schema},       {CHECK_ROUTE, &route_check_schema},
        {CHECK_NEIGHBOUR, &neighbour_check_schema}, {CHECK_ADDRESS, &address_check_schema},
        {CHECK_LINK, &link_check_schema},           {CHECK_SYSCTL, &sysctl_check_schema},
        {CHECK_CONNTRACK, &conntrack_check_schema}, {CHECK_RESOLVER, &resolver_check_schema},
        {CHECK_PROCESS, &process_check_schema},
    };
    for (size_t i = 0; i < ARRAY_SIZE(schemas); i++)
        if (schemas[i].kind == kind)
            return schemas[i].schema;
    return NULL;
}
