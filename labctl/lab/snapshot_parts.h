/* The parts of a snapshot.  Private to lab/. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;
struct map;
struct str;

/* A snapshot is a row of records; the order is that in which they are put back. */
enum snapshot_record {
    SNAPSHOT_LINK = 1, /* struct portable_link and what its kind says */
    SNAPSHOT_SYSCTL,   /* key, NUL, value, NUL */
    SNAPSHOT_MESSAGE,  /* a portable message, interfaces by the numbers of the links' records */
    SNAPSHOT_NFTABLES, /* the ruleset as nft prints it */
    SNAPSHOT_FILE,     /* struct snapshot_file, path, NUL, content (a link's target) */
    SNAPSHOT_GONE,     /* path, NUL: the template has it, the node has not */
    SNAPSHOT_LEFT_OUT, /* path, NUL, reason, NUL */
};

struct snapshot_file {
    uint32_t mode, uid, gid, zero; /* mode: with the type */
    int64_t seconds, nanoseconds;  /* of its last change */
};

/* data: in two parts, the second may be empty. */
void snapshot_put(struct str *out, enum snapshot_record kind, const void *data, size_t size, const void *more,
                  size_t length);
struct snapshot_reader {
    const char *at, *end;
    enum snapshot_record kind;
    const char *data; /* NUL-terminated, not counted */
    size_t length;
};
/* The next record; false at the end. */
bool snapshot_next(struct snapshot_reader *reader);

/* snapshot_files.c: root: the node's (lab_node_root). */
int files_take(int root, struct str *out, struct error *err);
/* *changed: something was put back that a service may have read. */
int files_apply(int root, const char *data, size_t length, bool *changed, struct str *notes, struct error *err);

/* snapshot_network.c */
int network_take(int netns, struct str *out, struct error *err);
int links_apply(int netns, const char *data, size_t length, struct str *notes, struct error *err);
int network_apply(int netns, const char *data, size_t length, struct str *notes, struct error *err);

/* snapshot_sysctl.c */
int sysctls_take(int netns, struct str *out, struct error *err);
int sysctls_apply(int netns, const char *data, size_t length, struct str *notes, struct error *err);
