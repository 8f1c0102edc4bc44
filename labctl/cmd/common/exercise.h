/* What the commands of an exercise share: reading a scenario through all its rules, the directories of exercises,
 * printing. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/mark.h"
#include "base/str.h"
#include "cmd/common/catalogue.h"

struct context;
struct document;
struct error;
struct scenario;
struct sources;
struct variant;

struct exercise_reading {
    struct arena *arena;
    struct sources *sources;
    struct findings findings;
    struct document *document;
    struct scenario *scenario; /* valid where exercise_read_variant returned 0 */
};
#define EXERCISE_READING_AUTO __attribute__((cleanup(exercise_reading_free))) struct exercise_reading
/* Reads it in the variant of a seed and a learner (NULL: without): 0, or the exit status after the findings were
 * printed.  exercise_reading_free in any case. */
int exercise_read_variant(struct exercise_reading *reading, const struct context *context, const char *path,
                          const struct variant *variant);
void exercise_reading_free(struct exercise_reading *reading); /* takes a zeroed one */
/* All that is to be said of a scenario that was loaded: its topology's rules, its faults, what it requires by name. */
void exercise_check_scenario(const struct scenario *scenario, struct findings *findings);

/* What this machine does not have of what it requires and of what its services run: warnings, each at its place. */
void exercise_requirements_find(const struct scenario *scenario, struct findings *findings);
/* The same as an error that names all of it: 0, or -1 with err (ERR_CAPABILITY). */
int exercise_requirements(const struct scenario *scenario, struct error *err);

/* Where the directories of exercises are: below XDG_STATE_HOME. */
int exercises_home(struct str *out, struct error *err);
/* Makes a new directory for an exercise below XDG_STATE_HOME; journal and report are open in it. */
int exercise_directory_new(const char *scenario, struct str *path, int *journal, int *report, struct error *err);
/* The file of its briefing, to which more can be added. */
#define BRIEFING_FILE "briefing.txt"
int exercise_briefing_new(const char *directory, int *briefing, struct error *err);
/* What runs in nodes from now on is recorded, in the folder of its sessions, in which the lab can make files. */
#define SESSIONS_FOLDER "sessions"
struct launch;
int exercise_record(struct launch *launch, const struct context *context, const char *directory, struct error *err);
/* Takes a directory away in which nothing came to be. */
void exercise_directory_remove(const char *path);
/* The report of an exercise: by the name of its directory or its scenario (the latest one), or by the path of a
 * directory (with a slash); NULL: the latest of all. */
int exercise_report_read(const char *name, struct str *path, json_t **result, struct error *err);
/* Whether the latest exercise of that name has no report (it was abandoned, or runs), so that exercise_report_read
 * gives one before it: its directory's name, appended. */
bool exercise_later(const char *name, struct str *later);
/* Its journal, likewise. */
int exercise_journal_read(const char *name, struct str *path, struct str *text, struct error *err);

/* Refuses a command that no lab needs (`plan`) while an exercise of this user runs. */
int exercise_forbids(const char *command, struct error *err);

/* cmd_fail for commands that need a running exercise: where none runs any more it tells of the last one. */
int exercise_fail(const struct context *context, const struct error *err);

/* Where no lab is named and several run: the one with the only exercise. */
void exercise_choose_lab(struct context *context);

/* Of an exam: prints the head of its journal, for whoever supervises it; when: "start", "end". */
void exercise_print_head(const json_t *status, const char *when);
/* Prints a result by the writer of that name (NULL: as --format says); returns the exit status: 0, 1 below the pass
 * mark, 2 where there is no such writer. */
int exercise_print_report(const struct context *context, const char *as, const json_t *result);
