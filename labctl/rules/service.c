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
