/* Reads a text for formatting: the nodes from libyaml's events, the comments from what lies between them.
 *
 * A `#` outside of scalars and aliases begins a comment.  One that stands behind something on its line belongs to the
 * last thing that began there; one on a line of its own to the thing that follows in the same mapping or list, or,
 * where it is indented like what has just ended, to the end of that. */
#include <string.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/str.h"
#include "doc/doc.h"
#include "doc/format_tree.h"
#include "doc/parse.h"
#include "doc/write.h"

#define CORE_TAG "tag:yaml.org,2002:"

struct former {
    struct document *document;
    struct arena *arena;
    const char *text;
    size_t length;
    size_t *lines; /* offset of each line */
    size_t line_count;
    yaml_parser_t yaml;
    struct comment **comments;
    size_t comment_count;
    struct form_item **items; /* in the order in which they begin */
    size_t item_count;
    size_t done; /* up to here the text was looked through for comments */
    bool failed;
};

static void refuse(struct former *former, size_t line, size_t column, const char *what)
{
    if (!former->failed)
        findings_add(former->document->findings, FINDING_ERROR, "format",
                     (struct mark){former->document->file, (uint32_t)line + 1, (uint32_t)column + 1},
                     "%s cannot be formatted", what);
    former->failed = true;
}

/* ---- places -------------------------------------------------------------------------------------------------------
 */

static void find_lines(struct former *former)
{
    *ARENA_PUSH(former->arena, former->lines, former->line_count) = 0;
    for (size_t at = 0; at < former->length; at++)
        if (former->text[at] == '\n')
            *ARENA_PUSH(former->arena, former->lines, former->line_count) = at + 1;
}

static size_t offset_of(const struct former *former, yaml_mark_t mark)
{
    if (mark.line >= former->line_count)
        return former->length;
    size_t at = former->lines[mark.line];
    for (size_t column = mark.column; column > 0 && at < former->length; column--)
        at += str_utf8_length(former->text + at, former->length - at);
    return at;
}

static size_t line_of(const struct former *former, size_t offset)
{
    size_t low = 0, high = former->line_count;
    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        if (former->lines[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static bool is_blank(const struct former *former, size_t line)
{
    size_t at = former->lines[line];
    while (at < former->length && (former->text[at] == ' ' || former->text[at] == '\t' || former->text[at] == '\r'))
        at++;
    return at >= former->length || former->text[at] == '\n';
}

static bool blank_before(const struct former *former, size_t line)
{
    return line > 0 && is_blank(former, line - 1);
}

/* ---- comments -----------------------------------------------------------------------------------------------------
 */

static void add_comment(struct former *former, size_t offset)
{
    const char *begin = former->text + offset, *end = memchr(begin, '\n', former->length - offset);
    size_t length = end ? (size_t)(end - begin) : former->length - offset, line = line_of(former, offset);
    while (length > 0 && strchr(" \t\r", begin[length - 1]))
        length--;
    struct comment *comment = ARENA_NEW(former->arena, struct comment);
    *comment = (struct comment){.text = arena_strndup(former->arena, begin, length),
                                .line = line,
                                .offset = offset,
                                .own_line = true,
                                .blank = blank_before(former, line)};
    for (size_t at = former->lines[line]; at < offset; at++) {
        comment->own_line = comment->own_line && (former->text[at] == ' ' || former->text[at] == '\t');
        comment->column += (former->text[at] & 0xc0) != 0x80;
    }
    *ARENA_PUSH(former->arena, former->comments, former->comment_count) = comment;
}

/* Looks through what lies before `end`, where a scalar begins or the text ends. */
static void find_comments(struct former *former, size_t end)
{
    for (size_t at = former->done; at < end; at++) {
        if (former->text[at] != '#' || (at > 0 && !strchr(" \t\n", former->text[at - 1])))
            continue;
        add_comment(former, at);
        const char *next = memchr(former->text + at, '\n', former->length - at);
        at = next ? (size_t)(next - former->text) : former->length;
    }
    former->done = former->done > end ? former->done : end;
}

/* ---- nodes --------------------------------------------------------------------------------------------------------
 */

static const char *properties_of(struct former *former, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    const char *text = (const char *)tag;
    const char *written = !text                        ? ""
                          : str_starts(text, CORE_TAG) ? arena_printf(former->arena, "!!%s", text + strlen(CORE_TAG))
                          : *text == '!'               ? text
                                                       : arena_printf(former->arena, "!<%s>", text);
    if (!anchor && !*written)
        return NULL;
    return arena_printf(former->arena, "%s%s%s%s", anchor ? "&" : "", anchor ? (const char *)anchor : "",
                        anchor && *written ? " " : "", written);
}

static struct form *new_form(struct former *former, const yaml_event_t *event, enum form_kind kind)
{
    struct form *form = ARENA_NEW(former->arena, struct form);
    *form = (struct form){.kind = kind,
                          .offset = offset_of(former, event->start_mark),
                          .end = offset_of(former, event->end_mark),
                          .column = event->start_mark.column};
    return form;
}

/* A text that stood on several lines, on one. */
static const char *on_one_line(struct former *former, const char *text, size_t length)
{
    STR_AUTO out = STR_INIT;
    struct yaml yaml;
    yaml_init(&yaml, &out);
    yaml_bytes(&yaml, text, length);
    if (out.length && out.data[out.length - 1] == '\n')
        out.data[--out.length] = 0;
    return arena_strdup(former->arena, str_text(&out));
}

/* Cuts the lines of a block scalar out of the text; false where they have an indentation of their own to be kept. */
static bool read_block(struct former *former, struct form *form, size_t start)
{
    const char *text = former->text, *header_end = memchr(text + start, '\n', former->length - start);
    size_t at = header_end ? (size_t)(header_end - text) + 1 : former->length, indent = 0, kept = 0;
    size_t length = strcspn(text + start, " \t\r\n#");
    form->text = arena_strndup(former->arena, text + start, length);
    if (strpbrk(form->text, "+0123456789"))
        return false;
    while (at < form->end) {
        const char *end = memchr(text + at, '\n', former->length - at);
        size_t stop = end ? (size_t)(end - text) : former->length, next = stop + 1, spaces = strspn(text + at, " ");
        if (stop > at && text[stop - 1] == '\r')
            stop--;
        bool blank = at + spaces >= stop;
        if (!indent && !blank)
            indent = spaces;
        if (!blank && spaces < indent)
            break;
        size_t skip = spaces < indent || !indent ? spaces : indent;
        *ARENA_PUSH(former->arena, form->lines, form->line_count) =
            blank && spaces <= indent ? "" : arena_strndup(former->arena, text + at + skip, stop - at - skip);
        if (!blank)
            kept = form->line_count;
        at = next;
    }
    form->line_count = kept;
    return kept > 0;
}

static struct form *read_scalar(struct former *former, const yaml_event_t *event)
{
    struct form *form = new_form(former, event, FORM_SCALAR);
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length, start = form->offset;
    yaml_scalar_style_t style = event->data.scalar.style;
    form->properties = properties_of(former, event->data.scalar.anchor, event->data.scalar.tag);
    find_comments(former, form->offset);
    while (form->properties && start < form->end && strchr("&!", former->text[start])) {
        start += strcspn(former->text + start, " \t\r\n");
        start += start < form->end ? strspn(former->text + start, " \t\r\n") : 0;
    }
    if (start > form->end) /* an empty value behind its anchor */
        start = form->end;
    if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE) {
        former->done = start;
        const char *line_end = memchr(former->text + start, '\n', former->length - start);
        find_comments(former, line_end ? (size_t)(line_end - former->text) : former->length);
        form->kind = read_block(former, form, start) ? FORM_BLOCK_SCALAR : FORM_SCALAR;
        if (form->kind == FORM_SCALAR) {
            STR_AUTO quoted = STR_INIT;
            yaml_quoted(value, length, &quoted);
            form->text = arena_strdup(former->arena, str_text(&quoted));
        }
    } else if (memchr(former->text + start, '\n', form->end - start)) {
        form->text = on_one_line(former, value, length);
    } else {
        form->text = arena_strndup(former->arena, former->text + start, form->end - start);
    }
    former->done = former->done > form->end ? former->done : form->end;
    return form;
}

static struct form *read_alias(struct former *former, const yaml_event_t *event)
{
    struct form *form = new_form(former, event, FORM_SCALAR);
    find_comments(former, form->offset);
    former->done = form->end;
    form->text = arena_printf(former->arena, "*%s", (const char *)event->data.alias.anchor);
    return form;
}

static struct form *read_form(struct former *former, yaml_event_t *event);

static bool next_event(struct former *former, yaml_event_t *event)
{
    if (!former->failed && yaml_parser_parse(&former->yaml, event))
        return true;
    refuse(former, former->yaml.problem_mark.line, former->yaml.problem_mark.column, "this");
    *event = (yaml_event_t){.type = YAML_NO_EVENT};
    return false;
}

/* The words of a key, or NULL where it is none. */
static const char *read_key(struct former *former, const yaml_event_t *event)
{
    if (event->type == YAML_ALIAS_EVENT)
        return arena_printf(former->arena, "%s ", read_alias(former, event)->text);
    if (event->type == YAML_SCALAR_EVENT) {
        const struct form *key = read_scalar(former, event);
        if (key->kind == FORM_SCALAR)
            return key->properties ? arena_printf(former->arena, "%s %s", key->properties, key->text) : key->text;
    }
    refuse(former, event->start_mark.line, event->start_mark.column, "a key that is no word");
    return NULL;
}

static void read_items(struct former *former, struct form *form, yaml_event_type_t end)
{
    yaml_event_t event;
    while (next_event(former, &event) && event.type != end) {
        struct form_item *item = ARENA_NEW(former->arena, struct form_item);
        item->parent = form;
        item->offset = offset_of(former, event.start_mark);
        item->line = event.start_mark.line;
        item->blank = blank_before(former, item->line);
        *ARENA_PUSH(former->arena, form->items, form->item_count) = item;
        *ARENA_PUSH(former->arena, former->items, former->item_count) = item;
        if (form->kind == FORM_MAP) {
            item->key = read_key(former, &event);
            yaml_event_delete(&event);
            if (!item->key || !next_event(former, &event))
                return;
        }
        item->value = read_form(former, &event);
        yaml_event_delete(&event);
        if (!item->value)
            return;
        item->value->holder = item;
    }
    if (former->failed)
        return;
    form->end = offset_of(former, form->flow ? event.end_mark : event.start_mark);
    yaml_event_delete(&event);
}

static struct form *read_form(struct former *former, yaml_event_t *event)
{
    struct form *form;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(former, event);
    case YAML_ALIAS_EVENT:
        return read_alias(former, event);
    case YAML_MAPPING_START_EVENT:
        form = new_form(former, event, FORM_MAP);
        form->flow = event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
        form->properties = properties_of(former, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        read_items(former, form, YAML_MAPPING_END_EVENT);
        return form;
    case YAML_SEQUENCE_START_EVENT:
        form = new_form(former, event, FORM_LIST);
        form->flow = event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
        form->properties = properties_of(former, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        read_items(former, form, YAML_SEQUENCE_END_EVENT);
        return form;
    default:
        refuse(former, event->start_mark.line, event->start_mark.column, "this");
        return NULL;
    }
}

/* ---- whose comment it is ------------------------------------------------------------------------------------------
 */

/* The brackets in which it stands are opened: each element gets a line of its own. */
static void open_around(struct form *form, size_t offset)
{
    for (; form; form = form->holder ? form->holder->parent : NULL)
        if (form->flow && form->item_count && form->offset < offset && offset < form->end)
            form->open = true;
}

static void put_before(struct former *former, struct form_item *item, const struct comment *comment)
{
    *ARENA_PUSH(former->arena, item->before, item->before_count) = comment;
    open_around(item->parent, comment->offset);
}

static void put_behind(struct former *former, struct form_item *last, const struct comment *comment)
{
    while (last->parent->flow && last->parent->end <= comment->offset && last->parent->holder)
        last = last->parent->holder;
    if (last->behind) { /* two on one line there cannot be: the other one stands where brackets began */
        put_before(former, last, comment);
        return;
    }
    last->behind = comment;
    open_around(last->parent, comment->offset);
    open_around(last->value, comment->offset);
}

/* The end of what the comment is indented like, going out from the last thing; NULL: it is before `next`. */
static struct form *ended(const struct form_item *last, const struct form_item *next, const struct comment *comment)
{
    for (const struct form *inner = next ? next->parent : NULL; inner;
         inner = inner->holder ? inner->holder->parent : NULL)
        if (inner->holder == last)
            return NULL;
    for (struct form *form = last->parent; form; form = form->holder ? form->holder->parent : NULL) {
        if (next && next->parent == form)
            return NULL;
        if (form->flow ? comment->offset < form->end : comment->column >= form->column)
            return form;
        if (!form->holder)
            return form;
    }
    return NULL;
}

/* "- # comment": the element itself begins on a later line. */
static bool is_behind_dash(const struct former *former, const struct comment *comment)
{
    const char *line = former->text + former->lines[comment->line];
    size_t length = strspn(line, " -");
    return !comment->own_line && memchr(line, '-', length) && line + length == former->text + comment->offset;
}

static void place_comment(struct former *former, const struct comment *comment, size_t *begun)
{
    while (*begun < former->item_count && former->items[*begun]->offset < comment->offset)
        ++*begun;
    struct form_item *last = *begun > 0 ? former->items[*begun - 1] : NULL,
                     *next = *begun < former->item_count ? former->items[*begun] : NULL;
    if (next && is_behind_dash(former, comment)) {
        put_before(former, next, comment);
    } else if (last && !comment->own_line) {
        put_behind(former, last, comment);
    } else if (last && last->value && last->value->kind == FORM_SCALAR && comment->offset < last->value->offset) {
        put_before(former, last, comment);
    } else {
        struct form *form = last ? ended(last, next, comment) : NULL;
        if (form && !form->item_count && form->holder) {
            put_before(former, form->holder, comment);
        } else if (form) {
            *ARENA_PUSH(former->arena, form->tail, form->tail_count) = comment;
            open_around(form, comment->offset);
        } else if (next) {
            put_before(former, next, comment);
        }
    }
}

/* What stands before the first element of an element stands before that: behind a dash there is no room. */
static void lift_comments(struct former *former)
{
    for (size_t i = former->item_count; i-- > 0;) {
        struct form_item *item = former->items[i], *holder = item->parent->holder;
        if (!holder || holder->key || item != item->parent->items[0] || item->parent->flow || !item->before_count)
            continue;
        for (size_t c = 0; c < item->before_count; c++)
            *ARENA_PUSH(former->arena, holder->before, holder->before_count) = item->before[c];
        item->before_count = 0;
    }
}

/* ---- the whole ----------------------------------------------------------------------------------------------------
 */

/* Line breaks that YAML takes for such and an editor does not. */
static bool has_odd_breaks(const char *text, size_t length)
{
    static const char *const breaks[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++)
        if (memmem(text, length, breaks[i], strlen(breaks[i])))
            return true;
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\r' && (i + 1 == length || text[i + 1] != '\n'))
            return true;
    return false;
}

static struct form *read_document(struct former *former)
{
    yaml_event_t event;
    struct form *root = NULL;
    for (bool more = true; more && next_event(former, &event);) {
        more = event.type != YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT &&
            event.data.document_start.tag_directives.start != event.data.document_start.tag_directives.end)
            refuse(former, event.start_mark.line, 0, "a text with tags of its own");
        else if (event.type == YAML_MAPPING_START_EVENT || event.type == YAML_SEQUENCE_START_EVENT ||
                 event.type == YAML_SCALAR_EVENT)
            root = read_form(former, &event);
        yaml_event_delete(&event);
    }
    return former->failed ? NULL : root;
}

struct form *form_read(struct document *document, size_t *comments)
{
    const struct source *source = &document->sources->items[document->file];
    struct former former = {
        .document = document, .arena = document->arena, .text = source->text, .length = source->length};
    size_t begun = 0;
    if (former.length >= 3 && !memcmp(former.text, "\xef\xbb\xbf", 3)) { /* a byte order mark */
        former.text += 3;
        former.length -= 3;
    }
    if (has_odd_breaks(former.text, former.length)) {
        refuse(&former, 0, 0, "a text with line breaks of another system");
        return NULL;
    }
    find_lines(&former);
    if (!yaml_parser_initialize(&former.yaml))
        arena_exhausted();
    yaml_parser_set_input_string(&former.yaml, (const unsigned char *)former.text, former.length);
    struct form *root = read_document(&former);
    yaml_parser_delete(&former.yaml);
    if (!root)
        return NULL;
    find_comments(&former, former.length);
    for (size_t i = 0; i < former.comment_count; i++)
        place_comment(&former, former.comments[i], &begun);
    lift_comments(&former);
    *comments = former.comment_count;
    return root;
}
