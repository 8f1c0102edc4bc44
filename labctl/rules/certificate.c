/* Rules of certificates, and of the services that have them. */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "rules/check.h"

/* What nginx takes as one word of its configuration is a buffer of 4096 bytes (ngx_conf_file.c), escapes included. */
#define ANSWER_MAX 2000

static void answer(struct rules *rules, const struct service *service, const char *body, struct mark mark)
{
    if (body && strlen(body) > ANSWER_MAX)
        broken(rules, mark, "service '%s' answers with %zu bytes: with 'tls' at most %d", service->name, strlen(body),
               ANSWER_MAX);
}

static void answers(struct rules *rules, const struct node *node)
{
    for (size_t i = 0; i < node->service_count; i++) {
        const struct service *service = node->services[i];
        if (service->kind != SERVICE_HTTP || !service->tls.on)
            continue;
        if (service->delay)
            remedy(rules,
                   broken(rules, service->mark, "service '%s' has 'tls' and waits before it answers", service->name),
                   "let a service without 'tls' wait, behind a proxy with it");
        if (service->truncate)
            remedy(rules,
                   broken(rules, service->mark, "service '%s' has 'tls' and ends its answers early", service->name),
                   "let a service without 'tls' do that, behind a proxy with it");
        answer(rules, service, service->body, service->mark);
        for (size_t k = 0; k < service->route_count; k++)
            answer(rules, service, service->routes[k].body, service->routes[k].mark);
    }
}

void check_tls_answer(struct rules *rules)
{
    each_node(rules, answers);
}

/* Certificates of a node and of its services have files of their names. */
static void files(struct rules *rules, const struct node *node)
{
    for (size_t i = 0; i < node->service_count; i++)
        for (size_t k = 0; k < node->certificate_count && node->services[i]->tls.on; k++)
            if (strcmp(node->services[i]->name, node->certificates[k].name) == 0)
                elsewhere(broken(rules, node->certificates[k].mark,
                                 "certificate '%s' of node '%s' and that of its service '%s' would be one file",
                                 node->certificates[k].name, node->name, node->services[i]->name),
                          node->services[i]->mark, "the service");
}

void check_certificate_file(struct rules *rules)
{
    each_node(rules, files);
}

/* ---- names that lead somewhere -------------------------------------------------------------------------------------
 */

static void know(struct rules *rules, struct map *known, const char *name)
{
    char *lower = arena_strdup(rules->scratch, name);
    size_t length = strlen(lower);
    if (length && lower[length - 1] == '.')
        lower[length - 1] = '\0';
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c += 'a' - 'A';
    map_set(known, lower, lower);
}

static void know_zone(struct rules *rules, struct map *known, const struct dns_zone *zone)
{
    know(rules, known, zone->name);
    for (size_t i = 0; i < zone->record_count; i++) {
        const char *name = zone->records[i].name;
        know(rules, known, name);
        know(rules, known, arena_printf(rules->scratch, "%s.%s", name, zone->name));
    }
}

static void know_node(struct rules *rules, struct map *known, const struct node *node)
{
    know(rules, known, node->name);
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct interface *interface = node->interfaces[i];
        if (interface->attachment == ATTACH_SUBNET && interface->subnet && interface->subnet->vpc->zone)
            know(rules, known, arena_printf(rules->scratch, "%s.%s", node->name, interface->subnet->vpc->zone));
    }
    for (size_t i = 0; i < node->host_count; i++)
        know(rules, known, node->hosts[i].name);
    for (size_t i = 0; i < node->service_count; i++) {
        const struct service *service = node->services[i];
        for (size_t z = 0; z < service->zone_count; z++)
            know_zone(rules, known, &service->zones[z]);
        for (size_t v = 0; v < service->view_count; v++)
            for (size_t z = 0; z < service->views[v].zone_count; z++)
                know_zone(rules, known, &service->views[v].zones[z]);
    }
}

/* A wildcard is for one label more; what a zone has as "*" is for any name of it. */
static bool leads_somewhere(struct rules *rules, const struct map *known, const char *name)
{
    struct addr addr;
    if (addr_parse(name, &addr) || str_starts(name, "*.") || strcasecmp(name, "localhost") == 0)
        return true;
    char *lower = arena_strdup(rules->scratch, name);
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c += 'a' - 'A';
    if (map_get(known, lower))
        return true;
    const char *dot = strchr(lower, '.');
    return dot && map_get(known, arena_printf(rules->scratch, "*%s", dot));
}

static void look_up(struct rules *rules, const struct map *known, const struct certificate *certificate,
                    const char *holder)
{
    for (size_t i = 0; i < certificate->names.count; i++)
        if (!leads_somewhere(rules, known, certificate->names.items[i]))
            remedy(rules,
                   broken(rules, certificate->name_marks[i],
                          "nobody serves the name '%s' of %s: no node, no zone and no hosts entry has it",
                          certificate->names.items[i], holder),
                   "give it a record in a zone, or an entry of 'hosts'");
}

void check_certificate_name(struct rules *rules)
{
    const struct topology *topology = rules->topology;
    struct map *known = map_new(rules->scratch);
    for (size_t i = 0; i < topology->node_count; i++)
        know_node(rules, known, topology->nodes[i]);
    for (size_t z = 0; z < topology->internet.zone_count; z++)
        know_zone(rules, known, &topology->internet.zones[z]);
    for (size_t i = 0; i < topology->node_count; i++) {
        const struct node *node = topology->nodes[i];
        for (size_t k = 0; k < node->certificate_count; k++)
            look_up(rules, known, &node->certificates[k],
                    arena_printf(rules->scratch, "certificate '%s'", node->certificates[k].name));
        for (size_t k = 0; k < node->service_count; k++)
            look_up(rules, known, &node->services[k]->tls.certificate,
                    arena_printf(rules->scratch, "service '%s'", node->services[k]->name));
    }
}
