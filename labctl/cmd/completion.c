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
#include "cmd/common/synopsis.h"
#include "cmd/common/words.h"
#include "fault/fault.h"
#include "kernel/capability.h"
#include "lab/control.h"
#include "link/impairment.h"
#include "report/report.h"
#include "model/check.h"

/* A command line up to the word that is completed. */
struct line {
    const struct command *command; /* NULL: it is the command that is completed */
    const char *lab, *option;      /* option: whose value is completed, or NULL */
    const char *given[16];         /* operands */
    size_t count;
};

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

static void complete_commands(const struct line *line)
{
    (void)line;
    for (size_t i = 0; i < command_count; i++)
        if (!commands[i]->hidden)
            print_word(commands[i]->name, commands[i]->summary);
}

static void complete_labs(const struct line *line)
{
    (void)line;
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

static void complete_nodes(const struct line *line)
{
    ARENA_AUTO arena = arena_new();
    const char **names;
    size_t count;
    if (client_node_names(line->lab, arena, &names, &count) == 0)
        for (size_t i = 0; i < count; i++)
            print_word(names[i], NULL);
}

static void complete_kinds(const struct line *line)
{
    (void)line;
    for (int kind = 0; kind < CHECK_KIND_COUNT; kind++)
        print_word(check_kind_name((enum check_kind)kind), NULL);
}

static void complete_scenarios(const struct line *line)
{
    (void)line;
    ARENA_AUTO arena = arena_new();
    struct shipped *shipped;
    size_t count = catalogue_list(arena, &shipped);
    for (size_t i = 0; i < count; i++)
        print_word(shipped[i].name, NULL);
}

static void complete_exercises(const struct line *line)
{
    (void)line;
    STR_AUTO home = STR_INIT;
    DIR *directory = exercises_home(&home, NULL) ? NULL : opendir(str_text(&home));
    for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.')
            print_word(entry->d_name, NULL);
    if (directory)
        closedir(directory);
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

/* ---- where it stands --------------------------------------------------------------------------------------------- */

static bool takes_value(const struct command *command, const char *option)
{
    for (size_t i = 0; command && i < command->option_count; i++)
        if (str_equal(command->options[i].name, option))
            return command->options[i].argument != NULL;
    for (size_t i = 0; i < global_option_count; i++)
        if (str_equal(global_options[i].name, option))
            return global_options[i].argument != NULL;
    return false;
}

static struct line read_line(const struct context *context)
{
    struct line line = {.lab = context->lab};
    for (int i = 0; i + 1 < context->argc; i++) {
        const char *word = context->argv[i];
        if (takes_value(line.command, word)) {
            if (i + 2 == context->argc)
                line.option = word;
            else if (str_equal(word, "--lab"))
                line.lab = context->argv[i + 1];
            i++;
        } else if (*word != '-' && !line.command) {
            line.command = cmd_find(word);
        } else if (*word != '-' && line.count < ARRAY_SIZE(line.given)) {
            line.given[line.count++] = word;
        }
    }
    return line;
}

static void complete_things(const struct line *line)
{
    words_things(line->lab, "", "");
}

static void complete_paths(const struct line *line)
{
    words_things(line->lab, "", "/"); /* a key follows */
}

static void complete_wires(const struct line *line)
{
    words_wires(line->lab);
}

static void complete_services(const struct line *line)
{
    STR_AUTO prefix = STR_INIT;
    str_printf(&prefix, "node/%s/service/", line->given[0]);
    words_things(line->lab, str_text(&prefix), "");
}

static void complete_fault_kinds(const struct line *line)
{
    (void)line;
    words_fault_kinds();
}

static void complete_fault_keys(const struct line *line)
{
    const struct fault_kind *kind = line->count > 1 ? fault_kind_find(line->given[1]) : NULL;
    for (size_t i = 0; kind && i < kind->parameter_count; i++)
        printf("%s=\t%s\n", kind->parameters[i].key, kind->parameters[i].doc);
}

static void complete_faults(const struct line *line)
{
    words_faults(line->lab);
}

static void complete_impairments(const struct line *line)
{
    (void)line;
    for (size_t i = 0; i < impairment_row_count; i++)
        printf("%s=\t%s\n", impairment_rows[i].key, impairment_rows[i].doc);
    print_word("profile=", "A line of a kind that everybody knows.");
}

static void complete_capabilities(const struct line *line)
{
    (void)line;
    for (size_t i = 0; i < capability_count; i++)
        print_word(capabilities[i].name, NULL);
}

static void complete_reports(const struct line *line)
{
    (void)line;
    for (size_t i = 0; i < report_writer_count; i++)
        print_word(report_writers[i].name, NULL);
}

/* What a word of a synopsis, or the value of an option, stands for: of the command that is named, else of all. */
static const struct {
    const char *command, *word;
    void (*complete)(const struct line *line);
} meanings[] = {
    {"new", "NAME", NULL}, /* whatever one likes */
    {"fault", "KIND", complete_fault_kinds},
    {"fault", "KEY", complete_fault_keys},
    {"fault", "ID", complete_faults},
    {"probe", "KIND", complete_kinds},
    {"link", "THING", complete_wires},
    {"link", "KEY", complete_impairments},
    {"link", "--from", complete_nodes},
    {"report", "--as", complete_reports},
    {"submit", "--as", complete_reports},
    {"set", "THING", complete_paths},
    {"unset", "THING", complete_paths},
    {NULL, "NODE", complete_nodes},
    {NULL, "FROM", complete_nodes},
    {NULL, "SRC", complete_nodes},
    {NULL, "DST", complete_nodes},
    {NULL, "SERVICE", complete_services},
    {NULL, "EXERCISE", complete_exercises},
    {NULL, "SCENARIO", complete_scenarios},
    {NULL, "NAME", complete_labs},
    {NULL, "COMMAND", complete_commands},
    {NULL, "CAPABILITY", complete_capabilities},
    {NULL, "--lab", complete_labs},
    {NULL, "--where", complete_things},
    {NULL, "--at", complete_things},
    {NULL, "--what", complete_fault_kinds},
};

static void complete_meaning(const struct line *line, const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
        if (!str_equal(meanings[i].word, word) ||
            (meanings[i].command && (!line->command || !str_equal(meanings[i].command, line->command->name))))
            continue;
        if (meanings[i].complete)
            meanings[i].complete(line);
        return;
    }
}

/* argv: the words before the one that is completed, and that one. */
static int run_words(struct context *context)
{
    const char *current = context->argc > 0 ? context->argv[context->argc - 1] : "";
    struct line line = read_line(context);
    const struct command *command = line.command;
    STR_AUTO text = STR_INIT;
    if (line.option) {
        if (!command || !synopsis_values(command->synopsis, line.option, &text))
            complete_meaning(&line, line.option);
    } else if (*current == '-') {
        complete_options(command);
    } else if (!command) {
        complete_commands(&line);
    } else if (!complete_of_exercise(command, (int)line.count, line.count ? line.given[line.count - 1] : "",
                                     line.lab) &&
               (line.count > 0 || !synopsis_words(command->synopsis, &text)) &&
               synopsis_operand(command->synopsis, line.given, line.count, &text)) {
        STR_AUTO word = text;
        text = (struct str)STR_INIT;
        complete_meaning(&line, str_text(&word));
    }
    fputs(str_text(&text), stdout);
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
             "    [[ ${COMPREPLY[0]-} != *[=/] ]] || compopt -o nospace 2>/dev/null\n"
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
