/* Building a whole plan.
 *
 * Theory of operation.  The keeper makes the nodes, one after the other, and tells of each; meanwhile this process
 * makes the cloud namespaces and bridges, then a veth pair as soon as both its namespaces are there (many in one send),
 * then configures a node as soon as all its pairs are there (one send).  So both work at the same time, and a node is
 * touched three times, whatever the size of the lab.  Bridges come up last: a bridge that is up does work for each port
 * that joins.  Interface indices are chosen beforehand, so nothing is ever looked up. */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "kernel/link.h"
#include "lab/files.h"
#include "lab/internal.h"
#include "lab/keeper.h"

#define LINKS_PER_SEND 64
#define NODES_DEADLINE (30 * NANOSECONDS_PER_SECOND) /* without any progress */

struct build {
    struct lab *lab;
    const struct plan *plan;
    struct arena *arena;
    struct plan_index *index;
    struct configuration configuration;
    struct netlink fabric;
    struct batch links;             /* waiting to be sent */
    uint32_t *ends_missing;         /* by link: namespaces that are not there yet */
    uint32_t *links_missing;        /* by namespace: links that are not there yet */
    uint32_t *namespace_of;         /* by the keeper's id */
    uint32_t *queued, queued_count; /* namespaces to be configured */
    size_t nodes, nodes_ready, links_made, configured;
    lab_progress *progress;
    void *context;
    struct error *err;
};

static void tell(struct build *b, const char *stage, size_t done, size_t total)
{
    if (b->progress && total)
        b->progress(b->context, stage, done, total);
}

/* Links with both ends in one namespace count once for it. */
static void count_missing(struct build *b)
{
    const struct plan *plan = b->plan;
    b->ends_missing = arena_alloc(b->arena, (plan->link_count + 1) * sizeof *b->ends_missing);
    b->links_missing = arena_alloc(b->arena, (plan->namespace_count + 1) * sizeof *b->links_missing);
    b->queued = arena_alloc(b->arena, (plan->namespace_count + 1) * sizeof *b->queued);
    for (size_t i = 0; i < plan->link_count; i++) {
        const struct plan_link_end *end = plan->links[i].end;
        b->ends_missing[i] = end[0].ns == end[1].ns ? 1 : 2;
        b->links_missing[end[0].ns]++;
        if (end[0].ns != end[1].ns)
            b->links_missing[end[1].ns]++;
    }
}

static void link_made(struct build *b, size_t link)
{
    const struct plan_link_end *end = b->plan->links[link].end;
    b->links_made++;
    for (int e = 0; e < (end[0].ns == end[1].ns ? 1 : 2); e++)
        if (--b->links_missing[end[e].ns] == 0 && b->plan->namespaces[end[e].ns].kind == NAMESPACE_NODE)
            b->queued[b->queued_count++] = end[e].ns;
}

static int configure_queued(struct build *b)
{
    while (b->queued_count) {
        if (configure(&b->configuration, b->queued[--b->queued_count]) != 0)
            return -1;
        b->configured++;
    }
    return 0;
}

static int send_links(struct build *b)
{
    size_t count = b->links.count;
    if (count == 0)
        return 0;
    uint64_t tags[LINKS_PER_SEND];
    memcpy(tags, b->links.tags, count * sizeof *tags);
    if (netlink_commit(&b->fabric, &b->links, b->err) != 0)
        return error_wrap(b->err, "add links");
    if (b->links.failure_count)
        return item_failure(b->plan, &b->links.failures[0], b->err);
    for (size_t i = 0; i < count; i++)
        link_made(b, tag_index(tags[i]));
    return 0;
}

/* A namespace is there: its links may be made now. */
static int namespace_there(struct build *b, uint32_t ns)
{
    struct plan_group group = plan_index_group(b->index, ns, ITEM_LINK);
    if (b->plan->namespaces[ns].kind == NAMESPACE_NODE) {
        if (configure_bridges(&b->configuration, ns) != 0)
            return -1;
        if (group.count == 0)
            b->queued[b->queued_count++] = ns;
    }
    for (size_t g = 0; g < group.count; g++) {
        size_t link = group.items[g] / 2;
        const struct plan_link_end *end = b->plan->links[link].end;
        if (end[0].ns == end[1].ns && group.items[g] % 2)
            continue;
        if (--b->ends_missing[link] > 0)
            continue;
        if (configure_link(&b->configuration, &b->links, link, true) != 0 ||
            (b->links.count == LINKS_PER_SEND && send_links(b) != 0))
            return -1;
    }
    return 0;
}

static int node_failure(struct build *b)
{
    for (size_t i = 0; b->lab->node_failed && i < b->lab->id_count; i++)
        if (b->lab->by_id[i] && b->lab->by_id[i]->failure)
            return space_failed(b->lab, b->lab->by_id[i], b->err);
    return 0;
}

/* Takes up the nodes that became ready since. */
static int take_arrived(struct build *b)
{
    struct lab *lab = b->lab;
    size_t count = lab->arrived_count;
    for (size_t i = 0; i < count; i++, b->nodes_ready++)
        if (namespace_there(b, b->namespace_of[lab->arrived[i]]) != 0)
            return -1;
    lab->arrived_count = 0;
    return 0;
}

/* Makes links and configures nodes while the keeper makes more of them. */
static int build_nodes(struct build *b)
{
    int64_t deadline = clock_boot() + NODES_DEADLINE;
    while (b->nodes_ready < b->nodes) {
        bool idle = b->links.count == 0 && b->queued_count == 0;
        int events = keeper_dispatch(b->lab->keeper, idle ? 1000 : 0, b->err);
        if (events < 0 || node_failure(b) != 0)
            return -1;
        if (b->lab->arrived_count) {
            deadline = clock_boot() + NODES_DEADLINE;
            if (take_arrived(b) != 0)
                return -1;
            tell(b, "nodes", b->nodes_ready, b->nodes);
        } else if (!idle) { /* nothing new: do what is waiting */
            if (send_links(b) != 0 || configure_queued(b) != 0)
                return -1;
        } else if (clock_boot() > deadline) {
            return error_set(b->err, ERR_SYSTEM, "make nodes: %zu of %zu after %d s without progress", b->nodes_ready,
                             b->nodes, (int)(NODES_DEADLINE / NANOSECONDS_PER_SECOND));
        }
    }
    return send_links(b) == 0 && configure_queued(b) == 0 ? 0 : -1;
}

/* Of the ports of bridges that keep VLANs apart. */
static void put_vlans(struct build *b, uint32_t ns)
{
    struct plan_group group = plan_index_group(b->index, ns, ITEM_LINK);
    for (size_t g = 0; g < group.count; g++)
        if (group.items[g] % 2)
            port_put_vlans(
                &b->links, b->plan, group.items[g] / 2,
                interfaces_index(b->configuration.interfaces, ns, b->plan->links[group.items[g] / 2].end[1].name));
}

static int bridges_up(struct build *b)
{
    struct batch *batch = &b->links;
    for (uint32_t ns = 0; ns < b->plan->namespace_count; ns++) {
        struct plan_group group = plan_index_group(b->index, ns, ITEM_BRIDGE);
        if (group.count == 0)
            continue;
        NETLINK_AUTO other = NETLINK_INIT;
        struct netlink *netlink = &b->fabric;
        if (b->plan->namespaces[ns].kind != NAMESPACE_FABRIC) {
            netlink = &other;
            if (netlink_open(space_netns(space_of(b->lab, b->plan, ns), b->err), netlink, b->err) != 0)
                return -1;
        }
        batch_clear(batch);
        put_vlans(b, ns);
        for (size_t g = 0; g < group.count; g++)
            link_up(batch, item_tag(VERB_REPLACE, ITEM_BRIDGE, group.items[g]),
                    interfaces_index(b->configuration.interfaces, ns, b->plan->bridges[group.items[g]].name), true);
        if (netlink_commit(netlink, batch, b->err) != 0)
            return -1;
        if (batch->failure_count)
            return item_failure(b->plan, &batch->failures[0], b->err);
    }
    return 0;
}

/* Asks for all namespaces, and makes what needs no node. */
static int begin(struct build *b)
{
    const struct plan *plan = b->plan;
    struct lab *lab = b->lab;
    uint32_t *all = arena_alloc(b->arena, plan->namespace_count * sizeof *all);
    uint32_t *views = arena_alloc(b->arena, (plan->hosts_view_count + 1) * sizeof *views);
    for (size_t i = 0; i < plan->hosts_view_count; i++) {
        views[i] = lab->next_view++;
        if (nodes_define_view(lab, views[i], plan, (uint32_t)i, b->err) != 0)
            return error_wrap(b->err, "define a view of /etc");
    }
    size_t count = 0;
    for (uint32_t ns = 1; ns < plan->namespace_count; ns++) {
        all[count++] = ns;
        b->nodes += plan->namespaces[ns].kind == NAMESPACE_NODE;
    }
    lab->arrived_count = 0;
    if (nodes_create(lab, plan, b->index, all, count, views, b->err) != 0)
        return -1;
    b->namespace_of = arena_alloc(b->arena, (lab->id_count + 1) * sizeof *b->namespace_of);
    for (uint32_t ns = 0; ns < plan->namespace_count; ns++)
        b->namespace_of[space_of(lab, plan, ns)->id] = ns;
    if (netlink_open(space_netns(lab->fabric, b->err), &b->fabric, b->err) != 0)
        return -1;
    for (uint32_t ns = 0; ns < plan->namespace_count; ns++)
        if (plan->namespaces[ns].kind != NAMESPACE_NODE &&
            (configure_quiet(&b->configuration, ns) != 0 || configure_bridges(&b->configuration, ns) != 0 ||
             namespace_there(b, ns) != 0))
            return -1;
    return 0;
}

static int build_network(struct build *b)
{
    if (begin(b) != 0 || build_nodes(b) != 0)
        return -1;
    tell(b, "links", b->links_made, b->plan->link_count);
    for (uint32_t ns = 0; ns < b->plan->namespace_count; ns++)
        if (b->plan->namespaces[ns].kind != NAMESPACE_NODE && configure(&b->configuration, ns) != 0)
            return -1;
    if (bridges_up(b) != 0 || impair_sync(b->lab, b->plan, b->err) != 0)
        return -1;
    tell(b, "configuration", b->plan->namespace_count, b->plan->namespace_count);
    return 0;
}

/* Nodes are born with their files; those of cloud namespaces are written here. */
static int write_cloud_files(struct build *b)
{
    for (size_t i = 0; i < b->plan->file_count; i++) {
        const struct plan_file *file = &b->plan->files[i];
        if (b->plan->namespaces[file->ns].kind == NAMESPACE_NODE)
            continue;
        struct space *space = space_of(b->lab, b->plan, file->ns);
        int root = space_root(space, b->err);
        if (root < 0 || node_file_write(root, file->path, file->content, file->length, file->mode, b->err) != 0)
            return error_wrap(b->err, "%s", space->name);
    }
    return 0;
}

static int start_processes(struct build *b)
{
    uint32_t *all = arena_alloc(b->arena, (b->plan->process_count + 1) * sizeof *all);
    for (uint32_t i = 0; i < b->plan->process_count; i++) {
        all[i] = i;
        if (process_start(b->lab, b->plan, &b->plan->processes[i], b->err) != 0)
            return -1;
    }
    if (processes_await(b->lab, b->plan, all, b->plan->process_count, b->progress, b->context, b->err) != 0 ||
        network_settle(b->lab, b->plan, b->index, b->err) != 0)
        return -1;
    for (size_t i = 0; i < b->plan->run_count; i++)
        if (run_command(b->lab, b->plan, i, b->err) != 0)
            return -1;
    return 0;
}

int lab_build(struct lab *lab, const struct plan *plan, lab_progress *progress, void *context, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct build b = {.lab = lab, .plan = plan, .arena = arena, .progress = progress, .context = context, .err = err};
    b.fabric = (struct netlink)NETLINK_INIT;
    if (lab_capable(NULL, plan, err) != 0)
        return -1;
    b.index = plan_index_new(plan, arena);
    count_missing(&b);
    configuration_init(&b.configuration, lab, plan, b.index, interfaces_new(plan, arena), arena, err);
    int result = build_network(&b);
    if (result == 0)
        result = write_cloud_files(&b);
    if (result == 0)
        result = start_processes(&b);
    configuration_end(&b.configuration);
    batch_free(&b.links);
    netlink_close(&b.fabric);
    if (result == 0)
        lab_become(lab, plan);
    return result == 0 ? lab_record(lab, err) : result;
}
