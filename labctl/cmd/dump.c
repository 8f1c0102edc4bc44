/* labctl dump */
#include <stdio.h>

#include "cmd/common/changing.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"

static int run(struct context *context)
{
    STR_AUTO text = STR_INIT;
    struct error err = ERROR_INIT;
    char lab[80];
    int generation;
    if (cmd_operands(context, 0, 1) != 0)
        return 2;
    if (context->argc == 1)
        context->lab = context->argv[0];
    if (changing_fetch(context, "dump", &text, lab, sizeof lab, &generation, &err) != 0)
        return cmd_fail(context, &err);
    if (context->format == FORMAT_TEXT) {
        fwrite(str_text(&text), 1, text.length, stdout);
        return 0;
    }
    json_t *reply =
        json_pack("{s:i, s:s, s:i, s:s}", "version", 1, "lab", lab, "generation", generation, "yaml", str_text(&text));
    client_print_json(reply);
    json_decref(reply);
    return 0;
}

const struct command command_dump = {
    .name = "dump",
    .group = "a lab",
    .synopsis = "dump [NAME]",
    .summary = "The running topology as YAML",
    .description =
        "Canonical YAML, with every change that was made since `up`; `labctl up` builds the same lab from it.",
    .run = run,
};
