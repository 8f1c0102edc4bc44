/* labctl set, labctl unset: one value of the running topology. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "cmd/common/changing.h"
#include "cmd/cmd.h"
#include "cmd/common/reading.h"
#include "doc/doc.h"
#include "load/edit.h"
#include "load/load.h"
#include "model/topology.h"

/* A lab is found by its name, and keeps it while it runs. */
static int check_path(const char *path, struct error *err)
{
    return str_equal(path, "lab") ? error_set(err, ERR_USAGE,
                                              "a lab that runs keeps its name; `labctl up FILE --name "
                                              "NAME` gives it one")
                                  : 0;
}

/* The running text with one value changed.  0, or the exit status. */
static int edited(const struct context *context, const char *running, size_t length, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    struct error err = ERROR_INIT;
    findings_init(&findings, arena);
    struct sources *sources = sources_new(arena);
    struct document *document = document_parse(arena, sources, "running lab", running, length, &findings);
    int result = context->argc == 2 ? edit_set(document, context->argv[0], context->argv[1], &err)
                                    : edit_unset(document, context->argv[0], &err);
    if (result != 0)
        return cmd_fail(context, &err);
    edit_write(document, out);
    return 0;
}

static int change(struct context *context)
{
    STR_AUTO running = STR_INIT;
    STR_AUTO text = STR_INIT;
    struct error err = ERROR_INIT;
    char lab[80];
    int generation;
    if (check_path(context->argv[0], &err) != 0 ||
        changing_fetch(context, "dump", &running, lab, sizeof lab, &generation, &err) != 0)
        return cmd_fail(context, &err);
    int status = edited(context, str_text(&running), running.length, &text);
    if (status != 0)
        return status;
    READING_AUTO reading = READING_INIT;
    struct context errors_only = *context;
    errors_only.quiet = true; /* the warnings were shown by `up` */
    status = reading_changed(&reading, &errors_only, context->argv[0], &text, &running);
    if (status != 0)
        return status;
    context->lab = lab;
    struct changing changing = {
        .topology = reading.topology, .sources = reading.sources, .generation = generation, .path = context->argv[0]};
    return changing_apply(context, &changing);
}

static int run_set(struct context *context)
{
    return cmd_operands(context, 2, 2) != 0 ? 2 : change(context);
}

static int run_unset(struct context *context)
{
    return cmd_operands(context, 1, 1) != 0 ? 2 : change(context);
}

const struct command command_set = {
    .name = "set",
    .group = "a lab",
    .synopsis = "set THING/KEY VALUE",
    .summary = "Change one value of the running lab",
    .description =
        "THING is named as everywhere (node/db, vpc/main/security_group/web, link/uplink), KEY is one of its keys, "
        "and\n"
        "VALUE is YAML:\n"
        "  labctl set link/uplink/loss 5%\n"
        "  labctl set vpc/main/route_table/private '[ { destination: 0.0.0.0/0, target: nat_gateway/nat } ]'\n"
        "The result is validated like a file; only the difference is executed.",
    .run = run_set,
};

const struct command command_unset = {
    .name = "unset",
    .group = "a lab",
    .synopsis = "unset THING/KEY",
    .summary = "Take one key out of the running topology",
    .description = "As if the key had never been written: its default holds again.",
    .run = run_unset,
};
