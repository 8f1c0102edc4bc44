/* The internet's name servers as processes: one NSD for each level of the tree (the root, the top-level domains, zones,
 * zones within zones), as a server that has both a parent and its child answers instead of referring; and Unbound as
 * the public resolver, which walks that tree. */
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "model/public_names.h"
#include "service/lowering.h"

#define NAMESPACE "internet/names"
#define DIRECTORY "/run/internet"
#define LONG_TTL  86400 /* of delegations above the zones */

struct names {
    const struct topology *topology;
    const struct name_tree *tree;
    struct plan *plan;
    struct arena *arena;
    uint32_t ns;
    struct str *all; /* the texts of all zones: with them the resolver begins anew, its cache empty */
};

static void add_file(struct names *n, const char *path, struct str *text)
{
    struct plan_file *file = ARENA_PUSH(n->arena, n->plan->files, n->plan->file_count);
    *file = (struct plan_file){.ns = n->ns, .path = path, .length = text->length, .mode = 0644, .origin = NAMESPACE};
    file->content = arena_strndup(n->arena, str_text(text), text->length);
    str_clear(text);
}

/* A process that is started again when the text of its files changes. */
static void add_process(struct names *n, const char *name, const char *const *argv, size_t count,
                        const struct str *text, struct addr addr)
{
    struct plan_process *process = ARENA_PUSH(n->arena, n->plan->processes, n->plan->process_count);
    *process = (struct plan_process){.ns = n->ns,
                                     .name = name,
                                     .origin = name,
                                     .argv = arena_copy(n->arena, argv, count * sizeof *argv),
                                     .argc = count,
                                     .configuration = arena_strdup(n->arena, str_text(text)),
                                     .ready = READY_UDP_BOUND,
                                     .ready_addr = addr,
                                     .ready_port = 53,
                                     .restart = true};
}

/* ---- zones ---- */

static const char *level_name(struct names *n, unsigned level)
{
    static const char *const names[] = {"root", "top-level", "zones"};
    return level < ARRAY_SIZE(names) ? names[level] : arena_printf(n->arena, "zones-%u", level - 1);
}

static bool is_among(const struct addr *addr, const struct addr *addrs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (addr_equal(&addrs[i], addr))
            return true;
    return false;
}

static void lower_zone(struct names *n, const struct name_zone *zone, const char *directory, struct str *all)
{
    STR_AUTO text = STR_INIT;
    const char *file = arena_printf(n->arena, "%s.zone", *zone->name ? zone->name : "root");
    const struct internet *internet = &n->topology->internet;
    zone_write(&text, n->arena,
               &(struct zone_text){.name = zone->name,
                                   .server = zone->server,
                                   .records = zone->records,
                                   .record_count = zone->record_count,
                                   .ttl = zone->declared || zone->level > 1 ? internet->ttl : LONG_TTL,
                                   .negative_ttl = internet->negative_ttl});
    str_append(all, str_text(&text));
    str_append(n->all, str_text(&text));
    add_file(n, arena_printf(n->arena, "%s/%s", directory, file), &text);
}

/* The server of a level; `all` gets the text of its files. */
static void lower_level(struct names *n, unsigned level)
{
    STR_AUTO text = STR_INIT;
    STR_AUTO all = STR_INIT;
    struct nsd_text nsd = {.port = 53};
    const char *name = level_name(n, level);
    nsd.directory = arena_printf(n->arena, DIRECTORY "/%s", name);
    const struct name_tree *tree = n->tree;
    for (size_t i = 0; i < tree->zone_count; i++)
        for (size_t a = 0;
             tree->zones[i]->level == level && !tree->zones[i]->delegated && a < tree->zones[i]->address_count; a++)
            if (!is_among(&tree->zones[i]->addresses[a], nsd.addresses, nsd.address_count))
                *ARENA_PUSH(n->arena, nsd.addresses, nsd.address_count) = tree->zones[i]->addresses[a];
    if (nsd.address_count == 0)
        return; /* all of them are delegated */
    nsd_write(&text, &nsd);
    for (size_t i = 0; i < tree->zone_count; i++) {
        const struct name_zone *zone = tree->zones[i];
        if (zone->level != level || zone->delegated)
            continue;
        nsd_write_zone(&text, zone->name, arena_printf(n->arena, "%s.zone", *zone->name ? zone->name : "root"));
        lower_zone(n, zone, nsd.directory, &all);
    }
    str_append(&all, str_text(&text));
    const char *path = arena_printf(n->arena, "%s/nsd.conf", nsd.directory);
    const char *const argv[] = {"nsd", "-d", "-c", path};
    add_file(n, path, &text);
    add_process(n, arena_printf(n->arena, "internet/%s", name), argv, ARRAY_SIZE(argv), &all, nsd.addresses[0]);
}

/* ---- the public resolver ---- */

/* Unbound keeps some zones from the internet by default: names for tests and the documentation's networks. */
static const char *const real_here[] = {"test.", "2.0.192.in-addr.arpa.", "100.51.198.in-addr.arpa.",
                                        "113.0.203.in-addr.arpa."};

static void lower_resolver(struct names *n)
{
    char text[ADDR_TEXT_MAX];
    STR_AUTO hints = STR_INIT;
    STR_AUTO out = STR_INIT;
    const struct name_zone *root = n->tree->zones[0];
    str_printf(&hints, ". 3600000 NS %s.\n%s. 3600000 A %s\n", root->server, root->server,
               addr_format(&root->addresses[0], text));
    addr_format(&public_resolver, text);
    str_append(&out, "server:\n    username: \"\"\n    chroot: \"\"\n    directory: \"\"\n    pidfile: \"\"\n"
                     "    use-syslog: no\n    do-daemonize: no\n    num-threads: 1\n    do-ip6: no\n");
    str_printf(&out, "    interface: %s\n    outgoing-interface: %s\n    access-control: 0.0.0.0/0 allow_snoop\n", text,
               text);
    str_printf(&out, "    module-config: \"iterator\"\n    root-hints: \"" DIRECTORY "/resolver/root.hints\"\n");
    for (size_t i = 0; i < ARRAY_SIZE(real_here); i++)
        str_printf(&out, "    local-zone: \"%s\" nodefault\n", real_here[i]);
    /* A lab is small; a server that was down is asked again at once. */
    str_append(&out,
               "    msg-cache-size: 1m\n    rrset-cache-size: 2m\n    key-cache-size: 4k\n    neg-cache-size: 4k\n"
               "    outgoing-range: 256\n    num-queries-per-thread: 128\n    incoming-num-tcp: 32\n"
               "    infra-host-ttl: 1\n    infra-keep-probing: yes\n"
               "remote-control:\n    control-enable: no\n");
    static const char *const argv[] = {"unbound", "-d", "-c", DIRECTORY "/resolver/unbound.conf"};
    str_printf(n->all, "%s%s", str_text(&hints), str_text(&out));
    add_file(n, DIRECTORY "/resolver/root.hints", &hints);
    add_file(n, argv[3], &out);
    add_process(n, "internet/resolver", argv, ARRAY_SIZE(argv), n->all, public_resolver);
}

void service_lower_public_names(const struct topology *topology, struct plan *plan)
{
    STR_AUTO all = STR_INIT;
    struct names n = {.topology = topology, .plan = plan, .arena = plan->arena, .all = &all};
    if (!topology_uses_names(topology) || (n.ns = plan_find_namespace(plan, NAMESPACE)) == UINT32_MAX)
        return;
    n.tree = name_tree_build(topology, plan->arena);
    for (unsigned level = 0; level < n.tree->levels; level++)
        lower_level(&n, level);
    lower_resolver(&n);
}
