/* Files of a node, read as inside it.  Inside the room only. */
#pragma once

#include <stddef.h>

struct str;

/* Reads a regular file below a node's root directory (O_PATH), never leaving it and never blocking, whatever the node's
 * owner made of the path.  0, or -1 with errno (EBADF, ENOTDIR: root itself cannot be used). */
int root_file_read(int root, const char *path, struct str *out, size_t limit);
/* The same look-up, of anything: a descriptor, or -1 with errno.  flags: O_RDONLY or O_PATH. */
int root_file_open(int root, const char *path, int flags);
