/* Sources: the texts that marks point into, by number and by line. */
#include <string.h>

#include "base/arena.h"
#include "doc/parse.h"

struct sources *sources_new(struct arena *arena)
{
    struct sources *sources = ARENA_NEW(arena, struct sources);
    sources->arena = arena;
    return sources;
}

char *text_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    return copy;
}

uint32_t sources_add(struct sources *sources, const char *name, const char *text, size_t length)
{
    struct source *source = ARENA_PUSH(sources->arena, sources->items, sources->count);
    source->name = arena_strdup(sources->arena, name);
    if (text != NULL) {
        source->text = text_copy(sources->arena, text, length);
        source->length = length;
    }
    return (uint32_t)(sources->count - 1);
}

/* Bytes of the line break at the start of text, 0 where there is none; the same breaks as the parser counts. */
static size_t line_break(const char *text, size_t length)
{
    if (length >= 2 && text[0] == '\r' && text[1] == '\n')
        return 2;
    if (text[0] == '\n' || text[0] == '\r')
        return 1;
    if (length >= 2 && memcmp(text, "\xc2\x85", 2) == 0)
        return 2;
    return length >= 3 && (memcmp(text, "\xe2\x80\xa8", 3) == 0 || memcmp(text, "\xe2\x80\xa9", 3) == 0) ? 3 : 0;
}

/* Makes the table of line starts. */
static void index_lines(struct arena *arena, struct source *source)
{
    *ARENA_PUSH(arena, source->lines, source->line_count) = 0;
    for (size_t at = 0; at < source->length;) {
        size_t bytes = line_break(source->text + at, source->length - at);
        at += bytes > 0 ? bytes : 1;
        if (bytes > 0)
            *ARENA_PUSH(arena, source->lines, source->line_count) = at;
    }
}

bool sources_line(struct sources *sources, struct mark mark, const char **out_text, size_t *out_length)
{
    if (mark.file >= sources->count || mark.line == 0)
        return false;
    struct source *source = &sources->items[mark.file];
    if (source->text == NULL || source->secret)
        return false;
    if (source->lines == NULL)
        index_lines(sources->arena, source);
    if (mark.line > source->line_count)
        return false;
    size_t start = source->lines[mark.line - 1];
    size_t end = mark.line < source->line_count ? source->lines[mark.line] : source->length;
    for (size_t back = 3; back > 0 && mark.line < source->line_count; back--) { /* without its line break */
        if (end - start < back || line_break(source->text + end - back, back) != back)
            continue;
        end -= back;
        break;
    }
    *out_text = source->text + start;
    *out_length = end - start;
    return true;
}
