/* Docker-like networks, at the host and at the members.
 *
 * The host has one table, `ip networks`, as Docker's own rules say it: published ports are translated on the way in and
 * for the host's own programs; what leaves a network has the host's address, and so has a member that comes back to a
 * published port of its own network, as the answer must pass here; into a network pass answers, what was published, and
 * nothing else, from one network to another neither.
 *
 * A member has a name service of its own at 127.0.0.11, dnsmasq here: it knows the members of all networks that the
 * node is in, and nobody else; other names it asks for where the file says, else where the host would.  As Docker's, it
 * listens on a port that nobody else wants, and what the node sends to 127.0.0.11:53 is translated to it: a name server
 * of the node's own may listen on port 53 of all addresses. */
#include "base/arena.h"
#include "base/str.h"
#include "lower/lowering.h"
#include "model/public_names.h"

#define TTL  600   /* as Docker's */
#define PORT 61053 /* above those that a socket gets by itself (net.ipv4.ip_local_port_range) */

const struct addr embedded_resolver = {.family = 4, .bytes = {127, 0, 0, 11}};

/* ---- the host --------------------------------------------------------------------------------------------------- */

/* "fib daddr type local tcp dport 8080 dnat to 172.18.0.5:80" */
static void write_published(struct str *out, const struct node *node)
{
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < node->published_count; i++) {
        const struct published *published = &node->published[i];
        struct addr to = published_target(published);
        if (!addr_is_set(&to))
            continue;
        if (addr_is_set(&published->address))
            str_printf(out, "\t\tip daddr %s", addr_format(&published->address, text));
        else
            str_append(out, "\t\tfib daddr type local");
        str_printf(out, " %s dport %u dnat to %s:%u\n", protocol_name(published->protocol), published->port,
                   addr_format(&to, text), published->target_port);
    }
}

static void write_translation(struct str *body, const struct node *node)
{
    STR_AUTO in = STR_INIT;
    write_published(&in, node);
    if (in.length == 0)
        return;
    str_printf(body, "\tchain prerouting {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n%s\t}\n",
               str_text(&in));
    str_printf(body, "\tchain output {\n\t\ttype nat hook output priority -100; policy accept;\n%s\t}\n",
               str_text(&in));
}

static void write_network(struct str *out, const struct network *network)
{
    char text[ADDR_TEXT_MAX];
    const char *device = network->gateway->name, *cidr = prefix_format(&network->cidr, text);
    if (!network->internal)
        str_printf(out, "\t\tip saddr %s oifname != \"%s\" masquerade\n", cidr, device);
    str_printf(out, "\t\tip saddr %s oifname \"%s\" ct status dnat masquerade\n", cidr, device);
    str_printf(out, "\t\tip saddr 127.0.0.0/8 oifname \"%s\" masquerade\n", device);
}

static void write_isolation(struct str *out, const struct network *network)
{
    const char *device = network->gateway->name;
    str_printf(out, "\t\tiifname \"%s\" oifname \"%s\" accept\n", device, device);
    str_printf(out, "\t\toifname \"%s\" drop\n", device);
    if (network->internal)
        str_printf(out, "\t\tiifname \"%s\" drop\n", device);
}

void lower_network_host(struct lowering *l, const struct node *node, uint32_t ns)
{
    const char *origin = l->plan->namespaces[ns].origin;
    STR_AUTO out = STR_INIT;
    STR_AUTO forward = STR_INIT;
    STR_AUTO body = STR_INIT;
    for (size_t i = 0; i < l->topology->network_count; i++) {
        const struct network *network = l->topology->networks[i];
        if (network->host != node)
            continue;
        write_network(&out, network);
        write_isolation(&forward, network);
        /* A program of the host reaches a published port by 127.0.0.1 as well. */
        add_sysctl(l, ns, arena_printf(l->arena, "net/ipv4/conf/%s/route_localnet", network->gateway->name), "1",
                   origin);
    }
    if (out.length == 0)
        return;
    write_translation(&body, node);
    str_printf(&body, "\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n%s\t}\n",
               str_text(&out));
    str_printf(&body,
               "\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n"
               "\t\tct state established,related accept\n\t\tct status dnat accept\n%s\t}\n",
               str_text(&forward));
    add_nft(l, ns, "ip", "networks", &body, origin);
}

/* ---- members ---------------------------------------------------------------------------------------------------- */

/* The member's names, in one network; also its address backwards. */
static void write_members(struct str *out, const struct topology *topology, const struct network *network)
{
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < topology->node_count; i++)
        for (size_t k = 0; k < topology->nodes[i]->interface_count; k++) {
            const struct interface *interface = topology->nodes[i]->interfaces[k];
            if (interface_network(interface) != network || network->host == topology->nodes[i])
                continue;
            for (size_t a = 0; a < interface->address_count; a++)
                str_printf(out, "host-record=%s,%s\n", topology->nodes[i]->name,
                           addr_format(&interface->addresses[a].addr, text));
        }
}

static bool is_first_of(const struct node *node, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (interface_network(node->interfaces[k]) == interface_network(node->interfaces[i]))
            return false;
    return true;
}

static void write_servers(struct str *out, const struct resolver *resolver)
{
    char text[ADDR_TEXT_MAX];
    for (size_t i = 0; i < resolver->server_count; i++)
        str_printf(out, "server=%s\n", addr_format(&resolver->servers[i], text));
}

/* Whom the host would ask: its own servers, its VPC's, the public one. */
static void write_host_servers(struct lowering *l, struct str *out, const struct node *host)
{
    char text[ADDR_TEXT_MAX];
    if (host->resolver.declared) {
        write_servers(out, &host->resolver);
        return;
    }
    for (size_t i = 0; i < host->interface_count; i++) {
        const struct interface *interface = host->interfaces[i];
        struct addr server = public_resolver;
        if (interface->attachment == ATTACH_SUBNET && interface->subnet->vpc->dns_support)
            server = vpc_resolver(interface->subnet->vpc);
        else if (interface->attachment != ATTACH_INTERNET || l->names == UINT32_MAX)
            continue;
        str_printf(out, "server=%s\n", addr_format(&server, text));
        return;
    }
}

static const char *configuration(struct lowering *l, const struct node *node)
{
    char text[ADDR_TEXT_MAX];
    STR_AUTO out = STR_INIT;
    str_printf(&out,
               "no-resolv\nno-hosts\nno-poll\nbind-interfaces\nlisten-address=%s\nport=%d\npid-file=\nlog-facility=-\n"
               "user=\ngroup=\ndomain-needed\nlocal-ttl=%d\n",
               addr_format(&embedded_resolver, text), PORT, TTL);
    const struct node *host = NULL;
    for (size_t i = 0; i < node->interface_count; i++) {
        const struct network *network = interface_network(node->interfaces[i]);
        if (!network || network->host == node || !is_first_of(node, i))
            continue;
        write_members(&out, l->topology, network);
        host = host || network->internal ? host : network->host;
    }
    if (node->resolver.declared)
        write_servers(&out, &node->resolver);
    else if (host)
        write_host_servers(l, &out, host);
    return arena_strndup(l->arena, str_text(&out), out.length);
}

void lower_network_member(struct lowering *l, const struct node *node, uint32_t ns)
{
    static const char *const argv[] = {"dnsmasq", "--keep-in-foreground", "--conf-file=@configuration@"};
    if (!node_is_member(node))
        return;
    struct plan_process *process = ARENA_PUSH(l->arena, l->plan->processes, l->plan->process_count);
    *process = (struct plan_process){.ns = ns, .ready = READY_UDP_BOUND, .ready_port = PORT, .restart = true};
    /* No service of the node is called so. */
    process->name = arena_printf(l->arena, "%s/127.0.0.11", node->name);
    process->origin = arena_printf(l->arena, "node/%s", node->name);
    process->argc = sizeof argv / sizeof argv[0];
    process->argv = arena_copy(l->arena, argv, sizeof argv);
    process->configuration = configuration(l, node);
    process->ready_addr = embedded_resolver;
    STR_AUTO body = STR_INIT;
    str_printf(&body,
               "\tchain output {\n\t\ttype nat hook output priority -100; policy accept;\n"
               "\t\tip daddr 127.0.0.11 udp dport 53 dnat to 127.0.0.11:%d\n"
               "\t\tip daddr 127.0.0.11 tcp dport 53 dnat to 127.0.0.11:%d\n\t}\n",
               PORT, PORT);
    add_nft(l, ns, "ip", "names", &body, process->origin);
}
