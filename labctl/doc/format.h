/* The canonical form of a file: the author's words in one layout. */
#pragma once

#include <stddef.h>

struct document;
struct str;

#define FORMAT_WIDTH 120

/* Appends the text in its canonical form.  The document is the one that was read from it (document_read), without an
 * error.  What stays: the order, comments, single blank lines between things, quotes, flow style of what fits on a
 * line.  What becomes uniform: indentation by two, spaces in brackets, one line for each key.  0, or -1 with a finding
 * in the document where the text holds what cannot be written so. */
int format_text(struct document *document, struct str *out);
