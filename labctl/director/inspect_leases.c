/* What a node got from the wire: addresses that no file knows, read back from the node's kernel for `labctl inspect`.
 */
#include "base/addr.h"
#include "base/map.h"
#include "director/internal.h"
#include "kernel/dump.h"
#include "lab/lab.h"
#include "model/topology.h"

static bool known(const struct interface *interface, const struct prefix *address)
{
    for (size_t i = 0; i < interface->address_count; i++)
        if (addr_equal(&interface->addresses[i].addr, &address->addr))
            return true;
    return false;
}

json_t *leases_json(struct lab *lab, const struct interface *interface)
{
    json_t *leased = json_array();
    struct observation *seen = NULL;
    char text[ADDR_TEXT_MAX];
    if (lab_observe(lab, interface->node->name, &seen, NULL) != 0)
        return leased;
    const struct observed_link *link = map_get(seen->by_name, interface->name);
    for (size_t i = 0; link && i < seen->address_count; i++) {
        const struct observed_address *address = &seen->addresses[i];
        if (address->interface == link->index && !address->linklocal && !known(interface, &address->address))
            json_array_append_new(leased, json_string(prefix_format(&address->address, text)));
    }
    observation_free(seen);
    return leased;
}
