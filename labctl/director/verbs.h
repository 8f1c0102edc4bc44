/* The handlers of the verbs table; each stands in the file of its subject. */
#pragma once

#include "director/director.h"
#include "link/impairment.h"

verb_run verb_build, verb_apply, verb_difference, verb_dump;  /* topology.c */
verb_run verb_nodes, verb_inspect;                            /* inspect.c */
verb_run verb_exec, verb_logs, verb_log;                      /* enter.c */
verb_run verb_flows;                                          /* flows.c */
void flows_standing(struct director *director);               /* flows get their times from now on */
verb_run verb_link_show;                                      /* link.c */
json_t *impairment_json(const struct impairment *impairment); /* the parameters as they stand in YAML */
/* What a learner can see in every node.  params: "closed", "learned": as lab/look.h has them.  Answers a text as
 * descriptor 0: a line "\003" and the look of the template, then of each node a line "\003NAME"
 * and its look. */
verb_run verb_look;    /* look.c */
verb_run verb_metrics; /* metrics.c */
verb_run verb_capture; /* capture.c */
/* A node's name from the parameters: ERR_ABSENT with the nearest one where there is none. */
struct interface;
struct node;
struct plan_link_end;
/* The plan's end of an interface that faces the fabric or the cloud; NULL where it is connected to nothing. */
const struct plan_link_end *request_far_end(const struct plan *plan, const struct node *node,
                                            const struct interface *interface);
int request_node(struct director *director, struct request *request, const struct node **out, struct error *err);
