/* A snapshot as a row of records, and the order in which its parts are put back: links before what they carry, sysctls
 * before addresses (some take addresses away), files last, so that services are started with all of it. */
#include "lab/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "base/units.h"
#include "kernel/nft.h"
#include "lab/internal.h"
#include "lab/lab.h"
#include "lab/snapshot_parts.h"

struct header {
    uint32_t kind, length; /* then the bytes, a NUL, and zeros up to a multiple of 8 */
};

static size_t padded(size_t length)
{
    return (length + 1 + 7) & ~(size_t)7;
}

void snapshot_put(struct str *out, enum snapshot_record kind, const void *data, size_t size, const void *more,
                  size_t length)
{
    static const char zeros[8];
    struct header header = {kind, (uint32_t)(size + length)};
    str_append_bytes(out, (const char *)&header, sizeof header);
    str_append_bytes(out, data, size);
    if (length)
        str_append_bytes(out, more, length);
    str_append_bytes(out, zeros, padded(size + length) - (size + length));
}

bool snapshot_next(struct snapshot_reader *reader)
{
    struct header header;
    size_t left = (size_t)(reader->end - reader->at);
    if (left < sizeof header)
        return false;
    memcpy(&header, reader->at, sizeof header);
    left -= sizeof header;
    if (header.length >= left || padded(header.length) > left || reader->at[sizeof header + header.length])
        return false;
    reader->kind = header.kind;
    reader->data = reader->at + sizeof header;
    reader->length = header.length;
    reader->at = reader->data + padded(header.length);
    return true;
}

int snapshot_take(struct lab *lab, const char *node, struct str *out, struct error *err)
{
    STR_AUTO ruleset = STR_INIT;
    int netns = lab_netns(lab, node), root = lab_node_root(lab, node);
    if (netns < 0 || root < 0)
        return error_set(err, ERR_ABSENT, "look at %s: it is not there", node);
    if (network_take(netns, out, err) || sysctls_take(netns, out, err) ||
        nft_list(netns, NULL, NULL, true, &ruleset, err))
        return error_wrap(err, "look at %s", node);
    snapshot_put(out, SNAPSHOT_NFTABLES, str_text(&ruleset), ruleset.length, NULL, 0);
    return files_take(root, out, err) ? error_wrap(err, "look at %s", node) : 0;
}

static int nftables_apply(int netns, const char *data, size_t length, struct str *notes, struct error *err)
{
    struct snapshot_reader reader = {.at = data, .end = data + length};
    STR_AUTO now = STR_INIT;
    STR_AUTO text = STR_INIT;
    while (snapshot_next(&reader) && reader.kind != SNAPSHOT_NFTABLES)
        continue;
    if (reader.kind != SNAPSHOT_NFTABLES)
        return 0;
    if (nft_list(netns, NULL, NULL, true, &now, err))
        return -1;
    if (str_equal(str_text(&now), reader.data))
        return 0;
    struct error problem = ERROR_INIT;
    str_printf(&text, "flush ruleset\n%s", reader.data);
    if (nft_load(netns, "the nftables ruleset", str_text(&text), &problem))
        str_printf(notes, "%s\n", problem.text);
    return 0;
}

/* The services of a node, once more. */
static int restart_services(struct lab *lab, const char *node, struct error *err)
{
    const struct plan *plan = lab->plan;
    uint32_t *again = calloc(plan->process_count + 1, sizeof *again);
    size_t count = 0;
    int result = again ? 0 : error_set_errno(err, ENOMEM, "restart the services of %s", node);
    for (uint32_t i = 0; !result && i < plan->process_count; i++) {
        const struct plan_process *spec = &plan->processes[i];
        struct process *process = process_get(lab, spec->name);
        if (!str_equal(plan->namespaces[spec->ns].name, node) || process->state != LAB_PROCESS_RUNNING)
            continue;
        again[count++] = i;
        result = process_stop(lab, process, err) || process_start(lab, plan, spec, err);
    }
    if (!result && count)
        result = processes_await(lab, plan, again, count, NULL, NULL, err);
    free(again);
    return result;
}

int snapshot_apply(struct lab *lab, const char *node, const char *data, size_t length, struct str *notes,
                   struct error *err)
{
    bool changed = false;
    STR_AUTO own = STR_INIT;
    int netns = lab_netns(lab, node), root = lab_node_root(lab, node);
    if (netns < 0 || root < 0)
        return error_set(err, ERR_ABSENT, "put back what was changed in %s: it is not there", node);
    int result = links_apply(netns, data, length, &own, err) || sysctls_apply(netns, data, length, &own, err) ||
                 network_apply(netns, data, length, &own, err) || nftables_apply(netns, data, length, &own, err) ||
                 files_apply(root, data, length, &changed, &own, err);
    for (const char *line = str_text(&own); *line;) {
        size_t size = strcspn(line, "\n");
        str_printf(notes, "%s: %.*s\n", node, (int)size, line);
        line += size + (line[size] == '\n');
    }
    if (result)
        return error_wrap(err, "put back what was changed in %s", node);
    struct error problem = ERROR_INIT;
    if (changed && restart_services(lab, node, &problem)) /* by what somebody wrote: it may not start */
        str_printf(notes, "%s: %s\n", node, problem.text);
    return 0;
}
