/* The verb "metrics": what the kernel has counted in the nodes (shape: labctl(1)). */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "director/internal.h"
#include "director/verbs.h"
#include "kernel/counters.h"
#include "kernel/dump.h"
#include "lab/lab.h"
#include "model/topology.h"
#include "report/metrics.h"

struct gathering {
    json_t *metrics;
    const char *lab, *node;
};

static void gather(const struct gathering *gathering, const char *device, const char *group, const char *name,
                   uint64_t value)
{
    const struct node_metric *metric = node_metric_find(group, name);
    if (!metric)
        return;
    json_t *labels = json_pack("{s:s, s:s}", "lab", gathering->lab, "node", gathering->node);
    if (device)
        json_object_set_new(labels, "device", json_string(device));
    metrics_add(gathering->metrics, &metric->metric, labels, json_integer((json_int_t)value));
}

static void take_counter(void *context, const char *device, const char *group, const char *name, uint64_t value)
{
    if (!device || !str_equal(device, "lo"))
        gather(context, device, group, name, value);
}

static int observe_node(struct director *director, struct gathering *gathering, struct error *err)
{
    struct observation *seen = NULL;
    int netns = lab_netns(director->lab, gathering->node);
    if (netns < 0)
        return error_set(err, ERR_ABSENT, "node '%s' does not run", gathering->node);
    if (observe_links(netns, &seen, err) != 0)
        return -1;
    for (size_t i = 0; i < seen->link_count; i++) {
        const struct observed_link *link = &seen->links[i];
        if (link->loopback)
            continue;
        gather(gathering, link->name, "link", "up", link->up && link->carrier);
        gather(gathering, link->name, "link", "mtu", link->mtu);
    }
    observation_free(seen);
    return counters_observe(netns, take_counter, gathering, err);
}

/* One entry in the set for each kind, in the table's order, before there are samples of it. */
static json_t *in_order(const json_t *gathered)
{
    json_t *ordered = json_object();
    for (size_t i = 0; i < node_metric_count; i++) {
        json_t *family = json_object_get(gathered, node_metrics[i].metric.name);
        if (family)
            json_object_set(ordered, node_metrics[i].metric.name, family);
    }
    return ordered;
}

int verb_metrics(struct director *director, struct request *request, json_t **reply, struct error *err)
{
    const struct topology *topology = director->topology;
    const struct node *only = NULL;
    if (!topology)
        return error_set(err, ERR_BUSY, "the lab is still being built");
    if (json_object_get(request_params(request), "node") && request_node(director, request, &only, err) != 0)
        return -1;
    struct gathering gathering = {.metrics = json_object(), .lab = director->lab_name};
    for (size_t i = 0; i < topology->node_count; i++) {
        gathering.node = topology->nodes[i]->name;
        if ((only && only != topology->nodes[i]) || observe_node(director, &gathering, err) == 0)
            continue;
        json_decref(gathering.metrics);
        return -1;
    }
    *reply =
        json_pack("{s:i, s:s, s:o}", "version", 1, "lab", director->lab_name, "metrics", in_order(gathering.metrics));
    json_decref(gathering.metrics);
    return 0;
}
