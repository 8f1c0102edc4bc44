/* Metrics: named series of numbers, as JSON and in the text format that Prometheus reads.
 *
 * A set of metrics is an object, in the order in which they came: { NAME: { type, help, samples: [{ labels: { NAME:
 * TEXT }, value }] } }. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct check;
struct fact;
struct str;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_TYPE_COUNT };
const char *metric_type_name(enum metric_type type);

struct metric {
    const char *name; /* as Prometheus wants it: base units, counters end in _total */
    enum metric_type type;
    const char *help;
};

/* Adds a sample; labels is stolen (NULL: none), and so is value, a JSON number. */
void metrics_add(json_t *metrics, const struct metric *metric, json_t *labels, json_t *value);
/* The text exposition format, version 0.0.4. */
void metrics_write(const json_t *metrics, struct str *out);

/* What is told of a node's counters (kernel/counters.h), by the kernel's words; and of its interfaces. */
struct node_metric {
    const char *group, *name; /* the kernel's; of interfaces: "receive", "transmit", or "link" for what they are */
    struct metric metric;
};
extern const struct node_metric node_metrics[];
extern const size_t node_metric_count;
const struct node_metric *node_metric_find(const char *group, const char *name); /* NULL: it is not told */

/* What is told of one measurement, by the names of the blackbox exporter: of a ping, a TCP connection, an HTTP request
 * and a DNS question more than of other kinds.  success: the verdict is a pass.  duration: of all attempts, ns. */
extern const struct metric *const probe_metrics[];
extern const size_t probe_metric_count;
json_t *probe_metrics_of(const struct check *check, const struct fact *fact, bool success, int64_t duration);
