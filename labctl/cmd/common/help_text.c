/* Help, from the table of commands: of all of them, or of one. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"

const struct option_spec global_options[] = {
    {"--lab", "NAME", "The lab to talk to; not needed where only one runs."},
    {"--format", "FORMAT", "text (for people) or json (versioned, for programs)."},
    {"--color", "WHEN", "auto, always or never."},
    {"--quiet", NULL, "No progress and no notes (-q)."},
    {"--verbose", NULL, "Say more (-v)."},
    {"--help", NULL, "Help on the command (-h)."},
};
const size_t global_option_count = ARRAY_SIZE(global_options);

static const char *const groups[] = {
    "a file", "a lab", "its nodes", "looking", "faults", "an exercise", "an author, an instructor", "the machine"};

/* Bytes of the text that take no column of their own: the continuations of UTF-8. */
static int beyond_columns(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += (*text & 0xc0) == 0x80;
    return count;
}

static void help_options(const struct option_spec *options, size_t count, struct str *out)
{
    for (size_t i = 0; i < count; i++) {
        char left[80];
        snprintf(left, sizeof left, "%s%s%s", options[i].name, options[i].argument ? " " : "",
                 options[i].argument ? options[i].argument : "");
        str_printf(out, "  %-*s %s\n", 22 + beyond_columns(left), left, options[i].help);
    }
}

static void help_overview(struct str *out)
{
    str_append(
        out,
        "usage: labctl [OPTION…] COMMAND …\n\n"
        "A network lab on one machine: build it from a file, look at it, break it, repair it, score the repair.\n");
    for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
        bool first = true;
        for (size_t i = 0; i < command_count; i++) {
            if (commands[i]->hidden || !str_equal(commands[i]->group, groups[g]))
                continue;
            if (first)
                str_printf(out, "\n%s\n", groups[g]);
            first = false;
            str_printf(out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
        }
    }
    str_append(out, "\noptions, before or after the command\n");
    help_options(global_options, global_option_count, out);
    str_append(out, "\n`labctl COMMAND --help` says more on one; `labctl NODE CMD…` is `labctl exec NODE CMD…`.\n");
}

/* Lines that are longer than a terminal is wide are broken at a space. */
static void help_text(const char *text, struct str *out)
{
    enum { WIDTH = 112 };
    size_t column = 0;
    while (*text) {
        size_t word = strcspn(text + 1, " \n") + 1;
        if (*text == ' ' && column + word > WIDTH) {
            str_append_char(out, '\n');
            text++;
            word--;
            column = 0;
        }
        column = *text == '\n' ? word - 1 : column + word;
        str_append_bytes(out, text, word);
        text += word;
    }
}

void cmd_help(const struct command *command, struct str *out)
{
    if (!command) {
        help_overview(out);
        return;
    }
    str_printf(out, "usage: labctl %s\n\n%s.\n", command->synopsis, command->summary);
    if (command->description) {
        str_append_char(out, '\n');
        help_text(command->description, out);
        str_append_char(out, '\n');
    }
    if (command->option_count > 0) {
        str_append(out, "\noptions\n");
        help_options(command->options, command->option_count, out);
    }
    str_append(out, "\nglobal options\n");
    help_options(global_options, global_option_count, out);
}
