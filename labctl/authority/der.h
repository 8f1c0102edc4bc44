/* Writing DER (ITU-T X.690): a tag, a length, the content.  Inside the room only. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct str;

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OBJECT = 0x06,
    DER_UTF8_STRING = 0x0c,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT = 0x80,          /* + number: a primitive field */
    DER_CONTEXT_COMPOUND = 0xa0, /* + number: a field that holds others */
};

void der_put(struct str *out, unsigned tag, const void *content, size_t length);
/* What `content` holds, with a head before it. */
void der_wrap(struct str *out, unsigned tag, const struct str *content);
/* A natural number of `length` bytes, the most significant first. */
void der_put_natural(struct str *out, const uint8_t *bytes, size_t length);
/* A BIT STRING of whole bytes. */
void der_put_bits(struct str *out, const void *bytes, size_t length);
/* UTCTime up to 2049, GeneralizedTime after it (RFC 5280, 4.1.2.5); seconds since 1970. */
void der_put_time(struct str *out, int64_t time);
/* "-----BEGIN label-----", base64 in lines of 64, the end (RFC 7468). */
void der_put_pem(struct str *out, const char *label, const struct str *der);
