/* labctl flow-logs */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/table.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/flows.h"

#define FOR_DEFAULT (5 * NANOSECONDS_PER_SECOND)

static const struct option_spec options[] = {
    {"--for", "TIME", "How long to watch interfaces outside of a VPC (default 5s; Ctrl-C ends it too)."},
};

static const struct {
    json_int_t number;
    const char *name;
} protocols[] = {{IPPROTO_ICMP, "icmp"}, {IPPROTO_TCP, "tcp"}, {IPPROTO_UDP, "udp"}, {IPPROTO_ICMPV6, "icmpv6"}};

/* The protocol by its name, where it has one here. */
static void name_protocol(json_t *flow)
{
    json_int_t number = client_integer(flow, "protocol");
    char text[16];
    snprintf(text, sizeof text, "%d", (int)number);
    const char *name = text;
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
        if (protocols[i].number == number)
            name = protocols[i].name;
    json_object_set_new(flow, "protocol", json_string(name));
}

/* By time; what has none comes first. */
static void sort(json_t *flows)
{
    for (size_t i = 1; i < json_array_size(flows); i++) {
        json_t *flow = json_incref(json_array_get(flows, i));
        double time = json_number_value(json_object_get(flow, "time"));
        size_t at = i;
        while (at > 0 && json_number_value(json_object_get(json_array_get(flows, at - 1), "time")) > time)
            at--;
        if (at < i) {
            json_array_remove(flows, i);
            json_array_insert(flows, at, flow);
        }
        json_decref(flow);
    }
}

static void print(const json_t *flows)
{
    size_t i;
    const json_t *flow;
    printf("%-8s  %-10s %-15s %-15s %5s %5s %-6s %8s %10s  %s\n", "TIME", "INTERFACE", "SOURCE", "DESTINATION", "SPORT",
           "DPORT", "PROTO", "PACKETS", "BYTES", "ACTION");
    json_array_foreach(flows, i, flow)
    {
        char clock[16] = "-";
        const json_t *when = json_object_get(flow, "time");
        time_t seconds = (time_t)json_number_value(when);
        struct tm local;
        if (json_is_number(when))
            strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&seconds, &local));
        printf("%-8s  %-10s %-15s %-15s %5d %5d %-6s %8lld %10lld  %s\n", clock, client_text(flow, "interface"),
               client_text(flow, "source"), client_text(flow, "destination"), (int)client_integer(flow, "source_port"),
               (int)client_integer(flow, "destination_port"), client_text(flow, "protocol"),
               (long long)client_integer(flow, "packets"), (long long)client_integer(flow, "bytes"),
               client_text(flow, "action"));
    }
}

static int show(struct context *context, const char *node, const char *interface, int64_t watch)
{
    struct error err = ERROR_INIT;
    json_t *reply = NULL, *params = json_pack("{s:s, s:s*}", "node", node, "interface", interface);
    size_t i;
    json_t *flow;
    if (client_call(context, "flows", params, &reply, &err))
        return cmd_fail(context, &err);
    json_t *flows = json_object_get(reply, "flows");
    const json_t *others = json_object_get(reply, "others");
    int result = json_array_size(others) ? flows_capture(context, node, others, watch, flows, &err) : 0;
    json_array_foreach(flows, i, flow) name_protocol(flow);
    sort(flows);
    if (result) {
        cmd_fail(context, &err);
    } else if (context->format == FORMAT_JSON) {
        json_t *out =
            json_pack("{s:i, s:O, s:O}", "version", 1, "node", json_object_get(reply, "node"), "flows", flows);
        client_print_json(out);
        json_decref(out);
    } else {
        print(flows);
    }
    json_decref(reply);
    return result ? 2 : 0;
}

static int run(struct context *context)
{
    const char *text = cmd_option(context, "--for");
    int64_t watch = FOR_DEFAULT;
    if (cmd_operands(context, 1, 1))
        return 2;
    const char *problem = text ? duration_parse(text, &watch) : NULL;
    if (problem || watch <= 0)
        return cmd_usage(context, "--for '%s': %s", text, problem ? problem : "a time such as 5s is wanted");
    char *node = context->argv[0];
    if (!strncmp(node, "node/", strlen("node/")))
        node += strlen("node/");
    char *slash = strchr(node, '/');
    if (slash)
        *slash = '\0';
    return show(context, node, slash ? slash + 1 : NULL, watch);
}

const struct command command_flow_logs = {
    .name = "flow-logs",
    .group = "its nodes",
    .synopsis = "flow-logs NODE[/IF] [--for TIME]",
    .summary = "Flows at an interface of a node: accepted or rejected",
    .description =
        "As a cloud logs them: one line for each direction of a flow, with its packets and bytes, and ACCEPT or "
        "REJECT.\n"
        "In a VPC it is what the security groups of the last minutes accepted or rejected; which rule it was is not\n"
        "told.  Elsewhere nothing rejects: the interface is watched for --for TIME, and what passes is shown.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .run = run,
};
