/* Verbs of other tools, node names in place of a verb, and the nearest word for a slip. */
#include "cmd/common/habit.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/client.h"
#include "cmd/common/reading.h"
#include "cmd/cmd.h"
#include "model/topology.h"

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

static const char *topology_option(struct context *context)
{
    const char *file = cmd_option(context, "-t");
    return file ? file : cmd_option(context, "--topo");
}

int habit_file(struct context *context, const char **file)
{
    *file = topology_option(context);
    if (context->argc > (*file ? 0 : 1))
        return cmd_usage(context, "'%s' takes one file", context->command->name);
    if (!*file && context->argc == 1)
        *file = context->argv[0];
    return 0;
}

int habit_lab(struct context *context, struct reading *reading, const char **name)
{
    const char *file = topology_option(context), *option = cmd_option(context, "--name");
    if (cmd_operands(context, 0, 1))
        return 2;
    if ((file != NULL) + (option != NULL) + context->argc > 1)
        return cmd_usage(context, "'%s' takes one lab", context->command->name);
    *name = option ? option : context->argc ? context->argv[0] : context->lab;
    int status = file ? reading_file(reading, context, file) : 0;
    if (file && !status)
        *name = reading->topology->name;
    return status;
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
