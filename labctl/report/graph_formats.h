/* The writers behind graph_write, one a file. */
#pragma once

struct str;
struct topology;

void graph_write_ascii(const struct topology *topology, struct str *out);
void graph_write_dot(const struct topology *topology, struct str *out);
void graph_write_mermaid(const struct topology *topology, struct str *out);
void graph_write_json(const struct topology *topology, struct str *out);
void graph_write_svg(const struct topology *topology, struct str *out);
void graph_write_html(const struct topology *topology, struct str *out);
