/* Changing a running lab to another topology. */
#include "cmd/common/changing.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "cmd/common/client.h"
#include "cmd/common/ruleset.h"
#include "cmd/cmd.h"
#include "lab/control.h"
#include "load/load.h"
#include "model/topology.h"
#include "service/service.h"

static int fetch(const struct context *context, const char *verb, struct str *out, struct str *allotments, char *lab,
                 size_t lab_size, int *generation, struct error *err)
{
    struct control *control;
    json_t *reply = NULL;
    int fds[CONTROL_FDS_MAX];
    size_t count = 0;
    if (client_connect(context, &control, err) != 0)
        return -1;
    int result = control_call(control, verb, NULL, NULL, 0, NULL, NULL, &reply, fds, &count, err);
    control_close(control);
    if (result != 0)
        return -1;
    result = count > 0 ? client_read_text(fds[0], out, err) : error_set(err, ERR_SYSTEM, "the lab sent no topology");
    if (result == 0 && allotments && count > 1)
        result = client_read_text(fds[1], allotments, err);
    if (generation)
        *generation = (int)client_integer(reply, "generation");
    if (lab)
        snprintf(lab, lab_size, "%s", client_text(reply, "lab"));
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    json_decref(reply);
    return result;
}

int changing_fetch(const struct context *context, const char *verb, struct str *out, char *lab, size_t lab_size,
                   int *generation, struct error *err)
{
    return fetch(context, verb, out, NULL, lab, lab_size, generation, err);
}

int changing_fetch_whole(const struct context *context, const char *verb, struct str *out, struct str *allotments,
                         char *lab, size_t lab_size, struct error *err)
{
    return fetch(context, verb, out, allotments, lab, lab_size, NULL, err);
}

/* "+ route …" green, "- …" red, "~ …" yellow. */
static void print_operation(const struct context *context, const char *line)
{
    const char *color = *line == '+' ? "\033[32m" : *line == '-' ? "\033[31m" : "\033[33m";
    if (context->color)
        printf("%s%s\033[0m\n", color, line);
    else
        puts(line);
}

static void report(const struct context *context, json_t *reply, bool dry_run)
{
    const json_t *operations = json_object_get(reply, "operations");
    size_t i;
    json_t *line;
    if (context->format == FORMAT_JSON) {
        json_t *out = json_pack("{s:i, s:b}", "version", 1, "dry_run", dry_run);
        json_object_update(out, reply);
        client_print_json(out);
        json_decref(out);
        return;
    }
    if (context->quiet && !dry_run)
        return;
    json_array_foreach(operations, i, line) print_operation(context, json_string_value(line));
    json_array_foreach(json_object_get(reply, "notes"), i, line) printf("note: %s\n", json_string_value(line));
    size_t count = json_array_size(operations);
    if (count == 0)
        puts(dry_run ? "nothing would change" : "nothing changed");
    else if (dry_run)
        printf("%zu operation%s; nothing was done\n", count, count == 1 ? "" : "s");
    else
        printf("%zu operation%s done\n", count, count == 1 ? "" : "s");
}

int changing_apply(const struct context *context, const struct changing *changing)
{
    STR_AUTO text = STR_INIT;
    struct error err = ERROR_INIT;
    struct control *control;
    json_t *reply = NULL, *params = json_object();
    if (service_programs_check(changing->topology, &err) != 0) {
        json_decref(params);
        return cmd_fail(context, &err);
    }
    dump_topology(changing->topology, &text);
    if (changing->generation >= 0)
        json_object_set_new(params, "generation", json_integer(changing->generation));
    if (changing->path)
        json_object_set_new(params, "path", json_string(changing->path));
    if (client_connect(context, &control, &err) != 0) {
        json_decref(params);
        return cmd_fail(context, &err);
    }
    int result = client_call_text(context, control, changing->dry_run ? "difference" : "apply", params, str_text(&text),
                                  text.length, &reply, &err);
    control_close(control);
    if (result != 0)
        return ruleset_fail(context, changing->topology, changing->sources, &err) ? error_exit_status(&err)
                                                                                  : cmd_fail(context, &err);
    report(context, reply, changing->dry_run);
    json_decref(reply);
    return 0;
}
