/* labctl answer */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "lab/control.h"

#define TEXT_MAX   ((size_t)1 << 20)
#define ARTICULATE "articulate"
#define NEW        ".new"

static void print(const struct context *context, json_t *reply, const char *text)
{
    if (context->format == FORMAT_JSON) {
        json_object_set_new(reply, "version", json_integer(1));
        client_print_json(reply);
    } else if (!context->quiet) {
        puts(text);
    }
}

static int answer_question(const struct context *context, struct error *err)
{
    json_t *reply = NULL;
    STR_AUTO value = STR_INIT;
    STR_AUTO text = STR_INIT;
    for (int i = 1; i < context->argc; i++)
        str_printf(&value, "%s%s", i > 1 ? " " : "", context->argv[i]);
    if (!str_is_utf8(str_text(&value), value.length))
        return error_set(err, ERR_USAGE, "the answer to '%s' is not valid UTF-8", context->argv[0]);
    json_t *params = json_pack("{s:s, s:s}", "question", context->argv[0], "answer", str_text(&value));
    if (client_call(context, "exercise-answer", params, &reply, err))
        return -1;
    str_printf(&text, "The answer to '%s' is recorded; the last one counts.", context->argv[0]);
    print(context, reply, str_text(&text));
    json_decref(reply);
    return 0;
}

/* ---- the text ---- */

static int read_text(const char *file, struct str *out, struct error *err)
{
    bool standard = str_equal(file, "-");
    FD_AUTO opened = standard ? -1 : open(file, O_RDONLY | O_CLOEXEC);
    if (!standard && opened < 0)
        return error_set(err, ERR_FILE, "open %s: %s", file, strerror(errno));
    if (fd_read_all(standard ? STDIN_FILENO : opened, out, TEXT_MAX))
        return error_set(err, ERR_FILE, "read %s: %s", standard ? "standard input" : file,
                         errno == EFBIG ? "a text has at most 1 MiB" : strerror(errno));
    if (!str_is_utf8(str_text(out), out->length))
        return error_set(err, ERR_FILE, "%s is not UTF-8 text", standard ? "standard input" : file);
    return 0;
}

/* Keeps the text in the directory of the exercise, where a person finds it who marks it; still beside the last one. */
static int keep_text(const char *path, const struct str *text, struct error *err)
{
    STR_AUTO name = STR_INIT;
    str_printf(&name, "%.*s", (int)(strrchr(path, '/') - path), path);
    if (mkdir(str_text(&name), 0700) && errno != EEXIST)
        return error_set_errno(err, errno, "make the directory %s", str_text(&name));
    str_clear(&name);
    str_printf(&name, "%s" NEW, path);
    return file_replace(AT_FDCWD, str_text(&name), text->data, text->length, 0600)
               ? error_set_errno(err, errno, "write %s", str_text(&name))
               : 0;
}

static int put_in_place(const char *path, struct error *err)
{
    STR_AUTO name = STR_INIT;
    str_printf(&name, "%s" NEW, path);
    return rename(str_text(&name), path) ? error_set_errno(err, errno, "write %s", path) : 0;
}

/* The text is on the disk before it is on record, and in its place only afterwards. */
static int hand_in(const struct context *context, const struct str *text, struct str *path, json_t **reply,
                   struct error *err)
{
    struct control *control;
    json_t *status = NULL;
    if (client_connect(context, &control, err))
        return -1;
    json_t *params = json_pack("{s:b}", "measure", 0);
    int result = control_call(control, "exercise-status", params, NULL, 0, NULL, NULL, &status, NULL, NULL, err);
    if (!result && !json_is_object(json_object_get(status, ARTICULATE)))
        result = error_set(err, ERR_ABSENT, "this exercise asks for no text");
    if (!result && !str_equal(client_text(status, "state"), "running"))
        result = error_set(err, ERR_BUSY, "the exercise is %s: nothing can be handed in", client_text(status, "state"));
    str_printf(path, "%s/answers/" ARTICULATE ".txt", client_text(status, "directory"));
    if (!result)
        result = keep_text(str_text(path), text, err);
    if (!result)
        result = client_call_text(context, control, "exercise-answer", json_pack("{s:s}", "question", ARTICULATE),
                                  str_text(text), text->length, reply, err);
    if (!result)
        result = put_in_place(str_text(path), err);
    json_decref(status);
    control_close(control);
    return result;
}

static int articulate(const struct context *context, struct error *err)
{
    json_t *reply = NULL;
    STR_AUTO text = STR_INIT;
    STR_AUTO path = STR_INIT;
    STR_AUTO told = STR_INIT;
    if (context->argc != 2)
        return error_set(err, ERR_USAGE,
                         "the text comes from a file: `labctl answer " ARTICULATE " FILE` (- for standard input)");
    if (read_text(context->argv[1], &text, err) || hand_in(context, &text, &path, &reply, err))
        return -1;
    str_printf(&told, "%lld words", (long long)client_integer(reply, "words"));
    if (client_integer(reply, "words_wanted"))
        str_printf(&told, " (about %lld are wanted)", (long long)client_integer(reply, "words_wanted"));
    str_printf(&told, ": recorded; the last text counts.  It lies in %s", str_text(&path));
    print(context, reply, str_text(&told));
    json_decref(reply);
    return 0;
}

static int run(struct context *context)
{
    struct error err = ERROR_INIT;
    if (cmd_operands(context, 2, -1))
        return 2;
    exercise_choose_lab(context);
    int result = str_equal(context->argv[0], ARTICULATE) ? articulate(context, &err) : answer_question(context, &err);
    return result ? exercise_fail(context, &err) : 0;
}

const struct command command_answer = {
    .name = "answer",
    .group = "an exercise",
    .synopsis = "answer ID VALUE… | answer articulate FILE",
    .summary = "Answer a question of the exercise, or hand in its text",
    .description = "ID is the question's, as `labctl status` names it; VALUE one of its choices, a number without\n"
                   "its unit, or text.  A text that a person marks is read from FILE, or from standard input\n"
                   "(-).  The last answer counts; nobody tells before the end whether it is right.",
    .run = run,
};
