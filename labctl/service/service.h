/* What runs in nodes: each kind of service lowered to a process of the plan, with its configuration and readiness.
 * Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/topology.h"

struct error;
struct plan;

struct service_context;
struct service_program;

struct service_type {
    const char *name;
    const char *summary;
    const char *keys; /* of the language, beside kind and port: "bind, body, …" */
    /* The program of the distribution, or NULL: embedded, or the author's own; service_program asks. */
    const struct service_program *(*program)(const struct service *service);
    /* Fills argv, configuration, files, readiness. */
    void (*lower)(struct service_context *context);
};
extern const struct service_type service_kinds[SERVICE_KIND_COUNT];

/* The i-th user as which exec runs programs; NULL after the last. */
const char *service_user(size_t i, unsigned *id);

/* Appends a process for each service (and its files) to a plan made by lower_topology.  0, or -1 with err. */
int service_lower(const struct topology *topology, struct plan *plan, struct error *err);

/* Names under which the lab places the embedded services' program: "httpd", "tcpd", "echod", "iperfd". */
extern const char *const service_embedded[];
extern const size_t service_embedded_count;

/* Real servers of the distribution that services are. */
struct service_program {
    const char *name;    /* "nsd" */
    const char *package; /* the Debian package that has it */
};
/* The one that runs a service; NULL: embedded, or the author's own. */
const struct service_program *service_program(const struct service *service);
/* A program of the machine that a topology needs, with the first who does. */
struct program_need {
    const struct service_program *program;
    const char *user;    /* "ns", "main" */
    const char *purpose; /* "dns": a kind of service, or "`dhcp: true`" */
    struct mark mark;    /* where that is written */
};
/* What a topology needs of the machine's programs: calls back for each of them that it uses, once. */
void service_programs(const struct topology *topology, void (*need)(void *context, const struct program_need *need),
                      void *context);
/* Whether nodes find a program of that name, or path, on this machine. */
bool service_program_installed(const char *program);
/* Looks for those programs, and for those that nodes require (`requires:`), where nodes see them.  ERR_CAPABILITY
 * naming each missing one, who wants it and the Debian package that has it. */
int service_programs_check(const struct topology *topology, struct error *err);
/* The same as findings, warnings of the rule missing-program: the file is right, but would not run on this machine. */
void service_programs_find(const struct topology *topology, struct findings *findings);
