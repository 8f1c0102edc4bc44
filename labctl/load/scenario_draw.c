/* Draws the variables of a scenario and puts them into the document.
 *
 * A draw is a pure function of the scenario's name, the seed, the learner and the draw's own name: the first 64 bits of
 * the SHA-256 of these four, each followed by a NUL.  So a variant can be made again on any machine, and a variable
 * that is added changes no other.  What is drawn replaces `${name}` in the tree, copied where it changes: whoever
 * decodes it afterwards sees a scenario without variables, with the marks of the author's text. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/sha256.h"
#include "base/str.h"
#include "doc/write.h"
#include "load/scenario_parts.h"

#define NAME_MAX_LENGTH 63
#define RANGE_MAX       INT64_C(1000000000000000)

struct drawn_variable {
    const char *name;
    struct mark mark;
    const struct value *value; /* NULL: could not be drawn (reported) */
    size_t uses;
};

struct drawing {
    struct scenario_loader *loader;
    struct arena *arena;
    struct drawn_variable *variables;
    const char **names;
    size_t count, name_count;
    size_t values, bytes; /* of the new tree, against hostile files */
    bool refused;         /* it became too large: reported once */
};

uint64_t draw_number(const struct scenario_loader *loader, const char *name)
{
    const struct scenario *scenario = loader->scenario;
    const char *const parts[] = {scenario->name, scenario->seed, scenario->learner, name};
    STR_AUTO message = STR_INIT;
    char digest[SHA256_TEXT];
    uint64_t number = 0;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        str_append_bytes(&message, parts[i], strlen(parts[i]) + 1);
    sha256_text(message.data, message.length, digest);
    for (size_t i = 0; i < 16; i++)
        number = number << 4 | (uint64_t)(digest[i] <= '9' ? digest[i] - '0' : digest[i] - 'a' + 10);
    return number;
}

/* ---- variables --------------------------------------------------------------------------------------------------- */

struct variable_row {
    const struct value *choose, *range;
};
static const struct field variable_fields[] = {
    {.key = "choose",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct variable_row, choose),
     .decode = keep_value,
     .wants = "a list of values",
     .json = "{\"type\": \"array\", \"minItems\": 1}",
     .doc = "One of these values, of whatever type."},
    {.key = "range",
     .type = FIELD_CUSTOM,
     FIELD_AT(struct variable_row, range),
     .decode = keep_value,
     .wants = "a list of two whole numbers",
     .json = "{\"type\": \"array\", \"items\": {\"type\": \"integer\"}, \"minItems\": 2, \"maxItems\": 2}",
     .doc = "A whole number from the first to the second, both included."},
};
const struct schema variable_schema = SCHEMA("variable", variable_fields);

static const struct value *number_value(struct drawing *drawing, int64_t number, struct mark mark)
{
    struct value *value = ARENA_NEW(drawing->arena, struct value);
    const char *text = arena_printf(drawing->arena, "%lld", (long long)number);
    *value = (struct value){
        .kind = VALUE_INTEGER, .integer = number, .text = text, .length = strlen(text), .weight = 1, .mark = mark};
    return value;
}

static const struct value *draw_range(struct drawing *drawing, const char *name, const struct value *range,
                                      uint64_t number)
{
    struct decoder *decoder = &drawing->loader->decoder;
    int64_t least, most;
    if (range->kind != VALUE_LIST || range->item_count != 2) {
        scenario_error(drawing->loader, "variable-form", range->mark,
                       "the range of variable '%s' is two whole numbers, the least and the most", name)
            ->hint = "such as [8000, 8999]";
        return NULL;
    }
    if (!decode_integer(decoder, "range", range->items[0], -RANGE_MAX, RANGE_MAX, &least) ||
        !decode_integer(decoder, "range", range->items[1], -RANGE_MAX, RANGE_MAX, &most))
        return NULL;
    if (least > most) {
        scenario_error(drawing->loader, "variable-form", range->mark,
                       "the range of variable '%s' begins at %lld, above its end %lld", name, (long long)least,
                       (long long)most)
            ->hint = arena_printf(drawing->arena, "write [%lld, %lld]", (long long)most, (long long)least);
        return NULL;
    }
    return number_value(drawing, least + (int64_t)(number % (uint64_t)(most - least + 1)), range->mark);
}

static const struct value *draw_variable(struct drawing *drawing, const struct entry *entry)
{
    struct scenario_loader *loader = drawing->loader;
    struct variable_row row = {0};
    size_t before = loader->decoder.findings->errors;
    if (!schema_decode(&loader->decoder, &variable_schema, entry->key, entry->key_mark, entry->value, &row) ||
        loader->decoder.findings->errors != before)
        return NULL;
    bool fixed = loader->variant && str_equal(loader->variant->fixed, entry->key);
    uint64_t number = fixed ? loader->variant->number : draw_number(loader, entry->key);
    if (!row.choose == !row.range) {
        scenario_error(loader, "variable-form", entry->value->mark, "variable '%s' has %s choose and range", entry->key,
                       row.choose ? "both" : "neither")
            ->hint = "write { choose: [a, b] } or { range: [8000, 8999] }";
        return NULL;
    }
    if (row.range)
        return draw_range(drawing, entry->key, row.range, number);
    if (row.choose->kind != VALUE_LIST || !row.choose->item_count) {
        scenario_error(loader, "variable-form", row.choose->mark, "variable '%s' needs a list to choose from",
                       entry->key)
            ->hint = "such as choose: [app-1, app-2]";
        return NULL;
    }
    return row.choose->items[number % row.choose->item_count];
}

static bool is_name(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_' && (name[i] != '-' || i == 0))
            return false;
    return length > 0 && length <= NAME_MAX_LENGTH;
}

static void draw_variables(struct drawing *drawing, const struct value *vars)
{
    struct scenario_loader *loader = drawing->loader;
    struct scenario *scenario = loader->scenario;
    if (!vars || !decode_map(&loader->decoder, "vars", vars) || vars->kind != VALUE_MAP)
        return;
    for (size_t i = 0; i < vars->entry_count; i++) {
        const struct entry *entry = &vars->entries[i];
        if (!is_name(entry->key, strlen(entry->key)))
            scenario_error(loader, "variable-form", entry->key_mark, "'%.80s' is no name of a variable", entry->key)
                ->hint = "a name is up to 63 letters, digits, - and _";
        const struct value *value = draw_variable(drawing, entry);
        *ARENA_PUSH(drawing->arena, drawing->variables, drawing->count) =
            (struct drawn_variable){.name = entry->key, .mark = entry->key_mark, .value = value};
        *ARENA_PUSH(drawing->arena, drawing->names, drawing->name_count) = entry->key;
        if (!value)
            continue;
        STR_AUTO text = STR_INIT;
        value_flow(value, &text);
        *ARENA_PUSH(drawing->arena, scenario->variables, scenario->variable_count) =
            (struct variable){.name = entry->key, .value = arena_strdup(drawing->arena, str_text(&text))};
    }
}

/* ---- replacing --------------------------------------------------------------------------------------------------- */

static bool fits(struct drawing *drawing, const struct value *at, size_t values, size_t bytes, unsigned depth)
{
    drawing->values += values;
    drawing->bytes += bytes;
    if (drawing->values <= DOCUMENT_VALUES_MAX && drawing->bytes <= DOCUMENT_BYTES_MAX && depth <= DOCUMENT_DEPTH_MAX)
        return true;
    if (!drawing->refused)
        scenario_error(drawing->loader, depth > DOCUMENT_DEPTH_MAX ? "too-deep" : "too-large", at->mark,
                       "with its variables replaced, the scenario is too %s",
                       depth > DOCUMENT_DEPTH_MAX ? "deep" : "large");
    drawing->refused = true;
    return false;
}

/* The variable of that name; NULL where there is none (reported) or where it could not be drawn. */
static const struct value *find(struct drawing *drawing, const char *name, size_t length, struct mark mark)
{
    for (size_t i = 0; i < drawing->count; i++)
        if (strlen(drawing->names[i]) == length && !memcmp(drawing->names[i], name, length)) {
            drawing->variables[i].uses++;
            return drawing->variables[i].value;
        }
    const char *word = arena_strndup(drawing->arena, name, length < NAME_MAX_LENGTH ? length : NAME_MAX_LENGTH);
    struct finding *finding =
        scenario_error(drawing->loader, "unknown-variable", mark, "no variable is called '%s'", word);
    finding->hint = decode_hint(&drawing->loader->decoder, word, drawing->names, drawing->name_count);
    if (!finding->hint)
        finding->hint =
            arena_printf(drawing->arena, "a ${ that stays as it is, as in a shell, is written $${%s}", word);
    return NULL;
}

/* Where a `${` or `$${` begins at or behind `at`; NULL where there is none. */
static const char *next_sign(const char *at, const char *end)
{
    for (; at + 1 < end; at++)
        if (at[0] == '$' && (at[1] == '{' || (at[1] == '$' && at + 2 < end && at[2] == '{')))
            return at;
    return NULL;
}

/* Appends the text of a scalar with its variables replaced.  *whole: the value of which the scalar is nothing else. */
static bool replace_text(struct drawing *drawing, const char *text, size_t length, struct mark mark, struct str *out,
                         const struct value **whole)
{
    const char *at = text, *end = text + length, *sign;
    bool good = true;
    *whole = NULL;
    for (; (sign = next_sign(at, end)) != NULL;) {
        str_append_bytes(out, at, (size_t)(sign - at));
        if (sign[1] == '$') {
            str_append(out, "${");
            at = sign + 3;
            continue;
        }
        const char *name = sign + 2, *close = memchr(name, '}', (size_t)(end - name));
        at = close ? close + 1 : end;
        const struct value *value = find(drawing, name, (size_t)((close ? close : end) - name), mark);
        good = good && value;
        if (value && sign == text && at == end)
            *whole = value;
        else if (value && !value_is_scalar(value)) {
            scenario_error(drawing->loader, "variable-form", mark,
                           "variable '%.*s' stands for %s here: it cannot be a part of a text", (int)(close - name),
                           name, value_describe(value, drawing->arena));
            good = false;
        } else if (value && fits(drawing, value, 0, value->length, 0))
            str_append_bytes(out, value->text, value->length);
    }
    str_append_bytes(out, at, (size_t)(end - at));
    return good;
}

static struct value *broken_copy(struct drawing *drawing, const struct value *value)
{
    struct value *copy = arena_copy(drawing->arena, value, sizeof *value);
    copy->broken = true;
    return copy;
}

static struct value *replace_scalar(struct drawing *drawing, const struct value *value, unsigned depth)
{
    const struct value *whole;
    STR_AUTO text = STR_INIT;
    if (!value->text || !next_sign(value->text, value->text + value->length))
        return (struct value *)value;
    if (!replace_text(drawing, value->text, value->length, value->mark, &text, &whole))
        return broken_copy(drawing, value);
    struct value *copy = arena_copy(drawing->arena, whole ? whole : value, sizeof *value);
    copy->mark = value->mark;
    copy->drawn = true;
    if (whole)
        return fits(drawing, value, whole->weight, 0, depth + whole->height) ? copy : broken_copy(drawing, value);
    copy->text = arena_copy(drawing->arena, str_text(&text), text.length + 1);
    copy->length = text.length;
    if (!copy->quoted)
        scalar_resolve(copy);
    return copy;
}

static struct value *replace(struct drawing *drawing, const struct value *value, unsigned depth);

/* What became of the children decides what the parent weighs. */
static void weigh(struct value *value)
{
    bool map = value->kind == VALUE_MAP;
    value->weight = 1;
    value->height = 0;
    for (size_t i = 0; i < (map ? value->entry_count : value->item_count); i++) {
        const struct value *child = map ? value->entries[i].value : value->items[i];
        value->weight += child->weight;
        if (child->height + 1 > value->height)
            value->height = (uint16_t)(child->height + 1);
    }
}

static struct value *replace_list(struct drawing *drawing, const struct value *list, unsigned depth)
{
    struct value *copy = NULL;
    for (size_t i = 0; i < list->item_count; i++) {
        struct value *item = replace(drawing, list->items[i], depth + 1);
        if (item == list->items[i])
            continue;
        if (!copy) {
            copy = arena_copy(drawing->arena, list, sizeof *list);
            copy->items = arena_copy(drawing->arena, list->items, list->item_count * sizeof *list->items);
        }
        copy->items[i] = item;
    }
    if (!copy)
        return (struct value *)list;
    weigh(copy);
    return copy;
}

/* A key is a text, whatever the variable is. */
static const char *replace_key(struct drawing *drawing, const struct entry *entry)
{
    const struct value *whole;
    STR_AUTO text = STR_INIT;
    if (!next_sign(entry->key, entry->key + strlen(entry->key)) ||
        !replace_text(drawing, entry->key, strlen(entry->key), entry->key_mark, &text, &whole))
        return entry->key;
    if (whole && !value_is_scalar(whole)) {
        scenario_error(drawing->loader, "variable-form", entry->key_mark, "a key is no %s",
                       whole->kind == VALUE_LIST ? "list" : "mapping");
        return entry->key;
    }
    return whole ? whole->text : arena_strdup(drawing->arena, str_text(&text));
}

static void find_double(struct drawing *drawing, const struct value *map, size_t index)
{
    for (size_t i = 0; i < map->entry_count; i++)
        if (i != index && str_equal(map->entries[i].key, map->entries[index].key)) {
            struct finding *finding = scenario_error(drawing->loader, "duplicate-key", map->entries[index].key_mark,
                                                     "key '%.80s' stands twice", map->entries[index].key);
            finding->other = map->entries[i].key_mark;
            finding->other_text = "first here";
            return;
        }
}

static struct value *replace_map(struct drawing *drawing, const struct value *map, unsigned depth)
{
    struct value *copy = NULL;
    for (size_t i = 0; i < map->entry_count; i++) {
        const struct entry *entry = &map->entries[i];
        const char *key = replace_key(drawing, entry);
        struct value *value = replace(drawing, entry->value, depth + 1);
        if (value == entry->value && key == entry->key)
            continue;
        if (!copy) {
            copy = arena_copy(drawing->arena, map, sizeof *map);
            copy->entries = arena_copy(drawing->arena, map->entries, map->entry_count * sizeof *map->entries);
        }
        copy->entries[i].value = value;
        copy->entries[i].key = key;
        if (key != entry->key)
            find_double(drawing, copy, i);
    }
    if (!copy)
        return (struct value *)map;
    weigh(copy);
    return copy;
}

static struct value *replace(struct drawing *drawing, const struct value *value, unsigned depth)
{
    if (value->broken || drawing->refused || !fits(drawing, value, 1, 0, depth))
        return (struct value *)value;
    if (value->kind == VALUE_MAP)
        return replace_map(drawing, value, depth);
    if (value->kind == VALUE_LIST)
        return replace_list(drawing, value, depth);
    return replace_scalar(drawing, value, depth);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static void add_entry(struct arena *arena, struct value *map, const char *key, const struct value *value)
{
    *ARENA_PUSH(arena, map->entries, map->entry_count) =
        (struct entry){.key = key, .key_mark = value->mark, .value = (struct value *)value};
}

static struct value *new_value(struct arena *arena, enum value_kind kind, const char *text)
{
    struct value *value = ARENA_NEW(arena, struct value);
    *value = (struct value){.kind = kind, .text = text, .length = text ? strlen(text) : 0, .weight = 1};
    return value;
}

/* What the kept scenario says of its variant: {seed, learner, variables}. */
static struct value *record(const struct drawing *drawing)
{
    const struct scenario *scenario = drawing->loader->scenario;
    struct value *drawn = new_value(drawing->arena, VALUE_MAP, NULL),
                 *variables = new_value(drawing->arena, VALUE_MAP, NULL);
    for (size_t i = 0; i < drawing->count; i++)
        if (drawing->variables[i].value)
            add_entry(drawing->arena, variables, drawing->names[i], drawing->variables[i].value);
    add_entry(drawing->arena, drawn, "seed", new_value(drawing->arena, VALUE_TEXT, scenario->seed));
    add_entry(drawing->arena, drawn, "learner", new_value(drawing->arena, VALUE_TEXT, scenario->learner));
    add_entry(drawing->arena, drawn, "variables", variables);
    return drawn;
}

void scenario_draw(struct scenario_loader *loader)
{
    struct document *document = loader->document;
    struct drawing drawing = {.loader = loader, .arena = document->arena};
    const struct value *root = document->root;
    draw_variables(&drawing, value_get(root, "vars"));
    struct value *rest = arena_copy(drawing.arena, root, sizeof *root);
    rest->entries = NULL;
    rest->entry_count = 0;
    for (size_t i = 0; i < root->entry_count; i++)
        if (!str_equal(root->entries[i].key, "vars"))
            *ARENA_PUSH(drawing.arena, rest->entries, rest->entry_count) = root->entries[i];
    rest = replace(&drawing, rest, 0);
    for (size_t i = 0; i < drawing.count; i++)
        if (!drawing.variables[i].uses && !loader->bundled)
            scenario_error(loader, "unused-variable", drawing.variables[i].mark, "variable '%s' is never used",
                           drawing.names[i])
                ->hint =
                arena_printf(drawing.arena, "write \"${%s}\" where it belongs, or take it away", drawing.names[i]);
    rest = draw_tickets(loader, rest);
    loader->drawn = record(&drawing);
    /* A root that was not copied by the rewrites is `rest` from above: its entries are its own. */
    struct value *drawn = arena_copy(drawing.arena, rest, sizeof *rest);
    drawn->entries = NULL;
    drawn->entry_count = 0;
    for (size_t i = 0; i < rest->entry_count; i++)
        *ARENA_PUSH(drawing.arena, drawn->entries, drawn->entry_count) = rest->entries[i];
    add_entry(drawing.arena, drawn, "drawn", loader->drawn);
    document->root = drawn;
}
