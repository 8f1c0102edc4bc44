/* Changing a tree by path.  The path is walked from the root by the words of the language: the singular of a container
 * ("node") and a name, an interface or a service of a node, an index of a list; anything else is a key.  What lies on
 * the way is copied, as the tree may share it with other places. */
#include "load/edit.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "doc/doc.h"
#include "doc/write.h"

#define STEPS_MAX 32

/* Singular words and the keys that hold such things, by where they stand. */
static const struct container {
    const char *word, *key;
    const char *within; /* the container whose things hold it; NULL: the top */
} containers[] = {
    {"node", "nodes", NULL},
    {"vpc", "vpcs", NULL},
    {"bridge", "bridges", NULL},
    {"network", "networks", NULL},
    {"policy", "policies", NULL},
    {"link", "links", NULL},
    {"peering", "peerings", NULL},
    {"transit_gateway", "transit_gateways", NULL},
    {"service", "services", NULL},
    {"subnet", "subnets", "vpcs"},
    {"route_table", "route_tables", "vpcs"},
    {"nat_gateway", "nat_gateways", "vpcs"},
    {"security_group", "security_groups", "vpcs"},
    {"endpoint", "endpoints", "vpcs"},
    {"route_table", "route_tables", "transit_gateways"},
    {"network_acl", "network_acls", "vpcs"},
    {"prefix_list", "prefix_lists", "vpcs"},
    {"service", "services", "nodes"},
};

/* One step of a walk: into a key, or to an element of a list. */
struct walk_step {
    const char *key;
    bool is_thing;    /* the name of a thing: it must be there, unless it is what is set */
    const char *kind; /* of the thing, for messages */
};

struct walk {
    struct document *document;
    const char *path;
    struct walk_step steps[STEPS_MAX];
    size_t count;
    const struct value *value; /* to be set; NULL to take away */
    struct error *err;
};

static const struct container *find_container(const char *word, const char *within)
{
    for (size_t i = 0; i < ARRAY_SIZE(containers); i++)
        if (strcmp(containers[i].word, word) == 0 && str_equal(containers[i].within, within))
            return &containers[i];
    return NULL;
}

/* Cuts the path into words; keys of sysctls and files hold dots and slashes: what follows them is one word. */
static size_t cut(struct walk *walk, const char *words[static STEPS_MAX])
{
    struct arena *arena = walk->document->arena;
    size_t count = 0;
    for (const char *at = walk->path; *at != '\0' && count < STEPS_MAX;) {
        size_t length = strcspn(at, "/");
        if (length == 0 && count > 0 && strcmp(words[count - 1], "files") == 0)
            length = strlen(at);
        if (length == 0)
            return 0;
        words[count++] = arena_strndup(arena, at, length);
        at += length;
        if (*at == '/' && at[1] == '\0')
            return 0;
        at += *at == '/';
    }
    return count;
}

static void add_step(struct walk *walk, const char *key, bool is_thing, const char *kind)
{
    if (walk->count < STEPS_MAX)
        walk->steps[walk->count++] = (struct walk_step){key, is_thing, kind};
}

/* Whether the node's mapping keeps the keys of eth0 itself. */
static bool is_inline(const struct value *node)
{
    return value_get(node, "interfaces") == NULL;
}

/* Steps behind "node/NAME": a service, an interface or keys. */
static size_t plan_node(struct walk *walk, const char *const *words, size_t at, size_t count, const struct value *node)
{
    if (at == count)
        return at;
    const struct container *service = find_container(words[at], "nodes");
    if (service != NULL && at + 1 < count) {
        add_step(walk, service->key, false, NULL);
        add_step(walk, words[at + 1], true, "service");
        return at + 2;
    }
    if (is_inline(node) && strcmp(words[at], "eth0") == 0 && at + 1 < count)
        return at + 1; /* its keys stand at the node */
    if (value_entry(value_get(node, "interfaces"), words[at]) != NULL) {
        add_step(walk, "interfaces", false, NULL);
        add_step(walk, words[at], true, "interface");
        return at + 1;
    }
    return at;
}

/* Whether an interface stands on this link: a link is there as soon as it is named, with an entry of its own or not. */
static bool is_link_used(const struct value *nodes, const char *name)
{
    for (size_t i = 0; nodes != NULL && nodes->kind == VALUE_MAP && i < nodes->entry_count; i++) {
        const struct value *node = nodes->entries[i].value, *interfaces = value_get(node, "interfaces");
        const struct value *link = value_get(node, "link");
        size_t count = interfaces != NULL && interfaces->kind == VALUE_MAP ? interfaces->entry_count : 0;
        for (size_t k = 0; k <= count; k++) {
            if (link != NULL && link->kind == VALUE_TEXT && str_equal(link->text, name))
                return true;
            link = k < count ? value_get(interfaces->entries[k].value, "link") : NULL;
        }
    }
    return false;
}

/* Turns the words into steps. */
static int plan_walk(struct walk *walk)
{
    const char *words[STEPS_MAX];
    const struct value *root = walk->document->root;
    size_t count = cut(walk, words), at = 0;
    if (count == 0)
        return error_set(walk->err, ERR_USAGE, "'%s' is no path such as vpc/main/nat_gateway/nat/subnet", walk->path);
    const struct container *top = find_container(words[0], NULL);
    const struct value *nodes = value_get(root, "nodes");
    bool bare = top == NULL && value_get(root, words[0]) == NULL && value_get(nodes, words[0]) != NULL;
    if (bare || (top != NULL && count > 1)) { /* "db/address" means node/db/address */
        const char *key = bare ? "nodes" : top->key, *name = words[bare ? 0 : 1];
        at = bare ? 1 : 2;
        add_step(walk, key, false, NULL);
        bool unlisted = strcmp(key, "links") == 0 && walk->value != NULL && is_link_used(nodes, name);
        add_step(walk, name, !unlisted, bare ? "node" : top->word);
        const struct value *thing = value_get(value_get(root, key), name);
        if (strcmp(key, "nodes") == 0) {
            at = plan_node(walk, words, at, count, thing);
        } else if (at + 1 < count) {
            const struct container *inner = find_container(words[at], key);
            if (inner != NULL) {
                add_step(walk, inner->key, false, NULL);
                add_step(walk, words[at + 1], true, inner->word);
                at += 2;
            }
        }
    }
    for (; at < count; at++)
        add_step(walk, words[at], false, NULL);
    if (walk->count >= STEPS_MAX)
        return error_set(walk->err, ERR_USAGE, "'%s' has too many parts", walk->path);
    return 0;
}

/* An absent thing or key, with the nearest of those that are there. */
static int report_absent(struct walk *walk, size_t at, const struct value *map)
{
    const struct walk_step *step = &walk->steps[at];
    size_t count = map != NULL && map->kind == VALUE_MAP ? map->entry_count : 0;
    const char **names = arena_alloc(walk->document->arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = map->entries[i].key;
    const char *near = str_nearest(step->key, names, count);
    const char *hint = near != NULL ? arena_printf(walk->document->arena, "; did you mean '%s'?", near) : "";
    return error_set(walk->err, ERR_ABSENT, "%s: no %s '%s'%s", walk->path, step->kind != NULL ? step->kind : "key",
                     step->key, hint);
}

static struct value *change(struct walk *walk, const struct value *value, size_t at, int *result);

/* A list with one element changed, added behind the last, or taken away. */
static struct value *change_list(struct walk *walk, const struct value *list, size_t at, int *result)
{
    struct arena *arena = walk->document->arena;
    const char *word = walk->steps[at].key;
    char *end;
    unsigned long index = strtoul(word, &end, 10);
    bool last = at + 1 == walk->count, adds = last && walk->value != NULL && index == list->item_count;
    if (*end != '\0' || word[0] < '0' || word[0] > '9' || (index >= list->item_count && !adds)) {
        *result = error_set(walk->err, ERR_ABSENT, "%s: '%s' is no element of a list of %zu", walk->path, word,
                            list->item_count);
        return NULL;
    }
    struct value *copy = arena_copy(arena, list, sizeof *list);
    copy->items = NULL;
    copy->item_count = 0;
    for (size_t i = 0; i < list->item_count + adds; i++) {
        if (i != index)
            *ARENA_PUSH(arena, copy->items, copy->item_count) = list->items[i];
        else if (!last || walk->value != NULL)
            *ARENA_PUSH(arena, copy->items, copy->item_count) =
                change(walk, adds ? NULL : list->items[i], at + 1, result);
        if (*result != 0)
            return NULL;
    }
    return copy;
}

/* A mapping with one entry changed, added or taken away. */
static struct value *change_map(struct walk *walk, const struct value *map, size_t at, int *result)
{
    struct arena *arena = walk->document->arena;
    const struct walk_step *step = &walk->steps[at];
    const struct entry *entry = value_entry(map, step->key);
    bool last = at + 1 == walk->count;
    if (entry == NULL && (walk->value == NULL || (step->is_thing && !last))) {
        *result = report_absent(walk, at, map);
        return NULL;
    }
    struct value *copy = arena_alloc(arena, sizeof *copy);
    if (map != NULL)
        *copy = (struct value){.kind = VALUE_MAP, .mark = map->mark, .weight = map->weight};
    copy->kind = VALUE_MAP;
    for (size_t i = 0; map != NULL && map->kind == VALUE_MAP && i < map->entry_count; i++) {
        bool mine = &map->entries[i] == entry;
        if (mine && last && walk->value == NULL)
            continue;
        struct value *inner = mine ? change(walk, map->entries[i].value, at + 1, result) : map->entries[i].value;
        if (*result != 0)
            return NULL;
        *ARENA_PUSH(arena, copy->entries, copy->entry_count) =
            (struct entry){map->entries[i].key, map->entries[i].key_mark, inner};
    }
    if (entry != NULL)
        return copy;
    struct value *inner = change(walk, NULL, at + 1, result);
    *ARENA_PUSH(arena, copy->entries, copy->entry_count) = (struct entry){step->key, {0}, inner};
    return copy;
}

/* The value that stands at the end of the steps from `at` on; value NULL where nothing stands there yet. */
static struct value *change(struct walk *walk, const struct value *value, size_t at, int *result)
{
    if (at == walk->count)
        return arena_copy(walk->document->arena, walk->value, sizeof *walk->value);
    if (value != NULL && value->kind == VALUE_LIST)
        return change_list(walk, value, at, result);
    if (value == NULL || value->kind == VALUE_MAP || value->kind == VALUE_NULL)
        return change_map(walk, value, at, result);
    *result = error_set(walk->err, ERR_ABSENT, "%s: nothing stands below %s", walk->path,
                        value_describe(value, walk->document->arena));
    return NULL;
}

static int walk(struct document *document, const char *path, const struct value *value, struct error *err)
{
    struct walk walk = {.document = document, .path = path, .value = value, .err = err};
    int result = 0;
    if (document->root == NULL)
        return error_set(err, ERR_FILE, "the document could not be read");
    if (plan_walk(&walk) != 0)
        return -1;
    struct value *root = change(&walk, document->root, 0, &result);
    if (result == 0)
        document->root = root;
    return result;
}

int edit_set(struct document *document, const char *path, const char *yaml, struct error *err)
{
    struct findings findings;
    findings_init(&findings, document->arena);
    struct document *value =
        document_parse_value(document->arena, document->sources, "VALUE", yaml, strlen(yaml), &findings);
    if (findings.errors > 0)
        return error_set(err, ERR_FILE, "%s", findings_first(&findings, document->sources, document->arena));
    return walk(document, path, value->root, err);
}

int edit_unset(struct document *document, const char *path, struct error *err)
{
    return walk(document, path, NULL, err);
}

void edit_write(const struct document *document, struct str *out)
{
    struct yaml yaml;
    yaml_init(&yaml, out);
    yaml_value(&yaml, document->root);
}
