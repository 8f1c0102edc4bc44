/* labctl metrics */
#include <stdio.h>

#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"
#include "report/metrics.h"

static int run(struct context *context)
{
    int status = cmd_operands(context, 0, 1);
    if (status != 0)
        return status;
    json_t *params = json_object(), *reply = NULL;
    if (context->argc)
        json_object_set_new(params, "node", json_string(context->argv[0]));
    struct error err = ERROR_INIT;
    if (client_call(context, "metrics", params, &reply, &err) != 0)
        return cmd_fail(context, &err);
    STR_AUTO text = STR_INIT;
    if (context->format == FORMAT_JSON) {
        client_print_json(reply);
    } else {
        metrics_write(json_object_get(reply, "metrics"), &text);
        fputs(str_text(&text), stdout);
    }
    json_decref(reply);
    return 0;
}

const struct command command_metrics = {
    .name = "metrics",
    .group = "looking",
    .synopsis = "metrics [NODE]",
    .summary = "Counters of the nodes' interfaces and protocols, as Prometheus reads them",
    .description =
        "What the kernel has counted in each node, or in one: bytes, packets and errors of its interfaces, what IP, "
        "TCP,\n"
        "UDP and ICMP did and refused, the flows that it tracks.  Each series has the labels lab and node, those of\n"
        "interfaces device as well.  For the textfile collector of node_exporter:\n"
        "  labctl metrics >lab.prom.new && mv lab.prom.new lab.prom",
    .prometheus = true,
    .run = run,
};
