/* X.509 certificates (RFC 5280) of a lab's authority.  Inside the room only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct key;
struct str;

/* A name: the organization, which is the lab, and the common name; NULL or too long for it: left out. */
struct subject {
    const char *organization, *common_name;
};

struct certificate {
    struct subject subject, issuer;
    const struct key *key, *issuer_key;
    bool authority;           /* may issue others … */
    bool leaf_issuer;         /* … but no other authorities */
    const char *const *names; /* whom it is for: names and addresses */
    size_t name_count;
    int64_t not_before, not_after; /* seconds since 1970 */
};

/* Appends the certificate as DER. */
int certificate_write(const struct certificate *certificate, struct str *out, struct error *err);
/* The name under which OpenSSL looks an authority up in a directory: "5ed36f99" (x509(1), -subject_hash). */
void subject_hash(const struct subject *subject, char out[static 9]);
