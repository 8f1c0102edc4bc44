/* Programs of the machine that a topology needs, and the packages that have them. */
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/mark.h"
#include "base/str.h"
#include "base/table.h"
#include "model/public_names.h"
#include "service/lowering.h"
#include "service/service.h"

const struct service_program program_dnsmasq = {"dnsmasq", "dnsmasq-base"}, program_nsd = {"nsd", "nsd"},
                             program_unbound = {"unbound", "unbound"}, program_named = {"named", "bind9"},
                             program_nginx = {"nginx", "nginx-light"}, program_haproxy = {"haproxy", "haproxy"},
                             program_udhcpc = {"udhcpc", "udhcpc"}, program_bird = {"bird", "bird2"};

/* Programs that are wanted, each with its first user. */
struct wanted {
    struct program_need items[16];
    size_t count;
};

static void want(struct wanted *wanted, const struct program_need *need)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->items[i].program == need->program)
            return;
    wanted->items[wanted->count++] = *need;
}

static void want_node(struct wanted *wanted, const struct node *node)
{
    for (size_t i = 0; i < node->service_count; i++) {
        const struct service *service = node->services[i];
        const struct service_program *program = service_program(service);
        if (program)
            want(wanted, &(struct program_need){program, node->name, service_kinds[service->kind].name, service->mark});
    }
    for (size_t i = 0; i < node->interface_count; i++)
        if (node->interfaces[i]->dhcp)
            want(wanted,
                 &(struct program_need){&program_udhcpc, node->name, "`dhcp: true`", node->interfaces[i]->mark});
    if (node_is_member(node))
        want(wanted, &(struct program_need){&program_dnsmasq, node->name, service_kinds[SERVICE_DNS].name, node->mark});
}

void service_programs(const struct topology *topology, void (*need)(void *context, const struct program_need *need),
                      void *context)
{
    const char *dns = service_kinds[SERVICE_DNS].name;
    const struct internet *internet = &topology->internet;
    struct mark mark = internet->mark.line ? internet->mark : topology->name_mark;
    struct wanted wanted = {.count = 0};
    for (size_t i = 0; i < topology->node_count; i++)
        want_node(&wanted, topology->nodes[i]);
    for (size_t i = 0; i < topology->vpc_count; i++)
        if (topology->vpcs[i]->dns_support)
            want(&wanted,
                 &(struct program_need){&program_dnsmasq, topology->vpcs[i]->name, dns, topology->vpcs[i]->mark});
    if (topology_uses_names(topology)) {
        want(&wanted, &(struct program_need){&program_nsd, "internet", dns, mark});
        want(&wanted, &(struct program_need){&program_unbound, "internet", dns, mark});
    }
    for (size_t i = 0; i < wanted.count; i++)
        need(context, &wanted.items[i]);
}

bool service_program_installed(const char *program)
{
    /* What nodes see of the machine, and have in their PATH. */
    static const char *const places[] = {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/",
                                         "/usr/bin/",        "/sbin/",          "/bin/"};
    if (*program == '/')
        return access(program, X_OK) == 0;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        char path[256];
        snprintf(path, sizeof path, "%s%s", places[i], program);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* ---- what is missing ------------------------------------------------------------------------------------------- */

/* Tells of one missing program: what and for whom, and what helps. */
typedef void missing_fn(void *context, struct mark mark, const char *text, const char *remedy);

struct search {
    missing_fn *missing;
    void *context;
};

static void look_for(void *context, const struct program_need *need)
{
    const struct search *search = context;
    STR_AUTO text = STR_INIT;
    STR_AUTO remedy = STR_INIT;
    if (service_program_installed(need->program->name))
        return;
    str_printf(&text, "the program %s is missing (%s needs it, kind '%s')", need->program->name, need->user,
               need->purpose);
    str_printf(&remedy, "apt-get install %s", need->program->package);
    search->missing(search->context, need->mark, str_text(&text), str_text(&remedy));
}

static void look_for_required(const struct search *search, const struct node *node)
{
    for (size_t i = 0; i < node->requires.count; i++) {
        STR_AUTO text = STR_INIT;
        if (service_program_installed(node->requires.items[i]))
            continue;
        str_printf(&text, "the program %s is missing (node %s requires it)", node->requires.items[i], node->name);
        search->missing(search->context, node->requires_marks ? node->requires_marks[i] : node->mark, str_text(&text),
                        "install the package that has it");
    }
}

static void each_missing(const struct topology *topology, missing_fn *missing, void *context)
{
    struct search search = {missing, context};
    service_programs(topology, look_for, &search);
    for (size_t i = 0; i < topology->node_count; i++)
        look_for_required(&search, topology->nodes[i]);
}

static void add_line(void *context, struct mark mark, const char *text, const char *remedy)
{
    struct str *lines = context;
    (void)mark;
    str_printf(lines, "%s%s: %s", lines->length ? "\n" : "", text, remedy);
}

int service_programs_check(const struct topology *topology, struct error *err)
{
    STR_AUTO lines = STR_INIT;
    each_missing(topology, add_line, &lines);
    return lines.length ? error_set(err, ERR_CAPABILITY, "%s", str_text(&lines)) : 0;
}

static void add_finding(void *context, struct mark mark, const char *text, const char *remedy)
{
    struct findings *findings = context;
    findings_add(findings, FINDING_WARNING, "missing-program", mark, "%s", text)->hint =
        arena_strdup(findings->arena, remedy);
}

void service_programs_find(const struct topology *topology, struct findings *findings)
{
    each_missing(topology, add_finding, findings);
}
