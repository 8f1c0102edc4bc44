/* Rectangles of text that can be framed and put beside each other: what the ASCII graph is made of. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct str;

struct block {
    struct arena *arena;
    char **lines;
    size_t count;
    size_t width; /* in columns; lines may be shorter */
    bool framed;  /* can be stretched */
};

struct block *block_new(struct arena *arena);
void block_add(struct block *block, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends the lines of another block, each behind the prefix; the first one behind `first`. */
void block_append(struct block *block, const struct block *other, const char *first, const char *prefix);
/* A frame around it, the title in its upper edge, at least `width` columns wide. */
struct block *block_frame(const struct block *inside, const char *title, size_t width);
/* Beside each other as long as they fit into `width`, then below; the frames of one row are equally high. */
struct block *block_flow(struct arena *arena, struct block *const *blocks, size_t count, size_t width);
void block_write(const struct block *block, struct str *out); /* no trailing spaces */

/* Columns that a text takes on a terminal: its characters. */
size_t block_columns(const char *text);
/* printf's padding counts bytes; this is the number for "%*s" that pads the text to `width` columns. */
int block_pad(const char *text, size_t width);
