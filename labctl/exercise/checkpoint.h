/* The checkpoint of a running exercise: what is needed to build its lab anew, in two files that are written in turn, so
 * that one of them is whole whatever happens; and a third that says when it was last alive.
 *
 * A file is a line "labctl-checkpoint 1 NUMBER WRITTEN LENGTH HASH" and that many bytes.  They hold faults and answers,
 * so they are enciphered: with the key of the journal in an exam, else with one that everybody may know, against
 * reading by accident.  The hash (keyed likewise) is over the line before it and the bytes. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "exercise/journal.h"

struct error;

#define CHECKPOINT_FILES  2
#define CHECKPOINT_FILE_1 "checkpoint.1"
#define CHECKPOINT_FILE_2 "checkpoint.2"
#define ALIVE_FILE        "alive"
extern const char *const checkpoint_files[CHECKPOINT_FILES];

struct checkpoint_node {
    const char *name, *snapshot;
    size_t length;
};
struct checkpoint {
    uint64_t number;
    int64_t written; /* wall clock, ns */
    size_t file;     /* of checkpoint_files (checkpoint_latest) */
    json_t *known;   /* what the director wrote there */
    struct checkpoint_node *nodes;
    size_t node_count;
    struct str bytes; /* into which the nodes point */
};

/* The content, part by part, and then the whole file.  written: the wall clock, another one for each file. */
void checkpoint_put_known(struct str *content, const json_t *known);
void checkpoint_put_node(struct str *content, const char *name, const char *snapshot, size_t length);
void checkpoint_seal(const struct str *content, uint64_t number, int64_t written, const struct journal_key *key,
                     struct str *out);
/* Opens one.  key: an exam's, or NULL.  ERR_FILE with what is wrong. */
int checkpoint_open(const char *text, size_t length, const struct journal_key *key, struct checkpoint *out,
                    struct error *err);
/* The same of the latest one that is whole, of CHECKPOINT_FILES files.  ERR_FILE where there is none. */
int checkpoint_latest(const struct str *texts, const struct journal_key *key, struct checkpoint *out,
                      struct error *err);
void checkpoint_free(struct checkpoint *checkpoint); /* takes a zeroed one */

/* The last moment at which the exercise was seen to go on, and which checkpoint was known then to hold it. */
struct alive {
    int64_t boot, real;
    char boot_id[40];    /* of the machine's start */
    uint64_t checkpoint; /* its number; 0: none is known to */
    int64_t age;         /* ns: how long before this moment the lab was last seen to be as it says */
};
/* How old the checkpoint was at the moment `real`, which is not before the sign of life; by the wall clock where no
 * sign tells of this one.  Never negative. */
int64_t checkpoint_age(const struct checkpoint *checkpoint, const struct alive *alive, int64_t real);
/* Now; of no checkpoint. */
void alive_now(struct alive *alive);
/* Writes a line of always the same length over the old one. */
int alive_write(int fd, const struct alive *alive, const struct journal_key *key);
/* 0, or -1 where it is none. */
int alive_read(const char *text, size_t length, const struct journal_key *key, struct alive *out);
