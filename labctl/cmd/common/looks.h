/* Looks at the nodes of a running lab, as text. */
#pragma once

#include <jansson.h>

struct control;
struct error;

/* Verb "look"; params: its own (stolen).  looks receives {node: text}, valid UTF-8, in the form of exercise/look.h. The
 * content of files that are the machine's own byte for byte is left out: it tells what every node of every lab tells.
 */
int looks_take(struct control *control, json_t *params, json_t **looks, struct error *err);
