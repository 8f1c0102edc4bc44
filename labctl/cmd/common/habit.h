/* What people type who come from elsewhere: other tools' verbs, a node's name in place of a verb, a slip of the finger.
 */
#pragma once

#include <stdbool.h>

struct command;

/* Does a running lab (that one, or the only one) have a node of this name? */
bool habit_is_node(const char *word, const char *lab);
/* The command that another tool's verb stands for ("deploy", "lstart"), or NULL. */
const struct command *habit_command(const char *word);
/* Says that there is no such command and what was probably meant; returns the exit status. */
int habit_complain(const char *word, const char *lab);
