/* OpenSSL's functions, loaded when the first certificate is made.  Inside the room only. */
#pragma once

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>

struct error;

#define LIBCRYPTO_FUNCTIONS(F)                                                                                         \
    F(BN_CTX_free)                                                                                                     \
    F(BN_CTX_new)                                                                                                      \
    F(BN_bin2bn)                                                                                                       \
    F(BN_bn2binpad)                                                                                                    \
    F(BN_cmp)                                                                                                          \
    F(BN_free)                                                                                                         \
    F(BN_is_zero)                                                                                                      \
    F(BN_mod_add)                                                                                                      \
    F(BN_mod_inverse)                                                                                                  \
    F(BN_mod_mul)                                                                                                      \
    F(BN_new)                                                                                                          \
    F(BN_nnmod)                                                                                                        \
    F(EC_GROUP_free)                                                                                                   \
    F(EC_GROUP_get0_order)                                                                                             \
    F(EC_GROUP_new_by_curve_name)                                                                                      \
    F(EC_POINT_free)                                                                                                   \
    F(EC_POINT_get_affine_coordinates)                                                                                 \
    F(EC_POINT_mul)                                                                                                    \
    F(EC_POINT_new)                                                                                                    \
    F(EC_POINT_point2oct)                                                                                              \
    F(SHA1)

#define LIBCRYPTO_MEMBER(name) __typeof__(&name) name;
extern struct authority_libcrypto {
    LIBCRYPTO_FUNCTIONS(LIBCRYPTO_MEMBER)
} authority_libcrypto;
#undef LIBCRYPTO_MEMBER

/* Before anything else; once more is free.  -1 with err where it is missing. */
int authority_libcrypto_load(struct error *err);
