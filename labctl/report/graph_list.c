/* The list of a segment's members in the ASCII graph: rows in columns, rows alike folded into one. */
#include "report/graph_list.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "report/block.h"
#include "report/graph_members.h"

#define FOLD_FROM  4  /* rows alike from which on they share one */
#define LONG_FROM  13 /* rows from which on the list is set in several columns */
#define LIST_WIDTH 88

struct row {
    const char *name, *address, *note;
};

static const char *note_of(const struct interface *interface, struct arena *arena)
{
    STR_AUTO text = STR_INIT;
    for (size_t i = 0; i < interface->security_group_count && interface->security_groups_declared; i++)
        str_printf(&text, "%s%s", i > 0 ? ", " : "[", interface->security_groups[i]->name);
    if (text.length > 0)
        str_append_char(&text, ']');
    const char *services = graph_services(interface->node, arena);
    if (*services)
        str_printf(&text, "%s%s", text.length > 0 ? "  " : "", services);
    if (interface->down)
        str_printf(&text, "%sdown", text.length > 0 ? "  " : "");
    return arena_strdup(arena, str_text(&text));
}

/* Bytes of the name before its trailing digits. */
static size_t stem(const char *name)
{
    size_t length = strlen(name);
    while (length > 0 && isdigit((unsigned char)name[length - 1]))
        length--;
    return length;
}

/* Is `next` what follows `previous`: h7, h8? */
static bool follows(const struct interface *previous, const struct interface *next, struct arena *arena)
{
    const char *a = previous->node->name, *b = next->node->name;
    size_t length = stem(a);
    if (length != stem(b) || strncmp(a, b, length) != 0 || !a[length] || strlen(a) - length > 9 ||
        strlen(b) - length > 9)
        return false;
    if (previous->node->interface_count != 1 || next->node->interface_count != 1)
        return false;
    if (strtoul(b + length, NULL, 10) != strtoul(a + length, NULL, 10) + 1)
        return false;
    return str_equal(note_of(previous, arena), note_of(next, arena));
}

static bool addresses_run(struct interface *const *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (members[i]->address_count != 1 || addr_is_set(&members[i]->public_ip))
            return false;
        struct addr expected = addr_add(members[0]->addresses[0].addr, i);
        if (!addr_equal(&members[i]->addresses[0].addr, &expected))
            return false;
    }
    return true;
}

static struct row folded(struct interface *const *members, size_t count, struct arena *arena)
{
    const struct interface *first = members[0], *last = members[count - 1];
    const char *note = note_of(first, arena);
    struct row row = {.name = arena_printf(arena, "%s .. %s", first->node->name, last->node->name),
                      .note = arena_printf(arena, "%zu nodes%s%s", count, *note ? ", each " : "", note)};
    char from[ADDR_TEXT_MAX];
    if (addresses_run(members, count))
        row.address =
            arena_printf(arena, "%s .. %s", addr_format(&first->addresses[0].addr, from), graph_addresses(last, arena));
    else
        row.address = arena_printf(arena, "%s and others", graph_addresses(first, arena));
    return row;
}

static struct row *rows_of(struct interface *const *members, size_t count, struct arena *arena, size_t *row_count)
{
    struct row *rows = NULL;
    *row_count = 0;
    for (size_t i = 0; i < count;) {
        size_t run = 1;
        while (i + run < count && follows(members[i + run - 1], members[i + run], arena))
            run++;
        if (run < FOLD_FROM)
            run = 1;
        if (run > 1)
            *ARENA_PUSH(arena, rows, *row_count) = folded(members + i, run, arena);
        else
            *ARENA_PUSH(arena, rows, *row_count) =
                (struct row){graph_interface_name(members[i], arena), graph_addresses(members[i], arena),
                             note_of(members[i], arena)};
        i += run;
    }
    return rows;
}

void graph_list(struct block *block, struct interface *const *members, size_t count)
{
    size_t row_count, name_width = 0, address_width = 0;
    struct row *rows = rows_of(members, count, block->arena, &row_count);
    for (size_t i = 0; i < row_count; i++) {
        size_t name = block_columns(rows[i].name), address = block_columns(rows[i].address);
        name_width = name > name_width ? name : name_width;
        address_width = address > address_width ? address : address_width;
    }
    struct block **lines = arena_alloc(block->arena, (row_count + 1) * sizeof *lines);
    for (size_t i = 0; i < row_count; i++) {
        lines[i] = block_new(block->arena);
        bool noted = rows[i].note[0] != '\0';
        block_add(lines[i], "%s%*s  %s%*s%s%s", rows[i].name, block_pad(rows[i].name, name_width), "", rows[i].address,
                  block_pad(rows[i].address, address_width), "", noted ? "  " : "", rows[i].note);
    }
    struct block *list = block_flow(block->arena, lines, row_count, row_count >= LONG_FROM ? LIST_WIDTH : 0);
    block_append(block, list, "", "");
}
