/* The graph for a terminal.
 *
 * Theory of operation.  Everything is a block of text.  The internet stands on top; a rail leads down from its box, and
 * what is connected to it (VPCs with an internet gateway, routers with an interface there) hangs off the rail, each box
 * by its first line.  Below stand the VPCs and routers that are not, then the bridges beside each other, then the
 * links. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "report/block.h"
#include "report/graph_connections.h"
#include "report/graph_formats.h"
#include "report/graph_members.h"
#include "report/graph_list.h"

#define WIDTH 108 /* what boxes beside each other may take */

struct drawing {
    const struct topology *topology;
    struct arena *arena;
    struct members members;
    struct block *page;
    size_t to_hang; /* boxes that still have to be hung off the rail */
};

/* Adds a box below what stands there. */
static void place(struct drawing *drawing, const struct block *box)
{
    if (drawing->page->count > 0)
        block_add(drawing->page, "%s", "");
    block_append(drawing->page, box, "", "");
}

/* Adds a box that hangs off the rail of the internet. */
static void hang(struct drawing *drawing, const struct block *box)
{
    drawing->to_hang--;
    const char *below = drawing->to_hang > 0 ? "   |   " : "       ";
    block_add(drawing->page, "   |");
    for (size_t i = 0; i < box->count; i++) {
        if (i == 1) /* the frame's first inner line */
            block_add(drawing->page, "   +---+%s", box->lines[i] + 1);
        else
            block_add(drawing->page, "%s%s", i == 0 ? "   |   " : below, box->lines[i]);
    }
}

/* ---- VPC ----------------------------------------------------------------------------------------------------- */

static struct block *subnet_box(struct drawing *drawing, const struct subnet *subnet)
{
    struct block *inside = block_new(drawing->arena);
    size_t count;
    struct interface *const *members = members_at(&drawing->members, subnet, &count);
    char address[ADDR_TEXT_MAX], public[ADDR_TEXT_MAX];
    for (size_t i = 0; i < subnet->vpc->nat_gateway_count; i++) {
        const struct nat_gateway *gateway = subnet->vpc->nat_gateways[i];
        if (gateway->subnet != subnet)
            continue;
        block_add(inside, "(nat gateway %s)  %s%s%s", gateway->name, addr_format(&gateway->address, address),
                  addr_is_set(&gateway->public_ip) ? " = " : "",
                  addr_is_set(&gateway->public_ip) ? addr_format(&gateway->public_ip, public) : "");
    }
    graph_subnet_endpoints(inside, drawing->topology, subnet);
    graph_list(inside, members, count);
    if (inside->count == 0)
        block_add(inside, "(empty)");
    block_add(inside, "%s", "");
    block_add(inside, "route table: %s", subnet->route_table ? subnet->route_table->name : "local only");
    if (subnet->network_acl && strcmp(subnet->network_acl->name, "default") != 0)
        block_add(inside, "network ACL: %s", subnet->network_acl->name);
    if (addr_is_set(&subnet->ipv6_cidr.addr))
        block_add(inside, "IPv6: %s", prefix_format(&subnet->ipv6_cidr, address));
    return block_frame(inside, graph_subnet_title(subnet, drawing->arena), 0);
}

static void add_route_tables(struct block *block, const struct vpc *vpc)
{
    size_t width = 0;
    for (size_t i = 0; i < vpc->route_table_count; i++)
        if (strlen(vpc->route_tables[i]->name) > width)
            width = strlen(vpc->route_tables[i]->name);
    for (size_t i = 0; i < vpc->route_table_count; i++) {
        const struct route_table *table = vpc->route_tables[i];
        for (size_t j = 0; j < table->route_count; j++)
            block_add(block, "%s %-*s  %s", j == 0 ? "routes" : "      ", (int)width, j == 0 ? table->name : "",
                      graph_vpc_route(&table->routes[j], block->arena));
        if (table->route_count == 0)
            block_add(block, "routes %-*s  local only", (int)width, table->name);
    }
}

static struct block *vpc_box(struct drawing *drawing, const struct vpc *vpc)
{
    struct block *inside = block_new(drawing->arena);
    char cidr[ADDR_TEXT_MAX], resolver[ADDR_TEXT_MAX];
    struct addr dns = prefix_host(&vpc->cidr, 2);
    if (vpc->internet_gateway)
        block_add(inside, "(internet gateway)");
    else
        block_add(inside, "no internet gateway");
    graph_vpc_connections(inside, drawing->topology, vpc);
    if (vpc->egress_only_gateway)
        block_add(inside, "(egress-only gateway)");
    for (size_t i = 1; i < vpc_network_count(vpc); i++) {
        struct prefix network = vpc_network(vpc, i);
        block_add(inside, "also %s", prefix_format(&network, cidr));
    }
    if (vpc->dns_support)
        block_add(inside, "resolver %s%s%s", addr_format(&dns, resolver), vpc->zone ? ", zone " : "",
                  vpc->zone ? vpc->zone : "");
    block_add(inside, "%s", "");
    struct block **boxes = arena_alloc(drawing->arena, (vpc->subnet_count + 1) * sizeof *boxes);
    for (size_t i = 0; i < vpc->subnet_count; i++)
        boxes[i] = subnet_box(drawing, vpc->subnets[i]);
    block_append(inside, block_flow(drawing->arena, boxes, vpc->subnet_count, WIDTH - 4), "", "");
    if (vpc->route_table_count > 0) {
        block_add(inside, "%s", "");
        add_route_tables(inside, vpc);
    }
    return block_frame(inside, arena_printf(drawing->arena, "vpc %s %s", vpc->name, prefix_format(&vpc->cidr, cidr)),
                       0);
}

/* ---- routers ------------------------------------------------------------------------------------------------- */

static bool is_router(const struct node *node)
{
    return node->interface_count > 1;
}

static bool on_internet(const struct node *node)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (node->interfaces[i]->attachment == ATTACH_INTERNET)
            return true;
    return false;
}

/* "bridge lan", "link uplink to isp/home0" */
static const char *leads_to(const struct interface *interface, struct arena *arena)
{
    switch (interface->attachment) {
    case ATTACH_SUBNET:
        return arena_printf(arena, "subnet %s/%s", interface->subnet->vpc->name, interface->subnet->name);
    case ATTACH_BRIDGE:
        return arena_printf(arena, "%s %s", bridge_kind(interface->bridge), interface->bridge->name);
    case ATTACH_INTERNET:
        return "internet";
    case ATTACH_LINK:
        for (size_t i = 0; i < interface->link->end_count && i < 2; i++)
            if (interface->link->ends[i] != interface)
                return arena_printf(arena, "link %s to %s", interface->link->name,
                                    graph_interface_name(interface->link->ends[i], arena));
        return arena_printf(arena, "link %s", interface->link->name);
    default:
        return "nothing";
    }
}

static struct block *router_box(struct drawing *drawing, const struct node *node)
{
    struct block *inside = block_new(drawing->arena);
    size_t name = 0, address = 0;
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < node->interface_count; i++) {
            const struct interface *interface = node->interfaces[i];
            const char *addresses = graph_addresses(interface, drawing->arena);
            if (pass == 1) {
                block_add(inside, "%-*s  %s%*s  %s%s", (int)name, interface->name, addresses,
                          block_pad(addresses, address), "", leads_to(interface, drawing->arena),
                          interface->down ? " (down)" : "");
                continue;
            }
            name = strlen(interface->name) > name ? strlen(interface->name) : name;
            address = block_columns(addresses) > address ? block_columns(addresses) : address;
        }
    }
    for (size_t i = 0; i < node->published_count; i++)
        block_add(inside, "%s", graph_published(&node->published[i], drawing->arena));
    STR_AUTO title = STR_INIT;
    const char *services = graph_services(node, drawing->arena);
    str_printf(&title, "%s%s%s", node->name, node->forwarding ? ", forwarding" : "",
               node->nat.masquerade.count > 0 ? ", nat" : "");
    if (*services)
        str_printf(&title, "  %s", services);
    return block_frame(inside, str_text(&title), 0);
}

/* ---- bridges and links --------------------------------------------------------------------------------------- */

static void place_bridges(struct drawing *drawing)
{
    const struct topology *topology = drawing->topology;
    struct block **boxes = arena_alloc(drawing->arena, (topology->bridge_count + 1) * sizeof *boxes);
    for (size_t i = 0; i < topology->bridge_count; i++) {
        const struct bridge *bridge = topology->bridges[i];
        char text[ADDR_TEXT_MAX];
        struct block *inside = block_new(drawing->arena);
        size_t count;
        struct interface *const *members = members_at(&drawing->members, bridge, &count);
        graph_list(inside, members, count);
        if (count == 0)
            block_add(inside, "(empty)");
        STR_AUTO title = STR_INIT;
        str_printf(&title, "%s %s%s%s", bridge_kind(bridge), bridge->name, bridge->stp ? ", stp" : "",
                   bridge->arp_dynamic ? ", arp dynamic" : "");
        if (bridge->network != NULL)
            str_printf(&title, " %s%s", prefix_format(&bridge->network->cidr, text),
                       bridge->network->internal ? ", internal" : "");
        if (bridge->vlan_filtering)
            str_append(&title, ", VLANs");
        if (bridge->vxlan != NULL)
            str_printf(&title, ", VXLAN %u", bridge->vxlan->id);
        if (bridge->mtu != 0)
            str_printf(&title, ", mtu %u", bridge->mtu);
        boxes[i] = block_frame(inside, str_text(&title), 0);
    }
    if (topology->bridge_count > 0)
        place(drawing, block_flow(drawing->arena, boxes, topology->bridge_count, WIDTH));
}

/* "web 10.0.0.1/30 ---- uplink (loss 0.5%) ---- 10.0.0.2/30 isp/home0" */
static void place_links(struct drawing *drawing)
{
    const struct topology *topology = drawing->topology;
    struct block *list = block_new(drawing->arena);
    const char **left = arena_alloc(drawing->arena, (topology->link_count + 1) * sizeof *left);
    size_t width = 0;
    for (size_t i = 0; i < topology->link_count; i++) {
        const struct link *link = topology->links[i];
        left[i] = link->end_count == 0
                      ? "(nothing)"
                      : arena_printf(drawing->arena, "%s  %s", graph_interface_name(link->ends[0], drawing->arena),
                                     graph_addresses(link->ends[0], drawing->arena));
        width = block_columns(left[i]) > width ? block_columns(left[i]) : width;
    }
    for (size_t i = 0; i < topology->link_count; i++) {
        const struct link *link = topology->links[i];
        const char *properties = graph_link_properties(link, drawing->arena);
        const struct interface *end = link->end_count > 1 ? link->ends[1] : NULL;
        block_add(list, "%s%*s  ---- %s%s%s%s ----  %s  %s", left[i], block_pad(left[i], width), "", link->name,
                  *properties ? " (" : "", properties, *properties ? ")" : "",
                  end ? graph_interface_name(end, drawing->arena) : "(nothing)",
                  end ? graph_addresses(end, drawing->arena) : "");
    }
    if (topology->link_count > 0)
        place(drawing, block_frame(list, "links", 0));
}

/* ---- the page ------------------------------------------------------------------------------------------------ */

static void place_internet(struct drawing *drawing)
{
    struct block *inside = block_new(drawing->arena);
    size_t count, alone = 0;
    struct interface *const *members = members_at(&drawing->members, &members_internet, &count);
    struct interface **single = arena_alloc(drawing->arena, (count + 1) * sizeof *single);
    for (size_t i = 0; i < count; i++)
        if (!is_router(members[i]->node))
            single[alone++] = members[i];
    graph_list(inside, single, alone);
    if (alone == 0)
        block_add(inside, "%s", "");
    block_append(drawing->page, block_frame(inside, "internet", 48), "", "");
}

/* VPCs and routers: those that hang off the internet, or the others. */
static void place_all(struct drawing *drawing, bool hung)
{
    const struct topology *topology = drawing->topology;
    void (*add)(struct drawing * drawing, const struct block *box) = hung ? hang : place;
    for (size_t i = 0; i < topology->vpc_count; i++)
        if (topology->vpcs[i]->internet_gateway == hung)
            add(drawing, vpc_box(drawing, topology->vpcs[i]));
    struct block **boxes = NULL;
    size_t count = 0;
    for (size_t i = 0; i < topology->node_count; i++) {
        const struct node *node = topology->nodes[i];
        if (!is_router(node) || on_internet(node) != hung)
            continue;
        if (hung)
            hang(drawing, router_box(drawing, node));
        else
            *ARENA_PUSH(drawing->arena, boxes, count) = router_box(drawing, node);
    }
    if (count > 0)
        place(drawing, block_flow(drawing->arena, boxes, count, WIDTH));
}

static void count_hung(struct drawing *drawing)
{
    const struct topology *topology = drawing->topology;
    for (size_t i = 0; i < topology->vpc_count; i++)
        drawing->to_hang += topology->vpcs[i]->internet_gateway;
    for (size_t i = 0; i < topology->node_count; i++)
        drawing->to_hang += is_router(topology->nodes[i]) && on_internet(topology->nodes[i]);
}

static void place_connections(struct drawing *drawing)
{
    const struct topology *topology = drawing->topology;
    size_t count = topology->transit_gateway_count;
    struct block **boxes = arena_alloc(drawing->arena, (count + 1) * sizeof *boxes);
    for (size_t i = 0; i < count; i++)
        boxes[i] = graph_transit_gateway(topology->transit_gateways[i], drawing->arena);
    if (topology->cloud_service_count > 0)
        boxes[count++] = graph_cloud_services(topology, drawing->arena);
    if (count > 0)
        place(drawing, block_flow(drawing->arena, boxes, count, WIDTH));
}

static void place_unattached(struct drawing *drawing)
{
    STR_AUTO names = STR_INIT;
    for (size_t i = 0; i < drawing->topology->node_count; i++) {
        const struct node *node = drawing->topology->nodes[i];
        bool attached = false;
        for (size_t j = 0; j < node->interface_count; j++)
            attached = attached || node->interfaces[j]->attachment != ATTACH_NONE;
        if (!attached)
            str_printf(&names, "%s%s", names.length > 0 ? ", " : "", node->name);
    }
    if (names.length == 0)
        return;
    struct block *text = block_new(drawing->arena);
    block_add(text, "not attached: %s", str_text(&names));
    place(drawing, text);
}

void graph_write_ascii(const struct topology *topology, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    struct drawing drawing = {
        .topology = topology, .arena = arena, .members = members_of(topology, arena), .page = block_new(arena)};
    str_printf(out, "%s%s%s\n\n", topology->name ? topology->name : "lab", topology->title ? ": " : "",
               topology->title ? topology->title : "");
    count_hung(&drawing);
    if (topology_uses_internet(topology))
        place_internet(&drawing);
    place_all(&drawing, true);
    place_all(&drawing, false);
    place_connections(&drawing);
    place_bridges(&drawing);
    place_links(&drawing);
    place_unattached(&drawing);
    block_write(drawing.page, out);
}
