/* Rules of services: ports, addresses, zones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "rules/check.h"

static bool is_any(const struct addr *addr)
{
    static const struct addr none;
    return !addr_is_set(addr) || memcmp(addr->bytes, none.bytes, sizeof addr->bytes) == 0;
}

static bool clash(const struct service *a, const struct service *b)
{
    bool same = (service_listens_tcp(a->kind) && service_listens_tcp(b->kind)) ||
                (service_listens_udp(a->kind) && service_listens_udp(b->kind));
    return same && a->port == b->port && a->port != 0 &&
           (is_any(&a->bind) || is_any(&b->bind) || addr_equal(&a->bind, &b->bind));
}

static int by_port(const void *a, const void *b)
{
    const struct service *x = *(const struct service *const *)a, *y = *(const struct service *const *)b;
    if (x->port != y->port)
        return x->port < y->port ? -1 : 1;
    return mark_compare(x->mark, y->mark);
}

static void port_conflict(struct rules *rules, const struct node *node)
{
    size_t count = node->service_count;
    const struct service **sorted = arena_copy(rules->scratch, node->services, count * sizeof *sorted);
    if (count > 1)
        qsort(sorted, count, sizeof *sorted, by_port);
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k-- > 0 && sorted[k]->port == sorted[i]->port;) {
            const struct service *late = sorted[i], *early = sorted[k];
            if (!clash(early, late))
                continue;
            elsewhere(broken(rules, late->mark, "service '%s' wants port %u of node '%s', which service '%s' has",
                             late->name, late->port, node->name, early->name),
                      early->mark, "the other service");
            break;
        }
}

void check_port_conflict(struct rules *rules)
{
    each_node(rules, port_conflict);
}

static bool can_bind(const struct node *node, const struct addr *addr)
{
    static const struct prefix loopback = {{4, {127}}, 8};
    static const struct addr loopback6 = {6, {[15] = 1}};
    if (is_any(addr) || prefix_contains(&loopback, addr) || addr_equal(addr, &loopback6))
        return true;
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; a < node->interfaces[i]->address_count; a++)
            if (addr_equal(&node->interfaces[i]->addresses[a].addr, addr))
                return true;
    return false;
}

static void bind_address(struct rules *rules, const struct node *node)
{
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < node->service_count; i++)
        if (!can_bind(node, &node->services[i]->bind))
            broken(rules, node->services[i]->mark, "service '%s' binds to %s, which is not an address of node '%s'",
                   node->services[i]->name, addr_format(&node->services[i]->bind, text), node->name);
}

void check_bind_address(struct rules *rules)
{
    each_node(rules, bind_address);
}

/* ---- zones ----------------------------------------------------------------------------------------------------- */

static bool is_domain(const char *text)
{
    size_t label = 0, length = strlen(text);
    if (length == 0 || length > 254)
        return false;
    for (const char *c = text; *c; c++) {
        if (*c == '.') {
            if (label == 0 && strcmp(text, ".") != 0)
                return false;
            label = 0;
        } else if (*c <= ' ' || *c == 0x7f || strchr(",\"'\\/", *c) || ++label > 63) {
            return false;
        }
    }
    return true;
}

/* "10 mail", "0 5 5060 sip": `count` numbers and a name. */
static bool is_numbered(const char *text, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char *end;
        unsigned long value = strtoul(text, &end, 10);
        if (end == text || *end != ' ' || value > 65535 || *text == '-' || *text == '+')
            return false;
        text = end + 1;
    }
    return is_domain(text);
}

/* NULL where the value fits the type, else what would. */
static const char *misfit(const struct dns_record *record)
{
    struct addr addr;
    bool is_addr = addr_parse(record->value, &addr);
    switch (record->type) {
    case RECORD_A:
        return is_addr && addr.family == 4 ? NULL : "an IPv4 address";
    case RECORD_AAAA:
        return is_addr && addr.family == 6 ? NULL : "an IPv6 address";
    case RECORD_CNAME:
    case RECORD_PTR:
    case RECORD_NS:
        return !is_addr && is_domain(record->value) ? NULL : "a name";
    case RECORD_MX:
        return is_numbered(record->value, 1) ? NULL : "a preference and a name, such as '10 mail'";
    case RECORD_SRV:
        return is_numbered(record->value, 3) ? NULL : "priority, weight, port and a name, such as '0 5 5060 sip'";
    case RECORD_TXT:
        return strpbrk(record->value, "\n\r") ? "one line of text" : NULL;
    case RECORD_TYPE_COUNT:
        break;
    }
    return NULL;
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

static void zones(struct rules *rules, const struct node *node)
{
    for (size_t i = 0; i < node->service_count; i++)
        for (size_t z = 0; z < node->services[i]->zone_count; z++)
            zone(rules, &node->services[i]->zones[z]);
}

void check_dns_record(struct rules *rules)
{
    each_node(rules, zones);
}
