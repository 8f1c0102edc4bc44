/* The parts of a look.  Private to lab/. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct error;
struct lab;
struct str;

void look_section(struct str *out, const char *name);
/* Text of others: NULs, and what would be taken for the head of a section and the like, become dots. */
void look_append(struct str *out, const char *text, size_t length);

/* look_files.c: root: the node's (lab_node_root).  Files and contents. */
int look_files(int root, const char *closed, struct str *out, struct error *err);
/* look_processes.c: init: the node's first process.  More sockets (those with names), processes, environment, mounts.
 */
int look_processes(int root, pid_t init, struct str *out, struct error *err);
