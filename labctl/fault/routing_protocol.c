/* bgp-as-mismatch, bgp-prefix-filtered, bgp-port-blocked, ospf-area-mismatch: routers that learn from each other, and
 * learn less than they should.
 *
 * AS and area are words of the topology's own; what a filter holds back and what a firewall drops is in the machine.
 * BIRD runs once for all protocols of a node (service/bird.c); a session of its configuration begins with
 *
 *     protocol bgp NAME {
 *         local ADDRESS as NUMBER;
 *         neighbor ADDRESS as NUMBER;
 *
 * and its filters follow.  A session that a fault keeps down is not waited for when the lab comes up. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

#define SESSION "protocol bgp "

/* ---- whom it talks with ---- */

static struct bgp_neighbour *neighbour_of(const struct fault *fault, const struct service *service)
{
    for (size_t i = 0; i < service->routing->bgp.neighbour_count; i++)
        if (str_equal(service->routing->bgp.neighbours[i].name, fault_text(fault, "neighbour")))
            return &service->routing->bgp.neighbours[i];
    return NULL;
}

/* The neighbour that the fault names; NULL, with a finding, where there is none. */
static const struct bgp_neighbour *check_neighbour(const struct fault *fault, const struct thing *things,
                                                   struct findings *findings)
{
    if (!fault_is_service(fault, things, SERVICE_BGP, findings))
        return NULL;
    const struct bgp_neighbour *found = neighbour_of(fault, things[0].service);
    if (found)
        return found;
    STR_AUTO names = STR_INIT;
    const struct bgp *bgp = &things[0].service->routing->bgp;
    for (size_t i = 0; i < bgp->neighbour_count; i++)
        str_printf(&names, "%s%s", i ? ", " : "", bgp->neighbours[i].name);
    struct finding *finding =
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "neighbour"), "'%s' has no neighbour '%s'",
                     fault->at.items[0], fault_text(fault, "neighbour"));
    finding->hint = names.length ? arena_printf(findings->arena, "its neighbours: %s", str_text(&names)) : NULL;
    return NULL;
}

static int is_gone(const struct fault *fault, const char *what, struct error *err)
{
    return error_set(err, ERR_ABSENT, "fault '%s': %s has no such %s any more", fault->id, fault->at.items[0], what);
}

static void validate_as(const struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct findings *findings)
{
    uint32_t as = 0;
    (void)topology;
    fault_read_number(fault_text(fault, "as"), &as);
    const struct bgp_neighbour *neighbour = check_neighbour(fault, things, findings);
    if (neighbour && neighbour->as == as)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "as"),
                     "'%s' is taken to be in AS %u when healthy", neighbour->name, as);
}

static int rewrite_as(struct topology *topology, const struct fault *fault, const struct thing *things,
                      struct error *err)
{
    struct bgp_neighbour *neighbour = neighbour_of(fault, things[0].service);
    (void)topology;
    if (!neighbour)
        return is_gone(fault, "neighbour", err);
    fault_read_number(fault_text(fault, "as"), &neighbour->as);
    return 0;
}

/* ---- BIRD's configuration ---- */

struct plan_process *fault_bird(struct plan *plan, const struct node *node)
{
    uint32_t ns = plan_find_namespace(plan, node->name);
    for (size_t i = 0; i < plan->process_count; i++)
        if (plan->processes[i].ns == ns && plan->processes[i].argc && str_equal(plan->processes[i].argv[0], "bird"))
            return &plan->processes[i];
    return NULL;
}

/* Where the session with an address begins in a configuration, and the line that names the address; NULL for none. */
static const char *find_session(const char *configuration, const struct addr *peer, const char **line)
{
    ARENA_AUTO arena = arena_new();
    char text[ADDR_TEXT_MAX];
    const char *wanted = arena_printf(arena, "    neighbor %s as ", addr_format(peer, text));
    *line = configuration ? strstr(configuration, wanted) : NULL;
    const char *start = NULL, *next = configuration;
    while (*line && (next = strstr(next, SESSION)) && next < *line)
        start = next++;
    return start;
}

/* The session with an address will not stand: nobody is to wait for it. */
static void forget_session(struct plan *plan, const struct node *node, const struct addr *peer)
{
    const char *line;
    struct plan_process *process = fault_bird(plan, node);
    const char *start = process ? find_session(process->configuration, peer, &line) : NULL;
    size_t kept = 0;
    if (!start)
        return;
    const char *name = start + strlen(SESSION);
    size_t length = strcspn(name, " ");
    for (size_t i = 0; i < process->ready_session_count; i++)
        if (strlen(process->ready_sessions[i]) != length || memcmp(process->ready_sessions[i], name, length) != 0)
            process->ready_sessions[kept++] = process->ready_sessions[i];
    process->ready_session_count = kept;
}

/* ---- what a filter lets pass ---- */

static void validate_filter(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    struct prefix prefix = {0};
    (void)topology;
    const struct bgp_neighbour *neighbour = check_neighbour(fault, things, findings);
    if (!fault_check_destination(fault, findings, &prefix) || !neighbour)
        return;
    unsigned f = prefix.addr.family == 6;
    if (!addr_is_set(&neighbour->addr[f]) || !addr_is_set(&neighbour->own[f]))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "destination"),
                     "there is no session for %s with '%s' when healthy", f ? "IPv6" : "IPv4", neighbour->name);
}

/* One line more in the filter: as if somebody had once had a reason for it. */
static int rewrite_filter(struct plan *plan, const struct topology *topology, const struct fault *fault,
                          const struct thing *things, struct error *err)
{
    char text[ADDR_TEXT_MAX];
    struct prefix prefix = {0};
    const char *line = NULL;
    (void)topology;
    fault_read_destination(fault_text(fault, "destination"), &prefix);
    const struct bgp_neighbour *neighbour = neighbour_of(fault, things[0].service);
    struct plan_process *process = fault_bird(plan, things[0].node);
    struct plan_file *file = process ? fault_configuration(plan, process) : NULL;
    if (!neighbour || !file || !find_session(file->content, &neighbour->addr[prefix.addr.family == 6], &line))
        return is_gone(fault, "session", err);
    const char *filter =
        strstr(line, str_equal(fault_text(fault, "direction"), "export") ? "export filter {\n" : "import filter {\n");
    const char *end = filter ? strchr(filter, '\n') + 1 : NULL;
    if (!end)
        return is_gone(fault, "filter", err);
    fault_configure(plan, process, file,
                    arena_printf(plan->arena, "%.*s            if net ~ [ %s%s ] then reject;\n%s",
                                 (int)(end - file->content), file->content, prefix_format(&prefix, text),
                                 prefix.length ? "+" : "", end));
    return 0;
}

/* ---- what a firewall drops ---- */

static void validate_port(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    (void)topology;
    if (fault_text(fault, "neighbour"))
        check_neighbour(fault, things, findings);
    else
        fault_is_service(fault, things, SERVICE_BGP, findings);
}

static void drop_session(struct str *rules, const char *from)
{
    str_printf(rules, "\t\t%stcp dport 179 drop\n\t\t%stcp sport 179 drop\n", from, from);
}

static int rewrite_port(struct plan *plan, const struct topology *topology, const struct fault *fault,
                        const struct thing *things, struct error *err)
{
    char text[ADDR_TEXT_MAX];
    uint32_t ns;
    STR_AUTO rules = STR_INIT;
    const struct bgp *bgp = &things[0].service->routing->bgp;
    const char *wanted = fault_text(fault, "neighbour");
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    for (size_t i = 0; i < bgp->neighbour_count; i++)
        for (unsigned f = 0; f < 2; f++) {
            const struct bgp_neighbour *neighbour = &bgp->neighbours[i];
            if (!addr_is_set(&neighbour->addr[f]) || (wanted && !str_equal(neighbour->name, wanted)))
                continue;
            forget_session(plan, things[0].node, &neighbour->addr[f]);
            if (neighbour->node)
                forget_session(plan, neighbour->node, &neighbour->own[f]);
            if (wanted)
                drop_session(&rules, arena_printf(plan->arena, "%s saddr %s ", f ? "ip6" : "ip",
                                                  addr_format(&neighbour->addr[f], text)));
        }
    if (!wanted)
        drop_session(&rules, "");
    if (!rules.length)
        return is_gone(fault, "neighbour", err);
    fault_add_table(plan, ns, thing_name(topology, &things[0]),
                    arena_printf(plan->arena,
                                 "\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n%s\t}\n",
                                 str_text(&rules)));
    return 0;
}

/* ---- OSPF ---- */

/* Where an interface stands among the areas; false where it is in none. */
static bool find_interface(const struct ospf *ospf, const char *name, struct ospf_area **area, size_t *place)
{
    for (size_t a = 0; a < ospf->area_count; a++)
        for (size_t i = 0; i < ospf->areas[a].interface_count; i++)
            if (str_equal(ospf->areas[a].interfaces[i].name, name)) {
                *area = &ospf->areas[a];
                *place = i;
                return true;
            }
    return false;
}

/* "it has neighbours by a, b", for whom the other interfaces would change nothing; NULL where there are none. */
static const char *talking_interfaces(const struct topology *topology, const struct ospf *ospf, struct arena *arena)
{
    STR_AUTO names = STR_INIT;
    for (size_t a = 0; a < ospf->area_count; a++)
        for (size_t i = 0; i < ospf->areas[a].interface_count; i++)
            if (ospf_agreed(topology, &ospf->areas[a], &ospf->areas[a].interfaces[i]))
                str_printf(&names, "%s%s", names.length ? ", " : "it has neighbours by ",
                           ospf->areas[a].interfaces[i].name);
    return names.length ? arena_strdup(arena, str_text(&names)) : NULL;
}

static void validate_area(const struct topology *topology, const struct fault *fault, const struct thing *things,
                          struct findings *findings)
{
    const char *name = fault_text(fault, "interface");
    uint32_t id = 0;
    struct ospf_area *area;
    size_t place;
    fault_read_area(fault_text(fault, "area"), &id);
    if (!fault_is_service(fault, things, SERVICE_OSPF, findings))
        return;
    const char *others = talking_interfaces(topology, &things[0].service->routing->ospf, findings->arena);
    if (!find_interface(&things[0].service->routing->ospf, name, &area, &place))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "interface"),
                     "'%s' has no interface '%s' in an area", fault->at.items[0], name)
            ->hint = others;
    else if (area->id == id)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "area"), "'%s' is in area %u when healthy",
                     name, id);
    else if (!ospf_agreed(topology, area, &area->interfaces[place]))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "interface"),
                     "'%s' has no neighbour in area %u when healthy", name, area->id)
            ->hint = others;
}

static struct ospf_area *area_of(struct arena *arena, struct ospf *ospf, uint32_t id)
{
    for (size_t a = 0; a < ospf->area_count; a++)
        if (ospf->areas[a].id == id)
            return &ospf->areas[a];
    struct ospf_area *area = ARENA_PUSH(arena, ospf->areas, ospf->area_count);
    *area = (struct ospf_area){.id = id};
    return area;
}

/* An area without interfaces is none. */
static void drop_empty_areas(struct ospf *ospf)
{
    size_t kept = 0;
    for (size_t a = 0; a < ospf->area_count; a++)
        if (ospf->areas[a].interface_count)
            ospf->areas[kept++] = ospf->areas[a];
    ospf->area_count = kept;
}

static int rewrite_area(struct topology *topology, const struct fault *fault, const struct thing *things,
                        struct error *err)
{
    struct ospf *ospf = &things[0].service->routing->ospf;
    uint32_t id = 0;
    struct ospf_area *from;
    size_t place;
    fault_read_area(fault_text(fault, "area"), &id);
    if (!find_interface(ospf, fault_text(fault, "interface"), &from, &place))
        return is_gone(fault, "interface", err);
    struct ospf_interface moved = from->interfaces[place];
    memmove(&from->interfaces[place], &from->interfaces[place + 1], (--from->interface_count - place) * sizeof moved);
    struct ospf_area *to = area_of(topology->arena, ospf, id); /* `from` may have moved */
    *ARENA_PUSH(topology->arena, to->interfaces, to->interface_count) = moved;
    drop_empty_areas(ospf);
    return 0;
}

static const struct fault_target_row topology_targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}};
static const struct fault_target_row plan_targets[] = {{THING_SERVICE, FAULT_PLAN}};
static const char *const directions[] = {"import", "export"};
static const struct fault_parameter_row as_parameters[] = {
    {.key = "neighbour", .type = PARAMETER_TEXT, .required = true, .doc = "the neighbour that is mistaken for another"},
    {.key = "as", .type = PARAMETER_NUMBER, .fallback = "65535", .doc = "the AS that it is taken to be in"},
};
static const struct fault_parameter_row filter_parameters[] = {
    {.key = "neighbour", .type = PARAMETER_TEXT, .required = true, .doc = "the neighbour whose filter it is"},
    {.key = "destination",
     .type = PARAMETER_DESTINATION,
     .required = true,
     .doc = "the network that does not pass, with all that lies in it"},
    {.key = "direction",
     FAULT_WORDS(directions),
     .doc = "whether it is not taken from the neighbour, or not told to it"},
};
static const struct fault_parameter_row port_parameters[] = {
    {.key = "neighbour", .type = PARAMETER_TEXT, .doc = "the neighbour that is not let in; all where none is named"},
};
static const struct fault_parameter_row area_parameters[] = {
    {.key = "interface",
     .type = PARAMETER_TEXT,
     .required = true,
     .doc = "the interface that is in the wrong area; the router has a neighbour by it"},
    {.key = "area", .type = PARAMETER_AREA, .fallback = "1", .doc = "the area that it is in instead"},
};
const struct fault_kind fault_bgp_as_mismatch = {
    .name = "bgp-as-mismatch",
    .summary = "a router takes a BGP neighbour to be in another AS than it is",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 1,
    FAULT_TARGETS(topology_targets),
    FAULT_PARAMETERS(as_parameters),
    .symptom = "the session opens and is closed again (bad peer AS), and what the neighbour tells is not known here",
    .tools = "birdc show protocols all, ip route, tcpdump -vv port 179 (OPEN, NOTIFICATION), labctl dump",
    .validate = validate_as,
    .rewrite_topology = rewrite_as,
};
const struct fault_kind fault_bgp_prefix_filtered = {
    .name = "bgp-prefix-filtered",
    .summary = "a router's BGP filter holds a network back that should pass",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 1,
    FAULT_TARGETS(plan_targets),
    FAULT_PARAMETERS(filter_parameters),
    .symptom =
        "the session stands and other networks are known; one is not, and is reached by another way or not at all",
    .tools = "birdc show route all, birdc show route export, birdc show protocols all (filtered), ip route, "
             "cat /etc/bird/bird.conf",
    .validate = validate_filter,
    .rewrite_plan = rewrite_filter,
};
const struct fault_kind fault_bgp_port_blocked = {
    .name = "bgp-port-blocked",
    .summary = "a router's own packet filter drops BGP",
    .family = FAMILY_FILTERING,
    .layer = 4,
    .things = 1,
    FAULT_TARGETS(plan_targets),
    FAULT_PARAMETERS(port_parameters),
    .symptom = "the session ends when its hold time is over, and stays in Active or Connect; pings between the routers "
               "are well",
    .tools = "birdc show protocols, nft list ruleset, ss -tan (SYN-SENT), tcpdump port 179",
    .validate = validate_port,
    .rewrite_plan = rewrite_port,
};
const struct fault_kind fault_ospf_area_mismatch = {
    .name = "ospf-area-mismatch",
    .summary = "a router has an interface in another OSPF area than its neighbours there",
    .family = FAMILY_ROUTING,
    .layer = 3,
    .things = 1,
    FAULT_TARGETS(topology_targets),
    FAULT_PARAMETERS(area_parameters),
    .symptom = "the routers hear each other and never become neighbours: routes that come by OSPF are missing",
    .tools =
        "birdc show ospf neighbors, birdc show ospf interface, tcpdump -v proto ospf (area), ip route, labctl dump",
    .set_key = "areas",
    .validate = validate_area,
    .rewrite_topology = rewrite_area,
};
