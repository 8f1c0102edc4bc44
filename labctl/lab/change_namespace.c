/* Adding, removing and changing namespaces of a running lab, and what their files show. */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "kernel/link.h"
#include "kernel/sysctl.h"
#include "lab/apply.h"
#include "lab/files.h"
#include "lab/keeper.h"

#define NODES_DEADLINE (30 * NANOSECONDS_PER_SECOND)
#define LOOPBACK       1

struct awaited {
    const struct plan *plan;
    const uint32_t *namespaces;
    size_t count;
};

static bool all_there(struct lab *lab, void *context)
{
    const struct awaited *awaited = context;
    for (size_t i = 0; i < awaited->count; i++) {
        const struct space *space = space_of(lab, awaited->plan, awaited->namespaces[i]);
        if (!space->ready && !space->failure)
            return false;
    }
    return true;
}

static int begin_namespace(struct apply *a, uint32_t ns)
{
    const struct plan_namespace *namespace = &a->after->namespaces[ns];
    struct space *space = space_of(a->lab, a->after, ns);
    struct error off = ERROR_INIT;
    NETLINK_AUTO netlink = NETLINK_INIT;
    BATCH_AUTO batch = BATCH_INIT;
    int netns = space_netns(space, a->err);
    if (netns < 0)
        return -1;
    const char *key = namespace->ipv6 ? "net/ipv6/conf/default/addr_gen_mode" : NO_IPV6;
    if (sysctl_write(netns, key, "1", &off) != 0 && off.number != ENOENT)
        return error_set(a->err, ERR_SYSTEM, "%s in %s", off.text, namespace->name);
    link_up(&batch, item_tag(VERB_ADD, ITEM_NAMESPACE, ns), LOOPBACK, true);
    if (netlink_open(netns, &netlink, a->err) != 0 || netlink_commit(&netlink, &batch, a->err) != 0)
        return -1;
    return batch.failure_count ? item_failure(a->after, &batch.failures[0], a->err) : 0;
}

int add_namespaces(struct apply *a, const struct plan_operation *operations, size_t count)
{
    uint32_t *new = arena_alloc(a->arena, (count + 1) * sizeof *new);
    struct awaited awaited = {a->after, new, 0};
    for (size_t i = 0; i < count && operations[i].item == ITEM_NAMESPACE; i++)
        if (operations[i].action == ACTION_ADD)
            new[awaited.count++] = (uint32_t)operations[i].after;
    for (size_t i = 0; i < awaited.count; i++) {
        uint32_t view = a->after->namespaces[new[i]].hosts_view;
        if (a->after->namespaces[new[i]].kind == NAMESPACE_NODE && view < a->after->hosts_view_count &&
            nodes_define_view(a->lab, a->views[view], a->after, view, a->err) != 0)
            return error_wrap(a->err, "define a view of /etc");
    }
    if (journal_begin(a->lost, "+ namespaces", a->lab->fabric, NULL, a->err) != 0 ||
        nodes_create(a->lab, a->after, a->after_index, new, awaited.count, a->views, a->err) != 0 ||
        lab_await(a->lab, all_there, &awaited, clock_boot() + NODES_DEADLINE, "make nodes", a->err) != 0)
        return -1;
    for (size_t i = 0; i < awaited.count; i++) {
        const struct space *space = space_of(a->lab, a->after, new[i]);
        if (space->failure)
            return space_failed(a->lab, space, a->err);
        if (begin_namespace(a, new[i]) != 0)
            return -1;
    }
    if (a->outcome)
        a->outcome->executed += awaited.count;
    a->spaces_changed = true;
    return 0;
}

static bool is_gone(struct lab *lab, void *context)
{
    (void)lab;
    return ((struct space *)context)->gone;
}

static int remove_namespace(struct apply *a, const struct plan_operation *operation)
{
    struct subject s = subject_of(a, operation, true);
    if (!s.space) /* an earlier, interrupted call did it */
        return 0;
    if (journal_begin(a->lost, "- namespace", a->lab->fabric, NULL, a->err) != 0)
        return -1;
    apply_unsee(a, s.space);
    if (s.space->kind == NAMESPACE_CLOUD) {
        if (keeper_delete_clouds(a->lab->keeper, &s.space->id, 1, a->err) != 0)
            return error_wrap(a->err, "remove %s", s.space->name);
    } else {
        STR_AUTO what = STR_INIT;
        str_printf(&what, "remove node %s", s.space->name);
        if (keeper_delete_node(a->lab->keeper, s.space->id, a->err) != 0 ||
            lab_await(a->lab, is_gone, s.space, clock_boot() + NODES_DEADLINE, str_text(&what), a->err) != 0)
            return -1;
    }
    space_forget(a->lab, s.space);
    a->spaces_changed = true;
    if (a->outcome)
        a->outcome->executed++;
    return 0;
}

/* A node that sees other addresses than before: the keeper's view is for its next life, a file of its own for this one.
 */
static int move_view(struct apply *a, const struct subject *s)
{
    const struct plan_namespace *namespace = &s->plan->namespaces[s->i];
    uint32_t ns = (uint32_t)s->i;
    if (namespace->kind != NAMESPACE_NODE || namespace->hosts_view >= s->plan->hosts_view_count ||
        s->space->view == a->views[namespace->hosts_view])
        return 0;
    const char *content = s->plan->hosts_views[namespace->hosts_view].content;
    int root = space_root(s->space, a->err);
    if (root < 0 || node_file_write(root, "/etc/hosts", content, strlen(content), 0644, a->err) != 0 ||
        nodes_define_view(a->lab, a->views[namespace->hosts_view], s->plan, namespace->hosts_view, a->err) != 0)
        return -1;
    s->space->own_hosts = true;
    a->spaces_changed = true;
    return nodes_create(a->lab, s->plan, s->index, &ns, 1, a->views, a->err);
}

/* Nodes of a view that have a file of their own above it. */
static int follow_view(struct apply *a, uint32_t view)
{
    const char *content = a->after->hosts_views[view].content;
    for (uint32_t ns = 0; ns < a->after->namespace_count; ns++) {
        const struct plan_namespace *namespace = &a->after->namespaces[ns];
        struct space *space = namespace->kind == NAMESPACE_NODE ? space_of(a->lab, a->after, ns) : NULL;
        if (!space || !space->own_hosts || namespace->hosts_view != view || space->view != a->views[view])
            continue;
        int root = space_root(space, a->err);
        if (root < 0 || node_file_write(root, "/etc/hosts", content, strlen(content), 0644, a->err) != 0)
            return -1;
    }
    return 0;
}

int change_namespace(struct apply *a, const struct plan_operation *operation)
{
    if (operation->action == ACTION_ADD)
        return 0; /* made all at once */
    if (operation->action == ACTION_REMOVE)
        return remove_namespace(a, operation);
    struct subject s = subject_of(a, operation, false);
    bool before = a->before->namespaces[operation->before].ipv6, after = a->after->namespaces[operation->after].ipv6;
    if (before != after) {
        const struct observation *o = apply_look(a, s.space);
        if (!o || journal_begin(a->lost, "~ IPv6", s.space, o, a->err) != 0 ||
            sysctl_write(space_netns(s.space, a->err), NO_IPV6, after ? "0" : "1", a->err) != 0 ||
            journal_end(a->lost, s.space, o, a->err) != 0 || lost_restore(a->lost, s.space, a->err) != 0 ||
            lost_save(a->lost, a->err) != 0)
            return -1;
        apply_unsee(a, s.space);
    }
    if (a->outcome)
        a->outcome->executed++;
    return move_view(a, &s);
}

/* Nodes that live when the lab gets an authority: the keeper's views are for their next lives (a file of a lower layer
 * that was not there when the overlay was mounted is not seen), files of their own for this one. */
static int trust(struct apply *a)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO bundle = STR_INIT;
    struct keeper_file_spec files[TRUST_FILES];
    size_t count = nodes_trust_files(a->after, arena, &bundle, files, a->err);
    a->trusting = true;
    if (!a->after->authority || (a->before->authority && strcmp(a->before->authority, a->after->authority) == 0))
        return 0;
    for (uint32_t ns = 0; ns < a->after->namespace_count; ns++) {
        struct space *space = space_of(a->lab, a->after, ns);
        if (a->after->namespaces[ns].kind != NAMESPACE_NODE || !space || !space->ready)
            continue;
        int root = space_root(space, a->err);
        for (size_t i = 0; root >= 0 && i < count; i++)
            if (node_file_write(root, arena_printf(arena, "/etc/%s", files[i].path), files[i].content, files[i].length,
                                0644, a->err) != 0)
                root = -1;
        if (root < 0)
            return error_wrap(a->err, "%s", space->name);
    }
    return count == TRUST_FILES ? 0 : -1;
}

int change_view(struct apply *a, const struct plan_operation *operation)
{
    if (operation->action == ACTION_REMOVE)
        return 0; /* no node has it any more */
    if (nodes_define_view(a->lab, a->views[operation->after], a->after, operation->after, a->err) != 0 ||
        (!a->trusting && trust(a) != 0))
        return error_wrap(a->err, "change a view of /etc");
    if (a->outcome)
        a->outcome->executed++;
    return follow_view(a, operation->after);
}
