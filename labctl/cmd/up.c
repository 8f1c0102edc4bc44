/* labctl up */
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/table.h"
#include "base/units.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "cmd/common/habit.h"
#include "cmd/common/launch.h"
#include "cmd/common/reading.h"
#include "cmd/common/ruleset.h"
#include "lab/start.h"
#include "load/load.h"
#include "model/topology.h"
#include "service/service.h"

static const struct option_spec options[] = {
    {"--name", "NAME", "Call the lab so, instead of what the file says."},
    HABIT_FILE_OPTIONS,
};

static int refuse_running(const struct context *context, const char *lab, const char *file)
{
    struct keeper_process running;
    if (keeper_find(lab, &running, NULL) != 0)
        return 0;
    keeper_process_close(&running);
    struct error err = ERROR_INIT;
    error_set(&err, ERR_BUSY,
              "lab '%s' is running already; `labctl apply %s` changes it, `labctl down %s` ends it, "
              "`labctl up %s --name NAME` starts another",
              lab, file, lab, file);
    return cmd_fail(context, &err);
}

static void report(const struct context *context, const struct topology *topology, int64_t duration)
{
    if (context->format == FORMAT_JSON) {
        json_t *reply = json_pack("{s:i, s:s, s:s, s:i, s:f}", "version", 1, "lab", topology->name, "state", "running",
                                  "nodes", (int)topology->node_count, "seconds", (double)duration / 1e9);
        client_print_json(reply);
        json_decref(reply);
    } else if (!context->quiet) {
        printf("lab %s is up: %zu node%s in %.2f s\n", topology->name, topology->node_count,
               topology->node_count == 1 ? "" : "s", (double)duration / 1e9);
    }
}

static int build(const struct context *context, const struct reading *reading, const char *file, int64_t begun)
{
    const struct topology *topology = reading->topology;
    STR_AUTO text = STR_INIT;
    struct error err = ERROR_INIT;
    struct launch *launch = NULL;
    dump_topology(topology, &text);
    int status = 0;
    if (launch_begin(topology->name, file, &launch, &err) != 0)
        return cmd_fail(context, &err);
    if (launch_call(launch, context, "build", NULL, str_text(&text), text.length, NULL, &err) != 0 ||
        launch_commit(launch, &err) != 0)
        status = ruleset_fail(context, topology, reading->sources, &err) ? error_exit_status(&err)
                                                                         : launch_fail(launch, context, &err);
    launch_end(launch);
    if (status == 0)
        report(context, topology, clock_boot() - begun);
    return status;
}

static int run(struct context *context)
{
    int64_t begun = clock_boot();
    const char *file, *name = cmd_option(context, "--name");
    if (habit_file(context, &file) != 0)
        return 2;
    if (!file)
        return cmd_usage(context, "'up' needs a topology file");
    if (!name)
        name = context->lab;
    const char *rule = name ? lab_name_rule(name) : NULL;
    if (rule)
        return cmd_usage(context, "'%s': %s", name, rule);
    READING_AUTO reading = READING_INIT;
    int status = reading_file(&reading, context, file);
    if (status != 0)
        return status;
    if (name)
        reading.topology->name = name;
    struct error err = ERROR_INIT;
    if (service_programs_check(reading.topology, &err) != 0)
        return cmd_fail(context, &err);
    status = refuse_running(context, reading.topology->name, file);
    return status != 0 ? status : build(context, &reading, file, begun);
}

const struct command command_up = {
    .name = "up",
    .group = "a lab",
    .synopsis = "up FILE [--name NAME]",
    .summary = "Build the lab of a topology file and start its services",
    .description =
        "The file is validated first; then the lab is built, all of it or nothing: after a failure, Ctrl-C or a\n"
        "kill nothing is left.  `up` returns when every service answers.  A lab that runs already is not touched:\n"
        "`labctl apply` changes it.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
