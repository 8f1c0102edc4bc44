/* Questions, the diagnosis, the text that a person marks. */
#include <stdio.h>

#include "base/str.h"
#include "base/units.h"
#include "exercise/result_parts.h"
#include "score/question.h"

/* ---- questions ---- */

static const char *const form_names[] = {[QUESTION_CHOICE] = "choice",
                                         [QUESTION_NUMBER] = "number",
                                         [QUESTION_PATTERN] = "pattern",
                                         [QUESTION_TEXT] = "text"};

static void set_right_answer(json_t *object, const struct question *question)
{
    char number[64], tolerance[UNITS_TEXT_MAX];
    const char *answer = question->answer ? question->answer : question->pattern;
    if (question->form == QUESTION_NUMBER) {
        if (!answer)
            snprintf(number, sizeof number, "%.15g", question->number);
        STR_AUTO text = STR_INIT;
        str_append(&text, answer ? answer : number);
        if (question->tolerance)
            str_printf(&text, " ± %s", share_format(question->tolerance, tolerance));
        set_text(object, "answer", str_text(&text));
        return;
    }
    json_object_set_new(object, "answer", text_or_null(answer));
}

static json_t *question_json(const struct session *session, size_t index, bool running)
{
    const struct question *question = &session->scenario->questions[index];
    const char *answered = session->answers[index];
    json_t *object = json_object();
    set_text(object, "id", question->id);
    set_text(object, "ask", question->ask);
    set_text(object, "form", form_names[question->form]);
    json_object_set_new(object, "points", json_integer(question->points));
    if (question->form == QUESTION_CHOICE) {
        json_t *choices = json_array();
        for (size_t i = 0; i < question->choices.count; i++)
            json_array_append_new(choices, json_string(question->choices.items[i]));
        json_object_set_new(object, "choices", choices);
    }
    json_object_set_new(object, "answered", text_or_null(answered));
    if (running)
        return object;
    bool correct = answered && question_correct(question, answered);
    json_object_set_new(object, "correct", json_boolean(correct));
    json_object_set_new(object, "earned", json_integer(correct ? question->points : 0));
    set_right_answer(object, question);
    json_object_set_new(object, "explain", text_or_null(question->explain));
    set_why(object, "%s: %u of %u points",
            correct    ? "right"
            : answered ? "wrong"
                       : "not answered",
            correct ? question->points : 0, question->points);
    return object;
}

json_t *questions_json(const struct session *session, bool running)
{
    json_t *questions = json_array();
    for (size_t i = 0; i < session->scenario->question_count; i++)
        if (!running || session_reached(session, session->scenario->questions[i].phase))
            json_array_append_new(questions, question_json(session, i, running));
    return questions;
}

/* ---- diagnosis ---- */

static json_t *names_json(const struct strings *names)
{
    json_t *list = json_array();
    for (size_t i = 0; i < names->count; i++)
        json_array_append_new(list, json_string(names->items[i]));
    return list;
}

static const char *claimed_fault(const struct tally *tally, const struct claim *claim)
{
    return claim->fault == SIZE_MAX ? NULL : tally->session->scenario->faults[claim->fault].id;
}

static void explain_claim(json_t *object, const struct tally *tally, const struct claim *claim, size_t faults)
{
    char where[RATIO_TEXT_MAX], what[RATIO_TEXT_MAX];
    const char *fault = claimed_fault(tally, claim);
    ratio_exact(claim->credit_where, where);
    ratio_exact(claim->credit_what, what);
    if (!claim->stands)
        set_why(object, "a later claim stands in its place: it earns nothing");
    else if (claim->none)
        set_why(object, claim->credit_where.above ? "nothing was broken, as it says" : "something was broken");
    else if (faults > 1 && fault)
        set_why(object, "it counts for fault %s, where: %s, what: %s of 1", fault, where, what);
    else if (!fault && (claim->credit_where.above || claim->credit_what.above))
        set_why(object, "another claim counts for the fault that it fits: it earns nothing");
    else
        set_why(object, "where: %s, what: %s of 1", where, what);
}

/* The share of the fault that it counts for; of a healthy control, all. */
static struct ratio claim_earned(const struct tally *tally, const struct claim *claim, size_t faults)
{
    if (!claim->stands || (faults && claim->fault == SIZE_MAX))
        return ratio_whole(0);
    struct ratio credit = ratio_multiply(ratio_add(claim->credit_where, claim->credit_what), ratio_of(1, 2));
    return ratio_multiply(credit, ratio_of(tally->session->scenario->diagnosis_points, faults ? (int64_t)faults : 1));
}

static json_t *claims_json(const struct tally *tally, size_t faults)
{
    json_t *claims = json_array();
    for (size_t i = 0; i < tally->session->claim_count; i++) {
        const struct claim *claim = &tally->claims[i];
        json_t *object = json_object();
        json_object_set_new(object, "after_s", seconds_json(tally->session->claims[i].after));
        json_object_set_new(object, "where", names_json(&claim->where));
        json_object_set_new(object, "what", text_or_null(claim->what));
        json_object_set_new(object, "none", json_boolean(claim->none));
        json_object_set_new(object, "stands", json_boolean(claim->stands));
        json_object_set_new(object, "credit_where", ratio_json(claim->credit_where));
        json_object_set_new(object, "credit_what", ratio_json(claim->credit_what));
        json_object_set_new(object, "earned", ratio_json(claim_earned(tally, claim, faults)));
        json_object_set_new(object, "fault", text_or_null(claimed_fault(tally, claim)));
        explain_claim(object, tally, claim, faults);
        json_array_append_new(claims, object);
    }
    return claims;
}

static json_t *truths_json(const struct tally *tally, size_t *counted)
{
    const struct scenario *scenario = tally->session->scenario;
    json_t *truths = json_array();
    *counted = 0;
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const struct truth *truth = &tally->truths[i];
        bool claimed = truth->counted && truth->claim != SIZE_MAX;
        json_t *object = json_object();
        set_text(object, "fault", scenario->faults[i].id);
        json_object_set_new(object, "where", names_json(&truth->places));
        json_object_set_new(object, "accept", names_json(&truth->accept));
        set_text(object, "kind", truth->kind);
        json_object_set_new(object, "counted", json_boolean(truth->counted));
        json_object_set_new(object, "credit", ratio_json(truth->counted ? truth->credit : ratio_whole(0)));
        json_object_set_new(object, "claim", claimed ? json_integer((json_int_t)truth->claim) : json_null());
        json_array_append_new(truths, object);
        *counted += truth->counted;
    }
    return truths;
}

json_t *diagnosis_json(const struct tally *tally)
{
    const struct scenario *scenario = tally->session->scenario;
    const struct diagnosis *diagnosis = &tally->diagnosis;
    char credit[RATIO_TEXT_MAX], earned[RATIO_TEXT_MAX];
    size_t faults;
    if (!scenario->diagnosis_points && !tally->session->claim_count)
        return json_null();
    json_t *object = json_object(), *truths = truths_json(tally, &faults);
    json_object_set_new(object, "points", json_integer(scenario->diagnosis_points));
    json_object_set_new(object, "earned", ratio_json(diagnosis->earned));
    json_object_set_new(object, "claims", claims_json(tally, faults));
    json_object_set_new(object, "counted",
                        diagnosis->counted == SIZE_MAX ? json_null() : json_integer((json_int_t)diagnosis->counted));
    json_object_set_new(object, "truth", truths);
    json_object_set_new(object, "accept", names_json(&scenario->diagnosis_accept));
    if (!tally->session->claim_count)
        set_why(object, "nothing was claimed: 0 of %u points", scenario->diagnosis_points);
    else
        set_why(object, "%u points x credit %s (half for where, half for what%s) = %s", scenario->diagnosis_points,
                ratio_exact(diagnosis->credit, credit), faults > 1 ? ", shared among the faults" : "",
                ratio_format(diagnosis->earned, earned));
    return object;
}

/* ---- articulation ---- */

json_t *articulate_json(const struct session *session)
{
    const struct articulate *articulate = session->scenario->articulate;
    const json_t *awarded = json_object_get(session->marks, "awarded");
    if (!articulate)
        return json_null();
    json_t *object = json_object(), *rubric = json_array();
    json_int_t sum = session_marked(session);
    for (size_t i = 0; i < articulate->rubric_count; i++) {
        json_t *mark = json_array_get(awarded, i);
        json_array_append_new(rubric,
                              json_pack("{s:i, s:s, s:o}", "points", (int)articulate->rubric[i].points, "text",
                                        articulate->rubric[i].text, "awarded", mark ? json_incref(mark) : json_null()));
    }
    set_text(object, "prompt", articulate->prompt);
    json_object_set_new(object, "words_wanted", articulate->words ? json_integer(articulate->words) : json_null());
    json_object_set_new(object, "words", json_integer((json_int_t)session->text_words));
    json_object_set_new(object, "points", json_integer(articulate->points));
    json_object_set_new(object, "marked", awarded ? json_integer(sum) : json_null());
    json_object_set_new(object, "marker", text_or_null(json_string_value(json_object_get(session->marks, "marker"))));
    json_object_set_new(object, "rubric", rubric);
    json_t *quotes = json_object_get(session->marks, "quotes");
    json_object_set_new(object, "quotes", quotes ? json_incref(quotes) : json_null());
    json_object_set_new(object, "file", text_or_null(session->text_file));
    if (awarded)
        set_why(object, "a person gave %" JSON_INTEGER_FORMAT " of %u points", sum, articulate->points);
    else
        set_why(object, "%s; its %u points stay outside the pass mark until a person marks it",
                session->text_file ? "not marked yet" : "no text was handed in", articulate->points);
    return object;
}
