/* A check from the words of a command line: a kind, who asks, the short form, and keys with values.  It is the same as
 * the mapping that a file would have, and read by the same tables. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "load/check_kinds.h"

static struct value *new_map(struct arena *arena)
{
    struct value *map = ARENA_NEW(arena, struct value);
    *map = (struct value){.kind = VALUE_MAP, .weight = 1, .height = 1};
    return map;
}

static struct value *text_of(struct arena *arena, const char *text)
{
    struct value *value = ARENA_NEW(arena, struct value);
    *value = (struct value){.kind = VALUE_TEXT, .quoted = true, .weight = 1};
    value->text = arena_strdup(arena, text);
    value->length = strlen(text);
    return value;
}

/* The kind of that name, or false with a finding. */
static bool find_kind(struct decoder *decoder, const char *word, enum check_kind *kind)
{
    const char *words[CHECK_KIND_COUNT];
    for (size_t k = 0; k < CHECK_KIND_COUNT; k++) {
        words[k] = check_kind_name((enum check_kind)k);
        if (str_equal(words[k], word)) {
            *kind = (enum check_kind)k;
            return true;
        }
    }
    findings_add(decoder->findings, FINDING_ERROR, "check-kind", (struct mark){0}, "no check is called '%s'", word)
        ->hint = decode_hint(decoder, word, words, CHECK_KIND_COUNT);
    return false;
}

/* A key is one of the kind's own, or one of those that every check has. */
static bool is_common(const struct schema *own, const char *key)
{
    const struct field *field = schema_field(&check_schema, key);
    bool asks = str_equal(key, "from") || str_equal(key, "at") || (field != NULL && field->schema != NULL);
    return field != NULL && !asks && schema_field(own, key) == NULL;
}

struct check *load_check_words(struct topology *topology, const struct check_words *words, struct findings *findings)
{
    struct arena *arena = topology->arena;
    struct decoder decoder = {arena, findings};
    enum check_kind kind = CHECK_PING;
    if (!find_kind(&decoder, words->kind, &kind))
        return NULL;
    const struct schema *schema = schema_field(&check_schema, words->kind)->schema;
    struct value *map = new_map(arena), *asked = new_map(arena);
    size_t own = 0;
    bool has_port = false;
    for (size_t i = 0; i < words->key_count; i++) {
        own += !is_common(schema, words->keys[i].key);
        has_port |= str_equal(words->keys[i].key, "port");
    }
    if (words->what != NULL && own == 0)
        asked = text_of(arena, words->what);
    else if (words->what != NULL && check_short_form_is_whole(kind))
        findings_add(findings, FINDING_ERROR, "misplaced-key", (struct mark){0},
                     "'%s' is the short form of '%s' and says all: keys do not go with it", words->what, words->kind);
    else if (words->what != NULL)
        asked = check_short_form(&decoder, kind, text_of(arena, words->what), has_port);
    for (size_t i = 0; i < words->key_count && asked != NULL; i++)
        check_add_key(arena, is_common(schema, words->keys[i].key) ? map : asked, words->keys[i].key,
                      words->keys[i].value);
    if (asked == NULL || findings->errors > 0)
        return NULL;
    if (words->from != NULL)
        check_add_key(arena, map, check_is_local(kind) ? "at" : "from", text_of(arena, words->from));
    check_add_key(arena, map, words->kind, asked);
    return load_check(topology, map, "probe", findings);
}
