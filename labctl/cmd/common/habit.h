/* What people type who come from elsewhere: other tools' verbs, a node's name in place of a verb, a slip of the finger.
 */
#pragma once

#include <stdbool.h>

struct command;
struct context;
struct reading;

/* Containerlab's way to say FILE, for the options of a command that takes one. */
#define HABIT_FILE_OPTIONS                                                                                             \
    {"-t", "FILE", "The same as FILE as an operand."},                                                                 \
    {                                                                                                                  \
        "--topo", "FILE", "The same as -t."                                                                            \
    }
/* The file of a command with these options, or NULL in *file: 0, or the exit status of a complaint about two. */
int habit_file(struct context *context, const char **file);

/* The same for a command that takes the NAME of a running lab. */
#define HABIT_LAB_OPTIONS                                                                                              \
    {"-t", "FILE", "The lab that this topology file names."}, {"--topo", "FILE", "The same as -t."},                   \
    {                                                                                                                  \
        "--name", "NAME", "The same as NAME as an operand."                                                            \
    }
/* The lab that the operand, an option or --lab names, or NULL in *name.  A file is read into `reading`, where its name
 * stays. */
int habit_lab(struct context *context, struct reading *reading, const char **name);

/* Does a running lab (that one, or the only one) have a node of this name? */
bool habit_is_node(const char *word, const char *lab);
/* The command that another tool's verb stands for ("deploy", "lstart"), or NULL. */
const struct command *habit_command(const char *word);
/* Says that there is no such command and what was probably meant; returns the exit status. */
int habit_complain(const char *word, const char *lab);
