/* labctl claim */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"

static const struct option_spec options[] = {
    {"--where", "THING…", "A thing of the lab that is broken; may be given several times."},
    {"--what", "KIND", "The kind of fault, as `labctl fault list` names it."},
    {"--none", NULL, "Nothing is broken."},
};

/* The things, one a line. */
static json_t *places_of(const char *lines)
{
    json_t *places = json_array();
    while (lines && *lines) {
        size_t length = strcspn(lines, "\n");
        json_array_append_new(places, json_stringn(lines, length));
        lines += length + (lines[length] == '\n');
    }
    return places;
}

static int run(struct context *context)
{
    struct error err = ERROR_INIT;
    json_t *reply = NULL;
    const char *where = cmd_option(context, "--where"), *what = cmd_option(context, "--what");
    bool none = cmd_option(context, "--none") != NULL;
    if (cmd_operands(context, 0, 0))
        return 2;
    if (!none && !where && !what)
        return cmd_usage(context,
                         "a claim says where and what is broken (--where, --what), or that nothing is (--none)");
    if ((where && !str_is_utf8(where, strlen(where))) || (what && !str_is_utf8(what, strlen(what))))
        return cmd_usage(context, "a claim names things and kinds in UTF-8");
    exercise_choose_lab(context);
    json_t *params = json_pack("{s:o, s:s?, s:b}", "where", places_of(where), "what", what, "none", none);
    if (client_call(context, "exercise-claim", params, &reply, &err))
        return exercise_fail(context, &err);
    if (context->format == FORMAT_JSON) {
        json_object_set_new(reply, "version", json_integer(1));
        client_print_json(reply);
    } else if (!context->quiet) {
        json_int_t points = client_integer(reply, "points");
        printf("Claim %lld is recorded; the last one counts, or the last ones where several things are broken%s.\n",
               (long long)client_integer(reply, "claims"),
               points ? "" : ", though this scenario gives no points for it");
    }
    json_decref(reply);
    return 0;
}

const struct command command_claim = {
    .name = "claim",
    .group = "an exercise",
    .synopsis = "claim --where THING [--where THING…] --what KIND | claim --none",
    .summary = "Say what is broken and where, as often as you like: the last claim counts",
    .description =
        "THING is any thing of the lab, as `labctl inspect` and `labctl dump` name it; KIND any kind of\n"
        "fault, whatever the lab is made of.  Half of the points are for where, half for what; several\n"
        "places share the credit.  Where several things are broken, a claim counts for one of them, and as many\n"
        "of the last claims count as there are.  Nobody tells before the end whether it is right.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
