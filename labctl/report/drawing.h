/* A topology's graph (graph.h, GRAPH_JSON) as a drawing in SVG. */
#pragma once

#include <jansson.h>

struct str;

/* Things with "broken": true or "changed": true are marked.  Appends one <svg> element whose colours follow the CSS
 * variables --ink, --soft, --paper, --broken and --changed where the page sets them, so that it can stand alone or in a
 * page.  The same graph gives the same drawing. */
void drawing_svg(const json_t *graph, struct str *out);

/* Text for an element's content or an attribute's value in XML and HTML: what is no character there becomes U+FFFD. */
void xml_text(struct str *out, const char *text);
