/* What an exercise has left behind: its journal, verified, and the scenario that it was started with. */
#pragma once

#include "cmd/common/sealed.h"
#include "exercise/record.h"

struct evidence {
    struct str path; /* of its journal */
    struct str directory;
    struct record record;
    struct sealed_texts texts;
    struct journal_key key; /* of an exam */
    bool read;
};
void evidence_free(struct evidence *evidence); /* takes a zeroed one */
#define EVIDENCE_AUTO __attribute__((cleanup(evidence_free))) struct evidence

/* name: as exercise_journal_read has it.  code: the start code of an exam, or NULL: ERR_USAGE where it is one. ERR_FILE
 * where the journal does not hold, was never scored, or belongs to another scenario than the sealed one beside it. */
int evidence_read(struct evidence *evidence, const char *name, const char *code, struct error *err);
