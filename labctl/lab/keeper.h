/* The director's side of the keeper: makes nodes and cloud namespaces, spawns processes, keeps descriptors over a
 * restart.
 *
 * The director runs in the lab's own pid, user, mount and network namespace (the fabric), so a node is known to it by
 * the pid of its init: /proc/PID/ns/net is its network, /proc/PID/root its files.  Files below /proc/PID/root are under
 * the learner's control: open them only by openat2 with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keeper/protocol.h"

struct error;
struct keeper;

enum keeper_event_kind {
    KEEPER_EVENT_NODE_READY,  /* id, pid: its files are in place; its network has a loopback, down, and nothing else */
    KEEPER_EVENT_NODE_LOST,   /* id: its init died; the keeper rebuilds it, NODE_READY follows with a new pid */
    KEEPER_EVENT_NODE_GONE,   /* id: deleted by keeper_delete_node */
    KEEPER_EVENT_NODE_FAILED, /* id, number, operation: could not be made ("mount /etc": No space left on device) */
    KEEPER_EVENT_PROCESS_STARTED, /* process, pid: about to execute */
    KEEPER_EVENT_PROCESS_ENDED,   /* process, end, value, operation */
    KEEPER_EVENT_STORED,          /* tag, fd (the handler's to keep or close): only during keeper_open */
};

struct keeper_event {
    enum keeper_event_kind kind;
    uint32_t id;      /* of the node or cloud namespace */
    pid_t pid;        /* in the lab's pid namespace */
    uint32_t process; /* the number given to keeper_spawn */
    enum keeper_target target;
    enum keeper_end end; /* KEEPER_EXITED: value is the status; KEEPER_SIGNALED: the signal; _NOT_STARTED: errno */
    int value;
    int number;            /* errno value of NODE_FAILED */
    const char *operation; /* what failed, for a message; "" otherwise */
    const char *tag;
    int fd;
};
typedef void keeper_handler(void *context, const struct keeper_event *event);

/* Takes over the socket (KEEPER_SOCKET) and says hello: before it returns, the handler has been called for every node
 * that is ready, every process that runs and every stored descriptor; so a restarted director finds its lab again. */
int keeper_open(int socket, keeper_handler *handler, void *context, struct keeper **out, struct error *err);
void keeper_close(struct keeper *keeper); /* takes NULL */
/* Becomes readable when events wait: call keeper_dispatch then. */
int keeper_descriptor(const struct keeper *keeper);
/* Hands all waiting events to the handler; waits for the first up to `timeout` milliseconds (0: not at all, -1: for
 * ever).  Returns the number of events, or -1 with err (the keeper is gone). */
int keeper_dispatch(struct keeper *keeper, int timeout, struct error *err);

struct keeper_file_spec {
    const char
        *path; /* nodes: absolute ("/etc/resolv.conf", "/var/www/index.html"); views: relative to /etc ("hosts") */
    const char *content;
    size_t length;
    uint32_t mode; /* 0 means 0644 */
};

/* Defines a layer of /etc that nodes share (one hosts file for all nodes that see the same addresses).  Defining it
 * again replaces the content in all nodes that have not changed the file themselves.  Define views before their nodes.
 */
int keeper_define_view(struct keeper *keeper, uint32_t id, const struct keeper_file_spec *files, size_t count,
                       struct error *err);

struct keeper_node_spec {
    uint32_t id;                          /* chosen by the director, stable over rebuilds and restarts */
    const char *hostname;                 /* up to KEEPER_HOSTNAME_MAX bytes */
    uint32_t view;                        /* UINT32_MAX: none */
    const struct keeper_file_spec *files; /* written before the node's first process runs; again after a rebuild */
    size_t file_count;
    /* Sysctls of the node's network namespace, by path below /proc/sys, set before it has any interface; again after a
     * rebuild.  Those that the kernel does not have, and values that it refuses, are left out. */
    const struct keeper_file_spec *settings;
    size_t setting_count;
};

/* Asks for nodes, all at once; returns before they are ready: each reports by NODE_READY or NODE_FAILED, early ones
 * while later ones are still being made.  An id that exists gets the new files and host name at its next rebuild. */
int keeper_create_nodes(struct keeper *keeper, const struct keeper_node_spec *nodes, size_t count, struct error *err);
int keeper_delete_node(struct keeper *keeper, uint32_t id, struct error *err); /* NODE_GONE follows */

/* Makes network namespaces without a container; they are at keeper_cloud_path when it returns, with a loopback, down.
 */
int keeper_create_clouds(struct keeper *keeper, const uint32_t *ids, size_t count, struct error *err);
int keeper_delete_clouds(struct keeper *keeper, const uint32_t *ids, size_t count, struct error *err);
#define KEEPER_PATH_MAX 32
const char *keeper_cloud_path(uint32_t id, char out[static KEEPER_PATH_MAX]);

struct keeper_spawn_spec {
    uint32_t process; /* chosen by the director; unique among those that run */
    enum keeper_target target;
    uint32_t id;
    const char *const *argv;
    size_t argc;
    const char *const *environment; /* "NAME=value", beside PATH, HOME, USER, SHELL, LANG, which are always set */
    size_t environment_count;
    int fds[3];  /* the process's 0, 1 and 2; -1: /dev/null.  They stay the caller's. */
    int control; /* or -1: the far end of the caller's SOCK_SEQPACKET socket pair (keeper_control in, keeper_status out)
                  */
    bool pty;    /* a terminal in the node; fds[0] and fds[1] are the caller's terminal, which it has set to raw */
    uint16_t rows, columns;
    bool silent;         /* no events: the caller learns the end from its control socket */
    bool pristine;       /* KEEPER_SPAWN_PRISTINE */
    bool own;            /* KEEPER_SPAWN_OWN */
    uint32_t open_files; /* how many descriptors it may have; 0: as many as any */
    int record;          /* 0: none; else the file of its recording, which stays the caller's */
};

/* Starts a process in a node (as its root, in /root, in a session of its own), in a cloud namespace or in the fabric
 * (there with the keeper's files and few capabilities).  Returns when the request is sent; failures come as events. */
int keeper_spawn(struct keeper *keeper, const struct keeper_spawn_spec *spec, struct error *err);
/* Signals the process group of a spawned process; nothing happens where it has ended. */
int keeper_kill(struct keeper *keeper, uint32_t process, int signal, struct error *err);

/* Gives a descriptor into the keeper's care under a tag (replacing an older one of that tag); a restarted director gets
 * it again as KEEPER_EVENT_STORED. */
int keeper_store(struct keeper *keeper, const char *tag, int fd, struct error *err);

/* Ends the lab: the keeper exits and everything of the lab with it, this process too. */
int keeper_exit(struct keeper *keeper, struct error *err);
