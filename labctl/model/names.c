/* The words of the model's vocabularies. */
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "model/check.h"
#include "model/topology.h"

static const char *const protocols[] = {"all", "tcp", "udp", "icmp", "icmpv6"};
_Static_assert(ARRAY_SIZE(protocols) == PROTOCOL_COUNT, "a word for each protocol");

static const char *const route_types[] = {"unicast", "blackhole", "unreachable", "prohibit"};
_Static_assert(ARRAY_SIZE(route_types) == ROUTE_TYPE_COUNT, "a word for each route type");

static const char *const service_kinds[] = {"http", "tcp", "tcp-echo", "udp-echo", "dns", "proxy",
                                            "dhcp", "bgp", "ospf",     "iperf",    "exec"};
_Static_assert(ARRAY_SIZE(service_kinds) == SERVICE_KIND_COUNT, "a word for each service kind");

static const char *const record_types[] = {"A", "AAAA", "CNAME", "TXT", "MX", "SRV", "PTR", "NS"};
_Static_assert(ARRAY_SIZE(record_types) == RECORD_TYPE_COUNT, "a word for each record type");

static const char *const thing_kinds[] = {
    "nothing",
    "node",
    "interface",
    "service",
    "vpc",
    "subnet",
    "route_table",
    "nat_gateway",
    "internet_gateway",
    "egress_only_gateway",
    "security_group",
    "network_acl",
    "prefix_list",
    "endpoint",
    "zone",
    "peering",
    "transit_gateway",
    "route_table", /* of a transit gateway */
    "service",     /* at the top */
    "bridge",
    "link",
};
_Static_assert(ARRAY_SIZE(thing_kinds) == THING_KIND_COUNT, "a word for each kind of thing");

static const char *const acl_actions[] = {"allow", "deny"};
_Static_assert(ARRAY_SIZE(acl_actions) == ACL_ACTION_COUNT, "a word for each action");

static const char *const flow_log_words[] = {"all", "accept", "reject", "none"};
_Static_assert(ARRAY_SIZE(flow_log_words) == FLOW_LOGS_COUNT, "a word for each kind of flow logs");

/* IANA, "ICMP Type Numbers" and "ICMPv6 type numbers"; those that a machine of today sends. */
static const struct icmp_type {
    enum protocol protocol;
    uint8_t number;
    const char *name;
} icmp_types[] = {
    {PROTOCOL_ICMP, 0, "echo-reply"},
    {PROTOCOL_ICMP, 3, "destination-unreachable"},
    {PROTOCOL_ICMP, 5, "redirect"},
    {PROTOCOL_ICMP, 8, "echo-request"},
    {PROTOCOL_ICMP, 11, "time-exceeded"},
    {PROTOCOL_ICMP, 12, "parameter-problem"},
    {PROTOCOL_ICMPV6, 1, "destination-unreachable"},
    {PROTOCOL_ICMPV6, 2, "packet-too-big"},
    {PROTOCOL_ICMPV6, 3, "time-exceeded"},
    {PROTOCOL_ICMPV6, 4, "parameter-problem"},
    {PROTOCOL_ICMPV6, 128, "echo-request"},
    {PROTOCOL_ICMPV6, 129, "echo-reply"},
};

static const char *const check_kinds[] = {
    [CHECK_PING] = "ping",
    [CHECK_TCP] = "tcp",
    [CHECK_UDP] = "udp",
    [CHECK_DNS] = "dns",
    [CHECK_HTTP] = "http",
    [CHECK_TLS] = "tls",
    [CHECK_PATH] = "path",
    [CHECK_MTU] = "mtu",
    [CHECK_THROUGHPUT] = "throughput",
    [CHECK_FIREWALL] = "firewall",
    [CHECK_MATRIX] = "matrix",
    [CHECK_COMMAND] = "command",
    /* a node's own state */
    [CHECK_SOCKET] = "socket",
    [CHECK_ROUTE] = "route",
    [CHECK_NEIGHBOUR] = "neighbour",
    [CHECK_ADDRESS] = "address",
    [CHECK_LINK] = "link",
    [CHECK_SYSCTL] = "sysctl",
    [CHECK_CONNTRACK] = "conntrack",
    [CHECK_RESOLVER] = "resolver",
    [CHECK_FILE] = "file",
    [CHECK_PROCESS] = "process",
};
_Static_assert(ARRAY_SIZE(check_kinds) == CHECK_KIND_COUNT, "a word for each check kind");

static const char *const tcp_expects[] = {"open", "refused", "blocked", "closed"};
_Static_assert(ARRAY_SIZE(tcp_expects) == TCP_EXPECT_COUNT, "a word for each expectation");

static const char *const udp_expects[] = {"answered", "refused", "silent"};
_Static_assert(ARRAY_SIZE(udp_expects) == UDP_EXPECT_COUNT, "a word for each expectation");

static const char *const tls_versions[] = {"any", "1.0", "1.1", "1.2", "1.3"};
_Static_assert(ARRAY_SIZE(tls_versions) == TLS_VERSION_COUNT, "a word for each version");

static const char *const tls_reasons[] = {
    [TLS_NONE] = "none",
    [TLS_EXPIRED] = "expired",
    [TLS_NOT_YET_VALID] = "not-yet-valid",
    [TLS_WRONG_NAME] = "wrong-name",
    [TLS_SELF_SIGNED] = "self-signed",
    [TLS_MISSING_INTERMEDIATE] = "missing-intermediate",
    [TLS_UNKNOWN_AUTHORITY] = "unknown-authority",
    [TLS_OTHER] = "other",
    [TLS_NO_VERSION] = "version",
    [TLS_REFUSED] = "refused",
};
_Static_assert(ARRAY_SIZE(tls_reasons) == TLS_REASON_COUNT, "a word for each reason");

static const char *const state_expects[] = {"present", "absent", "exact"};
_Static_assert(ARRAY_SIZE(state_expects) == STATE_EXPECT_COUNT, "a word for each expectation");
static const char *const http_versions[] = {"any", "1.0", "1.1", "2"};
_Static_assert(ARRAY_SIZE(http_versions) == HTTP_VERSION_COUNT, "a word for each version");

static const char *const path_protocols[] = {"icmp", "udp", "tcp"};
_Static_assert(ARRAY_SIZE(path_protocols) == PATH_PROTOCOL_COUNT, "a word for each protocol");

#define WORD(table, index) ((size_t)(index) < ARRAY_SIZE(table) ? (table)[index] : "?")

const char *protocol_name(enum protocol protocol)
{
    return WORD(protocols, protocol);
}

const char *route_type_name(enum route_type type)
{
    return WORD(route_types, type);
}

const char *service_kind_name(enum service_kind kind)
{
    return WORD(service_kinds, kind);
}

/* Ports and transports by kind. */
static const struct {
    uint16_t port;
    bool tcp, udp;
} listening[] = {
    [SERVICE_HTTP] = {80, true, false},    [SERVICE_TCP] = {0, true, false},   [SERVICE_TCP_ECHO] = {7, true, false},
    [SERVICE_UDP_ECHO] = {7, false, true}, [SERVICE_DNS] = {53, true, true},   [SERVICE_PROXY] = {80, true, false},
    [SERVICE_BGP] = {179, true, false},    [SERVICE_OSPF] = {0, false, false}, [SERVICE_DHCP] = {67, false, true},
    [SERVICE_IPERF] = {5201, true, true},  [SERVICE_EXEC] = {0, false, false},
};
_Static_assert(ARRAY_SIZE(listening) == SERVICE_KIND_COUNT, "one for each kind");

uint16_t service_default_port(const struct service *service)
{
    return service->tls.on ? 443 : listening[service->kind].port;
}

bool service_listens_tcp(enum service_kind kind)
{
    return listening[kind].tcp;
}

bool service_listens_udp(enum service_kind kind)
{
    return listening[kind].udp;
}

static const char *const redistribute_words[] = {"connected", "static", "bgp", "ospf"};
_Static_assert(ARRAY_SIZE(redistribute_words) == REDISTRIBUTE_COUNT, "a word for each");

const char *redistribute_name(enum redistribute what)
{
    return WORD(redistribute_words, what);
}

static const char *const certificate_states[] = {"valid",      "expired",     "not-yet-valid",
                                                 "wrong-name", "self-signed", "missing-intermediate"};
_Static_assert(ARRAY_SIZE(certificate_states) == CERTIFICATE_STATE_COUNT, "a word for each state");

const char *certificate_state_name(enum certificate_state state)
{
    return WORD(certificate_states, state);
}

const char *record_type_name(enum record_type type)
{
    return WORD(record_types, type);
}

const char *thing_kind_name(enum thing_kind kind)
{
    return WORD(thing_kinds, kind);
}

const char *acl_action_name(enum acl_action action)
{
    return WORD(acl_actions, action);
}

const char *flow_logs_name(enum flow_logs which)
{
    return WORD(flow_log_words, which);
}

const char *icmp_type_name(enum protocol protocol, uint8_t type)
{
    for (size_t i = 0; i < ARRAY_SIZE(icmp_types); i++)
        if (icmp_types[i].protocol == protocol && icmp_types[i].number == type)
            return icmp_types[i].name;
    return NULL;
}

int icmp_type_number(enum protocol protocol, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(icmp_types); i++)
        if (icmp_types[i].protocol == protocol && strcmp(icmp_types[i].name, name) == 0)
            return icmp_types[i].number;
    return -1;
}

struct strings icmp_type_names(enum protocol protocol, struct arena *arena)
{
    struct strings names = {0};
    for (size_t i = 0; i < ARRAY_SIZE(icmp_types); i++)
        if (icmp_types[i].protocol == protocol)
            *ARENA_PUSH(arena, names.items, names.count) = icmp_types[i].name;
    return names;
}

const char *check_kind_name(enum check_kind kind)
{
    return WORD(check_kinds, kind);
}

const char *tcp_expect_name(enum tcp_expect expect)
{
    return WORD(tcp_expects, expect);
}

const char *udp_expect_name(enum udp_expect expect)
{
    return WORD(udp_expects, expect);
}

const char *tls_version_name(enum tls_version version)
{
    return WORD(tls_versions, version);
}

const char *tls_reason_name(enum tls_reason reason)
{
    return WORD(tls_reasons, reason);
}

const char *state_expect_name(enum state_expect expect)
{
    return WORD(state_expects, expect);
}

const char *http_version_name(enum http_version version)
{
    return WORD(http_versions, version);
}

const char *path_protocol_name(enum path_protocol protocol)
{
    return WORD(path_protocols, protocol);
}
