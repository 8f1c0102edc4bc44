/* nft's words about a ruleset ("nftables of web:3:13-20: Error: …", the number of a line of the text) as findings.
 *
 * Theory of operation.  A block scalar (`nftables: |`) begins behind the line of its mark and loses its indentation; so
 * line N of the text stands N lines below the mark, and how much longer the file's line is than the text's tells the
 * indentation.  Where that does not fit (a quoted text, folded lines), the finding stands at the value.  What nft says
 * behind a first syntax error is its consequence, and left out. */
#include "cmd/common/ruleset.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/mark.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "doc/doc.h"
#include "kernel/nft.h"
#include "model/topology.h"

#define SUBJECT "nftables of "

struct complaint {
    const struct node *node;
    unsigned line, column;
    const char *text; /* to the end of its line */
    size_t length;
};

/* Line N (from 1) of a text. */
static const char *text_line(const char *text, unsigned line, size_t *length)
{
    for (; line > 1 && *text; line--) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    *length = strcspn(text, "\n");
    return text;
}

static struct mark place_of(const struct complaint *complaint, struct sources *sources)
{
    struct mark mark = complaint->node->nftables_mark, below = mark;
    const char *written, *line;
    size_t written_length, length;
    below.line += complaint->line;
    line = text_line(complaint->node->nftables, complaint->line, &length);
    if (length > 0 && sources_line(sources, below, &written, &written_length) && written_length >= length &&
        memcmp(written + written_length - length, line, length) == 0) {
        below.column = (uint32_t)(written_length - length) + complaint->column;
        return below;
    }
    return mark;
}

/* "NODE:LINE:COLUMN-COLUMN: Error: TEXT"; the rest of nft's words are not for a finding. */
static bool parse(const char *at, const struct topology *topology, struct complaint *out)
{
    char name[80];
    size_t length = strcspn(at, ":\n");
    int used = 0;
    if (length >= sizeof name)
        return false;
    memcpy(name, at, length);
    name[length] = '\0';
    out->node = topology_node(topology, name);
    if (!out->node || !out->node->nftables ||
        sscanf(at + length, ":%u:%u%*[-0-9]: Error: %n", &out->line, &out->column, &used) != 2 || used == 0)
        return false;
    out->text = at + length + used;
    out->length = strcspn(out->text, "\n");
    return true;
}

/* The remedy, where nft's grammar tells nothing to who does not know it. */
static const char *remedy(const char *text, struct arena *arena)
{
    char word[40];
    int used = 0;
    if (strstr(text, "unexpected '}', expecting newline or semicolon"))
        return "nft wants a `;` or a new line before this brace";
    if (sscanf(text, "syntax error, unexpected %39[a-z0-9-], expecting string%n", word, &used) == 1 && used)
        return arena_printf(arena, "`%s` is a word of nft itself: give the table, chain or set another name", word);
    return NULL;
}

static void add(const struct complaint *complaint, struct sources *sources, struct findings *findings)
{
    const char *text = arena_strndup(findings->arena, complaint->text, complaint->length);
    struct mark mark = place_of(complaint, sources);
    struct finding *finding = findings_add(findings, FINDING_ERROR, "nftables", mark,
                                           "nft: %s (line %u of the ruleset)", text, complaint->line);
    finding->hint = remedy(text, findings->arena);
}

static void add_all(const struct topology *topology, struct sources *sources, const struct error *err,
                    struct findings *findings)
{
    bool unreadable = false;
    for (const char *at = err->text; !unreadable && (at = strstr(at, SUBJECT));) {
        struct complaint complaint;
        at += strlen(SUBJECT);
        if (!parse(at, topology, &complaint))
            continue;
        add(&complaint, sources, findings);
        unreadable = str_starts(complaint.text, "syntax error");
    }
}

void rulesets_check(const struct topology *topology, struct sources *sources, struct findings *findings)
{
    for (size_t i = 0; i < topology->node_count; i++) {
        const struct node *node = topology->nodes[i];
        struct error err = ERROR_INIT;
        STR_AUTO what = STR_INIT;
        str_printf(&what, SUBJECT "%s", node->name);
        if (node->nftables && nft_parse(str_text(&what), node->nftables, &err) != 0)
            add_all(topology, sources, &err, findings);
    }
}

bool ruleset_fail(const struct context *context, const struct topology *topology, struct sources *sources,
                  const struct error *err)
{
    ARENA_AUTO arena = arena_new();
    struct findings findings;
    STR_AUTO text = STR_INIT;
    findings_init(&findings, arena);
    add_all(topology, sources, err, &findings);
    if (findings.count == 0)
        return false;
    findings_print(&findings, sources, context->color_stderr, &text);
    fputs(str_text(&text), stderr);
    const char *behind = strstr(err->text, ": " SUBJECT); /* what the error says beside it */
    if (behind)
        fprintf(stderr, "labctl: %.*s\n", (int)(behind - err->text), err->text);
    return true;
}
