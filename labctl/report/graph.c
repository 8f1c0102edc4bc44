/* A topology as a drawing: the table of formats. */
#include "report/graph.h"

#include "report/graph_formats.h"

const char *const graph_format_names[GRAPH_FORMAT_COUNT] = {
    [GRAPH_ASCII] = "ascii", [GRAPH_DOT] = "dot", [GRAPH_MERMAID] = "mermaid",
    [GRAPH_JSON] = "json",   [GRAPH_SVG] = "svg", [GRAPH_HTML] = "html",
};

static void (*const writers[GRAPH_FORMAT_COUNT])(const struct topology *topology, struct str *out) = {
    [GRAPH_ASCII] = graph_write_ascii, [GRAPH_DOT] = graph_write_dot, [GRAPH_MERMAID] = graph_write_mermaid,
    [GRAPH_JSON] = graph_write_json,   [GRAPH_SVG] = graph_write_svg, [GRAPH_HTML] = graph_write_html,
};

void graph_write(const struct topology *topology, enum graph_format format, struct str *out)
{
    writers[format](topology, out);
}
