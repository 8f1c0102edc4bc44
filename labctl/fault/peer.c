/* Whom a rule of a security group lets in or out, as a parameter says it: a network, a list of them, a group. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "fault/kinds.h"

static bool is_list(const struct prefix_list *list, const char *text, const struct vpc *vpc)
{
    ARENA_AUTO arena = arena_new();
    const char *whole = arena_printf(arena, "vpc/%s/prefix_list/", vpc->name), *kind = "prefix_list/";
    const char *prefix = str_starts(text, whole) ? whole : kind;
    return str_starts(text, prefix) && str_equal(text + strlen(prefix), list->name);
}

bool fault_is_peer(const struct peer *peer, const char *text, const struct vpc *vpc)
{
    struct prefix prefix;
    struct addr addr;
    switch (peer->kind) {
    case PEER_ANY:
        return str_equal(text, "any");
    case PEER_ANY4:
        return str_equal(text, "any4") || str_equal(text, "0.0.0.0/0");
    case PEER_ANY6:
        return str_equal(text, "any6") || str_equal(text, "::/0");
    case PEER_PREFIX:
        if (peer->list && is_list(peer->list, text, vpc))
            return true;
        if (addr_parse(text, &addr))
            prefix = prefix_of_addr(addr);
        else if (!prefix_parse(text, &prefix))
            return false;
        return prefix_equal(&peer->prefix, &prefix);
    case PEER_GROUP: {
        ARENA_AUTO arena = arena_new();
        if (str_equal(text, arena_printf(arena, "vpc/%s/security_group/%s", peer->group->vpc->name, peer->group->name)))
            return true;
        return peer->group->vpc == vpc &&
               (str_equal(text, peer->group->name) ||
                str_equal(text, arena_printf(arena, "security_group/%s", peer->group->name)));
    }
    case PEER_KIND_COUNT:
        break;
    }
    return false;
}

bool fault_read_peer(const struct vpc *vpc, const char *text, struct peer *out)
{
    struct addr addr;
    *out = (struct peer){.kind = PEER_PREFIX};
    if (str_equal(text, "any4") || str_equal(text, "any6") || str_equal(text, "any")) {
        out->kind = text[3] == '4' ? PEER_ANY4 : text[3] == '6' ? PEER_ANY6 : PEER_ANY;
        return true;
    }
    if (addr_parse(text, &addr))
        return out->prefix = prefix_of_addr(addr), true;
    if (prefix_parse(text, &out->prefix))
        return !prefix_has_host_bits(&out->prefix);
    ARENA_AUTO arena = arena_new();
    const char *whole = arena_printf(arena, "vpc/%s/security_group/", vpc->name), *kind = "security_group/";
    out->kind = PEER_GROUP;
    text += str_starts(text, whole) ? strlen(whole) : str_starts(text, kind) ? strlen(kind) : 0;
    return (out->group = vpc_security_group(vpc, text)) != NULL;
}
