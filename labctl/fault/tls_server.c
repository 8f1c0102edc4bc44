/* tls-default-certificate, tls-cipher-mismatch: what the program that speaks TLS is told, and what no key of a topology
 * says.  Both edit its configuration as an administrator would: nginx's, or HAProxy's where the service is a proxy. */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

#define DEFAULT_SITE "default.example.net"
#define YEAR_2024    INT64_C(1704067200)
#define YEAR_2050    INT64_C(2524608000)

/* Replaces the first of `from` in a text. */
static bool replace(struct arena *arena, const char **text, const char *from, const char *to)
{
    const char *at = strstr(*text, from);
    if (at)
        *text = arena_printf(arena, "%.*s%s%s", (int)(at - *text), *text, to, at + strlen(from));
    return at != NULL;
}

/* ---- the certificate of nobody in particular ---- */

/* nginx: one server for the names of the site, and before it one for everybody else. */
static bool other_site_nginx(struct arena *arena, const char **text, const struct service *service, const char *chain,
                             const char *key)
{
    STR_AUTO names = STR_INIT;
    const struct strings *own = &service->tls.certificate.names;
    for (size_t i = 0; i < own->count; i++)
        str_printf(&names, "%s%s", i ? " " : "", own->items[i]);
    return replace(arena, text, "server_name _;",
                   arena_printf(arena, "server_name %s;", own->count ? str_text(&names) : service->node->name)) &&
           replace(arena, text, "    server {\n",
                   arena_printf(arena,
                                "    server {\n        listen %u ssl default_server;\n        server_name %s;\n"
                                "        ssl_certificate %s;\n        ssl_certificate_key %s;\n"
                                "        return 404 \"no such site\\n\";\n    }\n\n    server {\n",
                                service->port, DEFAULT_SITE, chain, key));
}

/* HAProxy: the first of its certificates is shown to whoever does not ask for one by name. */
static bool other_site_haproxy(struct arena *arena, const char **text, const char *chain)
{
    return replace(arena, text, " ssl crt ", arena_printf(arena, " ssl crt %s crt ", chain));
}

static int rewrite_default(struct plan *plan, const struct topology *topology, const struct fault *fault,
                           const struct thing *things, struct error *err)
{
    struct arena *arena = plan->arena;
    const struct service *service = things[0].service;
    const char *origin = thing_name(topology, &things[0]);
    bool proxy = service->kind == SERVICE_PROXY;
    const char *chain = proxy ? "/etc/haproxy/certs/default.pem" : "/etc/ssl/certs/default.pem";
    const char *key = proxy ? chain : "/etc/ssl/private/default.key";
    struct plan_process *process = fault_process(plan, topology, &things[0]);
    struct plan_file *file = process ? fault_configuration(plan, process) : NULL;
    uint32_t ns;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    const char *text = file ? file->content : NULL;
    if (!text ||
        !(proxy ? other_site_haproxy(arena, &text, chain) : other_site_nginx(arena, &text, service, chain, key)))
        return error_set(err, ERR_ABSENT, "fault '%s': %s shows no certificate any more", fault->id,
                         fault->at.items[0]);
    fault_configure(plan, process, file, text);
    struct plan_certificate *other = ARENA_PUSH(arena, plan->certificates, plan->certificate_count);
    *other = (struct plan_certificate){.ns = ns,
                                       .chain_path = chain,
                                       .key_path = key,
                                       .not_before = YEAR_2024,
                                       .not_after = YEAR_2050,
                                       .origin = origin};
    *ARENA_PUSH(arena, other->names, other->name_count) = DEFAULT_SITE;
    return 0;
}

static void validate_default(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    (void)topology;
    fault_speaks_tls(fault, things, findings);
}

/* ---- a cipher that the other side does not have ---- */

/* The suites of TLS 1.3 are negotiated apart from all others: only TLS 1.2 and before can be told one. */
static void validate_cipher(const struct topology *topology, const struct fault *fault, const struct thing *things,
                            struct findings *findings)
{
    (void)topology;
    if (fault_speaks_tls(fault, things, findings) && things[0].service->tls.min_version == TLS_1_3)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' speaks TLS 1.3 alone when healthy, which has ciphers of its own", fault->at.items[0]);
}

static bool one_cipher_nginx(struct arena *arena, const char **text, const char *cipher)
{
    replace(arena, text, "        ssl_ciphers ALL:@SECLEVEL=0;\n", "");
    return replace(arena, text, " TLSv1.3;\n", arena_printf(arena, ";\n        ssl_ciphers %s;\n", cipher));
}

static bool one_cipher_haproxy(struct arena *arena, const char **text, const char *cipher)
{
    replace(arena, text, " ciphers ALL:@SECLEVEL=0", "");
    return replace(arena, text, " ssl-min-ver ",
                   arena_printf(arena, " ciphers %s ssl-max-ver TLSv1.2 ssl-min-ver ", cipher));
}

static int rewrite_cipher(struct plan *plan, const struct topology *topology, const struct fault *fault,
                          const struct thing *things, struct error *err)
{
    const char *cipher = fault_text(fault, "cipher");
    struct plan_process *process = fault_process(plan, topology, &things[0]);
    struct plan_file *file = process ? fault_configuration(plan, process) : NULL;
    const char *text = file ? file->content : NULL;
    if (!text || !(things[0].service->kind == SERVICE_PROXY ? one_cipher_haproxy(plan->arena, &text, cipher)
                                                            : one_cipher_nginx(plan->arena, &text, cipher)))
        return error_set(err, ERR_ABSENT, "fault '%s': %s speaks no TLS any more", fault->id, fault->at.items[0]);
    fault_configure(plan, process, file, text);
    return 0;
}

static const struct fault_target_row targets[] = {{THING_SERVICE, FAULT_PLAN}};
/* By the key of the certificate (the lab's are ECDSA), the first two fit no client, the others those that have them. */
static const char *const ciphers[] = {"AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
                                      "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-GCM-SHA256"};
static const struct fault_parameter_row cipher_parameters[] = {
    {.key = "cipher", FAULT_WORDS(ciphers), .doc = "the only cipher that it offers, up to TLS 1.2"},
};
#define TLS .family = FAMILY_TLS, .layer = 6, .things = 1, FAULT_TARGETS(targets)
const struct fault_kind fault_tls_default_certificate = {
    .name = "tls-default-certificate",
    .summary = "a service has another site's certificate for clients that do not say which site they want (SNI)",
    TLS,
    .symptom =
        "browsers are well; clients that connect by address, or without SNI, get a certificate with a foreign name",
    .tools =
        "openssl s_client -noservername -connect, openssl s_client -servername, curl -v, the server's configuration",
    .validate = validate_default,
    .rewrite_plan = rewrite_default,
};
const struct fault_kind fault_tls_cipher_mismatch = {
    .name = "tls-cipher-mismatch",
    .summary = "a service offers only a cipher that its clients, or its own certificate, cannot use",
    TLS,
    FAULT_PARAMETERS(cipher_parameters),
    .symptom =
        "the port is open, and handshakes end with an alert: handshake failure; clients that have the cipher, if "
        "any, are well",
    .tools = "openssl s_client -tls1_2 -cipher CIPHER -connect, curl -v, tcpdump (alert), the service's log (no shared "
             "cipher) and configuration",
    .validate = validate_cipher,
    .rewrite_plan = rewrite_cipher,
};
