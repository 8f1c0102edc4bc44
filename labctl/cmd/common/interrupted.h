/* Exercises whose lab ended before they did: they can be taken up again. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;
struct str;

struct interrupted {
    const char *name, *path;      /* of its directory */
    const char *scenario, *title; /* title: or "" */
    const char *lab;              /* "" where its journal does not say */
    int64_t alive;                /* real time at which it was seen to go on last */
};
/* All of them, oldest first, in the arena.  Nothing is locked or changed. */
size_t interrupted_list(struct arena *arena, struct interrupted **out);
/* The one of that name (of its directory, of its scenario: the latest) or path, of that lab; each may be NULL.
 * ERR_ABSENT where there is none, ERR_USAGE where there are several and none is named. */
int interrupted_choose(const struct interrupted *all, size_t count, const char *name, const char *lab,
                       const struct interrupted **out, struct error *err);
/* Ends it for good: its journal gets its end.  Where nothing can be added to that (it was changed, or is an exam's and
 * no code was given) all files stay as they are, as evidence, and the end is noted beside them; why is appended to
 * `problem`.  code: the start code of an exam, or NULL. */
#define ABANDONED_FILE "abandoned.json"
int interrupted_abandon(const struct interrupted *exercise, const char *code, struct str *problem, struct error *err);
/* One line of help where there are any: what can be taken up and how; appended to out. */
void interrupted_tell(struct str *out);
/* Is this directory one of an exercise that can be taken up?  (`labctl gc`) */
int interrupted_is(const char *path);

/* Its files, opened and locked for whoever takes it up: journal, report, briefing (-1 where there is none), and those
 * of checkpoints.  ERR_BUSY where somebody else has it. */
#define INTERRUPTED_FILES 6
int interrupted_open(const struct interrupted *exercise, int files[static INTERRUPTED_FILES], struct error *err);
/* Makes the files of checkpoints of a new exercise, the last three of those above. */
int checkpoint_files_new(const char *directory, int files[static 3], struct error *err);
