/* Decoding by schema rows: every type's reader and what it says when a value does not fit. */
#include "doc/schema.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/str.h"
#include "base/units.h"
#include "doc/doc.h"

const struct field *schema_field(const struct schema *schema, const char *key)
{
    for (size_t i = 0; i < schema->count; i++)
        if (schema->fields[i].key[0] == key[0] && strcmp(schema->fields[i].key, key) == 0)
            return &schema->fields[i];
    return NULL;
}

const char *decode_hint(struct decoder *decoder, const char *word, const char *const *words, size_t count)
{
    const char *near = decoder->findings->count < DECODE_HINTS_MAX ? str_nearest(word, words, count) : NULL;
    return near != NULL ? arena_printf(decoder->arena, "did you mean '%s'?", near) : NULL;
}

static struct finding *wrong_type(struct decoder *decoder, const char *key, const char *wants,
                                  const struct value *value)
{
    return findings_add(decoder->findings, FINDING_ERROR, "wrong-type", value->mark, "'%s' wants %s, got %s", key,
                        wants, value_describe(value, decoder->arena));
}

void decode_wrong(struct decoder *decoder, const char *key, const char *wants, const struct value *value)
{
    if (!value->broken)
        wrong_type(decoder, key, wants, value);
}

struct finding *decode_bad(struct decoder *decoder, const char *key, const char *wants, const struct value *value)
{
    return findings_add(decoder->findings, FINDING_ERROR, "bad-value", value->mark, "'%s' wants %s, got %s", key, wants,
                        value_describe(value, decoder->arena));
}

/* ---- readers of one value -------------------------------------------------------------------------------------- */

bool decode_map(struct decoder *decoder, const char *key, const struct value *value)
{
    bool fits = value->kind == VALUE_MAP || (value->kind == VALUE_NULL && !value->broken);
    if (!fits)
        decode_wrong(decoder, key, "a mapping", value);
    return fits;
}

/* What was to be its first element stands there instead of it: alone, or under its number where a path that is set
 * ends (…/ingress/0) and there is no list yet. */
static const char *list_hint(const struct value *value)
{
    if (value->kind != VALUE_MAP || value->entry_count == 0)
        return NULL;
    return strspn(value->entries[0].key, "0123456789") == strlen(value->entries[0].key)
               ? "there is no list yet: write or set it whole, '[ … ]', without numbers"
               : "a list with this one element is [ { … } ]";
}

bool decode_list(struct decoder *decoder, const char *key, const struct value *value)
{
    bool fits = value->kind == VALUE_LIST || (value->kind == VALUE_NULL && !value->broken);
    if (!fits && !value->broken)
        wrong_type(decoder, key, "a list", value)->hint = list_hint(value);
    return fits;
}

/* Takes the text of a scalar that must not hold a NUL byte. */
static bool take_text(struct decoder *decoder, const char *key, const struct value *value, const char **out)
{
    if (value->broken)
        return false;
    if (strlen(value->text) != value->length) {
        findings_add(decoder->findings, FINDING_ERROR, "bad-value", value->mark, "'%s' must not hold a NUL byte", key);
        return false;
    }
    *out = value->text;
    return true;
}

bool decode_text(struct decoder *decoder, const char *key, const struct value *value, const char **out)
{
    if (value->kind == VALUE_TEXT || (value->drawn && value_is_scalar(value) && value->kind != VALUE_NULL))
        return take_text(decoder, key, value, out);
    decode_wrong(decoder, key, "a text", value);
    if (!value->broken && value_is_scalar(value) && value->kind != VALUE_NULL)
        decoder->findings->items[decoder->findings->count - 1].hint =
            arena_printf(decoder->findings->arena, "quote it: \"%s\"", value->text);
    return false;
}

bool decode_scalar(struct decoder *decoder, const char *key, const struct value *value, const char **out)
{
    if (value_is_scalar(value) && value->kind != VALUE_NULL)
        return take_text(decoder, key, value, out);
    decode_wrong(decoder, key, "a text or a number", value);
    return false;
}

bool decode_boolean(struct decoder *decoder, const char *key, const struct value *value, bool *out)
{
    if (value->kind == VALUE_BOOLEAN) {
        *out = value->boolean;
        return true;
    }
    static const char *const elsewhere[] = {"yes", "no", "on", "off", "y", "n"};
    decode_wrong(decoder, key, "true or false", value);
    for (size_t i = 0; value->kind == VALUE_TEXT && i < ARRAY_SIZE(elsewhere); i++)
        if (strcasecmp(value->text, elsewhere[i]) == 0)
            decoder->findings->items[decoder->findings->count - 1].hint =
                i % 2 == 0 ? "a plain word in YAML 1.2: write true" : "a plain word in YAML 1.2: write false";
    return false;
}

bool decode_integer(struct decoder *decoder, const char *key, const struct value *value, int64_t least, int64_t most,
                    int64_t *out)
{
    char wants[80];
    if (most == INT64_MAX)
        snprintf(wants, sizeof wants, "a whole number from %lld", (long long)least);
    else
        snprintf(wants, sizeof wants, "a whole number from %lld to %lld", (long long)least, (long long)most);
    if (value->kind != VALUE_INTEGER) {
        decode_wrong(decoder, key, wants, value);
        return false;
    }
    if (value->integer < least || value->integer > most) {
        findings_add(decoder->findings, FINDING_ERROR, "out-of-range", value->mark, "'%s' wants %s, got %.40s", key,
                     wants, value->text);
        return false;
    }
    *out = value->integer;
    return true;
}

/* A text with a unit is wanted: says so of a bare number. */
static bool unit_text(struct decoder *decoder, const char *key, const char *wants, const struct value *value,
                      const char **out)
{
    if (value->kind == VALUE_TEXT)
        return take_text(decoder, key, value, out);
    decode_wrong(decoder, key, wants, value);
    if (!value->broken && (value->kind == VALUE_INTEGER || value->kind == VALUE_FLOAT))
        decoder->findings->items[decoder->findings->count - 1].hint = "a bare number has no meaning here: add the unit";
    return false;
}

bool decode_duration(struct decoder *decoder, const char *key, const struct value *value, int64_t *out)
{
    const char *text, *wants = "a duration such as 250ms, 2s, 5m or 3h";
    if (value->kind == VALUE_INTEGER && value->integer == 0) {
        *out = 0;
        return true;
    }
    if (!unit_text(decoder, key, wants, value, &text))
        return false;
    const char *wrong = duration_parse(text, out);
    if (wrong != NULL)
        decode_bad(decoder, key, wrong, value);
    return wrong == NULL;
}

bool decode_seconds(struct decoder *decoder, const char *key, const struct value *value, int64_t least, int64_t most,
                    int64_t *out)
{
    int64_t nanoseconds;
    if (value->kind != VALUE_TEXT)
        return decode_integer(decoder, key, value, least, most, out);
    if (!decode_duration(decoder, key, value, &nanoseconds))
        return false;
    if (nanoseconds % NANOSECONDS_PER_SECOND != 0 || nanoseconds / NANOSECONDS_PER_SECOND < least ||
        nanoseconds / NANOSECONDS_PER_SECOND > most) {
        findings_add(decoder->findings, FINDING_ERROR, "out-of-range", value->mark,
                     "'%s' wants whole seconds from %lld to %lld, got %.40s", key, (long long)least, (long long)most,
                     value->text);
        return false;
    }
    *out = nanoseconds / NANOSECONDS_PER_SECOND;
    return true;
}

bool decode_share(struct decoder *decoder, const char *key, const struct value *value, uint32_t *out)
{
    const char *text;
    if (!unit_text(decoder, key, "a share such as 0.5% or 100%", value, &text))
        return false;
    const char *wrong = share_parse(text, out);
    if (wrong != NULL)
        decode_bad(decoder, key, wrong, value);
    return wrong == NULL;
}

bool decode_rate(struct decoder *decoder, const char *key, const struct value *value, uint64_t *out)
{
    const char *text;
    if (!unit_text(decoder, key, "a rate such as 50mbit or 1gbit", value, &text))
        return false;
    const char *wrong = rate_parse(text, out);
    if (wrong != NULL)
        decode_bad(decoder, key, wrong, value);
    return wrong == NULL;
}

bool decode_address(struct decoder *decoder, const char *key, const struct value *value, struct addr *out)
{
    static const char wants[] = "an address such as 10.0.0.1 or \"2001:db8::1\"";
    if (value->kind != VALUE_TEXT) {
        decode_wrong(decoder, key, wants, value);
        return false;
    }
    if (strlen(value->text) == value->length && addr_parse(value->text, out))
        return true;
    decode_bad(decoder, key, wants, value);
    return false;
}

bool decode_network(struct decoder *decoder, const char *key, const struct value *value, struct prefix *out)
{
    static const char wants[] = "a network such as 10.0.0.0/16";
    struct prefix prefix;
    struct addr addr;
    char text[ADDR_TEXT_MAX];
    if (value->kind != VALUE_TEXT) {
        decode_wrong(decoder, key, wants, value);
        return false;
    }
    if (strlen(value->text) != value->length || !prefix_parse(value->text, &prefix)) {
        struct finding *finding = decode_bad(decoder, key, wants, value);
        if (addr_parse(value->text, &addr))
            finding->hint = "a network has a length: 10.0.0.0/16";
        return false;
    }
    if (prefix_has_host_bits(&prefix)) {
        struct prefix network = prefix_network(prefix);
        decode_bad(decoder, key, "a network without host bits", value)->hint =
            arena_printf(decoder->findings->arena, "did you mean '%s'?", prefix_format(&network, text));
        return false;
    }
    *out = prefix;
    return true;
}

bool decode_word(struct decoder *decoder, const char *key, const struct value *value, const char *const *words,
                 size_t count, int *out)
{
    if (value->broken)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (value_is_scalar(value) && str_equal(value->text, words[i])) {
            *out = (int)i;
            return true;
        }
    }
    STR_AUTO wants = STR_INIT;
    for (size_t i = 0; i < count; i++)
        str_printf(&wants, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", words[i]);
    if (value->kind != VALUE_TEXT)
        decode_wrong(decoder, key, str_text(&wants), value);
    else
        decode_bad(decoder, key, str_text(&wants), value)->hint = decode_hint(decoder, value->text, words, count);
    return false;
}

bool decode_name(struct decoder *decoder, const char *what, const char *name, struct mark mark, size_t most)
{
    size_t length = strlen(name);
    bool fits = length > 0 && length <= most && name[0] != '-' && name[length - 1] != '-';
    for (size_t i = 0; i < length; i++)
        fits = fits && ((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') || name[i] == '-');
    if (!fits)
        findings_add(decoder->findings, FINDING_ERROR, "bad-name", mark,
                     "'%.80s' is no name for a %s: lower-case letters, digits and inner dashes, at most %zu", name,
                     what, most);
    return fits;
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

/* A list of texts, or one. */
static void read_texts(struct decoder *decoder, const struct field *field, const struct value *value, void *target)
{
    struct {
        const char **items;
        size_t count;
    } *texts = target;
    const char *text;
    if (value->kind != VALUE_LIST) {
        if (value->kind == VALUE_TEXT && decode_text(decoder, field->key, value, &text))
            *ARENA_PUSH(decoder->arena, texts->items, texts->count) = text;
        else if (value->kind != VALUE_TEXT)
            decode_wrong(decoder, field->key, "a list of texts", value);
        return;
    }
    for (size_t i = 0; i < value->item_count; i++)
        if (decode_text(decoder, field->key, value->items[i], &text))
            *ARENA_PUSH(decoder->arena, texts->items, texts->count) = text;
}

/* A duration that may have an end. */
static void read_duration(struct decoder *decoder, const struct field *field, const struct value *value,
                          int64_t *target)
{
    int64_t duration;
    char most[UNITS_TEXT_MAX];
    if (!decode_duration(decoder, field->key, value, &duration))
        return;
    if (field->most == 0 || duration <= field->most)
        *target = duration;
    else
        findings_add(decoder->findings, FINDING_ERROR, "out-of-range", value->mark, "'%s' wants at most %s, got %.40s",
                     field->key, duration_format(field->most, most), value->text);
}

/* Stores a number in an unsigned member of the row's size. */
static void store(const struct field *field, void *target, int64_t number)
{
    switch (field->size) {
    case 1:
        *(uint8_t *)target = (uint8_t)number;
        break;
    case 2:
        *(uint16_t *)target = (uint16_t)number;
        break;
    case 4:
        *(uint32_t *)target = (uint32_t)number;
        break;
    default:
        *(uint64_t *)target = (uint64_t)number;
    }
}

void field_read(struct decoder *decoder, const struct field *field, const struct value *value, void *base)
{
    void *target = (char *)base + field->offset;
    int64_t number;
    if (value->broken)
        return;
    if (field->decode != NULL) {
        field->decode(decoder, field, value, base);
        return;
    }
    switch (field->type) {
    case FIELD_TEXT:
        decode_text(decoder, field->key, value, target);
        break;
    case FIELD_SCALAR:
        decode_scalar(decoder, field->key, value, target);
        break;
    case FIELD_TEXTS:
        read_texts(decoder, field, value, target);
        break;
    case FIELD_BOOLEAN:
        decode_boolean(decoder, field->key, value, target);
        break;
    case FIELD_INTEGER:
        if (decode_integer(decoder, field->key, value, field->least, field->most, &number))
            store(field, target, number);
        break;
    case FIELD_DURATION:
        read_duration(decoder, field, value, target);
        break;
    case FIELD_SECONDS:
        if (decode_seconds(decoder, field->key, value, field->least, field->most, &number))
            store(field, target, number);
        break;
    case FIELD_SHARE:
        decode_share(decoder, field->key, value, target);
        break;
    case FIELD_RATE:
        decode_rate(decoder, field->key, value, target);
        break;
    case FIELD_ADDRESS:
        decode_address(decoder, field->key, value, target);
        break;
    case FIELD_NETWORK:
        decode_network(decoder, field->key, value, target);
        break;
    case FIELD_WORD:
        decode_word(decoder, field->key, value, field->words, field->word_count, target);
        break;
    case FIELD_MAPPING:
        schema_decode(decoder, field->schema, NULL, value->mark, value, target);
        break;
    case FIELD_LIST:
    case FIELD_NAMED:
    case FIELD_CUSTOM:
    case FIELD_TYPE_COUNT:
        break; /* they have a decode function: the tables' test asserts it */
    }
}

/* "node 'web'", "a security group rule". */
static const char *subject(struct decoder *decoder, const struct schema *schema, const char *name)
{
    bool vowel = strchr("aeiou", schema->name[0]) != NULL;
    return name != NULL ? arena_printf(decoder->findings->arena, "%s '%s'", schema->name, name)
                        : arena_printf(decoder->findings->arena, "%s %s", vowel ? "an" : "a", schema->name);
}

#define WORDS_MAX 128

void schema_unknown(struct decoder *decoder, const struct schema *schema, const char *name, const char *key,
                    struct mark mark)
{
    const char *words[WORDS_MAX];
    size_t count = 0;
    for (const struct schema *s = schema; s != NULL; s = s->also)
        for (size_t i = 0; i < s->count && count < WORDS_MAX; i++)
            words[count++] = s->fields[i].key;
    findings_add(decoder->findings, FINDING_ERROR, "unknown-key", mark, "unknown key '%.80s' in %s", key,
                 subject(decoder, schema, name))
        ->hint = decode_hint(decoder, key, words, count);
}

void schema_missing(struct decoder *decoder, const struct schema *schema, const char *name, struct mark mark,
                    const struct value *value)
{
    for (size_t i = 0; i < schema->count; i++)
        if (schema->fields[i].required && value_get(value, schema->fields[i].key) == NULL)
            findings_add(decoder->findings, FINDING_ERROR, "missing-key", mark, "%s needs the key '%s'",
                         subject(decoder, schema, name), schema->fields[i].key);
}

bool schema_decode(struct decoder *decoder, const struct schema *schema, const char *name, struct mark mark,
                   const struct value *value, void *target)
{
    if (value->broken)
        return false;
    if (value->kind != VALUE_MAP && value->kind != VALUE_NULL) {
        findings_add(decoder->findings, FINDING_ERROR, "wrong-type", value->mark, "%s wants a mapping, got %s",
                     subject(decoder, schema, name), value_describe(value, decoder->arena));
        return false;
    }
    for (size_t i = 0; value->kind == VALUE_MAP && i < value->entry_count; i++) {
        const struct entry *entry = &value->entries[i];
        const struct field *field = schema_field(schema, entry->key);
        if (field == NULL)
            schema_unknown(decoder, schema, name, entry->key, entry->key_mark);
        else
            field_read(decoder, field, entry->value, target);
    }
    schema_missing(decoder, schema, name, mark, value);
    return true;
}
