/* One file per command, one `const struct command` each; help, usage, completion and a test come from the table.  What
 * commands share is in common/. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct str;

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_PROMETHEUS };

/* The global options, from argv (before or after the verb) or LABCTL_* environment variables. */
struct context {
    const char *lab;         /* --lab NAME, or NULL: the only one that runs */
    enum format format;      /* --format; report and graph take their own formats by --as as well */
    const char *format_text; /* as written, for --as */
    bool color;              /* of stdout, resolved from --color and the terminal */
    bool color_stderr;
    bool quiet, verbose;
    int argc; /* what follows the verb without its options: the operands */
    char **argv;
    const struct command *command;
    const char *const *option_values; /* one for each option of the command: NULL where absent, "" for a switch */
};

struct option_spec {
    const char *name;     /* "--name" */
    const char *argument; /* "NAME" or NULL for a switch; "NAME…" may be given several times, its values one a line */
    const char *help;     /* one sentence */
};

struct command {
    const char *name;
    const char *group; /* heading in `labctl help`: "a file", "a lab", "its nodes", "looking", "faults", "an exercise",
                          "an author, an instructor", "the machine" */
    const char *synopsis;    /* "up FILE [--name N]" without "labctl" */
    const char *summary;     /* one line */
    const char *description; /* paragraphs for `-h` and the man page */
    const struct option_spec *options;
    size_t option_count;
    bool hidden;        /* internal entry points */
    bool own_formats;   /* --format may be more than text and json: context->format_text tells */
    bool prometheus;    /* --format may be prometheus */
    bool takes_command; /* options end at the first operand; the rest is somebody else's command line */
    bool own_words;     /* options that nobody knows are operands: the command reads "--count 100" itself */
    int (*run)(struct context *context); /* returns the exit status */
};

int cmd_main(int argc, char **argv);

/* The table, sorted by name; each command is defined in the file of its name. */
extern const struct command *const commands[];
extern const size_t command_count;

/* Prints an error on stderr ("labctl: …") and returns its exit status. */
int cmd_fail(const struct context *context, const struct error *err);
/* Usage error with the command's synopsis: returns 2. */
int cmd_usage(const struct context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The value of one of the command's own options (as named in its table): NULL where absent; "" for a switch that is
 * there.  Repeated: last wins.  Unknown options and missing values are refused before `run` is called. */
const char *cmd_option(struct context *context, const char *name);
/* Complains about too few or too many operands (most -1: any number): 0 or 2.  Operands are context->argv[0..argc). */
int cmd_operands(struct context *context, int least, int most);

/* The command of that name, or NULL. */
const struct command *cmd_find(const char *name);
/* The global options, for help, completion and the man page's test. */
extern const struct option_spec global_options[];
extern const size_t global_option_count;
/* Help of one command, or of all (NULL). */
void cmd_help(const struct command *command, struct str *out);
