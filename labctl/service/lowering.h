/* What the kinds of services share while they are lowered.  Inside the room only. */
#pragma once

#include "plan/plan.h"
#include "service/service.h"

struct arena;
struct str;

struct service_context {
    const struct topology *topology;
    struct plan *plan;
    const struct service *service;
    uint32_t ns;
    struct plan_process *process; /* the new one: ns, name, origin, restart are set */
};

/* argv[0..count), copied into the plan's arena. */
void service_argv(struct service_context *context, const char *const *argv, size_t count);
/* Ready when the port answers: at the bound address, or at 127.0.0.1. */
void service_ready(struct service_context *context, enum ready_kind kind, uint16_t port);

/* dns: which server it is, by what is asked of it (dns.c), and each of them. */
const struct service_program *service_dns_program(const struct service *service);
void service_lower_dns(struct service_context *context);
void service_lower_nsd(struct service_context *context);   /* nsd.c */
void service_lower_named(struct service_context *context); /* named.c */
extern const struct service_program program_dnsmasq, program_nsd, program_unbound, program_named, program_nginx,
    program_haproxy, program_udhcpc, program_bird; /* program.c */
/* The file's path for the first dns service of the node, "STEM-NAME.conf" for others. */
const char *service_dns_path(struct arena *arena, const struct service *service, const char *stem);
/* Adds a file of the service to its node, unless the author declared one there, who has the last word. */
void service_file(struct service_context *context, const char *path, const char *content);
/* Appends the internet's name servers, where the plan has a namespace for them (public_names.c). */
void service_lower_public_names(const struct topology *topology, struct plan *plan);

/* A zone as a server reads it (zone.c). */
struct zone_text {
    const char *name;   /* without the final dot */
    const char *server; /* the primary one, in the SOA record */
    const struct dns_record *records;
    size_t record_count;
    uint32_t ttl, negative_ttl; /* seconds */
};
void zone_write(struct str *out, struct arena *arena, const struct zone_text *zone);
/* The n-th of the words of a record's value, or "". */
const char *record_word(struct arena *arena, const char *value, unsigned n);

/* A zone of a node's service.  Where it names no name server of its own: those to which the internet delegates it, else
 * the node. */
void zone_write_service(struct str *out, const struct service_context *context, const struct dns_zone *zone);

/* NSD (nsd.c): its own settings, then its zones. */
struct nsd_text {
    const char *directory; /* of its zone files */
    struct addr *addresses;
    size_t address_count;
    uint16_t port;
};
void nsd_write(struct str *out, const struct nsd_text *nsd);
void nsd_write_zone(struct str *out, const char *name, const char *file);

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
/* The certificate asked for last is what the process shows: it is restarted when that changes.  After its configuration
 * file; its configuration is then more than the file's text. */
void service_presents(struct service_context *context);
/* Those that the node has for itself (`certificates:`). */
void service_lower_certificates(struct plan *plan, uint32_t ns, const struct node *node);

void service_lower_bird(struct service_context *context); /* bird.c */
void service_lower_dhcp(struct service_context *context); /* dhcp.c */
/* Interfaces that get their addresses from the wire (dhcp_client.c): a process each, or one that waits with them. */
bool service_has_clients(const struct node *node);
void service_lower_clients(const struct topology *topology, struct plan *plan, uint32_t ns, const struct node *node);

void service_lower_nginx(struct service_context *context);
void service_lower_exec(struct service_context *context);
void service_lower_proxy(struct service_context *context);
