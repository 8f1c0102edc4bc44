/* An explanation for a person, and as JSON. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "explain/walk.h"

#define RED   "\033[31m"
#define GREEN "\033[32m"
#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

static bool has_ports(const struct explain_query *query)
{
    return query->protocol == PROTOCOL_TCP || query->protocol == PROTOCOL_UDP;
}

/* "web (10.0.1.4)", or the address alone. */
static void write_end(const char *name, const struct addr *addr, struct str *out)
{
    char text[ADDR_TEXT_MAX];
    addr_format(addr, text);
    size_t length = strlen(name);
    bool written = strncmp(name, text, strlen(text)) == 0 || name[0] == '[';
    str_append_bytes(out, name, name[0] == '[' ? length : strcspn(name, ":"));
    if (!written && addr_is_set(addr))
        str_printf(out, " (%s)", text);
}

static void write_question(const struct explain_query *query, const struct explanation *explanation, struct str *out)
{
    write_end(query->from, &explanation->source, out);
    str_append(out, " -> ");
    write_end(query->to, &query->destination, out);
    str_printf(out, " %s", protocol_name(query->protocol));
    if (has_ports(query))
        str_printf(out, "/%u", query->port);
    str_append_char(out, '\n');
}

static const char *mark_of(const struct explain_step *step)
{
    if (step->code == CODE_NONE)
        return step->assumed ? "(ok)" : "ok";
    return explain_codes[step->code].name;
}

static void write_place(const struct explain_places *places, struct mark mark, struct str *out)
{
    size_t before = out->length;
    if (!places || !mark.line)
        return;
    str_append(out, "  ");
    places->place(places->context, mark, out);
    if (out->length == before + 2)
        out->data[out->length = before] = '\0';
}

static size_t object_width(const struct explanation *explanation)
{
    size_t width = 0;
    for (size_t i = 0; i < explanation->step_count; i++)
        if (strlen(explanation->steps[i].object) > width)
            width = strlen(explanation->steps[i].object);
    return width;
}

static void write_steps(const struct explanation *explanation, enum way way, bool color, struct str *out)
{
    size_t number = 0, width = object_width(explanation);
    for (size_t i = 0; i < explanation->step_count; i++) {
        const struct explain_step *step = &explanation->steps[i];
        if (step->way != way)
            continue;
        if (number++ == 0)
            str_append(out, way == WAY_FORWARD ? "\nFORWARD\n" : "\nRETURN\n");
        bool bad = step->code != CODE_NONE && color;
        str_printf(out, "%3zu  %-*s  %s  %s%s%s\n", number, (int)width, step->object, step->text, bad ? RED : "",
                   mark_of(step), bad ? PLAIN : "");
    }
    if (number == 0 && way == WAY_RETURN)
        str_append(out, "\nRETURN\n     not walked: the request arrives nowhere\n");
}

static void write_verdict(const struct explanation *explanation, bool color, struct str *out)
{
    bool good = explanation->verdict == OPINION_REACHABLE;
    str_printf(out, "\n%sVERDICT  %s", color ? (good ? BOLD GREEN : BOLD RED) : "", opinion_name(explanation->verdict));
    if (explanation->verdict == OPINION_BLOCKED)
        str_printf(out, " (%s%s%s), %zu cause%s", view_name(explanation->view), explanation->icmp ? " by ICMP" : "",
                   explanation->late ? " after some seconds" : "", explanation->causes,
                   explanation->causes == 1 ? "" : "s");
    str_printf(out, "%s\n", color ? PLAIN : "");
}

void explain_write(const struct explain_query *query, const struct explanation *explanation,
                   const struct explain_places *places, bool color, struct str *out)
{
    write_question(query, explanation, out);
    write_steps(explanation, WAY_FORWARD, color, out);
    write_steps(explanation, WAY_RETURN, color, out);
    write_verdict(explanation, color, out);
    for (size_t i = 0; i < explanation->step_count; i++) {
        const struct explain_step *step = &explanation->steps[i];
        if (step->code == CODE_NONE)
            continue;
        const struct explain_code_row *row = &explain_codes[step->code];
        str_printf(out, "  %s  %s: %s (%s)", row->name, step->object, step->text, way_name(step->way));
        write_place(places, step->mark, out);
        str_printf(out, "\n      %s\n      %s\n", row->meaning, row->remedy);
    }
}

/* ---- JSON --------------------------------------------------------------------------------------------------- */

static void put_end(struct json *json, const char *key, const char *name, const struct node *node,
                    const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];
    json_put_key(json, key);
    json_put_object(json);
    json_put_string_member(json, "asked", name);
    json_put_string_member(json, "node", node ? node->name : NULL);
    json_put_string_member(json, "address", addr_is_set(addr) ? addr_format(addr, text) : NULL);
    json_put_object_end(json);
}

static void put_step(struct json *json, const struct explain_step *step, const struct explain_places *places)
{
    char text[ADDR_TEXT_MAX];
    STR_AUTO place = STR_INIT;
    json_put_object(json);
    json_put_string_member(json, "way", way_name(step->way));
    json_put_string_member(json, "object", step->object);
    json_put_string_member(json, "text", step->text);
    json_put_string_member(json, "code", step->code == CODE_NONE ? NULL : explain_codes[step->code].name);
    json_put_string_member(json, "level",
                           step->code == CODE_NONE ? NULL : explain_level_name(explain_codes[step->code].level));
    json_put_boolean_member(json, "assumed", step->assumed);
    json_put_string_member(json, "source", addr_is_set(&step->source) ? addr_format(&step->source, text) : NULL);
    json_put_string_member(json, "destination", addr_format(&step->destination, text));
    json_put_integer_member(json, "source_port", step->source_port);
    json_put_integer_member(json, "port", step->port);
    if (places && step->mark.line)
        places->place(places->context, step->mark, &place);
    json_put_string_member(json, "place", place.length ? str_text(&place) : NULL);
    json_put_object_end(json);
}

void explain_json(const struct explain_query *query, const struct explanation *explanation,
                  const struct explain_places *places, struct json *json)
{
    json_put_object(json);
    json_put_integer_member(json, "version", 1);
    put_end(json, "source", query->from, query->node, &explanation->source);
    put_end(json, "destination", query->to, query->target, &query->destination);
    json_put_string_member(json, "protocol", protocol_name(query->protocol));
    json_put_key(json, "port");
    if (has_ports(query))
        json_put_integer(json, query->port);
    else
        json_put_null(json);
    json_put_string_member(json, "verdict", opinion_name(explanation->verdict));
    json_put_string_member(json, "view", view_name(explanation->view));
    json_put_boolean_member(json, "icmp", explanation->icmp);
    json_put_boolean_member(json, "late", explanation->late);
    json_put_key(json, "causes");
    json_put_array(json);
    for (size_t i = 0; i < explanation->step_count; i++) {
        const struct explain_step *step = &explanation->steps[i];
        if (step->code == CODE_NONE)
            continue;
        json_put_object(json);
        json_put_string_member(json, "code", explain_codes[step->code].name);
        json_put_string_member(json, "level", explain_level_name(explain_codes[step->code].level));
        json_put_string_member(json, "way", way_name(step->way));
        json_put_string_member(json, "object", step->object);
        json_put_integer_member(json, "step", (int64_t)i + 1);
        json_put_string_member(json, "meaning", explain_codes[step->code].meaning);
        json_put_string_member(json, "remedy", explain_codes[step->code].remedy);
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_put_key(json, "steps");
    json_put_array(json);
    for (size_t i = 0; i < explanation->step_count; i++)
        put_step(json, &explanation->steps[i], places);
    json_put_array_end(json);
    json_put_object_end(json);
}
