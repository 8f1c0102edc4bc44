/* What commands that talk to a running lab share. */
#include "cmd/common/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "cmd/cmd.h"
#include "lab/control.h"

#define PATIENCE 1000 /* ms for what only helps along */
#define TEXT_MAX (64u << 20)

int client_connect(const struct context *context, struct control **out, struct error *err)
{
    return control_connect(context->lab, out, err);
}

int client_call(const struct context *context, const char *verb, json_t *params, json_t **reply, struct error *err)
{
    struct control *control;
    if (client_connect(context, &control, err) != 0) {
        json_decref(params);
        return -1;
    }
    int result = control_call(control, verb, params, NULL, 0, client_progress, (void *)context, reply, NULL, NULL, err);
    client_progress_end(context);
    control_close(control);
    return result;
}

int client_call_text(const struct context *context, struct control *control, const char *verb, json_t *params,
                     const char *text, size_t length, json_t **reply, struct error *err)
{
    FD_AUTO memory = fd_memory("text", text, length);
    if (memory < 0) {
        json_decref(params);
        return error_set_errno(err, errno, "make a memory file of %zu bytes", length);
    }
    int result =
        control_call(control, verb, params, &memory, 1, client_progress, (void *)context, reply, NULL, NULL, err);
    client_progress_end(context);
    return result;
}

int client_read_text(int fd, struct str *out, struct error *err)
{
    if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, out, TEXT_MAX) != 0)
        return error_set_errno(err, errno, "read the lab's answer");
    return 0;
}

void client_print_json(const json_t *reply)
{
    json_dumpf(reply, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    putchar('\n');
}

static bool shows_progress(const struct context *context)
{
    return context && !context->quiet && isatty(STDERR_FILENO);
}

void client_progress(void *argument, const json_t *progress)
{
    const struct context *context = argument;
    if (!shows_progress(context))
        return;
    const char *text = client_text(progress, "text");
    json_int_t done = client_integer(progress, "done"), total = client_integer(progress, "total");
    if (total > 0)
        fprintf(stderr, "\r\033[K%s %" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT, text, done, total);
    else
        fprintf(stderr, "\r\033[K%s", text);
    fflush(stderr);
}

void client_progress_end(const struct context *context)
{
    if (shows_progress(context))
        fputs("\r\033[K", stderr);
}

const char *client_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

json_int_t client_integer(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

bool client_truth(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

int client_node_names(const char *lab, struct arena *arena, const char ***names, size_t *count)
{
    struct control *control;
    json_t *reply = NULL;
    *names = NULL;
    *count = 0;
    if (control_connect_within(lab, PATIENCE, &control, NULL) != 0)
        return -1;
    int result = control_call(control, "nodes", NULL, NULL, 0, NULL, NULL, &reply, NULL, NULL, NULL);
    control_close(control);
    if (result != 0)
        return -1;
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(reply, "nodes"), i, name) * ARENA_PUSH(arena, *names, *count) =
        arena_strdup(arena, json_string_value(name));
    json_decref(reply);
    return 0;
}
