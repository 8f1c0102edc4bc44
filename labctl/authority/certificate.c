/* Certificates, field by field. */
#include "authority/certificate.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "authority/der.h"
#include "authority/key.h"
#include "authority/libcrypto.h"
#include "base/addr.h"
#include "base/sha256.h"
#include "base/str.h"
#include "base/table.h"

#define COMMON_NAME_MAX 64 /* RFC 5280, appendix A.1: ub-common-name */
#define SERIAL_SIZE     16
#define SHA1_SIZE       20

/* Object identifiers, as they are encoded. */
struct object {
    const char *bytes;
    size_t length;
};
#define OBJECT(text)                                                                                                   \
    {                                                                                                                  \
        (text), sizeof(text) - 1                                                                                       \
    }
static const struct object organization = OBJECT("\x55\x04\x0a"), common_name = OBJECT("\x55\x04\x03"),
                           ecdsa_sha256 = OBJECT("\x2a\x86\x48\xce\x3d\x04\x03\x02"),
                           subject_key = OBJECT("\x55\x1d\x0e"), key_usage = OBJECT("\x55\x1d\x0f"),
                           subject_alternative = OBJECT("\x55\x1d\x11"), basic_constraints = OBJECT("\x55\x1d\x13"),
                           authority_key = OBJECT("\x55\x1d\x23"), extended_usage = OBJECT("\x55\x1d\x25"),
                           server_authentication = OBJECT("\x2b\x06\x01\x05\x05\x07\x03\x01"),
                           client_authentication = OBJECT("\x2b\x06\x01\x05\x05\x07\x03\x02");

static void put_object(struct str *out, const struct object *object)
{
    der_put(out, DER_OBJECT, object->bytes, object->length);
}

static void put_algorithm(struct str *out)
{
    STR_AUTO object = STR_INIT;
    put_object(&object, &ecdsa_sha256);
    der_wrap(out, DER_SEQUENCE, &object);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static void put_attribute(struct str *out, const struct object *type, const char *text, bool canonical)
{
    if (!text || !*text || strlen(text) > COMMON_NAME_MAX)
        return;
    STR_AUTO value = STR_INIT, pair = STR_INIT, set = STR_INIT;
    for (const char *c = text; *c; c++)
        str_append_char(&value, (char)(canonical ? tolower((unsigned char)*c) : *c));
    put_object(&pair, type);
    der_wrap(&pair, DER_UTF8_STRING, &value);
    der_wrap(&set, DER_SEQUENCE, &pair);
    der_wrap(out, DER_SET, &set);
}

static void put_attributes(struct str *out, const struct subject *subject, bool canonical)
{
    put_attribute(out, &organization, subject->organization, canonical);
    put_attribute(out, &common_name, subject->common_name, canonical);
}

static void put_subject(struct str *out, const struct subject *subject)
{
    STR_AUTO attributes = STR_INIT;
    put_attributes(&attributes, subject, false);
    der_wrap(out, DER_SEQUENCE, &attributes);
}

void subject_hash(const struct subject *subject, char out[static 9])
{
    uint8_t digest[SHA1_SIZE] = {0};
    STR_AUTO attributes = STR_INIT;
    put_attributes(&attributes, subject, true);
    authority_libcrypto.SHA1((const unsigned char *)str_text(&attributes), attributes.length, digest);
    snprintf(out, 9, "%02x%02x%02x%02x", digest[3], digest[2], digest[1], digest[0]);
}

/* ---- extensions -------------------------------------------------------------------------------------------------- */

static void put_extension(struct str *out, const struct object *type, bool critical, const struct str *value)
{
    STR_AUTO fields = STR_INIT;
    put_object(&fields, type);
    if (critical)
        der_put(&fields, DER_BOOLEAN, "\xff", 1);
    der_wrap(&fields, DER_OCTET_STRING, value);
    der_wrap(out, DER_SEQUENCE, &fields);
}

static void put_constraints(struct str *out, const struct certificate *certificate)
{
    STR_AUTO fields = STR_INIT, value = STR_INIT;
    if (certificate->authority)
        der_put(&fields, DER_BOOLEAN, "\xff", 1);
    if (certificate->leaf_issuer)
        der_put_natural(&fields, (const uint8_t[]){0}, 1);
    der_wrap(&value, DER_SEQUENCE, &fields);
    put_extension(out, &basic_constraints, true, &value);
}

static void put_usage(struct str *out, const struct certificate *certificate)
{
    STR_AUTO usage = STR_INIT, extended = STR_INIT, purposes = STR_INIT;
    /* Named bits, the unused ones counted: keyCertSign and cRLSign, or digitalSignature (RFC 5280, 4.2.1.3). */
    der_put(&usage, DER_BIT_STRING, certificate->authority ? "\x01\x06" : "\x07\x80", 2);
    put_extension(out, &key_usage, true, &usage);
    if (certificate->authority)
        return;
    put_object(&purposes, &server_authentication);
    put_object(&purposes, &client_authentication);
    der_wrap(&extended, DER_SEQUENCE, &purposes);
    put_extension(out, &extended_usage, false, &extended);
}

/* The identifier of a key: the SHA-1 of its bits (RFC 5280, 4.2.1.2). */
static void put_key_identifier(struct str *out, const struct object *type, const struct key *key, unsigned tag)
{
    uint8_t digest[SHA1_SIZE];
    STR_AUTO identifier = STR_INIT, value = STR_INIT;
    authority_libcrypto.SHA1(key->public, KEY_PUBLIC, digest);
    der_put(&identifier, tag, digest, sizeof digest);
    if (tag != DER_OCTET_STRING) {
        der_wrap(&value, DER_SEQUENCE, &identifier);
        put_extension(out, type, false, &value);
    } else {
        put_extension(out, type, false, &identifier);
    }
}

static void put_names(struct str *out, const struct certificate *certificate)
{
    STR_AUTO names = STR_INIT, value = STR_INIT;
    for (size_t i = 0; i < certificate->name_count; i++) {
        struct addr addr;
        if (addr_parse(certificate->names[i], &addr))
            der_put(&names, DER_CONTEXT + 7, addr.bytes, addr.family == 6 ? 16 : 4);
        else
            der_put(&names, DER_CONTEXT + 2, certificate->names[i], strlen(certificate->names[i]));
    }
    if (certificate->name_count == 0)
        return;
    der_wrap(&value, DER_SEQUENCE, &names);
    put_extension(out, &subject_alternative, false, &value);
}

static void put_extensions(struct str *out, const struct certificate *certificate)
{
    STR_AUTO all = STR_INIT, list = STR_INIT;
    put_constraints(&all, certificate);
    put_usage(&all, certificate);
    put_key_identifier(&all, &subject_key, certificate->key, DER_OCTET_STRING);
    put_key_identifier(&all, &authority_key, certificate->issuer_key, DER_CONTEXT);
    put_names(&all, certificate);
    der_wrap(&list, DER_SEQUENCE, &all);
    der_wrap(out, DER_CONTEXT_COMPOUND + 3, &list);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static void put_validity(struct str *out, const struct certificate *certificate)
{
    STR_AUTO times = STR_INIT;
    der_put_time(&times, certificate->not_before);
    der_put_time(&times, certificate->not_after);
    der_wrap(out, DER_SEQUENCE, &times);
}

/* What is signed, but for the serial number before it. */
static void put_body(struct str *out, const struct certificate *certificate)
{
    put_algorithm(out);
    put_subject(out, &certificate->issuer);
    put_validity(out, certificate);
    put_subject(out, &certificate->subject);
    key_put_public(certificate->key, out);
    put_extensions(out, certificate);
}

int certificate_write(const struct certificate *certificate, struct str *out, struct error *err)
{
    uint8_t digest[SHA256_SIZE];
    STR_AUTO body = STR_INIT, fields = STR_INIT, version = STR_INIT, tbs = STR_INIT, whole = STR_INIT, bits = STR_INIT;
    if (authority_libcrypto_load(err) != 0)
        return -1;
    put_body(&body, certificate);
    /* Two certificates that differ have numbers that differ. */
    sha256(str_text(&body), body.length, digest);
    digest[0] = (digest[0] & 0x7f) | 0x40;
    der_put_natural(&version, (const uint8_t[]){2}, 1); /* v3 */
    der_wrap(&fields, DER_CONTEXT_COMPOUND + 0, &version);
    der_put_natural(&fields, digest, SERIAL_SIZE);
    str_append_bytes(&fields, str_text(&body), body.length);
    der_wrap(&tbs, DER_SEQUENCE, &fields);
    if (key_sign(certificate->issuer_key, str_text(&tbs), tbs.length, &bits, err) != 0)
        return -1;
    str_append_bytes(&whole, str_text(&tbs), tbs.length);
    put_algorithm(&whole);
    der_put_bits(&whole, str_text(&bits), bits.length);
    der_wrap(out, DER_SEQUENCE, &whole);
    return 0;
}
