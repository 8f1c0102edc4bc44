/* What the interfaces carry, from two readings of their counters. */
#include "report/top.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/table.h"

/* Which counters make which figure; bytes are told as bits. */
static const struct {
    const char *figure, *metric;
    double factor;
} sums[] = {
    {"receive_bits", "labctl_node_network_receive_bytes_total", 8},
    {"receive_packets", "labctl_node_network_receive_packets_total", 1},
    {"transmit_bits", "labctl_node_network_transmit_bytes_total", 8},
    {"transmit_packets", "labctl_node_network_transmit_packets_total", 1},
    {"dropped", "labctl_node_network_receive_dropped_total", 1},
    {"dropped", "labctl_node_network_receive_errors_total", 1},
    {"dropped", "labctl_node_network_transmit_dropped_total", 1},
    {"dropped", "labctl_node_network_transmit_errors_total", 1},
};

/* ---- the difference --------------------------------------------------------------------------------------------- */

static void key_of(const json_t *sample, struct str *out)
{
    const json_t *labels = json_object_get(sample, "labels");
    str_clear(out);
    str_printf(out, "%s/%s", json_string_value(json_object_get(labels, "node")),
               json_string_value(json_object_get(labels, "device")));
}

static const json_t *samples_of(const json_t *metrics, const char *name)
{
    return json_object_get(json_object_get(metrics, name), "samples");
}

/* { NODE/INTERFACE: value }; the caller's. */
static json_t *by_interface(const json_t *metrics, const char *name)
{
    json_t *values = json_object(), *sample;
    STR_AUTO key = STR_INIT;
    size_t i;
    json_array_foreach(samples_of(metrics, name), i, sample)
    {
        key_of(sample, &key);
        json_object_set(values, str_text(&key), json_object_get(sample, "value"));
    }
    return values;
}

/* A row without traffic for each interface that there is now, by its key. */
static json_t *rows_of(const json_t *metrics)
{
    json_t *rows = json_object(), *sample;
    STR_AUTO key = STR_INIT;
    size_t i;
    json_array_foreach(samples_of(metrics, "labctl_node_network_up"), i, sample)
    {
        const json_t *labels = json_object_get(sample, "labels");
        json_t *row = json_pack("{s:O, s:O, s:b}", "node", json_object_get(labels, "node"), "interface",
                                json_object_get(labels, "device"), "up",
                                json_integer_value(json_object_get(sample, "value")) != 0);
        for (size_t s = 0; s < ARRAY_SIZE(sums); s++)
            json_object_set_new(row, sums[s].figure, json_real(0));
        key_of(sample, &key);
        json_object_set_new(rows, str_text(&key), row);
    }
    return rows;
}

/* One counter of all interfaces, added to their rows: O(n). */
static void add_sum(json_t *rows, size_t s, const json_t *earlier, const json_t *later, double seconds)
{
    json_t *before = by_interface(earlier, sums[s].metric), *sample;
    STR_AUTO key = STR_INIT;
    size_t i;
    json_array_foreach(samples_of(later, sums[s].metric), i, sample)
    {
        key_of(sample, &key);
        const json_t *was = json_object_get(before, str_text(&key));
        json_t *row = json_object_get(rows, str_text(&key)), *figure = json_object_get(row, sums[s].figure);
        json_int_t grown = json_integer_value(json_object_get(sample, "value")) - json_integer_value(was);
        if (was && row && grown > 0)
            json_real_set(figure, json_real_value(figure) + (double)grown * sums[s].factor / seconds);
    }
    json_decref(before);
}

/* ---- the order -------------------------------------------------------------------------------------------------- */

struct place {
    double bits;
    size_t index; /* in the lab's order */
    json_t *row;
};

static int busier(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    if (a->bits != b->bits)
        return a->bits > b->bits ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static double figure(const json_t *row, const char *name)
{
    return json_real_value(json_object_get(row, name));
}

json_t *top_rates(const json_t *earlier, const json_t *later, double seconds)
{
    json_t *rows = rows_of(later), *row, *result = json_array();
    struct place *places = calloc(json_object_size(rows) + 1, sizeof *places);
    const char *key;
    size_t count = 0;
    for (size_t s = 0; s < ARRAY_SIZE(sums); s++)
        add_sum(rows, s, earlier, later, seconds);
    json_object_foreach(rows, key, row)
    {
        if (places)
            places[count] = (struct place){figure(row, "receive_bits") + figure(row, "transmit_bits"), count, row};
        count += places != NULL;
    }
    if (count)
        qsort(places, count, sizeof *places, busier);
    for (size_t i = 0; i < count; i++)
        json_array_append(result, places[i].row);
    free(places);
    json_decref(rows);
    return result;
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

/* "0", "950", "12.3k", "1.2g": a figure for the eye, in at most six columns. */
static void write_short(double number, struct str *out)
{
    static const char *const units[] = {"", "k", "m", "g", "t"};
    size_t unit = 0;
    STR_AUTO text = STR_INIT;
    while (number >= 999.95 && unit + 1 < ARRAY_SIZE(units)) {
        number /= 1000;
        unit++;
    }
    str_printf(&text, unit ? "%.1f%s" : "%.0f%s", number, units[unit]);
    str_printf(out, " %10s", str_text(&text));
}

void top_write(const json_t *rates, struct str *out)
{
    static const char *const columns[] = {"receive_bits", "receive_packets", "transmit_bits", "transmit_packets",
                                          "dropped"};
    json_t *row;
    size_t i;
    str_append(out, "NODE             INTERFACE         IN bit/s     pack/s  OUT bit/s     pack/s  dropped/s\n");
    json_array_foreach((json_t *)rates, i, row)
    {
        str_printf(out, "%-16s %-15s", json_string_value(json_object_get(row, "node")),
                   json_string_value(json_object_get(row, "interface")));
        for (size_t c = 0; c < ARRAY_SIZE(columns); c++)
            write_short(figure(row, columns[c]), out);
        str_append(out, json_is_true(json_object_get(row, "up")) ? "\n" : "  down\n");
    }
}
