/* Interfaces that get their addresses from the wire.
 *
 * `dhcp`: udhcpc with its script, where an administrator looks for it (/etc/udhcpc/default.script); what the server
 * says is put into the node by that script.  What clients are told is part of their process: when it changes, they ask
 * anew, as an administrator would have them do.  `slaac` is the kernel's own work: nothing runs for it. */
#include "base/arena.h"
#include "base/sha256.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "service/lowering.h"

#define SCRIPT "/etc/udhcpc/default.script"
#define WITHIN (10 * NANOSECONDS_PER_SECOND) /* also where a spanning tree has to settle before */

static const char script_head[] = "#!/bin/sh\n# What udhcpc was told becomes the machine's: udhcpc(8).\n";
static const char script[] =
    "case $1 in\n"
    "deconfig)\n"
    "    ip link set dev \"$interface\" up\n"
    "    ip -4 address flush dev \"$interface\"\n"
    "    ;;\n"
    "bound|renew)\n"
    "    ip -4 address show dev \"$interface\" | grep -q \" $ip/$mask \" ||\n"
    "        ip -4 address flush dev \"$interface\"\n"
    "    ip address replace \"$ip/$mask\" broadcast + dev \"$interface\"\n"
    "    network=$(ip -4 route show dev \"$interface\" proto kernel | cut -d ' ' -f 1)\n"
    "    ip route change \"$network\" dev \"$interface\" proto kernel scope link src \"$ip\" congctl \"$congestion\"\n"
    "    ip -4 route flush dev \"$interface\" proto dhcp\n"
    "    gateway=${router%% *}\n"
    "    [ -z \"$gateway\" ] || ip route add default via \"$gateway\" dev \"$interface\" proto dhcp src \"$ip\" \\\n"
    "        metric 100 congctl \"$congestion\"\n";
static const char script_resolver[] =
    "    if [ -n \"$dns\" ]; then\n"
    "        for server in $dns; do echo \"nameserver $server\"; done >/etc/resolv.conf\n"
    "        [ -z \"$domain\" ] || echo \"search $domain\" >>/etc/resolv.conf\n"
    "    fi\n";
static const char script_end[] = "    ;;\nesac\n";

bool service_has_clients(const struct node *node)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (node->interfaces[i]->dhcp)
            return true;
    return false;
}

/* What the servers on the wire tell this client, as a text that differs when it differs. */
static const char *offers(const struct topology *topology, const struct interface *client, struct arena *arena)
{
    char text[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
    STR_AUTO out = STR_INIT;
    const struct interface *server;
    const struct service *service;
    for (size_t i = 0; (service = dhcp_server(topology, client, i, &server)); i++) {
        const struct dhcp *dhcp = service->dhcp;
        struct addr addr = dhcp_router(service, server);
        str_printf(&out, "%s %u %s %s", service->node->name, dhcp->lease, addr_format(&addr, text),
                   dhcp->domain ? dhcp->domain : "");
        for (size_t k = 0; addr = dhcp_name_server(service, server, k), addr_is_set(&addr); k++)
            str_printf(&out, " %s", addr_format(&addr, text));
        for (size_t k = 0; k < dhcp->range_count; k++)
            str_printf(&out, " %s-%s", addr_format(&dhcp->ranges[k].first, text),
                       addr_format(&dhcp->ranges[k].last, last));
        for (size_t k = 0; k < dhcp->reservation_count; k++)
            if (dhcp->reservations[k].client == client)
                str_printf(&out, " %s", addr_format(&dhcp->reservations[k].addr, text));
        str_append_char(&out, '\n');
    }
    char hash[SHA256_TEXT];
    sha256_text(str_text(&out), out.length, hash);
    return arena_strdup(arena, hash);
}

static bool declares(const struct node *node, const char *path)
{
    for (size_t i = 0; i < node->file_count; i++)
        if (str_equal(node->files[i].path, path))
            return true;
    return false;
}

/* The resolver that the author declares has the last word. */
static void put_script(const struct topology *topology, struct plan *plan, uint32_t ns, const struct node *node)
{
    STR_AUTO text = STR_INIT;
    if (declares(node, SCRIPT))
        return;
    str_printf(&text, "%scongestion=%s\n%s", script_head, node_congestion_control(topology, node), script);
    if (!node->resolver.declared && !declares(node, "/etc/resolv.conf"))
        str_append(&text, script_resolver);
    str_append(&text, script_end);
    *ARENA_PUSH(plan->arena, plan->files, plan->file_count) =
        (struct plan_file){.ns = ns,
                           .path = SCRIPT,
                           .content = arena_strdup(plan->arena, str_text(&text)),
                           .length = text.length,
                           .mode = 0755,
                           .origin = arena_printf(plan->arena, "node/%s", node->name)};
}

static void put_client(const struct topology *topology, struct plan *plan, uint32_t ns,
                       const struct interface *interface)
{
    const char *node = interface->node->name, *name = interface->name;
    struct arena *arena = plan->arena;
    const char *const argv[] = {"udhcpc", "-f", "-i", arena_strdup(arena, name),
                                "-t",     "5",  "-T", "1",
                                "-A",     "2",  "-x", arena_printf(arena, "hostname:%s", node)};
    struct plan_process *process = ARENA_PUSH(arena, plan->processes, plan->process_count);
    *process = (struct plan_process){.ns = ns,
                                     .name = arena_printf(arena, "%s/dhcp-%s", node, name),
                                     .origin = arena_printf(arena, "node/%s/%s", node, name),
                                     .argv = arena_copy(arena, argv, sizeof argv),
                                     .argc = ARRAY_SIZE(argv),
                                     .configuration = offers(topology, interface, arena),
                                     .ready = READY_ADDRESS,
                                     .ready_addr = {.family = 4},
                                     .ready_interface = argv[3],
                                     .ready_hoped = true,
                                     .ready_within = WITHIN,
                                     .restart = true};
}

void service_lower_clients(const struct topology *topology, struct plan *plan, uint32_t ns, const struct node *node)
{
    if (!service_has_clients(node))
        return;
    put_script(topology, plan, ns, node);
    for (size_t i = 0; i < node->interface_count; i++)
        if (node->interfaces[i]->dhcp && !node->interfaces[i]->down)
            put_client(topology, plan, ns, node->interfaces[i]);
}
