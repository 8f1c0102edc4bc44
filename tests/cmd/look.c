/* What a learner can see in the nodes of a lab, for scripts: `look LAB` prints "NODE SECTION LINE", sorted, a file's
 * lines with its path in the place of the section.  Where an order means something (rules of nftables, lines of a file)
 * each line has its number.  Left out is what services write while they run. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "cmd/common/looks.h"
#include "lab/control.h"

struct lines {
    struct arena *arena;
    const char **items;
    size_t count;
};

static bool is_written_to(const char *line)
{
    static const char *const places[] = {"/var/log/", "/var/lib/", "/var/cache/", "/run/"};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        if (strstr(line, places[i]))
            return true;
    return false;
}

static void add(struct lines *lines, const char *node, const char *place, unsigned number, const char *line)
{
    const char *text = number ? arena_printf(lines->arena, "%s %s %05u %s", node, place, number, line)
                              : arena_printf(lines->arena, "%s %s %s", node, place, line);
    *ARENA_PUSH(lines->arena, lines->items, lines->count) = text;
}

static void read_look(struct lines *lines, const char *node, const char *look)
{
    const char *section = "", *file = NULL;
    unsigned number = 0;
    while (*look) {
        size_t length = strcspn(look, "\n");
        const char *line = arena_strndup(lines->arena, look, length);
        look += length + (look[length] == '\n');
        if (*line == '\001' || *line == '\002') {
            file = *line == '\002' ? line + 1 : NULL;
            section = file ? section : line + 1;
            number = 0;
            continue;
        }
        number++;
        if (file ? is_written_to(file) : str_equal(section, "files") && is_written_to(line))
            continue;
        if (str_equal(section, "sockets") && !str_starts(line, "tcp ")) /* numbers by chance, also in names */
            continue;
        add(lines, node, file ? file : section, file || str_equal(section, "nftables") ? number : 0, line);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int main(int argc, char **argv)
{
    struct error err = ERROR_INIT;
    struct control *control;
    ARENA_AUTO arena = arena_new();
    struct lines lines = {.arena = arena};
    json_t *looks, *look;
    const char *node;
    if (argc != 2 || control_connect(argv[1], &control, &err) ||
        looks_take(control, json_pack("{s:b}", "learned", 1), &looks, &err)) {
        fprintf(stderr, "look: %s\n", argc == 2 ? err.text : "LAB");
        return 1;
    }
    json_object_foreach(looks, node, look) read_look(&lines, node, json_string_value(look));
    if (lines.count)
        qsort(lines.items, lines.count, sizeof *lines.items, by_text);
    for (size_t i = 0; i < lines.count; i++)
        puts(lines.items[i]);
    json_decref(looks);
    control_close(control);
    return 0;
}
