/* Rules of what a node does for others, of its files and of its sysctls. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "rules/check.h"

static void nat_interface(struct rules *rules, const struct node *node)
{
    for (size_t i = 0; i < node->nat.masquerade.count; i++)
        known_interface(rules, node, node->nat.masquerade.items[i], node->nat.mark);
    for (size_t i = 0; i < node->nat.forward_count; i++)
        if (node->nat.forwards[i].interface)
            known_interface(rules, node, node->nat.forwards[i].interface, node->nat.forwards[i].mark);
}

void check_nat_interface(struct rules *rules)
{
    each_node(rules, nat_interface);
}

static void nat_forwarding(struct rules *rules, const struct node *node)
{
    if (!node->forwarding && (node->nat.masquerade.count > 0 || node->nat.forward_count > 0))
        remedy(
            rules,
            broken(rules, node->nat.mark, "node '%s' translates addresses for others but does not forward", node->name),
            "set 'forwarding: true' at the node");
}

void check_nat_forwarding(struct rules *rules)
{
    each_node(rules, nat_forwarding);
}

static bool reaches(const struct node *node, const struct addr *addr)
{
    for (size_t i = 0; i < node->interface_count; i++)
        if (on_link(node->interfaces[i], addr) || node->interfaces[i]->gateway.family == addr->family)
            return true;
    for (size_t i = 0; i < node->route_count; i++)
        if (prefix_contains(&node->routes[i].destination, addr))
            return true;
    return false;
}

static void one_target(struct rules *rules, const struct node *node, const struct port_forward *forward,
                       const struct addr *to)
{
    char text[ADDR_TEXT_MAX];
    bool own = false;
    addr_format(to, text);
    for (size_t i = 0; i < node->interface_count; i++)
        for (size_t a = 0; a < node->interfaces[i]->address_count; a++)
            own = own || addr_equal(&node->interfaces[i]->addresses[a].addr, to);
    if (own)
        broken(rules, forward->mark, "port %u is forwarded to %s, which is node '%s' itself", forward->port, text,
               node->name);
    else if (!reaches(node, to))
        broken(rules, forward->mark, "port %u is forwarded to %s, to which node '%s' has no route", forward->port, text,
               node->name);
}

static void forward_target(struct rules *rules, const struct node *node)
{
    for (size_t f = 0; f < node->nat.forward_count; f++) {
        const struct port_forward *forward = &node->nat.forwards[f];
        if (!addr_is_set(&forward->to))
            continue;
        one_target(rules, node, forward, &forward->to);
        for (size_t i = 0; i < forward->more_count; i++)
            one_target(rules, node, forward, &forward->more[i].to);
    }
}

void check_forward_target(struct rules *rules)
{
    each_node(rules, forward_target);
}

static int by_port(const void *a, const void *b)
{
    const struct port_forward *x = *(const struct port_forward *const *)a, *y = *(const struct port_forward *const *)b;
    if (x->protocol != y->protocol)
        return x->protocol < y->protocol ? -1 : 1;
    if (x->port != y->port)
        return x->port < y->port ? -1 : 1;
    return mark_compare(x->mark, y->mark);
}

static void duplicate_forward(struct rules *rules, const struct node *node)
{
    size_t count = node->nat.forward_count;
    const struct port_forward **sorted = arena_alloc(rules->scratch, (count + 1) * sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &node->nat.forwards[i];
    qsort(sorted, count, sizeof *sorted, by_port);
    for (size_t i = 1; i < count; i++) {
        const struct port_forward *early = sorted[i - 1], *late = sorted[i];
        bool apart = early->interface && late->interface && !str_equal(early->interface, late->interface);
        if (early->protocol != late->protocol || early->port != late->port || early->to.family != late->to.family ||
            apart)
            continue;
        elsewhere(broken(rules, late->mark, "%s port %u of node '%s' is forwarded twice", protocol_name(late->protocol),
                         late->port, node->name),
                  early->mark, "the first");
    }
}

void check_duplicate_forward(struct rules *rules)
{
    each_node(rules, duplicate_forward);
}

static bool lies_under(const char *path, const char *directory)
{
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* What is not the node's own: it shares the machine's programs, and finds labctl's under /opt. */
static const struct {
    const char *directory;
    const char *owner;
} closed[] = {
    {"/proc", "the kernel"},   {"/sys", "the kernel"},     {"/dev", "the kernel"},        {"/usr", "the machine"},
    {"/bin", "the machine"},   {"/sbin", "the machine"},   {"/lib", "the machine"},       {"/lib32", "the machine"},
    {"/lib64", "the machine"}, {"/libx32", "the machine"}, {"/opt", "labctl's services"},
};

static void file_path(struct rules *rules, const struct node *node)
{
    for (size_t i = 0; i < node->file_count; i++) {
        const char *path = node->files[i].path;
        struct mark mark = node->files[i].mark;
        if (path[0] != '/')
            broken(rules, mark, "'%s' is not an absolute path", path);
        else if (str_ends(path, "/") || strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../") ||
                 str_ends(path, "/..") || str_ends(path, "/."))
            broken(rules, mark, "'%s' is not the path of a file", path);
        else
            for (size_t c = 0; c < ARRAY_SIZE(closed); c++)
                if (lies_under(path, closed[c].directory))
                    remedy(rules,
                           broken(rules, mark, "'%s' lies in %s, which belongs to %s", path, closed[c].directory,
                                  closed[c].owner),
                           "a node's own directories are such as /etc, /var, /srv, /root and /home");
    }
}

void check_file_path(struct rules *rules)
{
    each_node(rules, file_path);
}

/* ---- sysctls --------------------------------------------------------------------------------------------------- */

/* Under net., but of the whole machine or not to be set in a network namespace (Linux 6.1 to 6.18, read in one). */
static const char *const machine_wide[] = {
    "net.core.",
    "net.ipv4.neigh.default.",
    "net.ipv6.neigh.default.",
    "net.ipv4.tcp_mem",
    "net.ipv4.udp_mem",
    "net.ipv4.tcp_max_orphans",
    "net.ipv4.inet_peer_",
    "net.ipv4.tcp_available_",
    "net.ipv4.tcp_allowed_",
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_buckets",
    "net.netfilter.nf_conntrack_expect_max",
    "net.netfilter.nf_conntrack_count",
    "net.nf_conntrack_max",
    "net.ipv6.route.flush_",
    "net.ipv4.cipso_",
    "net.ipv6.calipso_",
};
static const char *const own_core[] = {"net.core.somaxconn", "net.core.txrehash"};

static bool is_own(const char *key)
{
    bool net = str_starts(key, "net.ipv4.") || str_starts(key, "net.ipv6.") || str_starts(key, "net.netfilter.") ||
               str_starts(key, "net.core.") || str_starts(key, "net.bridge.") || str_starts(key, "net.unix.") ||
               str_starts(key, "net.mptcp.");
    for (size_t i = 0; i < ARRAY_SIZE(own_core); i++)
        if (str_equal(key, own_core[i]))
            return true;
    for (size_t i = 0; net && i < ARRAY_SIZE(machine_wide); i++)
        if (str_starts(key, machine_wide[i]))
            return false;
    return net;
}

/* "net.ipv4.conf.NAME.x": is NAME an interface of the node, or all, default, lo? */
static void sysctl_interface(struct rules *rules, const struct node *node, const struct sysctl *sysctl, const char *key)
{
    static const char *const directories[] = {"net.ipv4.conf.", "net.ipv6.conf.", "net.ipv4.neigh.", "net.ipv6.neigh."};
    static const char *const others[] = {"all.", "default.", "lo."};
    const char *rest = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(directories) && !rest; i++)
        if (str_starts(key, directories[i]))
            rest = key + strlen(directories[i]);
    if (!rest)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (str_starts(rest, others[i]))
            return;
    for (size_t i = 0; i < node->interface_count; i++) {
        size_t length = strlen(node->interfaces[i]->name);
        if (strncmp(rest, node->interfaces[i]->name, length) == 0 && rest[length] == '.')
            return;
    }
    const char *dot = strrchr(rest, '.');
    known_interface(rules, node, dot ? arena_strndup(rules->scratch, rest, (size_t)(dot - rest)) : rest, sysctl->mark);
}

static void sysctls(struct rules *rules, const struct node *node)
{
    for (size_t i = 0; i < node->sysctl_count; i++) {
        const struct sysctl *sysctl = &node->sysctls[i];
        char *key = arena_strdup(rules->scratch, sysctl->key);
        if (strchr(key, '/')) /* sysctl(8) takes slashes too, then a '.' is one */
            for (char *c = key; *c; c++)
                if (*c == '/' || *c == '.')
                    *c = *c == '/' ? '.' : '/';
        if (strstr(key, "..") || !is_own(key))
            remedy(rules, broken(rules, sysctl->mark, "sysctl '%s' is not one of a node's own network", sysctl->key),
                   "a node has net.ipv4.*, net.ipv6.*, net.netfilter.* and net.core.somaxconn of its own; the rest is "
                   "the machine's");
        else if (!strchr(key, '/'))
            sysctl_interface(rules, node, sysctl, key);
    }
}

void check_sysctl(struct rules *rules)
{
    each_node(rules, sysctls);
}
