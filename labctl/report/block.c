/* Rectangles of text that can be framed and put beside each other. */
#include "report/block.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"

#define GAP 2 /* columns between blocks of one row */

size_t block_columns(const char *text)
{
    size_t columns = 0;
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80; /* every byte that does not continue a character */
    return columns;
}

int block_pad(const char *text, size_t width)
{
    size_t columns = block_columns(text);
    return columns < width ? (int)(width - columns) : 0;
}

struct block *block_new(struct arena *arena)
{
    struct block *block = ARENA_NEW(arena, struct block);
    block->arena = arena;
    return block;
}

void block_add(struct block *block, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *line = arena_vprintf(block->arena, format, args);
    va_end(args);
    *ARENA_PUSH(block->arena, block->lines, block->count) = line;
    size_t columns = block_columns(line);
    if (columns > block->width)
        block->width = columns;
}

void block_append(struct block *block, const struct block *other, const char *first, const char *prefix)
{
    for (size_t i = 0; i < other->count; i++)
        block_add(block, "%s%s", i == 0 ? first : prefix, other->lines[i]);
}

static void fill(struct str *line, char c, size_t count)
{
    for (size_t i = 0; i < count; i++)
        str_append_char(line, c);
}

/* "+- title ------+" or, without a title, "+----+": `inner` columns between the corners. */
static void edge(struct block *box, const char *title, size_t inner)
{
    STR_AUTO line = STR_INIT;
    size_t used = 0;
    str_append_char(&line, '+');
    if (title) {
        str_printf(&line, "- %s ", title);
        used = 3 + block_columns(title);
    }
    fill(&line, '-', inner - used);
    str_append_char(&line, '+');
    block_add(box, "%s", str_text(&line));
}

struct block *block_frame(const struct block *inside, const char *title, size_t width)
{
    struct block *box = block_new(inside->arena);
    size_t inner = inside->width + 2;
    if (title && block_columns(title) + 4 > inner)
        inner = block_columns(title) + 4;
    if (width > inner + 2)
        inner = width - 2;
    edge(box, title, inner);
    for (size_t i = 0; i < inside->count; i++)
        block_add(box, "| %s%*s |", inside->lines[i], block_pad(inside->lines[i], inner - 2), "");
    edge(box, NULL, inner);
    box->framed = true;
    return box;
}

/* Line y of a block that is stretched to the height. */
static void add_line(struct str *line, const struct block *block, size_t y, size_t height)
{
    if (!block->framed || block->count == height) {
        str_append(line, y < block->count ? block->lines[y] : "");
    } else if (y + 1 < block->count) {
        str_append(line, block->lines[y]);
    } else if (y + 1 == height) {
        str_append(line, block->lines[block->count - 1]);
    } else {
        str_append_char(line, '|');
        fill(line, ' ', block->width - 2);
        str_append_char(line, '|');
    }
}

/* One row: blocks[0..count) beside each other. */
static void add_row(struct block *out, struct block *const *blocks, size_t count)
{
    size_t height = 0;
    for (size_t i = 0; i < count; i++)
        if (blocks[i]->count > height)
            height = blocks[i]->count;
    for (size_t y = 0; y < height; y++) {
        STR_AUTO line = STR_INIT;
        size_t columns = 0; /* where the next block begins */
        for (size_t i = 0; i < count; i++) {
            add_line(&line, blocks[i], y, height);
            columns += blocks[i]->width + GAP;
            if (i + 1 < count)
                fill(&line, ' ', (size_t)block_pad(str_text(&line), columns));
        }
        block_add(out, "%s", str_text(&line));
    }
}

struct block *block_flow(struct arena *arena, struct block *const *blocks, size_t count, size_t width)
{
    struct block *out = block_new(arena);
    size_t first = 0;
    while (first < count) {
        size_t last = first + 1, used = blocks[first]->width;
        while (last < count && used + GAP + blocks[last]->width <= width)
            used += GAP + blocks[last++]->width;
        add_row(out, blocks + first, last - first);
        first = last;
    }
    return out;
}

void block_write(const struct block *block, struct str *out)
{
    for (size_t i = 0; i < block->count; i++) {
        size_t length = strlen(block->lines[i]);
        while (length > 0 && block->lines[i][length - 1] == ' ')
            length--;
        str_append_bytes(out, block->lines[i], length);
        str_append_char(out, '\n');
    }
}
