/* Inside of the room: the tree that formatting works on.  Unlike a document's it keeps how things were written. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct document;
struct str;

enum form_kind { FORM_SCALAR, FORM_BLOCK_SCALAR, FORM_MAP, FORM_LIST };

struct comment {
    const char *text;    /* from "#" on, without spaces at the end */
    size_t line, column; /* from 0 */
    size_t offset;
    bool own_line; /* nothing stands before it on its line */
    bool blank;    /* a blank line stands before it */
};

struct form;
/* An element of a list, or a key with its value. */
struct form_item {
    const char *key; /* as written; NULL in a list */
    struct form *value;
    struct form *parent;
    size_t line, offset;
    bool blank; /* a blank line stands before it */
    const struct comment **before;
    size_t before_count;
    const struct comment *behind; /* on its line */
};

struct form {
    enum form_kind kind;
    bool flow;              /* written in brackets */
    bool open;              /* a comment stands inside of the brackets: each element on a line of its own */
    const char *properties; /* "&anchor !tag", or NULL */
    const char *text;       /* of a scalar, on one line; of a block scalar its header, "|-" */
    const char **lines;     /* of a block scalar, without indentation */
    size_t line_count;
    struct form_item **items;
    size_t item_count;
    struct form_item *holder; /* whose value it is; NULL: the root */
    size_t offset, end, column;
    const struct comment **tail; /* behind the last element */
    size_t tail_count;
};

/* Reads the text of the document's source; NULL where it cannot be formatted (a finding tells).  *comments: how many.
 */
struct form *form_read(struct document *document, size_t *comments);
