/* From one nft table to another.
 *
 * Theory of operation.  The bodies are those that lower/ writes: pieces (a chain, a set, a map) one after the other,
 * each from a line "<tab>KIND NAME {" to a line "<tab>}", the elements of a set between "elements = { " and " }", a
 * line each.  Pieces are matched by kind and name, elements by their text.  The order of the commands is that of
 * references: first all chains that come, empty, so that anything may lead there; then what changes is emptied; then
 * filled; then what goes is deleted, when nothing leads there any more.  The kernel takes all of it at once or nothing.
 */
#include "plan/nft_change.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "plan/plan.h"

struct piece {
    const char *kind, *name; /* "chain", "set", "map" */
    const char *text;        /* from its first line to its last, with the tabs */
    const char *head;        /* the same without elements */
    const char **elements;   /* "10.0.0.1 : accept" */
    size_t element_count;
    bool interval;       /* a set of ranges */
    struct piece *other; /* in the other table, or NULL */
    bool differs;
};

struct table {
    struct arena *arena;
    struct piece **pieces;
    size_t count;
    struct map *by_name; /* "KIND NAME" */
};

/* Cuts "{ a,\n b }" into elements; false where it does not look like what lower/ writes. */
static bool read_elements(struct arena *arena, struct piece *piece, const char *at, const char *end)
{
    while (at < end) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        const char *stop = line != NULL ? line : end;
        at += strspn(at, " \t");
        size_t length = (size_t)(stop - at);
        if (line != NULL && (length == 0 || at[length - 1] != ','))
            return false;
        length -= line != NULL;
        *ARENA_PUSH(arena, piece->elements, piece->element_count) = arena_strndup(arena, at, length);
        at = line != NULL ? line + 1 : end;
    }
    return piece->element_count > 0;
}

static bool read_piece(struct table *table, const char *start, const char *end)
{
    static const char opening[] = "\t\telements = { ", closing[] = " }\n";
    struct arena *arena = table->arena;
    struct piece *piece = ARENA_NEW(arena, struct piece);
    const char *word = start + 1, *space = strchr(word, ' ');
    size_t line = strcspn(start, "\n");
    if (space == NULL || space > start + line || line < 4 || strncmp(start + line - 2, " {", 2) != 0)
        return false;
    piece->kind = arena_strndup(arena, word, (size_t)(space - word));
    piece->name = arena_strndup(arena, space + 1, (size_t)(start + line - 2 - (space + 1)));
    piece->text = piece->head = arena_strndup(arena, start, (size_t)(end - start));
    bool set = strcmp(piece->kind, "set") == 0 || strcmp(piece->kind, "map") == 0;
    if ((!set && strcmp(piece->kind, "chain") != 0) || strchr(piece->name, ' ') != NULL)
        return false;
    const char *elements = set ? strstr(piece->text, opening) : NULL;
    piece->interval = set && strstr(piece->text, "\t\tflags interval\n") != NULL;
    if (elements != NULL) {
        const char *close = strstr(elements, closing);
        if (close == NULL || strcmp(close + strlen(closing), "\t}\n") != 0 ||
            !read_elements(arena, piece, elements + strlen(opening), close))
            return false;
        piece->head = arena_printf(arena, "%.*s\t}\n", (int)(elements - piece->text), piece->text);
    }
    const char *key = arena_printf(arena, "%s %s", piece->kind, piece->name);
    if (map_get(table->by_name, key) != NULL)
        return false;
    map_set(table->by_name, key, piece);
    *ARENA_PUSH(arena, table->pieces, table->count) = piece;
    return true;
}

static bool read_table(struct arena *arena, const char *body, struct table *table)
{
    *table = (struct table){.arena = arena, .by_name = map_new(arena)};
    for (const char *at = body; *at != '\0';) {
        const char *end = strstr(at, "\n\t}\n");
        if (at[0] != '\t' || at[1] == '\t' || end == NULL)
            return false;
        end += strlen("\n\t}\n");
        if (!read_piece(table, at, end))
            return false;
        at = end;
    }
    return true;
}

static bool match(struct arena *arena, struct table *before, struct table *after)
{
    for (size_t i = 0; i < after->count; i++) {
        struct piece *new = after->pieces[i];
        struct piece *old = map_get(before->by_name, arena_printf(arena, "%s %s", new->kind, new->name));
        if (old == NULL)
            continue;
        old->other = new;
        new->other = old;
        new->differs = old->differs = strcmp(old->text, new->text) != 0;
        if (strcmp(new->kind, "chain") != 0 && strcmp(old->head, new->head) != 0)
            return false; /* of another type */
    }
    return true;
}

static bool is_chain(const struct piece *piece)
{
    return strcmp(piece->kind, "chain") == 0;
}

struct writer {
    const struct plan_nft *nft;
    struct arena *arena;
    struct str *out;
};

static void command(struct writer *w, const char *verb, const char *kind, const char *name)
{
    str_printf(w->out, "%s %s %s %s %s\n", verb, kind, w->nft->family, w->nft->table, name);
}

/* Elements of one piece that the other has not, as a command. */
static void write_elements(struct writer *w, const char *verb, const struct piece *piece, const struct piece *other)
{
    struct map *there = map_new(w->arena);
    size_t count = 0;
    for (size_t i = 0; other != NULL && i < other->element_count; i++)
        map_set(there, other->elements[i], (void *)other);
    for (size_t i = 0; i < piece->element_count; i++) {
        if (map_get(there, piece->elements[i]) != NULL)
            continue;
        if (count++ == 0)
            str_printf(w->out, "%s element %s %s %s { ", verb, w->nft->family, w->nft->table, piece->name);
        str_printf(w->out, "%s%s", count > 1 ? ",\n\t" : "", piece->elements[i]);
    }
    if (count > 0)
        str_append(w->out, " }\n");
}

/* New chains without their rules; a base chain keeps its type. */
static void announce(struct writer *w, const struct table *after)
{
    for (size_t i = 0; i < after->count; i++)
        if (after->pieces[i]->other == NULL && is_chain(after->pieces[i]) &&
            strstr(after->pieces[i]->text, "\t\ttype ") == NULL)
            command(w, "add", "chain", after->pieces[i]->name);
}

static void empty(struct writer *w, const struct table *before)
{
    for (size_t i = 0; i < before->count; i++) {
        const struct piece *old = before->pieces[i];
        bool goes = old->other == NULL;
        if (!goes && !old->differs)
            continue;
        if (is_chain(old))
            command(w, "flush", "chain", old->name);
        else if (goes || old->interval)
            command(w, "flush", old->kind, old->name);
    }
    for (size_t i = 0; i < before->count; i++) {
        const struct piece *old = before->pieces[i];
        if (old->other != NULL && old->differs && !is_chain(old) && !old->interval)
            write_elements(w, "delete", old, old->other);
    }
}

static void fill(struct writer *w, const struct table *after)
{
    for (size_t i = 0; i < after->count; i++) {
        const struct piece *new = after->pieces[i];
        if (new->other != NULL && (!new->differs || !is_chain(new)))
            continue;
        str_printf(w->out, "table %s %s {\n%s}\n", w->nft->family, w->nft->table, new->text);
    }
    for (size_t i = 0; i < after->count; i++) {
        const struct piece *new = after->pieces[i];
        if (new->other != NULL &&new->differs && !is_chain(new))
            write_elements(w, "add", new, new->interval ? NULL : new->other);
    }
}

static void remove_gone(struct writer *w, const struct table *before)
{
    for (int chains = 0; chains < 2; chains++)
        for (size_t i = before->count; i-- > 0;)
            if (before->pieces[i]->other == NULL && is_chain(before->pieces[i]) == chains)
                command(w, "delete", before->pieces[i]->kind, before->pieces[i]->name);
}

bool nft_change(const struct plan_nft *before, const struct plan_nft *after, struct str *out)
{
    ARENA_AUTO arena = arena_new();
    struct table old, new;
    if (before->verbatim || after->verbatim || !read_table(arena, before->body, &old) ||
        !read_table(arena, after->body, &new) || !match(arena, &old, &new))
        return false;
    struct writer writer = {after, arena, out};
    announce(&writer, &new);
    empty(&writer, &old);
    fill(&writer, &new);
    remove_gone(&writer, &old);
    return true;
}

/* ---- two listings ---- */

struct text {
    const char *start;
    size_t length;
};

static int by_text(const void *a, const void *b)
{
    const struct text *x = a, *y = b;
    int order = memcmp(x->start, y->start, x->length < y->length ? x->length : y->length);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

/* The pieces of a listing, sorted: lines up to one that closes a piece ("\t}"). */
static struct text *pieces_of(struct arena *arena, const char *listing, size_t *count)
{
    struct text *pieces = NULL;
    *count = 0;
    for (const char *start = listing, *line = listing; *line;) {
        const char *end = strchrnul(line, '\n'), *next = end + (*end != 0);
        bool closes = line[0] == '\t' && line[1] == '}';
        if (line == start && *line == '\n')
            start = next; /* between two pieces */
        else if (closes || line[0] != '\t' || !*next) {
            *ARENA_PUSH(arena, pieces, *count) = (struct text){start, (size_t)(end - start)};
            start = next;
        }
        line = next;
    }
    if (*count > 1)
        qsort(pieces, *count, sizeof *pieces, by_text);
    return pieces;
}

bool nft_same(const char *a, const char *b)
{
    ARENA_AUTO arena = arena_new();
    size_t count, other_count;
    const struct text *pieces = pieces_of(arena, a, &count), *others = pieces_of(arena, b, &other_count);
    if (count != other_count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (by_text(&pieces[i], &others[i]) != 0)
            return false;
    return true;
}
