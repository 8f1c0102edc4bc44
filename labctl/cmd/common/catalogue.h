/* The scenarios that labctl ships: those in ./scenarios, then those of the installation. */
#pragma once

#include <stddef.h>

struct arena;
struct str;

struct shipped {
    const char *name; /* as `start` takes it: the file's name without .yaml */
    const char *path;
};

/* All of them, sorted by name; of two with one name the first found. */
size_t catalogue_list(struct arena *arena, struct shipped **out);
/* The file that FILE means: itself, or the shipped scenario of that name. */
const char *exercise_file(const char *file, struct str *path);
/* What is shipped under a name like that of a file that there is not, as a hint for its finding; NULL where nothing is.
 */
const char *catalogue_hint(const char *file, struct arena *arena);
