/* Inside of the room: from text to tree, and what its files share. */
#pragma once

#include "doc/doc.h"

/* Reads checked text (UTF-8, no NUL, no byte order mark) into a tree; NULL where it is empty or cannot be read. */
struct value *parse_text(struct document *document, const char *text, size_t length);
/* A terminated copy of a text that may hold NUL bytes. */
char *text_copy(struct arena *arena, const char *text, size_t length);
/* The mark of a byte of a text. */
struct mark mark_at(uint32_t file, const char *text, size_t offset);
/* Turns base64 text into what it stands for; false where it is none. */
bool base64_decode(struct arena *arena, struct value *value);
/* Reads a file as a new source; false where it cannot be read (reported at `mark`, or at the file itself). */
bool source_read(struct document *document, const char *path, const struct mark *mark);
/* Checks what stands in the source `document->file` and reads it; NULL where it cannot be read or is empty. */
struct value *source_parse(struct document *document);
