/* Verbs of other tools, node names in place of a verb, and the nearest word for a slip. */
#include "cmd/common/habit.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/cmd.h"

/* Words of containerlab, Kathará, Mininet and of habit; the command does what they do there. */
static const struct {
    const char *word, *command;
} aliases[] = {
    {"attach", "shell"}, {"connect", "shell"},   {"create", "up"},      {"delete", "down"}, {"deploy", "up"},
    {"destroy", "down"}, {"lclean", "down"},     {"linfo", "inspect"},  {"ls", "list"},     {"lstart", "up"},
    {"lwipe", "down"},   {"nodes", "inspect"},   {"pingall", "matrix"}, {"ps", "list"},     {"show", "inspect"},
    {"stop", "down"},    {"tcpdump", "capture"}, {"wipe", "down"},
};

const struct command *habit_command(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
        if (str_equal(aliases[i].word, word))
            return cmd_find(aliases[i].command);
    return NULL;
}

bool habit_is_node(const char *word, const char *lab)
{
    ARENA_AUTO arena = arena_new();
    const char **names;
    size_t count;
    if (client_node_names(lab, arena, &names, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (str_equal(names[i], word))
            return true;
    return false;
}

int habit_complain(const char *word, const char *lab)
{
    ARENA_AUTO arena = arena_new();
    const char **nodes = NULL, **words = NULL;
    size_t node_count = 0, count = 0;
    if (habit_is_node(word, lab)) {
        fprintf(stderr, "labctl: '%s' is a node: `labctl shell %s`, or `labctl exec %s CMD…`\n", word, word, word);
        return 2;
    }
    for (size_t i = 0; i < command_count; i++)
        if (!commands[i]->hidden)
            *ARENA_PUSH(arena, words, count) = commands[i]->name;
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
        *ARENA_PUSH(arena, words, count) = aliases[i].word;
    if (client_node_names(lab, arena, &nodes, &node_count) == 0)
        for (size_t i = 0; i < node_count; i++)
            *ARENA_PUSH(arena, words, count) = nodes[i];
    const char *nearest = str_nearest(word, words, count);
    if (nearest && habit_command(nearest))
        nearest = habit_command(nearest)->name;
    fprintf(stderr, "labctl: no command '%s'%s%s%s\n", word, nearest ? "; did you mean '" : "", nearest ? nearest : "",
            nearest ? "'?" : "");
    fprintf(stderr, "All commands: labctl help\n");
    return 2;
}
