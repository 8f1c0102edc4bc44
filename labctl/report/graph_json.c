/* The graph as data: vertices, clusters, edges. */
#include "base/arena.h"
#include "base/json.h"
#include "base/table.h"
#include "model/topology.h"
#include "report/graph_elements.h"
#include "report/graph_formats.h"

static const char *const shape_names[] = {
    [VERTEX_NODE] = "node",       [VERTEX_ROUTER] = "router",     [VERTEX_BRIDGE] = "bridge",
    [VERTEX_GATEWAY] = "gateway", [VERTEX_INTERNET] = "internet", [VERTEX_ANCHOR] = "subnet",
    [VERTEX_ATTACHMENT] = "vpc",
};
_Static_assert(ARRAY_SIZE(shape_names) == VERTEX_SHAPE_COUNT, "one name for each shape");

/* The id of a cluster, or null. */
static void put_cluster(struct json *json, const char *key, const struct elements *elements, size_t cluster)
{
    json_put_string_member(json, key, cluster == CLUSTER_NONE ? NULL : elements->clusters[cluster].id);
}

static void put_clusters(struct json *json, const struct elements *elements)
{
    json_put_key(json, "clusters");
    json_put_array(json);
    for (size_t i = 0; i < elements->cluster_count; i++) {
        json_put_object(json);
        json_put_string_member(json, "id", elements->clusters[i].id);
        json_put_string_member(json, "label", elements->clusters[i].label);
        put_cluster(json, "parent", elements, elements->clusters[i].parent);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void put_vertices(struct json *json, const struct elements *elements)
{
    json_put_key(json, "vertices");
    json_put_array(json);
    for (size_t i = 0; i < elements->vertex_count; i++) {
        const struct vertex *vertex = &elements->vertices[i];
        json_put_object(json);
        json_put_string_member(json, "id", vertex->id);
        json_put_string_member(json, "kind", shape_names[vertex->shape]);
        json_put_string_member(json, "label", vertex->label);
        put_cluster(json, "cluster", elements, vertex->cluster);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void put_edges(struct json *json, const struct elements *elements)
{
    json_put_key(json, "edges");
    json_put_array(json);
    for (size_t i = 0; i < elements->edge_count; i++) {
        const struct edge *edge = &elements->edges[i];
        json_put_object(json);
        json_put_string_member(json, "id", edge->id);
        json_put_string_member(json, "from", elements->vertices[edge->from].id);
        json_put_string_member(json, "to", elements->vertices[edge->to].id);
        json_put_string_member(json, "label", edge->label);
        json_put_string_member(json, "from_label", edge->from_label);
        json_put_string_member(json, "to_label", edge->to_label);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

void graph_write_json(const struct topology *topology, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    struct elements elements;
    struct json json;
    elements_of(topology, &elements, arena);
    json_init(&json, out, true);
    json_put_object(&json);
    json_put_integer_member(&json, "version", 1);
    json_put_string_member(&json, "lab", topology->name);
    json_put_string_member(&json, "title", topology->title);
    put_clusters(&json, &elements);
    put_vertices(&json, &elements);
    put_edges(&json, &elements);
    json_put_object_end(&json);
    str_append_char(out, '\n');
}
