/* What a check asks, in words. */
#include "model/check.h"

#include <stdio.h>

#include "model/topology.h"

bool check_is_negative(const struct check *check)
{
    switch (check->kind) {
    case CHECK_PING:
        return check->ping.expect == PING_UNREACHABLE;
    case CHECK_TCP:
        return check->tcp.expect != TCP_OPEN;
    case CHECK_UDP:
        return check->udp.expect != UDP_ANSWERED;
    default:
        return false;
    }
}

bool check_is_local(enum check_kind kind)
{
    return kind == CHECK_COMMAND;
}

const struct check_target *check_target_of(const struct check *check)
{
    switch (check->kind) {
    case CHECK_PING:
        return &check->ping.to;
    case CHECK_TCP:
        return &check->tcp.to;
    case CHECK_UDP:
        return &check->udp.to;
    case CHECK_TLS:
        return &check->tls.to;
    case CHECK_DNS:
        return check->dns.has_server ? &check->dns.server : NULL;
    default:
        return NULL;
    }
}

const char *check_describe(const struct check *check, char *out, size_t size)
{
    const char *from = check->from != NULL ? check->from->name : "?";
    switch (check->kind) {
    case CHECK_PING:
        snprintf(out, size, "ping %s -> %s %s", from, check->ping.to.text,
                 check->ping.expect == PING_REACHABLE ? "reachable" : "unreachable");
        break;
    case CHECK_TCP:
        snprintf(out, size, "tcp %s -> %s:%u %s", from, check->tcp.to.text, check->tcp.port,
                 tcp_expect_name(check->tcp.expect));
        break;
    case CHECK_UDP:
        snprintf(out, size, "udp %s -> %s:%u %s", from, check->udp.to.text, check->udp.port,
                 udp_expect_name(check->udp.expect));
        break;
    case CHECK_DNS:
        snprintf(out, size, "dns %s: %s %s%s%s", from, check->dns.name, check->dns.type,
                 check->dns.has_server ? " at " : "", check->dns.has_server ? check->dns.server.text : "");
        break;
    case CHECK_HTTP:
        snprintf(out, size, "http %s: %s %s", from, check->http.method, check->http.url);
        break;
    case CHECK_TLS:
        snprintf(out, size, "tls %s -> %s:%u%s%s%s", from, check->tls.to.text, check->tls.port,
                 check->tls.server_name != NULL ? " as " : "",
                 check->tls.server_name != NULL ? check->tls.server_name : "",
                 check->tls.reason != TLS_NONE || (check->tls.has_valid && !check->tls.valid) ? " invalid" : "");
        break;
    case CHECK_MATRIX:
        if (check->matrix.port != 0)
            snprintf(out, size, "matrix of tcp port %u over %zu nodes", check->matrix.port, check->matrix.node_count);
        else
            snprintf(out, size, "matrix of ping over %zu nodes", check->matrix.node_count);
        break;
    case CHECK_COMMAND:
        snprintf(out, size, "command at %s: %s", from, check->command.run);
        break;
    case CHECK_KIND_COUNT:
        break;
    }
    return out;
}
