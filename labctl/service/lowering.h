/* What the kinds of services share while they are lowered.  Inside the room only. */
#pragma once

#include "plan/plan.h"
#include "service/service.h"

struct arena;
struct str;

struct service_context {
    struct plan *plan;
    const struct topology *topology;
    const struct service *service;
    uint32_t ns;
    struct plan_process *process; /* the new one: ns, name, origin, restart are set */
};

/* argv[0..count), copied into the plan's arena. */
void service_argv(struct service_context *context, const char *const *argv, size_t count);
/* Ready when the port answers: at the bound address, or at 127.0.0.1. */
void service_ready(struct service_context *context, enum ready_kind kind, uint16_t port);

/* The name of a program's files: its own for the first service of the node that it runs, "PROGRAM-SERVICE" for others.
 */
const char *service_instance(const struct service_context *context, const char *program);
/* The configuration file of a program that reads it when it starts: the process is restarted when the text changes.
 * An author's own file of that path has the last word. */
void service_configuration_file(struct service_context *context, const char *path, const struct str *text);

/* The root of the lab's authority in every node, beside the bundle of all authorities. */
#define SERVICE_ROOT "/etc/ssl/certs/lab-root.pem"
/* Asks for a certificate; the same path for chain and key puts both into one file.  Texts live as long as the plan. */
void service_certificate(struct plan *plan, uint32_t ns, const struct node *node, const struct certificate *certificate,
                         const char *chain_path, const char *key_path, const char *origin);
/* Those that the node has for itself (`certificates:`). */
void service_lower_certificates(struct plan *plan, uint32_t ns, const struct node *node);

void service_lower_dns(struct service_context *context);
void service_lower_nginx(struct service_context *context);
void service_lower_exec(struct service_context *context);
void service_lower_proxy(struct service_context *context);
