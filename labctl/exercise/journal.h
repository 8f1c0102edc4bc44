/* The journal of an exercise: JSON, one entry a line, only ever appended to; each entry holds the hash of the one
 * before it, so that a line changed, left out or put in shows. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"

struct error;

struct journal {
    int fd; /* append */
    uint64_t count;
    char head[SHA256_TEXT]; /* of the last entry; 64 zeros where there is none */
};

#define JOURNAL_FILE "journal.jsonl"

typedef void journal_entry(void *context, const json_t *entry);

/* Opens the journal behind a descriptor (readable, appending; the journal's from here on, even after an error); entries
 * that are there are verified and handed to `each` (may be NULL) in their order.  A last line that was cut off by a
 * crash is taken away.  ERR_FILE where the chain does not hold.  Only the descriptor is used: who writes may have no
 * right to the directory. */
int journal_open(int fd, struct journal *journal, journal_entry *each, void *context, struct error *err);
void journal_close(struct journal *journal);
/* Adds an entry: what is in `entry` (stolen, an object), its number, the times given, the hash before it and its own.
 * It is on the disk when this returns 0. */
int journal_append(struct journal *journal, json_t *entry, int64_t boot, int64_t real, struct error *err);
