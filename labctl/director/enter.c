/* Verbs that run something in a node (exec, shell) and that read the logs of what runs there.
 *
 * A spawned command talks to its caller without the director: descriptors and a control socket go through to the
 * keeper, so that killing the director ends nobody's shell. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "director/checkpoint.h"
#include "director/internal.h"
#include "director/recording.h"
#include "director/verbs.h"
#include "lab/keeper.h"
#include "lab/lab.h"
#include "model/topology.h"
#include "plan/plan.h"

#define LOG_CHUNK (256 * 1024)

/* The texts of a JSON array, borrowed; the caller frees the array.  NULL where it is none. */
static const char **texts(const json_t *array, size_t *count)
{
    *count = json_array_size(array);
    const char **out = calloc(*count + 1, sizeof *out);
    for (size_t i = 0; out && i < *count; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        out[i] = text ? text : "";
    }
    return out;
}

static const char *shell_path(void)
{
    return access("/usr/bin/bash", X_OK) == 0 ? "bash" : "sh"; /* nodes see the same /usr */
}

/* params: node, argv (empty: a shell), environment, pty, rows, columns; descriptors: 0, 1, 2 and the control socket. */
int verb_exec(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    const json_t *params = request_params(request);
    const struct node *node;
    if (request_node(director, request, &node, err) != 0)
        return -1;
    if (request_fd(request, 3) < 0)
        return error_set(err, ERR_USAGE, "'exec' needs three descriptors and a control socket");
    const char *shell[] = {shell_path(), "-i", NULL};
    size_t argc, environment_count;
    const char **argv = texts(json_object_get(params, "argv"), &argc);
    const char **environment = texts(json_object_get(params, "environment"), &environment_count);
    int result = -1;
    FD_AUTO recording = -1;
    struct keeper_spawn_spec spec = {.argv = argc > 0 ? argv : shell,
                                     .argc = argc > 0 ? argc : 2,
                                     .environment = environment,
                                     .environment_count = environment_count,
                                     .fds = {request_fd(request, 0), request_fd(request, 1), request_fd(request, 2)},
                                     .control = request_fd(request, 3),
                                     .pty = json_is_true(json_object_get(params, "pty")),
                                     .rows = (uint16_t)json_integer_value(json_object_get(params, "rows")),
                                     .columns = (uint16_t)json_integer_value(json_object_get(params, "columns")),
                                     .silent = true};
    if (!argv || !environment)
        error_set_errno(err, ENOMEM, "run a command in %s", node->name);
    else if (lab_spawn_target(director->lab, node->name, &spec, err) == 0) {
        recording_begin(director, node->name, params, &spec, &recording);
        result = keeper_spawn(lab_keeper(director->lab), &spec, err);
        if (result)
            recording_cancel(director, &spec);
    }
    free(argv);
    free(environment);
    if (result == 0) {
        checkpoint_touch(node->name);
        *reply = json_object();
    }
    return result;
}

/* ---- logs ---------------------------------------------------------------------------------------------------- */

/* One BIRD runs for all that routes in a node, under the name of the first of its services: the others' logs are its.
 */
static json_t *runners(const struct node *node)
{
    const struct service *first = NULL;
    json_t *out = json_object();
    for (size_t i = 0; node && i < node->service_count; i++) {
        const struct service *service = node->services[i];
        if (service->routing && first) {
            STR_AUTO name = STR_INIT;
            str_printf(&name, "%s/%s", node->name, first->name);
            json_object_set_new(out, service->name, json_string(str_text(&name)));
        } else if (service->routing) {
            first = service;
        }
    }
    return out;
}

/* params: node (or vpc/NAME).  Answers {"names": of its processes, whose logs are kept; "runners": {service: the name
 * of the process that does its work too}}. */
int verb_logs(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    const char *owner = json_string_value(json_object_get(request_params(request), "node"));
    const struct node *node = NULL;
    const struct plan *plan = director->plan;
    if (!(plan && owner && plan_find_namespace(plan, owner) != UINT32_MAX) &&
        request_node(director, request, &node, err) != 0)
        return -1;
    if (str_starts(owner, "node/"))
        owner += strlen("node/");
    json_t *names = json_array();
    for (size_t i = 0; i < plan->process_count; i++)
        if (str_equal(plan->namespaces[plan->processes[i].ns].name, owner) &&
            !str_starts(plan->processes[i].name, PLAN_WIRE_PROCESS))
            json_array_append_new(names, json_string(plan->processes[i].name));
    node = topology_node(director_topology(director), owner);
    *reply = json_pack("{s:o, s:o}", "names", names, "runners", runners(node));
    return 0;
}

/* params: name, offset: what its log holds from there on, at most LOG_CHUNK bytes, as a memory file. */
int verb_log(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    (void)reply;
    const json_t *params = request_params(request);
    const char *name = json_string_value(json_object_get(params, "name"));
    off_t offset = (off_t)json_integer_value(json_object_get(params, "offset"));
    if (!name || offset < 0)
        return error_set(err, ERR_USAGE, "'log' needs the name of a process");
    FD_AUTO log = lab_log_open(director->lab, name, err);
    if (log < 0)
        return -1;
    struct stat status;
    char *chunk = malloc(LOG_CHUNK);
    if (fstat(log, &status) == 0 && status.st_size < offset)
        offset = 0; /* it was started again */
    ssize_t got = chunk ? pread(log, chunk, LOG_CHUNK, offset) : -1;
    if (got < 0) {
        free(chunk);
        return error_set_errno(err, errno, "read the log of %s", name);
    }
    FD_AUTO memory = fd_memory("log", chunk, (size_t)got);
    free(chunk);
    if (memory < 0)
        return error_set_errno(err, errno, "make a memory file");
    request_finish(request, json_pack("{s:I, s:b}", "offset", (json_int_t)(offset + got), "more", got == LOG_CHUNK),
                   &memory, 1, NULL);
    return REQUEST_DEFERRED;
}
