/* The graph in Mermaid's language (flowchart).  Its identifiers are made (n0, c0): names may be words of the language.
 */
#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "model/topology.h"
#include "report/graph_elements.h"
#include "report/graph_formats.h"

static const struct {
    const char *open, *close;
} shapes[] = {
    [VERTEX_NODE] = {"(", ")"},         [VERTEX_ROUTER] = {"[[", "]]"},   [VERTEX_BRIDGE] = {"[", "]"},
    [VERTEX_GATEWAY] = {"{{", "}}"},    [VERTEX_INTERNET] = {"([", "])"}, [VERTEX_ANCHOR] = {"((", "))"},
    [VERTEX_ATTACHMENT] = {"((", "))"},
};
_Static_assert(ARRAY_SIZE(shapes) == VERTEX_SHAPE_COUNT, "one row for each shape");

/* A quoted string: what Mermaid would take as its own is written as an entity. */
static void quote(struct str *out, const char *text)
{
    str_append_char(out, '"');
    for (; *text; text++) {
        switch (*text) {
        case '\n':
            str_append(out, "<br/>");
            break;
        case '"':
            str_append(out, "#quot;");
            break;
        case '#':
            str_append(out, "#35;");
            break;
        case '<':
            str_append(out, "#lt;");
            break;
        case '>':
            str_append(out, "#gt;");
            break;
        case '`':
            str_append(out, "#96;");
            break;
        default:
            str_append_char(out, *text);
            break;
        }
    }
    str_append_char(out, '"');
}

/* The title stands in a YAML header. */
static void quote_yaml(struct str *out, const char *text)
{
    str_append_char(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            str_append_char(out, '\\');
        if (*text == '\n')
            str_append(out, "\\n");
        else
            str_append_char(out, *text);
    }
    str_append_char(out, '"');
}

static void write_vertex(const struct elements *elements, size_t i, struct str *out)
{
    const struct vertex *vertex = &elements->vertices[i];
    str_printf(out, "n%zu%s", i, shapes[vertex->shape].open);
    quote(out, *vertex->label ? vertex->label : " ");
    str_printf(out, "%s\n", shapes[vertex->shape].close);
}

static void open_cluster(const struct elements *elements, size_t i, unsigned depth, struct str *out)
{
    (void)depth;
    str_printf(out, "subgraph c%zu [", i);
    quote(out, elements->clusters[i].label);
    str_append(out, "]\n");
}

static const struct element_writer writer = {write_vertex, open_cluster, "end\n"};

static void write_edges(const struct elements *elements, struct str *out)
{
    for (size_t i = 0; i < elements->edge_count; i++) {
        const struct edge *edge = &elements->edges[i];
        STR_AUTO label = STR_INIT; /* Mermaid has no labels at the ends: they stand around the name */
        if (*edge->from_label || *edge->to_label)
            str_printf(&label, "%s\n%s\n%s", edge->from_label, edge->label, edge->to_label);
        else
            str_append(&label, edge->label);
        str_printf(out, "  n%zu ---", edge->from);
        if (label.length > 0) {
            str_append_char(out, '|');
            quote(out, str_text(&label));
            str_append_char(out, '|');
        }
        str_printf(out, " n%zu\n", edge->to);
    }
}

void graph_write_mermaid(const struct topology *topology, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    struct elements elements;
    elements_of(topology, &elements, arena);
    if (topology->title) {
        str_append(out, "---\ntitle: ");
        quote_yaml(out, topology->title);
        str_append(out, "\n---\n");
    }
    str_append(out, "flowchart TB\n");
    elements_write(&elements, &writer, out);
    write_edges(&elements, out);
}
