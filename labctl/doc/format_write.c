/* Writes the tree of a text in its canonical form. */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "doc/doc.h"
#include "doc/format.h"
#include "doc/format_tree.h"
#include "doc/write.h"

#define INDENT 2

/* Columns from the last line break on. */
static size_t column(const struct str *out)
{
    size_t count = 0;
    for (size_t at = out->length; at > 0 && out->data[at - 1] != '\n'; at--)
        count += (out->data[at - 1] & 0xc0) != 0x80;
    return count;
}

static size_t width(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += (*text & 0xc0) != 0x80;
    return count;
}

static void spaces(struct str *out, size_t count)
{
    while (count-- > 0)
        str_append_char(out, ' ');
}

/* ---- on one line --------------------------------------------------------------------------------------------------
 */

/* Appends the value as it stands on one line; false where it cannot. */
static bool write_flow(const struct form *form, struct str *out)
{
    bool map = form->kind == FORM_MAP, wide = map;
    if (form->kind == FORM_BLOCK_SCALAR || form->open)
        return false;
    if (form->properties)
        str_printf(out, "%s%s", form->properties, form->kind == FORM_SCALAR && !*form->text ? "" : " ");
    if (form->kind == FORM_SCALAR) {
        str_append(out, form->text);
        return true;
    }
    if (!form->flow && form->item_count)
        return false;
    for (size_t i = 0; i < form->item_count; i++)
        wide = wide || form->items[i]->value->kind == FORM_MAP || form->items[i]->value->kind == FORM_LIST;
    str_append(out, map ? "{" : "[");
    str_append(out, wide && form->item_count ? " " : "");
    for (size_t i = 0; i < form->item_count; i++) {
        const struct form_item *item = form->items[i];
        bool empty = item->value->kind == FORM_SCALAR && !*item->value->text && !item->value->properties;
        str_append(out, i > 0 ? ", " : "");
        if (item->key)
            str_printf(out, "%s%s", item->key, empty ? "" : ": "); /* what is nothing has no colon in brackets */
        if (!write_flow(item->value, out))
            return false;
    }
    str_append(out, wide && form->item_count ? " " : "");
    str_append(out, map ? "}" : "]");
    return true;
}

/* ---- on lines of their own ----------------------------------------------------------------------------------------
 */

static void write_comment(const struct comment *comment, size_t indent, struct str *out)
{
    spaces(out, indent);
    str_append(out, comment->text);
    str_append_char(out, '\n');
}

/* Ends a line, with the comment that stands behind it: in its column where there is room. */
static void end_line(const struct comment *comment, struct str *out)
{
    while (out->length && out->data[out->length - 1] == ' ') /* of a dash without a value */
        out->data[--out->length] = 0;
    size_t at = column(out);
    if (comment) {
        spaces(out, comment->column > at ? comment->column - at : 1);
        str_append(out, comment->text);
    }
    str_append_char(out, '\n');
}

static void write_items(const struct form *form, size_t indent, bool goes_on, struct str *out);

static void write_block_scalar(const struct form_item *item, size_t indent, struct str *out)
{
    const struct form *form = item->value;
    str_append(out, form->text);
    end_line(item->behind, out);
    for (size_t i = 0; i < form->line_count; i++) {
        if (*form->lines[i])
            spaces(out, indent);
        str_append(out, form->lines[i]);
        str_append_char(out, '\n');
    }
}

/* Whether the value stands on the line that begins there; the line is appended. */
static bool fits(const struct form *form, size_t at, struct str *line)
{
    return write_flow(form, line) &&
           (form->kind == FORM_SCALAR || !form->item_count || at + width(str_text(line)) <= FORMAT_WIDTH);
}

/* A comment that has no place behind a dash whose element goes on over several lines: it stands before it. */
static bool is_lifted(const struct form_item *item, size_t indent)
{
    STR_AUTO line = STR_INIT;
    return item->behind && !item->key && (item->value->kind == FORM_MAP || item->value->kind == FORM_LIST) &&
           !fits(item->value, indent + INDENT, &line);
}

/* Those of an element, and of the first one of a list that begins on its line. */
static void write_lifted(const struct form_item *item, size_t indent, struct str *out)
{
    for (size_t at = indent; !item->key; at += INDENT) {
        STR_AUTO line = STR_INIT;
        if (is_lifted(item, at))
            write_comment(item->behind, indent, out);
        if (item->value->kind != FORM_LIST || !item->value->item_count || fits(item->value, at + INDENT, &line))
            return;
        item = item->value->items[0];
    }
}

/* The value behind its key or dash, up to the end of its last line.  indent: of the item. */
static void write_value(const struct form_item *item, size_t indent, struct str *out)
{
    const struct form *form = item->value;
    STR_AUTO line = STR_INIT;
    bool collection = form->kind == FORM_MAP || form->kind == FORM_LIST;
    if (fits(form, column(out) + (item->key != NULL), &line)) {
        if (line.length && item->key)
            str_append_char(out, ' ');
        str_append(out, str_text(&line));
        end_line(item->behind, out);
        return;
    }
    if (item->key && (form->properties || !collection))
        str_append_char(out, ' ');
    if (form->properties)
        str_printf(out, "%s%s", form->properties, collection ? "" : " ");
    if (!collection) {
        write_block_scalar(item, indent + INDENT, out);
    } else if (!item->key && !form->properties) {
        write_items(form, indent + INDENT, true, out);
    } else {
        end_line(item->key ? item->behind : NULL, out);
        write_items(form, indent + INDENT, false, out);
    }
}

/* goes_on: the first element stands behind a dash that was written. */
static void write_items(const struct form *form, size_t indent, bool goes_on, struct str *out)
{
    for (size_t i = 0; i < form->item_count; i++) {
        const struct form_item *item = form->items[i];
        bool blank = item->before_count ? item->before[0]->blank : item->blank;
        if (blank && !form->flow && i > 0)
            str_append_char(out, '\n');
        for (size_t c = 0; c < item->before_count; c++) {
            if (c > 0 && item->before[c]->blank)
                str_append_char(out, '\n');
            write_comment(item->before[c], indent, out);
        }
        if (item->before_count && item->blank)
            str_append_char(out, '\n');
        if (!goes_on || i > 0) {
            write_lifted(item, indent, out);
            spaces(out, indent);
        }
        if (item->key)
            str_printf(out, "%s:", item->key);
        else
            str_append(out, "- ");
        write_value(item, indent, out);
    }
    for (size_t c = 0; c < form->tail_count; c++) {
        if (form->tail[c]->blank)
            str_append_char(out, '\n');
        write_comment(form->tail[c], indent, out);
    }
}

static void form_write(const struct form *root, struct str *out)
{
    write_items(root, 0, false, out);
}

/* ---- the whole ----------------------------------------------------------------------------------------------------
 */

static bool is_same(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == VALUE_LIST) {
        bool same = a->item_count == b->item_count;
        for (size_t i = 0; same && i < a->item_count; i++)
            same = is_same(a->items[i], b->items[i]);
        return same;
    }
    if (a->kind == VALUE_MAP) {
        bool same = a->entry_count == b->entry_count;
        for (size_t i = 0; same && i < a->entry_count; i++)
            same = str_equal(a->entries[i].key, b->entries[i].key) && is_same(a->entries[i].value, b->entries[i].value);
        return same;
    }
    return a->kind == VALUE_NULL || (a->length == b->length && !memcmp(a->text, b->text, a->length));
}

/* What was written must say the same as what was read. */
static int verify(struct document *document, size_t comments, const struct str *text)
{
    struct findings findings;
    findings_init(&findings, document->arena);
    size_t kept = 0;
    struct document *again =
        document_parse(document->arena, document->sources, "formatted", str_text(text), text->length, &findings);
    if (again->root && !findings.errors && is_same(document->root, again->root) && form_read(again, &kept) &&
        kept == comments)
        return 0;
    findings_add(document->findings, FINDING_ERROR, "format", (struct mark){document->file, 1, 1},
                 "this text cannot be formatted without changing what it says");
    return -1;
}

int format_text(struct document *document, struct str *out)
{
    STR_AUTO text = STR_INIT;
    size_t comments = 0;
    const struct form *root = form_read(document, &comments);
    if (!root)
        return -1;
    form_write(root, &text);
    if (verify(document, comments, &text))
        return -1;
    str_append(out, str_text(&text));
    return 0;
}
