/* A scenario's questions, in four forms, and the text that a person marks. */
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "load/scenario_parts.h"

struct question_row {
    const char *id, *ask, *explain, *answer, *pattern, *number;
    uint32_t points, tolerance;
    struct strings choices;
};

/* choices: scalars, so that numbers may be offered */
static void read_choices(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct strings *choices = &((struct question_row *)target)->choices;
    const char *text;
    if (!decode_list(decoder, field->key, value))
        return;
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++)
        if (decode_scalar(decoder, field->key, value->items[i], &text))
            *ARENA_PUSH(decoder->arena, choices->items, choices->count) = text;
}

static const struct field question_fields[] = {
    {.key = "id",
     .type = FIELD_TEXT,
     FIELD_AT(struct question_row, id),
     .fallback = "question-1, …",
     .doc = "Its name."},
    {.key = "points",
     .type = FIELD_INTEGER,
     FIELD_AT(struct question_row, points),
     .most = POINTS_MAX,
     .required = true,
     .doc = "Points of the right answer."},
    {.key = "ask", .type = FIELD_TEXT, FIELD_AT(struct question_row, ask), .required = true, .doc = "The question."},
    {.key = "choices",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct question_row, choices),
     .decode = read_choices,
     .wants = "a list",
     .json = "{\"type\": \"array\"}",
     .doc = "What may be answered."},
    {.key = "answer",
     .type = FIELD_SCALAR,
     FIELD_AT(struct question_row, answer),
     .doc = "The right choice, or the right text."},
    {.key = "number", .type = FIELD_SCALAR, FIELD_AT(struct question_row, number), .doc = "The right number."},
    {.key = "tolerance",
     .type = FIELD_SHARE,
     FIELD_AT(struct question_row, tolerance),
     .doc = "How far from it still counts."},
    {.key = "pattern",
     .type = FIELD_TEXT,
     FIELD_AT(struct question_row, pattern),
     .doc = "An extended regular expression that the answer matches."},
    {.key = "explain", .type = FIELD_TEXT, FIELD_AT(struct question_row, explain), .doc = "Shown in the report."},
};
const struct schema question_schema = SCHEMA("question", question_fields);

static struct finding *question_error(struct scenario_loader *loader, const struct question *question,
                                      const struct value *map, const char *key, const char *text)
{
    const struct value *value = key ? value_get(map, key) : NULL;
    return scenario_error(loader, "question-form", value ? value->mark : question->mark, "question '%s' %s",
                          question->id, text);
}

static bool has_choices(const struct value *map)
{
    const struct value *choices = value_get(map, "choices");
    if (!choices || choices->kind == VALUE_LIST)
        return choices && choices->item_count;
    return choices->broken || choices->kind != VALUE_NULL;
}

/* Whether all the choices could be read: what could not was reported, and may have been the right one. */
static bool choices_read(const struct question_row *row, const struct value *map)
{
    const struct value *choices = value_get(map, "choices");
    return choices && choices->kind == VALUE_LIST && choices->item_count == row->choices.count;
}

/* A key that nobody knows may have been meant for the right answer. */
static bool has_unknown_key(const struct value *map)
{
    for (size_t i = 0; map->kind == VALUE_MAP && i < map->entry_count; i++)
        if (!schema_field(&question_schema, map->entries[i].key))
            return true;
    return false;
}

/* Which of the four forms, by the keys that are there: what could not be read of them was reported.  False where it
 * has none (reported). */
static bool find_form(struct scenario_loader *loader, const struct question_row *row, const struct value *map,
                      struct question *question)
{
    bool choices = has_choices(map);
    bool number = value_get(map, "number"), pattern = value_get(map, "pattern"), answer = value_get(map, "answer");
    const char *key = number && pattern           ? "pattern"
                      : number && answer          ? "answer"
                      : choices && number         ? "number"
                      : choices && pattern        ? "pattern"
                      : row->tolerance && !number ? "tolerance"
                                                  : NULL;
    if (key) {
        question_error(loader, question, map, key, "has more than one form")->hint =
            "it has choices with an answer, or a number with a tolerance, or a pattern, or an answer";
        return false;
    }
    if (!answer && !number && !pattern) {
        if (!has_unknown_key(map))
            question_error(loader, question, map, "choices",
                           choices ? "has choices but no answer" : "has no right answer")
                ->hint = choices ? "name the right choice: answer: …" : "give it an answer, a number or a pattern";
        return false;
    }
    question->form = choices ? QUESTION_CHOICE : number ? QUESTION_NUMBER : pattern ? QUESTION_PATTERN : QUESTION_TEXT;
    return true;
}

static void check_choices(struct scenario_loader *loader, const struct question_row *row, const struct value *map,
                          const struct question *question)
{
    const struct strings *choices = &row->choices;
    bool offered = false;
    for (size_t i = 0; i < choices->count; i++) {
        offered = offered || str_equal(choices->items[i], row->answer);
        for (size_t k = 0; k < i; k++)
            if (str_equal(choices->items[i], choices->items[k]))
                question_error(loader, question, map, "choices", "offers the same choice twice");
    }
    if (!offered && row->answer && choices_read(row, map))
        question_error(loader, question, map, "answer", "has an answer that is none of its choices")->hint =
            decode_hint(&loader->decoder, row->answer, choices->items, choices->count);
}

static void check_number(struct scenario_loader *loader, const struct question_row *row, const struct value *map,
                         struct question *question)
{
    char *end = NULL;
    question->answer = row->number;
    if (!row->number)
        return;
    question->number = strtod(row->number, &end);
    if (end == row->number || *end || !isfinite(question->number))
        question_error(loader, question, map, "number", "has a number that is none")->hint =
            "such as 40 or 0.5, without a unit: name the unit in the question";
}

static void check_pattern(struct scenario_loader *loader, const struct question_row *row, const struct value *map,
                          const struct question *question)
{
    char reason[120];
    regex_t compiled;
    regmatch_t match;
    if (!row->pattern)
        return;
    int code = regcomp(&compiled, row->pattern, REG_EXTENDED);
    if (code) {
        regerror(code, &compiled, reason, sizeof reason);
        question_error(loader, question, map, "pattern", "has a pattern that is no regular expression")->hint =
            arena_strdup(loader->decoder.arena, reason);
        return;
    }
    /* The pattern has to match the whole answer. */
    if (row->answer &&
        (regexec(&compiled, row->answer, 1, &match, 0) || match.rm_so || (size_t)match.rm_eo != strlen(row->answer)))
        question_error(loader, question, map, "answer", "has an answer that its pattern does not accept");
    regfree(&compiled);
}

static void check_form(struct scenario_loader *loader, const struct question_row *row, const struct value *map,
                       struct question *question)
{
    if (!find_form(loader, row, map, question))
        return;
    if (question->form == QUESTION_CHOICE)
        check_choices(loader, row, map, question);
    else if (question->form == QUESTION_NUMBER)
        check_number(loader, row, map, question);
    else if (question->form == QUESTION_PATTERN)
        check_pattern(loader, row, map, question);
    else if (row->answer && !*row->answer)
        question_error(loader, question, map, "answer", "has an empty answer");
}

static void load_question(struct scenario_loader *loader, const struct ticket *ticket, const struct value *map,
                          size_t index)
{
    struct scenario *scenario = loader->scenario;
    struct decoder *decoder = &loader->decoder;
    struct question_row row = {.id = made_id(loader, ticket, "question", index)};
    if (!schema_decode(decoder, &question_schema, NULL, map->mark, map, &row))
        return;
    struct question question = {.id = row.id,
                                .ask = row.ask,
                                .explain = row.explain,
                                .points = row.points,
                                .choices = row.choices,
                                .answer = row.answer,
                                .pattern = row.pattern,
                                .tolerance = row.tolerance,
                                .phase = ticket ? ticket->phase : -1,
                                .mark = map->mark};
    const struct value *id = value_get(map, "id");
    if (id)
        decode_name(decoder, "question", question.id, id->mark, 63);
    check_form(loader, &row, map, &question);
    *ARENA_PUSH(decoder->arena, scenario->questions, scenario->question_count) = question;
}

void load_questions(struct scenario_loader *loader, const struct scenario_parts *parts)
{
    const struct value *list = parts->questions;
    if (!list || !decode_list(&loader->decoder, "questions", list) || list->kind != VALUE_LIST)
        return;
    for (size_t i = 0; i < list->item_count; i++)
        load_question(loader, parts->ticket, list->items[i], i);
}

/* ---- articulate ---------------------------------------------------------------------------------------------------
 */

static const struct field rubric_fields[] = {
    {.key = "points",
     .type = FIELD_INTEGER,
     FIELD_AT(struct rubric, points),
     .least = 1,
     .most = POINTS_MAX,
     .required = true,
     .doc = "Points that it is worth."},
    {.key = "text", .type = FIELD_TEXT, FIELD_AT(struct rubric, text), .required = true, .doc = "What earns them."},
};
const struct schema rubric_schema = SCHEMA("rubric", rubric_fields);

static void read_rubric(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct articulate *articulate = target;
    if (!decode_list(decoder, field->key, value))
        return;
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->item_count; i++) {
        struct rubric rubric = {.mark = value->items[i]->mark};
        if (schema_decode(decoder, &rubric_schema, NULL, rubric.mark, value->items[i], &rubric))
            *ARENA_PUSH(decoder->arena, articulate->rubric, articulate->rubric_count) = rubric;
    }
}

static const struct field articulate_fields[] = {
    {.key = "prompt",
     .type = FIELD_TEXT,
     FIELD_AT(struct articulate, prompt),
     .required = true,
     .doc = "What is to be written about."},
    {.key = "words",
     .type = FIELD_INTEGER,
     FIELD_AT(struct articulate, words),
     .least = 1,
     .most = 100000,
     .doc = "How many words are wanted; they are counted, not enforced."},
    {.key = "points",
     .type = FIELD_INTEGER,
     FIELD_AT(struct articulate, points),
     .least = 1,
     .most = POINTS_MAX,
     .required = true,
     .doc = "What it is worth; outside of pass until it is marked."},
    {.key = "rubric",
     .type = FIELD_LIST,
     .decode = read_rubric,
     .schema = &rubric_schema,
     .doc = "What the marker looks for."},
};
const struct schema articulate_schema = SCHEMA("articulate", articulate_fields);

void load_articulate(struct scenario_loader *loader)
{
    const struct value *map = loader->parts.articulate;
    struct decoder *decoder = &loader->decoder;
    if (!map)
        return;
    struct articulate *articulate = ARENA_NEW(decoder->arena, struct articulate);
    articulate->mark = map->mark;
    size_t before = decoder->findings->errors;
    if (!schema_decode(decoder, &articulate_schema, NULL, map->mark, map, articulate) ||
        decoder->findings->errors != before)
        return;
    uint64_t sum = 0;
    for (size_t i = 0; i < articulate->rubric_count; i++)
        sum += articulate->rubric[i].points;
    if (sum > articulate->points)
        scenario_error(loader, "articulate-points", value_get(map, "rubric")->mark,
                       "the rubric gives %llu points, more than the %u of the text", (unsigned long long)sum,
                       articulate->points)
            ->hint =
            arena_printf(decoder->arena, "write points: %llu, or take some from the rubric", (unsigned long long)sum);
    loader->scenario->articulate = articulate;
}
