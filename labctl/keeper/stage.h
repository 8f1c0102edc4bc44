/* How the command line starts the keeper: descriptors, arguments and the answer. */
#pragma once

#include <stdint.h>

/* Descriptors that the keeper finds open.  Its arguments are "argument=TEXT" (of the director), "embedded=NAME" and
 * "hidden=PATH", any number of each; its environment is empty. */
enum stage_fd {
    STAGE_LOG = 2,      /* a memfd, appended to by keeper and director */
    STAGE_STATUS = 3,   /* SOCK_SEQPACKET: one struct stage_status to the command line */
    STAGE_COMMIT = 4,   /* pipe: a byte means that the lab may outlive the command line, end of file that it may not */
    STAGE_LISTENER = 5, /* the bound control socket */
    STAGE_DIRECTOR = 6, /* the program of the director; until the pivot */
    STAGE_SERVE = 7,    /* the program of the embedded services; until the pivot */
    STAGE_RELAY = 8,    /* the program of the relay; until the pivot */
    STAGE_SETTINGS = 9, /* the keeper's own, from stage 1 on: struct settings and the director's arguments */
    STAGE_NURSERY = 10, /* the keeper's own, from stage 1 on: the nursery tells that it is built (nursery.c) */
    STAGE_END = 11
};

struct stage_status {
    int32_t error;       /* 0: up, the director has said hello */
    char operation[200]; /* else what failed: one of the texts below, or a plain sentence part */
};

/* Failures that tell what the machine lacks. */
#define STAGE_OP_NAMESPACES  "create the lab's namespaces"
#define STAGE_OP_MAP         "map the lab's user ids"
#define STAGE_OP_TAKE_MOUNTS "take the lab's mounts out of the host's"
#define STAGE_OP_ROOT        "mount the lab's root"
#define STAGE_OP_PROC        "mount the lab's /proc"
#define STAGE_OP_SYS         "mount the lab's /sys"
#define STAGE_OP_READ_ONLY   "make the lab's files read-only"
