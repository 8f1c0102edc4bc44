/* The authorities that a node trusts.
 *
 * Most nodes trust the same ones, more than a hundred: the last bundle is kept as it was read. */
#include "probe/trust.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "probe/root_file.h"

#define TRUST_MAX (8u << 20)

int trust_read(int root, struct str *out)
{
    if (root_file_read(root, TRUST_FILE, out, TRUST_MAX) == 0)
        return 0;
    str_clear(out);
    return errno == EBADF || errno == ENOTDIR ? -1 : 0;
}

static X509_STORE *parse(const struct str *text)
{
    X509_STORE *store = libssl.X509_STORE_new();
    BIO *bio = store ? libssl.BIO_new_mem_buf(text->data, (int)text->length) : NULL;
    X509 *certificate;
    while (bio && (certificate = libssl.PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        libssl.X509_STORE_add_cert(store, certificate);
        libssl.X509_free(certificate);
    }
    libssl.BIO_free(bio);
    libssl.ERR_clear_error(); /* the end of the file is one */
    return store;
}

X509_STORE *trust_store(int root)
{
    static struct str kept = STR_INIT;
    static X509_STORE *store;
    STR_AUTO text = STR_INIT;
    if (trust_read(root, &text) < 0)
        return NULL;
    bool same = store && text.length == kept.length && memcmp(str_text(&text), str_text(&kept), text.length) == 0;
    if (!same) {
        X509_STORE *read = parse(&text);
        if (!read) {
            errno = ENOMEM;
            return NULL;
        }
        if (store)
            libssl.X509_STORE_free(store);
        store = read;
        str_clear(&kept);
        str_append_bytes(&kept, str_text(&text), text.length);
    }
    libssl.X509_STORE_up_ref(store);
    return store;
}
