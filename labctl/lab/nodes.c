/* Making namespaces through the keeper: views of /etc, nodes with their files, cloud namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "lab/internal.h"
#include "lab/keeper.h"

#define BUNDLE     "ssl/certs/ca-certificates.crt"
#define BUNDLE_MAX (8u << 20)

/* The authorities that the machine's programs trust, and the lab's own behind them. */
static int read_bundle(const struct plan *plan, struct str *out, struct error *err)
{
    if (file_read(AT_FDCWD, "/etc/" BUNDLE, out, BUNDLE_MAX) != 0 && errno != ENOENT)
        return error_set_errno(err, errno, "read the bundle of authorities");
    if (out->length && out->data[out->length - 1] != '\n')
        str_append_char(out, '\n');
    str_append(out, plan->authority);
    return 0;
}

size_t nodes_trust_files(const struct plan *plan, struct arena *arena, struct str *bundle,
                         struct keeper_file_spec files[static TRUST_FILES], struct error *err)
{
    if (!plan->authority || read_bundle(plan, bundle, err) != 0)
        return 0;
    size_t length = strlen(plan->authority);
    files[0] = (struct keeper_file_spec){BUNDLE, str_text(bundle), bundle->length, 0644};
    files[1] = (struct keeper_file_spec){"ssl/certs/lab-root.pem", plan->authority, length, 0644};
    files[2] = (struct keeper_file_spec){arena_printf(arena, "ssl/certs/%s.0", plan->authority_hash), plan->authority,
                                         length, 0644};
    return TRUST_FILES;
}

bool nodes_trust_content(const struct plan *plan, const char *path, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO bundle = STR_INIT;
    struct keeper_file_spec files[TRUST_FILES];
    size_t count = str_starts(path, "/etc/ssl/") ? nodes_trust_files(plan, arena, &bundle, files, NULL) : 0;
    for (size_t i = 0; i < count; i++)
        if (str_equal(files[i].path, path + strlen("/etc/"))) {
            str_append_bytes(out, files[i].content, files[i].length);
            return true;
        }
    return false;
}

int nodes_define_view(struct lab *lab, uint32_t id, const struct plan *plan, uint32_t view, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    STR_AUTO bundle = STR_INIT;
    const char *hosts = plan->hosts_views[view].content;
    struct keeper_file_spec files[1 + TRUST_FILES] = {{"hosts", hosts, strlen(hosts), 0644}};
    size_t count = 1 + nodes_trust_files(plan, arena, &bundle, files + 1, err);
    if (plan->authority && count == 1)
        return -1;
    return keeper_define_view(lab->keeper, id, files, count, err);
}

/* The files of a node, as the keeper wants them. */
static struct keeper_file_spec *files_of(const struct plan *plan, struct plan_group group, struct arena *arena)
{
    struct keeper_file_spec *files = arena_alloc(arena, (group.count + 1) * sizeof *files);
    for (size_t i = 0; i < group.count; i++) {
        const struct plan_file *file = &plan->files[group.items[i]];
        files[i] = (struct keeper_file_spec){file->path, file->content, file->length, file->mode};
    }
    return files;
}

int nodes_create(struct lab *lab, const struct plan *plan, const struct plan_index *index, const uint32_t *namespaces,
                 size_t count, const uint32_t *view_ids, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct keeper_node_spec *nodes = arena_alloc(arena, (count + 1) * sizeof *nodes);
    uint32_t *clouds = arena_alloc(arena, (count + 1) * sizeof *clouds);
    size_t node_count = 0, cloud_count = 0;
    uint32_t inherited = inherited_find();
    for (size_t n = 0; n < count; n++) {
        const struct plan_namespace *namespace = &plan->namespaces[namespaces[n]];
        struct space *space = space_of(lab, plan, namespaces[n]);
        if (!space)
            space = space_new(lab, namespace);
        if (namespace->kind == NAMESPACE_CLOUD)
            clouds[cloud_count++] = space->id;
        if (namespace->kind != NAMESPACE_NODE)
            continue;
        struct plan_group files = plan_index_group(index, namespaces[n], ITEM_FILE);
        if (namespace->hosts_view < plan->hosts_view_count)
            space->view = view_ids[namespace->hosts_view];
        const struct keeper_file_spec *settings;
        size_t setting_count = inherited_settings(lab, plan, index, namespaces[n], inherited, arena, &settings);
        nodes[node_count++] = (struct keeper_node_spec){
            .id = space->id,
            .hostname = namespace->name,
            .view = space->view,
            .files = files_of(plan, files, arena),
            .file_count = files.count,
            .settings = settings,
            .setting_count = setting_count,
        };
    }
    if (spaces_save(lab, err) != 0)
        return -1;
    /* The clouds first: that answers at once, while nodes are then made beside everything else. */
    if (cloud_count && keeper_create_clouds(lab->keeper, clouds, cloud_count, err) != 0)
        return error_wrap(err, "make cloud namespaces");
    for (size_t i = 0; i < cloud_count; i++)
        lab->by_id[clouds[i]]->ready = true;
    if (node_count && keeper_create_nodes(lab->keeper, nodes, node_count, err) != 0)
        return error_wrap(err, "make nodes");
    return 0;
}
