/* Verbs about the whole topology: build, apply, difference, dump. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "director/change.h"
#include "director/verbs.h"
#include "lab/lab.h"
#include "model/topology.h"
#include "plan/difference.h"
#include "plan/plan.h"

#define TEXT_MAX (64u << 20)

/* The text that came with a request as its first descriptor. */
static int request_text(struct request *request, struct str *out, struct error *err)
{
    int fd = request_fd(request, 0);
    if (fd < 0)
        return error_set(err, ERR_USAGE, "'%s' needs a text", request_verb(request));
    if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, out, TEXT_MAX) != 0)
        return error_set_errno(err, errno, "read the text of '%s'", request_verb(request));
    return 0;
}

static int not_built(struct director *director, struct error *err)
{
    return director_topology(director) ? 0 : error_set(err, ERR_BUSY, "the lab is still being built");
}

int verb_build(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    STR_AUTO text = STR_INIT;
    if (request_text(request, &text, err) != 0 ||
        director_build(director, str_text(&text), json_object_get(request_params(request), "faults"), request, err) !=
            0)
        return -1;
    *reply = json_pack("{s:i}", "generation", (int)director_generation(director));
    return 0;
}

static int check_generation(struct director *director, struct request *request, struct error *err)
{
    json_t *generation = json_object_get(request_params(request), "generation");
    if (!generation || json_integer_value(generation) == (json_int_t)director_generation(director))
        return 0;
    return error_set(err, ERR_BUSY, "the lab was changed by somebody else meanwhile; try again");
}

static json_t *lines_of(const struct str *text)
{
    json_t *lines = json_array();
    const char *line = str_text(text);
    while (*line) {
        size_t length = 0;
        while (line[length] && line[length] != '\n')
            length++;
        json_array_append_new(lines, json_stringn(line, length));
        line += length + (line[length] == '\n');
    }
    return lines;
}

void director_describe(const struct plan *before, const struct plan *after, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    size_t count;
    const struct plan_operation *operations = plan_difference(before, after, arena, &count);
    for (size_t i = 0; i < count; i++) {
        plan_operation_describe(before, after, &operations[i], out);
        str_append_char(out, '\n');
    }
}

void director_describe_lost(const struct plan *plan, uint32_t link, struct str *out)
{
    str_append(out, "+ ");
    if (link < plan->link_count)
        plan_item_describe(plan, ITEM_LINK, link, out);
    else
        plan_item_describe(plan, ITEM_DEVICE, link - plan->link_count, out);
    str_append(out, " (it was gone)\n");
}

/* What `apply` would put back. */
static int describe_lost(struct director *director, struct str *out, struct error *err)
{
    ARENA_AUTO arena = arena_new();
    uint32_t *links;
    size_t count;
    if (lab_lost_links(director_lab(director), arena, &links, &count, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        director_describe_lost(director_plan(director), links[i], out);
    return 0;
}

int verb_apply(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    STR_AUTO text = STR_INIT;
    STR_AUTO notes = STR_INIT;
    STR_AUTO operations = STR_INIT;
    if (not_built(director, err) != 0 || check_generation(director, request, err) != 0 ||
        request_text(request, &text, err) != 0)
        return -1;
    const char *path = json_string_value(json_object_get(request_params(request), "path"));
    json_t *faults = path && director_hooks.repaired ? director_hooks.repaired(director, path) : NULL;
    struct director_change change = {.text = str_text(&text),
                                     .faults = faults,
                                     .restore = !path,
                                     .by_hand = true,
                                     .path = path,
                                     .notes = &notes,
                                     .operations = &operations};
    int result = director_change_with(director, &change, err);
    json_decref(faults);
    if (result != 0)
        return -1;
    if (director_hooks.changed)
        director_hooks.changed(director, request, str_text(&operations));
    *reply = json_pack("{s:o, s:i, s:i, s:o, s:i}", "operations", lines_of(&operations), "executed",
                       (int)change.executed, "kept", (int)change.kept, "notes", lines_of(&notes), "generation",
                       (int)director_generation(director));
    return 0;
}

int verb_difference(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    STR_AUTO text = STR_INIT;
    if (not_built(director, err) != 0 || request_text(request, &text, err) != 0)
        return -1;
    struct topology *topology;
    struct plan *plan;
    if (director_derive(director, str_text(&text), director_faults(director), &topology, &plan, err) != 0)
        return -1;
    STR_AUTO operations = STR_INIT;
    const char *path = json_string_value(json_object_get(request_params(request), "path"));
    int result = director_hooks.permit ? director_hooks.permit(director, path, topology, err) : 0;
    if (result == 0 && !path)
        result = describe_lost(director, &operations, err);
    if (result == 0)
        director_describe(director_plan(director), plan, &operations);
    if (result == 0)
        *reply = json_pack("{s:o, s:i}", "operations", lines_of(&operations), "generation",
                           (int)director_generation(director));
    plan_free(plan);
    arena_free(topology->arena);
    return result;
}

int verb_dump(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)reply;
    if (not_built(director, err) != 0)
        return -1;
    const char *text = director_text(director);
    const char *allotments = director_allotments(director);
    FD_AUTO memory = fd_memory("topology", text, strlen(text));
    FD_AUTO addresses = fd_memory("addresses", allotments, strlen(allotments));
    if (memory < 0 || addresses < 0)
        return error_set_errno(err, errno, "make a memory file");
    json_t *answer = json_pack("{s:i, s:s}", "generation", (int)director_generation(director), "lab",
                               director_topology(director)->name);
    request_finish(request, answer, (int[]){memory, addresses}, 2, NULL);
    return REQUEST_DEFERRED;
}
