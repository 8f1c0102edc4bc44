/* What may be asked of a node's own state: for each kind, its words. */
#include "base/table.h"
#include "load/check_state.h"

static const char *const route_types[] = {"unicast", "blackhole", "unreachable", "prohibit"};
static const struct word_row route_rows[] = {
    {.key = "destination", .plain = true, .word = "destination", .type = WORD_DESTINATION, .many = true},
    {.key = "via", .word = "via", .type = WORD_ADDRESS},
    {.key = "dev", .word = "dev", .type = WORD_TEXT},
    {.key = "table", .word = "table", .type = WORD_TABLE, .fallback = "main"},
    {.key = "metric", .word = "metric", .type = WORD_NUMBER},
    {.key = "src", .word = "src", .type = WORD_ADDRESS},
    {.key = "type",
     .word = "type",
     .type = WORD_CHOICE,
     .choices = route_types,
     .choice_count = ARRAY_SIZE(route_types),
     .bare = true,
     .fallback = "unicast"},
};

static const char *const neighbour_states[] = {"permanent", "reachable", "stale",     "delay",
                                               "probe",     "failed",    "incomplete"};
static const struct word_row neighbour_rows[] = {
    {.key = "address", .plain = true, .word = "address", .type = WORD_ADDRESS, .many = true},
    {.key = "mac", .word = "mac", .type = WORD_MAC},
    {.key = "dev", .word = "dev", .type = WORD_TEXT},
    {.key = "state",
     .word = "state",
     .type = WORD_CHOICE,
     .choices = neighbour_states,
     .choice_count = ARRAY_SIZE(neighbour_states),
     .bare = true},
};

static const struct word_row address_rows[] = {
    {.key = "address", .plain = true, .word = "address", .type = WORD_OWN_ADDRESS, .many = true},
    {.key = "dev", .word = "dev", .type = WORD_TEXT},
};

static const char *const link_states[] = {"up", "down"};
static const struct word_row link_rows[] = {
    {.key = "dev", .plain = true, .word = "dev", .type = WORD_TEXT, .many = true},
    {.key = "state",
     .word = "state",
     .type = WORD_CHOICE,
     .choices = link_states,
     .choice_count = ARRAY_SIZE(link_states),
     .bare = true},
    {.key = "mtu", .word = "mtu", .type = WORD_NUMBER},
    {.key = "mac", .word = "mac", .type = WORD_MAC},
    {.key = "master", .word = "master", .type = WORD_TEXT},
};

static const struct word_row sysctl_rows[] = {
    {.key = "key", .plain = true, .word = "key", .type = WORD_SYSCTL},
    {.key = "value", .word = "value", .type = WORD_VALUE},
};

static const char *const flow_protocols[] = {"tcp", "udp", "icmp", "icmpv6"};
static const char *const flow_states[] = {"syn_sent", "syn_recv",  "established", "fin_wait", "close_wait",
                                          "last_ack", "time_wait", "close",       "listen"};
static const struct word_row conntrack_rows[] = {
    {.key = "protocol",
     .plain = true,
     .word = "protocol",
     .type = WORD_CHOICE,
     .choices = flow_protocols,
     .choice_count = ARRAY_SIZE(flow_protocols)},
    {.key = "from", .word = "from", .type = WORD_ADDRESS},
    {.key = "to", .word = "to", .type = WORD_ADDRESS},
    {.key = "port", .word = "port", .type = WORD_PORT},
    {.key = "source_port", .word = "source_port", .type = WORD_PORT},
    {.key = "reply_from", .word = "reply_from", .type = WORD_ADDRESS},
    {.key = "reply_to", .word = "reply_to", .type = WORD_ADDRESS},
    {.key = "state",
     .word = "state",
     .type = WORD_CHOICE,
     .choices = flow_states,
     .choice_count = ARRAY_SIZE(flow_states),
     .bare = true},
};

static const struct word_row resolver_rows[] = {
    {.key = "servers", .plain = true, .word = "server", .type = WORD_ADDRESS, .many = true},
    {.key = "search", .word = "search", .type = WORD_TEXT, .many = true},
};

static const struct word_row socket_rows[] = {
    {.key = "listening", .plain = true, .word = "socket", .type = WORD_SOCKET, .many = true},
};

static const struct word_row process_rows[] = {
    {.key = "name", .plain = true, .word = "name", .type = WORD_TEXT},
    {.key = "user", .word = "user", .type = WORD_TEXT},
};

static const struct state_shape shapes[] = {
    {CHECK_SOCKET, socket_rows, ARRAY_SIZE(socket_rows)},
    {CHECK_ROUTE, route_rows, ARRAY_SIZE(route_rows)},
    {CHECK_NEIGHBOUR, neighbour_rows, ARRAY_SIZE(neighbour_rows)},
    {CHECK_ADDRESS, address_rows, ARRAY_SIZE(address_rows)},
    {CHECK_LINK, link_rows, ARRAY_SIZE(link_rows)},
    {CHECK_SYSCTL, sysctl_rows, ARRAY_SIZE(sysctl_rows)},
    {CHECK_CONNTRACK, conntrack_rows, ARRAY_SIZE(conntrack_rows)},
    {CHECK_RESOLVER, resolver_rows, ARRAY_SIZE(resolver_rows)},
    {CHECK_PROCESS, process_rows, ARRAY_SIZE(process_rows)},
};

const struct state_shape *state_shape_of(enum check_kind kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
        if (shapes[i].kind == kind)
            return &shapes[i];
    return NULL;
}
