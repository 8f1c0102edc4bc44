/* Where the shipped scenarios lie. */
#include "cmd/common/catalogue.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/place.h"
#include "base/str.h"
#include "base/table.h"

#define SUFFIX ".yaml"

enum { PLACES = 2 };

/* The directories that are looked through, in their order. */
static void find_places(const char *places[static PLACES], char installed[static PATH_MAX])
{
    places[0] = "scenarios";
    places[1] = place_installed("share/labctl/scenarios", installed) ? installed : LABCTL_DATA "/scenarios";
}

const char *exercise_file(const char *file, struct str *path)
{
    char installed[PATH_MAX];
    const char *places[PLACES];
    if (!access(file, F_OK) || strchr(file, '/'))
        return file;
    find_places(places, installed);
    for (size_t i = 0; i < PLACES; i++) {
        str_clear(path);
        str_printf(path, "%s/%s" SUFFIX, places[i], file);
        if (!access(str_text(path), R_OK))
            return str_text(path);
    }
    return file;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct shipped *)a)->name, ((const struct shipped *)b)->name);
}

static void add(struct arena *arena, const char *place, const char *file, struct shipped **list, size_t *count)
{
    if (!str_ends(file, SUFFIX) || file[0] == '.')
        return;
    const char *name = arena_strndup(arena, file, strlen(file) - strlen(SUFFIX));
    for (size_t i = 0; i < *count; i++)
        if (str_equal((*list)[i].name, name))
            return;
    *ARENA_PUSH(arena, *list, *count) = (struct shipped){name, arena_printf(arena, "%s/%s", place, file)};
}

size_t catalogue_list(struct arena *arena, struct shipped **out)
{
    char installed[PATH_MAX];
    const char *places[PLACES];
    size_t count = 0;
    *out = NULL;
    find_places(places, installed);
    for (size_t i = 0; i < PLACES; i++) {
        DIR *directory = opendir(places[i]);
        for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;)
            add(arena, places[i], entry->d_name, out, &count);
        if (directory)
            closedir(directory);
    }
    if (count > 0)
        qsort(*out, count, sizeof **out, by_name);
    return count;
}

const char *catalogue_hint(const char *file, struct arena *arena)
{
    struct shipped *shipped;
    size_t count = strchr(file, '/') || !access(file, F_OK) ? 0 : catalogue_list(arena, &shipped);
    const char **names = arena_alloc(arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = shipped[i].name;
    const char *nearest = str_nearest(file, names, count);
    return nearest ? arena_printf(arena, "did you mean '%s'? (`labctl exercises` lists what is shipped)", nearest)
                   : NULL;
}
