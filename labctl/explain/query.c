/* Questions, from words and from nodes. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "explain/walk.h"

static enum protocol echo(const struct addr *addr)
{
    return addr->family == 6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP;
}

/* Who has an address that was written out: an interface of a node; NULL: nobody. */
static const struct interface *who_has(const struct topology *topology, const struct addr *addr)
{
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t i = 0; i < topology->nodes[n]->interface_count; i++) {
            const struct interface *interface = topology->nodes[n]->interfaces[i];
            if (interface_has(interface, addr) || addr_equal(&interface->public_ip, addr))
                return interface;
        }
    return NULL;
}

static int absent(const char *what, const char *name, const char *nearest, struct error *err)
{
    return error_set(err, ERR_ABSENT, "%s '%s' is not in the topology%s%s%s", what, name,
                     nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static int parse_source(const struct topology *topology, const char *text, struct explain_query *out, struct error *err)
{
    const char *nearest = NULL;
    struct addr addr;
    if (addr_parse(text, &addr)) {
        const struct interface *interface = who_has(topology, &addr);
        out->source = addr;
        if (interface) {
            out->node = interface->node;
            if (!interface_has(interface, &addr)) /* a public address: the instance knows its private one */
                out->source = interface->addresses[0].addr;
        } else if (is_private(&addr) || addr.family == 6 || !topology_uses_internet(topology)) {
            return absent("the address", text, NULL, err);
        }
        return 0;
    }
    struct thing thing = topology_thing(topology, text, &nearest);
    if (thing.kind != THING_NODE && thing.kind != THING_INTERFACE)
        return thing.kind == THING_NONE ? absent("the node", text, nearest, err)
                                        : error_set(err, ERR_USAGE,
                                                    "'%s' sends nothing: a node, one of its interfaces "
                                                    "or an address is wanted",
                                                    text);
    out->node = thing.node;
    if (thing.kind == THING_INTERFACE && thing.interface->address_count)
        out->source = thing.interface->addresses[0].addr;
    return 0;
}

/* The address of the target that the asker would use; where it has none that could be used, any that it has. */
static bool choose_destination(const struct topology *topology, struct explain_query *query,
                               const struct interface *interface)
{
    unsigned family = query->source.family;
    if (query->node)
        query->destination = topology_address_of(topology, query->node, query->target, interface, family);
    for (size_t i = 0; i < query->target->interface_count && !addr_is_set(&query->destination); i++) {
        const struct interface *own = query->target->interfaces[i];
        if (interface && own != interface)
            continue;
        if (!query->node && addr_is_set(&own->public_ip))
            query->destination = own->public_ip;
        else if (own->address_count)
            query->destination = own->addresses[0].addr;
    }
    return addr_is_set(&query->destination);
}

/* ":443", ":53/udp", "" */
static int parse_port(const char *text, struct explain_query *out, struct error *err)
{
    static const enum protocol with_ports[] = {PROTOCOL_TCP, PROTOCOL_UDP};
    char *end;
    if (*text == '\0') {
        out->protocol = PROTOCOL_ALL;
        return 0;
    }
    unsigned long port = text[1] >= '0' && text[1] <= '9' ? strtoul(text + 1, &end, 10) : 0;
    if (port == 0 || port > 65535 || (*end && *end != '/'))
        return error_set(err, ERR_USAGE, "'%s' is no port: 1-65535 is wanted, as in db:5432 or db:53/udp", text + 1);
    out->port = (uint16_t)port;
    out->protocol = PROTOCOL_TCP;
    for (size_t i = 0; *end; i++) {
        if (i == ARRAY_SIZE(with_ports))
            return error_set(err, ERR_USAGE, "'%s' is no protocol with ports: tcp or udp is wanted", end + 1);
        if (strcmp(end + 1, protocol_name(with_ports[i])) == 0) {
            out->protocol = with_ports[i];
            return 0;
        }
    }
    return 0;
}

/* The service stands for its port. */
static int use_service(const struct service *service, const char *text, struct explain_query *out, struct error *err)
{
    bool exec = service->kind == SERVICE_EXEC;
    if (out->port)
        return error_set(err, ERR_USAGE, "'%s' has its own port already", text);
    if (exec && !service->ready_port)
        return error_set(err, ERR_USAGE, "'%s' says no port (`ready`): write one", text);
    out->port = exec ? service->ready_port : service->port;
    out->protocol = exec ? service->ready_protocol : service->kind == SERVICE_UDP_ECHO ? PROTOCOL_UDP : PROTOCOL_TCP;
    return 0;
}

/* Its address in the asker's subnet, else the first one. */
static int use_endpoint(const struct endpoint *endpoint, const char *text, struct explain_query *out, struct error *err)
{
    const struct interface *chosen = endpoint->interfaces[0];
    for (size_t i = 0; i < endpoint->interface_count; i++)
        for (size_t n = 0; out->node && n < out->node->interface_count; n++)
            if (out->node->interfaces[n]->subnet == endpoint->interfaces[i]->subnet)
                chosen = endpoint->interfaces[i];
    if (chosen->address_count == 0)
        return error_set(err, ERR_ABSENT, "'%s' has no address", text);
    out->destination = chosen->addresses[0].addr;
    if (!out->port && endpoint->service) {
        out->port = endpoint->service->port;
        out->protocol = PROTOCOL_TCP;
    }
    return 0;
}

static int parse_thing(const struct topology *topology, const char *text, struct explain_query *out, struct error *err)
{
    const char *nearest = NULL;
    struct thing thing = topology_thing(topology, text, &nearest);
    if (thing.kind == THING_NONE)
        return absent("the node", text, nearest, err);
    if (thing.kind == THING_ENDPOINT && thing.endpoint->interface_count)
        return use_endpoint(thing.endpoint, text, out, err);
    if (thing.kind != THING_NODE && thing.kind != THING_INTERFACE && thing.kind != THING_SERVICE)
        return error_set(err, ERR_USAGE,
                         "'%s' is nothing that answers: a node, one of its interfaces or services, an endpoint or an "
                         "address is wanted",
                         text);
    if (thing.kind == THING_SERVICE && use_service(thing.service, text, out, err) != 0)
        return -1;
    out->target = thing.node;
    if (!choose_destination(topology, out, thing.interface))
        return error_set(err, ERR_ABSENT, "'%s' has no address%s", text,
                         node_waits_for_lease(thing.node) ? " before it gets one by DHCP: write the one that it has"
                                                          : "");
    return 0;
}

/* Cuts "[2001:db8::1]:80" and "db:80" at the colon in front of the port. */
static const char *cut_port(char *text)
{
    char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    struct addr addr;
    if (bracket) {
        memmove(text, text + 1, strlen(text));
        bracket[-1] = '\0';
        return bracket;
    }
    if (addr_parse(text, &addr))
        return "";
    char *colon = strchr(text, ':');
    return colon ? colon : "";
}

int explain_query_parse(const struct topology *topology, const char *from, const char *to, struct arena *arena,
                        struct explain_query *out, struct error *err)
{
    *out = (struct explain_query){.from = from, .to = to};
    char *name = arena_strdup(arena, to);
    const char *port = arena_strdup(arena, cut_port(name));
    if (!strchr(to, ']') && *port)
        name[strlen(to) - strlen(port)] = '\0';
    if (parse_source(topology, from, out, err) != 0 || parse_port(port, out, err) != 0)
        return -1;
    if (addr_parse(name, &out->destination)) {
        const struct interface *interface = who_has(topology, &out->destination);
        out->target = interface ? interface->node : NULL;
    } else if (parse_thing(topology, name, out, err) != 0) {
        return -1;
    }
    if (addr_is_set(&out->source) && out->source.family != out->destination.family)
        return error_set(err, ERR_USAGE, "'%s' and '%s' are not of one address family", from, to);
    if (out->protocol == PROTOCOL_ALL)
        out->protocol = echo(&out->destination);
    return 0;
}

bool explain_query_nodes(const struct topology *topology, const struct node *from, const struct node *to, uint16_t port,
                         struct explain_query *out)
{
    *out = (struct explain_query){.node = from, .target = to, .from = from->name, .to = to->name, .port = port};
    if (!choose_destination(topology, out, NULL))
        return false;
    out->protocol = port ? PROTOCOL_TCP : echo(&out->destination);
    return true;
}
