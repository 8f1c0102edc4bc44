/* A topology as a drawing: plain text for a terminal, a picture, or the languages of Graphviz and Mermaid. */
#pragma once

struct str;
struct topology;

enum graph_format { GRAPH_ASCII, GRAPH_DOT, GRAPH_MERMAID, GRAPH_JSON, GRAPH_SVG, GRAPH_HTML, GRAPH_FORMAT_COUNT };
extern const char *const graph_format_names[GRAPH_FORMAT_COUNT]; /* "ascii", "dot", "mermaid", … */

/* The same topology gives the same text.  ASCII uses no other characters of its own, and about 100 columns. */
void graph_write(const struct topology *topology, enum graph_format format, struct str *out);
