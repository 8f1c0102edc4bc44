/* labctl version */
#include <stdio.h>

#include "base/json.h"
#include "cmd/cmd.h"

static int run(struct context *context)
{
    if (cmd_operands(context, 0, 0) != 0)
        return 2;
    if (context->format == FORMAT_TEXT) {
        puts("labctl " LABCTL_VERSION);
        return 0;
    }
    STR_AUTO text = STR_INIT;
    struct json json;
    json_init(&json, &text, true);
    json_put_object(&json);
    json_put_integer_member(&json, "version", 1);
    json_put_string_member(&json, "labctl", LABCTL_VERSION);
    json_put_object_end(&json);
    puts(str_text(&text));
    return 0;
}

const struct command command_version = {
    .name = "version",
    .group = "the machine",
    .synopsis = "version",
    .summary = "Print the program's version",
    .run = run,
};
