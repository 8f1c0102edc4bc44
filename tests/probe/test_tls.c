/* TLS handshakes with a server of the test's own, whose certificates are good and bad in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "base/table.h"
#include "lan.h"
#include "sandbox.h"
#include "score/verdict.h"

#define DAY 86400

static struct lan *lan;
static struct fact fact;
static struct judgement judgement;

/* ---- certificates -------------------------------------------------------------------------------------------------
 */

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, (char *)(uintptr_t)value);
    assert_non_null(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/* A certificate of `name`, signed by `issuer` (NULL: by itself), valid for these seconds from now. */
static struct identity issue(const char *name, const struct identity *issuer, bool authority, long from, long until)
{
    static long serial;
    struct identity out = {EVP_EC_gen("P-256"), X509_new()};
    char alternative[100];
    ASN1_INTEGER_set(X509_get_serialNumber(out.certificate), ++serial);
    X509_set_version(out.certificate, X509_VERSION_3);
    X509_set_pubkey(out.certificate, out.key);
    X509_gmtime_adj(X509_getm_notBefore(out.certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(out.certificate), until);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(out.certificate), "CN", MBSTRING_ASC, (const unsigned char *)name,
                               -1, -1, 0);
    X509 *by = issuer ? issuer->certificate : out.certificate;
    X509_set_issuer_name(out.certificate, X509_get_subject_name(by));
    add_extension(out.certificate, by, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
    snprintf(alternative, sizeof alternative, "%s:%s", *name >= '0' && *name <= '9' ? "IP" : "DNS", name);
    if (!authority)
        add_extension(out.certificate, by, NID_subject_alt_name, alternative);
    assert_true(X509_sign(out.certificate, issuer ? issuer->key : out.key, EVP_sha256()) > 0);
    return out;
}

/* ---- the server ---------------------------------------------------------------------------------------------------
 */

enum { GOOD, CHAIN, EXPIRED, EARLY, WRONG, SELF, ALONE, FOREIGN, OLD, NEW, ADDRESS, DEAF, PLAIN, DOORS };

struct door {
    struct identity identity;
    const struct identity *intermediate;
    int least, most; /* versions; 0: any */
};
static struct door doors[DOORS];
static struct identity authority, intermediate, stranger, stranger_between;

static void make_identities(void)
{
    authority = issue("Lab authority", NULL, true, -DAY, 300L * DAY);
    intermediate = issue("Lab intermediate", &authority, true, -DAY, 300L * DAY);
    stranger = issue("Strange authority", NULL, true, -DAY, 300L * DAY);
    stranger_between = issue("Strange intermediate", &stranger, true, -DAY, 300L * DAY);
    doors[GOOD].identity = issue("n2", &authority, false, -DAY, 90L * DAY + 60);
    doors[CHAIN] = (struct door){issue("n2", &intermediate, false, -DAY, 90L * DAY), &intermediate, 0, 0};
    doors[EXPIRED].identity = issue("n2", &authority, false, -10L * DAY, -DAY);
    doors[EARLY].identity = issue("n2", &authority, false, DAY, 10L * DAY);
    doors[WRONG].identity = issue("elsewhere.test", &authority, false, -DAY, 90L * DAY);
    doors[SELF].identity = issue("n2", NULL, false, -DAY, 90L * DAY);
    doors[ALONE].identity = issue("n2", &intermediate, false, -DAY, 90L * DAY);
    doors[FOREIGN] = (struct door){issue("n2", &stranger_between, false, -DAY, 90L * DAY), &stranger_between, 0, 0};
    doors[OLD] = (struct door){issue("n2", &authority, false, -DAY, 90L * DAY), NULL, TLS1_1_VERSION, TLS1_2_VERSION};
    doors[ADDRESS].identity = issue("10.0.0.2", &authority, false, -DAY, 90L * DAY);
    doors[NEW] = (struct door){issue("n2", &authority, false, -DAY, 90L * DAY), NULL, TLS1_3_VERSION, 0};
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *length, const unsigned char *in,
                       unsigned in_length, void *context)
{
    (void)ssl, (void)context;
    static const unsigned char ours[] = "\x02h2";
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, length, ours, 3, in, in_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void serve_one(const struct door *door, int fd)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, door->least ? door->least : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context, door->most);
    SSL_CTX_use_certificate(context, door->identity.certificate);
    SSL_CTX_use_PrivateKey(context, door->identity.key);
    if (door != &doors[ADDRESS]) /* which speaks HTTP/1.1 alone */
        SSL_CTX_set_alpn_select_cb(context, choose_alpn, NULL);
    if (door->intermediate) {
        X509_up_ref(door->intermediate->certificate);
        SSL_CTX_add_extra_chain_cert(context, door->intermediate->certificate);
    }
    SSL *ssl = SSL_new(context);
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nhi\n";
    char data[2000];
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, data, sizeof data) > 0) /* a request, or the prober has gone */
        SSL_write(ssl, answer, (int)strlen(answer));
    SSL_shutdown(ssl);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

static void serve(const int *listeners)
{
    struct pollfd watched[DOORS];
    for (size_t i = 0; i < DOORS; i++)
        watched[i] = (struct pollfd){.fd = listeners[i], .events = POLLIN};
    while (poll(watched, DOORS, 30000) > 0)
        for (size_t i = 0; i < DOORS; i++) {
            int fd = watched[i].revents ? accept(listeners[i], NULL, NULL) : -1;
            if (fd < 0)
                continue;
            if (fork() == 0) {
                if (i == DEAF)
                    poll(NULL, 0, 3000);
                else if (i == PLAIN)
                    (void)!write(fd, "SSH-2.0-lab\r\n", 13);
                else
                    serve_one(&doors[i], fd);
                _exit(0);
            }
            close(fd);
        }
    _exit(0);
}

static pid_t server;

static void start_server(void)
{
    int listeners[DOORS], on = 1;
    for (size_t i = 0; i < DOORS; i++) {
        listeners[i] = netns_socket(lan->netns[1], AF_INET, SOCK_STREAM, 0, NULL);
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(9000 + i))};
        setsockopt(listeners[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        assert_int_equal(bind(listeners[i], (struct sockaddr *)&in, sizeof in), 0);
        assert_int_equal(listen(listeners[i], 20), 0);
    }
    server = fork();
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGCHLD, SIG_IGN);
        serve(listeners);
    }
    for (size_t i = 0; i < DOORS; i++)
        close(listeners[i]);
}

/* ---- the node's root: it trusts the authority alone ---------------------------------------------------------------
 */

static char directory[] = "/tmp/labctl-tls-XXXXXX";
static const char *const parts[] = {"", "/etc", "/etc/ssl", "/etc/ssl/certs"};

static void make_root(void)
{
    char path[200];
    assert_non_null(mkdtemp(directory));
    for (size_t i = 1; i < ARRAY_SIZE(parts); i++) {
        snprintf(path, sizeof path, "%s%s", directory, parts[i]);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    snprintf(path, sizeof path, "%s/etc/ssl/certs/ca-certificates.crt", directory);
    FILE *bundle = fopen(path, "we");
    PEM_write_X509(bundle, authority.certificate);
    assert_int_equal(fclose(bundle), 0);
    close(lan->root);
    lan->root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void remove_root(void)
{
    char path[200];
    snprintf(path, sizeof path, "%s/etc/ssl/certs/ca-certificates.crt", directory);
    unlink(path);
    for (size_t i = ARRAY_SIZE(parts); i-- > 0;) {
        snprintf(path, sizeof path, "%s%s", directory, parts[i]);
        rmdir(path);
    }
}

/* ---- measuring ----------------------------------------------------------------------------------------------------
 */

static void on_result(void *context, size_t index, const struct fact *seen, uint32_t attempts, int64_t duration)
{
    (void)index, (void)attempts, (void)duration;
    fact = *seen;
    judgement = verdict_of(context, seen, NULL);
}

static struct check check_of(int door)
{
    struct check check = {.id = "t", .kind = CHECK_TLS, .from = lan->topology->nodes[0], .timeout = 2000000000};
    check.tls.to = (struct check_target){.node = lan->topology->nodes[1], .text = "n2"};
    check.tls.port = (uint16_t)(9000 + door);
    return check;
}

static void measure(struct check check, enum verdict wanted)
{
    struct error err = ERROR_INIT;
    struct probe_world world = lan_world(lan);
    const struct check *set[] = {&check};
    struct probe_options options = {.single_attempt = true, .result = on_result, .context = &check};
    if (probe_checks(&world, set, 1, &options, &err) != 0)
        fail_msg("%s", err.text);
    if (judgement.verdict != wanted)
        fail_msg("door %d: wanted %s, got %s: expected %s, seen %s", check.tls.port - 9000, verdict_name(wanted),
                 verdict_name(judgement.verdict), judgement.expected, judgement.seen);
}

static void every_certificate_is_known(void **state)
{
    (void)state;
    static const struct {
        int door;
        enum tls_reason reason;
    } rows[] = {
        {GOOD, TLS_NONE},
        {CHAIN, TLS_NONE},
        {EXPIRED, TLS_EXPIRED},
        {EARLY, TLS_NOT_YET_VALID},
        {WRONG, TLS_WRONG_NAME},
        {SELF, TLS_SELF_SIGNED},
        {ALONE, TLS_MISSING_INTERMEDIATE},
        {FOREIGN, TLS_UNKNOWN_AUTHORITY},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        bool good = rows[i].reason == TLS_NONE;
        struct check check = check_of(rows[i].door);
        measure(check, good ? VERDICT_PASS : VERDICT_FAIL);
        assert_int_equal(fact.outcome, OUTCOME_ANSWERED);
        if (fact.tls_problems != (good ? 0 : 1u << rows[i].reason))
            fail_msg("door %d: %s", rows[i].door, fact.detail);
        check.tls.has_valid = true;
        measure(check, good ? VERDICT_FAIL : VERDICT_PASS);
        for (int reason = 1; reason < TLS_REASON_COUNT; reason++) {
            struct check asked = check_of(rows[i].door);
            bool same = reason == (int)rows[i].reason ||
                        (reason == TLS_UNKNOWN_AUTHORITY && rows[i].reason == TLS_MISSING_INTERMEDIATE);
            asked.tls.reason = (enum tls_reason)reason;
            measure(asked, same ? VERDICT_PASS : VERDICT_FAIL);
        }
    }
}

static void the_name_can_be_another(void **state)
{
    (void)state;
    struct check check = check_of(WRONG);
    check.tls.server_name = "elsewhere.test";
    measure(check, VERDICT_PASS);
    assert_non_null(strstr(judgement.seen, "certificate valid for elsewhere.test"));
    check = check_of(GOOD);
    check.tls.server_name = "10.0.0.2"; /* an address is no name */
    measure(check, VERDICT_FAIL);
    assert_non_null(strstr(judgement.seen, "not valid: wrong-name"));
}

static void versions_are_told(void **state)
{
    (void)state;
    struct check check = check_of(OLD);
    measure(check, VERDICT_PASS);
    assert_int_equal(fact.tls_version, TLS_1_2);
    check.tls.min_version = TLS_1_2;
    measure(check, VERDICT_FAIL); /* it takes 1.1 too */
    assert_non_null(strstr(judgement.seen, "a version older than TLS 1.2 is accepted"));
    check.tls.min_version = TLS_1_1;
    measure(check, VERDICT_PASS);
    check.tls.min_version = TLS_1_3;
    measure(check, VERDICT_FAIL);
    check = check_of(OLD);
    check.tls.version = TLS_1_1;
    measure(check, VERDICT_PASS);
    assert_int_equal(fact.tls_version, TLS_1_1);
    check.tls.version = TLS_1_3;
    measure(check, VERDICT_FAIL);
    check.tls.reason = TLS_NO_VERSION;
    measure(check, VERDICT_PASS);
    check = check_of(NEW);
    check.tls.min_version = TLS_1_3;
    measure(check, VERDICT_PASS);
    assert_int_equal(fact.tls_older, TLS_OLDER_REFUSED);
}

static void protocol_and_days_are_told(void **state)
{
    (void)state;
    struct check check = check_of(GOOD);
    check.tls.alpn = "h2";
    measure(check, VERDICT_PASS);
    check.tls.alpn = "http/1.1";
    measure(check, VERDICT_FAIL);
    check = check_of(GOOD);
    check.tls.has_days_left_above = true;
    check.tls.days_left_above = 89;
    measure(check, VERDICT_PASS);
    assert_int_equal(fact.days_left, 90);
    check.tls.days_left_above = 90;
    measure(check, VERDICT_FAIL);
}

static void what_is_no_handshake_is_no_certificate(void **state)
{
    (void)state;
    struct check check = check_of(PLAIN);
    measure(check, VERDICT_FAIL);
    assert_int_equal(fact.outcome, OUTCOME_FAILED);
    check.tls.has_valid = true; /* valid: false wants a certificate that is not */
    measure(check, VERDICT_FAIL);
    check = check_of(PLAIN);
    check.tls.reason = TLS_REFUSED;
    measure(check, VERDICT_PASS);
    check = check_of(DEAF);
    check.timeout = 300000000;
    measure(check, VERDICT_FAIL);
    assert_int_equal(fact.outcome, OUTCOME_SILENT);
    assert_string_equal(fact.detail, "no handshake in 300 ms with 10.0.0.2:9011");
    check = check_of(77);
    check.tls.reason = TLS_REFUSED; /* a closed port refuses no handshake */
    measure(check, VERDICT_FAIL);
    assert_int_equal(fact.outcome, OUTCOME_REFUSED);
}

static void https_trusts_whom_the_node_trusts(void **state)
{
    (void)state;
    struct check check = {.id = "h", .kind = CHECK_HTTP, .from = lan->topology->nodes[0], .timeout = 2000000000};
    check.http = (struct check_http){.url = "https://10.0.0.2:9010/", .method = "GET", .requests = 1};
    measure(check, VERDICT_PASS);
    assert_int_equal(fact.status, 200);
    check.http.version = HTTP_1_1;
    measure(check, VERDICT_PASS);
    check.http.version = HTTP_2;
    measure(check, VERDICT_FAIL);
    check.http.version = HTTP_ANY;
    static const int bad[] = {GOOD /* for n2, not for 10.0.0.2 */, EXPIRED, SELF, FOREIGN, PLAIN};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char url[40];
        snprintf(url, sizeof url, "https://10.0.0.2:%d/", 9000 + bad[i]);
        check.http.url = url;
        measure(check, VERDICT_FAIL);
        assert_int_equal(fact.outcome, OUTCOME_FAILED);
    }
}

static int setup(void **state)
{
    (void)state;
    if (sandbox_enter() != 0) {
        print_message("[  SKIPPED ] probe: no user namespaces here\n");
        exit(0);
    }
    lan = lan_new(2);
    make_identities();
    make_root();
    start_server();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    remove_root();
    lan_free(lan);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_certificate_is_known),
        cmocka_unit_test(the_name_can_be_another),
        cmocka_unit_test(versions_are_told),
        cmocka_unit_test(protocol_and_days_are_told),
        cmocka_unit_test(what_is_no_handshake_is_no_certificate),
        cmocka_unit_test(https_trusts_whom_the_node_trusts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
