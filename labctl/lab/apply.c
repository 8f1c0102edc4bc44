/* Turning a running lab into that of another plan.
 *
 * Theory of operation.  plan_difference says what to do and in which order.  Before each operation the executor looks
 * at what is there: what is so already is left alone, which makes a half-executed difference safe to execute again;
 * what somebody changed since is kept where the caller wants that (undo of a fault).  Each operation is one
 * acknowledged message, written to the journal first; what it loses beside what it means is put back (collateral.c). */
#include <stdarg.h>

#include "base/arena.h"
#include "base/error.h"
#include "lab/apply.h"

struct subject subject_of(struct apply *a, const struct plan_operation *operation, bool old)
{
    struct subject s = {
        .plan = old ? a->before : a->after,
        .index = old ? a->before_index : a->after_index,
        .item = operation->item,
        .i = old ? operation->before : operation->after,
    };
    uint32_t ns = plan_item_namespace(s.plan, s.item, s.i);
    if (ns != UINT32_MAX)
        s.space = space_of(a->lab, s.plan, ns);
    return s;
}

void apply_unsee(struct apply *a, const struct space *space)
{
    if (a->seen_space != space && space)
        return;
    observation_free(a->seen);
    a->seen = NULL;
    a->seen_space = NULL;
    a->seen_stale = false;
}

const struct observation *apply_see(struct apply *a, struct space *space)
{
    if (a->seen_space == space && a->seen)
        return a->seen;
    apply_unsee(a, NULL);
    int netns = space_netns(space, a->err);
    if (netns < 0 || observe(netns, &a->seen, a->err) != 0) {
        error_wrap(a->err, "look at %s", space->name);
        return NULL;
    }
    a->seen_space = space;
    return a->seen;
}

const struct observation *apply_look(struct apply *a, struct space *space)
{
    if (a->seen_stale)
        apply_unsee(a, NULL);
    return apply_see(a, space);
}

void apply_note(struct apply *a, const char *format, ...)
{
    va_list args;
    if (!a->outcome || !a->outcome->notes)
        return;
    va_start(args, format);
    str_vprintf(a->outcome->notes, format, args);
    va_end(args);
    str_append_char(a->outcome->notes, '\n');
}

/* PRESENT_UNKNOWN is neither: then the operation is executed. */
enum presence apply_presence(struct apply *a, const struct subject *s)
{
    static const bool of_netlink[ITEM_COUNT] = {
        [ITEM_BRIDGE] = true,    [ITEM_DEVICE] = true, [ITEM_ADDRESS] = true,
        [ITEM_NEIGHBOUR] = true, [ITEM_ROUTE] = true,  [ITEM_RULE] = true,
    };
    const struct observation *o = of_netlink[s->item] ? apply_see(a, s->space) : NULL;
    if (of_netlink[s->item] && !o)
        return PRESENT_UNKNOWN;
    return item_present(a->lab, s->plan, s->item, s->i, o, NULL);
}

enum apply_decision apply_decide(struct apply *a, const struct plan_operation *operation, enum presence before,
                                 enum presence after)
{
    bool done = operation->action == ACTION_REMOVE ? before == PRESENT_NOT : after == PRESENT_SO;
    if (done)
        return APPLY_DONE;
    bool expected = operation->action == ACTION_ADD ? after == PRESENT_NOT : before == PRESENT_SO;
    bool unknown = before == PRESENT_UNKNOWN || after == PRESENT_UNKNOWN;
    if (expected || unknown || !a->options->keep_changes)
        return APPLY_DO;
    STR_AUTO text = STR_INIT;
    plan_operation_describe(a->before, a->after, operation, &text);
    apply_note(a, "changed since, left as it is: %s", str_text(&text));
    if (a->outcome)
        a->outcome->kept++;
    return APPLY_KEPT;
}

static int execute(struct apply *a, const struct plan_operation *operation)
{
    switch (operation->item) {
    case ITEM_NAMESPACE:
        return change_namespace(a, operation);
    case ITEM_BRIDGE:
        return change_bridge(a, operation);
    case ITEM_LINK:
        return change_link(a, operation);
    case ITEM_DEVICE:
        return change_device(a, operation);
    case ITEM_SYSCTL:
        return change_sysctl(a, operation);
    case ITEM_ADDRESS:
    case ITEM_NEIGHBOUR:
    case ITEM_ROUTE:
    case ITEM_RULE:
        return change_network(a, operation);
    case ITEM_NFT:
        return change_nft(a, operation);
    case ITEM_IMPAIRMENT:
        return change_impairment(a, operation);
    case ITEM_FILE:
        return change_file(a, operation);
    case ITEM_HOSTS_VIEW:
        return change_view(a, operation);
    case ITEM_PROCESS:
        return change_process(a, operation);
    case ITEM_RUN:
        return change_run(a, operation);
    case ITEM_COUNT:
        break;
    }
    return 0;
}

/* The keeper's view for each of the new plan: that of its nodes that exist, or a new one.  Nodes that had one view and
 * see different names from now on do not share it any more. */
static void number_views(struct apply *a)
{
    const struct plan *plan = a->after;
    bool *taken = arena_alloc(a->arena, a->lab->next_view + 1);
    a->views = arena_alloc(a->arena, (plan->hosts_view_count + 1) * sizeof *a->views);
    for (size_t i = 0; i < plan->hosts_view_count; i++)
        a->views[i] = UINT32_MAX;
    for (uint32_t ns = 0; ns < plan->namespace_count; ns++) {
        const struct plan_namespace *namespace = &plan->namespaces[ns];
        const struct space *space = space_of(a->lab, plan, ns);
        if (namespace->kind == NAMESPACE_NODE && space && namespace->hosts_view < plan->hosts_view_count &&
            a->views[namespace->hosts_view] == UINT32_MAX && space->view < a->lab->next_view && !taken[space->view]) {
            a->views[namespace->hosts_view] = space->view;
            taken[space->view] = true;
        }
    }
    for (size_t i = 0; i < plan->hosts_view_count; i++)
        if (a->views[i] == UINT32_MAX)
            a->views[i] = a->lab->next_view++;
}

static int execute_all(struct apply *a, const struct plan_operation *operations, size_t count)
{
    bool added = false;
    for (size_t i = 0; i < count; i++) {
        const struct plan_operation *operation = &operations[i];
        if (operation->item == ITEM_NAMESPACE && operation->action == ACTION_ADD && !added) {
            added = true;
            if (add_namespaces(a, operation, count - i) != 0)
                return -1;
        }
        if (operation->item == ITEM_RUN &&
            (await_started(a) != 0 || network_settle(a->lab, a->after, a->after_index, a->err) != 0))
            return -1;
        if (execute(a, operation) != 0)
            return -1;
    }
    return 0;
}

static int finish(struct apply *a)
{
    if (await_started(a) != 0 || reload_nft_of_links(a) != 0 || impair_sync(a->lab, a->after, a->err) != 0 ||
        removals_do(a->lab, a->err) != 0 || tell_keeper_files(a) != 0 ||
        network_settle(a->lab, a->after, a->after_index, a->err) != 0)
        return -1;
    if (a->spaces_changed && spaces_save(a->lab, a->err) != 0)
        return -1;
    /* A call that was killed may have noted losses that could be put back by now. */
    if (lost_restore_all(a->lost, a->err) != 0)
        return -1;
    return lost_save(a->lost, a->err) == 0 ? journal_clear(a->lost, a->err) : -1;
}

static int run(struct apply *a)
{
    size_t count;
    if (lab_capable(a->before, a->after, a->err) != 0)
        return -1;
    const struct plan_operation *operations = plan_difference(a->before, a->after, a->arena, &count);
    if (lost_open(a->lab, &a->lost, a->err) != 0 || (a->options->recovering && journal_recover(a->lost, a->err) != 0))
        return -1;
    number_views(a);
    a->started = arena_alloc(a->arena, (a->after->process_count + 1) * sizeof *a->started);
    a->links = arena_alloc(a->arena, (a->after->link_count + 1) * sizeof *a->links);
    a->files_changed = arena_alloc(a->arena, (a->after->namespace_count + 1) * sizeof *a->files_changed);
    if (execute_all(a, operations, count) != 0)
        return -1;
    return finish(a);
}

int lab_apply(struct lab *lab, const struct plan *before, const struct plan *after,
              const struct lab_apply_options *options, struct lab_outcome *outcome, struct error *err)
{
    static const struct lab_apply_options plain;
    struct error own = ERROR_INIT;
    ARENA_AUTO arena = arena_new();
    struct apply a = {
        .lab = lab,
        .before = before,
        .after = after,
        .before_index = plan_index_new(before, arena),
        .after_index = plan_index_new(after, arena),
        .arena = arena,
        .options = options ? options : &plain,
        .outcome = outcome,
        .err = err ? err : &own,
    };
    if (outcome)
        outcome->executed = outcome->kept = 0;
    int result = run(&a);
    if (result != 0)
        removals_do(lab, NULL);
    if (result != 0 && a.lost)
        lost_save(a.lost, NULL);
    apply_unsee(&a, NULL);
    lost_close(a.lost);
    if (result == 0)
        lab_become(lab, after);
    return result == 0 ? lab_record(lab, a.err) : result;
}
