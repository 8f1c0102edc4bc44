/* Starting and stopping a keeper, from the command line's side.
 *
 * keeper_start returns when the keeper is up and has started the director; the caller then talks to the director by the
 * control socket (lab/control.h) and at the very end calls keeper_commit.  Until then the lab lives only as long as the
 * caller: its death, by whatever signal, ends the keeper and with it everything. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct error;
struct str;
struct keeper_start;

struct keeper_options {
    const char *lab;              /* its name: up to LAB_NAME_MAX bytes, letters, digits, '-', '_', '.' */
    const char *const *arguments; /* of the director, after argv[0] "director" */
    size_t argument_count;
    const char *const *embedded; /* names under /opt for the program of embedded services: "httpd", … */
    size_t embedded_count;
    const char *const *hidden; /* directories of the host that no node may see (where topology and scenario lie) */
    size_t hidden_count;
    const char *libexec; /* where labctl-keeper and labctl-serve are; NULL: beside this program, else LABCTL_LIBEXEC */
};

#define LAB_NAME_MAX 64

/* ERR_BUSY where a lab of this name runs, ERR_CAPABILITY where this machine cannot (naming what is missing and the
 * remedy), ERR_SYSTEM otherwise (with the end of the keeper's log). */
int keeper_start(const struct keeper_options *options, struct keeper_start **out, struct error *err);
/* From now on the lab lives without the caller. */
int keeper_commit(struct keeper_start *start, struct error *err);
/* Before keeper_commit: ends the lab and waits until it is gone.  Frees start in any case; takes NULL. */
void keeper_finish(struct keeper_start *start);
pid_t keeper_start_pid(const struct keeper_start *start); /* the keeper's pid, as this process sees it */
/* Appends the end of the lab's log (keeper and director), at most `limit` bytes of whole lines. */
void keeper_start_log(const struct keeper_start *start, struct str *out, size_t limit);

/* Fills address (a struct sockaddr_un) for this user's lab and returns its length, or -1 with err for a bad name. */
struct sockaddr_un;
int keeper_address(const char *lab, struct sockaddr_un *address, struct error *err);

/* A running keeper, found by its socket; no director is needed to answer. */
struct keeper_process {
    pid_t pid;
    int pidfd; /* becomes readable when every process of the lab has ended */
};
int keeper_find(const char *lab, struct keeper_process *out, struct error *err); /* ERR_ABSENT where there is none */
/* Kills it (SIGKILL: the clean-up is the kernel's) and waits until it is gone, at most `timeout` milliseconds. */
int keeper_end(const struct keeper_process *process, int timeout, struct error *err);
void keeper_process_close(struct keeper_process *process);
