/* Answers to questions: of four forms. */
#pragma once

#include <stdbool.h>

struct error;
struct question;

#define ANSWER_MAX 4000 /* bytes */

/* Refuses what cannot be an answer to this question (a number is wanted, one of the choices is, no answer has control
 * characters or is longer than ANSWER_MAX): nothing is lost by it.  0, or -1 with ERR_USAGE. */
int question_admits(const struct question *question, const char *answer, struct error *err);
/* True where the answer is right: the choice itself; a number within the tolerance (compared exactly, in decimal); a
 * text that the whole pattern matches; a text equal but for case and spaces. */
bool question_correct(const struct question *question, const char *answer);
