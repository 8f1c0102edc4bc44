/* Files inside a node.  Its root may have planted symbolic links anywhere: paths are resolved as inside the node and
 * can lead nowhere else. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct str;
struct error;

/* root: lab_node_root.  path: absolute.  Directories above are made (0755); the old content or the new, never half. */
int node_file_write(int root, const char *path, const void *content, size_t length, uint32_t mode, struct error *err);
/* Removes what a node_file_write to that path left that was killed in the middle. */
int node_file_tidy(int root, const char *path, struct error *err);
/* ERR_ABSENT with number ENOENT where there is no such file. */
int node_file_read(int root, const char *path, size_t limit, struct str *out, uint32_t *mode, struct error *err);
/* 0 too where there is none. */
int node_file_remove(int root, const char *path, struct error *err);
/* A file as every node has it from the start; -1 where nodes start without it. */
int node_file_template(const char *path, struct str *out, uint32_t *mode);
/* Puts back what the node started with at that path: the template's file, or none, nor an empty directory of /etc that
 * nodes start without. */
int node_file_restore(int root, const char *path, struct error *err);
