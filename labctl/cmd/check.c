/* labctl check */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "cmd/cmd.h"
#include "score/verdict.h"

#define WIDTH_MAX 48 /* of the columns that are aligned; what is longer stands out */

static const char *const colors[] = {[VERDICT_PASS] = "\033[32m",
                                     [VERDICT_FAIL] = "\033[31m",
                                     [VERDICT_ERROR] = "\033[33m",
                                     [VERDICT_UNSUPPORTED] = ""};

static size_t widest(const json_t *checks, const char *key)
{
    size_t i, most = 0;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        size_t length = strlen(client_text(check, key));
        if (length > most && length <= WIDTH_MAX)
            most = length;
    }
    return most;
}

static void print_checks(const struct context *context, const json_t *checks)
{
    size_t i;
    json_t *check;
    int id_width = (int)widest(checks, "id"), asked_width = (int)widest(checks, "asked");
    json_array_foreach(checks, i, check)
    {
        enum verdict verdict = verdict_from_name(client_text(check, "verdict"));
        const char *name = verdict == VERDICT_FAIL ? "FAIL" : verdict_name(verdict);
        printf("%s%-5s%s  %-*s  %-*s  ", context->color ? colors[verdict] : "", name, context->color ? "\033[0m" : "",
               id_width, client_text(check, "id"), asked_width, client_text(check, "asked"));
        if (verdict == VERDICT_FAIL)
            printf("expected %s, got %s", client_text(check, "expected"), client_text(check, "seen"));
        else
            printf("%s", client_text(check, "seen"));
        printf("  (%.0f ms)\n", json_number_value(json_object_get(check, "duration_ms")));
    }
}

static void count_verdicts(const json_t *checks, size_t counts[static VERDICT_COUNT])
{
    size_t i;
    json_t *check;
    json_array_foreach(checks, i, check) counts[verdict_from_name(client_text(check, "verdict"))]++;
}

static void print_summary(const size_t counts[static VERDICT_COUNT], size_t total)
{
    printf("%zu of %zu checks pass", counts[VERDICT_PASS], total);
    if (counts[VERDICT_FAIL])
        printf(", %zu fail%s", counts[VERDICT_FAIL], counts[VERDICT_FAIL] == 1 ? "s" : "");
    if (counts[VERDICT_ERROR])
        printf(", %zu without a verdict (error)", counts[VERDICT_ERROR]);
    printf("\n");
}

/* {"version", "checks": [{"id", "verdict", "from", "asked", "expected", "seen", "duration_ms", "attempts"}],
 * "summary": {VERDICT: count}} */
static void print_json(json_t *checks, const size_t counts[static VERDICT_COUNT])
{
    json_t *summary = json_object();
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        json_object_set_new(summary, verdict_name((enum verdict)i), json_integer((json_int_t)counts[i]));
    json_t *out = json_pack("{s:i, s:O, s:o}", "version", 1, "checks", checks, "summary", summary);
    client_print_json(out);
    json_decref(out);
}

static int run(struct context *context)
{
    int status = cmd_operands(context, 0, -1);
    if (status != 0)
        return status;
    json_t *ids = json_array(), *reply = NULL;
    for (int i = 0; i < context->argc; i++)
        json_array_append_new(ids, json_string(context->argv[i]));
    struct error err = ERROR_INIT;
    exercise_choose_lab(context);
    if (client_call(context, "check", json_pack("{s:o}", "ids", ids), &reply, &err) != 0)
        return cmd_fail(context, &err);
    json_t *checks = json_object_get(reply, "checks");
    size_t counts[VERDICT_COUNT] = {0};
    count_verdicts(checks, counts);
    if (context->format == FORMAT_JSON)
        print_json(checks, counts);
    else
        print_checks(context, checks);
    if (context->format == FORMAT_TEXT && !context->quiet)
        print_summary(counts, json_array_size(checks));
    json_decref(reply);
    /* An error outweighs a failure: not everything is known. */
    return counts[VERDICT_ERROR] ? 5 : counts[VERDICT_FAIL] ? 1 : 0;
}

const struct command command_check = {
    .name = "check",
    .group = "looking",
    .synopsis = "check [ID…]",
    .summary = "Run the topology's checks (during an exercise its tasks and guards), all at once",
    .description =
        "Measures from sockets inside the nodes and says for each check what was expected and what was seen.\n"
        "Without ID all checks are run.  A check passes, fails, or could not be judged (error).\n"
        "Where several labs run and no --lab is given, those of the lab with the only exercise.\n"
        "\n"
        "Exit status: 0 all pass, 1 one failed, 5 one had an error and so no verdict.",
    .run = run,
};
