/* What can be done now, by the state of the exercise. */
#include "cmd/common/overview.h"

#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/cmd.h"
#include "cmd/common/client.h"
#include "cmd/common/exercise.h"
#include "cmd/common/interrupted.h"
#include "report/report.h"

#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

static bool always(const json_t *status)
{
    (void)status;
    return true;
}

static bool is_running(const json_t *status)
{
    return str_equal(client_text(status, "state"), "running");
}

static bool is_paused(const json_t *status)
{
    return str_equal(client_text(status, "state"), "paused");
}

static bool is_open(const json_t *status)
{
    return is_running(status) || is_paused(status);
}

static bool may_pause(const json_t *status)
{
    return is_running(status) && str_equal(client_text(status, "mode"), "practice");
}

static bool has_hints(const json_t *status)
{
    return is_running(status) && client_integer(status, "hints_left");
}

static bool has_diagnosis(const json_t *status)
{
    return is_running(status) && client_integer(status, "diagnosis_points");
}

static bool has_questions(const json_t *status)
{
    return is_running(status) && json_array_size(json_object_get(status, "questions"));
}

static bool has_text(const json_t *status)
{
    return is_running(status) && json_is_object(json_object_get(status, "articulate"));
}

static bool has_next_phase(const json_t *status)
{
    const json_t *phases = json_object_get(status, "phases");
    const json_t *last = json_array_get(phases, json_array_size(phases) - 1);
    return is_open(status) && last && !str_equal(client_text(last, "id"), client_text(status, "phase"));
}

static bool has_no_next_phase(const json_t *status)
{
    return is_open(status) && !has_next_phase(status);
}

static const struct {
    bool (*possible)(const json_t *status);
    const char *command, *text;
} rows[] = {
    {is_paused, "labctl resume", "let the clock run on"},
    {always, "labctl status", "the clock, the tasks, the points so far (--watch stays)"},
    {is_running, "labctl inspect",
     "the nodes and their addresses; `labctl dump` the topology, `labctl graph` a drawing"},
    {is_running, "labctl shell NODE", "look around in a node and repair it there"},
    {is_running, "labctl set THING/KEY VALUE", "change the topology, as in a console (also `edit`)"},
    {is_running, "labctl check [TASK]", "measure the tasks and what has to stay as it is"},
    {has_hints, "labctl hint [TASK]", "the next hint, at a cost"},
    {has_diagnosis, "labctl claim --where THING --what KIND", "say what is broken (--none: nothing is)"},
    {has_questions, "labctl answer ID VALUE", "answer a question"},
    {has_text, "labctl answer articulate FILE", "hand in the text"},
    {may_pause, "labctl pause", "stop the clock for a while"},
    {has_next_phase, "labctl submit", "end this phase and begin the next one (--all: end the exercise)"},
    {has_no_next_phase, "labctl submit", "end the exercise: it is measured and scored"},
    {is_open, "labctl abandon", "end it without a score"},
};

static void write_clock(const json_t *status, struct str *out)
{
    const json_t *left = json_object_get(status, "time_left_s");
    if (*client_text(status, "phase"))
        str_printf(out, ", phase %s", client_text(status, "phase"));
    if (!is_running(status))
        str_printf(out, ", %s", is_paused(status) ? "paused" : "being measured");
    if (!json_is_number(left))
        return;
    str_append(out, ", ");
    report_clock_left(json_number_value(left), out);
    str_append(out, " left");
}

bool overview_write(struct context *context, struct str *out)
{
    struct error err = ERROR_INIT;
    json_t *status = NULL;
    exercise_choose_lab(context);
    if (client_call(context, "exercise-status", json_pack("{s:b}", "measure", 0), &status, &err)) {
        interrupted_tell(out);
        if (out->length)
            str_append(out, "All commands: labctl help\n");
        return out->length > 0;
    }
    const char *title = client_text(status, "title");
    str_printf(out, "Exercise %s%s%s%s%s", context->color ? BOLD : "", client_text(status, "scenario"),
               context->color ? PLAIN : "", *title ? ": " : "", title);
    write_clock(status, out);
    str_append(out, "\n\n");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].possible(status))
            str_printf(out, "  %-40s %s\n", rows[i].command, rows[i].text);
    if (*client_text(status, "directory"))
        str_printf(out, "\nThe briefing: %s/" BRIEFING_FILE "\n", client_text(status, "directory"));
    str_append(out, "All commands: labctl help\n");
    json_decref(status);
    return true;
}
