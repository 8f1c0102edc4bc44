/* Programs of the machine that a topology needs, and the packages that have them. */
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
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
    struct {
        const struct service_program *program;
        const char *user, *purpose;
    } items[16];
    size_t count;
};

static void want(struct wanted *wanted, const struct service_program *program, const char *user, const char *purpose)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->items[i].program == program)
            return;
    wanted->items[wanted->count].program = program;
    wanted->items[wanted->count].user = user;
    wanted->items[wanted->count++].purpose = purpose;
}

void service_programs(const struct topology *topology,
                      void (*need)(void *context, const struct service_program *program, const char *user,
                                   const char *purpose),
                      void *context)
{
    struct wanted wanted = {.count = 0};
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t j = 0; j < topology->nodes[i]->service_count; j++) {
            const struct service *service = topology->nodes[i]->services[j];
            const struct service_program *program = service_program(service);
            if (program)
                want(&wanted, program, topology->nodes[i]->name, service_kinds[service->kind].name);
        }
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t j = 0; j < topology->nodes[i]->interface_count; j++)
            if (topology->nodes[i]->interfaces[j]->dhcp)
                want(&wanted, &program_udhcpc, topology->nodes[i]->name, "`dhcp: true`");
    for (size_t i = 0; i < topology->vpc_count; i++)
        if (topology->vpcs[i]->dns_support)
            want(&wanted, &program_dnsmasq, topology->vpcs[i]->name, service_kinds[SERVICE_DNS].name);
    for (size_t i = 0; i < topology->node_count; i++)
        if (node_is_member(topology->nodes[i]))
            want(&wanted, &program_dnsmasq, topology->nodes[i]->name, service_kinds[SERVICE_DNS].name);
    if (topology_uses_names(topology)) {
        want(&wanted, &program_nsd, "internet", service_kinds[SERVICE_DNS].name);
        want(&wanted, &program_unbound, "internet", service_kinds[SERVICE_DNS].name);
    }
    for (size_t i = 0; i < wanted.count; i++)
        need(context, wanted.items[i].program, wanted.items[i].user, wanted.items[i].purpose);
}

static bool is_installed(const char *program)
{
    static const char *const places[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"}; /* what nodes see of the machine */
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", places[i], program);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static void note_missing(void *context, const struct service_program *program, const char *user, const char *purpose)
{
    struct str *missing = context;
    if (!is_installed(program->name))
        str_printf(missing, "%sthe program %s is missing (%s needs it, kind '%s'): apt-get install %s",
                   missing->length ? "\n" : "", program->name, user, purpose, program->package);
}

int service_programs_check(const struct topology *topology, struct error *err)
{
    STR_AUTO missing = STR_INIT;
    service_programs(topology, note_missing, &missing);
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t j = 0; j < topology->nodes[i]->requires.count; j++)
            if (!is_installed(topology->nodes[i]->requires.items[j]))
                str_printf(&missing,
                           "%sthe program %s is missing (node %s requires it): install the package that has it",
                           missing.length ? "\n" : "", topology->nodes[i]->requires.items[j], topology->nodes[i]->name);
    return missing.length ? error_set(err, ERR_CAPABILITY, "%s", str_text(&missing)) : 0;
}
