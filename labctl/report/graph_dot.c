/* The graph in Graphviz's language. */
#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "model/topology.h"
#include "report/graph_elements.h"
#include "report/graph_formats.h"

static const char *const shapes[] = {
    [VERTEX_NODE] = "shape=box, style=rounded",
    [VERTEX_ROUTER] = "shape=box, style=\"rounded,bold\"",
    [VERTEX_BRIDGE] = "shape=box, style=filled, fillcolor=gray90",
    [VERTEX_GATEWAY] = "shape=hexagon",
    [VERTEX_INTERNET] = "shape=ellipse, style=filled, fillcolor=lightblue",
    [VERTEX_ANCHOR] = "shape=point",
    [VERTEX_ATTACHMENT] = "shape=point",
};
_Static_assert(ARRAY_SIZE(shapes) == VERTEX_SHAPE_COUNT, "one row for each shape");

/* A quoted string: a newline becomes Graphviz's own. */
static void quote(struct str *out, const char *text)
{
    str_append_char(out, '"');
    for (; *text; text++) {
        if (*text == '\n') {
            str_append(out, "\\n");
            continue;
        }
        if (*text == '"' || *text == '\\')
            str_append_char(out, '\\');
        str_append_char(out, *text);
    }
    str_append_char(out, '"');
}

/* *count: of those written before it. */
static void attribute(struct str *out, unsigned *count, const char *name, const char *value)
{
    if (!*value)
        return;
    str_printf(out, "%s%s=", (*count)++ > 0 ? ", " : "", name);
    quote(out, value);
}

static void write_vertex(const struct elements *elements, size_t i, struct str *out)
{
    const struct vertex *vertex = &elements->vertices[i];
    unsigned count = 0;
    quote(out, vertex->id);
    str_append(out, " [");
    attribute(out, &count, "label", vertex->label);
    str_printf(out, "%s%s];\n", count > 0 ? ", " : "", shapes[vertex->shape]);
}

static void open_cluster(const struct elements *elements, size_t i, unsigned depth, struct str *out)
{
    const struct cluster *cluster = &elements->clusters[i];
    STR_AUTO id = STR_INIT;
    str_printf(&id, "cluster %s", cluster->id);
    str_append(out, "subgraph ");
    quote(out, str_text(&id));
    str_append(out, " {\n");
    elements_indent(out, depth + 1);
    str_append(out, "label=");
    quote(out, cluster->label);
    str_append(out, ";\n");
}

static const struct element_writer writer = {write_vertex, open_cluster, "}\n"};

static void write_edges(const struct elements *elements, struct str *out)
{
    for (size_t i = 0; i < elements->edge_count; i++) {
        const struct edge *edge = &elements->edges[i];
        str_append(out, "  ");
        quote(out, elements->vertices[edge->from].id);
        str_append(out, " -- ");
        quote(out, elements->vertices[edge->to].id);
        if (*edge->label || *edge->from_label || *edge->to_label) {
            str_append(out, " [");
            unsigned count = 0;
            attribute(out, &count, "label", edge->label);
            attribute(out, &count, "taillabel", edge->from_label);
            attribute(out, &count, "headlabel", edge->to_label);
            str_append_char(out, ']');
        }
        str_append(out, ";\n");
    }
}

void graph_write_dot(const struct topology *topology, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    struct elements elements;
    elements_of(topology, &elements, arena);
    str_append(out, "graph ");
    quote(out, topology->name ? topology->name : "lab");
    str_append(out, " {\n");
    if (topology->title) {
        str_append(out, "  label=");
        quote(out, topology->title);
        str_append(out, "; labelloc=t;\n");
    }
    str_append(out, "  node [fontname=\"sans-serif\"]; edge [fontname=\"sans-serif\", fontsize=10];\n");
    elements_write(&elements, &writer, out);
    write_edges(&elements, out);
    str_append(out, "}\n");
}
