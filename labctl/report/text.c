/* The parts of the text for people that are not about checks: answers and claims, who reaches whom, the clocks. */
#include "base/str.h"
#include "base/table.h"
#include "report/member.h"
#include "report/paint.h"
#include "report/writers.h"

static void write_question(const json_t *question, struct str *out)
{
    str_append(out, "  ");
    member_points(question, "earned", out);
    str_append(out, " of ");
    member_points(question, "points", out);
    str_printf(out, "  %s: %s\n", member_text(question, "id"), member_text(question, "ask"));
    str_printf(out, "      answered: %s\n",
               member_is_null(question, "answered") ? "nothing" : member_text(question, "answered"));
    if (!member_truth(question, "correct"))
        str_printf(out, "      right:    %s\n", member_text(question, "answer"));
    str_printf(out, "      %s\n", member_text(question, "why"));
    if (!member_is_null(question, "explain"))
        str_printf(out, "      %s\n", member_text(question, "explain"));
}

static void write_claim(const json_t *claim, struct str *out)
{
    STR_AUTO where = STR_INIT;
    member_words(member_list(claim, "where"), &where);
    str_append(out, "  at ");
    member_clock(claim, "after_s", out);
    if (member_truth(claim, "none"))
        str_append(out, ": nothing is broken");
    else
        str_printf(out, ": %s at %s", member_text(claim, "what"), str_text(&where));
    str_append(out, "; ");
    member_points(claim, "earned", out);
    str_printf(out, " points\n      %s\n", member_text(claim, "why"));
}

void text_answers(const json_t *result, bool color, struct str *out)
{
    size_t i;
    const json_t *item, *diagnosis = json_object_get(result, "diagnosis");
    if (json_array_size(member_list(result, "questions"))) {
        str_append(out, "\n");
        paint(out, color, BOLD, "Questions");
        str_append(out, "\n");
    }
    json_array_foreach(member_list(result, "questions"), i, item) write_question(item, out);
    if (!json_is_object(diagnosis))
        return;
    str_append(out, "\n");
    paint(out, color, BOLD, "Diagnosis");
    str_append(out, "\n");
    json_array_foreach(member_list(diagnosis, "claims"), i, item) write_claim(item, out);
    if (!json_array_size(member_list(diagnosis, "claims")))
        str_append(out, "  no claim was made\n");
    str_printf(out, "  %s\n", member_text(diagnosis, "why"));
}

static void write_pairs(const json_t *reach, const char *key, const char *words, struct str *out)
{
    size_t i;
    const json_t *pair, *list = member_list(reach, key);
    if (!json_array_size(list))
        return;
    str_printf(out, "  %-13s ", words);
    json_array_foreach(list, i, pair)
    {
        str_printf(out, "%s%s -> %s", i ? ", " : "", member_text(pair, "from"), member_text(pair, "to"));
        if (!member_is_null(pair, "port"))
            str_printf(out, ":%.0f", member_number(pair, "port"));
    }
    str_append(out, "\n");
}

void text_reach(const json_t *result, bool color, struct str *out)
{
    const json_t *reach = json_object_get(result, "reachability");
    if (!json_is_object(reach))
        return;
    str_append(out, "\n");
    paint(out, color, BOLD, "Who reaches whom");
    str_append(out, " (it scores nothing)\n");
    write_pairs(reach, "fixed", "fixed", out);
    write_pairs(reach, "newly_broken", "newly broken", out);
    write_pairs(reach, "newly_opened", "newly opened", out);
    write_pairs(reach, "still_broken", "still broken", out);
    str_printf(out, "  %-13s %.0f pairs\n", "preserved", member_number(reach, "preserved"));
}

void text_time(const json_t *result, bool color, struct str *out)
{
    static const char *const keys[][2] = {
        {"detect", "detect_s"}, {"localise", "localise_s"}, {"diagnose", "diagnose_s"}, {"mitigate", "mitigate_s"}};
    size_t i;
    const json_t *note, *clocks = json_object_get(result, "clocks");
    str_append(out, "\n");
    paint(out, color, BOLD, "Time");
    str_append(out, "\n  ");
    for (i = 0; i < ARRAY_SIZE(keys); i++) {
        str_printf(out, "%s%s ", i ? ", " : "", keys[i][0]);
        if (member_is_null(clocks, keys[i][1]))
            str_append(out, "never");
        else
            member_clock(clocks, keys[i][1], out);
    }
    str_append(out, "\n");
    json_array_foreach(member_list(result, "notes"), i, note)
    {
        str_printf(out, "  %s\n", json_string_value(note) ? json_string_value(note) : "");
    }
}
