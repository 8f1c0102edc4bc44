/* A topology as a picture: SVG, and a page around it. */
#include "base/str.h"
#include "model/topology.h"
#include "report/drawing.h"
#include "report/graph_formats.h"

void graph_write_svg(const struct topology *topology, struct str *out)
{
    STR_AUTO text = STR_INIT;
    graph_write_json(topology, &text);
    json_t *graph = json_loads(str_text(&text), 0, NULL);
    drawing_svg(graph, out);
    json_decref(graph);
}

void graph_write_html(const struct topology *topology, struct str *out)
{
    const char *title = topology->title ? topology->title : topology->name;
    str_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    xml_text(out, title);
    str_append(out, "</title>\n<style>body{margin:1rem;font-family:system-ui,sans-serif}svg{max-width:100%;height:auto}"
                    "</style>\n</head>\n<body>\n<h1>");
    xml_text(out, title);
    str_append(out, "</h1>\n");
    graph_write_svg(topology, out);
    str_append(out, "</body>\n</html>\n");
}
