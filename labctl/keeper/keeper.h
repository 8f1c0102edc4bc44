/* The keeper's own parts.
 *
 * Theory of operation.  The program runs in three stages, each of which ends by becoming the next:
 *   0  outside (main.c): makes the lab's namespaces in one clone, writes the id maps of the child, and ends;
 *   1  pid 1 of the lab (tree.c): builds the lab's own file tree, pivots into it, executes /program/init; a child of
 *      it builds what nodes start from (nursery.c, base.c), beside what follows;
 *   2  /program/init (supervise.c): clean memory, empty environment; starts the director and serves it until death.
 * Its death is the lab's clean-up, so it holds little, never blocks on anybody and trusts the director alone.
 *
 * What is forked from it (node inits, spawn waiters) is closer to the learner than anything else of the lab.  Two
 * things keep it from being a way out: it has no descriptors but those that it is meant to have, and it is not
 * dumpable: while the memory's user namespace is the lab's, a node's root can neither trace it nor look at its memory
 * or descriptors. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keeper/protocol.h"
#include "keeper/stage.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* What stage 1 found out and stage 2 must know. */
struct settings {
    uint32_t root_mode;  /* ids 0 to 65535 are mapped, not only 0 */
    uint32_t beside_usr; /* bit i: tree_beside_usr[i] is a directory of its own */
    uint32_t nursery;    /* pid of the child that builds the nursery */
    uint32_t argument_count;
    uint32_t arguments_length; /* NUL-terminated strings follow */
};

/* Command line of stage 0, decoded. */
struct stage_options {
    bool root_mode;
    const char **arguments, **embedded, **hidden;
    size_t argument_count, embedded_count, hidden_count;
};

/* main.c: reports a failure of stages 0 and 1 (and of stage 2 before it is up) to the command line and exits. */
void stage_fail(int error, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

/* tree.c: builds the lab's tree and makes it the root; ends by stage_fail. */
void tree_build(const struct stage_options *options, struct settings *settings);
/* Device files of the lab and of its nodes; directories that stand beside /usr where they are not links into it. */
extern const char *const tree_devices[6], *const tree_beside_usr[6];

/* Parts of it, for nursery.c; paths are relative to the tree while it is being built.  End by stage_fail. */
void tree_directory(const char *path, unsigned mode);
void tree_file(const char *path);
void tree_link(const char *target, const char *path);
void tree_read_only(const char *path, unsigned flags); /* flags: 0 or AT_RECURSIVE */

/* nursery.c, in stage 1: starts its building in the empty tree, and lets it go on when the tree has all that it shows
 * of the host. */
void nursery_start(struct settings *settings);
void nursery_go_on(const struct settings *settings);
/* In stage 2. */
void nursery_adopt(const struct settings *settings);
bool nursery_ready(void);
void nursery_readable(void); /* STAGE_NURSERY is */
/* Takes the keeper where nodes with this view (or UINT32_MAX) are cloned: 0 or an errno value.  Until nursery_leave, no
 * path is the lab's. */
int nursery_enter(uint32_t view);
void nursery_leave(void);

/* pristine.c: the lab's programs as they were, for a process in a node that need not have kept its own.  Taken outside
 * (false where the kernel cannot), laid inside, in a mount namespace of the process's own: 0 or an errno value, which
 * is the node's doing. */
struct pristine {
    int usr, directories[6], beside[3];
};
bool pristine_take(struct pristine *pristine);
int pristine_lay(struct pristine *pristine);

/* base.c: fills directory `etc` with what programs need from the host's /etc (both are descriptors) and with own texts.
 * First what the director's start needs. */
void base_build_first(int host, int etc);
void base_build(int host, int etc, bool root_mode);
/* Copies a tree: directories, regular files, symbolic links; skips what cannot be read, and files that are there
 * already unless `over`.  0 or a negative errno value. */
int base_copy(int from, const char *from_name, int to, const char *to_name, bool over);
/* Writes a whole new file in place of any old one; the umask must be 0.  0 or a negative errno value. */
int base_write(int directory, const char *path, const void *content, size_t length, unsigned mode);
/* Makes the directories that lead to `path` (all but its last part).  0 or a negative errno value. */
int base_parents(int directory, const char *path);
/* Copies all of `from` into a new file.  0 or a negative errno value. */
int base_copy_program(int from, int directory, const char *name);

/* supervise.c */
int supervise(void); /* stage 2; returns the exit status */
void keeper_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
int64_t keeper_now(void); /* milliseconds, monotonic */

/* What a child in a node or a waiter reports through one pipe, each in one write. */
enum report_kind { REPORT_NODE_READY, REPORT_NODE_FAILED, REPORT_STARTED, REPORT_ENDED };
struct report {
    uint32_t kind;
    uint32_t id;         /* node or process */
    uint32_t generation; /* of the node or process */
    int32_t pid;         /* REPORT_STARTED; REPORT_NODE_READY: of its init */
    uint32_t end;        /* REPORT_ENDED */
    int32_t value;       /* REPORT_ENDED; errno value of REPORT_NODE_FAILED */
    char operation[64];
};
void report_send(const struct report *report); /* in children: ends the child where the keeper is gone */

extern struct keeper_state {
    bool root_mode;
    bool overlay; /* the root of a node is an overlay; else a copy */
    uint32_t beside_usr;
    int program;    /* this one */
    int proc;       /* /proc */
    int views;      /* /views (view.c) */
    int lock;       /* a file for byte-range locks, a byte for each node (furnish.c) */
    int reports[2]; /* pipe */
    int signals;    /* signalfd of SIGCHLD and SIGTERM */
    int director;   /* socket, or -1 while none runs */
    pid_t director_pid;
    bool up; /* the command line was told */
} keeper;

/* In a fresh child: closes all descriptors but `keep` (ascending). */
void child_close_all(const int *keep, size_t count);

/* director.c */
void director_start(void);
void director_ended(int status); /* its process was reaped */
int director_timeout(void);      /* milliseconds until it must be started again, or -1 */
void director_readable(void);    /* takes all requests that wait */
void director_flush(void);       /* sends what is queued, as far as it goes */
bool director_wants_write(void);
void director_send(const void *message, size_t length, int fd); /* fd is borrowed; -1: none */
void director_done(uint32_t number, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* store.c: descriptors in care */
void store_put(const struct keeper_store *request, int fd);
void store_announce(void);

/* node.c */
void node_create(const struct keeper_count *request, int memory);
void node_delete(uint32_t id);
void node_work(void);                          /* starts the next batch */
int node_timeout(void);                        /* milliseconds until node_work has something to do, or -1 */
bool node_ended(pid_t pid);                    /* was it a node's init? */
bool node_cradle_ended(pid_t pid, int status); /* was it a cradle? */
void node_reported(const struct report *report);
void node_flush(void);       /* sends gathered NODE_READY events */
void node_announce(void);    /* all that are ready */
pid_t node_pid(uint32_t id); /* of its init, or 0 */
bool node_is_furnished(uint32_t id);
void node_furnished(uint32_t id, pid_t pid); /* where its init still is this one */
/* Calls back for every running node that has a copy of this view. */
void node_each_copy_of_view(uint32_t view, void (*call)(pid_t pid, void *context), void *context);

/* view.c.  UINT32_MAX is no view. */
void view_enter(uint32_t view); /* one node more has it */
void view_leave(uint32_t view);
bool view_is_small(uint32_t view); /* nodes that are made now get a copy of it, not a layer */
void view_define(const struct keeper_view *request, int memory);

/* cradle.c */
#define CRADLE_NODES  64    /* that a cradle makes at most */
#define KEEPER_NOBODY 65535 /* an id of the lab, in root mode, that nothing in its user namespace takes */
struct cradle_order {
    uint32_t root_mode, overlay, beside_usr, count;
    struct cradle_node {
        uint32_t id, generation, file_count, setting_count;
        uint32_t copied_view;     /* UINT32_MAX: it has the cradle's, as a layer */
        uint64_t files, settings; /* places in the memfd */
        char hostname[KEEPER_HOSTNAME_MAX + 1];
    } nodes[];
};
/* In the keeper: makes nodes of one view (UINT32_MAX: none, or each its copy), whose files are in the memfd.  The
 * cradle reports on each of them, with the pid of its init, and ends; the inits are the keeper's children then.  Its
 * pid, or a negative errno value. */
pid_t cradle_start(uint32_t view, int memory, const struct cradle_order *order);
/* In the program that it executes. */
void cradle(void) __attribute__((noreturn));

/* inside.c: what a node's init does, in its own namespaces.  A failure, which does not return, ends it. */
struct node_start {
    uint32_t id, generation;
    const char *hostname;
    int memory; /* memfd with the files' records */
    int views;  /* where copied_view is, unless that is UINT32_MAX */
    uint32_t copied_view;
    uint64_t files, settings;
    uint32_t file_count, setting_count;
};
typedef void inside_failure(void *context, int error, const char *operation);
void inside_run(const struct node_start *start, inside_failure *failure, void *context);

/* furnish.c, in a process that has entered a node that may not be furnished yet: 0 or an errno value.  `lock` is
 * keeper.lock, for this process alone. */
int furnish(int lock, uint32_t id);

/* cloud.c */
void cloud_create(const struct keeper_ids *request);
void cloud_delete(const struct keeper_ids *request);

/* filter.c: for this process and its children, no key rings; and where there is only one group, setgroups(2)
 * succeeds and does nothing. */
void filter_calls(bool one_group);

/* spawn.c */
void spawn_start(const struct keeper_spawn *request, size_t length, int *fds, size_t fd_count);
void spawn_kill(const struct keeper_kill *request);
bool spawn_ended(pid_t pid, int status); /* was it a waiter? */
void spawn_reported(const struct report *report);
void spawn_announce(void);

/* record.c: what is seen of a session, for the exercise that it is part of.  With no descriptor all of these do
 * nothing. */
#define RECORD_MAX     ((size_t)16 << 20) /* bytes of a recording */
#define RECORD_SOURCES 3
enum record_source { RECORD_INPUT, RECORD_OUTPUT, RECORD_ERROR };
struct recording {
    int fd; /* appending; or -1 */
    int64_t began;
    size_t size;  /* of the file: whole lines */
    int problem;  /* errno value: why it is incomplete; 0: it is not */
    bool missing; /* something, and no mark says so yet */
    bool full;
    struct record_rest {
        char bytes[4]; /* the beginning of a character */
        size_t length;
    } rests[RECORD_SOURCES];
};
void record_begin(struct recording *record, int fd);
void record_data(struct recording *record, enum record_source source, const char *data, size_t length);
void record_window(struct recording *record, uint16_t rows, uint16_t columns);
const char *record_end(struct recording *record); /* why it is incomplete, or "" */

/* stream.c: standard output and error of a recorded command that has no terminal of its own */
#define STREAMS 2
struct stream {
    int from;        /* what the command writes; -1: it is not relayed (any more) */
    int end;         /* the command's side, until it has it */
    int to;          /* the caller's descriptor */
    bool terminal;   /* `from` is a terminal's master */
    char data[4096]; /* for the caller; at most this much fits where something fits */
    size_t length;
};
#define STREAM_NONE                                                                                                    \
    {                                                                                                                  \
        .from = -1, .end = -1, .to = -1                                                                                \
    }
struct pollfd;
void streams_open(struct stream *streams, uint16_t rows, uint16_t columns);
void streams_give(const struct stream *streams); /* in the process: these are its 1 and 2 */
void streams_take(struct stream *streams);       /* in the waiter, after the fork */
bool streams_left(const struct stream *streams);
void streams_poll(const struct stream *streams, struct pollfd *fds);
void streams_work(struct stream *streams, const struct pollfd *fds, struct recording *record);
void streams_window(const struct stream *streams, uint16_t rows, uint16_t columns);
void streams_drain(struct stream *streams, struct recording *record); /* what was written before the process ended */
void streams_linger(struct stream *streams); /* until nobody holds them any more: others may have been started */

/* wait.c: the waiter's life beside the process; never returns */
struct waiter {
    uint32_t process, generation;
    pid_t child;
    int control; /* caller's socket, or -1 */
    int signals; /* signalfd */
    int master;  /* of the pty, or -1 */
    bool silent;
    struct recording record;
    struct stream streams[STREAMS];
};
#define WAITER_SIGNAL (SIGRTMIN + 1) /* from the keeper: send sigval to the process group */
void wait_run(struct waiter *waiter) __attribute__((noreturn));
void wait_end(struct waiter *waiter, enum keeper_end end, int value, const char *operation) __attribute__((noreturn));

/* pty.c */
int pty_open(uint16_t rows, uint16_t columns); /* master in the current mount namespace, or a negative errno value */
#define PTY_DRAIN 50 /* ms of silence after which a terminal that others still hold counts as read */
struct pty_relay {
    int master;
    struct recording *record;
    bool input_open;    /* the caller's terminal still gives */
    char pending[4096]; /* for the master */
    size_t pending_length;
};
/* Types the end of file: what the caller gave has ended.  It is typed again from time to time, because a program that
 * changes the terminal's mode at that moment (a shell before its prompt) throws away what waits there. */
void pty_end(struct pty_relay *relay);
void pty_input(struct pty_relay *relay);  /* from descriptor 0 */
void pty_output(struct pty_relay *relay); /* to descriptor 1 */
void pty_feed(struct pty_relay *relay);   /* writes what is pending */
void pty_drain(struct pty_relay *relay);  /* what the process wrote before it ended */
