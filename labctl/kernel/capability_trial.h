/* Inside a trial: what the trial functions share. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/capability.h"

struct trial {
    const struct capability *capability;
    struct capability_result *result;
    uid_t uid;           /* of the user outside, as seen by the user */
    const char *program; /* path of the running program */
};

/* Says what was being done when it failed ("mount proc"); the reason is appended by the caller of the trial.  Returns
 * number, so that a trial ends by `return trial_failed(trial, errno, "mount proc");`.  number 0 becomes EIO. */
int trial_failed(struct trial *trial, int number, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The trial worked in another way than the table says; returns 0. */
int trial_fallback(struct trial *trial, const char *backend, const char *fidelity);
void trial_backend(struct trial *trial, const char *format, ...) __attribute__((format(printf, 2, 3)));
void trial_fidelity(struct trial *trial, const char *format, ...) __attribute__((format(printf, 2, 3)));
void trial_remedy(struct trial *trial, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs the trial in a child at its place and fills the result from it; kills it at its deadline. */
#define TRIAL_MILLISECONDS 5000
void trial_run(const struct capability *capability, struct capability_result *result);

/* A small file's first line, or -1 with errno; its number. */
int trial_read_line(const char *path, char *out, size_t size);
int trial_read_number(const char *path, uint64_t *out);

/* How this distribution installs a package ("apt-get install"), and which of its names applies here. */
const char *trial_installer(void);
const char *trial_package(const char *debian, const char *fedora, const char *arch);
/* Writes the remedy where not even the namespaces of a trial could be made: which setting refuses them? */
void trial_remedy_ground(struct trial *trial);
/* Writes the remedy of a kernel module that is not there. */
void trial_remedy_module(struct trial *trial, const char *module);

/* The trials, by file. */
int try_user_namespace(struct trial *trial);
int try_namespaces(struct trial *trial);
int try_nested_user_namespace(struct trial *trial);
int try_pivot_root(struct trial *trial);
int try_call(struct trial *trial); /* argument: a name of try_call's own table */
int try_abstract_socket(struct trial *trial);

int try_bind_mount(struct trial *trial);
int try_mount(struct trial *trial); /* argument: the file system's type */
int try_overlay(struct trial *trial);
int try_network_sysctl(struct trial *trial);

int try_veth(struct trial *trial);
int try_link(struct trial *trial); /* argument: struct link_trial */
int try_policy_rule(struct trial *trial);
int try_neighbour(struct trial *trial);
int try_congestion_control(struct trial *trial);
int try_packet_socket(struct trial *trial);
int try_qdisc(struct trial *trial); /* argument: the qdisc's kind */

int try_ruleset(struct trial *trial); /* argument: the rule set, for a device "v0" */
int try_loss(struct trial *trial);

int try_program(struct trial *trial); /* argument: struct program_trial */

int try_namespace_limit(struct trial *trial);
int try_open_files(struct trial *trial);
int try_processes(struct trial *trial);
int try_memory(struct trial *trial);
int try_neighbour_table(struct trial *trial);
int try_logout(struct trial *trial);

struct link_trial {
    const char *kind;
    uint16_t attribute; /* of IFLA_INFO_DATA, 0 = none */
    uint32_t value;
    uint8_t size; /* of the value in bytes */
    bool over;    /* the device lies over another one (IFLA_LINK) */
};

struct program_trial {
    const char *name;
    const char *debian, *fedora, *arch; /* the package */
};
