/* Findings: collected in any order, shown in the order of the author's text. */
#include "base/mark.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

void findings_init(struct findings *findings, struct arena *arena)
{
    *findings = (struct findings){.arena = arena};
}

struct finding *findings_add(struct findings *findings, enum finding_level level, const char *rule, struct mark mark,
                             const char *format, ...)
{
    struct finding *finding = ARENA_PUSH(findings->arena, findings->items, findings->count);
    va_list args;
    va_start(args, format);
    finding->text = arena_vprintf(findings->arena, format, args);
    va_end(args);
    finding->level = level;
    finding->rule = arena_strdup(findings->arena, rule);
    finding->mark = mark;
    if (level == FINDING_ERROR)
        findings->errors++;
    return finding;
}

/* A finding and the place it was added at: makes the order total, and so any sort a stable one. */
struct ranked {
    struct finding finding;
    size_t rank;
    bool duplicate;
};

/* -1, 0 or 1 as a is below, at or above b. */
static int order(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

/* Orders texts, NULL first. */
static int text_order(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return order(a != NULL, b != NULL);
    return strcmp(a, b);
}

/* By file, line, column. */
static int mark_order(const struct mark *a, const struct mark *b)
{
    int by = order(a->file, b->file);
    by = by != 0 ? by : order(a->line, b->line);
    return by != 0 ? by : order(a->column, b->column);
}

/* By everything that a reader sees; 0 for exact duplicates. */
static int content_order(const struct finding *a, const struct finding *b)
{
    int by = mark_order(&a->mark, &b->mark);
    by = by != 0 ? by : order(a->level, b->level);
    by = by != 0 ? by : text_order(a->rule, b->rule);
    by = by != 0 ? by : text_order(a->text, b->text);
    by = by != 0 ? by : text_order(a->hint, b->hint);
    by = by != 0 ? by : mark_order(&a->other, &b->other);
    return by != 0 ? by : text_order(a->other_text, b->other_text);
}

/* For qsort: duplicates come together, the first added leads. */
static int by_content(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    int by = content_order(&a->finding, &b->finding);
    return by != 0 ? by : order(a->rank, b->rank);
}

/* For qsort: the order of the result, as added within one place. */
static int by_mark(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    int by = mark_order(&a->finding.mark, &b->finding.mark);
    return by != 0 ? by : order(a->rank, b->rank);
}

/* Sorts twice, as duplicates of one place need not have been added one after the other: by content to find them,
 * then by place. */
void findings_sort(struct findings *findings)
{
    size_t count = findings->count;
    if (count == 0)
        return;
    struct ranked *ranked = calloc(count, sizeof *ranked);
    if (ranked == NULL)
        arena_exhausted();
    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){.finding = findings->items[i], .rank = i};
    qsort(ranked, count, sizeof *ranked, by_content);
    for (size_t i = 1; i < count; i++)
        ranked[i].duplicate = content_order(&ranked[i - 1].finding, &ranked[i].finding) == 0;
    qsort(ranked, count, sizeof *ranked, by_mark);
    findings->count = findings->errors = 0;
    for (size_t i = 0; i < count; i++) {
        if (ranked[i].duplicate)
            continue;
        findings->items[findings->count++] = ranked[i].finding;
        findings->errors += ranked[i].finding.level == FINDING_ERROR;
    }
    free(ranked);
}
