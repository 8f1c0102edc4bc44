/* A check from the words of a command line: a kind, who asks, the short form, and keys with values.  It is the same as
 * the mapping that a file would have, and read by the same tables. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
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

#define HTTP_2XX           "http_2xx"
#define HTTP_2XX_REDIRECTS 10 /* as that module follows */

bool load_check_kind(const char *word, enum check_kind *kind)
{
    static const struct {
        const char *word;
        enum check_kind kind;
    } modules[] = {{"icmp", CHECK_PING}, {"tcp_connect", CHECK_TCP}, {HTTP_2XX, CHECK_HTTP}};
    for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
        if (str_equal(modules[i].word, word)) {
            *kind = modules[i].kind;
            return true;
        }
    for (size_t k = 0; k < CHECK_KIND_COUNT; k++)
        if (str_equal(check_kind_name((enum check_kind)k), word)) {
            *kind = (enum check_kind)k;
            return true;
        }
    return false;
}

/* The same, or false with a finding. */
static bool find_kind(struct decoder *decoder, const char *word, enum check_kind *kind)
{
    const char *words[CHECK_KIND_COUNT];
    if (load_check_kind(word, kind))
        return true;
    for (size_t k = 0; k < CHECK_KIND_COUNT; k++)
        words[k] = check_kind_name((enum check_kind)k);
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

static bool has_key(const struct check_words *words, const char *key)
{
    for (size_t i = 0; i < words->key_count; i++)
        if (str_equal(words->keys[i].key, key))
            return true;
    return false;
}

/* What the module wants that the kind alone does not. */
static void as_module(const struct check_words *words, struct check *check)
{
    if (!str_equal(words->kind, HTTP_2XX))
        return;
    if (!has_key(words, "status"))
        check->http.status_class = 2;
    if (!has_key(words, "redirects"))
        check->http.redirects = HTTP_2XX_REDIRECTS;
}

struct check *load_check_words(struct topology *topology, const struct check_words *words, struct findings *findings)
{
    struct arena *arena = topology->arena;
    struct decoder decoder = {arena, findings};
    enum check_kind kind = CHECK_PING;
    if (!find_kind(&decoder, words->kind, &kind))
        return NULL;
    const char *name = check_kind_name(kind);
    const struct schema *schema = schema_field(&check_schema, name)->schema;
    struct value *map = new_map(arena), *asked = new_map(arena);
    size_t own = 0;
    for (size_t i = 0; i < words->key_count; i++)
        own += !is_common(schema, words->keys[i].key);
    if (words->what != NULL && own == 0)
        asked = text_of(arena, words->what);
    else if (words->what != NULL && check_short_form_is_whole(kind))
        findings_add(findings, FINDING_ERROR, "misplaced-key", (struct mark){0},
                     "'%s' is the short form of '%s' and says all: keys do not go with it", words->what, name);
    else if (words->what != NULL)
        asked = check_short_form(&decoder, kind, text_of(arena, words->what), has_key(words, "port"));
    for (size_t i = 0; i < words->key_count && asked != NULL; i++)
        check_add_key(arena, is_common(schema, words->keys[i].key) ? map : asked, words->keys[i].key,
                      words->keys[i].value);
    if (asked == NULL || findings->errors > 0)
        return NULL;
    if (words->from != NULL)
        check_add_key(arena, map, check_is_local(kind) ? "at" : "from", text_of(arena, words->from));
    check_add_key(arena, map, name, asked);
    struct check *check = load_check(topology, map, "probe", findings);
    if (check)
        as_module(words, check);
    return check;
}
