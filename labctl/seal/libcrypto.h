/* OpenSSL's functions, loaded when the first file is sealed or opened.  Inside the room only. */
#pragma once

#include <openssl/evp.h>

struct error;

#define LIBCRYPTO_FUNCTIONS(F)                                                                                         \
    F(EVP_CIPHER_CTX_ctrl)                                                                                             \
    F(EVP_CIPHER_CTX_free)                                                                                             \
    F(EVP_CIPHER_CTX_new)                                                                                              \
    F(EVP_CipherFinal_ex)                                                                                              \
    F(EVP_CipherInit_ex)                                                                                               \
    F(EVP_CipherUpdate)                                                                                                \
    F(EVP_PBE_scrypt)                                                                                                  \
    F(EVP_aes_256_gcm)

#define LIBCRYPTO_MEMBER(name) __typeof__(&name) name;
extern struct libcrypto {
    LIBCRYPTO_FUNCTIONS(LIBCRYPTO_MEMBER)
} libcrypto;
#undef LIBCRYPTO_MEMBER

/* Before anything else; once more is free.  -1 with err where it is missing. */
int libcrypto_load(struct error *err);
