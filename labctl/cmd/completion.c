/* labctl completion: scripts for bash, zsh and fish.  They ask `labctl complete …` for the words, so that nodes and
 * labs are those that run, and commands and options those of this program. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/catalogue.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "cmd/cmd.h"
#include "cmd/common/words.h"
#include "lab/control.h"
#include "model/check.h"

/* ---- words --------------------------------------------------------------------------------------------------- */

static void print_word(const char *word, const char *help)
{
    printf(help ? "%s\t%s\n" : "%s\n", word, help);
}

static void complete_options(const struct command *command)
{
    for (size_t i = 0; command && i < command->option_count; i++)
        print_word(command->options[i].name, command->options[i].help);
    for (size_t i = 0; i < global_option_count; i++)
        print_word(global_options[i].name, global_options[i].help);
}

static void complete_commands(void)
{
    for (size_t i = 0; i < command_count; i++)
        if (!commands[i]->hidden)
            print_word(commands[i]->name, commands[i]->summary);
}

static void complete_labs(void)
{
    char **names;
    size_t count;
    if (registry_list(&names, &count, NULL) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        print_word(names[i], NULL);
        free(names[i]);
    }
    free(names);
}

static void complete_nodes(const char *lab)
{
    ARENA_AUTO arena = arena_new();
    const char **names;
    size_t count;
    if (client_node_names(lab, arena, &names, &count) == 0)
        for (size_t i = 0; i < count; i++)
            print_word(names[i], NULL);
}

static void complete_kinds(void)
{
    for (int kind = 0; kind < CHECK_KIND_COUNT; kind++)
        print_word(check_kind_name((enum check_kind)kind), NULL);
}

static void complete_scenarios(void)
{
    ARENA_AUTO arena = arena_new();
    struct shipped *shipped;
    size_t count = catalogue_list(arena, &shipped);
    for (size_t i = 0; i < count; i++)
        print_word(shipped[i].name, NULL);
}

static void complete_exercises(void)
{
    STR_AUTO home = STR_INIT;
    DIR *directory = exercises_home(&home, NULL) ? NULL : opendir(str_text(&home));
    for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.')
            print_word(entry->d_name, NULL);
    if (directory)
        closedir(directory);
}

/* Which word of a command's synopsis stands next, after `given` operands: "NODE", "SCENARIO…", "[NAME|--all]". */
static bool expects(const struct command *command, int given, const char *word)
{
    const char *text = strchr(command->synopsis, ' ');
    for (int i = 0; text && i < given; i++) {
        const char *next = strchr(text + 1, ' ');
        if (next && str_starts(next - strlen("…"), "…"))
            break; /* any number of them */
        text = next;
    }
    if (!text)
        return false;
    size_t length = strcspn(text + 1, " ");
    const char *found = strstr(text, word);
    return found && found < text + 1 + length;
}

/* The words of "scenario|topology", where that stands next in the synopsis; false where it does not. */
static bool complete_choices(const struct command *command, int given)
{
    const char *text = strchr(command->synopsis, ' ');
    for (int i = 0; text && i < given; i++)
        text = strchr(text + 1, ' ');
    size_t length = text ? strcspn(text + 1, " ") : 0;
    if (!length || strspn(text + 1, "abcdefghijklmnopqrstuvwxyz|") != length || !memchr(text + 1, '|', length))
        return false;
    for (const char *word = text + 1, *end = word + length; word < end; word += strcspn(word, "| ") + 1)
        printf("%.*s\n", (int)strcspn(word, "| "), word);
    return true;
}

/* Tasks, guards, questions and their choices; false where the command knows none. */
static bool complete_of_exercise(const struct command *command, int given, const char *previous, const char *lab)
{
    if (str_equal(command->name, "answer")) {
        if (given == 0)
            words_exercise(lab, "questions");
        else
            words_choices(lab, previous);
        return given < 2 && !str_equal(previous, "articulate");
    }
    if (!str_equal(command->name, "hint") && !str_equal(command->name, "check"))
        return false;
    words_exercise(lab, "tasks");
    if (str_equal(command->name, "check"))
        words_exercise(lab, "guards");
    return true;
}

/* argv: the words before the one that is completed, and that one. */
static int run_words(struct context *context)
{
    const char *current = context->argc > 0 ? context->argv[context->argc - 1] : "", *lab = context->lab;
    const char *previous = context->argc > 1 ? context->argv[context->argc - 2] : "";
    const struct command *command = NULL;
    int given = 0;
    for (int i = 0; i + 1 < context->argc; i++) {
        if (str_equal(context->argv[i], "--lab"))
            lab = context->argv[++i];
        else if (context->argv[i][0] != '-' && !command)
            command = cmd_find(context->argv[i]);
        else if (context->argv[i][0] != '-')
            given++;
    }
    if (str_equal(previous, "--lab"))
        complete_labs();
    else if (str_equal(previous, "--where") || str_equal(previous, "--at"))
        words_things(lab);
    else if (str_equal(previous, "--what"))
        words_fault_kinds();
    else if (*current == '-')
        complete_options(command);
    else if (!command)
        complete_commands();
    else if (complete_of_exercise(command, given, previous, lab) || complete_choices(command, given))
        return 0;
    else if (str_equal(command->name, "probe") && given == 0)
        complete_kinds();
    else if (expects(command, given, "NODE") || expects(command, given, "FROM") || expects(command, given, "SRC") ||
             expects(command, given, "DST"))
        complete_nodes(lab);
    else if (expects(command, 0, "EXERCISE"))
        complete_exercises();
    else if (expects(command, given, "SCENARIO"))
        complete_scenarios();
    else if (expects(command, given, "NAME") && !str_equal(command->name, "new"))
        complete_labs();
    else if (expects(command, given, "COMMAND"))
        complete_commands();
    return 0;
}

const struct command command_complete = {
    .name = "complete",
    .group = "the machine",
    .synopsis = "complete [WORD…]",
    .summary = "The words that may stand next, for completion scripts",
    .takes_command = true,
    .hidden = true,
    .run = run_words,
};

/* ---- scripts ------------------------------------------------------------------------------------------------- */

static const struct {
    const char *shell, *script;
} scripts[] = {
    {"bash", "# labctl: completion for bash; load it by: source <(labctl completion bash)\n"
             "_labctl() {\n"
             "    local IFS=$'\\n' words\n"
             "    words=$(labctl complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null | cut -f1)\n"
             "    COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
             "}\n"
             "complete -o default -F _labctl labctl\n"},
    {"fish", "# labctl: completion for fish; load it by: labctl completion fish | source\n"
             "complete -c labctl -a '(labctl complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'\n"},
    {"zsh", "#compdef labctl\n"
            "# labctl: completion for zsh; load it by: source <(labctl completion zsh)\n"
            "_labctl() {\n"
            "    local -a found\n"
            "    found=(${(f)\"$(labctl complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null | cut -f1)\"})\n"
            "    compadd -a found\n"
            "    _files\n"
            "}\n"
            "compdef _labctl labctl\n"},
};

static int run_script(struct context *context)
{
    if (cmd_operands(context, 1, 1) != 0)
        return 2;
    for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
        if (str_equal(scripts[i].shell, context->argv[0])) {
            fputs(scripts[i].script, stdout);
            return 0;
        }
    }
    return cmd_usage(context, "no completion for '%s'; there is bash, fish and zsh", context->argv[0]);
}

const struct command command_completion = {
    .name = "completion",
    .group = "the machine",
    .synopsis = "completion bash|fish|zsh",
    .summary = "Print a completion script for a shell",
    .run = run_script,
};
