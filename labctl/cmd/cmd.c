/* From argv to a command: global options, the verb, its own options, and what a person may have meant instead.
 *
 * Global options stand before or after the verb.  A command that takes somebody else's command line (exec, shell) ends
 * its options at the first operand, so that `labctl exec web -- ls --format long` is left alone. */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/table.h"
#include "cmd/common/habit.h"
#include "cmd/common/overview.h"
#include "director/director.h"

/* What was collected from the environment and the arguments, before the command is known or run. */
struct arguments {
    const char *lab, *format, *color;
    bool quiet, verbose, help, version;
    bool format_from_environment;
    char **operands;
    int count;
    const char **values; /* of the command's options */
    struct str many;     /* of the one that may be repeated */
};

static int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("labctl: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return 2;
}

int cmd_fail(const struct context *context, const struct error *err)
{
    (void)context;
    fflush(stdout);
    fprintf(stderr, "labctl: %s\n", err->kind == ERR_NONE ? "failed without a reason" : err->text);
    return err->kind == ERR_NONE ? 3 : error_exit_status(err);
}

int cmd_usage(const struct context *context, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fputs("labctl: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    if (context && context->command) {
        fprintf(stderr, "usage: labctl %s\n", context->command->synopsis);
        fprintf(stderr, "More: labctl %s --help\n", context->command->name);
    }
    return 2;
}

const struct command *cmd_find(const char *name)
{
    size_t low = 0, high = command_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, commands[middle]->name);
        if (order == 0)
            return commands[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *cmd_option(struct context *context, const char *name)
{
    for (size_t i = 0; i < context->command->option_count; i++)
        if (str_equal(context->command->options[i].name, name))
            return context->option_values[i];
    return NULL;
}

int cmd_operands(struct context *context, int least, int most)
{
    if (context->argc < least)
        return cmd_usage(context,
                         context->argc == 0 ? "'%s' needs more: nothing was given" : "'%s' needs more than that",
                         context->command->name);
    if (most >= 0 && context->argc > most)
        return cmd_usage(context, "'%s' is one word too many for '%s'", context->argv[most], context->command->name);
    return 0;
}

/* ---- one option ---------------------------------------------------------------------------------------------- */

/* Is argv[*index] this option?  Then its value ("" for a switch) is stored and *index moved past it.
 * 1 yes, 0 no, -1 its value is missing or unwanted (complained). */
static int take(const char *name, bool has_value, int argc, char **argv, int *index, const char **value)
{
    const char *word = argv[*index];
    size_t length = strlen(name);
    if (strncmp(word, name, length) != 0)
        return 0;
    const char *rest = word + length;
    bool is_long = name[1] == '-';
    if (*rest == '\0') {
        if (!has_value) {
            *value = "";
            ++*index;
            return 1;
        }
        if (*index + 1 >= argc) {
            complain("option '%s' needs a value", name);
            return -1;
        }
        *value = argv[*index + 1];
        *index += 2;
        return 1;
    }
    if (is_long && *rest != '=')
        return 0;
    if (!has_value) {
        if (!is_long)
            return 0;
        complain("option '%s' takes no value", name);
        return -1;
    }
    *value = is_long ? rest + 1 : rest;
    ++*index;
    return 1;
}

static int take_global(struct arguments *given, int argc, char **argv, int *index)
{
    const char *value = NULL;
    static const struct {
        const char *name;
        bool has_value;
        char what;
    } names[] = {{"--lab", true, 'l'},    {"--format", true, 'f'}, {"--color", true, 'c'},    {"--colour", true, 'c'},
                 {"--quiet", false, 'q'}, {"-q", false, 'q'},      {"--verbose", false, 'v'}, {"-v", false, 'v'},
                 {"--help", false, 'h'},  {"-h", false, 'h'},      {"--version", false, 'V'}};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        int taken = take(names[i].name, names[i].has_value, argc, argv, index, &value);
        if (taken < 0)
            return -1;
        if (taken == 0)
            continue;
        switch (names[i].what) {
        case 'l':
            given->lab = value;
            break;
        case 'f':
            given->format = value, given->format_from_environment = false;
            break;
        case 'c':
            given->color = value;
            break;
        case 'q':
            given->quiet = true;
            break;
        case 'v':
            given->verbose = true;
            break;
        case 'h':
            given->help = true;
            break;
        default:
            given->version = true;
            break;
        }
        return 1;
    }
    return 0;
}

/* "-", "-5" and "-.5" are none. */
static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && !strchr("0123456789", word[word[1] == '.' ? 2 : 1]);
}

static int unknown_option(const struct command *command, const char *word)
{
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; command && i < command->option_count && count < 48; i++)
        names[count++] = command->options[i].name;
    for (size_t i = 0; i < global_option_count; i++)
        names[count++] = global_options[i].name;
    char name[80];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    const char *nearest = str_nearest(name, names, count);
    if (command)
        complain("'%s' has no option '%s'%s%s%s", command->name, name, nearest ? "; did you mean '" : "",
                 nearest ? nearest : "", nearest ? "'?" : "");
    else
        complain("no option '%s'%s%s%s", name, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                 nearest ? "'?" : "");
    fprintf(stderr, "More: labctl %s%s--help\n", command ? command->name : "", command ? " " : "");
    return 2;
}

/* "--where THING…": its values are joined, one a line. */
static bool is_repeatable(const struct option_spec *option)
{
    return option->argument && str_ends(option->argument, "…");
}

static int take_own(const struct command *command, struct arguments *given, int argc, char **argv, int *index)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const char *before = command->options[i].argument ? given->values[i] : NULL;
        int taken =
            take(command->options[i].name, command->options[i].argument != NULL, argc, argv, index, &given->values[i]);
        if (taken > 0 && is_repeatable(&command->options[i])) {
            str_printf(&given->many, "%s%s", before ? "\n" : "", given->values[i]);
            given->values[i] = str_text(&given->many);
            return taken;
        }
        if (taken > 0 && before != NULL) { /* which of the two was meant is nobody's guess */
            complain("'%s' has '%s' twice: '%s' and '%s'", command->name, command->options[i].name, before,
                     given->values[i]);
            return -1;
        }
        if (taken != 0)
            return taken;
    }
    return 0;
}

/* What follows the verb.  0 or the exit status. */
static int parse_rest(const struct command *command, struct arguments *given, int argc, char **argv)
{
    int i = 0;
    while (i < argc) {
        if (!is_option(argv[i])) {
            if (command->takes_command)
                break;
            given->operands[given->count++] = argv[i++];
            continue;
        }
        if (str_equal(argv[i], "--")) {
            i++;
            break;
        }
        int taken = take_own(command, given, argc, argv, &i);
        if (taken == 0)
            taken = take_global(given, argc, argv, &i);
        if (taken < 0)
            return 2;
        if (taken == 0 && command->own_words)
            given->operands[given->count++] = argv[i++];
        else if (taken == 0)
            return unknown_option(command, argv[i]);
    }
    while (i < argc)
        given->operands[given->count++] = argv[i++];
    return 0;
}

/* ---- the globals' values ------------------------------------------------------------------------------------- */

static bool truthy(const char *text)
{
    return text && *text && !str_equal(text, "0") && !str_equal(text, "no") && !str_equal(text, "false");
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static void from_environment(struct arguments *given)
{
    given->lab = environment("LABCTL_LAB");
    given->format = environment("LABCTL_FORMAT");
    given->format_from_environment = given->format != NULL;
    given->color = environment("LABCTL_COLOR");
    given->quiet = truthy(environment("LABCTL_QUIET"));
    given->verbose = truthy(environment("LABCTL_VERBOSE"));
}

static int resolve_format(struct context *context, const struct arguments *given)
{
    static const char *const formats[] = {
        [FORMAT_TEXT] = "text", [FORMAT_JSON] = "json", [FORMAT_PROMETHEUS] = "prometheus"};
    bool prometheus = context->command->prometheus;
    size_t count = prometheus ? ARRAY_SIZE(formats) : FORMAT_PROMETHEUS;
    context->format_text = given->format ? given->format : "text";
    context->format = FORMAT_TEXT;
    for (size_t i = 0; i < count; i++)
        if (str_equal(context->format_text, formats[i])) {
            context->format = (enum format)i;
            return 0;
        }
    if (context->command->own_formats)
        return 0;
    const char *nearest = str_nearest(given->format, formats, count);
    return cmd_usage(context, "%s '%s' is neither text%s json%s%s%s%s",
                     given->format_from_environment ? "LABCTL_FORMAT" : "--format", given->format,
                     prometheus ? "," : " nor", prometheus ? " nor prometheus" : "", nearest ? "; did you mean '" : "",
                     nearest ? nearest : "", nearest ? "'?" : "");
}

static int resolve_color(struct context *context, const char *color)
{
    if (color && str_equal(color, "always")) {
        context->color = context->color_stderr = true;
        return 0;
    }
    if (color && !str_equal(color, "auto") && !str_equal(color, "never"))
        return cmd_usage(context, "--color '%s' is not auto, always or never", color);
    const char *terminal = getenv("TERM");
    bool wanted = !str_equal(color, "never") && !environment("NO_COLOR") && !str_equal(terminal, "dumb");
    context->color = wanted && isatty(STDOUT_FILENO);
    context->color_stderr = wanted && isatty(STDERR_FILENO);
    return 0;
}

static int print_help(const struct command *command)
{
    STR_AUTO text = STR_INIT;
    cmd_help(command, &text);
    fputs(str_text(&text), stdout);
    return 0;
}

/* ---- main ---------------------------------------------------------------------------------------------------- */

static int run_command(const struct command *command, struct arguments *given, int argc, char **argv)
{
    int status = parse_rest(command, given, argc, argv);
    if (status != 0)
        return status;
    if (given->help)
        return print_help(command);
    struct context context = {.lab = given->lab,
                              .quiet = given->quiet,
                              .verbose = given->verbose && !given->quiet,
                              .argc = given->count,
                              .argv = given->operands,
                              .command = command,
                              .option_values = given->values};
    status = resolve_format(&context, given);
    if (status == 0)
        status = resolve_color(&context, given->color);
    return status != 0 ? status : command->run(&context);
}

/* Which command the word means; argv and argc are what follows it.  NULL: complained, *status is set. */
static const struct command *find_verb(const char *word, int *argc, char ***argv, const struct arguments *given,
                                       int *status)
{
    const struct command *command = cmd_find(word);
    if (command)
        return command;
    if (habit_is_node(word, given->lab) && *argc > 0) { /* `labctl web ping db` */
        --*argv, ++*argc;
        return cmd_find("exec");
    }
    command = habit_command(word);
    if (!command)
        *status = habit_complain(word, given->lab);
    return command;
}

/* `labctl` alone: during an exercise what can be done now, else the commands. */
static int run_nothing(const struct arguments *given)
{
    STR_AUTO text = STR_INIT;
    struct context context = {.lab = given->lab, .quiet = true};
    if (!given->help && resolve_color(&context, given->color) == 0 && overview_write(&context, &text)) {
        fputs(str_text(&text), stdout);
        return 0;
    }
    cmd_help(NULL, &text);
    fputs(str_text(&text), given->help ? stdout : stderr);
    return given->help ? 0 : 2;
}

static int dispatch(int argc, char **argv)
{
    struct arguments given = {.operands = calloc((size_t)argc + 1, sizeof *given.operands),
                              .values = calloc(64, sizeof *given.values)};
    if (!given.operands || !given.values)
        return complain("out of memory");
    from_environment(&given);
    int i = 1, status = 2;
    while (i < argc && is_option(argv[i])) {
        if (str_equal(argv[i], "--")) { /* what follows is the command, whatever it looks like */
            i++;
            break;
        }
        int taken = take_global(&given, argc, argv, &i);
        if (taken <= 0) {
            status = taken < 0 ? 2 : unknown_option(NULL, argv[i]);
            goto out;
        }
    }
    if (given.version) {
        status = cmd_find("version")->run(&(struct context){.command = cmd_find("version")});
    } else if (i >= argc) {
        status = run_nothing(&given);
    } else {
        int rest = argc - i - 1;
        char **words = argv + i + 1;
        const struct command *command = find_verb(argv[i], &rest, &words, &given, &status);
        if (command)
            status = run_command(command, &given, rest, words);
    }
out:
    free(given.operands);
    free(given.values);
    str_free(&given.many);
    return status;
}

/* A standard descriptor that the caller has closed would be the number of whatever is opened next: a node's program
 * would get our socket for its input, and our words would go into it.  What stands there instead fails as a closed one
 * does. */
static void occupy_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY); /* the lowest that is free: fd itself */
}

int cmd_main(int argc, char **argv)
{
    occupy_standard();
    if (argc > 0 && str_equal(argv[0], "director"))
        return director_main(argc, argv);
    int status = dispatch(argc, argv);
    errno = 0; /* stays so where it broke before, and the reason is lost */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (errno != EPIPE)
            fprintf(stderr, "labctl: write to standard output: %s\n",
                    errno ? strerror(errno) : "not all of it was taken");
        return status == 0 ? 3 : status;
    }
    return status;
}
