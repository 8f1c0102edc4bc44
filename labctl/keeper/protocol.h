/* What the director and the keeper say to each other, over a SOCK_SEQPACKET socket pair.
 *
 * A message is one packet that starts with `struct keeper_header`; descriptors travel with it by SCM_RIGHTS.  The
 * director sends requests, each with a number of its own; the keeper answers some with KEEPER_DONE of that number and
 * sends events at any time.  Both ends are of one build (the director is started by the keeper), so the layout is the
 * machine's own. The director uses it through lab/keeper.h; the keeper's side is labctl/keeper/. */
#pragma once

#include <stdint.h>

/* Descriptors that the director finds open when it starts (0 is /dev/null, 1 and 2 the lab's log). */
#define KEEPER_SOCKET   3 /* this protocol */
#define KEEPER_LISTENER 4 /* the listening control socket "labctl/UID/NAME" */

/* Places in the keeper's tree, as the director sees them; no node sees any of them. */
#define KEEPER_STATE    "/state" /* tmpfs for the director's state */
#define KEEPER_NONCE    "/state/.nonce"
#define KEEPER_LOGS     "/logs"             /* tmpfs for logs of processes */
#define KEEPER_NETNS    "/netns"            /* cloud network namespaces: /netns/ID */
#define KEEPER_OPT      "/opt"              /* embedded services, in the keeper's tree and in every node's */
#define KEEPER_TEMPLATE "/nursery/template" /* what every node's root starts from */

#define KEEPER_MESSAGE_MAX  (128 * 1024)
#define KEEPER_FDS_MAX      8
#define KEEPER_TAG_MAX      64
#define KEEPER_HOSTNAME_MAX 64
#define KEEPER_NONCE_SIZE   32
/* In root mode, ids 0 to 65535 of the lab are these of the host: an unprivileged range that no account has, above the
 * one that systemd gives to containers (systemd's UIDS-GIDS: 524288 to 1879048191). */
#define KEEPER_ROOT_BASE  1879048192u
#define KEEPER_ROOT_COUNT 65536u

enum keeper_kind {
    /* requests */
    KEEPER_HELLO = 1,    /* answered by what there is: KEEPER_NODE_READY, _PROCESS_STARTED, _STORED events, then DONE */
    KEEPER_VIEW,         /* keeper_view + memfd with keeper_file records: DONE */
    KEEPER_NODES,        /* keeper_count + memfd with that many keeper_node records: DONE, then events */
    KEEPER_NODE_DELETE,  /* keeper_id: NODE_GONE */
    KEEPER_CLOUDS,       /* keeper_ids: DONE when all are made */
    KEEPER_CLOUD_DELETE, /* keeper_ids: DONE */
    KEEPER_SPAWN,        /* keeper_spawn + descriptors: PROCESS_STARTED and PROCESS_ENDED, or PROCESS_ENDED alone */
    KEEPER_KILL,         /* keeper_kill: no answer */
    KEEPER_STORE,        /* keeper_store + one descriptor: DONE */
    KEEPER_EXIT,         /* ends the lab: no answer */
    /* answers and events */
    KEEPER_DONE = 100,      /* keeper_done */
    KEEPER_NODE_READY,      /* keeper_nodes_ready: a batch */
    KEEPER_NODE_LOST,       /* keeper_node_event: its init died; it is being rebuilt */
    KEEPER_NODE_GONE,       /* keeper_node_event: deleted, as asked */
    KEEPER_NODE_FAILED,     /* keeper_node_event with operation and number */
    KEEPER_PROCESS_STARTED, /* keeper_process_event: pid in the lab's pid namespace */
    KEEPER_PROCESS_ENDED,   /* keeper_process_event: how */
    KEEPER_STORED,          /* keeper_store + the descriptor */
};

struct keeper_header {
    uint32_t kind;
    uint32_t number; /* of the request, or of the one that is answered */
};

struct keeper_id {
    struct keeper_header header;
    uint32_t id;
};

struct keeper_ids {
    struct keeper_header header;
    uint32_t count;
    uint32_t ids[];
};

struct keeper_count {
    struct keeper_header header;
    uint32_t count;
};

/* A shared lower layer of /etc (hosts, resolv.conf…) for all nodes that name it. */
struct keeper_view {
    struct keeper_header header;
    uint32_t id;
    uint32_t file_count; /* records in the memfd, paths relative to /etc */
};

/* In a memfd: this, then the path (no NUL) and the content, the whole padded to 8 bytes. */
struct keeper_file {
    uint32_t path_length;
    uint32_t content_length;
    uint32_t mode;
    uint32_t zero;
};

/* In a memfd: `count` of these, then the keeper_file records that they point to. */
struct keeper_node {
    uint32_t id;
    uint32_t view;
    char hostname[KEEPER_HOSTNAME_MAX + 1];
    char zero[3];
    uint32_t file_count, setting_count;
    uint64_t files;    /* offset of the first; the others follow it */
    uint64_t settings; /* the same; paths are relative to /proc/sys */
};

enum keeper_target { KEEPER_TARGET_NODE, KEEPER_TARGET_CLOUD, KEEPER_TARGET_FABRIC };

enum keeper_spawn_flags {
    KEEPER_SPAWN_PTY = 1,     /* a terminal of the node; descriptors 0 and 1 are the caller's terminal */
    KEEPER_SPAWN_CONTROL = 2, /* the last descriptor is the caller's socket for keeper_control and keeper_status */
    KEEPER_SPAWN_SILENT = 4,  /* no events to the director */
    /* in a node: with the lab's own programs and libraries, whatever the node made of them; what the node does to keep
     * it from starting counts as its exit with status 127 */
    KEEPER_SPAWN_PRISTINE = 8,
    /* the last descriptor is the recording's, appending, with its header in it */
    KEEPER_SPAWN_RECORD = 16,
    /* in the fabric: a program of the lab itself, which sees the state and enters all namespaces (the relay) */
    KEEPER_SPAWN_OWN = 32,
};

/* argv and environment follow as NUL-terminated strings.  Descriptors: 0, 1, 2, then the control socket and
 * the recording if flagged. */
struct keeper_spawn {
    struct keeper_header header;
    uint32_t process; /* the director's number for it */
    uint32_t target;  /* enum keeper_target */
    uint32_t id;      /* node or cloud namespace */
    uint32_t flags;
    uint16_t rows, columns;
    uint32_t open_files; /* how many descriptors it may have (the soft limit); 0: as many as any */
    uint32_t argc, envc;
    char text[];
};

struct keeper_kill {
    struct keeper_header header;
    uint32_t process;
    int32_t signal;
};

struct keeper_store {
    struct keeper_header header;
    char tag[KEEPER_TAG_MAX];
};

struct keeper_done {
    struct keeper_header header;
    int32_t error;  /* 0 or an errno value */
    char text[200]; /* then: what failed, without the reason */
};

struct keeper_nodes_ready {
    struct keeper_header header;
    uint32_t count;
    struct {
        uint32_t id;
        int32_t pid; /* of the node's init, in the lab's pid namespace */
    } nodes[];
};

struct keeper_node_event {
    struct keeper_header header;
    uint32_t id;
    int32_t pid;
    int32_t error;
    char operation[64];
};

enum keeper_end { KEEPER_EXITED, KEEPER_SIGNALED, KEEPER_NOT_STARTED };

struct keeper_process_event {
    struct keeper_header header;
    uint32_t process;
    int32_t pid;
    uint32_t target, id;
    uint32_t end;       /* enum keeper_end */
    int32_t value;      /* exit status, signal, or errno value */
    char operation[64]; /* KEEPER_NOT_STARTED: what failed ("execute nosuch"); else why the recording is incomplete */
};

/* On the control socket of a spawned process (SOCK_SEQPACKET): the caller sends these … */
enum keeper_control_kind { KEEPER_CONTROL_SIGNAL = 1, KEEPER_CONTROL_WINDOW };
struct keeper_control {
    uint32_t kind;
    int32_t signal;
    uint16_t rows, columns;
};
/* … and receives one of these at the end.  Closing it early means: the caller is gone; hang up, then kill. */
struct keeper_status {
    uint32_t end; /* enum keeper_end */
    int32_t value;
    char operation[64];
};
