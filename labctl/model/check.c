/* What a check asks, in words. */
#include "model/check.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/table.h"
#include "base/units.h"
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
    return kind == CHECK_COMMAND || kind == CHECK_FIREWALL || (kind >= CHECK_SOCKET && kind <= CHECK_PROCESS);
}

size_t check_matrix_layers(const struct check_matrix *matrix)
{
    return matrix->port_count > 0 ? matrix->port_count : 1;
}

uint16_t check_matrix_port(const struct check_matrix *matrix, size_t layer)
{
    return matrix->port_count > 0 ? matrix->ports[layer] : matrix->port;
}

bool check_is_alone(enum check_kind kind)
{
    return kind == CHECK_THROUGHPUT;
}

int64_t check_attempt_time(const struct check *check)
{
    int64_t limit = check->timeout > 0 ? check->timeout : NANOSECONDS_PER_SECOND;
    if (check->kind == CHECK_THROUGHPUT) /* beside the test itself: the connection, and the exchange of results */
        return (2 * limit + check->throughput.duration * NANOSECONDS_PER_SECOND) *
               (check->throughput.udp ? CHECK_UDP_TRIES : 1);
    if (check->kind == CHECK_MATRIX)
        return limit * (int64_t)check_matrix_layers(&check->matrix);
    if (check->kind == CHECK_HTTP && check->http.requests > 1)
        return limit * (1 + check->http.requests / 10);
    return limit;
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
    case CHECK_PATH:
        return &check->path.to;
    case CHECK_MTU:
        return &check->mtu.to;
    case CHECK_THROUGHPUT:
        return &check->throughput.to;
    case CHECK_DNS:
        return check->dns.has_server ? &check->dns.server : NULL;
    default:
        return NULL;
    }
}

static bool missing(const struct node *node, const struct topology *topology, const struct node **found)
{
    if (!*found && node && !map_get(topology->node_by_name, node->name))
        *found = node;
    return *found;
}

static void look_through_firewall(const struct check_firewall *firewall, const struct topology *topology,
                                  const struct node **found)
{
    missing(firewall->from, topology, found);
    missing(firewall->to.node, topology, found);
    for (size_t i = 0; i < firewall->packet_count; i++)
        if (!missing(firewall->packets[i].from, topology, found))
            missing(firewall->packets[i].to.node, topology, found);
}

static void look_through_matrix(const struct check_matrix *matrix, const struct topology *topology,
                                const struct node **found)
{
    for (size_t i = 0; i < matrix->node_count; i++)
        missing(matrix->nodes[i], topology, found);
    for (size_t i = 0; i < matrix->pair_count; i++)
        if (!missing(matrix->pairs[i].from, topology, found))
            missing(matrix->pairs[i].to, topology, found);
}

const struct node *check_missing_node(const struct check *check, const struct topology *topology)
{
    const struct node *found = NULL;
    const struct check_target *target = check_target_of(check);
    missing(check->from, topology, &found);
    missing(target ? target->node : NULL, topology, &found);
    if (check->kind == CHECK_FIREWALL)
        look_through_firewall(&check->firewall, topology, &found);
    if (check->kind == CHECK_MATRIX)
        look_through_matrix(&check->matrix, topology, &found);
    return found;
}

/* "route at web: no 10.0.0.0/8 via 10.0.1.1". */
static void describe_state(const struct check *check, const char *at, char *out, size_t size)
{
    static const char *const before[] = {[STATE_PRESENT] = "", [STATE_ABSENT] = "no ", [STATE_EXACT] = "exactly "};
    _Static_assert(ARRAY_SIZE(before) == STATE_EXPECT_COUNT, "words for each expectation");
    const struct check_state *state = &check->state;
    char one[200];
    int length = snprintf(out, size, "%s at %s: ", check_kind_name(check->kind), at);
    for (size_t i = 0; i < state->wanted_count && length >= 0 && (size_t)length < size; i++)
        length += snprintf(out + length, size - (size_t)length, "%s%s", i ? ", " : before[state->expect],
                           *words_format(&state->wanted[i], one, sizeof one) ? one : "any");
    if (state->has_count && length >= 0 && (size_t)length < size)
        length += snprintf(out + length, size - (size_t)length, " (%u)", state->count);
    if (!state->wanted_count && length >= 0 && (size_t)length < size)
        snprintf(out + length, size - (size_t)length, "%s", state->has_time_wait_below ? "TIME-WAIT" : "nothing");
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
    case CHECK_PATH:
        snprintf(out, size, "path %s -> %s by %s", from, check->path.to.text, path_protocol_name(check->path.protocol));
        break;
    case CHECK_MTU:
        snprintf(out, size, "mtu %s -> %s", from, check->mtu.to.text);
        break;
    case CHECK_THROUGHPUT:
        snprintf(out, size, "throughput %s -> %s by %s", from, check->throughput.to.text,
                 check->throughput.udp ? "udp" : "tcp");
        break;
    case CHECK_FIREWALL:
        snprintf(out, size, "firewall at %s", from);
        break;
    case CHECK_MATRIX:
        if (check->matrix.port_count > 1)
            snprintf(out, size, "matrix of %zu ports over %zu nodes", check->matrix.port_count,
                     check->matrix.node_count);
        else if (check_matrix_port(&check->matrix, 0) != 0)
            snprintf(out, size, "matrix of tcp port %u over %zu nodes", check_matrix_port(&check->matrix, 0),
                     check->matrix.node_count);
        else
            snprintf(out, size, "matrix of ping over %zu nodes", check->matrix.node_count);
        break;
    case CHECK_COMMAND:
        snprintf(out, size, "command at %s: %s", from, check->command.run);
        break;
    case CHECK_SOCKET:
    case CHECK_ROUTE:
    case CHECK_NEIGHBOUR:
    case CHECK_ADDRESS:
    case CHECK_LINK:
    case CHECK_SYSCTL:
    case CHECK_CONNTRACK:
    case CHECK_RESOLVER:
    case CHECK_PROCESS:
        describe_state(check, from, out, size);
        break;
    case CHECK_FILE:
        snprintf(out, size, "file at %s: %s%s", from, check->file.expect == STATE_ABSENT ? "no " : "",
                 check->file.path);
        break;
    case CHECK_KIND_COUNT:
        break;
    }
    return out;
}

bool *check_matrix_wanted(const struct check_matrix *matrix, struct arena *arena)
{
    size_t count = matrix->node_count, layers = check_matrix_layers(matrix);
    bool *wanted = arena_alloc(arena, count * count * layers);
    struct map *indices = map_new(arena);
    for (size_t i = 0; i < count; i++)
        map_set(indices, matrix->nodes[i]->name, (void *)(uintptr_t)(i + 1));
    for (size_t i = 0; i < matrix->pair_count; i++) {
        size_t from = (size_t)(uintptr_t)map_get(indices, matrix->pairs[i].from->name);
        size_t to = (size_t)(uintptr_t)map_get(indices, matrix->pairs[i].to->name);
        for (size_t layer = 0; from && to && layer < layers; layer++)
            if (!matrix->pairs[i].layers || matrix->pairs[i].layers & UINT64_C(1) << layer)
                wanted[(layer * count + from - 1) * count + to - 1] = true;
    }
    memset(wanted, matrix->all, matrix->all ? count * count * layers : 0);
    return wanted;
}
