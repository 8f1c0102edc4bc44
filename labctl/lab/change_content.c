/* Changing sysctls, nft tables, files and processes of a running lab. */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "kernel/nft.h"
#include "kernel/sysctl.h"
#include "lab/apply.h"
#include "lab/files.h"
#include "plan/nft_change.h"

/* Looks at both states and decides; the journal is written where it goes on. */
static int decide(struct apply *a, const struct plan_operation *operation, struct subject *old, struct subject *new,
                  bool *go)
{
    enum presence before = PRESENT_NOT, after = PRESENT_NOT;
    STR_AUTO text = STR_INIT;
    *old = *new = (struct subject){0};
    a->lab->seen_table.on = operation->item == ITEM_NFT && operation->action == ACTION_CHANGE;
    if (operation->action != ACTION_ADD) {
        *old = subject_of(a, operation, true);
        before = apply_presence(a, old);
    }
    if (operation->action != ACTION_REMOVE) {
        *new = subject_of(a, operation, false);
        after = apply_presence(a, new);
    }
    a->lab->seen_table.on = false;
    a->lab->seen_table.space = NULL;
    str_clear(&a->lab->seen_table.text);
    *go = apply_decide(a, operation, before, after) == APPLY_DO;
    if (!*go)
        return 0;
    if (a->outcome)
        a->outcome->executed++;
    plan_operation_describe(a->before, a->after, operation, &text);
    const struct subject *s = new->plan ? new : old;
    return journal_begin(a->lost, str_text(&text), s->space, NULL, a->err);
}

/* A key always has a value: without the plan it is what a new namespace has. */
static int sysctl_values(const struct plan_operation *operation, const struct subject *old, const struct subject *new,
                         struct str *before, struct str *after, struct error *err)
{
    if (operation->action == ACTION_ADD && sysctl_default(new->plan->sysctls[new->i].key, before, err) != 0)
        return -1;
    if (operation->action == ACTION_REMOVE && sysctl_default(old->plan->sysctls[old->i].key, after, err) != 0)
        return -1;
    if (operation->action != ACTION_ADD)
        str_append(before, old->plan->sysctls[old->i].value);
    if (operation->action != ACTION_REMOVE)
        str_append(after, new->plan->sysctls[new->i].value);
    return 0;
}

int change_sysctl(struct apply *a, const struct plan_operation *operation)
{
    bool removal = operation->action == ACTION_REMOVE;
    struct subject new = {0}, old = {0};
    if (!removal)
        new = subject_of(a, operation, false);
    if (operation->action != ACTION_ADD)
        old = subject_of(a, operation, true);
    const struct subject *s = removal ? &old : &new;
    const char *key = s->plan->sysctls[s->i].key;
    STR_AUTO before = STR_INIT, after = STR_INIT, now = STR_INIT, text = STR_INIT;
    const struct observation *o = apply_look(a, s->space);
    int netns = space_netns(s->space, a->err);
    if (!o || sysctl_values(operation, &old, &new, &before, &after, a->err) != 0 ||
        sysctl_read(netns, key, &now, a->err) != 0)
        return -1;
    bool as_before = sysctl_value_equal(str_text(&now), str_text(&before));
    bool as_after = sysctl_value_equal(str_text(&now), str_text(&after));
    if (apply_decide(a, operation,
                     removal && as_after ? PRESENT_NOT
                     : as_before         ? PRESENT_SO
                                         : PRESENT_OTHERWISE,
                     as_after    ? PRESENT_SO
                     : as_before ? PRESENT_NOT
                                 : PRESENT_OTHERWISE) != APPLY_DO)
        return 0;
    plan_operation_describe(a->before, a->after, operation, &text);
    if (journal_begin(a->lost, str_text(&text), s->space, o, a->err) != 0)
        return -1;
    if (sysctl_write(netns, key, str_text(&after), a->err) != 0)
        return error_wrap(a->err, "%s", s->space->name);
    if (a->outcome)
        a->outcome->executed++;
    if (journal_end(a->lost, s->space, o, a->err) != 0 || lost_restore(a->lost, s->space, a->err) != 0)
        return -1;
    apply_unsee(a, s->space);
    return lost_save(a->lost, a->err);
}

/* A table of a cloud's namespace, where nobody but this program changes anything: what differs is changed, unlooked at.
 * 1 where that is not how it goes. */
static int change_cloud_nft(struct apply *a, const struct plan_operation *operation)
{
    if (operation->action != ACTION_CHANGE || !operation->in_place || a->options->recovering)
        return 1;
    struct subject old = subject_of(a, operation, true), new = subject_of(a, operation, false);
    const struct plan_nft *nft = &new.plan->nfts[new.i];
    STR_AUTO commands = STR_INIT, text = STR_INIT, what = STR_INIT;
    if (new.plan->namespaces[nft->ns].kind != NAMESPACE_CLOUD || !nft_change(&old.plan->nfts[old.i], nft, &commands))
        return 1;
    int netns = space_netns(new.space, a->err);
    plan_operation_describe(a->before, a->after, operation, &text);
    if (netns < 0 || journal_begin(a->lost, str_text(&text), new.space, NULL, a->err) != 0)
        return -1;
    str_printf(&what, "nft table %s %s of %s", nft->family, nft->table, new.space->name);
    if (nft_load(netns, str_text(&what), str_text(&commands), NULL) != 0)
        return 1; /* not what was there: the whole table then */
    if (a->outcome)
        a->outcome->executed++;
    return 0;
}

int change_nft(struct apply *a, const struct plan_operation *operation)
{
    struct subject old, new;
    bool go;
    int changed = change_cloud_nft(a, operation);
    if (changed <= 0)
        return changed;
    if (decide(a, operation, &old, &new, &go) != 0)
        return -1;
    if (!go)
        return 0;
    int netns = space_netns(new.plan ? new.space : old.space, a->err);
    if (netns < 0)
        return -1;
    if (old.plan && (operation->action == ACTION_REMOVE || !operation->in_place) &&
        nft_remove(old.plan, old.i, netns, a->err) != 0)
        return -1;
    if (!new.plan || nft_put(a->lab, new.plan, new.i, netns, false, a->err) != 0)
        return new.plan ? -1 : 0;
    const char *interface = new.plan->nfts[new.i].forgets;
    return interface ? forget_learnt(a, new.space, interface) : 0;
}

/* All impairments are changed together, at the end. */
int change_impairment(struct apply *a, const struct plan_operation *operation)
{
    STR_AUTO text = STR_INIT;
    plan_operation_describe(a->before, a->after, operation, &text);
    if (a->outcome)
        a->outcome->executed++;
    return journal_begin(a->lost, str_text(&text), a->lab->fabric, NULL, a->err);
}

/* A table on a device goes with the device: it is loaded again when the link is there again. */
int reload_nft_of_links(struct apply *a)
{
    for (uint32_t l = 0; l < a->link_count; l++)
        for (int e = 0; e < 2; e++)
            if (nft_reload_device(a->lab, a->after, a->after_index, &a->after->links[a->links[l]].end[e], a->err) != 0)
                return -1;
    return 0;
}

int nft_reload_device(struct lab *lab, const struct plan *plan, const struct plan_index *index,
                      const struct plan_link_end *end, struct error *err)
{
    struct plan_group group = plan_index_group(index, end->ns, ITEM_NFT);
    for (size_t g = 0; g < group.count; g++) {
        const struct plan_nft *nft = &plan->nfts[group.items[g]];
        if (!strstr(nft->body, "device") || !strstr(nft->body, end->name))
            continue;
        int netns = space_netns(space_of(lab, plan, end->ns), err);
        if (netns < 0 || nft_put(lab, plan, group.items[g], netns, false, err) != 0)
            return -1;
    }
    return impair_forget(lab, space_of(lab, plan, end->ns), end->name, err);
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

/* What a node starts with is there again: what the lab itself has put there, or what is of the machine's. */
static int restore_file(struct apply *a, int root, const char *path)
{
    STR_AUTO content = STR_INIT;
    if (nodes_trust_content(a->after, path, &content))
        return node_file_write(root, path, str_text(&content), content.length, 0644, a->err);
    return node_file_restore(root, path, a->err);
}

int change_file(struct apply *a, const struct plan_operation *operation)
{
    struct subject old, new;
    bool go;
    if (decide(a, operation, &old, &new, &go) != 0)
        return -1;
    const struct subject *s = new.plan ? &new : &old;
    const struct plan_file *file = &s->plan->files[s->i];
    uint32_t ns = new.plan ? file->ns : 0;
    if (!new.plan)
        while (ns < a->after->namespace_count && space_of(a->lab, a->after, ns) != s->space)
            ns++;
    if (ns < a->after->namespace_count)
        a->files_changed[ns] = true; /* for the node's next life, whatever is kept in this one */
    if (!go && !a->options->recovering)
        return 0;
    int root = space_root(s->space, a->err);
    if (root < 0 || (a->options->recovering && node_file_tidy(root, file->path, a->err) != 0))
        return -1;
    if (!go)
        return 0;
    int result = new.plan ? node_file_write(root, file->path, file->content, file->length,
                                            file->mode ? file->mode : 0644, a->err)
                          : restore_file(a, root, file->path);
    return result == 0 ? 0 : error_wrap(a->err, "%s", s->space->name);
}

int tell_keeper_files(struct apply *a)
{
    uint32_t *changed = arena_alloc(a->arena, (a->after->namespace_count + 1) * sizeof *changed);
    size_t count = 0;
    for (uint32_t ns = 0; ns < a->after->namespace_count; ns++)
        if (a->files_changed[ns] && a->after->namespaces[ns].kind == NAMESPACE_NODE)
            changed[count++] = ns;
    return count ? nodes_create(a->lab, a->after, a->after_index, changed, count, a->views, a->err) : 0;
}

/* ---- processes -------------------------------------------------------------------------------------------------- */

/* Somebody repaired it by a program of his own: that one has the place. */
static bool place_taken(struct apply *a, const struct subject *s)
{
    const struct plan_process *spec = &s->plan->processes[s->i];
    if (spec->ready == READY_NONE || !a->options->keep_changes)
        return false;
    int netns = space_netns(s->space, NULL);
    return netns >= 0 && socket_bound(netns, spec, NULL) == 1;
}

/* The same process, which is stopped or goes on. */
static int change_stopped(struct apply *a, const struct subject *s)
{
    const struct plan_process *spec = &s->plan->processes[s->i];
    if (a->outcome)
        a->outcome->executed++;
    return spec->stopped ? process_settle(a->lab, spec, a->err) : process_go_on(a->lab, spec, a->err);
}

int change_process(struct apply *a, const struct plan_operation *operation)
{
    STR_AUTO text = STR_INIT;
    struct subject s = subject_of(a, operation, operation->action == ACTION_REMOVE);
    struct process *process = process_get(a->lab, s.plan->processes[s.i].name);
    plan_operation_describe(a->before, a->after, operation, &text);
    if (operation->action == ACTION_ADD && process->state == LAB_PROCESS_RUNNING && !a->options->recovering)
        return 0;
    if (journal_begin(a->lost, str_text(&text), a->lab->fabric, NULL, a->err) != 0)
        return -1;
    if (operation->action == ACTION_CHANGE && operation->in_place)
        return change_stopped(a, &s);
    if (process_stop(a->lab, process, a->err) != 0)
        return -1;
    if (operation->action != ACTION_REMOVE) {
        if (place_taken(a, &s)) {
            apply_note(a, "changed since, left as it is: another program answers in place of %s", process->name);
            if (a->outcome)
                a->outcome->kept++;
            return 0;
        }
        if (process_start(a->lab, s.plan, &s.plan->processes[s.i], a->err) != 0)
            return -1;
        a->started[a->started_count++] = (uint32_t)s.i;
    }
    if (a->outcome)
        a->outcome->executed++;
    return 0;
}

int await_started(struct apply *a)
{
    uint32_t count = a->started_count;
    a->started_count = 0;
    return processes_await(a->lab, a->after, a->started, count, NULL, NULL, a->err);
}

int change_run(struct apply *a, const struct plan_operation *operation)
{
    if (a->outcome)
        a->outcome->executed++;
    return run_command(a->lab, a->after, operation->after, a->err);
}
