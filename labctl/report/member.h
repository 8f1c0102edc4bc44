/* Members of a result, as writers want them: never NULL, whatever an older file lacks.  Inside the room only. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct str;

const char *member_text(const json_t *object, const char *key);   /* "" where there is none */
double member_number(const json_t *object, const char *key);      /* 0 */
long long member_integer(const json_t *object, const char *key);  /* 0 */
bool member_truth(const json_t *object, const char *key);         /* false */
const json_t *member_list(const json_t *object, const char *key); /* an empty list */
bool member_is_null(const json_t *object, const char *key);       /* absent counts */
/* Points, which may have halves and thirds: "12", "7.5", "3.333". */
void member_points(const json_t *object, const char *key, struct str *out);
/* Seconds as a clock. */
void member_clock(const json_t *object, const char *key, struct str *out);
/* "83.33%", "62.50%", "70%". */
void member_percent(const json_t *points, struct str *out);
/* "a, b and c" from a list of texts. */
void member_words(const json_t *list, struct str *out);
