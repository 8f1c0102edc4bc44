/* What a learner can see, and what of it would tell.
 *
 * A look is text in sections.  Two rules are held against it: no word of the scenario's own stands in it, and where the
 * faults change nothing in a node, the node looks in the broken lab as it does in the healthy one. */
#include "exercise/look.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/table.h"
#include "plan/difference.h"

#define SECTION    '\001'
#define FILE_HEAD  '\002'
#define TEMPLATE   '\004' /* in the place of a file's content: that of the template (lab/look.h) */
#define SHOWN_MAX  8      /* lines noted for each node and rule: the first tell enough */
#define LINE_SHOWN 200    /* characters of a line */

/* Each section, and the items of a plan that account for a difference in it. */
static const struct section {
    const char *name;
    unsigned items; /* 1 << enum plan_item */
    bool names;     /* what stands here is a name: plain words tell as well */
} sections[] = {
#define I(item) (1U << ITEM_##item)
    {"hostname", I(NAMESPACE), true},
    {"interfaces", I(LINK) | I(BRIDGE), true},
    {"links", I(LINK) | I(BRIDGE), false},
    {"addresses", I(ADDRESS) | I(LINK) | I(PROCESS), false}, /* a DHCP client is a process */
    {"routes", I(ROUTE) | I(ADDRESS) | I(LINK) | I(PROCESS), false},
    {"rules", I(RULE), false},
    {"neighbours", I(NEIGHBOUR) | I(LINK), false},
    {"nftables", I(NFT), false},
    {"queues", I(LINK), false},
    {"sockets", I(PROCESS) | I(FILE), false},
    {"processes", I(PROCESS), true},
    {"environment", I(PROCESS), false},
    {"mounts", I(NAMESPACE), false},
    {"sysctls", I(SYSCTL) | I(LINK), false},
    {"files", I(FILE) | I(PROCESS) | I(HOSTS_VIEW), false},
    {"contents", I(FILE) | I(PROCESS) | I(HOSTS_VIEW), false},
#undef I
};

static bool is_shown(unsigned char c)
{
    return c >= ' ' || c == '\n' || c == '\t' || c == SECTION || c == FILE_HEAD || c == TEMPLATE;
}

void look_clean(const char *raw, size_t length, struct str *out)
{
    size_t begin = 0; /* of what is appended as it is */
    for (size_t i = 0; i < length;) {
        unsigned char c = (unsigned char)raw[i];
        size_t n = c < 0x80 ? 1 : str_utf8_length(raw + i, length - i);
        if (n > 1 || (n == 1 && is_shown(c))) {
            i += n;
            continue;
        }
        str_append_bytes(out, raw + begin, i - begin);
        str_append_char(out, '.');
        i += n ? n : 1;
        begin = i;
    }
    str_append_bytes(out, raw + begin, length - begin);
}

/* ---- lines ---- */

struct line {
    const struct section *section; /* NULL before the first */
    const char *file;              /* in "contents" */
    const char *text;
};

struct lines {
    struct line *items;
    size_t count;
};

static const struct section *section_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
        if (str_equal(sections[i].name, name))
            return &sections[i];
    return NULL;
}

/* Seconds since 1970, as a file of leases has them (ten digits that stand alone, 2001 to 2096): no two looks are of the
 * same second. */
static void hide_times(char *text)
{
    for (char *at = text; *at;) {
        size_t digits = strspn(at, "0123456789");
        bool alone = (at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[digits]);
        if (digits == 10 && alone && *at >= '1' && *at <= '3')
            memset(at, '#', digits);
        at += digits ? digits : 1;
    }
}

static struct lines lines_of(const char *look, bool timeless, struct arena *arena)
{
    struct lines lines = {0};
    const struct section *section = NULL;
    const char *file = NULL;
    while (look && *look) {
        size_t length = strcspn(look, "\n");
        char *text = arena_strndup(arena, look, length);
        if (timeless)
            hide_times(text);
        look += length + (look[length] == '\n');
        if (*text == SECTION) {
            section = section_of(text + 1);
            file = NULL;
        } else if (*text == FILE_HEAD) {
            file = text + 1;
        } else if (*text) {
            *ARENA_PUSH(arena, lines.items, lines.count) = (struct line){section, file, text};
        }
    }
    return lines;
}

static int compare_lines(const struct line *a, const struct line *b)
{
    if (a->section != b->section)
        return a->section < b->section ? -1 : 1;
    int by_file = strcmp(a->file ? a->file : "", b->file ? b->file : "");
    return by_file ? by_file : strcmp(a->text, b->text);
}

static int by_place(const void *a, const void *b)
{
    return compare_lines(a, b);
}

static void sort(struct lines *lines)
{
    if (lines->count)
        qsort(lines->items, lines->count, sizeof *lines->items, by_place);
}

static bool holds(const struct lines *sorted, const struct line *line)
{
    return sorted->count && bsearch(line, sorted->items, sorted->count, sizeof *line, by_place);
}

static const char *place_of(const struct line *line)
{
    return line->file ? line->file : line->section ? line->section->name : "";
}

/* ---- words ---- */

static const char *const telling[] = {"labctl", "fault", "faults", "inject", "injected", "scenario", "wrong-fix"};

static bool has_word(const struct strings *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (str_equal(words->items[i], word))
            return true;
    return false;
}

struct words {
    struct look_words *out;
    const struct strings *names;
    struct arena *arena;
};

static void push(struct words *words, struct strings *list, const char *word)
{
    if (!has_word(list, word))
        *ARENA_PUSH(words->arena, list->items, list->count) = word;
}

/* A word of several parts, or with a digit, stands nowhere by chance. */
static void add_word(struct words *words, const char *word, bool secret)
{
    if (!word || strlen(word) < 3 || has_word(words->names, word))
        return;
    bool distinct = strpbrk(word, "-_0123456789") != NULL;
    push(words, distinct ? &words->out->distinct : &words->out->plain, word);
    if (!distinct && secret)
        push(words, &words->out->secret, word);
}

static void add_files(struct words *words, const struct topology *topology)
{
    for (size_t n = 0; n < topology->node_count; n++)
        for (size_t f = 0; f < topology->nodes[n]->file_count; f++)
            push(words, &words->out->files, topology->nodes[n]->files[f].path);
}

struct look_words look_words_of(const struct scenario *scenario, const struct strings *names, struct arena *arena)
{
    struct look_words out = {0};
    struct words words = {&out, names, arena};
    for (size_t i = 0; i < ARRAY_SIZE(telling); i++)
        push(&words, &out.distinct, telling[i]);
    add_word(&words, scenario->name, false);
    for (size_t i = 0; i < scenario->fault_count; i++) {
        add_word(&words, scenario->faults[i].id, true);
        add_word(&words, scenario->faults[i].kind, true);
    }
    for (size_t i = 0; i < scenario->task_count; i++)
        add_word(&words, scenario->tasks[i].id, false);
    for (size_t i = 0; i < scenario->variable_count; i++)
        add_word(&words, scenario->variables[i].name, false);
    for (size_t i = 0; i < scenario->phase_count; i++)
        for (size_t t = 0; t < scenario->phases[i].ticket_count; t++)
            add_word(&words, scenario->phases[i].tickets[t]->id, true);
    for (size_t i = 0; i < scenario->wrong_fix_count; i++)
        add_word(&words, scenario->wrong_fixes[i].id, true);
    add_files(&words, scenario->topology);
    return out;
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Whether the text holds the word as a whole one, in capitals or not. */
static bool text_has(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = text; (at = strcasestr(at, word)) != NULL; at++)
        if ((at == text || !in_word(at[-1])) && !in_word(at[length]))
            return true;
    return false;
}

static const char *found_in(const char *text, const struct strings *words)
{
    for (size_t i = 0; i < words->count; i++)
        if (text_has(text, words->items[i]))
            return words->items[i];
    return NULL;
}

/* Whether the author has put this file there: he says so, or it lies where nothing else makes one. */
static bool of_the_author(const struct look_words *words, const char *path)
{
    static const char *const places[] = {"/root/", "/home/", "/srv/", "/tmp/", "/var/tmp/", "/mnt/"};
    for (size_t i = 0; path && i < ARRAY_SIZE(places); i++)
        if (str_starts(path, places[i]))
            return true;
    return path && has_word(&words->files, path);
}

static const char *telling_word(const struct look_words *words, const struct line *line, const struct lines *before)
{
    const char *word = found_in(line->text, &words->distinct);
    if (!word && ((line->section && line->section->names) || (before && !holds(before, line))))
        word = found_in(line->text, &words->plain);
    if (!word && of_the_author(words, line->file))
        word = found_in(line->text, &words->secret);
    return word;
}

void look_search(struct proof_judgement *judgement, const char *node, const char *look, const char *healthy,
                 const struct look_words *words)
{
    ARENA_AUTO arena = arena_new();
    struct lines lines = lines_of(look, false, arena), before = lines_of(healthy, false, arena);
    size_t noted = 0;
    sort(&before);
    for (size_t i = 0; i < lines.count && noted < SHOWN_MAX; i++) {
        const struct line *line = &lines.items[i];
        const char *word = telling_word(words, line, healthy ? &before : NULL);
        if (!word)
            continue;
        proof_note(judgement, PROOF_FAILED, (struct mark){0}, "node %s shows the word '%s' in %s: %.*s", node, word,
                   place_of(line), LINE_SHOWN, line->text);
        noted++;
    }
}

/* ---- differences ---- */

static bool accounted(const struct line *line, const char *node, const json_t *differences)
{
    size_t i;
    json_t *difference;
    json_array_foreach(differences, i, difference)
    {
        const char *name = json_string_value(json_object_get(difference, "node"));
        const char *item = json_string_value(json_object_get(difference, "item"));
        const char *path = json_string_value(json_object_get(difference, "path"));
        if (!line->section || !item || (name && *name && !str_equal(name, node)))
            continue;
        if (path && line->file && !str_equal(path, line->file))
            continue;
        if (str_equal(item, plan_item_name(ITEM_RUN)))
            return true;
        for (enum plan_item k = 0; k < ITEM_COUNT; k++)
            if (line->section->items & (1U << k) && str_equal(plan_item_name(k), item))
                return true;
    }
    return false;
}

/* Lines of `one` that `other` does not hold. */
static size_t missing(struct proof_judgement *judgement, const char *node, const char *said, const struct lines *one,
                      const struct lines *other, const json_t *differences, size_t *noted)
{
    size_t count = 0;
    for (size_t i = 0; i < one->count; i++) {
        const struct line *line = &one->items[i];
        if (holds(other, line) || accounted(line, node, differences))
            continue;
        count++;
        if ((*noted)++ < SHOWN_MAX)
            proof_note(judgement, PROOF_FAILED, (struct mark){0}, "%s%s%s %s: %.*s", node, *place_of(line) ? ", " : "",
                       place_of(line), said, LINE_SHOWN, line->text);
    }
    return count;
}

size_t look_compare(struct proof_judgement *judgement, const char *node, const char *before, const char *after,
                    const json_t *differences)
{
    ARENA_AUTO arena = arena_new();
    struct lines old = lines_of(before, true, arena), new = lines_of(after, true, arena);
    size_t noted = 0;
    sort(&old);
    sort(&new);
    return missing(judgement, node, "has what the healthy lab has not", &new, &old, differences, &noted) +
           missing(judgement, node, "lacks what the healthy lab has", &old, &new, differences, &noted);
}

size_t look_compare_lines(struct proof_judgement *judgement, const char *what, const char *before, const char *after)
{
    return look_compare(judgement, what, before, after, NULL);
}
