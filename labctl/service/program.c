/* Programs of the machine that a topology needs, and the packages that have them. */
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "service/service.h"

const struct service_program service_programs[PROGRAM_COUNT] = {
    [PROGRAM_DNSMASQ] = {"dnsmasq", "dnsmasq-base", "dns, and the resolver of a VPC"},
    [PROGRAM_NGINX] = {"nginx", "nginx-light", "http with tls"},
    [PROGRAM_HAPROXY] = {"haproxy", "haproxy", "proxy"},
};

/* Who needs each program: the last one that was found. */
struct users {
    const char *names[PROGRAM_COUNT];
};

enum program service_program_of(const struct service *service)
{
    return service->kind == SERVICE_HTTP && service->tls.on ? PROGRAM_NGINX : service_kinds[service->kind].program;
}

static void note_node(struct users *users, const struct node *node)
{
    for (size_t i = 0; i < node->service_count; i++) {
        enum program program = service_program_of(node->services[i]);
        if (program != PROGRAM_NONE)
            users->names[program] = node->name;
    }
}

void service_needs(const struct topology *topology,
                   void (*need)(void *context, const struct service_program *program, const char *user), void *context)
{
    struct users users = {{NULL}};
    for (size_t i = 0; i < topology->node_count; i++)
        note_node(&users, topology->nodes[i]);
    for (size_t i = 0; i < topology->vpc_count; i++)
        if (topology->vpcs[i]->dns_support)
            users.names[PROGRAM_DNSMASQ] = topology->vpcs[i]->name;
    for (size_t i = 0; i < PROGRAM_COUNT; i++)
        if (users.names[i])
            need(context, &service_programs[i], users.names[i]);
}

bool service_program_is_there(const char *program)
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

static void note_missing(void *context, const struct service_program *program, const char *user)
{
    struct str *missing = context;
    if (!service_program_is_there(program->name))
        str_printf(missing, "%sthe program %s is missing (%s needs it: %s): apt-get install %s",
                   missing->length ? "\n" : "", program->name, user, program->summary, program->package);
}

int service_programs_check(const struct topology *topology, struct error *err)
{
    STR_AUTO missing = STR_INIT;
    service_needs(topology, note_missing, &missing);
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t j = 0; j < topology->nodes[i]->requires.count; j++)
            if (!service_program_is_there(topology->nodes[i]->requires.items[j]))
                str_printf(&missing,
                           "%sthe program %s is missing (node %s requires it): install the package that has it",
                           missing.length ? "\n" : "", topology->nodes[i]->requires.items[j], topology->nodes[i]->name);
    return missing.length ? error_set(err, ERR_CAPABILITY, "%s", str_text(&missing)) : 0;
}
