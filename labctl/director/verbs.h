/* The handlers of the verbs table; each stands in the file of its subject. */
#pragma once

#include "director/director.h"

verb_run verb_build, verb_apply, verb_difference, verb_dump; /* topology.c */
verb_run verb_nodes, verb_inspect;                           /* inspect.c */
verb_run verb_exec, verb_logs, verb_log;                     /* enter.c */
verb_run verb_capture;                                       /* capture.c */
/* A node's name from the parameters: ERR_ABSENT with the nearest one where there is none. */
struct node;
int request_node(struct director *director, struct request *request, const struct node **out, struct error *err);
