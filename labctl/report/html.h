/* The parts of the page that stand in files of their own.  Inside the room only. */
#pragma once

#include <jansson.h>

struct str;

void html_member(struct str *out, const json_t *object, const char *key); /* escaped */
void html_heading(struct str *out, const char *words);
void html_points(const json_t *result, struct str *out); /* every point explained, and what was broken */
void html_events(const json_t *result, struct str *out); /* the timeline */
