/* Rules of zones: their records, and to whom the internet's are delegated. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/str.h"
#include "model/public_names.h"
#include "rules/check.h"

static const char *misfit(const struct dns_record *record)
{
    return record->interface ? NULL : record_misfit(record->type, record->value); /* a node's address fits */
}

static int by_name(const void *a, const void *b)
{
    const struct dns_record *x = *(const struct dns_record *const *)a, *y = *(const struct dns_record *const *)b;
    int order = strcasecmp(x->name, y->name);
    return order != 0 ? order : mark_compare(x->mark, y->mark);
}

/* Records of one name: a CNAME stands alone. */
static void lone_cname(struct rules *rules, const struct dns_record *const *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (records[i]->type != RECORD_CNAME)
            continue;
        const struct dns_record *other = i > 0 ? records[0] : count > 1 ? records[1] : NULL;
        if (str_equal(records[i]->name, "@"))
            broken(rules, records[i]->mark, "the zone itself cannot be a CNAME");
        else if (other)
            elsewhere(broken(rules, records[i]->mark, "'%s' is a CNAME and has another record: a CNAME stands alone",
                             records[i]->name),
                      other->mark, "the other record");
    }
}

static void zone(struct rules *rules, const struct dns_zone *zone_)
{
    size_t count = zone_->record_count;
    const struct dns_record **sorted = arena_alloc(rules->scratch, (count + 1) * sizeof *sorted);
    for (size_t i = 0; i < count; i++) {
        const struct dns_record *record = sorted[i] = &zone_->records[i];
        const char *wanted = misfit(record);
        if (wanted)
            broken(rules, record->mark, "'%s' is no %s record of '%s': it takes %s", record->value,
                   record_type_name(record->type), record->name, wanted);
    }
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && strcasecmp(sorted[first]->name, sorted[end]->name) == 0; end++)
            continue;
        lone_cname(rules, sorted + first, end - first);
    }
}

static void zones(struct rules *rules, const struct dns_zone *zones_, size_t count)
{
    for (size_t i = 0; i < count; i++)
        zone(rules, &zones_[i]);
}

/* dnsmasq, which serves what has neither views nor `recursion: false`, does not start with aliases in a circle. */
static void circles(struct rules *rules, const struct service *service)
{
    if (service->view_count || !service->recursion)
        return;
    for (size_t z = 0; z < service->zone_count; z++)
        for (size_t r = 0; r < service->zones[z].record_count; r++) {
            const struct dns_record *record = &service->zones[z].records[r];
            const char *zone_name = service->zones[z].name;
            if (record->type == RECORD_CNAME && record_leads_to(service->zones, service->zone_count,
                                                                record_target(rules->scratch, zone_name, record->value),
                                                                record_owner(rules->scratch, zone_name, record->name)))
                broken(rules, record->mark, "the alias '%s' leads back to itself: service '%s' does not start with it",
                       record->name, service->name);
        }
}

static void node_zones(struct rules *rules, const struct node *node)
{
    for (size_t i = 0; i < node->service_count; i++) {
        const struct service *service = node->services[i];
        zones(rules, service->zones, service->zone_count);
        circles(rules, service);
        for (size_t v = 0; v < service->view_count; v++)
            zones(rules, service->views[v].zones, service->views[v].zone_count);
    }
}

void check_dns_record(struct rules *rules)
{
    each_node(rules, node_zones);
    zones(rules, rules->topology->internet.zones, rules->topology->internet.zone_count);
}

/* ---- delegations of the internet's zones ---- */

typedef void server_check(struct rules *rules, const struct dns_zone *zone, const struct dns_record *record,
                          const char *child, const char *server);

static void each_name_server(struct rules *rules, server_check *check)
{
    const struct internet *internet = &rules->topology->internet;
    for (size_t z = 0; z < internet->zone_count; z++)
        for (size_t r = 0; r < internet->zones[z].record_count; r++) {
            const struct dns_zone *in = &internet->zones[z];
            const struct dns_record *record = &in->records[r];
            if (record->type == RECORD_NS && !misfit(record))
                check(rules, in, record, record_owner(rules->scratch, in->name, record->name),
                      record_target(rules->scratch, in->name, record->value));
        }
}

/* The first address that the internet's zones give for a name; family 0 = none. */
static struct addr address_of_name(struct rules *rules, const char *name)
{
    const struct internet *internet = &rules->topology->internet;
    for (size_t z = 0; z < internet->zone_count; z++)
        for (size_t r = 0; r < internet->zones[z].record_count; r++) {
            const struct dns_record *record = &internet->zones[z].records[r];
            struct addr addr;
            if (record->type != RECORD_A ||
                strcasecmp(record_owner(rules->scratch, internet->zones[z].name, record->name), name) != 0)
                continue;
            if (record->interface)
                return interface_public_address(record->interface);
            if (addr_parse(record->value, &addr))
                return addr;
        }
    return (struct addr){0};
}

/* Does a resolver find the name below a zone that is delegated to machines of the lab? */
static bool is_elsewhere(struct rules *rules, const char *child, const char *server)
{
    const struct name_tree *tree = name_tree_build(rules->topology, rules->scratch);
    for (size_t i = 0; i < tree->zone_count; i++)
        if (tree->zones[i]->delegated && domain_contains(tree->zones[i]->name, server) &&
            !domain_contains(child, server))
            return true;
    return false;
}

static void delegation_address(struct rules *rules, const struct dns_zone *zone_, const struct dns_record *record,
                               const char *child, const char *server)
{
    struct addr addr = address_of_name(rules, server);
    if (addr_is_set(&addr) || is_elsewhere(rules, child, server))
        return;
    struct finding *finding =
        broken(rules, record->value_mark, "the name server '%s' of '%s' has no address", server, child);
    const char *relative = arena_printf(rules->scratch, "%s.%s", server, zone_->name);
    struct addr meant = address_of_name(rules, relative);
    if (addr_is_set(&meant))
        remedy(rules, finding, "a name with dots is complete: did you mean '%s'?", relative);
    else if (domain_contains(zone_->name, server))
        remedy(rules, finding, "add it to the zone: \"%.*s\": ADDRESS, or the node that it is",
               (int)(strlen(server) > strlen(zone_->name) ? strlen(server) - strlen(zone_->name) - 1 : 1),
               strlen(server) > strlen(zone_->name) ? server : "@");
    else
        remedy(rules, finding, "a zone under `internet: zones:` must give it");
}

void check_zone_delegation(struct rules *rules)
{
    each_name_server(rules, delegation_address);
}

static bool has_zone(const struct dns_zone *zones_, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(zones_[i].name, name) == 0)
            return true;
    return false;
}

/* Has the node the zone?  What an author's own program or what is behind a translation has is not known. */
static bool may_serve(const struct node *node, const char *name)
{
    if (node->nat.forward_count > 0)
        return true;
    for (size_t i = 0; i < node->service_count; i++) {
        const struct service *service = node->services[i];
        if (service->kind == SERVICE_EXEC || has_zone(service->zones, service->zone_count, name))
            return true;
        for (size_t v = 0; v < service->view_count; v++)
            if (has_zone(service->views[v].zones, service->views[v].zone_count, name))
                return true;
    }
    return false;
}

static void lame_server(struct rules *rules, const struct dns_zone *zone_, const struct dns_record *record,
                        const char *child, const char *server)
{
    char text[ADDR_TEXT_MAX];
    struct addr addr = address_of_name(rules, server);
    const struct node *node = addr_is_set(&addr) ? node_at(rules->topology, &addr) : NULL;
    if (!addr_is_set(&addr) || (node && may_serve(node, child)))
        return;
    if (!node && strcasecmp(child, zone_->name) != 0)
        remedy(rules,
               broken(rules, record->value_mark, "nobody serves '%s': no node has the address %s of '%s'", child,
                      addr_format(&addr, text), server),
               "a node with that address and a dns service that has the zone");
    else if (node)
        remedy(rules,
               broken(rules, record->value_mark, "node '%s' does not serve '%s', which is delegated to it", node->name,
                      child),
               "services: { dns: { zones: { %s: {} } } } at that node", child);
}

static bool is_server_of(struct rules *rules, const struct name_zone *delegated, const char *name)
{
    for (size_t i = 0; i < delegated->declared->record_count; i++) {
        const struct dns_record *record = &delegated->declared->records[i];
        if (record->type == RECORD_NS &&
            strcasecmp(record_target(rules->scratch, delegated->name, record->value), name) == 0)
            return true;
    }
    return false;
}

/* Of a zone that others serve, its parent tells the name servers and their addresses, and nothing else. */
static void untold_records(struct rules *rules, const struct name_zone *delegated)
{
    for (size_t i = 0; i < delegated->declared->record_count; i++) {
        const struct dns_record *record = &delegated->declared->records[i];
        const char *name = record_owner(rules->scratch, delegated->name, record->name);
        bool glue = record->type == RECORD_A || record->type == RECORD_AAAA;
        if ((record->type == RECORD_NS && strcasecmp(name, delegated->name) == 0) ||
            (glue && is_server_of(rules, delegated, name)))
            continue;
        remedy(rules,
               broken(rules, record->mark, "nobody tells '%s': '%s' is delegated to a node, which has its own records",
                      record->name, delegated->name),
               "put it into the zone of that node's dns service");
    }
}

void check_zone_unserved(struct rules *rules)
{
    if (rules->topology->internet.zone_count == 0)
        return;
    each_name_server(rules, lame_server);
    const struct name_tree *tree = name_tree_build(rules->topology, rules->scratch);
    for (size_t i = 0; i < tree->zone_count; i++)
        if (tree->zones[i]->delegated)
            untold_records(rules, tree->zones[i]);
}
