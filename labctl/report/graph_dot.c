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

static void indent(struct str *out, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        str_append(out, "  ");
}

/* *count: of those written before it. */
static void attribute(struct str *out, unsigned *count, const char *name, const char *value)
{
    if (!*value)
        return;
    str_printf(out, "%s%s=", (*count)++ > 0 ? ", " : "", name);
    quote(out, value);
}

static void write_vertices(const struct elements *elements, size_t cluster, unsigned depth, struct str *out)
{
    for (size_t i = 0; i < elements->vertex_count; i++) {
        const struct vertex *vertex = &elements->vertices[i];
        if (vertex->cluster != cluster)
            continue;
        indent(out, depth);
        quote(out, vertex->id);
        str_append(out, " [");
        unsigned count = 0;
        attribute(out, &count, "label", vertex->label);
        str_printf(out, "%s%s];\n", count > 0 ? ", " : "", shapes[vertex->shape]);
    }
}

static void write_clusters(const struct elements *elements, size_t parent, unsigned depth, struct str *out)
{
    for (size_t i = 0; i < elements->cluster_count; i++) {
        const struct cluster *cluster = &elements->clusters[i];
        if (cluster->parent != parent)
            continue;
        STR_AUTO id = STR_INIT;
        str_printf(&id, "cluster %s", cluster->id);
        indent(out, depth);
        str_append(out, "subgraph ");
        quote(out, str_text(&id));
        str_append(out, " {\n");
        indent(out, depth + 1);
        str_append(out, "label=");
        quote(out, cluster->label);
        str_append(out, ";\n");
        write_vertices(elements, i, depth + 1, out);
        write_clusters(elements, i, depth + 1, out);
        indent(out, depth);
        str_append(out, "}\n");
    }
}

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
    write_vertices(&elements, CLUSTER_NONE, 1, out);
    write_clusters(&elements, CLUSTER_NONE, 1, out);
    write_edges(&elements, out);
    str_append(out, "}\n");
}
