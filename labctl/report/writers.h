/* The writers of the table in report.c that have a file of their own.  Inside the room only. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct str;

void report_markdown(const json_t *result, bool color, struct str *out);
void report_html(const json_t *result, bool color, struct str *out);
void report_junit(const json_t *result, bool color, struct str *out);
void report_csv(const json_t *result, bool color, struct str *out);

/* Parts of the text for people: questions and claims; the reachability; the clocks and the notes. */
void text_answers(const json_t *result, bool color, struct str *out);
void text_reach(const json_t *result, bool color, struct str *out);
void text_time(const json_t *result, bool color, struct str *out);
