/* A topology as vertices, clusters and edges: what drawing languages take. */
#pragma once

#include <stddef.h>

struct arena;
struct str;
struct topology;

enum vertex_shape {
    VERTEX_NODE,
    VERTEX_ROUTER,
    VERTEX_BRIDGE,
    VERTEX_GATEWAY,
    VERTEX_INTERNET,
    VERTEX_ANCHOR,
    VERTEX_ATTACHMENT, /* of a VPC: where peerings and transit gateways begin */
    VERTEX_SHAPE_COUNT
};

#define CLUSTER_NONE ((size_t)-1)

struct vertex {
    const char *id;    /* the thing's full name: "node/web" */
    const char *label; /* lines separated by '\n' */
    enum vertex_shape shape;
    size_t cluster; /* index, or CLUSTER_NONE */
};
struct cluster {
    const char *id, *label;
    size_t parent; /* stands before it, or CLUSTER_NONE */
};
struct edge {
    const char *id;                    /* "link/NAME", or NULL where it is no thing of its own */
    size_t from, to;                   /* vertices */
    const char *label;                 /* "" where there is none */
    const char *from_label, *to_label; /* at the ends, "" where there are none */
};
struct elements {
    struct arena *arena;
    struct vertex *vertices;
    size_t vertex_count;
    struct cluster *clusters;
    size_t cluster_count;
    struct edge *edges;
    size_t edge_count;
};

/* In the file's order: the internet, VPCs with their subnets and gateways, bridges, nodes; edges by node, then links.
 */
void elements_of(const struct topology *topology, struct elements *out, struct arena *arena);

/* How a language says one vertex, and the beginning and the end of a cluster; each writes whole lines, behind an
 * indentation that is there already. */
struct element_writer {
    void (*vertex)(const struct elements *elements, size_t vertex, struct str *out);
    void (*open)(const struct elements *elements, size_t cluster, unsigned depth, struct str *out);
    const char *close;
};
/* Two spaces for each level. */
void elements_indent(struct str *out, unsigned depth);
/* Writes all vertices and clusters, each inside its own, beginning at depth 1. */
void elements_write(const struct elements *elements, const struct element_writer *writer, struct str *out);
