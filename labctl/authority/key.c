/* Keys and signatures, deterministic.
 *
 * OpenSSL does the arithmetic on the curve; that nothing in it is by chance is what its own signing functions do not
 * offer.  The numbers of one signature live in one struct, so that there is one way out. */
#include "authority/key.h"

#include <stdbool.h>
#include <string.h>

#include "authority/der.h"
#include "authority/libcrypto.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/str.h"

#define LIB authority_libcrypto

/* The curve and what one computation needs of it. */
struct curve {
    EC_GROUP *group;
    EC_POINT *point;
    BN_CTX *context;
    const BIGNUM *order;
};

static void curve_free(struct curve *curve)
{
    LIB.EC_POINT_free(curve->point);
    LIB.EC_GROUP_free(curve->group);
    LIB.BN_CTX_free(curve->context);
}

static int curve_open(struct curve *curve, struct error *err)
{
    *curve = (struct curve){0};
    if (authority_libcrypto_load(err) != 0)
        return -1;
    curve->group = LIB.EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    curve->context = LIB.BN_CTX_new();
    curve->point = curve->group ? LIB.EC_POINT_new(curve->group) : NULL;
    if (curve->point && curve->context) {
        curve->order = LIB.EC_GROUP_get0_order(curve->group);
        return 0;
    }
    curve_free(curve);
    return error_set(err, ERR_CAPABILITY, "OpenSSL does not have the curve P-256");
}

/* 0 < number < order? */
static bool is_scalar(const struct curve *curve, const BIGNUM *number)
{
    return number && !LIB.BN_is_zero(number) && LIB.BN_cmp(number, curve->order) < 0;
}

/* The point number × generator; its x as well where `x` is not NULL. */
static bool multiply(struct curve *curve, const BIGNUM *number, BIGNUM *x)
{
    return LIB.EC_POINT_mul(curve->group, curve->point, number, NULL, NULL, curve->context) == 1 &&
           (!x || LIB.EC_POINT_get_affine_coordinates(curve->group, curve->point, x, NULL, curve->context) == 1);
}

static bool complete(struct curve *curve, struct key *key)
{
    BIGNUM *number = LIB.BN_bin2bn(key->private, KEY_SIZE, NULL);
    bool good = is_scalar(curve, number) && multiply(curve, number, NULL) &&
                LIB.EC_POINT_point2oct(curve->group, curve->point, POINT_CONVERSION_UNCOMPRESSED, key->public,
                                       KEY_PUBLIC, curve->context) == KEY_PUBLIC;
    LIB.BN_free(number);
    return good;
}

int key_complete(struct key *out, struct error *err)
{
    struct curve curve;
    if (curve_open(&curve, err) != 0)
        return -1;
    bool good = complete(&curve, out);
    curve_free(&curve);
    return good ? 0 : error_set(err, ERR_SYSTEM, "a private key that the curve does not have");
}

int key_derive(const char *seed, struct key *out, struct error *err)
{
    static const char domain[] = "lab authority key 1";
    struct curve curve;
    if (curve_open(&curve, err) != 0)
        return -1;
    sha256_keyed(domain, strlen(domain), seed, strlen(seed), out->private);
    while (!complete(&curve, out)) /* one hash in 2^32 is too large */
        sha256(out->private, KEY_SIZE, out->private);
    curve_free(&curve);
    return 0;
}

/* ---- signatures (RFC 6979, 3.2; FIPS 186-4, 6.4) ---------------------------------------------------------------- */

/* The generator of RFC 6979: K and V, and what is mixed in. */
struct nonces {
    uint8_t k[SHA256_SIZE], v[SHA256_SIZE];
};

static void turn(struct nonces *nonces)
{
    sha256_keyed(nonces->k, sizeof nonces->k, nonces->v, sizeof nonces->v, nonces->v);
}

/* K = HMAC(K, V || step || more); V = HMAC(K, V). */
static void mix(struct nonces *nonces, uint8_t step, const uint8_t *more, size_t length)
{
    uint8_t text[SHA256_SIZE + 1 + 2 * KEY_SIZE];
    memcpy(text, nonces->v, SHA256_SIZE);
    text[SHA256_SIZE] = step;
    if (length)
        memcpy(text + SHA256_SIZE + 1, more, length);
    sha256_keyed(nonces->k, sizeof nonces->k, text, SHA256_SIZE + 1 + length, nonces->k);
    turn(nonces);
}

struct signing {
    struct curve curve;
    BIGNUM *private, *hash, *nonce, *inverse, *r, *s;
};

static void signing_free(struct signing *signing)
{
    BIGNUM *numbers[] = {signing->private, signing->hash, signing->nonce, signing->inverse, signing->r, signing->s};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        LIB.BN_free(numbers[i]);
    curve_free(&signing->curve);
}

static bool signing_new(struct signing *signing, const struct key *key, const uint8_t digest[static SHA256_SIZE])
{
    signing->private = LIB.BN_bin2bn(key->private, KEY_SIZE, NULL);
    signing->hash = LIB.BN_bin2bn(digest, SHA256_SIZE, NULL);
    signing->nonce = LIB.BN_new();
    signing->inverse = LIB.BN_new();
    signing->r = LIB.BN_new();
    signing->s = LIB.BN_new();
    return signing->private && signing->hash && signing->nonce && signing->inverse && signing->r && signing->s &&
           LIB.BN_nnmod(signing->hash, signing->hash, signing->curve.order, signing->curve.context) == 1;
}

/* r = x of nonce × generator; s = (hash + r × private) / nonce. */
static bool try_nonce(struct signing *signing)
{
    struct curve *curve = &signing->curve;
    return is_scalar(curve, signing->nonce) && multiply(curve, signing->nonce, signing->r) &&
           LIB.BN_nnmod(signing->r, signing->r, curve->order, curve->context) == 1 && !LIB.BN_is_zero(signing->r) &&
           LIB.BN_mod_inverse(signing->inverse, signing->nonce, curve->order, curve->context) &&
           LIB.BN_mod_mul(signing->s, signing->r, signing->private, curve->order, curve->context) == 1 &&
           LIB.BN_mod_add(signing->s, signing->s, signing->hash, curve->order, curve->context) == 1 &&
           LIB.BN_mod_mul(signing->s, signing->s, signing->inverse, curve->order, curve->context) == 1 &&
           !LIB.BN_is_zero(signing->s);
}

static bool sign(struct signing *signing, const struct key *key)
{
    struct nonces nonces = {.k = {0}};
    uint8_t secret[2 * KEY_SIZE];
    memset(nonces.v, 1, sizeof nonces.v);
    memcpy(secret, key->private, KEY_SIZE);
    if (LIB.BN_bn2binpad(signing->hash, secret + KEY_SIZE, KEY_SIZE) != KEY_SIZE)
        return false;
    mix(&nonces, 0, secret, sizeof secret);
    mix(&nonces, 1, secret, sizeof secret);
    for (unsigned tries = 0; tries < 100; tries++) {
        turn(&nonces);
        if (LIB.BN_bin2bn(nonces.v, SHA256_SIZE, signing->nonce) && try_nonce(signing))
            return true;
        mix(&nonces, 0, NULL, 0);
    }
    return false;
}

static void put_signature(const struct signing *signing, struct str *out)
{
    uint8_t number[KEY_SIZE];
    STR_AUTO both = STR_INIT;
    LIB.BN_bn2binpad(signing->r, number, KEY_SIZE);
    der_put_natural(&both, number, KEY_SIZE);
    LIB.BN_bn2binpad(signing->s, number, KEY_SIZE);
    der_put_natural(&both, number, KEY_SIZE);
    der_wrap(out, DER_SEQUENCE, &both);
}

int key_sign(const struct key *key, const void *message, size_t length, struct str *out, struct error *err)
{
    struct signing signing = {0};
    uint8_t digest[SHA256_SIZE];
    if (curve_open(&signing.curve, err) != 0)
        return -1;
    sha256(message, length, digest);
    bool good = signing_new(&signing, key, digest) && sign(&signing, key);
    if (good)
        put_signature(&signing, out);
    signing_free(&signing);
    return good ? 0 : error_set(err, ERR_SYSTEM, "OpenSSL could not sign");
}

/* ---- as files ---------------------------------------------------------------------------------------------------- */

/* AlgorithmIdentifier: id-ecPublicKey with prime256v1 (RFC 5480, 2.1.1). */
static const uint8_t algorithm[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                                    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

void key_put_public(const struct key *key, struct str *out)
{
    STR_AUTO info = STR_INIT;
    str_append_bytes(&info, algorithm, sizeof algorithm);
    der_put_bits(&info, key->public, KEY_PUBLIC);
    der_wrap(out, DER_SEQUENCE, &info);
}

void key_put_pem(const struct key *key, struct str *out)
{
    STR_AUTO bits = STR_INIT, fields = STR_INIT, private = STR_INIT, info = STR_INIT, der = STR_INIT;
    der_put_bits(&bits, key->public, KEY_PUBLIC);
    der_put_natural(&fields, (const uint8_t[]){1}, 1); /* ECPrivateKey, version 1 (RFC 5915, 3) */
    der_put(&fields, DER_OCTET_STRING, key->private, KEY_SIZE);
    der_wrap(&fields, DER_CONTEXT_COMPOUND + 1, &bits);
    der_wrap(&private, DER_SEQUENCE, &fields);
    der_put_natural(&info, (const uint8_t[]){0}, 1); /* PrivateKeyInfo, version 0 (RFC 5208, 5) */
    str_append_bytes(&info, algorithm, sizeof algorithm);
    der_wrap(&info, DER_OCTET_STRING, &private);
    der_wrap(&der, DER_SEQUENCE, &info);
    der_put_pem(out, "PRIVATE KEY", &der);
}
