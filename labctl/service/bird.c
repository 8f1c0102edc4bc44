/* bgp and ospf: one BIRD for all of a node's routing, configured by /etc/bird/bird.conf as an administrator would.
 *
 * What a router has: its connected networks (direct), the kernel's other routes (learn), the networks that it announces
 * (static, "unreachable" where nothing more exact is there), what others tell.  Into the kernel go the last two.  Hold
 * times are short: who takes a cable out wants to see the other way taken. */
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "service/lowering.h"

#define CONFIGURATION "/etc/bird/bird.conf"
#define SOCKET        "/run/bird/bird.ctl" /* where birdc looks */
#define WITHIN        (20 * NANOSECONDS_PER_SECOND)

static const char *const family_names[] = {"ipv4", "ipv6"};

struct writing {
    struct str *out;
    struct service_context *context;
    const struct node *node;
    const struct routing *bgp, *ospf; /* NULL where the node has none */
    struct plan_process *process;
};

/* Names of BIRD have no dashes. */
static const char *symbol(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);
    for (char *c = copy; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')))
            *c = '_';
    return copy;
}

static void put_set(struct str *out, const struct prefixes *list, unsigned family, bool inside)
{
    char text[ADDR_TEXT_MAX];
    size_t count = 0;
    str_append_char(out, '[');
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].addr.family == family)
            str_printf(out, "%s %s%s", count++ ? "," : "", prefix_format(&list->items[i], text), inside ? "+" : "");
    str_append(out, " ]");
}

static bool has_family(const struct prefixes *list, unsigned family)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].addr.family == family)
            return true;
    return false;
}

/* "if source ~ [ … ] then accept;": what is told beside the protocol's own. */
static void put_redistributed(struct str *out, const struct routing *routing, const char *then)
{
    static const char *const sources[] = {"RTS_DEVICE", "RTS_INHERIT", "RTS_BGP",
                                          "RTS_OSPF, RTS_OSPF_IA, RTS_OSPF_EXT1, RTS_OSPF_EXT2"};
    _Static_assert(ARRAY_SIZE(sources) == REDISTRIBUTE_COUNT, "one for each");
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
        if (routing->redistribute[i])
            str_printf(out, "    if source ~ [ %s ] then %s\n", sources[i], then);
}

static void put_kernel(const struct writing *w)
{
    char text[ADDR_TEXT_MAX];
    struct addr id = router_id(w->node);
    str_printf(w->out,
               "log stderr all;\nrouter id %s;\nprotocol device { scan time 2; }\nprotocol direct { ipv4; ipv6; }\n",
               addr_is_set(&id) ? addr_format(&id, text) : "0.0.0.1");
    for (size_t f = 0; f < ARRAY_SIZE(family_names); f++)
        str_printf(w->out,
                   "protocol kernel kernel%u {\n    learn;\n    merge paths on;\n    %s {\n        import all;\n"
                   "        export where source !~ [ RTS_DEVICE, RTS_INHERIT ];\n    };\n}\n",
                   f ? 6 : 4, family_names[f]);
}

static void expect(const struct writing *w, const char *session)
{
    struct arena *arena = w->context->plan->arena;
    *ARENA_PUSH(arena, w->process->ready_sessions, w->process->ready_session_count) = arena_strdup(arena, session);
}

/* ---- BGP ---- */

static void put_networks(const struct writing *w, unsigned family)
{
    char text[ADDR_TEXT_MAX];
    const struct prefixes *networks = &w->bgp->bgp.networks;
    if (!has_family(networks, family))
        return;
    str_printf(w->out, "protocol static networks%u {\n    ipv%u;\n", family, family);
    for (size_t i = 0; i < networks->count; i++)
        if (networks->items[i].addr.family == family)
            str_printf(w->out, "    route %s unreachable;\n", prefix_format(&networks->items[i], text));
    str_append(w->out, "}\n");
}

static void put_import(const struct writing *w, const struct bgp_neighbour *neighbour, unsigned family)
{
    str_append(w->out, "        import filter {\n");
    if (neighbour->has_import && has_family(&neighbour->import, family)) {
        str_append(w->out, "            if net !~ ");
        put_set(w->out, &neighbour->import, family, true);
        str_append(w->out, " then reject;\n");
    } else if (neighbour->has_import) {
        str_append(w->out, "            reject;\n");
    }
    if (neighbour->preference)
        str_printf(w->out, "            bgp_local_pref = %u;\n", neighbour->preference);
    str_append(w->out, "            accept;\n        };\n");
}

/* What it may be told at all, then what of it. */
static void put_export(const struct writing *w, const struct bgp_neighbour *neighbour, unsigned family)
{
    struct str *out = w->out;
    const struct bgp *bgp = &w->bgp->bgp;
    str_append(out, "        export filter {\n");
    if (neighbour->has_export && has_family(&neighbour->export, family)) {
        str_append(out, "            if net !~ ");
        put_set(out, &neighbour->export, family, true);
        str_append(out, " then reject;\n");
    } else if (neighbour->has_export) {
        str_append(out, "            reject;\n");
    }
    for (uint32_t i = 0; i < neighbour->prepend; i++)
        str_printf(out, "            bgp_path.prepend(%u);\n", bgp->as);
    if (has_family(&bgp->networks, family)) {
        str_append(out, "            if net ~ ");
        put_set(out, &bgp->networks, family, false);
        str_append(out, " && source ~ [ RTS_STATIC, RTS_DEVICE, RTS_INHERIT ] then accept;\n");
    }
    put_redistributed(out, w->bgp, "accept;");
    str_append(out, "            if source = RTS_BGP then accept;\n            reject;\n        };\n");
}

static void put_session(const struct writing *w, const struct bgp_neighbour *neighbour, unsigned f)
{
    char own[ADDR_TEXT_MAX], peer[ADDR_TEXT_MAX];
    struct arena *arena = w->context->plan->arena;
    const struct bgp *bgp = &w->bgp->bgp;
    if (!addr_is_set(&neighbour->addr[f]) || !addr_is_set(&neighbour->own[f]))
        return;
    bool twice = addr_is_set(&neighbour->addr[!f]);
    const char *name = arena_printf(arena, "%s_%s%s", neighbour->node ? "to" : "peer", symbol(arena, neighbour->name),
                                    twice && f ? "_ipv6" : "");
    str_printf(w->out,
               "protocol bgp %s {\n    local %s as %u;\n    neighbor %s as %u;\n    %s;\n    hold time %u;\n"
               "    connect retry time 2;\n    connect delay time 1;\n    error wait time 1, 4;\n    %s {\n",
               name, addr_format(&neighbour->own[f], own), bgp->as, addr_format(&neighbour->addr[f], peer),
               neighbour->as, neighbour->on_wire ? "direct" : "multihop", bgp->hold, family_names[f]);
    put_import(w, neighbour, f ? 6 : 4);
    put_export(w, neighbour, f ? 6 : 4);
    if (neighbour->as == bgp->as)
        str_append(w->out, "        next hop self;\n");
    str_append(w->out, "    };\n}\n");
    if (bgp_agreed(node_service_of(w->node, SERVICE_BGP), neighbour))
        expect(w, name);
}

static void put_bgp(const struct writing *w)
{
    put_networks(w, 4);
    put_networks(w, 6);
    for (size_t i = 0; i < w->bgp->bgp.neighbour_count; i++)
        for (unsigned f = 0; f < 2; f++)
            put_session(w, &w->bgp->bgp.neighbours[i], f);
}

/* ---- OSPF ---- */

static void put_interface(const struct writing *w, const struct ospf_interface *interface)
{
    const struct ospf *ospf = &w->ospf->ospf;
    if (!interface->interface)
        return;
    str_printf(w->out, "        interface \"%s\" {\n            cost %u;\n", interface->name,
               interface->cost ? interface->cost : 10);
    if (interface->passive)
        str_append(w->out, "            stub;\n");
    else
        str_printf(w->out,
                   "            hello %u;\n            dead %u;\n            wait %u;\n            retransmit 2;\n"
                   "            type %s;\n",
                   ospf->hello, ospf->dead, ospf->hello * 2,
                   interface->interface->attachment == ATTACH_LINK ? "ptp" : "broadcast");
    str_append(w->out, "        };\n");
}

static void put_ospf(const struct writing *w)
{
    bool expected = false;
    const struct ospf *ospf = &w->ospf->ospf;
    str_append(w->out, "protocol ospf v2 ospf4 {\n    ipv4 {\n        import all;\n        export filter {\n");
    put_redistributed(w->out, w->ospf, "accept;");
    str_append(w->out, "            reject;\n        };\n    };\n");
    for (size_t a = 0; a < ospf->area_count; a++) {
        str_printf(w->out, "    area %u {\n%s", ospf->areas[a].id, ospf->areas[a].stub ? "        stub;\n" : "");
        for (size_t i = 0; i < ospf->areas[a].interface_count; i++) {
            put_interface(w, &ospf->areas[a].interfaces[i]);
            expected = expected || ospf_agreed(w->context->topology, &ospf->areas[a], &ospf->areas[a].interfaces[i]);
        }
        str_append(w->out, "    };\n");
    }
    str_append(w->out, "}\n");
    if (expected)
        expect(w, "ospf4");
}

/* The first of a node's services runs for all of them. */
void service_lower_bird(struct service_context *context)
{
    const struct node *node = context->service->node;
    struct plan_process *process = context->process;
    for (size_t i = 0; node->services[i] != context->service; i++)
        if (node->services[i]->routing)
            return;
    const struct service *bgp = node_service_of(node, SERVICE_BGP), *ospf = node_service_of(node, SERVICE_OSPF);
    STR_AUTO text = STR_INIT;
    struct writing w = {&text, context, node, bgp ? bgp->routing : NULL, ospf ? ospf->routing : NULL, process};
    put_kernel(&w);
    if (w.bgp)
        put_bgp(&w);
    if (w.ospf)
        put_ospf(&w);
    static const char *const argv[] = {"bird", "-f", "-c", CONFIGURATION, "-s", SOCKET};
    service_argv(context, argv, ARRAY_SIZE(argv));
    service_configuration_file(context, CONFIGURATION, &text);
    process->ready = READY_SESSIONS;
    process->ready_socket = SOCKET;
    process->ready_hoped = true;
    process->ready_within = WITHIN;
}
