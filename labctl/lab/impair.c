#include "lab/impair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/table.h"
#include "link/relay.h"

#define TABLE_FILE "impairments" /* a line "SPACE INTERFACE DIRECTION PORT BACKEND MTU PARAMETERS" for each wire */
#define TABLE_MAX  (64u << 20)

const struct impair_backend *const impair_backends[] = {&impair_nftables, &impair_netem, &impair_tbf, &impair_relay};
const size_t impair_backend_count = ARRAY_SIZE(impair_backends);

/* The last one serves everything; of the others none looks at ports. */
static const struct impair_backend *choose(struct lab *lab, const struct impaired *wire)
{
    size_t b = 0;
    while (b + 1 < impair_backend_count && (wire->port || !impair_backends[b]->serves(lab, wire)))
        b++;
    return impair_backends[b];
}

static const struct impair_backend *backend_named(const char *name)
{
    for (size_t b = 0; b < impair_backend_count; b++)
        if (str_equal(impair_backends[b]->name, name))
            return impair_backends[b];
    return NULL;
}

/* ---- the table of what was installed --------------------------------------------------------------------------- */

/* making: what is not in force yet is written with an MTU of 0, which no wire has. */
static void write_list(const struct impaired_list *list, bool making, struct str *out)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct impaired *wire = &list->items[i];
        str_printf(out, "%u %s %d %u %s %u ", wire->space->id, wire->interface, (int)wire->direction, wire->port,
                   wire->backend->name, making && wire->stale ? 0 : wire->mtu);
        impairment_format(&wire->is, "=", " ", out);
        str_append_char(out, '\n');
    }
}

static int save(struct lab *lab, const struct impaired_list *one, const struct impaired_list *two, struct error *err)
{
    STR_AUTO text = STR_INIT;
    write_list(one, false, &text);
    write_list(two, true, &text);
    if (file_replace(lab->state, TABLE_FILE, str_text(&text), text.length, 0600) != 0)
        return error_set_errno(err, errno, "write the table of impairments");
    return 0;
}

static struct space *space_by_id(struct lab *lab, uint32_t id)
{
    return id == lab->fabric->id ? lab->fabric : id < lab->id_count ? lab->by_id[id] : NULL;
}

/* A line, or false where its namespace has gone, and all with it. */
static bool read_line(struct lab *lab, char *line, struct impaired *out)
{
    unsigned id, port;
    char backend[16];
    int direction, end = 0;
    *out = (struct impaired){0};
    if (sscanf(line, "%u %15s %d %u %15s %u%n", &id, out->interface, &direction, &port, backend, &out->mtu, &end) != 6)
        return false;
    out->space = space_by_id(lab, id);
    out->direction = direction ? PLAN_RECEIVED : PLAN_SENT;
    out->port = (uint16_t)port;
    out->backend = backend_named(backend);
    return out->space && out->backend && !out->space->gone && relay_impairment_parse(line + end, &out->is);
}

static int load(struct lab *lab, struct arena *arena, struct impaired_list *out, struct error *err)
{
    STR_AUTO text = STR_INIT;
    *out = (struct impaired_list){0};
    if (file_read(lab->state, TABLE_FILE, &text, TABLE_MAX) != 0) {
        out->first = errno == ENOENT;
        return out->first ? 0 : error_set_errno(err, errno, "read the table of impairments");
    }
    char *save_at = NULL;
    char *lines = arena_strdup(arena, str_text(&text)); /* the wires borrow from it */
    for (char *line = strtok_r(lines, "\n", &save_at); line; line = strtok_r(NULL, "\n", &save_at)) {
        struct impaired wire;
        if (read_line(lab, line, &wire))
            *ARENA_PUSH(arena, out->items, out->count) = wire;
    }
    return 0;
}

static const struct impaired *find(const struct impaired_list *list, const struct impaired *wire)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].space == wire->space && list->items[i].direction == wire->direction &&
            list->items[i].port == wire->port && str_equal(list->items[i].interface, wire->interface))
            return &list->items[i];
    return NULL;
}

/* Of the link that the far end belongs to. */
static uint32_t mtu_of(const struct plan *plan, const struct plan_impairment *item)
{
    for (size_t l = 0; l < plan->link_count; l++)
        for (int e = 0; e < 2; e++)
            if (plan->links[l].end[e].ns == item->ns && str_equal(plan->links[l].end[e].name, item->interface) &&
                plan->links[l].mtu)
                return plan->links[l].mtu;
    return 1500;
}

static struct impaired wire_alone(struct lab *lab, const struct plan *plan, size_t i)
{
    const struct plan_impairment *item = &plan->impairments[i];
    struct impaired wire = {.space = space_of(lab, plan, item->ns),
                            .direction = item->direction,
                            .port = item->port,
                            .mtu = mtu_of(plan, item),
                            .is = item->is};
    snprintf(wire.interface, sizeof wire.interface, "%s", item->interface);
    wire.backend = choose(lab, &wire);
    return wire;
}

/* What the relay sends passes the other mechanisms' hooks and queues like any packet, but not a way of the relay's own:
 * what befalls all packets by such a one is added to what befalls those of a port. */
static struct impaired wanted_wire(struct lab *lab, const struct plan *plan, size_t i)
{
    struct impaired wire = wire_alone(lab, plan, i);
    for (size_t k = 0; wire.port && k < plan->impairment_count; k++)
        if (!plan->impairments[k].port && plan->impairments[k].ns == plan->impairments[i].ns &&
            plan->impairments[k].direction == wire.direction &&
            str_equal(plan->impairments[k].interface, plan->impairments[i].interface)) {
            struct impaired all = wire_alone(lab, plan, k);
            if (all.backend == wire.backend)
                wire.is = impairment_add(&all.is, &wire.is);
        }
    return wire;
}

static struct impaired_list wanted_wires(struct lab *lab, const struct plan *plan, struct arena *arena)
{
    struct impaired_list list = {0};
    for (size_t i = 0; i < plan->impairment_count; i++)
        *ARENA_PUSH(arena, list.items, list.count) = wanted_wire(lab, plan, i);
    return list;
}

/* ---- making the lab equal to the plan ---------------------------------------------------------------------------- */

static void mark_differences(struct impaired_list *installed, struct impaired_list *wanted)
{
    for (size_t i = 0; i < installed->count; i++) {
        const struct impaired *stays = find(wanted, &installed->items[i]);
        installed->items[i].stale = !stays || stays->backend != installed->items[i].backend;
    }
    for (size_t i = 0; i < wanted->count; i++) {
        const struct impaired *was = find(installed, &wanted->items[i]);
        wanted->items[i].fresh = installed->first;
        wanted->items[i].stale =
            !was || was->stale || was->mtu != wanted->items[i].mtu || !impairment_equal(&was->is, &wanted->items[i].is);
    }
}

static bool any_stale(const struct impaired_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].stale)
            return true;
    return false;
}

/* One step of the backend of each stale wire; the first that fails ends it. */
enum which { PREPARE, ENGAGE, RELEASE };

static int each_stale(const struct impaired_list *list, enum which which, struct error *err)
{
    struct hooks hooks = {STR_INIT, STR_INIT};
    struct space *space = NULL;
    int result = 0;
    for (size_t i = 0; result == 0 && i < list->count; i++) {
        const struct impaired *wire = &list->items[i];
        impair_step *const steps[] = {
            [PREPARE] = wire->backend->prepare, [ENGAGE] = wire->backend->engage, [RELEASE] = wire->backend->release};
        if (!wire->stale || !steps[which])
            continue;
        if (space && wire->space != space)
            result = way_load(space, &hooks, err);
        space = wire->space;
        if (result == 0 && steps[which](wire, &hooks, err) != 0)
            result = error_wrap(err, "%s (%s)", wire->interface, wire->backend->name);
    }
    if (result == 0 && space)
        result = way_load(space, &hooks, err);
    str_free(&hooks.removed);
    str_free(&hooks.chains);
    return result;
}

static bool of_relay(const struct impaired_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].stale && list->items[i].backend == &impair_relay)
            return true;
    return false;
}

static bool any_in(const struct impaired_list *list, size_t count, const struct space *space)
{
    for (size_t i = 0; i < count; i++)
        if (list->items[i].space == space)
            return true;
    return false;
}

/* The devices of what went; those that another backend uses now stay. */
static int each_gone(struct lab *lab, const struct impaired_list *installed, const struct impaired_list *wanted,
                     struct error *err)
{
    for (size_t i = 0; i < installed->count; i++) {
        const struct impaired *wire = &installed->items[i], *now = find(wanted, wire);
        if (wire->stale && wire->backend->leads_aside && !(now && now->backend->leads_aside) &&
            way_remove(lab, wire, err) != 0)
            return -1;
    }
    return removals_do(lab, err);
}

/* Namespaces in which no wire is impaired any more. */
static int drop_tables(const struct impaired_list *installed, const struct impaired_list *wanted, struct error *err)
{
    for (size_t i = 0; i < installed->count; i++) {
        struct space *space = installed->items[i].space;
        if (!any_in(installed, i, space) && !any_in(wanted, wanted->count, space) && way_drop(space, err) != 0)
            return -1;
    }
    return 0;
}

static int execute(struct lab *lab, const struct plan *plan, const struct impaired_list *installed,
                   const struct impaired_list *wanted, struct error *err)
{
    if (each_stale(installed, RELEASE, err) != 0 || each_stale(wanted, PREPARE, err) != 0)
        return -1;
    if ((of_relay(installed) || of_relay(wanted)) && impair_relay_serve(lab, plan, wanted, err) != 0)
        return -1;
    if (each_stale(wanted, ENGAGE, err) != 0 || each_gone(lab, installed, wanted, err) != 0)
        return -1;
    return drop_tables(installed, wanted, err);
}

int impair_sync(struct lab *lab, const struct plan *plan, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct impaired_list installed, wanted = wanted_wires(lab, plan, arena), none = {0};
    if (load(lab, arena, &installed, err) != 0)
        return -1;
    mark_differences(&installed, &wanted);
    if (!any_stale(&installed) && !any_stale(&wanted))
        return 0;
    if (save(lab, &installed, &wanted, err) != 0 || execute(lab, plan, &installed, &wanted, err) != 0)
        return error_wrap(err, "impair links");
    return save(lab, &wanted, &none, err);
}

int impair_forget(struct lab *lab, const struct space *space, const char *interface, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct impaired_list installed, left = {0}, none = {0};
    if (load(lab, arena, &installed, err) != 0)
        return -1;
    for (size_t i = 0; i < installed.count; i++)
        if (installed.items[i].space != space || !str_equal(installed.items[i].interface, interface))
            *ARENA_PUSH(arena, left.items, left.count) = installed.items[i];
    return left.count == installed.count ? 0 : save(lab, &left, &none, err);
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

enum presence impair_present(struct lab *lab, const struct plan *plan, size_t i)
{
    ARENA_AUTO arena = arena_new();
    struct impaired_list installed;
    struct impaired wire = wanted_wire(lab, plan, i);
    if (load(lab, arena, &installed, NULL) != 0)
        return PRESENT_UNKNOWN;
    const struct impaired *is = find(&installed, &wire);
    if (!is)
        return PRESENT_NOT;
    if (!is->backend->stands(lab, is))
        return PRESENT_NOT;
    return impairment_equal(&is->is, &wire.is) ? PRESENT_SO : PRESENT_OTHERWISE;
}

void impair_adopt(struct lab *lab)
{
    ARENA_AUTO arena = arena_new();
    struct impaired_list installed;
    if (load(lab, arena, &installed, NULL) != 0)
        return;
    for (size_t i = 0; i < installed.count; i++)
        if (installed.items[i].backend == &impair_relay) {
            struct process *process = process_get(lab, RELAY_PROCESS);
            process->wanted = process->listening = true;
            if (process->state != LAB_PROCESS_RUNNING)
                process->due = clock_boot();
            return;
        }
}

int lab_wire(struct lab *lab, const struct plan *plan, size_t i, struct lab_wire *out)
{
    ARENA_AUTO arena = arena_new();
    struct impaired_list installed;
    struct impaired wire = wanted_wire(lab, plan, i);
    *out = (struct lab_wire){0};
    if (load(lab, arena, &installed, NULL) != 0)
        return -1;
    const struct impaired *is = find(&installed, &wire);
    if (!is)
        return -1;
    out->backend = is->backend->name;
    out->fidelity = is->backend->fidelity;
    out->counted = is->backend->count(lab, is, &out->statistics);
    return 0;
}
