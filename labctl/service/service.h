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

/* Programs of the distribution that services are. */
enum program { PROGRAM_DNSMASQ, PROGRAM_NGINX, PROGRAM_HAPROXY, PROGRAM_COUNT, PROGRAM_NONE = PROGRAM_COUNT };
struct service_program {
    const char *name;
    const char *package; /* of Debian */
    const char *summary; /* what it is needed for */
};
extern const struct service_program service_programs[PROGRAM_COUNT];
enum program service_program_of(const struct service *service);
/* Is it where nodes see the machine's programs? */
bool service_program_is_there(const char *program);

struct service_type {
    const char *name;
    const char *summary;
    const char *keys;     /* of the language, beside kind and port: "bind, body, …" */
    enum program program; /* PROGRAM_NONE: embedded, or the author's own */
    /* Fills argv, configuration, files, readiness. */
    void (*lower)(struct service_context *context);
};
extern const struct service_type service_kinds[SERVICE_KIND_COUNT];

/* The i-th user as which exec runs programs; NULL after the last. */
const char *service_user(size_t i, unsigned *id);

/* Appends a process for each service (and its files) to a plan made by lower_topology.  0, or -1 with err. */
int service_lower(const struct topology *topology, struct plan *plan, struct error *err);

/* Names under which the lab places the embedded services' program: "httpd", "tcpd", "echod". */
extern const char *const service_embedded[];
extern const size_t service_embedded_count;

/* What a topology needs of the machine's programs: calls back for each that it uses, once.  VPCs with a resolver need
 * that of dns. */
void service_needs(const struct topology *topology,
                   void (*need)(void *context, const struct service_program *program, const char *user), void *context);
/* Looks for those programs, and for those that nodes require (`requires:`).  ERR_CAPABILITY naming each missing one,
 * who wants it and the Debian package that has it. */
int service_programs_check(const struct topology *topology, struct error *err);
