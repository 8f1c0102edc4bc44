/* tls: a handshake as a program of the node would make it, and what is wrong with the certificate.
 *
 * The authorities are those that the node trusts (its own bundle); the clock is this machine's.  Verification goes on
 * after a first problem, so that all of them are known.  Where the check wants that older versions are refused, a
 * second connection offers those alone. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/table.h"
#include "model/topology.h"
#include "probe/engine.h"
#include "probe/libssl.h"
#include "probe/neighbour.h"
#include "probe/net.h"
#include "probe/trust.h"

struct tls {
    struct attempt *attempt;
    struct watch watch;
    int netns;
    bool connected, older;
    const char *name;
    SSL_CTX *context;
    SSL *ssl;
};

static const int versions[] = {0, TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
_Static_assert(ARRAY_SIZE(versions) == TLS_VERSION_COUNT, "every version has its number");

static const struct {
    int error;
    enum tls_reason reason;
} reasons[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, TLS_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, TLS_NOT_YET_VALID},
    {X509_V_ERR_HOSTNAME_MISMATCH, TLS_WRONG_NAME},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, TLS_WRONG_NAME},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, TLS_SELF_SIGNED},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, TLS_UNKNOWN_AUTHORITY},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, TLS_UNKNOWN_AUTHORITY},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, TLS_UNKNOWN_AUTHORITY},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, TLS_UNKNOWN_AUTHORITY},
    {X509_V_ERR_CERT_UNTRUSTED, TLS_UNKNOWN_AUTHORITY},
};

static const char *where(const struct attempt *attempt, char out[static NET_TEXT_MAX])
{
    return net_format(&attempt->fact.target, attempt->check->tls.port, out);
}

/* Called by OpenSSL for every problem; goes on. */
static int note_problem(int good, X509_STORE_CTX *store)
{
    if (good)
        return 1;
    SSL *ssl = libssl.X509_STORE_CTX_get_ex_data(store, libssl.SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *tls = libssl.SSL_get_ex_data(ssl, 0);
    int error = libssl.X509_STORE_CTX_get_error(store);
    enum tls_reason reason = TLS_OTHER;
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].error == error)
            reason = reasons[i].reason;
    if (!tls->older)
        tls->attempt->fact.tls_problems |= 1u << reason;
    return 1;
}

static void hang_up(struct tls *tls)
{
    int fd = tls->watch.fd;
    engine_unwatch(tls->attempt->engine, &tls->watch);
    if (tls->ssl)
        libssl.SSL_free(tls->ssl);
    if (tls->context)
        libssl.SSL_CTX_free(tls->context);
    tls->ssl = NULL;
    tls->context = NULL;
    if (fd >= 0)
        close(fd);
}

static void dial(struct tls *tls);

/* ---- the end ------------------------------------------------------------------------------------------------------
 */

/* "expired, wrong-name" */
static const char *problems_of(const struct fact *fact, char *out, size_t size)
{
    size_t length = 0;
    out[0] = '\0';
    for (int i = 1; i < TLS_REASON_COUNT && length < size; i++)
        if (fact->tls_problems & 1u << i)
            length += (size_t)snprintf(out + length, size - length, "%s%s", length ? ", " : "",
                                       tls_reason_name((enum tls_reason)i));
    return out;
}

static void finish(struct tls *tls)
{
    struct attempt *attempt = tls->attempt;
    struct fact *fact = &attempt->fact;
    char target[NET_TEXT_MAX], problems[160];
    const char *older = fact->tls_older == TLS_OLDER_ACCEPTED ? ", which takes older versions too" : "";
    problems_of(fact, problems, sizeof problems);
    attempt_end(attempt, OUTCOME_ANSWERED, "TLS %s with %s%s%s%s: certificate %s%s, %d days left",
                tls_version_name((enum tls_version)fact->tls_version), where(attempt, target), older,
                *fact->alpn ? ", protocol " : "", fact->alpn, *problems ? "not valid: " : "valid for ",
                *problems ? problems : tls->name, fact->days_left);
}

/* Reads what the first handshake agreed on. */
static void take_session(struct tls *tls)
{
    struct fact *fact = &tls->attempt->fact;
    const unsigned char *alpn = NULL;
    unsigned length = 0;
    int version = libssl.SSL_version(tls->ssl), days = 0, seconds = 0;
    for (unsigned i = 1; i < TLS_VERSION_COUNT; i++)
        if (versions[i] == version)
            fact->tls_version = i;
    libssl.SSL_get0_alpn_selected(tls->ssl, &alpn, &length);
    snprintf(fact->alpn, sizeof fact->alpn, "%.*s", (int)length, alpn ? (const char *)alpn : "");
    X509 *certificate = libssl.SSL_get1_peer_certificate(tls->ssl);
    if (certificate && libssl.ASN1_TIME_diff(&days, &seconds, NULL, libssl.X509_get0_notAfter(certificate)) == 1)
        fact->days_left = days;
    libssl.X509_free(certificate);
    /* Whose issuer is not known, and nobody came along: the server forgot it, or nobody here knows it. */
    bool alone = libssl.OPENSSL_sk_num((const OPENSSL_STACK *)libssl.SSL_get_peer_cert_chain(tls->ssl)) == 1;
    if (alone && fact->tls_problems & 1u << TLS_UNKNOWN_AUTHORITY)
        fact->tls_problems ^= 1u << TLS_UNKNOWN_AUTHORITY | 1u << TLS_MISSING_INTERMEDIATE;
}

static void handshake_done(struct tls *tls)
{
    if (tls->older) {
        tls->attempt->fact.tls_older = TLS_OLDER_ACCEPTED;
        finish(tls);
        return;
    }
    take_session(tls);
    if (tls->attempt->check->tls.min_version <= TLS_1_0) {
        finish(tls);
        return;
    }
    hang_up(tls);
    tls->older = true;
    dial(tls);
}

static bool is_version_error(int reason)
{
    return reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION || reason == SSL_R_UNSUPPORTED_PROTOCOL ||
           reason == SSL_R_WRONG_SSL_VERSION || reason == SSL_R_NO_PROTOCOLS_AVAILABLE;
}

static void handshake_failed(struct tls *tls, int kind)
{
    struct attempt *attempt = tls->attempt;
    unsigned long error = libssl.ERR_get_error();
    libssl.ERR_clear_error();
    if (tls->older) {
        attempt->fact.tls_older = TLS_OLDER_REFUSED;
        finish(tls);
        return;
    }
    char target[NET_TEXT_MAX];
    int reason = ERR_GET_REASON(error);
    const char *words = kind == SSL_ERROR_SSL ? libssl.ERR_reason_error_string(error) : NULL;
    if (kind == SSL_ERROR_SSL && reason == SSL_R_WRONG_VERSION_NUMBER)
        words = "it does not speak TLS";
    else if (kind != SSL_ERROR_SSL)
        words = "it closed the connection";
    attempt->fact.tls_problems =
        1u << (is_version_error(reason) && kind == SSL_ERROR_SSL ? TLS_NO_VERSION : TLS_REFUSED);
    attempt_end(attempt, OUTCOME_FAILED, "no handshake with %s: %s", where(attempt, target), words ? words : "?");
}

static void connect_failed(struct tls *tls, int number)
{
    struct attempt *attempt = tls->attempt;
    char text[NET_ERROR_MAX], target[NET_TEXT_MAX];
    struct net_error error, found = {.number = number};
    while (tls->watch.fd >= 0 && net_take_error(tls->watch.fd, &error))
        if (!found.icmp)
            found = error;
    where(attempt, target);
    if (found.number == ENOBUFS)
        attempt_end(attempt, OUTCOME_ERROR, "%s", NET_NEIGHBOURS_FULL);
    else if (found.icmp)
        attempt_end(attempt, OUTCOME_UNREACHABLE, "%s at %s", net_error_format(&found, text), target);
    else if (number == ECONNREFUSED)
        attempt_end(attempt, OUTCOME_REFUSED, "refused (RST) by %s", target);
    else
        attempt_end(attempt, OUTCOME_UNREACHABLE, "no way from %s to %s: %s", attempt->check->from->name, target,
                    strerror(number));
}

/* ---- the handshake ------------------------------------------------------------------------------------------------
 */

static void shake(struct tls *tls)
{
    libssl.ERR_clear_error();
    int result = libssl.SSL_connect(tls->ssl);
    if (result == 1) {
        handshake_done(tls);
        return;
    }
    int kind = libssl.SSL_get_error(tls->ssl, result);
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
        engine_rewatch(tls->attempt->engine, &tls->watch, kind == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT);
    else
        handshake_failed(tls, kind);
}

static void tls_ready(void *context, uint32_t events)
{
    (void)events;
    struct tls *tls = context;
    int number = 0;
    socklen_t size = sizeof number;
    if (!tls->connected) {
        getsockopt(tls->watch.fd, SOL_SOCKET, SO_ERROR, &number, &size);
        if (number) {
            connect_failed(tls, number);
            return;
        }
        tls->connected = true;
    }
    shake(tls);
}

/* The name that the certificate must be for, and that is asked for. */
static void set_name(struct tls *tls)
{
    struct addr addr;
    X509_VERIFY_PARAM *verify = libssl.SSL_get0_param(tls->ssl);
    if (addr_parse(tls->name, &addr)) {
        libssl.X509_VERIFY_PARAM_set1_ip(verify, addr.bytes, addr.family == 6 ? 16 : 4);
        return;
    }
    libssl.X509_VERIFY_PARAM_set1_host(verify, tls->name, 0);
    char *name = (char *)(uintptr_t)tls->name; /* OpenSSL copies it */
    libssl.SSL_ctrl(tls->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name);
}

static void set_versions(struct tls *tls)
{
    const struct check_tls *check = &tls->attempt->check->tls;
    enum tls_version least = check->version, most = check->version;
    if (tls->older) {
        least = TLS_1_0;
        most = check->min_version - 1;
    }
    libssl.SSL_CTX_ctrl(tls->context, SSL_CTRL_SET_MIN_PROTO_VERSION, versions[least], NULL);
    libssl.SSL_CTX_ctrl(tls->context, SSL_CTRL_SET_MAX_PROTO_VERSION, versions[most], NULL);
    if (most != TLS_ANY && most < TLS_1_2)
        libssl.SSL_CTX_set_cipher_list(tls->context, "ALL:@SECLEVEL=0"); /* what these versions have is weak */
}

/* OpenSSL's side of the connection; false after ending the attempt. */
static bool set_up(struct tls *tls)
{
    struct attempt *attempt = tls->attempt;
    const char *node = attempt->check->from->name, *alpn = attempt->check->tls.alpn;
    int root = attempt->world->root ? attempt->world->root(attempt->world->context, node) : -1;
    X509_STORE *store = root >= 0 ? trust_store(root) : NULL;
    if (!store) {
        attempt_end(attempt, OUTCOME_ERROR, "read /%s of %s: %s", TRUST_FILE, node,
                    root < 0 ? "no such node runs" : strerror(errno));
        return false;
    }
    tls->context = libssl.SSL_CTX_new(libssl.TLS_client_method());
    if (tls->context) {
        libssl.SSL_CTX_set_cert_store(tls->context, store);
        libssl.SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, note_problem);
        set_versions(tls);
        tls->ssl = libssl.SSL_new(tls->context);
    } else {
        libssl.X509_STORE_free(store);
    }
    if (!tls->ssl || libssl.SSL_set_fd(tls->ssl, tls->watch.fd) != 1) {
        attempt_end(attempt, OUTCOME_ERROR, "OpenSSL could not be set up");
        return false;
    }
    libssl.SSL_set_ex_data(tls->ssl, 0, tls);
    unsigned char protocols[64];
    if (alpn && strlen(alpn) < sizeof protocols) {
        protocols[0] = (unsigned char)strlen(alpn);
        memcpy(protocols + 1, alpn, protocols[0]);
        libssl.SSL_set_alpn_protos(tls->ssl, protocols, protocols[0] + 1u);
    }
    set_name(tls);
    return true;
}

static void dial(struct tls *tls)
{
    struct attempt *attempt = tls->attempt;
    int domain = net_domain(&attempt->fact.target);
    FD_AUTO fd = attempt_socket(attempt, tls->netns, domain, SOCK_STREAM, 0);
    if (fd < 0)
        return;
    net_want_errors(fd, domain);
    tls->connected = false;
    struct sockaddr_storage address;
    socklen_t length = net_sockaddr(&attempt->fact.target, attempt->check->tls.port, &address);
    if (connect(fd, (struct sockaddr *)&address, length) < 0 && errno != EINPROGRESS) {
        connect_failed(tls, errno);
        return;
    }
    attempt_sends(attempt, fd, IPPROTO_TCP, attempt->check->tls.port);
    if (engine_watch(attempt->engine, &tls->watch, fd, EPOLLOUT) < 0) {
        attempt_end(attempt, OUTCOME_ERROR, "watch a TCP socket: %s", strerror(errno));
        return;
    }
    fd_steal(&fd);
    set_up(tls);
}

static void tls_start(struct attempt *attempt)
{
    struct tls *tls = attempt->state;
    const struct check_tls *check = &attempt->check->tls;
    struct error err = ERROR_INIT;
    *tls = (struct tls){.attempt = attempt, .watch = {-1, tls_ready, tls}};
    if (libssl_load(&err) != 0) {
        attempt_fail(attempt, &err);
        return;
    }
    tls->netns = attempt_netns(attempt);
    if (tls->netns < 0 || !attempt_target(attempt, &check->to, &attempt->fact.target))
        return;
    tls->name = check->server_name ? check->server_name : check->to.node ? check->to.node->name : check->to.text;
    dial(tls);
}

static void tls_expire(struct attempt *attempt)
{
    const struct tls *tls = attempt->state;
    char limit[32], target[NET_TEXT_MAX];
    if (!tls->connected && neighbours_dynamic(attempt->world, attempt->check->from) &&
        net_neighbours_full(tls->netns, &attempt->fact.target)) {
        attempt_end(attempt, OUTCOME_ERROR, "%s", NET_NEIGHBOURS_FULL);
        return;
    }
    attempt_end(attempt, OUTCOME_SILENT, tls->connected ? "no handshake in %s with %s" : "no answer in %s from %s",
                attempt_limit(attempt, limit), where(attempt, target));
}

static void tls_release(struct attempt *attempt)
{
    hang_up(attempt->state);
}

const struct probe_kind probe_tls = {
    .kind = CHECK_TLS,
    .state_size = sizeof(struct tls),
    .prepare = libssl_load,
    .start = tls_start,
    .expire = tls_expire,
    .release = tls_release,
};
