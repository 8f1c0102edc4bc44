/* A topology as vertices, clusters and edges: what drawing languages take. */
#pragma once

#include <stddef.h>

struct arena;
struct topology;

enum vertex_shape {
    VERTEX_NODE,
    VERTEX_ROUTER,
    VERTEX_BRIDGE,
    VERTEX_GATEWAY,
    VERTEX_INTERNET,
    VERTEX_ANCHOR,
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
