/* Certificates that the lab's authority makes are what OpenSSL takes for good, or for bad in the way that was asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "authority/authority.h"
#include "authority/der.h"
#include "authority/key.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "plan/plan.h"

#define YEAR_2024 1704067200
#define YEAR_2050 2524608000

/* RFC 6979, A.2.5: P-256, SHA-256, the messages "sample" and "test". */
static const char private_key[] = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
static const struct {
    const char *message, *r, *s;
} vectors[] = {
    {"sample", "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
     "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
    {"test", "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
     "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"},
};

static void from_hex(const char *hex, uint8_t *out)
{
    for (size_t i = 0; hex[2 * i]; i++)
        out[i] = (uint8_t)strtoul((char[]){hex[2 * i], hex[2 * i + 1], 0}, NULL, 16);
}

static void signatures_are_those_of_the_rfc(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct key key;
    from_hex(private_key, key.private);
    assert_int_equal(key_complete(&key, &err), 0);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t r[32], s[32];
        STR_AUTO got = STR_INIT, wanted = STR_INIT, numbers = STR_INIT;
        assert_int_equal(key_sign(&key, vectors[i].message, strlen(vectors[i].message), &got, &err), 0);
        from_hex(vectors[i].r, r);
        from_hex(vectors[i].s, s);
        der_put_natural(&numbers, r, sizeof r);
        der_put_natural(&numbers, s, sizeof s);
        der_wrap(&wanted, DER_SEQUENCE, &numbers);
        assert_int_equal(got.length, wanted.length);
        assert_memory_equal(got.data, wanted.data, got.length);
    }
}

static void der_is_der(void **state)
{
    (void)state;
    STR_AUTO out = STR_INIT;
    static const char content[300];
    der_put(&out, DER_OCTET_STRING, content, 127);
    der_put(&out, DER_OCTET_STRING, content, 128);
    der_put(&out, DER_OCTET_STRING, content, 300);
    assert_memory_equal(out.data, "\x04\x7f", 2);
    assert_memory_equal(out.data + 129, "\x04\x81\x80", 3);
    assert_memory_equal(out.data + 129 + 131, "\x04\x82\x01\x2c", 4);
    str_clear(&out);
    der_put_natural(&out, (const uint8_t[]){0, 0, 0x80}, 3);
    der_put_natural(&out, (const uint8_t[]){0}, 1);
    assert_memory_equal(out.data, "\x02\x02\x00\x80\x02\x01\x00", 7);
    str_clear(&out);
    der_put_time(&out, YEAR_2050 - 1);
    der_put_time(&out, YEAR_2050);
    assert_string_equal(out.data, "\x17\x0d"
                                  "491231235959Z\x18\x0f"
                                  "20500101000000Z");
}

/* ---- a plan's certificates --------------------------------------------------------------------------------------- */

static const char *const shop[] = {"shop.test", "www.shop.test", "203.0.113.7", "2001:db8::7"};

static struct plan *plan_with(struct plan_certificate certificate)
{
    struct plan *plan = plan_new("shop");
    struct plan_namespace *ns = ARENA_PUSH(plan->arena, plan->namespaces, plan->namespace_count);
    *ns = (struct plan_namespace){.name = "web", .kind = NAMESPACE_NODE};
    certificate.ns = 1;
    certificate.chain_path = "/etc/ssl/certs/web.pem";
    certificate.key_path = certificate.key_path ? certificate.key_path : "/etc/ssl/private/web.key";
    certificate.names = (const char **)(uintptr_t)shop;
    certificate.name_count = 4;
    certificate.not_before = certificate.not_before ? certificate.not_before : YEAR_2024;
    certificate.not_after = certificate.not_after ? certificate.not_after : YEAR_2050;
    *ARENA_PUSH(plan->arena, plan->certificates, plan->certificate_count) = certificate;
    struct error err = ERROR_INIT;
    if (authority_issue(plan, &err) != 0)
        fail_msg("%s", err.text);
    return plan;
}

static X509 *next_certificate(BIO *bio)
{
    return PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

/* What OpenSSL says of the chain for a name: an X509_V_ code. */
static int verdict(const struct plan *plan, const char *name, time_t when)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    BIO *chain = BIO_new_mem_buf(plan->files[0].content, (int)plan->files[0].length),
        *root = BIO_new_mem_buf(plan->authority, -1);
    X509 *leaf = next_certificate(chain), *trusted = next_certificate(root);
    assert_non_null(leaf);
    assert_non_null(trusted);
    X509_STORE_add_cert(store, trusted);
    for (X509 *other; (other = next_certificate(chain));)
        sk_X509_push(others, other);
    X509_STORE_CTX_init(context, store, leaf, others);
    X509_VERIFY_PARAM *verify = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(verify, when);
    X509_VERIFY_PARAM_set_purpose(verify, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_flags(verify, X509_V_FLAG_X509_STRICT);
    if (strpbrk(name, ":") || (*name >= '0' && *name <= '9'))
        X509_VERIFY_PARAM_set1_ip_asc(verify, name);
    else
        X509_VERIFY_PARAM_set1_host(verify, name, 0);
    X509_verify_cert(context);
    int error = X509_STORE_CTX_get_error(context);
    sk_X509_pop_free(others, X509_free);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(leaf);
    X509_free(trusted);
    BIO_free(chain);
    BIO_free(root);
    return error;
}

static void a_valid_one_is_valid(void **state)
{
    (void)state;
    struct plan *plan = plan_with((struct plan_certificate){.origin = "node/web/service/https"});
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(verdict(plan, shop[i], YEAR_2024 + 1), X509_V_OK);
    assert_int_equal(verdict(plan, "other.test", YEAR_2024 + 1), X509_V_ERR_HOSTNAME_MISMATCH);
    assert_int_equal(verdict(plan, "203.0.113.8", YEAR_2024 + 1), X509_V_ERR_IP_ADDRESS_MISMATCH);
    assert_int_equal(plan->file_count, 2);
    assert_string_equal(plan->files[1].path, "/etc/ssl/private/web.key");
    assert_int_equal(plan->files[1].mode, 0600);
    assert_string_equal(plan->files[1].origin, "node/web/service/https");
    plan_free(plan);
}

static void the_key_is_that_of_the_certificate(void **state)
{
    (void)state;
    struct plan *plan = plan_with((struct plan_certificate){0});
    BIO *chain = BIO_new_mem_buf(plan->files[0].content, -1), *key = BIO_new_mem_buf(plan->files[1].content, -1);
    X509 *leaf = next_certificate(chain);
    EVP_PKEY *private = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    assert_non_null(private);
    assert_int_equal(X509_check_private_key(leaf, private), 1);
    EVP_PKEY_free(private);
    X509_free(leaf);
    BIO_free(chain);
    BIO_free(key);
    plan_free(plan);
}

static void defects_are_what_they_are_called(void **state)
{
    (void)state;
    static const struct {
        struct plan_certificate certificate;
        int wanted;
    } cases[] = {
        {{.not_after = YEAR_2024 + 10}, X509_V_ERR_CERT_HAS_EXPIRED},
        {{.not_before = YEAR_2024 + 1000}, X509_V_ERR_CERT_NOT_YET_VALID},
        {{.self_signed = true}, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
        {{.alone = true}, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct plan *plan = plan_with(cases[i].certificate);
        assert_int_equal(verdict(plan, "shop.test", YEAR_2024 + 100), cases[i].wanted);
        plan_free(plan);
    }
}

static void one_file_may_hold_both(void **state)
{
    (void)state;
    struct plan *plan = plan_with((struct plan_certificate){.key_path = "/etc/ssl/certs/web.pem"});
    assert_int_equal(plan->file_count, 1);
    assert_int_equal(plan->files[0].mode, 0600);
    assert_non_null(strstr(plan->files[0].content, "BEGIN PRIVATE KEY"));
    assert_int_equal(verdict(plan, "shop.test", YEAR_2024 + 1), X509_V_OK);
    plan_free(plan);
}

static void the_same_plan_gets_the_same_files(void **state)
{
    (void)state;
    struct plan *a = plan_with((struct plan_certificate){0}), *b = plan_with((struct plan_certificate){0});
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(a->files[i].content, b->files[i].content);
    assert_string_equal(a->authority, b->authority);
    plan_free(a);
    plan_free(b);
    struct plan *none = plan_new("shop");
    assert_int_equal(authority_issue(none, NULL), 0);
    assert_null(none->authority);
    plan_free(none);
}

/* The name under which a directory of authorities has the root. */
static void the_root_is_found_in_a_directory(void **state)
{
    (void)state;
    struct plan *plan = plan_with((struct plan_certificate){0});
    BIO *bio = BIO_new_mem_buf(plan->authority, -1);
    X509 *root = next_certificate(bio);
    char wanted[16];
    snprintf(wanted, sizeof wanted, "%08lx", X509_subject_name_hash(root));
    assert_string_equal(plan->authority_hash, wanted);
    X509_free(root);
    BIO_free(bio);
    plan_free(plan);
}

/* What stands in its place there is named as it is; where there is no root there is no such file. */
static void a_file_takes_the_place_of_the_root(void **state)
{
    (void)state;
    for (size_t certificates = 0; certificates < 2; certificates++) {
        struct error err = ERROR_INIT;
        struct plan *plan = plan_new("lab");
        *ARENA_PUSH(plan->arena, plan->namespaces, plan->namespace_count) = (struct plan_namespace){.name = "web"};
        *ARENA_PUSH(plan->arena, plan->files, plan->file_count) =
            (struct plan_file){.ns = 1, .path = PLAN_ROOT_BY_HASH, .content = "old", .length = 3};
        *ARENA_PUSH(plan->arena, plan->files, plan->file_count) =
            (struct plan_file){.ns = 1, .path = "/etc/motd", .content = "hello", .length = 5};
        if (certificates)
            *ARENA_PUSH(plan->arena, plan->certificates, plan->certificate_count) =
                (struct plan_certificate){.ns = 1, .chain_path = "/c", .key_path = "/k", .not_after = YEAR_2050};
        assert_int_equal(authority_issue(plan, &err), 0);
        assert_int_equal(plan->file_count, certificates ? 4 : 1);
        assert_string_equal(plan->files[certificates].path, "/etc/motd");
        if (certificates) {
            assert_true(str_ends(plan->files[0].path, ".0"));
            assert_non_null(strstr(plan->files[0].path, plan->authority_hash));
        }
        plan_free(plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_those_of_the_rfc),
        cmocka_unit_test(der_is_der),
        cmocka_unit_test(a_valid_one_is_valid),
        cmocka_unit_test(the_key_is_that_of_the_certificate),
        cmocka_unit_test(defects_are_what_they_are_called),
        cmocka_unit_test(one_file_may_hold_both),
        cmocka_unit_test(the_same_plan_gets_the_same_files),
        cmocka_unit_test(the_root_is_found_in_a_directory),
        cmocka_unit_test(a_file_takes_the_place_of_the_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
