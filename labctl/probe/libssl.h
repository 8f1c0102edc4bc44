/* OpenSSL's functions, loaded when the first tls check is run.  Inside the room only. */
#pragma once

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct error;

#define LIBSSL_FUNCTIONS(F)                                                                                            \
    F(OPENSSL_init_ssl)                                                                                                \
    F(SSL_CTX_ctrl)                                                                                                    \
    F(SSL_CTX_free)                                                                                                    \
    F(SSL_CTX_new)                                                                                                     \
    F(SSL_set_alpn_protos)                                                                                             \
    F(SSL_CTX_set_cert_store)                                                                                          \
    F(SSL_CTX_set_cipher_list)                                                                                         \
    F(SSL_CTX_set_verify)                                                                                              \
    F(SSL_connect)                                                                                                     \
    F(SSL_ctrl)                                                                                                        \
    F(SSL_free)                                                                                                        \
    F(SSL_get0_alpn_selected)                                                                                          \
    F(SSL_get0_param)                                                                                                  \
    F(SSL_get1_peer_certificate)                                                                                       \
    F(SSL_get_error)                                                                                                   \
    F(SSL_get_ex_data)                                                                                                 \
    F(SSL_get_ex_data_X509_STORE_CTX_idx)                                                                              \
    F(SSL_get_peer_cert_chain)                                                                                         \
    F(SSL_new)                                                                                                         \
    F(SSL_set_ex_data)                                                                                                 \
    F(SSL_set_fd)                                                                                                      \
    F(SSL_version)                                                                                                     \
    F(TLS_client_method)

#define LIBCRYPTO_FUNCTIONS(F)                                                                                         \
    F(ASN1_TIME_diff)                                                                                                  \
    F(BIO_free)                                                                                                        \
    F(BIO_new_mem_buf)                                                                                                 \
    F(ERR_clear_error)                                                                                                 \
    F(ERR_get_error)                                                                                                   \
    F(ERR_reason_error_string)                                                                                         \
    F(OPENSSL_sk_num)                                                                                                  \
    F(PEM_read_bio_X509)                                                                                               \
    F(X509_STORE_CTX_get_error)                                                                                        \
    F(X509_STORE_CTX_get_ex_data)                                                                                      \
    F(X509_STORE_add_cert)                                                                                             \
    F(X509_STORE_free)                                                                                                 \
    F(X509_STORE_new)                                                                                                  \
    F(X509_STORE_up_ref)                                                                                               \
    F(X509_VERIFY_PARAM_set1_host)                                                                                     \
    F(X509_VERIFY_PARAM_set1_ip)                                                                                       \
    F(X509_free)                                                                                                       \
    F(X509_get0_notAfter)

#define LIBSSL_MEMBER(name) __typeof__(&name) name;
extern struct libssl {
    LIBSSL_FUNCTIONS(LIBSSL_MEMBER)
    LIBCRYPTO_FUNCTIONS(LIBSSL_MEMBER)
} libssl;
#undef LIBSSL_MEMBER

/* Before anything else; once more is free.  -1 with err where it is missing. */
int libssl_load(struct error *err);
