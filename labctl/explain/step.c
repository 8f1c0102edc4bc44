/* What is noted of a packet at a place, and the names of things. */
#include <stdarg.h>

#include "base/str.h"
#include "explain/walk.h"

static bool is_noted(const struct walk *w, enum explain_code code, const char *object)
{
    for (size_t i = 0; i < w->out->step_count; i++)
        if (w->out->steps[i].code == code && str_equal(w->out->steps[i].object, object))
            return true;
    return false;
}

void walk_note(struct walk *w, enum explain_code code, const char *object, struct mark mark, const char *format, ...)
{
    va_list args;
    if (explain_codes[code].level == LEVEL_UNKNOWN && is_noted(w, code, object))
        return; /* a node is met on both ways */
    struct explain_step *step = ARENA_PUSH(w->arena, w->out->steps, w->out->step_count);
    *step = (struct explain_step){.way = w->way,
                                  .code = code,
                                  .assumed = w->assumed,
                                  .object = object,
                                  .mark = mark,
                                  .source = *packet_source(&w->packet),
                                  .destination = w->packet.tuple.destination,
                                  .source_port = w->packet.error ? 0 : w->packet.tuple.source_port,
                                  .port = w->packet.error ? 0 : w->packet.tuple.port};
    va_start(args, format);
    step->text = arena_vprintf(w->arena, format, args);
    va_end(args);
}

const char *node_name(const struct walk *w, const struct node *node)
{
    return arena_printf(w->arena, "node/%s", node->name);
}

const char *interface_name(const struct walk *w, const struct interface *interface)
{
    if (!interface->node) /* its name is whole */
        return interface->name;
    return arena_printf(w->arena, "node/%s/%s", interface->node->name, interface->name);
}

const char *vpc_part(const struct walk *w, const struct vpc *vpc, const char *kind, const char *name)
{
    return arena_printf(w->arena, name ? "vpc/%s/%s/%s" : "vpc/%s/%s", vpc->name, kind, name);
}

const char *place_name(const struct walk *w)
{
    switch (w->place.kind) {
    case PLACE_NODE:
        return node_name(w, w->place.node);
    case PLACE_ROUTER:
        return arena_printf(w->arena, "vpc/%s", w->place.vpc->name);
    case PLACE_INTERNET_GATEWAY:
        return vpc_part(w, w->place.vpc, "internet_gateway", NULL);
    case PLACE_NAT_GATEWAY:
        return vpc_part(w, w->place.gateway->vpc, "nat_gateway", w->place.gateway->name);
    case PLACE_EGRESS_ONLY_GATEWAY:
        return vpc_part(w, w->place.vpc, "egress_only_gateway", NULL);
    case PLACE_TRANSIT_GATEWAY:
        return arena_printf(w->arena, "transit_gateway/%s", w->place.transit->name);
    case PLACE_ENDPOINT:
        return interface_name(w, w->place.interface);
    case PLACE_INTERNET:
    case PLACE_KIND_COUNT:
        break;
    }
    return "internet";
}

const char *packet_text(const struct walk *w, const struct addr *far, const char *word)
{
    char text[ADDR_TEXT_MAX];
    enum protocol protocol = packet_protocol(&w->packet);
    addr_format(far, text);
    if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP)
        return arena_printf(w->arena, "%s/%u %s %s", protocol_name(protocol), w->packet.tuple.port, word, text);
    return arena_printf(w->arena, "%s %s %s", protocol_name(protocol), word, text);
}
