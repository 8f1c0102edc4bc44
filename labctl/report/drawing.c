/* A topology drawn in SVG.
 *
 * Theory of operation.  What is drawn is a tree of boxes: vertices are leaves, clusters hold vertices and clusters.
 * Each box knows its size from its contents (leaves flow in rows, inner clusters stand below each other).  Boxes
 * without a parent are ranked by their distance from the middle of the graph (the internet, else who has most edges)
 * and stand in rows by rank, each row ordered by where the neighbours of its boxes stand in the rows above
 * (barycentre), and broken where it grows too long.  Edges are straight lines between the centres, drawn first: the
 * boxes cover their ends. */
#include "report/drawing.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "report/member.h"

enum { LINE = 15, PAD = 10, GAP = 26, ROW_GAP = 54, ROW_WIDTH = 980, LETTER_TENTHS = 68, FLOW = 3, FAR = 1 << 20 };

struct box {
    const json_t *item;
    bool cluster;
    int order; /* in the graph */
    struct box *parent;
    struct box **inner; /* of a cluster */
    size_t inner_count;
    struct box **near; /* of a box without a parent: who it has edges to */
    size_t near_count;
    size_t edges;   /* of the box itself */
    int label_room; /* width of the widest label that stands above or below it */
    int rank;
    double weight; /* where it wants to stand in its row */
    int x, y, width, height;
};

struct drawing {
    struct arena *arena;
    struct map *by_id;
    struct box **boxes; /* all, in the graph's order: clusters first */
    size_t count;
    struct box **tops; /* without a parent */
    size_t top_count;
    int width, height;
};

/* ---- text ---- */

void xml_text(struct str *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c == '<')
            str_append(out, "&lt;");
        else if (*c == '>')
            str_append(out, "&gt;");
        else if (*c == '&')
            str_append(out, "&amp;");
        else if (*c == '"')
            str_append(out, "&quot;");
        else if (*c == '\'')
            str_append(out, "&#39;");
        else if (*c < ' ' && *c != '\n' && *c != '\t')
            str_append(out, "\xEF\xBF\xBD");
        else
            str_append_char(out, (char)*c);
}

static int columns(const char *line, size_t length)
{
    int count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)line[i] & 0xC0) != 0x80;
    return count;
}

static void measure_label(const char *label, int *width, int *lines)
{
    *width = *lines = 0;
    for (const char *line = label;; line++) {
        size_t length = strcspn(line, "\n");
        int wide = columns(line, length) * LETTER_TENTHS / 10;
        *width = wide > *width ? wide : *width;
        ++*lines;
        line += length;
        if (!*line)
            return;
    }
}

/* ---- the tree ---- */

static struct box *box_new(struct drawing *d, const json_t *item, bool cluster, const char *parent)
{
    struct box *box = ARENA_NEW(d->arena, struct box);
    *box = (struct box){.item = item, .cluster = cluster, .order = (int)d->count, .rank = FAR};
    box->parent = *parent ? map_get(d->by_id, parent) : NULL;
    *ARENA_PUSH(d->arena, d->boxes, d->count) = box;
    if (box->parent)
        *ARENA_PUSH(d->arena, box->parent->inner, box->parent->inner_count) = box;
    else
        *ARENA_PUSH(d->arena, d->tops, d->top_count) = box;
    map_set(d->by_id, member_text(item, "id"), box);
    return box;
}

static struct box *top_of(struct box *box)
{
    while (box && box->parent)
        box = box->parent;
    return box;
}

/* An edge's label stands at the end that has fewer edges, where it meets no other. */
static struct box *label_end(struct box *from, struct box *to)
{
    return to->edges <= from->edges ? to : from;
}

static void read_labels(const struct drawing *d, const json_t *graph)
{
    size_t i;
    const json_t *item;
    json_array_foreach(member_list(graph, "edges"), i, item)
    {
        struct box *from = map_get(d->by_id, member_text(item, "from")),
                   *to = map_get(d->by_id, member_text(item, "to"));
        int width, lines;
        if (!from || !to)
            continue;
        struct box *end = label_end(from, to);
        measure_label(member_text(item, "label"), &width, &lines);
        end->label_room = width > end->label_room ? width : end->label_room;
    }
}

static void read_graph(struct drawing *d, const json_t *graph)
{
    size_t i;
    const json_t *item;
    json_array_foreach(member_list(graph, "clusters"), i, item) box_new(d, item, true, member_text(item, "parent"));
    json_array_foreach(member_list(graph, "vertices"), i, item) box_new(d, item, false, member_text(item, "cluster"));
    json_array_foreach(member_list(graph, "edges"), i, item)
    {
        struct box *from = map_get(d->by_id, member_text(item, "from")),
                   *to = map_get(d->by_id, member_text(item, "to"));
        if (!from || !to)
            continue;
        from->edges++;
        to->edges++;
        from = top_of(from);
        to = top_of(to);
        if (from == to)
            continue;
        *ARENA_PUSH(d->arena, from->near, from->near_count) = to;
        *ARENA_PUSH(d->arena, to->near, to->near_count) = from;
    }
}

/* ---- sizes ---- */

static int leaves_first(const void *a, const void *b)
{
    const struct box *x = *(struct box *const *)a, *y = *(struct box *const *)b;
    return x->cluster != y->cluster ? x->cluster - y->cluster : x->order - y->order;
}

/* Leaves of a cluster flow in rows of a few, inner clusters stand below each other. */
static void measure(struct box *box)
{
    int label_width, lines, row_width = 0, row_height = 0, in_row = 0;
    measure_label(member_text(box->item, "label"), &label_width, &lines);
    label_width = box->label_room > label_width ? box->label_room : label_width;
    box->width = label_width + 2 * PAD;
    box->height = lines * LINE + 2 * PAD;
    int y = box->height;
    if (box->inner_count)
        qsort(box->inner, box->inner_count, sizeof *box->inner, leaves_first);
    for (size_t i = 0; i < box->inner_count; i++) {
        struct box *inner = box->inner[i];
        measure(inner);
        if (in_row && (inner->cluster || in_row == FLOW)) {
            y += row_height + PAD;
            row_width = row_height = in_row = 0;
        }
        inner->x = PAD + row_width;
        inner->y = y;
        row_width += inner->width + PAD;
        row_height = inner->height > row_height ? inner->height : row_height;
        in_row = inner->cluster ? FLOW : in_row + 1;
        box->width = row_width + PAD > box->width ? row_width + PAD : box->width;
    }
    if (box->inner_count)
        box->height = y + row_height + PAD;
}

/* ---- ranks and rows ---- */

static struct box *middle(const struct drawing *d)
{
    struct box *best = NULL;
    for (size_t i = 0; i < d->top_count; i++) {
        if (str_equal(member_text(d->tops[i]->item, "kind"), "internet"))
            return d->tops[i];
        if (!best || d->tops[i]->near_count > best->near_count)
            best = d->tops[i];
    }
    return best;
}

/* Breadth first from the middle; parts that hang together with nothing of it begin again below. */
static void rank(struct drawing *d)
{
    struct box **queue = arena_alloc(d->arena, (d->top_count + 1) * sizeof *queue);
    int floor = 0;
    for (struct box *start = middle(d); start;) {
        size_t head = 0, tail = 0;
        start->rank = floor;
        queue[tail++] = start;
        for (; head < tail; head++)
            for (size_t i = 0; i < queue[head]->near_count; i++) {
                struct box *next = queue[head]->near[i];
                if (next->rank != FAR)
                    continue;
                next->rank = queue[head]->rank + 1;
                queue[tail++] = next;
            }
        start = NULL;
        for (size_t i = 0; i < d->top_count; i++) {
            if (d->tops[i]->rank != FAR)
                floor = d->tops[i]->rank > floor ? d->tops[i]->rank : floor;
            else if (!start || d->tops[i]->near_count > start->near_count)
                start = d->tops[i];
        }
        floor += start && start->near_count ? 1 : 0;
    }
}

static int by_rank(const void *a, const void *b)
{
    const struct box *x = *(struct box *const *)a, *y = *(struct box *const *)b;
    if (x->rank != y->rank)
        return x->rank - y->rank;
    if (x->weight != y->weight)
        return x->weight < y->weight ? -1 : 1;
    return 0;
}

/* A box wants to stand below its neighbours of the rank above; who has none keeps the order of the file. */
static void weigh(struct drawing *d, int rank)
{
    for (size_t i = 0; i < d->top_count; i++) {
        struct box *box = d->tops[i];
        double sum = 0;
        size_t count = 0;
        if (box->rank != rank)
            continue;
        for (size_t n = 0; n < box->near_count; n++)
            if (box->near[n]->rank < rank) {
                sum += box->near[n]->x + box->near[n]->width / 2.0;
                count++;
            }
        box->weight = (count ? sum / (double)count : ROW_WIDTH / 2.0) + (double)i / 1e6;
    }
}

static int place_row(struct drawing *d, size_t first, size_t end, int y)
{
    int width = -GAP, height = 0;
    for (size_t i = first; i < end; i++) {
        width += d->tops[i]->width + GAP;
        height = d->tops[i]->height > height ? d->tops[i]->height : height;
    }
    int x = (ROW_WIDTH - width) / 2;
    for (size_t i = first; i < end; i++) {
        d->tops[i]->x = x;
        d->tops[i]->y = y + (height - d->tops[i]->height) / 2;
        x += d->tops[i]->width + GAP;
    }
    return y + height;
}

static void place(struct drawing *d)
{
    int y = 0;
    if (d->top_count)
        qsort(d->tops, d->top_count, sizeof *d->tops, by_rank);
    for (size_t first = 0; first < d->top_count;) {
        int rank = d->tops[first]->rank, width = 0;
        weigh(d, rank);
        qsort(d->tops + first, d->top_count - first, sizeof *d->tops, by_rank);
        size_t end = first;
        while (end < d->top_count && d->tops[end]->rank == rank &&
               (end == first || width + d->tops[end]->width <= ROW_WIDTH))
            width += d->tops[end++]->width + GAP;
        y = place_row(d, first, end, y) + (end < d->top_count && d->tops[end]->rank == rank ? GAP : ROW_GAP);
        first = end;
    }
    d->height = y > ROW_GAP ? y - ROW_GAP : 0;
}

/* From the least to the greatest x. */
static void trim(struct drawing *d)
{
    int least = 0, most = 0;
    for (size_t i = 0; i < d->top_count; i++) {
        const struct box *box = d->tops[i];
        least = !i || box->x < least ? box->x : least;
        most = !i || box->x + box->width > most ? box->x + box->width : most;
    }
    for (size_t i = 0; i < d->top_count; i++)
        d->tops[i]->x -= least;
    d->width = most - least;
}

static void settle(struct box *box, int x, int y)
{
    box->x += x;
    box->y += y;
    for (size_t i = 0; i < box->inner_count; i++)
        settle(box->inner[i], box->x, box->y);
}

/* ---- drawing ---- */

static const char *mark_of(const json_t *item)
{
    if (member_truth(item, "broken"))
        return " broken";
    return member_truth(item, "changed") ? " changed" : "";
}

static void draw_label(const struct box *box, struct str *out)
{
    int y = box->y + PAD + LINE - 4, x = box->cluster ? box->x + PAD : box->x + box->width / 2;
    bool first = true;
    for (const char *line = member_text(box->item, "label");; line++) {
        size_t length = strcspn(line, "\n");
        char *copy = strndup(line, length);
        str_printf(out, "<text x=\"%d\" y=\"%d\" class=\"%s%s\">", x, y, box->cluster ? "cluster" : "vertex",
                   first ? " name" : "");
        xml_text(out, copy ? copy : "");
        str_append(out, "</text>\n");
        free(copy);
        first = false;
        y += LINE;
        line += length;
        if (!*line)
            return;
    }
}

static void draw_box(const struct box *box, struct str *out)
{
    str_printf(out, "<g><title>");
    xml_text(out, member_text(box->item, "id"));
    str_printf(out, "</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\" class=\"%s %s%s\"/>\n",
               box->x, box->y, box->width, box->height, box->cluster ? 4 : 8, box->cluster ? "cluster" : "vertex",
               member_text(box->item, "kind"), mark_of(box->item));
    draw_label(box, out);
    str_append(out, "</g>\n");
}

static void draw_edge(const struct drawing *d, const json_t *edge, struct str *out)
{
    struct box *from = map_get(d->by_id, member_text(edge, "from")), *to = map_get(d->by_id, member_text(edge, "to"));
    const char *label = member_text(edge, "label");
    if (!from || !to)
        return;
    int x1 = from->x + from->width / 2, y1 = from->y + from->height / 2;
    int x2 = to->x + to->width / 2, y2 = to->y + to->height / 2;
    str_printf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"edge%s\"/>\n", x1, y1, x2, y2,
               mark_of(edge));
    if (!*label)
        return;
    const struct box *end = label_end(from, to);
    bool above = (end == to ? y1 : y2) <= (end == to ? y2 : y1);
    str_printf(out, "<text x=\"%d\" y=\"%d\" class=\"edge%s\">", end->x + end->width / 2,
               above ? end->y - 6 : end->y + end->height + 13, mark_of(edge));
    xml_text(out, label);
    str_append(out, "</text>\n");
}

static const char style[] =
    "<style>"
    ".drawing text{font:11.5px system-ui,sans-serif;fill:var(--ink,#222)}"
    ".drawing text.vertex,.drawing text.edge{text-anchor:middle}"
    ".drawing text.name{font-weight:600}"
    ".drawing "
    "text.edge{font-size:10.5px;fill:var(--soft,#666);paint-order:stroke;stroke:var(--paper,#fff);stroke-width:3px}"
    ".drawing rect{fill:var(--paper,#fff);stroke:var(--soft,#666)}"
    ".drawing rect.cluster{stroke-dasharray:4 3;fill-opacity:.6}"
    ".drawing rect.internet,.drawing rect.bridge{fill:var(--tint,#eef3f8)}"
    ".drawing line{stroke:var(--soft,#666);stroke-width:1.3}"
    ".drawing rect.changed,.drawing line.changed{stroke:var(--changed,#0b63c4);stroke-width:2.5}"
    ".drawing rect.broken,.drawing line.broken{stroke:var(--broken,#c62828);stroke-width:3}"
    ".drawing text.edge.broken{fill:var(--broken,#c62828)}"
    "</style>\n";

void drawing_svg(const json_t *graph, struct str *out)
{
    enum { MARGIN = 18 };
    ARENA_AUTO arena = arena_new();
    struct drawing d = {.arena = arena, .by_id = map_new(arena)};
    size_t i;
    const json_t *edge;
    read_graph(&d, graph);
    read_labels(&d, graph);
    for (i = 0; i < d.top_count; i++)
        measure(d.tops[i]);
    rank(&d);
    place(&d);
    trim(&d);
    for (i = 0; i < d.top_count; i++)
        settle(d.tops[i], 0, 0);
    str_printf(out,
               "<svg class=\"drawing\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"%d %d %d %d\" width=\"%d\" "
               "height=\"%d\" role=\"img\" aria-label=\"the topology\">\n%s",
               -MARGIN, -MARGIN, d.width + 2 * MARGIN, d.height + 2 * MARGIN, d.width + 2 * MARGIN,
               d.height + 2 * MARGIN, style);
    for (i = 0; i < d.count; i++)
        if (d.boxes[i]->cluster)
            draw_box(d.boxes[i], out);
    json_array_foreach(member_list(graph, "edges"), i, edge) draw_edge(&d, edge, out);
    for (i = 0; i < d.count; i++)
        if (!d.boxes[i]->cluster)
            draw_box(d.boxes[i], out);
    str_append(out, "</svg>\n");
}
