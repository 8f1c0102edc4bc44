/* labctl list */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "lab/control.h"

#define PATIENCE 1000 /* ms for each answer of a lab */

/* What one lab says of itself; where it does not answer, that. */
static json_t *ask(const char *lab)
{
    struct error err = ERROR_INIT;
    struct control *control;
    json_t *reply = NULL;
    if (control_connect_within(lab, PATIENCE, &control, &err) == 0) {
        int result = control_call(control, "state", NULL, NULL, 0, NULL, NULL, &reply, NULL, NULL, &err);
        control_close(control);
        if (result == 0)
            return reply;
    }
    if (err.kind == ERR_ABSENT)
        return NULL; /* ended meanwhile */
    return json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:s}", "lab", lab, "title", "", "state", "no answer", "nodes", 0,
                     "since", "", "exercise", "", "busy", "");
}

static void print_row(const json_t *lab)
{
    const char *exercise = client_text(lab, "exercise");
    printf("%-20s %-10s %6" JSON_INTEGER_FORMAT "  %-20s  %s%s%s%s\n", client_text(lab, "lab"),
           client_text(lab, "state"), client_integer(lab, "nodes"), client_text(lab, "since"),
           client_text(lab, "title"), *exercise ? " (exercise " : "", exercise, *exercise ? ")" : "");
}

static int run(struct context *context)
{
    struct error err = ERROR_INIT;
    char **names;
    size_t count;
    if (cmd_operands(context, 0, 0) != 0)
        return 2;
    if (registry_list(&names, &count, &err) != 0)
        return cmd_fail(context, &err);
    json_t *labs = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *lab = ask(names[i]);
        if (lab)
            json_array_append_new(labs, lab);
        free(names[i]);
    }
    free(names);
    if (context->format == FORMAT_JSON) {
        json_t *reply = json_pack("{s:i, s:O}", "version", 1, "labs", labs);
        client_print_json(reply);
        json_decref(reply);
    } else if (json_array_size(labs) == 0) {
        if (!context->quiet)
            puts("no lab is running");
    } else {
        size_t i;
        json_t *lab;
        printf("%-20s %-10s %6s  %-20s  %s\n", "LAB", "STATE", "NODES", "SINCE", "TITLE");
        json_array_foreach(labs, i, lab) print_row(lab);
    }
    json_decref(labs);
    return 0;
}

const struct command command_list = {
    .name = "list",
    .group = "a lab",
    .synopsis = "list",
    .summary = "The labs of yours that run",
    .run = run,
};
