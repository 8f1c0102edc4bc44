/* What a node is besides its interfaces: sysctls, routes, translation, its own rules, files, lines to run. */
#include "lower/lowering.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"

/* "net.ipv4.conf.eth0.100.rp_filter" → "net/ipv4/conf/eth0.100/rp_filter": dots inside an interface's name stay. */
static const char *sysctl_path(struct lowering *l, const struct node *node, const char *key)
{
    char *path = arena_strdup(l->arena, key);
    if (strchr(key, '/'))
        return path;
    for (char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.')) {
        *dot = '/';
        bool named = str_ends(arena_strndup(l->scratch, path, (size_t)(dot - path)), "/conf") ||
                     str_ends(arena_strndup(l->scratch, path, (size_t)(dot - path)), "/neigh");
        for (size_t i = 0; named && i < node->interface_count; i++) {
            const char *name = node->interfaces[i]->name;
            size_t length = strlen(name);
            if (strchr(name, '.') && strncmp(dot + 1, name, length) == 0 && dot[1 + length] == '.') {
                dot += length;
                break;
            }
        }
    }
    return path;
}

static void lower_sysctls(struct lowering *l, const struct node *node, uint32_t ns, const char *origin)
{
    if (node->forwarding) {
        add_sysctl(l, ns, "net/ipv4/ip_forward", "1", origin);
        if (l->plan->namespaces[ns].ipv6)
            add_sysctl(l, ns, "net/ipv6/conf/all/forwarding", "1", origin);
    }
    for (size_t i = 0; i < node->sysctl_count; i++)
        add_sysctl(l, ns, sysctl_path(l, node, node->sysctls[i].key), arena_strdup(l->arena, node->sysctls[i].value),
                   origin);
}

static void lower_verbatim(struct lowering *l, const struct node *node, uint32_t ns, const char *origin)
{
    if (!node->nftables)
        return;
    STR_AUTO body = STR_INIT;
    str_append(&body, node->nftables);
    add_nft(l, ns, "", "nftables", &body, origin);
    l->plan->nfts[l->plan->nft_count - 1].verbatim = true;
}

static void lower_runs(struct lowering *l, const struct node *node, uint32_t ns, const char *origin)
{
    for (size_t i = 0; i < node->run.count; i++) {
        struct plan_run *item = ARENA_PUSH(l->arena, l->plan->runs, l->plan->run_count);
        *item = (struct plan_run){.ns = ns, .command = arena_strdup(l->arena, node->run.items[i]), .origin = origin};
    }
}

void lower_node(struct lowering *l, const struct node *node, uint32_t ns)
{
    const char *origin = l->plan->namespaces[ns].origin;
    lower_sysctls(l, node, ns, origin);
    lower_node_routes(l, node, ns);
    lower_nat(l, node, ns);
    lower_network_host(l, node, ns);
    lower_network_member(l, node, ns);
    lower_policies(l, node, ns);
    lower_verbatim(l, node, ns, origin);
    lower_resolver(l, node, ns);
    lower_files(l, node, ns);
    lower_runs(l, node, ns, origin);
}
