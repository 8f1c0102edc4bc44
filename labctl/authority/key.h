/* Keys on the curve P-256 that follow from a text, and signatures that follow from key and message (RFC 6979): the same
 * file gives the same certificates on every machine.  Inside the room only. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;
struct str;

#define KEY_SIZE   32
#define KEY_PUBLIC 65 /* 0x04, x, y: the uncompressed form (SEC 1, 2.3.3) */

struct key {
    uint8_t private[KEY_SIZE]; /* most significant byte first */
    uint8_t public[KEY_PUBLIC];
};

/* The key of `seed`; who knows the seed knows the key. */
int key_derive(const char *seed, struct key *out, struct error *err);
/* The public half of out->private. */
int key_complete(struct key *out, struct error *err);
/* ECDSA with SHA-256 over a message; an Ecdsa-Sig-Value (RFC 3279, 2.2.3) is appended. */
int key_sign(const struct key *key, const void *message, size_t length, struct str *out, struct error *err);
/* A PRIVATE KEY in PEM (PKCS #8). */
void key_put_pem(const struct key *key, struct str *out);
/* A SubjectPublicKeyInfo (RFC 5480, 2). */
void key_put_public(const struct key *key, struct str *out);
