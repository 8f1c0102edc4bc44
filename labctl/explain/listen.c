/* Who listens at a node. */
#include <string.h>

#include "explain/walk.h"

static bool speaks(const struct service *service, enum protocol protocol)
{
    if (service->kind == SERVICE_EXEC)
        return service->ready_port != 0 && service->ready_protocol == protocol;
    return protocol == PROTOCOL_TCP ? service_listens_tcp(service->kind) : service_listens_udp(service->kind);
}

static uint16_t port_of(const struct service *service)
{
    return service->kind == SERVICE_EXEC ? service->ready_port : service->port;
}

static const char *service_name(const struct walk *w, const struct service *service)
{
    return arena_printf(w->arena, "node/%s/service/%s", service->node->name, service->name);
}

static bool answers_echo(struct walk *w, const struct node *node)
{
    const char *ignore = node_sysctl(node, "net.ipv4.icmp_echo_ignore_all");
    if (w->packet.tuple.destination.family == 4 && ignore && strcmp(ignore, "0") != 0)
        STOP(w, CODE_ECHO_IGNORED, DROP_SILENT, node_name(w, node), node->mark, "icmp_echo_ignore_all is %s", ignore);
    else
        PASS(w, node_name(w, node), node->mark, "answers the echo request");
    return true;
}

/* Nobody: TCP answers with a RST, UDP with "port unreachable", which the asker sees if it comes back. */
static bool nobody(struct walk *w, const struct node *node, const struct service *elsewhere, bool unread)
{
    char text[ADDR_TEXT_MAX];
    if (elsewhere) {
        if (w->arena)
            walk_note(w, CODE_BOUND_ELSEWHERE, service_name(w, elsewhere), elsewhere->mark, "listens on %s only",
                      addr_format(&elsewhere->bind, text));
    } else if (unread) {
        DOUBT(w, CODE_EXEC, node_name(w, node), node->mark, "a program of its own may listen on %s/%u",
              protocol_name(w->packet.protocol), w->packet.tuple.port);
        return true;
    } else if (w->arena) {
        walk_note(w, CODE_NOBODY_LISTENS, node_name(w, node), node->mark, "nobody listens on %s/%u",
                  protocol_name(w->packet.protocol), w->packet.tuple.port);
    }
    w->out->causes++;
    if (!w->decided)
        w->view = VIEW_REFUSED;
    return false;
}

bool somebody_listens(struct walk *w, const struct node *node)
{
    const struct addr *own = &w->packet.tuple.destination;
    const struct service *elsewhere = NULL;
    bool unread = node->run.count > 0;
    if (w->packet.protocol != PROTOCOL_TCP && w->packet.protocol != PROTOCOL_UDP)
        return answers_echo(w, node);
    for (size_t i = 0; i < node->service_count; i++) {
        const struct service *service = node->services[i];
        unread = unread || service->kind == SERVICE_EXEC;
        if (!speaks(service, w->packet.protocol) || port_of(service) != w->packet.tuple.port)
            continue;
        if (addr_is_set(&service->bind) && !addr_equal(&service->bind, own)) {
            elsewhere = service;
            continue;
        }
        PASS(w, service_name(w, service), service->mark, "listens on %s/%u", protocol_name(w->packet.protocol),
             w->packet.tuple.port);
        return true;
    }
    return nobody(w, node, elsewhere, unread);
}
