/* labctl graph */
#include <stdio.h>

#include "base/table.h"
#include "cmd/common/changing.h"
#include "cmd/common/habit.h"
#include "cmd/cmd.h"
#include "cmd/common/reading.h"
#include "report/graph.h"

static const struct option_spec options[] = {
    {"--as", "FORMAT", "ascii (the default), dot (Graphviz), mermaid, json, svg, html"},
    HABIT_FILE_OPTIONS,
};

/* 0, or the exit status of a complaint. */
static int choose_format(struct context *context, enum graph_format *out)
{
    const char *name = cmd_option(context, "--as");
    if (!name)
        name = context->format_text;
    if (str_equal(name, "text"))
        name = "ascii";
    for (size_t i = 0; i < GRAPH_FORMAT_COUNT; i++)
        if (str_equal(name, graph_format_names[i])) {
            *out = (enum graph_format)i;
            return 0;
        }
    const char *nearest = str_nearest(name, graph_format_names, GRAPH_FORMAT_COUNT);
    return cmd_usage(context, "'%s' is none of ascii, dot, mermaid, json, svg, html%s%s%s", name,
                     nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* The topology of the file, or of the running lab.  0 or an exit status. */
static int read_topology(struct context *context, const char *file, struct reading *reading)
{
    STR_AUTO text = STR_INIT;
    STR_AUTO allotments = STR_INIT;
    struct error err = ERROR_INIT;
    char lab[80];
    if (file)
        return reading_file(reading, context, file);
    if (changing_fetch_whole(context, "dump", &text, &allotments, lab, sizeof lab, &err) != 0)
        return cmd_fail(context, &err);
    return reading_running(reading, context, lab, &text, &allotments);
}

static int run(struct context *context)
{
    enum graph_format format = GRAPH_ASCII;
    READING_AUTO reading = READING_INIT;
    STR_AUTO text = STR_INIT;
    const char *file;
    int status = habit_file(context, &file);
    if (status == 0)
        status = choose_format(context, &format);
    if (status == 0)
        status = read_topology(context, file, &reading);
    if (status != 0)
        return status;
    graph_write(reading.topology, format, &text);
    fwrite(str_text(&text), 1, text.length, stdout);
    return 0;
}

const struct command command_graph = {
    .name = "graph",
    .group = "a file",
    .synopsis = "graph [FILE] [--as ascii|dot|mermaid|json|svg|html]",
    .summary = "Draw a topology",
    .description = "Without FILE, the running lab as it is now.  ascii is for a terminal; dot is for Graphviz, mermaid "
                   "for Markdown; svg and html are pictures.\n"
                   "--format means the same as --as.",
    .options = options,
    .option_count = ARRAY_SIZE(options),
    .own_formats = true,
    .run = run,
};
