/* Where a thing stands in the author's text; and what is wrong there. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arena;

/* line and column count from 1 (columns in characters, not bytes); line 0 = nowhere.  `file` indexes struct sources. */
struct mark {
    uint32_t file, line, column;
};

enum finding_level { FINDING_WARNING, FINDING_ERROR };

struct finding {
    enum finding_level level;
    const char *rule; /* short stable name of the broken rule, as printed in [brackets]: "unknown-key" */
    struct mark mark;
    const char *text;       /* one sentence, no trailing dot: the value, the rule */
    const char *hint;       /* the remedy ("did you mean 'subnet'?"), or NULL */
    struct mark other;      /* the second place of a conflict, or line 0 */
    const char *other_text; /* what stands there ("first defined here"), or NULL */
};

/* All findings of one run.  Text is copied into the arena. */
struct findings {
    struct arena *arena;
    struct finding *items;
    size_t count;
    size_t errors; /* those with level FINDING_ERROR */
};

void findings_init(struct findings *findings, struct arena *arena);
/* Adds a finding and returns it, so that hint and other can be filled in.  Pointer valid until the next add. */
struct finding *findings_add(struct findings *findings, enum finding_level level, const char *rule, struct mark mark,
                             const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Sorts by file, line, column and drops exact duplicates. */
void findings_sort(struct findings *findings);
