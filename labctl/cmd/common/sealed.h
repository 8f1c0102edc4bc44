/* Sealed scenarios: what `pack` writes, and `start`, `report --rescore` and `mark` open with its start code. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/sha256.h"
#include "base/str.h"
#include "seal/seal.h"

struct context;
struct error;
struct exercise_reading;
struct findings;
struct sources;
struct journal_key;
struct variant;

#define SEALED_SUFFIX ".sealed"
#define SEALED_FILE   "exam" SEALED_SUFFIX /* the copy in an exercise's directory */

/* A scenario as an exercise takes it: the drawn one without topology and solution, and its topology. */
struct sealed_texts {
    struct str stripped, topology;
};
void sealed_texts_free(struct sealed_texts *texts);
#define SEALED_TEXTS_AUTO __attribute__((cleanup(sealed_texts_free))) struct sealed_texts

/* An opened file. */
struct sealed {
    struct seal seal;
    uint8_t key[SEAL_KEY]; /* of the journal */
    char sum[SHA256_TEXT]; /* of the file */
    struct str file;       /* as it is: still sealed */
    json_t *content;
};
void sealed_free(struct sealed *sealed); /* takes a zeroed one */
#define SEALED_AUTO __attribute__((cleanup(sealed_free))) struct sealed

/* Whether a file is a sealed one. */
bool sealed_is(const char *path);
/* For whoever reads files as text: whether it is one, which is then a finding. */
bool sealed_found(const char *path, struct sources *sources, struct findings *findings);
/* The start code of the option --code or of LABCTL_START_CODE, or NULL. */
const char *sealed_code_given(struct context *context);
/* The start code: of the option --code, of LABCTL_START_CODE, or asked for on the terminal.  0, or the exit status. */
int sealed_code(struct context *context, const char *what, struct str *code);
int sealed_open(const char *path, const char *code, struct sealed *sealed, struct error *err);
/* Its scenario in a variant.  One that was drawn before it was sealed has its own; another is refused. */
int sealed_draw(const struct sealed *sealed, const struct variant *variant, struct sealed_texts *texts,
                struct error *err);
/* The scenario of such texts (scenario_free). */
struct scenario;
int sealed_load(const struct sealed_texts *texts, struct scenario **out, struct error *err);
/* What seals a scenario that was read in a variant: drawn, or for every variant.  The file is appended to `out`. */
int sealed_make(const struct exercise_reading *reading, const struct variant *variant, bool drawn, const char *code,
                struct str *out, struct error *err);
void sealed_key(const struct sealed *sealed, struct journal_key *key);
