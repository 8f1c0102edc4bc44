/* Routes, neighbours, addresses, links, settings, tracked flows and sockets of a node, as its kernel has them. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "kernel/conntrack.h"
#include "kernel/dump.h"
#include "kernel/sockets.h"
#include "kernel/sysctl.h"
#include "model/topology.h"
#include "probe/state.h"

/* What the kernel says of the namespace; NULL after ending the attempt with an error. */
static struct observation *look(struct attempt *attempt, int netns)
{
    struct observation *observation = NULL;
    struct error err = ERROR_INIT;
    if (observe(netns, &observation, &err) == 0)
        return observation;
    attempt_end(attempt, OUTCOME_ERROR, "node %s: %s", attempt->check->from->name, err.text);
    return NULL;
}

/* ---- routes -------------------------------------------------------------------------------------------------------
 */

static void route_entry(struct attempt *attempt, const struct observation *seen, const struct observed_route *route,
                        const struct observed_nexthop *hop)
{
    char text[ADDR_TEXT_MAX];
    const char *type = observed_route_type(route), *table = observed_table_name(route->table);
    struct words *entry = state_entry(attempt, "destination", prefix_format(&route->destination, text));
    if (hop) {
        state_addr(attempt, entry, "via", &hop->via);
        state_word(attempt, entry, "dev", observed_name(seen, hop->interface));
    }
    if (route->metric)
        state_number(attempt, entry, "metric", route->metric);
    else
        state_quiet(attempt, entry, "metric", "0");
    state_addr(attempt, entry, "src", &route->source);
    if (str_equal(table, "main"))
        state_quiet(attempt, entry, "table", table);
    else if (table)
        state_word(attempt, entry, "table", table);
    else
        state_number(attempt, entry, "table", route->table);
    if (str_equal(type, "unicast"))
        state_quiet(attempt, entry, "type", type);
    else
        state_bare(attempt, entry, "type", type);
    if (route->linkdown)
        state_word(attempt, entry, "link", "down");
}

void state_read_route(struct attempt *attempt, int netns)
{
    struct observation *seen = look(attempt, netns);
    if (!seen)
        return;
    for (size_t i = 0; i < seen->route_count; i++) {
        const struct observed_route *route = &seen->routes[i];
        for (size_t k = 0; k < route->nexthop_count; k++)
            route_entry(attempt, seen, route, &route->nexthops[k]);
        if (!route->nexthop_count)
            route_entry(attempt, seen, route, NULL);
    }
    observation_free(seen);
    state_end(attempt);
}

/* ---- neighbours, addresses, links ---------------------------------------------------------------------------------
 */

void state_read_neighbour(struct attempt *attempt, int netns)
{
    struct observation *seen = look(attempt, netns);
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; seen && i < seen->neighbour_count; i++) {
        const struct observed_neighbour *neighbour = &seen->neighbours[i];
        if (neighbour->proxy)
            continue;
        struct words *entry = state_entry(attempt, "address", addr_format(&neighbour->addr, text));
        if (neighbour->valid)
            state_word(attempt, entry, "mac", mac_format(&neighbour->mac, text));
        state_word(attempt, entry, "dev", observed_name(seen, neighbour->interface));
        state_bare(attempt, entry, "state", observed_neighbour_state(neighbour));
    }
    observation_free(seen);
    if (seen)
        state_end(attempt);
}

void state_read_address(struct attempt *attempt, int netns)
{
    struct observation *seen = look(attempt, netns);
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; seen && i < seen->address_count; i++) {
        const struct observed_address *address = &seen->addresses[i];
        const char *name = observed_name(seen, address->interface);
        if (address->duplicate) /* another one has it: of no use */
            continue;
        struct words *entry = state_entry(attempt, "address", prefix_format(&address->address, text));
        state_word(attempt, entry, "dev", name);
        state_quiet(attempt, entry, "ip", addr_format(&address->address.addr, text));
        bool own = address->host || address->linklocal || str_equal(name, "lo");
        state_quiet(attempt, entry, "scope", own ? "own" : "global");
    }
    observation_free(seen);
    if (seen)
        state_end(attempt);
}

void state_read_link(struct attempt *attempt, int netns)
{
    struct observation *seen = look(attempt, netns);
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; seen && i < seen->link_count; i++) {
        const struct observed_link *link = &seen->links[i];
        struct words *entry = state_entry(attempt, "dev", link->name);
        state_bare(attempt, entry, "state", link->up && link->carrier ? "up" : "down");
        state_number(attempt, entry, "mtu", link->mtu);
        state_word(attempt, entry, "mac", mac_format(&link->mac, text));
        if (link->master)
            state_word(attempt, entry, "master", observed_name(seen, link->master));
        state_quiet(attempt, entry, "scope", link->loopback ? "own" : "global");
    }
    observation_free(seen);
    if (seen)
        state_end(attempt);
}

/* ---- settings -----------------------------------------------------------------------------------------------------
 */

/* "net.ipv4.ip_forward" as the path that it is; with slashes, dots belong to names. */
static const char *sysctl_path(struct arena *arena, const char *key)
{
    char *path = arena_strdup(arena, key);
    if (!strchr(path, '/'))
        for (char *c = path; *c; c++)
            *c = *c == '.' ? '/' : *c;
    return path;
}

void state_read_sysctl(struct attempt *attempt, int netns)
{
    const char *node = attempt->check->from->name;
    for (size_t i = 0; i < attempt->check->state.wanted_count; i++) {
        const char *key = words_get(&attempt->check->state.wanted[i], "key");
        STR_AUTO value = STR_INIT;
        struct error err = ERROR_INIT;
        if (sysctl_read(netns, sysctl_path(attempt->arena, key), &value, &err) != 0) {
            if (err.number == ENOENT)
                continue;
            attempt_end(attempt, OUTCOME_ERROR, "node %s: %s", node, err.text);
            return;
        }
        for (char *c = value.data; c && *c; c++)
            *c = *c == '\t' ? ' ' : *c;
        struct words *entry = state_entry(attempt, "key", key);
        state_word(attempt, entry, "value", str_text(&value));
    }
    state_end(attempt);
}

/* ---- tracked flows ------------------------------------------------------------------------------------------------
 */

static void on_flow(void *context, const struct observed_flow *flow)
{
    struct attempt *attempt = context;
    static const struct {
        uint8_t number;
        const char *name;
    } protocols[] = {{IPPROTO_TCP, "tcp"}, {IPPROTO_UDP, "udp"}, {IPPROTO_ICMP, "icmp"}, {IPPROTO_ICMPV6, "icmpv6"}};
    const char *name = "other";
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
        if (protocols[i].number == flow->protocol)
            name = protocols[i].name;
    struct words *entry = state_entry(attempt, "protocol", name);
    state_addr(attempt, entry, "from", &flow->from);
    state_addr(attempt, entry, "to", &flow->to);
    if (flow->port) {
        state_number(attempt, entry, "port", flow->port);
        state_number(attempt, entry, "source_port", flow->source_port);
    }
    state_addr(attempt, entry, "reply_from", &flow->reply_from);
    state_addr(attempt, entry, "reply_to", &flow->reply_to);
    if (*conntrack_state_name(flow->state))
        state_bare(attempt, entry, "state", conntrack_state_name(flow->state));
}

void state_read_conntrack(struct attempt *attempt, int netns)
{
    struct error err = ERROR_INIT;
    if (conntrack_observe(netns, on_flow, attempt, &err) == 0)
        state_end(attempt);
    else
        attempt_end(attempt, err.kind == ERR_CAPABILITY ? OUTCOME_UNSUPPORTED : OUTCOME_ERROR, "node %s: %s",
                    attempt->check->from->name, err.text);
}

/* ---- sockets ------------------------------------------------------------------------------------------------------
 */

static void on_socket(void *context, const struct observed_socket *socket)
{
    struct attempt *attempt = context;
    if (socket->time_wait)
        attempt->fact.time_wait++;
    if (!socket->listening || socket->loopback)
        return;
    const char *protocol = socket->protocol == IPPROTO_UDP ? "udp" : "tcp";
    char text[ADDR_TEXT_MAX];
    snprintf(text, sizeof text, "%s/%u", protocol, socket->port);
    struct words *entry = state_entry(attempt, "socket", text);
    state_word(attempt, entry, "on", addr_format(&socket->address, text));
    state_quiet(attempt, entry, "protocol", protocol);
}

void state_read_socket(struct attempt *attempt, int netns)
{
    struct error err = ERROR_INIT;
    if (sockets_observe(netns, IPPROTO_TCP, on_socket, attempt, &err) == 0 &&
        sockets_observe(netns, IPPROTO_UDP, on_socket, attempt, &err) == 0)
        state_end(attempt);
    else
        attempt_end(attempt, OUTCOME_ERROR, "node %s: %s", attempt->check->from->name, err.text);
}
