/* What a text quotes, looked up in what was recorded: does the evidence that somebody cites exist? */
#pragma once

#include <stddef.h>

struct arena;
struct str;

/* One quoted line; found: where it stands, or NULL. */
struct quote {
    const char *line, *found;
};
struct quotes {
    struct quote *items;
    size_t count, found;
};

/* The lines that a text quotes: behind `>`, or between fences (```); those with fewer than three characters tell
 * nothing and are left out. */
struct quotes quotes_of(const char *text, size_t length, struct arena *arena);
/* Looks for those that were not found yet; where: what the transcript is called.  How much space stands between words,
 * and where a line was broken, does not matter; nor does a prompt ("$ ", "# ") before what is quoted. */
void quotes_look(struct quotes *quotes, const char *where, const char *transcript, size_t length, struct arena *arena);
/* Appends what a recording (asciicast v2) shows, as plain text: without colours and cursor movements, with corrections
 * made.  What is no such recording gives nothing. */
void quotes_transcript(const char *cast, size_t length, struct str *out);
/* Appends what a journal tells of the exercise: what was changed, claimed, answered, and what was seen at the end. */
void quotes_journal(const char *journal, size_t length, struct str *out);
