/* The journal of an exercise: JSON, one entry a line, only ever appended to; each entry holds the hash of the one
 * before it, so that a line changed, left out or put in shows.  With a key (an exam's) the hash is a keyed one, which
 * only who has the key can make. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"

struct error;

#define JOURNAL_FILE    "journal.jsonl"
#define JOURNAL_KEY_MAX 64

struct journal_key {
    uint8_t bytes[JOURNAL_KEY_MAX];
    size_t length; /* 0 = no key */
};

struct journal {
    int fd; /* append; -1 where it was only read */
    uint64_t count;
    char head[SHA256_TEXT]; /* of the last entry; 64 zeros where there is none */
    struct journal_key key;
};

typedef void journal_entry(void *context, json_t *entry);

/* Opens the journal behind a descriptor (readable, appending; the journal's from here on, even after an error); entries
 * that are there are verified and handed to `each` (may be NULL; who keeps one takes a reference) in their order.  A
 * last line that was cut off by a crash is taken away.  ERR_FILE where the chain does not hold: "corrupted journal",
 * the line, and what is wrong with it.  key: NULL = none.  Only the descriptor is used: who writes may have no right to
 * the directory. */
int journal_open(int fd, struct journal *journal, const struct journal_key *key, journal_entry *each, void *context,
                 struct error *err);
/* The same over a text: nothing is opened or written; a last line that was cut off is left out. */
int journal_read(const char *text, size_t length, struct journal *journal, const struct journal_key *key,
                 journal_entry *each, void *context, struct error *err);
void journal_close(struct journal *journal);
/* Adds an entry: what is in `entry` (stolen, an object), its number, the times given, the hash before it and its own;
 * then hands it to `each` (may be NULL) exactly as it would be read again.  It is on the disk when this returns 0;
 * where it cannot be written (a full disk), the journal is as it was before. */
int journal_append(struct journal *journal, json_t *entry, int64_t boot, int64_t real, journal_entry *each,
                   void *context, struct error *err);
