/* labctl logs */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "lab/control.h"

#define FOLLOW_INTERVAL 200 /* ms */

static const struct option_spec options[] = {
    {"--follow", NULL, "Go on as the log grows, until the lab ends."},
    {"-f", NULL, "The same as --follow."},
};

/* Appends what the log holds from *offset on; *more where there is more at once. */
static int fetch(struct control *control, const char *name, json_int_t *offset, bool *more, struct str *out,
                 struct error *err)
{
    int fds[CONTROL_FDS_MAX];
    size_t count = 0;
    json_t *reply = NULL;
    json_t *params = json_pack("{s:s, s:I}", "name", name, "offset", *offset);
    if (control_call(control, "log", params, NULL, 0, NULL, NULL, &reply, fds, &count, err) != 0)
        return -1;
    int result = count > 0 ? client_read_text(fds[0], out, err) : 0;
    *offset = client_integer(reply, "offset");
    *more = client_truth(reply, "more");
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    json_decref(reply);
    return result;
}

static int fetch_all(struct control *control, const char *name, json_int_t *offset, struct str *out, struct error *err)
{
    bool more = true;
    while (more)
        if (fetch(control, name, offset, &more, out, err) != 0)
            return -1;
    return 0;
}

static int print_log(struct control *control, const char *name, bool heading, bool follow, struct error *err)
{
    json_int_t offset = 0;
    if (heading)
        printf("==> %s <==\n", name);
    for (;;) {
        STR_AUTO text = STR_INIT;
        if (fetch_all(control, name, &offset, &text, err) != 0)
            return -1;
        fwrite(str_text(&text), 1, text.length, stdout);
        if (!follow)
            return 0;
        fflush(stdout);
        struct pollfd gone = {.fd = control_descriptor(control), .events = POLLIN};
        if (poll(&gone, 1, FOLLOW_INTERVAL) > 0)
            return 0; /* the lab has ended */
    }
}

static int print_json(struct control *control, const char *const *names, size_t count, struct error *err)
{
    json_t *logs = json_array();
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        STR_AUTO text = STR_INIT;
        json_int_t offset = 0;
        result = fetch_all(control, names[i], &offset, &text, err);
        json_t *line = json_string(str_text(&text));
        json_array_append_new(logs, json_pack("{s:s, s:o}", "name", names[i], "text", line ? line : json_string("")));
    }
    json_t *reply = json_pack("{s:i, s:o}", "version", 1, "logs", logs);
    if (result == 0)
        client_print_json(reply);
    json_decref(reply);
    return result;
}

/* Which logs are meant: all of the node, or that of one service. */
static int select_logs(struct context *context, const json_t *reply, const char **names, size_t *count,
                       struct error *err)
{
    const char *owner = context->argv[0], *wanted = context->argc > 1 ? context->argv[1] : NULL, *known[256];
    size_t i, known_count = 0;
    json_t *item;
    *count = 0;
    json_array_foreach(json_object_get(reply, "names"), i, item)
    {
        const char *name = json_string_value(item), *service = strrchr(name, '/');
        service = service ? service + 1 : name;
        if (known_count == ARRAY_SIZE(known))
            break;
        known[known_count++] = service;
        if (!wanted || str_equal(service, wanted) || str_equal(name, wanted))
            names[(*count)++] = name;
    }
    const char *also;
    json_object_foreach(json_object_get(reply, "runners"), also, item)
    {
        if (known_count < ARRAY_SIZE(known))
            known[known_count++] = also;
    }
    const char *runner = wanted ? client_text(json_object_get(reply, "runners"), wanted) : "";
    if (*count == 0 && *runner)
        names[(*count)++] = runner;
    if (*count > 0)
        return 0;
    if (!wanted)
        return error_set(err, ERR_ABSENT, "nothing of '%s' has a log: it runs no service", owner);
    const char *nearest = str_nearest(wanted, known, known_count);
    return error_set(err, ERR_ABSENT, "'%s' has no service '%s'%s%s%s", owner, wanted,
                     nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static int show(struct context *context, struct control *control, bool follow, struct error *err)
{
    const char *names[256];
    size_t count;
    json_t *reply = NULL;
    if (control_call(control, "logs", json_pack("{s:s}", "node", context->argv[0]), NULL, 0, NULL, NULL, &reply, NULL,
                     NULL, err) != 0)
        return -1;
    int result = select_logs(context, reply, names, &count, err);
    if (result == 0 && follow && count > 1)
        result = error_set(err, ERR_USAGE, "--follow shows one log: say which service");
    if (result == 0 && context->format == FORMAT_JSON)
        result = print_json(control, names, count, err);
    else
        for (size_t i = 0; i < count && result == 0; i++)
            result = print_log(control, names[i], count > 1, follow, err);
    json_decref(reply);
    return result;
}

static int run(struct context *context)
{
    struct error err = ERROR_INIT;
    struct control *control;
    bool follow = cmd_option(context, "--follow") || cmd_option(context, "-f");
    if (cmd_operands(context, 1, 2) != 0)
        return 2;
    if (follow && context->format == FORMAT_JSON)
        return cmd_usage(context, "--follow and --format json exclude each other");
    if (client_connect(context, &control, &err) != 0)
        return cmd_fail(context, &err);
    int result = show(context, control, follow, &err);
    control_close(control);
    return result == 0 ? 0 : cmd_fail(context, &err);
}

const struct command command_logs = {
    .name = "logs",
    .group = "its nodes",
    .synopsis = "logs NODE [SERVICE] [--follow]",
    .summary = "What the services of a node have said",
    .description =
        "Standard output and error of the node's services.  `vpc/NAME` in place of a node shows what runs for a VPC.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
