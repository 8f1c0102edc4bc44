/* tls-expired, tls-not-yet-valid, tls-wrong-name, tls-missing-intermediate, tls-unknown-authority,
 * tls-version-mismatch, tls-client-certificate-missing, tls-plain-http: connections that open, and no trust in them.
 *
 * What is wrong with a certificate is a word of the topology's own (`cert:`), so all but one are a change of a
 * service's `tls`.  That one is of a machine: a client whose bundle lacks the lab's authority. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"
#include "fault/kinds.h"
#include "plan/plan.h"

#define BUNDLE "/etc/ssl/certs/ca-certificates.crt"

/* A bundle that nobody has brought up to date: an authority that has signed nothing here.  Its key is lost. */
static const char old_bundle[] = "-----BEGIN CERTIFICATE-----\n"
                                 "MIIBkzCCATmgAwIBAgIBATAKBggqhkjOPQQDAjAxMRAwDgYDVQQKDAdFeGFtcGxl\n"
                                 "MR0wGwYDVQQDDBRFeGFtcGxlIFJvb3QgQ0EgMjAxOTAeFw0xOTAxMDEwMDAwMDBa\n"
                                 "Fw00OTAxMDEwMDAwMDBaMDExEDAOBgNVBAoMB0V4YW1wbGUxHTAbBgNVBAMMFEV4\n"
                                 "YW1wbGUgUm9vdCBDQSAyMDE5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfzKG\n"
                                 "jPum7KH02NnPTC5BbdwUVm6zKtg7Y6n+MNMnGI8aG+ziH3WaViD7/da/rSj4UJ5F\n"
                                 "YndoMWtCnYLlFPCUWqNCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMC\n"
                                 "AQYwHQYDVR0OBBYEFLf/ENWHn9MBHu0jbdWuGqtBgFV4MAoGCCqGSM49BAMCA0gA\n"
                                 "MEUCIQDti5t26UUcsJabPMjDiL/6PRp8mFmXJQd7fkFN2yCvTgIgI4ahQoEU6nlI\n"
                                 "hzSGcHeHHGRsMDj9OCKeZmE7X6I2dwg=\n"
                                 "-----END CERTIFICATE-----\n";

bool fault_speaks_tls(const struct fault *fault, const struct thing *things, struct findings *findings)
{
    if (things[0].service->tls.on)
        return true;
    findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault), "'%s' has no 'tls' when healthy",
                 fault->at.items[0]);
    return false;
}

/* ---- certificates ---- */

static enum certificate_state wrong_state(const struct fault *fault)
{
    static const struct {
        const struct fault_kind *kind;
        enum certificate_state state;
    } states[] = {
        {&fault_tls_expired, CERTIFICATE_EXPIRED},
        {&fault_tls_not_yet_valid, CERTIFICATE_NOT_YET_VALID},
        {&fault_tls_wrong_name, CERTIFICATE_WRONG_NAME},
        {&fault_tls_missing_intermediate, CERTIFICATE_MISSING_INTERMEDIATE},
        {&fault_tls_unknown_authority, CERTIFICATE_SELF_SIGNED},
    };
    size_t i = 0;
    while (!str_equal(states[i].kind->name, fault->kind))
        i++;
    return states[i].state;
}

static void validate_certificate(const struct topology *topology, const struct fault *fault, const struct thing *things,
                                 struct findings *findings)
{
    (void)topology;
    if (things[0].kind != THING_SERVICE || !fault_speaks_tls(fault, things, findings))
        return;
    if (things[0].service->tls.certificate.state == wrong_state(fault))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "the certificate of '%s' is %s when healthy", fault->at.items[0],
                     certificate_state_name(wrong_state(fault)));
}

static int rewrite_certificate(struct topology *topology, const struct fault *fault, const struct thing *things,
                               struct error *err)
{
    (void)topology, (void)err;
    things[0].service->tls.certificate.state = wrong_state(fault);
    return 0;
}

static void add_old_bundle(struct plan *plan, uint32_t ns, const char *path, const char *origin)
{
    *ARENA_PUSH(plan->arena, plan->files, plan->file_count) = (struct plan_file){
        .ns = ns, .path = path, .content = old_bundle, .length = sizeof old_bundle - 1, .mode = 0644, .origin = origin};
}

/* Programs look in the bundle, in the directory, or in both (curl, openssl): the certificate of the lab's root lies
 * there, and nobody has told them of it (update-ca-certificates). */
static int rewrite_bundle(struct plan *plan, const struct topology *topology, const struct fault *fault,
                          const struct thing *things, struct error *err)
{
    uint32_t ns;
    (void)fault;
    if (fault_namespace(plan, things[0].node, &ns, err))
        return -1;
    add_old_bundle(plan, ns, BUNDLE, thing_name(topology, &things[0]));
    add_old_bundle(plan, ns, PLAN_ROOT_BY_HASH, thing_name(topology, &things[0]));
    return 0;
}

/* ---- what is asked of the other side ---- */

static enum tls_version version_of(const struct fault *fault)
{
    for (int i = TLS_1_0; i < TLS_VERSION_COUNT; i++)
        if (str_equal(tls_version_name((enum tls_version)i), fault_text(fault, "min_version")))
            return (enum tls_version)i;
    return TLS_ANY;
}

static void validate_version(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    (void)topology;
    if (!fault_speaks_tls(fault, things, findings))
        return;
    enum tls_version healthy = things[0].service->tls.min_version;
    if (version_of(fault) <= (healthy ? healthy : TLS_1_2))
        findings_add(findings, FINDING_ERROR, fault->kind, fault_mark(fault, "min_version"),
                     "'%s' asks for TLS %s when healthy", fault->at.items[0],
                     tls_version_name(healthy ? healthy : TLS_1_2));
}

static int rewrite_version(struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct error *err)
{
    (void)topology, (void)err;
    things[0].service->tls.min_version = version_of(fault);
    return 0;
}

static void validate_clients(const struct topology *topology, const struct fault *fault, const struct thing *things,
                             struct findings *findings)
{
    (void)topology;
    if (fault_speaks_tls(fault, things, findings) && things[0].service->tls.clients == CLIENTS_CERTIFIED)
        findings_add(findings, FINDING_ERROR, fault->kind, fault_target_mark(fault),
                     "'%s' asks its clients for certificates when healthy", fault->at.items[0]);
}

static int rewrite_clients(struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct error *err)
{
    (void)topology, (void)fault, (void)err;
    things[0].service->tls.clients = CLIENTS_CERTIFIED;
    return 0;
}

static void validate_plain(const struct topology *topology, const struct fault *fault, const struct thing *things,
                           struct findings *findings)
{
    (void)topology;
    fault_speaks_tls(fault, things, findings);
}

static int rewrite_plain(struct topology *topology, const struct fault *fault, const struct thing *things,
                         struct error *err)
{
    (void)topology, (void)fault, (void)err;
    things[0].service->tls = (struct service_tls){0};
    return 0;
}

static const struct fault_target_row service_targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}};
static const struct fault_target_row trust_targets[] = {{THING_SERVICE, FAULT_TOPOLOGY}, {THING_NODE, FAULT_PLAN}};
static const char *const versions[] = {"1.3", "1.2", "1.1"};
static const struct fault_parameter_row version_parameters[] = {
    {.key = "min_version", FAULT_WORDS(versions), .doc = "the lowest version of TLS that it speaks"},
};
#define TLS .family = FAMILY_TLS, .layer = 6, .things = 1
#define CERTIFICATE                                                                                                    \
    TLS, FAULT_TARGETS(service_targets), .set_key = "tls", .validate = validate_certificate,                           \
                                         .rewrite_topology = rewrite_certificate
const struct fault_kind fault_tls_expired = {
    .name = "tls-expired",
    .summary = "a service's certificate has expired",
    CERTIFICATE,
    .symptom = "connections open, and clients refuse them: certificate has expired; one that does not look is served",
    .tools = "curl -v, openssl s_client -connect, openssl x509 -noout -dates, labctl dump",
};
const struct fault_kind fault_tls_not_yet_valid = {
    .name = "tls-not-yet-valid",
    .summary = "a service's certificate is valid in the future only, or the machine that made it had a wrong clock",
    CERTIFICATE,
    .symptom = "connections open, and clients refuse them: certificate is not yet valid",
    .tools = "curl -v, openssl s_client -connect, openssl x509 -noout -dates, date, labctl dump",
};
const struct fault_kind fault_tls_wrong_name = {
    .name = "tls-wrong-name",
    .summary = "a service's certificate is for another name",
    CERTIFICATE,
    .symptom = "connections open, and clients refuse them: the names of the certificate are not what was asked for",
    .tools = "curl -v, openssl s_client -connect, openssl x509 -noout -ext subjectAltName, labctl dump",
};
const struct fault_kind fault_tls_missing_intermediate = {
    .name = "tls-missing-intermediate",
    .summary = "a service does not send the certificate of the authority between its own and the root",
    CERTIFICATE,
    .symptom =
        "clients that have seen the intermediate certificate are well, all others refuse: unable to get local issuer "
        "certificate",
    .tools = "openssl s_client -showcerts -connect, curl -v, labctl dump",
};
const struct fault_kind fault_tls_unknown_authority = {
    .name = "tls-unknown-authority",
    .summary = "a service's certificate is signed by nobody that clients know, or a machine does not know who signs",
    TLS,
    FAULT_TARGETS(trust_targets),
    .symptom = "connections open, and are refused by every client of the service, or by every program of the machine: "
               "self-signed certificate, unable to get local issuer certificate",
    .tools = "curl -v, openssl s_client -showcerts -connect, openssl verify, ls -l /etc/ssl/certs, labctl dump",
    .set_key = "tls",
    .validate = validate_certificate,
    .rewrite_topology = rewrite_certificate,
    .rewrite_plan = rewrite_bundle,
};
const struct fault_kind fault_tls_version_mismatch = {
    .name = "tls-version-mismatch",
    .summary = "a service speaks only versions of TLS that some clients do not",
    TLS,
    FAULT_TARGETS(service_targets),
    FAULT_PARAMETERS(version_parameters),
    .symptom = "new clients are well, old ones get an alert in the handshake: protocol version",
    .tools = "openssl s_client -tls1_2 -connect, curl --tls-max 1.2 -v, tcpdump, labctl dump",
    .set_key = "tls",
    .validate = validate_version,
    .rewrite_topology = rewrite_version,
};
const struct fault_kind fault_tls_client_certificate_missing = {
    .name = "tls-client-certificate-missing",
    .summary = "a service asks for certificates that its clients do not have",
    TLS,
    FAULT_TARGETS(service_targets),
    .symptom = "handshakes end with certificate required, or every page is 400: No required SSL certificate was sent",
    .tools =
        "curl -v (with --cert and --key), openssl s_client -connect (acceptable client certificate CA names), labctl "
        "dump",
    .set_key = "tls",
    .validate = validate_clients,
    .rewrite_topology = rewrite_clients,
};
const struct fault_kind fault_tls_plain_http = {
    .name = "tls-plain-http",
    .summary = "a service speaks plain HTTP on the port where TLS is expected",
    TLS,
    FAULT_TARGETS(service_targets),
    .symptom =
        "the port is open, and handshakes fail: wrong version number; with http:// and the same port all is well",
    .tools = "curl -v, openssl s_client -connect, nc, tcpdump -A, labctl dump",
    .set_key = "tls",
    .validate = validate_plain,
    .rewrite_topology = rewrite_plain,
};
